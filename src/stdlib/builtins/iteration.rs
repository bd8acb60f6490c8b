//! Iteration: `all`, `any`, `iter`, `len`, `max`, `min`, `next`, `sorted`, and their asynchronous kin.

use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::{Args, Maybe, Parameter, Signature};
use typhon_runtime::object::{self, Ref, Traverse};
use typhon_runtime::objects::coroutine;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::iterators::CallableIterator;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::protocols::{attribute, call, compare, iterate, sequence};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Value};

/// Return True if bool(x) is True for all values x in the iterable.
///
/// If the iterable is empty, return True.
#[pyfunction("all(iterable, /)")]
pub fn all(cx: &Context, iterable: &Value) -> PyResult<bool> {
    let iterator = iterate::iter(cx, iterable)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        if !item.truth(cx)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Return True if bool(x) is True for any x in the iterable.
///
/// If the iterable is empty, return False.
#[pyfunction("any(iterable, /)")]
pub fn any(cx: &Context, iterable: &Value) -> PyResult<bool> {
    let iterator = iterate::iter(cx, iterable)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        if item.truth(cx)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Return an iterator from the object, or call a callable until it returns the sentinel.
///
/// In the first form, the argument must supply its own iterator, or be a sequence.
/// In the second form, the callable is called until it returns the sentinel.
#[pyfunction("iter(object, sentinel=<unrepresentable>, /)")]
pub fn iter(cx: &Context, object: &Value, sentinel: Maybe<&Value>) -> PyResult<Value> {
    match sentinel.0 {
        None => iterate::iter(cx, object),
        Some(sentinel) if call::is_callable(object) => CallableIterator::new(cx, object, sentinel),
        Some(_) => Err(cx.type_error("iter(v, w): v must be callable")),
    }
}

/// Return the number of items in a container.
#[pyfunction("len(obj, /)")]
pub fn len(cx: &Context, obj: &Value) -> PyResult<usize> {
    sequence::length(cx, obj)
}

/// Return the next item from the iterator.
///
/// If default is given and the iterator is exhausted,
/// it is returned instead of raising StopIteration.
#[pyfunction("next(iterator, default=<unrepresentable>, /)")]
pub fn next(cx: &Context, iterator: &Value, default: Maybe<&Value>) -> PyResult<Value> {
    drop(iterate::take_stop_value(cx));
    let found = iterate::next_or_stop(cx, iterator);
    match (found, default.0) {
        (Ok(Some(item)), _) => Ok(item),
        (Ok(None), Some(default)) => Ok(default.clone()),
        (Ok(None), None) => Err(cx.stop_iteration(iterate::take_stop_value(cx))),
        (Err(_), Some(default)) => {
            cx.catch(exceptions::stop_iteration())?;
            Ok(default.clone())
        }
        (Err(raised), None) => Err(raised),
    }
}

/// Return a new list containing all items from the iterable in ascending order.
///
/// A custom key function can be supplied to customize the sort order, and the
/// reverse flag can be set to request the result in descending order.
#[pyfunction("sorted(iterable, /, *, key=None, reverse=False)")]
pub fn sorted(cx: &Context, args: Args<'_>) -> PyResult<Ref<List>> {
    let [iterable] = args.positional() else {
        let given = args.positional().len();
        return Err(cx.type_error(format!("sorted expected 1 argument, got {given}")));
    };
    let list = List::from_values(cx, iterate::collect(cx, iterable)?)?;
    // What else there is is for `list.sort`, and so are the complaints.
    static SORT: Signature = Signature {
        name: "sort",
        text: "",
        parameters: &[Parameter::optional("key"), Parameter::optional("reverse")],
        positional_only: 0,
        positional: 0,
        var_positional: false,
        var_keyword: false,
    };
    let rest = Args {
        values: &args.values[1..],
        names: args.names,
    };
    let mut bound = [None; 2];
    SORT.bind(cx, rest, &mut bound)?;
    let [key, reverse] = bound;
    let reverse = reverse.map_or(Ok(false), |reverse| reverse.truth(cx))?;
    list.sort(cx, key.filter(|key| !key.is_none()), reverse)?;
    Ok(list)
}

/// max(iterable, *[, default=obj, key=func]) -> value
/// max(arg1, arg2, *args, *[, key=func]) -> value
///
/// With a single iterable argument, return its biggest item. The
/// default keyword-only argument specifies an object to return if
/// the provided iterable is empty.
/// With two or more positional arguments, return the largest argument.
#[pyfunction("max(*args, key=None, default=<unrepresentable>)")]
pub fn max(cx: &Context, args: Args<'_>) -> PyResult<Value> {
    static SIGNATURE: Signature = extreme_signature("max");
    extreme(cx, &SIGNATURE, Comparison::Greater, args)
}

/// min(iterable, *[, default=obj, key=func]) -> value
/// min(arg1, arg2, *args, *[, key=func]) -> value
///
/// With a single iterable argument, return its smallest item. The
/// default keyword-only argument specifies an object to return if
/// the provided iterable is empty.
/// With two or more positional arguments, return the smallest argument.
#[pyfunction("min(*args, key=None, default=<unrepresentable>)")]
pub fn min(cx: &Context, args: Args<'_>) -> PyResult<Value> {
    static SIGNATURE: Signature = extreme_signature("min");
    extreme(cx, &SIGNATURE, Comparison::Less, args)
}

/// The parameters of `max` and `min`.
const fn extreme_signature(name: &'static str) -> Signature {
    const PARAMETERS: &[Parameter] = &[Parameter::optional("key"), Parameter::optional("default")];
    Signature {
        name,
        text: "",
        parameters: PARAMETERS,
        positional_only: 0,
        positional: 0,
        var_positional: true,
        var_keyword: false,
    }
}

/// The item that compares `better` to all before it.
fn extreme(
    cx: &Context,
    signature: &Signature,
    better: Comparison,
    args: Args<'_>,
) -> PyResult<Value> {
    if args.names.is_empty()
        && let [first, rest @ ..] = args.values
        && !rest.is_empty()
    {
        let mut best = first;
        for item in rest {
            if compare::holds(cx, item, best, better)? {
                best = item;
            }
        }
        return Ok(best.clone());
    }
    let name = signature.name;
    let mut bound = [None; 2];
    let args = signature.bind(cx, args, &mut bound)?.positional;
    let [key, default] = bound;
    let key = key.filter(|key| !key.is_none());
    let mut best: Option<(Value, Value)> = None;
    let mut offer = |item: Value| -> PyResult<()> {
        let rank = match key {
            Some(key) => call::call(cx, key, std::slice::from_ref(&item))?,
            None => item.clone(),
        };
        let wins = match &best {
            Some((leader, _)) => compare::holds(cx, &rank, leader, better)?,
            None => true,
        };
        if wins {
            best = Some((rank, item));
        }
        Ok(())
    };
    match args {
        [] => return Err(cx.type_error(format!("{name} expected at least 1 argument, got 0"))),
        [iterable] => {
            let iterator = iterate::iter(cx, iterable)?;
            while let Some(item) = iterate::next(cx, &iterator)? {
                offer(item)?;
            }
        }
        _ if default.is_some() => {
            return Err(cx.type_error(format!(
                "Cannot specify a default for {name}() with multiple positional arguments"
            )));
        }
        _ => args.iter().try_for_each(|item| offer(item.clone()))?,
    }
    match (best, default) {
        (Some((_, item)), _) => Ok(item),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(cx.value_error(format!("{name}() iterable argument is empty"))),
    }
}

/// Return an AsyncIterator for an AsyncIterable object.
#[pyfunction("aiter(async_iterable, /)")]
pub fn aiter(cx: &Context, async_iterable: &Value) -> PyResult<Value> {
    let Some(slot) = async_iterable.class().slots.aiter.get() else {
        return Err(cx.type_error(format!(
            "'{}' object is not an async iterable",
            async_iterable.type_name()
        )));
    };
    let iterator = slot(cx, async_iterable)?;
    if iterator.class().slots.anext.get().is_none() {
        return Err(cx.type_error(format!(
            "aiter() returned not an async iterator of type '{}'",
            iterator.type_name()
        )));
    }
    Ok(iterator)
}

/// Return the next item from the async iterator.
///
/// If default is given and the async iterator is exhausted,
/// it is returned instead of raising StopAsyncIteration.
#[pyfunction("anext(async_iterator, default=<unrepresentable>, /)")]
pub fn anext(cx: &Context, async_iterator: &Value, default: Maybe<&Value>) -> PyResult<Value> {
    let Some(slot) = async_iterator.class().slots.anext.get() else {
        return Err(cx.type_error(format!(
            "'{}' object is not an async iterator",
            async_iterator.type_name()
        )));
    };
    let awaitable = slot(cx, async_iterator)?;
    match default.0 {
        None => Ok(awaitable),
        Some(default) => object::new(
            cx,
            AnextAwaitable {
                awaitable,
                default: default.clone(),
            },
        )
        .map(Ref::into_value),
    }
}

/// The payload of `anext_awaitable`: `anext(iterator, default)`.
#[pyclass(name = "anext_awaitable", flags(DISALLOW_INSTANTIATION))]
pub struct AnextAwaitable {
    awaitable: Value,
    default: Value,
}

impl Traverse for AnextAwaitable {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.awaitable);
        visit(&self.default);
    }
}

impl AnextAwaitable {
    fn inner(&self, cx: &Context) -> PyResult<Value> {
        let inner = coroutine::awaitable_iterator(cx, &self.awaitable, 0)?;
        match inner.class().slots.await_.get() {
            // Coroutines are awaited without being iterators.
            Some(await_) if !iterate::is_iterator(&inner) => await_(cx, &inner),
            _ => Ok(inner),
        }
    }

    /// What an exception of the awaitable means: the end of the iteration gives the default.
    fn outcome(&self, cx: &Context, result: PyResult<Value>) -> PyResult<Value> {
        match result {
            Ok(value) => Ok(value),
            Err(_) => {
                cx.catch(exceptions::stop_async_iteration())?;
                Err(cx.stop_iteration(self.default.clone()))
            }
        }
    }

    fn forward(&self, cx: &Context, method: Name, arguments: &[Value]) -> PyResult<Value> {
        let inner = self.inner(cx)?;
        let result = attribute::get(cx, &inner, method)
            .and_then(|method| call::call(cx, &method, arguments));
        self.outcome(cx, result)
    }
}

#[pymethods]
impl AnextAwaitable {
    #[slot(await_)]
    fn await_(_cx: &Context, this: &Ref<AnextAwaitable>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Ref<AnextAwaitable>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<AnextAwaitable>) -> PyResult<Option<Value>> {
        let inner = this.inner(cx)?;
        let raised = match iterate::next(cx, &inner) {
            Err(raised) => raised,
            next => return next,
        };
        let ended = exceptions::stop_async_iteration();
        if !cx.exception_matches(ended) {
            return Err(raised);
        }
        cx.clear_exception();
        iterate::set_stop_value(cx, this.default.clone());
        Ok(None)
    }

    /// send(arg) -> send 'arg' into the wrapped iterator,
    /// return next yielded value or raise StopIteration.
    #[method("send(self, arg, /)")]
    fn send(cx: &Context, this: &Ref<AnextAwaitable>, arg: &Value) -> PyResult<Value> {
        this.forward(cx, names::send(), std::slice::from_ref(arg))
    }

    /// throw(value)
    /// throw(typ[,val[,tb]])
    ///
    /// raise exception in the wrapped iterator, return next yielded value
    /// or raise StopIteration.
    #[method("throw(self, /, *args)")]
    fn throw(cx: &Context, this: &Ref<AnextAwaitable>, args: &[Value]) -> PyResult<Value> {
        this.forward(cx, names::throw(), args)
    }

    /// close() -> raise GeneratorExit inside generator.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<AnextAwaitable>) -> PyResult<Value> {
        this.forward(cx, names::close(), &[])
    }
}
