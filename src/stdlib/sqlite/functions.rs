//! What SQLite calls back: functions, aggregates, collations, and those who are asked or told.
//!
//! SQLite owns a function's callable and destroys it, within a call (detached, so that it attaches) or
//! when the database is closed for good. Authorizer, progress handler and trace are the connection's own:
//! SQLite has a pointer to [`Hooks`], which lives longer than the database.
//!
//! An exception in a callback is an error of the statement; it is shown when
//! `enable_callback_tracebacks` asks for it, and forgotten.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use libsqlite3_sys as ffi;
use typhon_macros::{pyfunction, pymethods};
use typhon_runtime::args::{Args, FromArgument, Place, Signature};
use typhon_runtime::codec;
use typhon_runtime::field::Field;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, finalizer, warnings};

use super::adaptation;
use super::connection::Connection;
use super::errors::{self, failed, programming};
use super::library::{self, Datum, Statement};
use crate::arguments::{bind, given, signature};

static SHOWS_TRACEBACKS: AtomicBool = AtomicBool::new(false);

/// Enable or disable callback functions throwing errors to stderr.
#[pyfunction("enable_callback_tracebacks(enable, /)")]
pub fn enable_callback_tracebacks(_cx: &Context, enable: bool) -> PyResult<()> {
    SHOWS_TRACEBACKS.store(enable, Ordering::Relaxed);
    Ok(())
}

/// Who is asked before statements are made, and told of their progress. See the module's header.
#[derive(Default)]
pub struct Hooks {
    authorizer: Field,
    progress: Field,
    trace: Field,
}

impl Hooks {
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.authorizer.traverse(visit);
        self.progress.traverse(visit);
        self.trace.traverse(visit);
    }
}

/// Shows the exception that is set, or forgets it.
fn dispose(cx: &Context, callable: &Value) {
    if SHOWS_TRACEBACKS.load(Ordering::Relaxed) {
        finalizer::unraisable(cx, "", callable);
    } else {
        cx.clear_exception();
    }
}

/// What SQLite keeps for a callback.
struct Callable(Value);

impl Callable {
    fn into_pointer(callable: &Value) -> *mut c_void {
        Box::into_raw(Box::new(Callable(callable.clone()))).cast()
    }
}

/// SQLite does not need a callable any more.
unsafe extern "C" fn destroy(pointer: *mut c_void) {
    // SAFETY: the pointer is from `into_pointer`, and given back once. A thread that runs no Python any more
    // leaves the object to the end of the process.
    library::callback(|_| drop(unsafe { Box::from_raw(pointer.cast::<Callable>()) }));
}

/// The callable of a call.
///
/// # Safety
/// SQLite has made the call, and waits for its end.
unsafe fn callable(context: *mut ffi::sqlite3_context) -> Value {
    // SAFETY: the user data of our functions is a `Callable`, which lives while they are called.
    unsafe {
        (*ffi::sqlite3_user_data(context).cast::<Callable>())
            .0
            .clone()
    }
}

/// Ends a call with an error.
///
/// # Safety
/// As [`callable`].
unsafe fn fail(cx: &Context, context: *mut ffi::sqlite3_context, of: &Value, message: &CStr) {
    // SAFETY: the caller's; the message is copied.
    unsafe {
        if cx.exception_matches(exceptions::memory_error()) {
            ffi::sqlite3_result_error_nomem(context);
        } else if cx.exception_matches(exceptions::overflow_error()) {
            ffi::sqlite3_result_error_toobig(context);
        } else {
            ffi::sqlite3_result_error(context, message.as_ptr(), -1);
        }
    }
    dispose(cx, of);
}

/// Ends a call with a Python object.
///
/// # Safety
/// As [`callable`].
unsafe fn answer(cx: &Context, context: *mut ffi::sqlite3_context, result: &Value) -> PyResult<()> {
    match adaptation::datum(cx, result)? {
        // SAFETY: the caller's.
        Some(datum) => unsafe { library::answer(context, &datum) },
        None => return Err(cx.type_error("unsupported type")),
    }
    Ok(())
}

/// The arguments of a call, copied.
///
/// # Safety
/// As [`callable`]; the values are the call's.
unsafe fn arguments(count: c_int, values: *mut *mut ffi::sqlite3_value) -> Vec<Datum> {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the caller's.
    unsafe {
        (0..count)
            .map(|at| library::datum(*values.add(at)))
            .collect()
    }
}

fn values(cx: &Context, data: &[Datum]) -> PyResult<Vec<Value>> {
    data.iter()
        .map(|datum| adaptation::value(cx, datum))
        .collect()
}

unsafe extern "C" fn call_function(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments_of_call: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite makes the call and waits for its end.
    unsafe {
        let data = arguments(count, arguments_of_call);
        library::callback(|cx| {
            let function = callable(context);
            let result = values(cx, &data)
                .and_then(|values| call::call(cx, &function, &values))
                .and_then(|result| answer(cx, context, &result));
            if result.is_err() {
                fail(
                    cx,
                    context,
                    &function,
                    c"user-defined function raised exception",
                );
            }
        });
    }
}

/// The instance of an aggregate's class: made for the first row, if `makes`.
///
/// # Safety
/// As [`callable`].
unsafe fn instance(
    cx: &Context,
    context: *mut ffi::sqlite3_context,
    makes: bool,
) -> PyResult<Option<Value>> {
    let size = if makes { size_of::<*mut Callable>() } else { 0 };
    // SAFETY: the caller's. The place is zero when it is new, and ours until the aggregate ends.
    unsafe {
        let place = ffi::sqlite3_aggregate_context(context, size as c_int).cast::<*mut Callable>();
        if place.is_null() {
            return Ok(None);
        }
        if (*place).is_null() {
            if !makes {
                return Ok(None);
            }
            let made = call::call(cx, &callable(context), &[])?;
            *place = Callable::into_pointer(&made).cast();
        }
        Ok(Some((**place).0.clone()))
    }
}

/// Calls a method of an aggregate's instance with the arguments.
///
/// # Safety
/// As [`callable`].
unsafe fn advance(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments_of_call: *mut *mut ffi::sqlite3_value,
    method: &str,
) {
    // SAFETY: the caller's.
    unsafe {
        let data = arguments(count, arguments_of_call);
        library::callback(|cx| {
            let class = callable(context);
            let made = match instance(cx, context, true) {
                Ok(Some(made)) => made,
                Ok(None) => return,
                Err(Raised) => {
                    let message = c"user-defined aggregate's '__init__' method raised error";
                    return fail(cx, context, &class, message);
                }
            };
            let result = Name::intern(cx, method)
                .and_then(|name| attribute::get(cx, &made, name))
                .map_err(|Raised| {
                    let message = format!("user-defined aggregate's '{method}' method not defined");
                    fail(cx, context, &class, &text(message));
                });
            let Ok(method_of_instance) = result else {
                return;
            };
            let result =
                values(cx, &data).and_then(|values| call::call(cx, &method_of_instance, &values));
            if result.is_err() {
                let message = format!("user-defined aggregate's '{method}' method raised error");
                fail(cx, context, &class, &text(message));
            }
        });
    }
}

fn text(message: String) -> CString {
    CString::new(message).unwrap_or_default()
}

unsafe extern "C" fn step(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite makes the call and waits for its end.
    unsafe { advance(context, count, values, "step") };
}

unsafe extern "C" fn inverse(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as above.
    unsafe { advance(context, count, values, "inverse") };
}

/// Answers with what a method of an aggregate's instance returns.
///
/// # Safety
/// As [`callable`].
unsafe fn conclude(context: *mut ffi::sqlite3_context, method: &str, ends: bool) {
    // SAFETY: the caller's; the instance is not used after its aggregate has ended.
    unsafe {
        library::callback(|cx| {
            let class = callable(context);
            let Ok(Some(made)) = instance(cx, context, false) else {
                return;
            };
            let result = Name::intern(cx, method).and_then(|name| attribute::get(cx, &made, name));
            match result {
                Err(Raised) => {
                    let message = format!("user-defined aggregate's '{method}' method not defined");
                    fail(cx, context, &class, &text(message));
                }
                Ok(function) => {
                    let result = call::call(cx, &function, &[])
                        .and_then(|result| answer(cx, context, &result));
                    if result.is_err() {
                        let message =
                            format!("user-defined aggregate's '{method}' method raised error");
                        fail(cx, context, &class, &text(message));
                    }
                }
            }
            if ends {
                let place = ffi::sqlite3_aggregate_context(context, 0).cast::<*mut Callable>();
                drop(Box::from_raw(*place));
                *place = ptr::null_mut();
            }
        });
    }
}

unsafe extern "C" fn finalize(context: *mut ffi::sqlite3_context) {
    // SAFETY: SQLite makes the call and waits for its end.
    unsafe { conclude(context, "finalize", true) };
}

unsafe extern "C" fn value(context: *mut ffi::sqlite3_context) {
    // SAFETY: as above.
    unsafe { conclude(context, "value", false) };
}

unsafe extern "C" fn collate(
    pointer: *mut c_void,
    first_length: c_int,
    first: *const c_void,
    second_length: c_int,
    second: *const c_void,
) -> c_int {
    // SAFETY: the texts are SQLite's for as long as the call, the pointer is a `Callable`.
    let (first, second, function) = unsafe {
        let bytes = |start: *const c_void, length: c_int| {
            let length = usize::try_from(length).unwrap_or(0);
            if length == 0 {
                Vec::new()
            } else {
                std::slice::from_raw_parts(start.cast::<u8>(), length).to_vec()
            }
        };
        (
            Datum::Text(bytes(first, first_length)),
            Datum::Text(bytes(second, second_length)),
            pointer.cast::<Callable>(),
        )
    };
    let compared = library::callback(|cx| {
        // SAFETY: as above.
        let function = unsafe { (*function).0.clone() };
        let result = values(cx, &[first, second])
            .and_then(|values| call::call(cx, &function, &values))
            .and_then(|result| int::index_as_i128(cx, &result));
        result.unwrap_or_else(|Raised| {
            dispose(cx, &function);
            0
        })
    });
    compared.map_or(0, |order| order.signum() as c_int)
}

unsafe extern "C" fn authorize(
    pointer: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    database: *const c_char,
    trigger: *const c_char,
) -> c_int {
    // SAFETY: the names are SQLite's for as long as the call, the hooks live longer than the database.
    let (names, hooks) = unsafe {
        let names = [first, second, database, trigger].map(|name| library::text(name));
        (names, &*pointer.cast::<Hooks>())
    };
    library::callback(|cx| {
        let Some(function) = hooks.authorizer.get() else {
            return ffi::SQLITE_OK;
        };
        let ask = || {
            let mut arguments = vec![Value::small_int(action)];
            for name in &names {
                arguments.push(match name {
                    Some(name) => Str::from_str(cx, name)?.into_value(),
                    None => Value::NONE,
                });
            }
            let answer = call::call(cx, &function, &arguments)?;
            if int::as_bigint(&answer).is_none() {
                return Ok(ffi::SQLITE_DENY);
            }
            let answer = int::index_as_i128(cx, &answer)?;
            Ok(c_int::try_from(answer).unwrap_or(ffi::SQLITE_DENY))
        };
        ask().unwrap_or_else(|Raised| {
            dispose(cx, &function);
            ffi::SQLITE_DENY
        })
    })
    .unwrap_or(ffi::SQLITE_DENY)
}

unsafe extern "C" fn report_progress(pointer: *mut c_void) -> c_int {
    // SAFETY: the hooks live longer than the database.
    let hooks = unsafe { &*pointer.cast::<Hooks>() };
    let stops = library::callback(|cx| {
        let Some(function) = hooks.progress.get() else {
            return false;
        };
        let result = call::call(cx, &function, &[]).and_then(|answer| answer.truth(cx));
        result.unwrap_or_else(|Raised| {
            dispose(cx, &function);
            true
        })
    });
    stops.unwrap_or(false).into()
}

unsafe extern "C" fn trace(
    _kind: c_uint,
    pointer: *mut c_void,
    statement: *mut c_void,
    sql: *mut c_void,
) -> c_int {
    // SAFETY: the hooks live longer than the database; the statement and its text are SQLite's for as long
    // as the call.
    let (hooks, shown) = unsafe {
        let written = library::text(sql.cast::<c_char>());
        // A comment tells that a trigger begins.
        let shown = match written {
            Some(text) if text.starts_with("--") => Some(text),
            written => Statement::expanded(statement.cast()).or(written),
        };
        (&*pointer.cast::<Hooks>(), shown)
    };
    library::callback(|cx| {
        let (Some(function), Some(shown)) = (hooks.trace.get(), shown) else {
            return;
        };
        let result = Str::from_str(cx, &shown)
            .and_then(|shown| call::call(cx, &function, &[shown.into_value()]));
        if result.is_err() {
            dispose(cx, &function);
        }
    });
    0
}

fn name_of(cx: &Context, name: &Ref<Str>) -> PyResult<CString> {
    let name = codec::encode(cx, name, "utf-8", "strict")?;
    CString::new(name).map_err(|_| cx.value_error("embedded null character"))
}

fn present(callable: &Value) -> Option<Value> {
    Some(callable.clone()).filter(|callable| !callable.is_none())
}

/// How many arguments a function of SQLite takes at most.
const MOST_ARGUMENTS: i32 = 1000;

/// What is called of a function that SQLite knows by name.
#[derive(Clone, Copy)]
enum Shape {
    Function,
    Aggregate,
    Window,
}

fn register(
    cx: &Context,
    connection: &Ref<Connection>,
    name: &Ref<Str>,
    count: i32,
    flags: c_int,
    shape: Shape,
    target: &Value,
) -> PyResult<bool> {
    let database = connection.checked(cx)?;
    if !(-1..=MOST_ARGUMENTS).contains(&count) {
        let parameter = match shape {
            Shape::Function => "narg",
            Shape::Aggregate => "n_arg",
            Shape::Window => "num_params",
        };
        return Err(programming(
            cx,
            format!("'{parameter}' must be between -1 and {MOST_ARGUMENTS}, not {count}"),
        ));
    }
    let name = name_of(cx, name)?;
    let target = present(target);
    let pointer = target
        .as_ref()
        .map_or(ptr::null_mut(), Callable::into_pointer);
    let is_there = target.is_some();
    let flags = ffi::SQLITE_UTF8 | flags;
    let pointer = pointer.expose_provenance();
    let code = database.enter(cx, |entered| {
        let raw = entered.raw();
        let pointer = ptr::with_exposed_provenance_mut::<c_void>(pointer);
        let destroy = is_there.then_some(destroy as unsafe extern "C" fn(*mut c_void));
        type Call =
            unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);
        type End = unsafe extern "C" fn(*mut ffi::sqlite3_context);
        let call = |function: Call| is_there.then_some(function);
        let end = |function: End| is_there.then_some(function);
        // SAFETY: the database is open, and SQLite destroys the callable, also when the call fails.
        unsafe {
            match shape {
                Shape::Function => ffi::sqlite3_create_function_v2(
                    raw,
                    name.as_ptr(),
                    count,
                    flags,
                    pointer,
                    call(call_function),
                    None,
                    None,
                    destroy,
                ),
                Shape::Aggregate => ffi::sqlite3_create_function_v2(
                    raw,
                    name.as_ptr(),
                    count,
                    flags,
                    pointer,
                    None,
                    call(step),
                    end(finalize),
                    destroy,
                ),
                Shape::Window => ffi::sqlite3_create_window_function(
                    raw,
                    name.as_ptr(),
                    count,
                    flags,
                    pointer,
                    call(step),
                    end(finalize),
                    end(value),
                    call(inverse),
                    destroy,
                ),
            }
        }
    });
    Ok(code == ffi::SQLITE_OK)
}

/// Binds arguments of which the first `positions` will have to be given by position; a warning says so when they
/// are not.
fn bind_positions<'a, const N: usize>(
    cx: &Context,
    signature: &Signature,
    positions: usize,
    args: Args<'a>,
) -> PyResult<[Option<&'a Value>; N]> {
    let by_position = args.positional().len();
    let bound = bind(cx, signature, args)?;
    if by_position < positions {
        warn_of_names(cx, signature, positions)?;
    }
    Ok(bound)
}

fn warn_of_names(cx: &Context, signature: &Signature, positions: usize) -> PyResult<()> {
    let names: Vec<_> = signature.parameters[..positions]
        .iter()
        .map(|parameter| format!("'{}'", parameter.name))
        .collect();
    let (plural, names) = match &names[..] {
        [name] => ("", name.clone()),
        [first @ .., last] => ("s", format!("{} and {last}", first.join(", "))),
        [] => return Ok(()),
    };
    let function = signature.name;
    let message = format!(
        "Passing keyword argument{plural} {names} to _sqlite3.Connection.{function}() is deprecated. \
         Parameter{plural} {names} will become positional-only in Python 3.15."
    );
    warnings::warn(cx, exceptions::deprecation_warning(), &message, 1)
}

fn place(signature: &Signature, position: usize) -> Place {
    Place {
        function: signature.name,
        position: position + 1,
        name: signature.parameters[position].name,
        by_name: true,
    }
}

/// The name of a function, and how many arguments it takes.
fn name_and_count<'a>(
    cx: &Context,
    signature: &Signature,
    name: &'a Value,
    count: &Value,
) -> PyResult<(&'a Ref<Str>, i32)> {
    Ok((
        <&Ref<Str>>::from_argument(cx, name, &place(signature, 0))?,
        i32::from_argument(cx, count, &place(signature, 1))?,
    ))
}

#[pymethods(table = FUNCTIONS)]
impl Connection {
    /// Creates a new function.
    #[method("create_function(self, /, name, narg, func, *, deterministic=False)")]
    fn create_function(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!(
            "create_function",
            0,
            [name, narg, func],
            [deterministic = False]
        );
        let [name, count, function, deterministic] = bind_positions(cx, signature, 3, args)?;
        let (name, count) = name_and_count(cx, signature, given(name), given(count))?;
        let flags = match deterministic.map(|value| value.truth(cx)).transpose()? {
            Some(true) => ffi::SQLITE_DETERMINISTIC,
            _ => 0,
        };
        if !register(
            cx,
            this,
            name,
            count,
            flags,
            Shape::Function,
            given(function),
        )? {
            return Err(errors::OPERATIONAL_ERROR.raise(cx, "Error creating function"));
        }
        Ok(())
    }

    /// Creates a new aggregate.
    #[method("create_aggregate(self, /, name, n_arg, aggregate_class)")]
    fn create_aggregate(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!("create_aggregate", 0, [name, n_arg, aggregate_class], []);
        let [name, count, class] = bind_positions(cx, signature, 3, args)?;
        let (name, count) = name_and_count(cx, signature, given(name), given(count))?;
        if !register(cx, this, name, count, 0, Shape::Aggregate, given(class))? {
            return Err(errors::OPERATIONAL_ERROR.raise(cx, "Error creating aggregate"));
        }
        Ok(())
    }

    /// Creates or redefines an aggregate window function. Non-standard.
    #[method("create_window_function(self, name, num_params, aggregate_class, /)")]
    fn create_window_function(
        cx: &Context,
        this: &Ref<Connection>,
        name: &Ref<Str>,
        count: i32,
        class: &Value,
    ) -> PyResult<()> {
        if !register(cx, this, name, count, 0, Shape::Window, class)? {
            return Err(programming(cx, "Error creating window function"));
        }
        Ok(())
    }

    /// Creates a collation function.
    #[method("create_collation(self, name, callback, /)")]
    fn create_collation(
        cx: &Context,
        this: &Ref<Connection>,
        name: &Ref<Str>,
        function: &Value,
    ) -> PyResult<()> {
        let database = this.checked(cx)?;
        let name = name_of(cx, name)?;
        let function = present(function);
        if let Some(function) = &function
            && !call::is_callable(function)
        {
            return Err(cx.type_error("parameter must be callable"));
        }
        let pointer = function.as_ref().map_or(0, |function| {
            Callable::into_pointer(function).expose_provenance()
        });
        let is_there = function.is_some();
        let outcome = database.enter(cx, |entered| {
            let pointer = ptr::with_exposed_provenance_mut::<c_void>(pointer);
            // SAFETY: the database is open. The library does not destroy the callable when the call fails.
            unsafe {
                let code = ffi::sqlite3_create_collation_v2(
                    entered.raw(),
                    name.as_ptr(),
                    ffi::SQLITE_UTF8,
                    pointer,
                    if is_there { Some(collate) } else { None },
                    if is_there { Some(destroy) } else { None },
                );
                if code != ffi::SQLITE_OK && is_there {
                    destroy(pointer);
                }
                entered.check(code)
            }
        });
        outcome.map_err(|failure| failed(cx, &failure))
    }

    /// Set authorizer callback.
    #[method("set_authorizer(self, /, authorizer_callback)")]
    fn set_authorizer(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!("set_authorizer", 0, [authorizer_callback], []);
        let [callback] = bind_positions(cx, signature, 1, args)?;
        let database = this.checked(cx)?;
        let callback = present(given(callback));
        let is_there = callback.is_some();
        this.hooks.authorizer.set(callback);
        // SAFETY: the database is open, and the hooks live longer.
        let outcome = database.enter(cx, |entered| unsafe {
            entered.check(ffi::sqlite3_set_authorizer(
                entered.raw(),
                if is_there { Some(authorize) } else { None },
                ptr::from_ref::<Hooks>(&this.hooks).cast_mut().cast(),
            ))
        });
        outcome.map_err(|failure| failed(cx, &failure))
    }

    /// Set progress handler callback.
    ///
    ///   progress_handler
    ///     A callable that takes no arguments.
    ///     If the callable returns non-zero, the current query is terminated,
    ///     and an exception is raised.
    ///   n
    ///     The number of SQLite virtual machine instructions that are
    ///     executed between invocations of 'progress_handler'.
    ///
    /// If 'progress_handler' is None or 'n' is 0, the progress handler is disabled.
    #[method("set_progress_handler(self, /, progress_handler, n)")]
    fn set_progress_handler(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!("set_progress_handler", 0, [progress_handler, n], []);
        let [callback, every] = bind_positions(cx, signature, 1, args)?;
        let every = i32::from_argument(cx, given(every), &place(signature, 1))?;
        let database = this.checked(cx)?;
        let callback = present(given(callback));
        let is_there = callback.is_some();
        this.hooks.progress.set(callback);
        // SAFETY: the database is open, and the hooks live longer.
        database.enter(cx, |entered| unsafe {
            ffi::sqlite3_progress_handler(
                entered.raw(),
                if is_there { every } else { 0 },
                if is_there {
                    Some(report_progress)
                } else {
                    None
                },
                ptr::from_ref::<Hooks>(&this.hooks).cast_mut().cast(),
            );
        });
        Ok(())
    }

    /// Set a trace callback called for each SQL statement (passed as unicode).
    #[method("set_trace_callback(self, /, trace_callback)")]
    fn set_trace_callback(cx: &Context, this: &Ref<Connection>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!("set_trace_callback", 0, [trace_callback], []);
        let [callback] = bind_positions(cx, signature, 1, args)?;
        let database = this.checked(cx)?;
        let callback = present(given(callback));
        let is_there = callback.is_some();
        this.hooks.trace.set(callback);
        // SAFETY: the database is open, and the hooks live longer.
        database.enter(cx, |entered| unsafe {
            ffi::sqlite3_trace_v2(
                entered.raw(),
                if is_there { ffi::SQLITE_TRACE_STMT } else { 0 } as c_uint,
                if is_there { Some(trace) } else { None },
                ptr::from_ref::<Hooks>(&this.hooks).cast_mut().cast(),
            );
        });
        Ok(())
    }
}
