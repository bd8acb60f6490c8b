//! Built-in classes: their description in Rust, and how they become type objects at start-up.

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::args::{FunctionSpec, NativeCall};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Object, Payload, Ref};
use crate::objects::descriptors::{self, GetSet, Member, Set};
use crate::objects::native::NativeFunction;
use crate::objects::str_::{Name, Str};
use crate::objects::type_::{Type, TypeBuilder};
use crate::slots::Slots;
use crate::value::Value;

bitflags::bitflags! {
    /// Properties of a class. The lower half are this implementation's, the upper half are
    /// those that `type.__flags__` shows, where CPython has them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ClassFlags: u64 {
        /// Made by a class statement or by `type()`.
        const HEAPTYPE = 1 << 9;
        /// May be derived from.
        const BASETYPE = 1 << 10;
        /// Attributes cannot be set.
        const IMMUTABLE = 1 << 8;
        /// Has no `__new__`: cannot be called to make instances.
        const DISALLOW_INSTANTIATION = 1 << 7;
        /// Matches sequence patterns.
        const SEQUENCE = 1 << 5;
        /// Matches mapping patterns.
        const MAPPING = 1 << 6;
        /// Abstract: has abstract methods.
        const IS_ABSTRACT = 1 << 20;
        /// `case int(x)` binds the whole subject.
        const MATCH_SELF = 1 << 22;
        /// A function-like descriptor: binding it is prepending `self` to the call.
        const METHOD_DESCRIPTOR = 1 << 17;
        /// Instances have a `__dict__`.
        const HAS_DICT = 1 << 40;
        /// Instances can be weakly referenced.
        const HAS_WEAKREF = 1 << 41;
        /// Attributes come from classes that do not know this one (a custom `mro()`): nothing that is
        /// looked up may be kept.
        const UNCACHED = 1 << 43;
        /// The class overrides attribute look-up of instances.
        const CUSTOM_GETATTR = 1 << 42;
    }
}

/// Where the type object of a built-in class is kept.
pub struct ClassCell {
    class: AtomicPtr<Object<Type>>,
    shape: AtomicU32,
}

impl ClassCell {
    /// A cell to be filled at start-up.
    pub const fn new() -> ClassCell {
        ClassCell {
            class: AtomicPtr::new(std::ptr::null_mut()),
            shape: AtomicU32::new(u32::MAX),
        }
    }

    /// The class.
    #[inline(always)]
    pub fn get(&'static self) -> &'static Ref<Type> {
        debug_assert!(
            self.is_filled(),
            "a built-in class is used before it is made"
        );
        // SAFETY: the cell is filled before Python code runs, with an immortal type; `Ref` is that word.
        unsafe { &*(&raw const self.class).cast::<Ref<Type>>() }
    }

    /// Whether the class exists already.
    pub fn is_filled(&self) -> bool {
        !self.class.load(Ordering::Acquire).is_null()
    }

    /// The shape of exact instances; matches nothing before the class is made.
    #[inline(always)]
    pub fn shape_id(&self) -> u32 {
        self.shape.load(Ordering::Relaxed)
    }

    /// Reserves the shape of exact instances, before the class exists.
    pub(crate) fn reserve(&self, shape: u32) {
        self.shape.store(shape, Ordering::Relaxed);
    }

    /// Fills the cell. `class` stays alive for good.
    pub fn fill(&self, class: Ref<Type>, shape: u32) {
        self.shape.store(shape, Ordering::Relaxed);
        self.class
            .store(class.into_raw().as_ptr(), Ordering::Release);
    }
}

impl Default for ClassCell {
    fn default() -> Self {
        ClassCell::new()
    }
}

/// A payload that is a Python class: made by `#[pyclass]`.
pub trait PyClass: Payload {
    const NAME: &'static str;
    const MODULE: &'static str;
    const DOC: Option<&'static str>;
    /// `__text_signature__`, such as `"(iterable=(), /)"`.
    const SIGNATURE: Option<&'static str>;
    const FLAGS: ClassFlags;
    /// The Python base class.
    fn python_base() -> &'static Ref<Type>;
    /// The class of the class, where that is not `type`.
    fn metaclass() -> Option<&'static Ref<Type>> {
        None
    }
}

/// The methods of a class: made by `#[pymethods]`.
pub trait ClassMethods {
    const TABLES: &'static [&'static MethodTable];
}

/// One block of methods.
pub struct MethodTable {
    pub entries: &'static [Entry],
    /// Fills the slots that the block implements.
    pub fill: fn(&Slots),
}

/// One attribute of a class.
pub enum Entry {
    Method(&'static FunctionSpec),
    ClassMethod(&'static FunctionSpec),
    StaticMethod(&'static FunctionSpec),
    Getter {
        name: &'static str,
        doc: &'static str,
        get: fn(&Context, &Value) -> PyResult<Value>,
    },
    /// As `Getter`, but what Python sees is a `member_descriptor`.
    Member {
        name: &'static str,
        doc: &'static str,
        get: fn(&Context, &Value) -> PyResult<Value>,
    },
    /// Sets what `Getter` or `Member` of the same name gets.
    Setter {
        name: &'static str,
        set: fn(&Context, &Value, Option<&Value>) -> PyResult<()>,
    },
}

/// The class of `T`, made on the first call.
///
/// # Errors
/// MemoryError.
pub fn class_of<T: PyClass + ClassMethods>(cx: &Context) -> PyResult<&'static Ref<Type>> {
    let cell = T::class_cell();
    if !cell.is_filled() {
        make::<T>(cx)?;
    }
    Ok(cell.get())
}

fn make<T: PyClass + ClassMethods>(cx: &Context) -> PyResult<()> {
    let class = build::<T>(cx, Some(T::python_base()))?;
    populate::<T>(cx, &class)
}

/// Makes the type object of a class; its methods come with [`populate`].
///
/// # Errors
/// MemoryError.
pub(crate) fn build<T: PyClass>(cx: &Context, base: Option<&Ref<Type>>) -> PyResult<Ref<Type>> {
    let builder = TypeBuilder {
        name: T::NAME,
        base: base.cloned(),
        layout: T::LAYOUT,
        kind: T::LAYOUT.kind,
        flags: T::FLAGS,
    };
    match T::metaclass() {
        Some(metaclass) => builder.build_of(cx, T::class_cell(), metaclass),
        None => builder.build(cx, T::class_cell()),
    }
}

/// Gives a class that was just made its methods, slots and documentation.
///
/// # Errors
/// MemoryError.
pub fn populate<T: PyClass + ClassMethods>(cx: &Context, class: &Ref<Type>) -> PyResult<()> {
    for table in T::TABLES {
        (table.fill)(&class.slots);
    }
    class.finish_built_in(cx)?;
    for table in T::TABLES {
        add_entries(cx, class, table.entries)?;
    }
    let inherits_dict = class
        .base_type()
        .is_some_and(|base| base.has(ClassFlags::HAS_DICT));
    if class.has(ClassFlags::HAS_DICT) && !inherits_dict {
        descriptors::add_dict_attribute(cx, class)?;
    }
    let set = |name: &str, value: Value| class.dict.set_name(cx, Name::intern(cx, name)?, value);
    let entries = || T::TABLES.iter().flat_map(|table| table.entries);
    let instances_have_module = entries().any(|entry| {
        matches!(
            entry,
            Entry::Getter {
                name: "__module__",
                ..
            } | Entry::Member {
                name: "__module__",
                ..
            }
        )
    });
    if instances_have_module {
        let _ = class.native_module.set(T::MODULE);
    } else if T::MODULE != "builtins" {
        set("__module__", Str::from_str(cx, T::MODULE)?.into_value())?;
    }
    let has_own_doc = entries().any(|entry| {
        matches!(
            entry,
            Entry::Getter {
                name: "__doc__",
                ..
            } | Entry::Member {
                name: "__doc__",
                ..
            }
        )
    });
    if has_own_doc {
        return Ok(());
    }
    match (T::DOC, T::SIGNATURE) {
        (Some(doc), Some(signature)) => {
            let _ = class.native_signature.set(signature);
            set("__doc__", Str::from_str(cx, doc)?.into_value())?;
        }
        (Some(doc), None) => set("__doc__", Str::from_str(cx, doc)?.into_value())?,
        (None, _) => set("__doc__", Value::NONE)?,
    }
    Ok(())
}

fn setter_of(entries: &'static [Entry], wanted: &str) -> Option<Set> {
    entries.iter().find_map(|entry| match entry {
        Entry::Setter { name, set } if *name == wanted => Some(*set),
        _ => None,
    })
}

/// Gives a class attributes of a table.
///
/// # Errors
/// MemoryError.
pub fn add_entries(cx: &Context, class: &Ref<Type>, entries: &'static [Entry]) -> PyResult<()> {
    for entry in entries {
        let (name, value) = match entry {
            Entry::Method(spec) => (spec.name, descriptors::method(cx, class, spec)?),
            Entry::ClassMethod(spec) => (spec.name, descriptors::class_method(cx, class, spec)?),
            Entry::StaticMethod(spec) => {
                let function = NativeFunction::new(cx, spec, Some(class.to_value()), None)?;
                (
                    spec.name,
                    descriptors::static_method(cx, function.into_value())?,
                )
            }
            Entry::Getter { name, doc, get } => {
                let set = setter_of(entries, name);
                (*name, GetSet::make(cx, class, name, doc, *get, set)?)
            }
            Entry::Member { name, doc, get } => {
                let set = setter_of(entries, name);
                let member = Member::of_payload(cx, class, name, doc, *get, set)?;
                (*name, member)
            }
            Entry::Setter { .. } => continue,
        };
        // As the class is, if that is made once.
        if class.header().is_immortal()
            && let Some(header) = value.header()
        {
            header.set_immortal();
        }
        class.dict.set_name(cx, Name::intern(cx, name)?, value)?;
    }
    Ok(())
}

/// The code of a function described by a `FunctionSpec`.
pub type Call = NativeCall;
