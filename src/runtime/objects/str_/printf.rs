//! `format % arguments`, for strings and for bytes.
//!
//! ```text
//!   %(key)flags width .precision length-modifier code
//! ```
//! Both kinds are read as code points and differ in what `%s`, `%c` and `%b` take ([`Kind`]).

use super::{Str, StrBuilder};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions;
use crate::objects::float::{self, FloatStyle};
use crate::objects::int;
use crate::objects::tuple::Tuple;
use crate::protocols::{number, sequence, text};
use crate::value::Value;

/// What is formatted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bytes,
}

/// The arguments that are left.
struct Arguments<'a> {
    right: &'a Value,
    /// The tuple's items, or the one argument that is no tuple.
    values: &'a [Value],
    next: usize,
    /// Whether `right` can be asked for keys.
    is_mapping: bool,
    /// Whether a key was asked for: then nothing is taken in order.
    by_key: bool,
}

impl<'a> Arguments<'a> {
    fn new(right: &'a Value, kind: Kind) -> Arguments<'a> {
        let (values, is_tuple) = match right.downcast::<Tuple>() {
            Some(tuple) => (tuple.as_slice(), true),
            None => (std::slice::from_ref(right), false),
        };
        let is_text = match kind {
            Kind::Text => right.downcast::<Str>().is_some(),
            Kind::Bytes => {
                right.downcast::<Bytes>().is_some() || right.downcast::<ByteArray>().is_some()
            }
        };
        let is_mapping = !is_tuple && !is_text && right.class().slots.subscript.get().is_some();
        Arguments {
            right,
            values,
            next: 0,
            is_mapping,
            by_key: false,
        }
    }

    fn take(&mut self, cx: &Context) -> PyResult<Value> {
        match self.values.get(self.next) {
            Some(value) if !self.by_key => {
                self.next += 1;
                Ok(value.clone())
            }
            _ => Err(cx.type_error("not enough arguments for format string")),
        }
    }
}

/// A conversion that was read.
#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

struct Reader<'a> {
    cx: &'a Context,
    kind: Kind,
    points: &'a [u32],
    at: usize,
    arguments: Arguments<'a>,
}

impl Reader<'_> {
    fn peek(&self) -> PyResult<char> {
        match self.points.get(self.at) {
            Some(&point) => Ok(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)),
            None => Err(self.cx.value_error("incomplete format")),
        }
    }

    /// The key in parentheses, which nest: where it begins and ends.
    fn key(&mut self) -> PyResult<std::ops::Range<usize>> {
        let start = self.at + 1;
        let mut depth = 1;
        for at in start..self.points.len() {
            if self.points[at] == u32::from('(') {
                depth += 1;
            } else if self.points[at] == u32::from(')') {
                depth -= 1;
                if depth == 0 {
                    self.at = at + 1;
                    return Ok(start..at);
                }
            }
        }
        Err(self.cx.value_error("incomplete format key"))
    }

    /// A number, or a star that stands for an argument. `limit` is the largest and `too_big` what is said
    /// of a larger one.
    fn amount(&mut self, limit: i64, too_big: &str, c_type: &str) -> PyResult<Option<i64>> {
        if self.peek()? == '*' {
            self.at += 1;
            let value = self.arguments.take(self.cx)?;
            let Some(view) = int::view(&value) else {
                return Err(self.cx.type_error("* wants int"));
            };
            return match view.to_i64() {
                Some(number) if (-limit - 1..=limit).contains(&number) => Ok(Some(number)),
                _ => Err(self
                    .cx
                    .overflow_error(format!("Python int too large to convert to C {c_type}"))),
            };
        }
        let mut number = None;
        while let Some(digit) = self
            .points
            .get(self.at)
            .and_then(|&point| char::from_u32(point)?.to_digit(10))
        {
            let longer = number
                .unwrap_or(0i64)
                .checked_mul(10)
                .and_then(|number| number.checked_add(i64::from(digit)));
            match longer {
                Some(longer) if longer <= limit => number = Some(longer),
                _ => return Err(self.cx.value_error(too_big)),
            }
            self.at += 1;
        }
        Ok(number)
    }

    /// The rest of a conversion behind the percent sign, and the value it is for.
    fn directive(&mut self) -> PyResult<(Directive, char, Value)> {
        let cx = self.cx;
        let mut directive = Directive::default();
        let mut keyed = None;
        if self.peek()? == '(' {
            let key = self.key_value()?;
            keyed = Some(sequence::get_item(cx, self.arguments.right, &key)?);
            self.arguments.by_key = true;
        }
        loop {
            match self.peek()? {
                '-' => directive.left = true,
                '+' => directive.plus = true,
                ' ' => directive.space = true,
                '#' => directive.alternate = true,
                '0' => directive.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        if keyed.is_some() && self.peek()? == '*' {
            return Err(cx.type_error("not enough arguments for format string"));
        }
        if let Some(width) = self.amount(isize::MAX as i64, "width too big", "ssize_t")? {
            directive.left |= width < 0;
            directive.width = width.unsigned_abs() as usize;
        }
        if self.peek()? == '.' {
            self.at += 1;
            if keyed.is_some() && self.peek()? == '*' {
                return Err(cx.type_error("not enough arguments for format string"));
            }
            let too_big = if self.kind == Kind::Text {
                "precision too big"
            } else {
                "prec too big"
            };
            let precision = self.amount(i64::from(i32::MAX), too_big, "int")?;
            directive.precision = Some(precision.unwrap_or(0).max(0) as usize);
        }
        if matches!(self.peek()?, 'h' | 'l' | 'L') {
            self.at += 1;
        }
        let code = self.peek()?;
        let value = match keyed {
            Some(value) => value,
            None => self.arguments.take(cx)?,
        };
        self.at += 1;
        Ok((directive, code, value))
    }

    fn key_value(&mut self) -> PyResult<Value> {
        if !self.arguments.is_mapping {
            return Err(self.cx.type_error("format requires a mapping"));
        }
        let range = self.key()?;
        let points = &self.points[range];
        match self.kind {
            Kind::Text => Str::from_code_points(self.cx, points).map(Ref::into_value),
            Kind::Bytes => Bytes::from_slice(self.cx, &narrow(points)).map(Ref::into_value),
        }
    }

    #[cold]
    fn unknown_code(&self) -> Raised {
        let at = self.at - 1;
        let code = self.points[at];
        if self.kind == Kind::Bytes && code >= 0x80 {
            return self
                .cx
                .overflow_error("character argument not in range(0x110000)");
        }
        let printable = |c: &char| (' '..='~').contains(c);
        let shown = char::from_u32(code)
            .filter(|c| self.kind == Kind::Bytes || printable(c))
            .unwrap_or('?');
        self.cx.value_error(format!(
            "unsupported format character '{shown}' (0x{code:x}) at index {at}"
        ))
    }

    fn convert(
        &self,
        directive: &Directive,
        code: char,
        value: &Value,
        out: &mut StrBuilder,
    ) -> PyResult<()> {
        let cx = self.cx;
        match code {
            's' | 'b' if self.kind == Kind::Bytes => {
                let bytes = bytes_of(cx, value)?;
                let shown = directive
                    .precision
                    .map_or(bytes.len(), |precision| precision.min(bytes.len()));
                pad(cx, directive, out, shown, |out| {
                    bytes[..shown]
                        .iter()
                        .for_each(|&byte| out.push(byte.into()))
                })
            }
            's' | 'r' | 'a' => {
                let text = match code {
                    's' => text::str(cx, value)?,
                    'r' if self.kind == Kind::Text => text::repr(cx, value)?,
                    _ => text::ascii(cx, value)?,
                };
                let shown = directive
                    .precision
                    .map_or(text.len(), |precision| precision.min(text.len()));
                pad(cx, directive, out, shown, |out| {
                    if shown == text.len() {
                        out.push_str(&text);
                    } else {
                        text.code_points()
                            .take(shown)
                            .for_each(|point| out.push(point));
                    }
                })
            }
            'c' => {
                let point = if self.kind == Kind::Text {
                    character(cx, value)?
                } else {
                    byte(cx, value)?
                };
                pad(cx, directive, out, 1, |out| out.push(point))
            }
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => integer(cx, directive, code, value, out),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => self.float(directive, code, value, out),
            _ => Err(self.unknown_code()),
        }
    }

    fn float(
        &self,
        directive: &Directive,
        code: char,
        value: &Value,
        out: &mut StrBuilder,
    ) -> PyResult<()> {
        let cx = self.cx;
        let number = match (float::as_f64(cx, value), self.kind) {
            (Err(_), Kind::Bytes) => {
                cx.clear_exception();
                return Err(cx.type_error(format!(
                    "float argument required, not {}",
                    value.type_name()
                )));
            }
            (number, _) => number?,
        };
        let style = FloatStyle {
            alternate: directive.alternate,
            uppercase: code.is_ascii_uppercase(),
            ..FloatStyle::default()
        };
        let text = float::float_text(
            number,
            code.to_ascii_lowercase(),
            directive.precision.unwrap_or(6),
            style,
        );
        let sign = sign(directive, text.negative);
        let joined = text.joined();
        let digits = joined.strip_prefix('-').unwrap_or(&joined);
        pad_number(cx, directive, out, sign, "", digits)
    }
}

fn narrow(points: &[u32]) -> Vec<u8> {
    points.iter().map(|&point| point as u8).collect()
}

/// `write` makes `length` code points, which are padded with spaces.
fn pad(
    cx: &Context,
    directive: &Directive,
    out: &mut StrBuilder,
    length: usize,
    write: impl FnOnce(&mut StrBuilder),
) -> PyResult<()> {
    let missing = missing(cx, directive, length)?;
    if !directive.left {
        fill(out, ' ', missing);
    }
    write(out);
    if directive.left {
        fill(out, ' ', missing);
    }
    Ok(())
}

fn missing(cx: &Context, directive: &Directive, length: usize) -> PyResult<usize> {
    let missing = directive.width.saturating_sub(length);
    if missing > u32::MAX as usize {
        return Err(cx.no_memory());
    }
    // Buffers that grow double.
    cx.room_for(missing * 2)?;
    Ok(missing)
}

fn fill(out: &mut StrBuilder, character: char, count: usize) {
    (0..count).for_each(|_| out.push(character.into()));
}

fn sign(directive: &Directive, negative: bool) -> &'static str {
    match (negative, directive.plus, directive.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

/// Zeros that pad go between prefix and digits.
fn pad_number(
    cx: &Context,
    directive: &Directive,
    out: &mut StrBuilder,
    sign: &str,
    prefix: &str,
    digits: &str,
) -> PyResult<()> {
    let missing = missing(cx, directive, sign.len() + prefix.len() + digits.len())?;
    let zeros = directive.zero && !directive.left;
    if !zeros && !directive.left {
        fill(out, ' ', missing);
    }
    out.push_text(sign);
    out.push_text(prefix);
    if zeros {
        fill(out, '0', missing);
    }
    out.push_text(digits);
    if directive.left {
        fill(out, ' ', missing);
    }
    Ok(())
}

fn integer(
    cx: &Context,
    directive: &Directive,
    code: char,
    value: &Value,
    out: &mut StrBuilder,
) -> PyResult<()> {
    let decimal = matches!(code, 'd' | 'i' | 'u');
    let wrong = || {
        let wanted = if decimal {
            "a real number"
        } else {
            "an integer"
        };
        cx.type_error(format!(
            "%{code} format: {wanted} is required, not {}",
            value.type_name()
        ))
    };
    let slots = &value.class().slots;
    let converted = if int::is_int(value) {
        value.clone()
    } else if slots.index.get().is_none() && (!decimal || slots.int.get().is_none()) {
        return Err(wrong());
    } else {
        let converted = if decimal {
            int::from_number(cx, value)
        } else {
            number::index(cx, value)
        };
        match converted {
            Ok(converted) => converted,
            Err(_) => {
                cx.catch(exceptions::type_error())?;
                return Err(wrong());
            }
        }
    };
    let Some(view) = int::view(&converted) else {
        return Err(wrong());
    };
    let (radix, prefix) = match code {
        'o' => (8, "0o"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let (negative, mut digits) = int::radix_text(cx, view, radix)?;
    if code == 'X' {
        digits.make_ascii_uppercase();
    }
    if let Some(precision) = directive.precision
        && digits.len() < precision
    {
        cx.room_for(precision.saturating_mul(4))?;
        digits.insert_str(0, &"0".repeat(precision - digits.len()));
    }
    let prefix = if directive.alternate { prefix } else { "" };
    pad_number(
        cx,
        directive,
        out,
        sign(directive, negative),
        prefix,
        &digits,
    )
}

/// The code point of `%c` in strings.
fn character(cx: &Context, value: &Value) -> PyResult<u32> {
    const WANTED: &str = "%c requires an int or a unicode character, not ";
    if let Some(text) = value.downcast::<Str>() {
        return match text.len() {
            1 => Ok(text.code_point(0)),
            length => Err(cx.type_error(format!("{WANTED}a string of length {length}"))),
        };
    }
    if !int::is_int(value) && value.class().slots.index.get().is_none() {
        return Err(cx.type_error(format!("{WANTED}{}", value.class().qualified_name(cx))));
    }
    let number = int::index_as_i128(cx, value)?;
    u32::try_from(number)
        .ok()
        .filter(|&point| point < 0x11_0000)
        .ok_or_else(|| cx.overflow_error("%c arg not in range(0x110000)"))
}

/// The byte of `%c` in bytes.
fn byte(cx: &Context, value: &Value) -> PyResult<u32> {
    const WANTED: &str = "%c requires an integer in range(256) or a single byte, not ";
    let bytes = match (value.downcast::<Bytes>(), value.downcast::<ByteArray>()) {
        (Some(bytes), _) => Some((bytes.as_slice().to_vec(), "bytes")),
        (_, Some(array)) => Some((array.to_vec(), "bytearray")),
        _ => None,
    };
    if let Some((bytes, name)) = bytes {
        return match &bytes[..] {
            [only] => Ok((*only).into()),
            _ => Err(cx.type_error(format!("{WANTED}a {name} object of length {}", bytes.len()))),
        };
    }
    if !int::is_int(value) && value.class().slots.index.get().is_none() {
        return Err(cx.type_error(format!("{WANTED}{}", value.class().qualified_name(cx))));
    }
    let number = int::index_as_i128(cx, value)?;
    u8::try_from(number)
        .map(u32::from)
        .map_err(|_| cx.overflow_error("%c arg not in range(256)"))
}

/// The bytes of `%b`: a buffer's, or what `__bytes__` returns.
fn bytes_of(cx: &Context, value: &Value) -> PyResult<Vec<u8>> {
    if let Some(bytes) = value.downcast_exact::<Bytes>() {
        return Ok(bytes.as_slice().to_vec());
    }
    if value.class().slots.buffer.get().is_some() {
        return Ok(crate::protocols::buffer::get_buffer(cx, value)?.to_vec());
    }
    match crate::objects::bytes::from_dunder_bytes(cx, value)? {
        Some(bytes) => Ok(bytes.as_slice().to_vec()),
        None => Err(cx.type_error(format!(
            "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
            value.type_name()
        ))),
    }
}

fn format(cx: &Context, points: &[u32], right: &Value, kind: Kind) -> PyResult<StrBuilder> {
    let mut out = StrBuilder::new();
    let arguments = Arguments::new(right, kind);
    let mut reader = Reader {
        cx,
        kind,
        points,
        at: 0,
        arguments,
    };
    while let Some(&point) = points.get(reader.at) {
        reader.at += 1;
        if point != u32::from('%') {
            out.push(point);
        } else if reader.peek()? == '%' {
            out.push(point);
            reader.at += 1;
        } else {
            let (directive, code, value) = reader.directive()?;
            reader.convert(&directive, code, &value, &mut out)?;
        }
    }
    let arguments = reader.arguments;
    if arguments.next < arguments.values.len() && !arguments.by_key && !arguments.is_mapping {
        let kind = if kind == Kind::Text {
            "string"
        } else {
            "bytes"
        };
        return Err(cx.type_error(format!(
            "not all arguments converted during {kind} formatting"
        )));
    }
    Ok(out)
}

/// `format % right` for strings.
///
/// # Errors
/// ValueError for a malformed format, TypeError for arguments that do not fit, and what converting them raises.
pub fn format_str(cx: &Context, template: &Ref<Str>, right: &Value) -> PyResult<Ref<Str>> {
    let points: Vec<u32> = template.code_points().collect();
    format(cx, &points, right, Kind::Text)?.finish(cx)
}

/// `format % right` for bytes.
///
/// # Errors
/// As [`format_str`].
pub fn format_bytes(cx: &Context, template: &[u8], right: &Value) -> PyResult<Vec<u8>> {
    let points: Vec<u32> = template.iter().map(|&byte| byte.into()).collect();
    let text = format(cx, &points, right, Kind::Bytes)?.finish(cx)?;
    Ok(text.bytes().to_vec())
}
