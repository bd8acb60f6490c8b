//! The record: for each module the cases that pass.
//!
//! `record/MODULE.txt` is headed by the score, which says more than the lines that follow (see `outcome` for
//! skipped cases). Names are without the module's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::modules::Module;
use crate::outcome::Outcome;

fn path(home: &Path, module: &Module) -> PathBuf {
    home.join("record").join(format!("{}.txt", module.name))
}

/// The recorded cases of a module.
pub fn read(home: &Path, module: &Module) -> Vec<String> {
    let text = fs::read_to_string(path(home, module)).unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The recorded score of a module.
pub fn score(home: &Path, module: &Module) -> usize {
    let text = fs::read_to_string(path(home, module)).unwrap_or_default();
    text.strip_prefix("# ")
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

pub fn write(home: &Path, module: &Module, outcome: &Outcome) {
    let mut text = format!("# {} of {}\n", outcome.score(module), module.cases);
    for case in outcome.passed() {
        text.push_str(case);
        text.push('\n');
    }
    fs::write(path(home, module), text).expect("the record can be written");
}

/// Cases that make no sense here, `MODULE.CASE`, with the reason.
pub fn read_inapplicable(home: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(home.join("inapplicable.txt")).unwrap_or_default();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (case, reason) = line
                .split_once(" — ")
                .expect("lines of inapplicable.txt are: case — reason");
            (case.to_owned(), reason.to_owned())
        })
        .collect()
}
