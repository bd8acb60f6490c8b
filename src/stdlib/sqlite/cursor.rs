//! Cursors: statements that run, and the rows that they find.
//!
//! Whoever works with a cursor takes its statement out and puts it back: a second thread, or code that
//! SQLite calls back, finds that the cursor is in use.

use std::ffi::{CString, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use num_bigint::Sign;
use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::codec;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, iterate, sequence};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::adaptation;
use super::connection::{Connection, LEGACY, PARSE_COLNAMES, PARSE_DECLTYPES};
use super::errors::{self, programming};
use super::library::{Database, Datum, Prepared, Statement, Step};

/// The payload of a cursor.
#[pyclass(
    name = "Cursor",
    module = "sqlite3",
    flags(BASETYPE, HAS_WEAKREF),
    doc = "SQLite database cursor class."
)]
pub struct Cursor {
    connection: Field,
    description: Field,
    /// Converters of the columns, or None.
    converters: Field,
    row_factory: Field,
    last_row: Field,
    row_count: AtomicI64,
    array_size: AtomicU32,
    is_closed: AtomicBool,
    is_in_use: AtomicBool,
    /// On a row, if it is there.
    statement: Mutex<Option<Box<Statement>>>,
}

impl Traverse for Cursor {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [
            &self.connection,
            &self.description,
            &self.converters,
            &self.row_factory,
            &self.last_row,
        ] {
            field.traverse(visit);
        }
    }
}

/// The cursor is in use until this is dropped.
struct InUse<'a>(&'a Cursor);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.is_in_use.store(false, Ordering::Release);
    }
}

impl Cursor {
    fn empty() -> Cursor {
        Cursor {
            connection: Field::empty(),
            description: Field::new(Value::NONE),
            converters: Field::empty(),
            row_factory: Field::new(Value::NONE),
            last_row: Field::new(Value::NONE),
            row_count: AtomicI64::new(-1),
            array_size: AtomicU32::new(1),
            is_closed: AtomicBool::new(false),
            is_in_use: AtomicBool::new(false),
            statement: Mutex::new(None),
        }
    }

    pub fn description(&self) -> Value {
        self.description.get().unwrap_or(Value::NONE)
    }

    fn connection(&self, cx: &Context) -> PyResult<Ref<Connection>> {
        self.connection
            .get_as::<Connection>()
            .ok_or_else(|| programming(cx, "Base Cursor.__init__ not called."))
    }

    /// Whether the cursor may be used now, by this thread; then it is in use.
    fn enter(&self, cx: &Context) -> PyResult<(Ref<Connection>, Arc<Database>, InUse<'_>)> {
        let connection = self.connection(cx)?;
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(programming(cx, "Cannot operate on a closed cursor."));
        }
        connection.check_thread(cx)?;
        let database = connection.database(cx)?;
        if self.is_in_use.swap(true, Ordering::Acquire) {
            return Err(programming(cx, "Recursive use of cursors not allowed."));
        }
        Ok((connection, database, InUse(self)))
    }

    /// Gives the statement back to the connection's cache.
    fn finish(&self, cx: &Context, connection: &Connection) {
        let statement = self.statement.lock().take();
        if let Some(mut statement) = statement {
            let database = statement.database.clone();
            database.enter(cx, |entered| statement.reset(entered));
            connection.keep(statement);
        }
    }

    /// Runs a statement with each of the parameters.
    pub fn run(
        cx: &Context,
        this: &Ref<Cursor>,
        sql: &Ref<Str>,
        parameters: Value,
        is_many: bool,
    ) -> PyResult<()> {
        let (connection, database, _in_use) = this.enter(cx)?;
        this.finish(cx, &connection);
        this.description.set(Some(Value::NONE));
        this.row_count.store(-1, Ordering::Relaxed);
        let all = if is_many {
            iterate::iter(cx, &parameters)?
        } else {
            let one = Tuple::from_vec(cx, vec![parameters])?;
            iterate::iter(cx, one.as_value())?
        };
        let Some(mut statement) = connection.prepare(cx, &database, sql)? else {
            return Ok(());
        };
        if is_many && (statement.is_read_only || !statement.changes_data) {
            return Err(programming(
                cx,
                "executemany() can only execute DML statements.",
            ));
        }
        if statement.changes_data {
            this.row_count.store(0, Ordering::Relaxed);
        }
        if connection.autocommit() == LEGACY
            && statement.changes_data
            && let Some(level) = connection.isolation_level()
        {
            let begin = CString::new(format!("BEGIN {level}")).unwrap_or_default();
            connection.run_if(cx, &database, false, &begin)?;
        }
        let mut is_on_row = false;
        while let Some(parameters) = iterate::next(cx, &all)? {
            let data = gather(cx, &statement, &parameters)?;
            let outcome = database.enter(cx, |entered| {
                if is_on_row {
                    statement.reset(entered);
                }
                statement.bind(entered, &data)?;
                let mut step = statement.step_and_read(entered)?;
                if is_many {
                    // What it returns is not wanted, but has to be read.
                    while step == Step::Row {
                        step = statement.step_and_read(entered)?;
                    }
                }
                Ok((step, entered.changes(), entered.last_row()))
            });
            let (step, changes, last_row) =
                outcome.map_err(|failure| connection.raise(cx, &failure))?;
            is_on_row = step == Step::Row;
            if this.description.get().is_none_or(|value| value.is_none()) {
                this.describe(cx, &connection, &statement)?;
            }
            if statement.changes_data && step == Step::Done {
                this.row_count.fetch_add(changes, Ordering::Relaxed);
            }
            if !is_many {
                this.last_row.set(Some(int::from_i64(cx, last_row)?));
            }
        }
        if is_on_row {
            *this.statement.lock() = Some(statement);
        } else {
            connection.keep(statement);
        }
        Ok(())
    }

    /// Notes what the columns are called and how their values are converted.
    fn describe(&self, cx: &Context, connection: &Connection, of: &Statement) -> PyResult<()> {
        let detect = connection.detect_types();
        let count = of.column_count();
        if count == 0 {
            return Ok(());
        }
        let found: Vec<_> = of.database.enter(cx, |entered| {
            let name_and_type = |column| {
                let name = of.column_name(entered, column);
                (name, of.declared_type(entered, column))
            };
            (0..count).map(name_and_type).collect()
        });
        let (mut columns, mut converters) = (Vec::new(), Vec::new());
        for (full, declared) in found {
            let full = full.unwrap_or_default();
            let mut name = full.as_str();
            let mut converter = None;
            if detect & PARSE_COLNAMES != 0
                && let Some((shown, rest)) = full.split_once('[')
            {
                name = shown.trim_end_matches(' ');
                if let Some((key, _)) = rest.split_once(']') {
                    converter = adaptation::converter(cx, key)?;
                }
            }
            if converter.is_none()
                && detect & PARSE_DECLTYPES != 0
                && let Some(declared) = declared
            {
                let end = declared.find([' ', '(']).unwrap_or(declared.len());
                converter = adaptation::converter(cx, &declared[..end])?;
            }
            converters.push(converter.unwrap_or(Value::NONE));
            let mut item = vec![Str::from_str(cx, name)?.into_value()];
            item.resize(7, Value::NONE);
            columns.push(Tuple::from_vec(cx, item)?.into_value());
        }
        let columns = Tuple::from_vec(cx, columns)?.into_value();
        self.description.set(Some(columns));
        let converts = converters.iter().any(|converter| !converter.is_none());
        let converters = Tuple::from_vec(cx, converters)?.into_value();
        self.converters.set(Some(converters).filter(|_| converts));
        Ok(())
    }

    /// The row that the statement is on, and goes to the next.
    fn fetch(cx: &Context, this: &Ref<Cursor>) -> PyResult<Option<Value>> {
        let (connection, database, _in_use) = this.enter(cx)?;
        let Some(mut statement) = this.statement.lock().take() else {
            return Ok(None);
        };
        let data = std::mem::take(&mut statement.row);
        let row = this.row(cx, &connection, &statement, data);
        let (step, changes) = database.enter(cx, |entered| {
            (statement.step_and_read(entered), entered.changes())
        });
        match step {
            Ok(Step::Row) => *this.statement.lock() = Some(statement),
            Ok(Step::Done) => {
                if statement.changes_data {
                    this.row_count.store(changes, Ordering::Relaxed);
                }
                connection.keep(statement);
            }
            Err(failure) => {
                row?;
                return Err(connection.raise(cx, &failure));
            }
        }
        let row = row?;
        let factory = this.row_factory.get().unwrap_or(Value::NONE);
        if factory.is_none() {
            return Ok(Some(row));
        }
        call::call(cx, &factory, &[this.to_value(), row]).map(Some)
    }

    fn row(
        &self,
        cx: &Context,
        connection: &Connection,
        statement: &Statement,
        data: Vec<Datum>,
    ) -> PyResult<Value> {
        let converters = self.converters.get_as::<Tuple>();
        let factory = connection.text_factory();
        let mut items = Vec::with_capacity(data.len());
        for (column, datum) in data.into_iter().enumerate() {
            let converter = converters
                .as_ref()
                .and_then(|converters| converters.as_slice().get(column))
                .filter(|converter| !converter.is_none());
            let item = match (converter, datum) {
                (_, Datum::Null) => Value::NONE,
                // To a converter an empty blob is none.
                (Some(_), Datum::Blob(bytes)) if bytes.is_empty() => Value::NONE,
                (Some(converter), datum) => {
                    let bytes = match datum {
                        Datum::Text(bytes) | Datum::Blob(bytes) => bytes,
                        Datum::Integer(number) => number.to_string().into_bytes(),
                        Datum::Real(number) => format!("{number:?}").into_bytes(),
                        Datum::Null => Vec::new(),
                    };
                    let bytes = Bytes::from_slice(cx, &bytes)?.into_value();
                    call::call(cx, converter, &[bytes])?
                }
                (None, Datum::Text(bytes)) => text(cx, &factory, &bytes, statement, column)?,
                (None, datum) => adaptation::value(cx, &datum)?,
            };
            items.push(item);
        }
        Tuple::from_vec(cx, items).map(Ref::into_value)
    }
}

/// Text as the program wants it.
fn text(
    cx: &Context,
    factory: &Value,
    bytes: &[u8],
    statement: &Statement,
    column: usize,
) -> PyResult<Value> {
    if factory.is(Str::class().as_value()) {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Str::from_str(cx, text).map(Ref::into_value),
            Err(_) => {
                let database = &statement.database;
                let name = database.enter(cx, |entered| {
                    statement.column_name(entered, column as c_int)
                });
                let name = name.unwrap_or_default();
                let text = String::from_utf8_lossy(bytes);
                Err(errors::OPERATIONAL_ERROR.raise(
                    cx,
                    format!("Could not decode to UTF-8 column '{name}' with text '{text}'"),
                ))
            }
        };
    }
    let bytes = Bytes::from_slice(cx, bytes)?.into_value();
    if factory.is(Bytes::class().as_value()) {
        return Ok(bytes);
    }
    if factory.is(ByteArray::class().as_value()) {
        return call::call(cx, factory, &[bytes]);
    }
    call::call(cx, factory, &[bytes])
}

/// A number of rows, which has to be one of 32 bits.
fn count_of_rows(cx: &Context, number: &Value, too_large: &str) -> PyResult<u32> {
    let number = int::index_as_bigint(cx, number)?;
    u32::try_from(&number).map_err(|_| {
        if number.sign() == Sign::Minus {
            cx.value_error("Cannot convert negative int")
        } else {
            cx.overflow_error(too_large)
        }
    })
}

/// The parameters of a statement: by position, or by name.
fn gather(cx: &Context, statement: &Statement, parameters: &Value) -> PyResult<Vec<Datum>> {
    let mut data = Vec::new();
    let needed = statement.parameter_count();
    let is_mapping = parameters.downcast::<Dict>().is_some();
    let has_items = parameters.class().slots.subscript.get().is_some();
    let is_sequence = has_items && !is_mapping;
    if is_sequence {
        let given = sequence::length(cx, parameters)?;
        if given != needed as usize {
            return Err(programming(
                cx,
                format!(
                    "Incorrect number of bindings supplied. The current statement uses {needed}, and there are {given} supplied."
                ),
            ));
        }
        for number in 1..=needed {
            if let Some(name) = statement.parameter_name(number)
                && !name.starts_with('?')
            {
                return Err(programming(
                    cx,
                    format!(
                        "Binding {number} ('{name}') is a named parameter, but you supplied a sequence which requires nameless (qmark) placeholders."
                    ),
                ));
            }
            let key = int::from_i64(cx, i64::from(number) - 1)?;
            let value = sequence::get_item(cx, parameters, &key)?;
            data.push(parameter(cx, number, None, &value)?);
        }
        return Ok(data);
    }
    if !is_mapping {
        return Err(programming(cx, "parameters are of unsupported type"));
    }
    for number in 1..=needed {
        let Some(name) = statement.parameter_name(number) else {
            return Err(programming(
                cx,
                format!(
                    "Binding {number} has no name, but you supplied a dictionary (which has only names)."
                ),
            ));
        };
        let name = &name[1..];
        let key = Str::from_str(cx, name)?.into_value();
        let value = match sequence::get_item(cx, parameters, &key) {
            Ok(value) => value,
            Err(Raised)
                if cx.exception_matches(typhon_runtime::objects::exceptions::lookup_error()) =>
            {
                cx.clear_exception();
                return Err(programming(
                    cx,
                    format!("You did not supply a value for binding parameter :{name}."),
                ));
            }
            Err(Raised) => return Err(Raised),
        };
        data.push(parameter(cx, number, Some(name), &value)?);
    }
    Ok(data)
}

fn parameter(cx: &Context, number: c_int, name: Option<&str>, value: &Value) -> PyResult<Datum> {
    adaptation::parameter(cx, value)?.ok_or_else(|| {
        let place = match name {
            Some(name) => format!(":{name}"),
            None => number.to_string(),
        };
        programming(
            cx,
            format!(
                "Error binding parameter {place}: type '{}' is not supported",
                value.type_name()
            ),
        )
    })
}

/// `self` of methods that give the cursor back.
#[pymethods]
impl Cursor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Cursor::empty()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Cursor>, args: Args<'_>) -> PyResult<()> {
        let connection = match args.values {
            [connection] if args.names.is_empty() => connection,
            more => {
                return Err(
                    cx.type_error(format!("Cursor expected 1 argument, got {}", more.len()))
                );
            }
        };
        let Some(of) = connection.downcast::<Connection>() else {
            return Err(cx.type_error(format!(
                "Cursor() argument 1 must be sqlite3.Connection, not {}",
                connection.type_name_for_argument()
            )));
        };
        of.check_thread(cx)?;
        if this.is_in_use.load(Ordering::Acquire) {
            return Err(programming(cx, "Recursive use of cursors not allowed."));
        }
        this.connection.set(Some(connection.clone()));
        this.is_closed.store(false, Ordering::Relaxed);
        this.row_factory.set(Some(of.row_factory()));
        Ok(())
    }

    /// Executes an SQL statement.
    #[method("execute(self, sql, parameters=(), /)")]
    fn execute(
        cx: &Context,
        this: &Ref<Cursor>,
        sql: &Ref<Str>,
        parameters: Maybe<&Value>,
    ) -> PyResult<Ref<Cursor>> {
        let parameters = match parameters.0 {
            Some(parameters) => parameters.clone(),
            None => Tuple::empty().into_value(),
        };
        Cursor::run(cx, this, sql, parameters, false)?;
        Ok(this.clone())
    }

    /// Repeatedly executes an SQL statement.
    #[method("executemany(self, sql, seq_of_parameters, /)")]
    fn executemany(
        cx: &Context,
        this: &Ref<Cursor>,
        sql: &Ref<Str>,
        parameters: &Value,
    ) -> PyResult<Ref<Cursor>> {
        Cursor::run(cx, this, sql, parameters.clone(), true)?;
        Ok(this.clone())
    }

    /// Executes multiple SQL statements at once.
    #[method("executescript(self, sql_script, /)")]
    fn executescript(cx: &Context, this: &Ref<Cursor>, script: &Ref<Str>) -> PyResult<Ref<Cursor>> {
        let (connection, database, _in_use) = this.enter(cx)?;
        this.finish(cx, &connection);
        if connection.autocommit() == LEGACY {
            connection.run_if(cx, &database, true, c"COMMIT")?;
        }
        let script = codec::encode(cx, script, "utf-8", "strict")?;
        let script = CString::new(script).map_err(|_| cx.value_error("embedded null character"))?;
        let mut rest = script.as_c_str();
        while !rest.is_empty() {
            let outcome = database.enter(cx, |entered| {
                let (prepared, length) = Statement::prepare(&database, entered, rest)?;
                if let Prepared::Statement(mut statement) = prepared {
                    while statement.step(entered)? == Step::Row {}
                }
                Ok(length)
            });
            let length = outcome.map_err(|failure| connection.raise(cx, &failure))?;
            if length == 0 {
                break;
            }
            let bytes = &rest.to_bytes_with_nul()[length..];
            match std::ffi::CStr::from_bytes_with_nul(bytes) {
                Ok(tail) => rest = tail,
                Err(_) => break,
            }
        }
        Ok(this.clone())
    }

    /// Fetches one row from the resultset.
    #[method("fetchone(self, /)")]
    fn fetchone(cx: &Context, this: &Ref<Cursor>) -> PyResult<Option<Value>> {
        Cursor::fetch(cx, this)
    }

    /// Fetches several rows from the resultset.
    ///
    /// size
    ///   The default value is set by the Cursor.arraysize attribute.
    #[method("fetchmany(self, /, size=1)")]
    fn fetchmany(cx: &Context, this: &Ref<Cursor>, size: Maybe<&Value>) -> PyResult<Ref<List>> {
        let size = match size.0 {
            Some(size) => count_of_rows(cx, size, "Python int too large for C uint32_t")?,
            None => this.array_size.load(Ordering::Relaxed),
        };
        let mut rows = Vec::new();
        while rows.len() < size as usize {
            match Cursor::fetch(cx, this)? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        List::from_values(cx, rows)
    }

    /// Fetches all rows from the resultset.
    #[method("fetchall(self, /)")]
    fn fetchall(cx: &Context, this: &Ref<Cursor>) -> PyResult<Ref<List>> {
        let mut rows = Vec::new();
        while let Some(row) = Cursor::fetch(cx, this)? {
            rows.push(row);
        }
        List::from_values(cx, rows)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Cursor>) -> PyResult<Option<Value>> {
        Cursor::fetch(cx, this)
    }

    /// Required by DB-API. Does nothing in sqlite3.
    #[method("setinputsizes(self, sizes, /)")]
    fn setinputsizes(_cx: &Context, _this: &Ref<Cursor>, _sizes: &Value) -> PyResult<()> {
        Ok(())
    }

    /// Required by DB-API. Does nothing in sqlite3.
    #[method("setoutputsize(self, size, column=None, /)")]
    fn setoutputsize(
        _cx: &Context,
        _this: &Ref<Cursor>,
        _size: &Value,
        _column: Maybe<&Value>,
    ) -> PyResult<()> {
        Ok(())
    }

    /// Closes the cursor.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Cursor>) -> PyResult<()> {
        let connection = this.connection(cx)?;
        connection.check_thread(cx)?;
        if this.is_in_use.load(Ordering::Acquire) {
            return Err(programming(cx, "Recursive use of cursors not allowed."));
        }
        connection.database(cx)?;
        this.finish(cx, &connection);
        this.is_closed.store(true, Ordering::Relaxed);
        Ok(())
    }

    #[getter("connection")]
    fn get_connection(_cx: &Context, this: &Ref<Cursor>) -> PyResult<Option<Value>> {
        Ok(this.connection.get())
    }

    #[getter("description")]
    fn get_description(_cx: &Context, this: &Ref<Cursor>) -> PyResult<Value> {
        Ok(this.description())
    }

    #[getter]
    fn lastrowid(_cx: &Context, this: &Ref<Cursor>) -> PyResult<Option<Value>> {
        Ok(this.last_row.get())
    }

    #[getter]
    fn rowcount(_cx: &Context, this: &Ref<Cursor>) -> PyResult<i64> {
        Ok(this.row_count.load(Ordering::Relaxed))
    }

    #[getter]
    fn arraysize(_cx: &Context, this: &Ref<Cursor>) -> PyResult<u32> {
        Ok(this.array_size.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_arraysize(cx: &Context, this: &Ref<Cursor>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error(
                "attribute 'arraysize' of 'sqlite3.Cursor' objects cannot be deleted",
            ));
        };
        let too_large = "Python int too large to convert to C uint32_t";
        let size = count_of_rows(cx, value, too_large)?;
        this.array_size.store(size, Ordering::Relaxed);
        Ok(())
    }

    #[getter]
    fn row_factory(_cx: &Context, this: &Ref<Cursor>) -> PyResult<Option<Value>> {
        Ok(this.row_factory.get())
    }

    #[setter]
    fn set_row_factory(cx: &Context, this: &Ref<Cursor>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete row_factory attribute"));
        };
        this.row_factory.set(Some(value.clone()));
        Ok(())
    }
}
