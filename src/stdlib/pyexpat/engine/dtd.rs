//! What a document type says: entities, attributes with defaults, and how much of it has been read.

use std::collections::HashMap;
use std::sync::Arc;

/// What a name between `&` or `%` and `;` stands for.
#[derive(Clone, Debug, Default)]
pub struct Entity {
    /// Its text; `None` when the text is elsewhere.
    pub value: Option<Arc<str>>,
    pub system: Option<String>,
    pub public: Option<String>,
    pub base: Option<String>,
    /// It is not text but data of this notation.
    pub notation: Option<String>,
    /// Declared in the document itself, outside of parameter entities.
    pub is_internal: bool,
    /// It is being read: a reference to it from inside is an error.
    pub is_open: bool,
}

/// An attribute that elements of a type have.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    /// Its value is text as it stands, not a list of words.
    pub is_text: bool,
    pub default: Option<String>,
}

/// See the module's header. Parsers of external parameter entities share it with those that they were
/// made from; those of general entities have a copy.
#[derive(Clone, Debug)]
pub struct Dtd {
    pub general: HashMap<String, Entity>,
    pub parameter: HashMap<String, Entity>,
    pub elements: HashMap<String, Vec<Attribute>>,
    pub is_standalone: bool,
    /// There are declarations that have perhaps not been read.
    pub has_parameter_references: bool,
    /// Declarations still count: nothing before them was skipped.
    pub keeps_processing: bool,
    /// A parser of the last external parameter entity has run.
    pub parameter_entity_read: bool,
}

impl Default for Dtd {
    fn default() -> Dtd {
        Dtd {
            general: HashMap::new(),
            parameter: HashMap::new(),
            elements: HashMap::new(),
            is_standalone: false,
            has_parameter_references: false,
            keeps_processing: true,
            parameter_entity_read: false,
        }
    }
}

impl Dtd {
    pub fn entities(&mut self, is_parameter: bool) -> &mut HashMap<String, Entity> {
        if is_parameter {
            &mut self.parameter
        } else {
            &mut self.general
        }
    }

    /// Entities that are not declared are an error: nothing was left out that could declare them.
    pub fn is_complete(&self) -> bool {
        !self.has_parameter_references || self.is_standalone
    }

    pub fn has_text_value(&self, element: &str, attribute: &str) -> bool {
        self.elements.get(element).is_none_or(|attributes| {
            attributes
                .iter()
                .find(|known| known.name == attribute)
                .is_none_or(|known| known.is_text)
        })
    }
}
