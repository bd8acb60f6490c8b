//! Inline caches.

use crate::free_threaded;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom_tests::inline_cache::InlineCache;

/// A cache whose payload is an index into entries that are written before the cache is
/// filled.
struct Site {
    cache: InlineCache,
    entries: [UnsafeCell<u32>; 2],
}

impl Site {
    /// As guard `index + 1`.
    fn fill(&self, index: u32) {
        // SAFETY: loom checks that nobody reads.
        self.entries[index as usize].with_mut(|entry| unsafe { *entry = index + 1 });
        self.cache.fill(index + 1, index);
    }

    fn check(&self, guard: u32) {
        if let Some(index) = self.cache.lookup(guard) {
            // SAFETY: loom checks that nobody writes.
            let entry = self.entries[index as usize].with(|entry| unsafe { *entry });
            assert_eq!(entry, guard, "a payload under a guard that is not its own");
        }
    }
}

/// Two threads fill a cache under different guards while a third uses it.
#[test]
fn a_cache_is_never_seen_torn() {
    free_threaded(4, || {
        let site = Arc::new(Site {
            cache: InlineCache::new(),
            entries: [UnsafeCell::new(0), UnsafeCell::new(0)],
        });
        let fillers = [0, 1].map(|index| {
            let site = Arc::clone(&site);
            loom::thread::spawn(move || site.fill(index))
        });
        for guard in [1, 2, 1] {
            site.check(guard);
        }
        for filler in fillers {
            filler.join().expect("the thread has panicked");
        }
    });
}
