//! `functools.lru_cache`: a function that remembers its results.
//!
//! ```text
//!   cache   dict: key ─▶ result (without bound)
//!                 key ─▶ Link { key, hash, result, place }  (bounded)
//!   order   the links by last use, behind the object's lock
//! ```
//! A hit reads the dict without a lock. In a bounded cache it then makes its link the newest, under the
//! lock, unless it is that already. The lock is never held while Python code runs, so that dict and
//! order can differ for a moment:
//! * a link in the dict whose place is `NOWHERE` is on its way in or out; it is a hit all the same;
//! * a link in the order that the dict has not was replaced by another thread that missed the same
//!   key; it is thrown out when its turn comes.
//!
//! `place` of a link is written under the lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::method::Method;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{int, object as objects};
use typhon_runtime::protocols::{attribute, call, hash, index};
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::arguments::{bind, given, signature};

use super::lru_order::{NOWHERE, Order};
use super::striped_counter::StripedCounter;

/// An entry of a bounded cache.
#[pyclass(
    name = "_lru_list_elem",
    module = "functools",
    flags(DISALLOW_INSTANTIATION)
)]
pub struct Link {
    key: Value,
    hash: i64,
    result: Value,
    /// Its place in the order.
    place: AtomicU32,
}

impl Traverse for Link {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.key);
        visit(&self.result);
    }
}

#[pymethods]
impl Link {}

/// The payload of a function that remembers its results.
#[pyclass(
    name = "_lru_cache_wrapper",
    module = "functools",
    flags(HAS_DICT, HAS_WEAKREF, METHOD_DESCRIPTOR),
    doc = "Create a cached callable that wraps another function.\n\nuser_function:      the function being cached\n\nmaxsize:  0         for no caching\n          None      for unlimited cache size\n          n         for a bounded cache\n\ntyped:    False     cache f(3) and f(3.0) as identical calls\n          True      cache f(3) and f(3.0) as distinct calls\n\ncache_info_type:    namedtuple class with the fields:\n                        hits misses currsize maxsize\n"
)]
pub struct LruCache {
    function: Value,
    cache_info_type: Value,
    /// How many results are remembered at most. `None` for all of them.
    limit: Option<usize>,
    /// Whether arguments that are equal but of different types are different.
    typed: bool,
    cache: Ref<Dict>,
    hits: StripedCounter,
    misses: StripedCounter,
    order: Guarded<Order<Ref<Link>>>,
    /// The place of the newest link, to be read without the lock.
    newest: AtomicU32,
}

impl Lockable for LruCache {
    type State = Order<Ref<Link>>;
    fn guarded(&self) -> &Guarded<Self::State> {
        &self.order
    }
}

impl Traverse for LruCache {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        visit(&self.cache_info_type);
        visit(self.cache.as_value());
        self.order
            .while_stopped()
            .items()
            .for_each(|link| visit(link.as_value()));
    }
}

/// What stands between positional and keyword arguments in a key.
static KEYWORD_MARK: OnceLock<Value> = OnceLock::new();

fn keyword_mark(cx: &Context) -> PyResult<Value> {
    if let Some(mark) = KEYWORD_MARK.get() {
        return Ok(mark.clone());
    }
    let mark = objects::instance(cx, objects::class())?;
    Ok(KEYWORD_MARK.get_or_init(|| mark).clone())
}

/// What the result for these arguments is filed under.
fn make_key(cx: &Context, args: Args<'_>, typed: bool) -> PyResult<Value> {
    if !typed && args.names.is_empty() {
        if let [only] = args.values
            && (only.is_exact::<Str>() || int::is_exact(only))
        {
            return Ok(only.clone());
        }
        return Tuple::from_values(cx, args.values).map(Ref::into_value);
    }
    let mut parts = args.positional().to_vec();
    if !args.names.is_empty() {
        parts.push(keyword_mark(cx)?);
        for (name, value) in args.keywords().iter() {
            parts.push(name.clone());
            parts.push(value.clone());
        }
    }
    if typed {
        parts.extend(args.values.iter().map(|value| value.class().to_value()));
    }
    Tuple::from_vec(cx, parts).map(Ref::into_value)
}

impl LruCache {
    fn unbounded_call(&self, cx: &Context, args: Args<'_>) -> PyResult<Value> {
        let key = make_key(cx, args, self.typed)?;
        let hash = hash::hash(cx, &key)?;
        if let Some(result) = self.cache.get_with_hash(cx, &key, hash)? {
            self.hits.increment();
            return Ok(result);
        }
        self.misses.increment();
        let result = call::call_args(cx, &self.function, args)?;
        drop(
            self.cache
                .insert_with_hash(cx, &key, hash, result.clone())?,
        );
        Ok(result)
    }
}

/// The bounded cache `this`.
fn bounded_call(
    cx: &Context,
    this: &Ref<LruCache>,
    limit: usize,
    args: Args<'_>,
) -> PyResult<Value> {
    let key = make_key(cx, args, this.typed)?;
    let hash = hash::hash(cx, &key)?;
    if let Some(link) = this.cache.get_with_hash(cx, &key, hash)?
        && let Some(link) = link.downcast_exact::<Link>()
    {
        this.hits.increment();
        touch(this, link);
        return Ok(link.result.clone());
    }
    this.misses.increment();
    let result = call::call_args(cx, &this.function, args)?;
    // The call may have filed the same key.
    if this.cache.get_with_hash(cx, &key, hash)?.is_none() {
        let link = Link {
            key,
            hash,
            result: result.clone(),
            place: AtomicU32::new(NOWHERE),
        };
        insert(cx, this, limit, object::new(cx, link)?)?;
    }
    Ok(result)
}

/// Makes `link` the newest.
#[inline]
fn touch(this: &Ref<LruCache>, link: &Ref<Link>) {
    if link.place.load(Ordering::Relaxed) == this.newest.load(Ordering::Relaxed) {
        return;
    }
    this.locked(|order| {
        let place = link.place.load(Ordering::Relaxed);
        if place != NOWHERE {
            order.touch(place);
            this.newest.store(place, Ordering::Relaxed);
        }
    });
}

/// Files a new link, and throws out what is too much then.
fn insert(cx: &Context, this: &Ref<LruCache>, limit: usize, link: Ref<Link>) -> PyResult<()> {
    let replaced = this
        .cache
        .insert_with_hash(cx, &link.key, link.hash, link.to_value())?;
    let replaced = replaced
        .as_ref()
        .and_then(|replaced| replaced.downcast_exact::<Link>());
    let thrown_out = this.locked(|order| {
        let mut gone = Vec::new();
        if let Some(replaced) = replaced {
            let place = replaced.place.swap(NOWHERE, Ordering::Relaxed);
            gone.extend((place != NOWHERE).then(|| order.remove(place)).flatten());
        }
        let place = order.push(link.clone());
        link.place.store(place, Ordering::Relaxed);
        let mut too_many = Vec::new();
        while order.len() > limit
            && let Some(oldest) = order.pop_oldest()
        {
            oldest.place.store(NOWHERE, Ordering::Relaxed);
            too_many.push(oldest);
        }
        this.newest.store(order.newest(), Ordering::Relaxed);
        (gone, too_many)
    });
    for oldest in thrown_out.1 {
        take_out(cx, this, oldest)?;
    }
    Ok(())
}

/// Takes a link that is not in the order any more out of the dict.
fn take_out(cx: &Context, this: &Ref<LruCache>, mut link: Ref<Link>) -> PyResult<()> {
    loop {
        let removed = this.cache.remove_with_hash(cx, &link.key, link.hash)?;
        let Some((key, value)) = removed else {
            return Ok(());
        };
        let Some(newer) = value.downcast_exact::<Link>() else {
            return Ok(());
        };
        if newer.is(&link) {
            return Ok(());
        }
        // Another thread has filed the key anew meanwhile. It may have been thrown out in its turn, while
        // it was not there to be found; or is not yet in the order, and then is not found later.
        let newer = newer.clone();
        drop(this.cache.insert_with_hash(cx, &key, link.hash, value)?);
        if newer.place.load(Ordering::Relaxed) != NOWHERE {
            return Ok(());
        }
        link = newer;
    }
}

#[pymethods]
impl LruCache {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "lru_cache",
            0,
            [user_function, maxsize, typed, cache_info_type],
            []
        );
        let [function, limit, typed, info] = bind(cx, signature, args)?.map(given);
        if !call::is_callable(function) {
            return Err(cx.type_error("the first argument must be callable"));
        }
        let limit = if limit.is_none() {
            None
        } else if int::is_int(limit) || limit.class().slots.index.get().is_some() {
            Some(index::clamped(cx, limit)?.max(0) as usize)
        } else {
            return Err(cx.type_error("maxsize should be integer or None"));
        };
        let payload = LruCache {
            function: function.clone(),
            cache_info_type: info.clone(),
            limit,
            typed: typed.truth(cx)?,
            cache: Dict::new(cx)?,
            hits: StripedCounter::new(),
            misses: StripedCounter::new(),
            order: Guarded::new(Order::new()),
            newest: AtomicU32::new(NOWHERE),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<LruCache>, args: Args<'_>) -> PyResult<Value> {
        match this.limit {
            None => this.unbounded_call(cx, args),
            Some(0) => {
                this.misses.increment();
                call::call_args(cx, &this.function, args)
            }
            Some(limit) => bounded_call(cx, this, limit, args),
        }
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<LruCache>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        match object {
            Some(object) if !object.is_none() => {
                Method::new(cx, this.to_value(), object.clone()).map(Ref::into_value)
            }
            _ => Ok(this.to_value()),
        }
    }

    /// Report cache statistics
    #[method("cache_info(self, /)")]
    fn cache_info(cx: &Context, this: &Ref<LruCache>) -> PyResult<Value> {
        let limit = match this.limit {
            Some(limit) => int::from_u64(cx, limit as u64)?,
            None => Value::NONE,
        };
        let fields = [
            int::from_u64(cx, this.hits.total())?,
            int::from_u64(cx, this.misses.total())?,
            limit,
            int::from_u64(cx, this.cache.len() as u64)?,
        ];
        call::call(cx, &this.cache_info_type, &fields)
    }

    /// Clear the cache and cache statistics
    #[method("cache_clear(self, /)")]
    fn cache_clear(_cx: &Context, this: &Ref<LruCache>) -> PyResult<()> {
        let forgotten = this.locked(|order| {
            this.newest.store(NOWHERE, Ordering::Relaxed);
            let old = std::mem::replace(order, Order::new());
            old.items()
                .for_each(|link| link.place.store(NOWHERE, Ordering::Relaxed));
            old
        });
        this.hits.reset();
        this.misses.reset();
        this.cache.clear();
        drop(forgotten);
        Ok(())
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Value) -> PyResult<Value> {
        attribute::get(cx, this, names::dunder_qualname())
    }

    #[method("__copy__(self, /)")]
    fn copy(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[method("__deepcopy__(self, memo, /)")]
    fn deepcopy(_cx: &Context, this: &Value, _memo: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }
}
