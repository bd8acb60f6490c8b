//! Runs every Python program below `tests/programs/` in both GIL modes.
//!
//! A program checks itself with assertions and is named after what it checks. Beside
//! `name.py` there may be
//!
//! * `name.out`: what it must write to standard output,
//! * `name.err`: what it must write to standard error, paths cut down to file names,
//!
//! and its leading comment may say `# exit: N`, the status it must end with (0 if it
//! says nothing; 130 for a death by SIGINT). Files whose names begin with `_` belong to
//! other programs.
//!
//! `TYPHON_PROGRAMS=word` runs only the programs whose path contains the word.

use std::collections::VecDeque;
use std::fs;
use std::io::{Error, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// How long one program may take, in a debug build on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

/// How many programs run at a time. Many of them start threads of their own.
const AT_ONCE: usize = 2;

#[derive(Clone)]
struct Run {
    program: PathBuf,
    gil: &'static str,
}

#[test]
fn programs_in_both_modes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let word = std::env::var("TYPHON_PROGRAMS").unwrap_or_default();
    let mut programs = Vec::new();
    collect(&root, &mut programs);
    programs.retain(|program| program.to_string_lossy().contains(&word));
    programs.sort();
    assert!(
        !programs.is_empty(),
        "no program below {} matches",
        root.display()
    );

    let runs: VecDeque<Run> = programs
        .iter()
        .flat_map(|program| {
            ["off", "on"].map(|gil| Run {
                program: program.clone(),
                gil,
            })
        })
        .collect();
    let total = runs.len();
    let waiting = Mutex::new(runs);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(run) = waiting.lock().unwrap().pop_front() else {
                        return;
                    };
                    if let Err(reason) = check(&run) {
                        let name = run.program.strip_prefix(&root).unwrap_or(&run.program);
                        let report = format!("{} (--gil={}): {reason}", name.display(), run.gil);
                        eprintln!("FAILED {report}\n");
                        failures.lock().unwrap().push(report);
                    }
                }
            });
        }
    });

    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {total} runs failed:\n{}",
        failures.len(),
        failures
            .iter()
            .filter_map(|f| f.lines().next())
            .collect::<Vec<_>>()
            .join("\n"),
    );
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of programs") {
        let path = entry.expect("an entry of the folder").path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('_'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            into.push(path);
        }
    }
}

/// Runs one program and compares what it does with what it must do.
fn check(run: &Run) -> Result<(), String> {
    let folder = run.program.parent().expect("a program is in a folder");
    let source = fs::read_to_string(&run.program).map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_typhon"));
    command
        .arg(format!("--gil={}", run.gil))
        .arg(run.program.file_name().expect("a program has a name"))
        .current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    // SAFETY: `heed_keyboard` makes system calls that POSIX calls safe between fork and exec, and nothing else:
    // it allocates nothing and takes no lock.
    unsafe { command.pre_exec(heed_keyboard) };
    let ended = execute(command).map_err(|error| error.to_string())?;
    let errors = ended.errors.replace(&format!("{}/", folder.display()), "");

    let Some(status) = ended.status else {
        return Err(format!("still ran after {LIMIT:?}\n{errors}"));
    };
    let expected = expected_status(&source);
    let signal = status.signal();
    let code = status.code().unwrap_or_else(|| 128 + signal.unwrap_or(0));
    if code != expected {
        let how = signal.map_or(format!("status {code}"), |signal| {
            format!("signal {signal}")
        });
        return Err(format!(
            "ended with {how}, not {expected}: {}\n{errors}",
            last_line(&errors)
        ));
    }
    compare(
        &run.program.with_extension("out"),
        &ended.output,
        "standard output",
    )?;
    compare(
        &run.program.with_extension("err"),
        &errors,
        "standard error",
    )
}

/// Gives a new process the keyboard's signals with their default actions. A shell starts jobs in the background
/// with both ignored, and who ignores a signal leaves it ignored to its children.
fn heed_keyboard() -> std::io::Result<()> {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: the default action is no code of this process.
        if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(Error::last_os_error());
        }
    }
    Ok(())
}

fn last_line(text: &str) -> &str {
    text.trim_end()
        .lines()
        .last()
        .unwrap_or("(nothing on standard error)")
}

/// The number of `# exit: N` in the comment that heads a program.
fn expected_status(source: &str) -> i32 {
    source
        .lines()
        .take_while(|line| line.starts_with('#'))
        .find_map(|line| line.strip_prefix("# exit:")?.trim().parse().ok())
        .unwrap_or(0)
}

fn compare(golden: &Path, found: &str, what: &str) -> Result<(), String> {
    let Ok(expected) = fs::read_to_string(golden) else {
        return Ok(());
    };
    if expected == found {
        return Ok(());
    }
    let number = expected
        .lines()
        .zip(found.lines())
        .take_while(|(expected, found)| expected == found)
        .count();
    let line = |text: &str| text.lines().nth(number).unwrap_or("(the end)").to_owned();
    Err(format!(
        "{what} differs in line {}\n  expected: {}\n  found:    {}",
        number + 1,
        line(&expected),
        line(found),
    ))
}

struct Ended {
    /// None when the program had to be killed.
    status: Option<ExitStatus>,
    output: String,
    errors: String,
}

fn execute(mut command: Command) -> std::io::Result<Ended> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = drain(child.stdout.take().expect("a piped stream"));
    let errors = drain(child.stderr.take().expect("a piped stream"));
    let status = wait(&mut child)?;
    Ok(Ended {
        status,
        output: output.join().expect("the reader ends with its stream"),
        errors: errors.join().expect("the reader ends with its stream"),
    })
}

fn drain(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A stream that breaks off leaves what came before, which is what is compared.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
