//! `typing.Union`, also known as `types.UnionType`: `int | str` (PEP 604).

use typhon_macros::{pyclass, pymethods};

use crate::args::IntoValue;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::generic_alias::{self, GenericAlias};
use crate::objects::none::NoneType;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::typing::TypeAlias;
use crate::protocols::number::{self, BinaryOperator};
use crate::protocols::{attribute, call, compare, hash, text};
use crate::slots::Comparison;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "Union",
    module = "typing",
    flags(HAS_WEAKREF, DISALLOW_INSTANTIATION),
    doc = "Represent a union type\n\nE.g. for int | str"
)]
pub struct Union {
    /// The members: flat, each once, `NoneType` for None.
    pub args: Ref<Tuple>,
    parameters: Field,
    /// The members that were not hashable when the union was made: it is not, ever.
    unhashable: Option<Ref<Tuple>>,
}

impl Traverse for Union {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.args.as_value());
        self.parameters.traverse(visit);
        if let Some(unhashable) = &self.unhashable {
            visit(unhashable.as_value());
        }
    }
}

/// Whether `|` makes a union of it.
fn is_unionable(value: &Value) -> bool {
    value.is_none()
        || value.downcast::<Type>().is_some()
        || value.downcast::<GenericAlias>().is_some()
        || value.downcast::<Union>().is_some()
        || value.downcast::<TypeAlias>().is_some()
}

/// `left | right` of types; NotImplemented when they are something else.
///
/// # Errors
/// What comparing members raises.
pub fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    let is_union = |value: &Value| value.downcast::<Union>().is_some();
    if !is_union(left) && !is_union(right) {
        if !is_unionable(left) || !is_unionable(right) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        return from_values(cx, &[left.clone(), right.clone()]);
    }
    // A union takes whatever `typing` takes for a type.
    let mut members = Vec::with_capacity(2);
    for value in [left, right] {
        let is_known = is_unionable(value) || value.downcast_exact::<Str>().is_some();
        members.push(if is_known {
            value.clone()
        } else {
            crate::objects::typing::checked_type(
                cx,
                value,
                "Union[arg, ...]: each arg must be a type.",
            )?
        });
    }
    from_values(cx, &members)
}

/// The union of `members`; the member itself when it is the only one.
///
/// # Errors
/// What comparing members raises.
pub fn from_values(cx: &Context, members: &[Value]) -> PyResult<Value> {
    let mut flat: Vec<Value> = Vec::new();
    for member in members {
        match member.downcast::<Union>() {
            Some(union) => {
                for inner in union.args.as_slice() {
                    add(cx, &mut flat, inner)?;
                }
            }
            None if member.is_none() => add(cx, &mut flat, NoneType::class().as_value())?,
            None => match member.downcast_exact::<Str>() {
                Some(text) => add(cx, &mut flat, &forward_reference(cx, text)?)?,
                None => add(cx, &mut flat, member)?,
            },
        }
    }
    if flat.len() == 1 {
        return Ok(flat.remove(0));
    }
    let mut unhashable = Vec::new();
    for member in &flat {
        if !member.is_exact::<Type>() && hash::hash(cx, member).is_err() {
            drop(cx.catch(exceptions::type_error())?);
            unhashable.push(member.clone());
        }
    }
    let unhashable = match unhashable.is_empty() {
        true => None,
        false => Some(Tuple::from_vec(cx, unhashable)?),
    };
    let args = Tuple::from_vec(cx, flat)?;
    object::new(
        cx,
        Union {
            args,
            parameters: Field::empty(),
            unhashable,
        },
    )
    .map(Ref::into_value)
}

fn add(cx: &Context, members: &mut Vec<Value>, member: &Value) -> PyResult<()> {
    for known in members.iter() {
        if known.is(member) {
            return Ok(());
        }
        // Classes are equal to themselves alone, unless a metaclass says otherwise.
        let plain = known.is_exact::<Type>() && member.is_exact::<Type>();
        if !plain && known.class().is(member.class()) && compare::equal(cx, known, member)? {
            return Ok(());
        }
    }
    members.push(member.clone());
    Ok(())
}

/// A string in a union stands for a type of that name.
fn forward_reference(cx: &Context, text: &Ref<Str>) -> PyResult<Value> {
    let module = crate::import::import_module(cx, "annotationlib")?;
    let class = attribute::get(cx, &module, Name::intern(cx, "ForwardRef")?)?;
    call::call(cx, &class, &[text.to_value()])
}

impl Union {
    fn free_parameters(&self, cx: &Context) -> PyResult<Ref<Tuple>> {
        if let Some(known) = self.parameters.get_as::<Tuple>() {
            return Ok(known);
        }
        let made = Tuple::from_vec(cx, generic_alias::parameters_of(cx, self.args.as_slice())?)?;
        self.parameters.set(Some(made.to_value()));
        Ok(made)
    }
}

#[pymethods]
impl Union {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Union>) -> PyResult<Value> {
        let mut parts = Vec::new();
        for member in this.args.as_slice() {
            parts.push(if member.is(NoneType::class().as_value()) {
                "None".to_owned()
            } else {
                generic_alias::shown(cx, member)?
            });
        }
        parts.join(" | ").into_value(cx)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Union>) -> PyResult<i64> {
        if let Some(unhashable) = &this.unhashable {
            for member in unhashable.as_slice() {
                hash::hash(cx, member)?;
            }
            let count = unhashable.len();
            return Err(cx.type_error(format!("union contains {count} unhashable elements")));
        }
        // The order of the members does not count.
        let mut sum: i64 = this.args.len() as i64;
        for member in this.args.as_slice() {
            let hash = hash::hash(cx, member)?;
            sum = sum.wrapping_add((hash ^ (hash << 16) ^ 89_869_747).wrapping_mul(3_644_798_167));
        }
        Ok(if sum == -1 { -2 } else { sum })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Union>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<Union>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let mut equal = this.args.len() == other.args.len();
        for member in this.args.as_slice() {
            let mut found = false;
            for candidate in other.args.as_slice() {
                found = found || compare::identical_or_equal(cx, member, candidate)?;
            }
            equal = equal && found;
        }
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        or(cx, left, right)
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Union>, item: &Value) -> PyResult<Value> {
        let parameters = this.free_parameters(cx)?;
        let members = generic_alias::substitute(
            cx,
            this.as_value(),
            this.args.as_slice(),
            &parameters,
            item,
        )?;
        let mut members = members.into_iter();
        let Some(mut union) = members.next() else {
            return Ok(Value::NONE);
        };
        for member in members {
            union = number::binary(cx, BinaryOperator::Or, &union, &member)?;
        }
        Ok(union)
    }

    #[member("__args__")]
    fn args(_cx: &Context, this: &Ref<Union>) -> PyResult<Ref<Tuple>> {
        Ok(this.args.clone())
    }

    /// Type variables in the types.UnionType.
    #[getter("__parameters__")]
    fn parameters(cx: &Context, this: &Ref<Union>) -> PyResult<Ref<Tuple>> {
        this.free_parameters(cx)
    }

    /// Always returns the type
    #[getter("__origin__")]
    fn origin(_cx: &Context, _this: &Ref<Union>) -> PyResult<Ref<Type>> {
        Ok(Union::class().clone())
    }

    #[getter("__name__")]
    fn name(_cx: &Context, _this: &Ref<Union>) -> PyResult<&'static str> {
        Ok("Union")
    }

    #[getter("__qualname__")]
    fn qualname(_cx: &Context, _this: &Ref<Union>) -> PyResult<&'static str> {
        Ok("Union")
    }

    #[method("__mro_entries__(self, bases, /)")]
    fn mro_entries(cx: &Context, this: &Ref<Union>, _bases: &Value) -> PyResult<Value> {
        Err(cx.type_error(format!(
            "Cannot subclass {}",
            text::repr_text(cx, this.as_value())?
        )))
    }

    /// Create a union of the given types.
    #[classmethod("__class_getitem__(cls, types, /)")]
    fn class_getitem(cx: &Context, _class: &Value, types: &Value) -> PyResult<Value> {
        let members = match types.downcast::<Tuple>() {
            Some(types) => types.to_vec(),
            None => vec![types.clone()],
        };
        if members.is_empty() {
            return Err(cx.type_error("Cannot take a Union of no types."));
        }
        let mut checked = Vec::with_capacity(members.len());
        for member in members {
            checked.push(if is_unionable(&member) {
                member
            } else {
                check_type(cx, &member)?
            });
        }
        from_values(cx, &checked)
    }
}

/// What `typing` makes of an argument that is no type.
fn check_type(cx: &Context, member: &Value) -> PyResult<Value> {
    let module = crate::import::import_module(cx, "typing")?;
    let check = attribute::get(cx, &module, Name::intern(cx, "_type_check")?)?;
    let message = "Union[arg, ...]: each arg must be a type.".into_value(cx)?;
    call::call(cx, &check, &[member.clone(), message])
}
