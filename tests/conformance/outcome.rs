//! How the cases of one module ended.
//!
//! A case passes when it succeeds, fails as expected, or is skipped as CPython's own business (an
//! implementation detail, the C API). Other skips count as passed only as far as CPython skips as many. A
//! module is measured by the cases that CPython has in it: one that cannot be imported, hangs or dies has
//! the cases that were reported before, and failed in all others.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::modules::Module;

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Passed,
    Skipped,
    Failed,
}

/// How the cases of a module ended.
#[derive(Debug)]
pub struct Outcome {
    cases: BTreeMap<String, Ending>,
    /// Why the module did not come to its end.
    pub failure: Option<String>,
    pub took: Duration,
}

impl Outcome {
    /// Reads the lines that `run_cases.py` writes.
    pub fn read(module: &str, report: &str, failure: Option<String>, took: Duration) -> Outcome {
        let prefix = format!("test.{module}.");
        let mut cases = BTreeMap::new();
        let lines = report.lines().filter_map(|line| line.strip_prefix("@@"));
        for (kind, case) in lines.filter_map(|line| line.split_once(' ')) {
            let ending = match kind {
                "ok" | "own" | "expected" => Ending::Passed,
                "skip" => Ending::Skipped,
                "failure" | "error" | "part" => Ending::Failed,
                _ => continue,
            };
            let case = case.strip_prefix(&prefix).unwrap_or(case).to_owned();
            // A case whose parts fail may be reported once more, and is not better for it.
            let worst = cases.entry(case).or_insert(ending);
            if *worst != Ending::Failed {
                *worst = ending;
            }
        }
        Outcome {
            cases,
            failure,
            took,
        }
    }

    fn count(&self, wanted: Ending) -> usize {
        self.cases
            .values()
            .filter(|ending| **ending == wanted)
            .count()
    }

    /// What a run of CPython says of the module: its cases, and how many it skips.
    pub fn as_reference(&self) -> (usize, usize) {
        let skipped = self.count(Ending::Skipped);
        (self.count(Ending::Passed) + skipped, skipped)
    }

    /// How many of the cases that CPython has in the module pass.
    pub fn score(&self, module: &Module) -> usize {
        let skipped = self.count(Ending::Skipped).min(module.skipped);
        (self.count(Ending::Passed) + skipped).min(module.cases)
    }

    pub fn passed(&self) -> impl Iterator<Item = &str> {
        let passed = |(_, ending): &(&String, &Ending)| **ending == Ending::Passed;
        self.cases.iter().filter(passed).map(|(case, _)| &**case)
    }

    pub fn not_passed(&self) -> impl Iterator<Item = &str> {
        let other = |(_, ending): &(&String, &Ending)| **ending != Ending::Passed;
        self.cases.iter().filter(other).map(|(case, _)| &**case)
    }

    pub fn has_passed(&self, case: &str) -> bool {
        self.cases.get(case) == Some(&Ending::Passed)
    }

    /// The line that tells of the module.
    pub fn line(&self, module: &Module) -> String {
        let (score, cases) = (self.score(module), module.cases);
        let failure = self.failure.as_deref().unwrap_or_default();
        let line = format!(
            "{:32} {score:5} / {cases:5} {:7.1}s  {failure}",
            module.name,
            self.took.as_secs_f64()
        );
        line.trim_end().to_owned()
    }
}
