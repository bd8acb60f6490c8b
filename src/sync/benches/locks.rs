//! The byte lock beside parking_lot's mutex: uncontended, and fought over by two threads.
//!
//! The aim: uncontended lock and unlock within 1.2 times of parking_lot's.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use typhon_sync::{ByteLock, initialize, set_multithreaded};

/// Runs `step` `rounds` times on each of two threads; answers the time until both are done.
fn on_two_threads(rounds: u64, step: impl Fn() + Sync) -> Duration {
    let barrier = std::sync::Barrier::new(2);
    let work = || {
        barrier.wait();
        let started = Instant::now();
        for _ in 0..rounds {
            step();
        }
        started.elapsed()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mine = work();
        mine.max(other.join().expect("the thread has panicked"))
    })
}

fn one_thread(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lock and unlock, uncontended");
    let byte = ByteLock::new();
    group.bench_function("byte lock, one thread in the process", |bencher| {
        bencher.iter(|| black_box(&byte).locked(|| black_box(())));
    });
    set_multithreaded();
    group.bench_function("byte lock", |bencher| {
        bencher.iter(|| black_box(&byte).locked(|| black_box(())));
    });
    let mutex = parking_lot::Mutex::new(());
    group.bench_function("parking_lot", |bencher| {
        bencher.iter(|| *black_box(&mutex).lock());
    });
    group.finish();
}

fn two_threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lock and unlock, two threads at once");
    let byte = ByteLock::new();
    group.bench_function("byte lock", |bencher| {
        bencher.iter_custom(|rounds| on_two_threads(rounds, || byte.locked(|| black_box(()))));
    });
    let mutex = parking_lot::Mutex::new(());
    group.bench_function("parking_lot", |bencher| {
        bencher.iter_custom(|rounds| on_two_threads(rounds, || *mutex.lock()));
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    initialize(false);
    one_thread(criterion);
    two_threads(criterion);
}

criterion_group!(benches, all);
criterion_main!(benches);
