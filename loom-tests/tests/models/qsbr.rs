//! QSBR: nothing is freed that a reader may touch, and everything is freed in the end.

use crate::{begin, end, free_threaded, join, safepoint, spawn, with_gil};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicPtr, Ordering};
use loom_tests::qsbr::{poll_reclaim, retire};
use loom_tests::shim::forever;
use std::cell::Cell;

/// A block of memory that is reached by a pointer, and freed by writing to it.
struct Block {
    readable: UnsafeCell<bool>,
    frees: Cell<u32>,
}

// SAFETY: all threads of a model run on one operating-system thread; loom checks
// `readable`.
unsafe impl Sync for Block {}

fn new_block() -> *mut Block {
    forever(Block {
        readable: UnsafeCell::new(true),
        frees: Cell::new(0),
    })
}

unsafe fn free(block: *mut u8) {
    // SAFETY: retired blocks are of this type.
    let block = unsafe { &*block.cast::<Block>() };
    block.frees.set(block.frees.get() + 1);
    // SAFETY: loom checks that nobody reads.
    block
        .readable
        .with_mut(|readable| unsafe { *readable = false });
}

/// Where readers find a block.
struct Place(AtomicPtr<Block>);

impl Place {
    fn new() -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe { &*forever(Self(AtomicPtr::new(new_block()))) }
    }

    fn read(&self) {
        // SAFETY: the blocks of a model stay to the end of the execution.
        if let Some(block) = unsafe { self.0.load(Ordering::Acquire).as_ref() } {
            // SAFETY: loom checks that nobody writes.
            block
                .readable
                .with(|readable| assert!(unsafe { *readable }, "read after free"));
        }
    }

    fn unlink_and_retire(&self) -> &'static Block {
        let block = self.0.swap(std::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: unlinked, and retired once.
        unsafe { retire(block.cast(), free) };
        // SAFETY: as above.
        unsafe { &*block }
    }
}

/// A reader that is attached all the time, passing a safepoint between two reads.
#[test]
fn an_attached_reader_is_waited_for() {
    free_threaded(3, || {
        let me = begin();
        let place = Place::new();
        let reader = spawn(|reader| {
            place.read();
            // Whether or not it has been asked to.
            reader.safepoint();
            place.read();
        });
        let block = place.unlink_and_retire();
        safepoint(me);
        join(me, reader);
        safepoint(me);
        poll_reclaim(me);
        assert_eq!(block.frees.get(), 1);
        end(me);
    });
}

/// A reader that detaches and attaches again while the block is retired.
#[test]
fn an_attaching_reader_is_waited_for() {
    free_threaded(4, || {
        let me = begin();
        let place = Place::new();
        let reader = spawn(|reader| {
            reader.detach();
            reader.attach();
            place.read();
        });
        let block = place.unlink_and_retire();
        safepoint(me);
        poll_reclaim(me);
        join(me, reader);
        safepoint(me);
        poll_reclaim(me);
        assert_eq!(block.frees.get(), 1);
        end(me);
    });
}

/// Two threads retire, each while the other reads.
#[test]
fn two_retirers_wait_for_each_other() {
    free_threaded(2, || {
        let me = begin();
        let (mine, other) = (Place::new(), Place::new());
        let thread = spawn(|thread| {
            mine.read();
            other.unlink_and_retire();
            safepoint(thread);
            mine.read();
        });
        other.read();
        let block = mine.unlink_and_retire();
        safepoint(me);
        other.read();
        join(me, thread);
        safepoint(me);
        poll_reclaim(me);
        assert_eq!(block.frees.get(), 1);
        end(me);
    });
}

/// What a thread has retired when it ends is freed by another.
#[test]
fn an_ended_thread_leaves_its_blocks_to_others() {
    free_threaded(2, || {
        let me = begin();
        let place = Place::new();
        // SAFETY: the blocks of a model stay to the end of the execution.
        let block: &'static Block = unsafe { &*place.0.load(Ordering::Relaxed) };
        let retirer = spawn(|_| {
            place.unlink_and_retire();
        });
        let reader = spawn(|reader| {
            place.read();
            safepoint(reader);
            place.read();
        });
        join(me, retirer);
        me.request(loom_tests::thread::request::PENDING_FREES);
        safepoint(me);
        join(me, reader);
        me.request(loom_tests::thread::request::PENDING_FREES);
        safepoint(me);
        assert_eq!(block.frees.get(), 1);
        end(me);
    });
}

/// With a GIL too: the thread that has it may be reading what one without it retires.
#[test]
fn a_detached_thread_frees_nothing_under_the_attached_one() {
    with_gil(3, || {
        let me = begin();
        let place = Place::new();
        // SAFETY: the blocks of a model stay to the end of the execution.
        let block: &'static Block = unsafe { &*place.0.load(Ordering::Relaxed) };
        let retirer = loom::thread::spawn(|| {
            place.unlink_and_retire();
        });
        place.read();
        safepoint(me);
        place.read();
        join(me, retirer);
        safepoint(me);
        assert_eq!(block.frees.get(), 1);
        end(me);
    });
}
