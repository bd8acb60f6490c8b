//! The GIL with real threads. One process is one mode, so this is a file of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use typhon_sync::header::Header;
use typhon_sync::{ThreadRecord, gil, initialize, multithreaded, stop_the_world};

#[test]
fn every_thread_gets_the_lock_and_only_one_at_a_time() {
    initialize(true);
    gil::set_switch_interval(Duration::from_micros(200));
    let inside = AtomicUsize::new(0);
    let rounds: Vec<AtomicUsize> = (0..4).map(|_| AtomicUsize::new(0)).collect();
    let header = Header::new_owned(0, 1);
    let (inside, rounds, header) = (&inside, &rounds, &header);
    std::thread::scope(|scope| {
        for index in 0..4 {
            scope.spawn(move || {
                let record = ThreadRecord::register().expect("an id is free");
                record.attach();
                // Until everybody has had many turns.
                while rounds
                    .iter()
                    .any(|round| round.load(Ordering::Relaxed) < 2_000)
                {
                    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                    header.incref();
                    assert!(!header.decref());
                    rounds[index].fetch_add(1, Ordering::Relaxed);
                    inside.fetch_sub(1, Ordering::Relaxed);
                    if record.poll() {
                        record.safepoint();
                    }
                    if rounds[index].load(Ordering::Relaxed) % 500 == 0 {
                        drop(stop_the_world(record));
                    }
                    if rounds[index].load(Ordering::Relaxed) % 700 == 0 {
                        record.detached(std::thread::yield_now);
                    }
                }
                record.unregister(&mut |_| {});
            });
        }
    });
    assert!(header.is_unique() || header.count() == 1);
    assert!(!multithreaded());
}
