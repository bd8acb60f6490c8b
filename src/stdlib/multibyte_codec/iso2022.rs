//! ISO 2022: sets of characters that escape sequences switch between (ECMA-35; RFC 1468, 1554, 1557).
//!
//! The state, byte by byte, is CPython's, as programs can see it:
//!
//! ```text
//!   0, 1, 2   which set G0, G1 and G2 are: its final byte, and 0x80 for two bytes a character
//!   4         1: shifted, G1 is on; 2: an unknown escape sequence is passed through
//! ```

use super::engine::{Decoded, State};
use super::tables::{self, Table};

const ESCAPE: u8 = 0x1B;
const SHIFT_OUT: u8 = 0x0E;
const SHIFT_IN: u8 = 0x0F;

const ASCII: u8 = b'B';
const LATIN_1: u8 = b'A';
const GREEK: u8 = b'F';
const ROMAN: u8 = b'J';
const KATAKANA: u8 = b'I';
const KANJI: u8 = b'B' | 0x80;
const OLD_KANJI: u8 = b'@' | 0x80;
const MORE_KANJI: u8 = b'D' | 0x80;
const HANZI: u8 = b'A' | 0x80;
const HANGUL: u8 = b'C' | 0x80;

const SHIFTED: u8 = 1;
const PASSING: u8 = 2;
const FLAGS: usize = 4;

/// The bytes of an escape sequence are at most so many.
const LONGEST_ESCAPE: usize = 16;

/// An encoding.
pub struct Family {
    /// Sets that can be switched on; encoders take the first that has the character.
    sets: &'static [u8],
    /// Which of G0 and G1 the sets of two bytes go to; with 1 the shifts are meant.
    plane: usize,
    /// Sets that can be in G2, from which single characters come.
    single: &'static [u8],
}

pub static JAPANESE: Family = Family {
    sets: &[KANJI, ROMAN, OLD_KANJI],
    plane: 0,
    single: &[],
};
pub static JAPANESE_1: Family = Family {
    sets: &[KANJI, MORE_KANJI, ROMAN, OLD_KANJI],
    plane: 0,
    single: &[],
};
pub static JAPANESE_2: Family = Family {
    sets: &[KANJI, MORE_KANJI, HANGUL, HANZI, ROMAN, OLD_KANJI],
    plane: 0,
    single: &[LATIN_1, GREEK],
};
pub static JAPANESE_EXTENDED: Family = Family {
    sets: &[KANJI, MORE_KANJI, ROMAN, KATAKANA, OLD_KANJI],
    plane: 0,
    single: &[],
};
pub static KOREAN: Family = Family {
    sets: &[HANGUL],
    plane: 1,
    single: &[],
};

fn table(set: u8) -> Option<&'static Table> {
    match set {
        KANJI | OLD_KANJI => Some(tables::jisx0208()),
        MORE_KANJI => Some(tables::jisx0212()),
        HANGUL => Some(tables::ksx1001()),
        HANZI => Some(tables::gb2312()),
        _ => None,
    }
}

pub fn initial_state(decodes: bool) -> State {
    let mut state = State::default();
    state[..2].fill(ASCII);
    if decodes {
        state[2] = ASCII;
    }
    state
}

/// The state of a decoder after `reset`.
pub fn reset_decoder(state: &mut State) {
    state[..3].fill(ASCII);
    state[FLAGS] &= !SHIFTED;
}

/// The half of ISO 8859-7 that is not ASCII.
fn greek(byte: u8) -> Option<u32> {
    let byte = [byte | 0x80];
    let text =
        encoding_rs::ISO_8859_7.decode_without_bom_handling_and_without_replacement(&byte)?;
    // These three came with the edition of 2003.
    if matches!(byte[0], 0xA4 | 0xA5 | 0xAA) {
        return None;
    }
    text.chars().next().map(u32::from)
}

impl Family {
    pub fn encode(&self, point: u32, state: &mut State, bytes: &mut Vec<u8>) -> bool {
        if point < 0x80 {
            if state[0] != ASCII {
                bytes.extend([ESCAPE, b'(', ASCII]);
                state[0] = ASCII;
            }
            self.shift(false, state, bytes);
            bytes.push(point as u8);
            return true;
        }
        for &set in self.sets {
            let code = match table(set) {
                Some(table) => table.code(point),
                None => match (set, point) {
                    (ROMAN, 0xA5) => Some([b'\\', 0]),
                    (ROMAN, 0x203E) => Some([b'~', 0]),
                    (KATAKANA, 0xFF61..=0xFF9F) => Some([(point - 0xFF40) as u8, 0]),
                    _ => None,
                },
            };
            let Some(code) = code else { continue };
            if self.plane == 0 {
                self.shift(false, state, bytes);
            }
            if state[self.plane] != set {
                let last = set & 0x7F;
                let bracket = if self.plane == 0 { b'(' } else { b')' };
                match set {
                    KANJI => bytes.extend([ESCAPE, b'$', last]),
                    _ if set & 0x80 != 0 => bytes.extend([ESCAPE, b'$', bracket, last]),
                    _ => bytes.extend([ESCAPE, bracket, last]),
                }
                state[self.plane] = set;
            }
            if self.plane == 1 {
                self.shift(true, state, bytes);
            }
            let length = if set & 0x80 != 0 { 2 } else { 1 };
            bytes.extend(&code[..length]);
            return true;
        }
        false
    }

    fn shift(&self, on: bool, state: &mut State, bytes: &mut Vec<u8>) {
        if (state[FLAGS] & SHIFTED != 0) != on {
            bytes.push(if on { SHIFT_OUT } else { SHIFT_IN });
            state[FLAGS] ^= SHIFTED;
        }
    }

    /// Goes back to ASCII.
    pub fn reset(&self, state: &mut State, bytes: &mut Vec<u8>) {
        self.shift(false, state, bytes);
        if state[0] != ASCII {
            bytes.extend([ESCAPE, b'(', ASCII]);
            state[0] = ASCII;
        }
    }

    pub fn decode(&self, input: &[u8], state: &mut State) -> Decoded {
        let byte = input[0];
        if state[FLAGS] & PASSING != 0 {
            if ends_escape(byte) {
                state[FLAGS] &= !PASSING;
            }
            return Decoded::Character(byte.into(), 1);
        }
        match byte {
            ESCAPE => self.escape(input, state),
            SHIFT_IN if self.plane == 1 => {
                state[FLAGS] &= !SHIFTED;
                Decoded::Nothing(1)
            }
            SHIFT_OUT if self.plane == 1 => {
                state[FLAGS] |= SHIFTED;
                Decoded::Nothing(1)
            }
            b'\n' => {
                state[FLAGS] &= !SHIFTED;
                Decoded::Character(byte.into(), 1)
            }
            ..0x20 => Decoded::Character(byte.into(), 1),
            0x80.. => Decoded::Illegal(1),
            _ => self.plain(input, state),
        }
    }

    fn plain(&self, input: &[u8], state: &State) -> Decoded {
        let byte = input[0];
        let set = state[usize::from(state[FLAGS] & SHIFTED != 0)];
        if let Some(table) = table(set) {
            let Some(&second) = input.get(1) else {
                return Decoded::Incomplete;
            };
            return match table.point(byte, second) {
                Some(point) => Decoded::Character(point, 2),
                None => Decoded::Illegal(2),
            };
        }
        match (set, byte) {
            (ROMAN, b'\\') => Decoded::Character(0xA5, 1),
            (ROMAN, b'~') => Decoded::Character(0x203E, 1),
            (KATAKANA, 0x21..=0x5F) => Decoded::Character(u32::from(byte) + 0xFF40, 1),
            // The last two are for single characters of G2.
            (KATAKANA | LATIN_1 | GREEK, _) => Decoded::Illegal(1),
            _ => Decoded::Character(byte.into(), 1),
        }
    }

    fn escape(&self, input: &[u8], state: &mut State) -> Decoded {
        match input.get(1) {
            None => Decoded::Incomplete,
            Some(b'(' | b')' | b'$' | b'.' | b'&') => self.designation(input, state),
            Some(b'N') if !self.single.is_empty() => match input.get(2) {
                None => Decoded::Incomplete,
                Some(&byte) => single_shift(state[2], byte),
            },
            Some(_) => {
                state[FLAGS] |= PASSING;
                Decoded::Character(ESCAPE.into(), 1)
            }
        }
    }

    /// An escape sequence that makes a set one of G0 to G2.
    fn designation(&self, input: &[u8], state: &mut State) -> Decoded {
        let mut at = 1;
        let length = loop {
            if at >= LONGEST_ESCAPE {
                return Decoded::Illegal(1);
            }
            match input.get(at) {
                None => return Decoded::Incomplete,
                // What tells that the set of kanji is its second edition, and the next escape.
                Some(b'&') if self.plane == 0 && input.get(at + 1) == Some(&b'@') => at += 3,
                Some(byte) if ends_escape(*byte) => break at + 1,
                Some(_) => at += 1,
            }
        };
        let (plane, set) = match input[1..length] {
            [b'$', last] => (0, last | 0x80),
            [b'(', last] => (0, last),
            [b')', last] => (1, last),
            [b'.', last] if !self.single.is_empty() => (2, last),
            [b'$', b'(', last] => (0, last | 0x80),
            [b'$', b')', last] => (1, last | 0x80),
            [b'&', b'@', ESCAPE, b'$', b'B'] if self.plane == 0 => (0, KANJI),
            _ => return Decoded::Illegal(length),
        };
        if set != ASCII && !self.sets.contains(&set) && !self.single.contains(&set) {
            return Decoded::Illegal(length);
        }
        state[plane] = set;
        Decoded::Nothing(length)
    }
}

fn ends_escape(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'@')
}

/// One character of G2.
fn single_shift(set: u8, byte: u8) -> Decoded {
    let point = match set {
        LATIN_1 if byte < 0x80 => Some(u32::from(byte) + 0x80),
        GREEK if byte < 0x80 => greek(byte),
        GREEK => Some(u32::from(byte & 0x7F)),
        ASCII if byte < 0x80 => Some(byte.into()),
        _ => None,
    };
    point.map_or(Decoded::Illegal(3), |point| Decoded::Character(point, 3))
}
