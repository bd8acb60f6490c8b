//! Models of the concurrency core. Each test is named after the invariant it proves,
//! and explores every interleaving of its threads up to a number of preemptions, with
//! every value a load may return under the C11 memory model.
//!
//! `mutations/main.rs` lists, for each of them, a line of the source without which it
//! fails.

mod alloc_adoption;
mod alloc_page;
mod alloc_remote_free;
mod collector;
mod counts;
mod gil;
mod inline_cache;
mod locks;
mod merge_queue;
mod object_lock;
mod once;
mod promotion;
mod qsbr;
mod slots;
mod uncounted;
mod weak_references;
mod world;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::thread::JoinHandle;
use loom_tests::header::Header;
use loom_tests::mode::{self, set_multithreaded};
use loom_tests::shim::{forever, start_execution};
use loom_tests::thread::ThreadRecord;
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Explores `body` without a GIL.
fn free_threaded(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    explore(preemptions, move || {
        mode::initialize(false);
        set_multithreaded();
        body();
    });
}

/// Explores `body` with a GIL.
fn with_gil(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    explore(preemptions, move || {
        mode::initialize(true);
        body();
    });
}

fn explore(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(preemptions));
    builder.max_branches = builder.max_branches.max(20_000);
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&executions);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        start_execution();
        body();
    });
    // Shown by `cargo test -- --show-output`.
    println!("{} executions", executions.load(Ordering::Relaxed));
}

/// An object whose contents loom watches: reading them without a reference, or
/// destroying it while somebody may read, fails the model.
#[repr(C, align(16))]
struct Object {
    header: Header,
    contents: UnsafeCell<u32>,
    deaths: Cell<u32>,
}

// SAFETY: all threads of a model run on one operating-system thread; loom checks
// `contents`.
unsafe impl Sync for Object {}

impl Object {
    /// With one reference, owned by `owner`.
    fn new(owner: &ThreadRecord) -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe { &*forever(Self::unshared(owner)) }
    }

    /// The same, to be part of something.
    fn unshared(owner: &ThreadRecord) -> Self {
        Self {
            header: Header::new_owned(0, owner.owner_id()),
            contents: UnsafeCell::new(1),
            deaths: Cell::new(0),
        }
    }

    /// What a thread with a reference does with it.
    fn read(&self) {
        // SAFETY: loom checks that nobody writes.
        self.contents
            .with(|contents| assert_eq!(unsafe { *contents }, 1, "read after death"));
    }

    /// Drops a reference.
    fn drop_reference(&self) {
        if self.header.decref() {
            self.die();
        }
    }

    fn die(&self) {
        self.deaths.set(self.deaths.get() + 1);
        assert_eq!(self.deaths.get(), 1, "freed twice");
        // SAFETY: loom checks that nobody reads.
        self.contents.with_mut(|contents| unsafe { *contents = 0 });
    }

    fn is_dead(&self) -> bool {
        self.deaths.get() == 1
    }
}

/// What to do with an object that has no reference left.
fn destroy(header: NonNull<Header>) {
    // SAFETY: every header of a model begins an `Object`.
    unsafe { header.cast::<Object>().as_ref() }.die();
}

/// Registers and attaches the calling thread.
fn begin() -> &'static ThreadRecord {
    let record = ThreadRecord::register().expect("a model has few threads");
    record.attach();
    record
}

/// Ends the calling thread.
fn end(record: &'static ThreadRecord) {
    record.unregister(&mut destroy);
}

/// A registered and attached thread that runs `body`.
fn spawn(body: impl FnOnce(&'static ThreadRecord) + 'static) -> JoinHandle<()> {
    loom::thread::spawn(move || {
        let record = begin();
        body(record);
        end(record);
    })
}

/// Waits for a thread, detached.
fn join(record: &ThreadRecord, thread: JoinHandle<()>) {
    record.detached(|| thread.join().expect("the thread has panicked"));
}

/// Comes to a safepoint if asked to, and merges what waits there.
fn safepoint(record: &'static ThreadRecord) {
    if record.poll() {
        record.safepoint();
        record.merge_what_waits(&mut destroy);
    }
}
