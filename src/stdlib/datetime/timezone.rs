//! `timezone`: a fixed offset from UTC.
//!
//! Invariants: the offset is less than a day; UTC without a name is one object.

use std::sync::OnceLock;

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::class::class_of;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::text;
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::clock;
use super::date_time::DateTime;
use super::timedelta::TimeDelta;
use super::tzinfo::{self, TzInfo};
use crate::arguments::{bind, given, signature};

/// The payload of `timezone`.
#[pyclass(
    name = "timezone",
    module = "datetime",
    base = TzInfo,
    flags(IMMUTABLE),
    doc = "Fixed offset from UTC implementation of tzinfo."
)]
#[repr(C)]
pub struct TimeZone {
    base: TzInfo,
    pub offset: Ref<TimeDelta>,
    name: Option<Ref<Str>>,
}

impl Traverse for TimeZone {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.offset.as_value());
        if let Some(name) = &self.name {
            visit(name.as_value());
        }
    }
}

static UTC: OnceLock<Ref<TimeZone>> = OnceLock::new();

/// The class is `datetime.timezone`.
///
/// # Errors
/// MemoryError.
pub fn initialize(cx: &Context) -> PyResult<()> {
    const LIMIT: i128 = (23 * 60 + 59) * 60 * clock::MICROSECONDS_IN_SECOND;
    let class = class_of::<TimeZone>(cx)?;
    if UTC.get().is_none() {
        let utc = TimeZone::make(cx, TimeDelta::from_microseconds(cx, 0)?, None)?;
        UTC.get_or_init(|| utc);
    }
    super::add_constant(cx, class, "utc", || Ok(utc().to_value()))?;
    for (name, offset) in [("min", -LIMIT), ("max", LIMIT)] {
        super::add_constant(cx, class, name, || {
            Ok(TimeZone::at_offset(cx, offset)?.into_value())
        })?;
    }
    Ok(())
}

/// The zone UTC.
pub fn utc() -> &'static Ref<TimeZone> {
    UTC.get().expect("invariant: the module is initialized")
}

impl TimeZone {
    fn make(
        cx: &Context,
        offset: Ref<TimeDelta>,
        name: Option<Ref<Str>>,
    ) -> PyResult<Ref<TimeZone>> {
        object::new(
            cx,
            TimeZone {
                base: TzInfo,
                offset,
                name,
            },
        )
    }

    /// The zone of an offset, with a name or without.
    ///
    /// # Errors
    /// ValueError when the offset is a day or more.
    pub fn of(
        cx: &Context,
        offset: &Ref<TimeDelta>,
        name: Option<Ref<Str>>,
    ) -> PyResult<Ref<TimeZone>> {
        if name.is_none() && offset.is_zero() {
            return Ok(utc().clone());
        }
        if !tzinfo::is_offset(offset) {
            return Err(tzinfo::offset_out_of_range(cx, offset.as_value()));
        }
        TimeZone::make(cx, offset.clone(), name)
    }

    /// The zone of an offset in microseconds.
    ///
    /// # Errors
    /// As [`TimeZone::of`].
    pub fn at_offset(cx: &Context, microseconds: i128) -> PyResult<Ref<TimeZone>> {
        TimeZone::of(cx, &TimeDelta::from_microseconds(cx, microseconds)?, None)
    }

    fn shown(cx: &Context, this: &Ref<TimeZone>) -> PyResult<Ref<Str>> {
        match &this.name {
            Some(name) => Ok(name.clone()),
            None if this.offset.is_zero() => Str::from_str(cx, "UTC"),
            None => {
                let offset = clock::offset_text(this.offset.total(), ":");
                Str::from_str(cx, &format!("UTC{offset}"))
            }
        }
    }
}

/// Checks the argument of a method that takes a datetime or None.
fn check(cx: &Context, method: &str, argument: &Value) -> PyResult<()> {
    if argument.is_none() || argument.downcast::<DateTime>().is_some() {
        return Ok(());
    }
    let got = argument.type_name();
    Err(cx.type_error(format!(
        "{method}(dt) argument must be a datetime instance or None, not {got}"
    )))
}

#[pymethods]
impl TimeZone {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [offset, name] = bind(
            cx,
            signature!("timezone", 0, [offset, name = None], []),
            args,
        )?;
        let Some(span) = given(offset).downcast::<TimeDelta>() else {
            let got = given(offset).type_name_for_argument();
            return Err(cx.type_error(format!(
                "timezone() argument 1 must be datetime.timedelta, not {got}"
            )));
        };
        let name = match name {
            None => None,
            Some(value) => match value.downcast::<Str>() {
                Some(name) => Some(name.clone()),
                None => {
                    let got = value.type_name_for_argument();
                    return Err(
                        cx.type_error(format!("timezone() argument 2 must be str, not {got}"))
                    );
                }
            },
        };
        TimeZone::of(cx, span, name).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<TimeZone>) -> PyResult<Value> {
        if this.is(utc()) {
            return "datetime.timezone.utc".into_value(cx);
        }
        let mut shown = text::repr_text(cx, this.offset.as_value())?;
        if let Some(name) = &this.name {
            shown.push_str(", ");
            shown.push_str(&text::repr_text(cx, name.as_value())?);
        }
        format!("datetime.timezone({shown})").into_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<TimeZone>) -> PyResult<Value> {
        TimeZone::shown(cx, this).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<TimeZone>) -> PyResult<i64> {
        Ok(this.offset.hash_value())
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<TimeZone>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<TimeZone>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = *this.offset == *other.offset;
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    /// If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.
    #[method("tzname(self, object, /)")]
    fn tzname(cx: &Context, this: &Ref<TimeZone>, object: &Value) -> PyResult<Ref<Str>> {
        check(cx, "tzname", object)?;
        TimeZone::shown(cx, this)
    }

    /// Return fixed offset.
    #[method("utcoffset(self, object, /)")]
    fn utcoffset(cx: &Context, this: &Ref<TimeZone>, object: &Value) -> PyResult<Value> {
        check(cx, "utcoffset", object)?;
        Ok(this.offset.to_value())
    }

    /// Return None.
    #[method("dst(self, object, /)")]
    fn dst(cx: &Context, _this: &Ref<TimeZone>, object: &Value) -> PyResult<()> {
        check(cx, "dst", object)
    }

    /// datetime in UTC -> datetime in local time.
    #[method("fromutc(self, object, /)")]
    fn fromutc(cx: &Context, this: &Ref<TimeZone>, object: &Value) -> PyResult<Value> {
        let time = tzinfo::time_of_zone(cx, this.as_value(), object)?;
        DateTime::later(cx, time, this.offset.total())
    }

    /// pickle support
    #[method("__getinitargs__(self, /)")]
    fn getinitargs(cx: &Context, this: &Ref<TimeZone>) -> PyResult<Ref<Tuple>> {
        let offset = this.offset.to_value();
        match &this.name {
            Some(name) => Tuple::from_values(cx, &[offset, name.to_value()]),
            None => Tuple::from_values(cx, &[offset]),
        }
    }
}
