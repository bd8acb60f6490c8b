//! One scenario in a process of its own, and the watchdog over it.
//!
//! A scenario that outstays the limit has hung. The watchdog then sends SIGUSR1, at
//! which the scenario's faulthandler writes the Python stack of every thread, waits a
//! moment for that, and kills.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::schedule::Job;

/// How long a hung process has to write its stacks.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How many lines of standard error a failure shows, from the end.
const SHOWN: usize = 120;

/// What runs the scenarios.
#[derive(Debug)]
pub struct Interpreter {
    /// A command in front of the interpreter's, such as valgrind's; may be empty.
    pub under: Vec<OsString>,
    pub typhon: PathBuf,
    pub folder: PathBuf,
    pub limit: Duration,
}

#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// With what the scenario said of itself.
    Passed(String),
    Failed {
        how: String,
        errors: String,
    },
}

impl Interpreter {
    pub fn run(&self, job: &Job) -> io::Result<Outcome> {
        let mut child = self.command(job).spawn()?;
        let output = drain(child.stdout.take().expect("invariant: the stream is piped"));
        let errors = drain(child.stderr.take().expect("invariant: the stream is piped"));
        let status = wait(&mut child, Instant::now() + self.limit + job.slice)?;
        if status.is_none() {
            dump_stacks_and_kill(&mut child)?;
        }
        let output = output.join().expect("invariant: the reader does not panic");
        let errors = errors.join().expect("invariant: the reader does not panic");
        Ok(match status {
            // A scenario's last act is to tell its rounds: without that it never ended.
            Some(status) if status.success() && output.trim_end().ends_with("rounds") => {
                Outcome::Passed(output.trim().to_owned())
            }
            Some(status) => Outcome::Failed {
                how: ending(status),
                errors: tail(&errors),
            },
            None => Outcome::Failed {
                how: format!("hung for more than {} s", self.limit.as_secs()),
                errors: tail(&errors),
            },
        })
    }

    fn command(&self, job: &Job) -> Command {
        let mut words = self
            .under
            .iter()
            .cloned()
            .chain([self.typhon.clone().into_os_string()]);
        let mut command = Command::new(words.next().expect("invariant: there is a command"));
        command
            .args(words)
            .arg(format!("--gil={}", job.gil))
            .arg(self.folder.join(&job.scenario).with_extension("py"))
            .args(["--seed", &job.seed.to_string()])
            .args(["--threads", &job.threads.to_string()])
            .args(["--seconds", &job.slice.as_secs_f64().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// None when the deadline passed.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn dump_stacks_and_kill(child: &mut Child) -> io::Result<()> {
    // The process is ours and not yet waited for, so its number is still its own. It may
    // end by itself meanwhile: then there is nobody to ask, and that is no error.
    let _ = kill_process(Pid::from_child(child), Signal::USR1);
    if wait(child, Instant::now() + LAST_WORDS)?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}

fn drain(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A stream that breaks off leaves what came before, and that is what we show.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn ending(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("killed by signal {signal}"),
        None => format!("status {}", status.code().unwrap_or(-1)),
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Gil;

    /// A shell in the place of the interpreter: scenarios become shell scripts.
    fn outcome(name: &str, script: &str) -> Outcome {
        let folder = std::env::temp_dir().join(format!("stress-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("scenario.py"), script).unwrap();
        let interpreter = Interpreter {
            // `sh -c '… $2'` drops the option that a shell would not know.
            under: ["sh", "-c", "exec sh \"$2\""].map(Into::into).to_vec(),
            typhon: "typhon".into(),
            folder: folder.clone(),
            limit: Duration::from_millis(400),
        };
        let job = Job {
            scenario: "scenario".into(),
            gil: Gil::Off,
            seed: 1,
            threads: 2,
            slice: Duration::ZERO,
        };
        let outcome = interpreter.run(&job).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        outcome
    }

    #[test]
    fn success_is_told() {
        let outcome = outcome("success", "echo 12 rounds");
        assert_eq!(outcome, Outcome::Passed("12 rounds".into()));
    }

    #[test]
    fn an_early_end_is_no_success() {
        let outcome = outcome("early", "exit 0");
        assert_eq!(
            outcome,
            Outcome::Failed {
                how: "status 0".into(),
                errors: String::new()
            }
        );
    }

    #[test]
    fn failures_show_their_last_lines() {
        let outcome = outcome("failure", "echo reason >&2; exit 3");
        assert_eq!(
            outcome,
            Outcome::Failed {
                how: "status 3".into(),
                errors: "reason".into()
            }
        );
    }

    #[test]
    fn crashes_name_their_signal() {
        let outcome = outcome("crash", "kill -SEGV $$");
        assert_eq!(
            outcome,
            Outcome::Failed {
                how: "killed by signal 11".into(),
                errors: String::new()
            }
        );
    }

    #[test]
    fn the_watchdog_asks_for_stacks_before_it_kills() {
        let script = "trap 'echo stacks >&2' USR1; while :; do sleep 0.05; done";
        let Outcome::Failed { how, errors } = outcome("hang", script) else {
            panic!("a hang passed");
        };
        assert!(how.starts_with("hung"), "{how}");
        assert_eq!(errors, "stacks");
    }
}
