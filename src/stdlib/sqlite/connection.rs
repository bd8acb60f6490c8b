//! Connections: a database that is open, its statements, transactions and settings.

use std::collections::VecDeque;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};

use libsqlite3_sys as ffi;
use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::codec;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::float;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, audit, import, warnings};

use super::blob::OpenBlobs;
use super::cursor::Cursor;
use super::errors::{self, failed, programming};
use super::functions::Hooks;
use super::library::{self, Database, Failure, Prepared, Statement};
use crate::arguments::{bind, signature};
use crate::bytes_like::BytesLike;
use crate::path::Path;
use crate::thread;

/// `autocommit`: transactions begin before statements that change data.
pub const LEGACY: i32 = -1;

/// `detect_types`: by the declared type of a column.
pub const PARSE_DECLTYPES: i32 = 1;

/// `detect_types`: by what is in brackets in a column's name.
pub const PARSE_COLNAMES: i32 = 2;

/// The payload of a connection. The database is closed before what it calls back is gone.
#[pyclass(
    name = "Connection",
    module = "sqlite3",
    flags(BASETYPE),
    doc = "SQLite database connection object."
)]
pub struct Connection {
    /// Statements that nobody uses, the last used last.
    idle: Mutex<VecDeque<Box<Statement>>>,
    database: Mutex<Option<Arc<Database>>>,
    pub hooks: Box<Hooks>,
    pub blobs: OpenBlobs,
    most_idle: AtomicUsize,
    is_initialized: AtomicBool,
    thread: AtomicU64,
    checks_thread: AtomicBool,
    detect_types: AtomicI32,
    autocommit: AtomicI32,
    isolation_level: Mutex<Option<&'static str>>,
    row_factory: Field,
    text_factory: Field,
}

impl Traverse for Connection {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.row_factory.traverse(visit);
        self.text_factory.traverse(visit);
        self.hooks.traverse(visit);
    }
}

static LEVELS: &[&str] = &["", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"];

fn level(cx: &Context, value: &Value) -> PyResult<Option<&'static str>> {
    if value.is_none() {
        return Ok(None);
    }
    let Some(text) = value.downcast::<Str>() else {
        return Err(cx.type_error("isolation_level must be str or None"));
    };
    let text = text.to_lossy();
    let found = LEVELS
        .iter()
        .find(|level| level.eq_ignore_ascii_case(&text));
    found.copied().map(Some).ok_or_else(|| {
        cx.value_error("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'")
    })
}

fn autocommit(cx: &Context, value: &Value) -> PyResult<i32> {
    if value.is(&Value::TRUE) {
        return Ok(1);
    }
    if value.is(&Value::FALSE) {
        return Ok(0);
    }
    if int::as_bigint(value).is_some() && int::index_as_i128(cx, value)? == LEGACY.into() {
        return Ok(LEGACY);
    }
    Err(cx.value_error("autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL"))
}

impl Connection {
    fn empty() -> Connection {
        Connection {
            idle: Mutex::new(VecDeque::new()),
            database: Mutex::new(None),
            hooks: Box::default(),
            blobs: OpenBlobs::default(),
            most_idle: AtomicUsize::new(0),
            is_initialized: AtomicBool::new(false),
            thread: AtomicU64::new(0),
            checks_thread: AtomicBool::new(false),
            detect_types: AtomicI32::new(0),
            autocommit: AtomicI32::new(LEGACY),
            isolation_level: Mutex::new(Some("")),
            row_factory: Field::new(Value::NONE),
            text_factory: Field::empty(),
        }
    }

    pub fn check_thread(&self, cx: &Context) -> PyResult<()> {
        if !self.is_initialized.load(Ordering::Relaxed) {
            return Err(programming(cx, "Base Connection.__init__ not called."));
        }
        let (own, made) = (thread::ident(), self.thread.load(Ordering::Relaxed));
        if own == made || !self.checks_thread.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(programming(
            cx,
            format!(
                "SQLite objects created in a thread can only be used in that same thread. The object was created in thread id {made} and this is thread id {own}."
            ),
        ))
    }

    /// The database, for as long as the result lives.
    pub fn database(&self, cx: &Context) -> PyResult<Arc<Database>> {
        if !self.is_initialized.load(Ordering::Relaxed) {
            return Err(programming(cx, "Base Connection.__init__ not called."));
        }
        self.database
            .lock()
            .clone()
            .ok_or_else(|| programming(cx, "Cannot operate on a closed database."))
    }

    /// [`Connection::database`], for the thread that may use it.
    pub fn checked(&self, cx: &Context) -> PyResult<Arc<Database>> {
        self.check_thread(cx)?;
        self.database(cx)
    }

    pub fn autocommit(&self) -> i32 {
        self.autocommit.load(Ordering::Relaxed)
    }

    pub fn isolation_level(&self) -> Option<&'static str> {
        *self.isolation_level.lock()
    }

    pub fn detect_types(&self) -> i32 {
        self.detect_types.load(Ordering::Relaxed)
    }

    pub fn row_factory(&self) -> Value {
        self.row_factory.get().unwrap_or(Value::NONE)
    }

    pub fn text_factory(&self) -> Value {
        self.text_factory
            .get()
            .unwrap_or_else(|| Str::class().to_value())
    }

    /// Raises an error of the library; a callback's own exception goes before it.
    pub fn raise(&self, cx: &Context, failure: &Failure) -> Raised {
        failed(cx, failure)
    }

    /// A statement's text as SQLite wants it.
    pub fn sql_text(&self, cx: &Context, sql: &Ref<Str>) -> PyResult<CString> {
        let bytes = codec::encode(cx, sql, "utf-8", "strict")?;
        CString::new(bytes).map_err(|_| programming(cx, "the query contains a null character"))
    }

    /// A statement that nobody else uses; `None` for a text that has none.
    pub fn prepare(
        &self,
        cx: &Context,
        database: &Arc<Database>,
        sql: &Ref<Str>,
    ) -> PyResult<Option<Box<Statement>>> {
        let text = self.sql_text(cx, sql)?;
        let shown = text.to_string_lossy();
        let known = {
            let mut idle = self.idle.lock();
            let at = idle.iter().position(|statement| statement.sql == shown);
            at.and_then(|at| idle.remove(at))
        };
        if known.is_some() {
            return Ok(known);
        }
        let prepared = database.enter(cx, |entered| Statement::prepare(database, entered, &text));
        let (prepared, length) = prepared.map_err(|failure| self.raise(cx, &failure))?;
        if !library::is_empty(&String::from_utf8_lossy(&text.as_bytes()[length..])) {
            return Err(programming(
                cx,
                "You can only execute one statement at a time.",
            ));
        }
        match prepared {
            Prepared::Statement(mut statement) => {
                statement.sql = shown.into_owned();
                Ok(Some(statement))
            }
            Prepared::Nothing => Ok(None),
        }
    }

    /// Keeps a statement that is not used any more, and has been reset.
    pub fn keep(&self, statement: Box<Statement>) {
        let is_open = self
            .database
            .lock()
            .as_ref()
            .is_some_and(|database| Arc::ptr_eq(database, &statement.database));
        if !is_open {
            return;
        }
        let mut idle = self.idle.lock();
        idle.push_back(statement);
        let dropped = if idle.len() > self.most_idle.load(Ordering::Relaxed) {
            idle.pop_front()
        } else {
            None
        };
        drop(idle);
        drop(dropped);
    }

    fn run(&self, cx: &Context, database: &Database, sql: &std::ffi::CStr) -> PyResult<()> {
        database
            .enter(cx, |entered| entered.run(sql))
            .map_err(|failure| self.raise(cx, &failure))
    }

    /// Runs a statement if the database is in a transaction, or if it is not.
    pub fn run_if(
        &self,
        cx: &Context,
        database: &Database,
        in_transaction: bool,
        sql: &std::ffi::CStr,
    ) -> PyResult<()> {
        let outcome = database.enter(cx, |entered| {
            if entered.is_in_transaction() == in_transaction {
                entered.run(sql)
            } else {
                Ok(())
            }
        });
        outcome.map_err(|failure| self.raise(cx, &failure))
    }

    /// Ends the transaction and begins another, with nothing between them.
    fn renew(&self, cx: &Context, database: &Database, end: &std::ffi::CStr) -> PyResult<()> {
        let outcome = database.enter(cx, |entered| {
            entered.run(end).and_then(|()| entered.run(c"BEGIN"))
        });
        outcome.map_err(|failure| self.raise(cx, &failure))
    }

    fn close_database(&self, cx: &Context) -> PyResult<()> {
        let database = self.database.lock().take();
        let idle = std::mem::take(&mut *self.idle.lock());
        cx.detached(move || {
            drop(idle);
            self.blobs.close();
        });
        if let Some(database) = database {
            if self.autocommit() == 0 {
                self.run_if(cx, &database, true, c"ROLLBACK")?;
            }
            cx.detached(move || drop(database));
        }
        Ok(())
    }

    /// A new cursor of the class that belongs to the connection.
    fn make_cursor(
        cx: &Context,
        this: &Ref<Connection>,
        factory: Option<&Value>,
    ) -> PyResult<Value> {
        let class = class_of::<Cursor>(cx)?.to_value();
        let factory = factory.unwrap_or(&class);
        let cursor = call::call(cx, factory, &[this.to_value()])?;
        if cursor.downcast::<Cursor>().is_none() {
            return Err(cx.type_error(format!(
                "factory must return a cursor, not {}",
                cursor.type_name()
            )));
        }
        let row_factory = this.row_factory();
        if !row_factory.is_none() {
            attribute::set(cx, &cursor, Name::intern(cx, "row_factory")?, &row_factory)?;
        }
        Ok(cursor)
    }
}

#[pymethods(tables(
    super::backup::BACKUP,
    super::blob::BLOBS,
    super::functions::FUNCTIONS,
    super::settings::SETTINGS
))]
impl Connection {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Connection::empty()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<()> {
        warn_of_positions(cx, "_sqlite3.Connection", args.positional().len())?;
        let parameters = signature!(
            "Connection",
            0,
            [
                database,
                timeout = 5,
                detect_types = 0,
                isolation_level = "",
                check_same_thread = true,
                factory = 0,
                cached_statements = 128,
                uri = false
            ],
            [autocommit = LEGACY]
        );
        let [
            name,
            timeout,
            detect,
            isolation,
            check,
            _factory,
            cached,
            uri,
            commits,
        ] = bind(cx, parameters, args)?;
        let name_value = name.cloned().unwrap_or(Value::NONE);
        audit::event(cx, "sqlite3.connect", || Ok(vec![name_value.clone()]))?;
        let name = Path::convert(cx, "connect", &name_value)?;
        let timeout = match timeout {
            Some(timeout) => float::as_f64(cx, timeout)?,
            None => 5.0,
        };
        let detect = match detect {
            Some(detect) => int::index_as_i128(cx, detect)? as i32,
            None => 0,
        };
        let isolation = match isolation {
            Some(isolation) => level(cx, isolation)?,
            None => Some(""),
        };
        let checks = check.map_or(Ok(true), |check| check.truth(cx))?;
        let cached = match cached {
            Some(cached) => int::index_as_i128(cx, cached)?.clamp(0, 1 << 30) as usize,
            None => 128,
        };
        let is_uri = uri.map_or(Ok(false), |uri| uri.truth(cx))?;
        let commits = match commits {
            Some(commits) => autocommit(cx, commits)?,
            None => LEGACY,
        };
        if this.is_initialized.swap(false, Ordering::Relaxed) {
            this.close_database(cx)?;
        }
        let mut flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE;
        if is_uri {
            flags |= ffi::SQLITE_OPEN_URI;
        }
        let opened = cx.detached(|| Database::open(name.as_c_str(), flags, timeout));
        let database = Arc::new(opened.map_err(|failure| failed(cx, &failure))?);
        this.detect_types.store(detect, Ordering::Relaxed);
        this.most_idle.store(cached, Ordering::Relaxed);
        this.thread.store(thread::ident(), Ordering::Relaxed);
        this.checks_thread.store(checks, Ordering::Relaxed);
        this.autocommit.store(commits, Ordering::Relaxed);
        *this.isolation_level.lock() = isolation;
        this.row_factory.set(Some(Value::NONE));
        this.text_factory.set(Some(Str::class().to_value()));
        *this.database.lock() = Some(database.clone());
        this.is_initialized.store(true, Ordering::Relaxed);
        audit::event(cx, "sqlite3.connect/handle", || Ok(vec![this.to_value()]))?;
        if commits == 0 {
            this.run(cx, &database, c"BEGIN")?;
        }
        Ok(())
    }

    /// Says that the connection was forgotten, and closes it.
    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<Connection>) -> PyResult<()> {
        if this.database.lock().is_none() {
            return Ok(());
        }
        let warned = text::repr_text(cx, this.as_value()).and_then(|shown| {
            let message = format!("unclosed database in {shown}");
            warnings::warn(cx, exceptions::resource_warning(), &message, 1)
        });
        warned.and(this.close_database(cx))
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<Value> {
        let database = this.checked(cx)?;
        if !args.names.is_empty() {
            return Err(cx.type_error("Connection() takes no keyword arguments"));
        }
        let [sql] = args.values else {
            return Err(cx.type_error(format!(
                "function takes exactly 1 argument ({} given)",
                args.values.len()
            )));
        };
        let Some(sql) = sql.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "argument 1 must be str, not {}",
                sql.type_name_for_argument()
            )));
        };
        if let Some(statement) = this.prepare(cx, &database, sql)? {
            this.keep(statement);
        }
        Ok(Value::NONE)
    }

    /// Return a cursor for the connection.
    #[method("cursor(self, /, factory=<unrepresentable>)")]
    fn cursor(cx: &Context, this: &Ref<Connection>, factory: Maybe<&Value>) -> PyResult<Value> {
        this.checked(cx)?;
        Connection::make_cursor(cx, this, factory.0)
    }

    /// Close the database connection.
    ///
    /// Any pending transaction is not committed implicitly.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Connection>) -> PyResult<()> {
        this.check_thread(cx)?;
        this.close_database(cx)
    }

    /// Commit any pending transaction to the database.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[method("commit(self, /)")]
    fn commit(cx: &Context, this: &Ref<Connection>) -> PyResult<()> {
        let database = this.checked(cx)?;
        match this.autocommit() {
            LEGACY => this.run_if(cx, &database, true, c"COMMIT"),
            0 => this.renew(cx, &database, c"COMMIT"),
            _ => Ok(()),
        }
    }

    /// Roll back to the start of any pending transaction.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[method("rollback(self, /)")]
    fn rollback(cx: &Context, this: &Ref<Connection>) -> PyResult<()> {
        let database = this.checked(cx)?;
        match this.autocommit() {
            LEGACY => this.run_if(cx, &database, true, c"ROLLBACK"),
            0 => this.renew(cx, &database, c"ROLLBACK"),
            _ => Ok(()),
        }
    }

    /// Executes an SQL statement.
    #[method("execute(self, sql, parameters=(), /)")]
    fn execute(
        cx: &Context,
        this: &Ref<Connection>,
        sql: &Value,
        parameters: Maybe<&Value>,
    ) -> PyResult<Value> {
        let mut arguments = vec![sql.clone()];
        arguments.extend(parameters.0.cloned());
        Connection::through_cursor(cx, this, "execute", &arguments)
    }

    /// Repeatedly executes an SQL statement.
    #[method("executemany(self, sql, parameters, /)")]
    fn executemany(
        cx: &Context,
        this: &Ref<Connection>,
        sql: &Value,
        parameters: &Value,
    ) -> PyResult<Value> {
        let arguments = [sql.clone(), parameters.clone()];
        Connection::through_cursor(cx, this, "executemany", &arguments)
    }

    /// Executes multiple SQL statements at once.
    #[method("executescript(self, sql_script, /)")]
    fn executescript(cx: &Context, this: &Ref<Connection>, script: &Value) -> PyResult<Value> {
        Connection::through_cursor(cx, this, "executescript", std::slice::from_ref(script))
    }

    /// Abort any pending database operation.
    #[method("interrupt(self, /)")]
    fn interrupt(cx: &Context, this: &Ref<Connection>) -> PyResult<()> {
        this.database(cx)?.interrupt();
        Ok(())
    }

    /// Returns iterator to the dump of the database in an SQL text format.
    #[method("iterdump(self, /, *, filter=None)")]
    fn iterdump(cx: &Context, this: &Ref<Connection>, filter: Maybe<&Value>) -> PyResult<Value> {
        this.database(cx)?;
        let dump = import::import_attribute(cx, "sqlite3.dump", "_iterdump")?;
        let filter = filter.0.cloned().unwrap_or(Value::NONE);
        let names = [Name::intern(cx, "filter")?.to_value()];
        let values = [this.to_value(), filter];
        let args = Args {
            values: &values,
            names: &names,
        };
        call::call_args(cx, &dump, args)
    }

    /// Serialize a database into a byte string.
    #[method("serialize(self, /, *, name='main')")]
    fn serialize(
        cx: &Context,
        this: &Ref<Connection>,
        name: Maybe<&Ref<Str>>,
    ) -> PyResult<Ref<Bytes>> {
        let database = this.checked(cx)?;
        let name = schema(cx, name.0)?;
        match database.enter(cx, |entered| entered.serialize(&name)) {
            Some(bytes) => Bytes::from_slice(cx, &bytes),
            None => Err(errors::OPERATIONAL_ERROR.raise(
                cx,
                format!("unable to serialize '{}'", name.to_string_lossy()),
            )),
        }
    }

    /// Load a serialized database.
    #[method("deserialize(self, data, /, *, name='main')")]
    fn deserialize(
        cx: &Context,
        this: &Ref<Connection>,
        data: BytesLike,
        name: Maybe<&Ref<Str>>,
    ) -> PyResult<()> {
        let database = this.checked(cx)?;
        let name = schema(cx, name.0)?;
        let bytes = data.bytes();
        database
            .enter(cx, |entered| entered.deserialize(&name, bytes))
            .map_err(|failure| failed(cx, &failure))
    }

    /// Called when the connection is used as a context manager.
    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<Connection>) -> PyResult<Ref<Connection>> {
        this.checked(cx)?;
        Ok(this.clone())
    }

    /// Called when the connection is used as a context manager.
    ///
    /// If there was any exception, a rollback takes place; otherwise we commit.
    #[method("__exit__(self, type, value, traceback, /)")]
    fn exit(
        cx: &Context,
        this: &Ref<Connection>,
        class: &Value,
        value: &Value,
        traceback: &Value,
    ) -> PyResult<bool> {
        if class.is_none() && value.is_none() && traceback.is_none() {
            let this_value = this.to_value();
            let committed = call::call_method(cx, &this_value, Name::intern(cx, "commit")?, &[]);
            if committed.is_err() {
                let exception = cx.take_exception();
                let undone = call::call_method(cx, &this_value, Name::intern(cx, "rollback")?, &[]);
                if undone.is_err() {
                    cx.clear_exception();
                }
                return Err(cx.raise(exception));
            }
        } else {
            call::call_method(cx, &this.to_value(), Name::intern(cx, "rollback")?, &[])?;
        }
        Ok(false)
    }

    #[getter("isolation_level")]
    fn get_isolation_level(cx: &Context, this: &Ref<Connection>) -> PyResult<Option<String>> {
        this.database(cx)?;
        Ok(this.isolation_level().map(str::to_owned))
    }

    #[setter("isolation_level")]
    fn set_isolation_level(
        cx: &Context,
        this: &Ref<Connection>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete attribute"));
        };
        let level = level(cx, value)?;
        *this.isolation_level.lock() = level;
        if level.is_none() && this.autocommit() == LEGACY {
            Connection::commit(cx, this)?;
        }
        Ok(())
    }

    #[getter("autocommit")]
    fn get_autocommit(cx: &Context, this: &Ref<Connection>) -> PyResult<Value> {
        this.checked(cx)?;
        Ok(match this.autocommit() {
            LEGACY => Value::small_int(LEGACY),
            commits => Value::from_bool(commits == 1),
        })
    }

    #[setter("autocommit")]
    fn set_autocommit(cx: &Context, this: &Ref<Connection>, value: Option<&Value>) -> PyResult<()> {
        let database = this.checked(cx)?;
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete autocommit attribute"));
        };
        let commits = autocommit(cx, value)?;
        if commits != this.autocommit() {
            match commits {
                1 => this.run_if(cx, &database, true, c"COMMIT")?,
                0 => this.run_if(cx, &database, false, c"BEGIN")?,
                _ => {}
            }
            this.autocommit.store(commits, Ordering::Relaxed);
        }
        Ok(())
    }

    #[getter]
    fn total_changes(cx: &Context, this: &Ref<Connection>) -> PyResult<i64> {
        let database = this.checked(cx)?;
        Ok(database.enter(cx, |entered| entered.total_changes()))
    }

    #[getter]
    fn in_transaction(cx: &Context, this: &Ref<Connection>) -> PyResult<bool> {
        let database = this.checked(cx)?;
        Ok(database.enter(cx, |entered| entered.is_in_transaction()))
    }

    #[getter("row_factory")]
    fn get_row_factory(_cx: &Context, this: &Ref<Connection>) -> PyResult<Value> {
        Ok(this.row_factory())
    }

    #[setter("row_factory")]
    fn set_row_factory(
        cx: &Context,
        this: &Ref<Connection>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete row_factory attribute"));
        };
        this.row_factory.set(Some(value.clone()));
        Ok(())
    }

    #[getter("text_factory")]
    fn get_text_factory(_cx: &Context, this: &Ref<Connection>) -> PyResult<Value> {
        Ok(this.text_factory())
    }

    #[setter("text_factory")]
    fn set_text_factory(
        cx: &Context,
        this: &Ref<Connection>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete text_factory attribute"));
        };
        this.text_factory.set(Some(value.clone()));
        Ok(())
    }
}

/// All parameters but the first will have to be given by name.
pub fn warn_of_positions(cx: &Context, function: &str, given: usize) -> PyResult<()> {
    if given <= 1 {
        return Ok(());
    }
    let message = format!(
        "Passing more than 1 positional argument to {function}() is deprecated. Parameters 'timeout', 'detect_types', 'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become keyword-only parameters in Python 3.15."
    );
    warnings::warn(cx, exceptions::deprecation_warning(), &message, 1)
}

impl Connection {
    /// Calls a method of a new cursor.
    fn through_cursor(
        cx: &Context,
        this: &Ref<Connection>,
        method: &str,
        arguments: &[Value],
    ) -> PyResult<Value> {
        let cursor = Connection::make_cursor(cx, this, None)?;
        call::call_method(cx, &cursor, Name::intern(cx, method)?, arguments)
    }
}

/// The name of an attached database.
pub fn schema(cx: &Context, name: Option<&Ref<Str>>) -> PyResult<CString> {
    let name = name.map_or("main".into(), |name| name.to_lossy());
    CString::new(name.as_bytes()).map_err(|_| cx.value_error("embedded null character"))
}
