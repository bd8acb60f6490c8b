//! Normal forms (Unicode Standard Annex 15).
//!
//! Text in the present version goes through icu_normalizer. The old version differs in which code points
//! decompose, and in what a few were mapped to by mistake: its text is taken apart here, then sorted and put
//! together by the present classes and pairs, which no version may change for old characters.
//!
//! Surrogates neither decompose nor combine: they part the text into runs that are normalized alone.

use icu_normalizer::properties::{CanonicalComposition, CanonicalCompositionBorrowed};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::database::Version;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Nfc,
    Nfkc,
    Nfd,
    Nfkd,
}

/// Mappings that were corrected in version 4.0.0 (Corrigendum 4), as they were before.
const UNCORRECTED: [(char, char); 5] = [
    ('\u{2f868}', '\u{2136a}'),
    ('\u{2f874}', '\u{5f33}'),
    ('\u{2f91f}', '\u{43ab}'),
    ('\u{2f95f}', '\u{7aae}'),
    ('\u{2f9bf}', '\u{4d57}'),
];

static PAIRS: CanonicalCompositionBorrowed<'static> = CanonicalComposition::new();

impl Form {
    pub(super) fn named(name: &str) -> Option<Form> {
        Some(match name {
            "NFC" => Form::Nfc,
            "NFKC" => Form::Nfkc,
            "NFD" => Form::Nfd,
            "NFKD" => Form::Nfkd,
            _ => return None,
        })
    }

    fn composes(self) -> bool {
        matches!(self, Form::Nfc | Form::Nfkc)
    }

    fn is_compatible(self) -> bool {
        matches!(self, Form::Nfkc | Form::Nfkd)
    }

    /// The normal form of text without surrogates.
    fn of_run(self, version: Version, run: &str) -> String {
        if version == Version::Old {
            return self.of_old_run(run);
        }
        match self {
            Form::Nfc => ComposingNormalizerBorrowed::new_nfc().normalize(run),
            Form::Nfkc => ComposingNormalizerBorrowed::new_nfkc().normalize(run),
            Form::Nfd => DecomposingNormalizerBorrowed::new_nfd().normalize(run),
            Form::Nfkd => DecomposingNormalizerBorrowed::new_nfkd().normalize(run),
        }
        .into_owned()
    }

    fn is_run_normal(self, version: Version, run: &str) -> bool {
        if version == Version::Old {
            return self.of_old_run(run) == run;
        }
        match self {
            Form::Nfc => ComposingNormalizerBorrowed::new_nfc().is_normalized(run),
            Form::Nfkc => ComposingNormalizerBorrowed::new_nfkc().is_normalized(run),
            Form::Nfd => DecomposingNormalizerBorrowed::new_nfd().is_normalized(run),
            Form::Nfkd => DecomposingNormalizerBorrowed::new_nfkd().is_normalized(run),
        }
    }

    fn of_old_run(self, run: &str) -> String {
        let mut characters = Vec::new();
        for character in run.chars() {
            self.decompose_old(character, &mut characters);
        }
        sort_marks(&mut characters);
        if self.composes() {
            compose(&mut characters);
        }
        characters.into_iter().collect()
    }

    /// Appends what `character` consists of, in the old version.
    fn decompose_old(self, character: char, out: &mut Vec<char>) {
        if let Some(&(_, to)) = UNCORRECTED.iter().find(|(from, _)| *from == character) {
            out.push(to);
            return;
        }
        let mapping = Version::Old.decomposition(character.into());
        let (is_tagged, points) = match mapping.strip_prefix('<') {
            Some(rest) => (true, rest.split_once('>').map_or("", |(_, points)| points)),
            None => (false, mapping.as_str()),
        };
        if points.is_empty() || is_tagged && !self.is_compatible() {
            out.push(character);
            return;
        }
        for part in points.split_whitespace() {
            let part = u32::from_str_radix(part, 16).ok().and_then(char::from_u32);
            self.decompose_old(
                part.expect("invariant: mappings consist of characters"),
                out,
            );
        }
    }

    /// The normal form of any text.
    pub(super) fn of(self, version: Version, points: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut out = Vec::new();
        for_each_run(points, |run, surrogate| {
            out.extend(self.of_run(version, run).chars().map(u32::from));
            out.extend(surrogate);
            true
        });
        out
    }

    /// Whether text is in this form.
    pub(super) fn is_normal(self, version: Version, points: impl Iterator<Item = u32>) -> bool {
        for_each_run(points, |run, _| self.is_run_normal(version, run))
    }
}

/// Calls `visit` with each run of characters and the surrogate behind it, until it returns false.
fn for_each_run(
    points: impl Iterator<Item = u32>,
    mut visit: impl FnMut(&str, Option<u32>) -> bool,
) -> bool {
    let mut run = String::new();
    for point in points {
        match char::from_u32(point) {
            Some(character) => run.push(character),
            None => {
                if !visit(&run, Some(point)) {
                    return false;
                }
                run.clear();
            }
        }
    }
    visit(&run, None)
}

fn class(character: char) -> u8 {
    Version::New.combining_class(character.into())
}

/// Puts marks behind a base into the order of their classes.
fn sort_marks(characters: &mut [char]) {
    let mut start = 0;
    while start < characters.len() {
        let marks = characters[start..]
            .iter()
            .take_while(|&&character| class(character) != 0)
            .count();
        characters[start..start + marks].sort_by_key(|&character| class(character));
        start += marks + 1;
    }
}

/// Replaces pairs by what they compose to.
fn compose(characters: &mut Vec<char>) {
    let mut out: Vec<char> = Vec::with_capacity(characters.len());
    let mut base = None;
    let mut last_class = 0;
    for &character in characters.iter() {
        let own = class(character);
        if let Some(at) = base {
            let is_adjacent = at + 1 == out.len();
            let is_blocked = !is_adjacent && last_class >= own;
            if !is_blocked && let Some(composed) = PAIRS.compose(out[at], character) {
                out[at] = composed;
                continue;
            }
        }
        if own == 0 {
            base = Some(out.len());
        }
        last_class = own;
        out.push(character);
    }
    *characters = out;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(form: Form, version: Version, text: &str) -> String {
        form.of(version, text.chars().map(u32::from))
            .into_iter()
            .filter_map(char::from_u32)
            .collect()
    }

    #[test]
    fn both_versions_agree_on_old_text() {
        let text =
            "e\u{301}\u{327} \u{ac01} \u{1100}\u{1161}\u{11a8} ﬁ Å \u{1e9b}\u{323} q\u{307}\u{323}";
        for form in [Form::Nfc, Form::Nfkc, Form::Nfd, Form::Nfkd] {
            let new = normal(form, Version::New, text);
            assert_eq!(normal(form, Version::Old, text), new);
            assert!(form.is_normal(Version::New, new.chars().map(u32::from)));
            assert!(form.is_normal(Version::Old, new.chars().map(u32::from)));
        }
    }

    #[test]
    fn surrogates_stay() {
        let text = [0x65, 0x301, 0xd800, 0x301];
        assert_eq!(
            Form::Nfc.of(Version::New, text.into_iter()),
            [0xe9, 0xd800, 0x301]
        );
    }
}
