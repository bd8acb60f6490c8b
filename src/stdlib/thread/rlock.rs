//! `_thread.RLock`: a lock that its owner may take again.
//!
//! `owner` and `count` are written by the thread that holds the lock. Another thread may read any
//! owner but itself, so comparing `owner` to oneself needs no order.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, IntoValue, Maybe, Place};
use typhon_runtime::object;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::lock::acquire_deadline;
use super::raw_lock::RawLock;
use crate::blocking::Deadline;

/// See the module's header.
#[pyclass(
    name = "RLock",
    module = "_thread",
    plain,
    flags(BASETYPE, HAS_WEAKREF)
)]
pub struct RLock {
    lock: RawLock,
    /// `get_ident()` of the holder, or 0.
    owner: AtomicU64,
    /// How often the holder has taken it.
    count: AtomicUsize,
}

impl RLock {
    fn is_mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == super::ident()
    }

    fn set(&self, owner: u64, count: usize) {
        self.owner.store(owner, Ordering::Relaxed);
        self.count.store(count, Ordering::Relaxed);
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes the lock; `None` not to wait.
    fn take(&self, cx: &Context, deadline: Option<Deadline>) -> PyResult<bool> {
        if self.is_mine() {
            let Some(count) = self.count().checked_add(1) else {
                return Err(cx.overflow_error("Internal lock count overflowed"));
            };
            self.count.store(count, Ordering::Relaxed);
            return Ok(true);
        }
        let taken = match deadline {
            Some(deadline) => self.lock.acquire(cx, deadline)?,
            None => self.lock.try_acquire(),
        };
        if taken {
            self.set(super::ident(), 1);
        }
        Ok(taken)
    }

    fn give_back(&self, cx: &Context) -> PyResult<()> {
        if !self.is_mine() {
            return Err(cx.runtime_error("cannot release un-acquired lock"));
        }
        let left = self.count() - 1;
        if left == 0 {
            self.set(0, 0);
            self.lock.release();
        } else {
            self.count.store(left, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[pymethods]
impl RLock {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let payload = RLock {
            lock: RawLock::new(),
            owner: AtomicU64::new(0),
            count: AtomicUsize::new(0),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<RLock>) -> PyResult<Value> {
        let owner = this.owner.load(Ordering::Relaxed);
        let count = this.count();
        let state = if count > 0 { "locked" } else { "unlocked" };
        let value = this.as_value();
        let name = value.class().full_name(cx);
        let address = value.bits();
        super::text(
            cx,
            &format!("<{state} {name} object owner={owner} count={count} at {address:#x}>"),
        )
    }

    /// Lock the lock.  `blocking` indicates whether we should wait
    /// for the lock to be available or not.  If `blocking` is False
    /// and another thread holds the lock, the method will return False
    /// immediately.  If `blocking` is True and another thread holds
    /// the lock, the method will wait for the lock to be released,
    /// take it and then return True.
    /// (note: the blocking operation is interruptible.)
    ///
    /// In all other cases, the method will return True immediately.
    /// Precisely, if the current thread already holds the lock, its
    /// internal counter is simply incremented. If nobody holds the lock,
    /// the lock is taken and its internal counter initialized to 1.
    #[method("acquire(self, /, blocking=True, timeout=-1)")]
    fn acquire(
        cx: &Context,
        this: &Ref<RLock>,
        blocking: bool,
        timeout: Maybe<&Value>,
    ) -> PyResult<bool> {
        let deadline = acquire_deadline(cx, blocking, timeout.0)?;
        this.take(cx, deadline)
    }

    /// Release the lock, allowing another thread that is blocked waiting for
    /// the lock to acquire the lock.  The lock must be in the locked state,
    /// and must be locked by the same thread that unlocks it; otherwise a
    /// `RuntimeError` is raised.
    ///
    /// Do note that if the lock was acquire()d several times in a row by the
    /// current thread, release() needs to be called as many times for the lock
    /// to be available for other threads.
    #[method("release(self, /)")]
    fn release(cx: &Context, this: &Ref<RLock>) -> PyResult<()> {
        this.give_back(cx)
    }

    /// Lock the lock.
    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<RLock>) -> PyResult<bool> {
        this.take(cx, Some(Deadline::NEVER))
    }

    /// Release the lock.
    #[method("__exit__(self, /, *exc_info)")]
    fn exit(cx: &Context, this: &Ref<RLock>, _exception: &[Value]) -> PyResult<()> {
        this.give_back(cx)
    }

    /// locked()
    ///
    /// Return a boolean indicating whether this object is locked right now.
    #[method("locked(self, /)")]
    fn locked(_cx: &Context, this: &Ref<RLock>) -> PyResult<bool> {
        Ok(this.lock.is_held())
    }

    /// For internal use by `threading.Condition`.
    #[method("_is_owned(self, /)")]
    fn is_owned(_cx: &Context, this: &Ref<RLock>) -> PyResult<bool> {
        Ok(this.is_mine())
    }

    /// For internal use by reentrancy checks.
    #[method("_recursion_count(self, /)")]
    fn recursion_count(_cx: &Context, this: &Ref<RLock>) -> PyResult<usize> {
        Ok(if this.is_mine() { this.count() } else { 0 })
    }

    /// For internal use by `threading.Condition`.
    #[method("_acquire_restore(self, state, /)")]
    fn acquire_restore(cx: &Context, this: &Ref<RLock>, state: &Value) -> PyResult<()> {
        let Some([count, owner]) = state
            .downcast::<Tuple>()
            .and_then(|pair| pair.as_slice().first_chunk())
        else {
            let got = state.type_name_for_argument();
            return Err(cx.type_error(format!(
                "_acquire_restore() argument 1 must be 2-item tuple, not {got}"
            )));
        };
        const PLACE: Place = Place {
            function: "_acquire_restore",
            position: 1,
            name: "state",
            by_name: false,
        };
        let count = usize::from_argument(cx, count, &PLACE)?;
        let owner = u64::from_argument(cx, owner, &PLACE)?;
        this.lock.acquire(cx, Deadline::NEVER)?;
        this.set(owner, count);
        Ok(())
    }

    /// For internal use by `threading.Condition`.
    #[method("_release_save(self, /)")]
    fn release_save(cx: &Context, this: &Ref<RLock>) -> PyResult<Ref<Tuple>> {
        if this.count() == 0 {
            return Err(cx.runtime_error("cannot release un-acquired lock"));
        }
        let count = this.count().into_value(cx)?;
        let owner = this.owner.load(Ordering::Relaxed).into_value(cx)?;
        let state = Tuple::from_vec(cx, vec![count, owner])?;
        this.set(0, 0);
        this.lock.release();
        Ok(state)
    }

    #[method("_at_fork_reinit(self, /)")]
    fn at_fork_reinit(_cx: &Context, this: &Ref<RLock>) -> PyResult<()> {
        this.set(0, 0);
        this.lock.reset();
        Ok(())
    }
}
