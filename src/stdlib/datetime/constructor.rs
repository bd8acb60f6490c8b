//! The arguments of constructors: numbers that are converted in the order of the parameters, or one
//! pickled state.

use typhon_runtime::args::Args;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::suggest;
use typhon_runtime::{Context, PyResult, Raised, Value};

/// What a constructor can be given.
pub struct Parameters<const N: usize> {
    /// The function's name in messages; none for the oldest ones.
    pub function: Option<&'static str>,
    pub names: [&'static str; N],
    /// How many can be given by position.
    pub positional: usize,
}

/// Arguments that were told apart. What is wrong with them is raised in the order of the parameters, and
/// unknown names at last: see [`Arguments::finish`].
pub struct Arguments<'a, const N: usize> {
    parameters: &'static Parameters<N>,
    args: Args<'a>,
    values: [Option<&'a Value>; N],
}

impl<const N: usize> Parameters<N> {
    /// # Errors
    /// TypeError when there are too many.
    pub fn bind<'a>(&'static self, cx: &Context, args: Args<'a>) -> PyResult<Arguments<'a, N>> {
        let (total, positional) = (args.values.len(), args.positional());
        if total > N {
            let kind = if positional.is_empty() {
                "keyword "
            } else {
                ""
            };
            return Err(self.too_many(cx, N, kind, total));
        }
        if positional.len() > self.positional {
            return Err(self.too_many(cx, self.positional, "positional ", positional.len()));
        }
        let mut values = [None; N];
        for (place, name) in self.names.iter().enumerate() {
            values[place] = positional.get(place).or_else(|| args.keyword(name));
        }
        Ok(Arguments {
            parameters: self,
            args,
            values,
        })
    }

    #[cold]
    fn too_many(&self, cx: &Context, most: usize, kind: &str, given: usize) -> Raised {
        let subject = self.subject("function");
        let plural = if most == 1 { "" } else { "s" };
        cx.type_error(format!(
            "{subject} takes at most {most} {kind}argument{plural} ({given} given)"
        ))
    }

    fn subject(&self, nameless: &str) -> String {
        match self.function {
            Some(function) => format!("{function}()"),
            None => nameless.to_owned(),
        }
    }
}

impl<'a, const N: usize> Arguments<'a, N> {
    /// Argument `place`, if it is given.
    pub fn get(&self, place: usize) -> Option<&'a Value> {
        self.values[place]
    }

    /// Argument `place`, which must be given.
    ///
    /// # Errors
    /// TypeError.
    pub fn required(&self, cx: &Context, place: usize) -> PyResult<&'a Value> {
        self.values[place].ok_or_else(|| {
            let subject = self.parameters.subject("function");
            let name = self.parameters.names[place];
            let ordinal = place + 1;
            cx.type_error(format!(
                "{subject} missing required argument '{name}' (pos {ordinal})"
            ))
        })
    }

    /// Argument `place`, which must be given, as a number.
    ///
    /// # Errors
    /// TypeError, OverflowError.
    pub fn required_number(&self, cx: &Context, place: usize) -> PyResult<i64> {
        number(cx, self.required(cx, place)?)
    }

    /// Argument `place` as a number, or 0.
    ///
    /// # Errors
    /// TypeError, OverflowError.
    pub fn number(&self, cx: &Context, place: usize) -> PyResult<i64> {
        self.values[place].map_or(Ok(0), |value| number(cx, value))
    }

    /// Raises what names mean that are left.
    ///
    /// # Errors
    /// TypeError.
    pub fn finish(&self, cx: &Context) -> PyResult<()> {
        let positional = self.args.positional().len();
        for (name, _) in self.args.keywords().iter() {
            let name = name.downcast::<Str>().map(|name| name.to_lossy());
            let name = name.as_deref().unwrap_or_default();
            let names = &self.parameters.names;
            match names.iter().position(|known| *known == name) {
                Some(place) if place < positional => {
                    let subject = self.parameters.subject("function");
                    let ordinal = place + 1;
                    return Err(cx.type_error(format!(
                        "argument for {subject} given by name ('{name}') and position ({ordinal})"
                    )));
                }
                Some(_) => {}
                None => {
                    let subject = self.parameters.subject("this function");
                    let hint = suggest::hint(name, names);
                    return Err(cx.type_error(format!(
                        "{subject} got an unexpected keyword argument '{name}'{hint}"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// A number as C's `int` holds one.
fn number(cx: &Context, value: &Value) -> PyResult<i64> {
    let number = int::index_as_i128(cx, value)?;
    if i64::try_from(number).is_err() {
        return Err(cx.overflow_error("Python int too large to convert to C long"));
    }
    match i32::try_from(number) {
        Ok(number) => Ok(number.into()),
        Err(_) if number < 0 => Err(cx.overflow_error("signed integer is less than minimum")),
        Err(_) => Err(cx.overflow_error("signed integer is greater than maximum")),
    }
}

/// The `N` bytes of a pickled state, if `value` is one: bytes, or a str of what were bytes for Python 2,
/// of the right length and with a sane byte at `place`.
///
/// # Errors
/// ValueError when such a str has characters that were no bytes.
pub fn pickled_state<const N: usize>(
    cx: &Context,
    value: Option<&Value>,
    class: &str,
    place: usize,
    is_sane: fn(u32) -> bool,
) -> PyResult<Option<[u8; N]>> {
    let Some(value) = value else {
        return Ok(None);
    };
    if let Some(bytes) = value.downcast::<Bytes>() {
        let state = <[u8; N]>::try_from(bytes.as_slice()).ok();
        return Ok(state.filter(|state| is_sane(state[place].into())));
    }
    let Some(text) = value.downcast::<Str>() else {
        return Ok(None);
    };
    if text.len() != N || !is_sane(text.code_point(place)) {
        return Ok(None);
    }
    let mut state = [0; N];
    for (byte, point) in state.iter_mut().zip(text.code_points()) {
        *byte = u8::try_from(point).map_err(|_| {
            cx.value_error(format!(
                "Failed to encode latin1 string when unpickling a {class} object. \
                 pickle.load(data, encoding='latin1') is assumed."
            ))
        })?;
    }
    Ok(Some(state))
}
