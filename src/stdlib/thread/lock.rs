//! `_thread.lock`: a lock that any thread may release.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::object;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::raw_lock::RawLock;
use crate::blocking::Deadline;
use crate::time::span::{self, Rounding};

/// The longest timeout, in nanoseconds.
pub const TIMEOUT_MAX: i64 = 9_223_372_036_000_000_000;

/// See the module's header.
#[pyclass(
    name = "lock",
    module = "_thread",
    plain,
    flags(HAS_WEAKREF),
    signature = "()",
    doc = "A lock object is a synchronization primitive.  To create a lock,\ncall threading.Lock().  Methods are:\n\nacquire() -- lock the lock, possibly blocking until it can be obtained\nrelease() -- unlock of the lock\nlocked() -- test whether the lock is currently locked\n\nA lock is not owned by the thread that locked it; another thread may\nunlock it.  A thread attempting to lock a lock that it has already locked\nwill block until another thread unlocks it.  Deadlocks may ensue."
)]
pub struct Lock {
    lock: RawLock,
}

/// What `acquire(blocking, timeout)` asks for: `None` not to wait at all.
///
/// # Errors
/// ValueError and OverflowError for timeouts that make no sense.
pub(super) fn acquire_deadline(
    cx: &Context,
    blocking: bool,
    timeout: Option<&Value>,
) -> PyResult<Option<Deadline>> {
    let Some(timeout) = timeout else {
        return Ok(blocking.then_some(Deadline::NEVER));
    };
    let timeout = span::nanoseconds(cx, timeout, Rounding::Timeout)?;
    if timeout == -crate::blocking::NANOSECONDS_PER_SECOND {
        return Ok(blocking.then_some(Deadline::NEVER));
    }
    if !blocking {
        return Err(cx.value_error("can't specify a timeout for a non-blocking call"));
    }
    if timeout < 0 {
        return Err(cx.value_error("timeout value must be a non-negative number"));
    }
    if timeout > TIMEOUT_MAX {
        return Err(cx.overflow_error("timeout value is too large"));
    }
    Ok(Some(Deadline::after(timeout)))
}

impl Lock {
    /// A new lock.
    ///
    /// # Errors
    /// MemoryError.
    pub fn create(cx: &Context) -> PyResult<Ref<Lock>> {
        object::new(
            cx,
            Lock {
                lock: RawLock::new(),
            },
        )
    }

    fn take(&self, cx: &Context, blocking: bool, timeout: Option<&Value>) -> PyResult<bool> {
        match acquire_deadline(cx, blocking, timeout)? {
            Some(deadline) => self.lock.acquire(cx, deadline),
            None => Ok(self.lock.try_acquire()),
        }
    }

    fn give_back(&self, cx: &Context) -> PyResult<()> {
        if self.lock.release() {
            Ok(())
        } else {
            Err(cx.runtime_error("release unlocked lock"))
        }
    }
}

#[pymethods]
impl Lock {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("lock() takes no keyword arguments"));
        }
        if !args.values.is_empty() {
            return Err(cx.type_error(format!(
                "lock expected 0 arguments, got {}",
                args.values.len()
            )));
        }
        Lock::create(cx).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Lock>) -> PyResult<Value> {
        let state = if this.lock.is_held() {
            "locked"
        } else {
            "unlocked"
        };
        let value = this.as_value();
        let name = value.class().full_name(cx);
        super::text(
            cx,
            &format!("<{state} {name} object at {:#x}>", value.bits()),
        )
    }

    /// Lock the lock.  Without argument, this blocks if the lock is already
    /// locked (even by the same thread), waiting for another thread to release
    /// the lock, and return True once the lock is acquired.
    /// With an argument, this will only block if the argument is true,
    /// and the return value reflects whether the lock is acquired.
    /// The blocking operation is interruptible.
    #[method("acquire(self, /, blocking=True, timeout=-1)")]
    fn acquire(
        cx: &Context,
        this: &Ref<Lock>,
        blocking: bool,
        timeout: Maybe<&Value>,
    ) -> PyResult<bool> {
        this.take(cx, blocking, timeout.0)
    }

    /// An obsolete synonym of acquire().
    #[method("acquire_lock(self, /, blocking=True, timeout=-1)")]
    fn acquire_lock(
        cx: &Context,
        this: &Ref<Lock>,
        blocking: bool,
        timeout: Maybe<&Value>,
    ) -> PyResult<bool> {
        this.take(cx, blocking, timeout.0)
    }

    /// Release the lock, allowing another thread that is blocked waiting for
    /// the lock to acquire the lock.  The lock must be in the locked state,
    /// but it needn't be locked by the same thread that unlocks it.
    #[method("release(self, /)")]
    fn release(cx: &Context, this: &Ref<Lock>) -> PyResult<()> {
        this.give_back(cx)
    }

    /// An obsolete synonym of release().
    #[method("release_lock(self, /)")]
    fn release_lock(cx: &Context, this: &Ref<Lock>) -> PyResult<()> {
        this.give_back(cx)
    }

    /// Return whether the lock is in the locked state.
    #[method("locked(self, /)")]
    fn locked(_cx: &Context, this: &Ref<Lock>) -> PyResult<bool> {
        Ok(this.lock.is_held())
    }

    /// An obsolete synonym of locked().
    #[method("locked_lock(self, /)")]
    fn locked_lock(_cx: &Context, this: &Ref<Lock>) -> PyResult<bool> {
        Ok(this.lock.is_held())
    }

    /// Lock the lock.
    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<Lock>) -> PyResult<bool> {
        this.lock.acquire(cx, Deadline::NEVER)
    }

    /// Release the lock.
    #[method("__exit__(self, /, *exc_info)")]
    fn exit(cx: &Context, this: &Ref<Lock>, _exception: &[Value]) -> PyResult<()> {
        this.give_back(cx)
    }

    #[method("_at_fork_reinit(self, /)")]
    fn at_fork_reinit(_cx: &Context, this: &Ref<Lock>) -> PyResult<()> {
        this.lock.reset();
        Ok(())
    }
}
