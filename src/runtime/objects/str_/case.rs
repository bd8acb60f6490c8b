//! Case of strings, their kinds (`isalpha` and the like), and padding.

use typhon_macros::pymethods;

use super::properties::{
    is_alphabetic, is_alphanumeric, is_case_ignorable, is_cased, is_decimal, is_digit,
    is_lowercase, is_numeric, is_printable, is_space, is_titlecase, is_uppercase, push_folded,
    push_lower, push_title, push_upper,
};
use super::{Str, StrBuilder, Units};
use crate::args::Maybe;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::value::Value;

const CAPITAL_SIGMA: u32 = 0x3a3;

/// Appends the lower case of `points[at]`. A capital sigma becomes ς at the end of a word: when there is a
/// cased letter before it and none behind, case-ignorable code points not counted.
fn push_lower_in_context(points: &[u32], at: usize, out: &mut Vec<u32>) {
    if points[at] != CAPITAL_SIGMA {
        push_lower(points[at], out);
        return;
    }
    let before = points[..at]
        .iter()
        .rev()
        .find(|&&point| !is_case_ignorable(point));
    let after = points[at + 1..]
        .iter()
        .find(|&&point| !is_case_ignorable(point));
    let is_final = before.is_some_and(|&point| is_cased(point))
        && !after.is_some_and(|&point| is_cased(point));
    out.push(if is_final { 0x3c2 } else { 0x3c3 });
}

/// The text with each byte mapped, if it is Latin-1 and `map` gives one byte for each of its own.
fn mapped_latin1(
    cx: &Context,
    this: &Str,
    map: impl Fn(u8) -> Option<u8>,
) -> Option<PyResult<Ref<Str>>> {
    let Units::One(units) = this.units() else {
        return None;
    };
    if units.iter().any(|&unit| map(unit).is_none()) {
        return None;
    }
    let mapped = units.iter().map(|&unit| map(unit).unwrap_or(unit));
    // A letter beyond ASCII stays one.
    (units.len() > 1).then(|| Str::of_units(cx, units.len(), this.is_ascii(), mapped))
}

/// The upper case of a Latin-1 code point, if that is one too.
fn latin1_upper(point: u8) -> Option<u8> {
    match point {
        b'a'..=b'z' | 0xe0..=0xf6 | 0xf8..=0xfe => Some(point - 0x20),
        0xb5 | 0xdf | 0xff => None,
        _ => Some(point),
    }
}

/// The lower case of a Latin-1 code point.
fn latin1_lower(point: u8) -> u8 {
    match point {
        b'A'..=b'Z' | 0xc0..=0xd6 | 0xd8..=0xde => point + 0x20,
        _ => point,
    }
}

fn mapped(
    cx: &Context,
    this: &Str,
    map: impl Fn(&[u32], usize, &mut Vec<u32>),
) -> PyResult<Ref<Str>> {
    // The code points, and those that they become, of which there may be more.
    cx.room_for(this.len() * 4 * size_of::<u32>())?;
    let points: Vec<u32> = this.code_points().collect();
    let mut out = Vec::with_capacity(points.len());
    (0..points.len()).for_each(|at| map(&points, at, &mut out));
    Str::from_code_points(cx, &out)
}

/// The ASCII text with each byte mapped. `map` is told whether the byte before was a letter.
fn mapped_ascii(cx: &Context, text: &str, map: impl Fn(u8, bool) -> u8) -> PyResult<Ref<Str>> {
    let mut after_letter = false;
    Str::map_ascii(cx, text, |byte| {
        let mapped = map(byte, after_letter);
        after_letter = byte.is_ascii_alphabetic();
        mapped
    })
}

fn all(this: &Str, is: impl Fn(u32) -> bool) -> bool {
    !this.is_empty() && this.code_points().all(is)
}

/// At least one letter of the wanted case and none of the others.
fn all_of_case(this: &Str, wanted: fn(u32) -> bool, other: fn(u32) -> bool) -> bool {
    let mut found = false;
    for point in this.code_points() {
        if other(point) || is_titlecase(point) {
            return false;
        }
        found |= wanted(point);
    }
    found
}

/// `left` and `right` fill characters around the string.
fn padded(
    cx: &Context,
    this: &Ref<Str>,
    left: usize,
    right: usize,
    fill: u32,
) -> PyResult<Ref<Str>> {
    if left + right == 0 {
        return Str::exactly(cx, this);
    }
    if left.saturating_add(right).saturating_add(this.len()) > u32::MAX as usize {
        return Err(cx.no_memory());
    }
    if let Some(text) = this.as_ascii()
        && fill < 0x80
    {
        let fill = fill as u8;
        let sides = [left, right].map(|count| std::iter::repeat_n(fill, count));
        let [before, after] = sides;
        let length = left + text.len() + right;
        if length == 1 {
            return Ok(Str::latin1_char(fill));
        }
        return Str::of_units(cx, length, true, before.chain(text.bytes()).chain(after));
    }
    let side = |count: usize| -> PyResult<Ref<Str>> {
        Str::from_code_point(cx, fill)?.repeated(cx, count)
    };
    Str::join(cx, None, &[side(left)?, this.clone(), side(right)?])
}

fn fill_character(cx: &Context, fill: Option<&Value>) -> PyResult<u32> {
    let Some(fill) = fill else {
        return Ok(u32::from(b' '));
    };
    match fill.downcast::<Str>() {
        Some(text) if text.len() == 1 => Ok(text.code_point(0)),
        Some(_) => Err(cx.type_error("The fill character must be exactly one character long")),
        None => Err(cx.type_error(format!(
            "The fill character must be a unicode character, not {}",
            fill.type_name()
        ))),
    }
}

/// How many fill characters a string of `length` lacks to be `width` wide.
pub fn missing(width: isize, length: usize) -> usize {
    usize::try_from(width).unwrap_or(0).saturating_sub(length)
}

/// How many of `missing` fill characters go to the left when text is centered to `width`.
pub fn center_left(missing: usize, width: isize) -> usize {
    missing / 2 + (missing & width.max(0) as usize & 1)
}

#[pymethods(table = CASE)]
impl Str {
    /// Return a copy of the string converted to lowercase.
    #[method("lower(self, /)")]
    fn lower(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Str>> {
        match this.as_ascii() {
            Some(text) => Str::map_ascii(cx, text, |byte| byte.to_ascii_lowercase()),
            None => mapped_latin1(cx, this, |point| Some(latin1_lower(point)))
                .unwrap_or_else(|| mapped(cx, this, push_lower_in_context)),
        }
    }

    /// Return a copy of the string converted to uppercase.
    #[method("upper(self, /)")]
    fn upper(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Str>> {
        match this.as_ascii() {
            Some(text) => Str::map_ascii(cx, text, |byte| byte.to_ascii_uppercase()),
            None => mapped_latin1(cx, this, latin1_upper)
                .unwrap_or_else(|| mapped(cx, this, |points, at, out| push_upper(points[at], out))),
        }
    }

    /// Return a version of the string suitable for caseless comparisons.
    #[method("casefold(self, /)")]
    fn casefold(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Str>> {
        match this.as_ascii() {
            Some(text) => Str::from_ascii(cx, text.to_ascii_lowercase().as_bytes()),
            None => mapped(cx, this, |points, at, out| push_folded(points[at], out)),
        }
    }

    /// Convert uppercase characters to lowercase and lowercase characters to uppercase.
    #[method("swapcase(self, /)")]
    fn swapcase(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Str>> {
        if let Some(text) = this.as_ascii() {
            return mapped_ascii(cx, text, |byte, _| {
                if byte.is_ascii_alphabetic() {
                    byte ^ 0x20
                } else {
                    byte
                }
            });
        }
        mapped(cx, this, |points, at, out| match points[at] {
            point if is_uppercase(point) => push_lower_in_context(points, at, out),
            point if is_lowercase(point) => push_upper(point, out),
            point => out.push(point),
        })
    }

    /// Return a capitalized version of the string.
    ///
    /// More specifically, make the first character have upper case and the
    /// rest lower case.
    #[method("capitalize(self, /)")]
    fn capitalize(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Str>> {
        if let Some(text) = this.as_ascii() {
            let mut bytes = text.to_ascii_lowercase().into_bytes();
            if let Some(first) = bytes.first_mut() {
                first.make_ascii_uppercase();
            }
            return Str::from_ascii(cx, &bytes);
        }
        mapped(cx, this, |points, at, out| {
            if at == 0 {
                push_title(points[0], out)
            } else {
                push_lower_in_context(points, at, out)
            }
        })
    }

    /// Return a version of the string where each word is titlecased.
    ///
    /// More specifically, words start with uppercased characters and all
    /// remaining cased characters have lower case.
    #[method("title(self, /)")]
    fn title(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Str>> {
        if let Some(text) = this.as_ascii() {
            return mapped_ascii(cx, text, |byte, after_letter| {
                if after_letter {
                    byte.to_ascii_lowercase()
                } else {
                    byte.to_ascii_uppercase()
                }
            });
        }
        mapped(cx, this, |points, at, out| {
            if at > 0 && is_cased(points[at - 1]) {
                push_lower_in_context(points, at, out);
            } else {
                push_title(points[at], out);
            }
        })
    }

    /// Return True if the string is a lowercase string, False otherwise.
    ///
    /// A string is lowercase if all cased characters in the string are
    /// lowercase and there is at least one cased character in the string.
    #[method("islower(self, /)")]
    fn islower(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all_of_case(this, is_lowercase, is_uppercase))
    }

    /// Return True if the string is an uppercase string, False otherwise.
    ///
    /// A string is uppercase if all cased characters in the string are
    /// uppercase and there is at least one cased character in the string.
    #[method("isupper(self, /)")]
    fn isupper(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all_of_case(this, is_uppercase, is_lowercase))
    }

    /// Return True if the string is a title-cased string, False otherwise.
    ///
    /// In a title-cased string, upper- and title-case characters may only
    /// follow uncased characters and lowercase characters only cased ones.
    #[method("istitle(self, /)")]
    fn istitle(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        let mut found = false;
        let mut after_cased = false;
        for point in this.code_points() {
            if is_uppercase(point) || is_titlecase(point) {
                if after_cased {
                    return Ok(false);
                }
                after_cased = true;
                found = true;
            } else if is_lowercase(point) {
                if !after_cased {
                    return Ok(false);
                }
                found = true;
            } else {
                after_cased = false;
            }
        }
        Ok(found)
    }

    /// Return True if the string is an alphabetic string, False otherwise.
    ///
    /// A string is alphabetic if all characters in the string are
    /// alphabetic and there is at least one character in the string.
    #[method("isalpha(self, /)")]
    fn isalpha(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all(this, is_alphabetic))
    }

    /// Return True if the string is an alpha-numeric string, False otherwise.
    ///
    /// A string is alpha-numeric if all characters in the string are
    /// alpha-numeric and there is at least one character in the string.
    #[method("isalnum(self, /)")]
    fn isalnum(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all(this, is_alphanumeric))
    }

    /// Return True if the string is a decimal string, False otherwise.
    ///
    /// A string is a decimal string if all characters in the string are
    /// decimal and there is at least one character in the string.
    #[method("isdecimal(self, /)")]
    fn isdecimal(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all(this, is_decimal))
    }

    /// Return True if the string is a digit string, False otherwise.
    ///
    /// A string is a digit string if all characters in the string are
    /// digits and there is at least one character in the string.
    #[method("isdigit(self, /)")]
    fn isdigit(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all(this, is_digit))
    }

    /// Return True if the string is a numeric string, False otherwise.
    ///
    /// A string is numeric if all characters in the string are numeric and
    /// there is at least one character in the string.
    #[method("isnumeric(self, /)")]
    fn isnumeric(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all(this, is_numeric))
    }

    /// Return True if the string is a whitespace string, False otherwise.
    ///
    /// A string is whitespace if all characters in the string are
    /// whitespace and there is at least one character in the string.
    #[method("isspace(self, /)")]
    fn isspace(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(all(this, is_space))
    }

    /// Return True if all characters in the string are printable, False otherwise.
    ///
    /// A character is printable if repr() may use it in its output.
    #[method("isprintable(self, /)")]
    fn isprintable(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(this.code_points().all(is_printable))
    }

    /// Return True if all characters in the string are ASCII, False otherwise.
    ///
    /// ASCII characters have code points in the range U+0000-U+007F.
    /// Empty string is ASCII too.
    #[method("isascii(self, /)")]
    fn isascii(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(this.is_ascii())
    }

    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character (default is
    /// a space).
    #[method("center(self, width, fillchar=' ', /)")]
    fn center(
        cx: &Context,
        this: &Ref<Str>,
        width: isize,
        fillchar: Maybe<&Value>,
    ) -> PyResult<Ref<Str>> {
        let fill = fill_character(cx, fillchar.0)?;
        let missing = missing(width, this.len());
        let left = center_left(missing, width);
        padded(cx, this, left, missing - left, fill)
    }

    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is
    /// a space).
    #[method("ljust(self, width, fillchar=' ', /)")]
    fn ljust(
        cx: &Context,
        this: &Ref<Str>,
        width: isize,
        fillchar: Maybe<&Value>,
    ) -> PyResult<Ref<Str>> {
        let fill = fill_character(cx, fillchar.0)?;
        padded(cx, this, 0, missing(width, this.len()), fill)
    }

    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is
    /// a space).
    #[method("rjust(self, width, fillchar=' ', /)")]
    fn rjust(
        cx: &Context,
        this: &Ref<Str>,
        width: isize,
        fillchar: Maybe<&Value>,
    ) -> PyResult<Ref<Str>> {
        let fill = fill_character(cx, fillchar.0)?;
        padded(cx, this, missing(width, this.len()), 0, fill)
    }

    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The string is never truncated.
    #[method("zfill(self, width, /)")]
    fn zfill(cx: &Context, this: &Ref<Str>, width: isize) -> PyResult<Ref<Str>> {
        let missing = missing(width, this.len());
        let zero = u32::from(b'0');
        let sign = (!this.is_empty())
            .then(|| this.code_point(0))
            .filter(|&point| point == 0x2b || point == 0x2d);
        match sign {
            Some(sign) if missing > 0 => {
                let rest = this.substring(cx, 1, this.len())?;
                let digits = padded(cx, &rest, missing, 0, zero)?;
                Str::from_code_point(cx, sign)?.concat(cx, &digits)
            }
            _ => padded(cx, this, missing, 0, zero),
        }
    }

    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[method("expandtabs(self, /, tabsize=8)")]
    fn expandtabs(cx: &Context, this: &Ref<Str>, tabsize: i32) -> PyResult<Ref<Str>> {
        let width = usize::try_from(tabsize).unwrap_or(0);
        let tabs = this.code_points().filter(|&point| point == 0x09).count();
        if tabs == 0 {
            return Str::exactly(cx, this);
        }
        if tabs.saturating_mul(width) > u32::MAX as usize {
            return Err(cx.overflow_error("new string is too long"));
        }
        let mut out = StrBuilder::new();
        let mut column = 0;
        for point in this.code_points() {
            match point {
                0x09 if width > 0 => {
                    let spaces = width - column % width;
                    (0..spaces).for_each(|_| out.push(b' '.into()));
                    column += spaces;
                }
                0x09 => {}
                _ => {
                    out.push(point);
                    column = if point == 0x0a || point == 0x0d {
                        0
                    } else {
                        column + 1
                    };
                }
            }
        }
        out.finish(cx)
    }
}
