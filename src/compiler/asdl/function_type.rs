//! The mode `func_type`: `(int, *str) -> float`, as the type comment of a function has it.
//!
//! Before the arrow is what looks like the arguments of a call, so that is what it is parsed as; behind
//! it is an expression. Both are parsed in copies of the source in which all else is blank, so that
//! positions stay what they are.

use ruff_text_size::{TextRange, TextSize};

use super::node::{Node, Part};
use super::table::Class;
use crate::compile::syntax_tree;
use crate::diagnose::listing::list_tokens;
use crate::error::{CompileError, Failure, SyntaxWarning};
use crate::options::{CompileOptions, Mode};
use crate::source::LineIndex;

/// The tree of the type of a function.
pub(crate) fn parse(
    source: &str,
    options: &CompileOptions,
) -> Result<(Node, Vec<SyntaxWarning>), CompileError> {
    let invalid = |offset: usize| {
        let range = TextRange::empty(TextSize::new(offset as u32));
        Failure::syntax("invalid syntax", range).locate(source, &LineIndex::new(source))
    };
    let listing = list_tokens(source, false);
    if let Some(error) = listing.error {
        return Err(error);
    }
    let mut depth = 0;
    let mut arrow = None;
    for token in &listing.tokens {
        match &source[token.start..token.end] {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "->" if depth == 0 => {
                arrow = Some(token.start);
                break;
            }
            _ => {}
        }
    }
    let Some(arrow) = arrow else {
        return Err(invalid(source.trim_end().len()));
    };
    let before = &source[..arrow];
    if !(before.trim_start().starts_with('(') && before.trim_end().ends_with(')')) {
        return Err(invalid(0));
    }
    let options = CompileOptions {
        mode: Mode::Eval,
        ..options.clone()
    };
    let (mut arguments, mut warnings) = syntax_tree(&format!("f{before}"), &options)?;
    move_back(&mut arguments);
    let blank: String = source[1..arrow + 2]
        .chars()
        .map(|character| if character == '\n' { '\n' } else { ' ' })
        .collect();
    let result = format!("({blank}{})", &source[arrow + 2..]);
    let (mut result, more) = syntax_tree(&result, &options)?;
    warnings.extend(more);
    let types = argument_types(&mut arguments).ok_or_else(|| invalid(0))?;
    let result = std::mem::take(&mut result.fields);
    let result = result.into_iter().next().unwrap_or(Part::Absent);
    let tree = Node::new(Class::FunctionType, vec![Part::List(types), result]);
    Ok((tree, warnings))
}

/// Undoes what the letter before the source did to the first line.
fn move_back(node: &mut Node) {
    if let Some(location) = &mut node.location {
        let (mut start, mut end) = location.columns.unwrap_or_default();
        if location.line == 1 {
            start = start.saturating_sub(1);
        }
        if location.end_line == 1 {
            end = end.saturating_sub(1);
        }
        location.columns = Some((start, end));
    }
    for field in &mut node.fields {
        let items = match field {
            Part::List(items) => &mut items[..],
            one => std::slice::from_mut(one),
        };
        for item in items {
            if let Part::Node(node) = item {
                move_back(node);
            }
        }
    }
}

/// The types in a call's parentheses; `None` when there is something else.
fn argument_types(expression: &mut Node) -> Option<Vec<Part>> {
    let Some(Part::Node(call)) = expression.fields.first_mut() else {
        return None;
    };
    if call.class != Class::Call || call.node("func").class != Class::Name {
        return None;
    }
    let mut fields = std::mem::take(&mut call.fields).into_iter().skip(1);
    let (Some(Part::List(arguments)), Some(Part::List(keywords))) = (fields.next(), fields.next())
    else {
        return None;
    };
    let mut types = Vec::new();
    let mut starred = false;
    for argument in arguments {
        let Part::Node(mut node) = argument else {
            return None;
        };
        if starred {
            return None;
        }
        if node.class == Class::Starred {
            starred = true;
            types.push(std::mem::take(&mut node.fields).into_iter().next()?);
        } else {
            types.push(Part::Node(node));
        }
    }
    if keywords.len() > 1 {
        return None;
    }
    for keyword in keywords {
        let Part::Node(mut node) = keyword else {
            return None;
        };
        if node.optional_name("arg").is_some() {
            return None;
        }
        types.push(std::mem::take(&mut node.fields).into_iter().nth(1)?);
    }
    Some(types)
}
