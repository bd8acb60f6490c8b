//! `str.format` (PEP 3101): replacement fields in braces.
//!
//! ```text
//!   {name.attribute[item]!conversion:specification}
//! ```
//! A specification may hold fields itself, which are replaced first; those may not hold more.
//! The two iterators are what `string.Formatter` is built on (module `_string`).

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::{Name, Str, StrBuilder};
use crate::context::Context;
use crate::error::PyResult;
use crate::format_spec;
use crate::object::{self, Ref, Traverse};
use crate::objects::int;
use crate::objects::tuple::Tuple;
use crate::protocols::{attribute, sequence, text};
use crate::value::Value;

/// A stretch of the format: literal text, then a field if there is one.
struct Piece {
    literal: Range<usize>,
    field: Option<Field>,
    next: usize,
}

struct Field {
    name: Range<usize>,
    conversion: Option<u32>,
    specification: Range<usize>,
    /// Whether there are braces in the specification.
    nested: bool,
}

fn is(points: &[u32], at: usize, character: char) -> bool {
    points
        .get(at)
        .is_some_and(|&point| point == u32::from(character))
}

/// The piece at `start`; `None` at the end.
fn piece(cx: &Context, points: &[u32], start: usize) -> PyResult<Option<Piece>> {
    if start >= points.len() {
        return Ok(None);
    }
    let brace = |&point: &u32| point == u32::from('{') || point == u32::from('}');
    let Some(at) = points[start..].iter().position(brace).map(|at| at + start) else {
        return Ok(Some(Piece {
            literal: start..points.len(),
            field: None,
            next: points.len(),
        }));
    };
    let after = at + 1;
    if points.get(after) == Some(&points[at]) {
        // A doubled brace is a literal one.
        return Ok(Some(Piece {
            literal: start..after,
            field: None,
            next: after + 1,
        }));
    }
    if is(points, at, '}') {
        return Err(cx.value_error("Single '}' encountered in format string"));
    }
    if after == points.len() {
        return Err(cx.value_error("Single '{' encountered in format string"));
    }
    let (field, next) = field(cx, points, after)?;
    Ok(Some(Piece {
        literal: start..at,
        field: Some(field),
        next,
    }))
}

/// The field whose name begins at `start`, and what is behind its closing brace.
fn field(cx: &Context, points: &[u32], start: usize) -> PyResult<(Field, usize)> {
    let mut at = start;
    let ended_by = loop {
        let Some(&point) = points.get(at) else {
            return Err(cx.value_error("expected '}' before end of string"));
        };
        match char::from_u32(point) {
            Some('{') => return Err(cx.value_error("unexpected '{' in field name")),
            Some('[') => {
                // Anything may stand between brackets.
                while at < points.len() && !is(points, at, ']') {
                    at += 1;
                }
            }
            Some(end @ ('}' | ':' | '!')) => break end,
            _ => at += 1,
        }
    };
    let name = start..at;
    at += 1;
    let mut field = Field {
        name,
        conversion: None,
        specification: at..at,
        nested: false,
    };
    if ended_by == '}' {
        return Ok((field, at));
    }
    if ended_by == '!' {
        let Some(&conversion) = points.get(at) else {
            return Err(cx.value_error("end of string while looking for conversion specifier"));
        };
        field.conversion = Some(conversion);
        at += 1;
        if is(points, at, '}') {
            field.specification = at..at;
            return Ok((field, at + 1));
        }
        if at < points.len() && !is(points, at, ':') {
            return Err(cx.value_error("expected ':' after conversion specifier"));
        }
        at = (at + 1).min(points.len());
    }
    let start = at;
    let mut depth = 1;
    while at < points.len() {
        if is(points, at, '{') {
            field.nested = true;
            depth += 1;
        } else if is(points, at, '}') {
            depth -= 1;
            if depth == 0 {
                field.specification = start..at;
                return Ok((field, at + 1));
            }
        }
        at += 1;
    }
    Err(cx.value_error("unmatched '{' in format spec"))
}

/// The number that the digits are; `None` when there is something else or nothing.
fn number(cx: &Context, points: &[u32]) -> PyResult<Option<usize>> {
    if points.is_empty() {
        return Ok(None);
    }
    let mut number = 0isize;
    for &point in points {
        let Some(digit) = int::decimal_digit(point) else {
            return Ok(None);
        };
        let longer = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(digit.into()));
        let Some(longer) = longer else {
            return Err(cx.value_error("Too many decimal digits in format string"));
        };
        number = longer;
    }
    Ok(Some(number as usize))
}

/// One step of a field name behind the first part.
enum Step {
    Attribute(Range<usize>),
    Index(usize),
    Key(Range<usize>),
}

/// Where the first part of a field name ends.
fn first_end(points: &[u32], name: &Range<usize>) -> usize {
    name.clone()
        .find(|&at| is(points, at, '.') || is(points, at, '['))
        .unwrap_or(name.end)
}

/// The step at `at`, and what is behind it; `None` at `end`.
fn step(cx: &Context, points: &[u32], at: usize, end: usize) -> PyResult<Option<(Step, usize)>> {
    if at >= end {
        return Ok(None);
    }
    let empty = || cx.value_error("Empty attribute in format string");
    let start = at + 1;
    if is(points, at, '.') {
        let stop = first_end(points, &(start..end));
        if start == stop {
            return Err(empty());
        }
        return Ok(Some((Step::Attribute(start..stop), stop)));
    }
    if !is(points, at, '[') {
        return Err(cx.value_error("Only '.' or '[' may follow ']' in format field specifier"));
    }
    let Some(stop) = (start..end).find(|&at| is(points, at, ']')) else {
        return Err(cx.value_error("Missing ']' in format string"));
    };
    if start == stop {
        return Err(empty());
    }
    let step = match number(cx, &points[start..stop])? {
        Some(number) => Step::Index(number),
        None => Step::Key(start..stop),
    };
    Ok(Some((step, stop + 1)))
}

fn part(cx: &Context, points: &[u32], range: &Range<usize>) -> PyResult<Ref<Str>> {
    Str::from_code_points(cx, &points[range.clone()])
}

/// How fields without names are numbered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Undecided,
    /// `{}`: the number of the next one.
    Automatic(usize),
    /// `{0}`.
    Manual,
}

/// A format that is being filled in.
struct Formatter<'a> {
    cx: &'a Context,
    /// `None` for `format_map`, which has no positional arguments.
    positional: Option<&'a [Value]>,
    named: &'a dyn Fn(&Ref<Str>) -> PyResult<Value>,
    numbering: Numbering,
}

impl Formatter<'_> {
    /// Appends the filled-in format. `depth` is how many levels of nesting are left.
    fn fill(&mut self, points: &[u32], out: &mut StrBuilder, depth: usize) -> PyResult<()> {
        let cx = self.cx;
        if depth == 0 {
            return Err(cx.value_error("Max string recursion exceeded"));
        }
        let mut at = 0;
        while let Some(piece) = piece(cx, points, at)? {
            points[piece.literal]
                .iter()
                .for_each(|&point| out.push(point));
            if let Some(field) = &piece.field {
                self.fill_field(points, field, out, depth)?;
            }
            at = piece.next;
        }
        Ok(())
    }

    fn fill_field(
        &mut self,
        points: &[u32],
        field: &Field,
        out: &mut StrBuilder,
        depth: usize,
    ) -> PyResult<()> {
        let cx = self.cx;
        let value = self.value(points, &field.name)?;
        let value = match field.conversion {
            Some(conversion) => convert(cx, &value, conversion)?,
            None => value,
        };
        let specification = if field.nested {
            let mut filled = StrBuilder::new();
            self.fill(&points[field.specification.clone()], &mut filled, depth - 1)?;
            filled.finish(cx)?
        } else {
            part(cx, points, &field.specification)?
        };
        let text = text::format(cx, &value, &specification)?;
        if let Some(text) = text.downcast::<Str>() {
            out.push_str(text);
        }
        Ok(())
    }

    /// What the field name refers to.
    fn value(&mut self, points: &[u32], name: &Range<usize>) -> PyResult<Value> {
        let cx = self.cx;
        let end = first_end(points, name);
        let first = name.start..end;
        let given = number(cx, &points[first.clone()])?;
        let automatic = first.is_empty();
        let index = if automatic || given.is_some() {
            Some(self.number(given)?)
        } else {
            None
        };
        let mut value = match index {
            Some(index) => {
                let Some(positional) = self.positional else {
                    return Err(cx.value_error("Format string contains positional fields"));
                };
                let Some(value) = positional.get(index) else {
                    return Err(cx.index_error(format!(
                        "Replacement index {index} out of range for positional args tuple"
                    )));
                };
                value.clone()
            }
            None => (self.named)(&part(cx, points, &first)?)?,
        };
        let mut at = end;
        while let Some((step, next)) = step(cx, points, at, name.end)? {
            value = match step {
                Step::Attribute(name) => {
                    attribute::get(cx, &value, Name::from_string(&part(cx, points, &name)?))?
                }
                Step::Index(index) => {
                    sequence::get_item(cx, &value, &int::from_i64(cx, index as i64)?)?
                }
                Step::Key(key) => {
                    sequence::get_item(cx, &value, part(cx, points, &key)?.as_value())?
                }
            };
            at = next;
        }
        Ok(value)
    }

    /// The number of a field that is written with the number `given`, or without one.
    fn number(&mut self, given: Option<usize>) -> PyResult<usize> {
        let (number, numbering) = match (self.numbering, given) {
            (Numbering::Undecided, None) => (0, Numbering::Automatic(1)),
            (Numbering::Automatic(next), None) => (next, Numbering::Automatic(next + 1)),
            (Numbering::Undecided | Numbering::Manual, Some(number)) => (number, Numbering::Manual),
            (Numbering::Manual, None) => {
                return Err(self.cx.value_error(
                    "cannot switch from manual field specification to automatic field numbering",
                ));
            }
            (Numbering::Automatic(_), Some(_)) => {
                return Err(self.cx.value_error(
                    "cannot switch from automatic field numbering to manual field specification",
                ));
            }
        };
        self.numbering = numbering;
        Ok(number)
    }
}

/// `!r`, `!s`, `!a`.
fn convert(cx: &Context, value: &Value, conversion: u32) -> PyResult<Value> {
    let text = match char::from_u32(conversion) {
        Some('r') => text::repr(cx, value)?,
        Some('s') => text::str(cx, value)?,
        Some('a') => text::ascii(cx, value)?,
        Some(other @ '!'..='~') => {
            return Err(cx.value_error(format!("Unknown conversion specifier {other}")));
        }
        _ => return Err(cx.value_error(format!("Unknown conversion specifier \\x{conversion:x}"))),
    };
    Ok(text.into_value())
}

/// `format.format(*positional, **named)`.
///
/// # Errors
/// ValueError for a malformed format; IndexError, KeyError and what formatting raises.
fn fill(
    cx: &Context,
    format: &Str,
    positional: Option<&[Value]>,
    named: &dyn Fn(&Ref<Str>) -> PyResult<Value>,
) -> PyResult<Ref<Str>> {
    let points: Vec<u32> = format.code_points().collect();
    let mut out = StrBuilder::new();
    Formatter {
        cx,
        positional,
        named,
        numbering: Numbering::Undecided,
    }
    .fill(&points, &mut out, 2)?;
    out.finish(cx)
}

#[pymethods(table = FORMAT)]
impl Str {
    /// Return a formatted version of the string, using substitutions from args and kwargs.
    /// The substitutions are identified by braces ('{' and '}').
    #[method("format(self, /, *args, **kwargs)")]
    fn format(
        cx: &Context,
        this: &Ref<Str>,
        args: &[Value],
        kwargs: Vec<(&Value, &Value)>,
    ) -> PyResult<Ref<Str>> {
        fill(cx, this, Some(args), &|name| {
            let found = kwargs.iter().find(|(key, _)| {
                key.downcast::<Str>()
                    .is_some_and(|key| key.equals_str(name))
            });
            match found {
                Some((_, value)) => Ok((*value).clone()),
                None => Err(cx.key_error(name.as_value())),
            }
        })
    }

    /// Return a formatted version of the string, using substitutions from mapping.
    /// The substitutions are identified by braces ('{' and '}').
    #[method("format_map(self, mapping, /)")]
    fn format_map(cx: &Context, this: &Ref<Str>, mapping: &Value) -> PyResult<Ref<Str>> {
        fill(cx, this, None, &|name| {
            sequence::get_item(cx, mapping, name.as_value())
        })
    }

    /// Return a formatted version of the string as described by format_spec.
    #[method("__format__(self, format_spec, /)")]
    fn dunder_format(cx: &Context, this: &Ref<Str>, format_spec: &Ref<Str>) -> PyResult<Value> {
        if format_spec.is_empty() {
            return text::str(cx, this.as_value()).map(Ref::into_value);
        }
        format_spec::format_str(cx, this, format_spec)
    }
}

/// Iterator over the pieces of a format, as tuples.
#[pyclass(name = "formatteriterator", flags(DISALLOW_INSTANTIATION))]
pub struct FormatterIterator {
    format: Ref<Str>,
    position: AtomicUsize,
}

impl Traverse for FormatterIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.format.as_value());
    }
}

/// `_string.formatter_parser(format)`.
///
/// # Errors
/// MemoryError.
pub fn formatter_parser(cx: &Context, format: &Ref<Str>) -> PyResult<Value> {
    let iterator = FormatterIterator {
        format: format.clone(),
        position: AtomicUsize::new(0),
    };
    object::new(cx, iterator).map(Ref::into_value)
}

#[pymethods]
impl FormatterIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<FormatterIterator>) -> PyResult<Option<Value>> {
        let points: Vec<u32> = this.format.code_points().collect();
        let Some(piece) = piece(cx, &points, this.position.load(Ordering::Relaxed))? else {
            return Ok(None);
        };
        this.position.store(piece.next, Ordering::Relaxed);
        let literal = part(cx, &points, &piece.literal)?.into_value();
        let values = match piece.field {
            Some(field) => {
                let conversion = match field.conversion {
                    Some(conversion) => Str::from_code_point(cx, conversion)?.into_value(),
                    None => Value::NONE,
                };
                let name = part(cx, &points, &field.name)?.into_value();
                [
                    literal,
                    name,
                    part(cx, &points, &field.specification)?.into_value(),
                    conversion,
                ]
            }
            None => [literal, Value::NONE, Value::NONE, Value::NONE],
        };
        Tuple::from_values(cx, &values).map(|values| Some(values.into_value()))
    }
}

/// Iterator over the steps of a field name, as tuples `(is_attribute, name_or_index)`.
#[pyclass(name = "fieldnameiterator", flags(DISALLOW_INSTANTIATION))]
pub struct FieldNameIterator {
    name: Ref<Str>,
    position: AtomicUsize,
}

impl Traverse for FieldNameIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
    }
}

/// `_string.formatter_field_name_split(name)`: the first part, and an iterator over the steps behind it.
///
/// # Errors
/// ValueError for a number with too many digits.
pub fn formatter_field_name_split(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    let points: Vec<u32> = name.code_points().collect();
    let end = first_end(&points, &(0..points.len()));
    let first = match number(cx, &points[..end])? {
        Some(number) => int::from_i64(cx, number as i64)?,
        None => part(cx, &points, &(0..end))?.into_value(),
    };
    let rest = object::new(
        cx,
        FieldNameIterator {
            name: name.clone(),
            position: AtomicUsize::new(end),
        },
    )?;
    Tuple::from_values(cx, &[first, rest.into_value()]).map(Ref::into_value)
}

#[pymethods]
impl FieldNameIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<FieldNameIterator>) -> PyResult<Option<Value>> {
        let points: Vec<u32> = this.name.code_points().collect();
        let at = this.position.load(Ordering::Relaxed);
        let Some((step, next)) = step(cx, &points, at, points.len())? else {
            return Ok(None);
        };
        this.position.store(next, Ordering::Relaxed);
        let (is_attribute, value) = match step {
            Step::Attribute(name) => (Value::TRUE, part(cx, &points, &name)?.into_value()),
            Step::Index(index) => (Value::FALSE, int::from_i64(cx, index as i64)?),
            Step::Key(key) => (Value::FALSE, part(cx, &points, &key)?.into_value()),
        };
        Tuple::from_values(cx, &[is_attribute, value]).map(|pair| Some(pair.into_value()))
    }
}
