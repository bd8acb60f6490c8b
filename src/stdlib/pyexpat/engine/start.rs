//! The first bytes: the encoding, and the XML declaration (or, in an external entity, the text declaration).

use super::failure::{Code, Fault};
use super::input::{self, Encoding, Table};
use super::lexer::{Cursor, Lexed};
use super::{Engine, Event, Kind, Parsed, Progress, Stage, Wanted};

/// What an XML declaration says.
#[derive(Default)]
struct Declaration {
    version: Option<String>,
    encoding: Option<String>,
    encoding_offset: usize,
    is_standalone: Option<bool>,
}

const OPENING: &str = "<?xml";

impl Engine {
    pub(super) fn read_start(&mut self) -> Parsed<Progress> {
        if self.input.encoding == Encoding::Undecided {
            return self.find_encoding();
        }
        let mut cursor = Cursor::new(self.input.text(), false);
        let opens = match cursor.eat(OPENING) {
            Ok(opens) => opens && cursor.peek().is_ok_and(super::lexer::is_space),
            Err(_) if self.is_last() || self.input.is_broken() => false,
            Err(fault) => return self.fault(fault),
        };
        if opens {
            return match parse(self.input.text(), self.kind == Kind::Document) {
                Ok((declaration, length)) => self.declare(declaration, length),
                Err(fault) => self.fault(fault),
            };
        }
        if cursor.is_at_end() && !self.is_last() && !self.input.is_broken() {
            return self.fault(Fault::Incomplete);
        }
        self.begin();
        Ok(Progress::Again)
    }

    fn begin(&mut self) {
        self.stage = match self.kind {
            Kind::Document => Stage::Prolog,
            Kind::General => Stage::Content,
            Kind::Parameter => Stage::Subset,
        };
    }

    /// The encoding that overrides all others, or the one that the first bytes show.
    fn find_encoding(&mut self) -> Parsed<Progress> {
        let named = self.encoding_name.as_deref().map(|name| {
            (
                name.to_owned(),
                Encoding::built_in(name, &Encoding::Undecided),
            )
        });
        let raw = self.input.raw();
        if raw.len() < 3 && !self.input.is_last() {
            return Ok(Progress::NeedsInput);
        }
        let (found, mark) = match raw {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFE, 0xFF, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [0xFF, 0xFE, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0, ..] => (Encoding::Utf16 { big_endian: true }, 0),
            [b'<', 0, ..] => (Encoding::Utf16 { big_endian: false }, 0),
            _ => (Encoding::Utf8, 0),
        };
        match named {
            Some((name, None)) => self.tell(Event::UnknownEncoding(name)),
            Some((_, Some(named))) => {
                // Latin-1 has characters where other encodings have marks.
                let is_marked = mark > 0 && (named == found || named.is_wide() && found.is_wide());
                if is_marked {
                    self.input.skip_raw(mark);
                    self.input.decide(found);
                } else {
                    self.input.decide(named);
                }
            }
            None => {
                self.input.skip_raw(mark);
                self.input.decide(found);
            }
        }
        Ok(Progress::Again)
    }

    /// Answers an `UnknownEncoding` event.
    pub fn set_table(&mut self, table: Table) {
        let encoding = Encoding::Table(table);
        let is_usable = match &encoding {
            Encoding::Table(table) => input::is_compatible(table),
            _ => false,
        };
        if !is_usable {
            self.reject();
        } else if self.input.encoding == Encoding::Undecided {
            self.input.decide(encoding);
        } else if self.input.change(encoding).is_err() {
            self.question = Some(Code::INCORRECT_ENCODING);
            self.reject();
        }
    }

    fn declare(&mut self, declaration: Declaration, length: usize) -> Parsed<Progress> {
        if self.kind == Kind::Document && declaration.is_standalone == Some(true) {
            self.dtd.lock().is_standalone = true;
        }
        if self.wanted.contains(Wanted::XML_DECLARATION) {
            self.tell(Event::XmlDeclaration {
                version: declaration.version,
                encoding: declaration.encoding.clone(),
                standalone: declaration.is_standalone.map_or(-1, i32::from),
            });
        } else {
            self.tell_default(length);
        }
        let named = declaration
            .encoding
            .filter(|_| self.encoding_name.is_none());
        let known = named
            .as_deref()
            .map(|name| Encoding::built_in(name, &self.input.encoding));
        if let Some(Some(encoding)) = &known {
            let is_wrong = encoding.is_wide() != self.input.encoding.is_wide()
                || encoding.is_wide() && *encoding != self.input.encoding;
            if is_wrong {
                return self.fail(Code::INCORRECT_ENCODING, declaration.encoding_offset);
            }
        }
        self.input.advance(length);
        match (named, known) {
            (_, Some(Some(encoding))) => {
                if let Err(code) = self.input.change(encoding) {
                    return self.fail(code, 0);
                }
            }
            (Some(name), _) => self.tell(Event::UnknownEncoding(name)),
            _ => {}
        }
        self.begin();
        Ok(Progress::Again)
    }
}

/// The declaration at the text's start, and its length.
fn parse(text: &str, is_document: bool) -> Lexed<(Declaration, usize)> {
    // It is looked at when it is whole, so that what is missing is missing.
    let Some(length) = text.find("?>").map(|end| end + 2) else {
        return Err(Fault::Incomplete);
    };
    let code = if is_document {
        Code::XML_DECL
    } else {
        Code::TEXT_DECL
    };
    let declaration =
        parse_whole(&text[..length], is_document).map_err(|at| Fault::Wrong(code, at))?;
    Ok((declaration, length))
}

/// # Errors
/// The place of what is wrong.
fn parse_whole(text: &str, is_document: bool) -> Result<Declaration, usize> {
    let mut declaration = Declaration::default();
    let end = text.len() - 2;
    let mut cursor = Cursor::new(&text[..end], false);
    cursor.at = OPENING.len();
    let mut last = 0;
    loop {
        let separated = cursor.space();
        if cursor.is_at_end() {
            break;
        }
        let start = cursor.at;
        if !separated {
            return Err(start);
        }
        let length = cursor
            .rest()
            .find(|character: char| !character.is_ascii_alphabetic())
            .unwrap_or(0);
        let name = &cursor.rest()[..length];
        cursor.at += length;
        cursor.space();
        cursor.expect('=').map_err(|_| cursor.at)?;
        cursor.space();
        let quote = match cursor.bump() {
            Ok('"') => "\"",
            Ok('\'') => "'",
            _ => return Err(cursor.at),
        };
        let value_at = cursor.at;
        let value = cursor.until(quote).map_err(|_| value_at)?;
        let order = match name {
            "version" => {
                declaration.version = Some(value.to_owned());
                1
            }
            "encoding" if value.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                declaration.encoding = Some(value.to_owned());
                declaration.encoding_offset = value_at;
                2
            }
            "standalone" if is_document => {
                declaration.is_standalone = match value {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => return Err(value_at),
                };
                3
            }
            _ => return Err(start),
        };
        if order <= last || is_document && last == 0 && order != 1 {
            return Err(start);
        }
        last = order;
    }
    let is_whole = if is_document {
        declaration.version.is_some()
    } else {
        declaration.encoding.is_some()
    };
    if is_whole { Ok(declaration) } else { Err(end) }
}
