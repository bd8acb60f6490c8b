//! Which runs are made, in which order, and what is kept of them.
//!
//! A machine's speed drifts while it works, so runs that will be compared are made one
//! after the other: a round runs a program once under every configuration, and rounds
//! repeat. Of the rounds the fastest run of each configuration counts: noise only adds.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;

use crate::interpreter::{Interpreter, Sample};

/// Everything that is to be measured.
#[derive(Debug)]
pub struct Plan {
    pub folder: PathBuf,
    pub programs: Vec<String>,
    /// Typhon with the GIL off and on.
    pub modes: [Interpreter; 2],
    pub peers: Vec<Interpreter>,
    pub threads: Vec<usize>,
    pub repeat: usize,
    pub size: f64,
    pub corpus: PathBuf,
}

/// One program's fastest seconds, none where every run failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    pub program: String,
    /// By mode, then in the order of the plan's numbers of threads.
    pub modes: [Vec<Option<f64>>; 2],
    /// By peer, with one thread.
    pub peers: Vec<Option<f64>>,
    /// MiB of memory at the peak, with one thread and the GIL off.
    pub peak: Option<f64>,
    /// By peer.
    pub peer_peaks: Vec<Option<f64>>,
    /// What went wrong: failed runs and outputs that differ from the first one seen.
    pub failures: Vec<String>,
}

/// One column of a round: who runs the program, with how many threads.
struct Configuration<'plan> {
    interpreter: &'plan Interpreter,
    threads: usize,
}

impl Plan {
    pub fn measure(&self) -> Vec<Results> {
        self.programs
            .iter()
            .map(|program| self.measure_program(program))
            .collect()
    }

    fn configurations(&self) -> Vec<Configuration<'_>> {
        let modes = self.modes.iter().flat_map(|interpreter| {
            self.threads.iter().map(move |&threads| Configuration {
                interpreter,
                threads,
            })
        });
        let peers = self.peers.iter().map(|interpreter| Configuration {
            interpreter,
            threads: 1,
        });
        modes.chain(peers).collect()
    }

    fn measure_program(&self, program: &str) -> Results {
        let configurations = self.configurations();
        let mut fastest: Vec<Option<f64>> = vec![None; configurations.len()];
        let mut peaks: Vec<Option<f64>> = vec![None; configurations.len()];
        let mut failures = Vec::new();
        let mut expected: Option<(String, String)> = None;
        eprint!("{program:<18}");
        for round in 0..self.repeat {
            for turn in 0..configurations.len() {
                // Each round begins with another configuration, so that none always
                // follows the same one.
                let index = (turn + round) % configurations.len();
                let configuration = &configurations[index];
                let who = format!(
                    "{program}: {} with {} threads",
                    configuration.interpreter.name, configuration.threads
                );
                match self.sample(program, configuration) {
                    Err(reason) => note(&mut failures, format!("{who}: {reason}")),
                    Ok(sample) => {
                        eprint!(".");
                        let (first, output) =
                            expected.get_or_insert_with(|| (who.clone(), sample.output.clone()));
                        if *output != sample.output {
                            note(
                                &mut failures,
                                format!(
                                    "{who} says {:?}, but {first} said {output:?}",
                                    sample.output
                                ),
                            );
                        }
                        keep_least(&mut fastest[index], Some(sample.seconds));
                        keep_least(&mut peaks[index], sample.peak);
                    }
                }
                std::io::stderr().flush().ok();
            }
        }
        eprintln!();
        let peers = fastest.split_off(2 * self.threads.len());
        let on = fastest.split_off(self.threads.len());
        let peer_peaks = peaks.split_off(2 * self.threads.len());
        Results {
            program: program.to_owned(),
            modes: [fastest, on],
            peers,
            peak: peaks[0],
            peer_peaks,
            failures,
        }
    }

    fn sample(&self, program: &str, configuration: &Configuration<'_>) -> Result<Sample, String> {
        let path = self.folder.join(program).with_extension("py");
        let threads = configuration.threads.to_string();
        let size = self.size.to_string();
        let arguments: [&OsStr; 6] = [
            "--threads".as_ref(),
            threads.as_ref(),
            "--size".as_ref(),
            size.as_ref(),
            "--corpus".as_ref(),
            self.corpus.as_ref(),
        ];
        configuration.interpreter.sample(&path, &arguments)
    }
}

fn keep_least(least: &mut Option<f64>, figure: Option<f64>) {
    if let Some(figure) = figure {
        *least = Some(least.map_or(figure, |least| least.min(figure)));
    }
}

/// Rounds repeat what went wrong: each failure is kept once.
fn note(failures: &mut Vec<String>, failure: String) {
    if !failures.contains(&failure) {
        eprint!("!");
        failures.push(failure);
    }
}

impl Results {
    /// How many times faster than one thread this many threads are, by mode.
    pub fn speed_up(&self, mode: usize, column: usize) -> Option<f64> {
        Some(self.modes[mode][0]? / self.modes[mode][column]?)
    }

    /// One thread with the GIL off over one thread with the GIL on.
    pub fn cost_of_freedom(&self) -> Option<f64> {
        Some(self.modes[0][0]? / self.modes[1][0]?)
    }

    /// One thread with the GIL off over the peer's one.
    pub fn ratio(&self, peer: usize) -> Option<f64> {
        Some(self.modes[0][0]? / self.peers[peer]?)
    }

    /// The memory at the peak over the peer's.
    pub fn memory_ratio(&self, peer: usize) -> Option<f64> {
        Some(self.peak? / self.peer_peaks[peer]?)
    }
}

/// The geometric mean of what there is.
pub fn geometric_mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let logarithms: Vec<f64> = values.flatten().map(f64::ln).collect();
    if logarithms.is_empty() {
        return None;
    }
    Some((logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_need_both_of_their_sides() {
        let results = Results {
            program: "p".into(),
            modes: [vec![Some(3.0), Some(1.5)], vec![Some(2.0), None]],
            peers: vec![Some(6.0), None],
            peak: Some(10.0),
            peer_peaks: vec![None, Some(20.0)],
            failures: Vec::new(),
        };
        assert_eq!(results.speed_up(0, 1), Some(2.0));
        assert_eq!(results.speed_up(1, 1), None);
        assert_eq!(results.cost_of_freedom(), Some(1.5));
        assert_eq!(results.ratio(0), Some(0.5));
        assert_eq!(results.ratio(1), None);
        assert_eq!(results.memory_ratio(0), None);
        assert_eq!(results.memory_ratio(1), Some(0.5));
    }

    #[test]
    fn the_mean_is_geometric_and_skips_gaps() {
        let mean = geometric_mean([Some(1.0), None, Some(4.0)].into_iter()).unwrap();
        assert!((mean - 2.0).abs() < 1e-12);
        assert_eq!(geometric_mean([None].into_iter()), None);
    }
}
