//! What `typhon` says about itself.

use std::fmt::Write;

use typhon::version;

/// Options: how they are written, what they do.
const OPTIONS: &[(&str, &str)] = &[
    (
        "-b",
        "warn when bytes or a bytearray are converted to str or compared with one\n(-bb: raise an exception)",
    ),
    (
        "-B",
        "write no .pyc files on import; also PYTHONDONTWRITEBYTECODE=x",
    ),
    ("-c cmd", "run this text as a program (ends the options)"),
    ("-d", "debug the parser (no effect); also PYTHONDEBUG=x"),
    ("-E", "ignore environment variables (such as PYTHONPATH)"),
    ("-h", "print this text and exit (also -? or --help)"),
    (
        "-i",
        "show a prompt after the program; also PYTHONINSPECT=x",
    ),
    (
        "-I",
        "isolate the interpreter from the user's environment (-E, -P and -s)",
    ),
    (
        "-m mod",
        "run this module of the library as a program (ends the options)",
    ),
    (
        "-O",
        "leave out assertions and what depends on __debug__; also PYTHONOPTIMIZE=x",
    ),
    ("-OO", "as -O, and leave out docstrings"),
    (
        "-P",
        "don't put the program's folder on sys.path; also PYTHONSAFEPATH",
    ),
    ("-q", "don't print version and copyright at the prompt"),
    (
        "-s",
        "leave the user's site folder off sys.path; also PYTHONNOUSERSITE=x",
    ),
    ("-S", "don't import site at the start"),
    (
        "-u",
        "don't buffer stdout and stderr; also PYTHONUNBUFFERED=x",
    ),
    (
        "-v",
        "trace imports; also PYTHONVERBOSE=x. Can be given more than once",
    ),
    (
        "-V",
        "print the version and exit (also --version); twice: print more",
    ),
    (
        "-W arg",
        "control warnings; arg is action:message:category:module:lineno\nalso PYTHONWARNINGS=arg",
    ),
    ("-x", "skip the first line of the source"),
    (
        "-X opt",
        "set an implementation-specific option (see --help-xoptions)",
    ),
    (
        "--gil=on|off",
        "run with a global interpreter lock, or without (the default)\nalso -X gil=0|1 and PYTHON_GIL=0|1",
    ),
    (
        "--stats",
        "print what memory management and synchronization did, at the end",
    ),
    (
        "--check-hash-based-pycs always|default|never",
        "how .pyc files that contain a hash are checked",
    ),
    (
        "--help-env",
        "print help about environment variables and exit",
    ),
    ("--help-xoptions", "print help about -X options and exit"),
    ("--help-all", "print all help and exit"),
];

const ARGUMENTS: &[(&str, &str)] = &[
    ("file", "the program is read from this file"),
    (
        "-",
        "the program is read from stdin (the default; a prompt on a terminal)",
    ),
    ("arg ...", "arguments for the program, in sys.argv[1:]"),
];

const VARIABLES: &[(&str, &str)] = &[
    ("PYTHON_BASIC_REPL", "use the plain prompt"),
    ("PYTHONBREAKPOINT", "what breakpoint() calls; 0: nothing"),
    ("PYTHON_COLORS", "1: use colours; 0: don't"),
    (
        "PYTHON_GIL",
        "1: run with a global interpreter lock (--gil)",
    ),
    (
        "PYTHONHASHSEED",
        "'random', or the seed of the hashes of str and bytes in [0,4294967295]",
    ),
    (
        "PYTHON_HISTORY",
        "the file that keeps what was typed at the prompt",
    ),
    (
        "PYTHONIOENCODING",
        "encoding[:errors] of stdin, stdout and stderr",
    ),
    (
        "PYTHONPATH",
        "':'-separated list of folders in front of the default sys.path",
    ),
    ("PYTHONSTARTUP", "file to run before the prompt"),
    ("PYTHONUSERBASE", "the user's base folder (site.USER_BASE)"),
    ("PYTHON_CONTEXT_AWARE_WARNINGS", "-X context_aware_warnings"),
    ("PYTHONDEVMODE", "-X dev"),
    ("PYTHONDONTWRITEBYTECODE", "-B"),
    ("PYTHONFAULTHANDLER", "-X faulthandler"),
    ("PYTHONINSPECT", "-i"),
    ("PYTHONINTMAXSTRDIGITS", "-X int_max_str_digits"),
    ("PYTHONNODEBUGRANGES", "-X no_debug_ranges"),
    ("PYTHONNOUSERSITE", "-s"),
    ("PYTHONOPTIMIZE", "-O"),
    ("PYTHONPROFILEIMPORTTIME", "-X importtime"),
    ("PYTHONPYCACHEPREFIX", "-X pycache_prefix"),
    ("PYTHONSAFEPATH", "-P"),
    ("PYTHON_THREAD_INHERIT_CONTEXT", "-X thread_inherit_context"),
    ("PYTHONTRACEMALLOC", "-X tracemalloc"),
    ("PYTHONUNBUFFERED", "-u"),
    ("PYTHONUTF8", "-X utf8"),
    ("PYTHONVERBOSE", "-v"),
    ("PYTHONWARNDEFAULTENCODING", "-X warn_default_encoding"),
    ("PYTHONWARNINGS", "-W"),
];

const X_OPTIONS: &[(&str, &str)] = &[
    (
        "-X context_aware_warnings=[0|1]",
        "keep filters of warnings in a context variable (the default)",
    ),
    (
        "-X cpu_count=N",
        "what os.cpu_count() returns; 'default' for the real number",
    ),
    ("-X dev", "development mode: more warnings and checks"),
    ("-X faulthandler", "print the traceback on fatal errors"),
    (
        "-X gil=[0|1]",
        "run with a global interpreter lock (1) or without (0, the default)",
    ),
    ("-X importtime[=2]", "show how long each import takes"),
    (
        "-X int_max_str_digits=N",
        "limit the digits of int and str conversions; 0: no limit",
    ),
    ("-X no_debug_ranges", "leave the columns out of tracebacks"),
    (
        "-X pycache_prefix=PATH",
        "write .pyc files to a tree of their own",
    ),
    (
        "-X thread_inherit_context=[0|1]",
        "threads start with a copy of the context (1, the default)",
    ),
    (
        "-X tracemalloc[=N]",
        "trace memory allocations with N frames each",
    ),
    ("-X utf8[=0|1]", "UTF-8 mode"),
    (
        "-X warn_default_encoding",
        "warn when encoding=None is meant",
    ),
];

fn program() -> String {
    std::env::args_os()
        .next()
        .map_or("typhon".into(), |name| name.to_string_lossy().into_owned())
}

fn table(entries: &[(&str, &str)], width: usize) -> String {
    let mut out = String::new();
    for (name, text) in entries {
        let margin = " ".repeat(width + 2);
        let text = text.replace('\n', &format!("\n{margin}"));
        // Writing to a String cannot fail.
        let _ = if name.len() > width {
            writeln!(out, "{name}:\n{margin}{text}")
        } else {
            writeln!(out, "{name:width$}: {text}")
        };
    }
    out
}

fn first_line() -> String {
    format!(
        "usage: {} [option] ... [-c cmd | -m mod | file | -] [arg] ...",
        program()
    )
}

/// What is said when the command line is wrong.
pub fn short() -> String {
    format!("{}\nTry `typhon -h' for more information.", first_line())
}

/// `-h`.
pub fn help() -> String {
    let options = table(OPTIONS, 12);
    let arguments = table(ARGUMENTS, 12);
    format!("{}\nOptions (and corresponding environment variables):\n{options}\nArguments:\n{arguments}", first_line())
        .trim_end()
        .to_owned()
}

/// `--help-env`.
pub fn environment() -> String {
    format!(
        "Environment variables that change behavior:\n{}",
        table(VARIABLES, 29)
    )
    .trim_end()
    .to_owned()
}

/// `--help-xoptions`.
pub fn x_options() -> String {
    let options = table(X_OPTIONS, 31);
    format!("The following implementation-specific options are available:\n{options}")
        .trim_end()
        .to_owned()
}

/// `--help-all`.
pub fn all() -> String {
    format!("{}\n\n{}\n\n{}", help(), environment(), x_options())
}

/// `-V`, and with `long` `-VV`.
pub fn version(long: bool) -> String {
    if long {
        return format!("Python {}", version::text());
    }
    let [major, minor, micro] = version::LANGUAGE;
    format!(
        "Python {major}.{minor}.{micro} (Typhon {})",
        env!("CARGO_PKG_VERSION")
    )
}
