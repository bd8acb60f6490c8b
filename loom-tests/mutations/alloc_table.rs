//! Mutations of the allocator's protocols.

use crate::table::Mutation;

const FREE: &str = "src/alloc/thread_free.rs";
const HOLDER: &str = "src/alloc/holder.rs";
const LIST: &str = "src/alloc/page_list.rs";

mutations! {
    "alloc_remote_free::a_block_freed_by_another_thread_is_reused_after_its_last_use_and_once" {
        FREE: "a push does not release",
            ".compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)" =>
            ".compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)";
        FREE: "taking does not acquire",
            "self.0.swap(0, Ordering::Acquire)" => "self.0.swap(0, Ordering::Relaxed)";
        FREE: "taking is not one step",
            "let word = self.0.swap(0, Ordering::Acquire);" =>
            "let word = self.0.load(Ordering::Acquire); self.0.store(0, Ordering::Relaxed);";
    }
    "alloc_remote_free::no_block_is_lost_when_a_page_is_let_loose" {
        FREE: "letting loose does not look for a block that came back",
            ".compare_exchange(0, LOOSE, Ordering::Release, Ordering::Relaxed).is_ok()" =>
            ".swap(LOOSE, Ordering::Release) & LOOSE == 0";
        FREE: "letting loose does not release",
            ".compare_exchange(0, LOOSE, Ordering::Release, Ordering::Relaxed)" =>
            ".compare_exchange(0, LOOSE, Ordering::Relaxed, Ordering::Relaxed)";
        FREE: "a claim does not acquire",
            ".compare_exchange_weak(word, 0, Ordering::Acquire, Ordering::Relaxed)" =>
            ".compare_exchange_weak(word, 0, Ordering::Relaxed, Ordering::Relaxed)";
    }
    "alloc_remote_free::a_loose_page_is_claimed_by_exactly_one_free" {
        FREE: "a claim does not see whether it is the first",
            ".compare_exchange_weak(word, 0, Ordering::Acquire, Ordering::Relaxed)" =>
            ".fetch_and(0, Ordering::Acquire).checked_add(0).ok_or(0)";
    }
    "alloc_adoption::an_abandoned_page_is_adopted_whole_while_blocks_are_freed_into_it" {
        FREE: "a push does not release",
            ".compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)" =>
            ".compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)";
    }
    "alloc_adoption::an_abandoned_page_is_adopted_once" {
        LIST: "the adopted page stays in the list",
            "heads.first[list] = unsafe { (*page).next() };" =>
            "let _ = unsafe { (*page).next() };";
    }
    "alloc_adoption::a_heap_s_next_tenant_takes_no_page_for_its_own_that_the_last_one_gave_up" {
        HOLDER: "leaving does not release",
            "self.0.store(false, Ordering::Release);" =>
            "self.0.store(false, Ordering::Relaxed);";
        HOLDER: "entering does not acquire",
            ".compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)" =>
            ".compare_exchange(false, true, Ordering::Relaxed, Ordering::Relaxed)";
    }
}
