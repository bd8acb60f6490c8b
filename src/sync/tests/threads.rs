//! The core with real threads: what the models prove for a few steps, at full speed
//! and for many. One process is one mode, so every test here runs without a GIL.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use typhon_sync::distributed::{Purpose, demote, serve_promotions, sum};
use typhon_sync::header::Header;
use typhon_sync::{ThreadRecord, multithreaded, request, set_multithreaded, stop_the_world};

/// Runs `body` on `count` registered, attached threads at once.
fn with_threads(count: usize, body: impl Fn(usize, &'static ThreadRecord) + Sync) {
    with_ending_threads(count, body, || {});
}

/// As [`with_threads`]; `died` hears of each object to which an ending thread had the last reference:
/// it may have been a candidate for distributed counts.
fn with_ending_threads(
    count: usize,
    body: impl Fn(usize, &'static ThreadRecord) + Sync,
    died: impl Fn() + Sync,
) {
    set_multithreaded();
    std::thread::scope(|scope| {
        for index in 0..count {
            let (body, died) = (&body, &died);
            scope.spawn(move || {
                let record = ThreadRecord::register().expect("an id is free");
                record.attach();
                body(index, record);
                record.unregister(&mut |_| died());
            });
        }
    });
}

/// The header at the address of a candidate.
fn at_addresses(addresses: Vec<usize>, _purpose: Purpose) -> Vec<NonNull<Header>> {
    let objects = addresses
        .into_iter()
        .map(std::ptr::with_exposed_provenance_mut);
    objects.filter_map(NonNull::new).collect()
}

/// Serves everything asked of `record`; answers how many objects turned out to be dead.
fn safepoint(record: &'static ThreadRecord) -> usize {
    let mut dead = 0;
    if record.poll() {
        let asked = record.safepoint();
        record.merge_what_waits(&mut |_| dead += 1);
        if asked & request::PROMOTE != 0 {
            // SAFETY: headers are never freed here.
            unsafe { serve_promotions(record, &mut at_addresses, &mut |_| {}, &mut |_| dead += 1) };
        }
    }
    dead
}

#[test]
fn a_shared_object_dies_exactly_once() {
    for _ in 0..20 {
        let header: &'static Header = Box::leak(Box::new(Header::new_owned(7, 0)));
        let published = AtomicBool::new(false);
        let deaths = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let run = |index, record: &'static ThreadRecord| {
            if index == 0 {
                // SAFETY: nobody else uses the header before it is published.
                unsafe { Header::initialize(header.into(), 7, record.owner_id()) };
                header.incref();
                header.incref();
                published.store(true, Ordering::Release);
            } else {
                record.detached(|| {
                    while !published.load(Ordering::Acquire) {
                        std::hint::spin_loop();
                    }
                });
            }
            for _ in 0..10_000 {
                header.incref();
                deaths.fetch_add(usize::from(header.decref()), Ordering::Relaxed);
                deaths.fetch_add(safepoint(record), Ordering::Relaxed);
            }
            deaths.fetch_add(usize::from(header.decref()), Ordering::Relaxed);
            done.fetch_add(1, Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < 3 {
                deaths.fetch_add(safepoint(record), Ordering::Relaxed);
            }
            // The queue may have been filled just now; ending would drain it unseen.
            record.merge_what_waits(&mut |_| {
                deaths.fetch_add(1, Ordering::Relaxed);
            });
            if index == 0 && header.is_distributed() {
                let world = stop_the_world(record);
                if header.is_distributed() {
                    let left = sum(&world, header);
                    assert_eq!(demote(&world, header), left);
                    deaths.fetch_add(usize::from(left == 0), Ordering::Relaxed);
                }
            }
        };
        with_ending_threads(3, run, || {
            deaths.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(deaths.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn the_world_stops_and_starts() {
    let stop_now = AtomicBool::new(false);
    let counter = AtomicUsize::new(0);
    with_threads(3, |index, record| {
        if index < 2 {
            while counter.load(Ordering::Relaxed) == 0 {
                safepoint(record);
            }
            for _ in 0..200 {
                let world = stop_the_world(record);
                let before = counter.load(Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(20));
                assert_eq!(counter.load(Ordering::Relaxed), before);
                drop(world);
                safepoint(record);
            }
            stop_now.store(true, Ordering::Relaxed);
        } else {
            while !stop_now.load(Ordering::Relaxed) {
                counter.fetch_add(1, Ordering::Relaxed);
                safepoint(record);
            }
        }
    });
    assert!(multithreaded());
}

#[test]
fn a_locked_counter_loses_nothing() {
    static LOCK: typhon_sync::ByteLock = typhon_sync::ByteLock::new();
    struct Plain(std::cell::UnsafeCell<usize>);
    // SAFETY: used under LOCK only.
    unsafe impl Sync for Plain {}
    let value = Plain(std::cell::UnsafeCell::new(0));
    let value = &value;
    let started = Instant::now();
    with_threads(4, |_, record| {
        for _ in 0..50_000 {
            LOCK.locked(|| {
                // SAFETY: under LOCK.
                unsafe { *value.0.get() += 1 }
            });
            safepoint(record);
        }
    });
    // SAFETY: the threads have ended.
    assert_eq!(unsafe { *value.0.get() }, 200_000);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_one_stranger_uses_becomes_its_own() {
    let deaths = AtomicUsize::new(0);
    let deaths = &deaths;
    with_threads(1, |_, record| {
        let header: &'static Header = Box::leak(Box::new(Header::new_owned(7, record.owner_id())));
        record.detached(|| {
            with_threads(1, |_, record| {
                for _ in 0..20_000 {
                    header.incref();
                    header.incref();
                    assert!(!header.decref());
                    assert!(!header.decref());
                    assert_eq!(safepoint(record), 0);
                }
                assert_eq!(header.owner(), record.owner_id());
            });
        });
        assert_eq!(header.count(), 1);
        deaths.fetch_add(usize::from(header.decref()), Ordering::Relaxed);
    });
    assert_eq!(deaths.load(Ordering::Relaxed), 1);
}

#[test]
fn threads_that_fight_over_an_object_promote_it() {
    let header: &'static Header = Box::leak(Box::new(Header::new_owned(7, 0xFFF0)));
    let deadline = Instant::now() + Duration::from_secs(60);
    with_threads(2, |_, record| {
        // The owner is neither of the two, and never gets to a safepoint.
        while !header.is_distributed() {
            assert!(Instant::now() < deadline, "never promoted");
            header.incref();
            header.incref();
            assert!(!header.decref());
            safepoint(record);
            assert!(!header.decref());
        }
        for _ in 0..1_000 {
            header.incref();
            assert!(!header.decref());
        }
    });
    with_threads(1, |_, record| {
        let world = stop_the_world(record);
        assert_eq!(sum(&world, header), 1);
        assert_eq!(demote(&world, header), 1);
        drop(world);
        assert!(header.decref());
    });
}
