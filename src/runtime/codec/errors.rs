//! Error handlers: what becomes of text or bytes that a codec cannot convert.
//!
//! The built-in handlers work without an exception object. Handlers from `codecs.register_error` are
//! called with one, and return a replacement and the position to go on at. The built-in handlers can be
//! called from Python too (`codecs.lookup_error`); those functions are at the end.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;
use typhon_macros::pyfunction;

use crate::args::FunctionSpec;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions::{
    self, BaseException, UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError,
};
use crate::objects::int;
use crate::objects::native::NativeFunction;
use crate::objects::str_::{Str, names};
use crate::objects::tuple::Tuple;
use crate::protocols::{attribute, call};
use crate::value::Value;

/// The handlers that are built in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handler {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    SurrogateEscape,
    SurrogatePass,
    XmlCharRefReplace,
    NameReplace,
}

impl Handler {
    /// The built-in handler with this name.
    pub fn built_in(name: &str) -> Option<Handler> {
        Some(match name {
            "strict" => Handler::Strict,
            "ignore" => Handler::Ignore,
            "replace" => Handler::Replace,
            "backslashreplace" => Handler::BackslashReplace,
            "surrogateescape" => Handler::SurrogateEscape,
            "surrogatepass" => Handler::SurrogatePass,
            "xmlcharrefreplace" => Handler::XmlCharRefReplace,
            "namereplace" => Handler::NameReplace,
            _ => return None,
        })
    }
}

/// What stands for text that could not be encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replacement {
    /// Text, to be encoded in its turn.
    Text(Vec<u32>),
    /// Bytes, to be written as they are.
    Bytes(Vec<u8>),
}

const SURROGATES: std::ops::Range<u32> = 0xd800..0xe000;
const ESCAPED_BYTES: std::ops::RangeInclusive<u32> = 0xdc80..=0xdcff;

fn text_points(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

fn backslash_escape(point: u32) -> String {
    match point {
        0..=0xff => format!("\\x{point:02x}"),
        0x100..=0xffff => format!("\\u{point:04x}"),
        _ => format!("\\U{point:08x}"),
    }
}

/// How an encoding writes a surrogate; `None` when it has no way to.
fn surrogate_bytes(encoding: &str, point: u32) -> Option<Vec<u8>> {
    let low = point as u16;
    Some(match standard_name(encoding)? {
        Standard::Utf8 => vec![
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ],
        Standard::Utf16Little => low.to_le_bytes().to_vec(),
        Standard::Utf16Big => low.to_be_bytes().to_vec(),
        Standard::Utf32Little => point.to_le_bytes().to_vec(),
        Standard::Utf32Big => point.to_be_bytes().to_vec(),
    })
}

/// The surrogate that `bytes` begin with in an encoding, and how many bytes it takes.
fn surrogate_of(encoding: &str, bytes: &[u8]) -> Option<(u32, usize)> {
    let (point, length) = match standard_name(encoding)? {
        Standard::Utf8 => {
            let &[first, second, third, ..] = bytes else {
                return None;
            };
            if first & 0xf0 != 0xe0 || second & 0xc0 != 0x80 || third & 0xc0 != 0x80 {
                return None;
            }
            (
                u32::from(first & 0x0f) << 12
                    | u32::from(second & 0x3f) << 6
                    | u32::from(third & 0x3f),
                3,
            )
        }
        Standard::Utf16Little => (u16::from_le_bytes(bytes.first_chunk().copied()?).into(), 2),
        Standard::Utf16Big => (u16::from_be_bytes(bytes.first_chunk().copied()?).into(), 2),
        Standard::Utf32Little => (u32::from_le_bytes(bytes.first_chunk().copied()?), 4),
        Standard::Utf32Big => (u32::from_be_bytes(bytes.first_chunk().copied()?), 4),
    };
    SURROGATES.contains(&point).then_some((point, length))
}

/// The encodings that can write surrogates.
enum Standard {
    Utf8,
    Utf16Little,
    Utf16Big,
    Utf32Little,
    Utf32Big,
}

fn standard_name(encoding: &str) -> Option<Standard> {
    let little = cfg!(target_endian = "little");
    let plain: String = encoding
        .chars()
        .filter(|c| *c != '-' && *c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "utf8" | "cp65001" => Standard::Utf8,
        "utf16le" => Standard::Utf16Little,
        "utf16be" => Standard::Utf16Big,
        "utf16" if little => Standard::Utf16Little,
        "utf16" => Standard::Utf16Big,
        "utf32le" => Standard::Utf32Little,
        "utf32be" => Standard::Utf32Big,
        "utf32" if little => Standard::Utf32Little,
        "utf32" => Standard::Utf32Big,
        _ => return None,
    })
}

/// What a built-in handler puts in the place of `run`, and how much of it that is for. `None`: the error
/// stays one.
pub fn replace_text(handler: Handler, encoding: &str, run: &[u32]) -> Option<(Replacement, usize)> {
    let text = |each: &dyn Fn(u32) -> String| {
        Replacement::Text(
            run.iter()
                .flat_map(|&point| text_points(&each(point)))
                .collect(),
        )
    };
    let replacement = match handler {
        Handler::Strict => return None,
        Handler::Ignore => Replacement::Bytes(Vec::new()),
        Handler::Replace => text(&|_| "?".into()),
        Handler::BackslashReplace => text(&backslash_escape),
        Handler::XmlCharRefReplace => text(&|point| format!("&#{point};")),
        Handler::NameReplace => text(&|point| match char::from_u32(point)
            .and_then(typhon_compiler::character_names::name)
        {
            Some(name) => format!("\\N{{{name}}}"),
            None => backslash_escape(point),
        }),
        Handler::SurrogateEscape => {
            let bytes: Vec<u8> = run
                .iter()
                .take_while(|point| ESCAPED_BYTES.contains(point))
                .map(|&point| point as u8)
                .collect();
            let length = bytes.len();
            return (length > 0).then_some((Replacement::Bytes(bytes), length));
        }
        Handler::SurrogatePass => {
            let mut bytes = Vec::new();
            let mut length = 0;
            for &point in run.iter().take_while(|point| SURROGATES.contains(point)) {
                bytes.extend(surrogate_bytes(encoding, point)?);
                length += 1;
            }
            return (length > 0).then_some((Replacement::Bytes(bytes), length));
        }
    };
    Some((replacement, run.len()))
}

/// What a built-in handler puts in the place of `bytes[start..end]`, and where to go on. `None`: the error
/// stays one.
fn replace_bytes(
    handler: Handler,
    encoding: &str,
    bytes: &[u8],
    start: usize,
    end: usize,
) -> Option<(Vec<u32>, usize)> {
    let run = &bytes[start..end];
    match handler {
        Handler::Strict | Handler::XmlCharRefReplace | Handler::NameReplace => None,
        Handler::Ignore => Some((Vec::new(), end)),
        Handler::Replace => Some((vec![0xfffd], end)),
        Handler::BackslashReplace => Some((
            run.iter()
                .flat_map(|byte| text_points(&format!("\\x{byte:02x}")))
                .collect(),
            end,
        )),
        Handler::SurrogateEscape => {
            let points: Vec<u32> = run
                .iter()
                .take(4)
                .take_while(|byte| !byte.is_ascii())
                .map(|&byte| 0xdc00 + u32::from(byte))
                .collect();
            let length = points.len();
            (length > 0).then_some((points, start + length))
        }
        Handler::SurrogatePass => surrogate_of(encoding, &bytes[start..])
            .map(|(point, length)| (vec![point], start + length)),
    }
}

/// Text that could not be encoded: `string[start..end]`.
pub struct EncodeError<'a> {
    pub encoding: &'a str,
    pub string: &'a Ref<Str>,
    pub start: usize,
    pub end: usize,
    pub reason: &'a str,
}

impl EncodeError<'_> {
    /// Raises the error.
    #[cold]
    pub fn raise(&self, cx: &Context) -> Raised {
        exceptions::raise_unicode_encode(
            cx,
            self.encoding,
            self.string,
            self.start,
            self.end,
            self.reason,
        )
    }

    /// What the handler called `errors` makes of it: a replacement, and where to go on.
    ///
    /// # Errors
    /// The error itself, LookupError for an unknown handler, and what the handler raises.
    #[cold]
    pub fn handle(&self, cx: &Context, errors: &str) -> PyResult<(Replacement, usize)> {
        if let Some(handler) = Handler::built_in(errors) {
            let run: Vec<u32> = (self.start..self.end)
                .map(|at| self.string.code_point(at))
                .collect();
            return match replace_text(handler, self.encoding, &run) {
                Some((replacement, length)) => Ok((replacement, self.start + length)),
                None => Err(self.raise(cx)),
            };
        }
        let handler = lookup_error(cx, errors)?;
        let raised = self.raise(cx);
        let (replacement, position) = call_handler(cx, &handler, raised)?;
        let wrong = "encoding error handler must return (str/bytes, int) tuple";
        let replacement = if let Some(text) = replacement.downcast::<Str>() {
            Replacement::Text(text.code_points().collect())
        } else if let Some(bytes) = replacement.downcast::<Bytes>() {
            Replacement::Bytes(bytes.as_slice().to_vec())
        } else {
            return Err(cx.type_error(wrong));
        };
        Ok((
            replacement,
            position_in(
                cx,
                position.ok_or_else(|| cx.type_error(wrong))?,
                self.string.len(),
            )?,
        ))
    }
}

/// Bytes that could not be decoded: `input[start..end]`.
pub struct DecodeError<'a> {
    pub encoding: &'a str,
    pub start: usize,
    pub end: usize,
    pub reason: &'a str,
}

impl DecodeError<'_> {
    /// Raises the error.
    #[cold]
    pub fn raise(&self, cx: &Context, input: &[u8]) -> Raised {
        match Bytes::from_slice(cx, input) {
            Ok(input) => exceptions::raise_unicode_decode(
                cx,
                self.encoding,
                input.as_value(),
                self.start,
                self.end,
                self.reason,
            ),
            Err(raised) => raised,
        }
    }

    /// What the handler called `errors` makes of it: a replacement, and where to go on. The handler may
    /// exchange the input.
    ///
    /// # Errors
    /// The error itself, LookupError for an unknown handler, and what the handler raises.
    #[cold]
    pub fn handle(
        &self,
        cx: &Context,
        input: &mut Cow<'_, [u8]>,
        errors: &str,
    ) -> PyResult<(Vec<u32>, usize)> {
        if let Some(handler) = Handler::built_in(errors) {
            return match replace_bytes(handler, self.encoding, input, self.start, self.end) {
                Some(replaced) => Ok(replaced),
                None if matches!(handler, Handler::XmlCharRefReplace | Handler::NameReplace) => {
                    Err(cx.type_error(
                        "don't know how to handle UnicodeDecodeError in error callback",
                    ))
                }
                None => Err(self.raise(cx, input)),
            };
        }
        let handler = lookup_error(cx, errors)?;
        let raised = self.raise(cx, input);
        let Raised = raised;
        let exception = cx.take_exception();
        let result = call::call(cx, &handler, &[exception.to_value()])?;
        let wrong = "decoding error handler must return (str, int) tuple";
        let (replacement, position) = read_answer(&result).ok_or_else(|| cx.type_error(wrong))?;
        let Some(text) = replacement.downcast::<Str>() else {
            return Err(cx.type_error(wrong));
        };
        if let Some(error) = exception.as_value().downcast::<UnicodeDecodeError>() {
            let Some(object) = error.object.get_as::<Bytes>() else {
                return Err(cx.type_error("UnicodeError 'object' attribute must be a bytes"));
            };
            if object.as_slice() != &input[..] {
                *input = Cow::Owned(object.as_slice().to_vec());
            }
        }
        let position = position.ok_or_else(|| cx.type_error(wrong))?;
        Ok((
            text.code_points().collect(),
            position_in(cx, position, input.len())?,
        ))
    }
}

/// Calls a handler with the exception that is set.
fn call_handler(cx: &Context, handler: &Value, Raised: Raised) -> PyResult<(Value, Option<i64>)> {
    let exception = cx.take_exception();
    let result = call::call(cx, handler, &[exception.into_value()])?;
    match read_answer(&result) {
        Some(answer) => Ok(answer),
        None => Err(cx.type_error("encoding error handler must return (str/bytes, int) tuple")),
    }
}

/// A handler's answer: replacement and position.
fn read_answer(result: &Value) -> Option<(Value, Option<i64>)> {
    match result.downcast::<Tuple>()?.as_slice() {
        [replacement, position] => {
            let view = int::view(position);
            let position = view.map(|view| {
                view.to_i64().unwrap_or(if view.is_negative() {
                    i64::MIN
                } else {
                    i64::MAX
                })
            });
            Some((replacement.clone(), position))
        }
        _ => None,
    }
}

/// A position that may count from the end.
fn position_in(cx: &Context, position: i64, length: usize) -> PyResult<usize> {
    let wrapped = if position < 0 {
        position.saturating_add(length as i64)
    } else {
        position
    };
    usize::try_from(wrapped)
        .ok()
        .filter(|&at| at <= length)
        .ok_or_else(|| {
            cx.index_error(format!(
                "position {position} from error handler out of bounds"
            ))
        })
}

static HANDLERS: OnceLock<Mutex<HashMap<String, Value>>> = OnceLock::new();

fn handlers(cx: &Context) -> PyResult<&'static Mutex<HashMap<String, Value>>> {
    if let Some(handlers) = HANDLERS.get() {
        return Ok(handlers);
    }
    let built_in: [(&str, &'static FunctionSpec); 8] = [
        ("strict", &STRICT_ERRORS),
        ("ignore", &IGNORE_ERRORS),
        ("replace", &REPLACE_ERRORS),
        ("backslashreplace", &BACKSLASHREPLACE_ERRORS),
        ("surrogateescape", &SURROGATEESCAPE),
        ("surrogatepass", &SURROGATEPASS),
        ("xmlcharrefreplace", &XMLCHARREFREPLACE_ERRORS),
        ("namereplace", &NAMEREPLACE_ERRORS),
    ];
    let mut table = HashMap::new();
    for (name, spec) in built_in {
        table.insert(
            name.to_owned(),
            NativeFunction::new(cx, spec, None, None)?.into_value(),
        );
    }
    Ok(HANDLERS.get_or_init(|| Mutex::new(table)))
}

/// `codecs.register_error(name, handler)`.
///
/// # Errors
/// TypeError when the handler is not callable.
pub fn register_error(cx: &Context, name: &str, handler: &Value) -> PyResult<()> {
    if !call::is_callable(handler) {
        return Err(cx.type_error("handler must be callable"));
    }
    let old = handlers(cx)?
        .lock()
        .insert(name.to_owned(), handler.clone());
    drop(old);
    Ok(())
}

/// `codecs._unregister_error(name)`: whether there was such a handler.
///
/// # Errors
/// ValueError for a built-in handler.
pub fn unregister_error(cx: &Context, name: &str) -> PyResult<bool> {
    if Handler::built_in(name).is_some() {
        return Err(cx.value_error(format!(
            "cannot un-register built-in error handler '{name}'"
        )));
    }
    let removed = handlers(cx)?.lock().remove(name);
    Ok(removed.is_some())
}

/// `codecs.lookup_error(name)`.
///
/// # Errors
/// LookupError when there is none.
pub fn lookup_error(cx: &Context, name: &str) -> PyResult<Value> {
    let found = handlers(cx)?.lock().get(name).cloned();
    found.ok_or_else(|| cx.lookup_error(format!("unknown error handler name '{name}'")))
}

/// What a handler that Python calls is asked about.
enum Problem {
    Encode {
        encoding: String,
        run: Vec<u32>,
        end: usize,
        start: usize,
    },
    Decode {
        encoding: String,
        input: Vec<u8>,
        start: usize,
        end: usize,
    },
    Translate {
        run: Vec<u32>,
        end: usize,
    },
}

fn problem(cx: &Context, exc: &Value) -> PyResult<Problem> {
    let unknown = || {
        cx.type_error(format!(
            "don't know how to handle {} in error callback",
            exc.type_name()
        ))
    };
    let is_encode = exc.downcast::<UnicodeEncodeError>().is_some();
    let is_decode = exc.downcast::<UnicodeDecodeError>().is_some();
    if !is_encode && !is_decode && exc.downcast::<UnicodeTranslateError>().is_none() {
        return Err(unknown());
    }
    let get = |name: &str| attribute::get(cx, exc, crate::objects::str_::Name::intern(cx, name)?);
    let number = |name: &str| -> PyResult<usize> {
        Ok(usize::try_from(int::index_as_i128(cx, &get(name)?)?).unwrap_or(0))
    };
    let object = get("object")?;
    let (start, end) = (number("start")?, number("end")?);
    let encoding = || -> PyResult<String> {
        Ok(attribute::get(cx, exc, names::encoding())?
            .downcast::<Str>()
            .map(ToString::to_string)
            .unwrap_or_default())
    };
    if is_decode {
        let Some(bytes) = object.downcast::<Bytes>() else {
            return Err(cx.type_error("object attribute must be bytes"));
        };
        let input = bytes.as_slice().to_vec();
        let end = end.min(input.len());
        return Ok(Problem::Decode {
            encoding: encoding()?,
            start: start.min(end),
            input,
            end,
        });
    }
    let Some(text) = object.downcast::<Str>() else {
        return Err(cx.type_error("object attribute must be unicode"));
    };
    let end = end.min(text.len());
    let start = start.min(end);
    let run = (start..end).map(|at| text.code_point(at)).collect();
    if is_encode {
        Ok(Problem::Encode {
            encoding: encoding()?,
            run,
            start,
            end,
        })
    } else {
        Ok(Problem::Translate { run, end })
    }
}

/// Raises the exception that a handler was given.
fn reraise(cx: &Context, exc: &Value) -> Raised {
    match exc.clone().into_ref::<BaseException>() {
        Ok(exception) => cx.raise(exception),
        Err(_) => cx.type_error("codec must pass exception instance"),
    }
}

/// A built-in handler as a function of Python.
fn respond(cx: &Context, handler: Handler, exc: &Value) -> PyResult<Ref<Tuple>> {
    let unknown = || {
        cx.type_error(format!(
            "don't know how to handle {} in error callback",
            exc.type_name()
        ))
    };
    let (replacement, position) = match problem(cx, exc)? {
        Problem::Encode {
            encoding,
            run,
            start,
            end,
        } => match replace_text(handler, &encoding, &run) {
            Some((replacement, length)) if length == run.len() => {
                (replacement, start.max(end - run.len()) + length)
            }
            _ => return Err(reraise(cx, exc)),
        },
        Problem::Decode {
            encoding,
            input,
            start,
            end,
        } => {
            if matches!(handler, Handler::XmlCharRefReplace | Handler::NameReplace) {
                return Err(unknown());
            }
            match replace_bytes(handler, &encoding, &input, start, end) {
                Some((points, position)) => (Replacement::Text(points), position),
                None => return Err(reraise(cx, exc)),
            }
        }
        Problem::Translate { run, end } => match handler {
            Handler::Ignore => (Replacement::Text(Vec::new()), end),
            Handler::Replace => (Replacement::Text(vec![0xfffd; run.len()]), end),
            Handler::BackslashReplace => match replace_text(handler, "", &run) {
                Some((replacement, _)) => (replacement, end),
                None => return Err(unknown()),
            },
            _ => return Err(unknown()),
        },
    };
    let replacement = match replacement {
        Replacement::Text(points) => Str::from_code_points(cx, &points)?.into_value(),
        Replacement::Bytes(_) if handler == Handler::Ignore => Str::empty().into_value(),
        Replacement::Bytes(bytes) => Bytes::from_slice(cx, &bytes)?.into_value(),
    };
    Tuple::from_values(cx, &[replacement, int::from_i64(cx, position as i64)?])
}

/// Implements the 'strict' error handling, which raises a UnicodeError on coding errors.
#[pyfunction("strict_errors(exc, /)")]
fn strict_errors(cx: &Context, exc: &Value) -> PyResult<Value> {
    Err(reraise(cx, exc))
}

/// Implements the 'ignore' error handling, which ignores malformed data and continues.
#[pyfunction("ignore_errors(exc, /)")]
fn ignore_errors(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::Ignore, exc)
}

/// Implements the 'replace' error handling, which replaces malformed data with a replacement marker.
#[pyfunction("replace_errors(exc, /)")]
fn replace_errors(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::Replace, exc)
}

/// Implements the 'backslashreplace' error handling, which replaces malformed data with a backslashed escape sequence.
#[pyfunction("backslashreplace_errors(exc, /)")]
fn backslashreplace_errors(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::BackslashReplace, exc)
}

/// Implements the 'surrogateescape' error handling.
#[pyfunction("surrogateescape(exc, /)")]
fn surrogateescape(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::SurrogateEscape, exc)
}

/// Implements the 'surrogatepass' error handling.
#[pyfunction("surrogatepass(exc, /)")]
fn surrogatepass(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::SurrogatePass, exc)
}

/// Implements the 'xmlcharrefreplace' error handling, which replaces an unencodable character with the appropriate XML character reference.
#[pyfunction("xmlcharrefreplace_errors(exc, /)")]
fn xmlcharrefreplace_errors(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::XmlCharRefReplace, exc)
}

/// Implements the 'namereplace' error handling, which replaces an unencodable character with a \N{...} escape sequence.
#[pyfunction("namereplace_errors(exc, /)")]
fn namereplace_errors(cx: &Context, exc: &Value) -> PyResult<Ref<Tuple>> {
    respond(cx, Handler::NameReplace, exc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(replacement: Option<(Replacement, usize)>) -> String {
        match replacement {
            Some((Replacement::Text(points), _)) => {
                points.into_iter().filter_map(char::from_u32).collect()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn text_is_replaced() {
        let run = [0xe9, 0x20ac, 0x1f600];
        assert_eq!(text(replace_text(Handler::Replace, "ascii", &run)), "???");
        assert_eq!(
            text(replace_text(Handler::BackslashReplace, "ascii", &run)),
            "\\xe9\\u20ac\\U0001f600"
        );
        assert_eq!(
            text(replace_text(Handler::XmlCharRefReplace, "ascii", &run)),
            "&#233;&#8364;&#128512;"
        );
        assert_eq!(
            text(replace_text(Handler::NameReplace, "ascii", &run[1..2])),
            "\\N{EURO SIGN}"
        );
    }

    #[test]
    fn surrogates_pass_and_escape() {
        let escaped = replace_text(Handler::SurrogateEscape, "ascii", &[0xdc80, 0xe9]);
        assert_eq!(escaped, Some((Replacement::Bytes(vec![0x80]), 1)));
        assert_eq!(
            replace_text(Handler::SurrogateEscape, "ascii", &[0xe9]),
            None
        );
        let passed = replace_text(Handler::SurrogatePass, "utf-8", &[0xd800]);
        assert_eq!(
            passed,
            Some((Replacement::Bytes(vec![0xed, 0xa0, 0x80]), 1))
        );
        assert_eq!(
            replace_bytes(Handler::SurrogatePass, "utf-8", &[0xed, 0xa0, 0x80], 0, 1),
            Some((vec![0xd800], 3))
        );
        assert_eq!(
            replace_bytes(Handler::SurrogateEscape, "utf-8", &[0xe2, b'a'], 0, 1),
            Some((vec![0xdce2], 1))
        );
    }
}
