//! Slots of Python classes: functions that look the special method up on the class and call it; and
//! the rules by which a class's slots follow from its special methods.
//!
//! When a name resolves to the wrapper of a built-in base's slot, the class gets that slot itself and
//! pays nothing for being a Python class. Otherwise it gets the function from here.

use std::sync::OnceLock;

use crate::args::{Args, FromArgument, Place};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::buffer_wrapper;
use crate::objects::descriptors::WrapperDescriptor;
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::native::NativeFunction;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, hash as hashing, iterate, number};
use crate::slot_wrappers::{Binding, DEFINITIONS, NEW, SlotDefinition, definition_names};
use crate::slots::{BinaryFn, Comparison, Slot, Slots, TernaryFn};
use crate::value::Value;

/// The name with this text, looked up once: `static_name!(cx, "__add__")?`.
macro_rules! static_name {
    ($cx:expr, $text:literal) => {{
        static NAME: std::sync::OnceLock<$crate::objects::str_::Name> = std::sync::OnceLock::new();
        match NAME.get() {
            Some(name) => Ok(*name),
            None => $crate::objects::str_::Name::intern($cx, $text)
                .map(|name| *NAME.get_or_init(|| name)),
        }
    }};
}
pub(crate) use static_name;

/// Recomputes the slots that `name` affects, for `class` and what is derived from it. Runs no Python
/// code: it is called while the class is changing.
pub(crate) fn update(cx: &Context, class: &Ref<Type>, name: Name) {
    let Ok(names) = definition_names(cx) else {
        cx.clear_exception();
        return;
    };
    let affected: Vec<usize> = (0..DEFINITIONS.len())
        .filter(|&line| names[line].is(&name))
        .collect();
    if !affected.is_empty() {
        update_family(cx, class, names, &affected);
    } else if matches!(&*name.display(), "__buffer__" | "__release_buffer__") {
        update_buffer_of_family(cx, class);
    }
}

fn update_family(cx: &Context, class: &Ref<Type>, names: &[Name], affected: &[usize]) {
    for &line in affected {
        update_slot(cx, class, names, line);
    }
    finish(class);
    for subclass in class.live_subclasses() {
        update_family(cx, &subclass, names, affected);
    }
}

/// Recomputes all slots of a class that was made at run time.
pub(crate) fn update_all(cx: &Context, class: &Ref<Type>) {
    let Ok(names) = definition_names(cx) else {
        cx.clear_exception();
        return;
    };
    // A class that says what equality is has to say what the hash is, or has none.
    let has = |name| class.dict.get_name_plain(cx, name).is_some();
    if has(names::dunder_eq())
        && !has(names::dunder_hash())
        && class
            .dict
            .set_name(cx, names::dunder_hash(), Value::NONE)
            .is_err()
    {
        cx.clear_exception();
    }
    let own: Vec<bool> = match only_base(class) {
        Some(base) => {
            for definition in DEFINITIONS {
                definition.copy(&base.slots, &class.slots);
            }
            names.iter().map(|name| has(*name)).collect()
        }
        None => vec![true; DEFINITIONS.len()],
    };
    let mut done = vec![false; DEFINITIONS.len()];
    for line in (0..DEFINITIONS.len()).filter(|line| own[*line]) {
        if !std::mem::replace(&mut done[sharers(line)[0]], true) {
            update_slot(cx, class, names, line);
        }
    }
    update_buffer(cx, class);
    finish(class);
}

/// The base whose slots a class has wherever it has no special method of its own: its only one, if that
/// has slots as this module computes them, or is `object`. (Other built-in classes may have slots that
/// none of their methods stand for.)
fn only_base(class: &Ref<Type>) -> Option<Ref<Type>> {
    let base = class.base_type()?;
    let bases = class.bases.get_as::<Tuple>()?;
    let computed = base.has(ClassFlags::HEAPTYPE) || base.is(crate::objects::object::class());
    let (order, base_order) = (class.mro_tuple()?, base.mro_tuple()?);
    let rest = order.as_slice().get(1..)?;
    let same_order = rest.len() == base_order.len()
        && rest.iter().zip(base_order.as_slice()).all(|(a, b)| a.is(b));
    (computed && same_order && bases.len() == 1).then_some(base)
}

/// Recomputes the slot for buffers, which the methods of no table decide.
fn update_buffer(cx: &Context, class: &Ref<Type>) {
    if class.has(ClassFlags::HEAPTYPE) {
        class.slots.buffer.set(buffer_wrapper::slot_for(cx, class));
    }
}

fn update_buffer_of_family(cx: &Context, class: &Ref<Type>) {
    update_buffer(cx, class);
    for subclass in class.live_subclasses() {
        update_buffer_of_family(cx, &subclass);
    }
}

/// Recomputes all slots of a class whose bases have changed.
pub(crate) fn rebuild(cx: &Context, class: &Ref<Type>) {
    update_all(cx, class);
    class.refresh_finalizer();
}

/// What else depends on the slots.
fn finish(class: &Ref<Type>) {
    let plain = crate::objects::object::class().slots.get_attribute.word();
    class.set_flags(
        ClassFlags::CUSTOM_GETATTR,
        class.slots.get_attribute.word() != plain,
    );
    class.refresh_finalizer();
}

/// The lines of the table that have the same slot as line `line`, itself among them.
fn sharers(line: usize) -> &'static [usize] {
    static SHARERS: OnceLock<Vec<Vec<usize>>> = OnceLock::new();
    let sharers = SHARERS.get_or_init(|| {
        let slots = &crate::objects::object::class().slots;
        let places: Vec<usize> = DEFINITIONS.iter().map(|line| line.place(slots)).collect();
        let same = |place| {
            (0..places.len())
                .filter(|line| places[*line] == place)
                .collect()
        };
        places.iter().copied().map(same).collect()
    });
    &sharers[line]
}

/// Recomputes the slot of line `line` from all special methods that share it.
fn update_slot(cx: &Context, class: &Ref<Type>, names: &[Name], line: usize) {
    let definition: &'static SlotDefinition = &DEFINITIONS[line];
    let mut native: Option<Ref<Type>> = None;
    let mut python = false;
    for &line in sharers(line) {
        let (line, name) = (&DEFINITIONS[line], &names[line]);
        let Some(found) = class.lookup(cx, *name) else {
            continue;
        };
        if let Some(wrapper) = found.downcast_exact::<WrapperDescriptor>()
            && wrapper.definition.name == line.name
        {
            let word = line.word(&wrapper.class.slots);
            if !class.is_subclass(&wrapper.class) {
                python = true;
                continue;
            }
            if word == 0 {
                // The wrapper is for the other slot of this name.
                continue;
            }
            let fits = native
                .as_ref()
                .is_none_or(|native| line.word(&native.slots) == word);
            if fits {
                native = Some(wrapper.class.clone());
            } else {
                python = true;
            }
        } else if let Binding::New(_) = line.binding
            && let Some(new) = found.downcast_exact::<NativeFunction>()
            && std::ptr::eq(new.spec, &NEW)
        {
            native = class.base_type();
        } else if let Binding::Hash(tie) = &line.binding
            && found.is_none()
        {
            (tie.slot)(&class.slots).set(Some(hashing::unhashable));
            return;
        } else {
            python = true;
        }
    }
    match native {
        Some(native) if !python => definition.copy(&native.slots, &class.slots),
        _ if python => definition.fill_for_python(&class.slots),
        _ => definition.clear(&class.slots),
    }
}

/// `object.name(*arguments)` of a special method that the class has.
fn required(cx: &Context, object: &Value, name: Name, arguments: &[Value]) -> PyResult<Value> {
    match call::call_special(cx, object, name, arguments)? {
        Some(result) => Ok(result),
        None => Err(attribute::missing(cx, object, name)),
    }
}

/// As [`required`]; NotImplemented when the class has no such method.
fn optional(cx: &Context, object: &Value, name: Name, arguments: &[Value]) -> PyResult<Value> {
    Ok(call::call_special(cx, object, name, arguments)?.unwrap_or(Value::NOT_IMPLEMENTED))
}

macro_rules! unary {
    ($($function:ident $name:literal;)*) => {
        $(
            #[doc = concat!("Calls `", $name, "`.")]
            pub fn $function(cx: &Context, object: &Value) -> PyResult<Value> {
                required(cx, object, static_name!(cx, $name)?, &[])
            }
        )*
    };
}

unary! {
    negative "__neg__";
    positive "__pos__";
    absolute "__abs__";
    invert "__invert__";
    int "__int__";
    float "__float__";
    index "__index__";
    aiter "__aiter__";
    anext "__anext__";
}

/// Whether `right_class` has a method of its own where `left_class` has another, or none.
fn overrides(cx: &Context, left_class: &Ref<Type>, right_class: &Ref<Type>, name: Name) -> bool {
    match (right_class.lookup(cx, name), left_class.lookup(cx, name)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(right), Some(left)) => !right.is(&left),
    }
}

/// A binary operator of which at least one operand is of a Python class. The slot is asked once for
/// both operands when both classes have it, so it does what the operator does for different slots:
/// a derived class on the right that overrides the reflected method goes first.
fn operator<F: Copy>(
    cx: &Context,
    [left, right]: [&Value; 2],
    [name, reflected]: [Name; 2],
    more: &[Value],
    slot: fn(&Slots) -> &Slot<F>,
    own: usize,
) -> PyResult<Value> {
    let left_class = left.class();
    let right_class = right.class();
    let ask = |object: &Value, name: Name, other: &Value| {
        if more.is_empty() {
            return optional(cx, object, name, std::slice::from_ref(other));
        }
        let arguments: Vec<Value> = std::iter::once(other).chain(more).cloned().collect();
        optional(cx, object, name, &arguments)
    };
    let mut ask_right = !left_class.is(right_class) && slot(&right_class.slots).word() == own;
    if slot(&left_class.slots).word() == own {
        if ask_right
            && right_class.is_subclass(left_class)
            && overrides(cx, left_class, right_class, reflected)
        {
            let result = ask(right, reflected, left)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            ask_right = false;
        }
        let result = ask(left, name, right)?;
        if !result.is_not_implemented() || left_class.is(right_class) {
            return Ok(result);
        }
    }
    if ask_right {
        return ask(right, reflected, left);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

macro_rules! binary {
    ($($function:ident $name:literal $reflected:literal;)*) => {
        $(
            #[doc = concat!("Calls `", $name, "` or `", $reflected, "`.")]
            pub fn $function(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                let names = [static_name!(cx, $name)?, static_name!(cx, $reflected)?];
                operator(cx, [left, right], names, &[], |slots| &slots.$function, $function as BinaryFn as usize)
            }
        )*
    };
}

binary! {
    add "__add__" "__radd__";
    subtract "__sub__" "__rsub__";
    multiply "__mul__" "__rmul__";
    remainder "__mod__" "__rmod__";
    divmod "__divmod__" "__rdivmod__";
    left_shift "__lshift__" "__rlshift__";
    right_shift "__rshift__" "__rrshift__";
    and "__and__" "__rand__";
    xor "__xor__" "__rxor__";
    or "__or__" "__ror__";
    floor_divide "__floordiv__" "__rfloordiv__";
    true_divide "__truediv__" "__rtruediv__";
    matrix_multiply "__matmul__" "__rmatmul__";
}

/// Calls `__pow__` or `__rpow__`.
pub fn power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
    let names = [static_name!(cx, "__pow__")?, static_name!(cx, "__rpow__")?];
    let more = std::slice::from_ref(modulus);
    let more = if modulus.is_none() { &[] } else { more };
    operator(
        cx,
        [base, exponent],
        names,
        more,
        |slots| &slots.power,
        power as TernaryFn as usize,
    )
}

macro_rules! inplace {
    ($($function:ident $name:literal;)*) => {
        $(
            #[doc = concat!("Calls `", $name, "`.")]
            pub fn $function(cx: &Context, object: &Value, other: &Value) -> PyResult<Value> {
                optional(cx, object, static_name!(cx, $name)?, std::slice::from_ref(other))
            }
        )*
    };
}

inplace! {
    inplace_add "__iadd__";
    inplace_subtract "__isub__";
    inplace_multiply "__imul__";
    inplace_remainder "__imod__";
    inplace_left_shift "__ilshift__";
    inplace_right_shift "__irshift__";
    inplace_and "__iand__";
    inplace_xor "__ixor__";
    inplace_or "__ior__";
    inplace_floor_divide "__ifloordiv__";
    inplace_true_divide "__itruediv__";
    inplace_matrix_multiply "__imatmul__";
}

/// Calls `__ipow__`.
pub fn inplace_power(
    cx: &Context,
    base: &Value,
    exponent: &Value,
    _modulus: &Value,
) -> PyResult<Value> {
    optional(
        cx,
        base,
        static_name!(cx, "__ipow__")?,
        std::slice::from_ref(exponent),
    )
}

/// Calls `__repr__`.
pub fn repr(cx: &Context, object: &Value) -> PyResult<Value> {
    match call::call_special(cx, object, names::dunder_repr(), &[])? {
        Some(text) => Ok(text),
        None => {
            let text = format!("<{} object at {:#x}>", object.type_name(), object.bits());
            Str::from_str(cx, &text).map(Ref::into_value)
        }
    }
}

/// Calls `__str__`.
pub fn str(cx: &Context, object: &Value) -> PyResult<Value> {
    match call::call_special(cx, object, names::dunder_str(), &[])? {
        Some(text) => Ok(text),
        None => repr(cx, object),
    }
}

/// Calls `__hash__`.
pub fn hash(cx: &Context, object: &Value) -> PyResult<i64> {
    let found = object
        .class()
        .lookup(cx, names::dunder_hash())
        .filter(|found| !found.is_none());
    let Some(found) = found else {
        return hashing::unhashable(cx, object);
    };
    let result = call::call_found(cx, &found, object, Args::NONE)?;
    let Some(number) = int::as_bigint(&result) else {
        return Err(cx.type_error("__hash__ method should return an integer"));
    };
    let hash = match i64::try_from(&*number) {
        Ok(hash) => hash,
        Err(_) => hashing::hash_bigint(&number),
    };
    Ok(if hash == -1 { -2 } else { hash })
}

/// Calls `__bool__`.
pub fn truth(cx: &Context, object: &Value) -> PyResult<bool> {
    if let Some(result) = call::call_special(cx, object, names::dunder_bool(), &[])? {
        return result.as_bool().ok_or_else(|| {
            cx.type_error(format!(
                "__bool__ should return bool, returned {}",
                result.type_name()
            ))
        });
    }
    match object.class().slots.length.get() {
        Some(length) => Ok(length(cx, object)? != 0),
        None => Ok(true),
    }
}

/// Calls `__len__`.
pub fn length(cx: &Context, object: &Value) -> PyResult<usize> {
    let result = required(cx, object, names::dunder_len(), &[])?;
    let result = number::index(cx, &result)?;
    if result.as_small_int().is_some_and(|length| length < 0)
        || int::as_bigint(&result).is_some_and(|length| length.sign() == num_bigint::Sign::Minus)
    {
        return Err(cx.value_error("__len__() should return >= 0"));
    }
    const PLACE: Place = Place {
        function: "__len__",
        position: 1,
        name: "length",
        by_name: false,
    };
    match isize::from_argument(cx, &result, &PLACE) {
        Ok(length) => Ok(length as usize),
        Err(Raised) => {
            let _ = cx.catch(exceptions::overflow_error())?;
            Err(cx.overflow_error("cannot fit 'int' into an index-sized integer"))
        }
    }
}

/// Calls `__call__`.
pub fn call(cx: &Context, object: &Value, args: Args<'_>) -> PyResult<Value> {
    match object.class().lookup(cx, names::dunder_call()) {
        Some(found) => call::call_found(cx, &found, object, args),
        None => Err(cx.type_error(format!("'{}' object is not callable", object.type_name()))),
    }
}

/// Calls the comparison's method.
pub fn compare(
    cx: &Context,
    object: &Value,
    other: &Value,
    comparison: Comparison,
) -> PyResult<Value> {
    let name = match comparison {
        Comparison::Less => names::dunder_lt(),
        Comparison::LessEqual => names::dunder_le(),
        Comparison::Equal => names::dunder_eq(),
        Comparison::NotEqual => names::dunder_ne(),
        Comparison::Greater => names::dunder_gt(),
        Comparison::GreaterEqual => names::dunder_ge(),
    };
    let arguments = std::slice::from_ref(other);
    let Some(found) = object.class().lookup(cx, name) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if found.class().has(ClassFlags::METHOD_DESCRIPTOR) {
        return call::call_found(cx, &found, object, Args::positional_only(arguments));
    }
    match call::bind_special(cx, &found, object) {
        Ok(bound) => call::call_args(cx, &bound, Args::positional_only(arguments)),
        // A method that is not to be had is one that does not know the other object.
        Err(Raised) if cx.exception_matches(exceptions::attribute_error()) => {
            cx.clear_exception();
            Ok(Value::NOT_IMPLEMENTED)
        }
        Err(Raised) => Err(Raised),
    }
}

/// Calls `__iter__`.
pub fn iter(cx: &Context, object: &Value) -> PyResult<Value> {
    match object
        .class()
        .lookup(cx, names::dunder_iter())
        .filter(|found| !found.is_none())
    {
        Some(found) => call::call_found(cx, &found, object, Args::NONE),
        None => Err(cx.type_error(format!("'{}' object is not iterable", object.type_name()))),
    }
}

/// Calls `__next__`; StopIteration becomes `None`, and its value waits for `yield from`.
pub fn next(cx: &Context, object: &Value) -> PyResult<Option<Value>> {
    match next_or_result(cx, object)? {
        Ok(item) => Ok(Some(item)),
        Err(result) => {
            if !result.is_none() {
                iterate::set_stop_value(cx, result);
            }
            Ok(None)
        }
    }
}

/// Calls `__next__`: the next item, or as `Err` the value of the StopIteration, which `yield from` wants.
///
/// # Errors
/// What it raises, StopIteration excepted.
pub fn next_or_result(cx: &Context, object: &Value) -> PyResult<Result<Value, Value>> {
    match required(cx, object, names::dunder_next(), &[]) {
        Ok(item) => Ok(Ok(item)),
        Err(Raised) => {
            let stop = cx.catch(exceptions::stop_iteration())?;
            Ok(Err(exceptions::stop_value(&stop)))
        }
    }
}

/// Calls `__await__`.
pub fn await_(cx: &Context, object: &Value) -> PyResult<Value> {
    match call::call_special(cx, object, names::dunder_await(), &[])? {
        Some(iterator) => Ok(iterator),
        None => Err(cx.attribute_error(format!(
            "object {} does not have __await__ method",
            object.type_name()
        ))),
    }
}

/// Calls `__getattribute__`, and `__getattr__` when that raises AttributeError.
pub fn get_attribute(cx: &Context, object: &Value, name: Name) -> PyResult<Value> {
    let class = object.class();
    let hook = class.lookup(cx, names::dunder_getattr());
    let found = match class.lookup(cx, names::dunder_getattribute()) {
        Some(own) => match own.downcast_exact::<WrapperDescriptor>() {
            Some(wrapper) if wrapper.class.is(crate::objects::object::class()) => {
                attribute::generic_find(cx, object, name)
            }
            Some(wrapper) => match wrapper.class.slots.get_attribute.get() {
                Some(get) => get(cx, object, name).map(Some),
                None => attribute::generic_find(cx, object, name),
            },
            None => call::call_found(cx, &own, object, Args::positional_only(&[name.to_value()]))
                .map(Some),
        },
        None => attribute::generic_find(cx, object, name),
    };
    let Some(hook) = hook else {
        return match found? {
            Some(value) => Ok(value),
            None => Err(attribute::missing(cx, object, name)),
        };
    };
    match found {
        Ok(Some(value)) => return Ok(value),
        Ok(None) => {}
        Err(Raised) => drop(cx.catch(exceptions::attribute_error())?),
    }
    call::call_found(cx, &hook, object, Args::positional_only(&[name.to_value()]))
}

/// Calls `__setattr__` or `__delattr__`.
pub fn set_attribute(
    cx: &Context,
    object: &Value,
    name: Name,
    value: Option<&Value>,
) -> PyResult<()> {
    let method = if value.is_some() {
        names::dunder_setattr()
    } else {
        names::dunder_delattr()
    };
    let found = object.class().lookup(cx, method);
    if let Some(wrapper) = found
        .as_ref()
        .and_then(|found| found.downcast_exact::<WrapperDescriptor>())
        && wrapper.definition.name == method.display()
        && object.class().is_subclass(&wrapper.class)
        && let Some(set) = wrapper.class.slots.set_attribute.get()
    {
        return set(cx, object, name, value);
    }
    let Some(found) = found else {
        return attribute::generic_set(cx, object, name, value);
    };
    let arguments: Vec<Value> = std::iter::once(name.to_value())
        .chain(value.cloned())
        .collect();
    call::call_found(cx, &found, object, Args::positional_only(&arguments)).map(drop)
}

/// Calls `__get__`.
pub fn descriptor_get(
    cx: &Context,
    this: &Value,
    object: Option<&Value>,
    owner: Option<&Value>,
) -> PyResult<Value> {
    let arguments = [
        object.cloned().unwrap_or(Value::NONE),
        owner.cloned().unwrap_or(Value::NONE),
    ];
    Ok(
        call::call_special(cx, this, names::dunder_get(), &arguments)?
            .unwrap_or_else(|| this.clone()),
    )
}

/// Calls `__set__` or `__delete__`.
pub fn descriptor_set(
    cx: &Context,
    this: &Value,
    object: &Value,
    value: Option<&Value>,
) -> PyResult<()> {
    let name = if value.is_some() {
        names::dunder_set()
    } else {
        names::dunder_delete()
    };
    let arguments: Vec<Value> = std::iter::once(object).chain(value).cloned().collect();
    match call::call_special(cx, this, name, &arguments)? {
        Some(_) => Ok(()),
        None => Err(cx.attribute_error(name.display())),
    }
}

/// Calls `__init__`.
pub fn init(cx: &Context, object: &Value, args: Args<'_>) -> PyResult<()> {
    let Some(found) = object.class().lookup(cx, names::dunder_init()) else {
        return Ok(());
    };
    let result = call::call_found(cx, &found, object, args)?;
    if result.is_none() {
        return Ok(());
    }
    Err(cx.type_error(format!(
        "__init__() should return None, not '{}'",
        result.type_name()
    )))
}

/// Calls `__new__`.
pub fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
    let function = attribute::get(cx, class.as_value(), names::dunder_new())?;
    call::call_with_this(cx, &function, class.as_value(), args)
}

/// Calls `__del__`.
pub fn finalize(cx: &Context, object: &Value) -> PyResult<()> {
    call::call_special(cx, object, names::dunder_del(), &[]).map(drop)
}

/// Calls `__contains__`.
pub fn contains(cx: &Context, object: &Value, item: &Value) -> PyResult<bool> {
    match object
        .class()
        .lookup(cx, names::dunder_contains())
        .filter(|found| !found.is_none())
    {
        Some(found) => call::call_found(
            cx,
            &found,
            object,
            Args::positional_only(std::slice::from_ref(item)),
        )?
        .truth(cx),
        None => Err(cx.type_error(format!(
            "'{}' object is not a container",
            object.type_name()
        ))),
    }
}

/// Calls `__getitem__`.
pub fn subscript(cx: &Context, object: &Value, key: &Value) -> PyResult<Value> {
    required(
        cx,
        object,
        names::dunder_getitem(),
        std::slice::from_ref(key),
    )
}

/// Calls `__getitem__` with an index.
pub fn item(cx: &Context, object: &Value, index: isize) -> PyResult<Value> {
    let index = int::from_i64(cx, index as i64)?;
    required(cx, object, names::dunder_getitem(), &[index])
}

/// Calls `__setitem__` or `__delitem__`.
pub fn assign_subscript(
    cx: &Context,
    object: &Value,
    key: &Value,
    value: Option<&Value>,
) -> PyResult<()> {
    match value {
        Some(value) => {
            let name = names::dunder_setitem();
            match call::call_special(cx, object, name, &[key.clone(), value.clone()])? {
                Some(_) => Ok(()),
                None => Err(cx.type_error(format!(
                    "'{}' object does not support item assignment",
                    object.type_name()
                ))),
            }
        }
        None => match call::call_special(
            cx,
            object,
            names::dunder_delitem(),
            std::slice::from_ref(key),
        )? {
            Some(_) => Ok(()),
            None => Err(cx.type_error(format!(
                "'{}' object does not support item deletion",
                object.type_name()
            ))),
        },
    }
}
