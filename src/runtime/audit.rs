//! Audit events (PEP 578): hooks are told of what the interpreter is about to do, and may refuse it by raising.
//!
//! Hooks are only ever added. Whoever has something to tell asks one flag first, and makes the arguments of the
//! event only when there are hooks.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::protocols::{attribute, call};
use crate::{Context, PyResult, Ref, Value};

static AUDITED: AtomicBool = AtomicBool::new(false);
static HOOKS: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Whether anybody listens.
#[inline]
pub fn is_on() -> bool {
    AUDITED.load(Ordering::Relaxed)
}

/// Tells the audit hooks of an event; `arguments` are made only if there are hooks.
///
/// # Errors
/// What a hook raises.
#[inline]
pub fn event(
    cx: &Context,
    name: &str,
    arguments: impl FnOnce() -> PyResult<Vec<Value>>,
) -> PyResult<()> {
    if !is_on() {
        return Ok(());
    }
    let name = Str::from_str(cx, name)?;
    tell(cx, &name, arguments()?)
}

/// Tells the hooks, in the order in which they were added, until one raises. They are not traced, but for those
/// that have a true `__cantrace__`.
///
/// # Errors
/// What a hook raises.
#[cold]
pub fn tell(cx: &Context, event: &Ref<Str>, arguments: Vec<Value>) -> PyResult<()> {
    let hooks = HOOKS.lock().clone();
    let arguments = Tuple::from_vec(cx, arguments)?.into_value();
    let can_trace = Name::intern(cx, "__cantrace__")?;
    let before = cx.tracing.replace(true);
    let mut told = Ok(());
    for hook in hooks {
        let is_traced = match attribute::find(cx, &hook, can_trace) {
            Ok(Some(wish)) => wish.truth(cx),
            Ok(None) => Ok(false),
            Err(raised) => Err(raised),
        };
        told = is_traced.and_then(|is_traced| {
            cx.tracing.set(before || !is_traced);
            let answer = call::call(cx, &hook, &[event.to_value(), arguments.clone()]);
            cx.tracing.set(true);
            answer.map(drop)
        });
        if told.is_err() {
            break;
        }
    }
    cx.tracing.set(before);
    told
}

/// Adds a hook, for the rest of the process's life.
pub fn add_hook(hook: &Value) {
    HOOKS.lock().push(hook.clone());
    AUDITED.store(true, Ordering::Release);
}
