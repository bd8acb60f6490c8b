//! `accumulate` and `starmap`: functions applied to what an iterator yields.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Parameter, Signature};
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::exactly;

/// The payload of `accumulate`.
#[pyclass(
    name = "accumulate",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, func=None, *, initial=None)",
    doc = "Return series of accumulated sums (or other binary function results)."
)]
pub struct Accumulate {
    iterator: Value,
    /// `None` for addition.
    function: Option<Value>,
    /// What is yielded first, until it is.
    initial: Field,
    total: Field,
}

impl Traverse for Accumulate {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.iterator);
        self.function.iter().for_each(&mut *visit);
        self.initial.traverse(visit);
        self.total.traverse(visit);
    }
}

#[pymethods]
impl Accumulate {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = Signature {
            name: "accumulate",
            text: "",
            parameters: &[
                Parameter::required("iterable"),
                Parameter::optional("func"),
                Parameter::optional("initial"),
            ],
            positional_only: 0,
            positional: 2,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None; 3];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let [iterable, function, initial] = bound;
        let iterator = iterate::iter(cx, iterable.expect("invariant: required"))?;
        let given = |value: Option<&Value>| value.filter(|value| !value.is_none()).cloned();
        let payload = Accumulate {
            iterator,
            function: given(function),
            initial: Field::from_option(given(initial)),
            total: Field::empty(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Accumulate>) -> PyResult<Option<Value>> {
        if !this.initial.is_empty()
            && let Some(initial) = this.initial.replace(None)
        {
            this.total.set(Some(initial.clone()));
            return Ok(Some(initial));
        }
        let Some(item) = iterate::next(cx, &this.iterator)? else {
            return Ok(None);
        };
        let total = match (this.total.get(), &this.function) {
            (None, _) => item,
            (Some(total), None) => number::binary(cx, BinaryOperator::Add, &total, &item)?,
            (Some(total), Some(function)) => call::call(cx, function, &[total, item])?,
        };
        this.total.set(Some(total.clone()));
        Ok(Some(total))
    }
}

/// The payload of `starmap`.
#[pyclass(
    name = "starmap",
    module = "itertools",
    flags(BASETYPE),
    signature = "(function, iterable, /)",
    doc = "Return an iterator whose values are returned from the function evaluated with an argument tuple taken from the given sequence."
)]
pub struct StarMap {
    function: Value,
    iterator: Value,
}

impl Traverse for StarMap {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        visit(&self.iterator);
    }
}

#[pymethods]
impl StarMap {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [function, iterable] = exactly::<StarMap, 2>(cx, class, args)?;
        let iterator = iterate::iter(cx, iterable)?;
        let payload = StarMap {
            function: function.clone(),
            iterator,
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<StarMap>) -> PyResult<Option<Value>> {
        let Some(arguments) = iterate::next(cx, &this.iterator)? else {
            return Ok(None);
        };
        if let Some(tuple) = arguments.downcast_exact::<Tuple>() {
            return call::call(cx, &this.function, tuple.as_slice()).map(Some);
        }
        let arguments = iterate::collect(cx, &arguments)?;
        call::call(cx, &this.function, &arguments).map(Some)
    }
}
