//! The GIL: one thread at a time, and nobody is forgotten.

use crate::{Object, begin, end, join, safepoint, spawn, with_gil};
use loom::cell::UnsafeCell;
use loom_tests::gil::{NextThread, set_next_thread};
use loom_tests::shim::forever;
use loom_tests::thread::request;

/// Touched only with the GIL.
struct Shared(UnsafeCell<u32>);

impl Shared {
    fn new() -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe { &*forever(Self(UnsafeCell::new(0))) }
    }

    fn touch(&self) {
        // SAFETY: loom checks that nobody else has the GIL.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: loom checks that nobody writes.
        self.0.with(|value| unsafe { *value })
    }
}

/// Three threads attach, yield when asked, detach and end.
#[test]
fn one_thread_at_a_time_and_everyone_in_the_end() {
    with_gil(2, || {
        let me = begin();
        let shared = Shared::new();
        let others = [(); 2].map(|()| {
            spawn(|other| {
                shared.touch();
                safepoint(other);
                shared.touch();
            })
        });
        shared.touch();
        safepoint(me);
        shared.touch();
        for other in others {
            join(me, other);
        }
        assert_eq!(shared.get(), 6);
        end(me);
    });
}

/// Handing over always finds the one who waits, and comes back.
#[test]
fn handing_over_loses_nobody() {
    with_gil(3, || {
        let me = begin();
        let shared = Shared::new();
        let other = spawn(|other| {
            shared.touch();
            other.request(request::GIL_DROP);
            safepoint(other);
            shared.touch();
        });
        for _ in 0..2 {
            me.request(request::GIL_DROP);
            safepoint(me);
            shared.touch();
        }
        join(me, other);
        assert_eq!(shared.get(), 4);
        end(me);
    });
}

/// The last one to come is the next.
struct LastCome;

impl NextThread for LastCome {
    fn choose(&mut self, waiting: &[u16]) -> usize {
        waiting.len() - 1
    }
}

/// Whatever the rule for the next thread.
#[test]
fn any_choice_of_the_next_thread_will_do() {
    with_gil(2, || {
        let me = begin();
        set_next_thread(Box::new(LastCome));
        let shared = Shared::new();
        let others = [(); 2].map(|()| spawn(|_| shared.touch()));
        me.request(request::GIL_DROP);
        safepoint(me);
        shared.touch();
        for other in others {
            join(me, other);
        }
        assert_eq!(shared.get(), 3);
        end(me);
    });
}

/// With a GIL counts are plain words, guarded by it.
#[test]
fn counts_need_no_atomics_with_a_gil() {
    with_gil(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let other = spawn(|other| {
            object.header.incref();
            object.drop_reference();
            safepoint(other);
            object.drop_reference();
        });
        object.header.incref();
        safepoint(me);
        object.drop_reference();
        object.drop_reference();
        join(me, other);
        end(me);
        assert!(object.is_dead());
    });
}
