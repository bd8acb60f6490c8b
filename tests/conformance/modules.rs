//! The sets of modules, and how many cases CPython has in each.

use std::fs;
use std::path::Path;

use crate::outcome::Outcome;

/// A module of CPython's tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub name: String,
    /// The cases that CPython 3.14 passes or skips: what the module is measured by.
    pub cases: usize,
    /// How many of these it skips.
    pub skipped: usize,
}

/// Modules that belong together. One may be in more than one set.
#[derive(Debug)]
pub struct Set {
    pub name: &'static str,
    pub modules: Vec<Module>,
}

const SETS: [&str; 3] = ["language", "threads", "stdlib"];

/// The sets as they are listed in `home`.
pub fn read(home: &Path) -> Vec<Set> {
    SETS.iter()
        .map(|name| {
            let path = home.join("modules").join(format!("{name}.txt"));
            let text = fs::read_to_string(&path).expect("a list of modules");
            Set {
                name,
                modules: text.lines().map(parse).collect(),
            }
        })
        .collect()
}

fn parse(line: &str) -> Module {
    let mut words = line.split_whitespace();
    let number = |words: &mut dyn Iterator<Item = &str>| {
        words
            .next()
            .and_then(|word| word.parse().ok())
            .expect("lines of modules are: name, cases, skipped")
    };
    Module {
        name: words.next().expect("no line is empty").to_owned(),
        cases: number(&mut words),
        skipped: number(&mut words),
    }
}

/// Every module once.
pub fn all(sets: &[Set]) -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    for module in sets.iter().flat_map(|set| &set.modules) {
        if !modules.contains(module) {
            modules.push(module.clone());
        }
    }
    modules
}

/// Writes the lists anew, with the counts of a run of CPython.
pub fn write_counts(home: &Path, sets: &[Set], outcomes: &[(Module, Outcome)]) {
    for set in sets {
        let mut text = String::new();
        for module in &set.modules {
            let found = outcomes.iter().find(|(other, _)| other.name == module.name);
            let (cases, skipped) = match found {
                Some((_, outcome)) if outcome.failure.is_none() => outcome.as_reference(),
                _ => (module.cases, module.skipped),
            };
            text.push_str(&format!("{} {cases} {skipped}\n", module.name));
        }
        let path = home.join("modules").join(format!("{}.txt", set.name));
        fs::write(path, text).expect("the list of modules can be written");
    }
}
