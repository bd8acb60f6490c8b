//! Names of characters, by Unicode 16.0: what `\N{…}` and `unicodedata` know.
//!
//! The names themselves are `unicode_names2`'s, whose look-up is laxer than Python's (it forgives
//! hyphens, underscores and blanks): what it finds is checked against the real name. Aliases and named
//! sequences are read from the files of the Unicode character database in `unicode/` (version 17 has the
//! sequences of version 16).

use std::collections::HashMap;
use std::sync::OnceLock;

/// First and last of the ideographs that are named after their number with this prefix.
const TANGUT: [(u32, u32); 2] = [(0x17000, 0x187f7), (0x18d00, 0x18d08)];
const TANGUT_PREFIX: &str = "TANGUT IDEOGRAPH-";

/// No name of a character, alias or sequence is longer.
pub const LONGEST: usize = 256;

/// The name of a character, not an alias. Python does not tell those of Tangut ideographs, which it knows.
pub fn name(character: char) -> Option<String> {
    unicode_names2::name(character).map(|name| name.to_string())
}

/// The character with this name, in whatever case, aliases left aside.
pub fn named(text: &str) -> Option<char> {
    if text.len() > LONGEST {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    match upper.strip_prefix(TANGUT_PREFIX) {
        Some(digits) => tangut(digits),
        None => unicode_names2::character(&upper)
            .filter(|&character| name(character).is_some_and(|name| name == upper)),
    }
}

fn tangut(digits: &str) -> Option<char> {
    let point = u32::from_str_radix(digits, 16).ok()?;
    let exists = TANGUT
        .iter()
        .any(|&(first, last)| (first..=last).contains(&point));
    char::from_u32(point).filter(|_| exists && format!("{point:X}") == digits)
}

/// The character with this name or alias: what `\N{text}` is.
pub fn character(text: &str) -> Option<char> {
    named(text).or_else(|| alias(text))
}

fn alias(text: &str) -> Option<char> {
    static ALIASES: OnceLock<HashMap<&'static str, char>> = OnceLock::new();
    let aliases = ALIASES.get_or_init(|| {
        entries(include_str!("unicode/NameAliases.txt"))
            .filter_map(|(point, rest)| {
                let (alias, _kind) = rest.split_once(';')?;
                Some((alias, parse_point(point)?))
            })
            .collect()
    });
    aliases.get(text.to_ascii_uppercase().as_str()).copied()
}

/// The characters of a named sequence.
pub fn sequence(text: &str) -> Option<&'static str> {
    static SEQUENCES: OnceLock<HashMap<&'static str, String>> = OnceLock::new();
    let sequences = SEQUENCES.get_or_init(|| {
        entries(include_str!("unicode/NamedSequences.txt"))
            .filter_map(|(name, points)| {
                let characters: Option<String> =
                    points.split_whitespace().map(parse_point).collect();
                Some((name, characters?))
            })
            .collect()
    });
    sequences
        .get(text.to_ascii_uppercase().as_str())
        .map(String::as_str)
}

fn parse_point(digits: &str) -> Option<char> {
    u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32)
}

/// The lines of a file of the database, split at the first semicolon.
fn entries(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact_but_for_case() {
        assert_eq!(character("SNOWMAN"), Some('☃'));
        assert_eq!(character("snowMan"), Some('☃'));
        assert_eq!(character("SNOW MAN"), None);
        assert_eq!(character("LATIN SMALL LETTER A "), None);
        assert_eq!(character("LATIN_SMALL_LETTER_A"), None);
        assert_eq!(character("CJK UNIFIED IDEOGRAPH-4e00"), Some('一'));
        assert_eq!(character("CJK UNIFIED IDEOGRAPH-04E00"), None);
        assert_eq!(character("Hangul Syllable Ga"), Some('가'));
        assert_eq!(character("TANGUT IDEOGRAPH-17000"), Some('\u{17000}'));
        assert_eq!(character("TANGUT IDEOGRAPH-187F8"), None);
    }

    #[test]
    fn aliases_and_sequences() {
        assert_eq!(character("new line"), Some('\n'));
        assert_eq!(character("NEWLINE"), None);
        assert_eq!(named("NULL"), None);
        assert_eq!(character("LATIN CAPITAL LETTER GHA"), Some('\u{1a2}'));
        assert_eq!(name('\u{1a2}').as_deref(), Some("LATIN CAPITAL LETTER OI"));
        assert_eq!(sequence("Keycap Number Sign"), Some("#\u{fe0f}\u{20e3}"));
        assert_eq!(character("KEYCAP NUMBER SIGN"), None);
    }

    #[test]
    fn every_name_leads_back() {
        for character in '\0'..=char::MAX {
            if let Some(name) = name(character) {
                assert_eq!(named(&name), Some(character), "{name}");
            }
        }
    }
}
