//! Runs CPython's own tests under the interpreter and compares with the record of what passed before.
//!
//! ```text
//! cargo test --test conformance -- --suite FOLDER            what is recorded must pass
//! cargo test --test conformance -- --suite FOLDER --update   record what passes
//! cargo test --test conformance -- --table                   the table of the README, from the record
//! ```
//!
//! FOLDER, or the variable `TYPHON_CPYTHON_SUITE`, holds CPython's package `test`. The tests are not part
//! of this repository: without them nothing is checked, and that is said.
//!
//! ```text
//!   modules/SET.txt       the modules of a set: name, cases that CPython has, how many of them it skips
//!   record/MODULE.txt     the cases of a module that pass, sorted
//!   inapplicable.txt      cases that make no sense here, with the reason; they count as failed all the same
//!   stand_ins/            empty modules in place of C code that test modules import at their top
//!   run_cases.py          runs one module and reports its cases
//! ```
//!
//! `arguments` reads the command line, `modules` the sets, `run` runs one module in a process of its own,
//! `outcome` counts its cases, `record` keeps them, `table` sums up.

mod arguments;
mod modules;
mod outcome;
mod record;
mod run;
mod table;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use arguments::Arguments;
use modules::Module;
use outcome::Outcome;

/// How often a module that lost a recorded case is run again, alone: many of them use timers.
const SECOND_CHANCES: usize = 2;

/// The folder of this test.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("conformance: {message}");
            return ExitCode::from(2);
        }
    };
    let sets = modules::read(&home());
    if arguments.table {
        print!("{}", table::from_record(&home(), &sets));
        return ExitCode::SUCCESS;
    }
    let Some(suite) = &arguments.suite else {
        println!(
            "conformance: no folder with CPython's tests is given (--suite, TYPHON_CPYTHON_SUITE): nothing checked"
        );
        return ExitCode::SUCCESS;
    };
    if !suite.join("test").is_dir() {
        eprintln!("conformance: {} holds no package test", suite.display());
        return ExitCode::from(2);
    }
    let wanted: Vec<_> = modules::all(&sets)
        .into_iter()
        .filter(|module| arguments.wants(module, &sets))
        .collect();
    let runner = run::Runner::new(&home(), suite, &arguments);
    let outcomes = run_all(&runner, &wanted, arguments.jobs);
    if arguments.reference {
        modules::write_counts(&home(), &sets, &outcomes);
        return ExitCode::SUCCESS;
    }
    judge(&arguments, &runner, &outcomes)
}

/// Runs modules, several at once, and prints a line for each. In the order in which they are given.
fn run_all(runner: &run::Runner, wanted: &[Module], jobs: usize) -> Vec<(Module, Outcome)> {
    let waiting: Mutex<VecDeque<_>> = Mutex::new(wanted.iter().enumerate().collect());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no runner panics").pop_front();
                    let Some((position, module)) = next else {
                        return;
                    };
                    let outcome = runner.run(module);
                    println!("{}", outcome.line(module));
                    let mut done = done.lock().expect("no runner panics");
                    done.push((position, module.clone(), outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no runner panics");
    done.sort_by_key(|(position, _, _)| *position);
    done.into_iter()
        .map(|(_, module, outcome)| (module, outcome))
        .collect()
}

/// Compares outcomes with the record, or records them.
fn judge(arguments: &Arguments, runner: &run::Runner, outcomes: &[(Module, Outcome)]) -> ExitCode {
    let inapplicable = record::read_inapplicable(&home());
    let mut lost = Vec::new();
    for (module, outcome) in outcomes {
        if arguments.show {
            for case in outcome.not_passed() {
                println!("{}: {case}", module.name);
            }
        }
        for case in outcome.passed() {
            if inapplicable.contains_key(&format!("{}.{case}", module.name)) {
                println!(
                    "{}.{case} passes, and is listed as inapplicable",
                    module.name
                );
            }
        }
        if arguments.update {
            record::write(&home(), module, outcome);
        } else {
            lost.extend(lost_for_good(runner, module, outcome));
        }
    }
    print!("{}", table::summary(outcomes));
    for case in &lost {
        println!("no longer passes: {case}");
    }
    if lost.is_empty() {
        ExitCode::SUCCESS
    } else {
        println!("{} recorded cases do not pass any more", lost.len());
        ExitCode::FAILURE
    }
}

/// The recorded cases of a module that pass neither in `outcome` nor in runs of the module alone.
fn lost_for_good(runner: &run::Runner, module: &Module, outcome: &Outcome) -> Vec<String> {
    let recorded = record::read(&home(), module);
    let mut lost: Vec<_> = recorded
        .into_iter()
        .filter(|case| !outcome.has_passed(case))
        .collect();
    for _ in 0..SECOND_CHANCES {
        if lost.is_empty() {
            break;
        }
        let again = runner.run(module);
        lost.retain(|case| !again.has_passed(case));
    }
    lost.into_iter()
        .map(|case| format!("{}.{case}", module.name))
        .collect()
}
