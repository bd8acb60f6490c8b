//! Taking strings apart: `split`, `partition`, `splitlines`, `strip`.

use std::ops::Range;

use typhon_macros::pymethods;

use super::properties::{is_latin1_space, is_line_break, is_space};
use super::search::{find, occurrences, on_pair, rfind, rfind_in};
use super::{Str, Units};
use crate::args::Maybe;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::value::Value;

/// Adds a part; `None` without memory for it.
#[inline]
fn note(parts: &mut Vec<Range<usize>>, part: Range<usize>) -> Option<()> {
    if parts.len() == parts.capacity() {
        parts.try_reserve(1).ok()?;
    }
    parts.push(part);
    Some(())
}

/// The parts between white space of `units`, from the left. After `limit` splits the rest is one part, white
/// space at its end included.
pub fn at_space<U: Copy>(
    units: &[U],
    limit: usize,
    space: impl Fn(U) -> bool,
) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::with_capacity(FEW_PARTS);
    let mut at = 0;
    loop {
        while at < units.len() && space(units[at]) {
            at += 1;
        }
        if at == units.len() {
            return Some(parts);
        }
        let start = at;
        if parts.len() == limit {
            note(&mut parts, start..units.len())?;
            return Some(parts);
        }
        while at < units.len() && !space(units[at]) {
            at += 1;
        }
        note(&mut parts, start..at)?;
    }
}

/// The parts between white space of `units`, in order. Splits from the right, so that the rest is the first.
pub fn at_space_from_right<U: Copy>(
    units: &[U],
    limit: usize,
    space: impl Fn(U) -> bool,
) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::with_capacity(FEW_PARTS);
    let mut end = units.len();
    loop {
        while end > 0 && space(units[end - 1]) {
            end -= 1;
        }
        if end == 0 {
            break;
        }
        if parts.len() == limit {
            note(&mut parts, 0..end)?;
            break;
        }
        let mut start = end;
        while start > 0 && !space(units[start - 1]) {
            start -= 1;
        }
        note(&mut parts, start..end)?;
        end = start;
    }
    parts.reverse();
    Some(parts)
}

/// The parts between occurrences of `separator`, which is not empty, from the left.
pub fn at_separator<U: super::search::Unit>(
    units: &[U],
    separator: &[U],
    limit: usize,
) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::with_capacity(FEW_PARTS);
    let mut from = 0;
    for at in occurrences(units, separator).take(limit) {
        note(&mut parts, from..at)?;
        from = at + separator.len();
    }
    note(&mut parts, from..units.len())?;
    Some(parts)
}

/// The parts between occurrences of `separator`, which is not empty, from the right; in order.
pub fn at_separator_from_right<U: super::search::Unit>(
    units: &[U],
    separator: &[U],
    limit: usize,
) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::with_capacity(FEW_PARTS);
    let mut end = units.len();
    while parts.len() < limit
        && let Some(at) = rfind_in(&units[..end], separator)
    {
        note(&mut parts, at + separator.len()..end)?;
        end = at;
    }
    note(&mut parts, 0..end)?;
    parts.reverse();
    Some(parts)
}

/// The lines of `units`. `breaks` says where they end; `\r\n` ends one.
pub fn lines<U: Copy + Into<u32>>(
    units: &[U],
    keep_ends: bool,
    breaks: impl Fn(u32) -> bool,
) -> Option<Vec<Range<usize>>> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < units.len() {
        let point: u32 = units[at].into();
        if !breaks(point) {
            at += 1;
            continue;
        }
        let end = at;
        at += 1;
        if point == 0x0d && units.get(at).is_some_and(|&next| next.into() == 0x0a) {
            at += 1;
        }
        note(&mut lines, start..if keep_ends { at } else { end })?;
        start = at;
    }
    if start < units.len() {
        note(&mut lines, start..units.len())?;
    }
    Some(lines)
}

/// What is left of `0..length` when units that `strip` is true for go from the chosen ends.
pub fn stripped(
    length: usize,
    left: bool,
    right: bool,
    strip: impl Fn(usize) -> bool,
) -> Range<usize> {
    let mut start = 0;
    let mut end = length;
    if left {
        while start < end && strip(start) {
            start += 1;
        }
    }
    if right {
        while start < end && strip(end - 1) {
            end -= 1;
        }
    }
    start..end
}

/// Parts that there is room for before anything is found.
const FEW_PARTS: usize = 12;

fn list_of_parts(
    cx: &Context,
    this: &Ref<Str>,
    parts: Option<Vec<Range<usize>>>,
) -> PyResult<Ref<List>> {
    let parts = parts.ok_or_else(|| cx.no_memory())?;
    if let [only] = &parts[..]
        && *only == (0..this.len())
    {
        return List::from_values(cx, vec![Str::exactly(cx, this)?.into_value()]);
    }
    cx.room_for(parts.len() * size_of::<Value>())?;
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        values.push(this.substring(cx, part.start, part.end)?.into_value());
    }
    List::from_values(cx, values)
}

/// The separator that was given; `None` for white space.
fn separator<'a>(cx: &Context, sep: Option<&'a Value>) -> PyResult<Option<&'a Ref<Str>>> {
    let Some(sep) = sep.filter(|sep| !sep.is_none()) else {
        return Ok(None);
    };
    match sep.downcast::<Str>() {
        Some(separator) if separator.is_empty() => Err(cx.value_error("empty separator")),
        Some(separator) => Ok(Some(separator)),
        None => Err(cx.type_error(format!("must be str or None, not {}", sep.type_name()))),
    }
}

fn partition_separator<'a>(cx: &Context, sep: &'a Value) -> PyResult<&'a Ref<Str>> {
    match sep.downcast::<Str>() {
        Some(separator) if separator.is_empty() => Err(cx.value_error("empty separator")),
        Some(separator) => Ok(separator),
        None => Err(cx.type_error(format!("must be str, not {}", sep.type_name()))),
    }
}

/// `strip` and its like.
fn strip(
    cx: &Context,
    this: &Ref<Str>,
    chars: Option<&Value>,
    method: &str,
    left: bool,
    right: bool,
) -> PyResult<Ref<Str>> {
    let kept = match chars.filter(|chars| !chars.is_none()) {
        None => match this.units() {
            Units::One(units) => {
                stripped(units.len(), left, right, |at| is_latin1_space(units[at]))
            }
            _ => stripped(this.len(), left, right, |at| is_space(this.code_point(at))),
        },
        Some(chars) => {
            let Some(chars) = chars.downcast::<Str>() else {
                return Err(cx.type_error(format!("{method} arg must be None or str")));
            };
            match (this.units(), chars.units()) {
                (Units::One(units), Units::One(&[only])) => {
                    stripped(units.len(), left, right, |at| units[at] == only)
                }
                (Units::One(units), Units::One(chars)) => {
                    stripped(units.len(), left, right, |at| {
                        memchr::memchr(units[at], chars).is_some()
                    })
                }
                _ => stripped(this.len(), left, right, |at| {
                    let point = this.code_point(at);
                    chars.code_points().any(|own| own == point)
                }),
            }
        }
    };
    if kept.len() == this.len() {
        Str::exactly(cx, this)
    } else {
        this.substring(cx, kept.start, kept.end)
    }
}

fn limit(count: isize) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[pymethods(table = SPLIT)]
impl Str {
    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///   When set to None (the default value), will split on any
    ///   whitespace character (including \n \r \t \f and spaces) and
    ///   will discard empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the front of the string and works to the end.
    ///
    /// Note, str.split() is mainly useful for data that has been
    /// intentionally delimited.  With natural text that includes
    /// punctuation, consider using the regular expression module.
    #[method("split(self, /, sep=None, maxsplit=-1)")]
    fn split(
        cx: &Context,
        this: &Ref<Str>,
        sep: Maybe<&Value>,
        maxsplit: isize,
    ) -> PyResult<Ref<List>> {
        let limit = limit(maxsplit);
        let parts = match separator(cx, sep.0)? {
            Some(separator) => {
                on_pair!(this, separator, h, n => at_separator(h, n, limit), Some(std::iter::once(0..this.len()).collect()))
            }
            None => match this.units() {
                Units::One(units) => at_space(units, limit, is_latin1_space),
                Units::Two(units) => at_space(units, limit, |unit| is_space(unit.into())),
                Units::Four(units) => at_space(units, limit, is_space),
            },
        };
        list_of_parts(cx, this, parts)
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///   When set to None (the default value), will split on any
    ///   whitespace character (including \n \r \t \f and spaces) and
    ///   will discard empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the end of the string and works to the front.
    #[method("rsplit(self, /, sep=None, maxsplit=-1)")]
    fn rsplit(
        cx: &Context,
        this: &Ref<Str>,
        sep: Maybe<&Value>,
        maxsplit: isize,
    ) -> PyResult<Ref<List>> {
        let limit = limit(maxsplit);
        let parts = match separator(cx, sep.0)? {
            Some(separator) => on_pair!(
                this,
                separator,
                h,
                n => at_separator_from_right(h, n, limit),
                Some(std::iter::once(0..this.len()).collect())
            ),
            None => match this.units() {
                Units::One(units) => at_space_from_right(units, limit, is_latin1_space),
                Units::Two(units) => {
                    at_space_from_right(units, limit, |unit| is_space(unit.into()))
                }
                Units::Four(units) => at_space_from_right(units, limit, is_space),
            },
        };
        list_of_parts(cx, this, parts)
    }

    /// Return a list of the lines in the string, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends
    /// is given and true.
    #[method("splitlines(self, /, keepends=False)")]
    fn splitlines(cx: &Context, this: &Ref<Str>, keepends: bool) -> PyResult<Ref<List>> {
        let parts = match this.units() {
            Units::One(units) => lines(units, keepends, is_line_break),
            Units::Two(units) => lines(units, keepends, is_line_break),
            Units::Four(units) => lines(units, keepends, is_line_break),
        };
        list_of_parts(cx, this, parts)
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string.  If the separator
    /// is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing
    /// the original string and two empty strings.
    #[method("partition(self, sep, /)")]
    fn partition(cx: &Context, this: &Ref<Str>, sep: &Value) -> PyResult<Ref<Tuple>> {
        let separator = partition_separator(cx, sep)?;
        let parts = match find(this, separator, 0, this.len()) {
            Some(at) => {
                let after = at + separator.len();
                [
                    this.substring(cx, 0, at)?,
                    separator.clone(),
                    this.substring(cx, after, this.len())?,
                ]
            }
            None => [Str::exactly(cx, this)?, Str::empty(), Str::empty()],
        };
        Tuple::from_values(cx, &parts.map(Ref::into_value))
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string, starting at the
    /// end.  If the separator is found, returns a 3-tuple containing the
    /// part before the separator, the separator itself, and the part after
    /// it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two
    /// empty strings and the original string.
    #[method("rpartition(self, sep, /)")]
    fn rpartition(cx: &Context, this: &Ref<Str>, sep: &Value) -> PyResult<Ref<Tuple>> {
        let separator = partition_separator(cx, sep)?;
        let parts = match rfind(this, separator, 0, this.len()) {
            Some(at) => {
                let after = at + separator.len();
                [
                    this.substring(cx, 0, at)?,
                    separator.clone(),
                    this.substring(cx, after, this.len())?,
                ]
            }
            None => [Str::empty(), Str::empty(), Str::exactly(cx, this)?],
        };
        Tuple::from_values(cx, &parts.map(Ref::into_value))
    }

    /// Return a copy of the string with leading and trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[method("strip(self, chars=None, /)")]
    fn strip_method(cx: &Context, this: &Ref<Str>, chars: Maybe<&Value>) -> PyResult<Ref<Str>> {
        strip(cx, this, chars.0, "strip", true, true)
    }

    /// Return a copy of the string with leading whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[method("lstrip(self, chars=None, /)")]
    fn lstrip(cx: &Context, this: &Ref<Str>, chars: Maybe<&Value>) -> PyResult<Ref<Str>> {
        strip(cx, this, chars.0, "lstrip", true, false)
    }

    /// Return a copy of the string with trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[method("rstrip(self, chars=None, /)")]
    fn rstrip(cx: &Context, this: &Ref<Str>, chars: Maybe<&Value>) -> PyResult<Ref<Str>> {
        strip(cx, this, chars.0, "rstrip", false, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(units: &[u8], parts: &[Range<usize>]) -> Vec<String> {
        parts
            .iter()
            .map(|part| String::from_utf8_lossy(&units[part.clone()]).into_owned())
            .collect()
    }

    fn blank(unit: u8) -> bool {
        unit == b' '
    }

    #[test]
    fn white_space() {
        let units = b"  a b  c ";
        assert_eq!(
            text(units, &at_space(units, usize::MAX, blank).unwrap()),
            ["a", "b", "c"]
        );
        assert_eq!(
            text(units, &at_space(units, 1, blank).unwrap()),
            ["a", "b  c "]
        );
        assert_eq!(
            text(units, &at_space_from_right(units, 1, blank).unwrap()),
            ["  a b", "c"]
        );
        assert!(at_space(b"   ", usize::MAX, blank).unwrap().is_empty());
    }

    #[test]
    fn separators() {
        let units = b"a,b,,c";
        assert_eq!(
            text(units, &at_separator(units, b",", usize::MAX).unwrap()),
            ["a", "b", "", "c"]
        );
        assert_eq!(
            text(units, &at_separator(units, b",", 1).unwrap()),
            ["a", "b,,c"]
        );
        assert_eq!(
            text(units, &at_separator_from_right(units, b",", 1).unwrap()),
            ["a,b,", "c"]
        );
    }

    #[test]
    fn line_breaks() {
        let units = b"a\r\nb\n\nc\r";
        assert_eq!(
            text(units, &lines(units, false, is_line_break).unwrap()),
            ["a", "b", "", "c"]
        );
        assert_eq!(
            text(units, &lines(units, true, is_line_break).unwrap()),
            ["a\r\n", "b\n", "\n", "c\r"]
        );
    }
}
