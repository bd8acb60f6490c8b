//! Exceptions: their payloads, the hierarchy, and how the interpreter makes and matches them.
//!
//! Payloads of derived exceptions begin with a [`BaseException`]; classes that add nothing to a
//! base's payload are lines of the table in `hierarchy`.
//!
//! Files: `base` (BaseException), `hierarchy` (the table of classes), `attribute` (AttributeError,
//! NameError), `import` (ImportError), `os_error`, `stop` (StopIteration, SystemExit, KeyError),
//! `syntax`, `unicode`, `group` (exception groups and `except*`).

mod attribute;
mod base;
mod group;
mod hierarchy;
mod import;
mod os_error;
mod stop;
mod syntax;
mod unicode;

use std::sync::OnceLock;

pub use attribute::{AttributeError, NameError, describe_attribute_error, raise_name_error};
pub use base::{BaseException, add_note_to_raised, set_cause_of_raised, set_context};
pub use group::{
    BaseExceptionGroup, check_exception_star_type, exception_group_match, prep_reraise_star,
};
pub use hierarchy::*;
pub use import::{ImportError, raise_import_error};
pub use os_error::{OsError, error_text, os_error_from_errno};
pub use stop::{StopIteration, SystemExit, stop_value};
pub use syntax::{SyntaxError, SyntaxErrorDetails, raise_syntax_error};
pub use unicode::{
    UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError, raise_unicode_decode,
    raise_unicode_encode, raise_unicode_translate,
};

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{Payload, Ref};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{call, text};
use crate::value::Value;

static SPARE_MEMORY_ERROR: OnceLock<Ref<BaseException>> = OnceLock::new();

/// Makes all exception classes, bases first.
///
/// # Errors
/// MemoryError.
pub fn make_all(cx: &Context) -> PyResult<()> {
    hierarchy::make_classes(cx)?;
    let class = memory_error();
    let spare = crate::object::new_of_class(cx, class, BaseException::empty())?;
    spare.header().set_immortal();
    SPARE_MEMORY_ERROR.get_or_init(|| spare);
    Ok(())
}

/// The MemoryError that was made at start-up.
pub fn spare_memory_error() -> Ref<BaseException> {
    let spare = SPARE_MEMORY_ERROR
        .get()
        .expect("invariant: made at start-up")
        .clone();
    spare.traceback.set(None);
    spare.context.set(None);
    spare
}

/// A new `class(*arguments)`.
///
/// # Errors
/// What calling the class raises; TypeError when the result is no exception.
pub fn instantiate(
    cx: &Context,
    class: &Ref<Type>,
    arguments: &[Value],
) -> PyResult<Ref<BaseException>> {
    let made = call::call(cx, class.as_value(), arguments)?;
    made.into_ref::<BaseException>().map_err(|made| {
        let class = match text::repr_text(cx, class.as_value()) {
            Ok(class) => class,
            Err(raised) => return raised,
        };
        cx.type_error(format!(
            "calling {class} should have returned an instance of BaseException, not <class '{}'>",
            made.class().full_name(cx)
        ))
    })
}

/// The exception that `raise value_or_class` raises.
///
/// # Errors
/// TypeError when it is neither an exception nor a class of exceptions.
pub fn normalize(cx: &Context, value_or_class: &Value) -> PyResult<Ref<BaseException>> {
    if let Some(exception) = value_or_class.downcast::<BaseException>() {
        return Ok(exception.clone());
    }
    if let Some(class) = as_exception_class(value_or_class) {
        return instantiate(cx, class, &[]);
    }
    Err(cx.type_error("exceptions must derive from BaseException"))
}

/// `value` as a class derived from BaseException.
pub fn as_exception_class(value: &Value) -> Option<&Ref<Type>> {
    value
        .downcast::<Type>()
        .filter(|class| class.is_subclass(base_exception()))
}

/// Whether an `except` clause with `expected` (a class or a tuple of them) catches `exception`.
pub fn matches(exception: &Value, expected: &Value) -> bool {
    if let Some(classes) = expected.downcast::<Tuple>() {
        return classes
            .as_slice()
            .iter()
            .any(|class| matches(exception, class));
    }
    match expected.downcast::<Type>() {
        Some(class) => exception.class().is_subclass(class),
        None => exception.is(expected),
    }
}

/// Checks the expression of an `except` clause.
///
/// # Errors
/// TypeError when it holds something else than classes of exceptions.
pub fn check_exception_type(cx: &Context, expected: &Value) -> PyResult<()> {
    let good = match expected.downcast::<Tuple>() {
        Some(classes) => classes
            .as_slice()
            .iter()
            .all(|class| as_exception_class(class).is_some()),
        None => as_exception_class(expected).is_some(),
    };
    if good {
        Ok(())
    } else {
        Err(cx.type_error("catching classes that do not inherit from BaseException is not allowed"))
    }
}

/// Raises a new `T`-based exception after `describe` has filled in what the message does not say.
pub(crate) fn described<T: Payload>(
    cx: &Context,
    raised: Raised,
    describe: impl FnOnce(&Ref<T>),
) -> Raised {
    cx.peek_exception(|exception| {
        if let Some(exception) = exception.as_value().downcast::<T>() {
            describe(exception);
        }
        true
    });
    raised
}

/// A table of attributes that are fields of the payload: None when empty, deletable.
macro_rules! field_attributes {
    ($table:ident for $ty:ty { $($field:ident = $name:literal $doc:literal),* $(,)? }) => {
        pub(crate) static $table: $crate::class::MethodTable = $crate::class::MethodTable {
            entries: &[$(
                $crate::class::Entry::Getter {
                    name: $name,
                    doc: $doc,
                    get: {
                        fn get(
                            cx: &$crate::context::Context,
                            this: &$crate::value::Value,
                        ) -> $crate::error::PyResult<$crate::value::Value> {
                            let this = $crate::args::receiver::<$ty>(cx, this, $name)?;
                            Ok(this.$field.get().unwrap_or($crate::value::Value::NONE))
                        }
                        get
                    },
                },
                $crate::class::Entry::Setter {
                    name: $name,
                    set: {
                        fn set(
                            cx: &$crate::context::Context,
                            this: &$crate::value::Value,
                            value: Option<&$crate::value::Value>,
                        ) -> $crate::error::PyResult<()> {
                            let this = $crate::args::receiver::<$ty>(cx, this, $name)?;
                            this.$field.set(value.cloned());
                            Ok(())
                        }
                        set
                    },
                },
            )*],
            fill: |_| {},
        };
    };
}
pub(crate) use field_attributes;
