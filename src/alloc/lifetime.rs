//! How heaps are born, end with their thread and survive fork.
//!
//! A heap is made at a thread's first allocation and never goes away; when its thread
//! ends, its pages are abandoned and the heap itself waits for another thread. All
//! heaps are in one list that only grows, so their counters can be summed at any time.
//!
//! A thread whose destructors have run may still allocate (other destructors do). It
//! then borrows the *late heap*, under a lock, for that one allocation.
//!
//! Fork leaves the child with one thread. The locks are taken before, so that what
//! they guard is whole; the heaps of the vanished threads may have been in the middle
//! of anything, so their queues are forgotten and their pages found again through the
//! segments, recounted and abandoned.

use crate::abandoned;
use crate::heap::{self, Heap};
use crate::holder::Tenancy;
use crate::os;
use crate::page::{KINDS, Page, PageState};
use crate::page_list::Heads;
use crate::segment;
use crate::size_class::{CLASSES, SINGLE};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A heap's place among all heaps.
#[repr(C)]
pub struct Registration {
    next: AtomicPtr<Heap>, // set before the heap is registered, then constant
    tenancy: Tenancy,      // whether a thread has it
}

impl Registration {
    pub const fn none() -> Registration {
        Registration {
            next: AtomicPtr::new(ptr::null_mut()),
            tenancy: Tenancy::new(AtomicBool::new(false)),
        }
    }
}

/// The newest heap; the others follow through `Registration::next`.
static HEAPS: AtomicPtr<Heap> = AtomicPtr::new(ptr::null_mut());

/// How many heaps there are in `HEAPS`.
static HEAP_COUNT: AtomicUsize = AtomicUsize::new(0);

/// How many heaps have been made; as many threads as that were alive at once.
pub fn heap_count() -> usize {
    HEAP_COUNT.load(Ordering::Relaxed)
}

/// The heap of threads past their end.
static LATE: Mutex<LateHeap> = Mutex::new(LateHeap(ptr::null_mut()));

struct LateHeap(*mut Heap);

// SAFETY: whoever has the lock is the heap's thread.
unsafe impl Send for LateHeap {}

/// Ends the thread's heap when the thread ends.
struct ThreadGuard;

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        thread_end();
    }
}

thread_local! {
    static GUARD: ThreadGuard = const { ThreadGuard };
    // The late heap is in use by this very thread: its slow paths may come back here.
    static IN_LATE_HEAP: Cell<bool> = const { Cell::new(false) };
}

/// Visits all heaps, in use or not.
pub fn for_each_heap(mut visit: impl FnMut(&'static Heap)) {
    // Acquire: pairs with the Release that registers a heap.
    let mut heap = HEAPS.load(Ordering::Acquire);
    // SAFETY: registered heaps never go away.
    while let Some(current) = unsafe { heap.as_ref() } {
        visit(current);
        heap = current.registration.next.load(Ordering::Relaxed);
    }
}

/// A heap that waits for a thread, or a new one; null without memory.
fn take_heap() -> *mut Heap {
    let mut found: *const Heap = ptr::null();
    for_each_heap(|heap| {
        if found.is_null() && heap.registration.tenancy.enter() {
            found = heap;
        }
    });
    if !found.is_null() {
        return found.cast_mut();
    }
    let page_size = os::system_page_size();
    let memory = os::map(
        size_of::<Heap>().next_multiple_of(page_size),
        page_size,
        ptr::null_mut(),
    );
    if memory.is_null() {
        return ptr::null_mut();
    }
    let heap: *mut Heap = memory.cast();
    // SAFETY: fresh memory, all zero, at least as large and aligned as a heap.
    let registration = unsafe {
        Heap::initialize(heap);
        &(*heap).registration
    };
    let entered = registration.tenancy.enter();
    debug_assert!(entered, "nobody knows the heap yet");
    HEAP_COUNT.fetch_add(1, Ordering::Relaxed);
    let mut newest = HEAPS.load(Ordering::Relaxed);
    loop {
        registration.next.store(newest, Ordering::Relaxed);
        // Release: whoever finds the heap sees it initialized.
        match HEAPS.compare_exchange_weak(newest, heap, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return heap,
            Err(now) => newest = now,
        }
    }
}

/// Runs `action` with the calling thread's heap, which is made when there is none.
/// The default value when there is no memory for one.
pub fn with_heap<R>(action: impl FnOnce(&Heap) -> R) -> R
where
    R: OrNull,
{
    let mut heap = heap::current();
    if heap::is_empty_heap(heap) {
        if GUARD.try_with(|_| ()).is_err() {
            return with_late_heap(action);
        }
        // Registering the guard may have allocated and made the heap already.
        heap = heap::current();
        if heap::is_empty_heap(heap) {
            heap = take_heap();
            if heap.is_null() {
                return R::NULL;
            }
            heap::set_current(heap);
        }
    }
    // SAFETY: a thread's heap is its own.
    action(unsafe { &*heap })
}

/// What to answer when not even a heap can be had.
pub trait OrNull {
    const NULL: Self;
}

impl OrNull for *mut u8 {
    const NULL: *mut u8 = ptr::null_mut();
}

impl OrNull for () {
    const NULL: () = ();
}

#[cold]
fn with_late_heap<R: OrNull>(action: impl FnOnce(&Heap) -> R) -> R {
    let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    if late.0.is_null() {
        late.0 = take_heap();
        if late.0.is_null() {
            return R::NULL;
        }
    }
    heap::set_current(late.0);
    // SAFETY: the lock makes the late heap ours for now.
    let result = action(unsafe { &*late.0 });
    heap::set_current(ptr::null_mut());
    result
}

/// Ends the calling thread's heap: its pages are left to others. Called of itself when
/// a thread ends; calling it earlier is allowed, and so is allocating afterwards.
pub fn thread_end() {
    let heap = heap::current();
    if heap::is_empty_heap(heap) {
        return;
    }
    // SAFETY: the thread's heap is its own until it is released.
    unsafe {
        (*heap).abandon_all();
        heap::set_current(ptr::null_mut());
        (*heap).registration.tenancy.leave();
    }
}

/// The locks held across a fork.
struct ForkGuards {
    _late: MutexGuard<'static, LateHeap>,
    lists: MutexGuard<'static, Heads<Page, { KINDS * CLASSES }>>,
    segments: MutexGuard<'static, segment::Segments>,
}

thread_local! {
    static FORK: Cell<Option<ForkGuards>> = const { Cell::new(None) };
}

/// To be called by the forking thread before fork. It must not allocate or free until
/// the matching [`after_fork_parent`] or [`after_fork_child`].
pub fn before_fork() {
    // In the order in which they nest.
    let late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    let lists = abandoned::lock();
    let segments = segment::lock();
    FORK.set(Some(ForkGuards {
        _late: late,
        lists,
        segments,
    }));
}

/// To be called in the parent after fork.
pub fn after_fork_parent() {
    drop(FORK.take());
}

/// To be called in the child after fork: the pages of all other threads are abandoned.
pub fn after_fork_child() {
    let Some(mut guards) = FORK.take() else {
        return;
    };
    abandoned::forget_all(&mut guards.lists);
    let mine = heap::current();
    let mut orphans: *mut Page = ptr::null_mut();
    guards.segments.for_each_page(|page| {
        let is_mine = !heap::is_empty_heap(mine) && page.owner.is(mine);
        if is_mine
            || page.state() != PageState::Active
            || page.class() == SINGLE
            || page.thread_free.is_loose()
        {
            return;
        }
        page.owner.clear();
        page.is_borrowed.set(0);
        // SAFETY: the thread that held the page does not exist here.
        if unsafe { page.recount() } {
            page.next.set(orphans);
            orphans = ptr::from_ref(page).cast_mut();
        }
        // Otherwise nobody will allocate from it again; what is in it stays valid.
    });
    for_each_heap(|heap| {
        if !ptr::eq(heap, mine) {
            // SAFETY: its thread is gone, and its pages have just been found.
            unsafe { heap.forget_queues() };
            heap.registration.tenancy.leave();
        }
    });
    let mut late = guards._late;
    late.0 = ptr::null_mut();
    drop((guards.lists, guards.segments, late));
    while !orphans.is_null() {
        // SAFETY: the pages were found held by nobody that exists, once each.
        unsafe {
            let page = orphans;
            orphans = (*page).next.get();
            abandoned::add(page);
        }
    }
}
