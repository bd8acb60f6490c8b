//! Finding strings in strings: `find`, `count`, `replace`, `startswith` and their like.
//!
//! A needle with wider units than the haystack cannot occur in it; one with narrower units is widened
//! first. So only sequences of equal units are ever searched ([`Pair`]); bytes are searched by memchr.

use std::borrow::Cow;

use memchr::memmem;
use typhon_macros::pymethods;

use super::{Str, StrBuilder, Units};
use crate::args::Maybe;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::tuple::Tuple;
use crate::protocols::index;
use crate::value::Value;

/// A unit of a string.
pub trait Unit: Copy + Eq + 'static {
    /// See [`occurrences`].
    type Occurrences<'a>: Iterator<Item = usize>;
    /// See [`occurrences`].
    fn occurrences<'a>(haystack: &'a [Self], needle: &'a [Self]) -> Self::Occurrences<'a>;
    /// Where `needle`, which is not empty, is first.
    fn find(haystack: &[Self], needle: &[Self]) -> Option<usize>;
    /// Where `needle`, which is not empty, is last.
    fn rfind(haystack: &[Self], needle: &[Self]) -> Option<usize>;
}

/// Where a needle begins, found one after the other.
pub struct OneByOne<'a, U> {
    haystack: &'a [U],
    needle: &'a [U],
    next: usize,
}

impl<U: Unit> Iterator for OneByOne<'_, U> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = find_from(self.haystack, self.needle, self.next)?;
        self.next = at + self.needle.len();
        Some(at)
    }
}

/// Where a needle of bytes begins.
pub enum InBytes<'a> {
    Byte(memchr::Memchr<'a>),
    /// By a searcher that was made once, which takes longer than to search little.
    Searched(Box<memmem::FindIter<'a, 'a>>),
    Few(OneByOne<'a, u8>),
}

impl Iterator for InBytes<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        match self {
            InBytes::Byte(found) => found.next(),
            InBytes::Searched(found) => found.next(),
            InBytes::Few(found) => found.next(),
        }
    }

    fn count(self) -> usize {
        match self {
            InBytes::Byte(found) => found.count(),
            InBytes::Searched(found) => found.count(),
            InBytes::Few(found) => found.count(),
        }
    }
}

/// Bytes that are searched without making a searcher.
const LITTLE: usize = 256;

impl Unit for u8 {
    type Occurrences<'a> = InBytes<'a>;

    #[inline]
    fn occurrences<'a>(haystack: &'a [u8], needle: &'a [u8]) -> InBytes<'a> {
        match needle {
            [only] => InBytes::Byte(memchr::memchr_iter(*only, haystack)),
            _ if haystack.len() > LITTLE => {
                InBytes::Searched(Box::new(memmem::find_iter(haystack, needle)))
            }
            _ => InBytes::Few(OneByOne {
                haystack,
                needle,
                next: 0,
            }),
        }
    }

    #[inline]
    fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
        match needle {
            [only] => memchr::memchr(*only, haystack),
            _ => memmem::find(haystack, needle),
        }
    }

    #[inline]
    fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
        match needle {
            [only] => memchr::memrchr(*only, haystack),
            _ => memmem::rfind(haystack, needle),
        }
    }
}

macro_rules! wide_unit {
    ($unit:ty) => {
        impl Unit for $unit {
            type Occurrences<'a> = OneByOne<'a, $unit>;

            fn occurrences<'a>(haystack: &'a [$unit], needle: &'a [$unit]) -> OneByOne<'a, $unit> {
                OneByOne {
                    haystack,
                    needle,
                    next: 0,
                }
            }

            fn find(haystack: &[$unit], needle: &[$unit]) -> Option<usize> {
                wide_find(haystack, needle)
            }

            fn rfind(haystack: &[$unit], needle: &[$unit]) -> Option<usize> {
                let last = haystack.len().checked_sub(needle.len())?;
                (0..=last)
                    .rev()
                    .find(|&at| haystack[at..].starts_with(needle))
            }
        }
    };
}
wide_unit!(u16);
wide_unit!(u32);

/// Looks for the needle's last unit, skipping as far as a filter of the needle's units allows.
fn wide_find<U: Unit + Into<u32>>(haystack: &[U], needle: &[U]) -> Option<usize> {
    let last = needle.len() - 1;
    let bit = |unit: U| 1u64 << (unit.into() & 63);
    let filter = needle.iter().fold(0, |filter, &unit| filter | bit(unit));
    // How far the needle can move when its last unit matched but the rest did not.
    let skip = needle[..last]
        .iter()
        .rev()
        .position(|&unit| unit == needle[last])
        .map_or(last + 1, |at| at + 1);
    let mut at = 0;
    while at + last < haystack.len() {
        if haystack[at + last] == needle[last] {
            if haystack[at..at + last] == needle[..last] {
                return Some(at);
            }
            at += skip;
        } else if haystack
            .get(at + last + 1)
            .is_some_and(|&next| filter & bit(next) == 0)
        {
            at += last + 2;
        } else {
            at += 1;
        }
    }
    None
}

/// [`Unit::find`] with any needle, from `start` on.
pub fn find_from<U: Unit>(haystack: &[U], needle: &[U], start: usize) -> Option<usize> {
    let rest = haystack.get(start..)?;
    if needle.is_empty() {
        Some(start)
    } else {
        U::find(rest, needle).map(|at| at + start)
    }
}

/// [`Unit::rfind`] with any needle.
pub fn rfind_in<U: Unit>(haystack: &[U], needle: &[U]) -> Option<usize> {
    if needle.is_empty() {
        Some(haystack.len())
    } else {
        U::rfind(haystack, needle)
    }
}

/// Where the occurrences of `needle` begin that do not overlap; the needle is not empty.
#[inline]
pub fn occurrences<'a, U: Unit>(haystack: &'a [U], needle: &'a [U]) -> U::Occurrences<'a> {
    U::occurrences(haystack, needle)
}

/// Haystack and needle in equal units.
pub enum Pair<'a> {
    One(&'a [u8], &'a [u8]),
    Two(&'a [u16], Cow<'a, [u16]>),
    Four(&'a [u32], Cow<'a, [u32]>),
    /// The needle has a code point that is larger than any in the haystack.
    Apart,
}

/// Brings haystack and needle to equal units.
pub fn pair<'a>(haystack: &'a Str, needle: &'a Str) -> Pair<'a> {
    match (haystack.units(), needle.units()) {
        (Units::One(haystack), Units::One(needle)) => Pair::One(haystack, needle),
        (Units::Two(haystack), Units::Two(needle)) => Pair::Two(haystack, Cow::Borrowed(needle)),
        (Units::Four(haystack), Units::Four(needle)) => Pair::Four(haystack, Cow::Borrowed(needle)),
        (Units::Two(haystack), Units::One(needle)) => {
            Pair::Two(haystack, needle.iter().map(|&unit| unit.into()).collect())
        }
        (Units::Four(haystack), _) if needle.width() < 4 => {
            Pair::Four(haystack, needle.code_points().collect())
        }
        _ => Pair::Apart,
    }
}

/// Runs the same code on each kind of [`Pair`].
macro_rules! on_pair {
    ($haystack:expr, $needle:expr, $h:ident, $n:ident => $found:expr, $apart:expr) => {
        match $crate::objects::str_::search::pair($haystack, $needle) {
            $crate::objects::str_::search::Pair::One($h, $n) => $found,
            $crate::objects::str_::search::Pair::Two($h, ref needle) => {
                let $n = &needle[..];
                $found
            }
            $crate::objects::str_::search::Pair::Four($h, ref needle) => {
                let $n = &needle[..];
                $found
            }
            $crate::objects::str_::search::Pair::Apart => $apart,
        }
    };
}
pub(super) use on_pair;

/// The first occurrence of `needle` in `haystack[start..end]`; `end` is in range.
pub fn find(haystack: &Str, needle: &Str, start: usize, end: usize) -> Option<usize> {
    if start > end {
        return None;
    }
    on_pair!(haystack, needle, h, n => find_from(&h[..end], n, start), None)
}

/// The last occurrence of `needle` in `haystack[start..end]`; `end` is in range.
pub fn rfind(haystack: &Str, needle: &Str, start: usize, end: usize) -> Option<usize> {
    if start > end {
        return None;
    }
    on_pair!(haystack, needle, h, n => rfind_in(&h[start..end], n).map(|at| at + start), None)
}

/// How often `needle` is in `haystack[start..end]` without overlapping itself.
pub fn count(haystack: &Str, needle: &Str, start: usize, end: usize) -> usize {
    if start > end {
        return 0;
    }
    if needle.is_empty() {
        return end - start + 1;
    }
    on_pair!(haystack, needle, h, n => occurrences(&h[start..end], n).count(), 0)
}

/// Whether `needle` is in `haystack` at `at`.
pub fn occurs_at(haystack: &Str, needle: &Str, at: usize) -> bool {
    if at > haystack.len() || needle.len() > haystack.len() - at {
        return false;
    }
    if let (Units::One(haystack), Units::One(needle)) = (haystack.units(), needle.units()) {
        return haystack[at..].starts_with(needle);
    }
    on_pair!(haystack, needle, h, n => h[at..].starts_with(n), needle.is_empty())
}

/// From how many bytes of growth on the occurrences are counted before memory is asked for.
const COUNTED_FROM: usize = 1 << 20;

/// `haystack.replace(old, new, limit)`; no limit for `None`.
///
/// # Errors
/// MemoryError.
pub fn replace(
    cx: &Context,
    haystack: &Ref<Str>,
    old: &Str,
    new: &Str,
    limit: Option<usize>,
) -> PyResult<Ref<Str>> {
    let limit = limit.unwrap_or(usize::MAX);
    if limit == 0 || haystack.len() < old.len() || old.equals_str(new) {
        return Str::exactly(cx, haystack);
    }
    if old.is_empty() {
        cx.room_for(new.byte_len().saturating_mul(haystack.len().min(limit)))?;
        return interleave(cx, haystack, new, limit);
    }
    if new.len() > old.len() {
        let most = (haystack.len() / old.len()).min(limit);
        if most.saturating_mul(new.len()) > COUNTED_FROM {
            let times: usize =
                on_pair!(haystack, old, h, o => occurrences(h, o).take(limit).count(), 0);
            // Buffers that grow double.
            cx.room_for(times.saturating_mul(new.byte_len()).saturating_mul(2))?;
        }
    }
    if let (Units::One(h), Units::One(o), Units::One(n)) =
        (haystack.units(), old.units(), new.units())
    {
        return match replace_units(h, o, n, limit) {
            Some(bytes) => Str::from_latin1(cx, &bytes),
            None => Str::exactly(cx, haystack),
        };
    }
    let places: Vec<usize> =
        on_pair!(haystack, old, h, o => occurrences(h, o).take(limit).collect(), Vec::new());
    if places.is_empty() {
        return Str::exactly(cx, haystack);
    }
    let mut points = Vec::with_capacity(haystack.len());
    let mut from = 0;
    for at in places {
        points.extend((from..at).map(|at| haystack.code_point(at)));
        points.extend(new.code_points());
        from = at + old.len();
    }
    points.extend((from..haystack.len()).map(|at| haystack.code_point(at)));
    Str::from_code_points(cx, &points)
}

/// `new` before each code point and at the end.
fn interleave(cx: &Context, text: &Str, new: &Str, limit: usize) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::new();
    for (at, point) in text.code_points().enumerate() {
        if at < limit {
            out.push_str(new);
        }
        out.push(point);
    }
    if text.len() < limit {
        out.push_str(new);
    }
    out.finish(cx)
}

/// `haystack` with `old`, which is not empty, replaced. `None` when it does not occur.
pub fn replace_units<U: Unit>(
    haystack: &[U],
    old: &[U],
    new: &[U],
    limit: usize,
) -> Option<Vec<U>> {
    let mut places = occurrences(haystack, old).take(limit).peekable();
    places.peek()?;
    let mut out = Vec::with_capacity(haystack.len());
    let mut from = 0;
    for at in places {
        out.extend_from_slice(&haystack[from..at]);
        out.extend_from_slice(new);
        from = at + old.len();
    }
    out.extend_from_slice(&haystack[from..]);
    Some(out)
}

/// The range that optional bounds select, as `start..end` in range; `None` when nothing can be in it.
fn range(
    cx: &Context,
    this: &Str,
    start: Maybe<&Value>,
    end: Maybe<&Value>,
) -> PyResult<Option<(usize, usize)>> {
    let (start, end) = index::search_range(cx, start.0, end.0, this.len())?;
    Ok((start <= end).then_some((start, end)))
}

/// `startswith` and `endswith`.
fn has_affix(
    cx: &Context,
    this: &Str,
    affix: &Value,
    bounds: Option<(usize, usize)>,
    method: &str,
    at_start: bool,
) -> PyResult<bool> {
    let matches = |affix: &Str| {
        let Some((start, end)) = bounds else {
            return false;
        };
        if affix.len() > end - start {
            return false;
        }
        occurs_at(
            this,
            affix,
            if at_start { start } else { end - affix.len() },
        )
    };
    if let Some(affixes) = affix.downcast::<Tuple>() {
        for affix in affixes.as_slice() {
            let Some(affix) = affix.downcast::<Str>() else {
                let got = affix.type_name();
                return Err(cx.type_error(format!(
                    "tuple for {method} must only contain str, not {got}"
                )));
            };
            if matches(affix) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match affix.downcast::<Str>() {
        Some(affix) => Ok(matches(affix)),
        None => {
            let got = affix.type_name();
            Err(cx.type_error(format!(
                "{method} first arg must be str or a tuple of str, not {got}"
            )))
        }
    }
}

#[pymethods(table = SEARCH)]
impl Str {
    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Return -1 on failure.
    #[method("find(self, sub, start=None, end=None, /)")]
    fn find_method(
        cx: &Context,
        this: &Ref<Str>,
        sub: &Ref<Str>,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<i64> {
        let bounds = range(cx, this, start, end)?;
        Ok(bounds
            .and_then(|(start, end)| find(this, sub, start, end))
            .map_or(-1, |at| at as i64))
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Return -1 on failure.
    #[method("rfind(self, sub, start=None, end=None, /)")]
    fn rfind_method(
        cx: &Context,
        this: &Ref<Str>,
        sub: &Ref<Str>,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<i64> {
        let bounds = range(cx, this, start, end)?;
        Ok(bounds
            .and_then(|(start, end)| rfind(this, sub, start, end))
            .map_or(-1, |at| at as i64))
    }

    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Raises ValueError when the substring is not found.
    #[method("index(self, sub, start=None, end=None, /)")]
    fn index_method(
        cx: &Context,
        this: &Ref<Str>,
        sub: &Ref<Str>,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<usize> {
        let bounds = range(cx, this, start, end)?;
        bounds
            .and_then(|(start, end)| find(this, sub, start, end))
            .ok_or_else(|| cx.value_error("substring not found"))
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Raises ValueError when the substring is not found.
    #[method("rindex(self, sub, start=None, end=None, /)")]
    fn rindex_method(
        cx: &Context,
        this: &Ref<Str>,
        sub: &Ref<Str>,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<usize> {
        let bounds = range(cx, this, start, end)?;
        bounds
            .and_then(|(start, end)| rfind(this, sub, start, end))
            .ok_or_else(|| cx.value_error("substring not found"))
    }

    /// Return the number of non-overlapping occurrences of substring sub in string S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.
    #[method("count(self, sub, start=None, end=None, /)")]
    fn count_method(
        cx: &Context,
        this: &Ref<Str>,
        sub: &Ref<Str>,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<usize> {
        let bounds = range(cx, this, start, end)?;
        Ok(bounds.map_or(0, |(start, end)| count(this, sub, start, end)))
    }

    /// Return True if the string starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[method("startswith(self, prefix, start=None, end=None, /)")]
    fn startswith(
        cx: &Context,
        this: &Ref<Str>,
        prefix: &Value,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<bool> {
        let bounds = range(cx, this, start, end)?;
        has_affix(cx, this, prefix, bounds, "startswith", true)
    }

    /// Return True if the string ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[method("endswith(self, suffix, start=None, end=None, /)")]
    fn endswith(
        cx: &Context,
        this: &Ref<Str>,
        suffix: &Value,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<bool> {
        let bounds = range(cx, this, start, end)?;
        has_affix(cx, this, suffix, bounds, "endswith", false)
    }

    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[method("replace(self, old, new, /, count=-1)")]
    fn replace_method(
        cx: &Context,
        this: &Ref<Str>,
        old: &Ref<Str>,
        new: &Ref<Str>,
        count: isize,
    ) -> PyResult<Ref<Str>> {
        replace(cx, this, old, new, usize::try_from(count).ok())
    }

    /// Return a str with the given prefix string removed if present.
    ///
    /// If the string starts with the prefix string, return
    /// string[len(prefix):].  Otherwise, return a copy of the original
    /// string.
    #[method("removeprefix(self, prefix, /)")]
    fn removeprefix(cx: &Context, this: &Ref<Str>, prefix: &Ref<Str>) -> PyResult<Ref<Str>> {
        if !prefix.is_empty() && occurs_at(this, prefix, 0) {
            this.substring(cx, prefix.len(), this.len())
        } else {
            Str::exactly(cx, this)
        }
    }

    /// Return a str with the given suffix string removed if present.
    ///
    /// If the string ends with the suffix string and that suffix is not
    /// empty, return string[:-len(suffix)].  Otherwise, return a copy of
    /// the original string.
    #[method("removesuffix(self, suffix, /)")]
    fn removesuffix(cx: &Context, this: &Ref<Str>, suffix: &Ref<Str>) -> PyResult<Ref<Str>> {
        match this.len().checked_sub(suffix.len()) {
            Some(at) if !suffix.is_empty() && occurs_at(this, suffix, at) => {
                this.substring(cx, 0, at)
            }
            _ => Str::exactly(cx, this),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_search_finds_what_bytes_find() {
        let texts: Vec<Vec<u8>> = (0..500u32)
            .map(|seed| {
                (0..seed % 23)
                    .map(|at| b'a' + (seed.wrapping_mul(at * at + 7) >> 3) as u8 % 3)
                    .collect()
            })
            .collect();
        for haystack in &texts {
            for needle in texts
                .iter()
                .take(60)
                .filter(|needle| (1..6).contains(&needle.len()))
            {
                let wide: Vec<u16> = haystack.iter().map(|&unit| unit.into()).collect();
                let wide_needle: Vec<u16> = needle.iter().map(|&unit| unit.into()).collect();
                assert_eq!(u16::find(&wide, &wide_needle), u8::find(haystack, needle));
                assert_eq!(u16::rfind(&wide, &wide_needle), u8::rfind(haystack, needle));
            }
        }
    }

    #[test]
    fn replacing() {
        assert_eq!(
            replace_units(b"abcabc", b"bc", b"x", usize::MAX).as_deref(),
            Some(&b"axax"[..])
        );
        assert_eq!(
            replace_units(b"abcabc", b"bc", b"x", 1).as_deref(),
            Some(&b"axabc"[..])
        );
        assert_eq!(replace_units(b"abc", b"d", b"x", 1), None);
    }
}
