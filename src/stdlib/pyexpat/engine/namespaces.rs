//! Which namespace a prefix stands for, and the names that this makes of those that are written.

use super::failure::Code;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// How names are put together: `uri separator local`, and the prefix when it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// `None`: uri and local name are glued together.
    pub separator: Option<char>,
    pub with_prefix: bool,
}

/// The bindings in force, the latest last. An empty uri undoes an earlier binding of the default.
#[derive(Clone, Debug)]
pub struct Namespaces {
    bindings: Vec<(Option<String>, String)>,
}

impl Default for Namespaces {
    fn default() -> Namespaces {
        Namespaces {
            bindings: vec![(Some("xml".to_owned()), XML.to_owned())],
        }
    }
}

/// What `xmlns` or `xmlns:prefix` declares: `None` inside when it is the default namespace.
pub fn declared_prefix(attribute: &str) -> Option<Option<&str>> {
    match attribute.strip_prefix("xmlns") {
        Some("") => Some(None),
        Some(rest) => rest.strip_prefix(':').map(Some),
        None => None,
    }
}

impl Namespaces {
    pub fn depth(&self) -> usize {
        self.bindings.len()
    }

    /// # Errors
    /// The binding is one that may not be made.
    pub fn bind(
        &mut self,
        prefix: Option<&str>,
        uri: &str,
        separator: Option<char>,
    ) -> Result<(), Code> {
        match prefix {
            Some(_) if uri.is_empty() => return Err(Code::UNDECLARING_PREFIX),
            Some("xmlns") => return Err(Code::RESERVED_PREFIX_XMLNS),
            Some("xml") if uri != XML => return Err(Code::RESERVED_PREFIX_XML),
            Some("xml") => {}
            _ if uri == XML || uri == XMLNS => return Err(Code::RESERVED_NAMESPACE_URI),
            _ => {}
        }
        // Otherwise it would not be seen where the uri ends. (Characters that no uri has are let through:
        // some separate with a space.)
        if let Some(separator) = separator
            && uri.contains(separator)
            && !is_of_uri(separator)
        {
            return Err(Code::SYNTAX);
        }
        self.bindings
            .push((prefix.map(str::to_owned), uri.to_owned()));
        Ok(())
    }

    /// Takes the latest binding back; its prefix.
    pub fn unbind(&mut self) -> Option<Option<String>> {
        self.bindings.pop().map(|(prefix, _)| prefix)
    }

    fn uri(&self, prefix: Option<&str>) -> Option<&str> {
        let bound = self
            .bindings
            .iter()
            .rev()
            .find(|(known, _)| known.as_deref() == prefix);
        bound
            .map(|(_, uri)| uri.as_str())
            .filter(|uri| !uri.is_empty())
    }

    /// The name as handlers get it. The default namespace is for elements only.
    ///
    /// # Errors
    /// Nothing is bound to the prefix.
    pub fn expand(&self, name: &str, is_element: bool, style: Style) -> Result<String, Code> {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name),
        };
        let uri = match self.uri(prefix) {
            Some(uri) if prefix.is_some() || is_element => uri,
            _ if prefix.is_some() => return Err(Code::UNBOUND_PREFIX),
            _ => return Ok(name.to_owned()),
        };
        let mut expanded = uri.to_owned();
        expanded.extend(style.separator);
        expanded.push_str(local);
        if let (Some(prefix), true) = (prefix, style.with_prefix) {
            expanded.extend(style.separator);
            expanded.push_str(prefix);
        }
        Ok(expanded)
    }

    /// The bindings as a context is written; see `Engine::context`.
    pub fn context(&self) -> Vec<String> {
        let mut known: Vec<(&Option<String>, &String)> = Vec::new();
        for (prefix, uri) in &self.bindings {
            known.retain(|(other, _)| *other != prefix);
            known.push((prefix, uri));
        }
        known
            .into_iter()
            .filter(|(_, uri)| !uri.is_empty())
            .map(|(prefix, uri)| format!("{}={uri}", prefix.as_deref().unwrap_or("")))
            .collect()
    }

    /// Makes the bindings of a context, whose entries that are none are given back.
    pub fn from_context(context: &str) -> (Namespaces, Vec<&str>) {
        let mut namespaces = Namespaces {
            bindings: Vec::new(),
        };
        let mut others = Vec::new();
        for entry in context.split('\u{c}').filter(|entry| !entry.is_empty()) {
            match entry.split_once('=') {
                Some((prefix, uri)) => {
                    let prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
                    namespaces.bindings.push((prefix, uri.to_owned()));
                }
                None => others.push(entry),
            }
        }
        (namespaces, others)
    }
}

/// Whether a uri may have this character.
fn is_of_uri(character: char) -> bool {
    character.is_ascii_alphanumeric() || "%-._~:/?#[]@!$&'()*+,;=".contains(character)
}
