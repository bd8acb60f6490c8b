//! Sets of characters: a bit map for the first 256 characters, the codes themselves for all others.

use typhon_runtime::objects::str_::properties;

use super::codes::{category, op};

/// The lower case of ASCII letters.
#[inline]
pub(crate) fn lower_ascii(character: u32) -> u32 {
    if (0x41..=0x5a).contains(&character) {
        character + 0x20
    } else {
        character
    }
}

#[inline]
fn upper_ascii(character: u32) -> u32 {
    if (0x61..=0x7a).contains(&character) {
        character - 0x20
    } else {
        character
    }
}

/// The first character of the lower case.
#[inline]
pub(crate) fn lower_unicode(character: u32) -> u32 {
    if character < 0x80 {
        return lower_ascii(character);
    }
    let mut lower = Vec::with_capacity(3);
    properties::push_lower(character, &mut lower);
    lower.first().copied().unwrap_or(character)
}

/// The first character of the upper case.
pub(crate) fn upper_unicode(character: u32) -> u32 {
    if character < 0x80 {
        return upper_ascii(character);
    }
    let mut upper = Vec::with_capacity(3);
    properties::push_upper(character, &mut upper);
    upper.first().copied().unwrap_or(character)
}

/// Whether a character is part of an ASCII word.
#[inline]
pub(super) fn is_ascii_word(character: u32) -> bool {
    u8::try_from(character).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a character is part of a word.
#[inline]
pub(super) fn is_unicode_word(character: u32) -> bool {
    if character < 0x80 {
        return is_ascii_word(character);
    }
    properties::is_alphanumeric(character)
}

fn in_category(code: u32, character: u32) -> bool {
    let is_in = match code & !1 {
        category::DIGIT => (0x30..=0x39).contains(&character),
        category::SPACE => matches!(character, 0x09..=0x0d | 0x20),
        category::WORD | category::LOC_WORD => is_ascii_word(character),
        category::LINEBREAK => character == 0x0a,
        category::UNI_DIGIT => properties::is_decimal(character),
        category::UNI_SPACE => properties::is_space(character),
        category::UNI_WORD => is_unicode_word(character),
        category::UNI_LINEBREAK => properties::is_line_break(character),
        _ => false,
    };
    is_in != (code & 1 == 1)
}

/// What is done to a character before it is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fold {
    Nothing,
    Ascii,
    Unicode,
    /// By the locale, whose letters are those of ASCII: either case is looked for.
    Locale,
}

impl Fold {
    /// The character that others are compared to.
    #[inline]
    pub(super) fn apply(self, character: u32) -> u32 {
        match self {
            Fold::Nothing => character,
            Fold::Ascii | Fold::Locale => lower_ascii(character),
            Fold::Unicode => lower_unicode(character),
        }
    }
}

/// A set. See the module's header.
#[derive(Debug)]
pub(super) struct Set {
    first: [u64; 4],
    fold: Fold,
    /// Codes as in a set, checked, with FAILURE at the end.
    codes: Box<[u32]>,
}

impl Set {
    /// The set of these codes, without the FAILURE at their end. `None` when they make no sense.
    pub(super) fn new(codes: &[u32], fold: Fold) -> Option<Set> {
        check(codes)?;
        let codes: Box<[u32]> = codes.iter().copied().chain([op::FAILURE]).collect();
        let mut set = Set {
            first: [0; 4],
            fold,
            codes,
        };
        for character in 0..256u32 {
            if set.decide(character) {
                set.first[character as usize / 64] |= 1 << (character % 64);
            }
        }
        Some(set)
    }

    /// Whether `character` is in the set.
    #[inline(always)]
    pub(super) fn contains(&self, character: u32) -> bool {
        if character < 256 {
            self.first[character as usize / 64] >> (character % 64) & 1 != 0
        } else {
            self.decide(character)
        }
    }

    fn decide(&self, character: u32) -> bool {
        match self.fold {
            Fold::Locale => {
                contains(&self.codes, lower_ascii(character))
                    || contains(&self.codes, upper_ascii(character))
            }
            fold => contains(&self.codes, fold.apply(character)),
        }
    }
}

/// Checks the codes of a set.
fn check(codes: &[u32]) -> Option<()> {
    let mut rest = codes;
    while let Some((&code, behind)) = rest.split_first() {
        let length = match code {
            op::NEGATE => 0,
            op::LITERAL => 1,
            op::CATEGORY => {
                if *behind.first()? >= category::COUNT {
                    return None;
                }
                1
            }
            op::RANGE | op::RANGE_UNI_IGNORE => 2,
            op::CHARSET => 256 / 32,
            op::BIGCHARSET => {
                let blocks = *behind.first()? as usize;
                let indices = behind.get(1..=256 / 4)?;
                if indices
                    .iter()
                    .flat_map(|word| word.to_ne_bytes())
                    .any(|block| usize::from(block) >= blocks)
                {
                    return None;
                }
                blocks.checked_mul(256 / 32)?.checked_add(1 + 256 / 4)?
            }
            _ => return None,
        };
        rest = behind.get(length..)?;
    }
    Some(())
}

/// Whether `character` is in the bit map that begins with `words`.
fn in_map(words: &[u32], at: usize) -> bool {
    words[at / 32] >> (at % 32) & 1 != 0
}

/// Whether the set with these codes has `character`. The codes are checked.
fn contains(codes: &[u32], character: u32) -> bool {
    let mut answer = true;
    let mut rest = codes;
    loop {
        let (code, behind) = (rest[0], &rest[1..]);
        let (found, length) = match code {
            op::NEGATE => {
                answer = !answer;
                (false, 0)
            }
            op::LITERAL => (character == behind[0], 1),
            op::CATEGORY => (in_category(behind[0], character), 1),
            op::RANGE => ((behind[0]..=behind[1]).contains(&character), 2),
            op::RANGE_UNI_IGNORE => {
                let range = behind[0]..=behind[1];
                (
                    range.contains(&character) || range.contains(&upper_unicode(character)),
                    2,
                )
            }
            op::CHARSET => (
                character < 256 && in_map(behind, character as usize),
                256 / 32,
            ),
            op::BIGCHARSET => {
                let indices = &behind[1..=256 / 4];
                let blocks = &behind[1 + 256 / 4..];
                let found = character < 0x1_0000 && {
                    let high = character as usize >> 8;
                    let block = indices[high / 4].to_ne_bytes()[high % 4];
                    in_map(
                        blocks,
                        usize::from(block) * 256 + (character as usize & 255),
                    )
                };
                (found, 1 + 256 / 4 + behind[0] as usize * (256 / 32))
            }
            _ => return !answer,
        };
        if found {
            return answer;
        }
        rest = &behind[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_negation() {
        let set = Set::new(
            &[op::NEGATE, op::RANGE, 97, 122, op::LITERAL, 0x4e2d],
            Fold::Nothing,
        )
        .unwrap();
        assert!(!set.contains(97) && !set.contains(122) && !set.contains(0x4e2d));
        assert!(set.contains(65) && set.contains(0x4e2e));
    }

    #[test]
    fn folding() {
        let set = Set::new(&[op::LITERAL, 97], Fold::Ascii).unwrap();
        assert!(set.contains(65) && set.contains(97) && !set.contains(98));
        let set = Set::new(&[op::LITERAL, 0xe4], Fold::Unicode).unwrap();
        assert!(set.contains(0xc4) && set.contains(0xe4));
    }

    #[test]
    fn codes_are_checked() {
        assert!(Set::new(&[op::RANGE, 1], Fold::Nothing).is_none());
        assert!(Set::new(&[op::CATEGORY, 99], Fold::Nothing).is_none());
        assert!(Set::new(&[op::MARK, 0], Fold::Nothing).is_none());
        let mut big = vec![op::BIGCHARSET, 1];
        big.extend([0; 64]);
        big.extend([u32::MAX; 8]);
        assert!(Set::new(&big, Fold::Nothing).unwrap().contains(0x1234));
        big[2] = 1;
        assert!(Set::new(&big, Fold::Nothing).is_none());
    }
}
