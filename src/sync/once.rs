//! One-time initialization: a cell that is filled by the first thread that asks, while
//! the others wait detached.
//!
//! ```text
//!   EMPTY ──▶ RUNNING ──▶ READY          the first thread takes EMPTY to RUNNING
//!     ▲          │ └──▶ AWAITED ──▶ READY  a waiter takes RUNNING to AWAITED, sleeps
//!     └──────────┴─────────┘             the initializer panicked: anyone may try
//! ```
//!
//! Becoming READY is Release and pairs with the Acquire of looking, so that the value
//! is seen complete. The value is written once, by the thread that went to RUNNING,
//! and only read afterwards.
//!
//! The initializer may run Python code, reach safepoints and block: nobody waits for it
//! attached. It must not ask the same cell for its value.

use crate::shim::{AtomicU8, Ordering, UnsafeCell, const_fn, park, unpark_all};
use crate::thread::ThreadRecord;
use std::mem::MaybeUninit;

const EMPTY: u8 = 0;
const RUNNING: u8 = 1;
const AWAITED: u8 = 2;
const READY: u8 = 3;

/// A value that is computed once.
pub struct OnceCell<T> {
    state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: one thread writes the value; then threads share it (`Sync`), and any of them
// may be the one that drops it (`Send`).
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}
// SAFETY: a cell is its value.
unsafe impl<T: Send> Send for OnceCell<T> {}

impl<T> OnceCell<T> {
    const_fn! {
        /// A cell without a value.
        pub const fn new() -> Self {
            Self {
                state: AtomicU8::new(EMPTY),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            }
        }
    }

    /// The value, if it is there.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        (self.state.load(Ordering::Acquire) == READY).then(|| {
            // SAFETY: READY, so it is written, and never written again.
            self.value
                .with(|value| unsafe { (*value).assume_init_ref() })
        })
    }

    /// The value, computed by `initialize` if it is not there. If another thread is
    /// computing it, the calling thread detaches and waits.
    #[inline]
    pub fn get_or_init(&self, initialize: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.get_or_init_slow(initialize),
        }
    }

    #[cold]
    fn get_or_init_slow(&self, initialize: impl FnOnce() -> T) -> &T {
        loop {
            match self
                .state
                .compare_exchange(EMPTY, RUNNING, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => {
                    self.run(initialize);
                    break;
                }
                Err(READY) => break,
                Err(_) => self.wait(),
            }
        }
        self.get().expect("invariant: the cell has been filled")
    }

    fn run(&self, initialize: impl FnOnce() -> T) {
        struct Finish<'a> {
            state: &'a AtomicU8,
            to: u8,
        }
        impl Drop for Finish<'_> {
            fn drop(&mut self) {
                if self.state.swap(self.to, Ordering::AcqRel) == AWAITED {
                    unpark_all(std::ptr::from_ref(self.state).addr());
                }
            }
        }
        let mut finish = Finish {
            state: &self.state,
            to: EMPTY,
        };
        let value = initialize();
        // SAFETY: RUNNING is ours: nobody else reads or writes the value.
        self.value
            .with_mut(|place| unsafe { (*place).write(value) });
        finish.to = READY;
    }

    fn wait(&self) {
        let sleep = || {
            let _ =
                self.state
                    .compare_exchange(RUNNING, AWAITED, Ordering::Relaxed, Ordering::Relaxed);
            park(std::ptr::from_ref(&self.state).addr(), || {
                self.state.load(Ordering::Relaxed) == AWAITED
            });
        };
        match ThreadRecord::current() {
            Some(record) if record.is_attached() => record.detached(sleep),
            _ => sleep(),
        }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if self.state.load(Ordering::Acquire) == READY {
            // SAFETY: written, and nobody has a reference to it any more.
            self.value
                .with_mut(|value| unsafe { (*value).assume_init_drop() });
        }
    }
}
