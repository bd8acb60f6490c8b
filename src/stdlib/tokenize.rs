//! `_tokenize`: the tokenizer as an iterator, for `tokenize`.
//!
//! The whole source is read when the first token is asked for: the tokens of one line depend on all
//! lines before it, and hardly ever does a reader stop early enough to make up for starting over.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_compiler::error::{CompileError, ErrorKind};
use typhon_compiler::{ListedToken, TokenKind, TokenListing, list_tokens};
use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::Args;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use crate::arguments::{bind, given, signature};
use crate::builtins::evaluation::raise_compile_error;

#[pymodule(name = "_tokenize", classes(TokenizerIter))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// The numbers of `token` for operators, by text.
const OPERATORS: &[(&str, i64)] = &[
    ("(", 7),
    (")", 8),
    ("[", 9),
    ("]", 10),
    (":", 11),
    (",", 12),
    (";", 13),
    ("+", 14),
    ("-", 15),
    ("*", 16),
    ("/", 17),
    ("|", 18),
    ("&", 19),
    ("<", 20),
    (">", 21),
    ("=", 22),
    (".", 23),
    ("%", 24),
    ("{", 25),
    ("}", 26),
    ("==", 27),
    ("!=", 28),
    ("<=", 29),
    (">=", 30),
    ("~", 31),
    ("^", 32),
    ("<<", 33),
    (">>", 34),
    ("**", 35),
    ("+=", 36),
    ("-=", 37),
    ("*=", 38),
    ("/=", 39),
    ("%=", 40),
    ("&=", 41),
    ("|=", 42),
    ("^=", 43),
    ("<<=", 44),
    (">>=", 45),
    ("**=", 46),
    ("//", 47),
    ("//=", 48),
    ("@", 49),
    ("@=", 50),
    ("->", 51),
    ("...", 52),
    (":=", 53),
    ("!", 54),
];

const OPERATOR: i64 = 55;

/// The number that `token` has for a kind.
fn type_number(kind: TokenKind) -> i64 {
    match kind {
        TokenKind::End => 0,
        TokenKind::Name => 1,
        TokenKind::Number => 2,
        TokenKind::String => 3,
        TokenKind::Newline => 4,
        TokenKind::Indent => 5,
        TokenKind::Dedent => 6,
        TokenKind::Operator => OPERATOR,
        TokenKind::FStringStart => 59,
        TokenKind::FStringMiddle => 60,
        TokenKind::FStringEnd => 61,
        TokenKind::TStringStart => 62,
        TokenKind::TStringMiddle => 63,
        TokenKind::TStringEnd => 64,
        TokenKind::Comment => 65,
        TokenKind::LineBreak => 66,
    }
}

/// A source that has been read, with its tokens.
struct Listing {
    text: String,
    /// Where lines begin.
    lines: Vec<usize>,
    tokens: TokenListing,
}

/// The payload: the tokens of what `readline` gives.
#[pyclass(name = "TokenizerIter", module = "_tokenize")]
pub struct TokenizerIter {
    readline: Value,
    encoding: Option<String>,
    extra: bool,
    listing: OnceLock<Listing>,
    /// Of the next token.
    index: AtomicUsize,
}

impl Traverse for TokenizerIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.readline);
    }
}

impl Listing {
    fn new(text: String, extra: bool) -> Listing {
        let mut lines = vec![0];
        lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let tokens = list_tokens(&text, extra);
        Listing {
            text,
            lines,
            tokens,
        }
    }

    /// Line, from 1, and column, in characters, of an offset.
    fn position(&self, offset: usize) -> (usize, i64) {
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines[line - 1];
        (line, self.text[start..offset].chars().count() as i64)
    }

    /// The lines from `first` to `last`, with their ends.
    fn lines_text(&self, first: usize, last: usize) -> &str {
        let end = self.lines.get(last).copied().unwrap_or(self.text.len());
        &self.text[self.lines[first - 1]..end]
    }
}

/// All that `readline` gives, as text.
fn read_all(cx: &Context, readline: &Value, encoding: Option<&str>) -> PyResult<String> {
    let mut text = String::new();
    loop {
        let line = match call::call(cx, readline, &[]) {
            Ok(line) => line,
            Err(Raised) => {
                if !cx.exception_matches(exceptions::stop_iteration()) {
                    return Err(Raised);
                }
                cx.clear_exception();
                break;
            }
        };
        let line = match (encoding, line.downcast::<Bytes>()) {
            (Some(encoding), Some(bytes)) => {
                let encoding = Str::from_str(cx, encoding)?.into_value();
                let errors = Str::from_str(cx, "replace")?.into_value();
                let decode = Name::intern(cx, "decode")?;
                call::call_method(cx, bytes.as_value(), decode, &[encoding, errors])?
            }
            (Some(_), None) => {
                return Err(cx.type_error("readline() returned a non-bytes object"));
            }
            (None, _) => line,
        };
        let Some(line) = line.downcast::<Str>() else {
            return Err(cx.type_error("readline() returned a non-string object"));
        };
        if line.is_empty() {
            break;
        }
        text.push_str(&line.to_utf8(cx)?);
    }
    Ok(text)
}

#[pymethods]
impl TokenizerIter {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "tokenizeriter",
            1,
            [readline],
            [encoding = None, extra_tokens]
        );
        let [readline, encoding, extra] = bind(cx, signature, args)?;
        let encoding = match encoding {
            Some(encoding) if !encoding.is_none() => Some(text::str(cx, encoding)?.to_string()),
            _ => None,
        };
        let payload = TokenizerIter {
            readline: given(readline).clone(),
            encoding,
            extra: given(extra).truth(cx)?,
            listing: OnceLock::new(),
            index: AtomicUsize::new(0),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<TokenizerIter>) -> PyResult<Option<Value>> {
        let listing = match this.listing.get() {
            Some(listing) => listing,
            None => {
                let text = read_all(cx, &this.readline, this.encoding.as_deref())?;
                this.listing.get_or_init(|| Listing::new(text, this.extra))
            }
        };
        let index = this.index.fetch_add(1, Ordering::Relaxed);
        if let Some(token) = listing.tokens.tokens.get(index) {
            return this.token(cx, listing, index, *token).map(Some);
        }
        match &listing.tokens.error {
            Some(error) if index == listing.tokens.tokens.len() => Err(raise(cx, listing, error)),
            _ => Ok(None),
        }
    }
}

/// Raises an error of indentation: it is reported behind the line's last character, without an end.
#[cold]
fn raise_indentation(cx: &Context, listing: &Listing, error: &CompileError) -> Raised {
    let class = match error.kind {
        ErrorKind::Tab => exceptions::tab_error(),
        _ => exceptions::indentation_error(),
    };
    let arguments = || -> PyResult<[Value; 2]> {
        let line = listing.lines_text(error.line as usize, error.line as usize);
        let line = line.trim_end_matches(['\n', '\r']);
        let place = vec![
            Str::from_str(cx, "<string>")?.into_value(),
            int::from_i64(cx, i64::from(error.line))?,
            int::from_i64(cx, line.chars().count() as i64 + 1)?,
            Str::from_str(cx, line)?.into_value(),
            Value::NONE,
            Value::NONE,
        ];
        let message = Str::from_str(cx, &error.message)?.into_value();
        Ok([message, Tuple::from_vec(cx, place)?.into_value()])
    };
    match arguments() {
        Ok(arguments) => cx.raise_with(class, &arguments),
        Err(raised) => raised,
    }
}

/// Raises the error that ends the tokens.
#[cold]
fn raise(cx: &Context, listing: &Listing, error: &CompileError) -> Raised {
    let mut error = error.clone();
    if listing.tokens.unclosed {
        error.message = "unexpected EOF in multi-line statement".to_owned();
        error.line = listing.position(listing.text.len()).0 as u32;
        error.column = 0;
    }
    if matches!(error.kind, ErrorKind::Indentation | ErrorKind::Tab) {
        return raise_indentation(cx, listing, &error);
    }
    raise_compile_error(cx, &error, "<string>", 0)
}

impl TokenizerIter {
    /// The five parts of a token.
    fn token(
        &self,
        cx: &Context,
        listing: &Listing,
        index: usize,
        token: ListedToken,
    ) -> PyResult<Value> {
        let source = &listing.text;
        let mut text = &source[token.start..token.end];
        let mut number = type_number(token.kind);
        let (mut line, mut column) = listing.position(token.start);
        let (mut end_line, mut end_column) = listing.position(token.end);
        let mut lines = listing.lines_text(line, end_line);
        match token.kind {
            TokenKind::Newline | TokenKind::LineBreak => {
                // The line break belongs to the line that it ends.
                end_line = line;
                lines = listing.lines_text(line, line);
                let comment = text.starts_with('#');
                if comment {
                    text = text.trim_end_matches(['\n', '\r']);
                }
                let width = text.chars().count() as i64;
                end_column = column + width.max(i64::from(self.extra));
                if !self.extra && !comment {
                    text = text.trim_end_matches('\n');
                    end_column = column + text.chars().count() as i64;
                }
            }
            TokenKind::Operator if !self.extra => {
                let known = OPERATORS.iter().find(|(operator, _)| *operator == text);
                number = known.map_or(OPERATOR, |(_, number)| *number);
            }
            TokenKind::End | TokenKind::Dedent if self.extra => {
                if token.start == source.len() {
                    let last = listing.position(source.len());
                    let partial = !source.is_empty() && !source.ends_with('\n');
                    line = last.0 + usize::from(partial);
                    end_line = line;
                    column = 0;
                    end_column = 0;
                    lines = "";
                } else {
                    lines = listing.lines_text(line, line);
                }
            }
            TokenKind::End | TokenKind::Dedent | TokenKind::Indent if !self.extra => {
                text = "";
                column = -1;
                end_column = -1;
                let at_end = token.start == source.len() && source.ends_with('\n');
                line -= usize::from(at_end);
                end_line = line;
                lines = listing.lines_text(line, line);
                if index == 0 && token.kind == TokenKind::End {
                    lines = "";
                }
            }
            _ => {}
        }
        let place = |line: usize, column: i64| -> PyResult<Value> {
            let line = int::from_i64(cx, line as i64)?;
            let column = int::from_i64(cx, column)?;
            Ok(Tuple::from_vec(cx, vec![line, column])?.into_value())
        };
        let parts = vec![
            int::from_i64(cx, number)?,
            Str::from_str(cx, text)?.into_value(),
            place(line, column)?,
            place(end_line, end_column)?,
            Str::from_str(cx, lines)?.into_value(),
        ];
        Ok(Tuple::from_vec(cx, parts)?.into_value())
    }
}
