//! The codecs themselves: a character at a time, with a state.
//!
//! A decoder that cannot go on says how many bytes are wrong, as CPython's does, so that error handlers see
//! the same.

use super::iso2022::{self, Family};
use super::tables;

/// What a codec has between two characters: CPython's eight bytes, which `getstate` shows.
pub type State = [u8; 8];

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A character of so many bytes.
    Character(u32, usize),
    /// So many bytes that only change the state.
    Nothing(usize),
    /// The beginning of something.
    Incomplete,
    /// So many bytes that are nothing.
    Illegal(usize),
}

#[derive(Clone, Copy)]
pub enum Codec {
    ShiftJis,
    Cp932,
    EucJp,
    EucKr,
    Cp949,
    Gb2312,
    Gbk,
    Gb18030,
    Hz,
    Big5,
    Cp950,
    Iso2022(&'static Family),
}

/// HZ: in GB 2312, between `~{` and `~}`.
const IN_GB: u8 = 1;

/// Hangul in EUC-KR that KS X 1001 has no pair for: a filler and three letters, two bytes each.
const FILLER: [u8; 2] = [0xA4, 0xD4];

/// Second bytes of the letters that a syllable begins with, in Unicode's order.
const INITIALS: &[u8; 19] =
    b"\xA1\xA2\xA4\xA7\xA8\xA9\xB1\xB2\xB3\xB5\xB6\xB7\xB8\xB9\xBA\xBB\xBC\xBD\xBE";

/// And of those that it ends with; the first is for none.
const FINALS: &[u8; 28] = b"\xD4\xA1\xA2\xA3\xA4\xA5\xA6\xA7\xA9\xAA\xAB\xAC\xAD\xAE\xAF\xB0\xB1\xB2\xB4\xB5\xB6\xB7\xB8\xBA\xBB\xBC\xBD\xBE";

/// The second byte of the first vowel; the others follow.
const FIRST_VOWEL: u8 = 0xBF;
const VOWELS: u32 = 21;

/// Where Unicode's syllables begin.
const FIRST_SYLLABLE: u32 = 0xAC00;

/// Half-width katakana in sets that have them in one byte, from A1.
const KATAKANA: std::ops::RangeInclusive<u32> = 0xFF61..=0xFF9F;
const KATAKANA_OFFSET: u32 = 0xFEC0;

impl Codec {
    pub fn named(name: &str) -> Option<Codec> {
        Some(match name {
            "shift_jis" => Codec::ShiftJis,
            "cp932" => Codec::Cp932,
            "euc_jp" => Codec::EucJp,
            "euc_kr" => Codec::EucKr,
            "cp949" => Codec::Cp949,
            "gb2312" => Codec::Gb2312,
            "gbk" => Codec::Gbk,
            "gb18030" => Codec::Gb18030,
            "hz" => Codec::Hz,
            "big5" => Codec::Big5,
            "cp950" => Codec::Cp950,
            "iso2022_jp" => Codec::Iso2022(&iso2022::JAPANESE),
            "iso2022_jp_1" => Codec::Iso2022(&iso2022::JAPANESE_1),
            "iso2022_jp_2" => Codec::Iso2022(&iso2022::JAPANESE_2),
            "iso2022_jp_ext" => Codec::Iso2022(&iso2022::JAPANESE_EXTENDED),
            "iso2022_kr" => Codec::Iso2022(&iso2022::KOREAN),
            _ => return None,
        })
    }

    pub fn initial_state(self, decodes: bool) -> State {
        match self {
            Codec::Iso2022(_) => iso2022::initial_state(decodes),
            _ => State::default(),
        }
    }

    /// Appends a character's bytes; whether it has any.
    pub fn encode(self, point: u32, state: &mut State, bytes: &mut Vec<u8>) -> bool {
        match self {
            Codec::Iso2022(family) => return family.encode(point, state, bytes),
            Codec::Hz => return encode_hz(point, state, bytes),
            _ if point < 0x80 => {
                bytes.push(point as u8);
                return true;
            }
            _ => {}
        }
        let high = |[first, second]: [u8; 2]| [first | 0x80, second | 0x80];
        let pair = match self {
            Codec::ShiftJis => match single_japanese(point) {
                Some(byte) => {
                    bytes.push(byte);
                    return true;
                }
                None => tables::jisx0208().code(point).map(shifted),
            },
            Codec::Cp932 => {
                let single = match point {
                    0x80 => Some(0x80),
                    0xF8F0 => Some(0xA0),
                    0xF8F1..=0xF8F3 => Some((point - 0xF8F1 + 0xFD) as u8),
                    _ if KATAKANA.contains(&point) => Some((point - KATAKANA_OFFSET) as u8),
                    _ => None,
                };
                if let Some(byte) = single {
                    bytes.push(byte);
                    return true;
                }
                tables::cp932().code(point)
            }
            Codec::EucJp => match single_japanese(point) {
                Some(byte) => {
                    if byte >= 0x80 {
                        bytes.push(0x8E);
                    }
                    bytes.push(byte);
                    return true;
                }
                None => tables::jisx0208().code(point).map(high).or_else(|| {
                    let code = tables::jisx0212().code(point)?;
                    bytes.push(0x8F);
                    Some(high(code))
                }),
            },
            Codec::EucKr => tables::ksx1001().code(point).map(high).or_else(|| {
                let [initial, vowel, last] = letters(point)?;
                bytes.extend(FILLER);
                bytes.extend([0xA4, initial, 0xA4, vowel]);
                Some([0xA4, last])
            }),
            Codec::Gb2312 => tables::gb2312().code(point).map(high),
            Codec::Gb18030 => tables::gb18030().code(point).or_else(|| {
                let [first, second, third, fourth] = four_bytes(point)?;
                bytes.extend([first, second]);
                Some([third, fourth])
            }),
            Codec::Cp949 => tables::cp949().code(point),
            Codec::Gbk => tables::gbk().code(point),
            Codec::Big5 => tables::big5().code(point),
            Codec::Cp950 => tables::cp950().code(point),
            Codec::Hz | Codec::Iso2022(_) => None,
        };
        bytes.extend(pair.into_iter().flatten());
        pair.is_some()
    }

    /// Appends the bytes that go back to the initial state.
    pub fn reset_encoder(self, state: &mut State, bytes: &mut Vec<u8>) {
        match self {
            Codec::Iso2022(family) => family.reset(state, bytes),
            Codec::Hz if state[0] == IN_GB => {
                bytes.extend(b"~}");
                state[0] = 0;
            }
            _ => {}
        }
    }

    pub fn reset_decoder(self, state: &mut State) {
        match self {
            Codec::Iso2022(_) => iso2022::reset_decoder(state),
            _ => state[0] = 0,
        }
    }

    /// What the input begins with, which is not empty.
    pub fn decode(self, input: &[u8], state: &mut State) -> Decoded {
        let first = input[0];
        match self {
            Codec::Iso2022(family) => return family.decode(input, state),
            Codec::Hz => return decode_hz(input, state),
            _ if first < 0x80 => return Decoded::Character(first.into(), 1),
            Codec::Cp932 | Codec::ShiftJis if (0xA1..=0xDF).contains(&first) => {
                return Decoded::Character(u32::from(first) + KATAKANA_OFFSET, 1);
            }
            Codec::Cp932 => match first {
                0x80 => return Decoded::Character(0x80, 1),
                0xA0 => return Decoded::Character(0xF8F0, 1),
                0xFD.. => return Decoded::Character(u32::from(first) - 0xFD + 0xF8F1, 1),
                _ => {}
            },
            Codec::ShiftJis if !matches!(first, 0x81..=0x9F | 0xE0..=0xFC) => {
                return Decoded::Illegal(1);
            }
            _ => {}
        }
        let Some(&second) = input.get(1) else {
            return Decoded::Incomplete;
        };
        let both_high = first >= 0x80 && second >= 0x80;
        let (first_low, second_low) = (first & 0x7F, second & 0x7F);
        let point = match self {
            Codec::EucKr if [first, second] == FILLER => return syllable(input),
            Codec::EucJp if first == 0x8E => match second {
                0xA1..=0xDF => Some(u32::from(second) + KATAKANA_OFFSET),
                _ => None,
            },
            Codec::EucJp if first == 0x8F => {
                let Some(&third) = input.get(2) else {
                    return Decoded::Incomplete;
                };
                let point = tables::jisx0212().point(second ^ 0x80, third ^ 0x80);
                return match point {
                    Some(point) => Decoded::Character(point, 3),
                    None => Decoded::Illegal(1),
                };
            }
            Codec::EucJp if both_high => tables::jisx0208().point(first_low, second_low),
            Codec::EucKr if both_high => tables::ksx1001().point(first_low, second_low),
            Codec::Gb2312 if both_high => tables::gb2312().point(first_low, second_low),
            Codec::EucJp | Codec::EucKr | Codec::Gb2312 => None,
            Codec::Gb18030 if second.is_ascii_digit() => return from_four_bytes(input),
            Codec::Gb18030 => tables::gb18030().point(first, second),
            Codec::ShiftJis => {
                unshifted(first, second).and_then(|(row, cell)| tables::jisx0208().point(row, cell))
            }
            Codec::Cp932 => tables::cp932().point(first, second),
            Codec::Cp949 => tables::cp949().point(first, second),
            Codec::Gbk => tables::gbk().point(first, second),
            Codec::Big5 => tables::big5().point(first, second),
            Codec::Cp950 => tables::cp950().point(first, second),
            Codec::Hz | Codec::Iso2022(_) => None,
        };
        match point {
            Some(point) => Decoded::Character(point, 2),
            None => Decoded::Illegal(1),
        }
    }
}

/// The one byte of a character in JIS X 0201, of those that are not ASCII.
fn single_japanese(point: u32) -> Option<u8> {
    match point {
        0xA5 => Some(b'\\'),
        0x203E => Some(b'~'),
        _ if KATAKANA.contains(&point) => Some((point - KATAKANA_OFFSET) as u8),
        _ => None,
    }
}

/// A pair of JIS X 0208 as Shift JIS: two rows of 94 share a first byte.
fn shifted([row, cell]: [u8; 2]) -> [u8; 2] {
    let (row, cell) = (row - 0x21, cell - 0x21);
    let place = if row & 1 == 0 { cell } else { cell + 94 };
    let first = row / 2 + if row < 62 { 0x81 } else { 0xC1 };
    [first, place + if place < 63 { 0x40 } else { 0x41 }]
}

fn unshifted(first: u8, second: u8) -> Option<(u8, u8)> {
    let pair = match first {
        0x81..=0x9F => first - 0x81,
        0xE0..=0xEF => first - 0xC1,
        _ => return None,
    };
    let place = match second {
        0x40..=0x7E => second - 0x40,
        0x80..=0xFC => second - 0x41,
        _ => return None,
    };
    Some((0x21 + pair * 2 + place / 94, 0x21 + place % 94))
}

fn encode_hz(point: u32, state: &mut State, bytes: &mut Vec<u8>) -> bool {
    if point < 0x80 {
        if state[0] == IN_GB {
            bytes.extend(b"~}");
            state[0] = 0;
        }
        bytes.push(point as u8);
        if point == u32::from(b'~') {
            bytes.push(b'~');
        }
        return true;
    }
    let Some(code) = tables::gb2312().code(point) else {
        return false;
    };
    if state[0] != IN_GB {
        bytes.extend(b"~{");
        state[0] = IN_GB;
    }
    bytes.extend(code);
    true
}

fn decode_hz(input: &[u8], state: &mut State) -> Decoded {
    let first = input[0];
    if first == b'~' {
        let Some(&second) = input.get(1) else {
            return Decoded::Incomplete;
        };
        return match (second, state[0]) {
            (b'~', 0) => Decoded::Character(b'~'.into(), 2),
            (b'{', 0) => {
                state[0] = IN_GB;
                Decoded::Nothing(2)
            }
            (b'\n', 0) => Decoded::Nothing(2),
            (b'}', IN_GB) => {
                state[0] = 0;
                Decoded::Nothing(2)
            }
            _ => Decoded::Illegal(1),
        };
    }
    if first >= 0x80 {
        return Decoded::Illegal(1);
    }
    if state[0] == 0 {
        return Decoded::Character(first.into(), 1);
    }
    let Some(&second) = input.get(1) else {
        return Decoded::Incomplete;
    };
    match tables::gb2312().point(first, second) {
        Some(point) => Decoded::Character(point, 2),
        None => Decoded::Illegal(1),
    }
}

/// The letters of a syllable as second bytes of EUC-KR.
fn letters(point: u32) -> Option<[u8; 3]> {
    let at = point.checked_sub(FIRST_SYLLABLE)?;
    let finals = FINALS.len() as u32;
    let initial = INITIALS.get((at / finals / VOWELS) as usize)?;
    let vowel = FIRST_VOWEL + (at / finals % VOWELS) as u8;
    Some([*initial, vowel, FINALS[(at % finals) as usize]])
}

/// The syllable that follows a filler.
fn syllable(input: &[u8]) -> Decoded {
    let &[_, _, 0xA4, initial, 0xA4, vowel, 0xA4, last, ..] = input else {
        return if input.len() < 8 {
            Decoded::Incomplete
        } else {
            Decoded::Illegal(1)
        };
    };
    let place = |of: &[u8], byte| of.iter().position(|known| *known == byte);
    let vowel = u32::from(vowel.wrapping_sub(FIRST_VOWEL));
    match (place(INITIALS, initial), place(FINALS, last)) {
        (Some(initial), Some(last)) if vowel < VOWELS => {
            let at = (initial as u32 * VOWELS + vowel) * FINALS.len() as u32 + last as u32;
            Decoded::Character(FIRST_SYLLABLE + at, 8)
        }
        _ => Decoded::Illegal(1),
    }
}

/// Four bytes of GB 18030 are a number whose digits count to 126, 10, 126 and 10.
fn from_four_bytes(input: &[u8]) -> Decoded {
    let &[first, second, third, fourth, ..] = input else {
        return Decoded::Incomplete;
    };
    if first < 0x81 || !(0x81..=0xFE).contains(&third) || !fourth.is_ascii_digit() {
        return Decoded::Illegal(1);
    }
    let digit = |byte: u8, zero: u8| usize::from(byte - zero);
    let high = digit(first, 0x81) * 10 + digit(second, b'0');
    let number = (high * 126 + digit(third, 0x81)) * 10 + digit(fourth, b'0');
    let point = match number.checked_sub(SUPPLEMENTARY) {
        Some(above) => Some(0x1_0000 + above as u32).filter(|point| *point <= 0x10_FFFF),
        None => tables::gb18030_rest()
            .get(number)
            .map(|point| u32::from(*point)),
    };
    point.map_or(Decoded::Illegal(1), |point| Decoded::Character(point, 4))
}

/// The number of the first character beyond the first 65536: its first byte is 90.
const SUPPLEMENTARY: usize = 15 * 10 * 126 * 10;

fn four_bytes(point: u32) -> Option<[u8; 4]> {
    let number = match point.checked_sub(0x1_0000) {
        Some(above) => SUPPLEMENTARY + above as usize,
        None => tables::gb18030_rest()
            .binary_search(&u16::try_from(point).ok()?)
            .ok()?,
    };
    Some([
        0x81 + (number / 12_600) as u8,
        b'0' + (number / 1260 % 10) as u8,
        0x81 + (number / 10 % 126) as u8,
        b'0' + (number % 10) as u8,
    ])
}
