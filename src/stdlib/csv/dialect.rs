//! Dialects: how fields are told apart and quoted. A dialect never changes.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::registered;

/// Which fields are quoted; the numbers are those of the module's constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Quoting {
    Minimal,
    All,
    NonNumeric,
    None,
    Strings,
    NotNull,
}

const QUOTINGS: [Quoting; 6] = [
    Quoting::Minimal,
    Quoting::All,
    Quoting::NonNumeric,
    Quoting::None,
    Quoting::Strings,
    Quoting::NotNull,
];

pub(super) const QUOTING_NAMES: [&str; 6] = [
    "QUOTE_MINIMAL",
    "QUOTE_ALL",
    "QUOTE_NONNUMERIC",
    "QUOTE_NONE",
    "QUOTE_STRINGS",
    "QUOTE_NOTNULL",
];

/// The payload of `Dialect`.
#[pyclass(
    name = "Dialect",
    module = "_csv",
    flags(BASETYPE, IMMUTABLE),
    doc = "CSV dialect\n\nThe Dialect type records CSV parsing and generation options.\n"
)]
pub struct Dialect {
    pub(super) delimiter: u32,
    pub(super) double_quote: bool,
    pub(super) escape: Option<u32>,
    pub(super) line_terminator: Ref<Str>,
    pub(super) quote: Option<u32>,
    pub(super) quoting: Quoting,
    pub(super) skip_initial_space: bool,
    pub(super) strict: bool,
}

impl Traverse for Dialect {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.line_terminator.as_value());
    }
}

/// The settings, in the order of the constructor's parameters.
const NAMES: [&str; 8] = [
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "skipinitialspace",
    "strict",
];

/// A dialect of `class`: the settings given by name, then those of `base`, then those of `excel`.
///
/// # Errors
/// TypeError and ValueError for settings that make no sense, `_csv.Error` for an unknown dialect.
pub(super) fn from_arguments(
    cx: &Context,
    class: &Ref<Type>,
    base: Option<&Value>,
    keywords: &[(&Value, &Value)],
) -> PyResult<Ref<Dialect>> {
    let mut settings: [Option<Value>; 8] = Default::default();
    for (name, value) in keywords {
        let known = name
            .downcast::<Str>()
            .and_then(|name| NAMES.iter().position(|known| name.equals(known)));
        match known {
            Some(at) => settings[at] = Some((*value).clone()),
            None => return Err(unexpected(cx, name)),
        }
    }
    let named = match base.filter(|base| !base.is_none()) {
        Some(base) if base.downcast::<Str>().is_some() => Some(registered(cx, base)?),
        base => base.cloned(),
    };
    if let Some(base) = named {
        if let Some(dialect) = base.downcast::<Dialect>()
            && class.is(Dialect::class())
            && settings.iter().all(Option::is_none)
        {
            return Ok(dialect.clone());
        }
        for (setting, name) in settings.iter_mut().zip(NAMES) {
            if setting.is_none() {
                *setting = match attribute::get(cx, &base, Name::intern(cx, name)?) {
                    Ok(value) => Some(value),
                    Err(Raised) => {
                        cx.clear_exception();
                        None
                    }
                };
            }
        }
    }
    let dialect = Dialect::from_settings(cx, settings)?;
    dialect.check(cx)?;
    object::new_of_class(cx, class, dialect)
}

#[cold]
fn unexpected(cx: &Context, name: &Value) -> Raised {
    let name = name
        .downcast::<Str>()
        .map(|name| name.to_lossy().into_owned());
    cx.type_error(format!(
        "this function got an unexpected keyword argument '{}'",
        name.unwrap_or_default()
    ))
}

/// A setting that is one character.
fn character(cx: &Context, name: &str, value: &Value, or_none: &str) -> PyResult<u32> {
    let Some(text) = value.downcast::<Str>() else {
        let got = value.type_name();
        return Err(cx.type_error(format!(
            "\"{name}\" must be a unicode character{or_none}, not {got}"
        )));
    };
    if text.len() != 1 {
        return Err(cx.type_error(format!(
            "\"{name}\" must be a unicode character{or_none}, not a string of length {}",
            text.len()
        )));
    }
    Ok(text.code_point(0))
}

/// A setting that is one character or None.
fn optional_character(
    cx: &Context,
    name: &str,
    value: Option<&Value>,
    default: Option<u32>,
) -> PyResult<Option<u32>> {
    match value {
        None => Ok(default),
        Some(value) if value.is_none() => Ok(None),
        Some(value) => character(cx, name, value, " or None").map(Some),
    }
}

fn truth(cx: &Context, value: Option<&Value>, default: bool) -> PyResult<bool> {
    value.map_or(Ok(default), |value| value.truth(cx))
}

fn quoting(cx: &Context, value: &Value) -> PyResult<Quoting> {
    if !int::is_exact(value) {
        let got = value.type_name();
        return Err(cx.type_error(format!("\"quoting\" must be an integer, not {got}")));
    }
    let number = int::index_as_i128(cx, value)?;
    usize::try_from(number)
        .ok()
        .and_then(|number| QUOTINGS.get(number).copied())
        .ok_or_else(|| cx.type_error("bad \"quoting\" value"))
}

impl Dialect {
    /// The class, which the module's initializer has made.
    pub(super) fn class_ref() -> &'static Ref<Type> {
        Dialect::class()
    }

    fn from_settings(cx: &Context, settings: [Option<Value>; 8]) -> PyResult<Dialect> {
        let [
            delimiter,
            double_quote,
            escape,
            line_terminator,
            quote,
            quoting_value,
            skip_initial_space,
            strict,
        ] = &settings;
        let delimiter = match delimiter {
            Some(value) => character(cx, "delimiter", value, "")?,
            None => ','.into(),
        };
        let double_quote = truth(cx, double_quote.as_ref(), true)?;
        let escape = optional_character(cx, "escapechar", escape.as_ref(), None)?;
        let line_terminator = match line_terminator {
            None => Str::from_str(cx, "\r\n")?,
            Some(value) => value.downcast::<Str>().cloned().ok_or_else(|| {
                let got = value.type_name();
                cx.type_error(format!("\"lineterminator\" must be a string, not {got}"))
            })?,
        };
        let quote_value = quote.as_ref();
        let quote = optional_character(cx, "quotechar", quote_value, Some('"'.into()))?;
        let mut how = match quoting_value {
            Some(value) => quoting(cx, value)?,
            None => Quoting::Minimal,
        };
        let skip_initial_space = truth(cx, skip_initial_space.as_ref(), false)?;
        let strict = truth(cx, strict.as_ref(), false)?;
        if quote_value.is_some_and(Value::is_none) && quoting_value.is_none() {
            how = Quoting::None;
        }
        Ok(Dialect {
            delimiter,
            double_quote,
            escape,
            line_terminator,
            quote,
            quoting: how,
            skip_initial_space,
            strict,
        })
    }

    /// Whether every character has one meaning.
    fn check(&self, cx: &Context) -> PyResult<()> {
        if self.quoting != Quoting::None && self.quote.is_none() {
            return Err(cx.type_error("quotechar must be set if quoting enabled"));
        }
        let space_allowed = !self.skip_initial_space;
        self.check_character(cx, "delimiter", Some(self.delimiter), true)?;
        self.check_character(cx, "escapechar", self.escape, space_allowed)?;
        self.check_character(cx, "quotechar", self.quote, space_allowed)?;
        let delimiter = ("delimiter", Some(self.delimiter));
        let escape = ("escapechar", self.escape);
        let quote = ("quotechar", self.quote);
        for (first, second) in [(delimiter, escape), (delimiter, quote), (escape, quote)] {
            if first.1.is_some() && first.1 == second.1 {
                return Err(cx.value_error(format!("bad {} or {} value", first.0, second.0)));
            }
        }
        Ok(())
    }

    fn check_character(
        &self,
        cx: &Context,
        name: &str,
        point: Option<u32>,
        space_allowed: bool,
    ) -> PyResult<()> {
        let Some(point) = point else {
            return Ok(());
        };
        if is_line_end(point) || point == u32::from(' ') && !space_allowed {
            return Err(cx.value_error(format!("bad {name} value")));
        }
        if self.line_terminator.code_points().any(|end| end == point) {
            return Err(cx.value_error(format!("bad {name} or lineterminator value")));
        }
        Ok(())
    }

    /// Whether empty fields that are not quoted are None.
    pub(super) fn has_nulls(&self) -> bool {
        matches!(self.quoting, Quoting::Strings | Quoting::NotNull)
    }
}

pub(super) fn is_line_end(point: u32) -> bool {
    point == u32::from('\n') || point == u32::from('\r')
}

fn shown(cx: &Context, point: Option<u32>) -> PyResult<Value> {
    match point {
        Some(point) => Str::from_code_point(cx, point).map(Ref::into_value),
        None => Ok(Value::NONE),
    }
}

#[pymethods]
impl Dialect {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let positional = args.positional();
        if positional.len() > 1 + NAMES.len() {
            return Err(cx.type_error(format!(
                "function takes at most {} arguments ({} given)",
                1 + NAMES.len(),
                args.values.len()
            )));
        }
        // The interned names of settings that are given by position.
        let mut names = Vec::new();
        for name in NAMES.iter().take(positional.len().saturating_sub(1)) {
            names.push(Str::from_str(cx, name)?.into_value());
        }
        let mut base = positional.first();
        let mut keywords: Vec<(&Value, &Value)> = Vec::new();
        keywords.extend(names.iter().zip(positional.iter().skip(1)));
        for (name, value) in args.keywords().iter() {
            let is_base = name
                .downcast::<Str>()
                .is_some_and(|name| name.equals("dialect"));
            if is_base {
                base = Some(value);
            } else {
                keywords.push((name, value));
            }
        }
        from_arguments(cx, class, base, &keywords).map(Ref::into_value)
    }

    #[getter]
    fn delimiter(cx: &Context, this: &Ref<Dialect>) -> PyResult<Value> {
        shown(cx, Some(this.delimiter))
    }

    #[getter]
    fn doublequote(_cx: &Context, this: &Ref<Dialect>) -> PyResult<bool> {
        Ok(this.double_quote)
    }

    #[getter]
    fn escapechar(cx: &Context, this: &Ref<Dialect>) -> PyResult<Value> {
        shown(cx, this.escape)
    }

    #[getter]
    fn lineterminator(_cx: &Context, this: &Ref<Dialect>) -> PyResult<Ref<Str>> {
        Ok(this.line_terminator.clone())
    }

    #[getter]
    fn quotechar(cx: &Context, this: &Ref<Dialect>) -> PyResult<Value> {
        shown(cx, this.quote)
    }

    #[getter]
    fn quoting(_cx: &Context, this: &Ref<Dialect>) -> PyResult<usize> {
        Ok(this.quoting as usize)
    }

    #[getter]
    fn skipinitialspace(_cx: &Context, this: &Ref<Dialect>) -> PyResult<bool> {
        Ok(this.skip_initial_space)
    }

    #[getter]
    fn strict(_cx: &Context, this: &Ref<Dialect>) -> PyResult<bool> {
        Ok(this.strict)
    }

    /// raises an exception to avoid pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Dialect>) -> PyResult<()> {
        let name = this.class_of().short_name();
        Err(cx.type_error(format!("cannot pickle '{name}' instances")))
    }

    /// raises an exception to avoid pickling
    #[method("__reduce_ex__(self, protocol, /)")]
    fn reduce_ex(cx: &Context, this: &Ref<Dialect>, _protocol: &Value) -> PyResult<()> {
        Dialect::reduce(cx, this)
    }
}
