//! Golden files: for each `golden/NAME.py` the listing in `NAME.dis`, for each case of
//! `golden/errors.txt` the error that follows it.
//!
//! With `TYPHON_BLESS` set, the files are written anew; read the difference before committing it.

use std::fs;
use std::path::{Path, PathBuf};

use typhon_compiler::disassemble::disassemble;
use typhon_compiler::{CompileOptions, compile, marshal};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn blessing() -> bool {
    std::env::var_os("TYPHON_BLESS").is_some()
}

/// Compares with a golden file, or writes it. The first line that differs, if any.
fn check(path: &Path, found: &str) -> Option<String> {
    if blessing() {
        fs::write(path, found).expect("golden files can be written");
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return None;
    }
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    let difference = lines.find(|(_, (expected, found))| expected != found);
    Some(match difference {
        Some((index, (expected, found))) => {
            format!(
                "{}:{}\n  expected {expected}\n  found    {found}",
                path.display(),
                index + 1
            )
        }
        None => format!("{}: one is longer", path.display()),
    })
}

#[test]
fn listings_are_as_recorded() {
    let mut differences = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).expect("the golden folder is there") {
        let path = entry.expect("the golden folder is readable").path();
        if path.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        count += 1;
        let source = fs::read_to_string(&path).expect("golden sources are text");
        let name = path
            .file_name()
            .expect("files have names")
            .to_string_lossy()
            .into_owned();
        let code = compile(&source, &name, &CompileOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .code;
        let listing = disassemble(&code);
        differences.extend(check(&path.with_extension("dis"), &listing));
        // What is marshalled must read the same.
        let copy = marshal::read(&marshal::write(&code), None).expect("marshalled code reads back");
        assert_eq!(disassemble(&copy), listing, "{name} after marshalling");
    }
    assert!(count > 0, "there are golden sources");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn errors_are_as_recorded() {
    let path = folder().join("errors.txt");
    let text = fs::read_to_string(&path).expect("the golden errors are text");
    let mut found = String::new();
    // A case is a source, a line that begins with `=>`, an empty line.
    for case in text.split("\n\n").filter(|case| !case.trim().is_empty()) {
        let source: String = case
            .lines()
            .filter(|line| !line.starts_with("=> "))
            .map(|line| format!("{line}\n"))
            .collect();
        // `¶` stands for a newline in the source that would end the case.
        let source = source.replace('¶', "\n");
        let outcome = match compile(&source, "errors.py", &CompileOptions::default()) {
            Ok(_) => "compiles".to_owned(),
            Err(error) => format!(
                "{:?} {}:{}-{}:{} {}",
                error.kind,
                error.line,
                error.column,
                error.end_line,
                error.end_column,
                error.message
            ),
        };
        found.push_str(&source.replace("\n\n", "¶\n"));
        found.push_str(&format!("=> {outcome}\n\n"));
    }
    if let Some(difference) = check(&path, &found) {
        panic!("{difference}");
    }
}
