//! A tree of the grammar as the parser's tree, which code is generated from.
//!
//! The parser's tree has ranges of a source, and trees that programs make have no source. So the
//! positions that occur in a tree are sorted and numbered, and a number is what stands for an offset
//! ([`LineIndex::of_points`]). What the parser's tree cannot hold is put into a list of constants, to
//! which the nodes' indices refer: constants that no source writes as one literal, and the texts of
//! interpolations.
//!
//! The tree is valid (`validate`): what must be there is there.
//!
//! Files: `statements`, `expressions`, `strings`, `patterns`.

mod expressions;
mod patterns;
mod statements;
mod strings;

use ruff_python_ast::{AtomicNodeIndex, Identifier, Mod, ModExpression, ModModule, NodeIndex};
use ruff_text_size::{TextRange, TextSize};

use super::node::{Node, Part};
use super::table::Class;
use crate::constant::Constant;
use crate::error::Compiled;
use crate::recursion::{RecursionGuard, grow};
use crate::source::LineIndex;
use crate::syntax_tree::SyntaxTree;

/// What a tree became.
pub(crate) struct Parsed {
    pub tree: SyntaxTree,
    pub lines: LineIndex,
    pub constants: Vec<Constant>,
}

/// The parser's tree of a module, an interactive statement or an expression.
pub(crate) fn parsed(mut tree: Node, guard: &RecursionGuard) -> Compiled<Parsed> {
    let mut passage = Passage {
        points: points(&tree),
        constants: Vec::new(),
        guard,
    };
    let class = tree.class;
    let mut fields = Fields::of(&mut tree);
    let range = TextRange::default();
    let tree = if class == Class::Expression {
        let body = Box::new(passage.expression(fields.node())?);
        Mod::Expression(ModExpression {
            node_index: AtomicNodeIndex::NONE,
            range,
            body,
        })
    } else {
        let body = passage.statements(&mut fields)?;
        Mod::Module(ModModule {
            node_index: AtomicNodeIndex::NONE,
            range,
            body,
        })
    };
    Ok(Parsed {
        tree: SyntaxTree::new(tree),
        lines: LineIndex::of_points(passage.points),
        constants: passage.constants,
    })
}

/// All positions of a tree in order.
fn points(tree: &Node) -> Box<[(u32, u32)]> {
    // The parser's defaults are ranges at the start.
    let mut points = vec![(1, 0)];
    let mut work = vec![tree];
    while let Some(node) = work.pop() {
        points.extend(ends(node));
        for field in &node.fields {
            let items = match field {
                Part::List(items) => &items[..],
                one => std::slice::from_ref(one),
            };
            work.extend(items.iter().filter_map(|item| match item {
                Part::Node(node) => Some(node),
                _ => None,
            }));
        }
    }
    points.sort_unstable();
    points.dedup();
    points.into()
}

/// Where a node starts and ends. What lies before the source counts as its start.
fn ends(node: &Node) -> [(u32, u32); 2] {
    let Some(location) = &node.location else {
        return [(1, 0); 2];
    };
    let (start, end) = location.columns.unwrap_or_default();
    let positive = |number: u32| (number as i32).max(0) as u32;
    [
        (positive(location.line), positive(start)),
        (positive(location.end_line), positive(end)),
    ]
}

struct Passage<'a> {
    points: Box<[(u32, u32)]>,
    constants: Vec<Constant>,
    guard: &'a RecursionGuard,
}

impl Passage<'_> {
    fn range(&self, node: &Node) -> TextRange {
        let [start, end] = ends(node).map(|point| {
            let index = self.points.binary_search(&point).unwrap_or_default();
            TextSize::new(index as u32)
        });
        TextRange::new(start, end.max(start))
    }

    /// The index of a constant that the parser's tree cannot hold.
    fn keep(&mut self, constant: Constant) -> AtomicNodeIndex {
        self.constants.push(constant);
        let index = AtomicNodeIndex::NONE;
        index.set(NodeIndex::from(self.constants.len() as u32 - 1));
        index
    }

    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Compiled<T>) -> Compiled<T> {
        let guard = self.guard;
        let _level = guard.enter()?;
        grow(|| work(self))
    }
}

/// The fields of a node, in order.
struct Fields(std::vec::IntoIter<Part>);

impl Fields {
    fn of(node: &mut Node) -> Fields {
        Fields(std::mem::take(&mut node.fields).into_iter())
    }

    fn part(&mut self) -> Part {
        self.0.next().expect("invariant: fields of the class")
    }

    fn optional_node(&mut self) -> Option<Node> {
        match self.part() {
            Part::Node(node) => Some(node),
            _ => None,
        }
    }

    fn node(&mut self) -> Node {
        self.optional_node()
            .expect("invariant: required fields are there")
    }

    fn list(&mut self) -> Vec<Part> {
        match self.part() {
            Part::List(items) => items,
            _ => Vec::new(),
        }
    }

    /// The nodes of a list.
    fn nodes(&mut self) -> Vec<Node> {
        let nodes = self.list().into_iter().filter_map(|part| match part {
            Part::Node(node) => Some(node),
            _ => None,
        });
        nodes.collect()
    }

    fn optional_name(&mut self, range: TextRange) -> Option<Identifier> {
        match self.part() {
            Part::Name(name) => Some(Identifier::new(name, range)),
            _ => None,
        }
    }

    fn name(&mut self, range: TextRange) -> Identifier {
        self.optional_name(range)
            .expect("invariant: required fields are there")
    }

    fn names(&mut self, range: TextRange) -> Vec<Identifier> {
        let names = self.list().into_iter().filter_map(|part| match part {
            Part::Name(name) => Some(Identifier::new(name, range)),
            _ => None,
        });
        names.collect()
    }

    fn int(&mut self) -> i64 {
        match self.part() {
            Part::Int(number) => number,
            _ => 0,
        }
    }
}
