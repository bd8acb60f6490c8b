//! `FrameLocalsProxy`: the variables of a function's frame as a mapping that writes through (PEP 667).
//!
//! Keys that are names of variables stand for them, cells looked through; all others, and what they hold,
//! are the frame's own dict, which all proxies of the frame share. Variables cannot be deleted: the
//! compiler may have proved that they are bound.

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, Maybe};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{self, Ref, Traverse};
use crate::objects::dict::Dict;
use crate::objects::frame::FrameObject;
use crate::objects::list::List;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, compare, hash, iterate, sequence, text};
use crate::slots::Comparison;
use crate::value::Value;

/// The payload of `FrameLocalsProxy`.
#[pyclass(name = "FrameLocalsProxy", flags(MAPPING))]
pub struct FrameLocalsProxy {
    frame: Ref<FrameObject>,
}

impl Traverse for FrameLocalsProxy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.frame.as_value());
    }
}

impl FrameLocalsProxy {
    /// A proxy of a frame's variables.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context, frame: Ref<FrameObject>) -> PyResult<Ref<FrameLocalsProxy>> {
        object::new(cx, FrameLocalsProxy { frame })
    }

    /// The variable that a key means, bound or not.
    fn index_of(&self, cx: &Context, key: &Value) -> PyResult<Option<usize>> {
        let names = self.frame.shown_names();
        if let Some(exact) = key.downcast_exact::<Str>() {
            let mut names = names;
            return Ok(names
                .find(|(_, name)| exact.equals_str(name))
                .map(|(index, _)| index));
        }
        let hash = hash::hash(cx, key)?;
        for (index, name) in names {
            if name.hash() == hash && compare::equal(cx, name.as_value(), key)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn find(&self, cx: &Context, key: &Value) -> PyResult<Option<Value>> {
        if let Some(index) = self.index_of(cx, key)?
            && let Some(value) = self.frame.variable(cx, index)
        {
            return Ok(Some(value));
        }
        match self.frame.extra_variables() {
            Some(extra) => extra.get_item(cx, key),
            None => Ok(None),
        }
    }

    fn store(&self, cx: &Context, key: &Value, value: &Value) -> PyResult<()> {
        match self.index_of(cx, key)? {
            Some(index) => {
                self.frame.set_variable(cx, index, value.clone());
                Ok(())
            }
            None => {
                let extra = self.frame.extra_variables_or_new(cx)?;
                extra.set_item(cx, key, value.clone())
            }
        }
    }

    /// Takes out what is no variable.
    fn remove(&self, cx: &Context, key: &Value) -> PyResult<Option<Value>> {
        if self.index_of(cx, key)?.is_some() {
            return Err(cx.value_error("cannot remove local variables from FrameLocalsProxy"));
        }
        let Some(extra) = self.frame.extra_variables() else {
            return Ok(None);
        };
        extra.remove_item(cx, key)
    }

    fn snapshot(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        self.frame.snapshot(cx)
    }

    fn update_from(&self, cx: &Context, other: &Value) -> PyResult<()> {
        if other.downcast::<Dict>().is_none() && other.downcast::<FrameLocalsProxy>().is_none() {
            return Err(cx.type_error("update() argument must be dict or another FrameLocalsProxy"));
        }
        for key in keys_of(cx, other)? {
            let value = sequence::get_item(cx, other, &key)?;
            self.store(cx, &key, &value)?;
        }
        Ok(())
    }
}

fn keys_of(cx: &Context, mapping: &Value) -> PyResult<Vec<Value>> {
    let keys = attribute::get(cx, mapping, Name::intern(cx, "keys")?)?;
    let keys = crate::protocols::call::call(cx, &keys, &[])?;
    iterate::collect(cx, &keys)
}

fn is_mapping(value: &Value) -> bool {
    value.downcast::<Dict>().is_some() || value.downcast::<FrameLocalsProxy>().is_some()
}

#[pymethods]
impl FrameLocalsProxy {
    #[slot(new)]
    fn make(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("FrameLocalsProxy takes no keyword arguments"));
        }
        let [frame] = args.values else {
            let given = args.values.len();
            return Err(cx.type_error(format!("FrameLocalsProxy expected 1 argument, got {given}")));
        };
        match frame.downcast::<FrameObject>() {
            Some(frame) => FrameLocalsProxy::new(cx, frame.clone()).map(Ref::into_value),
            None => Err(cx.type_error(format!("expect frame, not {}", frame.type_name()))),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Value> {
        let address = this.as_value().bits();
        if cx.repr_guard.borrow().contains(&address) {
            return Ok(Str::from_str(cx, "{...}")?.into_value());
        }
        cx.repr_guard.borrow_mut().push(address);
        let result = this
            .snapshot(cx)
            .and_then(|snapshot| text::repr(cx, snapshot.as_value()));
        cx.repr_guard.borrow_mut().pop();
        result.map(Ref::into_value)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<FrameLocalsProxy>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let same = if let Some(other) = other.downcast::<FrameLocalsProxy>() {
            this.frame.is(&other.frame)
        } else if other.downcast::<Dict>().is_some() {
            compare::equal(cx, this.snapshot(cx)?.as_value(), other)?
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Value::from_bool(same == (comparison == Comparison::Equal)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Value> {
        let keys = FrameLocalsProxy::keys(cx, this)?;
        iterate::iter(cx, keys.as_value())
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<usize> {
        sequence::length(cx, this.snapshot(cx)?.as_value())
    }

    #[slot(contains)]
    #[method("__contains__(self, key, /)")]
    fn contains(cx: &Context, this: &Ref<FrameLocalsProxy>, key: &Value) -> PyResult<bool> {
        Ok(this.find(cx, key)?.is_some())
    }

    #[slot(subscript)]
    #[method("__getitem__(self, key, /)")]
    fn subscript(cx: &Context, this: &Ref<FrameLocalsProxy>, key: &Value) -> PyResult<Value> {
        match this.find(cx, key)? {
            Some(value) => Ok(value),
            None => Err(cx.key_error(key)),
        }
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<FrameLocalsProxy>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        match value {
            Some(value) => this.store(cx, key, value),
            None => match this.remove(cx, key)? {
                Some(_) => Ok(()),
                None => Err(cx.key_error(key)),
            },
        }
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        if !is_mapping(left) || !is_mapping(right) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let result = Dict::new(cx)?;
        for mapping in [left, right] {
            for key in keys_of(cx, mapping)? {
                let value = sequence::get_item(cx, mapping, &key)?;
                result.set_item(cx, &key, value)?;
            }
        }
        Ok(result.into_value())
    }

    #[slot(inplace_or)]
    fn inplace_or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(this) = left.downcast::<FrameLocalsProxy>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !is_mapping(right) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        this.update_from(cx, right)?;
        Ok(left.clone())
    }

    /// Return the value for key if key is in the mapping, else default.
    #[method("get(self, key, default=None, /)")]
    fn get(
        cx: &Context,
        this: &Ref<FrameLocalsProxy>,
        key: &Value,
        default: Value,
    ) -> PyResult<Value> {
        Ok(this.find(cx, key)?.unwrap_or(default))
    }

    #[method("keys(self, /)")]
    fn keys(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        let keys = iterate::collect(cx, this.snapshot(cx)?.as_value())?;
        List::from_values(cx, keys)
    }

    #[method("values(self, /)")]
    fn values(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        let snapshot = this.snapshot(cx)?;
        let mut values = Vec::new();
        for key in iterate::collect(cx, snapshot.as_value())? {
            values.extend(snapshot.get_item(cx, &key)?);
        }
        List::from_values(cx, values)
    }

    #[method("items(self, /)")]
    fn items(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        let snapshot = this.snapshot(cx)?;
        let mut items = Vec::new();
        for key in iterate::collect(cx, snapshot.as_value())? {
            if let Some(value) = snapshot.get_item(cx, &key)? {
                items.push(Tuple::from_vec(cx, vec![key, value])?.into_value());
            }
        }
        List::from_values(cx, items)
    }

    #[method("update(self, other, /)")]
    fn update(cx: &Context, this: &Ref<FrameLocalsProxy>, other: &Value) -> PyResult<()> {
        this.update_from(cx, other)
    }

    #[method("setdefault(self, key, default=None, /)")]
    fn setdefault(
        cx: &Context,
        this: &Ref<FrameLocalsProxy>,
        key: &Value,
        default: Value,
    ) -> PyResult<Value> {
        if let Some(value) = this.find(cx, key)? {
            return Ok(value);
        }
        this.store(cx, key, &default)?;
        Ok(default)
    }

    #[method("pop(self, key, default=<unrepresentable>, /)")]
    fn pop(
        cx: &Context,
        this: &Ref<FrameLocalsProxy>,
        key: &Value,
        default: Maybe<&Value>,
    ) -> PyResult<Value> {
        match (this.remove(cx, key)?, default.0) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(cx.key_error(key)),
        }
    }

    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<Dict>> {
        this.snapshot(cx)
    }

    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        let mut keys = iterate::collect(cx, this.snapshot(cx)?.as_value())?;
        keys.reverse();
        List::from_values(cx, keys)
    }

    #[method("__reduce_ex__(self, protocol, /)")]
    fn reduce(cx: &Context, _this: &Ref<FrameLocalsProxy>, _protocol: &Value) -> PyResult<Value> {
        let Raised = cx.type_error("cannot pickle 'FrameLocalsProxy' object");
        Err(Raised)
    }
}
