//! How the classes of `itertools` take their arguments: some by position only, with the messages of
//! `PyArg_UnpackTuple`, some by position or by name.

use typhon_runtime::args::{Args, FromArgument, Parameter, Place, Signature};
use typhon_runtime::class::PyClass;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

/// Parameters that can all be given by name, the first `positional` of them by position too.
pub(super) const fn by_name(
    name: &'static str,
    parameters: &'static [Parameter],
    positional: usize,
) -> Signature {
    Signature {
        name,
        text: "",
        parameters,
        positional_only: 0,
        positional,
        var_positional: false,
        var_keyword: false,
    }
}

/// Refuses keyword arguments, unless a derived class with its own `__init__` may know what they are.
pub(super) fn no_keywords<T: PyClass>(
    cx: &Context,
    class: &Ref<Type>,
    args: Args<'_>,
) -> PyResult<()> {
    let own = T::class();
    if args.names.is_empty() || (!class.is(own) && class.slots.init.word() != own.slots.init.word())
    {
        return Ok(());
    }
    Err(cx.type_error(format!("{}() takes no keyword arguments", T::NAME)))
}

/// Exactly `N` arguments, by position.
pub(super) fn exactly<'a, T: PyClass, const N: usize>(
    cx: &Context,
    class: &Ref<Type>,
    args: Args<'a>,
) -> PyResult<&'a [Value; N]> {
    no_keywords::<T>(cx, class, args)?;
    let given = args.positional();
    <&[Value; N]>::try_from(given).map_err(|_| {
        let plural = if N == 1 { "" } else { "s" };
        cx.type_error(format!(
            "{} expected {N} argument{plural}, got {}",
            T::NAME,
            given.len()
        ))
    })
}

/// The number `value`, as a C function takes a `Py_ssize_t`.
pub(super) fn size(cx: &Context, value: &Value) -> PyResult<isize> {
    const PLACE: Place = Place {
        function: "",
        position: 0,
        name: "",
        by_name: false,
    };
    isize::from_argument(cx, value, &PLACE)
}

/// What `combinations` and its like take for the length of their results.
pub(super) fn length(cx: &Context, value: &Value) -> PyResult<usize> {
    usize::try_from(size(cx, value)?)
        .map_err(|_| -> Raised { cx.value_error("r must be non-negative") })
}
