//! The command line of the harness.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::modules::{Module, Set};

/// What is asked for.
#[derive(Debug)]
pub struct Arguments {
    /// The folder that holds CPython's package `test`.
    pub suite: Option<PathBuf>,
    /// The interpreter and its options.
    pub command: Vec<OsString>,
    /// Only these modules; all when empty.
    pub only: Vec<String>,
    /// Only this set.
    pub set: Option<String>,
    /// How long a module may take.
    pub limit: Duration,
    /// How many modules run at a time.
    pub jobs: usize,
    /// Record what passes.
    pub update: bool,
    /// Print the cases that do not pass.
    pub show: bool,
    /// Only print the table.
    pub table: bool,
    /// The command is a CPython: write what it counts to the lists of modules.
    pub reference: bool,
}

impl Arguments {
    /// # Errors
    /// What is wrong with the command line.
    pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            suite: env::var_os("TYPHON_CPYTHON_SUITE").map(PathBuf::from),
            command: vec![env!("CARGO_BIN_EXE_typhon").into()],
            only: Vec::new(),
            set: None,
            limit: Duration::from_secs(300),
            jobs: thread::available_parallelism().map_or(1, usize::from),
            update: false,
            show: false,
            table: false,
            reference: false,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let text = word.to_string_lossy().into_owned();
            let mut value = || words.next().ok_or(format!("{text} needs a value"));
            let number = |value: OsString| {
                let text = value.to_string_lossy();
                text.parse::<u64>()
                    .map_err(|error| format!("{text}: {error}"))
            };
            match &*text {
                "--suite" => arguments.suite = Some(value()?.into()),
                "--command" => {
                    let command = value()?.to_string_lossy().into_owned();
                    arguments.command = command.split_whitespace().map(OsString::from).collect();
                }
                "--only" => {
                    let names = value()?.to_string_lossy().into_owned();
                    arguments.only.extend(names.split(',').map(full_name));
                }
                "--set" => arguments.set = Some(value()?.to_string_lossy().into_owned()),
                "--limit" => arguments.limit = Duration::from_secs(number(value()?)?),
                "--jobs" => arguments.jobs = number(value()?)?.max(1) as usize,
                "--update" => arguments.update = true,
                "--show" => arguments.show = true,
                "--table" => arguments.table = true,
                "--reference" => {
                    arguments.command = vec![value()?];
                    arguments.reference = true;
                }
                // What is meant for the tests beside this one in `cargo test -- …`.
                "--nocapture" | "--quiet" | "-q" | "--exact" | "--include-ignored" => {}
                _ if text.starts_with("--test-threads") => {}
                _ if text.starts_with('-') => return Err(format!("unknown option {text}")),
                name => arguments.only.push(full_name(name)),
            }
        }
        Ok(arguments)
    }

    pub fn wants(&self, module: &Module, sets: &[Set]) -> bool {
        let in_set = self.set.as_ref().is_none_or(|wanted| {
            sets.iter()
                .any(|set| set.name == *wanted && set.modules.contains(module))
        });
        in_set && (self.only.is_empty() || self.only.contains(&module.name))
    }
}

fn full_name(name: &str) -> String {
    if name.starts_with("test_") {
        name.to_owned()
    } else {
        format!("test_{name}")
    }
}
