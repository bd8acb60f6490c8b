//! One interpreter and one run of a program by it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

/// A command that runs Python programs.
#[derive(Debug, Clone)]
pub struct Interpreter {
    pub name: String,
    command: Vec<OsString>,
}

/// What one run of a program gave.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Seconds of the program's timed part, by its own clock.
    pub seconds: f64,
    /// The most MiB of memory that the process had at a time, where it can tell.
    pub peak: Option<f64>,
    /// Everything on standard output.
    pub output: String,
}

impl Interpreter {
    pub fn typhon(path: &Path, gil: &str) -> Self {
        Self {
            name: format!("gil {gil}"),
            command: vec![path.into(), format!("--gil={gil}").into()],
        }
    }

    /// None when the command has no words.
    pub fn peer(name: &str, command: &str) -> Option<Self> {
        let command: Vec<OsString> = command.split_whitespace().map(Into::into).collect();
        (!command.is_empty()).then(|| Self {
            name: name.into(),
            command,
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Standard output of a run with these arguments, if it succeeds.
    pub fn answer(&self, arguments: &[&OsStr]) -> Option<String> {
        let ended = self.command().args(arguments).output().ok()?;
        let text = String::from_utf8(ended.stdout).ok()?;
        ended.status.success().then_some(text)
    }

    /// Runs a benchmark program and reads its result, its time and its memory.
    pub fn sample(&self, program: &Path, arguments: &[&OsStr]) -> Result<Sample, String> {
        let ended = self
            .command()
            .arg(program)
            .args(arguments)
            .output()
            .map_err(|error| format!("does not start: {error}"))?;
        let errors = String::from_utf8_lossy(&ended.stderr);
        if !ended.status.success() {
            let last = errors
                .trim_end()
                .lines()
                .last()
                .unwrap_or("nothing on standard error");
            return Err(format!("{}: {last}", ended.status));
        }
        let told = |prefix: &str, unit: &str| {
            errors.lines().rev().find_map(|line| {
                let number = line.strip_prefix(prefix)?.strip_suffix(unit)?;
                number.parse::<f64>().ok()
            })
        };
        Ok(Sample {
            seconds: told("elapsed: ", "").ok_or("told no time")?,
            peak: told("peak: ", " KiB").map(|kibibytes| kibibytes / 1024.0),
            output: String::from_utf8_lossy(&ended.stdout).into_owned(),
        })
    }
}
