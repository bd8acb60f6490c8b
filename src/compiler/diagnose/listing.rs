//! The tokens of a source, for the library's `tokenize`.

use super::tokenizer::{self, Kind};
use crate::error::CompileError;
use crate::source::LineIndex;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    End,
    Name,
    Number,
    String,
    Newline,
    Indent,
    Dedent,
    Operator,
    FStringStart,
    FStringMiddle,
    FStringEnd,
    TStringStart,
    TStringMiddle,
    TStringEnd,
    Comment,
    LineBreak,
}

/// A token and the bytes of the source that it takes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedToken {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

/// All tokens up to the end or the first error.
#[derive(Clone, Debug)]
pub struct TokenListing {
    pub tokens: Vec<ListedToken>,
    pub error: Option<CompileError>,
    /// The error is that the source ends inside brackets.
    pub unclosed: bool,
}

/// The tokens of a source. `extra`: with comments and the line breaks that end no statement.
pub fn list_tokens(source: &str, extra: bool) -> TokenListing {
    let found = if extra {
        tokenizer::tokenize_extra(source)
    } else {
        tokenizer::tokenize(source)
    };
    // Which of the two kinds of strings are open.
    let mut open = Vec::new();
    let tokens = found
        .tokens
        .iter()
        .map(|token| {
            let in_t_string = open.last().copied().unwrap_or(false);
            let kind = match token.kind {
                Kind::Name => TokenKind::Name,
                Kind::Number => TokenKind::Number,
                Kind::String => TokenKind::String,
                Kind::FormatStart => {
                    open.push(token.is_t_string());
                    if token.is_t_string() {
                        TokenKind::TStringStart
                    } else {
                        TokenKind::FStringStart
                    }
                }
                Kind::FormatMiddle if in_t_string => TokenKind::TStringMiddle,
                Kind::FormatMiddle => TokenKind::FStringMiddle,
                Kind::FormatEnd => {
                    open.pop();
                    if in_t_string {
                        TokenKind::TStringEnd
                    } else {
                        TokenKind::FStringEnd
                    }
                }
                Kind::Operator => TokenKind::Operator,
                Kind::Newline => TokenKind::Newline,
                Kind::Indent => TokenKind::Indent,
                Kind::Dedent => TokenKind::Dedent,
                Kind::Comment => TokenKind::Comment,
                Kind::LineBreak => TokenKind::LineBreak,
                Kind::End => TokenKind::End,
            };
            ListedToken {
                kind,
                start: token.start,
                end: token.end,
            }
        })
        .collect();
    TokenListing {
        tokens,
        unclosed: found.error_is_end && !found.unclosed.is_empty(),
        error: found
            .error
            .map(|failure| failure.locate(source, &LineIndex::new(source))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_line_breaks_are_listed_on_request() {
        let kinds = |extra| -> Vec<TokenKind> {
            let listing = list_tokens("# a\nb # c\n", extra);
            listing.tokens.iter().map(|token| token.kind).collect()
        };
        use TokenKind::{Comment, End, LineBreak, Name, Newline};
        assert_eq!(kinds(false), [Name, Newline, End]);
        assert_eq!(
            kinds(true),
            [Comment, LineBreak, Name, Comment, Newline, End]
        );
    }
}
