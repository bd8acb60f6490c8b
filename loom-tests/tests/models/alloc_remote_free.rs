//! Frees by other threads against reuse of the page.

use super::alloc_page::{ModelHeap, ModelPage};
use super::explore;
use loom::sync::Arc;
use loom::thread;
use std::ptr;

fn free_elsewhere(page: &Arc<ModelPage>, block: u32) -> thread::JoinHandle<bool> {
    let page = Arc::clone(page);
    thread::spawn(move || {
        page.write_payload(block);
        page.free(ptr::null_mut(), block)
    })
}

/// Two threads free their blocks while the holder takes what comes and uses it again.
#[test]
fn a_block_freed_by_another_thread_is_reused_after_its_last_use_and_once() {
    explore(3, || {
        let heap = ModelHeap::new();
        let page = Arc::new(ModelPage::held_by(heap.address(), &[]));
        let freeing = [free_elsewhere(&page, 1), free_elsewhere(&page, 2)];
        let holding = thread::spawn({
            let page = Arc::clone(&page);
            move || [page.allocate(), page.allocate()]
        });
        for thread in freeing {
            assert!(
                !thread.join().expect("the thread ends"),
                "the page was held"
            );
        }
        let early = holding.join().expect("the thread ends");
        let late = early.map(|block| block.or_else(|| page.allocate()));
        assert!(
            late == [Some(1), Some(2)] || late == [Some(2), Some(1)],
            "{late:?}"
        );
    });
}

/// A full page is let loose while a block of it is freed.
#[test]
fn no_block_is_lost_when_a_page_is_let_loose() {
    explore(3, || {
        let heap = ModelHeap::new();
        let page = Arc::new(ModelPage::held_by(heap.address(), &[]));
        // The holder's last words about the page, which a claimer must see.
        page.as_holder(|inside| inside.used = 2);
        let freeing = free_elsewhere(&page, 1);
        let loose = page.loosen(heap.address());
        if !loose {
            assert_eq!(page.allocate(), Some(1), "what came back can be had");
        }
        let claimed = freeing.join().expect("the thread ends");
        assert_eq!(claimed, loose, "a loose page is claimed, a held one is not");
        if claimed {
            page.as_holder(|inside| assert_eq!((inside.used, &inside.free[..]), (1, &[1][..])));
        }
    });
}

/// Two threads free the first two blocks of a loose page at once.
#[test]
fn a_loose_page_is_claimed_by_exactly_one_free() {
    explore(3, || {
        let heap = ModelHeap::new();
        let page = Arc::new(ModelPage::held_by(heap.address(), &[]));
        assert!(page.loosen(heap.address()));
        let claims = [free_elsewhere(&page, 1), free_elsewhere(&page, 2)]
            .map(|thread| thread.join().expect("the thread ends"));
        assert_eq!(claims.iter().filter(|&&claimed| claimed).count(), 1);
        page.collect();
        page.as_holder(|inside| assert_eq!((inside.used, inside.free.len()), (0, 2)));
    });
}
