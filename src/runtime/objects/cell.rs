//! `cell`: a variable that several scopes share.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::guarded::HeldValue;
use crate::object::{self, Ref, Traverse};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocols::compare;
use crate::slots::Comparison;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "cell",
    signature = "([contents])",
    doc = "Create a new cell object.\n\n  contents\n    the contents of the cell. If not specified, the cell will be empty,\n    and further attempts to access its cell_contents attribute will\n    raise a ValueError."
)]
pub struct Cell {
    /// The variable's value.
    content: Field,
}

impl Traverse for Cell {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.content.traverse(visit);
    }
}

impl Cell {
    /// A cell with this content.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    #[inline]
    pub fn new(cx: &Context, content: Option<Value>) -> PyResult<Ref<Cell>> {
        object::new(
            cx,
            Cell {
                content: Field::from_option(content),
            },
        )
    }
}

impl Ref<Cell> {
    /// The content, counted.
    #[inline(always)]
    pub fn get(&self) -> Option<Value> {
        self.content.get_with(self.header())
    }

    /// The content as a word for the place of a callable on the operand stack (`vm/uncounted.rs`).
    #[inline(always)]
    pub(crate) fn callable(&self) -> Option<u64> {
        self.content.operand(self.header())
    }

    /// Puts a value in and returns what was there.
    #[inline(always)]
    pub fn replace(&self, value: Option<Value>) -> Option<Value> {
        let header = self.header();
        if header.is_exclusive() {
            return self.content.replace_locked(value);
        }
        let _held = HeldValue::lock_header(header);
        self.content.replace_locked(value)
    }

    /// Puts a value in.
    #[inline(always)]
    pub fn set(&self, value: Option<Value>) {
        drop(self.replace(value));
    }
}

#[pymethods]
impl Cell {
    #[slot(new)]
    fn make(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("cell() takes no keyword arguments"));
        }
        match args.values {
            [] => Cell::new(cx, None).map(Ref::into_value),
            [content] => Cell::new(cx, Some(content.clone())).map(Ref::into_value),
            more => Err(cx.type_error(format!(
                "cell expected at most 1 argument, got {}",
                more.len()
            ))),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Cell>) -> PyResult<Value> {
        let address = this.as_value().bits();
        let text = match this.get() {
            None => format!("<cell at {address:#x}: empty>"),
            Some(content) => format!(
                "<cell at {address:#x}: {} object at {:#x}>",
                content.type_name(),
                content.bits()
            ),
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Cell>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Cell>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        match (this.get(), other.get()) {
            (Some(left), Some(right)) => compare::rich(cx, &left, &right, comparison),
            // An empty cell is less than any other.
            (left, right) => Ok(Value::from_bool(
                comparison.accepts(left.is_some().cmp(&right.is_some())),
            )),
        }
    }

    #[getter]
    fn cell_contents(cx: &Context, this: &Ref<Cell>) -> PyResult<Value> {
        this.get().ok_or_else(|| cx.value_error("Cell is empty"))
    }

    #[setter]
    fn set_cell_contents(_cx: &Context, this: &Ref<Cell>, value: Option<&Value>) -> PyResult<()> {
        this.set(value.cloned());
        Ok(())
    }
}
