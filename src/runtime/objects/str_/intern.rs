//! Interned strings: one object for each text, immortal, compared by address.
//!
//! Names of attributes, variables and keyword arguments are interned, so that look-ups compare one
//! word. The table is split in shards, each behind its lock; it is consulted when code is loaded and
//! when attribute names are made at run time, not when attributes are read.
//!
//! Native code asks for names by literals, each time anew. So before the table there is one indexed by
//! the address of the text, which is only a hint: what it has is compared with the text.

use std::hash::BuildHasher;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use crossbeam_utils::CachePadded;
use hashbrown::HashTable;
use parking_lot::Mutex;

use super::Str;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Object, Ref};

const SHARDS: usize = 16;

static TABLE: [CachePadded<Mutex<Vec<HashTable<Name>>>>; SHARDS] =
    [const { CachePadded::new(Mutex::new(Vec::new())) }; SHARDS];

/// Places for names by the address of the text that was asked for.
const PLACES: usize = 1024;

static BY_ADDRESS: [AtomicPtr<Object<Str>>; PLACES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; PLACES];

/// The place for a text. Literals lie one behind the other: their lengths tell neighbours apart.
fn place_of(text: &str) -> &'static AtomicPtr<Object<Str>> {
    let address = text.as_ptr() as usize;
    &BY_ADDRESS[(address ^ address >> 10 ^ text.len() << 5) % PLACES]
}

/// An interned string. Copying costs nothing: it is immortal.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Name(NonNull<Object<Str>>);

// SAFETY: the string is immutable and immortal.
unsafe impl Send for Name {}
// SAFETY: as above.
unsafe impl Sync for Name {}

impl std::ops::Deref for Name {
    type Target = Ref<Str>;
    #[inline(always)]
    fn deref(&self) -> &Ref<Str> {
        // SAFETY: both are the address of a string that is never freed.
        unsafe { &*std::ptr::from_ref(self).cast::<Ref<Str>>() }
    }
}

impl Name {
    /// The name with this text.
    ///
    /// # Errors
    /// MemoryError.
    pub fn intern(cx: &Context, text: &str) -> PyResult<Name> {
        let place = place_of(text);
        // Acquire: the name's text was written before.
        if let Some(name) = NonNull::new(place.load(Ordering::Acquire)).map(Name)
            && name.as_ascii() == Some(text)
        {
            return Ok(name);
        }
        let name = match Name::known(text) {
            Some(known) => known,
            None => Name::from_string(&Str::from_str(cx, text)?),
        };
        place.store(name.0.as_ptr(), Ordering::Release);
        Ok(name)
    }

    /// The name with this text, if it is ASCII and interned already: most are, and no string need be made
    /// to find them.
    fn known(text: &str) -> Option<Name> {
        if !text.is_ascii() {
            return None;
        }
        let hash = Str::hash_of_bytes(text.as_bytes());
        let shard = TABLE[hash as u64 as usize % SHARDS].lock();
        let same = |name: &Name| name.as_ascii() == Some(text);
        shard.first()?.find(spread(hash), same).copied()
    }

    /// The name with the text of `string`.
    #[inline]
    pub fn from_string(string: &Ref<Str>) -> Name {
        if string.is_interned() {
            Name(string.as_ptr())
        } else {
            Name::from_string_slow(string)
        }
    }

    #[cold]
    fn from_string_slow(string: &Ref<Str>) -> Name {
        let hash = string.hash() as u64;
        let mut shard = TABLE[hash as usize % SHARDS].lock();
        if shard.is_empty() {
            shard.push(HashTable::new());
        }
        let table = &mut shard[0];
        let rehash = |name: &Name| spread(name.hash());
        if let Some(known) = table.find(spread(hash as i64), |name| name.equals_str(string)) {
            return *known;
        }
        // The table's own reference is never dropped, so the string cannot die while it is being made
        // immortal. An instance of a subclass is not a name: its class may compare as it likes.
        let own = if string.as_value().is_exact::<Str>() {
            string.clone()
        } else {
            let points: Vec<u32> = string.code_points().collect();
            Str::from_code_points(Context::current(), &points).expect("invariant: names are short")
        };
        own.header().set_immortal();
        own.interned.store(1, Ordering::Relaxed);
        let name = Name(own.into_raw());
        table.insert_unique(spread(hash as i64), name, rehash);
        name
    }

    /// The name as a reference.
    pub fn clone_ref(&self) -> Ref<Str> {
        Ref::clone(self)
    }

    /// How many names there are.
    pub fn count() -> usize {
        TABLE
            .iter()
            .map(|shard| shard.lock().first().map_or(0, HashTable::len))
            .sum()
    }

    /// Identity, which is equality.
    #[inline(always)]
    pub fn is(&self, other: &Name) -> bool {
        self.0 == other.0
    }

    /// The address.
    #[inline(always)]
    pub fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The text.
    pub fn display(&self) -> String {
        self.to_string()
    }

    /// Whether the name begins and ends with two underscores.
    pub fn is_special(&self) -> bool {
        self.as_ascii()
            .is_some_and(|text| text.len() > 4 && text.starts_with("__") && text.ends_with("__"))
    }

    /// What stands for "to dict mode" among the transitions of a shape; the name of no attribute.
    pub(crate) fn dict_mode_marker() -> Name {
        Name(NonNull::dangling())
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.display())
    }
}

fn spread(hash: i64) -> u64 {
    rustc_hash::FxBuildHasher.hash_one(hash)
}

/// Names that the interpreter itself looks up, made at start-up: `names::__init__()`.
pub mod names {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use super::{Name, NonNull, Object, Str};
    use crate::context::Context;
    use crate::error::PyResult;

    macro_rules! names {
        ($($name:ident = $text:literal),* $(,)?) => {
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            #[repr(usize)]
            enum Index { $($name,)* Count }

            static NAMES: [AtomicPtr<Object<Str>>; Index::Count as usize] =
                [const { AtomicPtr::new(ptr::null_mut()) }; Index::Count as usize];

            $(
                #[doc = concat!("The name `", $text, "`.")]
                #[inline(always)]
                pub fn $name() -> Name {
                    let pointer = NAMES[Index::$name as usize].load(Ordering::Relaxed);
                    Name(NonNull::new(pointer).expect("invariant: names are made at start-up"))
                }
            )*

            /// Makes the names.
            pub(crate) fn make(cx: &Context) -> PyResult<()> {
                $(
                    let name = Name::intern(cx, $text)?;
                    NAMES[Index::$name as usize].store(name.0.as_ptr(), Ordering::Relaxed);
                )*
                Ok(())
            }
        };
    }

    names! {
        dunder_abs = "__abs__", dunder_abstractmethods = "__abstractmethods__", dunder_aenter = "__aenter__",
        dunder_aexit = "__aexit__", dunder_all = "__all__", dunder_annotate = "__annotate__",
        dunder_annotate_func = "__annotate_func__", dunder_annotations = "__annotations__",
        dunder_annotations_cache = "__annotations_cache__", dunder_bases = "__bases__",
        dunder_bool = "__bool__", dunder_build_class = "__build_class__", dunder_builtins = "__builtins__",
        dunder_bytes = "__bytes__", dunder_call = "__call__", dunder_class = "__class__",
        dunder_class_getitem = "__class_getitem__", dunder_classcell = "__classcell__",
        dunder_complex = "__complex__", dunder_contains = "__contains__", dunder_del = "__del__",
        dunder_delattr = "__delattr__", dunder_delete = "__delete__", dunder_delitem = "__delitem__",
        dunder_dict = "__dict__", dunder_dir = "__dir__", dunder_doc = "__doc__", dunder_enter = "__enter__",
        dunder_eq = "__eq__", dunder_exit = "__exit__", dunder_file = "__file__", dunder_float = "__float__",
        dunder_format = "__format__", dunder_fspath = "__fspath__", dunder_ge = "__ge__",
        dunder_get = "__get__", dunder_getattr = "__getattr__", dunder_getattribute = "__getattribute__",
        dunder_getitem = "__getitem__", dunder_getstate = "__getstate__", dunder_gt = "__gt__",
        dunder_hash = "__hash__", dunder_import = "__import__", dunder_index = "__index__",
        dunder_init = "__init__", dunder_init_subclass = "__init_subclass__",
        dunder_instancecheck = "__instancecheck__", dunder_int = "__int__", dunder_iter = "__iter__",
        dunder_le = "__le__", dunder_len = "__len__", dunder_length_hint = "__length_hint__",
        dunder_loader = "__loader__", dunder_lt = "__lt__", dunder_main = "__main__",
        dunder_match_args = "__match_args__", dunder_missing = "__missing__", dunder_module = "__module__",
        dunder_mro_entries = "__mro_entries__", dunder_name = "__name__", dunder_ne = "__ne__",
        dunder_new = "__new__", dunder_next = "__next__", dunder_orig_bases = "__orig_bases__",
        dunder_orig_class = "__orig_class__", dunder_package = "__package__", dunder_path = "__path__",
        dunder_prepare = "__prepare__", dunder_qualname = "__qualname__", dunder_reduce = "__reduce__",
        dunder_reduce_ex = "__reduce_ex__", dunder_repr = "__repr__", dunder_reversed = "__reversed__",
        dunder_round = "__round__", dunder_set = "__set__", dunder_set_name = "__set_name__",
        dunder_setattr = "__setattr__", dunder_setitem = "__setitem__", dunder_setstate = "__setstate__",
        dunder_slots = "__slots__", dunder_spec = "__spec__", dunder_static_attributes = "__static_attributes__",
        dunder_str = "__str__", dunder_subclasscheck = "__subclasscheck__",
        dunder_subclasshook = "__subclasshook__", dunder_text_signature = "__text_signature__",
        dunder_trunc = "__trunc__", dunder_type_params = "__type_params__",
        dunder_typing_subst = "__typing_subst__", dunder_weakref = "__weakref__", dunder_wrapped = "__wrapped__",
        dunder_floor = "__floor__", dunder_ceil = "__ceil__", dunder_await = "__await__",
        dunder_aiter = "__aiter__", dunder_anext = "__anext__", dunder_isabstractmethod = "__isabstractmethod__",
        add_note = "add_note", close = "close", items = "items", keys = "keys", metaclass = "metaclass",
        mro = "mro", send = "send", throw = "throw", values = "values", write = "write", flush = "flush",
        builtins = "builtins", sys = "sys", join = "join", append = "append", get = "get", read = "read",
        readline = "readline", name = "name", encoding = "encoding", errors = "errors", path = "path",
        modules = "modules", stdout = "stdout", stderr = "stderr", stdin = "stdin", key = "key",
        dunder_slotnames = "__slotnames__", dunder_getnewargs = "__getnewargs__",
        dunder_getnewargs_ex = "__getnewargs_ex__", dunder_copy = "__copy__", dunder_notes = "__notes__",
        dunder_initializing = "_initializing", fileno = "fileno", displayhook = "displayhook",
        excepthook = "excepthook", unraisablehook = "unraisablehook", underscore = "_", big = "big",
        little = "little", strict = "strict", args = "args", value = "value",
    }
}
