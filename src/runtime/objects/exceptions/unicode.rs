//! `UnicodeEncodeError`, `UnicodeDecodeError`, `UnicodeTranslateError`: which part of what could not
//! be converted, and why.

use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::{BaseException, field_attributes};
use crate::args::{Args, FromArgument, IntoValue, Place};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::bytes::Bytes;
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocols::text;
use crate::value::Value;

macro_rules! unicode_error {
    ($ty:ident $name:literal $doc:literal $table:ident $fill:ident $show:ident) => {
        #[doc = concat!("The payload of `", $name, "`.")]
        #[pyclass(name = $name, base = BaseException, python_base = super::unicode_error(), flags(BASETYPE), doc = $doc)]
        #[repr(C)]
        pub struct $ty {
            pub base: BaseException,
            pub encoding: Field,
            pub object: Field,
            pub reason: Field,
            pub start: AtomicI64,
            pub end: AtomicI64,
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                self.base.traverse(visit);
                self.encoding.traverse(visit);
                self.object.traverse(visit);
                self.reason.traverse(visit);
            }
        }

        field_attributes!($table for $ty {
            encoding = "encoding" "exception encoding",
            object = "object" "exception object",
            reason = "reason" "exception reason",
        });

        impl $ty {
            fn parts(&self) -> Parts<'_> {
                Parts {
                    encoding: &self.encoding,
                    object: &self.object,
                    reason: &self.reason,
                    start: &self.start,
                    end: &self.end,
                }
            }
        }

        #[pymethods(tables($table))]
        impl $ty {
            #[slot(new)]
            fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
                let payload = $ty {
                    base: BaseException::with_args(cx, args.positional())?,
                    encoding: Field::empty(),
                    object: Field::empty(),
                    reason: Field::empty(),
                    start: AtomicI64::new(0),
                    end: AtomicI64::new(0),
                };
                object::new_of_class(cx, class, payload).map(Ref::into_value)
            }

            #[slot(init)]
            fn init(cx: &Context, this: &Ref<$ty>, args: Args<'_>) -> PyResult<()> {
                BaseException::initialize(cx, this.as_value(), args)?;
                $fill(cx, this.parts(), args.positional())
            }

            #[slot(str)]
            fn str(cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                if this.object.is_empty() {
                    return Ok(Str::empty().into_value());
                }
                let text = $show(cx, this.parts())?;
                Str::from_str(cx, &text).map(Ref::into_value)
            }

            #[getter]
            fn start(_cx: &Context, this: &Ref<$ty>) -> PyResult<i64> {
                Ok(this.parts().range().0)
            }

            #[setter]
            fn set_start(cx: &Context, this: &Ref<$ty>, value: Option<&Value>) -> PyResult<()> {
                set_position(cx, &this.start, value)
            }

            #[getter]
            fn end(_cx: &Context, this: &Ref<$ty>) -> PyResult<i64> {
                Ok(this.parts().range().1)
            }

            #[setter]
            fn set_end(cx: &Context, this: &Ref<$ty>, value: Option<&Value>) -> PyResult<()> {
                set_position(cx, &this.end, value)
            }
        }
    };
}

unicode_error!(UnicodeEncodeError "UnicodeEncodeError" "Unicode encoding error." ENCODE_FIELDS fill_encode show_encode);
unicode_error!(UnicodeDecodeError "UnicodeDecodeError" "Unicode decoding error." DECODE_FIELDS fill_decode show_decode);
unicode_error!(UnicodeTranslateError "UnicodeTranslateError" "Unicode translation error." TRANSLATE_FIELDS fill_translate show_translate);

/// What the three have in common.
struct Parts<'a> {
    encoding: &'a Field,
    object: &'a Field,
    reason: &'a Field,
    start: &'a AtomicI64,
    end: &'a AtomicI64,
}

impl Parts<'_> {
    fn set(&self, object: Value, start: i64, end: i64, reason: Value) {
        self.object.set(Some(object));
        self.start.store(start, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
        self.reason.set(Some(reason));
    }

    fn length(&self) -> i64 {
        match self.object.get() {
            Some(object) => match object.downcast::<Str>() {
                Some(text) => text.len() as i64,
                None => bytes_of(&object).map_or(0, |bytes| bytes.len() as i64),
            },
            None => 0,
        }
    }

    /// The range, clipped to the object.
    fn range(&self) -> (i64, i64) {
        let length = self.length();
        let start = self.start.load(Ordering::Relaxed).min(length - 1).max(0);
        let end = self
            .end
            .load(Ordering::Relaxed)
            .max(1)
            .min(length.max(1))
            .min(length);
        (start, end.max(0))
    }

    fn shown(&self, cx: &Context, field: &Field) -> PyResult<String> {
        text::str(cx, &field.get().unwrap_or(Value::NONE)).map(|text| text.to_string())
    }
}

fn bytes_of(object: &Value) -> Option<Vec<u8>> {
    let cx = Context::current();
    let buffer = object.class().slots.buffer.get()?;
    match buffer(cx, object) {
        Ok(buffer) => Some(buffer.to_vec()),
        Err(Raised) => {
            cx.clear_exception();
            None
        }
    }
}

fn set_position(cx: &Context, place: &AtomicI64, value: Option<&Value>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(cx.type_error("can't delete numeric/char attribute"));
    };
    const PLACE: Place = Place {
        function: "UnicodeError",
        position: 1,
        name: "position",
        by_name: true,
    };
    place.store(
        isize::from_argument(cx, value, &PLACE)? as i64,
        Ordering::Relaxed,
    );
    Ok(())
}

fn expect_arguments<'a, const N: usize>(
    cx: &Context,
    args: &'a [Value],
) -> PyResult<&'a [Value; N]> {
    <&[Value; N]>::try_from(args).map_err(|_| {
        let given = args.len();
        cx.type_error(format!(
            "function takes exactly {N} arguments ({given} given)"
        ))
    })
}

fn expect_text(cx: &Context, value: &Value, position: usize) -> PyResult<Value> {
    match value.downcast::<Str>() {
        Some(_) => Ok(value.clone()),
        None => Err(cx.type_error(format!(
            "argument {position} must be str, not {}",
            value.type_name_for_argument()
        ))),
    }
}

fn expect_position(cx: &Context, value: &Value) -> PyResult<i64> {
    const PLACE: Place = Place {
        function: "UnicodeError",
        position: 3,
        name: "start",
        by_name: false,
    };
    isize::from_argument(cx, value, &PLACE).map(|position| position as i64)
}

fn fill_encode(cx: &Context, parts: Parts<'_>, args: &[Value]) -> PyResult<()> {
    let [encoding, object, start, end, reason] = expect_arguments::<5>(cx, args)?;
    parts.encoding.set(Some(expect_text(cx, encoding, 1)?));
    let object = expect_text(cx, object, 2)?;
    parts.set(
        object,
        expect_position(cx, start)?,
        expect_position(cx, end)?,
        expect_text(cx, reason, 5)?,
    );
    Ok(())
}

fn fill_decode(cx: &Context, parts: Parts<'_>, args: &[Value]) -> PyResult<()> {
    let [encoding, object, start, end, reason] = expect_arguments::<5>(cx, args)?;
    parts.encoding.set(Some(expect_text(cx, encoding, 1)?));
    let object = if object.downcast::<Bytes>().is_some() {
        object.clone()
    } else {
        let Some(buffer) = object.class().slots.buffer.get() else {
            return Err(cx.type_error(format!(
                "a bytes-like object is required, not '{}'",
                object.type_name()
            )));
        };
        Bytes::from_slice(cx, &buffer(cx, object)?.to_vec())?.into_value()
    };
    parts.set(
        object,
        expect_position(cx, start)?,
        expect_position(cx, end)?,
        expect_text(cx, reason, 5)?,
    );
    Ok(())
}

fn fill_translate(cx: &Context, parts: Parts<'_>, args: &[Value]) -> PyResult<()> {
    let [object, start, end, reason] = expect_arguments::<4>(cx, args)?;
    let object = expect_text(cx, object, 1)?;
    parts.set(
        object,
        expect_position(cx, start)?,
        expect_position(cx, end)?,
        expect_text(cx, reason, 4)?,
    );
    Ok(())
}

/// What `str()` needs; the texts are made first, since making them may change the object.
struct Shown {
    encoding: String,
    reason: String,
    /// The object's length.
    length: i64,
    start: i64,
    end: i64,
}

impl Shown {
    /// Whether the range is one item of the object.
    fn is_one(&self) -> bool {
        (0..self.length).contains(&self.start) && self.end == self.start + 1
    }
}

fn shown(
    cx: &Context,
    parts: &Parts<'_>,
    is_object: fn(&Value) -> bool,
    wanted: &str,
) -> PyResult<(Shown, Value)> {
    let encoding = parts.shown(cx, parts.encoding)?;
    let reason = parts.shown(cx, parts.reason)?;
    let Some(object) = parts.object.get() else {
        return Err(cx.type_error("UnicodeError 'object' attribute is not set"));
    };
    if !is_object(&object) {
        return Err(cx.type_error(format!(
            "UnicodeError 'object' attribute must be a {wanted}"
        )));
    }
    let shown = Shown {
        encoding,
        reason,
        length: parts.length(),
        start: parts.start.load(Ordering::Relaxed),
        end: parts.end.load(Ordering::Relaxed),
    };
    Ok((shown, object))
}

fn is_text(object: &Value) -> bool {
    object.downcast::<Str>().is_some()
}

fn is_bytes(object: &Value) -> bool {
    object.downcast::<Bytes>().is_some()
}

/// The character at `index`, escaped.
fn escaped(object: &Value, index: i64) -> String {
    let text = object.downcast::<Str>().expect("invariant: it was checked");
    let point = text.code_point(index as usize);
    match point {
        0..=0xff => format!("\\x{point:02x}"),
        0x100..=0xffff => format!("\\u{point:04x}"),
        _ => format!("\\U{point:08x}"),
    }
}

fn show_encode(cx: &Context, parts: Parts<'_>) -> PyResult<String> {
    let (shown, object) = shown(cx, &parts, is_text, "string")?;
    let Shown {
        encoding,
        reason,
        start,
        end,
        ..
    } = &shown;
    Ok(if shown.is_one() {
        let character = escaped(&object, *start);
        format!(
            "'{encoding}' codec can't encode character '{character}' in position {start}: {reason}"
        )
    } else {
        let last = end.wrapping_sub(1);
        format!("'{encoding}' codec can't encode characters in position {start}-{last}: {reason}")
    })
}

fn show_decode(cx: &Context, parts: Parts<'_>) -> PyResult<String> {
    let (shown, object) = shown(cx, &parts, is_bytes, "bytes")?;
    let Shown {
        encoding,
        reason,
        start,
        end,
        ..
    } = &shown;
    Ok(if shown.is_one() {
        let byte = bytes_of(&object).unwrap_or_default()[*start as usize];
        format!("'{encoding}' codec can't decode byte 0x{byte:02x} in position {start}: {reason}")
    } else {
        let last = end.wrapping_sub(1);
        format!("'{encoding}' codec can't decode bytes in position {start}-{last}: {reason}")
    })
}

fn show_translate(cx: &Context, parts: Parts<'_>) -> PyResult<String> {
    let (shown, object) = shown(cx, &parts, is_text, "string")?;
    let Shown {
        reason, start, end, ..
    } = &shown;
    Ok(if shown.is_one() {
        let character = escaped(&object, *start);
        format!("can't translate character '{character}' in position {start}: {reason}")
    } else {
        let last = end.wrapping_sub(1);
        format!("can't translate characters in position {start}-{last}: {reason}")
    })
}

/// Raises UnicodeEncodeError for `object[start..end]`.
#[cold]
pub fn raise_unicode_encode(
    cx: &Context,
    encoding: &str,
    object: &Ref<Str>,
    start: usize,
    end: usize,
    reason: &str,
) -> Raised {
    raise(
        cx,
        super::unicode_encode_error(),
        Some(encoding),
        object.as_value(),
        start,
        end,
        reason,
    )
}

/// Raises UnicodeDecodeError for `object[start..end]`, where `object` is bytes.
#[cold]
pub fn raise_unicode_decode(
    cx: &Context,
    encoding: &str,
    object: &Value,
    start: usize,
    end: usize,
    reason: &str,
) -> Raised {
    raise(
        cx,
        super::unicode_decode_error(),
        Some(encoding),
        object,
        start,
        end,
        reason,
    )
}

/// Raises UnicodeTranslateError for `object[start..end]`.
#[cold]
pub fn raise_unicode_translate(
    cx: &Context,
    object: &Ref<Str>,
    start: usize,
    end: usize,
    reason: &str,
) -> Raised {
    raise(
        cx,
        super::unicode_translate_error(),
        None,
        object.as_value(),
        start,
        end,
        reason,
    )
}

fn raise(
    cx: &Context,
    class: &Ref<Type>,
    encoding: Option<&str>,
    object: &Value,
    start: usize,
    end: usize,
    reason: &str,
) -> Raised {
    let arguments = || -> PyResult<Vec<Value>> {
        let mut arguments = Vec::new();
        if let Some(encoding) = encoding {
            arguments.push(encoding.into_value(cx)?);
        }
        arguments.push(object.clone());
        arguments.push(int::from_i64(cx, start as i64)?);
        arguments.push(int::from_i64(cx, end as i64)?);
        arguments.push(reason.into_value(cx)?);
        Ok(arguments)
    };
    match arguments() {
        Ok(arguments) => cx.raise_with(class, &arguments),
        Err(raised) => raised,
    }
}
