//! What the metaclasses know of their classes: size, layout and items of instances.
//!
//! It is an object that the class refers to (`Type::native_data`), immutable but for flags and caches: a class
//! whose layout changes (`_fields_`, `set_type`) gets another one. A class without one is abstract.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::field::Field;
use typhon_runtime::guarded::{Guarded, HeldValue, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::abi::Shape;
use super::code::{Code, Machine};

/// Aggregates that are larger are passed in memory on every machine.
pub const MOST_IN_REGISTERS: usize = 64;

/// What instances are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Simple(Code),
    Structure,
    Union,
    Array,
    Pointer,
    Function,
}

/// The numbers that a value is made of, by where they begin.
#[derive(Clone, Debug)]
pub enum Words {
    Known(Arc<[(usize, Machine)]>),
    /// There are too many, or some that do not lie as their type wants it: passed in memory.
    Memory,
}

impl Words {
    /// The words, unless there are too many.
    pub fn known(&self) -> Option<&[(usize, Machine)]> {
        match self {
            Words::Known(words) => Some(words),
            Words::Memory => None,
        }
    }

    pub fn of(words: Vec<(usize, Machine)>) -> Words {
        Words::Known(words.into())
    }

    /// The one word of a pointer.
    pub fn pointer() -> Words {
        let size = size_of::<usize>() as u8;
        let signed = false;
        Words::of(vec![(0, Machine::Integer { size, signed })])
    }

    /// The words of parts of an aggregate.
    pub fn joined(size: usize, parts: impl IntoIterator<Item = (usize, Words)>) -> Words {
        let mut all = Vec::new();
        if size > MOST_IN_REGISTERS {
            return Words::Memory;
        }
        for (offset, words) in parts {
            let Words::Known(words) = words else {
                return Words::Memory;
            };
            all.extend(words.iter().map(|(at, word)| (offset + at, *word)));
        }
        let lies_well = all.iter().all(|(at, word)| {
            let alignment = match word {
                Machine::Integer { size, .. } => usize::from(*size),
                Machine::Single => 4,
                Machine::Double => 8,
                Machine::LongDouble => 16,
            };
            at.is_multiple_of(alignment)
        });
        if lies_well {
            Words::of(all)
        } else {
            Words::Memory
        }
    }
}

/// What a class of functions says of calls. An empty field: the class does not say.
#[derive(Default)]
pub struct Prototype {
    pub flags: i64,
    /// `_argtypes_`, a tuple.
    pub argtypes: Field,
    /// Their `from_param`, a tuple.
    pub converters: Field,
    /// `_restype_`; None for `void`.
    pub restype: Field,
    /// The result's `_check_retval_`.
    pub checker: Field,
}

/// See the module's header.
#[pyclass(
    name = "StgInfo",
    module = "_ctypes",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "What a metaclass knows of a class."
)]
pub struct Info {
    pub kind: Kind,
    /// Bytes of an instance.
    pub size: usize,
    pub alignment: usize,
    /// Items of an array, fields of a structure, 1 for what points, 0 for simple types.
    pub length: usize,
    /// The class of items of an array, or of what a pointer points to.
    pub item: Option<Ref<Type>>,
    /// The format of PEP 3118: of the items of the items, for arrays.
    pub format: String,
    /// Lengths of an array's dimensions.
    pub shape: Vec<isize>,
    pub words: Words,
    /// Whether there are addresses in the memory.
    pub has_pointer: bool,
    pub prototype: Option<Prototype>,
    /// Whether the layout may not change any more: it is in use.
    pub(super) is_final: AtomicBool,
    pub(super) pointer_type: Field,
    pub(super) arrays: Guarded<Vec<(usize, Value)>>,
}

impl Traverse for Info {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(item) = &self.item {
            visit(item.as_value());
        }
        self.pointer_type.traverse(visit);
        for (_, array) in self.arrays.while_stopped() {
            visit(array);
        }
        if let Some(prototype) = &self.prototype {
            prototype.argtypes.traverse(visit);
            prototype.converters.traverse(visit);
            prototype.restype.traverse(visit);
            prototype.checker.traverse(visit);
        }
    }
}

impl Lockable for Info {
    type State = Vec<(usize, Value)>;
    fn guarded(&self) -> &Guarded<Self::State> {
        &self.arrays
    }
}

#[pymethods]
impl Info {}

impl Info {
    /// What there is to know of a class of this kind without items: to be completed.
    pub fn new(kind: Kind, size: usize, alignment: usize) -> Info {
        Info {
            kind,
            size,
            alignment,
            length: 0,
            item: None,
            format: String::new(),
            shape: Vec::new(),
            words: Words::Memory,
            has_pointer: false,
            prototype: None,
            is_final: AtomicBool::new(false),
            pointer_type: Field::empty(),
            arrays: Guarded::new(Vec::new()),
        }
    }

    /// The same again, for a class that is derived, or that changes.
    pub fn duplicate(&self) -> Info {
        Info {
            length: self.length,
            item: self.item.clone(),
            format: self.format.clone(),
            shape: self.shape.clone(),
            words: self.words.clone(),
            has_pointer: self.has_pointer,
            ..Info::new(self.kind, self.size, self.alignment)
        }
    }

    /// The layout is in use from now on.
    pub fn set_final(&self) {
        self.is_final.store(true, Ordering::SeqCst);
    }

    pub fn is_final(&self) -> bool {
        self.is_final.load(Ordering::SeqCst)
    }

    /// The code of a simple type.
    pub fn code(&self) -> Option<Code> {
        match self.kind {
            Kind::Simple(code) => Some(code),
            _ => None,
        }
    }

    /// How instances are passed by value.
    pub fn passing(&self) -> Shape<'_> {
        Shape {
            size: self.size,
            alignment: self.alignment,
            words: self.words.known(),
            is_complex: matches!(self.letter(), b'F' | b'D' | b'G'),
        }
    }

    /// The letter of a simple type; 0 for others.
    pub fn letter(&self) -> u8 {
        self.code().map_or(0, |code| code.letter)
    }

    /// The letter of the items, if they are simple.
    pub fn item_letter(&self) -> u8 {
        self.item
            .as_ref()
            .and_then(find)
            .map_or(0, |info| info.letter())
    }

    /// The class of pointers to instances, once it is made.
    pub fn pointer_type(&self) -> Option<Value> {
        self.pointer_type.get()
    }

    pub fn set_pointer_type(&self, class: Option<Value>) {
        self.pointer_type.set(class);
    }
}

/// What there is to know of a class, unless it is abstract or none of ours.
pub fn find(class: &Ref<Type>) -> Option<Ref<Info>> {
    class.native_data.get_as::<Info>()
}

/// [`find`] of any object.
pub fn find_value(class: &Value) -> Option<Ref<Info>> {
    find(class.downcast::<Type>()?)
}

/// [`find`] of the class of an object.
pub fn of_instance(object: &Value) -> Option<Ref<Info>> {
    find(object.class())
}

/// Gives a class that has none its information.
///
/// # Errors
/// SystemError when it has some.
pub fn attach(cx: &Context, class: &Ref<Type>, info: Info) -> PyResult<()> {
    let info = object::new(cx, info)?.into_value();
    let fresh = {
        let _held = HeldValue::lock(class.as_value());
        let fresh = class.native_data.is_empty();
        if fresh {
            class.native_data.set(Some(info));
        }
        fresh
    };
    if fresh {
        Ok(())
    } else {
        Err(cx.system_error(format!(
            "StgInfo of '{}' is already initialized.",
            class.short_name()
        )))
    }
}

/// Exchanges the information of a class, unless it is not `old` any more, or final. `new` takes over the
/// pointer type.
///
/// # Errors
/// MemoryError.
pub fn replace(cx: &Context, class: &Ref<Type>, old: &Ref<Info>, new: Info) -> PyResult<bool> {
    new.set_pointer_type(old.pointer_type());
    let new = object::new(cx, new)?;
    let _held = HeldValue::lock(class.as_value());
    let current = class.native_data.get();
    if old.is_final() || !current.is_some_and(|current| current.is(old.as_value())) {
        return Ok(false);
    }
    class.native_data.set(Some(new.into_value()));
    Ok(true)
}

/// Exchanges the information of a class, whatever it was.
///
/// # Errors
/// MemoryError.
pub fn exchange(cx: &Context, class: &Ref<Type>, new: Info) -> PyResult<()> {
    let new = object::new(cx, new)?.into_value();
    let _held = HeldValue::lock(class.as_value());
    class.native_data.set(Some(new));
    Ok(())
}
