//! What `compile` with `PyCF_OPTIMIZED_AST` does to a tree: `__debug__` becomes its value, docstrings go
//! when they are not wanted, numbers in patterns become constants.

use super::node::{Node, Part};
use super::table::Class;
use crate::constant::Constant;
use crate::literal::{self, FormatPart};

/// Optimizes a tree, from the leaves up. `level` is that of `-O`.
pub(crate) fn optimize(tree: &mut Node, level: u8) {
    crate::recursion::grow(|| {
        for field in &mut tree.fields {
            let items = match field {
                Part::List(items) => &mut items[..],
                one => std::slice::from_mut(one),
            };
            for item in items {
                if let Part::Node(node) = item {
                    optimize(node, level);
                }
            }
        }
        match tree.class {
            Class::Name
                if tree.name("id") == "__debug__" && tree.node("ctx").class == Class::Load =>
            {
                become_constant(tree, Constant::from(level == 0));
            }
            Class::MatchValue => {
                let Part::Node(value) = &mut tree.fields[0] else {
                    return;
                };
                if let Some(number) = number(value) {
                    become_constant(value, number);
                }
            }
            Class::MatchMapping => {
                let Part::List(keys) = &mut tree.fields[0] else {
                    return;
                };
                for key in keys {
                    if let Part::Node(key) = key
                        && let Some(number) = number(key)
                    {
                        become_constant(key, number);
                    }
                }
            }
            Class::BinOp => {
                if let Some(values) = formatted(tree) {
                    tree.class = Class::JoinedStr;
                    tree.fields = vec![Part::List(values)];
                }
            }
            Class::Module | Class::ClassDef | Class::FunctionDef | Class::AsyncFunctionDef
                if level >= 2 =>
            {
                remove_docstring(tree);
            }
            _ => {}
        }
    });
}

fn become_constant(node: &mut Node, constant: Constant) {
    node.class = Class::Constant;
    node.fields = vec![constant.into(), Part::Absent];
}

/// The pieces of `"…%s…" % (a, b)`, when the format is simple enough.
fn formatted(operation: &mut Node) -> Option<Vec<Part>> {
    let (format, values) = (operation.node("left"), operation.node("right"));
    if operation.node("op").class != Class::Mod
        || format.class != Class::Constant
        || values.class != Class::Tuple
    {
        return None;
    }
    let Part::Constant(Constant::Str(text)) = format.field("value") else {
        return None;
    };
    let is_starred = |part: &Part| matches!(part, Part::Node(node) if node.class == Class::Starred);
    let items = values.list("elts");
    if items.iter().any(is_starred) {
        return None;
    }
    let parts = literal::parse_percent_format(text.as_str()?, items.len())?;
    let location = operation.location;
    let Part::Node(values) = &mut operation.fields[2] else {
        return None;
    };
    let Part::List(values) = std::mem::replace(&mut values.fields[0], Part::Absent) else {
        return None;
    };
    let placed = |class: Class, fields: Vec<Part>| {
        let mut node = Node::new(class, fields);
        node.location = location;
        Part::Node(node)
    };
    let text = |text: &str| {
        placed(
            Class::Constant,
            vec![Constant::from(text).into(), Part::Absent],
        )
    };
    let mut values = values.into_iter();
    let mut pieces = Vec::with_capacity(parts.len());
    for part in parts {
        pieces.push(match part {
            FormatPart::Text(piece) => text(&piece),
            FormatPart::Value {
                conversion,
                specification,
            } => {
                let conversion = match conversion {
                    1 => b's',
                    2 => b'r',
                    _ => b'a',
                };
                let specification = match specification.as_str() {
                    "" => Part::Absent,
                    given => placed(Class::JoinedStr, vec![Part::List(vec![text(given)])]),
                };
                let value = values.next().unwrap_or(Part::Absent);
                placed(
                    Class::FormattedValue,
                    vec![value, Part::Int(conversion.into()), specification],
                )
            }
        });
    }
    Some(pieces)
}

fn remove_docstring(owner: &mut Node) {
    let body = owner
        .class
        .spec()
        .fields
        .iter()
        .position(|field| field.name == "body");
    let Some(Part::List(body)) = body.map(|index| &mut owner.fields[index]) else {
        return;
    };
    let is_docstring = match body.first() {
        Some(Part::Node(first)) if first.class == Class::Expr => {
            let value = first.node("value");
            value.class == Class::Constant
                && matches!(value.field("value"), Part::Constant(Constant::Str(_)))
        }
        _ => false,
    };
    if !is_docstring {
        return;
    }
    if body.len() > 1 {
        body.remove(0);
    } else if let Some(Part::Node(only)) = body.first_mut() {
        only.class = Class::Pass;
        only.fields = Vec::new();
        if let Some(location) = &mut only.location {
            location.end_line = location.line;
            location.columns = location.columns.map(|(start, _)| (start, start + 4));
        }
    }
}

/// The number that a literal with signs and an imaginary part stands for.
fn number(node: &Node) -> Option<Constant> {
    let plain = |node: &Node| match node.field("value") {
        Part::Constant(constant) if node.class == Class::Constant => Some(constant.clone()),
        _ => None,
    };
    let negative = |constant: Constant| {
        Some(match constant {
            Constant::Int(number) => Constant::from_big_int(-num_bigint::BigInt::from(number)),
            Constant::BigInt(number) => Constant::from_big_int(-number),
            Constant::Float(number) => Constant::Float(-number),
            Constant::Complex(real, imaginary) => Constant::Complex(-real, -imaginary),
            _ => return None,
        })
    };
    let signed = |node: &Node| {
        if node.class == Class::UnaryOp && node.node("op").class == Class::USub {
            negative(plain(node.node("operand"))?)
        } else {
            plain(node)
        }
    };
    match node.class {
        Class::UnaryOp => signed(node),
        Class::BinOp => {
            let real = match signed(node.node("left"))? {
                Constant::Int(number) => number as f64,
                Constant::Float(number) => number,
                _ => return None,
            };
            match (plain(node.node("right"))?, node.node("op").class) {
                (Constant::Complex(more, imaginary), Class::Add) => {
                    Some(Constant::Complex(real + more, imaginary))
                }
                (Constant::Complex(less, imaginary), Class::Sub) => {
                    Some(Constant::Complex(real - less, -imaginary))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
