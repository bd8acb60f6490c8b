//! Reading slots without a lock against freeing what was in them.

use crate::{Object, begin, end, free_threaded, join, safepoint, spawn};
use loom::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use loom_tests::byte_lock::ByteLock;
use loom_tests::header::Header;
use loom_tests::mode::IMMORTAL;
use loom_tests::qsbr;
use loom_tests::shim::forever;
use loom_tests::slot::{Read, fill, read, replace};
use loom_tests::thread::ThreadRecord;
use std::ptr::NonNull;

type Slot = AtomicPtr<Object>;

/// A list of one item, or the storage of one.
struct List {
    lock: ByteLock,
    item: Slot,
}

fn new_list(object: &'static Object) -> &'static List {
    let item = Slot::new(std::ptr::from_ref(object).cast_mut());
    // SAFETY: lives to the end of the execution.
    unsafe {
        &*forever(List {
            lock: ByteLock::new(),
            item,
        })
    }
}

fn header_of(word: *mut Object) -> Option<NonNull<Header>> {
    NonNull::new(word.cast())
}

/// The object at a place whose address is read by `load`, with a reference to it.
fn get(lock: &ByteLock, load: impl Fn() -> *mut Object) -> Option<&'static Object> {
    // SAFETY: the objects of a model stay to the end of the execution.
    let word = match unsafe { read(&load, header_of, crate::destroy) } {
        Read::Got(word) => word,
        Read::TakeTheLock => lock.locked(|| {
            let word = load();
            if let Some(header) = header_of(word) {
                // SAFETY: the place has a reference as long as the lock is held.
                unsafe { header.as_ref() }.incref_and_mark();
            }
            word
        }),
    };
    // SAFETY: as above.
    unsafe { word.as_ref() }
}

/// Uses an object in the memory of one that is gone: the reader must never get it from
/// where the old one was.
fn reuse(memory: &'static Object, owner: u16) {
    // SAFETY: the object is dead, so the memory belongs to this thread.
    unsafe { Header::initialize(NonNull::from(&memory.header), 1, owner) };
    memory.deaths.set(0);
    // SAFETY: loom checks that nobody reads.
    memory
        .contents
        .with_mut(|contents| unsafe { *contents = 2 });
    // Shared elsewhere, so that taking a reference to it would succeed.
    memory.header.mark_maybe_shared();
}

fn remove_and_reuse(me: &ThreadRecord, old: &'static Object, list: &List) {
    list.lock
        .locked(|| list.item.store(std::ptr::null_mut(), Ordering::Release));
    if old.header.decref() {
        old.die();
        reuse(old, me.owner_id());
    }
}

/// The owner takes an object out of a list and frees it, and its memory becomes another
/// object, while another thread reads the list.
#[test]
fn a_list_item_is_got_alive_or_not_at_all() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        object.header.mark_maybe_shared();
        let list = new_list(object);
        let reader = spawn(|_| {
            if let Some(object) = get(&list.lock, || list.item.load(Ordering::Acquire)) {
                object.read();
                object.drop_reference();
            }
        });
        remove_and_reuse(me, object, list);
        safepoint(me);
        join(me, reader);
        end(me);
    });
}

/// The memory becomes an object that is never freed, so that taking a reference to it
/// is no exchange with anybody.
#[test]
fn an_immortal_in_reused_memory_is_not_mistaken() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        object.header.mark_maybe_shared();
        let list = new_list(object);
        let reader = spawn(|_| {
            if let Some(object) = get(&list.lock, || list.item.load(Ordering::Acquire)) {
                object.read();
                object.drop_reference();
            }
        });
        list.lock
            .locked(|| list.item.store(std::ptr::null_mut(), Ordering::Release));
        if object.header.decref() {
            object.die();
            reuse(object, IMMORTAL);
        }
        safepoint(me);
        join(me, reader);
        end(me);
    });
}

/// The same with an object that no reader has met yet, so that the first one has to
/// take the list's lock.
#[test]
fn an_unmarked_item_is_got_with_the_lock() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        let list = new_list(object);
        let reader = spawn(|_| {
            for _ in 0..2 {
                if let Some(object) = get(&list.lock, || list.item.load(Ordering::Acquire)) {
                    object.read();
                    object.drop_reference();
                }
            }
        });
        remove_and_reuse(me, object, list);
        safepoint(me);
        join(me, reader);
        end(me);
    });
}

/// A stranger, not the owner, takes the object out and drops the last reference, while
/// the owner reads.
#[test]
fn an_owner_reads_what_a_stranger_removes() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        let list = new_list(object);
        let remover = spawn(|_| {
            list.lock
                .locked(|| list.item.store(std::ptr::null_mut(), Ordering::Release));
            object.drop_reference();
        });
        if let Some(object) = get(&list.lock, || list.item.load(Ordering::Acquire)) {
            object.read();
            object.drop_reference();
        }
        safepoint(me);
        join(me, remover);
        end(me);
        assert!(object.is_dead());
    });
}

/// A thread fills an empty slot without the lock while another, with it, puts something else
/// there: each object is in the slot or has been handed out.
#[test]
fn what_fills_an_empty_slot_is_taken_out_once() {
    free_threaded(4, || {
        let me = begin();
        let (first, second) = (Object::new(me), Object::new(me));
        // SAFETY: lives to the end of the execution.
        let (lock, place) = unsafe { &*forever((ByteLock::new(), AtomicU64::new(0))) };
        let word = |object: &'static Object| std::ptr::from_ref(object) as u64;
        let take = |word: u64| {
            // SAFETY: the words are 0 or addresses of objects, which stay to the end of the execution.
            if let Some(object) = unsafe { (word as *const Object).as_ref() } {
                object.read();
                object.drop_reference();
            }
        };
        let filler = spawn(move |_| {
            if !fill(place, word(first)) {
                first.drop_reference();
            }
        });
        take(lock.locked(|| replace(place, word(second))));
        take(lock.locked(|| replace(place, 0)));
        safepoint(me);
        join(me, filler);
        take(lock.locked(|| replace(place, 0)));
        end(me);
        assert!(first.is_dead() && second.is_dead());
    });
}

/// The entries of a dict, in storage that is replaced when the dict grows.
struct Table {
    value: Slot,
    /// Loom fails the model if the table is freed while it may be read.
    freed: loom::cell::UnsafeCell<bool>,
}

struct Dict {
    lock: ByteLock,
    table: AtomicPtr<Table>,
}

fn new_table(value: *mut Object) -> *mut Table {
    forever(Table {
        value: Slot::new(value),
        freed: loom::cell::UnsafeCell::new(false),
    })
}

unsafe fn free_table(table: *mut u8) {
    // SAFETY: retired tables are of this type.
    let table = unsafe { &*table.cast::<Table>() };
    // SAFETY: loom checks that nobody reads.
    table.freed.with_mut(|freed| unsafe { *freed = true });
}

impl Dict {
    /// The value as the dict has it now.
    fn load(&self) -> *mut Object {
        // SAFETY: tables of a model stay to the end of the execution.
        let table = unsafe { &*self.table.load(Ordering::Acquire) };
        // SAFETY: loom checks that nobody writes.
        table
            .freed
            .with(|freed| assert!(!unsafe { *freed }, "the table has been freed"));
        table.value.load(Ordering::Acquire)
    }

    /// Moves the entry into a new table.
    fn grow(&self) {
        let old = self.lock.locked(|| {
            let old = self.table.load(Ordering::Relaxed);
            // SAFETY: the current table, under the lock.
            let value = unsafe { &*old }.value.load(Ordering::Relaxed);
            self.table.store(new_table(value), Ordering::Release);
            old
        });
        // SAFETY: unlinked, and freed once.
        unsafe { qsbr::retire(old.cast(), free_table) };
    }

    fn remove(&self) {
        self.lock.locked(|| {
            // SAFETY: the current table, under the lock.
            let table = unsafe { &*self.table.load(Ordering::Relaxed) };
            table.value.store(std::ptr::null_mut(), Ordering::Release);
        });
    }
}

/// A dict grows and then loses its entry, whose value is freed and its memory reused,
/// while another thread looks it up.
#[test]
fn a_dict_entry_is_got_alive_or_not_at_all() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.mark_maybe_shared();
        let table = AtomicPtr::new(new_table(std::ptr::from_ref(object).cast_mut()));
        // SAFETY: lives to the end of the execution.
        let dict: &'static Dict = unsafe {
            &*forever(Dict {
                lock: ByteLock::new(),
                table,
            })
        };
        let reader = spawn(|_| {
            if let Some(object) = get(&dict.lock, || dict.load()) {
                object.read();
                object.drop_reference();
            }
        });
        dict.grow();
        dict.remove();
        if object.header.decref() {
            object.die();
            reuse(object, me.owner_id());
        }
        safepoint(me);
        join(me, reader);
        end(me);
    });
}
