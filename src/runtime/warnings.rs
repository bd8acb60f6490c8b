//! Warnings issued by the interpreter itself, through the `warnings` module.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::exceptions;
use crate::objects::str_::{Name, Str};
use crate::objects::type_::Type;
use crate::protocols::{attribute, call};

/// Issues a warning of `category` at the running frame.
///
/// # Errors
/// The warning itself, when filters turn it into an exception.
pub fn warn(cx: &Context, category: &Ref<Type>, message: &str, stack_level: i64) -> PyResult<()> {
    let module = crate::import::modules(cx)?.get_name(cx, Name::intern(cx, "warnings")?)?;
    let module = match module {
        Some(module) => module,
        None => match crate::import::import_module(cx, "warnings") {
            Ok(module) => module,
            Err(Raised) => {
                cx.clear_exception();
                return Ok(());
            }
        },
    };
    let Some(function) = attribute::find(cx, &module, Name::intern(cx, "warn")?)? else {
        return Ok(());
    };
    let message = Str::from_str(cx, message)?.into_value();
    let level = crate::objects::int::from_i64(cx, stack_level)?;
    call::call(cx, &function, &[message, category.to_value(), level])?;
    Ok(())
}

/// Whether mixing bytes and text is warned of (`-b`).
static WARNS_OF_BYTES: AtomicBool = AtomicBool::new(false);

/// From now on mixing bytes and text is warned of.
pub fn set_bytes_warning() {
    WARNS_OF_BYTES.store(true, Ordering::Relaxed);
}

/// Issues a BytesWarning, if they are wanted.
///
/// # Errors
/// As [`warn`].
pub fn warn_bytes(cx: &Context, message: &str) -> PyResult<()> {
    if !WARNS_OF_BYTES.load(Ordering::Relaxed) {
        return Ok(());
    }
    warn(cx, exceptions::bytes_warning(), message, 1)
}

/// Issues a RuntimeWarning.
///
/// # Errors
/// As [`warn`].
pub fn warn_runtime(cx: &Context, message: &str) -> PyResult<()> {
    warn(cx, exceptions::runtime_warning(), message, 1)
}

/// Issues a DeprecationWarning.
///
/// # Errors
/// As [`warn`].
pub fn warn_deprecated(cx: &Context, message: &str) -> PyResult<()> {
    warn(cx, exceptions::deprecation_warning(), message, 1)
}

/// Issues a SyntaxWarning at a line of a source file.
///
/// # Errors
/// The warning itself, when filters turn it into an exception.
pub fn warn_syntax(cx: &Context, message: &str, filename: &str, line: u32) -> PyResult<()> {
    let module = match crate::import::import_module(cx, "warnings") {
        Ok(module) => module,
        Err(Raised) => {
            // Sources are compiled before the library can be imported.
            cx.clear_exception();
            return Ok(());
        }
    };
    let arguments = [
        Str::from_str(cx, message)?.into_value(),
        exceptions::syntax_warning().to_value(),
        Str::from_str(cx, filename)?.into_value(),
        crate::objects::int::from_i64(cx, i64::from(line))?,
    ];
    call::call_method(cx, &module, Name::intern(cx, "warn_explicit")?, &arguments)?;
    Ok(())
}
