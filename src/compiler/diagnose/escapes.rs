//! Escapes that cannot be decoded, in the words of the codecs that Python decodes them with.

/// What is wrong with the escapes of a string literal.
pub(super) fn escape_error(token: &str, bytes: bool) -> Option<String> {
    let quote = token.find(['"', '\''])?;
    let (prefix, rest) = token.split_at(quote);
    if prefix.contains(['r', 'R']) {
        return None;
    }
    let width = if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
        3
    } else {
        1
    };
    let body = rest.get(width..rest.len().checked_sub(width)?)?;
    if bytes {
        bytes_error(body)
    } else {
        text_error(body)
    }
}

/// What is wrong with the escapes of a piece of an f-string.
pub(super) fn middle_error(text: &str) -> Option<String> {
    text_error(text)
}

fn bytes_error(body: &str) -> Option<String> {
    let bytes = body.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] != b'\\' {
            index += 1;
            continue;
        }
        if bytes.get(index + 1) == Some(&b'x') {
            let digits = bytes[index + 2..].iter().take(2);
            if digits.filter(|byte| byte.is_ascii_hexdigit()).count() < 2 {
                return Some(format!(
                    "(value error) invalid \\x escape at position {index}"
                ));
            }
        }
        index += 2;
    }
    None
}

fn text_error(body: &str) -> Option<String> {
    // Positions count in the text as the codec gets it, where other characters are escaped too.
    let mut position = 0;
    let mut characters = body.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        if character != '\\' {
            position += if character.is_ascii() { 1 } else { 10 };
            continue;
        }
        let Some((_, escape)) = characters.next() else {
            break;
        };
        let rest = &body[offset + 1 + escape.len_utf8()..];
        let digits = |count: usize| {
            rest.bytes()
                .take(count)
                .take_while(u8::is_ascii_hexdigit)
                .count()
        };
        let error = |length: usize, reason: &str| {
            let last = position + length - 1;
            Some(format!(
                "(unicode error) 'unicodeescape' codec can't decode bytes in position \
                 {position}-{last}: {reason}"
            ))
        };
        let (wanted, form) = match escape {
            'x' => (2, "\\xXX"),
            'u' => (4, "\\uXXXX"),
            'U' => (8, "\\UXXXXXXXX"),
            'N' => {
                let Some(name) = rest.strip_prefix('{') else {
                    return error(2, "malformed \\N character escape");
                };
                let Some(end) = name.find('}').filter(|&end| end > 0) else {
                    let length = 2 + 1 + name.find('}').map_or(name.len(), |end| end + 1);
                    return error(length, "malformed \\N character escape");
                };
                if crate::character_names::character(&name[..end]).is_none() {
                    return error(end + 4, "unknown Unicode character name");
                }
                position += 2;
                continue;
            }
            _ => {
                position += 1 + if escape.is_ascii() { 1 } else { 10 };
                continue;
            }
        };
        let found = digits(wanted);
        if found < wanted {
            return error(found + 2, &format!("truncated {form} escape"));
        }
        if wanted == 8 && u32::from_str_radix(&rest[..8], 16).is_ok_and(|code| code > 0x10_FFFF) {
            return error(10, "illegal Unicode character");
        }
        position += 2;
    }
    None
}
