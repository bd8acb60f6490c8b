//! `_sqlite3`: the database API over SQLite, which is built in.
//!
//! Files: `library` (SQLite's own functions as safe Rust), `connection`, `cursor`, `row`, `functions` (what
//! SQLite calls back), `backup`, `blob`, `settings`, `adaptation` (Python's types and SQLite's), `errors`, `constants`.

mod adaptation;
mod backup;
mod blob;
mod connection;
mod constants;
mod cursor;
mod errors;
mod functions;
mod library;
mod row;
mod settings;

use std::ffi::CString;

use libsqlite3_sys as ffi;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Args;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use adaptation::PrepareProtocol;
use blob::Blob;
use connection::Connection;
use cursor::Cursor;
use row::Row;

#[pymodule(
    name = "_sqlite3",
    functions(
        adaptation::adapt,
        adaptation::register_adapter,
        adaptation::register_converter,
        complete_statement,
        connect,
        functions::enable_callback_tracebacks
    ),
    classes(Blob, Connection, Cursor, PrepareProtocol, Row)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    errors::make_all(cx)?;
    for (name, class) in errors::ALL {
        module::add(cx, this, name, class.get(cx)?.clone())?;
        // Programs that have a connection need not import the module to catch its exceptions.
        let connection = class_of::<Connection>(cx)?;
        let name = typhon_runtime::objects::str_::Name::intern(cx, name)?;
        connection.change_attribute(cx, name, Some(class.get(cx)?.to_value()))?;
    }
    for (name, number) in constants::CODES.iter().chain(constants::OTHERS) {
        module::add(cx, this, name, *number)?;
    }
    for (name, number) in [
        ("PARSE_DECLTYPES", connection::PARSE_DECLTYPES),
        ("PARSE_COLNAMES", connection::PARSE_COLNAMES),
        ("LEGACY_TRANSACTION_CONTROL", connection::LEGACY),
        ("threadsafety", 3),
    ] {
        module::add(cx, this, name, i64::from(number))?;
    }
    let version = ffi::SQLITE_VERSION.to_string_lossy().into_owned();
    module::add(cx, this, "sqlite_version", version)?;
    module::add(cx, this, "adapters", adaptation::adapters(cx)?.clone())?;
    module::add(cx, this, "converters", adaptation::converters(cx)?.clone())
}

/// Open a connection to the SQLite database file 'database'.
///
/// You can use ":memory:" to open a database connection to a database that
/// resides in RAM instead of on disk.
#[pyfunction("connect(*args, **kwargs)")]
fn connect(cx: &Context, positional: &[Value], keywords: Vec<(&Value, &Value)>) -> PyResult<Value> {
    connection::warn_of_positions(cx, "sqlite3.connect", positional.len())?;
    let mut values = positional.to_vec();
    values.extend(keywords.iter().map(|(_, value)| (*value).clone()));
    let names: Vec<Value> = keywords.iter().map(|(name, _)| (*name).clone()).collect();
    let args = Args {
        values: &values,
        names: &names,
    };
    let factory = match args.keyword("factory").or(positional.get(5)) {
        Some(factory) => factory.clone(),
        None => class_of::<Connection>(cx)?.to_value(),
    };
    call::call_args(cx, &factory, args)
}

/// Checks if a string contains a complete SQL statement.
#[pyfunction("complete_statement(statement)")]
fn complete_statement(cx: &Context, statement: &Ref<Str>) -> PyResult<bool> {
    match CString::new(statement.to_lossy().as_bytes()) {
        Ok(statement) => Ok(library::is_complete(&statement)),
        Err(_) => Err(cx.value_error("embedded null character")),
    }
}
