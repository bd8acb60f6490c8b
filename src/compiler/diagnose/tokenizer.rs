//! Tokens as CPython's tokenizer sees them, with its errors.
//!
//! Sources that are known to be wrong come here, and those that a program wants the tokens of. What
//! matters is which tokens there are, where each lies, and how deep in brackets: the messages depend
//! on them.
//!
//! For the library's `tokenize`, comments and line breaks without meaning are tokens too, and what is
//! no token of the language is one character as an operator.

use ruff_text_size::{TextRange, TextSize};

use crate::error::{EndColumn, ErrorKind, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    String,
    /// The opening of an f-string or t-string, quotes included.
    FormatStart,
    /// Literal text in an f-string or t-string.
    FormatMiddle,
    FormatEnd,
    Operator,
    Newline,
    Indent,
    Dedent,
    /// Listed only.
    Comment,
    /// A line break that ends no statement. Listed only.
    LineBreak,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
    pub end: usize,
    /// Open brackets after the token.
    pub level: usize,
}

impl Token<'_> {
    pub fn range(&self) -> TextRange {
        TextRange::new(
            TextSize::new(self.start as u32),
            TextSize::new(self.end as u32),
        )
    }

    pub fn is_t_string(&self) -> bool {
        self.kind == Kind::FormatStart && self.text.contains(['t', 'T'])
    }
}

/// All tokens up to the end or the first error.
pub(super) struct Tokens<'a> {
    pub tokens: Vec<Token<'a>>,
    pub error: Option<Failure>,
    /// The error is about layout: the end met too early, indentation, a backslash. Such errors
    /// count only when the grammar gets there.
    pub error_is_layout: bool,
    /// The error is that the source ends.
    pub error_is_end: bool,
    /// Brackets that are open at the end.
    pub unclosed: Vec<(u8, usize)>,
}

const MAX_NESTING: usize = 200;
const MAX_INDENTATION: usize = 100;
/// Replacement fields within the format specifications of others.
const MAX_FIELDS: usize = 3;
const MAX_FORMAT_STRINGS: usize = 150;

/// An f-string or t-string that is open.
struct FormatString {
    quote: u8,
    triple: bool,
    raw: bool,
    prefix: char,
    start: usize,
    /// Brackets open around it.
    level: usize,
    /// For each open replacement field: the bracket level inside it, and whether its format
    /// specification has begun.
    fields: Vec<(usize, bool)>,
}

struct Tokenizer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    position: usize,
    tokens: Vec<Token<'a>>,
    brackets: Vec<(u8, usize)>,
    formats: Vec<FormatString>,
    /// Columns of the open indentations, with tabs as 8 and as 1.
    indentation: Vec<(usize, usize)>,
    layout_error: bool,
    /// Where the comment began that ends the line; the newline's token includes it.
    comment: Option<usize>,
    /// Comments and all line breaks are wanted.
    extra: bool,
    /// The last token that is neither.
    significant: Option<Kind>,
}

type Lexed<T> = Result<T, Failure>;

pub(super) fn tokenize(source: &str) -> Tokens<'_> {
    run(source, false)
}

/// As [`tokenize`], with the tokens that only `tokenize` lists.
pub(super) fn tokenize_extra(source: &str) -> Tokens<'_> {
    run(source, true)
}

fn run(source: &str, extra: bool) -> Tokens<'_> {
    let mut tokenizer = Tokenizer {
        source,
        bytes: source.as_bytes(),
        position: if source.starts_with('\u{FEFF}') { 3 } else { 0 },
        tokens: Vec::new(),
        brackets: Vec::new(),
        formats: Vec::new(),
        indentation: vec![(0, 0)],
        layout_error: false,
        comment: None,
        extra,
        significant: None,
    };
    let error = tokenizer.run().err();
    let error_is_layout = tokenizer.layout_error;
    let error_is_end = error.is_some() && tokenizer.at_end();
    Tokens {
        tokens: tokenizer.tokens,
        error,
        error_is_layout,
        error_is_end,
        unclosed: tokenizer.brackets,
    }
}

fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'a> Tokenizer<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.position + ahead).copied().unwrap_or(0)
    }

    fn at_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let token = Token {
            kind,
            text: &self.source[start..self.position],
            start,
            end: self.position,
            level: self.brackets.len(),
        };
        if !matches!(kind, Kind::Comment | Kind::LineBreak) {
            self.significant = Some(kind);
        }
        self.tokens.push(token);
    }

    /// Whether nothing of a statement has been met on this line.
    fn is_blank(&self) -> bool {
        self.significant
            .is_none_or(|kind| matches!(kind, Kind::Newline | Kind::Indent | Kind::Dedent))
    }

    /// An error whose position is one character.
    fn error_at(&self, offset: usize, message: impl Into<String>) -> Failure {
        Failure::syntax(message, TextRange::empty(TextSize::new(offset as u32))).within_line()
    }

    /// An error that the parser reports, at `offset`.
    fn parser_error_at(&self, offset: usize, message: impl Into<String>) -> Failure {
        Failure::syntax(message, TextRange::empty(TextSize::new(offset as u32)))
    }

    /// An error at the character before `offset`.
    fn error_before(&self, offset: usize, message: impl Into<String>) -> Failure {
        let before = self.source[..offset]
            .char_indices()
            .next_back()
            .map_or(0, |(index, _)| index);
        self.error_at(before, message)
    }

    fn newline_length(&self) -> usize {
        match (self.peek(0), self.peek(1)) {
            (b'\r', b'\n') => 2,
            (b'\n' | b'\r', _) if !self.at_end() => 1,
            _ => 0,
        }
    }

    fn run(&mut self) -> Lexed<()> {
        let mut line_start = true;
        loop {
            if let Some(format) = self.formats.last()
                && self.in_format_text(format)
            {
                self.format_text()?;
                continue;
            }
            if line_start && self.brackets.is_empty() && self.formats.is_empty() {
                line_start = false;
                if self.line_indentation()? {
                    line_start = true;
                    continue;
                }
            }
            while matches!(self.peek(0), b' ' | b'\t' | b'\x0C') {
                self.position += 1;
            }
            if self.at_end() {
                return self.finish();
            }
            let start = self.position;
            match self.peek(0) {
                b'#' => {
                    self.comment = Some(start);
                    while !self.at_end() && self.newline_length() == 0 {
                        self.position += 1;
                    }
                    if self.extra {
                        self.comment = None;
                        self.push(Kind::Comment, start);
                    }
                }
                b'\n' | b'\r' => {
                    let length = self.newline_length();
                    self.position += length;
                    let start = self.comment.take().unwrap_or(start);
                    let ends_statement = self.brackets.is_empty() && !self.is_blank();
                    if ends_statement {
                        self.push(Kind::Newline, start);
                    } else if self.extra {
                        self.push(Kind::LineBreak, start);
                    }
                    line_start |= self.brackets.is_empty();
                }
                b'\\' => self.continuation()?,
                b'0'..=b'9' => self.number()?,
                b'.' if self.peek(1).is_ascii_digit() => self.number()?,
                b'"' | b'\'' => self.string(start, "")?,
                byte if is_identifier_byte(byte) => self.name()?,
                _ => self.operator()?,
            }
        }
    }

    fn finish(&mut self) -> Lexed<()> {
        let in_line = self
            .tokens
            .last()
            .is_some_and(|last| !matches!(last.kind, Kind::Newline | Kind::LineBreak));
        let implied = in_line && !self.bytes.ends_with(b"\n");
        if self.extra && implied && (self.is_blank() || !self.brackets.is_empty()) {
            self.push(Kind::LineBreak, self.position);
        }
        if let Some(&(bracket, offset)) = self.brackets.last() {
            self.layout_error = true;
            return Err(never_closed(bracket, offset));
        }
        if !self.is_blank() {
            let start = self.comment.take().unwrap_or(self.position);
            self.push(Kind::Newline, start);
        }
        for _ in 1..self.indentation.len() {
            self.push(Kind::Dedent, self.position);
        }
        self.push(Kind::End, self.position);
        Ok(())
    }

    /// The blank space that begins a line. True when the line is blank and has been skipped.
    fn line_indentation(&mut self) -> Lexed<bool> {
        let start = self.position;
        let (mut column, mut narrow) = (0, 0);
        let mut continued = None;
        loop {
            match self.peek(0) {
                b' ' => {
                    column += 1;
                    narrow += 1;
                }
                b'\t' => {
                    column = (column / 8 + 1) * 8;
                    narrow += 1;
                }
                b'\x0C' => {
                    column = 0;
                    narrow = 0;
                }
                b'\\' => {
                    // A continued line of blanks: the indentation is that of the first.
                    continued = continued.or(Some((column, narrow)));
                    self.continuation()?;
                    continue;
                }
                _ => break,
            }
            self.position += 1;
        }
        if let Some(first) = continued {
            (column, narrow) = first;
        }
        if self.peek(0) == b'#' || self.newline_length() > 0 || self.at_end() {
            if self.extra {
                return Ok(false);
            }
            while !self.at_end() && self.newline_length() == 0 {
                self.position += 1;
            }
            self.position += self.newline_length();
            return Ok(!self.at_end());
        }
        let line_end = self.line_range(start);
        let line_start = TextRange::empty(TextSize::new(start as u32));
        // Undone below, unless the line is found wrong.
        let before = std::mem::replace(&mut self.layout_error, true);
        let inconsistent = || {
            Failure::new(
                ErrorKind::Tab,
                "inconsistent use of tabs and spaces in indentation",
                line_start,
            )
            .ending(EndColumn::Absent(0))
        };
        let (top, narrow_top) = *self.indentation.last().expect("invariant: never empty");
        if column == top {
            if narrow != narrow_top {
                return Err(inconsistent());
            }
        } else if column > top {
            if self.indentation.len() >= MAX_INDENTATION {
                return Err(Failure::new(
                    ErrorKind::Indentation,
                    "too many levels of indentation",
                    line_start,
                )
                .ending(EndColumn::Absent(0)));
            }
            if narrow <= narrow_top {
                return Err(inconsistent());
            }
            self.indentation.push((column, narrow));
            self.push(Kind::Indent, start);
        } else {
            let mut closed = 0;
            while self.indentation.len() > 1
                && self
                    .indentation
                    .last()
                    .is_some_and(|&(top, _)| column < top)
            {
                self.indentation.pop();
                closed += 1;
            }
            let (top, narrow_top) = *self.indentation.last().expect("invariant: never empty");
            if column != top {
                return Err(Failure::new(
                    ErrorKind::Indentation,
                    "unindent does not match any outer indentation level",
                    line_end,
                )
                .ending(EndColumn::Absent(-1)));
            }
            if narrow != narrow_top {
                return Err(inconsistent());
            }
            for _ in 0..closed {
                self.push(Kind::Dedent, self.position);
            }
        }
        self.layout_error = before;
        Ok(false)
    }

    /// The end of the line that begins at `start`.
    fn line_range(&self, start: usize) -> TextRange {
        let rest = &self.bytes[start..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(rest.len(), |end| end);
        TextRange::empty(TextSize::new((start + length) as u32))
    }

    fn continuation(&mut self) -> Lexed<()> {
        self.position += 1;
        let length = self.newline_length();
        if length == 0 && !self.at_end() {
            self.layout_error = true;
            return Err(Failure::syntax(
                "unexpected character after line continuation character",
                TextRange::empty(TextSize::new(self.position as u32)),
            )
            .ending(EndColumn::Absent(0)));
        }
        self.position += length;
        if self.at_end() {
            self.layout_error = true;
            let end = self.position - length;
            return Err(match self.brackets.last() {
                Some(&(bracket, offset)) => never_closed(bracket, offset),
                None => self
                    .parser_error_at(end, "unexpected EOF while parsing")
                    .ending(EndColumn::Absent(-1)),
            });
        }
        Ok(())
    }

    // Numbers.

    fn number(&mut self) -> Lexed<()> {
        let start = self.position;
        if self.peek(0) == b'0' {
            let (kind, is_digit): (_, fn(u8) -> bool) = match self.peek(1) {
                b'x' | b'X' => ("hexadecimal", |byte| byte.is_ascii_hexdigit()),
                b'o' | b'O' => ("octal", |byte| (b'0'..b'8').contains(&byte)),
                b'b' | b'B' => ("binary", |byte| matches!(byte, b'0' | b'1')),
                _ => return self.decimal(start),
            };
            self.position += 2;
            loop {
                if self.peek(0) == b'_' {
                    self.position += 1;
                }
                if !is_digit(self.peek(0)) {
                    if self.peek(0).is_ascii_digit() {
                        return Err(self.bad_digit(kind));
                    }
                    return Err(self.error_before(self.position, format!("invalid {kind} literal")));
                }
                while is_digit(self.peek(0)) {
                    self.position += 1;
                }
                if self.peek(0) != b'_' {
                    break;
                }
            }
            if self.peek(0).is_ascii_digit() {
                return Err(self.bad_digit(kind));
            }
            self.end_of_number(kind)?;
            self.push(Kind::Number, start);
            return Ok(());
        }
        self.decimal(start)
    }

    fn bad_digit(&self, kind: &str) -> Failure {
        let digit = char::from(self.peek(0));
        self.error_at(
            self.position,
            format!("invalid digit '{digit}' in {kind} literal"),
        )
    }

    fn digits(&mut self) -> Lexed<()> {
        loop {
            while self.peek(0).is_ascii_digit() {
                self.position += 1;
            }
            if self.peek(0) != b'_' {
                return Ok(());
            }
            self.position += 1;
            if !self.peek(0).is_ascii_digit() {
                return Err(self.error_before(self.position, "invalid decimal literal"));
            }
        }
    }

    fn decimal(&mut self, start: usize) -> Lexed<()> {
        self.digits()?;
        let integer = &self.source[start..self.position];
        let zeros = integer
            .bytes()
            .take_while(|byte| matches!(byte, b'0' | b'_'))
            .count();
        let leading_zero = integer.starts_with('0') && zeros < integer.len();
        let mut is_integer = true;
        if self.peek(0) == b'.' {
            is_integer = false;
            self.position += 1;
            if self.peek(0).is_ascii_digit() {
                self.digits()?;
            }
        }
        if matches!(self.peek(0), b'e' | b'E') {
            let sign = matches!(self.peek(1), b'+' | b'-');
            let digit = self.peek(1 + usize::from(sign));
            if digit.is_ascii_digit() {
                is_integer = false;
                self.position += 1 + usize::from(sign);
                self.digits()?;
            } else if !sign {
                // `1e` is wrong, but `1else` is a number and a keyword.
                self.end_of_number("decimal")?;
                self.push(Kind::Number, start);
                return Ok(());
            } else {
                self.position += 2;
                return Err(self.error_before(self.position, "invalid decimal literal"));
            }
        }
        if matches!(self.peek(0), b'j' | b'J') {
            self.position += 1;
            self.end_of_number("imaginary")?;
        } else {
            if leading_zero && is_integer && !self.extra {
                let first = TextSize::new(start as u32);
                let last = TextSize::new((start + zeros) as u32);
                return Err(Failure::syntax(
                    "leading zeros in decimal integer literals are not permitted; use an 0o \
                     prefix for octal integers",
                    TextRange::new(first, last),
                ));
            }
            self.end_of_number("decimal")?;
        }
        self.push(Kind::Number, start);
        Ok(())
    }

    /// A number may run into a keyword, but not into a name.
    fn end_of_number(&self, kind: &str) -> Lexed<()> {
        let rest = &self.source[self.position..];
        let keyword = ["and", "else", "for", "if", "in", "is", "or", "not"]
            .iter()
            .any(|keyword| rest.starts_with(keyword));
        let byte = self.peek(0);
        if !keyword && byte < 0x80 && is_identifier_byte(byte) {
            return Err(self.error_before(self.position, format!("invalid {kind} literal")));
        }
        Ok(())
    }

    // Names and strings.

    fn name(&mut self) -> Lexed<()> {
        let start = self.position;
        while !self.at_end() && is_identifier_byte(self.peek(0)) {
            self.position += 1;
            // A prefix, not a name: the string begins here.
            if matches!(self.peek(0), b'"' | b'\'') && self.position - start <= 5 {
                let prefix = &self.source.get(start..self.position).unwrap_or("");
                if is_prefix(prefix) {
                    return self.string(start, prefix);
                }
            }
        }
        let text = &self.source[start..self.position];
        if !text.is_ascii() {
            self.verify_identifier(start, text)?;
        }
        self.push(Kind::Name, start);
        Ok(())
    }

    fn verify_identifier(&self, start: usize, text: &str) -> Lexed<()> {
        for (offset, character) in text.char_indices() {
            let valid = if offset == 0 {
                character == '_' || unicode_ident::is_xid_start(character)
            } else {
                unicode_ident::is_xid_continue(character)
            };
            if valid {
                continue;
            }
            let code = character as u32;
            let printable = crate::python_repr::is_printable(character);
            let message = if printable {
                format!("invalid character '{character}' (U+{code:04X})")
            } else {
                format!("invalid non-printable character U+{code:04X}")
            };
            return Err(self.error_at(start + offset, message));
        }
        Ok(())
    }

    fn string(&mut self, start: usize, prefix: &str) -> Lexed<()> {
        let has = |letter: char| {
            prefix
                .chars()
                .any(|other| other.eq_ignore_ascii_case(&letter))
        };
        for (first, second) in [
            ('u', 'b'),
            ('u', 'r'),
            ('u', 'f'),
            ('u', 't'),
            ('b', 'f'),
            ('b', 't'),
            ('f', 't'),
        ] {
            if has(first) && has(second) {
                return Err(Failure::syntax(
                    format!("'{first}' and '{second}' prefixes are incompatible"),
                    TextRange::new(
                        TextSize::new(start as u32),
                        TextSize::new(self.position as u32),
                    ),
                ));
            }
        }
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        if has('f') || has('t') {
            self.position += if triple { 3 } else { 1 };
            self.push(Kind::FormatStart, start);
            if self.formats.len() >= MAX_FORMAT_STRINGS {
                return Err(
                    self.error_before(self.position, "too many nested f-strings or t-strings")
                );
            }
            self.formats.push(FormatString {
                quote,
                triple,
                raw: has('r'),
                prefix: if has('f') { 'f' } else { 't' },
                start,
                level: self.brackets.len(),
                fields: Vec::new(),
            });
            return Ok(());
        }
        if !triple && self.peek(1) == quote {
            self.position += 2;
            self.push(Kind::String, start);
            return Ok(());
        }
        self.position += if triple { 3 } else { 1 };
        let mut escaped_quote = false;
        loop {
            if self.at_end() || (!triple && self.newline_length() > 0) {
                return Err(self.unterminated(start, triple, escaped_quote));
            }
            match self.peek(0) {
                b'\\' => {
                    escaped_quote |= self.peek(1) == quote;
                    self.position += 1;
                    self.position += self.newline_length().max(1);
                    self.position = self.position.min(self.bytes.len());
                }
                byte if byte == quote => {
                    if !triple {
                        self.position += 1;
                        break;
                    }
                    if self.peek(1) == quote && self.peek(2) == quote {
                        self.position += 3;
                        break;
                    }
                    self.position += 1;
                }
                _ => self.position += 1,
            }
        }
        self.push(Kind::String, start);
        Ok(())
    }

    fn line_number(&self, offset: usize) -> usize {
        let before = &self.bytes[..offset.min(self.bytes.len())];
        1 + before.iter().filter(|&&byte| byte == b'\n').count()
    }

    fn unterminated(&self, start: usize, triple: bool, escaped_quote: bool) -> Failure {
        // A quote like those of the f-string around it ends that, rather: a brace is missing.
        if let Some(format) = self.formats.last()
            && format.triple == triple
            && self.bytes[start..]
                .iter()
                .find(|byte| !byte.is_ascii_alphabetic())
                == Some(&format.quote)
        {
            let message = format!("{}-string: expecting '}}'", format.prefix);
            return self.error_at(start, message);
        }
        let line = self.last_line();
        let message = if triple {
            format!("unterminated triple-quoted string literal (detected at line {line})")
        } else {
            let hint = if escaped_quote {
                "; perhaps you escaped the end quote?"
            } else {
                ""
            };
            format!("unterminated string literal (detected at line {line}){hint}")
        };
        self.error_at(start, message)
    }

    /// The line on which the tokenizer stopped; a newline that ends the source begins no other.
    fn last_line(&self) -> usize {
        if self.at_end() && self.bytes.last() == Some(&b'\n') {
            self.line_number(self.position - 1)
        } else {
            self.line_number(self.position)
        }
    }

    fn unterminated_format(&self, format: &FormatString) -> Failure {
        let line = self.last_line();
        let kind = if format.triple { "triple-quoted " } else { "" };
        let prefix = format.prefix;
        self.error_at(
            format.start,
            format!("unterminated {kind}{prefix}-string literal (detected at line {line})"),
        )
    }

    // f-strings and t-strings.

    fn in_format_text(&self, format: &FormatString) -> bool {
        match format.fields.last() {
            None => true,
            // In a format specification, outside of inner brackets.
            Some(&(level, specification)) => specification && self.brackets.len() == level,
        }
    }

    fn format_text(&mut self) -> Lexed<()> {
        let start = self.position;
        let format = self
            .formats
            .last()
            .expect("invariant: inside a format string");
        let (quote, triple, raw) = (format.quote, format.triple, format.raw);
        let prefix = format.prefix;
        let in_specification = !format.fields.is_empty();
        loop {
            if self.at_end() {
                let format = self
                    .formats
                    .last()
                    .expect("invariant: inside a format string");
                return Err(self.unterminated_format(format));
            }
            let byte = self.peek(0);
            if self.newline_length() > 0 && !triple {
                if in_specification {
                    return Err(self.error_at(
                        self.position,
                        format!(
                            "{prefix}-string: newlines are not allowed in format specifiers for \
                             single quoted {prefix}-strings"
                        ),
                    ));
                }
                let format = self
                    .formats
                    .last()
                    .expect("invariant: inside a format string");
                return Err(self.unterminated_format(format));
            }
            let closes =
                byte == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote));
            if closes {
                if self.position > start {
                    self.push(Kind::FormatMiddle, start);
                }
                let end = self.position;
                self.position += if triple { 3 } else { 1 };
                // An open field is missing its brace: the parser says so.
                let format = self
                    .formats
                    .pop()
                    .expect("invariant: inside a format string");
                self.brackets.truncate(format.level);
                self.push(Kind::FormatEnd, end);
                return Ok(());
            }
            match byte {
                b'{' if self.peek(1) == b'{' && !in_specification && !self.extra => {
                    self.position += 2;
                }
                // The listing shows one brace, and leaves the other out.
                b'{' | b'}' if self.peek(1) == byte && !in_specification && self.extra => {
                    self.position += 1;
                    self.push(Kind::FormatMiddle, start);
                    self.position += 1;
                    return Ok(());
                }
                b'{' => {
                    if self.position > start {
                        self.push(Kind::FormatMiddle, start);
                    }
                    return self.open_field();
                }
                b'}' if in_specification => {
                    if self.position > start {
                        self.push(Kind::FormatMiddle, start);
                    }
                    return self.operator();
                }
                b'}' if self.peek(1) == b'}' => self.position += 2,
                b'}' => {
                    return Err(self.error_at(
                        self.position,
                        format!("{prefix}-string: single '}}' is not allowed"),
                    ));
                }
                b'\\' => {
                    self.position += 1;
                    if !raw && self.peek(0) == b'N' && self.peek(1) == b'{' {
                        while !self.at_end() && !matches!(self.peek(0), b'}' | b'"' | b'\'' | b'\n')
                        {
                            self.position += 1;
                        }
                        if self.peek(0) == b'}' {
                            self.position += 1;
                        }
                    } else if !matches!(self.peek(0), b'{' | b'}') {
                        self.position += self.newline_length().max(1);
                        self.position = self.position.min(self.bytes.len());
                    }
                }
                _ => self.position += 1,
            }
        }
    }

    fn open_field(&mut self) -> Lexed<()> {
        let start = self.position;
        self.position += 1;
        self.brackets.push((b'{', start));
        let level = self.brackets.len();
        let format = self
            .formats
            .last_mut()
            .expect("invariant: inside a format string");
        format.fields.push((level, false));
        let (depth, prefix) = (format.fields.len(), format.prefix);
        if level > MAX_NESTING {
            return Err(self.error_at(start, "too many nested parentheses"));
        }
        if depth > MAX_FIELDS {
            return Err(self.error_before(
                start,
                format!("{prefix}-string: expressions nested too deeply"),
            ));
        }
        self.push(Kind::Operator, start);
        Ok(())
    }

    // Operators.

    fn operator(&mut self) -> Lexed<()> {
        let start = self.position;
        let byte = self.peek(0);
        // The end of the expression of a replacement field.
        if let Some(format) = self.formats.last_mut()
            && let Some((level, specification)) = format.fields.last_mut()
            && self.brackets.len() == *level
        {
            let next = self.bytes.get(start + 1).copied().unwrap_or(0);
            match byte {
                b':' => {
                    *specification = true;
                    self.position += 1;
                    self.push(Kind::Operator, start);
                    return Ok(());
                }
                b'!' if next != b'=' => {
                    self.position += 1;
                    self.push(Kind::Operator, start);
                    return Ok(());
                }
                b'}' => {
                    format.fields.pop();
                    self.brackets.pop();
                    self.position += 1;
                    self.push(Kind::Operator, start);
                    return Ok(());
                }
                _ => {}
            }
        }
        match byte {
            b'(' | b'[' | b'{' => {
                if self.brackets.len() >= MAX_NESTING {
                    return Err(self.error_at(start, "too many nested parentheses"));
                }
                self.brackets.push((byte, start));
                self.position += 1;
            }
            b')' | b']' | b'}' => self.close_bracket(byte)?,
            _ => {
                let rest = &self.bytes[start..];
                let length = if [&b"**="[..], b"//=", b">>=", b"<<=", b"..."]
                    .iter()
                    .any(|operator| rest.starts_with(operator))
                {
                    3
                } else if self.extra && rest.starts_with(b"<>") {
                    1
                } else if [
                    &b"**"[..],
                    b"//",
                    b">>",
                    b"<<",
                    b"<=",
                    b">=",
                    b"==",
                    b"!=",
                    b"<>",
                    b"->",
                    b":=",
                    b"+=",
                    b"-=",
                    b"*=",
                    b"/=",
                    b"%=",
                    b"@=",
                    b"&=",
                    b"|=",
                    b"^=",
                ]
                .iter()
                .any(|operator| rest.starts_with(operator))
                {
                    2
                } else {
                    1
                };
                if length == 1 && byte.is_ascii_control() && !self.extra {
                    return Err(self.error_at(
                        start,
                        format!("invalid non-printable character U+{:04X}", byte),
                    ));
                }
                self.position += length;
            }
        }
        self.push(Kind::Operator, start);
        Ok(())
    }

    fn close_bracket(&mut self, byte: u8) -> Lexed<()> {
        let start = self.position;
        let shown = char::from(byte);
        let Some(&(open, open_at)) = self.brackets.last() else {
            if self.extra {
                self.position += 1;
                return Ok(());
            }
            return Err(self.error_at(start, format!("unmatched '{shown}'")));
        };
        let expected = match open {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        if byte != expected {
            // The brace of a replacement field is not something to be matched by it.
            if let Some(format) = self.formats.last()
                && format
                    .fields
                    .last()
                    .is_some_and(|&(level, _)| level == self.brackets.len())
            {
                let prefix = format.prefix;
                return Err(self.error_at(start, format!("{prefix}-string: unmatched '{shown}'")));
            }
            let open_shown = char::from(open);
            let (line, open_line) = (self.line_number(start), self.line_number(open_at));
            let mut message = format!(
                "closing parenthesis '{shown}' does not match opening parenthesis '{open_shown}'"
            );
            if line != open_line {
                message.push_str(&format!(" on line {open_line}"));
            }
            return Err(self.error_at(start, message));
        }
        self.brackets.pop();
        self.position += 1;
        Ok(())
    }
}

/// The error about a bracket that is still open.
pub(super) fn never_closed(bracket: u8, offset: usize) -> Failure {
    Failure::syntax(
        format!("'{}' was never closed", char::from(bracket)),
        TextRange::empty(TextSize::new(offset as u32)),
    )
    .ending(EndColumn::Absent(0))
}

fn is_prefix(text: &str) -> bool {
    let mut seen = 0u8;
    text.bytes().all(|byte| {
        let bit = match byte.to_ascii_lowercase() {
            b'b' => 1,
            b'u' => 2,
            b'r' => 4,
            b'f' => 8,
            b't' => 16,
            _ => return false,
        };
        let new = seen & bit == 0;
        seen |= bit;
        new
    })
}
