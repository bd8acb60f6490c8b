//! What the collector relies on: pages that can be walked, side tables, grace periods.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use typhon_alloc::{
    FreePage, Kind, Place, SideTables, allocate, container_bytes_allocated, free, live_bytes_of,
    pages, retain_objects, set_grace_period_hook, statistics,
};

/// The tests look at all pages of the process, so one runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn object(kind: Kind, size: usize) -> *mut u8 {
    let block = allocate(kind, size);
    // SAFETY: the block is ours.
    unsafe { (*block.cast::<AtomicU32>()).store(1, Ordering::Relaxed) };
    block
}

fn visited(kind: Kind) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for page in pages(kind) {
        page.for_each_block(|block| assert!(found.insert(block.addr())));
    }
    found
}

#[test]
fn walking_the_pages_finds_exactly_the_live_objects() {
    let _alone = ALONE.lock();
    let sizes = [
        32,
        48,
        48,
        64,
        200,
        1000,
        3000,
        20_000,
        90_000,
        700_000,
        5 << 20,
    ];
    let mut blocks: Vec<*mut u8> = Vec::new();
    for round in 0..300 {
        let size = sizes[round % sizes.len()];
        blocks.push(object(Kind::Container, size));
        let plain = object(Kind::Plain, size);
        // SAFETY: just allocated.
        unsafe { free(plain) };
    }
    let expected: BTreeSet<usize> = blocks.iter().map(|block| block.addr()).collect();
    assert_eq!(visited(Kind::Container), expected);
    assert!(visited(Kind::Plain).is_empty());
    for block in blocks.drain(..).step_by(2) {
        // SAFETY: allocated above.
        unsafe { free(block) };
    }
    let left: BTreeSet<usize> = expected
        .iter()
        .copied()
        .filter(|&address| visited(Kind::Container).contains(&address))
        .collect();
    assert_eq!(visited(Kind::Container), left);
    assert_eq!(left.len(), 150);
    for address in left {
        // SAFETY: those not freed above.
        unsafe { free(std::ptr::with_exposed_provenance_mut(address)) };
    }
    assert!(visited(Kind::Container).is_empty());
}

#[test]
fn each_object_has_a_mark_and_a_count_of_its_own() {
    let _alone = ALONE.lock();
    let blocks: Vec<*mut u8> = [48usize, 48, 80, 352, 6000, 40_000, 100_000, 6 << 20]
        .iter()
        .cycle()
        .take(2000)
        .enumerate()
        .filter(|(number, size)| **size < 10_000 || *number < 30)
        .map(|(_, &size)| object(Kind::Container, size))
        .collect();
    // SAFETY: here and below the block is alive and nobody else is at work on containers.
    let place = |block: *mut u8| unsafe { Place::of(block) };
    assert!(blocks.iter().all(|&block| place(block).is_none()));
    let mut tables = SideTables::new(pages(Kind::Container)).expect("there is memory");
    let pages = tables.pages().to_vec();
    assert!(tables.add_counts(&pages));
    for (number, &block) in blocks.iter().enumerate() {
        let place = place(block).expect("made");
        assert_eq!(place.mark().swap(1, Ordering::Relaxed), 0);
        assert_eq!(place.count().swap(number as u32, Ordering::Relaxed), 0);
    }
    for (number, &block) in blocks.iter().enumerate() {
        let place = place(block).expect("made");
        assert_eq!(place.count().load(Ordering::Relaxed), number as u32);
        if number % 3 == 0 {
            place.mark().store(0, Ordering::Relaxed);
        }
    }
    let mut unmarked = BTreeSet::new();
    for page in &pages {
        page.for_each_unmarked(|block, place| {
            assert_eq!(
                blocks[place.count().load(Ordering::Relaxed) as usize],
                block
            );
            unmarked.insert(block)
        });
    }
    assert!(blocks.iter().step_by(3).copied().eq({
        let mut in_order: Vec<*mut u8> = unmarked.into_iter().collect();
        in_order.sort_by_key(|block| blocks.iter().position(|other| other == block));
        in_order
    }));
    drop(tables);
    assert!(blocks.iter().all(|&block| place(block).is_none()));
    for block in blocks {
        // SAFETY: allocated above.
        unsafe { free(block) };
    }
}

#[test]
fn only_where_an_object_begins_is_one_found() {
    let _alone = ALONE.lock();
    let sizes = [48usize, 80, 352, 6000, 40_000, 100_000, 6 << 20];
    let blocks: Vec<*mut u8> = sizes
        .iter()
        .map(|&size| object(Kind::Container, size))
        .collect();
    let (plain, freed) = (object(Kind::Plain, 48), object(Kind::Container, 48));
    // SAFETY: just allocated.
    unsafe { free(freed) };
    let tables = SideTables::new(pages(Kind::Container)).expect("there is memory");
    for (&block, size) in blocks.iter().zip(sizes) {
        assert_eq!(tables.block_at(block.addr()), Some(block));
        for inside in [8, 16, (size / 2) & !7, size - 8] {
            assert_eq!(
                tables.block_at(block.addr() + inside),
                None,
                "{size}, {inside}"
            );
        }
        assert_eq!(
            tables.block_at(block.addr() & !0xFFFF),
            None.or(blocks
                .iter()
                .copied()
                .find(|other| other.addr() == block.addr() & !0xFFFF))
        );
    }
    for other in [plain.addr(), freed.addr(), 8, 0x1000, usize::MAX & !7] {
        assert_eq!(tables.block_at(other), None);
    }
    let on_the_stack = 0u64;
    assert_eq!(tables.block_at((&raw const on_the_stack).addr()), None);
    drop(tables);
    let raw = allocate(Kind::Raw, 48);
    let mut addresses = vec![0, 8, usize::MAX & !7, freed.addr(), raw.addr()];
    addresses.push((&raw const on_the_stack).addr());
    for block in blocks.iter().chain([&plain]) {
        addresses.extend([
            block.addr() + 16,
            block.addr(),
            block.addr(),
            block.addr() - 1,
        ]);
    }
    retain_objects(&mut addresses);
    let mut expected: Vec<usize> = blocks
        .iter()
        .chain([&plain])
        .map(|block| block.addr())
        .collect();
    expected.sort_unstable();
    assert_eq!(addresses, expected);
    // SAFETY: allocated above.
    unsafe { free(raw) };
    for block in blocks.into_iter().chain([plain]) {
        // SAFETY: allocated above.
        unsafe { free(block) };
    }
}

#[test]
fn the_counters_follow_the_heap() {
    let _alone = ALONE.lock();
    const COUNT: usize = 500_000;
    let (allocated, live) = (container_bytes_allocated(), live_bytes_of(Kind::Container));
    let blocks: Vec<*mut u8> = (0..COUNT).map(|_| object(Kind::Container, 64)).collect();
    let bytes = COUNT * 64;
    // A page's worth of blocks that are ready but not handed out.
    let ready = 64 << 10;
    assert!(container_bytes_allocated() - allocated >= bytes);
    assert!(container_bytes_allocated() - allocated <= bytes + ready);
    // The thread of another test may still be ending, and leave its pages only now.
    let slack = 4 << 20;
    assert!(live_bytes_of(Kind::Container) + slack >= live + bytes);
    assert!(live_bytes_of(Kind::Container) <= live + bytes + slack);
    let known = statistics();
    assert!(known.live_blocks(Kind::Container) >= COUNT);
    assert!(known.to_string().contains("container"));
    for block in blocks {
        // SAFETY: allocated above.
        unsafe { free(block) };
    }
    assert!(live_bytes_of(Kind::Container) <= live + slack);
}

static RETIRED: Mutex<Vec<(usize, FreePage)>> = Mutex::new(Vec::new());
static WAITING: AtomicUsize = AtomicUsize::new(0);

fn retire(page: *mut u8, free_page: FreePage) {
    // Allocates, as the runtime's may.
    RETIRED
        .lock()
        .expect("no panic inside")
        .push((page.expose_provenance(), free_page));
    WAITING.fetch_add(1, Ordering::Relaxed);
}

fn end_grace_period() {
    for (page, free_page) in RETIRED.lock().expect("no panic inside").drain(..) {
        // SAFETY: handed to `retire`, once, and nobody reads freed objects here.
        unsafe { free_page(std::ptr::with_exposed_provenance_mut(page)) };
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_page_of_objects_waits_for_a_grace_period_with_its_headers_intact() {
    let _alone = ALONE.lock();
    set_grace_period_hook(retire);
    let blocks: Vec<*mut u8> = (0..20_000)
        .map(|number| {
            let block = object(Kind::Plain, 48);
            // SAFETY: the block is ours.
            unsafe {
                (*block.add(4).cast::<AtomicU32>()).store(number, Ordering::Relaxed);
                (*block.add(12).cast::<AtomicU32>()).store(!number, Ordering::Relaxed);
            }
            block
        })
        .collect();
    for &block in &blocks {
        // SAFETY: allocated above.
        unsafe { free(block) };
    }
    assert!(WAITING.load(Ordering::Relaxed) >= 10, "pages were retired");
    // Other requests, of raw bytes and of other sizes, must not get these pages.
    let others: Vec<*mut u8> = (0..50_000)
        .map(|n| allocate([Kind::Raw, Kind::Container][n % 2], 100))
        .collect();
    for &block in &others {
        // SAFETY: the block is ours and 100 bytes long.
        unsafe { block.write_bytes(0xff, 100) };
    }
    for (number, &block) in (0u32..).zip(&blocks) {
        // SAFETY: freed, but the page waits for its grace period.
        unsafe {
            assert_eq!(
                (*block.cast::<AtomicU32>()).load(Ordering::Relaxed),
                0,
                "free"
            );
            assert_eq!(
                (*block.add(4).cast::<AtomicU32>()).load(Ordering::Relaxed),
                number
            );
            assert_eq!(
                (*block.add(12).cast::<AtomicU32>()).load(Ordering::Relaxed),
                !number
            );
        }
    }
    for block in others {
        // SAFETY: allocated above.
        unsafe { free(block) };
    }
    end_grace_period();
    typhon_alloc::trim();
    end_grace_period();
    assert_eq!(statistics().live_blocks(Kind::Plain), 0);
}
