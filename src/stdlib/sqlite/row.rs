//! `Row`: a tuple whose items have the names of their columns.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::compare;
use typhon_runtime::protocols::{hash, index, iterate, sequence, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::cursor::Cursor;

/// The payload of a row.
#[pyclass(name = "Row", module = "sqlite3", flags(BASETYPE))]
pub struct Row {
    data: Ref<Tuple>,
    description: Value,
}

impl Traverse for Row {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.data.as_value());
        visit(&self.description);
    }
}

impl Row {
    fn names(&self) -> Vec<Value> {
        let Some(description) = self.description.downcast::<Tuple>() else {
            return Vec::new();
        };
        let name = |column: &Value| column.downcast::<Tuple>()?.as_slice().first().cloned();
        description.as_slice().iter().filter_map(name).collect()
    }
}

#[pymethods]
impl Row {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [cursor, data] = args.values else {
            return Err(cx.type_error(format!(
                "Row expected 2 arguments, got {}",
                args.values.len()
            )));
        };
        let Some(cursor) = cursor.downcast::<Cursor>() else {
            return Err(cx.type_error(format!(
                "Row() argument 1 must be sqlite3.Cursor, not {}",
                cursor.type_name_for_argument()
            )));
        };
        let Some(data) = data.downcast::<Tuple>() else {
            return Err(cx.type_error(format!(
                "Row() argument 2 must be tuple, not {}",
                data.type_name_for_argument()
            )));
        };
        let row = Row {
            data: data.clone(),
            description: cursor.description(),
        };
        object::new_of_class(cx, class, row).map(Ref::into_value)
    }

    /// Returns the keys of the row.
    #[method("keys(self, /)")]
    fn keys(cx: &Context, this: &Ref<Row>) -> PyResult<Ref<List>> {
        List::from_values(cx, this.names())
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Row>) -> PyResult<usize> {
        Ok(this.data.len())
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Row>, key: &Value) -> PyResult<Value> {
        if let Some(wanted) = key.downcast::<Str>() {
            let wanted = wanted.to_lossy();
            let is_it = |name: &Value| {
                name.downcast::<Str>()
                    .is_some_and(|name| name.to_lossy().eq_ignore_ascii_case(&wanted))
            };
            let at = this.names().iter().position(is_it);
            return at
                .and_then(|at| this.data.as_slice().get(at).cloned())
                .ok_or_else(|| match text::repr_text(cx, key) {
                    Ok(shown) => cx.index_error(format!("No item with key {shown}")),
                    Err(raised) => raised,
                });
        }
        if key.downcast::<Slice>().is_some() {
            return sequence::get_item(cx, this.data.as_value(), key);
        }
        if index::as_index(cx, key).is_err() {
            if cx.exception_matches(typhon_runtime::objects::exceptions::type_error()) {
                cx.clear_exception();
                return Err(cx.index_error("Index must be int or string"));
            }
            return Err(typhon_runtime::Raised);
        }
        sequence::get_item(cx, this.data.as_value(), key)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Row>, index: isize) -> PyResult<Value> {
        usize::try_from(index)
            .ok()
            .and_then(|index| this.data.as_slice().get(index).cloned())
            .ok_or_else(|| cx.index_error("tuple index out of range"))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Row>) -> PyResult<Value> {
        iterate::iter(cx, this.data.as_value())
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Row>) -> PyResult<i64> {
        let description = hash::hash(cx, &this.description)?;
        Ok(description ^ hash::hash(cx, this.data.as_value())?)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Row>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let Some(other) = other.downcast::<Row>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = compare::equal(cx, &this.description, &other.description)?
            && compare::equal(cx, this.data.as_value(), other.data.as_value())?;
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }
}
