//! The document as it comes in: bytes in pieces become text, and the text that is used up is counted.
//!
//! ```text
//!   raw     bytes that are not text yet: their encoding is unknown, or a character is cut off
//!   text    used up │ not used up                 broken: what comes next is no character
//!                   └ at, which is at `position` of the document
//! ```
//! Positions count bytes of the document's encoding, lines from 1, and characters of a line from 0.

use super::failure::Code;

/// A place in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub byte: u64,
    pub line: u64,
    pub column: u64,
}

impl Position {
    pub const START: Position = Position {
        byte: 0,
        line: 1,
        column: 0,
    };
}

/// Characters of a one-byte encoding; `None` for bytes that are no characters.
pub type Table = Box<[Option<char>; 256]>;

/// How bytes are characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Not known before the first bytes are there.
    #[default]
    Undecided,
    Utf8,
    Latin1,
    Ascii,
    Utf16 {
        big_endian: bool,
    },
    Table(Table),
}

impl Encoding {
    /// One of those that are built in. "UTF-16" is what the document's first bytes say it is.
    pub fn built_in(name: &str, current: &Encoding) -> Option<Encoding> {
        let utf16 = |big_endian| Some(Encoding::Utf16 { big_endian });
        match name.to_ascii_uppercase().as_str() {
            "UTF-8" => Some(Encoding::Utf8),
            "ISO-8859-1" => Some(Encoding::Latin1),
            "US-ASCII" => Some(Encoding::Ascii),
            "UTF-16BE" => utf16(true),
            "UTF-16LE" => utf16(false),
            "UTF-16" => match current {
                Encoding::Utf16 { .. } => Some(current.clone()),
                _ => utf16(true),
            },
            _ => None,
        }
    }

    pub fn is_wide(&self) -> bool {
        matches!(self, Encoding::Utf16 { .. })
    }

    fn width(&self, character: char) -> u64 {
        match self {
            Encoding::Undecided | Encoding::Utf8 => character.len_utf8() as u64,
            Encoding::Utf16 { .. } => 2 * character.len_utf16() as u64,
            Encoding::Latin1 | Encoding::Ascii | Encoding::Table(_) => 1,
        }
    }
}

/// The characters to which a one-byte encoding must not give another meaning: those of markup and names.
fn is_fixed(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') && !b"$@\\^`{}~".contains(&byte)
}

/// Whether markup in this encoding can be read before the encoding is known.
pub fn is_compatible(table: &[Option<char>; 256]) -> bool {
    (0..=u8::MAX).all(|byte| {
        let character = table[usize::from(byte)];
        let is_itself = character == Some(char::from(byte));
        let is_markup = character.is_some_and(|other| u8::try_from(other).is_ok_and(is_fixed));
        is_itself || !is_fixed(byte) && !is_markup
    })
}

/// See the module's header.
#[derive(Debug, Default)]
pub struct Input {
    raw: Vec<u8>,
    text: String,
    at: usize,
    position: Option<Position>,
    pub encoding: Encoding,
    broken: bool,
    is_last: bool,
    /// How much text there was when a token turned out not to be whole.
    attempted: usize,
}

impl Input {
    /// Takes more of the document; `is_last`: there is no more after this.
    pub fn feed(&mut self, bytes: &[u8], is_last: bool) {
        self.text.drain(..self.at);
        self.at = 0;
        self.raw.extend_from_slice(bytes);
        self.is_last = is_last;
        if self.encoding != Encoding::Undecided {
            self.decode();
        }
    }

    pub fn is_last(&self) -> bool {
        self.is_last
    }

    pub fn position(&self) -> Position {
        self.position.unwrap_or(Position::START)
    }

    /// The text that is not used up.
    pub fn text(&self) -> &str {
        &self.text[self.at..]
    }

    /// How much of the text is used up.
    pub fn used(&self) -> usize {
        self.at
    }

    /// The text from a place on that may be used up already.
    pub fn text_from(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or("")
    }

    /// The bytes that are not text yet.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// No character can be made of what follows the text.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The last character is cut off.
    pub fn is_cut_off(&self) -> bool {
        !self.broken && !self.raw.is_empty()
    }

    /// Whether it is worth the trouble to look for a token again: a long one that comes in small pieces
    /// would be looked at over and over.
    pub fn is_worth_a_try(&self) -> bool {
        self.is_last || self.attempted == 0 || self.text().len() >= 2 * self.attempted
    }

    /// A token is not whole. It is looked at again at once if there were others before it in this piece.
    pub fn note_attempt(&mut self) {
        self.attempted = if self.at == 0 { self.text().len() } else { 0 };
    }

    /// Uses up so many bytes of the text.
    pub fn advance(&mut self, length: usize) {
        self.position = Some(self.position_at(length));
        self.at += length;
        self.attempted = 0;
    }

    /// The place `offset` bytes of text further on.
    pub fn position_at(&self, offset: usize) -> Position {
        let mut position = self.position();
        let mut characters = self.text()[..offset].chars().peekable();
        while let Some(character) = characters.next() {
            position.byte += self.encoding.width(character);
            let ends_line = match character {
                '\n' => true,
                '\r' => characters.peek() != Some(&'\n'),
                _ => false,
            };
            if ends_line {
                position.line += 1;
                position.column = 0;
            } else if character != '\r' {
                position.column += 1;
            }
        }
        position
    }

    /// Skips bytes that are no text: a byte order mark.
    pub fn skip_raw(&mut self, length: usize) {
        self.raw.drain(..length);
        let mut position = self.position();
        position.byte += length as u64;
        self.position = Some(position);
    }

    /// Tells how bytes are characters, for those that are not text yet.
    pub fn decide(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        self.decode();
    }

    /// Tells how bytes are characters when text has been made of some already in another way. All of the
    /// text that is not used up becomes bytes again.
    ///
    /// # Errors
    /// The other way has characters of another width.
    pub fn change(&mut self, encoding: Encoding) -> Result<(), Code> {
        if encoding == self.encoding {
            return Ok(());
        }
        if encoding.is_wide() || self.encoding.is_wide() {
            return Err(Code::INCORRECT_ENCODING);
        }
        let mut raw = self.text().as_bytes().to_vec();
        raw.append(&mut self.raw);
        self.raw = raw;
        self.text.truncate(self.at);
        self.broken = false;
        self.decide(encoding);
        Ok(())
    }

    fn decode(&mut self) {
        if self.broken {
            return;
        }
        let used = match &self.encoding {
            Encoding::Undecided => 0,
            Encoding::Utf8 => match std::str::from_utf8(&self.raw) {
                Ok(text) => {
                    self.text.push_str(text);
                    text.len()
                }
                Err(error) => {
                    let good = &self.raw[..error.valid_up_to()];
                    self.text.push_str(&String::from_utf8_lossy(good));
                    self.broken = error.error_len().is_some();
                    good.len()
                }
            },
            Encoding::Utf16 { big_endian } => {
                let (text, used, broken) = decode_utf16(&self.raw, *big_endian);
                self.text.push_str(&text);
                self.broken = broken;
                used
            }
            one_byte => {
                let character = |byte: u8| match one_byte {
                    Encoding::Ascii => byte.is_ascii().then(|| char::from(byte)),
                    Encoding::Table(table) => table[usize::from(byte)],
                    _ => Some(char::from(byte)),
                };
                let good = self.raw.iter().map_while(|byte| character(*byte));
                let before = self.text.len();
                let mut used = 0;
                self.text.extend(good.inspect(|_| used += 1));
                debug_assert!(self.text.len() >= before + used);
                self.broken = used < self.raw.len();
                used
            }
        };
        self.raw.drain(..used);
    }
}

/// The text, how many bytes it was, and whether what follows is no character.
fn decode_utf16(raw: &[u8], big_endian: bool) -> (String, usize, bool) {
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if big_endian {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        }
    };
    let units: Vec<u16> = raw.chunks_exact(2).map(unit).collect();
    let mut text = String::new();
    let mut used = 0;
    for character in char::decode_utf16(units.iter().copied()) {
        match character {
            Ok(character) => {
                text.push(character);
                used += 2 * character.len_utf16();
            }
            Err(error) => {
                let is_cut_off = used + 2 == 2 * units.len() && error.unpaired_surrogate() < 0xDC00;
                return (text, used, !is_cut_off);
            }
        }
    }
    (text, used, false)
}
