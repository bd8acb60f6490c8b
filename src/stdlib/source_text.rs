//! Source as bytes becomes text: byte order mark, encoding declaration (PEP 263), checks.

use std::borrow::Cow;

use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions::{self, SyntaxErrorDetails, raise_syntax_error};
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Value, codec};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What encoding the bytes of a source say they are in.
#[derive(Debug, PartialEq, Eq)]
enum Declaration {
    Utf8,
    Latin1,
    Other(String),
}

/// The encoding that one of the first two lines declares. `None` when none does.
fn declared(bytes: &[u8]) -> Option<Declaration> {
    for line in bytes.split(|&byte| byte == b'\n').take(2) {
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
            return Some(match name.as_str() {
                "utf-8" | "utf8" => Declaration::Utf8,
                name if name.starts_with("utf-8-") => Declaration::Utf8,
                "latin-1" | "iso-8859-1" | "iso-latin-1" => Declaration::Latin1,
                name if ["latin-1-", "iso-8859-1-", "iso-latin-1-"]
                    .iter()
                    .any(|known| name.starts_with(known)) =>
                {
                    Declaration::Latin1
                }
                _ => Declaration::Other(name),
            });
        }
    }
    None
}

/// The name behind `coding:` or `coding=` in a comment, in normal form.
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
            .map(|&byte| {
                char::from(if byte == b'_' {
                    b'-'
                } else {
                    byte.to_ascii_lowercase()
                })
            })
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
        Some(Declaration::Other(name)) if marked => {
            return Err(syntax_error(
                cx,
                filename,
                &format!("encoding problem: {name} with BOM"),
                0,
            ));
        }
        None => match std::str::from_utf8(rest) {
            Ok(text) => text.to_owned(),
            Err(error) => return Err(not_utf8(cx, rest, error.valid_up_to(), filename)),
        },
        Some(Declaration::Utf8) => match std::str::from_utf8(rest) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let at = error.valid_up_to();
                let message = format!(
                    "(unicode error) 'utf-8' codec can't decode byte 0x{:02x} in position {at}: invalid start byte",
                    rest[at]
                );
                return Err(syntax_error(cx, filename, &message, 0));
            }
        },
        Some(Declaration::Latin1) => rest.iter().map(|&byte| char::from(byte)).collect(),
        Some(Declaration::Other(name)) => decode_by_codec(cx, rest, &name, filename)?,
    };
    check(cx, text, origin)
}

/// What a source comes from, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A string or bytes of the program.
    Text,
    File,
}

/// Refuses what no source may contain.
///
/// # Errors
/// SyntaxError when there are null characters.
pub fn check(cx: &Context, text: String, origin: Origin) -> PyResult<String> {
    if !text.contains('\0') {
        return Ok(text);
    }
    Err(cx.raise_message(
        exceptions::syntax_error(),
        match origin {
            Origin::Text => "source code string cannot contain null bytes",
            Origin::File => "source code cannot contain null bytes",
        },
    ))
}

/// By the codec registry.
fn decode_by_codec(cx: &Context, bytes: &[u8], encoding: &str, filename: &str) -> PyResult<String> {
    match codec::decode(cx, bytes, encoding, "strict")
        .and_then(|text| text.to_utf8(cx).map(Cow::into_owned))
    {
        Ok(text) => Ok(text),
        Err(Raised) => {
            let message = if cx.exception_matches(exceptions::lookup_error()) {
                format!("unknown encoding: {encoding}")
            } else {
                format!("encoding problem: {encoding}")
            };
            cx.clear_exception();
            Err(syntax_error(cx, filename, &message, 0))
        }
    }
}

#[cold]
fn not_utf8(cx: &Context, bytes: &[u8], at: usize, filename: &str) -> Raised {
    let line = 1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count();
    let byte = bytes[at];
    if filename.starts_with('<') {
        let message = format!(
            "(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: invalid start byte"
        );
        return syntax_error(cx, filename, &message, 0);
    }
    let message = format!(
        "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding declared; see https://peps.python.org/pep-0263/ for details"
    );
    syntax_error(cx, filename, &message, line)
}

#[cold]
fn syntax_error(cx: &Context, filename: &str, message: &str, line: usize) -> Raised {
    let details = SyntaxErrorDetails {
        message: message.to_owned(),
        filename: filename.to_owned(),
        line,
        offset: 0,
        text: None,
        end_line: line,
        end_offset: 0,
    };
    raise_syntax_error(cx, exceptions::syntax_error(), &details)
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
            Some(Declaration::Latin1)
        );
        assert_eq!(
            declared(b"#!/bin/x\n# vim: set fileencoding=UTF_8 :\n"),
            Some(Declaration::Utf8)
        );
        assert_eq!(declared(b"\n\n# coding: ascii\n"), None);
        assert_eq!(declared(b"x = 1\n# coding: ascii\n"), None);
        assert_eq!(
            declared(b"# coding: koi8-r\n"),
            Some(Declaration::Other("koi8-r".into()))
        );
        assert_eq!(declared(b"# nothing\nimport x\n"), None);
    }
}
