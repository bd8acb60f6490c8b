//! Which scenario runs next, with which seed, threads and mode.
//!
//! A pass runs every scenario once in every mode, in an order that the seed shuffles;
//! passes repeat. The first run of all has the seed itself, later ones the numbers that
//! follow it, so that `--scenario X --seed S` begins with the very run that failed.

use std::fmt;
use std::time::Duration;

use crate::arguments::{Arguments, Gil};

/// The shortest and the longest time one run of a scenario gets.
const SLICE: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(3)];

/// One run of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub scenario: String,
    pub gil: Gil,
    pub seed: u64,
    pub threads: usize,
    pub slice: Duration,
}

impl fmt::Display for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:<18} --gil={:<3} --threads {} --seed {}",
            self.scenario, self.gil, self.threads, self.seed
        )
    }
}

#[derive(Debug)]
pub struct Schedule {
    scenarios: Vec<String>,
    modes: Vec<Gil>,
    threads: Option<usize>,
    slice: Duration,
    next_seed: u64,
    /// What is left of this pass, last first.
    pass: Vec<(String, Gil)>,
}

impl Schedule {
    pub fn new(arguments: &Arguments, scenarios: Vec<String>) -> Self {
        let runs = (scenarios.len() * arguments.modes.len()) as u32;
        Self {
            scenarios,
            modes: arguments.modes.clone(),
            threads: arguments.threads,
            slice: (arguments.seconds / runs).clamp(SLICE[0], SLICE[1]),
            next_seed: arguments.seed,
            pass: Vec::new(),
        }
    }

    pub fn scenarios(&self) -> usize {
        self.scenarios.len()
    }

    pub fn slice(&self) -> Duration {
        self.slice
    }

    pub fn next(&mut self) -> Job {
        let seed = self.next_seed;
        self.next_seed = seed.wrapping_add(1);
        let mut random = SplitMix(seed);
        if self.pass.is_empty() {
            self.pass = self
                .scenarios
                .iter()
                .flat_map(|scenario| self.modes.iter().map(|&gil| (scenario.clone(), gil)))
                .collect();
            for last in (1..self.pass.len()).rev() {
                self.pass.swap(last, random.below(last + 1));
            }
        }
        let (scenario, gil) = self.pass.pop().expect("invariant: a pass has runs");
        let threads = self
            .threads
            .unwrap_or_else(|| [2, 3, 4, 8][random.below(4)]);
        Job {
            scenario,
            gil,
            seed,
            threads,
            slice: self.slice,
        }
    }
}

/// Steele, Lea and Flood's SplitMix64: a good number from any seed.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(arguments: &[&str], scenarios: &[&str]) -> Schedule {
        let parser = lexopt::Parser::from_args(arguments);
        let arguments = Arguments::from(parser).unwrap().unwrap();
        Schedule::new(
            &arguments,
            scenarios.iter().map(|&name| name.to_owned()).collect(),
        )
    }

    #[test]
    fn a_pass_runs_everything_once_in_every_mode() {
        let mut schedule = schedule(&["--seed", "5"], &["a", "b", "c"]);
        let mut seen: Vec<String> = (0..6)
            .map(|_| schedule.next())
            .map(|job| format!("{} {}", job.scenario, job.gil))
            .collect();
        seen.sort();
        assert_eq!(seen, ["a off", "a on", "b off", "b on", "c off", "c on"]);
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule() {
        let jobs = |seed: &str| -> Vec<Job> {
            let mut schedule = schedule(&["--seed", seed], &["a", "b", "c"]);
            (0..20).map(|_| schedule.next()).collect()
        };
        assert_eq!(jobs("7"), jobs("7"));
        assert_ne!(jobs("7"), jobs("8"));
    }

    #[test]
    fn a_replay_begins_with_the_run_that_failed() {
        let mut first = schedule(&["--seed", "100"], &["a", "b", "c"]);
        let failed = (0..11).map(|_| first.next()).last().unwrap();
        let (seed, threads) = (failed.seed.to_string(), failed.threads.to_string());
        let gil = failed.gil.to_string();
        let mut replay = schedule(
            &["--seed", &seed, "--threads", &threads, "--gil", &gil],
            &[&failed.scenario],
        );
        let again = replay.next();
        assert_eq!(again.seed, failed.seed);
        assert_eq!(again.threads, failed.threads);
        assert_eq!((again.scenario, again.gil), (failed.scenario, failed.gil));
    }

    #[test]
    fn slices_fill_the_time_within_bounds() {
        let slice = |seconds| schedule(&["--seconds", seconds], &["a", "b"]).slice();
        assert_eq!(slice("0.1"), SLICE[0]);
        assert_eq!(slice("4"), Duration::from_secs(1));
        assert_eq!(slice("3600"), SLICE[1]);
    }
}
