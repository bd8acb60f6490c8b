//! All matches at once: `findall`, `split`, `sub`.

use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::match_object::Match;
use super::pattern::Pattern;
use super::search::{Bounds, Matches, Span};
use super::subject::Subject;
use super::template::{self, Replacement, Template};
use crate::bytes_like::BytesLike;

/// What a group has matched, or `absent`.
fn text(
    cx: &Context,
    subject: &Subject,
    span: Span,
    absent: impl FnOnce() -> PyResult<Value>,
) -> PyResult<Value> {
    match span {
        Some((start, end)) => subject.slice(cx, start, end),
        None => absent(),
    }
}

/// `pattern.findall(string, start, end)`.
///
/// # Errors
/// TypeError when the string is not for the pattern.
pub(super) fn find_all(
    cx: &Context,
    pattern: &Ref<Pattern>,
    string: &Value,
    start: isize,
    end: isize,
) -> PyResult<Ref<List>> {
    let subject = pattern.subject(cx, string)?;
    let mut matches = Matches::new(
        cx,
        pattern,
        &subject,
        Bounds::new(&subject, start, end),
        false,
        false,
    );
    let mut found = Vec::new();
    while let Some((start, end)) = matches.advance() {
        let group = |number: usize| text(cx, &subject, matches.group(number), || subject.empty(cx));
        found.push(match pattern.group_count() {
            0 => subject.slice(cx, start, end)?,
            1 => group(1)?,
            count => {
                let groups = (1..=count).map(group).collect::<PyResult<Vec<Value>>>()?;
                Tuple::from_vec(cx, groups)?.into_value()
            }
        });
    }
    List::from_values(cx, found)
}

/// `pattern.split(string, limit)`; no limit when it is 0.
///
/// # Errors
/// TypeError when the string is not for the pattern.
pub(super) fn split(
    cx: &Context,
    pattern: &Ref<Pattern>,
    string: &Value,
    limit: isize,
) -> PyResult<Ref<List>> {
    let subject = pattern.subject(cx, string)?;
    let mut matches = Matches::new(cx, pattern, &subject, Bounds::whole(&subject), false, false);
    let mut parts = Vec::new();
    let mut last = 0;
    let mut count = 0;
    while (limit == 0 || count < limit)
        && let Some((start, end)) = matches.advance()
    {
        parts.push(subject.slice(cx, last, start)?);
        for number in 1..=pattern.group_count() {
            parts.push(text(cx, &subject, matches.group(number), || {
                Ok(Value::NONE)
            })?);
        }
        last = end;
        count += 1;
    }
    parts.push(subject.slice(cx, last, subject.len())?);
    List::from_values(cx, parts)
}

/// What comes in the place of matches.
enum Filter {
    Literal(Value),
    Template(Ref<Template>),
    Function(Value),
}

impl Filter {
    fn of(cx: &Context, pattern: &Ref<Pattern>, replacement: &Value) -> PyResult<Filter> {
        if call::is_callable(replacement) {
            return Ok(Filter::Function(replacement.clone()));
        }
        let has_escape = match replacement.downcast::<Str>() {
            Some(text) => text.code_points().any(|point| point == u32::from('\\')),
            None => match replacement.class().slots.buffer.get() {
                Some(_) => BytesLike::of(cx, replacement)?.bytes().contains(&b'\\'),
                None => true,
            },
        };
        if !has_escape {
            return Ok(Filter::Literal(replacement.clone()));
        }
        Ok(match template::compile(cx, pattern, replacement)? {
            Replacement::Literal(literal) => Filter::Literal(literal),
            Replacement::Template(template) => Filter::Template(template),
        })
    }

    /// The replacement of the match that was found last. `None` for nothing.
    fn replacement(
        &self,
        cx: &Context,
        pattern: &Ref<Pattern>,
        subject: &Subject,
        matches: &Matches<'_>,
    ) -> PyResult<Option<Value>> {
        match self {
            Filter::Literal(literal) => Ok(Some(literal.clone())),
            Filter::Template(template) => template
                .expand(cx, subject, &matches.found().spans)
                .map(Some),
            Filter::Function(function) => {
                let bounds = Bounds::whole(subject);
                let found = Match::make(cx, pattern, subject.value(), bounds, matches.found())?;
                let replacement = call::call(cx, function, &[found.into_value()])?;
                Ok((!replacement.is_none()).then_some(replacement))
            }
        }
    }
}

/// The result of a substitution, under construction.
struct Output<'a> {
    subject: &'a Subject,
    text: StrBuilder,
    bytes: Vec<u8>,
    /// How many parts were added, for messages.
    parts: usize,
}

impl Output<'_> {
    /// Adds a part of the subject.
    fn push_slice(&mut self, start: usize, end: usize) {
        match self.subject {
            Subject::Text(text) => self.text.push_part(text, start, end),
            Subject::Bytes(_, bytes) => {
                self.bytes
                    .extend_from_slice(bytes.bytes().get(start..end).unwrap_or_default());
            }
        }
        self.parts += 1;
    }

    fn push(&mut self, cx: &Context, part: &Value) -> PyResult<()> {
        let at = self.parts;
        self.parts += 1;
        match self.subject {
            Subject::Text(_) => match part.downcast::<Str>() {
                Some(part) => self.text.push_str(part),
                None => {
                    return Err(cx.type_error(format!(
                        "sequence item {at}: expected str instance, {} found",
                        part.type_name()
                    )));
                }
            },
            Subject::Bytes(..) => {
                if part.class().slots.buffer.get().is_none() {
                    return Err(cx.type_error(format!(
                        "sequence item {at}: expected a bytes-like object, {} found",
                        part.type_name()
                    )));
                }
                self.bytes
                    .extend_from_slice(BytesLike::of(cx, part)?.bytes());
            }
        }
        Ok(())
    }

    fn finish(self, cx: &Context) -> PyResult<Value> {
        match self.subject {
            Subject::Text(_) => self.text.finish_value(cx),
            Subject::Bytes(..) => Bytes::from_slice(cx, &self.bytes).map(Ref::into_value),
        }
    }
}

/// `pattern.subn(replacement, string, limit)`; no limit when it is 0.
///
/// # Errors
/// TypeError when the string is not for the pattern, `re.PatternError` for a malformed replacement, and
/// what a function raises.
pub(super) fn substitute(
    cx: &Context,
    pattern: &Ref<Pattern>,
    replacement: &Value,
    string: &Value,
    limit: isize,
) -> PyResult<(Value, usize)> {
    let filter = Filter::of(cx, pattern, replacement)?;
    let subject = pattern.subject(cx, string)?;
    let mut matches = Matches::new(cx, pattern, &subject, Bounds::whole(&subject), false, false);
    let mut output = Output {
        subject: &subject,
        text: StrBuilder::new(),
        bytes: Vec::new(),
        parts: 0,
    };
    let mut last = 0;
    let mut count = 0;
    while (limit == 0 || (count as isize) < limit)
        && let Some((start, end)) = matches.advance()
    {
        if last < start {
            output.push_slice(last, start);
        }
        if let Some(part) = filter.replacement(cx, pattern, &subject, &matches)? {
            output.push(cx, &part)?;
        }
        last = end;
        count += 1;
    }
    if count == 0 {
        return Ok((subject.slice(cx, 0, subject.len())?, 0));
    }
    if last < subject.len() {
        output.push_slice(last, subject.len());
    }
    Ok((output.finish(cx)?, count))
}
