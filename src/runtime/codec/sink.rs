//! Where codecs write: bytes when they encode, text when they decode. Both know what to do with what the
//! codec cannot convert.

use std::borrow::Cow;

use super::errors::{DecodeError, EncodeError, Replacement};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::{Str, StrBuilder};

/// An encoding under way.
pub struct Encoder<'a> {
    pub cx: &'a Context,
    pub string: &'a Ref<Str>,
    pub encoding: &'a str,
    pub errors: &'a str,
    pub out: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub fn new(
        cx: &'a Context,
        string: &'a Ref<Str>,
        encoding: &'a str,
        errors: &'a str,
    ) -> Encoder<'a> {
        Encoder {
            cx,
            string,
            encoding,
            errors,
            out: Vec::with_capacity(string.len()),
        }
    }

    /// `string[start..end]` cannot be encoded: writes what the handler wants instead and returns where to go
    /// on. `encode` writes one code point, or says that it cannot; bytes come in units of `unit`.
    #[cold]
    pub fn error(
        &mut self,
        start: usize,
        end: usize,
        reason: &str,
        unit: usize,
        encode: impl Fn(u32, &mut Vec<u8>) -> bool,
    ) -> PyResult<usize> {
        let error = EncodeError {
            encoding: self.encoding,
            string: self.string,
            start,
            end,
            reason,
        };
        let (replacement, next) = error.handle(self.cx, self.errors)?;
        let fits = match replacement {
            Replacement::Text(points) => {
                points.into_iter().all(|point| encode(point, &mut self.out))
            }
            Replacement::Bytes(bytes) => {
                let fits = bytes.len().is_multiple_of(unit);
                self.out.extend(bytes);
                fits
            }
        };
        if fits {
            Ok(next)
        } else {
            Err(error.raise(self.cx))
        }
    }
}

/// A decoding under way.
pub struct Decoder<'a> {
    pub cx: &'a Context,
    pub input: Cow<'a, [u8]>,
    pub encoding: &'a str,
    pub errors: &'a str,
    pub out: StrBuilder,
}

impl<'a> Decoder<'a> {
    pub fn new(
        cx: &'a Context,
        input: &'a [u8],
        encoding: &'a str,
        errors: &'a str,
    ) -> Decoder<'a> {
        Decoder {
            cx,
            input: Cow::Borrowed(input),
            encoding,
            errors,
            out: StrBuilder::new(),
        }
    }

    /// `input[start..end]` cannot be decoded: writes what the handler wants instead and returns where to go on.
    #[cold]
    pub fn error(&mut self, start: usize, end: usize, reason: &str) -> PyResult<usize> {
        let error = DecodeError {
            encoding: self.encoding,
            start,
            end,
            reason,
        };
        let (replacement, next) = error.handle(self.cx, &mut self.input, self.errors)?;
        replacement
            .into_iter()
            .for_each(|point| self.out.push(point));
        Ok(next)
    }
}

/// What a decoder made of its input.
pub struct Decoded {
    pub text: Ref<Str>,
    /// How many bytes that took; the rest is the beginning of a character.
    pub consumed: usize,
}
