//! Which character a pair of bytes is, set by set.
//!
//! The characters come from the tables of the WHATWG Encoding Standard, which `encoding_rs` has, by decoding
//! each pair of bytes once, when a set is first asked for. Where Python's sets are narrower, or older, than
//! those of browsers, the difference is here: as ranges that are left out and characters that are others.
//! It was found by comparing all pairs of bytes and all characters with CPython 3.14.

use std::sync::OnceLock;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS};

/// A set of characters with two bytes each.
pub struct Table {
    /// By both bytes; 0 where nothing is.
    points: Box<[u16]>,
    /// By character; 0 where nothing is.
    codes: Box<[u16]>,
}

impl Table {
    /// A character that several pairs stand for is encoded as the first.
    fn new(entries: impl Iterator<Item = (u16, u16)>) -> Table {
        let mut table = Table {
            points: vec![0; 1 << 16].into(),
            codes: vec![0; 1 << 16].into(),
        };
        for (code, point) in entries {
            table.points[usize::from(code)] = point;
            let known = &mut table.codes[usize::from(point)];
            if *known == 0 {
                *known = code;
            }
        }
        table
    }

    /// Characters that are encoded otherwise than they are decoded, or only encoded.
    fn encoding(mut self, entries: &[(u16, u16)]) -> Table {
        for &(point, code) in entries {
            self.codes[usize::from(point)] = code;
        }
        self
    }

    pub fn point(&self, first: u8, second: u8) -> Option<u32> {
        match self.points[usize::from(u16::from_be_bytes([first, second]))] {
            0 => None,
            point => Some(point.into()),
        }
    }

    pub fn code(&self, point: u32) -> Option<[u8; 2]> {
        match *self.codes.get(point as usize)? {
            0 => None,
            code => Some(code.to_be_bytes()),
        }
    }
}

/// The character that some bytes are, if it is one of the first 65536.
fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<u16> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => u16::try_from(u32::from(character)).ok(),
        _ => None,
    }
}

/// All pairs whose first byte cannot be a character.
fn pairs(encoding: &'static Encoding) -> impl Iterator<Item = (u16, u16)> {
    (0x8100..=0xFEFF_u16)
        .filter(move |code| {
            let [first, second] = code.to_be_bytes();
            second >= 0x30 && decoded(encoding, &[first]).is_none()
        })
        .filter_map(move |code| Some((code, decoded(encoding, &code.to_be_bytes())?)))
}

fn is_private(point: u16) -> bool {
    (0xE000..=0xF8FF).contains(&point)
}

fn is_in(ranges: &[(u16, u16)], code: u16) -> bool {
    ranges
        .iter()
        .any(|&(first, last)| (first..=last).contains(&code))
}

/// The entry with another character, if the list has one for the code.
fn corrected((code, point): (u16, u16), list: &[(u16, u16)]) -> (u16, u16) {
    let other = list.iter().find(|(of, _)| *of == code);
    (code, other.map_or(point, |(_, other)| *other))
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $make:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name() -> &'static Table {
                static TABLE: OnceLock<Table> = OnceLock::new();
                TABLE.get_or_init(|| $make)
            }
        )*
    };
}

/// JIS X 0208 has these where Microsoft, and so browsers, have full-width forms.
const JISX0208_CHARACTERS: &[(u16, u16)] = &[
    (0x2141, 0x301C),
    (0x2142, 0x2016),
    (0x215D, 0x2212),
    (0x2171, 0x00A2),
    (0x2172, 0x00A3),
    (0x224C, 0x00AC),
];

/// GB 2312 within GBK.
const GB2312: &[(u16, u16)] = &[
    (0xA1A1, 0xA1FE),
    (0xA2B1, 0xA2E2),
    (0xA2E5, 0xA2EE),
    (0xA2F1, 0xA2FC),
    (0xA3A1, 0xA3FE),
    (0xA4A1, 0xA4F3),
    (0xA5A1, 0xA5F6),
    (0xA6A1, 0xA6B8),
    (0xA6C1, 0xA6D8),
    (0xA7A1, 0xA7C1),
    (0xA7D1, 0xA7F1),
    (0xA8A1, 0xA8BA),
    (0xA8C5, 0xA8E9),
    (0xA9A4, 0xA9EF),
];

/// What GB 18030 has added to the pairs of GBK.
const AFTER_GBK: &[(u16, u16)] = &[
    (0xA2E3, 0xA2E3),
    (0xA3A0, 0xA3A0),
    (0xA6D9, 0xA6DF),
    (0xA6EC, 0xA6ED),
    (0xA6F3, 0xA6F3),
    (0xA8BC, 0xA8BC),
    (0xA8BF, 0xA8BF),
    (0xA989, 0xA995),
    (0xFE50, 0xFEA0),
];

/// GB 18030 in its first edition, where later ones have characters that Unicode did not have then.
const GB18030_FIRST_EDITION: &[(u16, u16)] = &[
    (0xA3A0, 0xE5E5),
    (0xA6D9, 0xE78D),
    (0xA6DA, 0xE78E),
    (0xA6DB, 0xE78F),
    (0xA6DC, 0xE790),
    (0xA6DD, 0xE791),
    (0xA6DE, 0xE792),
    (0xA6DF, 0xE793),
    (0xA6EC, 0xE794),
    (0xA6ED, 0xE795),
    (0xA6F3, 0xE796),
    (0xA8BC, 0xE7C7),
    (0xFE59, 0xE81E),
    (0xFE61, 0xE826),
    (0xFE66, 0xE82B),
    (0xFE67, 0xE82C),
    (0xFE6D, 0xE832),
    (0xFE7E, 0xE843),
    (0xFE90, 0xE854),
    (0xFEA0, 0xE864),
];

/// Big5 as Unicode's consortium has mapped it first.
const BIG5_CHARACTERS: &[(u16, u16)] = &[
    (0xA145, 0x2022),
    (0xA14E, 0xFF64),
    (0xA1C2, 0x203E),
    (0xA1E3, 0x223C),
    (0xA1F2, 0x2641),
    (0xA1F3, 0x2609),
    (0xA241, 0xFF0F),
    (0xA242, 0xFF3C),
    (0xA244, 0x00A5),
    (0xA246, 0x00A2),
    (0xA247, 0x00A3),
];

/// The kana, Cyrillic letters and numbers that ETEN put into rows C6 and C7: first pair, first character, and
/// how many follow one another. Hong Kong has other characters there.
const BIG5_ETEN: &[(u16, u16, u16)] = &[
    (0xC6A1, 0x30FE, 1),
    (0xC6A2, 0x309D, 2),
    (0xC6A4, 0x3005, 1),
    (0xC6A5, 0x3041, 83),
    (0xC6F8, 0x30A1, 86),
    (0xC7B1, 0x0414, 2),
    (0xC7B3, 0x0401, 1),
    (0xC7B4, 0x0416, 7),
    (0xC7BB, 0x0423, 19),
    (0xC7CE, 0x0451, 1),
    (0xC7CF, 0x0436, 26),
    (0xC7E9, 0x2460, 10),
    (0xC7F3, 0x2474, 10),
];

/// Big5 without what Hong Kong has added.
fn big5_pairs() -> impl Iterator<Item = (u16, u16)> {
    let mut eten = Vec::new();
    for &(first, point, count) in BIG5_ETEN {
        let mut code = first;
        for offset in 0..count {
            eten.push((code, point + offset));
            code = match code & 0xFF {
                0x7E => code + 0x23,
                0xFE => code + 0x100 - 0xFE + 0x40,
                _ => code + 1,
            };
        }
    }
    pairs(BIG5)
        .filter(|(code, _)| (0xA140..=0xC67E).contains(code) || (0xC940..=0xF9FE).contains(code))
        .chain(eten)
}

tables! {
    /// Shift JIS with the additions of NEC and IBM, as Windows has it.
    cp932 = Table::new(pairs(SHIFT_JIS)).encoding(&[
        (0x00A2, 0x8191), (0x00A3, 0x8192), (0x00AC, 0x81CA), (0x2016, 0x8161), (0x2212, 0x817C),
        (0x301C, 0x8160),
    ]);

    /// JIS X 0208, without the additions in its rows 13 and 89 to 92.
    jisx0208 = Table::new(
        pairs(EUC_JP)
            .filter(|(code, _)| code & 0x80 != 0 && *code >= 0xA1A1)
            .filter(|(code, _)| !matches!(code >> 8, 0xAD | 0xF9..=0xFC))
            .map(|(code, point)| corrected((code & 0x7F7F, point), JISX0208_CHARACTERS)),
    );

    /// JIS X 0212, which has a tilde of its own.
    jisx0212 = Table::new((0xA1A1..=0xFEFE_u16).filter_map(|code| {
        let [first, second] = code.to_be_bytes();
        let point = decoded(EUC_JP, &[0x8F, first, second])?;
        Some(corrected((code & 0x7F7F, point), &[(0x2237, 0x007E)]))
    }));

    /// The Unified Hangul Code.
    cp949 = Table::new(pairs(EUC_KR));

    /// KS X 1001.
    ksx1001 = Table::new(
        pairs(EUC_KR)
            .filter(|(code, _)| *code >= 0xA1A1 && code & 0xFF >= 0xA1)
            .map(|(code, point)| (code & 0x7F7F, point)),
    );

    gb2312 = Table::new(
        pairs(GB18030)
            .filter(|(code, _)| {
                is_in(GB2312, *code)
                    || (0xB0A1..=0xF7FE).contains(code) && code & 0xFF >= 0xA1
            })
            .filter(|(_, point)| !is_private(*point))
            .map(|entry| corrected(entry, &[(0xA1A4, 0x30FB), (0xA1AA, 0x2015)]))
            .map(|(code, point)| (code & 0x7F7F, point)),
    );

    gbk = Table::new(
        pairs(GB18030)
            .filter(|(code, point)| !is_private(*point) && !is_in(AFTER_GBK, *code)),
    );

    gb18030 = Table::new(pairs(GB18030).map(|entry| corrected(entry, GB18030_FIRST_EDITION)));

    big5 = Table::new(
        big5_pairs()
            .filter(|(code, _)| *code <= 0xF9D5 && !(0xA3C0..=0xA3E1).contains(code))
            .map(|entry| corrected(entry, BIG5_CHARACTERS)),
    )
    .encoding(&[(0x5341, 0xA451), (0x5345, 0xA4CA), (0xFF0F, 0xA241), (0xFF3C, 0xA242)]);

    /// Big5 as Windows has it.
    cp950 = Table::new(
        big5_pairs()
            .filter(|(code, _)| !(0xA3C0..=0xA3E0).contains(code))
            .map(|entry| corrected(entry, &[(0xF9FE, 0x2593)])),
    )
    .encoding(&[
        (0x5341, 0xA451), (0x5345, 0xA4CA), (0x00A2, 0xA246), (0x00A3, 0xA247), (0x00A5, 0xA244),
        (0x2022, 0xA145), (0x203E, 0xA1C2), (0x223C, 0xA1E3), (0x2609, 0xA1F3), (0x2641, 0xA1F2),
        (0xFF64, 0xA14E),
    ]);
}

/// The characters that GB 18030 encodes with four bytes, of the first 65536: all that have no shorter code,
/// in order.
pub fn gb18030_rest() -> &'static [u16] {
    static REST: OnceLock<Box<[u16]>> = OnceLock::new();
    REST.get_or_init(|| {
        let pairs = gb18030();
        (0x80..=0xFFFF_u16)
            .filter(|point| !(0xD800..=0xDFFF).contains(point))
            .filter(|point| pairs.code((*point).into()).is_none())
            .collect()
    })
}
