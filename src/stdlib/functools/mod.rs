//! `_functools`: functions on functions, of which `functools` is made.
//!
//! Files: `partial`, `lru_cache` (with `lru_order`, the order of its entries, and `striped_counter`,
//! which counts its hits).

mod lru_cache;
mod lru_order;
mod partial;
mod striped_counter;

use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::module::Module;
use typhon_runtime::protocols::{call, compare, iterate};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::arguments::{bind, given, signature};
use lru_cache::{Link, LruCache};
use partial::{Partial, Placeholder};

/// Tools that operate on functions.
#[pymodule(
    name = "_functools",
    functions(reduce, cmp_to_key),
    classes(Placeholder, Partial, LruCache)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<KeyWrapper>(cx)?;
    class_of::<Link>(cx)?;
    module::add(cx, this, "Placeholder", partial::placeholder(cx)?)
}

/// Apply a function of two arguments cumulatively to the items of an iterable, from left to right.
///
/// This effectively reduces the iterable to a single value.  If initial is
/// present, it is placed before the items of the iterable in the
/// calculation, and serves as a default when the iterable is empty.
///
/// For example, reduce(lambda x, y: x+y, [1, 2, 3, 4, 5])
/// calculates ((((1 + 2) + 3) + 4) + 5).
#[pyfunction("reduce(function, iterable, /, initial=None)")]
fn reduce(
    cx: &Context,
    function: &Value,
    iterable: &Value,
    initial: Maybe<Value>,
) -> PyResult<Value> {
    let Some(iterator) = iterate::iter_or_none(cx, iterable)? else {
        return Err(cx.type_error("reduce() arg 2 must support iteration"));
    };
    let mut result = match initial.0 {
        Some(initial) => initial,
        None => match iterate::next(cx, &iterator)? {
            Some(first) => first,
            None => return Err(cx.type_error("reduce() of empty iterable with no initial value")),
        },
    };
    while let Some(item) = iterate::next(cx, &iterator)? {
        result = call::call(cx, function, &[result, item])?;
    }
    Ok(result)
}

/// Convert a cmp= function into a key= function.
///
///   mycmp
///     Function that compares two objects.
#[pyfunction("cmp_to_key(mycmp)")]
fn cmp_to_key(cx: &Context, compare: Value) -> PyResult<Ref<KeyWrapper>> {
    object::new(
        cx,
        KeyWrapper {
            compare,
            object: Field::empty(),
        },
    )
}

/// The payload of what `cmp_to_key` returns, and of the keys that it makes.
#[pyclass(
    name = "KeyWrapper",
    module = "functools",
    flags(DISALLOW_INSTANTIATION)
)]
pub struct KeyWrapper {
    compare: Value,
    /// What is compared. Empty in what makes the keys.
    object: Field,
}

impl Traverse for KeyWrapper {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.compare);
        self.object.traverse(visit);
    }
}

#[pymethods]
impl KeyWrapper {
    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, _this: &Ref<KeyWrapper>) -> PyResult<&'static str> {
        Ok("(obj)")
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<KeyWrapper>, args: Args<'_>) -> PyResult<Value> {
        let object = match args.values {
            [object] if args.names.is_empty() => object.clone(),
            _ => {
                let [object] = bind(cx, signature!("K", 0, [obj], []), args)?;
                given(object).clone()
            }
        };
        let key = KeyWrapper {
            compare: this.compare.clone(),
            object: Field::new(object),
        };
        object::new(cx, key).map(Ref::into_value)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<KeyWrapper>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<KeyWrapper>() else {
            return Err(cx.type_error("other argument must be K instance"));
        };
        let (Some(left), Some(right)) = (this.object.get(), other.object.get()) else {
            return Err(cx.attribute_error("object"));
        };
        let answer = call::call(cx, &this.compare, &[left, right])?;
        if let Some(number) = answer.as_small_int() {
            return Ok(Value::from_bool(comparison.accepts(number.cmp(&0))));
        }
        let zero = Value::from_small_int(0).expect("invariant: zero is a small int");
        compare::rich(cx, &answer, &zero, comparison)
    }

    /// Value wrapped by a key function.
    #[getter]
    fn obj(_cx: &Context, this: &Ref<KeyWrapper>) -> PyResult<Option<Value>> {
        Ok(this.object.get())
    }

    #[setter]
    fn set_obj(_cx: &Context, this: &Ref<KeyWrapper>, value: Option<&Value>) -> PyResult<()> {
        this.object.set(value.cloned());
        Ok(())
    }
}
