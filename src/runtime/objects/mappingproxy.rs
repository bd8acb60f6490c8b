//! `mappingproxy`: a mapping that cannot be changed through it: `type.__dict__`.

use typhon_macros::{pyclass, pymethods};

use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::list::List;
use crate::objects::str_::{Name, StrBuilder, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::number::{self, BinaryOperator};
use crate::protocols::{call, compare, hash, iterate, sequence, text};
use crate::slots::Comparison;
use crate::value::Value;

/// The payload of `mappingproxy`.
#[pyclass(
    name = "mappingproxy",
    flags(MAPPING),
    signature = "(mapping)",
    doc = "Read-only proxy of a mapping."
)]
pub struct MappingProxy {
    mapping: Value,
}

impl Traverse for MappingProxy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.mapping);
    }
}

impl MappingProxy {
    /// A proxy of `mapping`.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context, mapping: Value) -> PyResult<Ref<MappingProxy>> {
        object::new(cx, MappingProxy { mapping })
    }

    /// What is behind the proxy.
    pub fn mapping(&self) -> &Value {
        &self.mapping
    }

    fn call(&self, cx: &Context, name: &str, arguments: &[Value]) -> PyResult<Value> {
        call::call_method(cx, &self.mapping, Name::intern(cx, name)?, arguments)
    }
}

/// The mapping behind a proxy; the value itself if it is none.
fn behind(value: &Value) -> &Value {
    match value.downcast::<MappingProxy>() {
        Some(proxy) => &proxy.mapping,
        None => value,
    }
}

#[pymethods]
impl MappingProxy {
    #[slot(new)]
    fn slot_new(cx: &Context, _class: &Ref<Type>, args: crate::args::Args<'_>) -> PyResult<Value> {
        static SIGNATURE: crate::args::Signature = crate::args::Signature {
            name: "mappingproxy",
            text: "(mapping)",
            parameters: &[crate::args::Parameter::required("mapping")],
            positional_only: 0,
            positional: 1,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let mapping = bound[0].expect("invariant: required");
        if mapping.class().slots.subscript.get().is_none()
            || mapping.downcast::<List>().is_some()
            || mapping.downcast::<Tuple>().is_some()
        {
            return Err(cx.type_error(format!(
                "mappingproxy() argument must be a mapping, not {}",
                mapping.type_name()
            )));
        }
        MappingProxy::new(cx, mapping.clone()).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        let mut text = StrBuilder::new();
        text.push_text("mappingproxy(");
        text.push_str(&*text::repr(cx, &this.mapping)?);
        text.push_text(")");
        text.finish_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        cx.nested("", || text::str(cx, &this.mapping))
            .map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<i64> {
        cx.nested("", || hash::hash(cx, &this.mapping))
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<MappingProxy>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        compare::rich(cx, &this.mapping, other, comparison)
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        cx.nested("", || iterate::iter(cx, &this.mapping))
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<usize> {
        cx.nested("", || sequence::length(cx, &this.mapping))
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<MappingProxy>, key: &Value) -> PyResult<bool> {
        cx.nested("", || sequence::contains(cx, &this.mapping, key))
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<MappingProxy>, key: &Value) -> PyResult<Value> {
        cx.nested("", || sequence::get_item(cx, &this.mapping, key))
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        cx.nested("", || {
            number::binary(cx, BinaryOperator::Or, behind(left), behind(right))
        })
    }

    #[slot(inplace_or)]
    fn inplace_or(cx: &Context, left: &Value, _right: &Value) -> PyResult<Value> {
        Err(cx.type_error(format!(
            "'|=' is not supported by {}; use '|' instead",
            left.type_name()
        )))
    }

    /// Return the value for key if key is in the mapping, else default.
    #[method("get(self, key, default=None, /)")]
    fn get(cx: &Context, this: &Ref<MappingProxy>, key: Value, default: Value) -> PyResult<Value> {
        call::call_method(cx, &this.mapping, names::get(), &[key, default])
    }

    /// D.keys() -> a set-like object providing a view on D's keys
    #[method("keys(self, /)")]
    fn keys(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        this.call(cx, "keys", &[])
    }

    /// D.values() -> an object providing a view on D's values
    #[method("values(self, /)")]
    fn values(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        this.call(cx, "values", &[])
    }

    /// D.items() -> a set-like object providing a view on D's items
    #[method("items(self, /)")]
    fn items(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        this.call(cx, "items", &[])
    }

    /// D.copy() -> a shallow copy of D
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        this.call(cx, "copy", &[])
    }

    /// mappingproxy objects are generic over two types, signifying (respectively) the types of their keys and values
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }

    /// D.__reversed__() -> reverse iterator
    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<MappingProxy>) -> PyResult<Value> {
        this.call(cx, "__reversed__", &[])
    }
}
