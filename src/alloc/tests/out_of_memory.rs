//! Under a limit on address space requests are declined with null, and memory that is
//! freed serves again.

use std::process::Command;
use std::{env, ptr};
use typhon_alloc::{Kind, allocate, allocate_zeroed, free, reallocate_raw};

const ROLE: &str = "TYPHON_ALLOC_TEST_LIMITED";

/// Runs one test of this binary in a process of its own.
fn in_limited_process(test: &str) {
    let status = Command::new(env::current_exe().expect("the test runs"))
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, "1")
        .status()
        .expect("the test binary runs");
    assert!(status.success(), "{test}: {status}");
}

fn limit_address_space(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: bytes,
    };
    // SAFETY: a plain system call on a local value.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}

/// A list of blocks through the blocks themselves, so that nothing else allocates.
struct Chain(*mut u8);

impl Chain {
    fn push(&mut self, block: *mut u8) {
        // SAFETY: the block is ours, 16 bytes are the header, the next 8 the link.
        unsafe { block.add(16).cast::<*mut u8>().write_unaligned(self.0) };
        self.0 = block;
    }

    fn free_all(&mut self) {
        while !self.0.is_null() {
            let block = self.0;
            // SAFETY: as above; the block is given up.
            unsafe {
                self.0 = block.add(16).cast::<*mut u8>().read_unaligned();
                free(block);
            }
        }
    }
}

#[test]
fn requests_beyond_the_limit_give_null_and_freed_memory_serves_again() {
    if env::var_os(ROLE).is_none() {
        return in_limited_process(
            "requests_beyond_the_limit_give_null_and_freed_memory_serves_again",
        );
    }
    limit_address_space(400 << 20);
    for size in [32usize, 100, 1000, 10_000, 100_000, 5 << 20] {
        for kind in Kind::ALL {
            let mut chain = Chain(ptr::null_mut());
            let mut count = 0usize;
            loop {
                let block = allocate(kind, size);
                if block.is_null() {
                    break;
                }
                chain.push(block);
                count += 1;
            }
            let held = count * size;
            assert!(
                held > 150 << 20,
                "{kind:?} {size}: only {held} bytes before null"
            );
            assert!(allocate(kind, size).is_null());
            chain.free_all();
        }
    }
    assert!(allocate(Kind::Raw, 1 << 40).is_null());
    assert!(allocate(Kind::Raw, isize::MAX as usize).is_null());
    assert!(allocate(Kind::Raw, usize::MAX).is_null());
    assert!(allocate_zeroed(Kind::Raw, usize::MAX - 100).is_null());
    let block = allocate(Kind::Raw, 100);
    // SAFETY: the block is ours, and as it was when growing fails.
    unsafe {
        block.write_bytes(3, 100);
        assert!(reallocate_raw(block, 1 << 40).is_null());
        assert_eq!(block.add(99).read(), 3);
        free(block);
    }
}
