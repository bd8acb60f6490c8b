//! With `--features validate`, misuse ends the process with a word about it.
#![cfg(feature = "validate")]

use std::env;
use std::process::Command;
use typhon_alloc::{Kind, allocate, free};

const ROLE: &str = "TYPHON_ALLOC_TEST_MISUSE";

/// Whether this is the process that may misuse the allocator; if not, runs it and
/// checks what it says.
fn misuses(test: &str, complaint: &str) -> bool {
    if env::var_os(ROLE).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().expect("the test runs"))
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, "1")
        .output()
        .expect("the test binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains(complaint),
        "{test}: {said}"
    );
    false
}

#[test]
fn a_block_freed_twice_is_noticed() {
    if misuses("a_block_freed_twice_is_noticed", "freed twice") {
        let block = allocate(Kind::Raw, 40);
        // SAFETY: none; this is the misuse to be noticed.
        unsafe {
            free(block);
            free(block);
        }
    }
}

#[test]
fn an_address_inside_a_block_is_noticed() {
    if misuses("an_address_inside_a_block_is_noticed", "no block") {
        let block = allocate(Kind::Plain, 64);
        // SAFETY: none; this is the misuse to be noticed.
        unsafe { free(block.add(16)) };
    }
}

#[test]
fn a_write_after_free_is_noticed() {
    if misuses("a_write_after_free_is_noticed", "after it was freed") {
        let block = allocate(Kind::Container, 64);
        // SAFETY: none; this is the misuse to be noticed.
        unsafe {
            free(block);
            block.add(40).write(1);
        }
        for _ in 0..10_000 {
            allocate(Kind::Container, 64);
        }
    }
}
