//! How native code is called, and how arguments become Rust values.
//!
//! The calling convention: a slice of values, of which the last `names.len()` are keyword arguments
//! named by `names` (the convention of PEP 590). The values belong to the caller.

use std::mem::MaybeUninit;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{Payload, Ref};
use crate::objects::native;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::objects::{float, int};
use crate::protocols::suggest;
use crate::value::Value;

/// The arguments of a call.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    /// Positional arguments, then the values of keyword arguments.
    pub values: &'a [Value],
    /// Names of the keyword arguments: interned or not, always `str`.
    pub names: &'a [Value],
}

impl<'a> Args<'a> {
    /// No arguments.
    pub const NONE: Args<'static> = Args {
        values: &[],
        names: &[],
    };

    /// Positional arguments only.
    #[inline]
    pub fn positional_only(values: &'a [Value]) -> Args<'a> {
        Args { values, names: &[] }
    }

    /// The positional arguments.
    #[inline]
    pub fn positional(&self) -> &'a [Value] {
        &self.values[..self.values.len() - self.names.len()]
    }

    /// The keyword arguments.
    #[inline]
    pub fn keywords(&self) -> Keywords<'a> {
        Keywords {
            names: self.names,
            values: &self.values[self.values.len() - self.names.len()..],
        }
    }

    /// Calls `work` with `this` in front of the arguments.
    pub fn with_this<R>(&self, this: &Value, work: impl FnOnce(Args<'_>) -> R) -> R {
        const FEW: usize = 8;
        let count = self.values.len() + 1;
        if count > FEW {
            let mut values = Vec::with_capacity(count);
            values.push(this.clone());
            values.extend_from_slice(self.values);
            return work(Args {
                values: &values,
                names: self.names,
            });
        }
        let mut words = [const { MaybeUninit::<Value>::uninit() }; FEW];
        let start = words.as_mut_ptr().cast::<Value>();
        // SAFETY: there is room for `count` words, which are not dropped: the originals have the counts,
        // and outlive the borrow.
        let values = unsafe {
            std::ptr::copy_nonoverlapping(this, start, 1);
            std::ptr::copy_nonoverlapping(self.values.as_ptr(), start.add(1), self.values.len());
            std::slice::from_raw_parts(start, count)
        };
        work(Args {
            values,
            names: self.names,
        })
    }

    /// The arguments after the first positional one.
    pub fn rest(&self) -> Args<'a> {
        debug_assert!(!self.positional().is_empty());
        Args {
            values: &self.values[1..],
            names: self.names,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The keyword argument `name`.
    pub fn keyword(&self, name: &str) -> Option<&'a Value> {
        self.keywords().get(name)
    }
}

/// Keyword arguments: `**kwargs`.
#[derive(Clone, Debug, Default)]
pub struct Keywords<'a> {
    names: &'a [Value],
    values: &'a [Value],
}

impl<'a> Keywords<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Names (each a `str`) and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Value, &'a Value)> + use<'a> {
        self.names.iter().zip(self.values)
    }

    /// The value for `name`.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.iter()
            .find(|(key, _)| is_named(key, name))
            .map(|(_, value)| value)
    }
}

fn is_named(key: &Value, name: &str) -> bool {
    key.downcast::<Str>().is_some_and(|key| key.equals(name))
}

/// A function that Python can call: context, receiver (or module), arguments.
pub type NativeCall = fn(&Context, &Value, Args<'_>) -> PyResult<Value>;

/// What a built-in function is.
pub struct FunctionSpec {
    /// Its Python name.
    pub name: &'static str,
    /// Its docstring, maybe empty.
    pub doc: &'static str,
    /// Its parameters.
    pub signature: &'static Signature,
    /// Its code.
    pub call: NativeCall,
}

/// One parameter that takes one argument.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub required: bool,
}

impl Parameter {
    /// A parameter that must be given.
    pub const fn required(name: &'static str) -> Parameter {
        Parameter {
            name,
            required: true,
        }
    }

    /// A parameter that may be left out.
    pub const fn optional(name: &'static str) -> Parameter {
        Parameter {
            name,
            required: false,
        }
    }
}

/// TypeError for a keyword that is none of the `known` ones, with the one that may be meant.
#[cold]
pub fn unexpected_keyword(
    cx: &Context,
    function: &str,
    keyword: &str,
    known: &[impl AsRef<str>],
) -> Raised {
    let hint = suggest::hint(keyword, known);
    cx.type_error(format!(
        "{function}() got an unexpected keyword argument '{keyword}'{hint}"
    ))
}

/// The parameters of a built-in function. Order: positional-only, positional-or-keyword, keyword-only.
#[derive(Debug)]
pub struct Signature {
    /// The function's name, for messages.
    pub name: &'static str,
    /// As Python writes it, with the receiver: `(self, object, /)`.
    pub text: &'static str,
    pub parameters: &'static [Parameter],
    /// How many are positional-only.
    pub positional_only: usize,
    /// How many can be given by position.
    pub positional: usize,
    /// Whether there is `*args`.
    pub var_positional: bool,
    /// Whether there is `**kwargs`.
    pub var_keyword: bool,
}

/// What `*args` and `**kwargs` take.
#[derive(Default)]
pub struct Rest<'a> {
    pub positional: &'a [Value],
    pub keywords: Vec<(&'a Value, &'a Value)>,
}

impl Signature {
    /// The arguments of a function that takes exactly `N`, by position.
    ///
    /// # Errors
    /// TypeError when they are more, fewer or named.
    #[inline]
    pub fn exactly<'a, const N: usize>(
        &self,
        cx: &Context,
        this: &Value,
        args: Args<'a>,
    ) -> PyResult<&'a [Value; N]> {
        if args.names.is_empty()
            && let Ok(values) = <&[Value; N]>::try_from(args.values)
        {
            return Ok(values);
        }
        Err(self.exactly_slow(cx, this, args, N))
    }

    #[cold]
    fn exactly_slow(&self, cx: &Context, this: &Value, args: Args<'_>, wanted: usize) -> Raised {
        let name = self.name;
        let qualified = match native::qualified_name(cx, this, name) {
            Ok(qualified) => qualified,
            Err(raised) => return raised,
        };
        if !args.names.is_empty() {
            return cx.type_error(format!("{qualified}() takes no keyword arguments"));
        }
        let given = args.values.len();
        match wanted {
            0 => cx.type_error(format!("{qualified}() takes no arguments ({given} given)")),
            1 => cx.type_error(format!(
                "{qualified}() takes exactly one argument ({given} given)"
            )),
            _ => cx.type_error(format!(
                "{name} expected {wanted} argument{}, got {given}",
                plural(wanted)
            )),
        }
    }

    /// Binds arguments to parameters: `bound[i]` is the argument of `parameters[i]`.
    ///
    /// # Errors
    /// TypeError when they do not fit.
    #[inline]
    pub fn bind<'a>(
        &self,
        cx: &Context,
        args: Args<'a>,
        bound: &mut [Option<&'a Value>],
    ) -> PyResult<Rest<'a>> {
        // The commonest call: by position only, and none is missing.
        let given = args.values.len();
        if args.names.is_empty()
            && given <= self.positional
            && !self.parameters[given..]
                .iter()
                .any(|parameter| parameter.required)
        {
            for (place, value) in bound.iter_mut().zip(args.values) {
                *place = Some(value);
            }
            return Ok(Rest::default());
        }
        self.bind_any(cx, args, bound)
    }

    /// [`Signature::bind`] of any arguments.
    #[inline(never)]
    fn bind_any<'a>(
        &self,
        cx: &Context,
        args: Args<'a>,
        bound: &mut [Option<&'a Value>],
    ) -> PyResult<Rest<'a>> {
        let positional = args.positional();
        let taken = positional.len().min(self.positional);
        for (place, value) in bound.iter_mut().zip(&positional[..taken]) {
            *place = Some(value);
        }
        let mut rest = Rest::default();
        if positional.len() > self.positional {
            if !self.var_positional {
                return Err(self.too_many(cx, args));
            }
            rest.positional = &positional[self.positional..];
        }
        for (key, value) in args.keywords().iter() {
            let found = self.parameters[self.positional_only..]
                .iter()
                .position(|parameter| is_named(key, parameter.name))
                .map(|index| index + self.positional_only);
            match found {
                Some(index) if bound[index].is_none() => bound[index] = Some(value),
                Some(index) => {
                    return Err(cx.type_error(format!(
                        "argument for {}() given by name ('{}') and position ({})",
                        self.name,
                        self.parameters[index].name,
                        index + 1
                    )));
                }
                None if self.var_keyword => rest.keywords.push((key, value)),
                None => return Err(self.unexpected_keyword(cx, key)),
            }
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            if parameter.required && bound[index].is_none() {
                return Err(self.missing(cx, args, index));
            }
        }
        Ok(rest)
    }

    #[cold]
    fn unexpected_keyword(&self, cx: &Context, key: &Value) -> Raised {
        let name = self.name;
        if self.positional_only == self.parameters.len() {
            return cx.type_error(format!("{name}() takes no keyword arguments"));
        }
        let key = key
            .downcast::<Str>()
            .map(|key| key.to_string())
            .unwrap_or_default();
        if self.parameters[..self.positional_only]
            .iter()
            .any(|parameter| parameter.name == key)
        {
            return cx.type_error(format!(
                "{name}() got some positional-only arguments passed as keyword arguments: '{key}'"
            ));
        }
        let known: Vec<&str> = self.parameters[self.positional_only..]
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        unexpected_keyword(cx, name, &key, &known)
    }

    #[cold]
    fn too_many(&self, cx: &Context, args: Args<'_>) -> Raised {
        let name = self.name;
        let given = args.positional().len();
        let required = self.parameters[..self.positional]
            .iter()
            .filter(|p| p.required)
            .count();
        if self.positional == 0 && self.parameters.is_empty() {
            return cx.type_error(format!("{name}() takes no arguments ({given} given)"));
        }
        if self.positional_only == self.parameters.len() {
            let bound = if required == self.positional {
                ""
            } else {
                "at most "
            };
            let wanted = self.positional;
            return cx.type_error(format!(
                "{name} expected {bound}{wanted} argument{}, got {given}",
                plural(wanted)
            ));
        }
        if self.positional == 0 {
            return cx.type_error(format!("{name}() takes no positional arguments"));
        }
        let bound = if required == self.positional {
            "exactly"
        } else {
            "at most"
        };
        let wanted = self.positional;
        let kind = if self.parameters.len() > self.positional {
            "positional "
        } else {
            ""
        };
        cx.type_error(format!(
            "{name}() takes {bound} {wanted} {kind}argument{} ({given} given)",
            plural(wanted)
        ))
    }

    #[cold]
    fn missing(&self, cx: &Context, args: Args<'_>, index: usize) -> Raised {
        let name = self.name;
        if index < self.positional_only {
            let required = self.parameters[..self.positional]
                .iter()
                .filter(|p| p.required)
                .count();
            let bound = if required == self.positional && !self.var_positional {
                ""
            } else {
                "at least "
            };
            let given = args.positional().len();
            if self.positional_only < self.parameters.len() {
                let wanted = self.parameters[..self.positional_only]
                    .iter()
                    .filter(|p| p.required)
                    .count();
                let bound = if wanted == self.positional {
                    "exactly"
                } else {
                    "at least"
                };
                return cx.type_error(format!(
                    "{name}() takes {bound} {wanted} positional argument{} ({given} given)",
                    plural(wanted)
                ));
            }
            return cx.type_error(format!(
                "{name} expected {bound}{required} argument{}, got {given}",
                plural(required)
            ));
        }
        let parameter = self.parameters[index].name;
        if index < self.positional {
            cx.type_error(format!(
                "{name}() missing required argument '{parameter}' (pos {})",
                index + 1
            ))
        } else {
            cx.type_error(format!(
                "{name}() missing required keyword-only argument: '{parameter}'"
            ))
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Where an argument stands, for messages.
#[derive(Debug)]
pub struct Place {
    pub function: &'static str,
    /// From 1; 0 when there is no other.
    pub position: usize,
    pub name: &'static str,
    pub by_name: bool,
}

impl Place {
    /// Raises `f() argument 1 must be X, not Y`.
    #[cold]
    pub fn wrong_type(&self, cx: &Context, expected: &str, value: &Value) -> Raised {
        let function = self.function;
        let got = value.type_name_for_argument();
        if self.by_name {
            cx.type_error(format!(
                "{function}() argument '{}' must be {expected}, not {got}",
                self.name
            ))
        } else if self.position == 0 {
            cx.type_error(format!(
                "{function}() argument must be {expected}, not {got}"
            ))
        } else {
            cx.type_error(format!(
                "{function}() argument {} must be {expected}, not {got}",
                self.position
            ))
        }
    }
}

/// Rust types that a parameter can have.
pub trait FromArgument<'a>: Sized {
    /// Converts one argument.
    ///
    /// # Errors
    /// TypeError and what the conversion raises.
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self>;
}

impl<'a> FromArgument<'a> for &'a Value {
    #[inline(always)]
    fn from_argument(_: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        Ok(value)
    }
}

impl<'a> FromArgument<'a> for Value {
    #[inline(always)]
    fn from_argument(_: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        Ok(value.clone())
    }
}

impl<'a, T: Payload + crate::class::PyClass> FromArgument<'a> for &'a Ref<T> {
    #[inline]
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        value
            .downcast::<T>()
            .ok_or_else(|| place.wrong_type(cx, T::NAME, value))
    }
}

impl<'a, T: Payload + crate::class::PyClass> FromArgument<'a> for Ref<T> {
    #[inline]
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        <&Ref<T>>::from_argument(cx, value, place).cloned()
    }
}

/// `None` for Python's None.
impl<'a, T: FromArgument<'a>> FromArgument<'a> for Option<T> {
    #[inline]
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        if value.is_none() {
            Ok(None)
        } else {
            T::from_argument(cx, value, place).map(Some)
        }
    }
}

/// An argument that may be left out; Python's None counts as given.
#[derive(Debug)]
pub struct Maybe<T>(pub Option<T>);

impl<'a, T: FromArgument<'a>> FromArgument<'a> for Maybe<T> {
    #[inline]
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        T::from_argument(cx, value, place).map(|value| Maybe(Some(value)))
    }
}

/// Truth of any object.
impl<'a> FromArgument<'a> for bool {
    #[inline]
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        value.truth(cx)
    }
}

/// A number: float, int, or anything with `__float__` or `__index__`.
impl<'a> FromArgument<'a> for f64 {
    #[inline]
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        float::as_f64(cx, value)
    }
}

macro_rules! from_index {
    ($($ty:ty: $c_name:literal),*) => {
        $(
            impl<'a> FromArgument<'a> for $ty {
                #[inline]
                fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
                    if let Some(number) = value.as_small_int()
                        && let Ok(number) = <$ty>::try_from(number)
                    {
                        return Ok(number);
                    }
                    let number = int::index_as_i128(cx, value)?;
                    <$ty>::try_from(number).map_err(|_| {
                        if number < 0 && <$ty>::MIN == 0 {
                            cx.value_error("value must be positive")
                        } else {
                            cx.overflow_error(concat!("Python int too large to convert to C ", $c_name))
                        }
                    })
                }
            }
        )*
    };
}

from_index!(i32: "int", u32: "unsigned int", i64: "long", u64: "unsigned long", isize: "ssize_t", usize: "size_t", u8: "unsigned char", u16: "unsigned short", i8: "char", i16: "short");

impl<'a> FromArgument<'a> for String {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        <&Ref<Str>>::from_argument(cx, value, place)?
            .to_utf8(cx)
            .map(std::borrow::Cow::into_owned)
    }
}

/// Types that a default written in a signature converts to.
pub trait FromDefault: Sized {
    /// Converts the default.
    ///
    /// # Errors
    /// As the conversion of an argument.
    fn from_default(cx: &Context, value: Value) -> PyResult<Self>;
}

impl<T: for<'a> FromArgument<'a>> FromDefault for T {
    fn from_default(cx: &Context, value: Value) -> PyResult<Self> {
        const PLACE: Place = Place {
            function: "default",
            position: 0,
            name: "",
            by_name: false,
        };
        T::from_argument(cx, &value, &PLACE)
    }
}

/// Rust values that become Python values.
pub trait IntoValue {
    /// The Python value.
    ///
    /// # Errors
    /// MemoryError.
    fn into_value(self, cx: &Context) -> PyResult<Value>;
}

impl IntoValue for Value {
    #[inline(always)]
    fn into_value(self, _: &Context) -> PyResult<Value> {
        Ok(self)
    }
}

impl IntoValue for () {
    fn into_value(self, _: &Context) -> PyResult<Value> {
        Ok(Value::NONE)
    }
}

impl IntoValue for bool {
    fn into_value(self, _: &Context) -> PyResult<Value> {
        Ok(Value::from_bool(self))
    }
}

impl IntoValue for f64 {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        float::from_f64(cx, self)
    }
}

macro_rules! into_int {
    ($($ty:ty),*) => {
        $(
            impl IntoValue for $ty {
                fn into_value(self, cx: &Context) -> PyResult<Value> {
                    match i64::try_from(self) {
                        Ok(number) => int::from_i64(cx, number),
                        Err(_) => int::from_bigint(cx, self.into()),
                    }
                }
            }
        )*
    };
}

into_int!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize, i128);

impl IntoValue for num_bigint::BigInt {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        int::from_bigint(cx, self)
    }
}

impl IntoValue for &str {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        Str::from_str(cx, self).map(Ref::into_value)
    }
}

impl IntoValue for String {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        self.as_str().into_value(cx)
    }
}

impl<T: Payload> IntoValue for Ref<T> {
    fn into_value(self, _: &Context) -> PyResult<Value> {
        Ok(Ref::into_value(self))
    }
}

/// `None` becomes Python's None.
impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        match self {
            Some(value) => value.into_value(cx),
            None => Ok(Value::NONE),
        }
    }
}

/// What a built-in function may return: a value or a `PyResult` of one.
pub trait IntoResult {
    /// The result as the calling convention has it.
    ///
    /// # Errors
    /// What the function raised.
    fn into_result(self, cx: &Context) -> PyResult<Value>;
}

impl<T: IntoValue> IntoResult for PyResult<T> {
    #[inline(always)]
    fn into_result(self, cx: &Context) -> PyResult<Value> {
        self.and_then(|value| value.into_value(cx))
    }
}

/// The receiver of a method as its payload.
///
/// # Errors
/// TypeError when it is something else.
#[inline]
pub fn receiver<'a, T: Payload + crate::class::PyClass>(
    cx: &Context,
    this: &'a Value,
    method: &str,
) -> PyResult<&'a Ref<T>> {
    this.downcast::<T>().ok_or_else(|| {
        cx.type_error(format!(
            "descriptor '{method}' for '{}' objects doesn't apply to a '{}' object",
            T::NAME,
            this.type_name()
        ))
    })
}

/// The receiver of a class method.
#[inline]
pub fn receiver_class(this: &Value) -> &Ref<Type> {
    this.downcast::<Type>()
        .expect("invariant: class methods are bound to classes")
}

/// The payload behind a slot's receiver: slots are called on objects of their own class only.
#[inline]
pub fn payload<T: Payload>(this: &Value) -> &Ref<T> {
    this.downcast::<T>()
        .expect("invariant: a slot is called on an object of its class")
}
