//! Slots: the functions by which the interpreter operates on objects of a type.
//!
//! Each special method has a slot (`__len__`: `length`); built-in types fill slots with Rust
//! functions, Python classes with functions that look the special method up and call it
//! (`slot_dispatch`). `slot_wrappers` has the table that ties names to slots.
//!
//! A slot is one atomic word: it changes when a special method of a class is set, while other
//! threads read it. A null slot means "not supported".

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::args::Args;
use crate::buffer::Buffer;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::Name;
use crate::objects::type_::Type;
use crate::value::Value;

/// A function pointer of type `F`, or none.
pub struct Slot<F>(AtomicUsize, PhantomData<F>);

impl<F: Copy> Slot<F> {
    const fn empty() -> Slot<F> {
        Slot(AtomicUsize::new(0), PhantomData)
    }

    /// The function.
    #[inline(always)]
    pub fn get(&self) -> Option<F> {
        const { assert!(size_of::<F>() == size_of::<usize>()) };
        let word = self.0.load(Ordering::Relaxed);
        if word == 0 {
            None
        } else {
            // SAFETY: the word was stored by `set` from an `F`, which is a function pointer.
            Some(unsafe { std::mem::transmute_copy::<usize, F>(&word) })
        }
    }

    /// Fills or empties the slot.
    pub fn set(&self, function: Option<F>) {
        let word = match function {
            // SAFETY: function pointers are words.
            Some(function) => unsafe { std::mem::transmute_copy::<F, usize>(&function) },
            None => 0,
        };
        // Relaxed: a function pointer refers to nothing but code.
        self.0.store(word, Ordering::Relaxed);
    }

    /// The word itself, to compare slots.
    pub fn word(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes what `other` has.
    pub fn copy_from(&self, other: &Slot<F>) {
        self.0.store(other.word(), Ordering::Relaxed);
    }
}

/// Comparison operators, numbered as `COMPARE_OP` numbers them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Comparison {
    Less = 0,
    LessEqual = 1,
    Equal = 2,
    NotEqual = 3,
    Greater = 4,
    GreaterEqual = 5,
}

impl Comparison {
    /// From `COMPARE_OP`'s number.
    pub fn from_number(number: u32) -> Comparison {
        match number {
            0 => Comparison::Less,
            1 => Comparison::LessEqual,
            2 => Comparison::Equal,
            3 => Comparison::NotEqual,
            4 => Comparison::Greater,
            _ => Comparison::GreaterEqual,
        }
    }

    /// The operator with its sides exchanged.
    pub fn reflected(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterEqual => Comparison::LessEqual,
            same => same,
        }
    }

    /// As Python writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        }
    }

    /// What the operator says of two things that compare like `ordering`.
    pub fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Less => ordering.is_lt(),
            Comparison::LessEqual => ordering.is_le(),
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterEqual => ordering.is_ge(),
        }
    }
}

pub type UnaryFn = fn(&Context, &Value) -> PyResult<Value>;
pub type BinaryFn = fn(&Context, &Value, &Value) -> PyResult<Value>;
pub type TernaryFn = fn(&Context, &Value, &Value, &Value) -> PyResult<Value>;
/// The next item, or `None` at the end (no StopIteration is made).
pub type NextFn = fn(&Context, &Value) -> PyResult<Option<Value>>;
pub type HashFn = fn(&Context, &Value) -> PyResult<i64>;
pub type TruthFn = fn(&Context, &Value) -> PyResult<bool>;
pub type LengthFn = fn(&Context, &Value) -> PyResult<usize>;
pub type CallFn = fn(&Context, &Value, Args<'_>) -> PyResult<Value>;
pub type GetAttributeFn = fn(&Context, &Value, Name) -> PyResult<Value>;
/// Sets, or deletes when there is no value.
pub type SetAttributeFn = fn(&Context, &Value, Name, Option<&Value>) -> PyResult<()>;
pub type CompareFn = fn(&Context, &Value, &Value, Comparison) -> PyResult<Value>;
/// `descriptor.__get__(object, owner)`.
pub type DescriptorGetFn = fn(&Context, &Value, Option<&Value>, Option<&Value>) -> PyResult<Value>;
/// `descriptor.__set__(object, value)`, or `__delete__` when there is no value.
pub type DescriptorSetFn = fn(&Context, &Value, &Value, Option<&Value>) -> PyResult<()>;
pub type InitFn = fn(&Context, &Value, Args<'_>) -> PyResult<()>;
pub type NewFn = fn(&Context, &Ref<Type>, Args<'_>) -> PyResult<Value>;
pub type RepeatFn = fn(&Context, &Value, isize) -> PyResult<Value>;
/// `sequence[index]` for an index that is not negative unless the caller's was.
pub type ItemFn = fn(&Context, &Value, isize) -> PyResult<Value>;
pub type ContainsFn = fn(&Context, &Value, &Value) -> PyResult<bool>;
/// Sets an item, or deletes it when there is no value.
pub type AssignFn = fn(&Context, &Value, &Value, Option<&Value>) -> PyResult<()>;
pub type FinalizeFn = fn(&Context, &Value) -> PyResult<()>;
pub type BufferFn = fn(&Context, &Value) -> PyResult<Buffer>;

macro_rules! slots {
    ($($(#[$doc:meta])* $name:ident: $ty:ty),* $(,)?) => {
        /// The slots of a type. See the module's header.
        pub struct Slots {
            $($(#[$doc])* pub $name: Slot<$ty>,)*
        }

        impl Slots {
            /// No slot filled.
            pub const fn empty() -> Slots {
                Slots { $($name: Slot::empty(),)* }
            }

            /// Fills each slot that is empty here from `base`.
            pub fn inherit_from(&self, base: &Slots) {
                $(if self.$name.word() == 0 { self.$name.copy_from(&base.$name); })*
            }
        }
    };
}

slots! {
    repr: UnaryFn,
    str: UnaryFn,
    hash: HashFn,
    call: CallFn,
    get_attribute: GetAttributeFn,
    set_attribute: SetAttributeFn,
    compare: CompareFn,
    iter: UnaryFn,
    next: NextFn,
    descriptor_get: DescriptorGetFn,
    descriptor_set: DescriptorSetFn,
    init: InitFn,
    new: NewFn,
    finalize: FinalizeFn,
    await_: UnaryFn,
    aiter: UnaryFn,
    anext: UnaryFn,
    /// Numbers. Binary operators get their operands in order; the slot's type may be on either side.
    add: BinaryFn,
    subtract: BinaryFn,
    multiply: BinaryFn,
    remainder: BinaryFn,
    divmod: BinaryFn,
    power: TernaryFn,
    negative: UnaryFn,
    positive: UnaryFn,
    absolute: UnaryFn,
    truth: TruthFn,
    invert: UnaryFn,
    left_shift: BinaryFn,
    right_shift: BinaryFn,
    and: BinaryFn,
    xor: BinaryFn,
    or: BinaryFn,
    int: UnaryFn,
    float: UnaryFn,
    index: UnaryFn,
    floor_divide: BinaryFn,
    true_divide: BinaryFn,
    matrix_multiply: BinaryFn,
    inplace_add: BinaryFn,
    inplace_subtract: BinaryFn,
    inplace_multiply: BinaryFn,
    inplace_remainder: BinaryFn,
    inplace_power: TernaryFn,
    inplace_left_shift: BinaryFn,
    inplace_right_shift: BinaryFn,
    inplace_and: BinaryFn,
    inplace_xor: BinaryFn,
    inplace_or: BinaryFn,
    inplace_floor_divide: BinaryFn,
    inplace_true_divide: BinaryFn,
    inplace_matrix_multiply: BinaryFn,
    /// Containers.
    length: LengthFn,
    contains: ContainsFn,
    concat: BinaryFn,
    inplace_concat: BinaryFn,
    repeat: RepeatFn,
    inplace_repeat: RepeatFn,
    item: ItemFn,
    subscript: BinaryFn,
    assign_subscript: AssignFn,
    /// The buffer protocol.
    buffer: BufferFn,
}
