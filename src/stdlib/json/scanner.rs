//! `make_scanner`: text to objects.

use rustc_hash::FxHashMap;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str, Units};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::{malformed, string, strings};
use crate::arguments::{as_size, bind, given, signature};

/// The payload of a scanner. Immutable.
#[pyclass(
    name = "Scanner",
    module = "_json",
    flags(BASETYPE),
    doc = "JSON scanner object"
)]
pub struct Scanner {
    strict: bool,
    object_hook: Value,
    object_pairs_hook: Value,
    parse_float: Value,
    parse_int: Value,
    parse_constant: Value,
}

impl Traverse for Scanner {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.object_hook);
        visit(&self.object_pairs_hook);
        visit(&self.parse_float);
        visit(&self.parse_int);
        visit(&self.parse_constant);
    }
}

/// One pass over a text whose code points are of type `U`.
struct Pass<'a, U> {
    cx: &'a Context,
    scanner: &'a Scanner,
    text: &'a Ref<Str>,
    units: &'a [U],
    /// Keys of objects that were seen, by how they are written: equal keys become one string.
    keys: FxHashMap<&'a [U], Ref<Str>>,
    /// Whether numbers are read by `int` and `float` themselves.
    plain_int: bool,
    plain_float: bool,
}

impl<'a, U: Copy + Into<u32> + Eq + std::hash::Hash> Pass<'a, U> {
    #[inline]
    fn at(&self, at: usize) -> Option<u32> {
        self.units.get(at).map(|&unit| unit.into())
    }

    #[inline]
    fn is(&self, at: usize, character: u8) -> bool {
        self.at(at) == Some(character.into())
    }

    fn is_digit(&self, at: usize) -> bool {
        self.at(at)
            .is_some_and(|point| (0x30..0x3a).contains(&point))
    }

    fn starts_with(&self, at: usize, word: &[u8]) -> bool {
        word.iter()
            .enumerate()
            .all(|(offset, &character)| self.is(at + offset, character))
    }

    #[inline]
    fn skip_spaces(&self, mut at: usize) -> usize {
        while matches!(self.at(at), Some(0x20 | 0x09 | 0x0a | 0x0d)) {
            at += 1;
        }
        at
    }

    #[cold]
    fn malformed(&self, message: &str, at: usize) -> Raised {
        malformed(self.cx, message, self.text, at as isize)
    }

    /// There is no value here.
    #[cold]
    fn stop(&self, at: usize) -> Raised {
        match at.into_value(self.cx) {
            Ok(at) => self.cx.stop_iteration(at),
            Err(raised) => raised,
        }
    }

    /// The value that begins at `at`, and where it ends.
    fn value(&mut self, at: usize) -> PyResult<(Value, usize)> {
        let cx = self.cx;
        match self.at(at) {
            Some(0x22) => {
                let (string, end) = strings::scan(cx, self.text, at + 1, self.scanner.strict)?;
                return Ok((string.into_value(), end));
            }
            Some(0x7b) => {
                return cx.nested(
                    " while decoding a JSON object from a unicode string",
                    || self.object(at + 1),
                );
            }
            Some(0x5b) => {
                return cx.nested(" while decoding a JSON array from a unicode string", || {
                    self.array(at + 1)
                });
            }
            Some(0x6e) if self.starts_with(at, b"null") => return Ok((Value::NONE, at + 4)),
            Some(0x74) if self.starts_with(at, b"true") => return Ok((Value::TRUE, at + 4)),
            Some(0x66) if self.starts_with(at, b"false") => return Ok((Value::FALSE, at + 5)),
            Some(0x4e) if self.starts_with(at, b"NaN") => return self.constant("NaN", at),
            Some(0x49) if self.starts_with(at, b"Infinity") => {
                return self.constant("Infinity", at);
            }
            Some(0x2d) if self.starts_with(at, b"-Infinity") => {
                return self.constant("-Infinity", at);
            }
            _ => {}
        }
        self.number(at)
    }

    fn constant(&self, name: &str, at: usize) -> PyResult<(Value, usize)> {
        let argument = name.into_value(self.cx)?;
        let value = call::call(self.cx, &self.scanner.parse_constant, &[argument])?;
        Ok((value, at + name.len()))
    }

    fn number(&self, start: usize) -> PyResult<(Value, usize)> {
        let cx = self.cx;
        let first = start + usize::from(self.is(start, b'-'));
        if !self.is_digit(first) {
            return Err(self.stop(start));
        }
        let digits_end = |mut at: usize| {
            while self.is_digit(at) {
                at += 1;
            }
            at
        };
        let mut end = if self.is(first, b'0') {
            first + 1
        } else {
            digits_end(first)
        };
        let mut is_float = false;
        if self.is(end, b'.') && self.is_digit(end + 1) {
            is_float = true;
            end = digits_end(end + 1);
        }
        if self.is(end, b'e') || self.is(end, b'E') {
            let sign = self.is(end + 1, b'-') || self.is(end + 1, b'+');
            let exponent = end + 1 + usize::from(sign);
            if self.is_digit(exponent) {
                is_float = true;
                end = digits_end(exponent);
            }
        }
        let characters = &self.units[start..end];
        /// Digits that surely fit.
        const SHORT: usize = 18;
        if !is_float && self.plain_int && characters.len() <= SHORT {
            let magnitude = self.units[first..end].iter().fold(0i64, |number, &unit| {
                number * 10 + i64::from(unit.into() - 0x30)
            });
            let number = if first > start { -magnitude } else { magnitude };
            return Ok((int::from_i64(cx, number)?, end));
        }
        let text: String = characters
            .iter()
            .filter_map(|&unit| char::from_u32(unit.into()))
            .collect();
        if is_float && self.plain_float {
            let number: f64 = text.parse().unwrap_or(f64::NAN);
            return Ok((float::from_f64(cx, number)?, end));
        }
        let parse = if is_float {
            &self.scanner.parse_float
        } else {
            &self.scanner.parse_int
        };
        Ok((call::call(cx, parse, &[text.into_value(cx)?])?, end))
    }

    /// The key whose literal has its first character at `start`.
    fn key(&mut self, start: usize) -> PyResult<(Ref<Str>, usize)> {
        let units = self.units;
        let rest = &units[start..];
        let special = rest.iter().position(|&unit| {
            let point: u32 = unit.into();
            point == 0x22 || point == 0x5c || point < 0x20
        });
        match special {
            Some(length) if rest[length].into() == 0x22 => {
                let written = &rest[..length];
                let end = start + length + 1;
                if let Some(known) = self.keys.get(written) {
                    return Ok((known.clone(), end));
                }
                let key = self.text.substring(self.cx, start, start + length)?;
                self.keys.insert(written, key.clone());
                Ok((key, end))
            }
            _ => strings::scan(self.cx, self.text, start, self.scanner.strict),
        }
    }

    /// The members of an object one by one, behind its opening brace. Returns where the object ends.
    fn members(
        &mut self,
        start: usize,
        mut member: impl FnMut(Ref<Str>, Value) -> PyResult<()>,
    ) -> PyResult<usize> {
        const NO_NAME: &str = "Expecting property name enclosed in double quotes";
        let mut at = self.skip_spaces(start);
        if self.is(at, b'}') {
            return Ok(at + 1);
        }
        loop {
            if !self.is(at, b'"') {
                return Err(self.malformed(NO_NAME, at));
            }
            let (key, end) = self.key(at + 1)?;
            at = self.skip_spaces(end);
            if !self.is(at, b':') {
                return Err(self.malformed("Expecting ':' delimiter", at));
            }
            at = self.skip_spaces(at + 1);
            let (value, end) = self.value(at)?;
            member(key, value)?;
            at = self.skip_spaces(end);
            if self.is(at, b'}') {
                return Ok(at + 1);
            }
            if !self.is(at, b',') {
                return Err(self.malformed("Expecting ',' delimiter", at));
            }
            let comma = at;
            at = self.skip_spaces(at + 1);
            if self.is(at, b'}') {
                return Err(self.malformed("Illegal trailing comma before end of object", comma));
            }
        }
    }

    fn object(&mut self, start: usize) -> PyResult<(Value, usize)> {
        let cx = self.cx;
        let scanner = self.scanner;
        if !scanner.object_pairs_hook.is_none() {
            let pairs = List::new(cx)?;
            let end = self.members(start, |key, value| {
                let pair = Tuple::from_values(cx, &[key.into_value(), value])?;
                pairs.push(cx, pair.into_value())
            })?;
            let made = call::call(cx, &scanner.object_pairs_hook, &[pairs.into_value()])?;
            return Ok((made, end));
        }
        let dict = Dict::new(cx)?;
        let end = self.members(start, |key, value| dict.set_item(cx, key.as_value(), value))?;
        let dict = dict.into_value();
        if scanner.object_hook.is_none() {
            return Ok((dict, end));
        }
        Ok((call::call(cx, &scanner.object_hook, &[dict])?, end))
    }

    fn array(&mut self, start: usize) -> PyResult<(Value, usize)> {
        let cx = self.cx;
        let mut at = self.skip_spaces(start);
        let mut values = Vec::new();
        if self.is(at, b']') {
            at += 1;
        } else {
            loop {
                let (value, end) = self.value(at)?;
                values.push(value);
                at = self.skip_spaces(end);
                if self.is(at, b']') {
                    at += 1;
                    break;
                }
                if !self.is(at, b',') {
                    return Err(self.malformed("Expecting ',' delimiter", at));
                }
                let comma = at;
                at = self.skip_spaces(at + 1);
                if self.is(at, b']') {
                    let message = "Illegal trailing comma before end of array";
                    return Err(self.malformed(message, comma));
                }
            }
        }
        Ok((List::from_values(cx, values)?.into_value(), at))
    }
}

impl Scanner {
    fn scan<U: Copy + Into<u32> + Eq + std::hash::Hash>(
        &self,
        cx: &Context,
        text: &Ref<Str>,
        units: &[U],
        at: usize,
    ) -> PyResult<(Value, usize)> {
        let is_class = |value: &Value, class: &Value| value.bits() == class.bits();
        Pass {
            cx,
            scanner: self,
            text,
            units,
            keys: FxHashMap::default(),
            plain_int: is_class(&self.parse_int, int::BigInteger::class().as_value()),
            plain_float: is_class(&self.parse_float, float::Float::class().as_value()),
        }
        .value(at)
    }
}

#[pymethods]
impl Scanner {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [context] = bind(cx, signature!("make_scanner", 0, [context], []), args)?;
        let setting = |name| attribute::get(cx, given(context), Name::intern(cx, name)?);
        let scanner = Scanner {
            strict: setting("strict")?.truth(cx)?,
            object_hook: setting("object_hook")?,
            object_pairs_hook: setting("object_pairs_hook")?,
            parse_float: setting("parse_float")?,
            parse_int: setting("parse_int")?,
            parse_constant: setting("parse_constant")?,
        };
        object::new_of_class(cx, class, scanner).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Scanner>, args: Args<'_>) -> PyResult<Value> {
        let [text, start] = bind(cx, signature!("scan_once", 0, [string, idx], []), args)?;
        let start = as_size(cx, given(start))?;
        let text = string(cx, given(text))?;
        let Ok(at) = usize::try_from(start) else {
            return Err(cx.value_error("idx cannot be negative"));
        };
        let (value, end) = match text.units() {
            Units::One(units) => this.scan(cx, text, units, at)?,
            Units::Two(units) => this.scan(cx, text, units, at)?,
            Units::Four(units) => this.scan(cx, text, units, at)?,
        };
        Tuple::from_values(cx, &[value, end.into_value(cx)?]).map(Ref::into_value)
    }

    /// strict
    #[getter]
    fn strict(_cx: &Context, this: &Ref<Scanner>) -> PyResult<bool> {
        Ok(this.strict)
    }

    /// object_hook
    #[getter]
    fn object_hook(_cx: &Context, this: &Ref<Scanner>) -> PyResult<Value> {
        Ok(this.object_hook.clone())
    }

    #[getter]
    fn object_pairs_hook(_cx: &Context, this: &Ref<Scanner>) -> PyResult<Value> {
        Ok(this.object_pairs_hook.clone())
    }

    /// parse_float
    #[getter]
    fn parse_float(_cx: &Context, this: &Ref<Scanner>) -> PyResult<Value> {
        Ok(this.parse_float.clone())
    }

    /// parse_int
    #[getter]
    fn parse_int(_cx: &Context, this: &Ref<Scanner>) -> PyResult<Value> {
        Ok(this.parse_int.clone())
    }

    /// parse_constant
    #[getter]
    fn parse_constant(_cx: &Context, this: &Ref<Scanner>) -> PyResult<Value> {
        Ok(this.parse_constant.clone())
    }
}
