//! How a text stream decodes and encodes: UTF-8, ASCII and Latin-1 here, any other encoding by the
//! incremental codec that `codecs.lookup` finds.

use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::codec::{narrow, registry, utf8};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::bytes_like::BytesLike;
use crate::io::base::method;
use crate::io::newline::Translation;

/// The encodings of this file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    /// Any other.
    #[default]
    Registered,
}

impl Encoding {
    /// The encoding with this name, in its usual spellings.
    pub fn named(name: &str) -> Encoding {
        match registry::normalize(name).as_str() {
            "utf_8" | "utf8" | "u8" => Encoding::Utf8,
            "ascii" | "us_ascii" | "646" => Encoding::Ascii,
            "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" | "8859" | "cp819" | "l1" => {
                Encoding::Latin1
            }
            _ => Encoding::Registered,
        }
    }
}

/// The incremental codec of a registered encoding.
pub struct Codec(Ref<Tuple>);

impl Codec {
    /// Finds it.
    ///
    /// # Errors
    /// LookupError when there is none, or it does not make text.
    pub fn lookup(cx: &Context, encoding: &str) -> PyResult<Codec> {
        let found = registry::lookup(cx, encoding)?;
        let flag = Name::intern(cx, "_is_text_encoding")?;
        if let Some(is_text) = attribute::find(cx, found.as_value(), flag)?
            && !is_text.truth(cx)?
        {
            return Err(cx.lookup_error(format!(
                "'{encoding}' is not a text encoding; use codecs.open() to handle arbitrary codecs"
            )));
        }
        Ok(Codec(found))
    }

    /// A new incremental coder: `kind` is `incrementaldecoder` or `incrementalencoder`.
    ///
    /// # Errors
    /// What making it raises.
    pub fn make(&self, cx: &Context, kind: &str, errors: &str) -> PyResult<Value> {
        let factory = attribute::get(cx, self.0.as_value(), Name::intern(cx, kind)?)?;
        call::call(cx, &factory, &[errors.into_value(cx)?])
    }
}

/// A decoder with everything that it remembers from one piece to the next, but for a codec's own object.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    pub encoding: Encoding,
    pub errors: String,
    /// Whether line ends of all kinds are looked for.
    pub universal: bool,
    /// The beginning of a character.
    rest: Vec<u8>,
    pub translation: Translation,
}

const FLAGS: Place = Place {
    function: "getstate",
    position: 2,
    name: "flags",
    by_name: false,
};

impl Decoder {
    pub fn new(encoding: Encoding, errors: &str, universal: bool, translate: bool) -> Decoder {
        Decoder {
            encoding,
            errors: errors.to_owned(),
            universal,
            rest: Vec::new(),
            translation: Translation::new(translate),
        }
    }

    /// Decodes the next piece. `codec` is the incremental decoder of a registered encoding.
    ///
    /// # Errors
    /// UnicodeDecodeError, and what the codec raises.
    pub fn decode(
        &mut self,
        cx: &Context,
        codec: Option<&Value>,
        input: &[u8],
        last: bool,
    ) -> PyResult<Ref<Str>> {
        let text = match (self.encoding, codec) {
            (Encoding::Utf8, _) => self.decode_utf8(cx, input, last)?,
            (Encoding::Ascii, _) => narrow::decode_ascii(cx, input, &self.errors)?,
            (Encoding::Latin1, _) => Str::from_latin1(cx, input)?,
            (Encoding::Registered, Some(codec)) => {
                let input = Bytes::from_slice(cx, input)?.into_value();
                let decoded = method(cx, codec, "decode", &[input, Value::from_bool(last)])?;
                decoded.into_ref::<Str>().map_err(|other| {
                    let got = other.type_name();
                    cx.type_error(format!(
                        "decoder should return a string result, not '{got}'"
                    ))
                })?
            }
            (Encoding::Registered, None) => {
                return Err(cx.system_error("a text stream without decoder"));
            }
        };
        if self.universal {
            self.translation.decode(cx, text, last)
        } else {
            Ok(text)
        }
    }

    fn decode_utf8(&mut self, cx: &Context, input: &[u8], last: bool) -> PyResult<Ref<Str>> {
        if self.rest.is_empty() {
            let decoded = utf8::decode_partial(cx, input, &self.errors, last)?;
            self.rest
                .extend_from_slice(&input[decoded.consumed.min(input.len())..]);
            return Ok(decoded.text);
        }
        let mut joined = self.rest.clone();
        joined.extend_from_slice(input);
        let decoded = utf8::decode_partial(cx, &joined, &self.errors, last)?;
        self.rest = joined.split_off(decoded.consumed.min(joined.len()));
        Ok(decoded.text)
    }

    /// `getstate()`: bytes that are not decoded yet, and flags.
    ///
    /// # Errors
    /// What the codec raises; TypeError for what is no state.
    pub fn state(&self, cx: &Context, codec: Option<&Value>) -> PyResult<(Vec<u8>, i64)> {
        let (rest, flags) = match codec {
            None => (self.rest.clone(), 0),
            Some(codec) => {
                let state = method(cx, codec, "getstate", &[])?;
                let Some([rest, flags]) = state
                    .downcast::<Tuple>()
                    .and_then(|pair| <&[Value; 2]>::try_from(pair.as_slice()).ok())
                else {
                    return Err(cx.type_error("illegal decoder state"));
                };
                let Some(rest) = rest.downcast::<Bytes>() else {
                    return Err(cx.type_error(format!(
                        "illegal decoder state: the first item should be a bytes object, not '{}'",
                        rest.type_name()
                    )));
                };
                (
                    rest.as_slice().to_vec(),
                    i64::from_argument(cx, flags, &FLAGS)?,
                )
            }
        };
        let flags = if self.universal {
            flags << 1 | i64::from(self.translation.pending_cr)
        } else {
            flags
        };
        Ok((rest, flags))
    }

    /// `setstate((rest, flags))`.
    ///
    /// # Errors
    /// What the codec raises.
    pub fn set_state(
        &mut self,
        cx: &Context,
        codec: Option<&Value>,
        rest: &[u8],
        flags: i64,
    ) -> PyResult<()> {
        let mut flags = flags;
        if self.universal {
            self.translation.pending_cr = flags & 1 != 0;
            flags >>= 1;
        }
        match codec {
            None => {
                self.rest.clear();
                self.rest.extend_from_slice(rest);
                Ok(())
            }
            Some(codec) => {
                let state = vec![
                    Bytes::from_slice(cx, rest)?.into_value(),
                    flags.into_value(cx)?,
                ];
                let state = Tuple::from_vec(cx, state)?.into_value();
                method(cx, codec, "setstate", &[state]).map(drop)
            }
        }
    }

    /// `reset()`.
    ///
    /// # Errors
    /// What the codec raises.
    pub fn reset(&mut self, cx: &Context, codec: Option<&Value>) -> PyResult<()> {
        self.rest.clear();
        self.translation.reset();
        match codec {
            Some(codec) => method(cx, codec, "reset", &[]).map(drop),
            None => Ok(()),
        }
    }
}

/// Appends `text`, encoded, to `out`. `codec` is the incremental encoder of a registered encoding.
///
/// # Errors
/// UnicodeEncodeError, and what the codec raises.
pub fn encode(
    cx: &Context,
    encoding: Encoding,
    errors: &str,
    codec: Option<&Value>,
    text: &Ref<Str>,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    let encoded = match (encoding, text.as_ascii(), codec) {
        (Encoding::Utf8 | Encoding::Ascii | Encoding::Latin1, Some(text), _) => {
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        (Encoding::Utf8, ..) => utf8::encode(cx, text, errors)?,
        (Encoding::Ascii, ..) => narrow::encode_ascii(cx, text, errors)?,
        (Encoding::Latin1, ..) => narrow::encode_latin1(cx, text, errors)?,
        (Encoding::Registered, _, Some(codec)) => {
            let encoded = method(cx, codec, "encode", &[text.to_value()])?;
            let Some(bytes) = encoded.downcast::<Bytes>() else {
                return Err(cx.type_error(format!(
                    "encoder should return a bytes object, not '{}'",
                    encoded.type_name()
                )));
            };
            out.extend_from_slice(bytes.as_slice());
            return Ok(());
        }
        (Encoding::Registered, _, None) => {
            return Err(cx.system_error("a text stream without encoder"));
        }
    };
    out.extend_from_slice(&encoded);
    Ok(())
}

/// What a read of the buffer gave, as bytes.
///
/// # Errors
/// TypeError when it is nothing of the kind.
pub fn bytes_read(cx: &Context, by: &str, input: &Value) -> PyResult<Vec<u8>> {
    match input.class().slots.buffer.get() {
        Some(_) => Ok(BytesLike::of(cx, input)?.bytes().to_vec()),
        None => Err(cx.type_error(format!(
            "underlying {by}() should have returned a bytes-like object, not '{}'",
            input.type_name()
        ))),
    }
}
