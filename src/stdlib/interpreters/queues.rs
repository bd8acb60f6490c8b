//! `_interpqueues`: queues by which interpreters pass data to each other. Since there is one interpreter
//! in a process, there is nobody to pass data to: `create` raises QueueError at once, before somebody waits
//! for an answer that cannot come.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Value, module};

use super::{PUBLIC, number};
use crate::exception_class::ExceptionClass;

static QUEUE_ERROR: ExceptionClass =
    ExceptionClass::new(PUBLIC, "QueueError", exceptions::runtime_error);
static NOT_FOUND_ERROR: ExceptionClass =
    ExceptionClass::new(PUBLIC, "QueueNotFoundError", queue_error);

fn queue_error() -> &'static Ref<Type> {
    match QUEUE_ERROR.get(Context::current()) {
        Ok(class) => class,
        // It cannot be made for lack of memory; the module's initialization has failed before.
        Err(Raised) => exceptions::runtime_error(),
    }
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule(
    name = "_interpqueues",
    functions(
        create,
        list_all,
        put,
        get,
        bind,
        release,
        destroy,
        get_maxsize,
        get_count,
        is_full,
        get_queue_defaults,
        register_heap_types
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "QueueError", QUEUE_ERROR.get(cx)?.clone())?;
    let not_found = NOT_FOUND_ERROR.get(cx)?.clone();
    module::add(cx, this, "QueueNotFoundError", not_found)
}

#[cold]
fn not_found(cx: &Context, id: &Value) -> Raised {
    match number(cx, "queue", id) {
        Ok(id) => NOT_FOUND_ERROR.raise(cx, format!("queue {id} not found")),
        Err(raised) => raised,
    }
}

/// create(maxsize, unboundop, fallback) -> qid
///
/// Create a new cross-interpreter queue and return its unique generated ID.
///
/// There is one interpreter in a process: QueueError is raised.
#[pyfunction("create(maxsize, unboundop=-1, fallback=-1)")]
fn create(
    cx: &Context,
    _maxsize: i64,
    _unboundop: Maybe<i64>,
    _fallback: Maybe<i64>,
) -> PyResult<()> {
    Err(QUEUE_ERROR.raise(
        cx,
        "queue creation failed: there is one interpreter in a process",
    ))
}

/// list_all() -> [(qid, unboundop, fallback)]
///
/// Return the list of IDs for all queues.
/// Each corresponding default unbound op and fallback is also included.
#[pyfunction("list_all()")]
fn list_all(cx: &Context) -> PyResult<Ref<List>> {
    List::new(cx)
}

/// put(qid, obj)
///
/// Add the object's data to the queue.
#[pyfunction("put(qid, obj, unboundop=-1, fallback=-1)")]
fn put(
    cx: &Context,
    qid: &Value,
    _obj: &Value,
    _unboundop: Maybe<i64>,
    _fallback: Maybe<i64>,
) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// get(qid) -> (obj, unboundop)
///
/// Return a new object from the data at the front of the queue.
/// The unbound op is also returned.
///
/// If there is nothing to receive then raise QueueEmpty.
#[pyfunction("get(qid)")]
fn get(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// bind(qid)
///
/// Take a reference to the identified queue.
/// The queue is not destroyed until there are no references left.
#[pyfunction("bind(qid)")]
fn bind(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// release(qid)
///
/// Release a reference to the queue.
/// The queue is destroyed once there are no references left.
#[pyfunction("release(qid)")]
fn release(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// destroy(qid)
///
/// Clear and destroy the queue.  Afterward attempts to use the queue
/// will behave as though it never existed.
#[pyfunction("destroy(qid)")]
fn destroy(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// get_maxsize(qid)
///
/// Return the maximum number of items in the queue.
#[pyfunction("get_maxsize(qid)")]
fn get_maxsize(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// get_count(qid)
///
/// Return the number of items in the queue.
#[pyfunction("get_count(qid)")]
fn get_count(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// is_full(qid)
///
/// Return true if the queue has a maxsize and has reached it.
#[pyfunction("is_full(qid)")]
fn is_full(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

/// get_queue_defaults(qid)
///
/// Return the queue's default values, set when it was created.
#[pyfunction("get_queue_defaults(qid)")]
fn get_queue_defaults(cx: &Context, qid: &Value) -> PyResult<()> {
    Err(not_found(cx, qid))
}

#[pyfunction("_register_heap_types(queuetype, emptyerror, fullerror)")]
fn register_heap_types(
    _cx: &Context,
    _queue: &Value,
    _empty: &Value,
    _full: &Value,
) -> PyResult<()> {
    // The classes are for queues that are made; none is.
    Ok(())
}
