//! The descriptor behind the attributes of named tuples.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::{index, text};
use typhon_runtime::{Context, PyResult, Ref, Value};

/// The payload of `_tuplegetter`: gives one item of a tuple.
#[pyclass(name = "_tuplegetter", module = "collections")]
pub struct TupleGetter {
    index: isize,
    doc: Field,
}

impl Traverse for TupleGetter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.doc.traverse(visit);
    }
}

#[pymethods]
impl TupleGetter {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("_tuplegetter() takes no keyword arguments"));
        }
        let [index, doc] = args.values else {
            return Err(cx.type_error(format!(
                "_tuplegetter expected 2 arguments, got {}",
                args.values.len()
            )));
        };
        let index = index::as_size(cx, index, exceptions::overflow_error())?;
        object::new_of_class(
            cx,
            class,
            TupleGetter {
                index,
                doc: Field::new(doc.clone()),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<TupleGetter>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object else {
            return Ok(this.to_value());
        };
        let Some(tuple) = object.downcast::<Tuple>() else {
            if object.is_none() {
                return Ok(this.to_value());
            }
            return Err(cx.type_error(format!(
                "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                this.index,
                object.type_name()
            )));
        };
        match usize::try_from(this.index)
            .ok()
            .and_then(|index| tuple.as_slice().get(index))
        {
            Some(item) => Ok(item.clone()),
            None => Err(cx.index_error("tuple index out of range")),
        }
    }

    #[slot(descriptor_set)]
    fn descriptor_set(
        cx: &Context,
        _this: &Ref<TupleGetter>,
        _object: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        Err(cx.attribute_error(match value {
            Some(_) => "can't set attribute",
            None => "can't delete attribute",
        }))
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<TupleGetter>) -> PyResult<Value> {
        let doc = this.doc.get().unwrap_or(Value::NONE);
        let name = this.class_of().short_name();
        format!(
            "{name}({}, {})",
            this.index,
            text::repr(cx, &doc)?.to_lossy()
        )
        .into_value(cx)
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<TupleGetter>) -> PyResult<Option<Value>> {
        Ok(this.doc.get())
    }

    #[setter("__doc__")]
    fn set_doc(_cx: &Context, this: &Ref<TupleGetter>, value: Option<&Value>) -> PyResult<()> {
        this.doc.set(value.cloned());
        Ok(())
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<TupleGetter>) -> PyResult<Ref<Tuple>> {
        let index = int::from_i64(cx, this.index as i64)?;
        let arguments = Tuple::from_values(cx, &[index, this.doc.get().unwrap_or(Value::NONE)])?;
        Tuple::from_values(cx, &[this.class_of().to_value(), arguments.into_value()])
    }
}
