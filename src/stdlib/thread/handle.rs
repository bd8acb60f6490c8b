//! Threads: how they start and end, and `_thread._ThreadHandle`, by which one waits for them.
//!
//! ```text
//!   NOT_STARTED ──start──▶ STARTING ──the system has it──▶ RUNNING ──▶ DONE (and `done` is set)
//!        ▲                    │                                          ▲
//!        └──── refused ───────┘                    _set_done() ──────────┘
//! ```
//! A thread is done when it has given back its context: everything it owned is destroyed or handed on,
//! and its finalizers have run. Handles are known to [`THREADS`] for as long as their thread runs, for
//! `_shutdown` and for the child of a fork.

use std::collections::BTreeMap;
use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, text};
use typhon_runtime::{Context, PyResult, Ref, Value, finalizer, object};

use super::raw_lock::Event;
use crate::blocking::Deadline;
use crate::time::span::{self, Rounding};

/// The native stack of a thread, unless `stack_size` says otherwise.
const DEFAULT_STACK: usize = 8 << 20;
/// The least that native code gets, whatever `stack_size` says.
const LEAST_STACK: usize = 512 << 10;
/// Threads at once; the registry has ids for a few more.
const MOST_THREADS: usize = 65_000;

const NOT_STARTED: u8 = 0;
const STARTING: u8 = 1;
const RUNNING: u8 = 2;
const DONE: u8 = 3;

/// What is known of a thread outside Python.
#[derive(Debug, Default)]
pub struct Thread {
    state: AtomicU8,
    ident: AtomicU64,
    done: Event,
}

struct Started {
    thread: Arc<Thread>,
    daemon: bool,
}

/// The threads that run, in the order in which they were started.
static THREADS: Mutex<BTreeMap<u64, Started>> = Mutex::new(BTreeMap::new());
static SERIAL: AtomicU64 = AtomicU64::new(0);
/// How many there are; may differ from `THREADS` for a moment.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// What `stack_size` was set to; 0 for the default.
pub(super) static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);

/// How many threads run that were started here.
pub(super) fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

impl Thread {
    /// A thread that runs and was not started here.
    pub(super) fn foreign(ident: u64) -> Thread {
        Thread {
            state: AtomicU8::new(RUNNING),
            ident: AtomicU64::new(ident),
            done: Event::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.done.is_set()
    }

    fn set_done(&self) {
        self.state.store(DONE, Ordering::Relaxed);
        self.done.set();
    }

    fn ident(&self) -> u64 {
        self.ident.load(Ordering::Relaxed)
    }

    fn join(&self, cx: &Context, deadline: Deadline) -> PyResult<bool> {
        if self.state.load(Ordering::Relaxed) == NOT_STARTED {
            return Err(cx.runtime_error("thread not started"));
        }
        if !self.is_done() {
            if self.ident() == super::ident() {
                return Err(cx.runtime_error("Cannot join current thread"));
            }
            if typhon_sync::world::is_closed() {
                let class = exceptions::python_finalization_error();
                return Err(cx.raise_message(class, "cannot join thread at interpreter shutdown"));
            }
        }
        self.done.wait(cx, deadline)
    }
}

/// What a new thread does.
struct Work {
    function: Value,
    args: Option<Ref<Tuple>>,
    keywords: Option<Ref<Dict>>,
}

impl Work {
    fn run(&self, cx: &Context) -> PyResult<Value> {
        let mut values = self
            .args
            .as_ref()
            .map(|args| args.to_vec())
            .unwrap_or_default();
        let mut names = Vec::new();
        if let Some(keywords) = &self.keywords {
            for (name, value) in keywords.items_snapshot(cx)? {
                names.push(name);
                values.push(value);
            }
        }
        call::call_args(
            cx,
            &self.function,
            Args {
                values: &values,
                names: &names,
            },
        )
    }

    /// Runs as the thread's outermost code: nobody can be told of an error but the hook.
    fn run_to_the_end(self, cx: &Context) {
        super::note_ident(cx);
        match self.run(cx) {
            Ok(value) => drop(value),
            Err(_) if cx.exception_matches(exceptions::system_exit()) => cx.clear_exception(),
            Err(raised) => {
                let exception = cx.take_exception();
                let shown = text::repr_text(cx, &self.function).unwrap_or_else(|_| {
                    cx.clear_exception();
                    "?".to_owned()
                });
                cx.set_exception(exception);
                let _ = raised;
                finalizer::unraisable(
                    cx,
                    &format!("Exception ignored in thread started by {shown}"),
                    &Value::NONE,
                );
            }
        }
        drop(self);
        super::local::leave();
    }
}

/// Starts a thread and tells its ident.
///
/// # Errors
/// RuntimeError when the system refuses, and when the handle was used before.
pub(super) fn start(
    cx: &Context,
    function: Value,
    args: Option<Ref<Tuple>>,
    keywords: Option<Ref<Dict>>,
    thread: &Arc<Thread>,
    daemon: bool,
) -> PyResult<u64> {
    let begun =
        thread
            .state
            .compare_exchange(NOT_STARTED, STARTING, Ordering::Relaxed, Ordering::Relaxed);
    if begun.is_err() {
        return Err(cx.runtime_error("thread already started"));
    }
    if typhon_sync::world::is_closed() {
        thread.state.store(NOT_STARTED, Ordering::Relaxed);
        let class = exceptions::python_finalization_error();
        return Err(cx.raise_message(class, "can't create new thread at interpreter shutdown"));
    }
    typhon_sync::set_multithreaded();
    let spawned = (COUNT.fetch_add(1, Ordering::Relaxed) < MOST_THREADS)
        .then(|| {
            spawn(
                Work {
                    function,
                    args,
                    keywords,
                },
                thread,
                daemon,
            )
        })
        .flatten();
    match spawned {
        Some(ident) => Ok(ident),
        None => {
            COUNT.fetch_sub(1, Ordering::Relaxed);
            thread.state.store(NOT_STARTED, Ordering::Relaxed);
            Err(cx.runtime_error("can't start new thread"))
        }
    }
}

fn spawn(work: Work, thread: &Arc<Thread>, daemon: bool) -> Option<u64> {
    // Had before the thread starts, so that its lack can be told here.
    let reserved = Context::reserve()?;
    let stack = match STACK_SIZE.load(Ordering::Relaxed) {
        0 => DEFAULT_STACK,
        size => size.max(LEAST_STACK),
    };
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    THREADS.lock().insert(
        serial,
        Started {
            thread: thread.clone(),
            daemon,
        },
    );
    let own = thread.clone();
    let main = move || {
        own.ident.store(super::ident(), Ordering::Relaxed);
        own.state.store(RUNNING, Ordering::Relaxed);
        let entered = Context::enter_reserved(reserved, false, stack, |cx| work.run_to_the_end(cx));
        entered.expect("invariant: there are more ids than threads are started");
        COUNT.fetch_sub(1, Ordering::Relaxed);
        THREADS.lock().remove(&serial);
        own.set_done();
    };
    match std::thread::Builder::new().stack_size(stack).spawn(main) {
        Ok(handle) => {
            let ident = handle.as_pthread_t();
            thread.ident.store(ident, Ordering::Relaxed);
            Some(ident)
        }
        Err(_) => {
            THREADS.lock().remove(&serial);
            None
        }
    }
}

/// Waits for all threads that are not daemons, but for the calling one.
///
/// # Errors
/// What a signal handler raises.
pub(super) fn join_all(cx: &Context) -> PyResult<()> {
    loop {
        let mine = super::ident();
        let next = THREADS
            .lock()
            .values()
            .find(|started| {
                !started.daemon && started.thread.ident() != mine && !started.thread.is_done()
            })
            .map(|started| started.thread.clone());
        match next {
            Some(thread) => thread.join(cx, Deadline::NEVER)?,
            None => return Ok(()),
        };
    }
}

/// Keeps the table of threads whole across a fork.
pub struct ForkGuard(MutexGuard<'static, BTreeMap<u64, Started>>);

/// To be called before a fork; what it returns is dropped after it, or given to [`after_fork_child`].
pub fn prepare_fork() -> ForkGuard {
    ForkGuard(THREADS.lock())
}

/// In the child of a fork only the calling thread is left.
pub fn after_fork_child(mut guard: ForkGuard) {
    super::become_main();
    let mine = super::ident();
    guard.0.retain(|_, started| {
        let stays = started.thread.ident() == mine && !started.thread.is_done();
        if !stays {
            started.thread.set_done();
        }
        stays
    });
    COUNT.store(guard.0.len(), Ordering::Relaxed);
}

/// A thread to wait for. See the module's header.
#[pyclass(name = "_ThreadHandle", module = "_thread", plain)]
pub struct ThreadHandle {
    pub(super) thread: Arc<Thread>,
}

impl ThreadHandle {
    pub(super) fn of(cx: &Context, thread: Arc<Thread>) -> PyResult<Ref<ThreadHandle>> {
        object::new(cx, ThreadHandle { thread })
    }
}

#[pymethods]
impl ThreadHandle {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        ThreadHandle::of(cx, Arc::default()).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ThreadHandle>) -> PyResult<Value> {
        let name = this.as_value().class().full_name(cx);
        super::text(
            cx,
            &format!("<{name} object: ident={}>", this.thread.ident()),
        )
    }

    #[getter]
    fn ident(_cx: &Context, this: &Ref<ThreadHandle>) -> PyResult<u64> {
        Ok(this.thread.ident())
    }

    #[method("join(self, timeout=None, /)")]
    fn join(cx: &Context, this: &Ref<ThreadHandle>, timeout: Option<&Value>) -> PyResult<()> {
        let timeout = match timeout {
            Some(timeout) => Some(span::nanoseconds(cx, timeout, Rounding::Timeout)?),
            None => None,
        };
        let deadline = Deadline::after_option(timeout.filter(|&timeout| timeout >= 0));
        this.thread.join(cx, deadline).map(|_| ())
    }

    #[method("is_done(self, /)")]
    fn is_done(_cx: &Context, this: &Ref<ThreadHandle>) -> PyResult<bool> {
        Ok(this.thread.is_done())
    }

    #[method("_set_done(self, /)")]
    fn set_done(cx: &Context, this: &Ref<ThreadHandle>) -> PyResult<()> {
        if this.thread.state.load(Ordering::Relaxed) == NOT_STARTED {
            return Err(cx.runtime_error("thread not started"));
        }
        this.thread.set_done();
        Ok(())
    }
}
