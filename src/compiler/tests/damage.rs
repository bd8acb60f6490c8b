//! Damaged sources: tokens taken out, doubled and swapped. The compiler answers each with code or with
//! an error; it never panics.
//!
//! The sources are the golden files and the programs of the workspace, or what lies in the folder that
//! `TYPHON_DAMAGE` names. `TYPHON_DAMAGE_ROUNDS` is how often each is damaged. The seed is a source's
//! name, so a failure comes again.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use typhon_compiler::{CompileOptions, Mode, compile, decode_source, symbol_table, syntax_tree};

/// xorshift (Marsaglia, 2003).
struct Random(u64);

impl Random {
    fn of_name(name: &str) -> Random {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Random(hash | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

fn python_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            python_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            into.push(path);
        }
    }
}

/// Words, runs of blanks, and single other characters.
fn pieces(source: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_like = |character: char| {
            if first.is_alphanumeric() || first == '_' {
                character.is_alphanumeric() || character == '_'
            } else {
                first == ' ' && character == ' '
            }
        };
        let end = rest[first.len_utf8()..]
            .find(|character| !is_like(character))
            .map_or(rest.len(), |end| end + first.len_utf8());
        let (piece, behind) = rest.split_at(end);
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

fn damaged(source: &str, random: &mut Random) -> String {
    const WORDS: &[&str] = &[
        "lambda", "for", "in", "class", "def", "if", "else", "(", ")", "[", "]", "{", "}", ":",
        ",", "*", "**", "=", ":=", "await", "async", "yield", "global", "nonlocal", "x", "\n",
        "    ", "f'", "t'", "'", "@", "match", "case", "type", "del", "import", "from", "with",
        "as", "1", ".", "...",
    ];
    let mut pieces = pieces(source);
    for _ in 0..=random.below(3) {
        if pieces.is_empty() {
            break;
        }
        let at = random.below(pieces.len());
        match random.below(5) {
            0 => {
                pieces.remove(at);
            }
            1 => pieces.insert(at, pieces[at]),
            2 => {
                let other = random.below(pieces.len());
                pieces.swap(at, other);
            }
            3 => pieces.insert(at, WORDS[random.below(WORDS.len())]),
            _ => pieces[at] = WORDS[random.below(WORDS.len())],
        }
    }
    pieces.concat()
}

/// Whether all that takes a source gets through it without a panic.
fn survives(source: &str) -> bool {
    catch_unwind(AssertUnwindSafe(|| {
        for mode in [Mode::Exec, Mode::Single] {
            let options = CompileOptions {
                mode,
                ..CompileOptions::default()
            };
            let _ = compile(source, "<damaged>", &options);
        }
        let options = CompileOptions::default();
        let _ = syntax_tree(source, &options);
        let _ = symbol_table(source, &options);
    }))
    .is_ok()
}

#[test]
fn no_source_makes_the_compiler_panic() {
    let chosen = std::env::var_os("TYPHON_DAMAGE").map(PathBuf::from);
    let rounds = std::env::var("TYPHON_DAMAGE_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(20);
    let mut files = Vec::new();
    match &chosen {
        Some(folder) => python_files(folder, &mut files),
        None => {
            let here = Path::new(env!("CARGO_MANIFEST_DIR"));
            python_files(&here.join("tests/golden"), &mut files);
            python_files(&here.join("../../tests/programs"), &mut files);
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no sources");
    let mut failures = Vec::new();
    for file in files {
        let Ok(bytes) = fs::read(&file) else { continue };
        let Ok(source) = decode_source(&bytes, "<damaged>") else {
            continue;
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut random = Random::of_name(&name);
        if !survives(&source) {
            failures.push(format!("{}: as it is", file.display()));
            continue;
        }
        for round in 0..rounds {
            let broken = damaged(&source, &mut random);
            if !survives(&broken) {
                let path = std::env::temp_dir().join(format!("damaged-{round}-{name}"));
                let _ = fs::write(&path, &broken);
                failures.push(format!("{}: see {}", file.display(), path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
