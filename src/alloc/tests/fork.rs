//! A child of fork goes on allocating, with the pages of the threads it lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use typhon_alloc::{Kind, after_fork_child, after_fork_parent, allocate, before_fork, free};

/// What the child checks; it says so with its exit status, because after fork with
/// threads hardly anything else is allowed.
fn child_works(blocks: &[usize]) -> bool {
    for &address in blocks {
        let block: *mut u8 = std::ptr::with_exposed_provenance_mut(address);
        // SAFETY: allocated by the other thread, which does not exist here.
        unsafe {
            if block.add(20).read() != 0x5a {
                return false;
            }
            free(block);
        }
    }
    for size in [32usize, 48, 500, 5000, 50_000, 500_000, 5 << 20] {
        for kind in Kind::ALL {
            let mut held = [std::ptr::null_mut(); 500];
            let count = if size > 10_000 { 10 } else { held.len() };
            for (number, place) in held[..count].iter_mut().enumerate() {
                *place = allocate(kind, size);
                if place.is_null() {
                    return false;
                }
                // SAFETY: the block is ours and longer than that.
                unsafe { place.add(20).write(number as u8) };
            }
            for (number, &block) in held[..count].iter().enumerate() {
                // SAFETY: as above; the block is given up.
                unsafe {
                    if block.add(20).read() != number as u8 {
                        return false;
                    }
                    free(block);
                }
            }
        }
    }
    true
}

#[test]
fn the_child_of_a_fork_keeps_allocating() {
    let stop = Arc::new(AtomicBool::new(false));
    let ready = Arc::new(Barrier::new(3));
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let (stop, ready) = (Arc::clone(&stop), Arc::clone(&ready));
            thread::spawn(move || {
                let mut held = Vec::new();
                ready.wait();
                let mut size = 16;
                while !stop.load(Ordering::Relaxed) {
                    size = (size * 7 + 33) % 3000;
                    held.push(allocate(Kind::ALL[size % 3], size.max(16)).expose_provenance());
                    if held.len() > 500 {
                        for address in held.drain(..400) {
                            // SAFETY: allocated above, freed once.
                            unsafe { free(std::ptr::with_exposed_provenance_mut(address)) };
                        }
                    }
                }
                for address in held {
                    // SAFETY: as above.
                    unsafe { free(std::ptr::with_exposed_provenance_mut(address)) };
                }
            })
        })
        .collect();
    ready.wait();
    for _ in 0..100 {
        let theirs: Vec<usize> = thread::spawn(|| {
            (0..100)
                .map(|_| {
                    let block = allocate(Kind::Container, 48);
                    // SAFETY: the block is ours and longer than that.
                    unsafe { block.add(20).write(0x5a) };
                    block.expose_provenance()
                })
                .collect()
        })
        .join()
        .expect("the thread ends");
        before_fork();
        // SAFETY: the child only calls the allocator and `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            after_fork_child();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(!child_works(&theirs))) };
        }
        after_fork_parent();
        assert!(child > 0, "fork failed");
        let mut status = 0;
        // SAFETY: waits for the child just made.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0, "the child failed");
        for address in theirs {
            // SAFETY: allocated above, freed once in this process.
            unsafe { free(std::ptr::with_exposed_provenance_mut(address)) };
        }
    }
    stop.store(true, Ordering::Relaxed);
    for thread in busy {
        thread.join().expect("a thread failed");
    }
}
