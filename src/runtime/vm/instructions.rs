//! Instructions that are calls into the runtime, out of the loop's way.

use typhon_compiler::code::CodeFlags;
use typhon_compiler::opcode::{
    BinaryOperation, CommonConstant, FunctionAttribute, Intrinsic1, Intrinsic2, SpecialMethod,
};

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::async_generator;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::exceptions;
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::objects::set::Set;
use crate::objects::str_::{Name, Str, names};
use crate::objects::template;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, iterate, number, sequence, text};
use crate::value::Value;
use crate::vm::frame::Frame;
use crate::vm::subscript;

/// UnboundLocalError for variable `index`.
#[cold]
pub fn unbound_local(cx: &Context, frame: &Frame, index: usize) {
    let name = frame.code().local_names[index].display();
    let _ = cx.unbound_local_error(format!(
        "cannot access local variable '{name}' where it is not associated with a value"
    ));
}

/// NameError or UnboundLocalError for the cell in variable `index`.
#[cold]
pub fn unbound_cell(cx: &Context, frame: &Frame, index: usize) {
    let code = frame.code();
    if index < code.first_free as usize {
        unbound_local(cx, frame, index);
        return;
    }
    let name = code.local_names[index];
    let message = format!(
        "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
        name.display()
    );
    let _ = exceptions::raise_name_error(cx, name, &message);
}

/// NameError: `name 'x' is not defined`.
#[cold]
pub fn name_error(cx: &Context, name: Name) -> Raised {
    exceptions::raise_name_error(
        cx,
        name,
        &format!("name '{}' is not defined", name.display()),
    )
}

/// SystemError for an opcode that is none: a defect of the compiler.
#[cold]
pub fn unknown_opcode(cx: &Context, opcode: u8) {
    let _ = cx.system_error(format!("unknown opcode {opcode}"));
}

/// TypeError for `__init__` that returned something.
#[cold]
pub fn init_returned(cx: &Context, value: &Value) {
    let _ = cx.type_error(format!(
        "__init__() should return None, not '{}'",
        value.type_name()
    ));
}

/// `BINARY_OP` beyond its fast path. `operation` is the instruction's argument.
///
/// # Errors
/// What the operation raises.
pub fn binary_op(cx: &Context, operation: u32, left: &Value, right: &Value) -> PyResult<Value> {
    if operation == subscript::SUBSCRIPT {
        if let Some(dict) = left.downcast_exact::<Dict>()
            && let Some(value) = dict.get_item(cx, right)?
        {
            return Ok(value);
        }
        return sequence::get_item(cx, left, right);
    }
    const ADD: u32 = BinaryOperation::Add as u32;
    const INPLACE_ADD: u32 = BinaryOperation::InplaceAdd as u32;
    if matches!(operation, ADD | INPLACE_ADD)
        && let (Some(left), Some(right)) =
            (left.downcast_exact::<Str>(), right.downcast_exact::<Str>())
        && !left.is_empty()
        && !right.is_empty()
    {
        return left.concat(cx, right).map(Ref::into_value);
    }
    number::binary_numbered(cx, operation, left, right)
}

/// `locals()` of a module or class body: the globals, when a program made a function of its code.
pub fn namespace(frame: &Frame) -> &Value {
    match &frame.namespace {
        Some(namespace) => namespace,
        None => frame.globals().as_value(),
    }
}

/// The name in a mapping; `None` when it lacks it.
///
/// # Errors
/// What the mapping raises, but for KeyError.
pub fn get_from_namespace(cx: &Context, namespace: &Value, name: Name) -> PyResult<Option<Value>> {
    if let Some(dict) = namespace.downcast_exact::<Dict>() {
        return dict.get_name(cx, name);
    }
    match sequence::get_item(cx, namespace, name.as_value()) {
        Ok(value) => Ok(Some(value)),
        Err(Raised) => {
            cx.catch(exceptions::key_error())?;
            Ok(None)
        }
    }
}

/// `LOAD_NAME`.
///
/// # Errors
/// NameError.
pub fn load_name(cx: &Context, frame: &Frame, name: Name) -> PyResult<Value> {
    if let Some(value) = get_from_namespace(cx, namespace(frame), name)? {
        return Ok(value);
    }
    load_global_name(cx, frame, name)
}

/// A global or built-in variable.
///
/// # Errors
/// NameError.
pub fn load_global_name(cx: &Context, frame: &Frame, name: Name) -> PyResult<Value> {
    let globals = frame.globals();
    if globals.as_value().is_exact::<Dict>() {
        if let Some(value) = globals.get_name(cx, name)? {
            return Ok(value);
        }
    } else if let Some(value) = get_from_namespace(cx, globals.as_value(), name)? {
        return Ok(value);
    }
    match get_from_namespace(cx, frame.builtins(), name)? {
        Some(value) => Ok(value),
        None => Err(name_error(cx, name)),
    }
}

/// `STORE_NAME`.
///
/// # Errors
/// What the mapping raises.
pub fn store_name(cx: &Context, frame: &Frame, name: Name, value: &Value) -> PyResult<()> {
    let namespace = namespace(frame);
    match namespace.downcast_exact::<Dict>() {
        Some(dict) => dict.set_name(cx, name, value.clone()),
        None => sequence::set_item(cx, namespace, name.as_value(), value),
    }
}

/// `DELETE_NAME`.
///
/// # Errors
/// NameError.
pub fn delete_name(cx: &Context, frame: &Frame, name: Name) -> PyResult<()> {
    let namespace = namespace(frame);
    if let Some(dict) = namespace.downcast_exact::<Dict>() {
        return match dict.remove_name(cx, name)? {
            Some(_) => Ok(()),
            None => Err(name_error(cx, name)),
        };
    }
    match sequence::delete_item(cx, namespace, name.as_value()) {
        Ok(()) => Ok(()),
        Err(Raised) => {
            cx.catch(exceptions::key_error())?;
            Err(name_error(cx, name))
        }
    }
}

/// `SETUP_ANNOTATIONS`.
///
/// # Errors
/// What the namespace raises.
pub fn setup_annotations(cx: &Context, frame: &Frame) -> PyResult<()> {
    let name = names::dunder_annotations();
    if get_from_namespace(cx, namespace(frame), name)?.is_none() {
        let annotations = Dict::new(cx)?.into_value();
        store_name(cx, frame, name, &annotations)?;
    }
    Ok(())
}

/// `LOAD_COMMON_CONSTANT`.
pub fn common_constant(number: u32) -> Value {
    match CommonConstant::from_u32(number) {
        Some(CommonConstant::NotImplementedError) => exceptions::not_implemented_error().to_value(),
        Some(CommonConstant::Tuple) => <Tuple as crate::object::Payload>::class().to_value(),
        Some(CommonConstant::All) => crate::interpreter::all_and_any()[0].clone(),
        Some(CommonConstant::Any) => crate::interpreter::all_and_any()[1].clone(),
        _ => exceptions::assertion_error().to_value(),
    }
}

/// `LOAD_BUILD_CLASS`.
///
/// # Errors
/// NameError.
pub fn build_class(cx: &Context, frame: &Frame) -> PyResult<Value> {
    match get_from_namespace(cx, frame.builtins(), names::dunder_build_class())? {
        Some(value) => Ok(value),
        None => Err(exceptions::raise_name_error(
            cx,
            names::dunder_build_class(),
            "__build_class__ not found",
        )),
    }
}

/// `BUILD_SET`.
///
/// # Errors
/// TypeError for unhashable items.
pub fn build_set(cx: &Context, values: &[Value]) -> PyResult<Value> {
    Set::from_values(cx, values).map(Ref::into_value)
}

/// `BUILD_MAP`.
///
/// # Errors
/// TypeError for unhashable keys.
pub fn build_map(cx: &Context, values: &[Value]) -> PyResult<Value> {
    let dict = Dict::new(cx)?;
    dict.reserve(cx, values.len() / 2)?;
    for pair in values.chunks_exact(2) {
        dict.set_item(cx, &pair[0], pair[1].clone())?;
    }
    Ok(dict.into_value())
}

/// `BUILD_STRING`.
///
/// # Errors
/// MemoryError.
pub fn build_string(cx: &Context, values: &[Value]) -> PyResult<Value> {
    let parts: Vec<Ref<Str>> = values
        .iter()
        .filter_map(|value| value.downcast::<Str>().cloned())
        .collect();
    Str::join(cx, None, &parts).map(Ref::into_value)
}

/// `BUILD_INTERPOLATION`.
///
/// # Errors
/// MemoryError.
pub fn build_interpolation(
    cx: &Context,
    value: &Value,
    expression: &Value,
    conversion: u32,
    specification: Option<&Value>,
) -> PyResult<Value> {
    template::new_interpolation(cx, value, expression, conversion, specification)
}

/// `BUILD_TEMPLATE`.
///
/// # Errors
/// MemoryError.
pub fn build_template(cx: &Context, strings: &Value, interpolations: &Value) -> PyResult<Value> {
    template::new_template(cx, strings, interpolations)
}

/// `SET_ADD`.
///
/// # Errors
/// TypeError for an unhashable item.
pub fn set_add(cx: &Context, set: &Value, item: &Value) -> PyResult<()> {
    match set.downcast::<Set>() {
        Some(set) => set.add(cx, item).map(|_| ()),
        // A program has put something else in the place of the set that notes which annotations were run.
        None => Err(cx.type_error(format!(
            "__conditional_annotations__ must be a set, not '{}'",
            set.type_name()
        ))),
    }
}

/// `LIST_EXTEND`.
///
/// # Errors
/// TypeError when it is not iterable, and what iterating raises.
pub fn list_extend(cx: &Context, list: &Value, iterable: &Value) -> PyResult<()> {
    let list = list
        .downcast::<List>()
        .expect("invariant: the compiler builds a list there");
    match list.extend(cx, iterable) {
        Ok(()) => Ok(()),
        Err(Raised) => {
            let is_iterable = iterable.class().slots.iter.get().is_some()
                || iterable
                    .class()
                    .lookup(cx, names::dunder_getitem())
                    .is_some();
            if !is_iterable && cx.exception_matches(exceptions::type_error()) {
                cx.clear_exception();
                return Err(cx.type_error(format!(
                    "Value after * must be an iterable, not {}",
                    iterable.type_name()
                )));
            }
            Err(Raised)
        }
    }
}

/// `SET_UPDATE`.
///
/// # Errors
/// As [`list_extend`].
pub fn set_update(cx: &Context, set: &Value, iterable: &Value) -> PyResult<()> {
    set.downcast::<Set>()
        .expect("invariant: the compiler builds a set there")
        .update(cx, iterable)
}

/// `DICT_UPDATE`.
///
/// # Errors
/// TypeError when it is no mapping.
pub fn dict_update(cx: &Context, dict: &Value, mapping: &Value) -> PyResult<()> {
    let dict = dict
        .downcast::<Dict>()
        .expect("invariant: the compiler builds a dict there");
    if attribute::find(cx, mapping, names::keys())?.is_none() {
        return Err(cx.type_error(format!("'{}' object is not a mapping", mapping.type_name())));
    }
    dict.merge(cx, mapping)
}

/// `DICT_MERGE`.
///
/// # Errors
/// TypeError when it is no mapping or a key is there twice.
pub fn dict_merge(cx: &Context, dict: &Value, mapping: &Value, callable: &Value) -> PyResult<()> {
    let dict = dict
        .downcast::<Dict>()
        .expect("invariant: the compiler builds a dict there");
    let plain = crate::objects::dict::plain_dict(mapping);
    if let Some(mapping) = plain.filter(|_| dict.is_empty()) {
        return dict.update_from(cx, mapping);
    }
    // Only for messages: it may run Python code of the callable.
    let function = || function_text(cx, callable);
    if plain.is_none() && attribute::find(cx, mapping, names::keys())?.is_none() {
        return Err(cx.type_error(format!(
            "{} argument after ** must be a mapping, not {}",
            function(),
            mapping.type_name()
        )));
    }
    let add = |key: &Value, value: Value| {
        if dict.get_item(cx, key)?.is_some() {
            let key = text::str(cx, key)?;
            return Err(cx.type_error(format!(
                "{} got multiple values for keyword argument '{}'",
                function(),
                *key
            )));
        }
        dict.set_item(cx, key, value)
    };
    match plain {
        Some(mapping) => mapping
            .items_snapshot(cx)?
            .into_iter()
            .try_for_each(|(key, value)| add(&key, value)),
        None => {
            let keys = call::call_method(cx, mapping, names::keys(), &[])?;
            iterate::for_each(cx, &keys, |key| {
                add(&key, sequence::get_item(cx, mapping, &key)?)
            })
        }
    }
}

/// How messages name a callable: `module.qualname()`.
pub fn function_text(cx: &Context, callable: &Value) -> String {
    let get = |name| {
        attribute::find(cx, callable, name).unwrap_or_else(|Raised| {
            cx.clear_exception();
            None
        })
    };
    let Some(qualname) = get(names::dunder_qualname()).and_then(|name| name.into_ref::<Str>().ok())
    else {
        return text::str(cx, callable)
            .map(|text| text.to_string())
            .unwrap_or_else(|Raised| {
                cx.clear_exception();
                String::new()
            });
    };
    match get(names::dunder_module()).and_then(|name| name.into_ref::<Str>().ok()) {
        Some(module) if !module.equals("builtins") => format!("{}.{}()", *module, *qualname),
        _ => format!("{}()", *qualname),
    }
}

/// The arguments of `CALL_FUNCTION_EX`: values and the names of the last ones.
///
/// # Errors
/// TypeError when they cannot be unpacked.
pub fn unpack_arguments(
    cx: &Context,
    callable: &Value,
    arguments: &Value,
    keywords: Option<&Value>,
) -> PyResult<(Vec<Value>, Vec<Value>)> {
    let keywords = keywords.filter(|keywords| !is_empty_dict(keywords));
    let mut values = match arguments.downcast_exact::<Tuple>() {
        Some(tuple) => {
            let more = keywords.and_then(|keywords| Some(keywords.downcast::<Dict>()?.len()));
            let mut values = Vec::with_capacity(tuple.len() + more.unwrap_or(0));
            values.extend_from_slice(tuple.as_slice());
            values
        }
        None => {
            let class = arguments.class();
            if class.slots.iter.get().is_none()
                && class.slots.item.get().is_none()
                && class.slots.subscript.get().is_none()
            {
                return Err(cx.type_error(format!(
                    "{} argument after * must be an iterable, not {}",
                    function_text(cx, callable),
                    arguments.type_name()
                )));
            }
            iterate::collect(cx, arguments)?
        }
    };
    let mut keys = Vec::new();
    if let Some(keywords) = keywords {
        match keywords.downcast::<Dict>() {
            Some(keywords) => keywords.append_to(cx, &mut keys, &mut values)?,
            None => {
                let copy = Dict::new(cx)?;
                dict_merge(cx, copy.as_value(), keywords, callable)?;
                copy.append_to(cx, &mut keys, &mut values)?;
            }
        }
        if keys.iter().any(|key| key.downcast::<Str>().is_none()) {
            return Err(cx.type_error("keywords must be strings"));
        }
    }
    Ok((values, keys))
}

fn is_empty_dict(value: &Value) -> bool {
    value
        .downcast_exact::<Dict>()
        .is_some_and(|dict| dict.is_empty())
}

/// `CONVERT_VALUE`.
///
/// # Errors
/// What the conversion raises.
pub fn convert_value(cx: &Context, value: &Value, conversion: u32) -> PyResult<Value> {
    match conversion {
        1 => text::str(cx, value),
        2 => text::repr(cx, value),
        _ => text::ascii(cx, value),
    }
    .map(Ref::into_value)
}

/// `FORMAT_WITH_SPEC`.
///
/// # Errors
/// What formatting raises.
pub fn format_with(cx: &Context, value: &Value, specification: &Value) -> PyResult<Value> {
    match specification.downcast::<Str>() {
        Some(specification) => text::format(cx, value, specification),
        None => Err(cx.type_error("Format specifier must be a string")),
    }
}

/// Writes the items of `iterable` from `target` on, the last one first.
///
/// # Errors
/// ValueError when they are not `count`, TypeError when it is not iterable.
///
/// # Safety
/// `target` has room for `count` words.
pub unsafe fn unpack_sequence(
    cx: &Context,
    iterable: &Value,
    count: usize,
    target: *mut u64,
) -> PyResult<()> {
    let write = |items: &[Value]| {
        for (index, item) in items.iter().rev().enumerate() {
            // SAFETY: by the caller's promise.
            unsafe { *target.add(index) = item.clone().into_bits() };
        }
    };
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        if tuple.len() == count {
            write(tuple.as_slice());
            return Ok(());
        }
        return Err(wrong_count(
            cx,
            count,
            Some(tuple.len()),
            tuple.len() > count,
        ));
    }
    if let Some(list) = iterable.downcast_exact::<List>() {
        let items = list.to_vec();
        if items.len() == count {
            write(&items);
            return Ok(());
        }
        return Err(wrong_count(
            cx,
            count,
            Some(items.len()),
            items.len() > count,
        ));
    }
    let iterator = unpackable_iterator(cx, iterable)?;
    let mut items = Vec::with_capacity(count);
    while items.len() < count {
        match iterate::next(cx, &iterator)? {
            Some(item) => items.push(item),
            None => return Err(wrong_count(cx, count, Some(items.len()), false)),
        }
    }
    if iterate::next(cx, &iterator)?.is_some() {
        let length = if iterable.downcast::<Dict>().is_some() {
            sequence::length(cx, iterable).ok()
        } else {
            None
        };
        return Err(wrong_count(cx, count, length, true));
    }
    write(&items);
    Ok(())
}

#[cold]
fn wrong_count(cx: &Context, wanted: usize, got: Option<usize>, too_many: bool) -> Raised {
    if too_many {
        match got {
            Some(got) => cx.value_error(format!(
                "too many values to unpack (expected {wanted}, got {got})"
            )),
            None => cx.value_error(format!("too many values to unpack (expected {wanted})")),
        }
    } else {
        cx.value_error(format!(
            "not enough values to unpack (expected {wanted}, got {})",
            got.unwrap_or(0)
        ))
    }
}

fn unpackable_iterator(cx: &Context, iterable: &Value) -> PyResult<Value> {
    let class = iterable.class();
    if class.slots.iter.get().is_none() && class.lookup(cx, names::dunder_getitem()).is_none() {
        return Err(cx.type_error(format!(
            "cannot unpack non-iterable {} object",
            iterable.type_name()
        )));
    }
    iterate::iter(cx, iterable)
}

/// `UNPACK_EX`: the items before the star, the list for the star, the items after.
///
/// # Errors
/// As [`unpack_sequence`].
pub fn unpack_extended(
    cx: &Context,
    iterable: &Value,
    before: usize,
    after: usize,
) -> PyResult<Vec<Value>> {
    let mut items = match iterate::snapshot(cx, iterable)? {
        Some(items) => items,
        None => {
            let iterator = unpackable_iterator(cx, iterable)?;
            let mut items = Vec::new();
            while let Some(item) = iterate::next(cx, &iterator)? {
                items.push(item);
            }
            items
        }
    };
    let got = items.len();
    if got < before + after {
        return Err(cx.value_error(format!(
            "not enough values to unpack (expected at least {}, got {got})",
            before + after
        )));
    }
    let end = items.split_off(got - after);
    let middle = items.split_off(before);
    items.push(List::from_values(cx, middle)?.into_value());
    items.extend(end);
    Ok(items)
}

/// `MAKE_FUNCTION`.
///
/// # Errors
/// MemoryError.
pub fn make_function(cx: &Context, frame: &Frame, code: &Value) -> PyResult<Value> {
    let code = code
        .downcast::<Code>()
        .expect("invariant: the compiler pushes a code object");
    let function = Function::new_plain(cx, code, frame.globals(), frame.builtins())?;
    Ok(function.into_value())
}

/// `SET_FUNCTION_ATTRIBUTE`.
pub fn set_function_attribute(function: Value, number: u32, attribute: Value) -> Value {
    let Some(this) = function.downcast::<Function>() else {
        unreachable!("invariant: MAKE_FUNCTION comes first")
    };
    match FunctionAttribute::from_u32(number) {
        Some(FunctionAttribute::Defaults) => this.defaults.set_new(attribute),
        Some(FunctionAttribute::KeywordDefaults) => this.keyword_defaults.set_new(attribute),
        Some(FunctionAttribute::Annotations) => this.annotations.set_new(attribute),
        Some(FunctionAttribute::Annotate) => this.annotate.set_new(attribute),
        Some(FunctionAttribute::Closure) => this.set_closure(attribute),
        None => {}
    }
    function
}

/// `LOAD_SUPER_ATTR`: the attribute and, for a method that needs no binding, `self`.
///
/// # Errors
/// TypeError, AttributeError.
pub fn load_super_attribute(
    cx: &Context,
    global_super: &Value,
    class: &Value,
    this: &Value,
    name: Name,
    arg: u32,
) -> PyResult<(Value, Option<Value>)> {
    use crate::objects::super_::{self, Super};
    if global_super.is(<Super as crate::object::Payload>::class().as_value())
        && let Some(class) = class.downcast::<Type>()
    {
        if arg & 1 != 0
            && let Some(function) = super_::super_method(cx, class, this, name)?
        {
            return Ok((function, Some(this.clone())));
        }
        return super_::super_lookup(cx, class, this, name).map(|value| (value, None));
    }
    let object = if arg & 2 != 0 {
        call::call(cx, global_super, &[class.clone(), this.clone()])?
    } else {
        call::call(cx, global_super, &[])?
    };
    attribute::get(cx, &object, name).map(|value| (value, None))
}

/// `LOAD_SPECIAL`.
///
/// # Errors
/// TypeError when the object is no context manager.
pub fn load_special(cx: &Context, owner: &Value, number: u32) -> PyResult<(Value, Option<Value>)> {
    let name = match SpecialMethod::from_u32(number) {
        Some(SpecialMethod::Enter) => names::dunder_enter(),
        Some(SpecialMethod::Exit) => names::dunder_exit(),
        Some(SpecialMethod::AsyncEnter) => names::dunder_aenter(),
        _ => names::dunder_aexit(),
    };
    let class = owner.class();
    if let Some(found) = class.lookup(cx, name) {
        if found
            .class()
            .has(crate::class::ClassFlags::METHOD_DESCRIPTOR)
        {
            return Ok((found, Some(owner.clone())));
        }
        return Ok((call::bind_special(cx, &found, owner)?, None));
    }
    let has = |name| class.lookup(cx, name).is_some();
    let full = class.qualified_name(cx);
    let missing = name.display();
    let message = match SpecialMethod::from_u32(number) {
        Some(SpecialMethod::Enter | SpecialMethod::Exit) => {
            let hint = if has(names::dunder_aenter()) && has(names::dunder_aexit()) {
                " but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"
            } else {
                ""
            };
            format!(
                "'{full}' object does not support the context manager protocol (missed {missing} method){hint}"
            )
        }
        _ => {
            let hint = if has(names::dunder_enter()) && has(names::dunder_exit()) {
                " but it supports the context manager protocol. Did you mean to use 'with'?"
            } else {
                ""
            };
            format!(
                "'{full}' object does not support the asynchronous context manager protocol (missed {missing} method){hint}"
            )
        }
    };
    Err(cx.type_error(message))
}

/// `WITH_EXCEPT_START`: calls `exit(type, exception, traceback)`.
///
/// # Errors
/// What it raises.
pub fn with_except_start(
    cx: &Context,
    exit: &Value,
    this: &Option<Value>,
    exception: &Value,
) -> PyResult<Value> {
    let class = exception.class().to_value();
    let traceback = exception
        .downcast::<exceptions::BaseException>()
        .and_then(|exception| exception.traceback.get())
        .unwrap_or(Value::NONE);
    match this {
        Some(this) => call::call(
            cx,
            exit,
            &[this.clone(), class, exception.clone(), traceback],
        ),
        None => call::call(cx, exit, &[class, exception.clone(), traceback]),
    }
}

/// `CALL_INTRINSIC_1`.
///
/// # Errors
/// What the intrinsic raises.
pub fn intrinsic_1(cx: &Context, frame: &Frame, number: u32, value: &Value) -> PyResult<Value> {
    use crate::objects::typing;
    match Intrinsic1::from_u32(number) {
        Some(Intrinsic1::Print) => {
            crate::interpreter::display(cx, value)?;
            Ok(Value::NONE)
        }
        Some(Intrinsic1::ImportStar) => {
            crate::vm::import::import_star(cx, frame, value)?;
            Ok(Value::NONE)
        }
        Some(Intrinsic1::StopIterationError) => stop_iteration_error(cx, frame, value),
        Some(Intrinsic1::AsyncGenWrap) => async_generator::wrap_yielded(cx, value),
        Some(Intrinsic1::UnaryPositive) => number::positive(cx, value),
        Some(Intrinsic1::ListToTuple) => {
            let list = value
                .downcast::<List>()
                .expect("invariant: the compiler builds a list there");
            Tuple::from_vec(cx, list.to_vec()).map(Ref::into_value)
        }
        Some(Intrinsic1::TypeVar) => typing::type_var(cx, value, None, None),
        Some(Intrinsic1::ParamSpec) => typing::param_spec(cx, value),
        Some(Intrinsic1::TypeVarTuple) => typing::type_var_tuple(cx, value),
        Some(Intrinsic1::SubscriptGeneric) => typing::subscript_generic(cx, value),
        Some(Intrinsic1::TypeAlias) => typing::type_alias(cx, value),
        None => Err(cx.system_error("unknown intrinsic function")),
    }
}

/// StopIteration that would leave a generator becomes RuntimeError (PEP 479).
fn stop_iteration_error(cx: &Context, frame: &Frame, exception: &Value) -> PyResult<Value> {
    let flags = frame.code().flags;
    let kind = if flags.contains(CodeFlags::ASYNC_GENERATOR) {
        "async generator"
    } else if flags.contains(CodeFlags::COROUTINE) {
        "coroutine"
    } else {
        "generator"
    };
    let class = exception.class();
    let what = if class.is_subclass(exceptions::stop_iteration()) {
        "StopIteration"
    } else if flags.contains(CodeFlags::ASYNC_GENERATOR)
        && class.is_subclass(exceptions::stop_async_iteration())
    {
        "StopAsyncIteration"
    } else {
        return Ok(exception.clone());
    };
    let message = Str::from_str(cx, &format!("{kind} raised {what}"))?;
    let error = exceptions::instantiate(cx, exceptions::runtime_error(), &[message.into_value()])?;
    error.cause.set(Some(exception.clone()));
    error.context.set(Some(exception.clone()));
    error
        .suppress_context
        .store(true, std::sync::atomic::Ordering::Relaxed);
    Ok(error.into_value())
}

/// `CALL_INTRINSIC_2`.
///
/// # Errors
/// What the intrinsic raises.
pub fn intrinsic_2(cx: &Context, number: u32, first: &Value, second: &Value) -> PyResult<Value> {
    use crate::objects::typing;
    match Intrinsic2::from_u32(number) {
        Some(Intrinsic2::PrepReraiseStar) => exceptions::prep_reraise_star(cx, first, second),
        Some(Intrinsic2::TypeVarWithBound) => typing::type_var(cx, first, Some(second), None),
        Some(Intrinsic2::TypeVarWithConstraints) => typing::type_var(cx, first, None, Some(second)),
        Some(Intrinsic2::SetFunctionTypeParams) => {
            if let Some(function) = first.downcast::<Function>() {
                function.type_params.set(Some(second.clone()));
            }
            Ok(first.clone())
        }
        Some(Intrinsic2::SetTypeParamDefault) => typing::set_default(cx, first, second),
        None => Err(cx.system_error("unknown intrinsic function")),
    }
}
