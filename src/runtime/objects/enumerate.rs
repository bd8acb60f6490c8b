//! `enumerate`: pairs of a count and an item.

use std::sync::atomic::{AtomicI64, Ordering};

use num_bigint::BigInt;
use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::int;
use crate::objects::iterators::reduced;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{iterate, number};
use crate::value::{SMALL_INT_MAX, SMALL_INT_MIN, Value};

/// The payload of `enumerate`.
#[pyclass(
    name = "enumerate",
    flags(BASETYPE),
    signature = "(iterable, start=0)",
    doc = "Return an enumerate object.\n\n  iterable\n    an object supporting iteration\n\nThe enumerate object yields pairs containing a count (from start, which\ndefaults to zero) and a value yielded by the iterable argument.\n\nenumerate is useful for obtaining an indexed list:\n    (0, seq[0]), (1, seq[1]), (2, seq[2]), ..."
)]
pub struct Enumerate {
    iterator: Value,
    /// What is added to `count`, when the start does not fit a tagged int.
    base: Option<BigInt>,
    count: AtomicI64,
}

impl Traverse for Enumerate {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.iterator);
    }
}

impl Enumerate {
    fn number(&self, cx: &Context, count: i64) -> PyResult<Value> {
        match &self.base {
            None => int::from_i64(cx, count),
            Some(base) => int::from_bigint(cx, base + count),
        }
    }
}

impl Ref<Enumerate> {
    /// The next number and item.
    ///
    /// # Errors
    /// What the iterator raises.
    pub fn next_pair(&self, cx: &Context) -> PyResult<Option<(Value, Value)>> {
        let Some(item) = iterate::next(cx, &self.iterator)? else {
            return Ok(None);
        };
        Ok(Some((self.number(cx, self.advance())?, item)))
    }

    fn advance(&self) -> i64 {
        if self.header().is_exclusive_or_announce() {
            let count = self.count.load(Ordering::Relaxed);
            self.count.store(count + 1, Ordering::Relaxed);
            count
        } else {
            self.count.fetch_add(1, Ordering::Relaxed)
        }
    }
}

/// The arguments `iterable` and `start`, by position or by name.
fn arguments<'a>(cx: &Context, args: Args<'a>) -> PyResult<(&'a Value, Option<&'a Value>)> {
    let positional = args.positional();
    let keywords: Vec<(&Value, &Value)> = args.keywords().iter().collect();
    let is = |key: &Value, name: &str| key.downcast::<Str>().is_some_and(|key| key.equals(name));
    let invalid = |key: &Value| {
        let key = key
            .downcast::<Str>()
            .map(|key| key.to_string())
            .unwrap_or_default();
        cx.type_error(format!(
            "'{key}' is an invalid keyword argument for enumerate()"
        ))
    };
    match (positional, keywords.as_slice()) {
        ([iterable], []) => Ok((iterable, None)),
        ([iterable, start], []) => Ok((iterable, Some(start))),
        ([iterable], [(key, start)]) if is(key, "start") => Ok((iterable, Some(*start))),
        ([_], [(key, _)]) => Err(invalid(key)),
        ([], [(key, iterable)]) if is(key, "iterable") => Ok((*iterable, None)),
        ([], [(key, _)]) => Err(invalid(key)),
        ([], [(first, iterable), (second, start)]) if is(first, "iterable") => {
            if is(second, "start") {
                Ok((*iterable, Some(*start)))
            } else {
                Err(invalid(second))
            }
        }
        ([], [(first, start), (second, iterable)]) if is(first, "start") => {
            if is(second, "iterable") {
                Ok((*iterable, Some(*start)))
            } else {
                Err(invalid(second))
            }
        }
        ([], [(first, _), (_, _)]) => Err(invalid(first)),
        ([_, _, _, ..], _) => Err(cx.type_error(format!(
            "enumerate() takes at most 2 arguments ({} given)",
            args.values.len()
        ))),
        _ => Err(cx.type_error("enumerate() missing required argument 'iterable'")),
    }
}

#[pymethods]
impl Enumerate {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let (iterable, start) = arguments(cx, args)?;
        let start = start.map(|start| number::index(cx, start)).transpose()?;
        let (base, count) = match start.as_ref().map(int::as_small) {
            None => (None, 0),
            Some(Some(small)) if (SMALL_INT_MIN..=SMALL_INT_MAX).contains(&small) => (None, small),
            Some(_) => (
                start
                    .as_ref()
                    .and_then(int::as_bigint)
                    .map(std::borrow::Cow::into_owned),
                0,
            ),
        };
        let iterator = iterate::iter(cx, iterable)?;
        let payload = Enumerate {
            iterator,
            base,
            count: AtomicI64::new(count),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Enumerate>) -> PyResult<Option<Value>> {
        let Some((number, item)) = this.next_pair(cx)? else {
            return Ok(None);
        };
        Tuple::pair(cx, number, item).map(|pair| Some(pair.into_value()))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Enumerate>) -> PyResult<Value> {
        let number = this.number(cx, this.count.load(Ordering::Relaxed))?;
        reduced(
            cx,
            this.class_of().to_value(),
            &[this.iterator.clone(), number],
            None,
        )
    }

    /// 'enumerate' objects are generic over the type of their values
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}
