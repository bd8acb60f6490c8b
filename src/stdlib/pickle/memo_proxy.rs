//! `PicklerMemoProxy` and `UnpicklerMemoProxy`: the memos as Python code sees them, to be cleared, copied
//! and given to another pickler.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::hash;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::memo::{Numbers, Objects};
use super::pickler::Pickler;
use super::unpickler::Unpickler;

/// The memo of a pickler.
#[pyclass(
    name = "PicklerMemoProxy",
    module = "_pickle",
    flags(BASETYPE, IMMUTABLE, DISALLOW_INSTANTIATION)
)]
pub struct PicklerMemoProxy {
    pickler: Ref<Pickler>,
}

impl Traverse for PicklerMemoProxy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.pickler.as_value());
    }
}

/// `(dict, (copy,))`: how a memo is pickled.
fn as_dict(cx: &Context, copy: Ref<Dict>) -> PyResult<Ref<Tuple>> {
    let contents = Tuple::from_values(cx, &[copy.into_value()])?;
    Tuple::from_values(cx, &[Dict::class().to_value(), contents.into_value()])
}

#[pymethods]
impl PicklerMemoProxy {
    #[slot(hash)]
    fn hash(cx: &Context, this: &Value) -> PyResult<i64> {
        hash::unhashable(cx, this)
    }

    /// Remove all items from memo.
    #[method("clear(self, /)")]
    fn clear(cx: &Context, this: &Ref<PicklerMemoProxy>) -> PyResult<()> {
        Pickler::clear_memo(cx, &this.pickler)
    }

    /// Copy the memo to a new object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<PicklerMemoProxy>) -> PyResult<Ref<Dict>> {
        let entries: Vec<(u64, usize, Value)> = this.pickler.locked(|state| {
            let entries = state.memo.entries();
            entries
                .map(|(address, number, object)| (address, number, object.clone()))
                .collect()
        });
        let copy = Dict::new(cx)?;
        for (address, number, object) in entries {
            let entry = Tuple::from_values(cx, &[int::from_u64(cx, number as u64)?, object])?;
            copy.set_item(cx, &int::from_u64(cx, address)?, entry.into_value())?;
        }
        Ok(copy)
    }

    /// Implement pickle support.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<PicklerMemoProxy>) -> PyResult<Ref<Tuple>> {
        as_dict(cx, PicklerMemoProxy::copy(cx, this)?)
    }
}

impl PicklerMemoProxy {
    /// A view of the pickler's memo.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of(cx: &Context, pickler: &Ref<Pickler>) -> PyResult<Value> {
        let pickler = pickler.clone();
        object::new(cx, PicklerMemoProxy { pickler }).map(Ref::into_value)
    }
}

/// The memo of an unpickler.
#[pyclass(
    name = "UnpicklerMemoProxy",
    module = "_pickle",
    flags(BASETYPE, IMMUTABLE, DISALLOW_INSTANTIATION)
)]
pub struct UnpicklerMemoProxy {
    unpickler: Ref<Unpickler>,
}

impl Traverse for UnpicklerMemoProxy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.unpickler.as_value());
    }
}

#[pymethods]
impl UnpicklerMemoProxy {
    #[slot(hash)]
    fn hash(cx: &Context, this: &Value) -> PyResult<i64> {
        hash::unhashable(cx, this)
    }

    /// Remove all items from memo.
    #[method("clear(self, /)")]
    fn clear(_cx: &Context, this: &Ref<UnpicklerMemoProxy>) -> PyResult<()> {
        drop(
            this.unpickler
                .locked(|state| std::mem::take(&mut state.memo)),
        );
        Ok(())
    }

    /// Copy the memo to a new object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<UnpicklerMemoProxy>) -> PyResult<Ref<Dict>> {
        let entries: Vec<(usize, Value)> = this.unpickler.locked(|state| {
            let entries = state.memo.entries();
            entries
                .map(|(number, object)| (number, object.clone()))
                .collect()
        });
        let copy = Dict::new(cx)?;
        for (number, object) in entries {
            copy.set_item(cx, &int::from_u64(cx, number as u64)?, object)?;
        }
        Ok(copy)
    }

    /// Implement pickling support.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<UnpicklerMemoProxy>) -> PyResult<Ref<Tuple>> {
        as_dict(cx, UnpicklerMemoProxy::copy(cx, this)?)
    }
}

impl UnpicklerMemoProxy {
    /// A view of the unpickler's memo.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of(cx: &Context, unpickler: &Ref<Unpickler>) -> PyResult<Value> {
        let unpickler = unpickler.clone();
        object::new(cx, UnpicklerMemoProxy { unpickler }).map(Ref::into_value)
    }
}

#[cold]
fn deletion(cx: &Context) -> Raised {
    cx.type_error("attribute deletion is not supported")
}

/// A number that is an int for sure.
fn number(cx: &Context, value: &Value, message: &str) -> PyResult<i128> {
    if int::is_int(value) {
        int::index_as_i128(cx, value)
    } else {
        Err(cx.type_error(message))
    }
}

/// A pickler's memo from what is assigned to `memo`.
///
/// # Errors
/// TypeError when it is no such memo.
pub fn numbers(cx: &Context, value: Option<&Value>) -> PyResult<Numbers> {
    let value = value.ok_or_else(|| deletion(cx))?;
    let mut numbers = Numbers::default();
    if let Some(proxy) = value.downcast::<PicklerMemoProxy>() {
        proxy.pickler.locked(|state| {
            for (address, number, object) in state.memo.entries() {
                drop(numbers.insert(address, number, object.clone()));
            }
        });
        return Ok(numbers);
    }
    let Some(dict) = value.downcast::<Dict>() else {
        return Err(cx.type_error(format!(
            "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
            value.type_name()
        )));
    };
    for (_, entry) in dict.items_snapshot(cx)? {
        let pair = entry.downcast::<Tuple>().map(|pair| pair.as_slice());
        let Some([place, object]) = pair else {
            return Err(cx.type_error("'memo' values must be 2-item tuples"));
        };
        let place = number(cx, place, "an integer is required")?;
        let place = usize::try_from(place)
            .map_err(|_| cx.overflow_error("Python int too large to convert to C ssize_t"))?;
        drop(numbers.insert(object.bits(), place, object.clone()));
    }
    Ok(numbers)
}

/// An unpickler's memo from what is assigned to `memo`.
///
/// # Errors
/// TypeError and ValueError when it is no such memo.
pub fn objects(cx: &Context, value: Option<&Value>) -> PyResult<Objects> {
    let value = value.ok_or_else(|| deletion(cx))?;
    let mut objects = Objects::default();
    if let Some(proxy) = value.downcast::<UnpicklerMemoProxy>() {
        proxy.unpickler.locked(|state| {
            for (number, object) in state.memo.entries() {
                drop(objects.put(number, object.clone()));
            }
        });
        return Ok(objects);
    }
    let Some(dict) = value.downcast::<Dict>() else {
        return Err(cx.type_error(format!(
            "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
            value.type_name()
        )));
    };
    for (key, object) in dict.items_snapshot(cx)? {
        let key = number(cx, &key, "memo key must be integers")?;
        let key = usize::try_from(key)
            .map_err(|_| cx.value_error("memo key must be positive integers."))?;
        drop(objects.put(key, object));
    }
    Ok(objects)
}
