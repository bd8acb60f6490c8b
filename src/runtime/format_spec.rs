//! The format specification mini-language (PEP 3101), shared by `int`, `float`, `complex` and `str`.
//!
//! ```text
//!   [[fill]align][sign]["z"]["#"]["0"][width][grouping]["." [precision][grouping]][type]
//! ```
//! A number that is formatted falls into parts, of which only the digits are grouped:
//!
//! ```text
//!   left padding | sign | prefix | inner padding | digits | "." fraction | suffix | right padding
//! ```
//! Zeros that pad between prefix and digits count as digits and are grouped with them.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::str_::{Str, StrBuilder};
use crate::value::Value;

/// How numbers that are not negative are marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// Not at all.
    Minus,
    Plus,
    Space,
}

/// A specification that was read.
#[derive(Clone, Debug)]
pub struct FormatSpec {
    /// What pads; a space unless given.
    pub fill: u32,
    /// `<`, `>`, `^` or `=`; the type's default unless given.
    pub align: char,
    /// Whether the alignment was written, and not implied by `0`.
    pub align_given: bool,
    pub sign: Sign,
    /// Whether a sign was written, `-` included.
    pub sign_given: bool,
    /// `z`: a result that is zero loses its sign.
    pub no_negative_zero: bool,
    /// `#`
    pub alternate: bool,
    pub width: Option<usize>,
    /// `,` or `_` between digits of the whole part.
    pub grouping: Option<char>,
    /// `,` or `_` between digits of the fraction.
    pub fraction_grouping: Option<char>,
    pub precision: Option<usize>,
    /// The presentation type: a code point.
    pub(crate) code: Option<u32>,
    pub(crate) default_code: char,
}

/// Reads the parts of a specification, one after the other.
struct Reader<'a> {
    points: &'a [u32],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.points
            .get(self.at + ahead)
            .map(|&point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek(0) == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn number(&mut self, cx: &Context) -> PyResult<Option<usize>> {
        let mut number = None;
        while let Some(&point) = self.points.get(self.at) {
            let Some(digit) = crate::objects::int::decimal_digit(point) else {
                break;
            };
            let longer = number
                .unwrap_or(0isize)
                .checked_mul(10)
                .and_then(|n| n.checked_add(digit.into()));
            let Some(longer) = longer else {
                return Err(cx.value_error("Too many decimal digits in format string"));
            };
            number = Some(longer);
            self.at += 1;
        }
        Ok(number.map(|number| number as usize))
    }

    fn grouping(&mut self, cx: &Context) -> PyResult<Option<char>> {
        let comma = self.take(',');
        let underscore = self.take('_');
        if (comma && underscore) || (underscore && self.peek(0) == Some(',')) {
            return Err(cx.value_error("Cannot specify both ',' and '_'."));
        }
        Ok(if comma {
            Some(',')
        } else if underscore {
            Some('_')
        } else {
            None
        })
    }
}

fn is_align(c: Option<char>) -> bool {
    matches!(c, Some('<' | '>' | '=' | '^'))
}

/// A presentation type as messages show it.
fn shown(code: u32) -> String {
    match code {
        0x21..0x80 => char::from(code as u8).to_string(),
        _ => format!("\\x{code:x}"),
    }
}

impl FormatSpec {
    /// Reads `text`, the specification for an object of the type called `type_name`, whose default
    /// presentation type is `default_code` (`'\0'` for none) and whose default alignment is `align`.
    ///
    /// # Errors
    /// ValueError when it is no specification.
    pub fn parse(
        cx: &Context,
        text: &Str,
        type_name: &str,
        default_code: char,
        align: char,
    ) -> PyResult<FormatSpec> {
        let points: Vec<u32> = text.code_points().collect();
        let mut reader = Reader {
            points: &points,
            at: 0,
        };
        let mut spec = FormatSpec {
            fill: ' '.into(),
            align,
            align_given: false,
            sign: Sign::Minus,
            sign_given: false,
            no_negative_zero: false,
            alternate: false,
            width: None,
            grouping: None,
            fraction_grouping: None,
            precision: None,
            code: None,
            default_code,
        };
        let mut fill_given = false;
        if is_align(reader.peek(1)) {
            spec.fill = points[0];
            spec.align = reader.peek(1).unwrap_or(align);
            fill_given = true;
            spec.align_given = true;
            reader.at = 2;
        } else if is_align(reader.peek(0)) {
            spec.align = reader.peek(0).unwrap_or(align);
            spec.align_given = true;
            reader.at = 1;
        }
        for (symbol, sign) in [('+', Sign::Plus), ('-', Sign::Minus), (' ', Sign::Space)] {
            if !spec.sign_given && reader.take(symbol) {
                spec.sign = sign;
                spec.sign_given = true;
            }
        }
        spec.no_negative_zero = reader.take('z');
        spec.alternate = reader.take('#');
        if !fill_given && reader.take('0') {
            spec.fill = '0'.into();
            if !spec.align_given && align == '>' {
                spec.align = '=';
            }
        }
        spec.width = reader.number(cx)?;
        spec.grouping = reader.grouping(cx)?;
        if reader.take('.') {
            spec.precision = reader.number(cx)?;
            spec.fraction_grouping = reader.grouping(cx)?;
            if spec.precision.is_none() && spec.fraction_grouping.is_none() {
                return Err(cx.value_error("Format specifier missing precision"));
            }
        }
        match points.len() - reader.at {
            0 => {}
            1 => spec.code = Some(points[reader.at]),
            _ => {
                return Err(cx.value_error(format!(
                    "Invalid format specifier '{text}' for object of type '{type_name}'"
                )));
            }
        }
        spec.check_grouping(cx)?;
        Ok(spec)
    }

    fn check_grouping(&self, cx: &Context) -> PyResult<()> {
        let code = self.code.unwrap_or(self.default_code.into());
        let known = |codes: &str| {
            code == 0 || char::from_u32(code).is_some_and(|code| codes.contains(code))
        };
        let wrong = match (self.grouping, self.fraction_grouping) {
            (Some('_'), _) if known("bdoxXeEfFgG%") => None,
            (Some(','), _) if known("deEfFgG%") => None,
            (Some(separator), _) => Some(separator),
            (None, Some(separator)) if code == u32::from('n') => Some(separator),
            (None, _) => None,
        };
        match wrong {
            Some(separator) => Err(cx.value_error(format!(
                "Cannot specify '{separator}' with '{}'.",
                shown(code)
            ))),
            None => Ok(()),
        }
    }

    /// The presentation type.
    pub fn code(&self) -> char {
        match self.code {
            Some(code) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            None => self.default_code,
        }
    }

    /// The same specification with another presentation type.
    #[must_use]
    pub fn with_code(mut self, code: char) -> FormatSpec {
        self.code = Some(code.into());
        self
    }

    /// ValueError: the type does not know the presentation type.
    #[cold]
    pub fn unknown_code(&self, cx: &Context, type_name: &str) -> Raised {
        let code = shown(self.code.unwrap_or(self.default_code.into()));
        cx.value_error(format!(
            "Unknown format code '{code}' for object of type '{type_name}'"
        ))
    }

    /// How many fill characters go to the left and to the right of a text of `length` code points.
    fn padding(&self, length: usize) -> (usize, usize) {
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        match self.align {
            '<' => (0, missing),
            '^' => (missing / 2, missing - missing / 2),
            _ => (missing, 0),
        }
    }

    /// `text` padded to the width.
    ///
    /// # Errors
    /// MemoryError.
    pub fn pad(&self, cx: &Context, text: &Ref<Str>) -> PyResult<Value> {
        let (left, right) = self.padding(text.len());
        if left + right == 0 && text.as_value().is_exact::<Str>() {
            return Ok(text.to_value());
        }
        let mut padded = self.builder(cx)?;
        push_many(&mut padded, self.fill, left);
        padded.push_str(text);
        push_many(&mut padded, self.fill, right);
        padded.finish_value(cx)
    }

    /// An empty string. Widths that no memory can hold are refused here.
    fn builder(&self, cx: &Context) -> PyResult<StrBuilder> {
        const WIDEST: usize = u32::MAX as usize / 4;
        if self.width.unwrap_or(0) > WIDEST {
            Err(cx.no_memory())
        } else {
            Ok(StrBuilder::new())
        }
    }
}

fn push_many(text: &mut StrBuilder, point: u32, count: usize) {
    (0..count).for_each(|_| text.push(point));
}

/// The parts of a number. See the module's header.
#[derive(Clone, Copy, Default, Debug)]
pub struct NumberParts<'a> {
    pub negative: bool,
    /// `0x`.
    pub prefix: &'a str,
    /// Digits before the point.
    pub digits: &'a str,
    /// Whether there is a point.
    pub point: bool,
    /// Digits behind the point.
    pub fraction: &'a str,
    /// Exponent, percent sign; `inf` and `nan` without any digits.
    pub suffix: &'a str,
    /// Digits in a group.
    pub group: usize,
}

/// The number with signs, groups and padding.
///
/// # Errors
/// MemoryError.
pub fn number(cx: &Context, spec: &FormatSpec, parts: &NumberParts<'_>) -> PyResult<Value> {
    let mut text = spec.builder(cx)?;
    push_number(&mut text, spec, parts);
    text.finish_value(cx)
}

/// Appends the number with signs, groups and padding.
pub fn push_number(text: &mut StrBuilder, spec: &FormatSpec, parts: &NumberParts<'_>) {
    let sign = match (parts.negative, spec.sign) {
        (true, _) => "-",
        (false, Sign::Plus) => "+",
        (false, Sign::Space) => " ",
        (false, Sign::Minus) => "",
    };
    let fraction = match spec.fraction_grouping {
        Some(separator) => group_from_left(parts.fraction, separator),
        None => parts.fraction.to_owned(),
    };
    let local = if spec.code() == 'n' {
        conventions()
    } else {
        None
    };
    let point = match &local {
        _ if !parts.point => "",
        Some(local) => &local.decimal_point,
        None => ".",
    };
    let fixed = sign.len()
        + parts.prefix.len()
        + point.chars().count()
        + fraction.len()
        + parts.suffix.len();
    let zero_padded = spec.align == '=' && spec.fill == u32::from('0');
    let least = if zero_padded {
        spec.width.unwrap_or(0).saturating_sub(fixed)
    } else {
        0
    };
    let digits = match (spec.grouping, &local) {
        _ if parts.digits.is_empty() => String::new(),
        (Some(separator), _) => {
            let sizes = std::iter::repeat(parts.group.max(1));
            group_from_right(
                parts.digits,
                separator.encode_utf8(&mut [0; 4]),
                sizes,
                least,
            )
        }
        (None, Some(local)) => group_from_right(
            parts.digits,
            &local.thousands_separator,
            local.sizes(),
            least,
        ),
        (None, None) => parts.digits.to_owned(),
    };
    let (left, right) = spec.padding(fixed + digits.chars().count());
    let inner = spec.align == '=';
    if !inner {
        push_many(text, spec.fill, left);
    }
    text.push_text(sign);
    text.push_text(parts.prefix);
    if inner {
        push_many(text, spec.fill, left);
    }
    text.push_text(&digits);
    text.push_text(point);
    text.push_text(&fraction);
    text.push_text(parts.suffix);
    push_many(text, spec.fill, right);
}

/// How numbers are written where the locale says it: the presentation type `n`.
#[derive(Clone, Debug)]
pub struct Conventions {
    pub decimal_point: String,
    pub thousands_separator: String,
    /// The sizes of groups from the point on, as `localeconv` tells them: the last goes on, unless it is the
    /// greatest of its type, behind which there are no groups.
    pub grouping: Vec<u8>,
}

impl Conventions {
    /// The sizes of groups from the point on.
    fn sizes(&self) -> impl Iterator<Item = usize> {
        let sizes = self.grouping.iter().copied();
        let last = self.grouping.last().copied().unwrap_or(NO_MORE_GROUPS);
        sizes.chain(std::iter::repeat(last)).map(|size| match size {
            0 | NO_MORE_GROUPS => usize::MAX,
            size => size.into(),
        })
    }
}

const NO_MORE_GROUPS: u8 = i8::MAX as u8;

static CONVENTIONS: RwLock<Option<Arc<Conventions>>> = RwLock::new(None);

fn conventions() -> Option<Arc<Conventions>> {
    CONVENTIONS.read().clone()
}

/// Sets how the presentation type `n` writes numbers; before it is as in the locale C.
pub fn set_conventions(conventions: Conventions) {
    *CONVENTIONS.write() = Some(Arc::new(conventions));
}

/// `1234567` → `1,234,567`, with zeros in front until it is `least` characters long. A separator never
/// comes first, so the result may be longer.
fn group_from_right(
    digits: &str,
    separator: &str,
    mut sizes: impl Iterator<Item = usize>,
    least: usize,
) -> String {
    let mut reversed = Vec::with_capacity(digits.len() * 2);
    let mut left = sizes.next().unwrap_or(usize::MAX);
    let mut digits = digits.bytes().rev();
    loop {
        let digit = match digits.next() {
            Some(digit) => digit as char,
            None if reversed.len() < least => '0',
            None => break,
        };
        if left == 0 {
            reversed.extend(separator.chars().rev());
            left = sizes.next().unwrap_or(usize::MAX);
        }
        reversed.push(digit);
        left -= 1;
    }
    reversed.into_iter().rev().collect()
}

/// `567890` → `567,890`.
fn group_from_left(digits: &str, separator: char) -> String {
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % 3 == 0 {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

/// `str.__format__`.
///
/// # Errors
/// ValueError for a specification that strings do not understand.
pub fn format_str(cx: &Context, this: &Ref<Str>, specification: &Ref<Str>) -> PyResult<Value> {
    let type_name = this.as_value().type_name();
    let spec = FormatSpec::parse(cx, specification, &type_name, 's', '<')?;
    if spec.code() != 's' {
        return Err(spec.unknown_code(cx, &type_name));
    }
    let refused = if spec.sign == Sign::Space {
        "Space not allowed in string format specifier"
    } else if spec.sign_given {
        "Sign not allowed in string format specifier"
    } else if spec.no_negative_zero {
        "Negative zero coercion (z) not allowed in string format specifier"
    } else if spec.alternate {
        "Alternate form (#) not allowed in string format specifier"
    } else if spec.align == '=' {
        "'=' alignment not allowed in string format specifier"
    } else {
        return match spec.precision {
            Some(precision) if precision < this.len() => {
                spec.pad(cx, &this.substring(cx, 0, precision)?)
            }
            _ => spec.pad(cx, this),
        };
    };
    Err(cx.value_error(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        let grouped = |digits, separator, size, least| {
            group_from_right(digits, separator, std::iter::repeat(size), least)
        };
        assert_eq!(grouped("1234567", ",", 3, 0), "1,234,567");
        assert_eq!(grouped("123", ",", 3, 0), "123");
        assert_eq!(grouped("1234", ",", 3, 8), "0,001,234");
        assert_eq!(grouped("12345", ",", 3, 8), "0,012,345");
        assert_eq!(grouped("3039", "_", 4, 11), "0_0000_3039");
        assert_eq!(group_from_left("5678901", '_'), "567_890_1");
    }

    #[test]
    fn groups_of_locales() {
        let grouped = |grouping: &[u8], digits, least| {
            let local = Conventions {
                decimal_point: ",".to_owned(),
                thousands_separator: "..".to_owned(),
                grouping: grouping.to_vec(),
            };
            group_from_right(digits, &local.thousands_separator, local.sizes(), least)
        };
        assert_eq!(grouped(&[3, 2], "123456789", 0), "12..34..56..789");
        assert_eq!(grouped(&[3, NO_MORE_GROUPS], "123456789", 0), "123456..789");
        assert_eq!(grouped(&[], "123456789", 0), "123456789");
        assert_eq!(grouped(&[3], "1", 8), "000..001");
    }
}
