//! Abandonment against adoption.

use super::alloc_page::{ModelHeap, ModelLists, ModelPage, abandon, lists};
use super::explore;
use loom::sync::Arc;
use loom::thread;
use std::ptr;

struct Stage {
    heaps: [ModelHeap; 2],
    page: ModelPage,
    lists: ModelLists,
}

/// A page of heap 0, which has a tenant, with one block free and one used.
fn stage() -> Arc<Stage> {
    let heaps = [ModelHeap::new(), ModelHeap::new()];
    assert!(heaps[0].tenancy.enter());
    let page = ModelPage::held_by(ptr::null_mut(), &[1]);
    let stage = Arc::new(Stage {
        heaps,
        page,
        lists: lists(),
    });
    // Now that it has its final address.
    stage.page.owner.set(stage.heaps[0].address());
    stage
}

/// Takes the page if it is in the list, and a block of it. True when it was there.
fn adopt(stage: &Stage, heap: usize) -> bool {
    // SAFETY: the list holds its pages, which the stage keeps.
    let Some(page) = (unsafe { stage.lists.take(0).as_ref() }) else {
        return false;
    };
    page.owner.set(stage.heaps[heap].address());
    page.collect();
    assert!(page.allocate().is_some(), "an abandoned page has room");
    true
}

/// One thread ends, another adopts its page, a third frees a block of it.
#[test]
fn an_abandoned_page_is_adopted_whole_while_blocks_are_freed_into_it() {
    explore(2, || {
        let stage = stage();
        let freeing = thread::spawn({
            let stage = Arc::clone(&stage);
            move || {
                stage.page.write_payload(2);
                assert!(
                    !stage.page.free(ptr::null_mut(), 2),
                    "the page is held throughout"
                );
            }
        });
        let adopting = thread::spawn({
            let stage = Arc::clone(&stage);
            move || adopt(&stage, 1)
        });
        stage.page.as_holder(|inside| assert_eq!(inside.used, 1));
        abandon(&stage.lists, &stage.page);
        freeing.join().expect("the thread ends");
        let adopted = adopting.join().expect("the thread ends");
        assert!(
            adopted || adopt(&stage, 1),
            "the page is adopted, now if not before"
        );
        stage.page.collect();
        stage
            .page
            .as_holder(|inside| assert_eq!((inside.used, inside.free.len()), (1, 1)));
    });
}

/// Two threads look for the same page.
#[test]
fn an_abandoned_page_is_adopted_once() {
    explore(3, || {
        let stage = stage();
        let others = [0, 1].map(|heap| {
            let stage = Arc::clone(&stage);
            thread::spawn(move || adopt(&stage, heap))
        });
        abandon(&stage.lists, &stage.page);
        let adopted = others.map(|thread| thread.join().expect("the thread ends"));
        assert!(adopted != [true, true], "by one of them");
        assert!(
            adopted != [false, false] || adopt(&stage, 1),
            "or it is still there"
        );
    });
}

/// A thread leaves its heap; the next tenant of that heap frees a block of a page the
/// last one gave up, while somebody else has adopted the page.
#[test]
fn a_heap_s_next_tenant_takes_no_page_for_its_own_that_the_last_one_gave_up() {
    explore(3, || {
        let stage = stage();
        let adopting = thread::spawn({
            let stage = Arc::clone(&stage);
            move || {
                adopt(&stage, 1);
            }
        });
        let next_tenant = thread::spawn({
            let stage = Arc::clone(&stage);
            move || {
                if stage.heaps[0].tenancy.enter() {
                    let heap = stage.heaps[0].address();
                    stage.page.write_payload(2);
                    assert!(!stage.page.free(heap, 2), "the page is held throughout");
                }
            }
        });
        abandon(&stage.lists, &stage.page);
        stage.heaps[0].tenancy.leave();
        adopting.join().expect("the thread ends");
        next_tenant.join().expect("the thread ends");
    });
}
