//! The table that ties special methods to slots, and the way from Python to a slot.
//!
//! One line a special method: its name, the slot, how a Python call of the method calls the slot
//! ([`Binding`]), and the function that goes into the slot when a Python class defines the method
//! (`slot_dispatch`). Several names may share a slot (`__add__` and `__radd__`), and several slots a
//! name (`__getitem__`: `subscript` and `item`); the first line of a name decides which slot the
//! built-in class's attribute calls.

use std::sync::OnceLock;

use crate::args::{Args, FunctionSpec, IntoValue, Signature};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::descriptors::WrapperDescriptor;
use crate::objects::native::NativeFunction;
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::protocols::{hash, index, iterate};
use crate::slot_dispatch as dispatch;
use crate::slots::{
    AssignFn, BinaryFn, CallFn, CompareFn, Comparison, ContainsFn, DescriptorGetFn,
    DescriptorSetFn, FinalizeFn, GetAttributeFn, HashFn, InitFn, ItemFn, LengthFn, NewFn, NextFn,
    RepeatFn, SetAttributeFn, Slot, Slots, TernaryFn, TruthFn, UnaryFn,
};
use crate::value::Value;

/// A slot, and what goes into it for Python classes.
pub struct Tie<F: 'static> {
    pub slot: fn(&Slots) -> &Slot<F>,
    /// `None`: a Python method of this name leaves the slot empty.
    pub dispatch: Option<F>,
}

/// How the special method of a built-in class calls the slot. `this` is the receiver.
pub enum Binding {
    Unary(Tie<UnaryFn>),
    /// `slot(this, other)`, an operator's own operand on the left.
    Left(Tie<BinaryFn>),
    /// `slot(other, this)`.
    Right(Tie<BinaryFn>),
    /// `slot(this, other)`, and nobody else is asked.
    Binary(Tie<BinaryFn>),
    PowerLeft(Tie<TernaryFn>),
    PowerRight(Tie<TernaryFn>),
    Hash(Tie<HashFn>),
    Truth(Tie<TruthFn>),
    Length(Tie<LengthFn>),
    Next(Tie<NextFn>),
    Call(Tie<CallFn>),
    GetAttribute(Tie<GetAttributeFn>),
    /// `__getattr__`: built-in classes have none.
    GetAttributeHook(Tie<GetAttributeFn>),
    SetAttribute(Tie<SetAttributeFn>),
    DeleteAttribute(Tie<SetAttributeFn>),
    Compare(Tie<CompareFn>, Comparison),
    DescriptorGet(Tie<DescriptorGetFn>),
    DescriptorSet(Tie<DescriptorSetFn>),
    DescriptorDelete(Tie<DescriptorSetFn>),
    Init(Tie<InitFn>),
    New(Tie<NewFn>),
    Finalize(Tie<FinalizeFn>),
    Contains(Tie<ContainsFn>),
    SetItem(Tie<AssignFn>),
    DeleteItem(Tie<AssignFn>),
    Item(Tie<ItemFn>),
    Repeat(Tie<RepeatFn>),
}

/// Does the same with the [`Tie`] of any binding.
macro_rules! with_tie {
    ($binding:expr, $tie:ident => $work:expr) => {
        match $binding {
            Binding::Unary($tie) => $work,
            Binding::Left($tie) | Binding::Right($tie) | Binding::Binary($tie) => $work,
            Binding::PowerLeft($tie) | Binding::PowerRight($tie) => $work,
            Binding::Hash($tie) => $work,
            Binding::Truth($tie) => $work,
            Binding::Length($tie) => $work,
            Binding::Next($tie) => $work,
            Binding::Call($tie) => $work,
            Binding::GetAttribute($tie) | Binding::GetAttributeHook($tie) => $work,
            Binding::SetAttribute($tie) | Binding::DeleteAttribute($tie) => $work,
            Binding::Compare($tie, _) => $work,
            Binding::DescriptorGet($tie) => $work,
            Binding::DescriptorSet($tie) | Binding::DescriptorDelete($tie) => $work,
            Binding::Init($tie) => $work,
            Binding::New($tie) => $work,
            Binding::Finalize($tie) => $work,
            Binding::Contains($tie) => $work,
            Binding::SetItem($tie) | Binding::DeleteItem($tie) => $work,
            Binding::Item($tie) => $work,
            Binding::Repeat($tie) => $work,
        }
    };
}

/// One line of the table.
pub struct SlotDefinition {
    pub name: &'static str,
    /// `__text_signature__`.
    pub signature: &'static str,
    pub doc: &'static str,
    pub binding: Binding,
}

const NO_ARGUMENT: &str = "($self, /)";
const VALUE: &str = "($self, value, /)";
const MODULUS: &str = "($self, value, mod=None, /)";
const ANY: &str = "($self, /, *args, **kwargs)";

macro_rules! definitions {
    ($($name:literal $signature:tt $doc:literal $binding:ident $slot:ident $dispatch:tt $($more:expr)?;)*) => {
        /// The table. See the module's header.
        pub static DEFINITIONS: &[SlotDefinition] = &[$(
            SlotDefinition {
                name: $name,
                signature: $signature,
                doc: $doc,
                binding: Binding::$binding(
                    Tie { slot: |slots| &slots.$slot, dispatch: dispatch_of!($dispatch) }
                    $(, $more)?
                ),
            },
        )*];
    };
}

macro_rules! dispatch_of {
    (_) => {
        None
    };
    ($function:ident) => {
        Some(dispatch::$function)
    };
}

definitions! {
    "__getattribute__" "($self, name, /)" "Return getattr(self, name)." GetAttribute get_attribute get_attribute;
    "__getattr__" "($self, name, /)" "" GetAttributeHook get_attribute get_attribute;
    "__setattr__" "($self, name, value, /)" "Implement setattr(self, name, value)." SetAttribute set_attribute set_attribute;
    "__delattr__" "($self, name, /)" "Implement delattr(self, name)." DeleteAttribute set_attribute set_attribute;
    "__repr__" NO_ARGUMENT "Return repr(self)." Unary repr repr;
    "__hash__" NO_ARGUMENT "Return hash(self)." Hash hash hash;
    "__call__" ANY "Call self as a function." Call call call;
    "__str__" NO_ARGUMENT "Return str(self)." Unary str str;
    "__lt__" VALUE "Return self<value." Compare compare compare Comparison::Less;
    "__le__" VALUE "Return self<=value." Compare compare compare Comparison::LessEqual;
    "__eq__" VALUE "Return self==value." Compare compare compare Comparison::Equal;
    "__ne__" VALUE "Return self!=value." Compare compare compare Comparison::NotEqual;
    "__gt__" VALUE "Return self>value." Compare compare compare Comparison::Greater;
    "__ge__" VALUE "Return self>=value." Compare compare compare Comparison::GreaterEqual;
    "__iter__" NO_ARGUMENT "Implement iter(self)." Unary iter iter;
    "__next__" NO_ARGUMENT "Implement next(self)." Next next next;
    "__get__" "($self, instance, owner=None, /)" "Return an attribute of instance, which is of type owner." DescriptorGet descriptor_get descriptor_get;
    "__set__" "($self, instance, value, /)" "Set an attribute of instance to value." DescriptorSet descriptor_set descriptor_set;
    "__delete__" "($self, instance, /)" "Delete an attribute of instance." DescriptorDelete descriptor_set descriptor_set;
    "__init__" ANY "Initialize self.  See help(type(self)) for accurate signature." Init init init;
    "__new__" "($type, *args, **kwargs)" "Create and return a new object.  See help(type) for accurate signature." New new new;
    "__del__" NO_ARGUMENT "Called when the instance is about to be destroyed." Finalize finalize finalize;
    "__await__" NO_ARGUMENT "Return an iterator to be used in await expression." Unary await_ await_;
    "__aiter__" NO_ARGUMENT "Return an awaitable, that resolves in asynchronous iterator." Unary aiter aiter;
    "__anext__" NO_ARGUMENT "Return a value or raise StopAsyncIteration." Unary anext anext;
    "__add__" VALUE "Return self+value." Left add add;
    "__radd__" VALUE "Return value+self." Right add add;
    "__sub__" VALUE "Return self-value." Left subtract subtract;
    "__rsub__" VALUE "Return value-self." Right subtract subtract;
    "__mul__" VALUE "Return self*value." Left multiply multiply;
    "__rmul__" VALUE "Return value*self." Right multiply multiply;
    "__mod__" VALUE "Return self%value." Left remainder remainder;
    "__rmod__" VALUE "Return value%self." Right remainder remainder;
    "__divmod__" VALUE "Return divmod(self, value)." Left divmod divmod;
    "__rdivmod__" VALUE "Return divmod(value, self)." Right divmod divmod;
    "__pow__" MODULUS "Return pow(self, value, mod)." PowerLeft power power;
    "__rpow__" MODULUS "Return pow(value, self, mod)." PowerRight power power;
    "__neg__" NO_ARGUMENT "-self" Unary negative negative;
    "__pos__" NO_ARGUMENT "+self" Unary positive positive;
    "__abs__" NO_ARGUMENT "abs(self)" Unary absolute absolute;
    "__bool__" NO_ARGUMENT "True if self else False" Truth truth truth;
    "__invert__" NO_ARGUMENT "~self" Unary invert invert;
    "__lshift__" VALUE "Return self<<value." Left left_shift left_shift;
    "__rlshift__" VALUE "Return value<<self." Right left_shift left_shift;
    "__rshift__" VALUE "Return self>>value." Left right_shift right_shift;
    "__rrshift__" VALUE "Return value>>self." Right right_shift right_shift;
    "__and__" VALUE "Return self&value." Left and and;
    "__rand__" VALUE "Return value&self." Right and and;
    "__xor__" VALUE "Return self^value." Left xor xor;
    "__rxor__" VALUE "Return value^self." Right xor xor;
    "__or__" VALUE "Return self|value." Left or or;
    "__ror__" VALUE "Return value|self." Right or or;
    "__int__" NO_ARGUMENT "int(self)" Unary int int;
    "__float__" NO_ARGUMENT "float(self)" Unary float float;
    "__iadd__" VALUE "Return self+=value." Binary inplace_add inplace_add;
    "__isub__" VALUE "Return self-=value." Binary inplace_subtract inplace_subtract;
    "__imul__" VALUE "Return self*=value." Binary inplace_multiply inplace_multiply;
    "__imod__" VALUE "Return self%=value." Binary inplace_remainder inplace_remainder;
    "__ipow__" VALUE "Return self**=value." PowerLeft inplace_power inplace_power;
    "__ilshift__" VALUE "Return self<<=value." Binary inplace_left_shift inplace_left_shift;
    "__irshift__" VALUE "Return self>>=value." Binary inplace_right_shift inplace_right_shift;
    "__iand__" VALUE "Return self&=value." Binary inplace_and inplace_and;
    "__ixor__" VALUE "Return self^=value." Binary inplace_xor inplace_xor;
    "__ior__" VALUE "Return self|=value." Binary inplace_or inplace_or;
    "__floordiv__" VALUE "Return self//value." Left floor_divide floor_divide;
    "__rfloordiv__" VALUE "Return value//self." Right floor_divide floor_divide;
    "__truediv__" VALUE "Return self/value." Left true_divide true_divide;
    "__rtruediv__" VALUE "Return value/self." Right true_divide true_divide;
    "__ifloordiv__" VALUE "Return self//=value." Binary inplace_floor_divide inplace_floor_divide;
    "__itruediv__" VALUE "Return self/=value." Binary inplace_true_divide inplace_true_divide;
    "__index__" NO_ARGUMENT "Return self converted to an integer, if self is suitable for use as an index into a list." Unary index index;
    "__matmul__" VALUE "Return self@value." Left matrix_multiply matrix_multiply;
    "__rmatmul__" VALUE "Return value@self." Right matrix_multiply matrix_multiply;
    "__imatmul__" VALUE "Return self@=value." Binary inplace_matrix_multiply inplace_matrix_multiply;
    "__len__" NO_ARGUMENT "Return len(self)." Length length length;
    "__getitem__" "($self, key, /)" "Return self[key]." Binary subscript subscript;
    "__setitem__" "($self, key, value, /)" "Set self[key] to value." SetItem assign_subscript assign_subscript;
    "__delitem__" "($self, key, /)" "Delete self[key]." DeleteItem assign_subscript assign_subscript;
    "__contains__" "($self, key, /)" "Return bool(key in self)." Contains contains contains;
    "__add__" VALUE "Return self+value." Binary concat _;
    "__mul__" VALUE "Return self*value." Repeat repeat _;
    "__rmul__" VALUE "Return value*self." Repeat repeat _;
    "__getitem__" "($self, key, /)" "Return self[key]." Item item item;
    "__iadd__" VALUE "Implement self+=value." Binary inplace_concat _;
    "__imul__" VALUE "Implement self*=value." Repeat inplace_repeat _;
}

static NAMES: OnceLock<Vec<Name>> = OnceLock::new();

/// The names of the table's lines, in order.
pub(crate) fn definition_names(cx: &Context) -> PyResult<&'static [Name]> {
    if let Some(names) = NAMES.get() {
        return Ok(names);
    }
    let made = DEFINITIONS
        .iter()
        .map(|definition| Name::intern(cx, definition.name))
        .collect::<PyResult<Vec<Name>>>()?;
    Ok(NAMES.get_or_init(|| made))
}

impl SlotDefinition {
    /// The slot's word in `slots`; zero when it is empty.
    pub fn word(&self, slots: &Slots) -> usize {
        with_tie!(&self.binding, tie => (tie.slot)(slots).word())
    }

    /// Which slot it is: its address in `slots`.
    pub(crate) fn place(&self, slots: &Slots) -> usize {
        with_tie!(&self.binding, tie => std::ptr::from_ref((tie.slot)(slots)) as usize)
    }

    /// Copies the slot.
    pub(crate) fn copy(&self, from: &Slots, to: &Slots) {
        with_tie!(&self.binding, tie => (tie.slot)(to).copy_from((tie.slot)(from)));
    }

    /// Fills the slot with what a Python class needs.
    pub(crate) fn fill_for_python(&self, slots: &Slots) {
        with_tie!(&self.binding, tie => (tie.slot)(slots).set(tie.dispatch));
    }

    /// Empties the slot.
    pub(crate) fn clear(&self, slots: &Slots) {
        with_tie!(&self.binding, tie => (tie.slot)(slots).set(None));
    }

    /// Whether the special method can be called with keyword arguments.
    pub fn takes_keywords(&self) -> bool {
        matches!(self.binding, Binding::Call(_) | Binding::Init(_))
    }

    /// Calls the slot of `class`, a built-in one, as the special method of `this`, an instance.
    ///
    /// # Errors
    /// TypeError for wrong arguments, and what the slot raises.
    pub fn call(
        &self,
        cx: &Context,
        class: &Ref<Type>,
        this: &Value,
        args: Args<'_>,
    ) -> PyResult<Value> {
        let slots = &class.slots;
        macro_rules! slot {
            ($tie:ident) => {
                match ($tie.slot)(slots).get() {
                    Some(function) => function,
                    None => {
                        return Err(cx.type_error(format!(
                            "'{}' object has no '{}'",
                            this.type_name(),
                            self.name
                        )));
                    }
                }
            };
        }
        let values = args.values;
        match &self.binding {
            Binding::Unary(tie) => {
                expect::<0>(cx, values)?;
                slot!(tie)(cx, this)
            }
            Binding::Left(tie) | Binding::Binary(tie) => {
                let [other] = expect(cx, values)?;
                slot!(tie)(cx, this, other)
            }
            Binding::Right(tie) => {
                let [other] = expect(cx, values)?;
                slot!(tie)(cx, other, this)
            }
            Binding::PowerLeft(tie) => {
                let (other, modulus) = power_arguments(cx, values)?;
                slot!(tie)(cx, this, other, modulus)
            }
            Binding::PowerRight(tie) => {
                let (other, modulus) = power_arguments(cx, values)?;
                slot!(tie)(cx, other, this, modulus)
            }
            Binding::Hash(tie) => {
                expect::<0>(cx, values)?;
                slot!(tie)(cx, this)?.into_value(cx)
            }
            Binding::Truth(tie) => {
                expect::<0>(cx, values)?;
                slot!(tie)(cx, this)?.into_value(cx)
            }
            Binding::Length(tie) => {
                expect::<0>(cx, values)?;
                slot!(tie)(cx, this)?.into_value(cx)
            }
            Binding::Next(tie) => {
                expect::<0>(cx, values)?;
                drop(iterate::take_stop_value(cx));
                slot!(tie)(cx, this)?.ok_or_else(|| cx.stop_iteration(iterate::take_stop_value(cx)))
            }
            Binding::Call(tie) => slot!(tie)(cx, this, args),
            Binding::GetAttribute(tie) | Binding::GetAttributeHook(tie) => {
                let [name] = expect(cx, values)?;
                slot!(tie)(cx, this, attribute_name(cx, name)?)
            }
            Binding::SetAttribute(tie) => {
                let [name, value] = expect(cx, values)?;
                let name = attribute_name(cx, name)?;
                refuse_overridden(cx, class, this, "__setattr__")?;
                slot!(tie)(cx, this, name, Some(value)).map(|()| Value::NONE)
            }
            Binding::DeleteAttribute(tie) => {
                let [name] = expect(cx, values)?;
                let name = attribute_name(cx, name)?;
                refuse_overridden(cx, class, this, "__delattr__")?;
                slot!(tie)(cx, this, name, None).map(|()| Value::NONE)
            }
            Binding::Compare(tie, comparison) => {
                let [other] = expect(cx, values)?;
                slot!(tie)(cx, this, other, *comparison)
            }
            Binding::DescriptorGet(tie) => {
                let (object, owner) = match values {
                    [object] => (object, None),
                    [object, owner] => (object, Some(owner)),
                    _ => return Err(wrong_count(cx, values.len(), 1, 2)),
                };
                let object = Some(object).filter(|object| !object.is_none());
                let owner = owner.filter(|owner| !owner.is_none());
                if object.is_none() && owner.is_none() {
                    return Err(cx.type_error("__get__(None, None) is invalid"));
                }
                slot!(tie)(cx, this, object, owner)
            }
            Binding::DescriptorSet(tie) => {
                let [object, value] = expect(cx, values)?;
                slot!(tie)(cx, this, object, Some(value)).map(|()| Value::NONE)
            }
            Binding::DescriptorDelete(tie) => {
                let [object] = expect(cx, values)?;
                slot!(tie)(cx, this, object, None).map(|()| Value::NONE)
            }
            Binding::Init(tie) => slot!(tie)(cx, this, args).map(|()| Value::NONE),
            Binding::New(_) => Err(cx.type_error("__new__ is not called as a method")),
            Binding::Finalize(tie) => {
                expect::<0>(cx, values)?;
                slot!(tie)(cx, this).map(|()| Value::NONE)
            }
            Binding::Contains(tie) => {
                let [item] = expect(cx, values)?;
                slot!(tie)(cx, this, item)?.into_value(cx)
            }
            Binding::SetItem(tie) => {
                let [key, value] = expect(cx, values)?;
                slot!(tie)(cx, this, key, Some(value)).map(|()| Value::NONE)
            }
            Binding::DeleteItem(tie) => {
                let [key] = expect(cx, values)?;
                slot!(tie)(cx, this, key, None).map(|()| Value::NONE)
            }
            Binding::Item(tie) => {
                let [key] = expect(cx, values)?;
                let mut at = index::as_index(cx, key)?;
                if at < 0
                    && let Some(length) = slots.length.get()
                {
                    at += length(cx, this)? as isize;
                }
                slot!(tie)(cx, this, at)
            }
            Binding::Repeat(tie) => {
                let [times] = expect(cx, values)?;
                let times =
                    index::as_size(cx, times, crate::objects::exceptions::overflow_error())?;
                slot!(tie)(cx, this, times)
            }
        }
    }
}

fn expect<'a, const N: usize>(cx: &Context, values: &'a [Value]) -> PyResult<&'a [Value; N]> {
    <&[Value; N]>::try_from(values).map_err(|_| {
        let plural = if N == 1 { "" } else { "s" };
        cx.type_error(format!(
            "expected {N} argument{plural}, got {}",
            values.len()
        ))
    })
}

fn power_arguments<'a>(cx: &Context, values: &'a [Value]) -> PyResult<(&'a Value, &'a Value)> {
    match values {
        [other] => Ok((other, const { &Value::NONE })),
        [other, modulus] => Ok((other, modulus)),
        _ => Err(cx.type_error(format!("expected 1 or 2 arguments, got {}", values.len()))),
    }
}

fn wrong_count(cx: &Context, given: usize, least: usize, most: usize) -> crate::error::Raised {
    let (bound, wanted) = if given < least {
        ("at least", least)
    } else {
        ("at most", most)
    };
    let plural = if wanted == 1 { "" } else { "s" };
    cx.type_error(format!(
        "expected {bound} {wanted} argument{plural}, got {given}"
    ))
}

fn attribute_name(cx: &Context, name: &Value) -> PyResult<Name> {
    match name.downcast::<Str>() {
        Some(name) => Ok(Name::from_string(name)),
        None => Err(cx.type_error(format!(
            "attribute name must be string, not '{}'",
            name.type_name()
        ))),
    }
}

/// `object.__setattr__(x, …)` must not jump over a built-in class that sets attributes in its own way,
/// as `type` does.
fn refuse_overridden(cx: &Context, class: &Ref<Type>, this: &Value, what: &str) -> PyResult<()> {
    let wanted = class.slots.set_attribute.word();
    let mut next = Some(this.class().clone());
    while let Some(base) = next {
        if !base.has(ClassFlags::HEAPTYPE) {
            if base.slots.set_attribute.word() == wanted {
                return Ok(());
            }
            break;
        }
        next = base.base_type();
    }
    Err(cx.type_error(format!(
        "can't apply this {what} to {} object",
        this.type_name()
    )))
}

/// Gives a built-in class an attribute for each slot that it fills itself.
///
/// # Errors
/// MemoryError.
pub fn add_wrappers(cx: &Context, class: &Ref<Type>) -> PyResult<()> {
    let names = definition_names(cx)?;
    for (definition, name) in DEFINITIONS.iter().zip(names) {
        if definition.word(&class.slots) == 0 || class.dict.get_name_plain(cx, *name).is_some() {
            continue;
        }
        let value = match &definition.binding {
            Binding::GetAttributeHook(_) => continue,
            Binding::New(_) => {
                NativeFunction::new(cx, &NEW, Some(class.to_value()), None)?.into_value()
            }
            Binding::Hash(tie)
                if (tie.slot)(&class.slots).word() == hash::unhashable as HashFn as usize =>
            {
                Value::NONE
            }
            _ => WrapperDescriptor::make(cx, class, definition)?,
        };
        class.dict.set_name(cx, *name, value)?;
    }
    let compares = class.slots.compare.word() != 0;
    if compares
        && class.slots.hash.word() == 0
        && class
            .dict
            .get_name_plain(cx, names::dunder_hash())
            .is_none()
    {
        class.dict.set_name(cx, names::dunder_hash(), Value::NONE)?;
    }
    if let Some(base) = class.base_type()
        && class.slots.get_attribute.word() != 0
        && class.slots.get_attribute.word() != base.slots.get_attribute.word()
    {
        class.set_flags(ClassFlags::CUSTOM_GETATTR, true);
    }
    Ok(())
}

/// Describes `__new__` of built-in classes, which is bound to its class.
pub(crate) static NEW: FunctionSpec = FunctionSpec {
    name: "__new__",
    doc: "Create and return a new object.  See help(type) for accurate signature.",
    signature: &Signature {
        name: "__new__",
        text: "($type, *args, **kwargs)",
        parameters: &[],
        positional_only: 0,
        positional: 0,
        var_positional: true,
        var_keyword: true,
    },
    call: call_new,
};

/// `Class.__new__(derived, …)`: refuses classes whose instances another class has to make.
fn call_new(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<Value> {
    let class = crate::args::receiver_class(this);
    let name = class.plain_name(cx);
    let Some(first) = args.positional().first() else {
        return Err(cx.type_error(format!("{name}.__new__(): not enough arguments")));
    };
    let Some(derived) = first.downcast::<Type>() else {
        return Err(cx.type_error(format!(
            "{name}.__new__(X): X is not a type object ({})",
            first.type_name()
        )));
    };
    let derived_name = derived.plain_name(cx);
    if !derived.is_subclass(class) {
        return Err(cx.type_error(format!(
            "{name}.__new__({derived_name}): {derived_name} is not a subtype of {name}"
        )));
    }
    if derived.has(ClassFlags::DISALLOW_INSTANTIATION) {
        return Err(cx.type_error(format!(
            "cannot create '{}' instances",
            derived.plain_name(cx)
        )));
    }
    let python = dispatch::new as NewFn as usize;
    let mut owner = derived.clone();
    while owner.slots.new.word() == python {
        match owner.base_type() {
            Some(base) => owner = base,
            None => break,
        }
    }
    if owner.slots.new.word() != class.slots.new.word() {
        return Err(cx.type_error(format!(
            "{name}.__new__({derived_name}) is not safe, use {}.__new__()",
            owner.short_name()
        )));
    }
    match class.slots.new.get() {
        Some(new) => new(cx, derived, args.rest()),
        None => Err(cx.type_error(format!(
            "cannot create '{}' instances",
            derived.full_name(cx)
        ))),
    }
}
