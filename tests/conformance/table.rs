//! Sums: the last line of a run, and the table of the README.

use std::path::Path;

use crate::modules::{Module, Set};
use crate::outcome::Outcome;
use crate::record;

/// The sum of a run.
pub fn summary(outcomes: &[(Module, Outcome)]) -> String {
    let scores = outcomes
        .iter()
        .map(|(module, outcome)| (module, outcome.score(module)));
    let sum = Sum::of(scores);
    let unfinished = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.failure.is_some())
        .count();
    format!(
        "{} of {} cases pass: {:.2} %; {} of {} modules whole; {unfinished} did not finish\n",
        sum.passed,
        sum.cases,
        sum.percent(),
        sum.whole,
        sum.modules,
    )
}

/// The table of the README: what the record says of each set.
pub fn from_record(home: &Path, sets: &[Set]) -> String {
    let inapplicable = record::read_inapplicable(home);
    let mut text = String::from(
        "| CPython's tests of | modules | whole | cases | pass | | do not apply |\n|---|---|---|---|---|---|---|\n",
    );
    for set in sets {
        let scores = set
            .modules
            .iter()
            .map(|module| (module, record::score(home, module)));
        let sum = Sum::of(scores);
        let excused = inapplicable
            .keys()
            .filter(|case| {
                set.modules.iter().any(|module| {
                    case.strip_prefix(&module.name)
                        .is_some_and(|rest| rest.starts_with('.'))
                })
            })
            .count();
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {:.1} % | {excused} |\n",
            set.name,
            sum.modules,
            sum.whole,
            sum.cases,
            sum.passed,
            sum.percent(),
        ));
    }
    text
}

#[derive(Default)]
struct Sum {
    modules: usize,
    /// Modules all of whose cases pass.
    whole: usize,
    cases: usize,
    passed: usize,
}

impl Sum {
    fn of<'a>(scores: impl Iterator<Item = (&'a Module, usize)>) -> Sum {
        let mut sum = Sum::default();
        for (module, score) in scores {
            sum.modules += 1;
            sum.whole += usize::from(score == module.cases);
            sum.cases += module.cases;
            sum.passed += score;
        }
        sum
    }

    fn percent(&self) -> f64 {
        100.0 * self.passed as f64 / self.cases.max(1) as f64
    }
}
