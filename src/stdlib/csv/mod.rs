//! `_csv`: reading and writing comma-separated values.
//!
//! Files: `dialect` (how a file is written), `reader` (lines to fields), `writer` (fields to lines).

mod dialect;
mod reader;
mod writer;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicIsize, Ordering};

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::arguments::as_size;
use crate::exception_class::ExceptionClass;
use dialect::Dialect;
use reader::Reader;
use writer::Writer;

static ERROR: ExceptionClass = ExceptionClass::new("_csv", "Error", exceptions::exception);

/// Registered dialects by name.
static DIALECTS: OnceLock<Ref<Dict>> = OnceLock::new();

/// How long a field may be.
static FIELD_LIMIT: AtomicIsize = AtomicIsize::new(128 * 1024);

/// CSV parsing and writing.
#[pymodule(
    name = "_csv",
    functions(
        field_size_limit,
        get_dialect,
        list_dialects,
        reader,
        register_dialect,
        unregister_dialect,
        writer
    ),
    classes(Dialect)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "Error", ERROR.get(cx)?.clone())?;
    module::add(cx, this, "Reader", class_of::<Reader>(cx)?.clone())?;
    module::add(cx, this, "Writer", class_of::<Writer>(cx)?.clone())?;
    module::add(cx, this, "_dialects", dialects(cx)?.clone())?;
    for (number, name) in dialect::QUOTING_NAMES.iter().enumerate() {
        module::add(cx, this, name, number)?;
    }
    Ok(())
}

fn dialects(cx: &Context) -> PyResult<&'static Ref<Dict>> {
    if let Some(dialects) = DIALECTS.get() {
        return Ok(dialects);
    }
    let made = Dict::new(cx)?;
    Ok(DIALECTS.get_or_init(|| made))
}

#[cold]
fn error(cx: &Context, message: impl AsRef<str>) -> Raised {
    ERROR.raise(cx, message)
}

/// The registered dialect with this name.
fn registered(cx: &Context, name: &Value) -> PyResult<Value> {
    dialects(cx)?
        .get_item(cx, name)?
        .ok_or_else(|| error(cx, "unknown dialect"))
}

/// Return a reader object that will process lines from the given iterable.
///
/// The "iterable" argument can be any object that returns a line
/// of input for each iteration, such as a file object or a list.  The
/// optional "dialect" argument defines a CSV dialect.  The function
/// also accepts optional keyword arguments which override settings
/// provided by the dialect.
///
/// The returned object is an iterator.  Each iteration returns a row
/// of the CSV file (which can span multiple input lines).
#[pyfunction("reader(iterable, /, dialect='excel', **fmtparams)")]
fn reader(
    cx: &Context,
    iterable: &Value,
    dialect: Maybe<&Value>,
    fmtparams: Vec<(&Value, &Value)>,
) -> PyResult<Value> {
    Reader::over(cx, iterable, dialect.0, &fmtparams)
}

/// Return a writer object that will write user data on the given file object.
///
/// The "fileobj" argument can be any object that supports the file API.
/// The optional "dialect" argument defines a CSV dialect.  The function
/// also accepts optional keyword arguments which override settings
/// provided by the dialect.
#[pyfunction("writer(fileobj, /, dialect='excel', **fmtparams)")]
fn writer(
    cx: &Context,
    fileobj: &Value,
    dialect: Maybe<&Value>,
    fmtparams: Vec<(&Value, &Value)>,
) -> PyResult<Value> {
    Writer::onto(cx, fileobj, dialect.0, &fmtparams)
}

/// Create a mapping from a string name to a CVS dialect.
///
/// The optional "dialect" argument specifies the base dialect instance
/// or the name of the registered dialect.  The function also accepts
/// optional keyword arguments which override settings provided by the
/// dialect.
#[pyfunction("register_dialect(name, /, dialect='excel', **fmtparams)")]
fn register_dialect(
    cx: &Context,
    name: &Value,
    dialect: Maybe<&Value>,
    fmtparams: Vec<(&Value, &Value)>,
) -> PyResult<()> {
    if name.downcast::<Str>().is_none() {
        return Err(cx.type_error("dialect name must be a string"));
    }
    let dialect = dialect::from_arguments(cx, Dialect::class_ref(), dialect.0, &fmtparams)?;
    dialects(cx)?.set_item(cx, name, dialect.into_value())
}

/// Delete the name/dialect mapping associated with a string name.
#[pyfunction("unregister_dialect(name)")]
fn unregister_dialect(cx: &Context, name: &Value) -> PyResult<()> {
    match dialects(cx)?.remove_item(cx, name)? {
        Some(_) => Ok(()),
        None => Err(error(cx, "unknown dialect")),
    }
}

/// Return the dialect instance associated with name.
#[pyfunction("get_dialect(name)")]
fn get_dialect(cx: &Context, name: &Value) -> PyResult<Value> {
    registered(cx, name)
}

/// Return a list of all known dialect names.
#[pyfunction("list_dialects()")]
fn list_dialects(cx: &Context) -> PyResult<Ref<List>> {
    List::from_values(cx, dialects(cx)?.keys_snapshot(cx)?)
}

/// Sets an upper limit on parsed fields.
///
/// Returns old limit. If limit is not given, no new limit is set and
/// the old limit is returned
#[pyfunction("field_size_limit(new_limit=<unrepresentable>)")]
fn field_size_limit(cx: &Context, new_limit: Maybe<&Value>) -> PyResult<isize> {
    let Some(new_limit) = new_limit.0 else {
        return Ok(FIELD_LIMIT.load(Ordering::Relaxed));
    };
    if !int::is_exact(new_limit) {
        return Err(cx.type_error("limit must be an integer"));
    }
    let limit = as_size(cx, new_limit)?;
    Ok(FIELD_LIMIT.swap(limit, Ordering::Relaxed))
}
