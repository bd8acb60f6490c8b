//! `_abc`: what `abc.ABCMeta` is made of (PEP 3119).
//!
//! Every abstract base class has an [`AbcData`] in `_abc_impl`: the classes that were registered, and
//! the answers of `issubclass` so far. Classes are held weakly. A negative answer counts for as long
//! as no class was registered anywhere: [`REGISTRATIONS`] is the number of registrations so far.
//!
//! Before the tables, which are behind the object's lock, `recent` is asked without one. It is
//! indexed by the class's version, a number that no other class ever has, nor this one once it was
//! changed:
//!
//! ```text
//!   63          32 31                   1   0
//!   ┌─────────────┬──────────────────────┬───┐
//!   │   version   │ REGISTRATIONS, low   │yes│      0: nothing
//!   └─────────────┴──────────────────────┴───┘
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::class::{self, ClassFlags};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::set::{FrozenSet, Set};
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::weakref::{self, WeakReference};
use typhon_runtime::protocols::{attribute, call, classes, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

/// Places in `recent`.
const RECENT: usize = 64;
/// The least number of entries at which dead ones are looked for.
const PURGE_LEAST: usize = 32;

/// How many classes were registered so far, with all abstract base classes.
static REGISTRATIONS: AtomicU64 = AtomicU64::new(0);

/// Classes by address. An entry counts if its reference is alive: the address may be another class's.
#[derive(Default)]
struct WeakClasses {
    entries: HashMap<u64, Ref<WeakReference>>,
    purge_at: usize,
}

#[derive(Default)]
pub struct State {
    registry: WeakClasses,
    cache: WeakClasses,
    negative: WeakClasses,
    /// The value of [`REGISTRATIONS`] for which `negative` counts.
    negative_version: u64,
}

/// What an abstract base class knows of other classes. See the module's header.
#[pyclass(
    name = "_abc_data",
    module = "_abc",
    flags(DISALLOW_INSTANTIATION),
    doc = "Internal state held by ABC machinery."
)]
pub struct AbcData {
    state: Guarded<State>,
    recent: [AtomicU64; RECENT],
}

impl Lockable for AbcData {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

impl Traverse for AbcData {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let state = self.state.while_stopped();
        for table in [&state.registry, &state.cache, &state.negative] {
            table
                .entries
                .values()
                .for_each(|reference| visit(reference.as_value()));
        }
    }
}

#[pymethods]
impl AbcData {}

/// Which of the tables.
type Table = fn(&mut State) -> &mut WeakClasses;

const REGISTRY: Table = |state| &mut state.registry;
const CACHE: Table = |state| &mut state.cache;
const NEGATIVE: Table = |state| &mut state.negative;

impl AbcData {
    /// The answer for a class of this version, if it is there.
    fn recent(&self, version: u32) -> Option<bool> {
        let word = self.recent[version as usize % RECENT].load(Ordering::Relaxed);
        if version == 0 || (word >> 32) as u32 != version {
            return None;
        }
        if word & 1 != 0 {
            return Some(true);
        }
        let registrations = (REGISTRATIONS.load(Ordering::Acquire) as u32) << 1;
        (word as u32 == registrations).then_some(false)
    }

    /// Keeps the answer that was found when there were `registrations`.
    fn remember(&self, version: u32, answer: bool, registrations: u64) {
        if version != 0 {
            let low = ((registrations as u32) << 1) | u32::from(answer);
            let word = u64::from(version) << 32 | u64::from(low);
            self.recent[version as usize % RECENT].store(word, Ordering::Relaxed);
        }
    }

    fn forget_recent(&self) {
        self.recent
            .iter()
            .for_each(|word| word.store(0, Ordering::Relaxed));
    }
}

/// Whether a table of `data` has `class`.
fn contains(data: &Ref<AbcData>, table: Table, class: &Value) -> bool {
    let found = data.locked(|state| table(state).entries.get(&class.bits()).cloned());
    found
        .and_then(|reference| reference.upgrade())
        .is_some_and(|target| target.is(class))
}

/// Puts `class` into a table of `data`.
fn insert(cx: &Context, data: &Ref<AbcData>, table: Table, class: &Value) -> PyResult<()> {
    let reference = weakref::reference(cx, class, None)?;
    let (replaced, purge) = data.locked(|state| {
        let table = table(state);
        let replaced = table.entries.insert(class.bits(), reference);
        (
            replaced,
            table.entries.len() >= table.purge_at.max(PURGE_LEAST),
        )
    });
    drop(replaced);
    if purge {
        purge_dead(data, table);
    }
    Ok(())
}

/// Takes the entries of dead classes out of a table.
fn purge_dead(data: &Ref<AbcData>, table: Table) {
    let mut dead = references(data, table);
    dead.retain(|reference| reference.upgrade().is_none());
    let removed: Vec<_> = data.locked(|state| {
        let table = table(state);
        let is_dead = |reference: &Ref<WeakReference>| dead.iter().any(|dead| dead.is(reference));
        let removed = table
            .entries
            .extract_if(|_, reference| is_dead(reference))
            .collect();
        table.purge_at = table.entries.len() * 2;
        removed
    });
    drop(removed);
}

/// The references of a table, dead ones too.
fn references(data: &Ref<AbcData>, table: Table) -> Vec<Ref<WeakReference>> {
    data.locked(|state| table(state).entries.values().cloned().collect())
}

/// A copy of a table as a set of weak references.
fn dump(cx: &Context, data: &Ref<AbcData>, table: Table) -> PyResult<Value> {
    let references: Vec<Value> = references(data, table)
        .into_iter()
        .map(Ref::into_value)
        .collect();
    Set::from_values(cx, &references).map(Ref::into_value)
}

fn impl_name(cx: &Context) -> PyResult<Name> {
    Name::intern(cx, "_abc_impl")
}

/// The data of an abstract base class.
fn data_of(cx: &Context, class: &Value) -> PyResult<Ref<AbcData>> {
    let data = attribute::get(cx, class, impl_name(cx)?)?;
    data.into_ref::<AbcData>()
        .map_err(|_| cx.type_error("_abc_impl is set to a wrong type"))
}

/// The version of a class, by which `recent` knows it; 0 for none.
fn version_of(class: &Value) -> u32 {
    class
        .downcast::<Type>()
        .map_or(0, |class| class.version_or_new())
}

/// Module contains faster C implementation of abc.ABCMeta
#[pymodule(
    name = "_abc",
    functions(
        get_cache_token,
        abc_init,
        reset_registry,
        reset_caches,
        get_dump,
        abc_register,
        abc_instancecheck,
        abc_subclasscheck
    )
)]
fn initialize(cx: &Context, _this: &Ref<Module>) -> PyResult<()> {
    class::class_of::<AbcData>(cx).map(|_| ())
}

/// Returns the current ABC cache token.
///
/// The token is an opaque object (supporting equality testing) identifying
/// the current version of the ABC cache for virtual subclasses.  The token
/// changes with every call to register() on any ABC.
#[pyfunction("get_cache_token()")]
fn get_cache_token(_cx: &Context) -> PyResult<u64> {
    Ok(REGISTRATIONS.load(Ordering::Acquire))
}

fn is_abstract(cx: &Context, value: &Value) -> PyResult<bool> {
    match attribute::find(cx, value, Name::intern(cx, "__isabstractmethod__")?)? {
        Some(answer) => answer.truth(cx),
        None => Ok(false),
    }
}

/// Sets `__abstractmethods__`: the class's own abstract attributes, and those of its bases that are
/// abstract still.
fn compute_abstract_methods(cx: &Context, class: &Value) -> PyResult<()> {
    let namespace = match class.downcast::<Type>() {
        Some(class) => class.dict.items_snapshot(cx)?,
        None => match attribute::get(cx, class, names::dunder_dict())?.downcast::<Dict>() {
            Some(dict) => dict.items_snapshot(cx)?,
            None => return Err(cx.type_error("__dict__ is not a dictionary")),
        },
    };
    let mut abstracts = Vec::new();
    for (name, value) in namespace {
        if is_abstract(cx, &value)? {
            abstracts.push(name);
        }
    }
    let bases = attribute::get(cx, class, names::dunder_bases())?;
    let Some(bases) = bases.downcast::<Tuple>() else {
        return Err(cx.type_error("__bases__ is not tuple"));
    };
    let abstract_methods = Name::intern(cx, "__abstractmethods__")?;
    for base in bases.as_slice() {
        let Some(inherited) = attribute::find(cx, base, abstract_methods)? else {
            continue;
        };
        for name in iterate::collect(cx, &inherited)? {
            let Some(text) = name.downcast::<Str>() else {
                return Err(cx.type_error(
                    "attribute name must be string, not '".to_owned() + &name.type_name() + "'",
                ));
            };
            if let Some(value) = attribute::find(cx, class, Name::from_string(text))?
                && is_abstract(cx, &value)?
            {
                abstracts.push(name);
            }
        }
    }
    let abstracts = FrozenSet::from_values(cx, &abstracts)?;
    attribute::set(cx, class, abstract_methods, abstracts.as_value())
}

/// The flags by which classes match sequence and mapping patterns.
const COLLECTION: ClassFlags = ClassFlags::SEQUENCE.union(ClassFlags::MAPPING);

/// Internal ABC helper for class set-up. Should be never used outside abc module.
#[pyfunction("_abc_init(self, /)")]
fn abc_init(cx: &Context, class: &Value) -> PyResult<()> {
    compute_abstract_methods(cx, class)?;
    let data = object::new(
        cx,
        AbcData {
            state: Guarded::new(State::default()),
            recent: [const { AtomicU64::new(0) }; RECENT],
        },
    )?;
    attribute::set(cx, class, impl_name(cx)?, data.as_value())?;
    let Some(class) = class.downcast::<Type>() else {
        return Ok(());
    };
    // A way for the library to say which of its classes match sequence or mapping patterns.
    let Some(flags) = class
        .dict
        .remove_name(cx, Name::intern(cx, "__abc_tpflags__")?)?
    else {
        return Ok(());
    };
    let Some(bits) = int::as_small(&flags) else {
        return Ok(());
    };
    let flags = ClassFlags::from_bits_retain(bits as u64).intersection(COLLECTION);
    if flags == COLLECTION {
        return Err(cx.type_error(
            "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING",
        ));
    }
    class.set_flags(flags, true);
    Ok(())
}

/// Makes a class and what is derived from it match the patterns that `flag` says.
fn set_collection_flag(class: &Ref<Type>, flag: ClassFlags) {
    if class.has(ClassFlags::IMMUTABLE) || class.flags().intersection(COLLECTION) == flag {
        return;
    }
    class.set_flags(COLLECTION, false);
    class.set_flags(flag, true);
    for derived in class.live_subclasses() {
        set_collection_flag(&derived, flag);
    }
}

/// Internal ABC helper for subclasss registration. Should be never used outside abc module.
#[pyfunction("_abc_register(self, subclass, /)")]
fn abc_register(cx: &Context, class: &Value, subclass: &Value) -> PyResult<Value> {
    if subclass.downcast::<Type>().is_none() {
        return Err(cx.type_error("Can only register classes"));
    }
    if classes::is_subclass(cx, subclass, class)? {
        return Ok(subclass.clone());
    }
    // Only after the question above: to register a class with itself is allowed and does nothing.
    if classes::is_subclass(cx, class, subclass)? {
        return Err(cx.runtime_error("Refusing to create an inheritance cycle"));
    }
    insert(cx, &data_of(cx, class)?, REGISTRY, subclass)?;
    REGISTRATIONS.fetch_add(1, Ordering::AcqRel);
    if let (Some(class), Some(subclass)) = (class.downcast::<Type>(), subclass.downcast::<Type>()) {
        let flag = class.flags().intersection(COLLECTION);
        if !flag.is_empty() {
            set_collection_flag(subclass, flag);
        }
    }
    Ok(subclass.clone())
}

fn ask(cx: &Context, class: &Value, subclass: &Value) -> PyResult<Value> {
    call::call_method(
        cx,
        class,
        names::dunder_subclasscheck(),
        std::slice::from_ref(subclass),
    )
}

/// Internal ABC helper for instance checks. Should be never used outside abc module.
#[pyfunction("_abc_instancecheck(self, instance, /)")]
fn abc_instancecheck(cx: &Context, class: &Value, instance: &Value) -> PyResult<Value> {
    let data = data_of(cx, class)?;
    let subtype = instance.class().as_value();
    let subclass =
        attribute::find(cx, instance, names::dunder_class())?.unwrap_or_else(|| subtype.clone());
    let known = data.recent(version_of(&subclass));
    if known == Some(true) {
        return Ok(Value::TRUE);
    }
    if known == Some(false) && subclass.is(subtype) {
        return Ok(Value::FALSE);
    }
    if contains(&data, CACHE, &subclass) {
        return Ok(Value::TRUE);
    }
    if !subclass.is(subtype) {
        let answer = ask(cx, class, &subclass)?;
        return if answer.truth(cx)? {
            Ok(answer)
        } else {
            ask(cx, class, subtype)
        };
    }
    let current = REGISTRATIONS.load(Ordering::Acquire);
    if data.locked(|state| state.negative_version) == current
        && contains(&data, NEGATIVE, &subclass)
    {
        return Ok(Value::FALSE);
    }
    ask(cx, class, &subclass)
}

/// Internal ABC helper for subclasss checks. Should be never used outside abc module.
#[pyfunction("_abc_subclasscheck(self, subclass, /)")]
fn abc_subclasscheck(cx: &Context, class: &Value, subclass: &Value) -> PyResult<bool> {
    if subclass.downcast::<Type>().is_none() {
        return Err(cx.type_error("issubclass() arg 1 must be a class"));
    }
    let data = data_of(cx, class)?;
    // Both are read before the answer is made, so that it is kept for no later state than its own.
    let version = version_of(subclass);
    let registrations = REGISTRATIONS.load(Ordering::Acquire);
    if let Some(answer) = data.recent(version) {
        return Ok(answer);
    }
    let answer = if contains(&data, CACHE, subclass) {
        true
    } else {
        let outdated = data.locked(|state| {
            let outdated = state.negative_version < registrations;
            outdated.then(|| {
                state.negative_version = registrations;
                std::mem::take(&mut state.negative)
            })
        });
        if outdated.is_none() && contains(&data, NEGATIVE, subclass) {
            false
        } else {
            drop(outdated);
            let answer = find_out(cx, class, &data, subclass)?;
            insert(cx, &data, if answer { CACHE } else { NEGATIVE }, subclass)?;
            answer
        }
    };
    data.remember(version, answer, registrations);
    Ok(answer)
}

/// The answer to `issubclass(subclass, class)` that is not known yet.
fn find_out(cx: &Context, class: &Value, data: &Ref<AbcData>, subclass: &Value) -> PyResult<bool> {
    let hook = Name::intern(cx, "__subclasshook__")?;
    let answer = call::call_method(cx, class, hook, std::slice::from_ref(subclass))?;
    match answer.as_bool() {
        Some(answer) => return Ok(answer),
        None if answer.is_not_implemented() => {}
        None => {
            return Err(cx.assertion_error(
                "__subclasshook__ must return either False, True, or NotImplemented",
            ));
        }
    }
    let derives = |from: &Value| match (subclass.downcast::<Type>(), from.downcast::<Type>()) {
        (Some(subclass), Some(from)) => subclass.is_subclass(from),
        _ => false,
    };
    if derives(class) || contains(data, REGISTRY, subclass) {
        return Ok(true);
    }
    for reference in references(data, REGISTRY) {
        if let Some(registered) = reference.upgrade()
            && classes::is_subclass(cx, subclass, &registered)?
        {
            return Ok(true);
        }
    }
    let subclasses = call::call_method(cx, class, Name::intern(cx, "__subclasses__")?, &[])?;
    let Some(subclasses) = subclasses.downcast::<List>() else {
        return Err(cx.type_error("__subclasses__() must return a list"));
    };
    for derived in subclasses.to_vec() {
        if classes::is_subclass(cx, subclass, &derived)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Internal ABC helper to reset registry of a given class.
///
/// Should be only used by refleak.py
#[pyfunction("_reset_registry(self, /)")]
fn reset_registry(cx: &Context, class: &Value) -> PyResult<()> {
    let data = data_of(cx, class)?;
    drop(data.locked(|state| std::mem::take(&mut state.registry)));
    data.forget_recent();
    Ok(())
}

/// Internal ABC helper to reset both caches of a given class.
///
/// Should be only used by refleak.py
#[pyfunction("_reset_caches(self, /)")]
fn reset_caches(cx: &Context, class: &Value) -> PyResult<()> {
    let data = data_of(cx, class)?;
    drop(data.locked(|state| {
        (
            std::mem::take(&mut state.cache),
            std::mem::take(&mut state.negative),
        )
    }));
    data.forget_recent();
    Ok(())
}

/// Internal ABC helper for cache and registry debugging.
///
/// Return shallow copies of registry, of both caches, and
/// negative cache version. Don't call this function directly,
/// instead use ABC._dump_registry() for a nice repr.
#[pyfunction("_get_dump(self, /)")]
fn get_dump(cx: &Context, class: &Value) -> PyResult<Ref<Tuple>> {
    let data = data_of(cx, class)?;
    let version = data.locked(|state| state.negative_version);
    let parts = vec![
        dump(cx, &data, REGISTRY)?,
        dump(cx, &data, CACHE)?,
        dump(cx, &data, NEGATIVE)?,
        int::from_u64(cx, version)?,
    ];
    Tuple::from_vec(cx, parts)
}
