//! An object's lock, and the bias of its owner.

use crate::{begin, end, free_threaded, join, safepoint, spawn};
use loom::cell::UnsafeCell;
use loom_tests::header::Header;
use loom_tests::object_lock::{enter_two, leave_two};
use loom_tests::shim::forever;
use loom_tests::thread::ThreadRecord;
use loom_tests::world::stop_the_world;

/// An object whose state loom watches: two threads inside at once fail the model.
struct Guarded {
    header: Header,
    state: UnsafeCell<u32>,
}

// SAFETY: all threads of a model run on one operating-system thread; loom checks `state`.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn new(owner: &ThreadRecord) -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe {
            &*forever(Self {
                header: Header::new_owned(0, owner.owner_id()),
                state: UnsafeCell::new(0),
            })
        }
    }

    fn add_one(&self) {
        // SAFETY: loom checks that nobody else is inside.
        self.state.with_mut(|state| unsafe { *state += 1 });
    }

    fn enter_and_add_one(&self) {
        let entered = self.header.enter();
        self.add_one();
        self.header.leave(entered);
    }

    fn get(&self) -> u32 {
        // SAFETY: loom checks that nobody writes.
        self.state.with(|state| unsafe { *state })
    }
}

/// Comes to a safepoint, before which others may have come to wait for this thread: they
/// look at its word first and then ask it, and the look hides from loom that the asking
/// may come before the poll.
fn safepoint_after_others(me: &'static ThreadRecord) {
    loom::thread::yield_now();
    safepoint(me);
}

/// The owner is inside, passes a safepoint and is inside again, while another thread
/// enters too.
#[test]
fn the_owner_lets_others_in_at_a_safepoint() {
    free_threaded(3, || {
        let me = begin();
        let object = Guarded::new(me);
        let other = spawn(|_| object.enter_and_add_one());
        object.enter_and_add_one();
        safepoint_after_others(me);
        object.enter_and_add_one();
        join(me, other);
        assert_eq!(object.get(), 3);
        end(me);
    });
}

/// The owner is not attached when another thread enters, and attaches at that moment.
#[test]
fn an_owner_that_was_away_finds_its_bias_gone() {
    free_threaded(3, || {
        let me = begin();
        let object = Guarded::new(me);
        object.enter_and_add_one();
        let other = spawn(|_| object.enter_and_add_one());
        me.detached(|| {});
        object.enter_and_add_one();
        join(me, other);
        assert_eq!(object.get(), 3);
        end(me);
    });
}

/// The owner stops the world while another thread waits for it.
#[test]
fn who_stops_the_world_lets_others_in() {
    free_threaded(3, || {
        let me = begin();
        let object = Guarded::new(me);
        let other = spawn(|_| object.enter_and_add_one());
        object.enter_and_add_one();
        loom::thread::yield_now();
        drop(stop_the_world(me));
        object.enter_and_add_one();
        join(me, other);
        assert_eq!(object.get(), 3);
        end(me);
    });
}

/// Two threads want to enter at once: both wait for the owner.
#[test]
fn who_comes_second_waits_for_the_owner_too() {
    free_threaded(2, || {
        let me = begin();
        let object = Guarded::new(me);
        // Threads without records, to keep the model small.
        let others = [(); 2].map(|()| loom::thread::spawn(|| object.enter_and_add_one()));
        object.enter_and_add_one();
        for other in others {
            join(me, other);
        }
        assert_eq!(object.get(), 3);
        end(me);
    });
}

/// Two threads enter the same two objects, named in opposite orders, and one twice.
#[test]
fn two_objects_never_deadlock() {
    free_threaded(3, || {
        let me = begin();
        // In one array: which of them is first must not differ between executions.
        // SAFETY: lives to the end of the execution.
        let both: &'static [Guarded; 2] = unsafe {
            &*forever([(); 2].map(|()| Guarded {
                header: Header::new_immortal(0),
                state: UnsafeCell::new(0),
            }))
        };
        let [a, b] = both;
        let other = spawn(move |_| {
            let entered = enter_two(&b.header, &a.header);
            a.add_one();
            b.add_one();
            leave_two(&b.header, &a.header, entered);
        });
        let entered = enter_two(&a.header, &b.header);
        a.add_one();
        b.add_one();
        leave_two(&a.header, &b.header, entered);
        let entered = enter_two(&a.header, &a.header);
        a.add_one();
        leave_two(&a.header, &a.header, entered);
        join(me, other);
        assert_eq!((a.get(), b.get()), (3, 2));
        end(me);
    });
}

/// Two threads enter an object of each at the same time: neither waits for ever, and
/// neither is inside what it has let go of.
#[test]
fn two_owners_enter_both_objects() {
    free_threaded(2, || {
        let me = begin();
        // In one array: which of them is first must not differ between executions.
        // SAFETY: lives to the end of the execution.
        let both: &'static [Guarded; 2] = unsafe {
            &*forever([1, 2].map(|owner| Guarded {
                header: Header::new_owned(0, owner),
                state: UnsafeCell::new(0),
            }))
        };
        let [mine, theirs] = both;
        let other = spawn(move |other| {
            assert_eq!(other.owner_id(), 2);
            let entered = enter_two(&theirs.header, &mine.header);
            mine.add_one();
            theirs.add_one();
            leave_two(&theirs.header, &mine.header, entered);
        });
        mine.enter_and_add_one();
        safepoint_after_others(me);
        mine.enter_and_add_one();
        join(me, other);
        assert_eq!(mine.get(), 3);
        end(me);
    });
}

/// Each of two threads waits for the other to let go of an object.
#[test]
fn two_threads_that_wait_for_each_other_go_on() {
    free_threaded(2, || {
        let me = begin();
        let mine = Guarded::new(me);
        let theirs = forever(std::cell::Cell::new(None::<&'static Guarded>));
        let ready = loom::sync::Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let told = loom::sync::Arc::clone(&ready);
        let other = spawn(move |other| {
            let object = Guarded::new(other);
            // SAFETY: written before it is announced, and by nobody else.
            unsafe { (*theirs).set(Some(object)) };
            told.store(true, loom::sync::atomic::Ordering::Release);
            mine.enter_and_add_one();
            object.enter_and_add_one();
        });
        loom::thread::yield_now();
        if ready.load(loom::sync::atomic::Ordering::Acquire) {
            // SAFETY: it was announced.
            let object = unsafe { (*theirs).get() }.expect("it was announced");
            object.enter_and_add_one();
        }
        mine.enter_and_add_one();
        join(me, other);
        assert_eq!(mine.get(), 2);
        end(me);
    });
}

/// A thread that others have waited for gives up its bias, and takes the locks of
/// objects that nobody else has entered yet.
#[test]
fn a_thread_without_bias_takes_its_locks() {
    free_threaded(2, || {
        let me = begin();
        let objects = [(); 3].map(|()| Guarded::new(me));
        let last = objects[2];
        last.enter_and_add_one();
        let other = spawn(move |_| {
            for object in objects {
                object.enter_and_add_one();
            }
        });
        safepoint_after_others(me);
        safepoint_after_others(me);
        last.enter_and_add_one();
        join(me, other);
        assert_eq!((objects[0].get(), last.get()), (1, 3));
        end(me);
    });
}

/// An owner that is exclusive writes as it likes; who has announced to be reading is
/// not written under.
#[test]
fn an_exclusive_owner_is_told_of_readers() {
    free_threaded(3, || {
        let me = begin();
        let object = Guarded::new(me);
        let reader = spawn(|_| {
            object.header.announce_reader();
            object.get();
        });
        for _ in 0..2 {
            if object.header.is_exclusive() {
                object.add_one();
            }
            safepoint_after_others(me);
        }
        join(me, reader);
        end(me);
    });
}

/// The owner lets go of an object by its count; who enters next sees what it did.
#[test]
fn an_object_without_owner_shows_what_its_owner_did() {
    free_threaded(3, || {
        let me = begin();
        let object = Guarded::new(me);
        object.header.mark_maybe_shared();
        let other = spawn(|_| {
            if object.header.try_incref() {
                object.enter_and_add_one();
                let _ = object.header.decref();
            }
        });
        object.enter_and_add_one();
        let _ = object.header.decref();
        safepoint(me);
        join(me, other);
        safepoint(me);
        end(me);
    });
}
