//! `dict`: a hash table that remembers insertion order, read without a lock.
//!
//! `table` points to the current [`Table`]; `version` counts changes of the set of keys (not of
//! values). Look-ups read the table without a lock and re-check what they found (see `field`).
//! Comparing keys may run Python code, which may change the dict; so a look-up by such a key
//! remembers the version, compares with nothing held, and begins again when the version moved.
//! Changes do the same look-up, take the lock, and go ahead when the version still is the one that
//! the look-up saw.
//!
//! Files: `table` (the hash table), `access` (look-up and change), `order` (what ordered dicts do
//! besides), `methods`, `views`.

mod access;
mod methods;
mod order;
pub mod table;
pub mod views;

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use typhon_macros::pyclass;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Run, Traverse};
use crate::value::Value;
use table::Table;

pub use access::Position;
pub use methods::hash_key;
pub(crate) use methods::plain_dict;

/// The payload of `dict`. See the module's header.
#[pyclass(
    name = "dict",
    flags(BASETYPE, MAPPING, MATCH_SELF),
    doc = "dict() -> new empty dictionary\ndict(mapping) -> new dictionary initialized from a mapping object's\n    (key, value) pairs\ndict(iterable) -> new dictionary initialized as if via:\n    d = {}\n    for k, v in iterable:\n        d[k] = v\ndict(**kwargs) -> new dictionary initialized with the name=value pairs\n    in the keyword argument list.  For example:  dict(one=1, two=2)"
)]
pub struct Dict {
    table: AtomicPtr<Table>,
    version: AtomicU32,
}

impl Traverse for Dict {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: the world is stopped.
        if let Some(table) = unsafe { self.table.load(Ordering::Relaxed).as_ref() } {
            for index in 0..table.length() {
                table.entry(index).key.traverse(visit);
                table.entry(index).value.traverse(visit);
            }
        }
    }

    const IS_RUN: bool = true;

    fn run(&self) -> Run {
        // SAFETY: the world is stopped.
        match unsafe { self.table.load(Ordering::Relaxed).as_ref() } {
            Some(table) => table.references(),
            None => Run::EMPTY,
        }
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        if let Some(table) = NonNull::new(*self.table.get_mut()) {
            // SAFETY: the dict is out of reach; the table is its own.
            unsafe {
                table.as_ref().drop_entries();
                Table::retire(table, false);
            }
        }
    }
}

impl Dict {
    /// A payload without entries.
    pub fn empty_payload() -> Dict {
        Dict {
            table: AtomicPtr::new(ptr::null_mut()),
            version: AtomicU32::new(0),
        }
    }

    /// An empty dict.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context) -> PyResult<Ref<Dict>> {
        object::new(cx, Dict::empty_payload())
    }

    /// A dict of these pairs.
    ///
    /// # Errors
    /// What hashing and comparing the keys raises.
    pub fn from_pairs(
        cx: &Context,
        pairs: impl IntoIterator<Item = (Value, Value)>,
    ) -> PyResult<Ref<Dict>> {
        let dict = Dict::new(cx)?;
        for (key, value) in pairs {
            dict.set_item(cx, &key, value)?;
        }
        Ok(dict)
    }

    /// Changes with each key that is added or removed.
    #[inline]
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }
}

impl Ref<Dict> {
    /// The current table.
    ///
    /// # Safety
    /// The reference is not used past the next safepoint, nor past the release of the dict's lock if
    /// that is what keeps the table in place.
    #[inline(always)]
    unsafe fn table<'a>(&self) -> Option<&'a Table> {
        self.header().announce_reader();
        // SAFETY: the pointer is null or a table. Now that this thread is known to read, or is the
        // owner, a table is freed with a grace period, or by this thread itself.
        unsafe { self.table.load(Ordering::Acquire).as_ref() }
    }

    /// The number of keys.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: used at once.
        unsafe { self.table() }.map_or(0, Table::live)
    }

    /// Whether there are no keys.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the table.
    pub fn table_size(&self) -> usize {
        // SAFETY: used at once.
        unsafe { self.table() }.map_or(0, Table::size)
    }
}
