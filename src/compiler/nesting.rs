//! Sources nested deeper than Python allows are refused before they are parsed: the parser would
//! take them, and a gigabyte of stack.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;

/// Brackets that may be open at once.
const MAX_BRACKETS: u32 = 200;

/// Levels of indentation, the outermost counted.
const MAX_INDENTATION: u32 = 100;

/// Replacement fields of f-strings within the format specifications of others.
const MAX_FIELDS: u32 = 3;

/// Where a quick look becomes suspicious.
const SUSPICIOUS: u32 = 1000;

/// Whether brackets seem nested without end. Strings and comments are not told apart from code, so
/// this may be wrong either way; it is to keep the parser from sources that are nothing but
/// brackets.
pub(crate) fn seems_endless(source: &str) -> bool {
    let mut depth = 0u32;
    source.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > SUSPICIOUS
    })
}

/// Whether there are so many lambdas that they may be nested without end, each in the parameters of
/// the one before: the parser has no end of recursion there.
pub(crate) fn may_have_endless_lambdas(source: &str) -> bool {
    source.matches("lambda").nth(SUSPICIOUS as usize).is_some()
}

/// Whether a parsed source may be nested deeper than Python allows.
pub(crate) fn is_too_deep<T>(parsed: &Parsed<T>) -> bool {
    let (mut brackets, mut indentation) = (0u32, 1u32);
    // Braces that are open in each of the f-strings and t-strings around.
    let mut fields: Vec<u32> = Vec::new();
    parsed.tokens().iter().any(|token| {
        match (token.kind(), fields.last_mut()) {
            (TokenKind::FStringStart | TokenKind::TStringStart, _) => fields.push(0),
            (TokenKind::FStringEnd | TokenKind::TStringEnd, _) => drop(fields.pop()),
            (TokenKind::Lbrace, Some(open)) => {
                *open += 1;
                if *open > MAX_FIELDS {
                    return true;
                }
            }
            (TokenKind::Rbrace, Some(open)) => *open = open.saturating_sub(1),
            _ => {}
        }
        match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => brackets += 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                brackets = brackets.saturating_sub(1);
            }
            TokenKind::Indent => indentation += 1,
            TokenKind::Dedent => indentation = indentation.saturating_sub(1),
            _ => {}
        }
        brackets > MAX_BRACKETS || indentation > MAX_INDENTATION
    })
}
