//! Type codes: how an item lies in memory, and how it becomes a Python value and back.
//!
//! | code | item | bytes |
//! | --- | --- | --- |
//! | `b` `h` `i` `l` `q` | signed integer | 1 2 4 8 8 |
//! | `B` `H` `I` `L` `Q` | unsigned integer | 1 2 4 8 8 |
//! | `f` `d` | floating-point number | 4 8 |
//! | `u` `w` | code point | 4 |

use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::{float, int};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

/// The codes, in the order of `array.typecodes`.
pub(super) const LETTERS: &str = "bBuwhHiIlLqQfd";

/// A type code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) letter: char,
    pub(super) size: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Signed,
    Unsigned,
    Float,
    Character,
}

/// An item as it lies in memory: the first `size` bytes count.
pub(super) type Item = [u8; 8];

impl Code {
    /// The type code that an argument names; `place` says which argument, `unknown` what is said of a
    /// letter that is none.
    ///
    /// # Errors
    /// TypeError when it is no text of one character, ValueError when that is no type code.
    pub(super) fn from_argument(
        cx: &Context,
        value: &Value,
        place: &str,
        unknown: &str,
    ) -> PyResult<Code> {
        let wrong =
            |got: String| cx.type_error(format!("{place} must be a unicode character, not {got}"));
        let Some(text) = value.downcast::<Str>() else {
            return Err(wrong(value.type_name_for_argument().to_string()));
        };
        if text.len() != 1 {
            return Err(wrong(format!("a string of length {}", text.len())));
        }
        char::from_u32(text.code_point(0))
            .and_then(Code::named)
            .ok_or_else(|| cx.value_error(unknown))
    }

    pub(super) fn named(letter: char) -> Option<Code> {
        let (size, kind) = match letter {
            'b' => (1, Kind::Signed),
            'B' => (1, Kind::Unsigned),
            'h' => (2, Kind::Signed),
            'H' => (2, Kind::Unsigned),
            'i' => (4, Kind::Signed),
            'I' => (4, Kind::Unsigned),
            'l' | 'q' => (8, Kind::Signed),
            'L' | 'Q' => (8, Kind::Unsigned),
            'f' => (4, Kind::Float),
            'd' => (8, Kind::Float),
            'u' | 'w' => (4, Kind::Character),
            _ => return None,
        };
        Some(Code { letter, size, kind })
    }

    pub(super) fn is_character(self) -> bool {
        self.kind == Kind::Character
    }

    /// The `struct` code of a buffer of such items.
    pub(super) fn format(self) -> String {
        let letter = if self.is_character() {
            'w'
        } else {
            self.letter
        };
        letter.to_string()
    }

    /// The number behind the bytes of an integer or a code point.
    fn integer(self, bytes: &[u8], big_endian: bool) -> i128 {
        let bytes = &bytes[..self.size];
        let number = bytes.iter().enumerate().fold(0u64, |number, (at, &byte)| {
            let place = if big_endian { self.size - 1 - at } else { at };
            number | u64::from(byte) << (8 * place)
        });
        let unused = 64 - 8 * self.size as u32;
        match self.kind {
            Kind::Signed => ((number << unused) as i64 >> unused).into(),
            _ => number.into(),
        }
    }

    /// The Python value of an item in the machine's own byte order.
    ///
    /// # Errors
    /// ValueError for what is no code point, MemoryError.
    pub(super) fn unpack(self, cx: &Context, bytes: &[u8]) -> PyResult<Value> {
        self.unpack_ordered(cx, bytes, cfg!(target_endian = "big"))
    }

    /// [`Code::unpack`] for either byte order.
    ///
    /// # Errors
    /// As [`Code::unpack`].
    pub(super) fn unpack_ordered(
        self,
        cx: &Context,
        bytes: &[u8],
        big_endian: bool,
    ) -> PyResult<Value> {
        if self.kind == Kind::Signed || self.kind == Kind::Unsigned && self.size < 8 {
            return int::from_i64(cx, self.integer(bytes, big_endian) as i64);
        }
        let number = self.integer(bytes, big_endian);
        match (self.kind, self.size) {
            (Kind::Signed | Kind::Unsigned, _) => int::from_i128(cx, number),
            (Kind::Float, 4) => float::from_f64(cx, f32::from_bits(number as u32).into()),
            (Kind::Float, _) => float::from_f64(cx, f64::from_bits(number as u64)),
            (Kind::Character, _) => {
                let point = number as u32;
                if point > char::MAX.into() {
                    return Err(out_of_unicode(cx, point));
                }
                Str::from_code_point(cx, point).map(Ref::into_value)
            }
        }
    }

    /// The bytes of a value.
    ///
    /// # Errors
    /// TypeError for a value of the wrong type, OverflowError for one that is out of range.
    pub(super) fn pack(self, cx: &Context, value: &Value) -> PyResult<Item> {
        let mut item = Item::default();
        match self.kind {
            Kind::Float => {
                let number = float::convert(cx, value)?.ok_or_else(|| {
                    cx.type_error(format!("must be real number, not {}", value.type_name()))
                })?;
                if self.size == 4 {
                    item[..4].copy_from_slice(&(number as f32).to_ne_bytes());
                } else {
                    item = number.to_ne_bytes();
                }
            }
            Kind::Character => {
                item[..4].copy_from_slice(&character(cx, value)?.to_ne_bytes());
            }
            Kind::Signed | Kind::Unsigned => {
                let number = int::index_as_i128(cx, value)?;
                self.check(cx, number)?;
                let bytes = (number as i64).to_le_bytes();
                item[..self.size].copy_from_slice(&bytes[..self.size]);
                if cfg!(target_endian = "big") {
                    item[..self.size].reverse();
                }
            }
        }
        Ok(item)
    }

    /// Whether an integer fits; each code says it in its own words.
    fn check(self, cx: &Context, number: i128) -> PyResult<()> {
        // What the number is converted to first has bounds of its own.
        let (name, lowest, highest): (_, i128, i128) = match self.letter {
            'b' => ("signed char", i8::MIN.into(), i8::MAX.into()),
            'B' => ("unsigned byte integer", 0, u8::MAX.into()),
            'h' => ("signed short integer", i16::MIN.into(), i16::MAX.into()),
            'H' => ("unsigned short", 0, u16::MAX.into()),
            'i' => ("signed integer", i32::MIN.into(), i32::MAX.into()),
            'I' => ("unsigned int", 0, u32::MAX.into()),
            'l' | 'q' => ("", i64::MIN.into(), i64::MAX.into()),
            _ => ("", 0, u64::MAX.into()),
        };
        if (lowest..=highest).contains(&number) {
            return Ok(());
        }
        Err(self.out_of_range(cx, number, name))
    }

    #[cold]
    fn out_of_range(self, cx: &Context, number: i128, name: &str) -> Raised {
        let past = |name: &str| {
            let side = if number < 0 {
                "less than minimum"
            } else {
                "greater than maximum"
            };
            cx.overflow_error(format!("{name} is {side}"))
        };
        let is_long = i64::try_from(number).is_ok();
        match self.letter {
            'I' | 'L' if number < 0 => {
                cx.overflow_error("can't convert negative value to unsigned int")
            }
            'I' if u64::try_from(number).is_ok() => past(name),
            'I' | 'L' => cx.overflow_error("Python int too large to convert to C unsigned long"),
            'Q' if number < 0 => cx.overflow_error("can't convert negative int to unsigned"),
            'q' | 'Q' => cx.overflow_error("int too big to convert"),
            _ if !is_long => cx.overflow_error("Python int too large to convert to C long"),
            'b' if i16::try_from(number).is_err() => past("signed short integer"),
            'H' if i32::try_from(number).is_err() => past("signed integer"),
            _ => past(name),
        }
    }
}

#[cold]
fn out_of_unicode(cx: &Context, point: u32) -> Raised {
    cx.value_error(format!(
        "character U+{point:x} is not in range [U+0000; U+10ffff]"
    ))
}

fn character(cx: &Context, value: &Value) -> PyResult<u32> {
    let Some(text) = value.downcast::<Str>() else {
        return Err(cx.type_error(format!(
            "array item must be a unicode character, not {}",
            value.type_name_for_argument()
        )));
    };
    if text.len() != 1 {
        return Err(cx.type_error(format!(
            "array item must be a unicode character, not a string of length {}",
            text.len()
        )));
    }
    Ok(text.code_point(0))
}

/// The text behind the bytes of an array of code points.
///
/// # Errors
/// ValueError for what is no code point, MemoryError.
pub(super) fn text(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Str>> {
    let points: Vec<u32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| u32::from_ne_bytes(bytes))
        .collect();
    if let Some(&point) = points.iter().find(|&&point| point > char::MAX.into()) {
        return Err(out_of_unicode(cx, point));
    }
    Str::from_code_points(cx, &points)
}

/// The bytes of an array of the code points of `text`.
pub(super) fn text_bytes(text: &Str) -> Vec<u8> {
    text.code_points().flat_map(u32::to_ne_bytes).collect()
}

/// Reverses the bytes of each item.
pub(super) fn swap_bytes(bytes: &mut [u8], size: usize) {
    if size > 1 {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
}
