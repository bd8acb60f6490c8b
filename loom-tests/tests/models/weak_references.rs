//! Weak references: upgrading against the last decrement.

use crate::{Object, begin, end, free_threaded, join, safepoint, spawn};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicPtr, Ordering};
use loom_tests::header::Header;
use loom_tests::shim::forever;
use loom_tests::slot::{Read, read};
use loom_tests::thread::ThreadRecord;
use loom_tests::weak_target::WeakTarget;
use loom_tests::world::stop_the_world;
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

/// A weak reference that is an object itself, with a callback: the very word, and the list that its
/// referent's address leads to.
#[repr(C)]
struct Reference {
    object: Object,
    target: WeakTarget,
}

type List = Mutex<Vec<&'static Reference>>;

impl Reference {
    /// To `referent`, and in the list; with a merged count, for nobody to queue it.
    fn new(maker: &'static ThreadRecord, referent: &Object, list: &List) -> &'static Self {
        referent.header.mark_maybe_shared();
        let target = WeakTarget::new(std::ptr::from_ref(referent).expose_provenance());
        // SAFETY: lives to the end of the execution.
        let reference: &'static Self = unsafe {
            &*forever(Self {
                object: Object::unshared(maker),
                target,
            })
        };
        stop_the_world(maker).merge(&reference.object.header);
        list.lock()
            .expect("a model panics as a whole")
            .push(reference);
        reference
    }

    fn upgrade(&self, list: &'static List) -> Option<&'static Object> {
        // SAFETY: the reference was entered; every header of a model begins an `Object`.
        unsafe {
            let referent = self.target.upgrade(|_| list.lock())?;
            Some(referent.cast::<Object>().as_ref())
        }
    }

    /// Drops a count of the reference.
    fn let_go(&'static self, list: &'static List) {
        if self.object.header.decref() {
            self.target.leave(
                |_| list.lock().expect("a model panics as a whole"),
                |list, _| list.retain(|other| !std::ptr::eq(*other, self)),
            );
            self.object.die();
        }
    }
}

/// The referent's last count is gone: its references die, those that live on are called, and the
/// memory becomes another object.
fn bury(referent: &'static Object, list: &'static List, me: &ThreadRecord) {
    let mut entered = list.lock().expect("a model panics as a whole");
    let mut called = Vec::new();
    for reference in entered.drain(..) {
        called.extend(reference.target.clear(|| {
            // The reference's memory.
            reference.object.read();
            reference.object.header.try_incref().then_some(reference)
        }));
    }
    drop(entered);
    for reference in called {
        reference.object.read();
        reference.let_go(list);
    }
    referent.die();
    // SAFETY: the memory is the caller's.
    unsafe { Header::initialize(NonNull::from(&referent.header), 0, me.owner_id()) };
    referent.header.mark_maybe_shared();
}

fn list() -> &'static List {
    // SAFETY: lives to the end of the execution.
    unsafe { &*forever(Mutex::new(Vec::new())) }
}

/// A reference dies in one thread while its referent dies in another: it is called, which keeps it
/// alive that long, or it is not touched any more.
#[test]
fn a_reference_dies_while_its_referent_does() {
    free_threaded(3, || {
        let me = begin();
        let list = list();
        let referent = Object::new(me);
        let reference = Reference::new(me, referent, list);
        // For the other thread.
        reference.object.header.incref();
        let other = spawn(move |_| reference.let_go(list));
        reference.let_go(list);
        assert!(referent.header.decref());
        bury(referent, list, me);
        join(me, other);
        end(me);
        assert!(referent.is_dead() && reference.object.is_dead());
    });
}

/// A reference is upgraded while its callback is due: that gets the referent alive or nothing, and not
/// what its memory is used for next.
#[test]
fn a_reference_is_upgraded_while_its_callback_is_due() {
    free_threaded(3, || {
        let me = begin();
        let list = list();
        let referent = Object::new(me);
        let reference = Reference::new(me, referent, list);
        let other = spawn(move |other| {
            if let Some(object) = reference.upgrade(list) {
                object.read();
                if object.header.decref() {
                    bury(object, list, other);
                }
            }
        });
        if referent.header.decref() {
            bury(referent, list, me);
        }
        join(me, other);
        reference.let_go(list);
        end(me);
        assert!(referent.is_dead() && reference.object.is_dead());
    });
}
