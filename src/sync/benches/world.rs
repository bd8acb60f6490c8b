//! Attaching and detaching, and stopping the world: alone, and with another thread that
//! computes and polls.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use typhon_sync::{ThreadRecord, initialize, set_multithreaded, stop_the_world};

fn all(criterion: &mut Criterion) {
    initialize(false);
    let me = ThreadRecord::register().expect("an id is free");
    me.attach();
    set_multithreaded();
    let mut group = criterion.benchmark_group("threads");
    group.bench_function("poll", |bencher| bencher.iter(|| black_box(me).poll()));
    group.bench_function("detach and attach", |bencher| {
        bencher.iter(|| {
            me.detach();
            me.attach();
        });
    });
    group.bench_function("stop and start the world, alone", |bencher| {
        bencher.iter(|| drop(stop_the_world(me)));
    });
    let done = &AtomicBool::new(false);
    let computing = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let record = ThreadRecord::register().expect("an id is free");
            record.attach();
            computing.store(true, Ordering::Relaxed);
            while !done.load(Ordering::Relaxed) {
                if record.poll() {
                    record.safepoint();
                }
            }
            record.unregister(&mut |_| {});
        });
        while !computing.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        group.bench_function("stop and start the world, one other computing", |bencher| {
            bencher.iter(|| drop(stop_the_world(me)));
        });
        done.store(true, Ordering::Relaxed);
        me.detach();
    });
    me.attach();
    group.finish();
    me.unregister(&mut |_| {});
}

criterion_group!(benches, all);
criterion_main!(benches);
