//! `_uuid`: identifiers made of the time and of the machine (RFC 9562, version 1).
//!
//! Invariant: the times that one process gives out under one sequence number ascend. A child of `fork`
//! draws a new number. Other processes are not asked, so an identifier is not said to be safe.

use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::posix::random_bytes;

#[pymodule(name = "_uuid", functions(generate_time_safe))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "has_uuid_generate_time_safe", 1)?;
    // The node may be a random one.
    module::add(cx, this, "has_stable_extractable_node", 0)
}

/// What the identifiers of a process have in common.
struct Clock {
    process: u32,
    node: [u8; 6],
    sequence: u16,
    /// The last time given out.
    last: u64,
}

static CLOCK: Mutex<Option<Clock>> = Mutex::new(None);

/// The address of a network card, if there is one.
fn card_address() -> Option<[u8; 6]> {
    let cards = std::fs::read_dir("/sys/class/net").ok()?;
    let mut names: Vec<_> = cards.flatten().map(|card| card.path()).collect();
    names.sort();
    names.into_iter().find_map(|card| {
        let text = std::fs::read_to_string(card.join("address")).ok()?;
        let parts: Vec<u8> = text
            .trim()
            .split(':')
            .filter_map(|part| u8::from_str_radix(part, 16).ok())
            .collect();
        let address = <[u8; 6]>::try_from(parts).ok()?;
        (address != [0; 6]).then_some(address)
    })
}

/// Tenths of microseconds since the Gregorian calendar began.
fn now() -> u64 {
    const UNIX_EPOCH_SINCE_GREGORIAN: u64 = 0x01b2_1dd2_1381_4000;
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let tenths = since.map_or(0, |since| since.as_nanos() / 100);
    UNIX_EPOCH_SINCE_GREGORIAN.wrapping_add(tenths as u64)
}

impl Clock {
    fn started(random: &[u8]) -> Clock {
        let node = node(random);
        Clock {
            process: std::process::id(),
            node,
            sequence: u16::from_be_bytes([random[6], random[7]]) & 0x3fff,
            last: 0,
        }
    }

    fn next(&mut self) -> [u8; 16] {
        self.last = now().max(self.last + 1);
        let time = self.last;
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&(time as u32).to_be_bytes());
        bytes[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
        let version = 0x1000 | (time >> 48) as u16 & 0x0fff;
        bytes[6..8].copy_from_slice(&version.to_be_bytes());
        bytes[8..10].copy_from_slice(&(0x8000 | self.sequence).to_be_bytes());
        bytes[10..].copy_from_slice(&self.node);
        bytes
    }
}

/// The node: a card's address, or a random one, which says so by its lowest bit.
fn node(random: &[u8]) -> [u8; 6] {
    card_address().unwrap_or_else(|| {
        let mut node = [0; 6];
        node.copy_from_slice(&random[..6]);
        node[0] |= 1;
        node
    })
}

#[pyfunction("generate_time_safe()")]
fn generate_time_safe(cx: &Context) -> PyResult<Value> {
    /// "Nobody has looked after other processes."
    const UNSAFE: i64 = -1;
    let random = random_bytes(cx, 8)?;
    let bytes = cx.detached(|| {
        let mut clock = CLOCK.lock();
        if clock
            .as_ref()
            .is_none_or(|clock| clock.process != std::process::id())
        {
            *clock = Some(Clock::started(&random));
        }
        let clock = clock.as_mut();
        clock.expect("invariant: just started").next()
    });
    let parts = [
        Bytes::from_slice(cx, &bytes)?.into_value(),
        int::from_i64(cx, UNSAFE)?,
    ];
    Tuple::from_values(cx, &parts).map(Ref::into_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ascend() {
        let mut clock = Clock::started(&[7; 8]);
        let time = |bytes: [u8; 16]| {
            let part = |range: std::ops::Range<usize>| {
                bytes[range]
                    .iter()
                    .fold(0u64, |sum, &byte| sum << 8 | u64::from(byte))
            };
            (part(6..8) & 0xfff) << 48 | part(4..6) << 32 | part(0..4)
        };
        let first = clock.next();
        let second = clock.next();
        assert!(time(first) < time(second));
        assert_eq!(first[6] >> 4, 1);
        assert_eq!(first[8] >> 6, 2);
    }
}
