//! `cargo run --release -p typhon-benches`: how fast Typhon is, alone, in threads and
//! beside other interpreters, and how much memory it takes.
//!
//! Runs the programs of `benches/programs/` with the GIL off and on, with each number of
//! threads, and once more with every peer; checks that all of them print the same
//! result; prints a table and, if asked, writes a plot and the raw figures.
//!
//! * `arguments`: the command line.
//! * `interpreter`: one interpreter, one run of one program.
//! * `measure`: which runs are made in which order, and what is kept of them.
//! * `table`, `plot`, `figures`: the same measurements as text, SVG and JSON.

mod arguments;
mod figures;
mod interpreter;
mod measure;
mod plot;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use arguments::Arguments;
use interpreter::Interpreter;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("benches: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Measures and reports. False when a program failed or outputs disagree.
fn run() -> Result<bool, String> {
    let Some(mut arguments) = Arguments::parse()? else {
        print!("{}", arguments::USAGE);
        return Ok(true);
    };
    let typhon = match arguments.typhon.take() {
        Some(path) => path,
        None => build_typhon()?,
    };
    let folder = programs_folder();
    let programs = programs(&folder, &arguments.only)?;
    let modes = [
        Interpreter::typhon(&typhon, "off"),
        Interpreter::typhon(&typhon, "on"),
    ];
    let peers = std::mem::take(&mut arguments.peers);
    let corpus = match arguments.corpus.take() {
        Some(corpus) => corpus,
        None => find_corpus(&folder, &modes[0], &peers)?,
    };

    let plan = measure::Plan {
        folder,
        programs,
        modes,
        peers,
        threads: arguments.threads,
        repeat: arguments.repeat,
        size: arguments.size,
        corpus,
    };
    let results = plan.measure();
    print!("\n{}", table::render(&plan, &results));
    if let Some(path) = arguments.svg {
        plot::write(&path, &plan, &results)?;
        println!("plot: {}", path.display());
    }
    if let Some(path) = arguments.json {
        figures::write(&path, &plan, &results)?;
        println!("figures: {}", path.display());
    }
    let failures: Vec<_> = results.iter().flat_map(|result| &result.failures).collect();
    for failure in &failures {
        println!("FAILED {failure}");
    }
    Ok(failures.is_empty())
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

fn programs_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the runner is in a folder of benches/")
        .join("programs")
}

/// Names of the programs to run, without `.py`.
fn programs(folder: &Path, only: &[String]) -> Result<Vec<String>, String> {
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
            "no program {unknown}; there are {}",
            names.join(", ")
        ));
    }
    if !only.is_empty() {
        names.retain(|name| only.contains(name));
    }
    Ok(names)
}

/// A folder of Python sources for the programs that read some: the first standard
/// library found on disk, or Typhon's own, written out of its binary.
fn find_corpus(
    folder: &Path,
    typhon: &Interpreter,
    peers: &[Interpreter],
) -> Result<PathBuf, String> {
    const QUESTION: &str = "import os; print(os.path.dirname(os.__file__))";
    for interpreter in std::iter::once(typhon).chain(peers) {
        if let Some(answer) = interpreter.answer(&["-c".as_ref(), QUESTION.as_ref()]) {
            let library = PathBuf::from(answer.trim());
            if library.join("os.py").exists() {
                return Ok(library);
            }
        }
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let corpus = own.with_file_name("benches-corpus");
    let program = folder.join("_sources.py");
    typhon
        .answer(&[program.as_os_str(), corpus.as_os_str()])
        .ok_or("typhon cannot write its library's sources: name a folder with --corpus")?;
    Ok(corpus)
}
