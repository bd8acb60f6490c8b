//! Reading.

use num_bigint::{BigInt, Sign};
use typhon_compiler::marshal;
use typhon_runtime::codec;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::set::{FrozenSet, Set};
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{complex, exceptions, float, int};
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Value};

use super::{MAX_DEPTH, NUMBERED, kind};
use crate::bytes_like::BytesLike;

/// Where bytes come from.
pub trait Source {
    /// The next `count` bytes.
    ///
    /// # Errors
    /// EOFError when there are fewer, and what reading raises.
    fn take(&mut self, cx: &Context, count: usize) -> PyResult<Vec<u8>>;
}

/// Bytes in memory, what is left of them.
pub struct Memory<'a>(pub &'a [u8]);

/// A binary file.
pub struct File<'a> {
    pub cx: &'a Context,
    pub file: &'a Value,
}

fn too_short(cx: &Context) -> Raised {
    cx.eof_error("marshal data too short")
}

impl Source for Memory<'_> {
    fn take(&mut self, cx: &Context, count: usize) -> PyResult<Vec<u8>> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| too_short(cx))?;
        self.0 = rest;
        Ok(taken.to_vec())
    }
}

impl Source for File<'_> {
    fn take(&mut self, cx: &Context, count: usize) -> PyResult<Vec<u8>> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let wanted = int::from_i64(cx, (count - taken.len()) as i64)?;
            let read = call::call_method(self.cx, self.file, names::read(), &[wanted])?;
            if read.downcast::<Bytes>().is_none() && read.class().slots.buffer.get().is_none() {
                return Err(cx.type_error(format!(
                    "file.read() returned not bytes but {}",
                    read.type_name()
                )));
            }
            let read = BytesLike::of(cx, &read)?;
            if read.is_empty() {
                return Err(too_short(cx));
            }
            if read.len() > count - taken.len() {
                return Err(cx.value_error(format!(
                    "read() returned too much data: {} bytes requested, {} returned",
                    count - taken.len(),
                    read.len()
                )));
            }
            taken.extend_from_slice(read.bytes());
        }
        Ok(taken)
    }
}

/// The next object.
///
/// # Errors
/// EOFError, ValueError and TypeError when the bytes are no object.
pub fn object(cx: &Context, source: &mut dyn Source, allow_code: bool) -> PyResult<Value> {
    let mut reader = Reader {
        cx,
        source,
        allow_code,
        numbered: Vec::new(),
        depth: 0,
    };
    match reader.object()? {
        Some(value) => Ok(value),
        None => Err(cx.type_error("NULL object in marshal data for object")),
    }
}

struct Reader<'a> {
    cx: &'a Context,
    source: &'a mut dyn Source,
    allow_code: bool,
    /// Objects by number; `None` while they are being read.
    numbered: Vec<Option<Value>>,
    depth: u32,
}

impl Reader<'_> {
    fn bad(&self, what: &str) -> Raised {
        self.cx.value_error(format!("bad marshal data ({what})"))
    }

    fn take(&mut self, count: usize) -> PyResult<Vec<u8>> {
        self.source.take(self.cx, count)
    }

    fn array<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        let taken = self.take(N)?;
        Ok(taken
            .try_into()
            .expect("invariant: as many bytes as were asked for"))
    }

    fn byte(&mut self) -> PyResult<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn number(&mut self) -> PyResult<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn length(&mut self, what: &str) -> PyResult<usize> {
        let length = self.number()?;
        usize::try_from(length).map_err(|_| self.bad(&format!("{what} size out of range")))
    }

    fn blob(&mut self, what: &str) -> PyResult<Vec<u8>> {
        let length = self.length(what)?;
        self.take(length)
    }

    /// Reserves the number of an object that refers to others, when it has one.
    fn reserve(&mut self, marked: bool) -> Option<usize> {
        marked.then(|| {
            self.numbered.push(None);
            self.numbered.len() - 1
        })
    }

    fn settle(&mut self, number: Option<usize>, value: &Value) {
        if let Some(number) = number {
            self.numbered[number] = Some(value.clone());
        }
    }

    /// The next object; `None` for the mark that ends a dict.
    fn object(&mut self) -> PyResult<Option<Value>> {
        if self.depth > MAX_DEPTH {
            return Err(self.cx.value_error("recursion limit exceeded"));
        }
        self.depth += 1;
        let cx = self.cx;
        let read = cx.nested("", || self.object_here());
        self.depth -= 1;
        read
    }

    fn some(&mut self, container: &str) -> PyResult<Value> {
        match self.object()? {
            Some(value) => Ok(value),
            None => Err(self
                .cx
                .type_error(format!("NULL object in marshal data for {container}"))),
        }
    }

    fn object_here(&mut self) -> PyResult<Option<Value>> {
        let cx = self.cx;
        let first = self.source.take(cx, 1);
        let first = match first {
            Ok(byte) => byte[0],
            Err(raised) => {
                if cx.exception_matches(exceptions::eof_error()) {
                    cx.clear_exception();
                    return Err(cx.eof_error("EOF read where object expected"));
                }
                return Err(raised);
            }
        };
        let marked = first & NUMBERED != 0;
        let code = first & !NUMBERED;
        let value = match code {
            kind::NULL => return Ok(None),
            kind::NONE => return Ok(Some(Value::NONE)),
            kind::TRUE => return Ok(Some(Value::TRUE)),
            kind::FALSE => return Ok(Some(Value::FALSE)),
            kind::ELLIPSIS => return Ok(Some(Value::ELLIPSIS)),
            kind::STOP_ITERATION => return Ok(Some(exceptions::stop_iteration().to_value())),
            kind::REFERENCE => {
                let number = self.number()?;
                let found = usize::try_from(number)
                    .ok()
                    .and_then(|number| self.numbered.get(number).cloned());
                return match found {
                    Some(Some(value)) => Ok(Some(value)),
                    _ => Err(self.bad("invalid reference")),
                };
            }
            kind::TUPLE
            | kind::SMALL_TUPLE
            | kind::LIST
            | kind::DICT
            | kind::SET
            | kind::FROZEN_SET
            | kind::SLICE => {
                return self.container(code, marked).map(Some);
            }
            kind::INT => int::from_i64(cx, self.number()?.into())?,
            kind::INT64 => int::from_i64(cx, i64::from_le_bytes(self.array()?))?,
            kind::LONG => self.long()?,
            kind::FLOAT => float::from_f64(cx, f64::from_le_bytes(self.array()?))?,
            kind::FLOAT_TEXT => float::from_f64(cx, self.float_text()?)?,
            kind::COMPLEX => {
                let (real, imaginary) = (self.array()?, self.array()?);
                complex::from_parts(cx, f64::from_le_bytes(real), f64::from_le_bytes(imaginary))?
            }
            kind::COMPLEX_TEXT => {
                let (real, imaginary) = (self.float_text()?, self.float_text()?);
                complex::from_parts(cx, real, imaginary)?
            }
            kind::BYTES => Bytes::from_slice(cx, &self.blob("bytes object")?)?.into_value(),
            kind::TEXT | kind::INTERNED => {
                let bytes = self.blob("string")?;
                let text = codec::decode(cx, &bytes, "utf-8", "surrogatepass")?;
                if code == kind::INTERNED {
                    Name::from_string(&text).to_value()
                } else {
                    text.into_value()
                }
            }
            kind::ASCII | kind::ASCII_INTERNED => {
                let bytes = self.blob("string")?;
                self.ascii(&bytes, code == kind::ASCII_INTERNED)?
            }
            kind::SHORT_ASCII | kind::SHORT_ASCII_INTERNED => {
                let length = self.byte()?;
                let bytes = self.take(length.into())?;
                self.ascii(&bytes, code == kind::SHORT_ASCII_INTERNED)?
            }
            kind::CODE => self.code()?,
            _ => return Err(self.bad("unknown type code")),
        };
        if marked {
            self.numbered.push(Some(value.clone()));
        }
        Ok(Some(value))
    }

    fn ascii(&mut self, bytes: &[u8], interned: bool) -> PyResult<Value> {
        let text = Str::from_latin1(self.cx, bytes)?;
        Ok(if interned {
            Name::from_string(&text).to_value()
        } else {
            text.into_value()
        })
    }

    fn float_text(&mut self) -> PyResult<f64> {
        let length = self.byte()?;
        let text = self.take(length.into())?;
        let number = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.cx.value_error("could not convert string to float"))
    }

    fn long(&mut self) -> PyResult<Value> {
        let signed = self.number()?;
        let count = signed.unsigned_abs() as usize;
        let bytes = self.take(count * 2)?;
        let mut number = BigInt::ZERO;
        let mut last = 0;
        let mut words: Vec<u32> = Vec::with_capacity(count / 2 + 1);
        let (mut pending, mut bits) = (0u64, 0);
        for digit in bytes.chunks_exact(2) {
            last = u16::from_le_bytes([digit[0], digit[1]]);
            if last > 0x7FFF {
                return Err(self.bad("digit out of range in long"));
            }
            pending |= u64::from(last) << bits;
            bits += 15;
            if bits >= 32 {
                words.push(pending as u32);
                pending >>= 32;
                bits -= 32;
            }
        }
        if count > 0 && last == 0 {
            return Err(self.bad("unnormalized long data"));
        }
        words.push(pending as u32);
        number.assign_from_slice(if signed < 0 { Sign::Minus } else { Sign::Plus }, &words);
        int::from_bigint(self.cx, number)
    }

    fn code(&mut self) -> PyResult<Value> {
        if !self.allow_code {
            return Err(self
                .cx
                .value_error("unmarshalling code objects is disallowed"));
        }
        let bytes = self.blob("code object")?;
        match marshal::read(&bytes, None) {
            Ok(code) => Code::from_compiled(self.cx, code).map(Ref::into_value),
            Err(error) => Err(self.bad(&error.to_string())),
        }
    }

    fn container(&mut self, code: u8, marked: bool) -> PyResult<Value> {
        let cx = self.cx;
        match code {
            kind::LIST => {
                let length = self.length("list")?;
                let list = List::new(cx)?;
                let number = self.reserve(marked);
                self.settle(number, list.as_value());
                for _ in 0..length {
                    let item = self.some("list")?;
                    list.push(cx, item)?;
                }
                Ok(list.into_value())
            }
            kind::DICT => {
                let dict = Dict::new(cx)?;
                let number = self.reserve(marked);
                self.settle(number, dict.as_value());
                while let Some(key) = self.object()? {
                    let Some(value) = self.object()? else { break };
                    dict.set_item(cx, &key, value)?;
                }
                Ok(dict.into_value())
            }
            kind::SET => {
                let length = self.length("set")?;
                let set = Set::new(cx)?;
                let number = self.reserve(marked);
                self.settle(number, set.as_value());
                for _ in 0..length {
                    let item = self.some("set")?;
                    set.add(cx, &item)?;
                }
                Ok(set.into_value())
            }
            kind::SLICE => {
                let number = self.reserve(marked);
                let [start, stop, step] = [
                    self.some("slice")?,
                    self.some("slice")?,
                    self.some("slice")?,
                ];
                let slice = Slice::new(cx, start, stop, step)?.into_value();
                self.settle(number, &slice);
                Ok(slice)
            }
            _ => {
                let what = if code == kind::FROZEN_SET {
                    "set"
                } else {
                    "tuple"
                };
                let length = if code == kind::SMALL_TUPLE {
                    self.byte()?.into()
                } else {
                    self.length(what)?
                };
                let number = self.reserve(marked);
                let mut items = Vec::new();
                for _ in 0..length {
                    items.push(self.some(what)?);
                }
                let value = if code == kind::FROZEN_SET {
                    FrozenSet::from_values(cx, &items)?.into_value()
                } else {
                    Tuple::from_vec(cx, items)?.into_value()
                };
                self.settle(number, &value);
                Ok(value)
            }
        }
    }
}
