//! Sequences of requests against a simple model: the set of blocks that are alive,
//! with their contents.

use proptest::prelude::*;
use std::collections::BTreeMap;
use typhon_alloc::{Kind, allocate, allocate_zeroed, free, reallocate_raw, usable_size};

#[derive(Clone, Debug)]
enum Step {
    Allocate { kind: Kind, size: usize },
    AllocateZeroed { size: usize },
    Free { which: usize },
    Reallocate { which: usize, size: usize },
    Trim,
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        20 => 0usize..300,
        6 => 300usize..9_000,
        3 => 9_000usize..140_000,
        1 => 140_000usize..9_000_000,
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Container), Just(Kind::Plain), Just(Kind::Raw)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (kind(), size()).prop_map(|(kind, size)| Step::Allocate { kind, size }),
        2 => size().prop_map(|size| Step::AllocateZeroed { size }),
        8 => any::<usize>().prop_map(|which| Step::Free { which }),
        4 => (any::<usize>(), size()).prop_map(|(which, size)| Step::Reallocate { which, size }),
        1 => Just(Step::Trim),
    ]
}

struct Alive {
    kind: Kind,
    usable: usize,
    tag: u8,
}

/// The live blocks by address.
#[derive(Default)]
struct Model {
    alive: BTreeMap<usize, Alive>,
    next_tag: u8,
}

/// Bytes at both ends of a block that carry its tag.
const MARKED: usize = 4096;

fn mark(block: *mut u8, usable: usize, tag: u8) {
    // SAFETY: the block is the test's and `usable` bytes long.
    unsafe {
        block.write_bytes(tag, usable.min(MARKED));
        block
            .add(usable - usable.min(MARKED))
            .write_bytes(tag, usable.min(MARKED));
    }
}

fn is_marked(block: *const u8, length: usize, tag: u8) -> bool {
    // SAFETY: as above.
    let bytes = unsafe { std::slice::from_raw_parts(block, length) };
    let ends = [
        &bytes[..length.min(MARKED)],
        &bytes[length - length.min(MARKED)..],
    ];
    ends.iter().all(|end| end.iter().all(|&byte| byte == tag))
}

impl Model {
    fn add(&mut self, block: *mut u8, kind: Kind, size: usize) {
        assert!(!block.is_null());
        assert_eq!(block.addr() % 16, 0, "blocks are 16-aligned");
        // SAFETY: the block is alive.
        let usable = unsafe { usable_size(block) };
        assert!(usable >= size, "{usable} for {size}");
        let (start, end) = (block.addr(), block.addr() + usable);
        if let Some((&before, alive)) = self.alive.range(..end).next_back() {
            assert!(before + alive.usable <= start, "blocks do not overlap");
        }
        // Never 0: the first four bytes of an object are its shape, which is not 0.
        self.next_tag = self.next_tag % 255 + 1;
        mark(block, usable, self.next_tag);
        self.alive.insert(
            start,
            Alive {
                kind,
                usable,
                tag: self.next_tag,
            },
        );
    }

    fn pick(&self, which: usize, wanted: impl Fn(&Alive) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = self
            .alive
            .iter()
            .filter(|(_, alive)| wanted(alive))
            .map(|(&at, _)| at)
            .collect();
        (!fitting.is_empty()).then(|| fitting[which % fitting.len()])
    }

    fn take(&mut self, address: usize) -> (*mut u8, Alive) {
        let alive = self.alive.remove(&address).expect("it was picked");
        let block = std::ptr::with_exposed_provenance_mut(address);
        assert!(
            is_marked(block, alive.usable, alive.tag),
            "contents survive"
        );
        (block, alive)
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Allocate { kind, size } => {
                let block = allocate(kind, size);
                block.expose_provenance();
                if kind.has_header() {
                    // SAFETY: blocks are at least 16 bytes long.
                    assert_eq!(unsafe { block.cast::<u32>().read() }, 0, "no shape yet");
                }
                self.add(block, kind, size);
            }
            Step::AllocateZeroed { size } => {
                let block = allocate_zeroed(Kind::Raw, size);
                block.expose_provenance();
                // SAFETY: the block is `size` bytes long.
                let bytes = unsafe { std::slice::from_raw_parts(block, size) };
                assert!(bytes.iter().all(|&byte| byte == 0));
                self.add(block, Kind::Raw, size);
            }
            Step::Free { which } => {
                if let Some(address) = self.pick(which, |_| true) {
                    let (block, _) = self.take(address);
                    // SAFETY: the block is alive and given up.
                    unsafe { free(block) };
                }
            }
            Step::Reallocate { which, size } => {
                if let Some(address) = self.pick(which, |alive| alive.kind == Kind::Raw) {
                    let (block, alive) = self.take(address);
                    // SAFETY: the block is alive, raw and given up.
                    let moved = unsafe { reallocate_raw(block, size) };
                    moved.expose_provenance();
                    let kept = alive.usable.min(size).min(MARKED);
                    assert!(is_marked(moved, kept, alive.tag), "what fits survives");
                    self.add(moved, Kind::Raw, size);
                }
            }
            Step::Trim => typhon_alloc::trim(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn blocks_are_disjoint_aligned_and_keep_their_contents(
        steps in prop::collection::vec(step(), 1..400)
    ) {
        let mut model = Model::default();
        for step in &steps {
            model.apply(step);
        }
        let left: Vec<usize> = model.alive.keys().copied().collect();
        for address in left {
            let (block, _) = model.take(address);
            // SAFETY: the block is alive and given up.
            unsafe { free(block) };
        }
    }
}
