//! Shows that each model would notice: takes one fence, re-check or wake-up out of a
//! copy of the source, runs the model that is about it, and expects it to fail.
//!
//! `cargo run -p loom-tests --bin mutations [part of a model's name]`
//!
//! The mutations are in `table.rs` and `alloc_table.rs`. Each is textual: a piece of a source file that
//! must be there exactly once, and what to put in its place. The mutated copy of
//! `src/sync`, `src/alloc` and `loom-tests` is a workspace of its own under the target folder.

#[macro_use]
mod table;
mod alloc_table;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};
use table::{MUTATIONS, Mutation};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A mutated model that has not failed by then has not failed.
const PATIENCE: Duration = Duration::from_secs(300);

enum Verdict {
    /// The model fails, as it should.
    Noticed,
    /// The model holds without the line, or runs on and on.
    Unnoticed,
    /// The table does not fit the source.
    Unfit(&'static str),
}

fn main() -> ExitCode {
    let filter = env::args().nth(1).unwrap_or_default();
    match run(&filter) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutations: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers whether every mutation was noticed.
fn run(filter: &str) -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    let copy = Copy::make(&root)?;
    let mut unnoticed = 0;
    let chosen: Vec<_> = MUTATIONS
        .iter()
        .chain(alloc_table::MUTATIONS)
        .filter(|mutation| mutation.model.contains(filter))
        .collect();
    for mutation in &chosen {
        let started = Instant::now();
        let verdict = copy.try_out(mutation)?;
        let word = match &verdict {
            Verdict::Noticed => "noticed",
            Verdict::Unnoticed => "NOT NOTICED",
            Verdict::Unfit(why) => why,
        };
        println!(
            "{word:11} {:5.1}s  {}: {}",
            started.elapsed().as_secs_f64(),
            mutation.model,
            mutation.without
        );
        unnoticed += usize::from(!matches!(verdict, Verdict::Noticed));
    }
    println!("{} mutations, {unnoticed} not noticed", chosen.len());
    Ok(unnoticed == 0)
}

/// The workspace in which mutations are tried out.
struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn make(original: &Path) -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| original.join("target"), PathBuf::from)
            .join("mutations");
        let root = target.join("workspace");
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        copy_folder(&original.join("src/sync"), &root.join("src/sync"))?;
        copy_folder(&original.join("src/alloc"), &root.join("src/alloc"))?;
        copy_folder(&original.join("loom-tests"), &root.join("loom-tests"))?;
        fs::copy(original.join("Cargo.lock"), root.join("Cargo.lock"))?;
        let manifest = fs::read_to_string(original.join("Cargo.toml"))?;
        fs::write(root.join("Cargo.toml"), workspace_manifest(&manifest)?)?;
        Ok(Self { root, target })
    }

    fn try_out(&self, mutation: &Mutation) -> Result<Verdict> {
        let path = self.root.join(mutation.file);
        let source = fs::read_to_string(&path)?;
        let Some(mutated) = replace_once(&source, mutation.line, mutation.mutated) else {
            return Ok(Verdict::Unfit("NOT THERE"));
        };
        fs::write(&path, mutated)?;
        let verdict = self.judge(mutation);
        fs::write(&path, source)?;
        verdict
    }

    fn cargo_test(&self) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .args(["test", "--quiet", "-p", "loom-tests", "--test", "models"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn judge(&self, mutation: &Mutation) -> Result<Verdict> {
        let built = self
            .cargo_test()
            .arg("--no-run")
            .env("RUSTFLAGS", "-A warnings")
            .status()?;
        if !built.success() {
            return Ok(Verdict::Unfit("NOT RUST"));
        }
        let mut running = self
            .cargo_test()
            .env("RUSTFLAGS", "-A warnings")
            .args(["--", "--exact", mutation.model])
            .spawn()?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = running.try_wait()? {
                return Ok(if status.success() {
                    Verdict::Unnoticed
                } else {
                    Verdict::Noticed
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        running.kill()?;
        running.wait()?;
        Ok(Verdict::Unnoticed)
    }
}

/// `source` with `old` replaced, if `old` is there exactly once. White space does not
/// count, so that it does not matter how the source is broken into lines.
fn replace_once(source: &str, old: &str, new: &str) -> Option<String> {
    let solid: Vec<(usize, char)> = source
        .char_indices()
        .filter(|(_, character)| !character.is_whitespace())
        .collect();
    let old: Vec<char> = old
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let mut places = (0..=solid.len().checked_sub(old.len())?).filter(|&start| {
        solid[start..start + old.len()]
            .iter()
            .map(|&(_, character)| character)
            .eq(old.iter().copied())
    });
    let start = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let (last, character) = solid[start + old.len() - 1];
    let before = &source[..solid[start].0];
    let after = &source[last + character.len_utf8()..];
    Some([before, new, after].concat())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The `[workspace…]` sections of the manifest, with two members left.
fn workspace_manifest(manifest: &str) -> Result<String> {
    let mut kept = String::new();
    let mut keep = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            keep = line.starts_with("[workspace");
        }
        if line.starts_with("members") {
            kept.push_str("members = [\"src/sync\", \"loom-tests\"]\n");
        } else if keep || line.starts_with("resolver") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    if kept.is_empty() {
        return Err("the workspace's manifest has no [workspace]".into());
    }
    Ok(kept)
}
