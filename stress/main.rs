//! `cargo run --release -p stress -- --seconds 60`: hammers a built interpreter.
//!
//! The scenarios are Python programs in `stress/scenarios/`. Each lets many threads loose
//! on shared objects and asserts what must hold whatever the threads' order: nothing
//! lost, nothing twice, no wrong value, nothing left behind. This driver runs them one
//! after the other, in both GIL modes, with seeds it derives from one; watches that none
//! hangs; and says how to repeat a failure.
//!
//! * `arguments`: the command line.
//! * `schedule`: which scenario runs next, with which seed, threads and mode.
//! * `run`: one scenario in a process of its own, and the watchdog over it.

mod arguments;
mod run;
mod schedule;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use arguments::Arguments;
use run::{Interpreter, Outcome};
use schedule::{Job, Schedule};

fn main() -> ExitCode {
    match stress() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("stress: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Runs scenarios until the time is up. False when one failed.
fn stress() -> Result<bool, String> {
    let Some(arguments) = Arguments::parse()? else {
        print!("{}", arguments::USAGE);
        return Ok(true);
    };
    let folder = match &arguments.scenarios {
        Some(folder) => folder.clone(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"),
    };
    let scenarios = scenarios(&folder, &arguments.only)?;
    let typhon = match arguments
        .typhon
        .clone()
        .or_else(|| std::env::var_os("TYPHON").map(Into::into))
    {
        Some(path) => path,
        None => build_typhon()?,
    };
    let interpreter = Interpreter {
        under: arguments.under.clone(),
        typhon,
        folder,
        limit: arguments.limit,
    };

    let mut schedule = Schedule::new(&arguments, scenarios);
    println!(
        "seed {}, {} scenarios, {:.1} s each, for {} s",
        arguments.seed,
        schedule.scenarios(),
        schedule.slice().as_secs_f64(),
        arguments.seconds.as_secs(),
    );
    let started = Instant::now();
    let mut runs = 0;
    let mut failures = Vec::new();
    while started.elapsed() < arguments.seconds {
        let job = schedule.next();
        runs += 1;
        let outcome = interpreter
            .run(&job)
            .map_err(|error| format!("{} does not start: {error}", interpreter.typhon.display()))?;
        let clock = started.elapsed().as_secs();
        match outcome {
            Outcome::Passed(said) => println!("{clock:>5} s  {job}  {said}"),
            Outcome::Failed { how, errors } => {
                println!("{clock:>5} s  {job}  FAILED: {how}");
                println!("{}", indented(&errors));
                println!("replay: {}", replay(&job, &arguments));
                failures.push(job);
                if !arguments.keep_going {
                    break;
                }
            }
        }
    }
    report(runs, started.elapsed(), &failures, &arguments);
    Ok(failures.is_empty())
}

fn report(runs: usize, elapsed: Duration, failures: &[Job], arguments: &Arguments) {
    println!(
        "{runs} runs in {} s, {} failed",
        elapsed.as_secs(),
        failures.len()
    );
    for job in failures {
        println!("  {}", replay(job, arguments));
    }
}

/// The command that runs the same scenario again with the same choices.
fn replay(job: &Job, arguments: &Arguments) -> String {
    let mut command = format!(
        "cargo run --release -p stress -- --scenario {} --seed {} --threads {} --gil {} --seconds {}",
        job.scenario,
        job.seed,
        job.threads,
        job.gil,
        job.slice.as_secs_f64().max(1.0),
    );
    if let Some(typhon) = &arguments.typhon {
        command.push_str(&format!(" --typhon {}", typhon.display()));
    }
    if !arguments.under.is_empty() {
        let words: Vec<_> = arguments
            .under
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        command.push_str(&format!(" --under {:?}", words.join(" ")));
    }
    command
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names of the scenarios to run, without `.py`.
fn scenarios(folder: &Path, only: &[String]) -> Result<Vec<String>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".py")?.to_owned()))
        .filter(|name| !name.starts_with('_'))
        .collect();
    names.sort();
    if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
        return Err(format!(
            "no scenario {unknown}; there are {}",
            names.join(", ")
        ));
    }
    if !only.is_empty() {
        names.retain(|name| only.contains(name));
    }
    if names.is_empty() {
        return Err(format!("no scenarios in {}", folder.display()));
    }
    Ok(names)
}

/// Builds the interpreter of this workspace, optimized, and gives its path.
fn build_typhon() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--package",
            "typhon",
            "--bin",
            "typhon",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !built.success() {
        return Err("typhon does not build".into());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(2).unwrap_or(Path::new("target"));
    let typhon = target.join("release").join("typhon");
    if !typhon.exists() {
        return Err(format!(
            "no interpreter at {}: name one with --typhon",
            typhon.display()
        ));
    }
    Ok(typhon)
}
