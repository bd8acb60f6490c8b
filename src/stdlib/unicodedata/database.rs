//! What the Unicode character database says of a code point, in one of two versions.
//!
//! The tables of 16.0.0 are icu_properties', icu_normalizer's and those of `tables`; names are
//! `typhon_compiler::character_names`'. Of 3.2.0 there are the differences. A code point that a version
//! has not assigned has no property but its width; of old and assigned ones the decomposition, the
//! combining class, the digit and the name have never changed.

use icu_normalizer::properties::{
    CanonicalDecomposition, CanonicalDecompositionBorrowed, Decomposed,
};
use icu_properties::props::{
    BidiClass, BidiMirrored, CanonicalCombiningClass, EastAsianWidth, GeneralCategory,
    NamedEnumeratedProperty,
};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};
use typhon_compiler::character_names;

use super::tables::{NumberKind, differences, mapping, numbers};

static CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
static DIRECTIONS: CodePointMapDataBorrowed<'static, BidiClass> =
    CodePointMapData::<BidiClass>::new();
static CLASSES: CodePointMapDataBorrowed<'static, CanonicalCombiningClass> =
    CodePointMapData::<CanonicalCombiningClass>::new();
static WIDTHS: CodePointMapDataBorrowed<'static, EastAsianWidth> =
    CodePointMapData::<EastAsianWidth>::new();
static MIRRORED: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<BidiMirrored>();
static CANONICAL: CanonicalDecompositionBorrowed<'static> = CanonicalDecomposition::new();

/// A version of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.2.0, by which internationalized domain names were defined.
    Old,
    /// 16.0.0.
    New,
}

impl Version {
    pub(super) fn text(self) -> &'static str {
        match self {
            Version::Old => "3.2.0",
            Version::New => "16.0.0",
        }
    }

    pub(super) fn is_assigned(self, point: u32) -> bool {
        match self {
            Version::Old => differences().assigned.get(point).is_some(),
            Version::New => CATEGORIES.get32(point) != GeneralCategory::Unassigned,
        }
    }

    pub(super) fn category(self, point: u32) -> &'static str {
        if self == Version::Old {
            if !self.is_assigned(point) {
                return "Cn";
            }
            if let Some(old) = differences().category.get(point) {
                return old;
            }
        }
        CATEGORIES.get32(point).short_name()
    }

    pub(super) fn direction(self, point: u32) -> &'static str {
        if !self.is_assigned(point) {
            return "";
        }
        if self == Version::Old
            && let Some(old) = differences().direction.get(point)
        {
            return old;
        }
        DIRECTIONS.get32(point).short_name()
    }

    pub(super) fn combining_class(self, point: u32) -> u8 {
        if self.is_assigned(point) {
            CLASSES.get32(point).to_icu4c_value()
        } else {
            0
        }
    }

    pub(super) fn is_mirrored(self, point: u32) -> bool {
        if !self.is_assigned(point) {
            return false;
        }
        if self == Version::Old
            && let Some(&old) = differences().mirrored.get(point)
        {
            return old;
        }
        MIRRORED.contains32(point)
    }

    pub(super) fn width(self, point: u32) -> &'static str {
        if self == Version::Old {
            if !self.is_assigned(point) && Version::New.is_assigned(point) {
                return "N";
            }
            if let Some(old) = differences().width.get(point) {
                return old;
            }
        }
        WIDTHS.get32(point).short_name()
    }

    /// The mapping as the database writes it: `"<tag> 0041 0042"`, without tag when it is canonical.
    pub(super) fn decomposition(self, point: u32) -> String {
        let Some(character) = char::from_u32(point).filter(|_| self.is_assigned(point)) else {
            return String::new();
        };
        if let Some(mapping) = mapping(point) {
            return mapping.to_owned();
        }
        if is_hangul_syllable(character) {
            let points = hangul_parts(character).map(|part| format!("{:04X}", u32::from(part)));
            return points.collect::<Vec<_>>().join(" ");
        }
        match CANONICAL.decompose(character) {
            Decomposed::Default => String::new(),
            Decomposed::Singleton(only) => format!("{:04X}", u32::from(only)),
            Decomposed::Expansion(first, second) => {
                format!("{:04X} {:04X}", u32::from(first), u32::from(second))
            }
        }
    }

    pub(super) fn decimal(self, point: u32) -> Option<i64> {
        if self == Version::Old {
            if !self.is_assigned(point) {
                return None;
            }
            if let Some(&old) = differences().decimal.get(point) {
                return old;
            }
        }
        whole_number(point, NumberKind::Decimal)
    }

    pub(super) fn digit(self, point: u32) -> Option<i64> {
        whole_number(point, NumberKind::Digit)
    }

    pub(super) fn numeric(self, point: u32) -> Option<f64> {
        if self == Version::Old {
            if !self.is_assigned(point) {
                return None;
            }
            if let Some(&old) = differences().number.get(point) {
                return old;
            }
        }
        let (first, counted) = numbers().find(point)?;
        let up = i64::from(point - first) * counted.denominator;
        Some((counted.numerator + up) as f64 / counted.denominator as f64)
    }

    pub(super) fn name(self, point: u32) -> Option<String> {
        char::from_u32(point)
            .filter(|_| self.is_assigned(point))
            .and_then(character_names::name)
    }

    /// The characters with this name: one, or those of a named sequence.
    pub(super) fn lookup(self, name: &str) -> Option<String> {
        match self {
            Version::New => character_names::character(name)
                .map(String::from)
                .or_else(|| character_names::sequence(name).map(str::to_owned)),
            Version::Old => character_names::named(name)
                .filter(|&character| self.is_assigned(character.into()))
                .map(String::from),
        }
    }
}

fn is_hangul_syllable(character: char) -> bool {
    matches!(character, FIRST_SYLLABLE..='\u{d7a3}')
}

const FIRST_SYLLABLE: char = '\u{ac00}';

/// The letters of a syllable: leading consonant, vowel and maybe a trailing consonant.
fn hangul_parts(syllable: char) -> impl Iterator<Item = char> {
    const LEADING: u32 = 0x1100;
    const VOWEL: u32 = 0x1161;
    const BEFORE_TRAILING: u32 = 0x11a7;
    const VOWELS: u32 = 21;
    const TRAILINGS: u32 = 28;
    let number = u32::from(syllable) - u32::from(FIRST_SYLLABLE);
    let trailing = number % TRAILINGS;
    let points = [
        LEADING + number / (VOWELS * TRAILINGS),
        VOWEL + number / TRAILINGS % VOWELS,
        BEFORE_TRAILING + trailing,
    ];
    let count = if trailing == 0 { 2 } else { 3 };
    points.into_iter().take(count).filter_map(char::from_u32)
}

/// The value of a number that is at least of this kind.
fn whole_number(point: u32, kind: NumberKind) -> Option<i64> {
    let (first, counted) = numbers().find(point)?;
    (counted.kind >= kind && counted.denominator == 1)
        .then(|| counted.numerator + i64::from(point - first))
}
