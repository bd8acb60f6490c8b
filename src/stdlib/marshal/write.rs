//! Writing.

use std::collections::HashMap;

use num_bigint::{BigInt, Sign};
use typhon_compiler::marshal;
use typhon_runtime::codec;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::complex::Complex;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::set::{FrozenSet, Set};
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{complex, exceptions, float, int};
use typhon_runtime::{Context, PyResult, Raised, Value};

use super::{MAX_DEPTH, NUMBERED, kind};
use crate::bytes_like::BytesLike;

/// The bytes of `value`.
///
/// # Errors
/// ValueError when it, or something in it, cannot be written.
pub fn to_bytes(cx: &Context, value: &Value, version: i32, allow_code: bool) -> PyResult<Vec<u8>> {
    let mut writer = Writer {
        cx,
        version,
        allow_code,
        bytes: Vec::new(),
        numbers: HashMap::new(),
        slices: Vec::new(),
        depth: 0,
    };
    writer.object(value)?;
    Ok(writer.bytes)
}

struct Writer<'a> {
    cx: &'a Context,
    version: i32,
    allow_code: bool,
    bytes: Vec<u8>,
    /// Numbers of objects that may come again.
    numbers: HashMap<u64, u32>,
    /// Slices whose parts are being written.
    slices: Vec<u64>,
    depth: u32,
}

impl Writer<'_> {
    fn unmarshallable(&self) -> Raised {
        self.cx.value_error("unmarshallable object")
    }

    fn length(&mut self, length: usize) -> PyResult<()> {
        let Ok(short) = i32::try_from(length) else {
            return Err(self.unmarshallable());
        };
        self.bytes.extend(short.to_le_bytes());
        Ok(())
    }

    fn blob(&mut self, kind: u8, bytes: &[u8]) -> PyResult<()> {
        self.bytes.push(kind);
        self.length(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn object(&mut self, value: &Value) -> PyResult<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.cx.value_error("object too deeply nested to marshal"));
        }
        if let Some(byte) = singleton(value) {
            self.bytes.push(byte);
            return Ok(());
        }
        if let Some(number) = value.as_small_int() {
            match i32::try_from(number) {
                Ok(short) => {
                    self.bytes.push(kind::INT);
                    self.bytes.extend(short.to_le_bytes());
                    return Ok(());
                }
                Err(_) => return self.long(0, &BigInt::from(number)),
            }
        }
        let mut mark = 0;
        // An object with one reference cannot come again.
        if self.version >= 3 && value.header().is_some_and(|header| !header.is_unique()) {
            if let Some(&number) = self.numbers.get(&value.bits()) {
                if self.slices.contains(&value.bits()) {
                    // Nobody could make it of itself.
                    return Err(self.unmarshallable());
                }
                self.bytes.push(kind::REFERENCE);
                self.bytes.extend(number.to_le_bytes());
                return Ok(());
            }
            let number = self.numbers.len() as u32;
            self.numbers.insert(value.bits(), number);
            mark = NUMBERED;
        }
        self.depth += 1;
        let written = self.cx.nested("", || self.content(value, mark));
        self.depth -= 1;
        written
    }

    fn content(&mut self, value: &Value, mark: u8) -> PyResult<()> {
        if let Some(number) = float::exact(value).filter(|_| float::is_exact(value)) {
            self.bytes.push(kind::FLOAT | mark);
            self.bytes.extend(number.to_bits().to_le_bytes());
            return Ok(());
        }
        if int::is_exact(value) {
            let number = int::as_bigint(value).expect("invariant: it is an int");
            return self.long(mark, &number);
        }
        if let Some(text) = value.downcast_exact::<Str>() {
            return self.text(mark, text);
        }
        if let Some(bytes) = value.downcast_exact::<Bytes>() {
            return self.blob(kind::BYTES | mark, bytes.as_slice());
        }
        if let Some(tuple) = value.downcast_exact::<Tuple>() {
            return self.tuple(mark, tuple);
        }
        if let Some(list) = value.downcast_exact::<List>() {
            return self.sequence(kind::LIST | mark, &list.to_vec());
        }
        if let Some(dict) = value.downcast_exact::<Dict>() {
            self.bytes.push(kind::DICT | mark);
            for (key, value) in dict.items_snapshot(self.cx)? {
                self.object(&key)?;
                self.object(&value)?;
            }
            self.bytes.push(kind::NULL);
            return Ok(());
        }
        if let Some(set) = value.downcast_exact::<Set>() {
            return self.set(kind::SET | mark, set.to_vec());
        }
        if let Some(set) = value.downcast_exact::<FrozenSet>() {
            return self.set(kind::FROZEN_SET | mark, set.any().to_vec());
        }
        if let Some(code) = value.downcast_exact::<Code>() {
            if !self.allow_code {
                return Err(self
                    .cx
                    .value_error("marshalling code objects is disallowed"));
            }
            let compiled = code.to_compiled(self.cx)?;
            return self.blob(kind::CODE | mark, &marshal::write(&compiled));
        }
        if let Some(number) = complex::exact(value).filter(|_| value.is_exact::<Complex>()) {
            self.bytes.push(kind::COMPLEX | mark);
            self.bytes.extend(number.real.to_bits().to_le_bytes());
            self.bytes.extend(number.imaginary.to_bits().to_le_bytes());
            return Ok(());
        }
        if let Some(slice) = value
            .downcast_exact::<Slice>()
            .filter(|_| self.version >= 5)
        {
            self.bytes.push(kind::SLICE | mark);
            self.slices.push(value.bits());
            let written = [&slice.start, &slice.stop, &slice.step]
                .into_iter()
                .try_for_each(|part| self.object(part));
            self.slices.pop();
            return written;
        }
        if value.is(exceptions::stop_iteration().as_value()) {
            self.bytes.push(kind::STOP_ITERATION);
            return Ok(());
        }
        if value.downcast::<ByteArray>().is_some() || value.class().slots.buffer.get().is_some() {
            let bytes = BytesLike::of(self.cx, value)?;
            return self.blob(kind::BYTES | mark, bytes.bytes());
        }
        Err(self.unmarshallable())
    }

    /// An int in digits of 15 bits, least significant first; the count carries the sign.
    fn long(&mut self, mark: u8, number: &BigInt) -> PyResult<()> {
        let mut digits = Vec::new();
        let mut pending = 0u64;
        let mut bits = 0;
        for word in number.iter_u32_digits() {
            pending |= u64::from(word) << bits;
            bits += 32;
            while bits >= 15 {
                digits.push((pending & 0x7FFF) as u16);
                pending >>= 15;
                bits -= 15;
            }
        }
        digits.push(pending as u16);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let count = i32::try_from(digits.len()).map_err(|_| self.unmarshallable())?;
        self.bytes.push(kind::LONG | mark);
        let signed = if number.sign() == Sign::Minus {
            -count
        } else {
            count
        };
        self.bytes.extend(signed.to_le_bytes());
        for digit in digits {
            self.bytes.extend(digit.to_le_bytes());
        }
        Ok(())
    }

    fn text(&mut self, mark: u8, text: &Ref<Str>) -> PyResult<()> {
        if self.version >= 4
            && let Some(ascii) = text.as_ascii()
        {
            let interned = text.is_interned();
            if ascii.len() < 256 {
                self.bytes.push(
                    if interned {
                        kind::SHORT_ASCII_INTERNED
                    } else {
                        kind::SHORT_ASCII
                    } | mark,
                );
                self.bytes.push(ascii.len() as u8);
                self.bytes.extend_from_slice(ascii.as_bytes());
                return Ok(());
            }
            return self.blob(
                if interned {
                    kind::ASCII_INTERNED
                } else {
                    kind::ASCII
                } | mark,
                ascii.as_bytes(),
            );
        }
        let utf8 = codec::encode(self.cx, text, "utf-8", "surrogatepass")?;
        let kind = if self.version >= 3 && text.is_interned() {
            kind::INTERNED
        } else {
            kind::TEXT
        };
        self.blob(kind | mark, &utf8)
    }

    fn tuple(&mut self, mark: u8, tuple: &Ref<Tuple>) -> PyResult<()> {
        if self.version >= 4 && tuple.len() < 256 {
            self.bytes.push(kind::SMALL_TUPLE | mark);
            self.bytes.push(tuple.len() as u8);
            return tuple
                .as_slice()
                .iter()
                .try_for_each(|item| self.object(item));
        }
        self.sequence(kind::TUPLE | mark, tuple.as_slice())
    }

    fn sequence(&mut self, kind: u8, items: &[Value]) -> PyResult<()> {
        self.bytes.push(kind);
        self.length(items.len())?;
        items.iter().try_for_each(|item| self.object(item))
    }

    /// Items of sets are written in an order that does not depend on hashes.
    fn set(&mut self, kind: u8, items: Vec<Value>) -> PyResult<()> {
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            keyed.push((
                to_bytes(self.cx, &item, self.version, self.allow_code)?,
                item,
            ));
        }
        keyed.sort_by(|left, right| left.0.cmp(&right.0));
        let items: Vec<Value> = keyed.into_iter().map(|(_, item)| item).collect();
        self.sequence(kind, &items)
    }
}

fn singleton(value: &Value) -> Option<u8> {
    if value.is_none() {
        Some(kind::NONE)
    } else if value.is_true() {
        Some(kind::TRUE)
    } else if value.is_false() {
        Some(kind::FALSE)
    } else if value.is_ellipsis() {
        Some(kind::ELLIPSIS)
    } else {
        None
    }
}
