//! The native half of the standard library, and the life of the interpreter from start to end.
//!
//! A native module is one file (or folder) that reads like its page in the library reference; the
//! table below is the only place that knows them all. The Python half is in `typhon-library`.
//!
//! ```text
//!   builtins/        the module that is everywhere        sys/            the interpreter itself
//!   configuration.rs what the command line and the environment ask for
//!   lifecycle/       start-up, running a program, the end
//!   library.rs       imports from the packed library      imp.rs          what importlib needs
//!   text_output.rs   writing to sys.stdout and sys.stderr from Rust
//!   account_database.rs  what pwd and grp share
//!   traceback_text.rs  exceptions as text                 source_text.rs  bytes to source
//! ```
//! The other files are modules of the library by their own name.
//!
//! Read `lifecycle/mod.rs` first.

pub mod abc;
mod account_database;
mod arguments;
pub mod array;
pub mod ast;
pub mod asyncio;
pub mod atexit;
pub mod binascii;
pub mod bisect;
pub mod blocking;
pub mod builtins;
mod bytes_like;
pub mod bz2;
pub mod cmath;
pub mod codecs;
pub mod collections;
pub mod configuration;
pub mod contextvars;
pub mod csv;
pub mod ctypes;
pub mod datetime;
pub mod decimal;
pub mod descriptor;
pub mod digests;
pub mod errno;
mod exception_class;
mod exclusive;
pub mod faulthandler;
pub mod fcntl;
pub mod functools;
pub mod gc;
pub mod grp;
pub mod heapq;
pub mod imp;
mod incremental;
pub mod interpreters;
pub mod io;
pub mod itertools;
pub mod json;
pub mod library;
pub mod lifecycle;
pub mod locale;
pub mod lsprof;
pub mod lzma;
pub mod marshal;
pub mod math;
pub mod mmap;
pub mod multibyte_codec;
pub mod multiprocessing;
pub mod opcode;
pub mod operator;
pub mod path;
pub mod pickle;
pub mod posix;
pub mod posixshmem;
pub mod posixsubprocess;
pub mod pwd;
pub mod pyexpat;
pub mod queue;
pub mod random;
pub mod remote_debugging;
pub mod resource;
pub mod select;
pub mod signal;
pub mod socket;
pub mod source_text;
pub mod sqlite;
pub mod sre;
pub mod ssl;
pub mod stat;
pub mod statistics;
pub mod string;
pub mod struct_;
pub mod suggestions;
pub mod symtable;
pub mod sys;
pub mod sysconfig;
pub mod syslog;
pub mod termios;
pub mod testinternalcapi;
pub mod text_output;
pub mod thread;
pub mod time;
pub mod tokenize;
pub mod traceback_text;
pub mod tracemalloc;
pub mod types;
pub mod typing;
pub mod unicodedata;
pub mod uuid;
pub mod warnings;
pub mod weakref;
pub mod zlib;
pub mod zstd;

use typhon_runtime::import;
use typhon_runtime::module::ModuleSpec;

/// All native modules. The order does not matter.
static MODULES: &[&ModuleSpec] = &[
    &abc::MODULE,
    &array::MODULE,
    &ast::MODULE,
    &asyncio::MODULE,
    &atexit::MODULE,
    &binascii::MODULE,
    &bisect::MODULE,
    &builtins::MODULE,
    &bz2::MODULE,
    &cmath::MODULE,
    &codecs::MODULE,
    &collections::MODULE,
    &contextvars::MODULE,
    &csv::MODULE,
    &ctypes::MODULE,
    &datetime::MODULE,
    &decimal::MODULE,
    &digests::blake2::MODULE,
    &digests::fixed::md5_module::MODULE,
    &digests::fixed::sha1_module::MODULE,
    &digests::fixed::sha2_module::MODULE,
    &digests::hashlib::MODULE,
    &digests::hmac::MODULE,
    &digests::sha3::MODULE,
    &errno::MODULE,
    &faulthandler::MODULE,
    &fcntl::MODULE,
    &functools::MODULE,
    &gc::MODULE,
    &grp::MODULE,
    &heapq::MODULE,
    &imp::MODULE,
    &interpreters::MODULE,
    &interpreters::queues::MODULE,
    &io::MODULE,
    &itertools::MODULE,
    &json::MODULE,
    &library::MODULE,
    &locale::MODULE,
    &lsprof::MODULE,
    &lzma::MODULE,
    &marshal::MODULE,
    &math::MODULE,
    &mmap::MODULE,
    &multibyte_codec::MODULE,
    &multibyte_codec::china::MODULE,
    &multibyte_codec::iso2022_family::MODULE,
    &multibyte_codec::japan::MODULE,
    &multibyte_codec::korea::MODULE,
    &multibyte_codec::taiwan::MODULE,
    &multiprocessing::MODULE,
    &opcode::MODULE,
    &operator::MODULE,
    &pickle::MODULE,
    &posix::MODULE,
    &posixshmem::MODULE,
    &posixsubprocess::MODULE,
    &pwd::MODULE,
    &pyexpat::MODULE,
    &queue::MODULE,
    &random::MODULE,
    &remote_debugging::MODULE,
    &resource::MODULE,
    &select::MODULE,
    &signal::MODULE,
    &socket::MODULE,
    &sqlite::MODULE,
    &sre::MODULE,
    &ssl::MODULE,
    &stat::MODULE,
    &statistics::MODULE,
    &string::MODULE,
    &struct_::MODULE,
    &suggestions::MODULE,
    &symtable::MODULE,
    &sys::MODULE,
    &sysconfig::MODULE,
    &syslog::MODULE,
    &termios::MODULE,
    &testinternalcapi::MODULE,
    &thread::MODULE,
    &time::MODULE,
    &tokenize::MODULE,
    &tracemalloc::MODULE,
    &types::MODULE,
    &typing::MODULE,
    &unicodedata::MODULE,
    &uuid::MODULE,
    &warnings::MODULE,
    &weakref::MODULE,
    &zlib::MODULE,
    &zstd::MODULE,
];

/// Makes the native modules known to the import system.
pub fn register() {
    ast::install();
    import::register_native(MODULES);
}
