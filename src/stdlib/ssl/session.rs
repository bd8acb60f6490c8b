//! `SSLSession`: what a client keeps of a connection to make the next one with the server shorter.
//!
//! What the TLS library keeps is its own affair. A session stands for it; the numbers are made up of
//! when the session was made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::field::Field;
use typhon_runtime::object::Traverse;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::configuration::Resumable;
use super::verifier::now;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// The payload of a session.
#[pyclass(
    name = "SSLSession",
    module = "_ssl",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct Session {
    pub resumable: Arc<Resumable>,
    context: Field,
    made: i64,
    number: u64,
}

impl Traverse for Session {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.context.traverse(visit);
    }
}

/// How long servers keep sessions, usually.
const LIFETIME: i64 = 7200;

impl Session {
    pub fn new(resumable: Resumable, context: &Value) -> Session {
        Session {
            resumable: Arc::new(resumable),
            context: Field::new(context.clone()),
            made: now(),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The same session as another connection has it.
    pub fn again(&self) -> Session {
        Session {
            resumable: self.resumable.clone(),
            context: Field::from_option(self.context.get()),
            made: self.made,
            number: self.number,
        }
    }

    /// Whether the session was made with this context.
    pub fn is_of(&self, context: &Value) -> bool {
        self.context.get().is_some_and(|own| own.is(context))
    }
}

#[pymethods]
impl Session {
    /// Does the session contain a ticket?
    #[getter]
    fn has_ticket(_cx: &Context, _this: &Ref<Session>) -> PyResult<bool> {
        Ok(true)
    }

    /// Session ID.
    #[getter]
    fn id(cx: &Context, this: &Ref<Session>) -> PyResult<Ref<Bytes>> {
        let mut id = [0; 32];
        id[24..].copy_from_slice(&this.number.to_be_bytes());
        Bytes::from_slice(cx, &id)
    }

    /// Ticket life time hint.
    #[getter]
    fn ticket_lifetime_hint(_cx: &Context, _this: &Ref<Session>) -> PyResult<i64> {
        Ok(LIFETIME)
    }

    /// Session creation time (seconds since epoch).
    #[getter]
    fn time(_cx: &Context, this: &Ref<Session>) -> PyResult<i64> {
        Ok(this.made)
    }

    /// Session timeout (delta in seconds).
    #[getter]
    fn timeout(_cx: &Context, _this: &Ref<Session>) -> PyResult<i64> {
        Ok(LIFETIME)
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<Session>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Session>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = this.number == other.number;
        Ok(match comparison {
            Comparison::Equal => Value::from_bool(equal),
            Comparison::NotEqual => Value::from_bool(!equal),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
}
