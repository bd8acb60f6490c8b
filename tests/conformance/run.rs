//! Runs one module in a process of its own.
//!
//! The process leads a group, which is killed when it has ended or its time is up: tests leave processes
//! behind. It works in a folder of its own, which is deleted with all that is in it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, id};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, setrlimit};

use crate::arguments::Arguments;
use crate::modules::Module;
use crate::outcome::Outcome;

/// How modules are run.
#[derive(Debug)]
pub struct Runner {
    command: Vec<OsString>,
    script: PathBuf,
    search_path: OsString,
    limit: Duration,
}

impl Runner {
    pub fn new(home: &Path, suite: &Path, arguments: &Arguments) -> Runner {
        let mut folders = vec![suite.to_owned()];
        if !arguments.reference {
            folders.push(home.join("stand_ins"));
        }
        // Tests crash processes on purpose.
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none).expect("a limit may be lowered");
        Runner {
            command: arguments.command.clone(),
            script: home.join("run_cases.py"),
            search_path: std::env::join_paths(folders).expect("no colon is in these folders"),
            limit: arguments.limit,
        }
    }

    /// Runs one module.
    pub fn run(&self, module: &Module) -> Outcome {
        let folder = std::env::temp_dir().join(format!("typhon-{}-{}", module.name, id()));
        fs::create_dir_all(&folder).expect("there is room for temporary files");
        let start = Instant::now();
        let ended = self.execute(module, &folder);
        let took = start.elapsed();
        let text = |name: &str| {
            let bytes = fs::read(folder.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let report = text("report");
        let failure = match ended {
            Err(error) => Some(error.to_string()),
            Ok(None) => Some("took too long".to_owned()),
            Ok(Some(status)) => match status.signal() {
                Some(signal) => Some(format!("died of signal {signal}")),
                None if report.contains("@@end") => None,
                None => {
                    let errors = text("errors");
                    let last = errors.trim_end().lines().last().unwrap_or("no output");
                    Some(format!("did not run: {last}"))
                }
            },
        };
        // What cannot be deleted is a test's own doing.
        let _ = fs::remove_dir_all(&folder);
        Outcome::read(&module.name, &report, failure, took)
    }

    fn execute(&self, module: &Module, folder: &Path) -> io::Result<Option<ExitStatus>> {
        let work = folder.join("work");
        fs::create_dir_all(&work)?;
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .arg(&self.script)
            .arg(&module.name)
            .current_dir(&work)
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("report"))?)
            .stderr(File::create(folder.join("errors"))?)
            .process_group(0);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        command
            .env("PYTHONPATH", &self.search_path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("LC_ALL", "C.UTF-8");
        let mut child = command.spawn()?;
        let status = self.wait(&mut child);
        let group = Pid::from_raw(child.id().cast_signed()).expect("no process has the number 0");
        // The group is empty when the tests have tidied up.
        let _ = kill_process_group(group, Signal::KILL);
        child.wait()?;
        status
    }

    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + self.limit;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
            sleep(Duration::from_millis(20));
        }
    }
}
