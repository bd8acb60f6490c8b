//! A small page and a small heap over the allocator's own words.
//!
//! `free`, `refill`, `loosen` and `abandon` do what the functions of these names in
//! `src/alloc/heap.rs` and `page.rs` do. Everything a holder alone may touch is in cells
//! that loom watches, so two holders at once, or a holder that misses what the last one
//! did, fail the model. So does a block that is reused before its last user was done.

use loom::cell::UnsafeCell;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};
use loom_tests::alloc_source::holder::{Owner, Tenancy};
use loom_tests::alloc_source::page_list::{Heads, Linked, PageLists};
use loom_tests::alloc_source::thread_free::{Freed, ThreadFree};
use std::ptr;

pub const BLOCKS: usize = 2;

/// A block's offset: block n is at n + 1, because 0 ends a list.
pub type Offset = u32;

pub struct ModelHeap {
    pub tenancy: Tenancy,
}

impl ModelHeap {
    pub fn new() -> Self {
        Self {
            tenancy: Tenancy::new(AtomicBool::new(false)),
        }
    }

    pub fn address(&self) -> *mut ModelHeap {
        ptr::from_ref(self).cast_mut()
    }
}

/// What only the holder may touch.
pub struct Inside {
    pub free: Vec<Offset>,
    pub used: u32,
}

struct ModelBlock {
    link: UnsafeCell<Offset>,
    payload: UnsafeCell<u32>,
}

pub struct ModelPage {
    pub thread_free: ThreadFree,
    pub owner: Owner<ModelHeap>,
    inside: UnsafeCell<Inside>,
    next: UnsafeCell<*mut ModelPage>,
    blocks: [ModelBlock; BLOCKS],
}

// SAFETY: loom checks what the compiler cannot.
unsafe impl Send for ModelPage {}
// SAFETY: as above.
unsafe impl Sync for ModelPage {}

impl Linked for ModelPage {
    fn next(&self) -> *mut ModelPage {
        // SAFETY: the caller holds the page; loom checks it.
        self.next.with(|next| unsafe { *next })
    }

    fn set_next(&self, link: *mut ModelPage) {
        // SAFETY: as above.
        self.next.with_mut(|next| unsafe { *next = link });
    }
}

impl ModelPage {
    /// A page held by `heap`, with these blocks free and the others used.
    pub fn held_by(heap: *mut ModelHeap, free: &[Offset]) -> Self {
        Self {
            thread_free: ThreadFree::new(AtomicU64::new(0)),
            owner: Owner::new(AtomicPtr::new(heap)),
            inside: UnsafeCell::new(Inside {
                free: free.to_vec(),
                used: (BLOCKS - free.len()) as u32,
            }),
            next: UnsafeCell::new(ptr::null_mut()),
            blocks: std::array::from_fn(|_| ModelBlock {
                link: UnsafeCell::new(0),
                payload: UnsafeCell::new(0),
            }),
        }
    }

    fn block(&self, offset: Offset) -> &ModelBlock {
        &self.blocks[offset as usize - 1]
    }

    /// What only the holder may do.
    pub fn as_holder<R>(&self, action: impl FnOnce(&mut Inside) -> R) -> R {
        // SAFETY: the caller holds the page; loom checks it.
        self.inside
            .with_mut(|inside| action(unsafe { &mut *inside }))
    }

    /// What only the user of a block may do.
    pub fn write_payload(&self, offset: Offset) {
        // SAFETY: the caller uses the block; loom checks it.
        self.block(offset)
            .payload
            .with_mut(|payload| unsafe { *payload += 1 });
    }

    /// Frees a block on the thread of `heap` (null: a thread without one). True when
    /// that made the page the heap's.
    pub fn free(&self, heap: *mut ModelHeap, offset: Offset) -> bool {
        if !heap.is_null() && self.owner.is(heap) {
            self.push_local(offset);
            return false;
        }
        let set_link = |link| {
            // SAFETY: the block is ours until the push succeeds; loom checks it.
            self.block(offset)
                .link
                .with_mut(|place| unsafe { *place = link });
        };
        match self.thread_free.free(offset, set_link) {
            Freed::Pushed => false,
            Freed::Claimed => {
                self.push_local(offset);
                self.owner.set(heap);
                true
            }
        }
    }

    fn push_local(&self, offset: Offset) {
        self.as_holder(|inside| {
            inside.free.push(offset);
            inside.used -= 1;
        });
    }

    /// Takes in what others have freed. For the holder.
    pub fn collect(&self) {
        let taken = self.thread_free.take();
        let (mut offset, mut count) = (taken.head, 0);
        while offset != 0 {
            // SAFETY: the block is free and the holder's; loom checks it.
            let next = self.block(offset).link.with(|link| unsafe { *link });
            self.push_local(offset);
            count += 1;
            offset = next;
        }
        assert_eq!(count, taken.count, "as many blocks as were counted");
    }

    /// Allocates and uses a block, if there is one. For the holder.
    pub fn allocate(&self) -> Option<Offset> {
        if self.as_holder(|inside| inside.free.is_empty()) {
            self.collect();
        }
        let offset = self.as_holder(|inside| {
            inside.used += u32::from(!inside.free.is_empty());
            inside.free.pop()
        })?;
        self.write_payload(offset);
        Some(offset)
    }

    /// Lets the full page loose; false when a block came back. For the thread of
    /// `heap`, which holds the page.
    pub fn loosen(&self, heap: *mut ModelHeap) -> bool {
        self.as_holder(|inside| assert!(inside.free.is_empty()));
        self.owner.clear();
        let loose = self.thread_free.loosen();
        if !loose {
            self.owner.set(heap);
        }
        loose
    }
}

pub type ModelLists = PageLists<ModelPage, 1>;

pub fn lists() -> ModelLists {
    PageLists::new(Mutex::new(Heads::empty()), [AtomicUsize::new(0)])
}

/// Gives up a page. For the thread of the heap that holds it.
pub fn abandon(lists: &ModelLists, page: &ModelPage) {
    page.owner.clear();
    // SAFETY: the caller holds the page; loom checks it.
    unsafe { lists.add(0, ptr::from_ref(page).cast_mut()) };
}
