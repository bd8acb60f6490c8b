//! Warnings about how literals are written: escapes that mean nothing, numbers that run into
//! keywords.

use ruff_python_ast::StringFlags;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::error::{Failure, SyntaxWarning};
use crate::source::LineIndex;

/// What becomes of a sequence that is invalid now.
const FUTURE: &str = " Such sequences will not work in the future.";

/// The warnings of all tokens, in order; only those that begin before `end`, when the source goes wrong there.
pub(crate) fn warnings<T>(
    parsed: &Parsed<T>,
    source: &str,
    lines: &LineIndex,
    end: Option<TextSize>,
) -> Vec<SyntaxWarning> {
    let mut found = Vec::new();
    let mut warn = |message: String, failure: Failure| {
        found.push(SyntaxWarning {
            message,
            error: failure.locate(source, lines),
        });
    };
    let mut number: Option<(usize, &str)> = None;
    for token in parsed.tokens() {
        let range = token.range();
        if end.is_some_and(|end| range.start() >= end) {
            break;
        }
        if let Some((end, text)) = number.take()
            && end == range.start().to_usize()
            && matches!(
                token.kind(),
                TokenKind::And
                    | TokenKind::Else
                    | TokenKind::For
                    | TokenKind::If
                    | TokenKind::In
                    | TokenKind::Is
                    | TokenKind::Not
                    | TokenKind::Or
            )
        {
            let message = format!("invalid {} literal", number_kind(text));
            let last_digit = TextRange::empty(range.start() - TextSize::of('0'));
            let failure = Failure::syntax(message.clone(), last_digit).within_line();
            warn(message, failure);
        }
        match token.kind() {
            TokenKind::Int | TokenKind::Float | TokenKind::Complex => {
                number = Some((range.end().to_usize(), &source[range]));
            }
            TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle => {
                let text = &source[range];
                let flags = token.string_flags();
                let raw = flags.is_some_and(|flags| flags.prefix().is_raw());
                if text.contains('\\') && !raw {
                    let bytes = flags.is_some_and(|flags| flags.is_byte_string());
                    let interpolated = token.kind() != TokenKind::String;
                    // A brace behind a backslash is a token of its own.
                    let behind = source[range.end().to_usize()..].chars().next();
                    let behind = behind.filter(|&brace| interpolated && brace == '{');
                    if let Some((escape, message)) = bad_escape(text, bytes, interpolated, behind) {
                        let in_error = message.replace(FUTURE, "");
                        let failure = Failure::syntax(in_error, escape + range.start());
                        warn(message, failure);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn number_kind(text: &str) -> &'static str {
    match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => "hexadecimal",
        [b'0', b'o' | b'O', ..] => "octal",
        [b'0', b'b' | b'B', ..] => "binary",
        [.., b'j' | b'J'] => "imaginary",
        _ => "decimal",
    }
}

/// The first escape of a literal that has no meaning: where in it, and the warning.
fn bad_escape(
    text: &str,
    bytes: bool,
    interpolated: bool,
    behind: Option<char>,
) -> Option<(TextRange, String)> {
    let behind = behind.map(|brace| (text.len(), brace));
    let mut characters = text.char_indices().chain(behind);
    while let Some((offset, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let (_, escape) = characters.next()?;
        let known = matches!(
            escape,
            '\n' | '\r' | '\\' | '\'' | '"' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x'
        );
        if known || (!bytes && matches!(escape, 'N' | 'u' | 'U')) {
            continue;
        }
        // A brace after the backslash opens or closes a replacement field.
        let shown = match escape {
            '0'..='7' => {
                let digits: String = text[offset + 1..]
                    .chars()
                    .take(3)
                    .take_while(|digit| ('0'..='7').contains(digit))
                    .collect();
                if u32::from_str_radix(&digits, 8).is_ok_and(|value| value <= 0o377) {
                    continue;
                }
                digits
            }
            '{' | '}' if interpolated => escape.to_string(),
            other => other.to_string(),
        };
        let kind = if escape.is_ascii_digit() && escape < '8' {
            "octal escape"
        } else {
            "escape"
        };
        let length = TextSize::of('\\') + TextSize::of(&*shown);
        return Some((
            TextRange::at(TextSize::new(offset as u32), length),
            format!(
                "\"\\{shown}\" is an invalid {kind} sequence.{FUTURE} Did you mean \"\\\\{shown}\"? \
                 A raw string is also an option."
            ),
        ));
    }
    None
}
