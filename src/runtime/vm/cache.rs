//! Inline caches: one atomic word each, which says by itself what it is valid for.
//!
//! ```text
//!  0                                              empty
//!  shape:32 │ number:16 │ epoch:12 │ kind:3 │ 1   packed: an offset or index, guarded by a shape
//!  version:32 │ number:28 │ kind:3 │ 1            packed: a global, guarded by a dict's version
//!  address:61                        │ 0 0 0     an Entry, which carries guard and value
//! ```
//!
//! Any thread may overwrite a cache at any time. A reader loads the word once and goes by the bits it
//! got: it never mixes parts of two caches. Entries are retired with a grace period, so one that was
//! loaded stays readable until the thread's next safepoint.
//!
//! The *epoch* guards what a shape cannot: that no data descriptor stands before the instance's own
//! attributes, and that attribute access is the generic one. It moves when a class that exists gets
//! or loses a data descriptor or a special method of attribute access, which is rare; when its
//! numbers are used up, packed caches are not used any more.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::object::{Object, Ref};
use crate::objects::type_::Type;
use crate::value::Value;

/// What a packed cache's number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Packed {
    /// The byte offset of a field of the instance, in words.
    Field = 0,
    /// The entry of the instance's dict.
    DictEntry = 1,
    /// The entry of the module's dict.
    ModuleEntry = 2,
    /// The entry of the globals (no version).
    Global = 3,
    /// The entry of the builtins; the version is that of the globals, which lack the name.
    Builtin = 4,
}

const PACKED: u64 = 1;
const EPOCHS: u32 = 1 << 12;

static EPOCH: AtomicU32 = AtomicU32::new(1);

/// The current epoch, unless they are used up.
#[inline(always)]
fn epoch() -> u32 {
    EPOCH.load(Ordering::Acquire)
}

/// A class that exists changed in a way that shapes do not show.
pub fn next_epoch() {
    let _ = EPOCH.fetch_update(Ordering::AcqRel, Ordering::Acquire, |epoch| {
        (epoch < EPOCHS).then_some(epoch + 1)
    });
}

/// The word that guards `number` by `shape` and the current epoch. `None` when it cannot be packed.
pub fn pack_shape(kind: Packed, shape: u32, number: usize) -> Option<u64> {
    let epoch = epoch();
    let number = u16::try_from(number).ok()?;
    (epoch < EPOCHS).then(|| {
        u64::from(shape) << 32
            | u64::from(number) << 16
            | u64::from(epoch) << 4
            | (kind as u64) << 1
            | PACKED
    })
}

/// The number in `word` if it is packed for `shape` and of `kind`.
#[inline(always)]
pub fn unpack_shape(word: u64, kind: Packed, shape: u32) -> Option<usize> {
    let guard = u64::from(shape) << 32 | u64::from(epoch()) << 4 | (kind as u64) << 1 | PACKED;
    if word & !(0xffff << 16) == guard {
        Some((word >> 16 & 0xffff) as usize)
    } else {
        None
    }
}

/// The word that guards `number` by `version`.
pub fn pack_version(kind: Packed, version: u32, number: usize) -> Option<u64> {
    (number < 1 << 28)
        .then(|| u64::from(version) << 32 | (number as u64) << 4 | (kind as u64) << 1 | PACKED)
}

/// Kind, version and number of a word made by [`pack_version`].
#[inline(always)]
pub fn unpack_version(word: u64) -> (u64, u32, usize) {
    (
        word & 0xf,
        (word >> 32) as u32,
        (word >> 4 & 0x0fff_ffff) as usize,
    )
}

/// The low bits of a packed word of `kind`.
#[inline(always)]
pub const fn tag(kind: Packed) -> u64 {
    (kind as u64) << 1 | PACKED
}

/// What an entry's value is for the object with the entry's shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// A method: called with the object in front.
    Method,
    /// A class method: called with the object's class in front.
    ClassMethod,
    /// A class attribute that is not bound.
    Plain,
    /// A property with this getter.
    Property,
    /// Setting the attribute moves the object to shape `number` and writes the field at `offset`.
    AddField,
    /// The object is the class itself; the attribute needs no binding.
    ClassAttribute,
    /// The object is the class itself; the class method is called with it in front.
    MethodOfClass,
}

/// A cache that does not fit a word. Immutable once published.
pub struct Entry {
    pub kind: EntryKind,
    /// The shape of the object (0 for `ClassAttribute` and `MethodOfClass`).
    pub shape: u32,
    /// Whether objects of the shape have a dict that has to be asked first.
    pub check_dict: bool,
    /// The class (the object itself, for `ClassAttribute` and `MethodOfClass`), not counted.
    pub class: *const Object<Type>,
    /// The class's version.
    pub version: u32,
    pub value: Value,
    pub next_shape: u32,
    pub offset: u32,
    pub epoch: u32,
}

impl Entry {
    /// Whether the class still is what it was.
    ///
    /// # Safety
    /// The class is alive: an object whose shape is the entry's, or the class itself, is at hand.
    #[inline(always)]
    pub unsafe fn is_valid(&self) -> bool {
        // SAFETY: `Ref` is that word; the class is alive by the caller's promise.
        unsafe { (*(&raw const self.class).cast::<Ref<Type>>()).version() == self.version }
    }

    /// Whether the epoch still is what it was.
    #[inline(always)]
    pub fn in_epoch(&self) -> bool {
        self.epoch == epoch() && self.epoch < EPOCHS
    }

    /// The current epoch, to make an entry.
    pub fn current_epoch() -> u32 {
        epoch()
    }
}

/// The entry that `word` points to.
///
/// # Safety
/// The word was loaded from a cache since the thread's last safepoint, and the reference is not used
/// past the next one.
#[inline(always)]
pub unsafe fn entry<'a>(word: u64) -> Option<&'a Entry> {
    if word != 0 && word & 7 == 0 {
        // SAFETY: addresses in caches are those of entries, retired with a grace period.
        Some(unsafe { &*(word as *const Entry) })
    } else {
        None
    }
}

/// Whether a cache that missed is to be filled anew: always when it is empty, else now and then.
/// An instruction that meets many classes by turns would do nothing but fill its cache.
pub fn may_fill(cache: &AtomicU64) -> bool {
    thread_local! {
        static MISSES: Cell<u32> = const { Cell::new(0) };
    }
    cache.load(Ordering::Relaxed) == 0
        || MISSES.with(|misses| {
            misses.set(misses.get().wrapping_add(1));
            misses.get() % 16 == 0
        })
}

/// Puts `word` into the cache.
pub fn store(cache: &AtomicU64, word: u64) {
    retire(cache.swap(word, Ordering::AcqRel));
}

/// Puts an entry into the cache.
pub fn store_entry(cache: &AtomicU64, entry: Entry) {
    store(cache, Box::into_raw(Box::new(entry)) as u64);
}

/// Empties the cache of code that dies, which nobody runs any more. What the entry refers to is dropped
/// now: when the collector frees code and value together, the value's memory does not outlast this.
pub fn empty(cache: &AtomicU64) {
    let word = cache.swap(0, Ordering::AcqRel);
    if word != 0 && word & 7 == 0 {
        // SAFETY: the cache held the only lasting pointer to the entry, and readers hold the code.
        drop(unsafe { Box::from_raw(word as *mut Entry) });
    }
}

fn retire(word: u64) {
    unsafe fn free(entry: *mut u8) {
        // SAFETY: the entry was boxed by `store_entry` and is freed once.
        drop(unsafe { Box::from_raw(entry.cast::<Entry>()) });
    }
    if word != 0 && word & 7 == 0 {
        // SAFETY: the cache held the only lasting pointer to the entry.
        unsafe { typhon_sync::qsbr::retire(word as *mut u8, free) };
    }
}

/// Shows the cached value to the collector.
pub fn traverse(cache: &AtomicU64, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: the world is stopped.
    if let Some(entry) = unsafe { entry(cache.load(Ordering::Acquire)) } {
        visit(&entry.value);
    }
}
