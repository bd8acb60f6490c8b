//! Many threads allocate, pass on and free blocks of all kinds and sizes; each block
//! carries a pattern that must survive until it is freed. TYPHON_ALLOC_SEED chooses other
//! sequences.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use typhon_alloc::{Kind, allocate, free, reallocate_raw, usable_size};

/// A small generator, so that a failure is repeatable.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn size(&mut self) -> usize {
        match self.below(100) {
            0 => 16 + self.below(6 << 20),
            1..=3 => 16 + self.below(200_000),
            4..=20 => 16 + self.below(8192),
            _ => 16 + self.below(500),
        }
    }
}

struct Held {
    block: *mut u8,
    size: usize,
    tag: u8,
    kind: Kind,
}

// SAFETY: a block may be used by whichever thread holds it.
unsafe impl Send for Held {}

impl Held {
    fn new(kind: Kind, size: usize, tag: u8) -> Held {
        let block = allocate(kind, size);
        assert!(!block.is_null());
        assert_eq!(block.addr() % 16, 0);
        // SAFETY: the block is ours and at least `size` ≥ 16 bytes long.
        unsafe {
            assert!(usable_size(block) >= size);
            if kind.has_header() {
                let shape = &*block.cast::<AtomicU32>();
                assert_eq!(shape.swap(u32::from(tag) + 1, Ordering::Relaxed), 0);
                block.add(4).write_bytes(tag, 12);
            }
            block.add(16).write_bytes(tag, size - 16);
        }
        Held {
            block,
            size,
            tag,
            kind,
        }
    }

    fn check(&self) {
        // SAFETY: the block is ours and `size` bytes long.
        let payload = unsafe { std::slice::from_raw_parts(self.block.add(16), self.size - 16) };
        assert!(payload.iter().all(|&byte| byte == self.tag));
        if self.kind.has_header() {
            // SAFETY: as above.
            let shape = unsafe { (*self.block.cast::<AtomicU32>()).load(Ordering::Relaxed) };
            assert_eq!(shape, u32::from(self.tag) + 1);
        }
    }

    fn free(self) {
        self.check();
        // SAFETY: the block is ours and given up.
        unsafe { free(self.block) };
    }
}

fn churn(seed: u64, steps: usize, outbox: &[mpsc::Sender<Held>], inbox: &mpsc::Receiver<Held>) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut held = Vec::new();
    for _ in 0..steps {
        match random.below(10) {
            0..=4 => {
                let kind = Kind::ALL[random.below(3)];
                held.push(Held::new(kind, random.size(), random.next() as u8));
            }
            5..=7 if !held.is_empty() => {
                let at = random.below(held.len());
                held.swap_remove(at).free();
            }
            8 if !held.is_empty() => {
                let at = random.below(held.len());
                let one = held.swap_remove(at);
                let _ = outbox[random.below(outbox.len())].send(one);
            }
            _ => {
                if let Some(raw) = held.iter_mut().find(|one| one.kind == Kind::Raw) {
                    raw.check();
                    let size = random.size();
                    // SAFETY: the block is ours and raw.
                    raw.block = unsafe { reallocate_raw(raw.block, size) };
                    assert!(!raw.block.is_null());
                    if size > raw.size {
                        let old = raw.size;
                        // SAFETY: the block is now `size` bytes long.
                        unsafe { raw.block.add(old).write_bytes(raw.tag, size - old) };
                    }
                    raw.size = size;
                    raw.check();
                }
                while let Ok(received) = inbox.try_recv() {
                    received.free();
                }
            }
        }
        if held.len() > 600 {
            held.drain(..300).for_each(Held::free);
        }
    }
    held.into_iter().for_each(Held::free);
}

#[test]
fn blocks_survive_many_threads_that_come_and_go() {
    let steps = if cfg!(feature = "validate") {
        4_000
    } else {
        30_000
    };
    let seed: u64 =
        std::env::var("TYPHON_ALLOC_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    for round in seed * 6..seed * 6 + 6 {
        let channels: Vec<_> = (0..4).map(|_| mpsc::channel::<Held>()).collect();
        let outbox: Vec<_> = channels.iter().map(|(sender, _)| sender.clone()).collect();
        let threads: Vec<_> = channels
            .into_iter()
            .enumerate()
            .map(|(number, (_, inbox))| {
                let outbox = outbox.clone();
                thread::spawn(move || {
                    churn(round * 10 + number as u64 + 1, steps, &outbox, &inbox);
                    drop(outbox);
                    inbox
                })
            })
            .collect();
        drop(outbox);
        for thread in threads {
            for left in thread.join().expect("a thread failed") {
                left.free();
            }
        }
    }
    typhon_alloc::trim();
    println!("{}", typhon_alloc::statistics());
}
