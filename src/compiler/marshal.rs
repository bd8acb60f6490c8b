//! Code objects as bytes: for the library that is compiled into the binary, and for `__pycache__`.
//!
//! ```text
//!   file        = MAGIC fingerprint(8) filename strings code
//!   strings     = count, then each: length bytes        every name and text, once
//!   code        = numbers, string indices, locals, constants, instructions, locations, exceptions
//!   instruction = opcode [argument]                     cache units are not stored: they follow
//!                                                       from the opcodes, numbered in order
//! ```
//!
//! Numbers are LEB128. The fingerprint covers the opcode table and [`FORMAT`], so that bytes from
//! another build are refused, not misread. Reading damaged bytes gives an error; it does not
//! panic, and does not allocate more than the bytes could describe. Instructions are checked for
//! being well formed, but not for making sense: whoever can write `__pycache__` can run code.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use rustc_hash::FxHasher;

use crate::code::{Code, CodeFlags, ExceptionHandler, LocalKind, LocalVariable};
use crate::constant::{Constant, StrConstant};
use crate::location::LocationTable;
use crate::opcode::Opcode;

/// The first bytes of marshalled code.
pub const MAGIC: [u8; 4] = *b"Ty\xB7\n";

/// Number of the format. The opcode table need not be counted here.
const FORMAT: u64 = 1;

/// Nesting of code and tuples in constants.
const MAX_DEPTH: u32 = 1000;

/// Why bytes are no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarshalError {
    /// Not marshalled code at all.
    BadMagic,
    /// Made by another build.
    OtherVersion,
    /// Cut off or damaged.
    Damaged,
}

impl std::fmt::Display for MarshalError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            MarshalError::BadMagic => "bad magic number",
            MarshalError::OtherVersion => "code was compiled by another version",
            MarshalError::Damaged => "bad marshal data",
        })
    }
}

impl std::error::Error for MarshalError {}

/// Identifies the instruction set and the format.
pub const fn fingerprint() -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325 ^ FORMAT;
    let mut index = 0;
    while index < Opcode::ALL.len() {
        let opcode = Opcode::ALL[index];
        let name = opcode.name().as_bytes();
        let mut position = 0;
        while position < name.len() {
            hash = (hash ^ name[position] as u64).wrapping_mul(0x100_0000_01B3);
            position += 1;
        }
        hash = (hash ^ opcode as u64).wrapping_mul(0x100_0000_01B3);
        hash = (hash ^ opcode.traits().bits() as u64).wrapping_mul(0x100_0000_01B3);
        index += 1;
    }
    hash
}

// Tags of constants.
const NONE: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const ELLIPSIS: u8 = 3;
const INT: u8 = 4;
const BIG_INT: u8 = 5;
const FLOAT: u8 = 6;
const COMPLEX: u8 = 7;
const STR: u8 = 8;
const CODE_POINTS: u8 = 9;
const BYTES: u8 = 10;
const TUPLE: u8 = 11;
const FROZEN_SET: u8 = 12;
const SLICE: u8 = 13;
const CODE: u8 = 14;

/// The bytes of a code object and all inside it.
pub fn write(code: &Code) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.code(code);
    let mut bytes = Vec::with_capacity(writer.bytes.len() * 2);
    bytes.extend(MAGIC);
    bytes.extend(fingerprint().to_le_bytes());
    write_text(&mut bytes, &code.filename);
    write_number(&mut bytes, writer.strings.len() as u64);
    for text in writer.strings {
        write_text(&mut bytes, text);
    }
    bytes.append(&mut writer.bytes);
    bytes
}

/// The code object in `bytes`. `filename` replaces the recorded one: files move.
pub fn read(bytes: &[u8], filename: Option<&str>) -> Result<Arc<Code>, MarshalError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(MarshalError::BadMagic)?;
    let (version, rest) = rest.split_first_chunk::<8>().ok_or(MarshalError::Damaged)?;
    if u64::from_le_bytes(*version) != fingerprint() {
        return Err(MarshalError::OtherVersion);
    }
    let mut reader = Reader {
        bytes: rest,
        strings: Vec::new(),
        filename: Arc::default(),
        depth: 0,
    };
    let recorded = reader.text()?;
    reader.filename = filename.unwrap_or(recorded).into();
    let count = reader.count()?;
    for _ in 0..count {
        let text = reader.text()?;
        reader.strings.push(text);
    }
    reader.code()
}

fn write_number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_number(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

#[derive(Default)]
struct Writer<'a> {
    bytes: Vec<u8>,
    strings: Vec<&'a str>,
    indices: HashMap<&'a str, u64, BuildHasherDefault<FxHasher>>,
}

impl<'a> Writer<'a> {
    fn number(&mut self, value: impl Into<u64>) {
        write_number(&mut self.bytes, value.into());
    }

    fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    fn string(&mut self, text: &'a str) {
        let index = *self.indices.entry(text).or_insert_with(|| {
            self.strings.push(text);
            self.strings.len() as u64 - 1
        });
        self.number(index);
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend(bytes);
    }

    fn code(&mut self, code: &'a Code) {
        self.string(&code.name);
        self.string(&code.qualname);
        for value in [
            code.first_line,
            code.flags.bits(),
            code.arg_count,
            code.positional_only_count,
            code.keyword_only_count,
            code.stack_size,
        ] {
            self.number(value);
        }
        self.length(code.names.len());
        for name in &code.names {
            self.string(name);
        }
        self.length(code.locals.len());
        for local in &code.locals {
            self.string(&local.name);
            self.bytes.push(local.kind.bits());
        }
        self.length(code.constants.len());
        for constant in &code.constants {
            self.constant(constant);
        }
        self.length(code.instructions.len());
        for (_, opcode, argument) in code.decode() {
            self.bytes.push(opcode as u8);
            if opcode.has_arg() {
                self.number(argument);
            }
        }
        self.blob(code.locations.as_bytes());
        self.length(code.exceptions.len());
        for entry in &code.exceptions {
            self.number(entry.start);
            self.number(entry.end - entry.start);
            self.number(entry.target);
            self.number(entry.depth << 1 | u32::from(entry.push_lasti));
        }
    }

    fn constant(&mut self, constant: &'a Constant) {
        match constant {
            Constant::None => self.bytes.push(NONE),
            Constant::True => self.bytes.push(TRUE),
            Constant::False => self.bytes.push(FALSE),
            Constant::Ellipsis => self.bytes.push(ELLIPSIS),
            Constant::Int(value) => {
                self.bytes.push(INT);
                self.number((value << 1 ^ value >> 63) as u64);
            }
            Constant::BigInt(value) => {
                self.bytes.push(BIG_INT);
                self.blob(&value.to_signed_bytes_le());
            }
            Constant::Float(value) => {
                self.bytes.push(FLOAT);
                self.bytes.extend(value.to_bits().to_le_bytes());
            }
            Constant::Complex(real, imaginary) => {
                self.bytes.push(COMPLEX);
                self.bytes.extend(real.to_bits().to_le_bytes());
                self.bytes.extend(imaginary.to_bits().to_le_bytes());
            }
            Constant::Str(StrConstant::Utf8(text)) => {
                self.bytes.push(STR);
                self.string(text);
            }
            Constant::Str(StrConstant::CodePoints(points)) => {
                self.bytes.push(CODE_POINTS);
                self.length(points.len());
                for &point in points {
                    self.number(point);
                }
            }
            Constant::Bytes(bytes) => {
                self.bytes.push(BYTES);
                self.blob(bytes);
            }
            Constant::Tuple(items) => self.sequence(TUPLE, items),
            Constant::FrozenSet(items) => self.sequence(FROZEN_SET, items),
            Constant::Slice(parts) => self.sequence(SLICE, &parts[..]),
            Constant::Code(code) => {
                self.bytes.push(CODE);
                self.code(code);
            }
        }
    }

    fn sequence(&mut self, tag: u8, items: &'a [Constant]) {
        self.bytes.push(tag);
        self.length(items.len());
        for item in items {
            self.constant(item);
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    strings: Vec<&'a str>,
    filename: Arc<str>,
    depth: u32,
}

type Read<T> = Result<T, MarshalError>;

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Read<u8> {
        let (&byte, rest) = self.bytes.split_first().ok_or(MarshalError::Damaged)?;
        self.bytes = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Read<u64> {
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F)
                .checked_shl(shift)
                .ok_or(MarshalError::Damaged)?;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn small(&mut self) -> Read<u32> {
        u32::try_from(self.number()?).map_err(|_| MarshalError::Damaged)
    }

    /// A number of things to come, each at least a byte.
    fn count(&mut self) -> Read<usize> {
        let count = usize::try_from(self.number()?).map_err(|_| MarshalError::Damaged)?;
        if count > self.bytes.len() {
            return Err(MarshalError::Damaged);
        }
        Ok(count)
    }

    fn blob(&mut self) -> Read<&'a [u8]> {
        let length = self.count()?;
        let (blob, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Ok(blob)
    }

    fn text(&mut self) -> Read<&'a str> {
        std::str::from_utf8(self.blob()?).map_err(|_| MarshalError::Damaged)
    }

    fn string(&mut self) -> Read<&'a str> {
        let index = self.number()? as usize;
        self.strings
            .get(index)
            .copied()
            .ok_or(MarshalError::Damaged)
    }

    fn float(&mut self) -> Read<f64> {
        let (bits, rest) = self
            .bytes
            .split_first_chunk::<8>()
            .ok_or(MarshalError::Damaged)?;
        self.bytes = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*bits)))
    }

    fn many<T>(&mut self, read: impl Fn(&mut Self) -> Read<T>) -> Read<Box<[T]>> {
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == MAX_DEPTH {
            return Err(MarshalError::Damaged);
        }
        self.depth += 1;
        let result = crate::recursion::grow(|| read(self));
        self.depth -= 1;
        result
    }

    fn code(&mut self) -> Read<Arc<Code>> {
        let name = self.string()?.into();
        let qualname = self.string()?.into();
        let first_line = self.small()?;
        let flags = CodeFlags::from_bits_retain(self.small()?);
        let arg_count = self.small()?;
        let positional_only_count = self.small()?;
        let keyword_only_count = self.small()?;
        let stack_size = self.small()?;
        let names = self.many(|reader| reader.string().map(Box::from))?;
        let locals = self.many(|reader| {
            let name = reader.string()?.into();
            let kind = LocalKind::from_bits_retain(reader.byte()?);
            Ok(LocalVariable { name, kind })
        })?;
        let constants = self.many(Reader::constant)?;
        let (instructions, cache_count) = self.instructions()?;
        let locations = LocationTable::from_bytes(self.blob()?.into());
        let exceptions = self.many(|reader| {
            let start = reader.small()?;
            let end = start
                .checked_add(reader.small()?)
                .ok_or(MarshalError::Damaged)?;
            let target = reader.small()?;
            let last = reader.small()?;
            Ok(ExceptionHandler {
                start,
                end,
                target,
                depth: last >> 1,
                push_lasti: last & 1 != 0,
            })
        })?;
        Ok(Arc::new(Code {
            name,
            qualname,
            filename: self.filename.clone(),
            first_line,
            flags,
            arg_count,
            positional_only_count,
            keyword_only_count,
            names,
            locals,
            constants,
            instructions,
            cache_count,
            stack_size,
            locations,
            exceptions,
        }))
    }

    fn instructions(&mut self) -> Read<(Box<[u32]>, u32)> {
        let length = self.number()? as usize;
        // Each instruction takes a byte here and at most two units there.
        if length / 2 > self.bytes.len() {
            return Err(MarshalError::Damaged);
        }
        let mut units = Vec::with_capacity(length);
        let mut cache_count = 0;
        while units.len() < length {
            let opcode = Opcode::from_u8(self.byte()?).ok_or(MarshalError::Damaged)?;
            let argument = if opcode.has_arg() { self.small()? } else { 0 };
            if opcode.is_pseudo() || argument >= 1 << 24 {
                return Err(MarshalError::Damaged);
            }
            units.push(argument << 8 | opcode as u32);
            if opcode.has_cache() {
                units.push(cache_count);
                cache_count += 1;
            }
        }
        if units.len() != length {
            return Err(MarshalError::Damaged);
        }
        Ok((units.into(), cache_count))
    }

    fn constant(&mut self) -> Read<Constant> {
        Ok(match self.byte()? {
            NONE => Constant::None,
            TRUE => Constant::True,
            FALSE => Constant::False,
            ELLIPSIS => Constant::Ellipsis,
            INT => {
                let zigzag = self.number()?;
                Constant::Int((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
            }
            BIG_INT => {
                let value = BigInt::from_signed_bytes_le(self.blob()?);
                if value.sign() == Sign::NoSign {
                    return Err(MarshalError::Damaged);
                }
                Constant::from_big_int(value)
            }
            FLOAT => Constant::Float(self.float()?),
            COMPLEX => Constant::Complex(self.float()?, self.float()?),
            STR => Constant::Str(StrConstant::Utf8(self.string()?.into())),
            CODE_POINTS => {
                let points = self.many(Reader::small)?;
                if points.iter().any(|&point| point > 0x10_FFFF) {
                    return Err(MarshalError::Damaged);
                }
                Constant::Str(StrConstant::from_code_points(points.into()))
            }
            BYTES => Constant::Bytes(self.blob()?.into()),
            TUPLE => Constant::Tuple(self.deeper(|reader| reader.many(Reader::constant))?),
            FROZEN_SET => Constant::FrozenSet(self.deeper(|reader| reader.many(Reader::constant))?),
            SLICE => {
                let parts = self.deeper(|reader| reader.many(Reader::constant))?;
                Constant::Slice(parts.try_into().map_err(|_| MarshalError::Damaged)?)
            }
            CODE => Constant::Code(self.deeper(Reader::code)?),
            _ => return Err(MarshalError::Damaged),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disassemble::disassemble;
    use crate::options::CompileOptions;

    const SOURCE: &str = r#"
"""Doc."""
import os.path as p
BIG = 12345678901234567890123456789, -1.5, 2j, b"\xff", "\ud800", ..., x[1:2]
def f(a, /, b=1, *args, c: int = 2, **kw):
    try:
        return [a + i for i in args if i in {1, 2, 3}]
    except* ValueError as e:
        raise
"#;

    fn sample() -> Arc<Code> {
        crate::compile::compile(SOURCE, "sample.py", &CompileOptions::default())
            .expect("the sample compiles")
            .code
    }

    #[test]
    fn what_is_written_reads_back() {
        let code = sample();
        let copy = read(&write(&code), None).expect("the bytes are whole");
        assert_eq!(disassemble(&copy), disassemble(&code));
        assert_eq!(write(&copy), write(&code));
        assert_eq!(copy.cache_count, code.cache_count);
        assert_eq!(&*copy.filename, "sample.py");
    }

    #[test]
    fn a_new_filename_reaches_inner_code() {
        let copy = read(&write(&sample()), Some("moved.py")).expect("the bytes are whole");
        let inner = copy.constants.iter().find_map(|constant| match constant {
            Constant::Code(code) => Some(code),
            _ => None,
        });
        assert_eq!(inner.map(|code| &*code.filename), Some("moved.py"));
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = write(&sample());
        assert_eq!(read(b"nothing", None).err(), Some(MarshalError::BadMagic));
        for length in MAGIC.len()..bytes.len() {
            assert!(read(&bytes[..length], None).is_err(), "cut at {length}");
        }
        let mut other = bytes.clone();
        other[MAGIC.len()] ^= 1;
        assert_eq!(read(&other, None).err(), Some(MarshalError::OtherVersion));
        for position in MAGIC.len() + 8..bytes.len() {
            let mut other = bytes.clone();
            other[position] ^= 0x55;
            let _ = read(&other, None);
        }
    }
}
