//! Trees of nodes as the grammar describes them.
//!
//! The fields of a node are in the order of its class's description. A tree may be as deep as its
//! source is long, so nodes are dropped one after the other, not recursively.

use super::table::Class;
use crate::constant::{Constant, StrConstant};
use crate::location::Location;

/// A node.
#[derive(Debug)]
pub struct Node {
    pub class: Class,
    /// Of classes that have position attributes.
    pub location: Option<Location>,
    pub fields: Vec<Part>,
}

/// What a field, or an item of one, holds.
#[derive(Debug)]
pub enum Part {
    Absent,
    Node(Node),
    List(Vec<Part>),
    Name(Box<str>),
    Int(i64),
    Constant(Constant),
}

impl Node {
    /// A node without position.
    pub fn new(class: Class, fields: Vec<Part>) -> Node {
        debug_assert_eq!(fields.len(), class.spec().fields.len(), "{class:?}");
        Node {
            class,
            location: None,
            fields,
        }
    }

    /// The field of this name.
    pub(crate) fn field(&self, name: &str) -> &Part {
        let fields = self.class.spec().fields;
        let index = fields.iter().position(|field| field.name == name);
        &self.fields[index.expect("invariant: the class has the field")]
    }

    /// The node that a field must hold.
    pub(crate) fn node(&self, name: &str) -> &Node {
        self.optional_node(name)
            .expect("invariant: required fields are there")
    }

    /// The node that a field may hold.
    pub(crate) fn optional_node(&self, name: &str) -> Option<&Node> {
        match self.field(name) {
            Part::Node(node) => Some(node),
            _ => None,
        }
    }

    /// The items of a list.
    pub(crate) fn list(&self, name: &str) -> &[Part] {
        match self.field(name) {
            Part::List(items) => items,
            _ => &[],
        }
    }

    /// A name that must be there.
    pub(crate) fn name(&self, name: &str) -> &str {
        self.optional_name(name)
            .expect("invariant: required fields are there")
    }

    /// A name that may be there.
    pub(crate) fn optional_name(&self, name: &str) -> Option<&str> {
        match self.field(name) {
            Part::Name(name) => Some(name),
            _ => None,
        }
    }

    /// An int; 0 when it is absent.
    pub(crate) fn int(&self, name: &str) -> i64 {
        match self.field(name) {
            Part::Int(number) => *number,
            _ => 0,
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut work = std::mem::take(&mut self.fields);
        while let Some(part) = work.pop() {
            match part {
                Part::Node(mut node) => work.append(&mut node.fields),
                Part::List(mut parts) => work.append(&mut parts),
                _ => {}
            }
        }
    }
}

impl From<Node> for Part {
    fn from(node: Node) -> Part {
        Part::Node(node)
    }
}

impl From<Class> for Part {
    fn from(class: Class) -> Part {
        Part::Node(Node::new(class, Vec::new()))
    }
}

impl From<Option<Node>> for Part {
    fn from(node: Option<Node>) -> Part {
        node.map_or(Part::Absent, Part::Node)
    }
}

impl From<Vec<Node>> for Part {
    fn from(nodes: Vec<Node>) -> Part {
        Part::List(nodes.into_iter().map(Part::Node).collect())
    }
}

impl From<&str> for Part {
    fn from(name: &str) -> Part {
        Part::Name(name.into())
    }
}

impl From<Constant> for Part {
    fn from(constant: Constant) -> Part {
        Part::Constant(constant)
    }
}

impl From<StrConstant> for Part {
    fn from(text: StrConstant) -> Part {
        Part::Constant(Constant::Str(text))
    }
}
