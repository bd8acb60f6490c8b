//! `_thread`: threads, locks, and data that each thread has for itself; what `threading` is made of.
//!
//! ```text
//!   raw_lock.rs    the word that threads wait on, and an event
//!   lock.rs        lock            rlock.rs      RLock
//!   handle.rs      how threads start and end, _ThreadHandle
//!   local.rs       _local          excepthook.rs _excepthook, _ExceptHookArgs
//! ```

mod excepthook;
mod handle;
mod local;
mod lock;
mod raw_lock;
mod rlock;

use std::cell::Cell;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value, audit, codec, module};
use typhon_sync::thread::ThreadRecord;

pub use handle::{ForkGuard, ThreadHandle, after_fork_child, prepare_fork};
pub use local::{Local, leave};
pub use lock::Lock;
pub use raw_lock::{Event, RawLock};
pub use rlock::RLock;

/// The longest name of a thread, in bytes.
const NAME_MAXLEN: usize = 15;
/// The least that `stack_size` takes.
const STACK_MINIMUM: usize = 32 << 10;

thread_local! {
    static IDENT: Cell<u64> = const { Cell::new(0) };
}

static MAIN_IDENT: AtomicU64 = AtomicU64::new(0);

/// `get_ident()`: what the system calls the calling thread.
#[inline]
pub fn ident() -> u64 {
    IDENT.with(|ident| match ident.get() {
        0 => {
            // SAFETY: the call has no preconditions.
            let own = unsafe { libc::pthread_self() } as u64;
            ident.set(own);
            own
        }
        own => own,
    })
}

/// What `ident` is of each thread of the interpreter, by the id of its record.
static IDENTS: [AtomicU64; 1 << 16] = [const { AtomicU64::new(0) }; 1 << 16];

/// The calling thread has this context from now on.
pub fn note_ident(cx: &Context) {
    IDENTS[usize::from(cx.record.id())].store(ident(), Ordering::Relaxed);
}

/// What `ident` is of a thread that has a context; 0 when it is not known.
pub fn ident_of(record: &ThreadRecord) -> u64 {
    IDENTS[usize::from(record.id())].load(Ordering::Relaxed)
}

/// The calling thread is the main one: called at start-up, and in the child of a fork.
pub fn become_main() {
    MAIN_IDENT.store(ident(), Ordering::Relaxed);
}

/// `ident` of the main thread.
pub fn main_ident() -> u64 {
    MAIN_IDENT.load(Ordering::Relaxed)
}

/// How many threads run beside the main one.
pub fn running() -> usize {
    handle::count()
}

fn text(cx: &Context, text: &str) -> PyResult<Value> {
    Str::from_str(cx, text).map(Ref::into_value)
}

/// This module provides primitive operations to write multi-threaded programs.
/// The 'threading' module provides a more convenient interface.
#[pymodule(
    name = "_thread",
    functions(
        start_new_thread,
        start_new,
        start_joinable_thread,
        daemon_threads_allowed,
        allocate_lock,
        allocate,
        exit_thread,
        exit,
        interrupt_main,
        get_ident,
        get_native_id,
        count,
        stack_size,
        excepthook::excepthook,
        is_main_interpreter,
        shutdown,
        make_thread_handle,
        get_main_thread_ident,
        set_name,
        get_name
    ),
    classes(Lock, RLock, ThreadHandle, Local)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    note_ident(cx);
    if main_ident() == 0 {
        become_main();
    }
    module::add(cx, this, "LockType", Lock::class().to_value())?;
    module::add(
        cx,
        this,
        "_ExceptHookArgs",
        excepthook::ARGUMENTS.class(cx)?.to_value(),
    )?;
    module::add(cx, this, "error", exceptions::runtime_error().to_value())?;
    module::add(cx, this, "TIMEOUT_MAX", lock::TIMEOUT_MAX as f64 / 1e9)?;
    module::add(cx, this, "_NAME_MAXLEN", NAME_MAXLEN)
}

/// Start a new thread and return its identifier.
///
/// The thread will call the function with positional arguments from the
/// tuple args and keyword arguments taken from the optional dictionary
/// kwargs.  The thread exits when the function returns; the return value
/// is ignored.  The thread will also exit when the function raises an
/// unhandled exception; a stack trace will be printed unless the exception
/// is SystemExit.
#[pyfunction("start_new_thread(function, args, kwargs={}, /)")]
fn start_new_thread(
    cx: &Context,
    function: &Value,
    args: &Value,
    kwargs: Maybe<&Value>,
) -> PyResult<u64> {
    if !call::is_callable(function) {
        return Err(cx.type_error("first arg must be callable"));
    }
    let Some(args) = args.downcast::<Tuple>() else {
        return Err(cx.type_error("2nd arg must be a tuple"));
    };
    let keywords = match kwargs.0 {
        Some(keywords) => match keywords.downcast::<Dict>() {
            Some(keywords) => Some(keywords.clone()),
            None => return Err(cx.type_error("optional 3rd arg must be a dictionary")),
        },
        None => None,
    };
    audit::event(cx, "_thread.start_new_thread", || {
        let kwargs = kwargs.0.cloned().unwrap_or(Value::NONE);
        Ok(vec![function.clone(), args.to_value(), kwargs])
    })?;
    handle::start(
        cx,
        function.clone(),
        Some(args.clone()),
        keywords,
        &Arc::default(),
        true,
    )
}

/// An obsolete synonym of start_new_thread().
#[pyfunction("start_new(function, args, kwargs={}, /)")]
fn start_new(cx: &Context, function: &Value, args: &Value, kwargs: Maybe<&Value>) -> PyResult<u64> {
    start_new_thread(cx, function, args, kwargs)
}

/// *For internal use only*: start a new thread.
///
/// Like start_new_thread(), this starts a new thread calling the given function.
/// Unlike start_new_thread(), this returns a handle object with methods to join
/// or detach the given thread.
/// This function is not for third-party code, please use the
/// `threading` module instead. During finalization the runtime will not wait for
/// the thread to exit if daemon is True. If handle is provided it must be a
/// newly created thread._ThreadHandle instance.
#[pyfunction("start_joinable_thread(function, handle=None, daemon=True)")]
fn start_joinable_thread(
    cx: &Context,
    function: &Value,
    handle: Option<&Value>,
    daemon: bool,
) -> PyResult<Ref<ThreadHandle>> {
    if !call::is_callable(function) {
        return Err(cx.type_error("thread function must be callable"));
    }
    audit::event(cx, "_thread.start_joinable_thread", || {
        let handle = handle.cloned().unwrap_or(Value::NONE);
        let daemon = Value::small_int(daemon.into());
        Ok(vec![function.clone(), daemon, handle])
    })?;
    let handle = match handle {
        None => ThreadHandle::of(cx, Arc::default())?,
        Some(handle) => match handle.downcast::<ThreadHandle>() {
            Some(handle) => handle.clone(),
            None => return Err(cx.type_error("'handle' must be a _ThreadHandle")),
        },
    };
    handle::start(cx, function.clone(), None, None, &handle.thread, daemon)?;
    Ok(handle)
}

/// Return True if daemon threads are allowed in the current interpreter,
/// and False otherwise.
#[pyfunction("daemon_threads_allowed()")]
fn daemon_threads_allowed(_cx: &Context) -> PyResult<bool> {
    Ok(true)
}

/// Create a new lock object. See help(type(threading.Lock())) for
/// information about locks.
#[pyfunction("allocate_lock()")]
fn allocate_lock(cx: &Context) -> PyResult<Ref<Lock>> {
    Lock::create(cx)
}

/// An obsolete synonym of allocate_lock().
#[pyfunction("allocate()")]
fn allocate(cx: &Context) -> PyResult<Ref<Lock>> {
    Lock::create(cx)
}

/// This is synonymous to ``raise SystemExit''.  It will cause the current
/// thread to exit silently unless the exception is caught.
#[pyfunction("exit()")]
fn exit(cx: &Context) -> PyResult<()> {
    Err(cx.raise_with(exceptions::system_exit(), &[]))
}

/// An obsolete synonym of exit().
#[pyfunction("exit_thread()")]
fn exit_thread(cx: &Context) -> PyResult<()> {
    exit(cx)
}

/// Simulate the arrival of the given signal in the main thread,
/// where the corresponding signal handler will be executed.
/// If *signum* is omitted, SIGINT is assumed.
/// A subthread can use this function to interrupt the main thread.
///
/// Note: the default signal handler for SIGINT raises ``KeyboardInterrupt``.
#[pyfunction("interrupt_main(signum=2, /)")]
fn interrupt_main(cx: &Context, signum: i32) -> PyResult<()> {
    if crate::signal::simulate(signum) {
        // The main thread need not come to a safepoint of its own first.
        crate::blocking::interrupted(cx)
    } else {
        Err(cx.value_error("signal number out of range"))
    }
}

/// Return a non-zero integer that uniquely identifies the current thread
/// amongst other threads that exist simultaneously.
/// This may be used to identify per-thread resources.
/// Even though on some platforms threads identities may appear to be
/// allocated consecutive numbers starting at 1, this behavior should not
/// be relied upon, and the number should be seen purely as a magic cookie.
/// A thread's identity may be reused for another thread after it exits.
#[pyfunction("get_ident()")]
fn get_ident(_cx: &Context) -> PyResult<u64> {
    Ok(ident())
}

/// Return a non-negative integer identifying the thread as reported
/// by the OS (kernel). This may be used to uniquely identify a
/// particular thread within a system.
#[pyfunction("get_native_id()")]
fn get_native_id(_cx: &Context) -> PyResult<i32> {
    Ok(rustix::thread::gettid().as_raw_nonzero().get())
}

/// Return the number of currently running Python threads, excluding
/// the main thread. The returned number comprises all threads created
/// through `start_new_thread()` as well as `threading.Thread`, and not
/// yet finished.
///
/// This function is meant for internal and specialized purposes only.
/// In most applications `threading.enumerate()` should be used instead.
#[pyfunction("_count()")]
fn count(_cx: &Context) -> PyResult<usize> {
    Ok(handle::count())
}

/// Return the thread stack size used when creating new threads.  The
/// optional size argument specifies the stack size (in bytes) to be used
/// for subsequently created threads, and must be 0 (use platform or
/// configured default) or a positive integer value of at least 32,768 (32k).
/// If changing the thread stack size is unsupported, a ThreadError
/// exception is raised.  If the specified size is invalid, a ValueError
/// exception is raised, and the stack size is unmodified.  32k bytes
///  currently the minimum supported stack size value to guarantee
/// sufficient stack space for the interpreter itself.
///
/// Note that some platforms may have particular restrictions on values for
/// the stack size, such as requiring a minimum stack size larger than 32 KiB or
/// requiring allocation in multiples of the system memory page size
/// - platform documentation should be referred to for more information
/// (4 KiB pages are common; using multiples of 4096 for the stack size is
/// the suggested approach in the absence of more specific information).
#[pyfunction("stack_size(size=0, /)")]
fn stack_size(cx: &Context, size: Maybe<isize>) -> PyResult<usize> {
    let Some(size) = size.0 else {
        return Ok(handle::STACK_SIZE.load(Ordering::Relaxed));
    };
    match usize::try_from(size) {
        Ok(size) if size == 0 || size >= STACK_MINIMUM => {
            Ok(handle::STACK_SIZE.swap(size, Ordering::Relaxed))
        }
        _ => Err(cx.value_error(format!("size must be at least {STACK_MINIMUM} bytes"))),
    }
}

/// Return True if the current interpreter is the main Python interpreter.
#[pyfunction("_is_main_interpreter()")]
fn is_main_interpreter(_cx: &Context) -> PyResult<bool> {
    Ok(true)
}

/// Wait for all non-daemon threads (other than the calling thread) to stop.
#[pyfunction("_shutdown()")]
fn shutdown(cx: &Context) -> PyResult<()> {
    handle::join_all(cx)
}

/// Internal only. Make a thread handle for threads not spawned
/// by the _thread or threading module.
#[pyfunction("_make_thread_handle(ident, /)")]
fn make_thread_handle(cx: &Context, ident: &Value) -> PyResult<Ref<ThreadHandle>> {
    let Some(ident) = int::view(ident) else {
        return Err(cx.type_error("ident must be an integer"));
    };
    match ident.to_i128().and_then(|ident| u64::try_from(ident).ok()) {
        Some(ident) => ThreadHandle::of(cx, Arc::new(handle::Thread::foreign(ident))),
        None => Err(cx.overflow_error("int too big to convert")),
    }
}

/// Internal only. Return a non-zero integer that uniquely identifies the main thread
/// of the main interpreter.
#[pyfunction("_get_main_thread_ident()")]
fn get_main_thread_ident(_cx: &Context) -> PyResult<u64> {
    Ok(main_ident())
}

/// Set the name of the current thread.
#[pyfunction("set_name(name)")]
fn set_name(cx: &Context, name: &Ref<Str>) -> PyResult<()> {
    let mut bytes = name.to_lossy().into_owned().into_bytes();
    // The system's names end at the first null byte.
    let end = bytes.iter().position(|&byte| byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()).min(NAME_MAXLEN));
    let name = CString::new(bytes).expect("invariant: it ends before the first null byte");
    match rustix::thread::set_name(&name) {
        Ok(()) => Ok(()),
        Err(error) => Err(exceptions::os_error_from_errno(
            cx,
            error.raw_os_error(),
            None,
        )),
    }
}

/// Get the name of the current thread.
#[pyfunction("_get_name()")]
fn get_name(cx: &Context) -> PyResult<Value> {
    match rustix::thread::name() {
        // The system cuts names in the middle of a character.
        Ok(name) => codec::decode_file_name(cx, name.to_bytes()).map(Ref::into_value),
        Err(error) => Err(exceptions::os_error_from_errno(
            cx,
            error.raw_os_error(),
            None,
        )),
    }
}
