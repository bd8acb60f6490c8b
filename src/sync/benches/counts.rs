//! One reference taken and dropped, by the kind of object and by who else does the same.
//!
//! The aim: two threads that count one promoted object are as fast as two that count
//! one each, and `--stats`' number of writes to shared count words stays where it is.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::ptr::NonNull;
use std::time::{Duration, Instant};
use typhon_sync::distributed::{Purpose, promote, serve_promotions};
use typhon_sync::header::Header;
use typhon_sync::{ThreadRecord, initialize, request, set_multithreaded, stop_the_world};

/// The header at the address of a candidate.
fn at_addresses(addresses: Vec<usize>, _purpose: Purpose) -> Vec<NonNull<Header>> {
    let objects = addresses
        .into_iter()
        .map(std::ptr::with_exposed_provenance_mut);
    objects.filter_map(NonNull::new).collect()
}

/// Takes and drops a reference `rounds` times on each of two attached threads, with the
/// polling that the evaluation loop would do; answers the time until both are done.
fn count_on_two_threads(rounds: u64, objects: [&'static Header; 2]) -> Duration {
    let barrier = std::sync::Barrier::new(2);
    let work = |header: &'static Header| {
        let record = ThreadRecord::register().expect("an id is free");
        barrier.wait();
        record.attach();
        let started = Instant::now();
        for _ in 0..rounds {
            black_box(header).incref();
            assert!(!black_box(header).decref());
            if record.poll() && record.safepoint() & request::PROMOTE != 0 {
                // SAFETY: headers are never freed here.
                unsafe { serve_promotions(record, &mut at_addresses, &mut |_| {}, &mut |_| {}) };
            }
        }
        let elapsed = started.elapsed();
        record.unregister(&mut |_| {});
        elapsed
    };
    let work = &work;
    std::thread::scope(|scope| {
        let threads = objects.map(|object| scope.spawn(move || work(object)));
        threads
            .map(|thread| thread.join().expect("the thread has panicked"))
            .into_iter()
            .max()
    })
    .unwrap_or_default()
}

fn header(owner: u16) -> &'static Header {
    let header: &'static Header = Box::leak(Box::new(Header::new_owned(0, owner)));
    // Counted by strangers too, as it would be in a container.
    header
}

fn all(criterion: &mut Criterion) {
    initialize(false);
    let me = ThreadRecord::register().expect("an id is free");
    me.attach();
    set_multithreaded();
    let mut group = criterion.benchmark_group("incref and decref");
    let own = header(me.owner_id());
    group.bench_function("own object", |bencher| {
        bencher.iter(|| {
            black_box(own).incref();
            black_box(own).decref()
        });
    });
    let immortal: &'static Header = Box::leak(Box::new(Header::new_immortal(0)));
    group.bench_function("immortal object", |bencher| {
        bencher.iter(|| {
            black_box(immortal).incref();
            black_box(immortal).decref()
        });
    });
    let stranger = header(me.owner_id() + 1);
    group.bench_function("another thread's object", |bencher| {
        bencher.iter(|| {
            black_box(stranger).incref();
            black_box(stranger).decref()
        });
    });
    let distributed = header(me.owner_id());
    promote(&stop_the_world(me), distributed);
    group.bench_function("distributed object", |bencher| {
        bencher.iter(|| {
            black_box(distributed).incref();
            black_box(distributed).decref()
        });
    });
    group.bench_function("two threads, one distributed object each", |bencher| {
        let others = [header(me.owner_id()), header(me.owner_id())];
        let world = stop_the_world(me);
        for object in others {
            promote(&world, object);
        }
        drop(world);
        bencher.iter_custom(|rounds| me.detached(|| count_on_two_threads(rounds, others)));
    });
    group.bench_function(
        "two threads, one object that they have promoted",
        |bencher| {
            let shared = header(me.owner_id());
            bencher.iter_custom(|rounds| {
                me.detached(|| count_on_two_threads(rounds, [shared, shared]))
            });
        },
    );
    group.finish();
    me.unregister(&mut |_| {});
}

criterion_group!(benches, all);
criterion_main!(benches);
