//! What a pattern is matched against: a string or bytes.

use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::{Str, Units};
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::bytes_like::BytesLike;

/// The object that a pattern is matched against.
pub(super) enum Subject {
    Text(Ref<Str>),
    Bytes(Value, BytesLike),
}

impl Subject {
    /// The subject `value`, for a pattern that is for bytes, or for text; `None` for any.
    ///
    /// # Errors
    /// TypeError when it is neither, or not what the pattern is for.
    pub(super) fn of(cx: &Context, value: &Value, wants_bytes: Option<bool>) -> PyResult<Subject> {
        let subject = if let Some(text) = value.downcast::<Str>() {
            Subject::Text(text.clone())
        } else if value.class().slots.buffer.get().is_some() {
            Subject::Bytes(value.clone(), BytesLike::of(cx, value)?)
        } else {
            return Err(cx.type_error(format!(
                "expected string or bytes-like object, got '{}'",
                value.type_name()
            )));
        };
        match wants_bytes {
            Some(true) if !subject.is_bytes() => {
                Err(cx.type_error("cannot use a bytes pattern on a string-like object"))
            }
            Some(false) if subject.is_bytes() => {
                Err(cx.type_error("cannot use a string pattern on a bytes-like object"))
            }
            _ => Ok(subject),
        }
    }

    pub(super) fn is_bytes(&self) -> bool {
        matches!(self, Subject::Bytes(..))
    }

    /// How many characters there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Subject::Text(text) => text.len(),
            Subject::Bytes(_, bytes) => bytes.len(),
        }
    }

    /// The object.
    pub(super) fn value(&self) -> &Value {
        match self {
            Subject::Text(text) => text.as_value(),
            Subject::Bytes(value, _) => value,
        }
    }

    /// `subject[start:end]`: the object itself when that is all of it.
    ///
    /// # Errors
    /// MemoryError.
    pub(super) fn slice(&self, cx: &Context, start: usize, end: usize) -> PyResult<Value> {
        let whole = start == 0 && end == self.len();
        match self {
            Subject::Text(text) if whole && text.as_value().is_exact::<Str>() => {
                Ok(text.to_value())
            }
            Subject::Text(text) => text
                .substring(cx, start, end.max(start))
                .map(Ref::into_value),
            Subject::Bytes(value, _) if whole && value.is_exact::<Bytes>() => Ok(value.clone()),
            Subject::Bytes(_, bytes) => {
                // A mutable object may have become shorter since it was matched.
                let bytes = bytes.bytes();
                let end = end.min(bytes.len());
                Bytes::from_slice(cx, &bytes[start.min(end)..end]).map(Ref::into_value)
            }
        }
    }

    /// The empty string or no bytes.
    pub(super) fn empty(&self, cx: &Context) -> PyResult<Value> {
        match self {
            Subject::Text(_) => Ok(Str::empty().into_value()),
            Subject::Bytes(..) => Bytes::from_slice(cx, &[]).map(Ref::into_value),
        }
    }

    /// The characters.
    pub(super) fn units(&self) -> Units<'_> {
        match self {
            Subject::Bytes(_, bytes) => Units::One(bytes.bytes()),
            Subject::Text(text) => text.units(),
        }
    }
}
