//! Properties and case mappings of code points, by the Unicode version of Python 3.14 (16.0).
//!
//! The tables are icu_properties' and icu_casemap's, whose data is of that version. The standard
//! library's full upper and lower case mappings may be newer: they are asked only about code points
//! that version 16 has assigned. Surrogates have no properties but their category.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_properties::props::{CaseIgnorable, Cased, GeneralCategory, Lowercase, Uppercase};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};

static CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
static LOWERCASE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Lowercase>();
static UPPERCASE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Uppercase>();
static CASED: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Cased>();
static CASE_IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<CaseIgnorable>();
static CASE_MAPPER: CaseMapperBorrowed<'static> = CaseMapper::new();

/// What is numeric type "digit" but not "decimal": superscripts, circled digits and the like.
const DIGITS: [(u32, u32); 20] = [
    (0xb2, 0xb3),
    (0xb9, 0xb9),
    (0x1369, 0x1371),
    (0x19da, 0x19da),
    (0x2070, 0x2070),
    (0x2074, 0x2079),
    (0x2080, 0x2089),
    (0x2460, 0x2468),
    (0x2474, 0x247c),
    (0x2488, 0x2490),
    (0x24ea, 0x24ea),
    (0x24f5, 0x24fd),
    (0x24ff, 0x24ff),
    (0x2776, 0x277e),
    (0x2780, 0x2788),
    (0x278a, 0x2792),
    (0x10a40, 0x10a43),
    (0x10e60, 0x10e68),
    (0x11052, 0x1105a),
    (0x1f100, 0x1f10a),
];

/// Ideographs that stand for numbers (kPrimaryNumeric, kAccountingNumeric, kOtherNumeric).
const NUMERIC_IDEOGRAPHS: [(u32, u32); 82] = [
    (0x3405, 0x3405),
    (0x3483, 0x3483),
    (0x382a, 0x382a),
    (0x3b4d, 0x3b4d),
    (0x4e00, 0x4e00),
    (0x4e03, 0x4e03),
    (0x4e07, 0x4e07),
    (0x4e09, 0x4e09),
    (0x4e24, 0x4e24),
    (0x4e5d, 0x4e5d),
    (0x4e8c, 0x4e8c),
    (0x4e94, 0x4e94),
    (0x4e96, 0x4e96),
    (0x4eac, 0x4eac),
    (0x4ebf, 0x4ec0),
    (0x4edf, 0x4edf),
    (0x4ee8, 0x4ee8),
    (0x4f0d, 0x4f0d),
    (0x4f70, 0x4f70),
    (0x4fe9, 0x4fe9),
    (0x5006, 0x5006),
    (0x5104, 0x5104),
    (0x5146, 0x5146),
    (0x5169, 0x5169),
    (0x516b, 0x516b),
    (0x516d, 0x516d),
    (0x5341, 0x5341),
    (0x5343, 0x5345),
    (0x534c, 0x534c),
    (0x53c1, 0x53c4),
    (0x56db, 0x56db),
    (0x58f1, 0x58f1),
    (0x58f9, 0x58f9),
    (0x5e7a, 0x5e7a),
    (0x5efe, 0x5eff),
    (0x5f0c, 0x5f0e),
    (0x5f10, 0x5f10),
    (0x62d0, 0x62d0),
    (0x62fe, 0x62fe),
    (0x634c, 0x634c),
    (0x67d2, 0x67d2),
    (0x6d1e, 0x6d1e),
    (0x6f06, 0x6f06),
    (0x7396, 0x7396),
    (0x767e, 0x767e),
    (0x7695, 0x7695),
    (0x79ed, 0x79ed),
    (0x8086, 0x8086),
    (0x842c, 0x842c),
    (0x8cae, 0x8cae),
    (0x8cb3, 0x8cb3),
    (0x8d30, 0x8d30),
    (0x920e, 0x920e),
    (0x94a9, 0x94a9),
    (0x9621, 0x9621),
    (0x9646, 0x9646),
    (0x964c, 0x964c),
    (0x9678, 0x9678),
    (0x96f6, 0x96f6),
    (0xf96b, 0xf96b),
    (0xf973, 0xf973),
    (0xf978, 0xf978),
    (0xf9b2, 0xf9b2),
    (0xf9d1, 0xf9d1),
    (0xf9d3, 0xf9d3),
    (0xf9fd, 0xf9fd),
    (0x20001, 0x20001),
    (0x20064, 0x20064),
    (0x200e2, 0x200e2),
    (0x20121, 0x20121),
    (0x2092a, 0x2092a),
    (0x20983, 0x20983),
    (0x2098c, 0x2098c),
    (0x2099c, 0x2099c),
    (0x20aea, 0x20aea),
    (0x20afd, 0x20afd),
    (0x20b19, 0x20b19),
    (0x22390, 0x22390),
    (0x22998, 0x22998),
    (0x23b1b, 0x23b1b),
    (0x2626d, 0x2626d),
    (0x2f890, 0x2f890),
];

fn in_ranges(ranges: &[(u32, u32)], point: u32) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= point);
    after > 0 && point <= ranges[after - 1].1
}

/// The general category.
#[inline]
pub fn category(point: u32) -> GeneralCategory {
    CATEGORIES.get32(point)
}

/// `str.isprintable` of one code point.
#[inline]
pub fn is_printable(point: u32) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate,
        Unassigned,
    };
    if point < 0x7f {
        return point >= 0x20;
    }
    !matches!(
        category(point),
        Control
            | Format
            | Surrogate
            | PrivateUse
            | Unassigned
            | LineSeparator
            | ParagraphSeparator
            | SpaceSeparator
    )
}

/// A letter: any of the categories L*.
#[inline]
pub fn is_alphabetic(point: u32) -> bool {
    use GeneralCategory::{
        LowercaseLetter, ModifierLetter, OtherLetter, TitlecaseLetter, UppercaseLetter,
    };
    if let Some(byte) = ascii(point) {
        return byte.is_ascii_alphabetic();
    }
    matches!(
        category(point),
        UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter
    )
}

#[inline(always)]
fn ascii(point: u32) -> Option<u8> {
    if point < 0x80 {
        Some(point as u8)
    } else {
        None
    }
}

/// A digit of a decimal system.
#[inline]
pub fn is_decimal(point: u32) -> bool {
    match ascii(point) {
        Some(byte) => byte.is_ascii_digit(),
        None => category(point) == GeneralCategory::DecimalNumber,
    }
}

/// A decimal digit or one in typographic dress.
#[inline]
pub fn is_digit(point: u32) -> bool {
    is_decimal(point) || (point >= 0x80 && in_ranges(&DIGITS, point))
}

/// Anything with a numeric value.
pub fn is_numeric(point: u32) -> bool {
    use GeneralCategory::{DecimalNumber, LetterNumber, OtherNumber};
    match ascii(point) {
        Some(byte) => byte.is_ascii_digit(),
        None => {
            matches!(category(point), DecimalNumber | LetterNumber | OtherNumber)
                || in_ranges(&NUMERIC_IDEOGRAPHS, point)
        }
    }
}

/// A letter or anything numeric.
#[inline]
pub fn is_alphanumeric(point: u32) -> bool {
    match ascii(point) {
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => is_alphabetic(point) || is_numeric(point),
    }
}

/// White space, as `str.split` sees it.
#[inline]
pub const fn is_space(point: u32) -> bool {
    matches!(
        point,
        0x09..=0x0d | 0x1c..=0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000
    )
}

/// [`is_space`] of the code points below U+0100.
static LATIN1_SPACES: [bool; 256] = {
    let mut spaces = [false; 256];
    let mut point = 0;
    while point < 256 {
        spaces[point] = is_space(point as u32);
        point += 1;
    }
    spaces
};

/// [`is_space`] of a code point below U+0100.
#[inline(always)]
pub fn is_latin1_space(unit: u8) -> bool {
    LATIN1_SPACES[unit as usize]
}

/// Where `str.splitlines` splits.
#[inline]
pub fn is_line_break(point: u32) -> bool {
    matches!(point, 0x0a..=0x0d | 0x1c..=0x1e | 0x85 | 0x2028 | 0x2029)
}

#[inline]
pub fn is_lowercase(point: u32) -> bool {
    match ascii(point) {
        Some(byte) => byte.is_ascii_lowercase(),
        None => LOWERCASE.contains32(point),
    }
}

#[inline]
pub fn is_uppercase(point: u32) -> bool {
    match ascii(point) {
        Some(byte) => byte.is_ascii_uppercase(),
        None => UPPERCASE.contains32(point),
    }
}

/// Of category Lt: one character that is an upper and a lower case letter.
#[inline]
pub fn is_titlecase(point: u32) -> bool {
    point >= 0x1c5 && category(point) == GeneralCategory::TitlecaseLetter
}

/// Whether there is an upper and a lower case of it.
#[inline]
pub fn is_cased(point: u32) -> bool {
    match ascii(point) {
        Some(byte) => byte.is_ascii_alphabetic(),
        None => CASED.contains32(point),
    }
}

/// Transparent to the rule about the final sigma.
pub fn is_case_ignorable(point: u32) -> bool {
    CASE_IGNORABLE.contains32(point)
}

/// The code point as a `char`, if this version of Unicode has assigned it.
fn assigned(point: u32) -> Option<char> {
    char::from_u32(point).filter(|_| category(point) != GeneralCategory::Unassigned)
}

/// Appends the lower case of `point`, without regard to its surroundings (see `case` for the final sigma).
pub fn push_lower(point: u32, out: &mut Vec<u32>) {
    match assigned(point) {
        Some(c) => out.extend(c.to_lowercase().map(u32::from)),
        None => out.push(point),
    }
}

/// Appends the upper case of `point`.
pub fn push_upper(point: u32, out: &mut Vec<u32>) {
    let upper = assigned(point).map(char::to_uppercase);
    match upper {
        // An old letter may have got its counterpart only later.
        Some(upper) if upper.clone().all(|c| assigned(c.into()).is_some()) => {
            out.extend(upper.map(u32::from))
        }
        _ => out.push(point),
    }
}

/// Appends the title case of `point`: what it is at the start of a word.
pub fn push_title(point: u32, out: &mut Vec<u32>) {
    const IOTA: char = '\u{399}';
    const SUBSCRIPT_IOTA: u32 = 0x345;
    let Some(c) = assigned(point) else {
        out.push(point);
        return;
    };
    let simple = CASE_MAPPER.simple_titlecase(c);
    let upper = c.to_uppercase();
    if simple != c || upper.len() == 1 || is_titlecase(point) {
        out.push(simple.into());
        return;
    }
    // One letter that is several in upper case: all after the first are lower case, and an iota is again
    // the subscript that it was.
    let mut first_seen = false;
    for part in upper {
        if !first_seen {
            out.push(part.into());
            first_seen = is_cased(part.into());
        } else if part == IOTA {
            out.push(SUBSCRIPT_IOTA);
        } else {
            push_lower(part.into(), out);
        }
    }
}

/// Appends what stands for `point` in a comparison that ignores case.
pub fn push_folded(point: u32, out: &mut Vec<u32>) {
    let Some(c) = assigned(point) else {
        out.push(point);
        return;
    };
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    out.extend(CASE_MAPPER.fold_string(text).chars().map(u32::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(map: fn(u32, &mut Vec<u32>), c: char) -> String {
        let mut out = Vec::new();
        map(c.into(), &mut out);
        out.into_iter().filter_map(char::from_u32).collect()
    }

    #[test]
    fn title_case_differs_from_upper_case() {
        for (c, title) in [
            ('ß', "Ss"),
            ('ǆ', "ǅ"),
            ('ﬃ', "Ffi"),
            ('ᾳ', "ᾼ"),
            ('ᾼ', "ᾼ"),
            ('ა', "ა"),
            ('ŉ', "ʼN"),
        ] {
            assert_eq!(mapped(push_title, c), title);
        }
        assert_eq!(mapped(push_title, '\u{1fb2}'), "\u{1fba}\u{345}");
    }

    #[test]
    fn folding() {
        assert_eq!(mapped(push_folded, 'ß'), "ss");
        assert_eq!(mapped(push_folded, 'Σ'), "σ");
        assert_eq!(mapped(push_folded, 'ς'), "σ");
    }

    #[test]
    fn kinds_of_numbers() {
        assert!(is_decimal(0x661) && !is_decimal(0xb2));
        assert!(is_digit(0xb2) && !is_digit(0xbd));
        assert!(is_numeric(0xbd) && is_numeric(0x4e00) && !is_numeric(0x4e01));
    }
}
