//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::interpreter::Interpreter;

pub const USAGE: &str = "\
Runs benches/programs with the GIL off and on and compares.

cargo run --release -p typhon-benches -- [options]

  --typhon PATH      this interpreter instead of the workspace's, built on the spot
  --peer NAME=CMD    another interpreter to compare with, as often as wanted
  --threads 1,2      numbers of threads (default: 1 and the number of processors)
  --only A,B         these programs alone
  --repeat N         the best of N runs counts (default 3)
  --size S           factor on each program's work (default 1)
  --corpus DIR       Python sources for the programs that count words
  --svg FILE         write a plot of the speed-ups
  --json FILE        write all figures
";

#[derive(Debug)]
pub struct Arguments {
    pub typhon: Option<PathBuf>,
    pub peers: Vec<Interpreter>,
    /// Sorted, without duplicates, beginning with 1: speed-ups are relative to it.
    pub threads: Vec<usize>,
    pub only: Vec<String>,
    pub repeat: usize,
    pub size: f64,
    pub corpus: Option<PathBuf>,
    pub svg: Option<PathBuf>,
    pub json: Option<PathBuf>,
}

impl Arguments {
    /// None when help was asked for.
    pub fn parse() -> Result<Option<Self>, String> {
        Self::from(lexopt::Parser::from_env()).map_err(|error| error.to_string())
    }

    fn from(mut parser: lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let mut arguments = Self {
            typhon: None,
            peers: Vec::new(),
            threads: vec![processors],
            only: Vec::new(),
            repeat: 3,
            size: 1.0,
            corpus: None,
            svg: None,
            json: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("typhon") => arguments.typhon = Some(parser.value()?.into()),
                Long("peer") => arguments.peers.push(peer(&parser.value()?.string()?)?),
                Long("threads") => {
                    arguments.threads = parser.value()?.parse_with(|list| {
                        list.split(',')
                            .map(str::parse::<usize>)
                            .collect::<Result<_, _>>()
                    })?;
                }
                Long("only") => {
                    let list = parser.value()?.string()?;
                    arguments.only = list.split(',').map(str::to_owned).collect();
                }
                Long("repeat") => arguments.repeat = parser.value()?.parse()?,
                Long("size") => arguments.size = parser.value()?.parse()?,
                Long("corpus") => arguments.corpus = Some(parser.value()?.into()),
                Long("svg") => arguments.svg = Some(parser.value()?.into()),
                Long("json") => arguments.json = Some(parser.value()?.into()),
                Short('h') | Long("help") => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        arguments.threads.push(1);
        arguments.threads.sort_unstable();
        arguments.threads.dedup();
        if arguments.threads[0] == 0 || arguments.repeat == 0 {
            return Err("--threads and --repeat: at least 1".into());
        }
        Ok(Some(arguments))
    }
}

fn peer(text: &str) -> Result<Interpreter, lexopt::Error> {
    text.split_once('=')
        .and_then(|(name, command)| Interpreter::peer(name, command))
        .ok_or_else(|| format!("--peer {text}: want NAME=COMMAND").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Arguments>, lexopt::Error> {
        Arguments::from(lexopt::Parser::from_args(arguments))
    }

    #[test]
    fn one_thread_is_always_measured() {
        let arguments = parsed(&["--threads", "4,2,4"]).unwrap().unwrap();
        assert_eq!(arguments.threads, [1, 2, 4]);
    }

    #[test]
    fn peers_have_a_name_and_a_command() {
        let arguments = parsed(&["--peer", "cpython=python3 -X opt"])
            .unwrap()
            .unwrap();
        assert_eq!(arguments.peers[0].name, "cpython");
        assert!(parsed(&["--peer", "python3"]).is_err());
        assert!(parsed(&["--peer", "name= "]).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(parsed(&["--threads", "0"]).is_err());
        assert!(parsed(&["--threads", "two"]).is_err());
        assert!(parsed(&["--frobnicate"]).is_err());
    }
}
