//! `StopIteration` and `SystemExit`, which carry a value; `KeyError`'s way to show its key.

use typhon_macros::{pyclass, pymethods};

use super::{BaseException, field_attributes};
use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::text;
use crate::value::Value;

/// The payload of `StopIteration`.
#[pyclass(name = "StopIteration", base = BaseException, python_base = super::exception(), flags(BASETYPE), doc = "Signal the end from iterator.__next__().")]
#[repr(C)]
pub struct StopIteration {
    pub base: BaseException,
    /// What the generator returned.
    pub value: Field,
}

impl Traverse for StopIteration {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        self.value.traverse(visit);
    }
}

field_attributes!(STOP_FIELDS for StopIteration { value = "value" "generator return value" });

#[pymethods(tables(STOP_FIELDS))]
impl StopIteration {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let base = BaseException::with_args(cx, args.positional())?;
        let value = Field::from_option(args.positional().first().cloned());
        object::new_of_class(cx, class, StopIteration { base, value }).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<StopIteration>, args: Args<'_>) -> PyResult<()> {
        BaseException::initialize(cx, this.as_value(), args)?;
        this.value.set(args.positional().first().cloned());
        Ok(())
    }
}

/// The value that a StopIteration carries.
pub fn stop_value(exception: &Ref<BaseException>) -> Value {
    exception
        .as_value()
        .downcast::<StopIteration>()
        .and_then(|stop| stop.value.get())
        .unwrap_or(Value::NONE)
}

/// The payload of `SystemExit`.
#[pyclass(name = "SystemExit", base = BaseException, flags(BASETYPE), doc = "Request to exit from the interpreter.")]
#[repr(C)]
pub struct SystemExit {
    pub base: BaseException,
    /// The exit status, or what to print.
    pub code: Field,
}

impl Traverse for SystemExit {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        self.code.traverse(visit);
    }
}

field_attributes!(EXIT_FIELDS for SystemExit { code = "code" "exception code" });

#[pymethods(tables(EXIT_FIELDS))]
impl SystemExit {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let base = BaseException::with_args(cx, args.positional())?;
        object::new_of_class(
            cx,
            class,
            SystemExit {
                base,
                code: Field::empty(),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<SystemExit>, args: Args<'_>) -> PyResult<()> {
        BaseException::initialize(cx, this.as_value(), args)?;
        this.code.set(match args.positional() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(Tuple::from_values(cx, several)?.into_value()),
        });
        Ok(())
    }
}

/// `KeyError.__str__`: a single key is shown by its `repr`, so that `KeyError('')` says something.
pub(super) fn key_error_str(cx: &Context, this: &Value) -> PyResult<Value> {
    let base = crate::args::payload::<BaseException>(this);
    match base.arguments().as_slice() {
        [key] => text::repr(cx, key).map(Ref::into_value),
        _ => BaseException::text(cx, base).map(Ref::into_value),
    }
}
