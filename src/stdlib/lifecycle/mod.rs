//! The life of the interpreter: it starts, runs a program, and ends.
//!
//! ```text
//!   run            the process's first thread: settings that come before everything, then waits
//!    └ live        the main thread of Python, with a large native stack
//!       ├ start    classes → builtins → sys → importlib → library → streams → site
//!       ├ program  -c, -m, a file, standard input, the prompt
//!       └ finish   threads → atexit → flush → world closed → modules taken apart → flush
//! ```
//! Files: `start`, `importlib`, `streams`, `program`, `uncaught` (what an exception means that nobody
//! caught), `prompt`, `finish`, `teardown` (modules lose what they hold).

mod finish;
mod importlib;
mod program;
pub mod prompt;
mod start;
pub(crate) mod streams;
mod teardown;
mod uncaught;

use std::thread;

use typhon_runtime::protocols::hash;
use typhon_runtime::{Context, interpreter};

use crate::configuration::{self, Configuration};
use crate::signal;

/// Native stack of the main thread. Only what is used of it takes memory.
const MAIN_STACK: usize = 16 << 20;

/// What is left of the stack for those frames that do not ask how much there is.
const STACK_RESERVE: usize = 1 << 20;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(i32),
    /// As if killed by SIGINT, so that the shell knows.
    Interrupted,
}

impl Exit {
    /// Ends the process. Threads that still run do not see it taken apart.
    pub fn end_process(self) -> ! {
        match self {
            Exit::Status(status) => std::process::exit(status),
            Exit::Interrupted => {
                signal::die_of_interrupt();
                // Not reached unless the signal is blocked.
                std::process::exit(130)
            }
        }
    }
}

/// Runs the program that `configuration` names, from the interpreter's start to its end. To be called
/// once, by the process's first thread.
pub fn run(configuration: Configuration) -> Exit {
    let gil = configuration.gil;
    let seed = configuration.hash_seed;
    configuration::set(configuration);
    typhon_sync::initialize(gil);
    typhon_sync::statistics::enable(configuration::get().show_statistics);
    hash::initialize(seed);
    interpreter::initialize_memory();
    crate::register();
    let process = std::process::id();
    // Without a name of its own: the system shows the process's.
    let main = thread::Builder::new().stack_size(MAIN_STACK);
    let life = move || {
        let exit = live();
        // The child of a fork does not have the thread that waits below.
        if std::process::id() != process {
            exit.end_process();
        }
        exit
    };
    match main.spawn(life) {
        Ok(main) => {
            // Signals that come to the process are for the main thread of Python, which may be waiting.
            let mask = signal::block_all();
            let exit = main.join().unwrap_or(Exit::Status(1));
            mask.restore();
            exit
        }
        Err(error) => {
            eprintln!("Fatal error: can't start the main thread: {error}");
            Exit::Status(1)
        }
    }
}

/// The main thread's work.
fn live() -> Exit {
    let entered = Context::enter(true, MAIN_STACK - STACK_RESERVE, |cx| {
        match start::start(cx) {
            Ok(()) => finish::finish(cx, program::run(cx)),
            Err(exit) => exit,
        }
    });
    entered.unwrap_or_else(|message| {
        eprintln!("Fatal error: {message}");
        Exit::Status(1)
    })
}
