//! What threads leave behind when they end.
//!
//! Alone in its process: the statistics are the process's, and any test beside it would map
//! memory of its own between the two readings.

use std::thread;
use typhon_alloc::TyphonAllocator;

#[global_allocator]
static ALLOCATOR: TyphonAllocator = TyphonAllocator;

#[test]
fn threads_that_come_and_go_do_not_add_up() {
    let run = || {
        let threads: Vec<_> = (0..4)
            .map(|_| thread::spawn(|| (0..1000).map(|n| vec![n; 10]).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().for_each(|thread| drop(thread.join()));
    };
    (0..5).for_each(|_| run());
    let heaps = typhon_alloc::statistics().heaps;
    let mapped = typhon_alloc::statistics().mapped;
    (0..100).for_each(|_| run());
    let after = typhon_alloc::statistics();
    assert!(
        after.heaps <= heaps + 8,
        "heaps are reused: {heaps}, then {}",
        after.heaps
    );
    assert!(
        after.mapped <= mapped + (32 << 20),
        "{mapped}, then {}",
        after.mapped
    );
}
