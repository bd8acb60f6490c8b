//! Parameter flags: which arguments go in, which come out, their names and defaults.

use typhon_runtime::args::Args;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, index, iterate, text};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::info::{self, Kind};
use super::simple;

const IN: i64 = 1;
const OUT: i64 = 2;
/// What Windows calls a locale: 0 by default.
const LOCALE: i64 = 4;

/// One parameter.
struct Parameter<'a> {
    direction: i64,
    name: Option<&'a Ref<Str>>,
    default: Option<&'a Value>,
}

fn parameter<'a>(cx: &Context, item: &'a Value) -> PyResult<Parameter<'a>> {
    let wrong =
        || cx.type_error("paramflags must be a sequence of (int [,string [,value]]) tuples");
    let parts = item.downcast::<Tuple>().ok_or_else(wrong)?.as_slice();
    let direction = parts.first().filter(|direction| int::is_int(direction));
    let direction = direction.ok_or_else(wrong)?;
    let name = match parts.get(1) {
        Some(name) if !name.is_none() => Some(name.downcast::<Str>().ok_or_else(wrong)?),
        _ => None,
    };
    if parts.len() > 3 {
        return Err(wrong());
    }
    Ok(Parameter {
        direction: index::as_index(cx, direction)? as i64 & (IN | OUT | LOCALE),
        name,
        default: parts.get(2),
    })
}

/// Whether parameter flags fit the argument types.
///
/// # Errors
/// TypeError and ValueError when they do not.
pub fn check(cx: &Context, flags: &Ref<Tuple>, types: &[Value]) -> PyResult<()> {
    if flags.len() != types.len() {
        return Err(cx.value_error("paramflags must have the same length as argtypes"));
    }
    for (nth, (item, class)) in flags.as_slice().iter().zip(types).enumerate() {
        let parameter = parameter(cx, item)?;
        match parameter.direction {
            0 | IN => {}
            direction if direction == IN | LOCALE || direction == IN | OUT => {}
            OUT => check_out(cx, class, nth + 1)?,
            direction => {
                return Err(cx.type_error(format!("paramflag value {direction} not supported")));
            }
        }
    }
    Ok(())
}

/// Whether something can be returned through an argument of this type.
fn check_out(cx: &Context, class: &Value, nth: usize) -> PyResult<()> {
    let fits = info::find_value(class).is_some_and(|info| match info.kind {
        Kind::Pointer | Kind::Array => true,
        Kind::Simple(code) => matches!(code.letter, b'P' | b'z' | b'Z'),
        _ => false,
    });
    if fits {
        return Ok(());
    }
    let name = match class.downcast::<Type>() {
        Some(class) => class.short_name(),
        None => class.type_name(),
    };
    Err(cx.type_error(format!(
        "'out' parameter {nth} must be a pointer type, not {name}"
    )))
}

/// Which arguments are part of the result.
#[derive(Default)]
pub struct Outs {
    /// Index, and whether the value is asked for.
    returned: Vec<(usize, bool)>,
}

impl Outs {
    /// The result of the call: what comes out, if anything does.
    ///
    /// # Errors
    /// What `__ctypes_from_outparam__` raises.
    pub fn result(&self, cx: &Context, result: Value, arguments: &[Value]) -> PyResult<Value> {
        let mut values = Vec::new();
        for (nth, is_out) in &self.returned {
            let value = arguments[*nth].clone();
            values.push(if *is_out {
                simple::from_outparam(cx, &value)?
            } else {
                value
            });
        }
        match values.len() {
            0 => Ok(result),
            1 => Ok(values.remove(0)),
            _ => Tuple::from_vec(cx, values).map(Ref::into_value),
        }
    }
}

/// The arguments that are given, as they are used up.
struct Given<'a> {
    args: Args<'a>,
    used: usize,
}

impl Given<'_> {
    fn next(&mut self, cx: &Context, parameter: &Parameter<'_>) -> PyResult<Value> {
        if let Some(value) = self.args.positional().get(self.used) {
            self.used += 1;
            return Ok(value.clone());
        }
        if let Some(name) = parameter.name {
            for (key, value) in self.args.keywords().iter() {
                if key
                    .downcast::<Str>()
                    .is_some_and(|key| key.equals_str(name))
                {
                    self.used += 1;
                    return Ok(value.clone());
                }
            }
        }
        if let Some(default) = parameter.default {
            return Ok(default.clone());
        }
        Err(match parameter.name {
            Some(name) => {
                let name = text::str(cx, name.as_value())?;
                cx.type_error(format!("required argument '{name}' missing"))
            }
            None => cx.type_error("not enough arguments"),
        })
    }
}

/// Room for what comes out of a call.
fn out_argument(cx: &Context, class: &Value) -> PyResult<Value> {
    let info = info::find_value(class);
    match info.as_ref().map(|info| (info.kind, &info.item)) {
        Some((Kind::Array, _)) => call::call(cx, class, &[]),
        Some((Kind::Pointer, Some(item))) => call::call(cx, item.as_value(), &[]),
        _ => {
            let name = match class.downcast::<Type>() {
                Some(class) => class.short_name(),
                None => class.type_name(),
            };
            Err(cx.type_error(format!(
                "{name} 'out' parameter must be passed as default value"
            )))
        }
    }
}

/// The arguments of a call, and which of them come out.
///
/// # Errors
/// TypeError when they do not fit the parameters.
pub fn build(
    cx: &Context,
    parameters: &Ref<Tuple>,
    types: &Value,
    args: Args<'_>,
) -> PyResult<(Vec<Value>, Outs)> {
    let types = iterate::collect(cx, types)?;
    let mut given = Given { args, used: 0 };
    let mut outs = Outs::default();
    let mut arguments = Vec::with_capacity(types.len());
    for (nth, (item, class)) in parameters.as_slice().iter().zip(&types).enumerate() {
        let parameter = parameter(cx, item)?;
        arguments.push(match parameter.direction {
            0 | IN => given.next(cx, &parameter)?,
            OUT => {
                outs.returned.push((nth, true));
                match parameter.default {
                    Some(default) => default.clone(),
                    None => out_argument(cx, class)?,
                }
            }
            direction if direction == IN | OUT => {
                outs.returned.push((nth, false));
                given.next(cx, &parameter)?
            }
            _ => parameter.default.cloned().unwrap_or(Value::small_int(0)),
        });
    }
    let count = args.values.len();
    if count != given.used {
        let wanted = given.used;
        return Err(cx.type_error(format!(
            "call takes exactly {wanted} arguments ({count} given)"
        )));
    }
    Ok((arguments, outs))
}
