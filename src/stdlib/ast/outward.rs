//! Trees of the compiler become Python objects.

use typhon_compiler::asdl::{Node, Part};
use typhon_compiler::location::Location;
use typhon_compiler::{CompileOptions, optimize_node, syntax_tree};
use typhon_runtime::objects::constants;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::{Context, PyResult, Ref, Value, instance, object};

use super::classes::{self, Classes};
use super::node::Ast;
use crate::builtins::evaluation::{Request, flags, raise_source_error, warn_of_source};

/// Parses source into a tree of Python objects.
///
/// # Errors
/// SyntaxError and what is derived from it, RecursionError, warnings made errors.
pub fn parse(cx: &Context, source: &str, filename: &str, request: &Request) -> PyResult<Value> {
    let options: CompileOptions = request.options();
    let (mut tree, warnings) = syntax_tree(source, &options)
        .map_err(|error| raise_source_error(cx, &error, source, filename, request.flags))?;
    if request.flags & flags::OPTIMIZED_AST == flags::OPTIMIZED_AST {
        optimize_node(&mut tree, &options);
    }
    warn_of_source(cx, &warnings, filename)?;
    object(cx, &tree)
}

/// A tree as Python objects.
///
/// # Errors
/// RecursionError, MemoryError.
pub fn object(cx: &Context, tree: &Node) -> PyResult<Value> {
    let passage = Outward {
        cx,
        classes: classes::get(cx)?,
    };
    passage.node(tree)
}

struct Outward<'a> {
    cx: &'a Context,
    classes: &'static Classes,
}

impl Outward<'_> {
    fn node(&self, node: &Node) -> PyResult<Value> {
        if let Some(single) = self.classes.single(node.class) {
            return Ok(single.clone());
        }
        self.cx.nested(" during ast construction", || {
            let object =
                object::new_of_class(self.cx, self.classes.of(node.class), Ast)?.into_value();
            let names = &self.classes.fields[node.class as usize];
            for (name, part) in names.iter().zip(&node.fields) {
                self.set(&object, *name, self.part(part)?)?;
            }
            if let Some(location) = &node.location {
                self.locate(&object, location)?;
            }
            Ok(object)
        })
    }

    fn set(&self, object: &Value, name: Name, value: Value) -> PyResult<()> {
        instance::set(self.cx, object, name, value)?;
        Ok(())
    }

    fn locate(&self, object: &Value, location: &Location) -> PyResult<()> {
        let (column, end_column) = location.columns.unwrap_or_default();
        let numbers = [location.line, column, location.end_line, end_column];
        for (name, number) in self.classes.attributes.iter().zip(numbers) {
            self.set(object, *name, int::from_i64(self.cx, i64::from(number))?)?;
        }
        Ok(())
    }

    fn part(&self, part: &Part) -> PyResult<Value> {
        match part {
            Part::Absent => Ok(Value::NONE),
            Part::Node(node) => self.node(node),
            Part::List(parts) => {
                let values: PyResult<Vec<Value>> =
                    parts.iter().map(|part| self.part(part)).collect();
                List::from_values(self.cx, values?).map(Ref::into_value)
            }
            Part::Name(name) => Ok(Name::intern(self.cx, name)?.to_value()),
            Part::Int(number) => int::from_i64(self.cx, *number),
            Part::Constant(constant) => constants::to_value(self.cx, constant),
        }
    }
}
