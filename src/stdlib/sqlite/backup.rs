//! `Connection.backup`: a database copied into another, a few pages at a time.

use std::ffi::{CString, c_int};
use std::ptr::NonNull;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use libsqlite3_sys as ffi;
use typhon_macros::pymethods;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::connection::{Connection, schema};
use super::errors::{self, failed};
use super::library::{Database, Failure};
use crate::blocking;

/// A copy that is being made. Both databases stay open until it is done.
struct Backup {
    raw: NonNull<ffi::sqlite3_backup>,
    target: Arc<Database>,
    _source: Arc<Database>,
}

// SAFETY: a backup has one owner at a time, and the library is serialized.
unsafe impl Send for Backup {}

impl Drop for Backup {
    fn drop(&mut self) {
        // SAFETY: the backup is not used after this.
        unsafe { ffi::sqlite3_backup_finish(self.raw.as_ptr()) };
    }
}

impl Backup {
    fn begin(
        source: Arc<Database>,
        name: &CString,
        target: Arc<Database>,
    ) -> Result<Backup, Failure> {
        // SAFETY: both databases are open.
        let raw = unsafe {
            ffi::sqlite3_backup_init(
                target.raw.as_ptr(),
                c"main".as_ptr(),
                source.raw.as_ptr(),
                name.as_ptr(),
            )
        };
        match NonNull::new(raw) {
            Some(raw) => Ok(Backup {
                raw,
                target,
                _source: source,
            }),
            None => Err(target.last_failure()),
        }
    }

    /// Copies so many pages; all, if the number is negative. What it came to: some are copied or all, or
    /// another connection has one of the databases, and it is to be tried again.
    fn step(&mut self, pages: c_int) -> Result<c_int, Failure> {
        // SAFETY: the backup has begun and not ended.
        match unsafe { ffi::sqlite3_backup_step(self.raw.as_ptr(), pages) } & 0xFF {
            code @ (ffi::SQLITE_OK | ffi::SQLITE_DONE | ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => {
                Ok(code)
            }
            code => Err(self.target.failure(code)),
        }
    }

    /// Pages that are left, and all.
    fn progress(&self) -> (c_int, c_int) {
        // SAFETY: as above.
        unsafe {
            (
                ffi::sqlite3_backup_remaining(self.raw.as_ptr()),
                ffi::sqlite3_backup_pagecount(self.raw.as_ptr()),
            )
        }
    }
}

#[pymethods(table = BACKUP)]
impl Connection {
    /// Makes a backup of the database.
    #[method("backup(self, /, target, *, pages=-1, progress=None, name='main', sleep=0.25)")]
    fn backup(
        cx: &Context,
        this: &Ref<Connection>,
        target: &Value,
        pages: Maybe<i32>,
        progress: Maybe<&Value>,
        name: Maybe<&Ref<Str>>,
        sleep: Maybe<f64>,
    ) -> PyResult<()> {
        let source = this.checked(cx)?;
        let Some(target_connection) = target.downcast::<Connection>() else {
            return Err(cx.type_error(format!(
                "backup() argument 'target' must be sqlite3.Connection, not {}",
                target.type_name_for_argument()
            )));
        };
        if target.is(this.as_value()) {
            return Err(cx.value_error("target cannot be the same connection instance"));
        }
        let target = target_connection.checked(cx)?;
        let progress = progress.0.filter(|progress| !progress.is_none());
        if progress.is_some_and(|progress| !call::is_callable(progress)) {
            return Err(cx.type_error("progress argument must be a callable"));
        }
        if target.enter(cx, |entered| entered.is_in_transaction()) {
            return Err(errors::OPERATIONAL_ERROR.raise(cx, "target is in transaction"));
        }
        let pages = pages.0.filter(|pages| *pages != 0).unwrap_or(-1);
        let pause = Duration::try_from_secs_f64(sleep.0.unwrap_or(0.25)).unwrap_or_default();
        let name = schema(cx, name.0)?;
        // SQLite takes the locks of both databases itself, in its own order.
        let begun = cx.detached(|| Backup::begin(source, &name, target));
        let mut backup = begun.map_err(|failure| failed(cx, &failure))?;
        let outcome = copy_all(cx, &mut backup, pages, progress, pause);
        cx.detached(move || drop(backup));
        outcome
    }
}

/// Copies until all is copied.
fn copy_all(
    cx: &Context,
    backup: &mut Backup,
    pages: c_int,
    progress: Option<&Value>,
    pause: Duration,
) -> PyResult<()> {
    loop {
        let step = cx.detached(|| backup.step(pages));
        let code = step.map_err(|failure| failed(cx, &failure))?;
        if let Some(progress) = progress {
            let (left, all) = backup.progress();
            let arguments = [code, left, all].map(Value::small_int);
            call::call(cx, progress, &arguments)?;
        }
        match code {
            ffi::SQLITE_DONE => return Ok(()),
            ffi::SQLITE_OK => {}
            _ => {
                cx.detached(|| thread::sleep(pause));
                blocking::interrupted(cx)?;
            }
        }
    }
}
