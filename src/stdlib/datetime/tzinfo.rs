//! `tzinfo`, the base class of time zones, and what dates and times ask of a time zone.
//!
//! An answer is checked wherever it comes from; a `timezone` is asked without a call of Python.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::clock::{self, MICROSECONDS_IN_DAY};
use super::date_time::DateTime;
use super::timedelta::TimeDelta;
use super::timezone::TimeZone;

/// The payload of `tzinfo`.
#[pyclass(
    name = "tzinfo",
    module = "datetime",
    flags(BASETYPE, IMMUTABLE),
    plain,
    doc = "Abstract base class for time zone info objects."
)]
pub struct TzInfo;

/// An argument that is a time zone or None.
///
/// # Errors
/// TypeError when it is something else.
pub fn optional_zone(cx: &Context, value: Option<&Value>) -> PyResult<Option<Value>> {
    match value {
        Some(value) if value.downcast::<TzInfo>().is_some() => Ok(Some(value.clone())),
        Some(value) if !value.is_none() => {
            let got = value.type_name();
            Err(cx.type_error(format!(
                "tzinfo argument must be None or of a tzinfo subclass, not type '{got}'"
            )))
        }
        _ => Ok(None),
    }
}

/// The time zone of a pickled state.
///
/// # Errors
/// TypeError when it is none.
pub fn zone_of_state(cx: &Context, value: Option<&Value>) -> PyResult<Option<Value>> {
    match value {
        Some(value) if value.downcast::<TzInfo>().is_some() => Ok(Some(value.clone())),
        Some(value) if !value.is_none() => Err(cx.type_error("bad tzinfo state arg")),
        _ => Ok(None),
    }
}

/// Whether both are the same zone, or both none.
pub fn is_same_zone(left: Option<&Value>, right: Option<&Value>) -> bool {
    left.map(Value::bits) == right.map(Value::bits)
}

/// Raises that an offset is a day or more.
#[cold]
pub fn offset_out_of_range(cx: &Context, offset: &Value) -> Raised {
    match text::repr_text(cx, offset) {
        Ok(shown) => cx.value_error(format!(
            "offset must be a timedelta strictly between -timedelta(hours=24) \
             and timedelta(hours=24), not {shown}"
        )),
        Err(raised) => raised,
    }
}

/// Whether a span is less than a day.
pub fn is_offset(span: &TimeDelta) -> bool {
    span.total().abs() < MICROSECONDS_IN_DAY
}

/// `zone.utcoffset(argument)`.
///
/// # Errors
/// What it raises; TypeError and ValueError when it does not return an offset.
pub fn utc_offset(
    cx: &Context,
    zone: Option<&Value>,
    argument: &Value,
) -> PyResult<Option<Ref<TimeDelta>>> {
    match zone {
        None => Ok(None),
        Some(zone) => match zone.downcast::<TimeZone>() {
            Some(zone) => Ok(Some(zone.offset.clone())),
            None => ask(cx, zone, "utcoffset", argument),
        },
    }
}

/// `zone.dst(argument)`.
///
/// # Errors
/// As [`utc_offset`].
pub fn daylight_saving(
    cx: &Context,
    zone: Option<&Value>,
    argument: &Value,
) -> PyResult<Option<Ref<TimeDelta>>> {
    match zone {
        Some(zone) if zone.downcast::<TimeZone>().is_none() => ask(cx, zone, "dst", argument),
        _ => Ok(None),
    }
}

fn ask(
    cx: &Context,
    zone: &Value,
    question: &str,
    argument: &Value,
) -> PyResult<Option<Ref<TimeDelta>>> {
    let name = Name::intern(cx, question)?;
    let answer = call::call_method(cx, zone, name, std::slice::from_ref(argument))?;
    if answer.is_none() {
        return Ok(None);
    }
    let Some(offset) = answer.downcast::<TimeDelta>() else {
        let got = answer.type_name();
        return Err(cx.type_error(format!(
            "tzinfo.{question}() must return None or timedelta, not '{got}'"
        )));
    };
    if !is_offset(offset) {
        return Err(offset_out_of_range(cx, &answer));
    }
    Ok(Some(offset.clone()))
}

/// `zone.tzname(argument)`.
///
/// # Errors
/// What it raises; TypeError when it returns neither a str nor None.
pub fn zone_name(
    cx: &Context,
    zone: Option<&Value>,
    argument: &Value,
) -> PyResult<Option<Ref<Str>>> {
    let Some(zone) = zone else {
        return Ok(None);
    };
    let name = Name::intern(cx, "tzname")?;
    let answer = call::call_method(cx, zone, name, std::slice::from_ref(argument))?;
    match answer.downcast::<Str>() {
        Some(name) => Ok(Some(name.clone())),
        None if answer.is_none() => Ok(None),
        None => {
            let got = answer.type_name();
            Err(cx.type_error(format!(
                "tzinfo.tzname() must return None or a string, not '{got}'"
            )))
        }
    }
}

/// The offset as texts show it; nothing when there is none.
///
/// # Errors
/// As [`utc_offset`].
pub fn shown_offset(
    cx: &Context,
    zone: Option<&Value>,
    argument: &Value,
    separator: &str,
) -> PyResult<String> {
    let offset = utc_offset(cx, zone, argument)?;
    Ok(offset.map_or_else(String::new, |offset| {
        clock::offset_text(offset.total(), separator)
    }))
}

#[cold]
fn must_implement(cx: &Context, method: &str) -> Raised {
    cx.not_implemented_error(format!("a tzinfo subclass must implement {method}()"))
}

#[pymethods]
impl TzInfo {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, TzInfo).map(Ref::into_value)
    }

    /// datetime -> string name of time zone.
    #[method("tzname(self, object, /)")]
    fn tzname(cx: &Context, _this: &Ref<TzInfo>, _object: &Value) -> PyResult<Value> {
        Err(must_implement(cx, "tzname"))
    }

    /// datetime -> timedelta showing offset from UTC, negative values indicating West of UTC
    #[method("utcoffset(self, object, /)")]
    fn utcoffset(cx: &Context, _this: &Ref<TzInfo>, _object: &Value) -> PyResult<Value> {
        Err(must_implement(cx, "utcoffset"))
    }

    /// datetime -> DST offset as timedelta positive east of UTC.
    #[method("dst(self, object, /)")]
    fn dst(cx: &Context, _this: &Ref<TzInfo>, _object: &Value) -> PyResult<Value> {
        Err(must_implement(cx, "dst"))
    }

    /// datetime in UTC -> datetime in local time.
    #[method("fromutc(self, object, /)")]
    fn fromutc(cx: &Context, this: &Ref<TzInfo>, object: &Value) -> PyResult<Value> {
        let zone = Some(this.as_value());
        let time = time_of_zone(cx, this.as_value(), object)?;
        let Some(offset) = utc_offset(cx, zone, object)? else {
            return Err(cx.value_error("fromutc: non-None utcoffset() result required"));
        };
        let Some(saving) = daylight_saving(cx, zone, object)? else {
            return Err(cx.value_error("fromutc: non-None dst() result required"));
        };
        let standard = DateTime::later(cx, time, offset.total() - saving.total())?;
        let Some(moved) = standard.downcast::<DateTime>() else {
            return Ok(standard);
        };
        let Some(saving) = daylight_saving(cx, moved.zone.as_ref(), &standard)? else {
            return Err(
                cx.value_error("fromutc: tz.dst() gave inconsistent results; cannot convert")
            );
        };
        if saving.is_zero() {
            return Ok(standard);
        }
        DateTime::later(cx, moved, saving.total())
    }

    /// -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<TzInfo>) -> PyResult<Ref<Tuple>> {
        let this = this.as_value();
        let arguments = attribute::find(cx, this, Name::intern(cx, "__getinitargs__")?)?;
        let arguments = match arguments {
            Some(method) => call::call(cx, &method, &[])?,
            None => Tuple::empty().into_value(),
        };
        let state = attribute::get(cx, this, Name::intern(cx, "__getstate__")?)?;
        let state = call::call(cx, &state, &[])?;
        Tuple::from_values(cx, &[this.class().to_value(), arguments, state])
    }
}

/// The argument of a `fromutc`.
///
/// # Errors
/// TypeError when it is no datetime, ValueError when it is of another zone.
pub fn time_of_zone<'a>(
    cx: &Context,
    zone: &Value,
    argument: &'a Value,
) -> PyResult<&'a Ref<DateTime>> {
    let Some(time) = argument.downcast::<DateTime>() else {
        return Err(cx.type_error("fromutc: argument must be a datetime"));
    };
    if !is_same_zone(time.zone.as_ref(), Some(zone)) {
        return Err(cx.value_error("fromutc: dt.tzinfo is not self"));
    }
    Ok(time)
}
