//! The command line, as CPython reads it: options, then what to run, then the program's own arguments.
//!
//! Short options may be joined (`-OOs`); the argument of an option may be joined to it (`-Wdefault`).
//! `-c` and `-m` end the options. What the command line leaves open the environment may decide (see
//! `environment`).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::ExitCode;

use typhon::{Configuration, Program};

use crate::{environment, usage};

/// Why the interpreter is not started.
#[derive(Debug)]
pub enum Ending {
    /// What was asked for is this text.
    Text(String),
    /// The command line is wrong.
    Usage(String),
    /// An option or a variable has a value that cannot be.
    Fatal(String),
}

impl Ending {
    /// Says why and gives the process's status.
    pub fn finish(self) -> ExitCode {
        match self {
            Ending::Text(text) => {
                println!("{text}");
                ExitCode::SUCCESS
            }
            Ending::Usage(message) => {
                eprintln!("{message}\n{}", usage::short());
                ExitCode::from(2)
            }
            Ending::Fatal(message) => {
                eprintln!("Fatal Python error: {message}");
                ExitCode::FAILURE
            }
        }
    }
}

/// What options say that the environment may add to.
#[derive(Debug, Default)]
pub struct Options {
    pub configuration: Configuration,
    /// `--gil`, `-X gil`.
    pub gil: Option<bool>,
    /// `-R`: hashes are random whatever the environment says.
    pub random_hashes: bool,
    version_asked: u32,
}

/// The configuration that the command line and the environment ask for.
///
/// # Errors
/// When there is nothing to run, or the command line is wrong.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Configuration, Ending> {
    let all: Vec<OsString> = arguments.collect();
    let mut options = Options::default();
    options.configuration.original_arguments = all.clone();
    let mut rest = all.into_iter().skip(1).peekable();
    while let Some(argument) =
        rest.next_if(|argument| argument.len() > 1 && argument.as_bytes()[0] == b'-')
    {
        if argument == "--" {
            break;
        }
        let bytes = argument.as_bytes();
        let ended = match bytes.strip_prefix(b"--") {
            Some(long) => options.long(OsStr::from_bytes(long), &mut rest)?,
            None => options.short(&bytes[1..], &mut rest)?,
        };
        if ended {
            break;
        }
    }
    if options.version_asked > 0 {
        return Err(Ending::Text(usage::version(options.version_asked > 1)));
    }
    let configuration = &mut options.configuration;
    if configuration.program == Program::StandardInput
        && let Some(file) = rest.next()
    {
        configuration.program = if file == "-" {
            Program::Dash
        } else {
            Program::File(file)
        };
    }
    configuration.arguments = rest.collect();
    environment::apply(options)
}

impl Options {
    /// A long option. True when it is the last one.
    fn long(
        &mut self,
        option: &OsStr,
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<bool, Ending> {
        let text = option.to_string_lossy();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (&*text, None),
        };
        let mut value = |name: &str| -> Result<String, Ending> {
            let given = value
                .clone()
                .or_else(|| rest.next().map(|next| next.to_string_lossy().into_owned()));
            given.ok_or_else(|| Ending::Usage(format!("Argument expected for the --{name} option")))
        };
        match name {
            "help" => return Err(Ending::Text(usage::help())),
            "help-env" => return Err(Ending::Text(usage::environment())),
            "help-xoptions" => return Err(Ending::Text(usage::x_options())),
            "help-all" => return Err(Ending::Text(usage::all())),
            "version" => self.version_asked += 1,
            "check-hash-based-pycs" => {
                let value = value(name)?;
                if !["always", "default", "never"].contains(&value.as_str()) {
                    let message =
                        "--check-hash-based-pycs must be one of 'default', 'always', or 'never'";
                    return Err(Ending::Usage(message.to_owned()));
                }
                self.configuration.check_hash_based_pycs = value;
            }
            "gil" => {
                self.gil = Some(match value(name)?.as_str() {
                    "on" | "1" => true,
                    "off" | "0" => false,
                    _ => return Err(Ending::Usage("--gil must be 'on' or 'off'".to_owned())),
                });
            }
            "stats" => self.configuration.show_statistics = true,
            _ => return Err(Ending::Usage(format!("Unknown option: --{text}"))),
        }
        Ok(false)
    }

    /// One or more short options in one word. True when they are the last ones.
    fn short(
        &mut self,
        word: &[u8],
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<bool, Ending> {
        let configuration = &mut self.configuration;
        for (at, &option) in word.iter().enumerate() {
            let joined = &word[at + 1..];
            let mut value = || -> Result<OsString, Ending> {
                if !joined.is_empty() {
                    return Ok(OsString::from_vec(joined.to_vec()));
                }
                let message = format!("Argument expected for the -{} option", char::from(option));
                rest.next().ok_or(Ending::Usage(message))
            };
            match option {
                b'b' => configuration.bytes_warning += 1,
                b'B' => configuration.dont_write_bytecode = true,
                b'd' => configuration.debug += 1,
                b'E' => configuration.ignore_environment = true,
                b'h' | b'?' => return Err(Ending::Text(usage::help())),
                b'i' => {
                    configuration.inspect = true;
                    configuration.interactive = true;
                }
                b'I' => {
                    configuration.isolated = true;
                    configuration.ignore_environment = true;
                    configuration.no_user_site = true;
                    configuration.safe_path = true;
                }
                b'O' => configuration.optimize = configuration.optimize.saturating_add(1).min(2),
                b'P' => configuration.safe_path = true,
                b'q' => configuration.quiet = true,
                b'R' => self.random_hashes = true,
                b's' => configuration.no_user_site = true,
                b'S' => configuration.no_site = true,
                b't' => {}
                b'u' => configuration.unbuffered = true,
                b'v' => configuration.verbose += 1,
                b'V' => self.version_asked += 1,
                b'x' => configuration.skip_first_line = true,
                b'W' => {
                    configuration
                        .warn_options
                        .push(value()?.to_string_lossy().into_owned());
                    return Ok(false);
                }
                b'X' => {
                    let value = value()?.to_string_lossy().into_owned();
                    let (name, value) = match value.split_once('=') {
                        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                        None => (value, None),
                    };
                    configuration.x_options.push((name, value));
                    return Ok(false);
                }
                b'c' => {
                    configuration.program = Program::Command(value()?);
                    return Ok(true);
                }
                b'm' => {
                    configuration.program = Program::Module(value()?);
                    return Ok(true);
                }
                _ => {
                    return Err(Ending::Usage(format!(
                        "Unknown option: -{}",
                        char::from(option)
                    )));
                }
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Configuration, Ending> {
        let mut isolated = vec!["typhon", "-E"];
        isolated.extend(words);
        parse(isolated.into_iter().map(OsString::from))
    }

    #[test]
    fn options_end_where_the_program_begins() {
        let configuration =
            parsed(&["-OO", "-W", "error", "-Wonce", "file.py", "-O", "x"]).unwrap();
        assert_eq!(configuration.optimize, 2);
        assert_eq!(configuration.warn_options, ["error", "once"]);
        assert_eq!(configuration.program, Program::File("file.py".into()));
        assert_eq!(configuration.arguments, ["-O", "x"]);
    }

    #[test]
    fn commands_and_modules_take_the_rest() {
        let configuration = parsed(&["-sc", "pass", "-c", "1"]).unwrap();
        assert!(configuration.no_user_site);
        assert_eq!(configuration.program, Program::Command("pass".into()));
        assert_eq!(configuration.arguments, ["-c", "1"]);
        let configuration = parsed(&["-mjson.tool", "--help"]).unwrap();
        assert_eq!(configuration.program, Program::Module("json.tool".into()));
    }

    #[test]
    fn the_gil_is_off_unless_asked_for() {
        assert!(!parsed(&["x.py"]).unwrap().gil);
        assert!(parsed(&["--gil=on", "x.py"]).unwrap().gil);
        assert!(parsed(&["-X", "gil=1", "x.py"]).unwrap().gil);
        assert!(!parsed(&["--gil=off", "-Xgil=1", "x.py"]).unwrap().gil);
    }

    #[test]
    fn wrong_options_are_refused() {
        assert!(matches!(parsed(&["-Q"]), Err(Ending::Usage(_))));
        assert!(matches!(parsed(&["--nothing"]), Err(Ending::Usage(_))));
        assert!(matches!(parsed(&["-c"]), Err(Ending::Usage(_))));
        assert!(matches!(parsed(&["-Xgil=7", "x"]), Err(Ending::Fatal(_))));
    }
}
