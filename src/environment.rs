//! Environment variables and `-X` options: what they add to the command line.
//!
//! An option on the command line comes before a variable. With `-E` and `-I` variables count for
//! nothing.

use std::env;
use std::ffi::OsString;

use typhon::Configuration;

use crate::command_line::{Ending, Options};

/// Fewest digits that the limit of int and str conversions may be set to.
const LEAST_DIGITS: usize = 640;

/// The configuration in full.
///
/// # Errors
/// When a value cannot be.
pub fn apply(options: Options) -> Result<Configuration, Ending> {
    let Options {
        mut configuration,
        gil,
        random_hashes,
        ..
    } = options;
    let reader = Reader {
        ignored: configuration.ignore_environment,
    };
    reader.flags(&mut configuration);
    let gil = match gil {
        Some(_) => gil,
        None => {
            let message = "config_read_gil: PYTHON_GIL / -X gil must be \"0\" or \"1\"";
            reader.switch(&configuration, "gil", "PYTHON_GIL", message)?
        }
    };
    configuration.gil = gil.unwrap_or(false);
    configuration.gil_is_chosen = gil.is_some();
    reader.check_thread_local_bytecode(&configuration)?;
    configuration.import_time = reader.import_time(&configuration)?;
    configuration.cpu_count = reader.cpu_count(&configuration)?;
    configuration.hash_seed = if random_hashes {
        None
    } else {
        reader.hash_seed()?
    };
    configuration.int_max_str_digits = reader.digits(&configuration)?;
    reader.modes(&mut configuration)?;
    reader.warnings(&mut configuration);
    Ok(configuration)
}

struct Reader {
    ignored: bool,
}

impl Reader {
    /// A variable that is set to something.
    fn variable(&self, name: &str) -> Option<OsString> {
        if self.ignored {
            None
        } else {
            env::var_os(name).filter(|value| !value.is_empty())
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.variable(name)
            .map(|value| value.to_string_lossy().into_owned())
    }

    /// A variable that raises a level: a number, or 1 for any other text.
    fn level(&self, name: &str) -> u32 {
        self.text(name).map_or(0, |text| text.parse().unwrap_or(1))
    }

    fn flags(&self, c: &mut Configuration) {
        let set = |name: &str| self.variable(name).is_some();
        c.debug = c.debug.max(set("PYTHONDEBUG").into());
        c.verbose = c.verbose.max(self.level("PYTHONVERBOSE"));
        c.optimize = c.optimize.max(self.level("PYTHONOPTIMIZE").min(2) as u8);
        c.inspect |= set("PYTHONINSPECT");
        c.unbuffered |= set("PYTHONUNBUFFERED");
        c.dont_write_bytecode |= set("PYTHONDONTWRITEBYTECODE");
        c.no_user_site |= set("PYTHONNOUSERSITE");
        c.safe_path |= set("PYTHONSAFEPATH");
        c.dev_mode = c.x_option("dev").is_some() || set("PYTHONDEVMODE");
        c.faulthandler =
            c.dev_mode || c.x_option("faulthandler").is_some() || set("PYTHONFAULTHANDLER");
        c.debug_ranges = c.x_option("no_debug_ranges").is_none() && !set("PYTHONNODEBUGRANGES");
        c.warn_default_encoding =
            c.x_option("warn_default_encoding").is_some() || set("PYTHONWARNDEFAULTENCODING");
        let prefix = match c.x_option("pycache_prefix") {
            Some(prefix) => prefix
                .filter(|prefix| !prefix.is_empty())
                .map(OsString::from),
            None => self.variable("PYTHONPYCACHEPREFIX"),
        };
        c.pycache_prefix = prefix;
        let count = |asked: Option<String>| asked.map_or(1, |text| text.parse().unwrap_or(1));
        c.tracemalloc = match c.x_option("tracemalloc") {
            Some(asked) => count(asked.map(str::to_owned)),
            None => self.level("PYTHONTRACEMALLOC"),
        };
        c.module_search_path = self.variable("PYTHONPATH");
        c.io_encoding = self.text("PYTHONIOENCODING");
    }

    /// A switch that is `0` or `1`, by `-X` or by a variable.
    fn switch(
        &self,
        c: &Configuration,
        option: &str,
        variable: &str,
        wrong: &str,
    ) -> Result<Option<bool>, Ending> {
        let asked = match c.x_option(option) {
            Some(value) => Some(value.unwrap_or_default().to_owned()),
            None => self.text(variable),
        };
        match asked.as_deref() {
            None => Ok(None),
            Some("0") => Ok(Some(false)),
            Some("1") => Ok(Some(true)),
            Some(_) => Err(Ending::Fatal(wrong.to_owned())),
        }
    }

    /// Code is shared by all threads here; what was asked for has to be a switch all the same.
    fn check_thread_local_bytecode(&self, c: &Configuration) -> Result<(), Ending> {
        let (asked, wrong) = match c.x_option("tlbc") {
            Some(asked) => (
                Some(asked.unwrap_or_default().to_owned()),
                "config_init_tlbc: -X tlbc=n: n is missing or invalid",
            ),
            None => (
                self.text("PYTHON_TLBC"),
                "config_init_tlbc: PYTHON_TLBC=N: N is missing or invalid",
            ),
        };
        match asked.as_deref() {
            None | Some("0" | "1") => Ok(()),
            Some(_) => Err(Ending::Fatal(wrong.to_owned())),
        }
    }

    /// 1 for any text; of numbers, only 1 and 2 mean something.
    fn import_time(&self, c: &Configuration) -> Result<u8, Ending> {
        let (asked, source) = match c.x_option("importtime") {
            Some(asked) => (Some(asked.unwrap_or("1").to_owned()), "-X importtime"),
            None => (
                self.text("PYTHONPROFILEIMPORTTIME"),
                "PYTHONPROFILEIMPORTTIME",
            ),
        };
        match asked.map(|text| text.parse::<i64>().unwrap_or(1)) {
            None => Ok(0),
            Some(level @ 0..=2) => Ok(level as u8),
            Some(_) => Err(Ending::Fatal(format!(
                "config_init_import_time: {source}: values other than 1 and 2 are reserved for future use."
            ))),
        }
    }

    /// The number of processors that `os` is to believe in.
    fn cpu_count(&self, c: &Configuration) -> Result<Option<i64>, Ending> {
        let (asked, wrong) = match c.x_option("cpu_count") {
            Some(asked) => (
                Some(asked.unwrap_or_default().to_owned()),
                "-X cpu_count=n option: n is missing or an invalid number, n must be greater than 0",
            ),
            None => (
                self.text("PYTHON_CPU_COUNT"),
                "PYTHON_CPU_COUNT=N: N is missing or an invalid number, N must be greater than 0",
            ),
        };
        match asked.as_deref() {
            None | Some("default") => Ok(None),
            Some(text) => match text.parse() {
                Ok(count) if count > 0 => Ok(Some(count)),
                _ => Err(Ending::Fatal(format!("config_init_cpu_count: {wrong}"))),
            },
        }
    }

    fn hash_seed(&self) -> Result<Option<u32>, Ending> {
        match self.text("PYTHONHASHSEED").as_deref() {
            None | Some("random") => Ok(None),
            Some(seed) => seed.parse().map(Some).map_err(|_| {
                Ending::Fatal(
                    "config_init_hash_seed: PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]"
                        .to_owned(),
                )
            }),
        }
    }

    fn digits(&self, c: &Configuration) -> Result<usize, Ending> {
        let (source, asked) = match c.x_option("int_max_str_digits") {
            Some(value) => (
                "-X int_max_str_digits",
                Some(value.unwrap_or_default().to_owned()),
            ),
            None => ("PYTHONINTMAXSTRDIGITS", self.text("PYTHONINTMAXSTRDIGITS")),
        };
        let Some(asked) = asked else {
            return Ok(c.int_max_str_digits);
        };
        match asked.parse::<usize>() {
            Ok(limit) if limit == 0 || limit >= LEAST_DIGITS => Ok(limit),
            _ => Err(Ending::Fatal(format!(
                "config_init_int_max_str_digits: {source}: invalid limit; must be >= {LEAST_DIGITS} or 0 for unlimited."
            ))),
        }
    }

    fn modes(&self, c: &mut Configuration) -> Result<(), Ending> {
        if let Some(Some(asked)) = c.x_option("utf8")
            && asked != "0"
            && asked != "1"
        {
            return Err(Ending::Fatal(
                "preconfig_init_utf8_mode: invalid -X utf8 option value".to_owned(),
            ));
        }
        c.utf8_mode = match c.x_option("utf8") {
            Some(asked) => asked != Some("0"),
            None => match self.text("PYTHONUTF8").as_deref() {
                None => Configuration::default_utf8_mode(),
                Some("0") => false,
                Some("1") => true,
                Some(_) => {
                    let message =
                        "preconfig_init_utf8_mode: invalid PYTHONUTF8 environment variable value";
                    return Err(Ending::Fatal(message.to_owned()));
                }
            },
        };
        let wrong =
            "config_init_thread_inherit_context: -X thread_inherit_context must be \"0\" or \"1\"";
        let inherit = self.switch(
            c,
            "thread_inherit_context",
            "PYTHON_THREAD_INHERIT_CONTEXT",
            wrong,
        )?;
        c.thread_inherit_context = inherit.unwrap_or(c.thread_inherit_context);
        let wrong =
            "config_init_context_aware_warnings: -X context_aware_warnings must be \"0\" or \"1\"";
        let aware = self.switch(
            c,
            "context_aware_warnings",
            "PYTHON_CONTEXT_AWARE_WARNINGS",
            wrong,
        )?;
        c.context_aware_warnings = aware.unwrap_or(c.context_aware_warnings);
        Ok(())
    }

    /// Filters in the order in which they come into force: the last one is the first that is asked.
    fn warnings(&self, c: &mut Configuration) {
        let mut filters = Vec::new();
        if c.dev_mode {
            filters.push("default".to_owned());
        }
        if let Some(asked) = self.text("PYTHONWARNINGS") {
            filters.extend(
                asked
                    .split(',')
                    .filter(|filter| !filter.is_empty())
                    .map(str::to_owned),
            );
        }
        filters.append(&mut c.warn_options);
        match c.bytes_warning {
            0 => {}
            1 => filters.push("default::BytesWarning".to_owned()),
            _ => filters.push("error::BytesWarning".to_owned()),
        }
        c.warn_options = filters;
    }
}
