//! Inline caches, filled by some threads while others use them.

use crate::{begin, end, free_threaded, join, safepoint, spawn};
use loom::cell::UnsafeCell;
use loom_tests::inline_cache::{InlineCache, PACKED};
use loom_tests::qsbr::poll_reclaim;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An entry whose payload is its guard for as long as it lives.
struct Entry {
    guard: u32,
    payload: UnsafeCell<u32>,
    ends: Arc<AtomicUsize>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: loom checks that nobody reads.
        self.payload.with_mut(|payload| unsafe { *payload = 0 });
        self.ends.fetch_add(1, Ordering::Relaxed);
    }
}

/// A cache, and how many of its entries have ended.
struct Site {
    cache: InlineCache<Entry>,
    ends: Arc<AtomicUsize>,
}

impl Site {
    fn new() -> Self {
        Self {
            cache: InlineCache::new(),
            ends: Arc::default(),
        }
    }

    fn entry(&self, guard: u32) -> Entry {
        let entry = Entry {
            guard,
            payload: UnsafeCell::new(0),
            ends: Arc::clone(&self.ends),
        };
        // SAFETY: loom checks that nobody reads.
        entry
            .payload
            .with_mut(|payload| unsafe { *payload = guard });
        entry
    }

    /// One filling, as a thread makes it between two safepoints.
    fn push(&self, longest: usize, guard: u32) {
        let old = self.cache.word();
        // SAFETY: loaded just now.
        unsafe { self.cache.push(old, longest, self.entry(guard), None) };
    }

    /// Uses every entry; answers how many there are.
    fn check(&self) -> usize {
        let word = self.cache.word();
        // SAFETY: no safepoint follows before the entries' last use.
        let entries = unsafe { InlineCache::<Entry>::entries(word) };
        entries
            .map(|entry| {
                // SAFETY: loom checks that nobody writes.
                let payload = entry.payload.with(|payload| unsafe { *payload });
                assert_eq!(payload, entry.guard, "an entry that is not there any more");
            })
            .count()
    }
}

/// Two threads put entries into a cache while a third one uses it: what is found is whole, and each
/// entry ends once, whoever comes too late with his.
#[test]
fn a_cache_is_never_seen_torn() {
    free_threaded(4, || {
        let site = Arc::new(Site::new());
        site.push(4, 3);
        // They retire nothing, so they need not be threads of the interpreter.
        let fillers = [1, 2].map(|guard| {
            let site = Arc::clone(&site);
            loom::thread::spawn(move || site.push(4, guard))
        });
        // They look before they write, which hides from loom that they may write before the check.
        loom::thread::yield_now();
        assert!(site.check() <= 3);
        for filler in fillers {
            filler.join().expect("the thread has panicked");
        }
        let in_use = site.check();
        assert_eq!(in_use + site.ends.load(Ordering::Relaxed), 3);
        assert!(in_use >= 2);
        let ends = Arc::clone(&site.ends);
        drop(site);
        assert_eq!(ends.load(Ordering::Relaxed), 3);
    });
}

/// A chain that is taken out of a cache, for a new entry or a packed word, is read by those who
/// have found it, and ends after that.
#[test]
fn a_chain_that_was_replaced_outlives_its_readers() {
    free_threaded(2, || {
        let me = begin();
        let site = Arc::new(Site::new());
        site.push(4, 1);
        site.push(4, 2);
        let reader = {
            let site = Arc::clone(&site);
            spawn(move |reader| {
                site.check();
                reader.safepoint();
                site.check();
            })
        };
        site.push(2, 3);
        site.cache.fill(PACKED);
        safepoint(me);
        join(me, reader);
        safepoint(me);
        poll_reclaim(me);
        assert_eq!(site.ends.load(Ordering::Relaxed), 3);
        end(me);
    });
}
