//! `filter`: the items for which a function is true.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::iterators::reduced;
use crate::objects::type_::Type;
use crate::protocols::{call, iterate};
use crate::value::Value;

/// The payload of `filter`. Without a function the items' own truth counts.
#[pyclass(
    name = "filter",
    flags(BASETYPE),
    signature = "(function, iterable, /)",
    doc = "Return an iterator yielding those items of iterable for which\nfunction(item) is true.  If function is None, return the items that\nare true."
)]
pub struct Filter {
    function: Value,
    iterator: Value,
    /// The function is None or `bool`.
    by_truth: bool,
}

impl Traverse for Filter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        visit(&self.iterator);
    }
}

#[pymethods]
impl Filter {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() && class.slots.init.word() == Filter::class().slots.init.word() {
            return Err(cx.type_error("filter() takes no keyword arguments"));
        }
        let [function, iterable] = args.positional() else {
            let given = args.positional().len();
            return Err(cx.type_error(format!("filter expected 2 arguments, got {given}")));
        };
        let iterator = iterate::iter(cx, iterable)?;
        let by_truth = function.is_none() || function.is(Value::TRUE.class().as_value());
        object::new_of_class(
            cx,
            class,
            Filter {
                function: function.clone(),
                iterator,
                by_truth,
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Filter>) -> PyResult<Option<Value>> {
        while let Some(item) = iterate::next(cx, &this.iterator)? {
            let wanted = if this.by_truth {
                item.truth(cx)?
            } else {
                call::call(cx, &this.function, std::slice::from_ref(&item))?.truth(cx)?
            };
            if wanted {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Filter>) -> PyResult<Value> {
        reduced(
            cx,
            this.class_of().to_value(),
            &[this.function.clone(), this.iterator.clone()],
            None,
        )
    }
}
