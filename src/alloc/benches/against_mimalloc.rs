//! This allocator next to mimalloc: `cargo bench -p typhon-alloc`.
//!
//! * pair: allocate and free at once, the life of a temporary object;
//! * batch: allocate a thousand, free them in order, in reverse, shuffled;
//! * sizes: a shuffled mix of sizes;
//! * producer/consumer: one thread allocates, another frees;
//! * large: buffers of 100 KiB and 8 MiB.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use typhon_alloc::{Kind, TyphonAllocator, allocate, free};

/// Objects of this allocator, as the runtime asks for them.
struct Objects;

// SAFETY: blocks of this allocator; the benches ask for alignment 16 at most.
unsafe impl GlobalAlloc for Objects {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocate(Kind::Container, layout.size())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's promise.
        unsafe { free(block) }
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).expect("sizes here are small")
}

#[inline]
fn allocate_touched(allocator: &impl GlobalAlloc, size: usize) -> *mut u8 {
    // SAFETY: the size is not 0; the first byte of the block is ours to write.
    unsafe {
        let block = allocator.alloc(layout(size));
        block.write(1);
        block
    }
}

fn pair(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, allocator: impl GlobalAlloc) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let block = allocate_touched(&allocator, 32);
            // SAFETY: just allocated with this layout.
            unsafe { allocator.dealloc(black_box(block), layout(32)) };
        });
    });
}

/// A permutation of 0..count, the same each time.
fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = 0x2545_f491_4f6c_dd1du64;
    for last in (1..count).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(last, (state % (last as u64 + 1)) as usize);
    }
    order
}

fn batch(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    sizes: &[usize],
    order: &[usize],
    allocator: impl GlobalAlloc,
) {
    let mut blocks = vec![std::ptr::null_mut(); sizes.len()];
    group.throughput(Throughput::Elements(sizes.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for (place, &size) in blocks.iter_mut().zip(sizes) {
                *place = allocate_touched(&allocator, size);
            }
            for &at in order {
                // SAFETY: allocated above with this layout, freed once.
                unsafe { allocator.dealloc(blocks[at], layout(sizes[at])) };
            }
        });
    });
}

const RING: usize = 1024;

/// A ring between two threads: positions only grow.
struct Ring {
    slots: [AtomicPtr<u8>; RING],
    written: Padded,
    read: Padded,
}

#[repr(align(128))]
struct Padded(AtomicUsize);

/// Spins, and lets others run now and then, in case there are more threads than cores.
fn wait_a_little(waits: &mut u32) {
    *waits += 1;
    if waits.is_multiple_of(1000) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// Time for `count` blocks to go from one thread to the other.
fn hand_over(count: usize, allocator: &(impl GlobalAlloc + Sync)) -> Duration {
    let ring = Ring {
        slots: [const { AtomicPtr::new(std::ptr::null_mut()) }; RING],
        written: Padded(AtomicUsize::new(0)),
        read: Padded(AtomicUsize::new(0)),
    };
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut limit, mut at, mut waits) = (RING, 0, 0);
            while at < count {
                while at == limit {
                    wait_a_little(&mut waits);
                    limit = ring.read.0.load(Ordering::Acquire) + RING;
                }
                let end = limit.min(count).min(at + 64);
                while at < end {
                    let block = allocate_touched(allocator, 32);
                    ring.slots[at % RING].store(block, Ordering::Relaxed);
                    at += 1;
                }
                ring.written.0.store(at, Ordering::Release);
            }
        });
        let (mut at, mut waits) = (0, 0);
        while at < count {
            let end = ring.written.0.load(Ordering::Acquire);
            if at == end {
                wait_a_little(&mut waits);
            }
            while at < end {
                let block = ring.slots[at % RING].load(Ordering::Relaxed);
                // SAFETY: allocated by the other thread with this layout, freed once.
                unsafe { allocator.dealloc(block, layout(32)) };
                at += 1;
            }
            ring.read.0.store(at, Ordering::Release);
        }
    });
    started.elapsed()
}

fn producer_consumer(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    allocator: impl GlobalAlloc + Sync,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            // A thread's start must not show: a thousand blocks an iteration.
            hand_over(iterations as usize * 1000, &allocator)
        });
    });
}

fn large(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    size: usize,
    allocator: impl GlobalAlloc,
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let block = allocate_touched(&allocator, size);
            // SAFETY: just allocated with this layout.
            unsafe { allocator.dealloc(black_box(block), layout(size)) };
        });
    });
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pair32");
    pair(&mut group, "objects", Objects);
    pair(&mut group, "raw", TyphonAllocator);
    pair(&mut group, "mimalloc", MiMalloc);
    group.finish();

    let sizes = vec![32; 1000];
    let forward: Vec<usize> = (0..1000).collect();
    let reverse: Vec<usize> = (0..1000).rev().collect();
    let random = shuffled(1000);
    for (name, order) in [
        ("batch32_forward", &forward),
        ("batch32_reverse", &reverse),
        ("batch32_shuffled", &random),
    ] {
        let mut group = criterion.benchmark_group(name);
        batch(&mut group, "objects", &sizes, order, Objects);
        batch(&mut group, "raw", &sizes, order, TyphonAllocator);
        batch(&mut group, "mimalloc", &sizes, order, MiMalloc);
        group.finish();
    }

    let many = vec![32; 200_000];
    let order = shuffled(many.len());
    let mut group = criterion.benchmark_group("batch32_many");
    batch(&mut group, "objects", &many, &order, Objects);
    batch(&mut group, "mimalloc", &many, &order, MiMalloc);
    group.finish();

    let mixed: Vec<usize> = shuffled(1000)
        .iter()
        .map(|&at| 16 + at * at % 700)
        .collect();
    let mut group = criterion.benchmark_group("sizes");
    batch(&mut group, "objects", &mixed, &random, Objects);
    batch(&mut group, "mimalloc", &mixed, &random, MiMalloc);
    group.finish();

    let mut group = criterion.benchmark_group("producer_consumer");
    group.throughput(Throughput::Elements(1000));
    producer_consumer(&mut group, "objects", Objects);
    producer_consumer(&mut group, "mimalloc", MiMalloc);
    group.finish();

    for (name, size) in [("large_100K", 100 << 10), ("large_8M", 8 << 20)] {
        let mut group = criterion.benchmark_group(name);
        large(&mut group, "raw", size, TyphonAllocator);
        large(&mut group, "mimalloc", size, MiMalloc);
        group.finish();
    }
}

criterion_group!(all, benches);
criterion_main!(all);
