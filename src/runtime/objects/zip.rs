//! `zip`: several iterators that go in step, as they do for `map` too.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, unexpected_keyword};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::iterators::reduced;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::iterate;
use crate::value::Value;

/// Iterators of which each step takes one item.
pub(super) struct InStep {
    pub(super) iterators: Vec<Value>,
    /// All must end at the same step.
    pub(super) strict: AtomicBool,
}

impl InStep {
    pub(super) fn new(cx: &Context, iterables: &[Value], strict: bool) -> PyResult<InStep> {
        let iterators = iterables
            .iter()
            .map(|iterable| iterate::iter(cx, iterable))
            .collect::<PyResult<_>>()?;
        Ok(InStep {
            iterators,
            strict: AtomicBool::new(strict),
        })
    }

    /// One item of each. `None` at the end of the first that ends.
    pub(super) fn advance(&self, cx: &Context, function: &str) -> PyResult<Option<Vec<Value>>> {
        let mut items = Vec::with_capacity(self.iterators.len() + 1);
        for iterator in &self.iterators {
            match iterate::next(cx, iterator)? {
                Some(item) => items.push(item),
                None if self.strict.load(Ordering::Relaxed) => {
                    return self.check_ends(cx, function, items.len());
                }
                None => return Ok(None),
            }
        }
        Ok((!self.iterators.is_empty()).then_some(items))
    }

    /// Raises ValueError unless all iterators end with number `ended`.
    #[cold]
    fn check_ends(
        &self,
        cx: &Context,
        function: &str,
        ended: usize,
    ) -> PyResult<Option<Vec<Value>>> {
        let differs = |at: usize, how: &str| {
            let before = if at == 1 { " " } else { "s 1-" };
            Err(cx.value_error(format!(
                "{function}() argument {} is {how} than argument{before}{at}",
                at + 1
            )))
        };
        if ended > 0 {
            return differs(ended, "shorter");
        }
        for (at, iterator) in self.iterators.iter().enumerate().skip(1) {
            if iterate::next(cx, iterator)?.is_some() {
                return differs(at, "longer");
            }
        }
        Ok(None)
    }

    pub(super) fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.iterators.iter().for_each(visit);
    }

    /// `__reduce__`'s third part.
    pub(super) fn state(&self) -> Option<Value> {
        self.strict.load(Ordering::Relaxed).then_some(Value::TRUE)
    }
}

/// The only keyword argument, `strict`.
pub(super) fn strict_argument(cx: &Context, function: &str, args: Args<'_>) -> PyResult<bool> {
    if args.names.is_empty() {
        return Ok(false);
    }
    if args.names.len() > 1 {
        let given = args.names.len();
        return Err(cx.type_error(format!(
            "{function}() takes at most 1 keyword argument ({given} given)"
        )));
    }
    match args.keyword("strict") {
        Some(strict) => strict.truth(cx),
        None => {
            let name = args.names[0]
                .downcast::<Str>()
                .map(|name| name.to_string())
                .unwrap_or_default();
            Err(unexpected_keyword(cx, function, &name, &["strict"]))
        }
    }
}

/// The payload of `zip`.
#[pyclass(
    name = "zip",
    flags(BASETYPE),
    signature = "(*iterables, strict=False)",
    doc = "The zip object yields n-length tuples, where n is the number of\niterables passed as positional arguments to zip().  The i-th element\nin every tuple comes from the i-th iterable argument to zip().  This\ncontinues until the shortest argument is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the\nothers, raise a ValueError.\n\n   >>> list(zip('abcdefg', range(3), range(4)))\n   [('a', 0, 0), ('b', 1, 1), ('c', 2, 2)]"
)]
pub struct Zip(InStep);

impl Traverse for Zip {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit);
    }
}

impl Zip {
    /// Whether it runs through two iterators, and they may end as they like.
    pub fn yields_pairs(&self) -> bool {
        self.0.iterators.len() == 2 && !self.0.strict.load(Ordering::Relaxed)
    }

    /// The next two items, when it yields pairs.
    ///
    /// # Errors
    /// What the iterators raise.
    pub fn next_pair(&self, cx: &Context) -> PyResult<Option<(Value, Value)>> {
        let Some(first) = iterate::next(cx, &self.0.iterators[0])? else {
            return Ok(None);
        };
        let second = iterate::next(cx, &self.0.iterators[1])?;
        Ok(second.map(|second| (first, second)))
    }
}

#[pymethods]
impl Zip {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let strict = strict_argument(cx, "zip", args)?;
        let iterators = InStep::new(cx, args.positional(), strict)?;
        object::new_of_class(cx, class, Zip(iterators)).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Zip>) -> PyResult<Option<Value>> {
        if this.yields_pairs() {
            let Some((first, second)) = this.next_pair(cx)? else {
                return Ok(None);
            };
            return Tuple::pair(cx, first, second).map(|pair| Some(pair.into_value()));
        }
        match this.0.advance(cx, "zip")? {
            Some(items) => Tuple::from_vec(cx, items).map(|items| Some(items.into_value())),
            None => Ok(None),
        }
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Zip>) -> PyResult<Value> {
        reduced(
            cx,
            this.class_of().to_value(),
            &this.0.iterators,
            this.0.state(),
        )
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(_cx: &Context, this: &Ref<Zip>, strict: bool) -> PyResult<()> {
        this.0.strict.store(strict, Ordering::Relaxed);
        Ok(())
    }
}
