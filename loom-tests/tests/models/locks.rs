//! The byte lock.

use crate::free_threaded;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom_tests::byte_lock::ByteLock;

struct Guarded {
    lock: ByteLock,
    value: UnsafeCell<u32>,
}

impl Guarded {
    fn new() -> Self {
        Self {
            lock: ByteLock::new(),
            value: UnsafeCell::new(0),
        }
    }

    fn add_one(&self) {
        // SAFETY: loom checks that nobody else is inside.
        self.value.with_mut(|value| unsafe { *value += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: loom checks that nobody writes.
        self.value.with(|value| unsafe { *value })
    }
}

/// Three threads take the lock: each is alone inside, sees what the last one did, and
/// gets its turn (a lost wake-up is a deadlock, which loom reports).
#[test]
fn the_lock_excludes_and_loses_no_wakeup() {
    free_threaded(3, || {
        let guarded = Arc::new(Guarded::new());
        let threads = [(); 2].map(|()| {
            let guarded = Arc::clone(&guarded);
            loom::thread::spawn(move || guarded.lock.locked(|| guarded.add_one()))
        });
        guarded.lock.locked(|| guarded.add_one());
        for thread in threads {
            thread.join().expect("the thread has panicked");
        }
        assert_eq!(guarded.get(), 3);
        assert!(!guarded.lock.is_locked());
    });
}

/// A thread that tries gets the lock or leaves it as it was.
#[test]
fn trying_never_disturbs_the_lock() {
    free_threaded(3, || {
        let guarded = Arc::new(Guarded::new());
        let other = Arc::clone(&guarded);
        let thread = loom::thread::spawn(move || {
            let got = other.lock.try_lock();
            if got {
                other.add_one();
                other.lock.unlock();
            }
            u32::from(got)
        });
        for _ in 0..2 {
            guarded.lock.locked(|| guarded.add_one());
        }
        let tried = thread.join().expect("the thread has panicked");
        assert_eq!(guarded.get(), 2 + tried);
    });
}
