//! Arguments of constructors, which the macros do not bind.

use typhon_runtime::args::{Args, Signature};
use typhon_runtime::objects::int;
use typhon_runtime::{Context, PyResult, Value};

/// A [`Signature`]: `signature!("repeat", 0, [object, times = None], [])` has the name of the function,
/// how many parameters are positional-only, parameters that can be given by position, keyword-only ones.
/// Those with a default may be left out.
macro_rules! signature {
    (
        $name:literal, $positional_only:expr,
        [$($parameter:ident $(= $default:tt)?),*],
        [$($keyword:ident $(= $keyword_default:tt)?),*]
    ) => {{
        // A function may have no parameters.
        #[allow(unused_imports)]
        use typhon_runtime::args::{Parameter, Signature};
        const SIGNATURE: &Signature = &Signature {
            name: $name,
            text: "",
            parameters: &[
                $(Parameter {
                    name: stringify!($parameter),
                    required: $crate::arguments::is_required(&[$(stringify!($default))?]),
                },)*
                $(Parameter {
                    name: stringify!($keyword),
                    required: $crate::arguments::is_required(&[$(stringify!($keyword_default))?]),
                },)*
            ],
            positional_only: $positional_only,
            positional: <[&str]>::len(&[$(stringify!($parameter)),*]),
            var_positional: false,
            var_keyword: false,
        };
        SIGNATURE
    }};
}

pub(crate) use signature;

/// Whether a parameter with these defaults, none or one, must be given.
pub(crate) const fn is_required(defaults: &[&str]) -> bool {
    defaults.is_empty()
}

/// Binds the arguments of a function that has `N` parameters.
///
/// # Errors
/// TypeError when they do not fit.
pub(crate) fn bind<'a, const N: usize>(
    cx: &Context,
    signature: &Signature,
    args: Args<'a>,
) -> PyResult<[Option<&'a Value>; N]> {
    debug_assert_eq!(signature.parameters.len(), N);
    let mut bound = [None; N];
    signature.bind(cx, args, &mut bound)?;
    Ok(bound)
}

/// An argument that [`bind`] has found to be given.
pub(crate) fn given(argument: Option<&Value>) -> &Value {
    argument.expect("invariant: bind fails when a required argument is missing")
}

/// A number that counts things in memory.
///
/// # Errors
/// TypeError when it is no integer, OverflowError when it is too large.
pub(crate) fn as_size(cx: &Context, value: &Value) -> PyResult<isize> {
    if let Some(number) = value.as_small_int() {
        return Ok(number as isize);
    }
    let number = int::index_as_i128(cx, value)?;
    isize::try_from(number)
        .map_err(|_| cx.overflow_error("Python int too large to convert to C ssize_t"))
}

/// What may be left out or be None.
pub(crate) fn unless_none(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_none())
}
