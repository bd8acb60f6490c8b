//! The command line.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lexopt::prelude::*;

pub const USAGE: &str = "\
Runs the scenarios of stress/scenarios in turn, in both GIL modes, until the time is up.

cargo run --release -p stress -- [options]

  --seconds N        how long (default 60)
  --seed S           the seed everything derives from (default: from the clock)
  --threads N        threads of each scenario (default: 2 to 8, as the seed says)
  --scenario X       this scenario alone, its first run with exactly the seed S;
                     a list with commas runs several
  --gil on|off       this mode alone
  --typhon PATH      this interpreter, or the one TYPHON names, instead of the
                     workspace's, built on the spot
  --under COMMAND    run the interpreter under this, such as 'valgrind -q --error-exitcode=9'
  --limit N          seconds after which a scenario counts as hung (default 120)
  --keep-going       do not stop at the first failure
  --scenarios DIR    a folder of other scenarios
";

/// One of the interpreter's two modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gil {
    Off,
    On,
}

impl fmt::Display for Gil {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Off => "off",
            Self::On => "on",
        })
    }
}

impl FromStr for Gil {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "on" => Ok(Self::On),
            _ => Err("want on or off".into()),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Arguments {
    pub seconds: Duration,
    pub seed: u64,
    pub threads: Option<usize>,
    pub only: Vec<String>,
    pub modes: Vec<Gil>,
    pub typhon: Option<PathBuf>,
    pub under: Vec<OsString>,
    pub limit: Duration,
    pub keep_going: bool,
    pub scenarios: Option<PathBuf>,
}

impl Arguments {
    /// None when help was asked for.
    pub fn parse() -> Result<Option<Self>, String> {
        Self::from(lexopt::Parser::from_env()).map_err(|error| error.to_string())
    }

    pub fn from(mut parser: lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let clock = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut arguments = Self {
            seconds: Duration::from_secs(60),
            seed: u64::from(clock.subsec_nanos()),
            threads: None,
            only: Vec::new(),
            modes: vec![Gil::Off, Gil::On],
            typhon: None,
            under: Vec::new(),
            limit: Duration::from_secs(120),
            keep_going: false,
            scenarios: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seconds") => arguments.seconds = parser.value()?.parse_with(seconds)?,
                Long("seed") => arguments.seed = parser.value()?.parse()?,
                Long("threads") => arguments.threads = Some(parser.value()?.parse()?),
                Long("scenario") => {
                    let list = parser.value()?.string()?;
                    arguments.only = list.split(',').map(str::to_owned).collect();
                }
                Long("gil") => arguments.modes = vec![parser.value()?.parse()?],
                Long("typhon") => arguments.typhon = Some(parser.value()?.into()),
                Long("under") => {
                    let command = parser.value()?.string()?;
                    arguments.under = command.split_whitespace().map(Into::into).collect();
                }
                Long("limit") => arguments.limit = parser.value()?.parse_with(seconds)?,
                Long("keep-going") => arguments.keep_going = true,
                Long("scenarios") => arguments.scenarios = Some(parser.value()?.into()),
                Short('h') | Long("help") => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        if arguments
            .threads
            .is_some_and(|threads| !(1..=60).contains(&threads))
        {
            return Err("--threads: 1 to 60".into());
        }
        Ok(Some(arguments))
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "want a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
