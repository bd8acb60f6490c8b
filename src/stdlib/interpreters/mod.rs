//! `_interpreters`: the interpreters of the process. There is one.
//!
//! Typhon's classes, modules and interned strings belong to the process, so it cannot have a second
//! interpreter whose state is apart from the first one's: `create` raises InterpreterError, as it does
//! where one cannot be made for another reason. What can be asked of the one there is, is answered; with
//! that `concurrent.interpreters` can be imported, and programs can find out.
//!
//! Files: `queues` (`_interpqueues`: queues between interpreters).

pub mod queues;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::float;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Value, module};

use crate::exception_class::ExceptionClass;

const PUBLIC: &str = "concurrent.interpreters";

static INTERPRETER_ERROR: ExceptionClass =
    ExceptionClass::new(PUBLIC, "InterpreterError", exceptions::exception);
static NOT_FOUND_ERROR: ExceptionClass =
    ExceptionClass::new(PUBLIC, "InterpreterNotFoundError", interpreter_error);
static NOT_SHAREABLE_ERROR: ExceptionClass =
    ExceptionClass::new(PUBLIC, "NotShareableError", exceptions::type_error);

fn interpreter_error() -> &'static Ref<Type> {
    match INTERPRETER_ERROR.get(Context::current()) {
        Ok(class) => class,
        // It cannot be made for lack of memory; the module's initialization has failed before.
        Err(Raised) => exceptions::exception(),
    }
}

/// Where an interpreter comes from.
const ORIGINS: [&str; 6] = [
    "WHENCE_UNKNOWN",
    "WHENCE_RUNTIME",
    "WHENCE_LEGACY_CAPI",
    "WHENCE_CAPI",
    "WHENCE_XI",
    "WHENCE_STDLIB",
];

/// The number of the interpreter there is, and where it comes from: it was made with the process.
const MAIN: (i64, i64) = (0, 1);

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule(
    name = "_interpreters",
    functions(
        create,
        destroy,
        list_all,
        get_current,
        get_main,
        is_running,
        is_shareable,
        whence,
        incref,
        decref,
        exec,
        call_in,
        run_string,
        run_func,
        set_main_attributes
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (name, class) in [
        ("InterpreterError", &INTERPRETER_ERROR),
        ("InterpreterNotFoundError", &NOT_FOUND_ERROR),
        ("NotShareableError", &NOT_SHAREABLE_ERROR),
    ] {
        module::add(cx, this, name, class.get(cx)?.clone())?;
    }
    for (number, name) in (0i64..).zip(ORIGINS) {
        module::add(cx, this, name, number)?;
    }
    Ok(())
}

/// A number that names something.
///
/// # Errors
/// TypeError when it is no int, ValueError when it is negative.
fn number(cx: &Context, what: &str, id: &Value) -> PyResult<i64> {
    if !int::is_int(id) {
        let got = id.type_name();
        return Err(cx.type_error(format!("{what} ID must be an int, got {got}")));
    }
    let number = int::index_as_i128(cx, id)?;
    if number < 0 {
        return Err(cx.value_error(format!(
            "{what} ID must be a non-negative int, got {number}"
        )));
    }
    i64::try_from(number).map_err(|_| cx.overflow_error("max ID is 2^63-1"))
}

/// # Errors
/// InterpreterNotFoundError for any interpreter but the one there is.
fn check_known(cx: &Context, id: &Value) -> PyResult<()> {
    match number(cx, "interpreter", id)? {
        0 => Ok(()),
        other => Err(NOT_FOUND_ERROR.raise(cx, format!("unrecognized interpreter ID {other}"))),
    }
}

/// Refuses a change to the one interpreter. Its own threads run in it already; and to those who restrict
/// themselves to interpreters that this module has made, it is none.
#[cold]
fn refuse(
    cx: &Context,
    id: &Value,
    restrict: &Maybe<bool>,
    restricted: &str,
    otherwise: &str,
) -> Raised {
    match check_known(cx, id) {
        Ok(()) if restrict.0 == Some(true) => {
            let message = format!("cannot {restricted} unrecognized interpreter {}", MAIN.0);
            INTERPRETER_ERROR.raise(cx, message)
        }
        Ok(()) => INTERPRETER_ERROR.raise(cx, otherwise),
        Err(raised) => raised,
    }
}

const RUNS: &str = "interpreter already running";

fn main_pair(cx: &Context) -> PyResult<Ref<Tuple>> {
    let (id, whence) = MAIN;
    Tuple::from_vec(cx, vec![int::from_i64(cx, id)?, int::from_i64(cx, whence)?])
}

/// create([config], *, reqrefs=False) -> ID
///
/// Create a new interpreter and return a unique generated ID.
///
/// There is one interpreter in a process: InterpreterError is raised.
#[pyfunction("create(config='isolated', *, reqrefs=False)")]
fn create(cx: &Context, _config: Maybe<&Value>, _reqrefs: Maybe<&Value>) -> PyResult<()> {
    Err(INTERPRETER_ERROR.raise(
        cx,
        "interpreter creation failed: there is one interpreter in a process",
    ))
}

/// destroy(id, *, restrict=False)
///
/// Destroy the identified interpreter.
///
/// Attempting to destroy the current interpreter raises InterpreterError.
/// So does an unrecognized ID.
#[pyfunction("destroy(id, *, restrict=False)")]
fn destroy(cx: &Context, id: &Value, restrict: Maybe<bool>) -> PyResult<()> {
    let message = "cannot destroy the current interpreter";
    Err(refuse(cx, id, &restrict, "destroy", message))
}

/// list_all() -> [(ID, whence)]
///
/// Return a list containing the ID of every existing interpreter.
#[pyfunction("list_all(*, require_ready=False)")]
fn list_all(cx: &Context, _require_ready: Maybe<&Value>) -> PyResult<Ref<List>> {
    List::from_values(cx, vec![main_pair(cx)?.into_value()])
}

/// get_current() -> (ID, whence)
///
/// Return the ID of current interpreter.
#[pyfunction("get_current()")]
fn get_current(cx: &Context) -> PyResult<Ref<Tuple>> {
    main_pair(cx)
}

/// get_main() -> (ID, whence)
///
/// Return the ID of main interpreter.
#[pyfunction("get_main()")]
fn get_main(cx: &Context) -> PyResult<Ref<Tuple>> {
    main_pair(cx)
}

/// is_running(id, *, restrict=False) -> bool
///
/// Return whether or not the identified interpreter is running.
#[pyfunction("is_running(id, *, restrict=False)")]
fn is_running(cx: &Context, id: &Value, _restrict: Maybe<&Value>) -> PyResult<bool> {
    check_known(cx, id)?;
    Ok(true)
}

/// whence(id) -> int
///
/// Return an identifier for where the interpreter was created.
#[pyfunction("whence(id)")]
fn whence(cx: &Context, id: &Value) -> PyResult<i64> {
    check_known(cx, id)?;
    Ok(MAIN.1)
}

#[pyfunction("incref(id, *, implieslink=False, restrict=False)")]
fn incref(
    cx: &Context,
    id: &Value,
    _implies_link: Maybe<&Value>,
    _restrict: Maybe<&Value>,
) -> PyResult<()> {
    check_known(cx, id)
}

#[pyfunction("decref(id, *, restrict=False)")]
fn decref(cx: &Context, id: &Value, _restrict: Maybe<&Value>) -> PyResult<()> {
    check_known(cx, id)
}

/// exec(id, code, shared=None, *, restrict=False)
///
/// Execute the provided code in the identified interpreter.
#[pyfunction("exec(id, code, shared=None, *, restrict=False)")]
fn exec(
    cx: &Context,
    id: &Value,
    _code: &Value,
    _shared: Maybe<&Value>,
    restrict: Maybe<bool>,
) -> PyResult<()> {
    Err(refuse(cx, id, &restrict, "exec code for", RUNS))
}

/// call(id, callable, args=None, kwargs=None, *, restrict=False)
///
/// Call the provided object in the identified interpreter.
/// Pass the given args and kwargs, if possible.
#[pyfunction("call(id, callable, args=None, kwargs=None, *, restrict=False)")]
fn call_in(
    cx: &Context,
    id: &Value,
    _callable: &Value,
    _args: Maybe<&Value>,
    _kwargs: Maybe<&Value>,
    restrict: Maybe<bool>,
) -> PyResult<()> {
    Err(refuse(cx, id, &restrict, "make a call in", RUNS))
}

/// run_string(id, script, shared=None, *, restrict=False)
///
/// Execute the provided string in the identified interpreter.
///
/// (See _interpreters.exec().
#[pyfunction("run_string(id, script, shared=None, *, restrict=False)")]
fn run_string(
    cx: &Context,
    id: &Value,
    _script: &Value,
    _shared: Maybe<&Value>,
    restrict: Maybe<bool>,
) -> PyResult<()> {
    Err(refuse(cx, id, &restrict, "run a script in", RUNS))
}

/// run_func(id, func, shared=None, *, restrict=False)
///
/// Execute the body of the provided function in the identified interpreter.
///
/// (See _interpreters.exec().
#[pyfunction("run_func(id, func, shared=None, *, restrict=False)")]
fn run_func(
    cx: &Context,
    id: &Value,
    _func: &Value,
    _shared: Maybe<&Value>,
    restrict: Maybe<bool>,
) -> PyResult<()> {
    Err(refuse(cx, id, &restrict, "run a function in", RUNS))
}

/// set___main___attrs(id, ns, *, restrict=False)
///
/// Bind the given attributes in the interpreter's __main__ module.
#[pyfunction("set___main___attrs(id, updates, *, restrict=False)")]
fn set_main_attributes(
    cx: &Context,
    id: &Value,
    _updates: &Value,
    restrict: Maybe<bool>,
) -> PyResult<()> {
    Err(refuse(cx, id, &restrict, "update __main__ for", RUNS))
}

/// is_shareable(obj) -> bool
///
/// Return True if the object's data may be shared between interpreters and
/// False otherwise.
#[pyfunction("is_shareable(obj)")]
fn is_shareable(_cx: &Context, object: &Value) -> PyResult<bool> {
    Ok(object.is_none()
        || object.as_bool().is_some()
        || int::is_exact(object)
        || float::is_exact(object)
        || object.is_exact::<Str>()
        || object.is_exact::<Bytes>()
        || object.is_exact::<Tuple>())
}
