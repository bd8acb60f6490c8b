//! Typhon: a free-threaded Python 3.14 interpreter.
//!
//! This crate is the way in for programs that embed the interpreter; the command `typhon` is one of
//! them. The interpreter itself is in the crates below: `typhon-runtime` (objects and the evaluation
//! loop), `typhon-stdlib` (native modules, start-up and end), `typhon-compiler`, `typhon-sync`,
//! `typhon-alloc`, `typhon-library`.
//!
//! ```no_run
//! use typhon::{Configuration, Exit, Program, run};
//!
//! let configuration = Configuration {
//!     program: Program::Command("print('hello')".into()),
//!     ..Configuration::default()
//! };
//! assert_eq!(run(configuration), Exit::Status(0));
//! ```
//! There is one interpreter in a process, and it runs once.

pub use typhon_runtime as runtime;
pub use typhon_stdlib::configuration::{Configuration, Program};
pub use typhon_stdlib::lifecycle::{Exit, run};
pub use typhon_stdlib::sys::version;
