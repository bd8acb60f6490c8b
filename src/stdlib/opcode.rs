//! `_opcode`: the instruction set, for `dis` and `opcode`.

use typhon_compiler::opcode::{BinaryOperation, Intrinsic1, Intrinsic2, Opcode, SpecialMethod};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::module::add;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

/// Opcode support module.
#[pymodule(
    name = "_opcode",
    functions(
        stack_effect,
        is_valid,
        has_arg,
        has_const,
        has_name,
        has_jump,
        has_free,
        has_local,
        has_exc,
        get_executor,
        get_specialization_stats,
        get_nb_ops,
        get_intrinsic1_descs,
        get_intrinsic2_descs,
        get_special_method_names
    )
)]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    add(cx, module, "ENABLE_SPECIALIZATION", true)?;
    add(cx, module, "ENABLE_SPECIALIZATION_FT", true)
}

/// The instruction with this number, unless it is one of the compiler's own.
fn real(opcode: i64) -> Option<Opcode> {
    u8::try_from(opcode).ok().and_then(Opcode::from_u8)
}

/// Compute the stack effect of the opcode.
#[pyfunction("stack_effect(opcode, oparg=None, /, *, jump=None)")]
pub fn stack_effect(
    cx: &Context,
    opcode: i64,
    oparg: Option<&Value>,
    jump: Maybe<&Value>,
) -> PyResult<i32> {
    let jump = match jump.0 {
        None => None,
        Some(jump) if jump.is_none() => None,
        Some(jump) => match jump.as_bool() {
            Some(jump) => Some(jump),
            None => return Err(cx.value_error("stack_effect: jump must be False, True or None")),
        },
    };
    let Some(opcode) = real(opcode) else {
        return Err(cx.value_error("invalid opcode or oparg"));
    };
    let argument = match oparg {
        None => 0,
        Some(argument) => int::index_as_i128(cx, argument)?.clamp(0, u32::MAX.into()) as u32,
    };
    Ok(match jump {
        Some(jump) => opcode.stack_effect(argument, jump),
        None => opcode
            .stack_effect(argument, false)
            .max(opcode.stack_effect(argument, true)),
    })
}

/// Return True if opcode is valid, False otherwise.
#[pyfunction("is_valid(opcode)")]
pub fn is_valid(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some())
}

/// Return True if the opcode uses its oparg, False otherwise.
#[pyfunction("has_arg(opcode)")]
pub fn has_arg(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some_and(Opcode::has_arg))
}

/// Return True if the opcode accesses a constant, False otherwise.
#[pyfunction("has_const(opcode)")]
pub fn has_const(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some_and(Opcode::has_const))
}

/// Return True if the opcode accesses an attribute by name, False otherwise.
#[pyfunction("has_name(opcode)")]
pub fn has_name(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some_and(Opcode::has_name))
}

/// Return True if the opcode has a jump target, False otherwise.
#[pyfunction("has_jump(opcode)")]
pub fn has_jump(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some_and(Opcode::has_jump))
}

/// Return True if the opcode accesses a free variable, False otherwise.
///
/// Note that 'free' in this context refers to names in the current scope
/// that are referenced by inner scopes or names in outer scopes that are
/// referenced from this scope. It does not include references to global
/// or builtin scopes.
#[pyfunction("has_free(opcode)")]
pub fn has_free(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some_and(Opcode::has_free))
}

/// Return True if the opcode accesses a local variable, False otherwise.
#[pyfunction("has_local(opcode)")]
pub fn has_local(_cx: &Context, opcode: i64) -> PyResult<bool> {
    Ok(real(opcode).is_some_and(Opcode::has_local))
}

/// Return True if the opcode sets an exception handler, False otherwise.
#[pyfunction("has_exc(opcode)")]
pub fn has_exc(_cx: &Context, opcode: i64) -> PyResult<bool> {
    let set_up = ["SETUP_FINALLY", "SETUP_WITH", "SETUP_CLEANUP"];
    Ok(real(opcode).is_some_and(|opcode| set_up.contains(&opcode.name())))
}

/// Return the executor object at offset in code if exists, None otherwise.
#[pyfunction("get_executor(code, offset)")]
pub fn get_executor(cx: &Context, code: &Value, offset: i64) -> PyResult<Value> {
    let _ = (code, offset);
    Err(cx.runtime_error("Executors are not available in this build"))
}

/// Return the specialization stats
#[pyfunction("get_specialization_stats()")]
pub fn get_specialization_stats(_cx: &Context) -> PyResult<()> {
    Ok(())
}

fn text_list<'a>(cx: &Context, texts: impl Iterator<Item = &'a str>) -> PyResult<Ref<List>> {
    let values: PyResult<Vec<Value>> = texts
        .map(|text| Str::from_str(cx, text).map(Ref::into_value))
        .collect();
    List::from_values(cx, values?)
}

/// Entries of a numbered table from `first` on, as far as there are any.
fn entries<T>(first: u32, entry: fn(u32) -> Option<T>) -> impl Iterator<Item = T> {
    (first..).map_while(entry)
}

/// The name of a binary operation in C: `NB_ADD`.
fn operation_name(operation: BinaryOperation) -> String {
    let mut name = String::from("NB");
    for c in format!("{operation:?}").chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name.replace("LEFT_SHIFT", "LSHIFT")
        .replace("RIGHT_SHIFT", "RSHIFT")
        .replace("SUBSCRIPT", "SUBSCR")
}

/// Return array of symbols of binary ops.
///
/// Indexed by the BINARY_OP oparg value.
#[pyfunction("get_nb_ops()")]
pub fn get_nb_ops(cx: &Context) -> PyResult<Ref<List>> {
    let mut pairs = Vec::new();
    for operation in entries(0, BinaryOperation::from_u32) {
        let name = Str::from_str(cx, &operation_name(operation))?.into_value();
        let symbol = Str::from_str(cx, operation.text())?.into_value();
        pairs.push(Tuple::from_vec(cx, vec![name, symbol])?.into_value());
    }
    List::from_values(cx, pairs)
}

/// Return a list of names of the unary intrinsics.
#[pyfunction("get_intrinsic1_descs()")]
pub fn get_intrinsic1_descs(cx: &Context) -> PyResult<Ref<List>> {
    let names = entries(1, Intrinsic1::from_u32).map(Intrinsic1::text);
    text_list(cx, std::iter::once("INTRINSIC_1_INVALID").chain(names))
}

/// Return a list of names of the binary intrinsics.
#[pyfunction("get_intrinsic2_descs()")]
pub fn get_intrinsic2_descs(cx: &Context) -> PyResult<Ref<List>> {
    let names = entries(1, Intrinsic2::from_u32).map(Intrinsic2::text);
    text_list(cx, std::iter::once("INTRINSIC_2_INVALID").chain(names))
}

/// Return a list of special method names.
#[pyfunction("get_special_method_names()")]
pub fn get_special_method_names(cx: &Context) -> PyResult<Ref<List>> {
    text_list(
        cx,
        entries(0, SpecialMethod::from_u32).map(SpecialMethod::text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_in_c() {
        assert_eq!(operation_name(BinaryOperation::Add), "NB_ADD");
        assert_eq!(
            operation_name(BinaryOperation::InplaceLeftShift),
            "NB_INPLACE_LSHIFT"
        );
        assert_eq!(operation_name(BinaryOperation::Subscript), "NB_SUBSCR");
    }
}
