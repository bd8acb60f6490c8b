//! `code.replace()`: a copy of a code object with some fields changed.
//!
//! The instructions stay as the compiler proved them: `co_code`, `co_exceptiontable`, and the numbers of
//! constants, names and variables cannot be changed, since the evaluation loop relies on them without a
//! check.

use typhon_compiler::code::{Code as CompiledCode, CodeFlags, LocalKind};

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::code::Code;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::protocols::{attribute, compare, index};
use crate::value::Value;

/// `code.replace(**changes)`.
///
/// # Errors
/// TypeError for unknown fields and values of the wrong type, ValueError for values that the
/// instructions do not allow.
pub(super) fn replace(
    cx: &Context,
    code: &Ref<Code>,
    changes: &[(&Value, &Value)],
) -> PyResult<Value> {
    let mut compiled = code.with_names();
    let mut filename = code.filename();
    let mut constants = code.constants.clone();
    for &(field, value) in changes {
        let field = field
            .downcast::<Str>()
            .map(|field| field.to_string())
            .unwrap_or_default();
        let field = field.as_str();
        match field {
            "co_argcount" => compiled.arg_count = count(cx, field, value)?,
            "co_posonlyargcount" => compiled.positional_only_count = count(cx, field, value)?,
            "co_kwonlyargcount" => compiled.keyword_only_count = count(cx, field, value)?,
            "co_firstlineno" => compiled.first_line = count(cx, field, value)?,
            "co_stacksize" => {
                compiled.stack_size = count(cx, field, value)?.max(code.compiled.stack_size);
            }
            "co_flags" => {
                compiled.flags = CodeFlags::from_bits_retain(count(cx, field, value)?);
            }
            "co_name" => compiled.name = string(cx, field, value)?.to_string().into(),
            "co_qualname" => compiled.qualname = string(cx, field, value)?.to_string().into(),
            "co_filename" => filename = string(cx, field, value)?.clone(),
            "co_consts" => {
                let given = tuple(cx, field, value)?;
                if given.len() < constants.len() {
                    return Err(cx.value_error("code: co_consts is too small"));
                }
                constants = given.as_slice().into();
            }
            "co_names" => {
                let given = names(cx, field, value)?;
                if given.len() < compiled.names.len() {
                    return Err(cx.value_error("code: co_names is too small"));
                }
                compiled.names = given;
            }
            "co_varnames" => rename(cx, &mut compiled, field, value, VARIABLES)?,
            "co_cellvars" => rename(cx, &mut compiled, field, value, LocalKind::CELL)?,
            "co_freevars" => rename(cx, &mut compiled, field, value, LocalKind::FREE)?,
            "co_linetable" => {
                let Some(table) = value.downcast::<Bytes>() else {
                    return Err(wrong_type(cx, field, "bytes", value));
                };
                let table = table.as_slice();
                compiled.locations = code.wordcode().locations_from(&code.compiled, table);
            }
            "co_nlocals" | "co_code" | "co_exceptiontable" => {
                let own = attribute::get(cx, code.as_value(), Name::intern(cx, field)?)?;
                if !compare::equal(cx, &own, value)? {
                    return Err(cx.value_error(format!("code: {field} cannot be changed")));
                }
            }
            other => {
                return Err(cx.type_error(format!(
                    "replace() got an unexpected keyword argument '{other}'"
                )));
            }
        }
    }
    if compiled.positional_only_count > compiled.arg_count
        || compiled.argument_slots() as usize > compiled.locals.len()
    {
        return Err(cx.value_error("code: co_varnames is too small"));
    }
    let generators = CodeFlags::GENERATOR | CodeFlags::COROUTINE | CodeFlags::ASYNC_GENERATOR;
    if compiled.flags.intersects(generators) != code.flags.intersects(generators) {
        return Err(cx.value_error("code: co_flags does not fit the instructions"));
    }
    let made = Code::with_constants(cx, compiled, &filename, constants)?;
    Ok(made.into_value())
}

/// What `co_varnames` lists: parameters and locals.
const VARIABLES: LocalKind = LocalKind::LOCAL
    .union(LocalKind::ARG_POSITIONAL)
    .union(LocalKind::ARG_KEYWORD);

fn count(cx: &Context, field: &str, value: &Value) -> PyResult<u32> {
    let number = index::as_index(cx, value)?;
    u32::try_from(number).map_err(|_| cx.value_error(format!("code: {field} must not be negative")))
}

fn wrong_type(cx: &Context, field: &str, wanted: &str, value: &Value) -> crate::error::Raised {
    cx.type_error(format!(
        "replace() argument '{field}' must be {wanted}, not {}",
        value.type_name_for_argument()
    ))
}

fn string<'a>(cx: &Context, field: &str, value: &'a Value) -> PyResult<&'a Ref<Str>> {
    value
        .downcast::<Str>()
        .ok_or_else(|| wrong_type(cx, field, "str", value))
}

fn tuple<'a>(cx: &Context, field: &str, value: &'a Value) -> PyResult<&'a Ref<Tuple>> {
    value
        .downcast::<Tuple>()
        .ok_or_else(|| wrong_type(cx, field, "tuple", value))
}

fn names(cx: &Context, field: &str, value: &Value) -> PyResult<Box<[Box<str>]>> {
    tuple(cx, field, value)?
        .as_slice()
        .iter()
        .map(|name| match name.downcast::<Str>() {
            Some(name) => Ok(name.to_string().into()),
            None => Err(cx.type_error(format!(
                "name tuples must contain only strings, not '{}'",
                name.type_name()
            ))),
        })
        .collect()
}

/// Gives the variables of `kind` new names.
fn rename(
    cx: &Context,
    compiled: &mut CompiledCode,
    field: &str,
    value: &Value,
    kind: LocalKind,
) -> PyResult<()> {
    let given = names(cx, field, value)?;
    let mut variables: Vec<_> = compiled
        .locals
        .iter_mut()
        .filter(|variable| variable.kind.intersects(kind))
        .collect();
    if variables.len() != given.len() {
        return Err(cx.value_error(format!("code: {field} has the wrong length")));
    }
    for (variable, name) in variables.iter_mut().zip(given) {
        variable.name = name;
    }
    Ok(())
}
