//! `traceback`: the places that an exception came through.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::frame::FrameObject;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;
use crate::vm::unwind;

/// The payload of `traceback`: one place, and the next one towards the raise.
#[pyclass(
    name = "traceback",
    doc = "Create a new traceback object.",
    signature = "(tb_next, tb_frame, tb_lasti, tb_lineno)"
)]
pub struct Traceback {
    next: Field,
    frame: Ref<FrameObject>,
    /// Index of the instruction, in units.
    index: i64,
    /// What a program said that made the traceback.
    given: Option<Given>,
}

struct Given {
    /// `tb_lasti`.
    offset: i64,
    /// `tb_lineno`, if it is one.
    line: Option<u32>,
}

impl Traverse for Traceback {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.next.traverse(visit);
        visit(self.frame.as_value());
    }
}

impl Traceback {
    /// One more place, in front of `next`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn make(
        cx: &Context,
        next: Option<Value>,
        frame: Ref<FrameObject>,
        index: usize,
    ) -> PyResult<Ref<Traceback>> {
        let next = next.filter(|next| !next.is_none());
        object::new(
            cx,
            Traceback {
                next: Field::from_option(next),
                frame,
                index: index as i64,
                given: None,
            },
        )
    }

    /// The next place.
    pub fn next(&self) -> Option<Ref<Traceback>> {
        self.next.get_as()
    }

    /// Replaces the next place.
    pub fn set_next(&self, next: Option<&Ref<Traceback>>) {
        self.next.set(next.map(Ref::to_value));
    }

    /// The frame.
    pub fn frame(&self) -> &Ref<FrameObject> {
        &self.frame
    }

    /// The line, if the code has lines. It is looked for now, since few tracebacks are shown.
    pub fn line(&self) -> Option<u32> {
        match &self.given {
            Some(given) => given.line,
            None => self.frame.code().line_of(self.index as usize),
        }
    }

    /// The index of the instruction, in units.
    pub fn instruction(&self) -> usize {
        self.index.max(0) as usize
    }
}

#[pymethods]
impl Traceback {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [next, frame, lasti, line] = args.values else {
            return Err(cx.type_error(format!(
                "traceback() missing required argument 'tb_next' (pos {})",
                args.values.len() + 1
            )));
        };
        if !next.is_none() && next.downcast::<Traceback>().is_none() {
            return Err(cx.type_error(format!(
                "expected traceback object or None, got '{}'",
                next.type_name()
            )));
        }
        let Some(frame) = frame.downcast::<FrameObject>() else {
            return Err(cx.type_error(format!(
                "traceback() argument 'tb_frame' must be frame, not {}",
                frame.type_name_for_argument()
            )));
        };
        let offset = crate::protocols::index::as_index(cx, lasti)? as i64;
        let line = crate::protocols::index::as_index(cx, line)?;
        let next = Some(next.clone()).filter(|next| !next.is_none());
        let traceback = Traceback {
            next: Field::from_option(next),
            frame: frame.clone(),
            index: usize::try_from(offset)
                .map_or(-1, |offset| frame.code().wordcode().unit_at(offset) as i64),
            given: Some(Given {
                offset,
                line: u32::try_from(line).ok(),
            }),
        };
        object::new(cx, traceback).map(Ref::into_value)
    }

    #[method("__dir__(self, /)")]
    fn dir(cx: &Context, _this: &Ref<Traceback>) -> PyResult<Ref<List>> {
        let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"];
        let names: PyResult<Vec<Value>> = names
            .iter()
            .map(|name| Str::from_str(cx, name).map(Ref::into_value))
            .collect();
        List::from_values(cx, names?)
    }

    #[getter]
    fn tb_next(_cx: &Context, this: &Ref<Traceback>) -> PyResult<Option<Value>> {
        Ok(this.next.get())
    }

    #[setter]
    fn set_tb_next(cx: &Context, this: &Ref<Traceback>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("can't delete tb_next attribute"));
        };
        if value.is_none() {
            this.next.set(None);
            return Ok(());
        }
        let Some(mut next) = value.downcast::<Traceback>().cloned() else {
            return Err(cx.type_error(format!(
                "expected traceback object, got '{}'",
                value.type_name()
            )));
        };
        let first = next.clone();
        loop {
            if next.is(this) {
                return Err(cx.value_error("traceback loop detected"));
            }
            match next.next() {
                Some(after) => next = after,
                None => break,
            }
        }
        this.next.set(Some(first.into_value()));
        Ok(())
    }

    #[member]
    fn tb_frame(_cx: &Context, this: &Ref<Traceback>) -> PyResult<Value> {
        Ok(this.frame.to_value())
    }

    #[member]
    fn tb_lasti(_cx: &Context, this: &Ref<Traceback>) -> PyResult<i64> {
        Ok(match &this.given {
            Some(given) => given.offset,
            None => this.frame.code().offset_of(this.index as usize) as i64,
        })
    }

    #[getter]
    fn tb_lineno(cx: &Context, this: &Ref<Traceback>) -> PyResult<Value> {
        unwind::line_value(cx, this.line())
    }
}
