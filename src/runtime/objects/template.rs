//! Template strings (PEP 750): `Template`, which a t-string makes, and `Interpolation`, one `{…}` of it.
//!
//! A template has one string more than it has interpolations: they alternate, and a string stands at both
//! ends.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, Parameter, Signature};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::text;
use crate::value::Value;

/// The payload of `Interpolation`.
#[pyclass(
    name = "Interpolation",
    module = "string.templatelib",
    doc = "Interpolation object"
)]
pub struct Interpolation {
    value: Value,
    expression: Ref<Str>,
    /// `'a'`, `'r'`, `'s'` or None.
    conversion: Value,
    format_spec: Ref<Str>,
}

impl Traverse for Interpolation {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.value);
        visit(self.expression.as_value());
        visit(&self.conversion);
        visit(self.format_spec.as_value());
    }
}

/// What `BUILD_INTERPOLATION` makes. `conversion` is the instruction's: 0 none, 1 `!s`, 2 `!r`, 3 `!a`.
///
/// # Errors
/// MemoryError.
pub fn new_interpolation(
    cx: &Context,
    value: &Value,
    expression: &Value,
    conversion: u32,
    format_spec: Option<&Value>,
) -> PyResult<Value> {
    let conversion = match conversion {
        1 => Str::latin1_char(b's').into_value(),
        2 => Str::latin1_char(b'r').into_value(),
        3 => Str::latin1_char(b'a').into_value(),
        _ => Value::NONE,
    };
    let text = |value: &Value| value.downcast::<Str>().cloned().unwrap_or_else(Str::empty);
    let interpolation = Interpolation {
        value: value.clone(),
        expression: text(expression),
        conversion,
        format_spec: format_spec.map_or_else(Str::empty, text),
    };
    object::new(cx, interpolation).map(Ref::into_value)
}

#[pymethods]
impl Interpolation {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = Signature {
            name: "Interpolation",
            text: "(value, expression='', conversion=None, format_spec='')",
            parameters: &[
                Parameter::required("value"),
                Parameter::optional("expression"),
                Parameter::optional("conversion"),
                Parameter::optional("format_spec"),
            ],
            positional_only: 0,
            positional: 4,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None; 4];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let text = |name: &str, value: Option<&Value>| -> PyResult<Ref<Str>> {
            let Some(value) = value else {
                return Ok(Str::empty());
            };
            value.downcast::<Str>().cloned().ok_or_else(|| {
                let got = value.type_name_for_argument();
                cx.type_error(format!(
                    "Interpolation() argument '{name}' must be str, not {got}"
                ))
            })
        };
        let [value, expression, conversion, format_spec] = bound;
        let expression = text("expression", expression)?;
        let conversion = match conversion.filter(|conversion| !conversion.is_none()) {
            None => Value::NONE,
            given => {
                let given = text("conversion", given)?;
                if !["s", "a", "r"].iter().any(|known| given.equals(known)) {
                    return Err(cx.value_error(
                        "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'",
                    ));
                }
                given.into_value()
            }
        };
        let format_spec = text("format_spec", format_spec)?;
        let value = value.cloned().unwrap_or(Value::NONE);
        object::new_of_class(
            cx,
            class,
            Interpolation {
                value,
                expression,
                conversion,
                format_spec,
            },
        )
        .map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Interpolation>) -> PyResult<Value> {
        text::repr_sequence(
            cx,
            this.as_value(),
            &this.parts(),
            "Interpolation(",
            ")",
            "Interpolation(...)",
        )
    }

    /// Value
    #[getter]
    fn value(_cx: &Context, this: &Ref<Interpolation>) -> PyResult<Value> {
        Ok(this.value.clone())
    }

    /// Expression
    #[getter]
    fn expression(_cx: &Context, this: &Ref<Interpolation>) -> PyResult<Value> {
        Ok(this.expression.to_value())
    }

    /// Conversion
    #[getter]
    fn conversion(_cx: &Context, this: &Ref<Interpolation>) -> PyResult<Value> {
        Ok(this.conversion.clone())
    }

    /// Format specifier
    #[getter]
    fn format_spec(_cx: &Context, this: &Ref<Interpolation>) -> PyResult<Value> {
        Ok(this.format_spec.to_value())
    }

    /// __reduce__() -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Interpolation>) -> PyResult<Ref<Tuple>> {
        let state = Tuple::from_values(cx, &this.parts())?;
        Tuple::from_values(cx, &[this.class_of().to_value(), state.into_value()])
    }

    /// Interpolations are generic over the types of their values
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

impl Interpolation {
    fn parts(&self) -> [Value; 4] {
        [
            self.value.clone(),
            self.expression.to_value(),
            self.conversion.clone(),
            self.format_spec.to_value(),
        ]
    }
}

/// The payload of `Template`.
#[pyclass(
    name = "Template",
    module = "string.templatelib",
    doc = "Template object"
)]
pub struct Template {
    strings: Ref<Tuple>,
    interpolations: Ref<Tuple>,
}

impl Traverse for Template {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.strings.as_value());
        visit(self.interpolations.as_value());
    }
}

/// What `BUILD_TEMPLATE` makes of a tuple of strings and a tuple of interpolations.
///
/// # Errors
/// MemoryError.
pub fn new_template(cx: &Context, strings: &Value, interpolations: &Value) -> PyResult<Value> {
    let tuple = |value: &Value| {
        value
            .downcast::<Tuple>()
            .cloned()
            .unwrap_or_else(Tuple::empty)
    };
    object::new(
        cx,
        Template {
            strings: tuple(strings),
            interpolations: tuple(interpolations),
        },
    )
    .map(Ref::into_value)
}

impl Template {
    /// Strings and interpolations from parts in any order: strings side by side are joined, and empty ones
    /// put between interpolations.
    fn from_parts(cx: &Context, class: &Ref<Type>, parts: &[Value]) -> PyResult<Value> {
        let mut strings: Vec<Value> = Vec::new();
        let mut interpolations: Vec<Value> = Vec::new();
        let mut pending: Vec<Ref<Str>> = Vec::new();
        let close = |pending: &mut Vec<Ref<Str>>| {
            Str::join(cx, None, &std::mem::take(pending)).map(Ref::into_value)
        };
        for part in parts {
            if let Some(string) = part.downcast::<Str>() {
                pending.push(string.clone());
            } else if part.downcast::<Interpolation>().is_some() {
                strings.push(close(&mut pending)?);
                interpolations.push(part.clone());
            } else {
                return Err(cx.type_error(format!(
                    "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                    part.type_name()
                )));
            }
        }
        strings.push(close(&mut pending)?);
        let template = Template {
            strings: Tuple::from_vec(cx, strings)?,
            interpolations: Tuple::from_vec(cx, interpolations)?,
        };
        object::new_of_class(cx, class, template).map(Ref::into_value)
    }

    /// Strings and interpolations as they alternate; empty strings are left out.
    fn parts(&self) -> Vec<Value> {
        let mut parts = Vec::new();
        let interpolations = self.interpolations.as_slice();
        for (at, string) in self.strings.as_slice().iter().enumerate() {
            if string
                .downcast::<Str>()
                .is_some_and(|string| !string.is_empty())
            {
                parts.push(string.clone());
            }
            parts.extend(interpolations.get(at).cloned());
        }
        parts
    }
}

#[pymethods]
impl Template {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("Template.__new__ only accepts *args arguments"));
        }
        Template::from_parts(cx, class, args.positional())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Template>) -> PyResult<Value> {
        let strings = text::repr(cx, this.strings.as_value())?;
        let interpolations = text::repr(cx, this.interpolations.as_value())?;
        let mut repr = crate::objects::str_::StrBuilder::new();
        repr.push_text("Template(strings=");
        repr.push_str(&strings);
        repr.push_text(", interpolations=");
        repr.push_str(&interpolations);
        repr.push_text(")");
        repr.finish_value(cx)
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Template>) -> PyResult<Value> {
        let parts = Tuple::from_vec(cx, this.parts())?;
        object::new(
            cx,
            TemplateIterator {
                parts,
                position: AtomicUsize::new(0),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<Template>, other: &Value) -> PyResult<Value> {
        let Some(other) = other.downcast::<Template>() else {
            return Err(cx.type_error(format!(
                "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
                other.type_name()
            )));
        };
        let mut strings = this.strings.to_vec();
        let mut interpolations = this.interpolations.to_vec();
        let others = other.strings.as_slice();
        let last = strings
            .pop()
            .and_then(|string| string.into_ref::<Str>().ok());
        let first = others.first().and_then(|string| string.downcast::<Str>());
        if let (Some(last), Some(first)) = (last, first) {
            strings.push(last.concat(cx, first)?.into_value());
        }
        strings.extend(others.iter().skip(1).cloned());
        interpolations.extend_from_slice(other.interpolations.as_slice());
        let template = Template {
            strings: Tuple::from_vec(cx, strings)?,
            interpolations: Tuple::from_vec(cx, interpolations)?,
        };
        object::new(cx, template).map(Ref::into_value)
    }

    /// Strings
    #[getter]
    fn strings(_cx: &Context, this: &Ref<Template>) -> PyResult<Value> {
        Ok(this.strings.to_value())
    }

    /// Interpolations
    #[getter]
    fn interpolations(_cx: &Context, this: &Ref<Template>) -> PyResult<Value> {
        Ok(this.interpolations.to_value())
    }

    /// Values of interpolations
    #[getter]
    fn values(cx: &Context, this: &Ref<Template>) -> PyResult<Ref<Tuple>> {
        let interpolations = this.interpolations.as_slice().iter();
        let values = interpolations
            .filter_map(|part| part.downcast::<Interpolation>())
            .map(|part| part.value.clone());
        Tuple::from_vec(cx, values.collect())
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Template>) -> PyResult<Ref<Tuple>> {
        let rebuild =
            crate::import::import_attribute(cx, "string.templatelib", "_template_unpickle")?;
        let state = Tuple::from_values(
            cx,
            &[this.strings.to_value(), this.interpolations.to_value()],
        )?;
        Tuple::from_values(cx, &[rebuild, state.into_value()])
    }

    /// Template supports [] for generic usage
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

/// Iterator over the parts of a template.
#[pyclass(
    name = "TemplateIter",
    module = "string.templatelib",
    flags(DISALLOW_INSTANTIATION),
    doc = "Template iterator object"
)]
pub struct TemplateIterator {
    parts: Ref<Tuple>,
    position: AtomicUsize,
}

impl Traverse for TemplateIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.parts.as_value());
    }
}

#[pymethods]
impl TemplateIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(_cx: &Context, this: &Ref<TemplateIterator>) -> PyResult<Option<Value>> {
        let position = this.position.load(Ordering::Relaxed);
        let part = this.parts.as_slice().get(position).cloned();
        if part.is_some() {
            this.position.store(position + 1, Ordering::Relaxed);
        }
        Ok(part)
    }
}

/// Gives the classes the attributes that are no methods, once they exist.
///
/// # Errors
/// MemoryError.
pub(crate) fn finish_classes(cx: &Context) -> PyResult<()> {
    let mut names = Vec::new();
    for name in ["value", "expression", "conversion", "format_spec"] {
        names.push(Name::intern(cx, name)?.to_value());
    }
    let match_args = Tuple::from_vec(cx, names)?.into_value();
    Interpolation::class().dict.set_name(
        cx,
        crate::objects::str_::names::dunder_match_args(),
        match_args,
    )
}
