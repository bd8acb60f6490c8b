//! What the command line and the environment ask of the interpreter.
//!
//! Filled once, before the interpreter starts, and never changed: what a program may change later
//! (`sys.dont_write_bytecode`, `sys.warnoptions` …) starts out from here.

use std::ffi::OsString;
use std::sync::OnceLock;

/// What to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// The prompt, or the program that is piped in.
    #[default]
    StandardInput,
    /// `-`: standard input, though arguments follow.
    Dash,
    /// `-c`: the text of a program.
    Command(OsString),
    /// `-m`: a module of `sys.path`.
    Module(OsString),
    /// A file, a directory or a zip file.
    File(OsString),
}

/// See the module's header. Names are those of `sys.flags` where it has them.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub program: Program,
    /// The arguments of the program, without its own name.
    pub arguments: Vec<OsString>,
    /// `sys.orig_argv`.
    pub original_arguments: Vec<OsString>,
    pub gil: bool,
    /// Whether a variable or an option says so.
    pub gil_is_chosen: bool,
    pub debug: u32,
    /// `-i`.
    pub inspect: bool,
    pub interactive: bool,
    pub optimize: u8,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub ignore_environment: bool,
    pub verbose: u32,
    pub bytes_warning: u32,
    pub quiet: bool,
    /// `None`: random. `Some(0)`: hashes are not randomized.
    pub hash_seed: Option<u32>,
    pub isolated: bool,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    pub warn_default_encoding: bool,
    pub safe_path: bool,
    pub int_max_str_digits: usize,
    pub thread_inherit_context: bool,
    pub context_aware_warnings: bool,
    pub unbuffered: bool,
    pub skip_first_line: bool,
    /// `-X name` and `-X name=value`, in order.
    pub x_options: Vec<(String, Option<String>)>,
    pub warn_options: Vec<String>,
    pub faulthandler: bool,
    pub tracemalloc: u32,
    pub import_time: u8,
    /// What `os.cpu_count()` is to say.
    pub cpu_count: Option<i64>,
    pub pycache_prefix: Option<OsString>,
    pub check_hash_based_pycs: String,
    /// `PYTHONPATH`.
    pub module_search_path: Option<OsString>,
    /// `PYTHONIOENCODING`.
    pub io_encoding: Option<String>,
    /// Whether an uncaught exception shows the columns (`-X no_debug_ranges`).
    pub debug_ranges: bool,
    /// `-X frozen_modules`, kept for `sys`.
    pub show_statistics: bool,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration {
            program: Program::StandardInput,
            arguments: Vec::new(),
            original_arguments: Vec::new(),
            gil: false,
            gil_is_chosen: false,
            debug: 0,
            inspect: false,
            interactive: false,
            optimize: 0,
            dont_write_bytecode: false,
            no_user_site: false,
            no_site: false,
            ignore_environment: false,
            verbose: 0,
            bytes_warning: 0,
            quiet: false,
            hash_seed: None,
            isolated: false,
            dev_mode: false,
            utf8_mode: false,
            warn_default_encoding: false,
            safe_path: false,
            int_max_str_digits: 4300,
            thread_inherit_context: true,
            context_aware_warnings: true,
            unbuffered: false,
            skip_first_line: false,
            x_options: Vec::new(),
            warn_options: Vec::new(),
            faulthandler: false,
            tracemalloc: 0,
            import_time: 0,
            cpu_count: None,
            pycache_prefix: None,
            check_hash_based_pycs: "default".to_owned(),
            module_search_path: None,
            io_encoding: None,
            debug_ranges: true,
            show_statistics: false,
        }
    }
}

impl Configuration {
    /// Whether the prompt is to be shown, going by the options alone.
    pub fn wants_prompt(&self) -> bool {
        self.interactive || self.inspect
    }

    /// Whether UTF-8 mode is on where nobody says: in a locale that says nothing of encodings (PEP 540).
    pub fn default_utf8_mode() -> bool {
        is_plain_locale(&text_locale())
    }

    /// The value of `-X name[=value]`: the last one counts.
    pub fn x_option(&self, name: &str) -> Option<Option<&str>> {
        let found = self
            .x_options
            .iter()
            .rev()
            .find(|(known, _)| known == name)?;
        Some(found.1.as_deref())
    }
}

/// The locale that the environment names for text; `C` when it names none.
pub(crate) fn text_locale() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"))
        .unwrap_or_else(|| "C".to_owned())
}

/// Whether this locale says nothing of the encoding of text.
pub(crate) fn is_plain_locale(locale: &str) -> bool {
    matches!(locale, "C" | "POSIX")
}

static CONFIGURATION: OnceLock<Configuration> = OnceLock::new();

/// Puts the configuration in force. Only the first call has an effect.
pub fn set(configuration: Configuration) {
    if configuration.dev_mode {
        typhon_runtime::codec::look_up_names();
    }
    if configuration.bytes_warning > 0 {
        typhon_runtime::warnings::set_bytes_warning();
    }
    let _ = CONFIGURATION.set(configuration);
}

/// The configuration in force.
pub fn get() -> &'static Configuration {
    CONFIGURATION.get_or_init(Configuration::default)
}
