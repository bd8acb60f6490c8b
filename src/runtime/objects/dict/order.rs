//! Changing the order of keys: what ordered dicts do that others do not.

use super::table::Table;
use super::{Dict, Position};
use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::HeldValue;
use crate::object::Ref;
use crate::value::Value;

/// What came of an attempt to move a key, under the lock.
enum Moved {
    Done,
    /// There was no room; now there is, at other places.
    Again,
    NoMemory,
}

impl Ref<Dict> {
    /// Where an iteration begins: cleared entries at the beginning need not be passed again and again.
    pub fn start_position(&self) -> Position {
        let _held = HeldValue::lock(self.as_value());
        // SAFETY: the lock is held.
        let first = unsafe { self.table() }.and_then(Table::first);
        Position(first.unwrap_or(0))
    }

    /// Removes the key that was inserted first.
    pub fn pop_first(&self) -> Option<(Value, Value)> {
        let held = HeldValue::lock(self.as_value());
        // SAFETY: the lock is held.
        let table = unsafe { self.table() }?;
        let (key, value) = table.remove(table.first()?);
        self.bump_version();
        drop(held);
        key.zip(value)
    }

    /// Makes `key`, whose hash is `hash`, the last key, or the first. False when there is no such key.
    /// Moving it to the beginning takes time in proportion to the number of keys.
    ///
    /// # Errors
    /// MemoryError, and what comparing keys raises.
    pub fn move_to_end(&self, cx: &Context, key: &Value, hash: i64, last: bool) -> PyResult<bool> {
        loop {
            let found = self.look_up(cx, key, hash)?;
            let Some(index) = found.index else {
                return Ok(false);
            };
            let held = HeldValue::lock(self.as_value());
            if self.version() != found.version {
                continue;
            }
            // SAFETY: the lock is held.
            let Some(table) = (unsafe { self.table() }) else {
                continue;
            };
            if table.entry(index).key.is_empty() {
                continue;
            }
            let moved = if last {
                self.move_behind(table, index)
            } else {
                self.move_before(table, index)
            };
            drop(held);
            match moved {
                Moved::Done => return Ok(true),
                Moved::Again => {}
                Moved::NoMemory => return Err(cx.no_memory()),
            }
        }
    }

    /// Moves entry `index` behind all others. It is written there before it goes here, so that readers
    /// without a lock find it in the one place or in the other.
    fn move_behind(&self, table: &Table, index: usize) -> Moved {
        if table.last() == Some(index) {
            return Moved::Done;
        }
        let simple = table.has_simple_keys();
        if !table.has_room(simple) {
            return match self.table_with_room(simple) {
                Some(_) => Moved::Again,
                None => Moved::NoMemory,
            };
        }
        table.copy_entry(index, table);
        self.bump_version();
        // Its counts passed to the new entry.
        let (key, value) = table.remove(index);
        std::mem::forget(key);
        std::mem::forget(value);
        self.bump_version();
        Moved::Done
    }

    /// Moves entry `index` before all others, to the beginning of a new table.
    fn move_before(&self, table: &Table, index: usize) -> Moved {
        if table.first() == Some(index) {
            return Moved::Done;
        }
        let Some(new) = Table::allocate(table.live() * 2, table.has_simple_keys()) else {
            return Moved::NoMemory;
        };
        // SAFETY: just made.
        table.copy_into_from(unsafe { new.as_ref() }, index);
        self.publish(new, Some(table));
        Moved::Done
    }
}
