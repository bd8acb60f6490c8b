//! A mutex for the state of a stream: held across system calls and Python code.
//!
//! Waiting is done detached, so nobody who wants to stop the world waits for the holder. A thread that
//! holds the monitor and asks for it again (a signal handler or finalizer that prints while printing)
//! gets RuntimeError.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Raised, Value};

use crate::thread;

/// See the module's header.
#[derive(Debug, Default)]
pub struct Monitor<S> {
    state: Mutex<S>,
    /// `thread::ident` of the holder, or 0. Only whether it is oneself is asked.
    owner: AtomicU64,
}

/// The monitor, held until dropped.
#[derive(Debug)]
pub struct Held<'a, S> {
    state: MutexGuard<'a, S>,
    owner: &'a AtomicU64,
}

impl<S> Monitor<S> {
    /// Enters. `stream` is what the state belongs to, for messages.
    ///
    /// # Errors
    /// RuntimeError when this thread is in already.
    #[inline]
    pub fn enter(&self, cx: &Context, stream: &Value) -> PyResult<Held<'_, S>> {
        let state = match self.state.try_lock() {
            Some(state) => state,
            None => self.wait(cx, stream)?,
        };
        self.owner.store(thread::ident(), Ordering::Relaxed);
        Ok(Held {
            state,
            owner: &self.owner,
        })
    }

    #[cold]
    fn wait(&self, cx: &Context, stream: &Value) -> PyResult<MutexGuard<'_, S>> {
        if self.owner.load(Ordering::Relaxed) == thread::ident() {
            return Err(reentrant(cx, stream));
        }
        if typhon_sync::world::is_closed() {
            // A thread that will never run again may hold it.
            let state = cx.detached(|| self.state.try_lock_for(Duration::from_millis(100)));
            return state.ok_or_else(|| {
                cx.runtime_error(
                    "could not acquire lock at interpreter shutdown, possibly due to daemon threads",
                )
            });
        }
        Ok(cx.detached(|| self.state.lock()))
    }
}

#[cold]
fn reentrant(cx: &Context, stream: &Value) -> Raised {
    match text::repr_text(cx, stream) {
        Ok(shown) => cx.runtime_error(format!("reentrant call inside {shown}")),
        Err(raised) => raised,
    }
}

impl<S> Drop for Held<'_, S> {
    fn drop(&mut self) {
        self.owner.store(0, Ordering::Relaxed);
    }
}

impl<S> Deref for Held<'_, S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S> DerefMut for Held<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}
