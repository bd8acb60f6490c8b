//! Tokens of content, and the characters and names that all of XML is made of.

use super::failure::{Code, Fault};

pub type Lexed<T> = Result<T, Fault>;

/// Whether a document may have this character.
pub fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

pub fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

pub fn is_name_start(character: char) -> bool {
    matches!(character,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

pub fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// A place in a text, from which tokens are read.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    text: &'a str,
    pub at: usize,
    /// A colon in a name separates a prefix.
    namespaces: bool,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, namespaces: bool) -> Cursor<'a> {
        Cursor {
            text,
            at: 0,
            namespaces,
        }
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub fn peek(&self) -> Lexed<char> {
        self.rest().chars().next().ok_or(Fault::Incomplete)
    }

    pub fn bump(&mut self) -> Lexed<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Ok(character)
    }

    /// Whether this comes next; if so, it is passed.
    pub fn eat(&mut self, expected: &str) -> Lexed<bool> {
        let rest = self.rest();
        if rest.starts_with(expected) {
            self.at += expected.len();
            Ok(true)
        } else if expected.starts_with(rest) {
            Err(Fault::Incomplete)
        } else {
            Ok(false)
        }
    }

    pub fn expect(&mut self, expected: char) -> Lexed<()> {
        if self.peek()? != expected {
            return Err(self.invalid());
        }
        self.at += expected.len_utf8();
        Ok(())
    }

    pub fn invalid(&self) -> Fault {
        Fault::invalid(self.at)
    }

    pub fn wrong(&self, code: Code) -> Fault {
        Fault::Wrong(code, self.at)
    }

    /// Passes whitespace; whether there was any.
    pub fn space(&mut self) -> bool {
        let start = self.at;
        self.at += self.rest().len() - self.rest().trim_start_matches(is_space).len();
        self.at > start
    }

    /// A name, which is over: another character follows.
    pub fn name(&mut self) -> Lexed<&'a str> {
        if !is_name_start(self.peek()?) {
            return Err(self.invalid());
        }
        let start = self.at;
        self.name_token()?;
        if self.namespaces {
            let name = self.since(start);
            let colons = name.match_indices(':').map(|(at, _)| at);
            let mut wrong = colons.clone().skip(1);
            if name.starts_with(':') {
                return Err(Fault::invalid(start));
            }
            if let Some(at) = wrong.next() {
                return Err(Fault::invalid(start + at));
            }
            let starts_again = |at: usize| name[at + 1..].chars().next().is_some_and(is_name_start);
            if let Some(at) = colons.into_iter().find(|at| !starts_again(*at)) {
                return Err(Fault::invalid(start + at + 1));
            }
        }
        Ok(self.since(start))
    }

    /// Characters of a name, whichever is the first.
    pub fn name_token(&mut self) -> Lexed<&'a str> {
        let start = self.at;
        while is_name_character(self.peek()?) {
            self.bump()?;
        }
        if start == self.at {
            return Err(self.invalid());
        }
        Ok(self.since(start))
    }

    /// Passes characters up to `end`, and it. What is before it.
    pub fn until(&mut self, end: &str) -> Lexed<&'a str> {
        let start = self.at;
        let found = self.rest().find(end);
        let inside = &self.rest()[..found.unwrap_or(self.rest().len())];
        if let Some(wrong) = inside.find(|character| !is_character(character)) {
            return Err(Fault::invalid(start + wrong));
        }
        let found = found.ok_or(Fault::Incomplete)?;
        self.at += found + end.len();
        Ok(&self.text[start..start + found])
    }
}

/// An attribute as it is written.
#[derive(Clone, Debug)]
pub struct RawAttribute {
    pub name: String,
    /// Between the quotes.
    pub value: String,
    /// From the token's start.
    pub name_offset: usize,
    pub value_offset: usize,
}

/// What content is made of.
#[derive(Clone, Debug)]
pub enum Token {
    Text,
    Newline,
    Character(char),
    Entity(String),
    StartTag {
        name: String,
        attributes: Vec<RawAttribute>,
        is_empty: bool,
    },
    EndTag(String),
    Comment(String),
    Instruction {
        target: String,
        data: String,
    },
    StartCdata,
    EndCdata,
}

/// The token at the text's start, and its length. `is_last`: the text does not go on.
pub fn content(text: &str, namespaces: bool, is_last: bool) -> Lexed<(Token, usize)> {
    let mut cursor = Cursor::new(text, namespaces);
    let token = match cursor.peek()? {
        '<' => markup(&mut cursor)?,
        '&' => reference(&mut cursor)?,
        '\r' | '\n' => newline(&mut cursor, is_last)?,
        _ => {
            let length = text_length(text, is_last, true)?;
            return Ok((Token::Text, length));
        }
    };
    Ok((token, cursor.at))
}

/// The same inside of a CDATA section.
pub fn cdata(text: &str, is_last: bool) -> Lexed<(Token, usize)> {
    let mut cursor = Cursor::new(text, false);
    let token = match cursor.peek()? {
        '\r' | '\n' => newline(&mut cursor, is_last)?,
        ']' if cursor.eat("]]>")? => Token::EndCdata,
        _ => return Ok((Token::Text, text_length(text, is_last, false)?)),
    };
    Ok((token, cursor.at))
}

fn newline(cursor: &mut Cursor<'_>, is_last: bool) -> Lexed<Token> {
    if cursor.bump()? == '\r' {
        match cursor.peek() {
            Ok('\n') => cursor.at += 1,
            Err(Fault::Incomplete) if !is_last => return Err(Fault::Incomplete),
            _ => {}
        }
    }
    Ok(Token::Newline)
}

/// How far text goes: to a line's end, markup, or the end of a CDATA section, which content must not have.
fn text_length(text: &str, is_last: bool, in_content: bool) -> Lexed<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        match character {
            '<' | '&' if in_content => break,
            '\r' | '\n' => break,
            ']' => {
                if bytes[at..].starts_with(b"]]>") {
                    if in_content {
                        return if at == 0 {
                            Err(Fault::invalid(2))
                        } else {
                            Ok(at)
                        };
                    }
                    break;
                }
                if !is_last && b"]]>".starts_with(&bytes[at..]) {
                    return if at == 0 {
                        Err(Fault::Incomplete)
                    } else {
                        Ok(at)
                    };
                }
            }
            character if !is_character(character) => break,
            _ => {}
        }
        at += character.len_utf8();
    }
    if at == 0 {
        return Err(Fault::invalid(0));
    }
    Ok(at)
}

fn markup(cursor: &mut Cursor<'_>) -> Lexed<Token> {
    cursor.expect('<')?;
    match cursor.peek()? {
        '!' => {
            if cursor.eat("![CDATA[")? {
                return Ok(Token::StartCdata);
            }
            if cursor.eat("!--")? {
                return comment(cursor).map(Token::Comment);
            }
            cursor.at += 1;
            Err(cursor.invalid())
        }
        '?' => {
            cursor.at += 1;
            let (target, data) = instruction(cursor)?;
            Ok(Token::Instruction { target, data })
        }
        '/' => {
            cursor.at += 1;
            let name = cursor.name()?.to_owned();
            cursor.space();
            cursor.expect('>')?;
            Ok(Token::EndTag(name))
        }
        _ => start_tag(cursor),
    }
}

/// After `<!--`.
pub fn comment(cursor: &mut Cursor<'_>) -> Lexed<String> {
    let data = cursor.until("--")?.to_owned();
    cursor.expect('>')?;
    Ok(with_newlines(&data))
}

/// After `<?`.
pub fn instruction(cursor: &mut Cursor<'_>) -> Lexed<(String, String)> {
    let start = cursor.at;
    let target = cursor.name()?.to_owned();
    if target == "xml" {
        return Err(Fault::Wrong(Code::MISPLACED_XML_PI, 0));
    }
    if target.eq_ignore_ascii_case("xml") {
        return Err(Fault::invalid(start));
    }
    if cursor.eat("?>")? {
        return Ok((target, String::new()));
    }
    if !cursor.space() {
        return Err(cursor.invalid());
    }
    let data = cursor.until("?>")?;
    Ok((target, with_newlines(data)))
}

/// Line ends of all kinds become newlines.
pub fn with_newlines(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}

fn start_tag(cursor: &mut Cursor<'_>) -> Lexed<Token> {
    let name = cursor.name()?.to_owned();
    let mut attributes: Vec<RawAttribute> = Vec::new();
    let is_empty = loop {
        let separated = cursor.space();
        match cursor.peek()? {
            '>' => {
                cursor.at += 1;
                break false;
            }
            '/' => {
                cursor.at += 1;
                cursor.expect('>')?;
                break true;
            }
            _ if !separated => return Err(cursor.invalid()),
            _ => attributes.push(attribute(cursor)?),
        }
    };
    Ok(Token::StartTag {
        name,
        attributes,
        is_empty,
    })
}

fn attribute(cursor: &mut Cursor<'_>) -> Lexed<RawAttribute> {
    let name_offset = cursor.at;
    let name = cursor.name()?.to_owned();
    cursor.space();
    cursor.expect('=')?;
    cursor.space();
    let quote = cursor.peek()?;
    if quote != '"' && quote != '\'' {
        return Err(cursor.invalid());
    }
    cursor.at += 1;
    let value_offset = cursor.at;
    loop {
        match cursor.peek()? {
            '&' => {
                reference(cursor)?;
            }
            character if character == quote => break,
            character if character == '<' || !is_character(character) => {
                return Err(cursor.invalid());
            }
            _ => {
                cursor.bump()?;
            }
        }
    }
    let value = cursor.since(value_offset).to_owned();
    cursor.at += 1;
    Ok(RawAttribute {
        name,
        value,
        name_offset,
        value_offset,
    })
}

/// `&name;` or the number of a character.
pub fn reference(cursor: &mut Cursor<'_>) -> Lexed<Token> {
    let start = cursor.at;
    cursor.expect('&')?;
    if cursor.peek()? != '#' {
        let name = cursor.name()?.to_owned();
        cursor.expect(';')?;
        return Ok(match predefined(&name) {
            Some(character) => Token::Character(character),
            None => Token::Entity(name),
        });
    }
    cursor.at += 1;
    let radix = if cursor.peek()? == 'x' {
        cursor.at += 1;
        16
    } else {
        10
    };
    let digits = cursor.at;
    let mut number: u32 = 0;
    while let Some(digit) = cursor.peek()?.to_digit(radix) {
        number = number.saturating_mul(radix).saturating_add(digit);
        cursor.at += 1;
    }
    if cursor.at == digits {
        return Err(cursor.invalid());
    }
    cursor.expect(';')?;
    char::from_u32(number)
        .filter(|character| is_character(*character))
        .map(Token::Character)
        .ok_or(Fault::Wrong(Code::BAD_CHAR_REF, start))
}

/// The entities that every document has.
pub fn predefined(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
