//! The allocator as Rust's global one, in a process with many threads.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use typhon_alloc::TyphonAllocator;

#[global_allocator]
static ALLOCATOR: TyphonAllocator = TyphonAllocator;

#[test]
fn every_alignment_up_to_two_mebibytes_is_served() {
    for shift in 0..=21 {
        for size in [
            1usize, 15, 16, 40, 100, 1000, 5000, 70_000, 300_000, 3_000_000,
        ] {
            let layout = Layout::from_size_align(size, 1 << shift).expect("a valid layout");
            // SAFETY: the layout's size is not 0; blocks are used within their sizes.
            unsafe {
                let block = alloc(layout);
                assert!(!block.is_null(), "{layout:?}");
                assert_eq!(block.addr() % layout.align(), 0, "{layout:?}");
                block.write_bytes(7, size);
                let longer = realloc(block, layout, size * 3);
                assert_eq!(longer.addr() % layout.align(), 0, "{layout:?}");
                assert_eq!((longer.read(), longer.add(size - 1).read()), (7, 7));
                let layout = Layout::from_size_align(size * 3, 1 << shift).expect("valid");
                dealloc(longer, layout);
                let zeroed = alloc_zeroed(layout);
                assert_eq!(zeroed.addr() % layout.align(), 0, "{layout:?}");
                assert!((0..size * 3).all(|at| zeroed.add(at).read() == 0));
                dealloc(zeroed, layout);
            }
        }
    }
    let absurd = Layout::from_size_align(16, 1 << 30).expect("a valid layout");
    // SAFETY: the size is not 0.
    let block = std::hint::black_box(unsafe { alloc(absurd) });
    assert!(block.is_null(), "declined, not wrong");
}

#[test]
fn collections_work_across_threads() {
    let (sender, receiver) = mpsc::channel::<HashMap<String, Vec<u64>>>();
    let makers: Vec<_> = (0..4u64)
        .map(|maker| {
            let sender = sender.clone();
            thread::spawn(move || {
                for round in 0..50u64 {
                    let table = (0..200u64)
                        .map(|key| {
                            (
                                format!("{maker}-{round}-{key}"),
                                vec![key; key as usize % 60],
                            )
                        })
                        .collect();
                    sender.send(table).expect("the receiver waits");
                }
            })
        })
        .collect();
    drop(sender);
    let mut entries = 0;
    for table in receiver {
        for (key, values) in &table {
            let number: u64 = key
                .rsplit('-')
                .next()
                .and_then(|end| end.parse().ok())
                .expect("ours");
            assert!(values.len() as u64 == number % 60 && values.iter().all(|&v| v == number));
        }
        entries += table.len();
    }
    for maker in makers {
        maker.join().expect("a maker failed");
    }
    assert_eq!(entries, 4 * 50 * 200);
}

struct AllocatesAsItGoes(Vec<String>);

impl Drop for AllocatesAsItGoes {
    fn drop(&mut self) {
        // Whichever destructor runs first, one of these allocates after the heap's end.
        let joined = self.0.join("+").repeat(100);
        let large = vec![1u8; 100_000 + joined.len()];
        assert!(large.iter().all(|&byte| byte == 1));
        self.0.clear();
    }
}

thread_local! {
    static BEFORE: RefCell<Option<AllocatesAsItGoes>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<AllocatesAsItGoes>> = const { RefCell::new(None) };
}

#[test]
fn destructors_of_thread_locals_may_allocate_and_free() {
    for _ in 0..50 {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                thread::spawn(|| {
                    // Registered before this thread's heap is, if the spawn did not
                    // allocate on it; the other one certainly after.
                    BEFORE.with_borrow(|nothing| assert!(nothing.is_none()));
                    let words: Vec<String> = (0..100).map(|n| n.to_string()).collect();
                    BEFORE.set(Some(AllocatesAsItGoes(words.clone())));
                    AFTER.set(Some(AllocatesAsItGoes(words)));
                    typhon_alloc::thread_end();
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("a thread failed");
        }
    }
}
