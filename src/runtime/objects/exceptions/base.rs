//! `BaseException`: arguments, traceback, cause and context of every exception.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::descriptors;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::str_::{Name, Str, names};
use crate::objects::traceback::Traceback;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, iterate, text};
use crate::value::Value;

/// What every exception has. Payloads of derived classes begin with it.
#[pyclass(
    name = "BaseException",
    flags(BASETYPE, HAS_DICT),
    doc = "Common base class for all exceptions"
)]
#[repr(C)]
pub struct BaseException {
    /// `args`, a tuple.
    pub args: Field,
    /// `__traceback__`; empty for None.
    pub traceback: Field,
    /// `__cause__`; empty for None.
    pub cause: Field,
    /// `__context__`; empty for None.
    pub context: Field,
    /// `__suppress_context__`.
    pub suppress_context: AtomicBool,
}

impl Traverse for BaseException {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [&self.args, &self.traceback, &self.cause, &self.context] {
            field.traverse(visit);
        }
    }
}

impl BaseException {
    /// An exception without arguments.
    pub fn empty() -> BaseException {
        BaseException {
            args: Field::empty(),
            traceback: Field::empty(),
            cause: Field::empty(),
            context: Field::empty(),
            suppress_context: AtomicBool::new(false),
        }
    }

    /// An exception with these arguments.
    ///
    /// # Errors
    /// MemoryError.
    pub fn with_args(cx: &Context, args: &[Value]) -> PyResult<BaseException> {
        Ok(BaseException {
            args: Field::new(Tuple::from_values(cx, args)?.into_value()),
            ..BaseException::empty()
        })
    }

    /// `args`.
    pub fn arguments(&self) -> Ref<Tuple> {
        self.args.get_as::<Tuple>().unwrap_or_else(Tuple::empty)
    }

    /// Whether `args` are these very objects, as they are when `__init__` follows `__new__`.
    fn has_arguments(&self, args: &[Value]) -> bool {
        let same = |tuple: &Ref<Tuple>| {
            let own = tuple.as_slice();
            own.len() == args.len() && own.iter().zip(args).all(|(own, arg)| own.is(arg))
        };
        let answer = |value: &Value| value.downcast::<Tuple>().map(same);
        self.args.look(answer).unwrap_or(false)
    }

    /// Sets `__cause__` as `raise … from cause` does.
    pub fn set_cause(&self, cause: Option<Value>) {
        self.cause.set(cause);
        self.suppress_context.store(true, Ordering::Relaxed);
    }

    /// `BaseException.__init__`: the arguments, no keywords.
    ///
    /// # Errors
    /// TypeError for keyword arguments.
    pub fn initialize(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        if !args.names.is_empty() {
            return Err(cx.type_error(format!("{}() takes no keyword arguments", this.type_name())));
        }
        let base = crate::args::payload::<BaseException>(this);
        if !base.has_arguments(args.positional()) {
            base.args.set(Some(
                Tuple::from_values(cx, args.positional())?.into_value(),
            ));
        }
        Ok(())
    }

    /// `BaseException.__str__`.
    ///
    /// # Errors
    /// What `str` of the argument raises.
    pub fn text(cx: &Context, this: &BaseException) -> PyResult<Ref<Str>> {
        let args = this.arguments();
        match args.as_slice() {
            [] => Ok(Str::empty()),
            [only] => text::str(cx, only),
            _ => text::str(cx, args.as_value()),
        }
    }
}

#[pymethods]
impl BaseException {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let payload = BaseException::with_args(cx, args.positional())?;
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        BaseException::initialize(cx, this, args)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<BaseException>) -> PyResult<Value> {
        let name = this.as_value().type_name();
        let args = this.arguments();
        let text = match args.as_slice() {
            [only] => format!("{name}({})", text::repr_text(cx, only)?),
            _ => format!("{name}{}", text::repr_text(cx, args.as_value())?),
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<BaseException>) -> PyResult<Value> {
        BaseException::text(cx, this).map(Ref::into_value)
    }

    /// Set self.__traceback__ to tb and return self.
    #[method("with_traceback(self, object, /)")]
    fn with_traceback(cx: &Context, this: &Ref<BaseException>, object: &Value) -> PyResult<Value> {
        BaseException::set_traceback(cx, this, Some(object))?;
        Ok(this.to_value())
    }

    /// Add a note to the exception
    #[method("add_note(self, object, /)")]
    fn add_note(cx: &Context, this: &Value, object: &Value) -> PyResult<()> {
        if object.downcast::<Str>().is_none() {
            return Err(cx.type_error(format!(
                "add_note() argument must be str, not {}",
                object.type_name_for_argument()
            )));
        }
        let notes = match attribute::find(cx, this, names::dunder_notes())? {
            Some(notes) => notes,
            None => {
                let notes = List::from_values(cx, Vec::new())?.into_value();
                attribute::set(cx, this, names::dunder_notes(), &notes)?;
                notes
            }
        };
        if notes.downcast::<List>().is_none() {
            return Err(cx.type_error("Cannot add note: __notes__ is not a list"));
        }
        call::call_method(cx, &notes, names::append(), std::slice::from_ref(object))?;
        Ok(())
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<BaseException>) -> PyResult<Ref<Tuple>> {
        let class = this.as_value().class().to_value();
        let mut parts = vec![class, this.arguments().into_value()];
        if let Some(dict) = attributes_if_any(cx, this.as_value())? {
            parts.push(dict.into_value());
        }
        Tuple::from_vec(cx, parts)
    }

    /// Set the exception's attributes from a pickled state.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Value, object: &Value) -> PyResult<()> {
        if object.is_none() {
            return Ok(());
        }
        let Some(state) = object.downcast::<Dict>() else {
            return Err(cx.type_error("state is not a dictionary"));
        };
        for (key, value) in state.items_snapshot(cx)? {
            let Some(name) = key.downcast::<Str>() else {
                return Err(cx.type_error(format!(
                    "attribute name must be string, not '{}'",
                    key.type_name()
                )));
            };
            attribute::set(cx, this, Name::from_string(name), &value)?;
        }
        Ok(())
    }

    #[getter]
    fn args(_cx: &Context, this: &Ref<BaseException>) -> PyResult<Ref<Tuple>> {
        Ok(this.arguments())
    }

    #[setter]
    fn set_args(cx: &Context, this: &Ref<BaseException>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("args may not be deleted"));
        };
        let values = iterate::collect(cx, value)?;
        this.args
            .set(Some(Tuple::from_vec(cx, values)?.into_value()));
        Ok(())
    }

    #[getter("__traceback__")]
    fn traceback(_cx: &Context, this: &Ref<BaseException>) -> PyResult<Option<Value>> {
        Ok(this.traceback.get())
    }

    #[setter("__traceback__")]
    fn set_traceback(
        cx: &Context,
        this: &Ref<BaseException>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        match value {
            None => return Err(cx.type_error("__traceback__ may not be deleted")),
            Some(value) if value.is_none() => this.traceback.set(None),
            Some(value) if value.downcast::<Traceback>().is_some() => {
                this.traceback.set(Some(value.clone()))
            }
            Some(_) => return Err(cx.type_error("__traceback__ must be a traceback or None")),
        }
        Ok(())
    }

    #[getter("__context__")]
    fn context(_cx: &Context, this: &Ref<BaseException>) -> PyResult<Option<Value>> {
        Ok(this.context.get())
    }

    #[setter("__context__")]
    fn set_context(cx: &Context, this: &Ref<BaseException>, value: Option<&Value>) -> PyResult<()> {
        match value {
            None => return Err(cx.type_error("__context__ may not be deleted")),
            Some(value) if value.is_none() => this.context.set(None),
            Some(value) if value.downcast::<BaseException>().is_some() => {
                this.context.set(Some(value.clone()))
            }
            Some(_) => {
                return Err(
                    cx.type_error("exception context must be None or derive from BaseException")
                );
            }
        }
        Ok(())
    }

    #[getter("__cause__")]
    fn cause(_cx: &Context, this: &Ref<BaseException>) -> PyResult<Option<Value>> {
        Ok(this.cause.get())
    }

    #[setter("__cause__")]
    fn assign_cause(
        cx: &Context,
        this: &Ref<BaseException>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        match value {
            None => return Err(cx.type_error("__cause__ may not be deleted")),
            Some(value) if value.is_none() => this.set_cause(None),
            Some(value) if value.downcast::<BaseException>().is_some() => {
                this.set_cause(Some(value.clone()))
            }
            Some(_) => {
                return Err(
                    cx.type_error("exception cause must be None or derive from BaseException")
                );
            }
        }
        Ok(())
    }

    #[getter("__suppress_context__")]
    fn suppress_context(_cx: &Context, this: &Ref<BaseException>) -> PyResult<bool> {
        Ok(this.suppress_context.load(Ordering::Relaxed))
    }

    #[setter("__suppress_context__")]
    fn set_suppress_context(
        cx: &Context,
        this: &Ref<BaseException>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("can't delete numeric/char attribute"));
        };
        let Some(value) = value.as_bool() else {
            return Err(cx.type_error("attribute value type must be bool"));
        };
        this.suppress_context.store(value, Ordering::Relaxed);
        Ok(())
    }

    #[getter("__dict__")]
    fn dict(cx: &Context, this: &Value) -> PyResult<Value> {
        descriptors::get_dict(cx, this)
    }

    #[setter("__dict__")]
    fn set_dict(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        descriptors::set_dict(cx, this, value)
    }
}

/// The instance's `__dict__`, unless it is empty.
pub(super) fn attributes_if_any(cx: &Context, this: &Value) -> PyResult<Option<Ref<Dict>>> {
    let dict = crate::instance::dict(cx, this)?;
    Ok(dict.filter(|dict| !dict.is_empty()))
}

/// Adds a note to the exception that is set. When that fails the new exception is set instead.
pub fn add_note_to_raised(cx: &Context, note: &str) {
    let exception = cx.take_exception();
    let added = Str::from_str(cx, note).and_then(|note| {
        call::call_method(
            cx,
            exception.as_value(),
            names::add_note(),
            &[note.into_value()],
        )
    });
    if added.is_ok() {
        cx.set_exception(exception);
    }
}

/// Makes `handled` the `__context__` of `exception`, unless they are the same. A chain that would
/// become a ring is cut where `exception` stands in it.
pub fn set_context(exception: &Ref<BaseException>, handled: Ref<BaseException>) {
    if exception.is(&handled) {
        return;
    }
    let mut link = handled.clone();
    // A chain that is a ring already is walked by a second, slower reader that the first one meets.
    let mut slow = handled.clone();
    let mut advance = false;
    while let Some(next) = link.context.get_as::<BaseException>() {
        if next.is(exception) {
            link.context.set(None);
            break;
        }
        link = next;
        if link.is(&slow) {
            break;
        }
        if advance && let Some(next) = slow.context.get_as::<BaseException>() {
            slow = next;
        }
        advance = !advance;
    }
    exception.context.set(Some(handled.into_value()));
}

/// Makes `cause` the `__cause__` and `__context__` of the exception that is set.
pub fn set_cause_of_raised(cx: &Context, cause: Ref<BaseException>) {
    cx.peek_exception(|exception| {
        exception.context.set(Some(cause.to_value()));
        exception.set_cause(Some(cause.to_value()));
        true
    });
}
