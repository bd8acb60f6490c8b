//! `time`: a time of day, in a time zone or in none.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, hash, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::calendar::Day;
use super::clock::{Clock, Precision};
use super::constructor::{self, Parameters};
use super::date::{CachedHash, iso_argument, malformed, replaced_fields};
use super::iso_text::{self, TimeFields};
use super::strftime::{self, Moment};
use super::timedelta::TimeDelta;
use super::timezone::TimeZone;
use super::tzinfo::{self, is_same_zone, optional_zone};
use crate::arguments::{bind, signature};

/// The payload of `time`.
#[pyclass(
    name = "time",
    module = "datetime",
    flags(BASETYPE, IMMUTABLE),
    doc = "time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object\n\nAll arguments are optional. tzinfo may be None, or an instance of\na tzinfo subclass. The remaining arguments may be ints.\n"
)]
pub struct Time {
    pub clock: Clock,
    pub zone: Option<Value>,
    fold: Fold,
    hash: CachedHash,
}

impl Traverse for Time {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.zone.iter().for_each(visit);
    }
}

/// Whether a time is the second one of two that clocks show alike (PEP 495). It does not change after the
/// object has been made; making one of a derived class sets it when the class has been called.
pub struct Fold(AtomicBool);

impl Fold {
    pub fn new(fold: bool) -> Fold {
        Fold(AtomicBool::new(fold))
    }

    pub fn get(&self) -> bool {
        // Relaxed: who has the object has got it from the thread that made it.
        self.0.load(Ordering::Relaxed)
    }

    pub fn set(&self, fold: bool) {
        self.0.store(fold, Ordering::Relaxed);
    }
}

/// The class is `datetime.time`.
///
/// # Errors
/// MemoryError.
pub fn initialize(cx: &Context) -> PyResult<()> {
    let class = class_of::<Time>(cx)?;
    let last = super::clock::MICROSECONDS_IN_DAY - 1;
    for (name, microseconds) in [("min", 0), ("max", last)] {
        super::add_constant(cx, class, name, || {
            let clock = Clock::from_microseconds(microseconds);
            Ok(Time::plain(cx, clock, None, false)?.into_value())
        })?;
    }
    super::add_constant(cx, class, "resolution", || {
        Ok(TimeDelta::from_microseconds(cx, 1)?.into_value())
    })
}

/// A time that clocks show.
///
/// # Errors
/// ValueError when they do not.
pub fn checked_clock(cx: &Context, fields: [i64; 4]) -> PyResult<Clock> {
    const LAST: [(&str, i64); 4] = [
        ("hour", 23),
        ("minute", 59),
        ("second", 59),
        ("microsecond", 999_999),
    ];
    for ((name, last), number) in LAST.into_iter().zip(fields) {
        if !(0..=last).contains(&number) {
            return Err(cx.value_error(format!("{name} must be in 0..{last}, not {number}")));
        }
    }
    let [hour, minute, second, microsecond] = fields;
    Ok(Clock {
        hour: hour as u8,
        minute: minute as u8,
        second: second as u8,
        microsecond: microsecond as u32,
    })
}

/// A fold.
///
/// # Errors
/// ValueError when it is neither 0 nor 1.
pub fn checked_fold(cx: &Context, fold: i64) -> PyResult<bool> {
    match fold {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(cx.value_error(format!("fold must be either 0 or 1, not {fold}"))),
    }
}

/// The precision that a `timespec` asks for.
///
/// # Errors
/// TypeError, ValueError.
pub fn precision(cx: &Context, timespec: Option<&Value>, position: usize) -> PyResult<Precision> {
    let Some(timespec) = timespec else {
        return Ok(Precision::Automatic);
    };
    let Some(name) = timespec.downcast::<Str>() else {
        let got = timespec.type_name_for_argument();
        return Err(cx.type_error(format!(
            "isoformat() argument {position} must be str, not {got}"
        )));
    };
    Precision::named(&name.to_lossy()).ok_or_else(|| cx.value_error("Unknown timespec value"))
}

/// The end of a `repr`: the fold if there is one, the zone if there is one, and the parenthesis.
///
/// # Errors
/// What the zone's `repr` raises.
pub fn repr_end(cx: &Context, fold: bool, zone: Option<&Value>) -> PyResult<String> {
    let mut shown = String::new();
    if fold {
        shown.push_str(", fold=1");
    }
    if let Some(zone) = zone {
        shown.push_str(", tzinfo=");
        shown.push_str(&text::repr_text(cx, zone)?);
    }
    shown.push(')');
    Ok(shown)
}

/// The zone of an offset that was read.
///
/// # Errors
/// ValueError when the offset is a day or more.
pub fn zone_of_offset(cx: &Context, offset: Option<i128>) -> PyResult<Option<Value>> {
    match offset {
        Some(offset) => Ok(Some(TimeZone::at_offset(cx, offset)?.into_value())),
        None => Ok(None),
    }
}

/// Raises that a time is later than the end of its day.
#[cold]
pub fn after_end_of_day(cx: &Context) -> Raised {
    cx.value_error("minute, second, and microsecond must be 0 when hour is 24")
}

/// Puts the fold into the first byte of a state, for the protocols that know it.
pub fn mark_fold(byte: &mut u8, fold: bool, protocol: i64) {
    if fold && protocol > 3 {
        *byte |= 0x80;
    }
}

impl Time {
    fn payload(clock: Clock, zone: Option<Value>, fold: bool) -> Time {
        Time {
            clock,
            zone,
            fold: Fold::new(fold),
            hash: CachedHash::empty(),
        }
    }

    /// A `time`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn plain(
        cx: &Context,
        clock: Clock,
        zone: Option<Value>,
        fold: bool,
    ) -> PyResult<Ref<Time>> {
        object::new(cx, Time::payload(clock, zone, fold))
    }

    pub fn is_folded(&self) -> bool {
        self.fold.get()
    }

    /// What `class` makes of a time: a derived class is called.
    fn of_class(
        cx: &Context,
        class: &Value,
        fields: [i64; 4],
        zone: Option<Value>,
        fold: bool,
    ) -> PyResult<Value> {
        if class.bits() == Time::class().as_value().bits() {
            let clock = checked_clock(cx, fields)?;
            return Time::plain(cx, clock, zone, fold).map(Ref::into_value);
        }
        let mut arguments = Vec::with_capacity(5);
        for field in fields {
            arguments.push(field.into_value(cx)?);
        }
        arguments.push(zone.unwrap_or(Value::NONE));
        let made = call::call(cx, class, &arguments)?;
        if let Some(time) = made.downcast::<Time>() {
            time.fold.set(fold);
        }
        Ok(made)
    }

    fn offset(cx: &Context, this: &Ref<Time>) -> PyResult<Option<Ref<TimeDelta>>> {
        tzinfo::utc_offset(cx, this.zone.as_ref(), &Value::NONE)
    }

    fn replaced(cx: &Context, this: &Ref<Time>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "replace",
            0,
            [
                hour = 0,
                minute = 0,
                second = 0,
                microsecond = 0,
                tzinfo = None
            ],
            [fold = 0]
        );
        let [hour, minute, second, microsecond, zone, fold] = bind(cx, signature, args)?;
        let clock = this.clock;
        let old = [
            clock.hour.into(),
            clock.minute.into(),
            clock.second.into(),
            clock.microsecond.into(),
            this.is_folded().into(),
        ];
        let given = [hour, minute, second, microsecond, fold];
        let [hour, minute, second, microsecond, fold] = replaced_fields(cx, given, old)?;
        let zone = match zone {
            Some(zone) => optional_zone(cx, Some(zone))?,
            None => this.zone.clone(),
        };
        let fold = checked_fold(cx, fold)?;
        let fields = [hour, minute, second, microsecond];
        Time::of_class(cx, this.class_of().as_value(), fields, zone, fold)
    }

    fn reduced(cx: &Context, this: &Ref<Time>, protocol: i64) -> PyResult<Ref<Tuple>> {
        let mut state = this.clock.state();
        mark_fold(&mut state[0], this.is_folded(), protocol);
        super::reduced(cx, this.as_value(), &state, this.zone.as_ref())
    }
}

static PARAMETERS: Parameters<6> = Parameters {
    function: None,
    names: ["hour", "minute", "second", "microsecond", "tzinfo", "fold"],
    positional: 5,
};

#[pymethods]
impl Time {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let state = match args.positional() {
            [state] | [state, _] if args.names.is_empty() => Some(state),
            _ => None,
        };
        let is_sane_hour = |byte: u32| byte & 0x7f < 24;
        let state = constructor::pickled_state(cx, state, "time", 0, is_sane_hour)?;
        let payload = if let Some(mut state) = state {
            let zone = tzinfo::zone_of_state(cx, args.values.get(1))?;
            let fold = state[0] & 0x80 != 0;
            state[0] &= 0x7f;
            Time::payload(Clock::from_state(state), zone, fold)
        } else {
            let arguments = PARAMETERS.bind(cx, args)?;
            let mut fields = [0; 4];
            for (place, field) in fields.iter_mut().enumerate() {
                *field = arguments.number(cx, place)?;
            }
            let fold = arguments.number(cx, 5)?;
            arguments.finish(cx)?;
            let clock = checked_clock(cx, fields)?;
            let fold = checked_fold(cx, fold)?;
            let zone = optional_zone(cx, arguments.get(4))?;
            Time::payload(clock, zone, fold)
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Time>) -> PyResult<Value> {
        let class = this.class_of().plain_name(cx);
        let fields = this.clock.field_text();
        let end = repr_end(cx, this.is_folded(), this.zone.as_ref())?;
        format!("{class}({fields}{end}").into_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<Time>) -> PyResult<Value> {
        call::call_method(cx, this.as_value(), Name::intern(cx, "isoformat")?, &[])
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Time>) -> PyResult<i64> {
        this.hash.get_or(|| {
            let offset = if this.is_folded() {
                let first = Time::plain(cx, this.clock, this.zone.clone(), false)?;
                Time::offset(cx, &first)?
            } else {
                Time::offset(cx, this)?
            };
            match offset {
                None => Ok(hash::hash_bytes(&this.clock.state())),
                Some(offset) => {
                    let since = this.clock.microseconds() - offset.total();
                    Ok(TimeDelta::from_microseconds(cx, since)?.hash_value())
                }
            }
        })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Time>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Time>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let as_shown = || {
            let ordering = this.clock.cmp(&other.clock);
            Ok(Value::from_bool(comparison.accepts(ordering)))
        };
        if is_same_zone(this.zone.as_ref(), other.zone.as_ref()) {
            return as_shown();
        }
        match (Time::offset(cx, this)?, Time::offset(cx, other)?) {
            (None, None) => as_shown(),
            (Some(left), Some(right)) => {
                let left = this.clock.microseconds() - left.total();
                let right = other.clock.microseconds() - right.total();
                Ok(Value::from_bool(comparison.accepts(left.cmp(&right))))
            }
            _ => match comparison {
                Comparison::Equal => Ok(Value::FALSE),
                Comparison::NotEqual => Ok(Value::TRUE),
                _ => Err(cx.type_error("can't compare offset-naive and offset-aware times")),
            },
        }
    }

    /// string, format -> new time parsed from a string (like time.strptime()).
    #[classmethod("strptime(cls, date_string, format, /)")]
    fn strptime(
        cx: &Context,
        class: &Ref<Type>,
        text: &Ref<Str>,
        format: &Ref<Str>,
    ) -> PyResult<Value> {
        strftime::parse(
            cx,
            class.as_value(),
            "_strptime_datetime_time",
            text,
            format,
        )
    }

    /// Return string in ISO 8601 format, [HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
    ///
    /// The optional argument timespec specifies the number of additional terms
    /// of the time to include. Valid options are 'auto', 'hours', 'minutes',
    /// 'seconds', 'milliseconds' and 'microseconds'.
    #[method("isoformat(self, timespec='auto')")]
    fn isoformat(cx: &Context, this: &Ref<Time>, timespec: Maybe<&Value>) -> PyResult<String> {
        let precision = precision(cx, timespec.0, 1)?;
        let shown = this.clock.text(precision);
        let offset = tzinfo::shown_offset(cx, this.zone.as_ref(), &Value::NONE, ":")?;
        Ok(shown + &offset)
    }

    /// format -> strftime() style string.
    #[method("strftime(self, format)")]
    fn strftime(cx: &Context, this: &Ref<Time>, format: &Value) -> PyResult<Value> {
        // A time of day has no year; this is the first one that every platform formats.
        const DAY: Day = Day {
            year: 1900,
            month: 1,
            day: 1,
        };
        let time = strftime::struct_time(cx, DAY, this.clock, -1)?;
        let moment = Moment {
            microsecond: this.clock.microsecond,
            zone: this.zone.as_ref(),
            argument: &Value::NONE,
        };
        strftime::format(cx, &moment, time, format)
    }

    /// Formats self with strftime.
    #[method("__format__(self, format, /)")]
    fn format(cx: &Context, this: &Value, format: &Value) -> PyResult<Value> {
        strftime::format_object(cx, this, format)
    }

    /// Return self.tzinfo.utcoffset(self).
    #[method("utcoffset(self, /)")]
    fn utcoffset(cx: &Context, this: &Ref<Time>) -> PyResult<Option<Ref<TimeDelta>>> {
        Time::offset(cx, this)
    }

    /// Return self.tzinfo.tzname(self).
    #[method("tzname(self, /)")]
    fn tzname(cx: &Context, this: &Ref<Time>) -> PyResult<Option<Ref<Str>>> {
        tzinfo::zone_name(cx, this.zone.as_ref(), &Value::NONE)
    }

    /// Return self.tzinfo.dst(self).
    #[method("dst(self, /)")]
    fn dst(cx: &Context, this: &Ref<Time>) -> PyResult<Option<Ref<TimeDelta>>> {
        tzinfo::daylight_saving(cx, this.zone.as_ref(), &Value::NONE)
    }

    /// Return time with new specified fields.
    #[method(
        "replace(self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(cx: &Context, this: &Ref<Time>, args: Args<'_>) -> PyResult<Value> {
        Time::replaced(cx, this, args)
    }

    /// The same as replace().
    #[method("__replace__(self, /, **changes)")]
    fn dunder_replace(cx: &Context, this: &Ref<Time>, args: Args<'_>) -> PyResult<Value> {
        Time::replaced(cx, this, args)
    }

    /// string -> time from a string in ISO 8601 format
    #[classmethod("fromisoformat(cls, object, /)")]
    fn fromisoformat(cx: &Context, class: &Ref<Type>, object: &Value) -> PyResult<Value> {
        let text = iso_text::bytes_of(iso_argument(cx, object)?.code_points());
        // The letter is what tells a time from a date in the standard's basic format.
        let text = text.strip_prefix(b"T").unwrap_or(&text);
        let Ok((fields, offset)) = iso_text::time(text) else {
            return Err(malformed(cx, object));
        };
        let ends = fields.is_end_of_day().map_err(|()| after_end_of_day(cx))?;
        let zone = zone_of_offset(cx, offset)?;
        let TimeFields {
            hour,
            minute,
            second,
            microsecond,
        } = fields;
        let hour = if ends { 0 } else { hour };
        let fields = [hour, minute, second, microsecond];
        Time::of_class(cx, class.as_value(), fields, zone, false)
    }

    /// __reduce_ex__(proto) -> (cls, state)
    #[method("__reduce_ex__(self, protocol, /)")]
    fn reduce_ex(cx: &Context, this: &Ref<Time>, protocol: &Value) -> PyResult<Ref<Tuple>> {
        let protocol = int::index_as_i128(cx, protocol)?;
        Time::reduced(cx, this, protocol as i64)
    }

    /// __reduce__() -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Time>) -> PyResult<Ref<Tuple>> {
        Time::reduced(cx, this, 2)
    }

    #[getter]
    fn hour(_cx: &Context, this: &Ref<Time>) -> PyResult<u8> {
        Ok(this.clock.hour)
    }

    #[getter]
    fn minute(_cx: &Context, this: &Ref<Time>) -> PyResult<u8> {
        Ok(this.clock.minute)
    }

    #[getter]
    fn second(_cx: &Context, this: &Ref<Time>) -> PyResult<u8> {
        Ok(this.clock.second)
    }

    #[getter]
    fn microsecond(_cx: &Context, this: &Ref<Time>) -> PyResult<u32> {
        Ok(this.clock.microsecond)
    }

    #[getter]
    fn tzinfo(_cx: &Context, this: &Ref<Time>) -> PyResult<Option<Value>> {
        Ok(this.zone.clone())
    }

    #[getter]
    fn fold(_cx: &Context, this: &Ref<Time>) -> PyResult<u8> {
        Ok(this.is_folded().into())
    }
}
