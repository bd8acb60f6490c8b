//! The exceptions of the database API, and which of them an error of SQLite is.

use std::ffi::c_int;

use libsqlite3_sys as ffi;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Ref};

use super::constants;
use super::library::Failure;
use crate::exception_class::ExceptionClass;

macro_rules! classes {
    ($($constant:ident $name:literal $base:ident)*) => {
        $(
            pub static $constant: ExceptionClass = ExceptionClass::new("sqlite3", $name, $base);
        )*

        /// All of them by name.
        pub static ALL: &[(&str, &ExceptionClass)] = &[$(($name, &$constant),)*];
    };
}

classes! {
    WARNING "Warning" plain
    ERROR "Error" plain
    INTERFACE_ERROR "InterfaceError" error
    DATABASE_ERROR "DatabaseError" error
    DATA_ERROR "DataError" database_error
    OPERATIONAL_ERROR "OperationalError" database_error
    INTEGRITY_ERROR "IntegrityError" database_error
    INTERNAL_ERROR "InternalError" database_error
    PROGRAMMING_ERROR "ProgrammingError" database_error
    NOT_SUPPORTED_ERROR "NotSupportedError" database_error
}

fn plain() -> &'static Ref<Type> {
    exceptions::exception()
}

/// The bases are made before the classes that have them: see [`make_all`].
fn error() -> &'static Ref<Type> {
    ERROR.made().unwrap_or_else(exceptions::exception)
}

fn database_error() -> &'static Ref<Type> {
    DATABASE_ERROR.made().unwrap_or_else(exceptions::exception)
}

/// Makes all classes, bases first.
pub fn make_all(cx: &Context) -> PyResult<()> {
    for (_, class) in ALL {
        class.get(cx)?;
    }
    Ok(())
}

#[cold]
pub fn programming(cx: &Context, message: impl AsRef<str>) -> Raised {
    PROGRAMMING_ERROR.raise(cx, message)
}

fn class_of(code: c_int) -> Option<&'static ExceptionClass> {
    Some(match code & 0xFF {
        ffi::SQLITE_INTERNAL | ffi::SQLITE_NOTFOUND => &INTERNAL_ERROR,
        ffi::SQLITE_NOMEM => return None,
        ffi::SQLITE_ERROR
        | ffi::SQLITE_PERM
        | ffi::SQLITE_ABORT
        | ffi::SQLITE_BUSY
        | ffi::SQLITE_LOCKED
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_FULL
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_EMPTY
        | ffi::SQLITE_SCHEMA => &OPERATIONAL_ERROR,
        ffi::SQLITE_TOOBIG => &DATA_ERROR,
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => &INTEGRITY_ERROR,
        ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => &INTERFACE_ERROR,
        _ => &DATABASE_ERROR,
    })
}

/// Raises what an error of SQLite is.
#[cold]
pub fn failed(cx: &Context, failure: &Failure) -> Raised {
    let Some(class) = class_of(failure.code) else {
        return cx.no_memory();
    };
    let make = || {
        let message = Str::from_str(cx, &failure.message)?.into_value();
        let error = call::call(cx, class.get(cx)?.as_value(), &[message])?;
        let code = int::from_i64(cx, failure.code.into())?;
        attribute::set(cx, &error, Name::intern(cx, "sqlite_errorcode")?, &code)?;
        let name = Str::from_str(cx, constants::error_name(failure.code))?.into_value();
        attribute::set(cx, &error, Name::intern(cx, "sqlite_errorname")?, &name)?;
        Ok(error)
    };
    match make() {
        Ok(error) => match error.into_ref() {
            Ok(error) => cx.raise(error),
            Err(_) => cx.runtime_error("lost an exception of sqlite3"),
        },
        Err(Raised) => Raised,
    }
}
