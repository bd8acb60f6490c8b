//! Weak references: upgrading against the last decrement.

use crate::{Object, begin, end, free_threaded, join, safepoint, spawn};
use loom::sync::atomic::{AtomicPtr, Ordering};
use loom_tests::header::Header;
use loom_tests::shim::forever;
use loom_tests::slot::{Read, read};
use std::ptr::NonNull;

/// A weak reference: the word that its referent clears when it dies.
struct WeakReference(AtomicPtr<Object>);

impl WeakReference {
    fn new(referent: &'static Object) -> &'static Self {
        referent.header.mark_maybe_shared();
        let word = AtomicPtr::new(std::ptr::from_ref(referent).cast_mut());
        // SAFETY: lives to the end of the execution.
        unsafe { &*forever(Self(word)) }
    }

    /// A reference to the referent, if it is alive.
    fn upgrade(&self) -> Option<&'static Object> {
        let header_of = |word: *mut Object| NonNull::new(word.cast::<Header>());
        let destroy = |header: NonNull<Header>| {
            // SAFETY: every header of a model begins an `Object`.
            self.bury(unsafe { header.cast::<Object>().as_ref() });
        };
        // SAFETY: the objects of a model stay to the end of the execution.
        match unsafe { read(|| self.0.load(Ordering::Acquire), header_of, destroy) } {
            // SAFETY: as above.
            Read::Got(word) => unsafe { word.as_ref() },
            // Weakly referenced objects are marked; one whose count is gone is dying.
            Read::TakeTheLock => None,
        }
    }

    fn bury(&self, referent: &Object) {
        self.0.store(std::ptr::null_mut(), Ordering::Release);
        referent.die();
    }

    fn let_go(&self, referent: &Object) {
        if referent.header.decref() {
            self.bury(referent);
        }
    }
}

/// A thread upgrades while the owner drops the last reference: it gets the object
/// alive, or nothing, and whoever is last buries it.
#[test]
fn an_upgrade_gets_a_living_object_or_none() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        let weak = WeakReference::new(object);
        let other = spawn(|_| {
            if let Some(object) = weak.upgrade() {
                object.read();
                weak.let_go(object);
            }
        });
        object.read();
        weak.let_go(object);
        safepoint(me);
        join(me, other);
        end(me);
        assert!(object.is_dead());
    });
}

/// Two threads upgrade, and the last reference may be dropped by any of the three.
#[test]
fn two_upgrades_and_the_last_drop() {
    free_threaded(2, || {
        let me = begin();
        let object = Object::new(me);
        let weak = WeakReference::new(object);
        let others = [(); 2].map(|()| {
            spawn(|_| {
                if let Some(object) = weak.upgrade() {
                    object.read();
                    weak.let_go(object);
                }
            })
        });
        weak.let_go(object);
        for other in others {
            join(me, other);
        }
        end(me);
        assert!(object.is_dead());
    });
}
