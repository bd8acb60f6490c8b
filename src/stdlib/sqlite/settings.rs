//! Settings of a database: limits, and switches (`SQLITE_DBCONFIG_…`).

use std::ffi::c_int;

use libsqlite3_sys as ffi;
use typhon_macros::pymethods;
use typhon_runtime::args::Maybe;
use typhon_runtime::{Context, PyResult, Ref};

use super::connection::Connection;
use super::errors::{self, failed, programming};
use super::library::Entered;

/// The settings that are switches.
static SWITCHES: &[c_int] = &[
    ffi::SQLITE_DBCONFIG_ENABLE_FKEY,
    ffi::SQLITE_DBCONFIG_ENABLE_TRIGGER,
    ffi::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
    ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
    ffi::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
    ffi::SQLITE_DBCONFIG_ENABLE_QPSG,
    ffi::SQLITE_DBCONFIG_TRIGGER_EQP,
    ffi::SQLITE_DBCONFIG_RESET_DATABASE,
    ffi::SQLITE_DBCONFIG_DEFENSIVE,
    ffi::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    ffi::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE,
    ffi::SQLITE_DBCONFIG_DQS_DML,
    ffi::SQLITE_DBCONFIG_DQS_DDL,
    ffi::SQLITE_DBCONFIG_ENABLE_VIEW,
    ffi::SQLITE_DBCONFIG_LEGACY_FILE_FORMAT,
    ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
];

fn check_switch(cx: &Context, op: c_int) -> PyResult<()> {
    if SWITCHES.contains(&op) {
        return Ok(());
    }
    Err(cx.value_error(format!("unknown config 'op': {op}")))
}

/// Sets a switch (-1 leaves it); how it is then, and how the call ended.
fn switch(entered: &Entered<'_>, op: c_int, on: c_int) -> (c_int, c_int) {
    let mut now: c_int = 0;
    // SAFETY: the database is open; a switch takes an int and the place of one.
    let code = unsafe { ffi::sqlite3_db_config(entered.raw(), op, on, &raw mut now) };
    (now, code)
}

#[pymethods(table = SETTINGS)]
impl Connection {
    /// Set connection run-time limits.
    ///
    ///   category
    ///     The limit category to be set.
    ///   limit
    ///     The new limit. If the new limit is a negative number, the limit is
    ///     unchanged.
    ///
    /// Attempts to increase a limit above its hard upper bound are silently truncated
    /// to the hard upper bound. Regardless of whether or not the limit was changed,
    /// the prior value of the limit is returned.
    #[method("setlimit(self, category, limit, /)")]
    fn setlimit(cx: &Context, this: &Ref<Connection>, category: i32, limit: i32) -> PyResult<i32> {
        let database = this.checked(cx)?;
        database
            .enter(cx, |entered| entered.limit(category, limit))
            .ok_or_else(|| programming(cx, "'category' is out of bounds"))
    }

    /// Get connection run-time limits.
    ///
    ///   category
    ///     The limit category to be queried.
    #[method("getlimit(self, category, /)")]
    fn getlimit(cx: &Context, this: &Ref<Connection>, category: i32) -> PyResult<i32> {
        Connection::setlimit(cx, this, category, -1)
    }

    /// Set a boolean connection configuration option.
    ///
    ///   op
    ///     The configuration verb; one of the sqlite3.SQLITE_DBCONFIG codes.
    #[method("setconfig(self, op, enable=True, /)")]
    fn setconfig(
        cx: &Context,
        this: &Ref<Connection>,
        op: i32,
        enable: Maybe<bool>,
    ) -> PyResult<()> {
        let database = this.checked(cx)?;
        check_switch(cx, op)?;
        let on = c_int::from(enable.0.unwrap_or(true));
        let outcome = database.enter(cx, |entered| {
            let (now, code) = switch(entered, op, on);
            entered.check(code).map(|()| now)
        });
        let now = outcome.map_err(|failure| failed(cx, &failure))?;
        if now != on {
            let message = format!("Unable to set config {op} to {on}");
            return Err(errors::OPERATIONAL_ERROR.raise(cx, message));
        }
        Ok(())
    }

    /// Query a boolean connection configuration option.
    ///
    ///   op
    ///     The configuration verb; one of the sqlite3.SQLITE_DBCONFIG codes.
    #[method("getconfig(self, op, /)")]
    fn getconfig(cx: &Context, this: &Ref<Connection>, op: i32) -> PyResult<bool> {
        let database = this.checked(cx)?;
        check_switch(cx, op)?;
        let outcome = database.enter(cx, |entered| {
            let (now, code) = switch(entered, op, -1);
            entered.check(code).map(|()| now)
        });
        outcome
            .map(|now| now != 0)
            .map_err(|failure| failed(cx, &failure))
    }
}
