//! What inline caches (`sync/inline_cache.rs`) hold here.
//!
//! ```text
//!  0                                                         empty
//!  shape:32 │ replaced:4 │ number:12 │ epoch:12 │ kind:3 │ 1   packed: an offset or index, guarded by a shape
//!  version:32 │ number:28 │ kind:3 │ 1                         packed: a global, guarded by a dict's version
//!  address:61                        │ 0 0 0                  a chain of entries with guard and value
//! ```
//!
//! An instruction that meets objects of one shape has a packed word, if that is enough. One that meets
//! several gets a chain, once its word has been *replaced* a few times: objects have other shapes while
//! they are made, which is no reason.
//!
//! The *epoch* guards what a shape cannot: that no data descriptor stands before the instance's own
//! attributes, and that attribute access is the generic one. It moves when a class that exists gets
//! or loses a data descriptor or a special method of attribute access, which is rare; when its
//! numbers are used up, packed caches are not used any more.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use typhon_sync::inline_cache::{self, PACKED};

use crate::object::{Object, Ref};
use crate::objects::dict::Dict;
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

/// The cache of an instruction.
pub type InlineCache = inline_cache::InlineCache<Entry>;

/// Entries of a chain. Another one takes the place of them all.
const LONGEST: usize = 4;
/// How often a packed field is replaced by one of another shape before both go into a chain.
const REPLACED_AT_MOST: u64 = 2;

const NUMBER: u64 = 0xfff;
const NUMBER_AT: u32 = 16;
const REPLACED_AT: u32 = 28;
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
    let number = number as u64;
    (epoch < EPOCHS && number <= NUMBER).then(|| {
        u64::from(shape) << 32
            | number << NUMBER_AT
            | u64::from(epoch) << 4
            | (kind as u64) << 1
            | PACKED
    })
}

/// The number in `word` if it is packed for `shape` and of `kind`.
#[inline(always)]
pub fn unpack_shape(word: u64, kind: Packed, shape: u32) -> Option<usize> {
    let guard = u64::from(shape) << 32 | u64::from(epoch()) << 4 | (kind as u64) << 1 | PACKED;
    if word & !(0xffff << NUMBER_AT) == guard {
        Some((word >> NUMBER_AT & NUMBER) as usize)
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
    /// A data descriptor whose getter is native, and made for objects of the class.
    GetSet,
    /// Another data descriptor of a native class.
    Descriptor,
    /// The field at `offset`.
    Field,
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
    /// The value; or, with `in_dict`, the class it is an attribute of, if that is not `class`.
    pub value: Value,
    /// Whether the value is to be read from the class's dict, at `offset`. A cache must not keep alive what
    /// the program may let go of: such values are not in it.
    pub in_dict: bool,
    pub next_shape: u32,
    pub offset: u32,
    pub epoch: u32,
}

impl Entry {
    /// An entry for objects of this shape and class, the class having this version.
    pub fn new(
        kind: EntryKind,
        shape: u32,
        class: &Ref<Type>,
        version: u32,
        value: Value,
    ) -> Entry {
        Entry {
            kind,
            shape,
            check_dict: false,
            class: class.as_ptr().as_ptr(),
            version,
            value,
            in_dict: false,
            next_shape: 0,
            offset: 0,
            epoch: 0,
        }
    }

    /// Whether the class still is what it was.
    ///
    /// # Safety
    /// The class is alive: an object whose shape is the entry's, or the class itself, is at hand.
    #[inline(always)]
    pub unsafe fn is_valid(&self) -> bool {
        // SAFETY: `Ref` is that word; the class is alive by the caller's promise.
        unsafe { (*(&raw const self.class).cast::<Ref<Type>>()).version() == self.version }
    }

    /// The dict to read the value from, if it is not in the entry.
    ///
    /// # Safety
    /// As [`Entry::is_valid`].
    #[inline(always)]
    pub unsafe fn dict(&self) -> Option<&Ref<Dict>> {
        if !self.in_dict {
            return None;
        }
        match self.value.downcast::<Type>() {
            Some(base) => Some(&base.dict),
            // SAFETY: `Ref` is that word; the class is alive by the caller's promise.
            None => Some(unsafe { &(&*(&raw const self.class).cast::<Ref<Type>>()).dict }),
        }
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

    /// What a packed field says.
    fn unpacked(word: u64) -> Entry {
        Entry {
            kind: EntryKind::Field,
            shape: (word >> 32) as u32,
            check_dict: false,
            class: std::ptr::null(),
            version: 0,
            value: Value::NONE,
            in_dict: false,
            next_shape: 0,
            offset: (word >> NUMBER_AT & NUMBER) as u32,
            epoch: (word >> 4) as u32 & (EPOCHS - 1),
        }
    }
}

/// The entries that `word` leads to.
///
/// # Safety
/// As [`InlineCache::entries`].
#[inline(always)]
pub unsafe fn entries<'a>(word: u64) -> impl Iterator<Item = &'a Entry> {
    // SAFETY: by the caller's promise.
    unsafe { InlineCache::entries(word) }
}

/// Whether a cache that missed is to be filled anew: always when it is empty, else now and then.
/// An instruction that meets many classes by turns would do nothing but fill its cache.
pub fn may_fill(cache: &InlineCache) -> bool {
    thread_local! {
        static MISSES: Cell<u32> = const { Cell::new(0) };
    }
    cache.word() == 0
        || MISSES.with(|misses| {
            misses.set(misses.get().wrapping_add(1));
            misses.get() % 16 == 0
        })
}

/// Puts a packed word into the cache, if there is one.
pub fn fill(cache: &InlineCache, word: Option<u64>) {
    if let Some(word) = word {
        cache.fill(word);
    }
}

/// Puts a packed field into the cache.
pub fn fill_field(cache: &InlineCache, word: u64) {
    let old = cache.word();
    let replaced = old >> REPLACED_AT & 0xf;
    if is_field(old) && replaced < REPLACED_AT_MOST {
        cache.fill(word | (replaced + 1) << REPLACED_AT);
    } else if is_field(old) || old & PACKED == 0 && old != 0 {
        // SAFETY: loaded just now.
        unsafe { push(cache, old, Entry::unpacked(word)) };
    } else {
        cache.fill(word);
    }
}

/// Puts a packed field into the cache, unless it knows as many shapes as it may.
pub fn add_field(cache: &InlineCache, word: u64) {
    // SAFETY: loaded just now.
    if unsafe { entries(cache.word()) }.count() < LONGEST {
        fill_field(cache, word);
    }
}

/// Puts an entry into the cache.
pub fn fill_entry(cache: &InlineCache, entry: Entry) {
    // SAFETY: loaded just now.
    unsafe { push(cache, cache.word(), entry) };
}

/// # Safety
/// As [`InlineCache::push`].
unsafe fn push(cache: &InlineCache, old: u64, entry: Entry) {
    let second = is_field(old).then(|| Entry::unpacked(old));
    // SAFETY: by the caller's promise.
    unsafe { cache.push(old, LONGEST, entry, second) };
}

fn is_field(word: u64) -> bool {
    word & 0xf == tag(Packed::Field)
}

/// Shows the cached values to the collector.
pub fn traverse(cache: &InlineCache, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: the world is stopped.
    for entry in unsafe { entries(cache.word()) } {
        visit(&entry.value);
    }
}
