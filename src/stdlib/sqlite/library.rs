//! SQLite itself: databases and statements as Rust values.
//!
//! The library is built in its serialized mode: any thread may call it with any database. A [`Database`]
//! is closed when nothing uses it any more, its statements and blobs included; a [`Statement`] has one owner, and
//! what a row holds is copied out before anything else is done with it.
//!
//! Who has a database's lock may run Python (SQLite calls back with it held) and so may have to wait to
//! attach. Hence the rules that keep threads from waiting for each other in a circle:
//!
//! * nobody waits for the lock who is attached: calls are made in [`Database::enter`], which detaches
//!   first, and gives the lock as an [`Entered`] to what needs it;
//! * what SQLite calls back attaches for as long as it runs Python, and detaches before it returns
//!   ([`callback`]);
//! * what ends with the last use of an object, on a thread that is attached, tries for the lock and leaves
//!   its work to who has it ([`Database::settle`]).
//!
//! The lock is SQLite's own and may be taken again by the thread that has it: a callback may use the
//! database that it is called from. It is held over all of [`Database::enter`], so that the message of an
//! error and the count of changes are those of the call that was made.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use libsqlite3_sys as ffi;
use parking_lot::Mutex;
use typhon_runtime::Context;

/// Runs `work` for something that SQLite calls: attached, and then as it was. That is detached, but for
/// what ends with the last use of an object. `None`: the thread does not run Python any more.
pub fn callback<R>(work: impl FnOnce(&Context) -> R) -> Option<R> {
    let cx = Context::try_current()?;
    if cx.record.is_attached() {
        return Some(work(cx));
    }
    cx.record.attach();
    let result = work(cx);
    cx.record.detach();
    Some(result)
}

/// What a column or an argument holds.
#[derive(Clone, Debug)]
pub enum Datum {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// An error of the library.
#[derive(Clone, Debug)]
pub struct Failure {
    /// With what makes it special in the upper bits.
    pub code: c_int,
    pub message: String,
}

/// See the module's header.
pub struct Database {
    pub raw: NonNull<ffi::sqlite3>,
    /// What nothing uses any more, to be ended by whoever has the lock.
    discarded: Mutex<Vec<Discarded>>,
}

/// What is to be ended with the database's lock held.
pub enum Discarded {
    Statement(NonNull<ffi::sqlite3_stmt>),
    Blob(NonNull<ffi::sqlite3_blob>),
}

// SAFETY: the library is serialized.
unsafe impl Send for Discarded {}

// SAFETY: the library is serialized.
unsafe impl Send for Database {}
// SAFETY: as above.
unsafe impl Sync for Database {}

impl Drop for Database {
    fn drop(&mut self) {
        // Nobody has the lock: this does not wait.
        self.settle();
        // SAFETY: nothing uses the database after this: its statements have kept it open.
        unsafe { ffi::sqlite3_close(self.raw.as_ptr()) };
    }
}

/// A database whose lock this thread has, until this is dropped.
pub struct Entered<'a>(&'a Database);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // SAFETY: the database is open, and this thread has its lock.
        unsafe { ffi::sqlite3_mutex_leave(self.0.lock()) };
    }
}

/// A string of the library.
///
/// # Safety
/// The pointer is null or a string that lives long enough to be copied.
pub unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(pointer) };
    Some(text.to_string_lossy().into_owned())
}

impl Database {
    pub fn open(name: &CStr, flags: c_int, timeout: f64) -> Result<Database, Failure> {
        let mut raw = ptr::null_mut();
        // SAFETY: the name is a string, and there is room for the result.
        let code = unsafe { ffi::sqlite3_open_v2(name.as_ptr(), &mut raw, flags, ptr::null()) };
        let Some(raw) = NonNull::new(raw) else {
            return Err(Failure {
                code: ffi::SQLITE_NOMEM,
                message: "out of memory".to_owned(),
            });
        };
        let database = Database {
            raw,
            discarded: Mutex::default(),
        };
        if code != ffi::SQLITE_OK {
            return Err(database.failure(code));
        }
        // SAFETY: the database is open. The library is built to check foreign keys, which is not the default
        // that programs know.
        unsafe {
            ffi::sqlite3_extended_result_codes(raw.as_ptr(), 1);
            ffi::sqlite3_busy_timeout(raw.as_ptr(), (timeout * 1000.0) as c_int);
            ffi::sqlite3_db_config(
                raw.as_ptr(),
                ffi::SQLITE_DBCONFIG_ENABLE_FKEY,
                0 as c_int,
                ptr::null_mut::<c_int>(),
            );
        }
        Ok(database)
    }

    /// The error that a call has ended with. Takes the lock: for threads that are detached.
    pub fn failure(&self, code: c_int) -> Failure {
        // SAFETY: the database is open; the message is copied at once.
        let (extended, message) = unsafe {
            let raw = self.raw.as_ptr();
            let of_database = ffi::sqlite3_extended_errcode(raw);
            if of_database & 0xFF == code & 0xFF {
                (of_database, text(ffi::sqlite3_errmsg(raw)))
            } else {
                (code, text(ffi::sqlite3_errstr(code)))
            }
        };
        Failure {
            code: extended,
            message: message.unwrap_or_default(),
        }
    }

    fn lock(&self) -> *mut ffi::sqlite3_mutex {
        // SAFETY: the database is open.
        unsafe { ffi::sqlite3_db_mutex(self.raw.as_ptr()) }
    }

    /// Runs `work`, which may take long, wait and call back, detached and with the database's lock.
    pub fn enter<R>(&self, cx: &Context, work: impl FnOnce(&Entered<'_>) -> R) -> R {
        cx.detached(|| {
            // SAFETY: the database is open. The thread is detached: it may wait.
            unsafe { ffi::sqlite3_mutex_enter(self.lock()) };
            let entered = Entered(self);
            let result = work(&entered);
            drop(entered);
            self.settle();
            result
        })
    }

    /// Ends what is not used any more, now or soon.
    pub fn discard(&self, what: Discarded) {
        self.discarded.lock().push(what);
        self.settle();
    }

    /// Ends what nothing uses any more, unless another thread has the lock. That one comes
    /// here when it has given it back, and so after what this thread has left to it.
    fn settle(&self) {
        while !self.discarded.lock().is_empty() {
            // SAFETY: the database is open.
            if unsafe { ffi::sqlite3_mutex_try(self.lock()) } != ffi::SQLITE_OK {
                return;
            }
            let _entered = Entered(self);
            let discarded = std::mem::take(&mut *self.discarded.lock());
            for one in discarded {
                // SAFETY: the statement or blob is the database's, and nobody else has it.
                unsafe {
                    match one {
                        Discarded::Statement(statement) => {
                            ffi::sqlite3_finalize(statement.as_ptr())
                        }
                        Discarded::Blob(blob) => ffi::sqlite3_blob_close(blob.as_ptr()),
                    }
                };
            }
        }
    }

    /// The error of the last call. Takes the lock: for threads that are detached.
    pub fn last_failure(&self) -> Failure {
        // SAFETY: the database is open.
        let code = unsafe { ffi::sqlite3_errcode(self.raw.as_ptr()) };
        self.failure(code)
    }

    /// Any thread may interrupt what another does with the database.
    pub fn interrupt(&self) {
        // SAFETY: the database is open, and this takes no lock.
        unsafe { ffi::sqlite3_interrupt(self.raw.as_ptr()) };
    }
}

impl Entered<'_> {
    pub fn raw(&self) -> *mut ffi::sqlite3 {
        self.0.raw.as_ptr()
    }

    fn failure(&self, code: c_int) -> Failure {
        self.0.failure(code)
    }

    /// `Ok` for `SQLITE_OK`.
    pub fn check(&self, code: c_int) -> Result<(), Failure> {
        match code {
            ffi::SQLITE_OK => Ok(()),
            code => Err(self.failure(code)),
        }
    }

    pub fn is_in_transaction(&self) -> bool {
        // SAFETY: the database is open.
        unsafe { ffi::sqlite3_get_autocommit(self.raw()) == 0 }
    }

    pub fn total_changes(&self) -> i64 {
        // SAFETY: the database is open.
        unsafe { ffi::sqlite3_total_changes64(self.raw()) }
    }

    pub fn changes(&self) -> i64 {
        // SAFETY: the database is open.
        unsafe { ffi::sqlite3_changes64(self.raw()) }
    }

    pub fn last_row(&self) -> i64 {
        // SAFETY: the database is open.
        unsafe { ffi::sqlite3_last_insert_rowid(self.raw()) }
    }

    /// Sets a limit, if it is not negative; what it was. `None` for what has no limit.
    pub fn limit(&self, category: c_int, limit: c_int) -> Option<c_int> {
        // SAFETY: the database is open.
        let old = unsafe { ffi::sqlite3_limit(self.raw(), category, limit) };
        (old >= 0).then_some(old)
    }

    /// Runs statements without parameters and results.
    pub fn run(&self, sql: &CStr) -> Result<(), Failure> {
        // SAFETY: the database is open, the text a string; nothing is called back.
        let code = unsafe {
            ffi::sqlite3_exec(
                self.raw(),
                sql.as_ptr(),
                None,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.check(code)
    }

    /// All of a database as it is on the disk.
    pub fn serialize(&self, name: &CStr) -> Option<Vec<u8>> {
        let mut size = 0;
        // SAFETY: the database is open; the copy is the library's memory, which is freed with its function.
        unsafe {
            let copy = ffi::sqlite3_serialize(self.raw(), name.as_ptr(), &mut size, 0);
            if copy.is_null() {
                return None;
            }
            let length = usize::try_from(size).unwrap_or(0);
            let bytes = std::slice::from_raw_parts(copy, length).to_vec();
            ffi::sqlite3_free(copy.cast());
            Some(bytes)
        }
    }

    /// Puts a database in the place of another.
    pub fn deserialize(&self, name: &CStr, bytes: &[u8]) -> Result<(), Failure> {
        // SAFETY: the memory is the library's and goes over to the database.
        let code = unsafe {
            let copy = ffi::sqlite3_malloc64(bytes.len() as u64).cast::<u8>();
            if copy.is_null() && !bytes.is_empty() {
                return Err(self.failure(ffi::SQLITE_NOMEM));
            }
            ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
            let flags = ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE;
            ffi::sqlite3_deserialize(
                self.raw(),
                name.as_ptr(),
                copy,
                bytes.len() as i64,
                bytes.len() as i64,
                flags,
            )
        };
        self.check(code)
    }
}

/// A statement that is ready to run.
pub struct Statement {
    raw: NonNull<ffi::sqlite3_stmt>,
    pub database: Arc<Database>,
    pub sql: String,
    /// INSERT, UPDATE, DELETE or REPLACE.
    pub changes_data: bool,
    pub is_read_only: bool,
    /// What the row holds that the last [`Statement::step_and_read`] has found.
    pub row: Vec<Datum>,
}

// SAFETY: a statement has one owner at a time, and the library is serialized.
unsafe impl Send for Statement {}

impl Drop for Statement {
    fn drop(&mut self) {
        self.database.discard(Discarded::Statement(self.raw));
    }
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Row,
    Done,
}

/// What `prepare` found.
pub enum Prepared {
    Statement(Box<Statement>),
    /// Only comments and spaces.
    Nothing,
}

impl Statement {
    /// Makes the first statement of a text; how long its text is.
    pub fn prepare(
        database: &Arc<Database>,
        entered: &Entered<'_>,
        sql: &CStr,
    ) -> Result<(Prepared, usize), Failure> {
        let most = entered.limit(ffi::SQLITE_LIMIT_SQL_LENGTH, -1);
        if most.is_some_and(|most| sql.count_bytes() > most as usize) {
            return Err(Failure {
                code: ffi::SQLITE_TOOBIG,
                message: "query string is too large".to_owned(),
            });
        }
        let mut raw = ptr::null_mut();
        let mut tail = ptr::null();
        // SAFETY: the database is open, the text a string, and there is room for the results.
        let code = unsafe {
            ffi::sqlite3_prepare_v2(entered.raw(), sql.as_ptr(), -1, &mut raw, &mut tail)
        };
        entered.check(code)?;
        let length = tail.addr().saturating_sub(sql.as_ptr().addr());
        let Some(raw) = NonNull::new(raw) else {
            return Ok((Prepared::Nothing, length));
        };
        let whole = sql.to_string_lossy();
        let sql = String::from_utf8_lossy(&sql.to_bytes()[..length]).into_owned();
        let first = first_word(&whole).to_ascii_uppercase();
        // SAFETY: the statement was just made.
        let is_read_only = unsafe { ffi::sqlite3_stmt_readonly(raw.as_ptr()) != 0 };
        let statement = Statement {
            raw,
            database: database.clone(),
            sql,
            changes_data: matches!(first.as_str(), "INSERT" | "UPDATE" | "DELETE" | "REPLACE"),
            is_read_only,
            row: Vec::new(),
        };
        Ok((Prepared::Statement(Box::new(statement)), length))
    }

    pub fn parameter_count(&self) -> c_int {
        // SAFETY: the statement is whole.
        unsafe { ffi::sqlite3_bind_parameter_count(self.raw.as_ptr()) }
    }

    /// The name of a parameter, counted from 1, with its first character.
    pub fn parameter_name(&self, number: c_int) -> Option<String> {
        // SAFETY: the statement is whole, the name copied at once.
        unsafe { text(ffi::sqlite3_bind_parameter_name(self.raw.as_ptr(), number)) }
    }

    /// Gives the statement its parameters: all of them, in their order.
    pub fn bind(&mut self, entered: &Entered<'_>, data: &[Datum]) -> Result<(), Failure> {
        // SAFETY: the statement is whole.
        unsafe { ffi::sqlite3_clear_bindings(self.raw.as_ptr()) };
        for (number, datum) in (1..).zip(data) {
            self.bind_one(entered, number, datum)?;
        }
        Ok(())
    }

    fn bind_one(
        &mut self,
        entered: &Entered<'_>,
        number: c_int,
        datum: &Datum,
    ) -> Result<(), Failure> {
        let raw = self.raw.as_ptr();
        // SAFETY: the statement is whole; texts and blobs are copied by the library.
        let code = unsafe {
            match datum {
                Datum::Null => ffi::sqlite3_bind_null(raw, number),
                Datum::Integer(value) => ffi::sqlite3_bind_int64(raw, number, *value),
                Datum::Real(value) => ffi::sqlite3_bind_double(raw, number, *value),
                Datum::Text(bytes) => ffi::sqlite3_bind_text64(
                    raw,
                    number,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                    ffi::SQLITE_UTF8 as u8,
                ),
                Datum::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    raw,
                    number,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                ),
            }
        };
        entered.check(code)
    }

    pub fn step(&mut self, entered: &Entered<'_>) -> Result<Step, Failure> {
        // SAFETY: the statement is whole.
        match unsafe { ffi::sqlite3_step(self.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(Step::Row),
            ffi::SQLITE_DONE => Ok(Step::Done),
            code => Err(entered.failure(code)),
        }
    }

    /// [`Statement::step`], and copies what the row holds that it finds; resets if there is none.
    pub fn step_and_read(&mut self, entered: &Entered<'_>) -> Result<Step, Failure> {
        let step = self.step(entered);
        if matches!(step, Ok(Step::Row)) {
            let count = self.column_count();
            // SAFETY: the statement is on a row, and each value is copied before the next call.
            let column = |at| unsafe { datum(ffi::sqlite3_column_value(self.raw.as_ptr(), at)) };
            self.row = (0..count).map(column).collect();
        } else {
            self.reset(entered);
        }
        step
    }

    pub fn reset(&mut self, _entered: &Entered<'_>) {
        // SAFETY: the statement is whole. The result is that of the last step, which is known.
        unsafe { ffi::sqlite3_reset(self.raw.as_ptr()) };
    }

    pub fn column_count(&self) -> c_int {
        // SAFETY: the statement is whole.
        unsafe { ffi::sqlite3_column_count(self.raw.as_ptr()) }
    }

    pub fn column_name(&self, _entered: &Entered<'_>, column: c_int) -> Option<String> {
        // SAFETY: the statement is whole, the name copied at once.
        unsafe { text(ffi::sqlite3_column_name(self.raw.as_ptr(), column)) }
    }

    /// The type that a column was declared with.
    pub fn declared_type(&self, _entered: &Entered<'_>, column: c_int) -> Option<String> {
        // SAFETY: as above.
        unsafe { text(ffi::sqlite3_column_decltype(self.raw.as_ptr(), column)) }
    }

    /// The text of a statement with its parameters.
    ///
    /// # Safety
    /// The pointer is a statement's.
    pub unsafe fn expanded(raw: *mut ffi::sqlite3_stmt) -> Option<String> {
        // SAFETY: the caller's; the text is the library's memory.
        unsafe {
            let expanded = ffi::sqlite3_expanded_sql(raw);
            let copy = text(expanded);
            ffi::sqlite3_free(expanded.cast());
            copy
        }
    }
}

/// Copies a value.
///
/// # Safety
/// The pointer is a value of the library that no other call uses meanwhile.
pub unsafe fn datum(value: *mut ffi::sqlite3_value) -> Datum {
    // SAFETY: the caller's; the number of bytes is asked after the bytes, as the library wants it.
    unsafe {
        let bytes = |start: *const u8| {
            let length = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
            if start.is_null() || length == 0 {
                Vec::new()
            } else {
                std::slice::from_raw_parts(start, length).to_vec()
            }
        };
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => Datum::Integer(ffi::sqlite3_value_int64(value)),
            ffi::SQLITE_FLOAT => Datum::Real(ffi::sqlite3_value_double(value)),
            ffi::SQLITE_TEXT => Datum::Text(bytes(ffi::sqlite3_value_text(value))),
            ffi::SQLITE_BLOB => Datum::Blob(bytes(ffi::sqlite3_value_blob(value).cast())),
            _ => Datum::Null,
        }
    }
}

/// Gives a function's result.
///
/// # Safety
/// The pointer is that of a call that SQLite has made and waits for.
pub unsafe fn answer(context: *mut ffi::sqlite3_context, datum: &Datum) {
    // SAFETY: the caller's; texts and blobs are copied.
    unsafe {
        match datum {
            Datum::Null => ffi::sqlite3_result_null(context),
            Datum::Integer(value) => ffi::sqlite3_result_int64(context, *value),
            Datum::Real(value) => ffi::sqlite3_result_double(context, *value),
            Datum::Text(bytes) => ffi::sqlite3_result_text64(
                context,
                bytes.as_ptr().cast(),
                bytes.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                ffi::SQLITE_UTF8 as u8,
            ),
            Datum::Blob(bytes) => ffi::sqlite3_result_blob64(
                context,
                bytes.as_ptr().cast::<c_void>(),
                bytes.len() as u64,
                ffi::SQLITE_TRANSIENT(),
            ),
        }
    }
}

/// The first word after comments and spaces.
fn first_word(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            break;
        }
        .trim_start();
    }
    let end = rest
        .find(|character: char| !character.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    &rest[..end]
}

/// Whether there is nothing in a text but comments, spaces and ends of statements.
pub fn is_empty(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        rest = rest
            .trim_start_matches(|character: char| character.is_whitespace() || character == ';');
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest.is_empty();
        };
    }
}

/// Whether a text ends a statement.
pub fn is_complete(sql: &CString) -> bool {
    // SAFETY: the text is a string.
    unsafe { ffi::sqlite3_complete(sql.as_ptr()) != 0 }
}
