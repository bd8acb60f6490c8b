//! From bytes to text: PEP 263.
//!
//! UTF-8, unless a byte-order mark or a comment of the first two lines says otherwise.

use std::borrow::Cow;

use crate::error::{CompileError, ErrorKind};

/// Decodes the bytes of a source. `filename` is for the message.
pub fn decode_source<'a>(bytes: &'a [u8], filename: &str) -> Result<Cow<'a, str>, CompileError> {
    let (has_mark, rest) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let declared = declared_encoding(rest);
    let Some(declared) = declared else {
        return decode_utf8(rest, |line, byte| {
            format!(
                "Non-UTF-8 code starting with '\\x{byte:02x}' in file {filename} on line {line}, \
                 but no encoding declared; see https://peps.python.org/pep-0263/ for details"
            )
        });
    };
    let name = normal_name(&declared);
    if has_mark && name != "utf-8" {
        return Err(error(format!("encoding problem: {declared} with BOM"), 0));
    }
    match &*name {
        "utf-8" => decode_utf8(rest, |line, byte| {
            format!("(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} on line {line}")
        }),
        "iso-8859-1" => Ok(rest
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>()
            .into()),
        "ascii" | "us-ascii" => match rest.iter().position(|byte| !byte.is_ascii()) {
            None => Ok(String::from_utf8_lossy(rest)),
            Some(position) => Err(error(
                format!(
                    "(unicode error) 'ascii' codec can't decode byte 0x{:02x} in position \
                     {position}: ordinal not in range(128)",
                    rest[position]
                ),
                0,
            )),
        },
        other => decode_other(rest, other, &declared),
    }
}

fn decode_other<'a>(
    bytes: &'a [u8],
    name: &str,
    declared: &str,
) -> Result<Cow<'a, str>, CompileError> {
    // Python's names of code pages are the same with other prefixes.
    let label = match name
        .strip_prefix("cp")
        .filter(|number| number.starts_with("125"))
    {
        Some(number) => format!("windows-{number}"),
        None => name.to_owned(),
    };
    let Some(encoding) = encoding_rs::Encoding::for_label(label.as_bytes()) else {
        return Err(error(format!("unknown encoding: {declared}"), 0));
    };
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    if damaged {
        return Err(error(
            format!("(unicode error) '{declared}' codec can't decode the source"),
            0,
        ));
    }
    Ok(text)
}

fn decode_utf8(
    bytes: &[u8],
    message: impl Fn(usize, u8) -> String,
) -> Result<Cow<'_, str>, CompileError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(failure) => {
            let position = failure.valid_up_to();
            let line = 1 + bytes[..position]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count();
            Err(error(message(line, bytes[position]), line as u32))
        }
    }
}

fn error(message: String, line: u32) -> CompileError {
    CompileError {
        kind: ErrorKind::Syntax,
        message,
        line,
        column: 0,
        end_line: line,
        end_column: 0,
        text: None,
        in_tree: false,
        warnings: Vec::new(),
    }
}

/// The encoding that a comment of the first two lines names.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&byte| byte == b'\n').take(2) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = line
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0C'))
            .unwrap_or(line.len());
        let line = &line[start..];
        if line.is_empty() {
            continue;
        }
        let comment = line.strip_prefix(b"#")?;
        if let Some(name) = cookie(comment) {
            return Some(name);
        }
    }
    None
}

/// `coding[:=]\s*([-\w.]+)` in a comment.
fn cookie(comment: &[u8]) -> Option<String> {
    const WORD: &[u8] = b"coding";
    let mut rest = comment;
    loop {
        let position = rest.windows(WORD.len()).position(|window| window == WORD)?;
        rest = &rest[position + WORD.len()..];
        let Some((b':' | b'=', after)) = rest.split_first() else {
            continue;
        };
        let after = after.trim_ascii_start();
        let end = after
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.".contains(byte)))
            .unwrap_or(after.len());
        if end > 0 {
            return Some(String::from_utf8_lossy(&after[..end]).into_owned());
        }
    }
}

fn normal_name(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace('_', "-");
    if name == "utf-8" || name.starts_with("utf-8-") || name == "utf8" {
        return "utf-8".to_owned();
    }
    for latin in ["latin-1", "iso-8859-1", "iso-latin-1"] {
        if name == latin
            || name
                .strip_prefix(latin)
                .is_some_and(|rest| rest.starts_with('-'))
        {
            return "iso-8859-1".to_owned();
        }
    }
    if name == "latin1" || name == "l1" || name == "iso8859-1" {
        "iso-8859-1".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, String> {
        decode_source(bytes, "f.py")
            .map(Cow::into_owned)
            .map_err(|error| error.message)
    }

    #[test]
    fn the_declaration_decides() {
        assert_eq!(decoded("é".as_bytes()), Ok("é".to_owned()));
        assert_eq!(decoded(b"\xEF\xBB\xBFa"), Ok("a".to_owned()));
        assert_eq!(
            decoded(b"# -*- coding: latin-1 -*-\n\xE9"),
            Ok("# -*- coding: latin-1 -*-\né".into())
        );
        assert_eq!(
            decoded(b"#!x\n# vim: fileencoding=koi8-r\n\xC1"),
            Ok("#!x\n# vim: fileencoding=koi8-r\nа".into())
        );
        // Not in the third line, not after code.
        assert!(decoded(b"\n\n# coding: latin-1\n\xE9").is_err());
        assert!(decoded(b"x = 1\n# coding: latin-1\n\xE9").is_err());
    }

    #[test]
    fn messages_name_the_encoding() {
        assert_eq!(
            decoded(b"# coding: foo\n"),
            Err("unknown encoding: foo".to_owned())
        );
        assert_eq!(
            decoded(b"\xEF\xBB\xBF# coding: latin-1\n"),
            Err("encoding problem: latin-1 with BOM".to_owned())
        );
        assert!(decoded(b"\n\xFF").is_err_and(|message| {
            message.starts_with("Non-UTF-8 code starting with '\\xff' in file f.py on line 2")
        }));
    }
}
