//! Structural pattern matching (PEP 634).

use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::set::Set;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, classes, text};
use crate::value::Value;

/// `MATCH_MAPPING`.
pub(super) fn is_mapping(subject: &Value) -> bool {
    subject.class().has(ClassFlags::MAPPING)
}

/// `MATCH_SEQUENCE`.
pub(super) fn is_sequence(subject: &Value) -> bool {
    subject.class().has(ClassFlags::SEQUENCE)
}

/// `MATCH_CLASS`: a tuple of the attributes that the patterns bind, or None.
///
/// # Errors
/// TypeError for patterns that cannot be, and what attribute access raises.
pub(super) fn match_class(
    cx: &Context,
    subject: &Value,
    class: &Value,
    positional: usize,
    keywords: &Value,
) -> PyResult<Value> {
    let Some(kind) = class.downcast::<Type>() else {
        return Err(cx.type_error("called match pattern must be a class"));
    };
    if !classes::is_instance(cx, subject, class)? {
        return Ok(Value::NONE);
    }
    let mut seen: Vec<Name> = Vec::new();
    let mut attributes = Vec::new();
    let mut add = |name: Name, attributes: &mut Vec<Value>| -> PyResult<bool> {
        if seen.iter().any(|known| known.is(&name)) {
            return Err(cx.type_error(format!(
                "{}() got multiple sub-patterns for attribute {}",
                kind.short_name(),
                text::repr_text(cx, name.as_value())?
            )));
        }
        seen.push(name);
        match attribute::find(cx, subject, name)? {
            Some(value) => {
                attributes.push(value);
                Ok(true)
            }
            None => Ok(false),
        }
    };
    if positional > 0 {
        let match_args = attribute::find(cx, class, names::dunder_match_args())?;
        let (allowed, match_self) = match &match_args {
            Some(match_args) => match match_args.downcast_exact::<Tuple>() {
                Some(match_args) => (match_args.len(), false),
                None => {
                    return Err(cx.type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        kind.short_name(),
                        match_args.type_name()
                    )));
                }
            },
            None => {
                let match_self = kind.has(ClassFlags::MATCH_SELF);
                (usize::from(match_self), match_self)
            }
        };
        if allowed < positional {
            let plural = if allowed == 1 { "" } else { "s" };
            return Err(cx.type_error(format!(
                "{}() accepts {allowed} positional sub-pattern{plural} ({positional} given)",
                kind.short_name()
            )));
        }
        if match_self {
            attributes.push(subject.clone());
        } else if let Some(match_args) = match_args
            .as_ref()
            .and_then(|args| args.downcast_exact::<Tuple>())
        {
            for name in &match_args.as_slice()[..positional] {
                let Some(name) = name.downcast_exact::<Str>() else {
                    return Err(cx.type_error(format!(
                        "__match_args__ elements must be strings (got {})",
                        name.type_name()
                    )));
                };
                if !add(Name::from_string(name), &mut attributes)? {
                    return Ok(Value::NONE);
                }
            }
        }
    }
    let keywords = keywords
        .downcast::<Tuple>()
        .expect("invariant: the compiler pushes a tuple");
    for name in keywords.as_slice() {
        let name = name
            .downcast::<Str>()
            .expect("invariant: the compiler pushes names");
        if !add(Name::from_string(name), &mut attributes)? {
            return Ok(Value::NONE);
        }
    }
    Tuple::from_vec(cx, attributes).map(Ref::into_value)
}

/// `MATCH_KEYS`: a tuple of the values of `keys`, or None when one is missing.
///
/// # Errors
/// ValueError for a key that stands twice, and what the mapping raises.
pub(super) fn match_keys(cx: &Context, subject: &Value, keys: &Value) -> PyResult<Value> {
    let keys = keys
        .downcast::<Tuple>()
        .expect("invariant: the compiler pushes a tuple");
    if keys.is_empty() {
        return Ok(Tuple::empty().into_value());
    }
    let get = attribute::get(cx, subject, names::get())?;
    // A value that no mapping holds tells a missing key.
    let missing = crate::objects::object::instance(cx, crate::objects::object::class())?;
    let seen = Set::from_values(cx, &[])?;
    let mut values = Vec::with_capacity(keys.len());
    for key in keys.as_slice() {
        if seen.contains(cx, key)? {
            return Err(cx.value_error(format!(
                "mapping pattern checks duplicate key ({})",
                text::repr_text(cx, key)?
            )));
        }
        seen.add(cx, key)?;
        let value = call::call(cx, &get, &[key.clone(), missing.clone()])?;
        if value.is(&missing) {
            return Ok(Value::NONE);
        }
        values.push(value);
    }
    Tuple::from_vec(cx, values).map(Ref::into_value)
}
