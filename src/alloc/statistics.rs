//! What the allocator knows about itself.

use crate::heap;
use crate::lifetime::for_each_heap;
use crate::page::{KINDS, Kind};
use crate::segment;
use crate::size_class::{CLASSES, size_of_class};
use std::fmt;

/// The pages of one kind and class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassStatistics {
    /// How many pages.
    pub pages: usize,
    /// Bytes of the pages' slices.
    pub page_bytes: usize,
    /// Blocks handed out; in other threads' pages, those ready to be handed out too.
    pub live_blocks: usize,
    /// Bytes of those blocks.
    pub live_bytes: usize,
    /// Blocks cut so far.
    pub capacity: usize,
}

/// The state of the allocator at one moment, give or take what other threads do.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// By kind, then by class; the last class is that of blocks with a page to themselves.
    pub classes: Vec<[ClassStatistics; KINDS]>,
    /// Segments mapped, those of huge blocks included.
    pub segments: usize,
    /// Segments of huge blocks.
    pub huge_segments: usize,
    /// Bytes of address space.
    pub mapped: usize,
    /// Bytes in pages and in free slices that keep their memory.
    pub committed: usize,
    /// Bytes given back to the system since the start.
    pub returned: usize,
    /// Heaps, those that wait for a thread included.
    pub heaps: usize,
}

/// Looks at every page.
pub fn statistics() -> Statistics {
    // Room is made outside the lock: it may come from this allocator.
    let mut classes = vec![[ClassStatistics::default(); KINDS]; CLASSES + 1];
    // Nobody's pages are not mine either: an empty heap owns none.
    let mine = heap::current();
    let totals = {
        let segments = segment::lock();
        segments.for_each_page(|page| {
            let entry = &mut classes[page.class()][page.kind_number.get() as usize];
            let live = page.live(page.owner.is(mine)) as usize;
            entry.pages += 1;
            entry.page_bytes +=
                (page.slices.get() as usize * segment::SLICE_SIZE).max(page.block_size.get());
            entry.live_blocks += live;
            entry.live_bytes += live * page.block_size.get();
            entry.capacity += page.capacity.get() as usize;
        });
        segments.snapshot()
    };
    let mut heaps = 0;
    for_each_heap(|_| heaps += 1);
    Statistics {
        classes,
        segments: totals.segments,
        huge_segments: totals.huge,
        mapped: totals.mapped,
        committed: totals.in_pages + totals.dirty,
        returned: totals.returned,
        heaps,
    }
}

impl Statistics {
    /// Blocks handed out, of a kind.
    pub fn live_blocks(&self, kind: Kind) -> usize {
        self.classes
            .iter()
            .map(|class| class[kind as usize].live_blocks)
            .sum()
    }

    /// Bytes of blocks handed out, of a kind.
    pub fn live_bytes(&self, kind: Kind) -> usize {
        self.classes
            .iter()
            .map(|class| class[kind as usize].live_bytes)
            .sum()
    }

    /// Pages of a kind.
    pub fn pages(&self, kind: Kind) -> usize {
        self.classes
            .iter()
            .map(|class| class[kind as usize].pages)
            .sum()
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<10} {:>8} {:>8} {:>12} {:>12} {:>14} {:>7}",
            "kind", "size", "pages", "blocks", "free", "bytes", "in use"
        )?;
        for kind in Kind::ALL {
            for (class, statistics) in self.classes.iter().enumerate() {
                let entry = statistics[kind as usize];
                if entry.pages == 0 {
                    continue;
                }
                let size = if class < CLASSES {
                    size_of_class(class).to_string()
                } else {
                    "single".into()
                };
                writeln!(
                    f,
                    "{:<10} {:>8} {:>8} {:>12} {:>12} {:>14} {:>6}%",
                    format!("{kind:?}").to_lowercase(),
                    size,
                    entry.pages,
                    entry.live_blocks,
                    entry.capacity.saturating_sub(entry.live_blocks),
                    entry.live_bytes,
                    entry.live_bytes * 100 / entry.page_bytes.max(1),
                )?;
            }
        }
        writeln!(f)?;
        for kind in Kind::ALL {
            writeln!(
                f,
                "{:<10} {:>12} blocks {:>16} bytes in {:>8} pages",
                format!("{kind:?}").to_lowercase(),
                self.live_blocks(kind),
                self.live_bytes(kind),
                self.pages(kind)
            )?;
        }
        writeln!(
            f,
            "{} segments ({} huge), {} heaps; {} bytes mapped, {} committed, {} returned so far",
            self.segments,
            self.huge_segments,
            self.heaps,
            self.mapped,
            self.committed,
            self.returned
        )
    }
}

/// About how many bytes are in blocks that are in use, of one kind: as of the last time
/// each page was looked at. Cheap.
pub fn live_bytes_of(kind: Kind) -> usize {
    let mut live = 0usize;
    for_each_heap(|heap| live = live.wrapping_add(heap.counters[kind as usize].live.get()));
    // Read one after the other while pages change hands, the parts may sum below zero.
    (live as isize).max(0) as usize
}

/// About how many bytes of container blocks have been allocated since the start; never
/// falls. Cheap.
pub fn container_bytes_allocated() -> usize {
    let mut allocated = 0usize;
    for_each_heap(|heap| {
        allocated = allocated.wrapping_add(heap.counters[Kind::Container as usize].allocated.get());
    });
    allocated
}
