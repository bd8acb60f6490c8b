//! The simple types by their codes: sizes, and how values go into memory and come out of it.
//!
//! What a value has to keep alive for as long as the memory refers to it (the bytes behind a `char *`) is
//! returned by [`Code::set`]; `None` where there is nothing.

use std::ffi::{c_int, c_long, c_longlong, c_short};

use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::capsule::Capsule;
use typhon_runtime::objects::complex;
use typhon_runtime::objects::float;
use typhon_runtime::objects::int::{self, View};
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::number;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::long_double;
use super::memory;

/// All codes, as messages show them.
pub const LETTERS: &str = "cbBhHiIlLdDFGfuzZqQPOv?g";

/// The name of capsules that own strings of wide characters.
const WIDE_CAPSULE: &str = "_ctypes/cfield.c pymem";

/// A simple type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub letter: u8,
    /// In the other byte order than the machine's.
    pub swapped: bool,
}

/// What a machine word of a simple type is, for the calling convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    Integer { size: u8, signed: bool },
    Single,
    Double,
    LongDouble,
}

/// The low 64 bits of an integer.
///
/// # Errors
/// TypeError when it is none.
pub fn wrapped(cx: &Context, value: &Value) -> PyResult<u64> {
    if let Some(number) = value.as_small_int() {
        return Ok(number as u64);
    }
    if let Some(view) = int::view(value) {
        return Ok(low_bits(view));
    }
    let number = number::index(cx, value)?;
    Ok(int::view(&number).map_or(0, low_bits))
}

fn low_bits(view: View<'_>) -> u64 {
    match view.to_i64() {
        Some(number) => number as u64,
        None => {
            let low = view.to_big().iter_u64_digits().next().unwrap_or(0);
            if view.is_negative() {
                low.wrapping_neg()
            } else {
                low
            }
        }
    }
}

impl Code {
    /// The code with this letter, if there is one.
    pub fn new(letter: u8) -> Option<Code> {
        let swapped = false;
        LETTERS
            .as_bytes()
            .contains(&letter)
            .then_some(Code { letter, swapped })
    }

    /// Bytes of a value.
    pub fn size(self) -> usize {
        match self.letter {
            b'c' | b'b' | b'B' | b'?' => 1,
            b'h' | b'H' | b'v' => size_of::<c_short>(),
            b'i' | b'I' => size_of::<c_int>(),
            b'l' | b'L' => size_of::<c_long>(),
            b'q' | b'Q' => size_of::<c_longlong>(),
            b'u' => size_of::<libc::wchar_t>(),
            b'f' => 4,
            b'd' | b'F' => 8,
            b'D' => 16,
            b'g' => long_double::SIZE,
            b'G' => 2 * long_double::SIZE,
            _ => size_of::<usize>(),
        }
    }

    pub fn alignment(self) -> usize {
        match self.letter {
            b'F' | b'D' | b'G' => self.size() / 2,
            _ => self.size(),
        }
    }

    /// The format of PEP 3118.
    pub fn format(self) -> String {
        let letter = match (self.letter, self.size()) {
            (b'l', 8) => 'q',
            (b'L', 8) => 'Q',
            (letter, _) => char::from(letter),
        };
        let is_big = cfg!(target_endian = "big") != self.swapped;
        format!("{}{letter}", if is_big { '>' } else { '<' })
    }

    /// Whether there is such a type in the other byte order, that is another type.
    pub fn can_swap(self) -> bool {
        b"hHiIlLqQfdFD".contains(&self.letter)
    }

    /// Whether values are addresses.
    pub fn is_pointer(self) -> bool {
        b"zZPO".contains(&self.letter)
    }

    /// Size and sign of an integer type that bit fields can have.
    pub fn bits(self) -> Option<bool> {
        match self.letter {
            b'b' | b'h' | b'i' | b'l' | b'q' => Some(true),
            b'B' | b'H' | b'I' | b'L' | b'Q' | b'?' => Some(false),
            _ => None,
        }
    }

    /// The words that a value is made of: what they are and where they begin.
    pub fn machine(self) -> Vec<(usize, Machine)> {
        let half = self.size() / 2;
        let pair = |word| vec![(0, word), (half, word)];
        match self.letter {
            b'f' => vec![(0, Machine::Single)],
            b'd' => vec![(0, Machine::Double)],
            b'g' => vec![(0, Code::long_double())],
            b'F' => pair(Machine::Single),
            b'D' => pair(Machine::Double),
            b'G' => pair(Code::long_double()),
            letter => {
                let signed = b"bhilqcuv".contains(&letter);
                let size = self.size() as u8;
                vec![(0, Machine::Integer { size, signed })]
            }
        }
    }

    fn long_double() -> Machine {
        if long_double::SIZE == 8 {
            Machine::Double
        } else {
            Machine::LongDouble
        }
    }

    /// The bits of a number.
    ///
    /// # Safety
    /// There is a value at `from`.
    unsafe fn number(self, from: *const u8) -> u64 {
        // SAFETY: the caller's.
        unsafe { self.ordered(from, self.size()) }
    }

    /// Reads `size` bytes, at most 8, in the byte order.
    ///
    /// # Safety
    /// There are so many.
    unsafe fn ordered(self, from: *const u8, size: usize) -> u64 {
        let mut bytes = [0; 8];
        // SAFETY: the caller's.
        unsafe { memory::read_into(from, &mut bytes[..size]) };
        if self.swapped != cfg!(target_endian = "big") {
            bytes[..size].reverse();
        }
        u64::from_le_bytes(bytes)
    }

    /// # Safety
    /// There is room for a value at `to`.
    unsafe fn put_number(self, to: *mut u8, number: u64) {
        // SAFETY: the caller's.
        unsafe { self.put_ordered(to, number, self.size()) };
    }

    /// # Safety
    /// There is room for `size` bytes at `to`.
    unsafe fn put_ordered(self, to: *mut u8, number: u64, size: usize) {
        let mut bytes = number.to_le_bytes();
        if self.swapped != cfg!(target_endian = "big") {
            bytes[..size].reverse();
        }
        // SAFETY: the caller's.
        unsafe { memory::write(to, &bytes[..size]) };
    }

    /// The value at an address.
    ///
    /// # Errors
    /// ValueError for what is no value, MemoryError.
    ///
    /// # Safety
    /// There is a value at `from`; what it points to is there.
    pub unsafe fn get(self, cx: &Context, from: *const u8) -> PyResult<Value> {
        // SAFETY: the caller's, in all of the function.
        unsafe {
            match self.letter {
                b'b' | b'h' | b'i' | b'l' | b'q' => {
                    let unused = 64 - 8 * self.size() as u32;
                    int::from_i64(cx, ((self.number(from) << unused) as i64) >> unused)
                }
                b'B' | b'H' | b'I' | b'L' | b'Q' => int::from_u64(cx, self.number(from)),
                b'?' | b'v' => Ok(Value::from_bool(self.number(from) != 0)),
                b'c' => Bytes::from_slice(cx, &memory::read::<1>(from)).map(Ref::into_value),
                b'u' => wide(cx, &[self.number(from) as u32]),
                b'f' => float::from_f64(cx, f32::from_bits(self.number(from) as u32).into()),
                b'd' => float::from_f64(cx, f64::from_bits(self.number(from))),
                b'g' => float::from_f64(cx, long_double::read(from)),
                b'F' | b'D' => {
                    let part = |at| match self.ordered(from.add(at), self.size() / 2) {
                        word if self.letter == b'F' => f32::from_bits(word as u32).into(),
                        word => f64::from_bits(word),
                    };
                    complex::from_parts(cx, part(0), part(self.size() / 2))
                }
                b'G' => {
                    let imaginary = long_double::read(from.add(long_double::SIZE));
                    complex::from_parts(cx, long_double::read(from), imaginary)
                }
                b'O' => object(cx, memory::read_word(from)),
                letter => match (letter, memory::read_word(from)) {
                    (_, 0) => Ok(Value::NONE),
                    (b'z', address) => {
                        let bytes = memory::string_at(address as *const u8, usize::MAX);
                        Bytes::from_slice(cx, &bytes).map(Ref::into_value)
                    }
                    (b'Z', address) => wide(
                        cx,
                        &memory::wide_string_at(address as *const u8, usize::MAX),
                    ),
                    (_, address) => int::from_u64(cx, address as u64),
                },
            }
        }
    }

    /// Stores a value. Returns what has to live as long as it is there.
    ///
    /// # Errors
    /// TypeError and what conversions raise.
    ///
    /// # Safety
    /// There is room for a value at `to`.
    pub unsafe fn set(self, cx: &Context, to: *mut u8, value: &Value) -> PyResult<Value> {
        // SAFETY: the caller's, in all of the function.
        unsafe {
            match self.letter {
                b'b' | b'h' | b'i' | b'l' | b'q' | b'B' | b'H' | b'I' | b'L' | b'Q' => {
                    self.put_number(to, wrapped(cx, value)?);
                }
                b'?' => self.put_number(to, value.truth(cx)?.into()),
                // As the type of Windows has it, true is -1.
                b'v' => self.put_number(to, u64::from(value.truth(cx)?).wrapping_neg()),
                b'c' => self.put_number(to, character(cx, value)?.into()),
                b'u' => self.put_number(to, wide_character(cx, value)?.into()),
                b'f' => {
                    let number = float::as_f64(cx, value)? as f32;
                    self.put_number(to, number.to_bits().into());
                }
                b'd' => self.put_number(to, float::as_f64(cx, value)?.to_bits()),
                b'g' => long_double::write(to, float::as_f64(cx, value)?),
                b'F' | b'D' | b'G' => self.set_complex(cx, to, value)?,
                b'O' => {
                    memory::write_word(to, value.bits() as usize);
                    return Ok(value.clone());
                }
                _ => return self.set_pointer(cx, to, value),
            }
        }
        Ok(Value::NONE)
    }

    /// # Safety
    /// As [`Code::set`].
    unsafe fn set_complex(self, cx: &Context, to: *mut u8, value: &Value) -> PyResult<()> {
        let pair = complex::as_pair(cx, value)?;
        let half = self.size() / 2;
        for (at, part) in [(0, pair.real), (half, pair.imaginary)] {
            // SAFETY: the caller's.
            unsafe {
                match self.letter {
                    b'F' => self.put_ordered(to.add(at), (part as f32).to_bits().into(), 4),
                    b'D' => self.put_ordered(to.add(at), part.to_bits(), 8),
                    _ => long_double::write(to.add(at), part),
                }
            }
        }
        Ok(())
    }

    /// # Safety
    /// As [`Code::set`].
    unsafe fn set_pointer(self, cx: &Context, to: *mut u8, value: &Value) -> PyResult<Value> {
        let (address, keep) = match self.letter {
            _ if value.is_none() => (0, Value::NONE),
            _ if int::is_int(value) => (wrapped(cx, value)? as usize, Value::NONE),
            b'z' => match value.downcast::<Bytes>() {
                Some(bytes) => (bytes.as_slice().as_ptr() as usize, value.clone()),
                None => {
                    return Err(cx.type_error(format!(
                        "bytes or integer address expected instead of {} instance",
                        value.type_name()
                    )));
                }
            },
            b'Z' => match value.downcast::<Str>() {
                Some(text) => wide_memory(cx, text)?,
                None => {
                    return Err(cx.type_error(format!(
                        "unicode string or integer address expected instead of {} instance",
                        value.type_name()
                    )));
                }
            },
            _ => return Err(cx.type_error("cannot be converted to pointer")),
        };
        // SAFETY: the caller's.
        unsafe { memory::write_word(to, address) };
        Ok(keep)
    }

    /// The value of some bits, from `offset` on, of the number at an address.
    ///
    /// # Safety
    /// There is a value at `from`.
    ///
    /// # Errors
    /// MemoryError.
    pub unsafe fn get_bits(
        self,
        cx: &Context,
        from: *const u8,
        offset: u32,
        width: u32,
    ) -> PyResult<Value> {
        // SAFETY: the caller's.
        let number = unsafe { self.number(from) } << (64 - offset - width);
        let unused = 64 - width;
        match self.bits() {
            Some(true) => int::from_i64(cx, (number as i64) >> unused),
            _ if self.letter == b'?' => Ok(Value::from_bool(number >> unused != 0)),
            _ => int::from_u64(cx, number >> unused),
        }
    }

    /// Stores a value in some bits of the number at an address. The other bits are read and written: who
    /// changes them meanwhile may find them as they were.
    ///
    /// # Safety
    /// There is a value at `to`.
    ///
    /// # Errors
    /// TypeError when `value` is no integer.
    pub unsafe fn set_bits(
        self,
        cx: &Context,
        to: *mut u8,
        offset: u32,
        width: u32,
        value: &Value,
    ) -> PyResult<Value> {
        let new = match self.letter {
            b'?' => value.truth(cx)?.into(),
            _ => wrapped(cx, value)?,
        };
        let mask = (u64::MAX >> (64 - width)) << offset;
        // SAFETY: the caller's.
        unsafe {
            let number = self.number(to);
            self.put_number(to, number & !mask | new << offset & mask);
        }
        Ok(Value::NONE)
    }
}

/// The object that a word of memory refers to.
///
/// # Safety
/// The word is 0 or of a value that is alive.
pub unsafe fn object(cx: &Context, word: usize) -> PyResult<Value> {
    // SAFETY: the caller's.
    unsafe { referred(word) }.ok_or_else(|| cx.value_error("PyObject is NULL"))
}

/// The object that a word of memory refers to, if it is not 0.
///
/// # Safety
/// As [`object`].
pub unsafe fn referred(word: usize) -> Option<Value> {
    if word == 0 {
        return None;
    }
    // SAFETY: the caller's; the count is not ours, so that another one is taken.
    let value = std::mem::ManuallyDrop::new(unsafe { Value::from_bits(word as u64) });
    Some(Value::clone(&value))
}

/// Wide characters as text.
///
/// # Errors
/// ValueError for what is no character.
pub fn wide(cx: &Context, points: &[u32]) -> PyResult<Value> {
    if let Some(wrong) = points.iter().find(|point| **point > 0x10ffff) {
        return Err(cx.value_error(format!(
            "character U+{wrong:x} is not in range [U+0000; U+10ffff]"
        )));
    }
    Str::from_code_points(cx, points).map(Ref::into_value)
}

/// A text as wide characters that end with 0: their address and who keeps them.
///
/// # Errors
/// MemoryError.
pub fn wide_memory(cx: &Context, text: &Ref<Str>) -> PyResult<(usize, Value)> {
    let characters: Box<[u32]> = text.code_points().chain([0]).collect();
    let address = characters.as_ptr() as usize;
    let capsule = Capsule::holding(cx, WIDE_CAPSULE, Box::new(characters))?;
    Ok((address, capsule.into_value()))
}

fn character(cx: &Context, value: &Value) -> PyResult<u8> {
    let wrong = |shown: String| -> Raised {
        cx.type_error(format!(
            "one character bytes, bytearray, or an integer in range(256) expected, not {shown}"
        ))
    };
    let bytes = match (value.downcast::<Bytes>(), value.downcast::<ByteArray>()) {
        (Some(bytes), _) => bytes.as_slice().to_vec(),
        (_, Some(bytes)) => bytes.to_vec(),
        _ if int::is_int(value) => {
            let number = int::index_as_i128(cx, value).unwrap_or_else(|Raised| {
                cx.clear_exception();
                -1
            });
            return u8::try_from(number).map_err(|_| cx.type_error("integer not in range(256)"));
        }
        _ => return Err(wrong(value.type_name())),
    };
    match bytes[..] {
        [byte] => Ok(byte),
        _ => {
            let class = value.type_name();
            Err(wrong(format!("{class} of length {}", bytes.len())))
        }
    }
}

fn wide_character(cx: &Context, value: &Value) -> PyResult<u32> {
    let Some(text) = value.downcast::<Str>() else {
        return Err(cx.type_error(format!(
            "a unicode character expected, not instance of {}",
            value.type_name()
        )));
    };
    match text.len() {
        1 => Ok(text.code_point(0)),
        length => Err(cx.type_error(format!(
            "a unicode character expected, not a string of length {length}"
        ))),
    }
}
