//! Replacement templates: literal text with groups in between, `a\1b`. `re` parses them.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Str, StrBuilder};
use typhon_runtime::{Context, PyResult, Ref, Value, import};

use super::pattern::Pattern;
use super::search::Span;
use super::subject::Subject;

/// The payload of a template: literals around groups.
#[pyclass(name = "SRE_Template", module = "_sre", flags(DISALLOW_INSTANTIATION))]
pub struct Template {
    /// The literal before the first group.
    first: Value,
    /// Groups, each with the literal behind it.
    rest: Box<[(usize, Value)]>,
}

impl Traverse for Template {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.first);
        self.rest.iter().for_each(|(_, literal)| visit(literal));
    }
}

#[pymethods]
impl Template {}

/// What is put in the place of a match.
pub(super) enum Replacement {
    /// Always the same.
    Literal(Value),
    Template(Ref<Template>),
}

/// The replacement that `template` describes, by way of `re`, which keeps it.
///
/// # Errors
/// `re.PatternError` for a malformed template.
pub(super) fn compile(
    cx: &Context,
    pattern: &Ref<Pattern>,
    template: &Value,
) -> PyResult<Replacement> {
    let compiled = import::call_imported(
        cx,
        "re",
        "_compile_template",
        &[pattern.to_value(), template.clone()],
    )?;
    match compiled.into_ref::<Template>() {
        Ok(template) if template.rest.is_empty() => {
            Ok(Replacement::Literal(template.first.clone()))
        }
        Ok(template) => Ok(Replacement::Template(template)),
        Err(other) => Err(cx.type_error(format!(
            "the result of compiling a replacement string is {}, not _sre.SRE_Template",
            other.type_name()
        ))),
    }
}

impl Template {
    /// The template with these parts: a literal, then pairs of group and literal.
    ///
    /// # Errors
    /// TypeError when they are something else.
    pub(super) fn parse(cx: &Context, parts: &[Value]) -> PyResult<Ref<Template>> {
        let invalid = || cx.type_error("invalid template");
        let (first, rest) = parts.split_first().ok_or_else(invalid)?;
        let (pairs, []) = rest.as_chunks::<2>() else {
            return Err(invalid());
        };
        let rest = pairs
            .iter()
            .map(|[group, literal]| {
                let group = int::as_small(group).and_then(|group| usize::try_from(group).ok());
                Ok((group.ok_or_else(invalid)?, literal.clone()))
            })
            .collect::<PyResult<_>>()?;
        object::new(
            cx,
            Template {
                first: first.clone(),
                rest,
            },
        )
    }

    /// The template, with groups replaced by what they have matched. A group that has matched nothing is
    /// replaced by nothing.
    ///
    /// # Errors
    /// IndexError for a group that there is not.
    pub(super) fn expand(
        &self,
        cx: &Context,
        subject: &Subject,
        spans: &[Span],
    ) -> PyResult<Value> {
        let span = |group: usize| {
            spans
                .get(group)
                .copied()
                .ok_or_else(|| cx.index_error("no such group"))
        };
        match subject {
            Subject::Text(text) => {
                let mut out = StrBuilder::new();
                push_literal(cx, &mut out, &self.first)?;
                for (group, literal) in &self.rest {
                    if let Some((start, end)) = span(*group)? {
                        out.push_part(text, start, end);
                    }
                    push_literal(cx, &mut out, literal)?;
                }
                out.finish_value(cx)
            }
            Subject::Bytes(_, bytes) => {
                let mut out = Vec::new();
                extend_literal(cx, &mut out, &self.first)?;
                for (group, literal) in &self.rest {
                    if let Some((start, end)) = span(*group)? {
                        out.extend_from_slice(bytes.bytes().get(start..end).unwrap_or_default());
                    }
                    extend_literal(cx, &mut out, literal)?;
                }
                Bytes::from_slice(cx, &out).map(Ref::into_value)
            }
        }
    }
}

fn push_literal(cx: &Context, out: &mut StrBuilder, literal: &Value) -> PyResult<()> {
    match literal.downcast::<Str>() {
        Some(literal) => out.push_str(literal),
        None => {
            return Err(cx.type_error(format!(
                "expected str instance, {} found",
                literal.type_name()
            )));
        }
    }
    Ok(())
}

fn extend_literal(cx: &Context, out: &mut Vec<u8>, literal: &Value) -> PyResult<()> {
    match literal.downcast::<Bytes>() {
        Some(literal) => out.extend_from_slice(literal.as_slice()),
        None => {
            return Err(cx.type_error(format!(
                "expected a bytes-like object, {} found",
                literal.type_name()
            )));
        }
    }
    Ok(())
}
