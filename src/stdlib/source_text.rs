//! Source as bytes becomes text: byte order mark, encoding declaration (PEP 263), checks.

use std::borrow::Cow;

use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions::{self, SyntaxErrorDetails, raise_syntax_error};
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Value, codec};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What encoding the bytes of a source say they are in.
#[derive(Debug, PartialEq, Eq)]
enum Declaration {
    Utf8,
    Latin1,
    Other(String),
}

/// The encoding that one of the first two lines declares, and the line. `None` when none does.
fn declared(bytes: &[u8]) -> Option<(Declaration, usize)> {
    for (index, line) in bytes.split(|&byte| byte == b'\n').take(2).enumerate() {
        let start = line
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0C'));
        let Some(start) = start else { continue };
        if line[start] == b'\r' {
            continue;
        }
        if line[start] != b'#' {
            // A line of code: the second line may not declare anything.
            return None;
        }
        if let Some(name) = name_in(&line[start..]) {
            let declaration = match name.to_ascii_lowercase().replace('_', "-").as_str() {
                "utf-8" => Declaration::Utf8,
                name if name.starts_with("utf-8-") => Declaration::Utf8,
                "latin-1" | "iso-8859-1" | "iso-latin-1" => Declaration::Latin1,
                name if ["latin-1-", "iso-8859-1-", "iso-latin-1-"]
                    .iter()
                    .any(|known| name.starts_with(known)) =>
                {
                    Declaration::Latin1
                }
                _ => Declaration::Other(name),
            };
            return Some((declaration, index + 1));
        }
    }
    None
}

/// The name behind `coding:` or `coding=` in a comment.
fn name_in(comment: &[u8]) -> Option<String> {
    let mut rest = comment;
    while let Some(at) = rest.windows(6).position(|window| window == b"coding") {
        rest = &rest[at + 6..];
        let Some(b':' | b'=') = rest.first() else {
            continue;
        };
        let name = rest[1..]
            .iter()
            .skip_while(|byte| matches!(byte, b' ' | b'\t'));
        let name: String = name
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .map(|&byte| char::from(byte))
            .collect();
        if !name.is_empty() {
            return Some(name);
        }
    }
    None
}

/// The text of source that was read as bytes.
///
/// # Errors
/// SyntaxError when it is not in the encoding it declares, or has null bytes.
pub fn decode(cx: &Context, bytes: &[u8], filename: &str, origin: Origin) -> PyResult<String> {
    let (marked, rest) = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let text = match declared(rest) {
        Some((Declaration::Other(name), line)) if marked => {
            let place = Place::of_line(rest, line);
            let message = format!("encoding problem: {name} with BOM");
            return Err(place.syntax_error(cx, filename, &message));
        }
        Some((Declaration::Latin1, line)) if marked => {
            let place = Place::of_line(rest, line);
            let message = "encoding problem: iso-8859-1 with BOM";
            return Err(place.syntax_error(cx, filename, message));
        }
        None | Some((Declaration::Utf8, _)) => match std::str::from_utf8(rest) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let at = error.valid_up_to();
                // Files are read by lines: what is wrong in an earlier one is said.
                let end = rest[..at].iter().rposition(|&byte| byte == b'\n');
                let lines = String::from_utf8_lossy(&rest[..end.unwrap_or(0)]);
                if origin == Origin::File
                    && let Some(null) = lines.find('\0')
                {
                    return Err(null_byte(cx, &lines, null, filename));
                }
                return Err(not_utf8(cx, rest, at, filename, origin));
            }
        },
        Some((Declaration::Latin1, _)) => rest.iter().map(|&byte| char::from(byte)).collect(),
        Some((Declaration::Other(name), _)) => decode_by_codec(cx, rest, &name, filename)?,
    };
    if origin == Origin::File
        && let Some(at) = text.find('\0')
    {
        return Err(null_byte(cx, &text, at, filename));
    }
    check(cx, text)
}

/// What a source comes from, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A string or bytes of the program.
    Text,
    File,
}

/// Text as the parser wants it: without null characters, with `\n` at the ends of lines.
///
/// # Errors
/// SyntaxError when there are null characters.
pub fn check(cx: &Context, text: String) -> PyResult<String> {
    if text.contains('\0') {
        return Err(cx.raise_message(
            exceptions::syntax_error(),
            "source code string cannot contain null bytes",
        ));
    }
    if text.contains('\r') {
        return Ok(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Ok(text)
}

/// By the codec registry.
fn decode_by_codec(cx: &Context, bytes: &[u8], encoding: &str, filename: &str) -> PyResult<String> {
    let decoded = codec::decode(cx, bytes, encoding, "strict")
        .and_then(|text| text.to_utf8(cx).map(Cow::into_owned));
    decoded.or_else(|Raised| {
        if !cx.exception_matches(exceptions::unicode_error())
            && !cx.exception_matches(exceptions::lookup_error())
        {
            return Err(Raised);
        }
        let exception = cx.take_exception();
        let message = text::str(cx, exception.as_value())?.to_string();
        Err(Place::default().syntax_error(cx, filename, &message))
    })
}

#[cold]
fn null_byte(cx: &Context, text: &str, at: usize, filename: &str) -> Raised {
    let message = "source code cannot contain null bytes";
    Place::of_null(text, at).syntax_error(cx, filename, message)
}

#[cold]
fn not_utf8(cx: &Context, bytes: &[u8], at: usize, filename: &str, origin: Origin) -> Raised {
    let line = 1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count();
    let in_file = match origin {
        Origin::Text => String::new(),
        Origin::File => format!(" in file {filename}"),
    };
    let message = format!(
        "Non-UTF-8 code starting with '\\x{:02x}'{in_file} on line {line}, but no encoding declared; see https://peps.python.org/pep-0263/ for details",
        bytes[at]
    );
    let mut place = Place::of_line(bytes, line);
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n');
    let before = &bytes[start.map_or(0, |newline| newline + 1)..at];
    place.offset = 1 + String::from_utf8_lossy(before).chars().count() as i64;
    place.syntax_error(cx, filename, &message)
}

/// Where a source cannot be read.
struct Place {
    line: usize,
    offset: i64,
    text: Option<String>,
}

/// Somewhere.
impl Default for Place {
    fn default() -> Place {
        Place {
            line: 0,
            offset: -1,
            text: None,
        }
    }
}

impl Place {
    /// A whole line, from 1.
    fn of_line(bytes: &[u8], line: usize) -> Place {
        let text = bytes.split(|&byte| byte == b'\n').nth(line - 1);
        let text = text.map(|text| text.strip_suffix(b"\r").unwrap_or(text));
        Place {
            line,
            offset: 0,
            text: text.map(|text| String::from_utf8_lossy(text).into_owned()),
        }
    }

    /// The null character at `at`; the line ends with it.
    fn of_null(text: &str, at: usize) -> Place {
        let before = &text[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            line: 1 + before.matches('\n').count(),
            offset: 0,
            text: Some(before[start..].to_owned()),
        }
    }

    #[cold]
    fn syntax_error(self, cx: &Context, filename: &str, message: &str) -> Raised {
        let details = SyntaxErrorDetails {
            message: message.to_owned(),
            filename: filename.to_owned(),
            line: self.line,
            offset: self.offset,
            end: self.text.is_some().then_some((self.line, self.offset)),
            text: self.text,
        };
        raise_syntax_error(cx, exceptions::syntax_error(), &details)
    }
}

/// The text of a path argument: `str`, `bytes` or something with `__fspath__`.
///
/// # Errors
/// TypeError when it is no path.
pub fn path_text(cx: &Context, path: &Value) -> PyResult<String> {
    path_string(cx, path).map(|path| path.to_lossy().into_owned())
}

/// [`path_text`] as a Python string.
///
/// # Errors
/// TypeError when it is no path.
pub fn path_string(cx: &Context, path: &Value) -> PyResult<Ref<Str>> {
    let path = if path.downcast::<Str>().is_some() || path.downcast::<Bytes>().is_some() {
        path.clone()
    } else {
        let hook = attribute::find(cx, path.class().as_value(), Name::intern(cx, "__fspath__")?)?;
        let Some(hook) = hook else {
            return Err(cx.type_error(format!(
                "expected str, bytes or os.PathLike object, not {}",
                path.type_name()
            )));
        };
        call::call(cx, &hook, std::slice::from_ref(path))?
    };
    if let Some(text) = path.downcast::<Str>() {
        return Ok(text.clone());
    }
    match path.downcast::<Bytes>() {
        Some(bytes) => codec::decode_file_name(cx, bytes.as_slice()),
        None => Err(cx.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            path.type_name()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found_in_the_first_two_lines() {
        assert_eq!(
            declared(b"# -*- coding: latin-1 -*-\n"),
            Some((Declaration::Latin1, 1))
        );
        assert_eq!(
            declared(b"#!/bin/x\n# vim: set fileencoding=UTF_8 :\n"),
            Some((Declaration::Utf8, 2))
        );
        assert_eq!(declared(b"\n\n# coding: ascii\n"), None);
        assert_eq!(declared(b"x = 1\n# coding: ascii\n"), None);
        assert_eq!(
            declared(b"# coding: koi8-r\n"),
            Some((Declaration::Other("koi8-r".into()), 1))
        );
        assert_eq!(declared(b"# nothing\nimport x\n"), None);
    }
}
