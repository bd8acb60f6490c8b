//! `date`: a day of the calendar.
//!
//! The payload begins that of `datetime` too; [`plain_day`] tells the two apart.

use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::class::class_of;
use typhon_runtime::object::{self, Payload};
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{bytes::Bytes, int};
use typhon_runtime::protocols::{attribute, call, hash};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, import};

use super::calendar::{self, Day, MAXIMUM_YEAR, MINIMUM_YEAR, WeekError};
use super::clock::{Clock, MICROSECONDS_IN_DAY};
use super::constructor::{self, Parameters};
use super::date_time::DateTime;
use super::iso_calendar;
use super::iso_text::{self, DateFields, Malformed};
use super::local_time::{self, Place};
use super::strftime::{self, Moment};
use super::timedelta::TimeDelta;
use crate::arguments::{bind, signature};

/// The payload of `date`.
#[pyclass(
    name = "date",
    module = "datetime",
    flags(BASETYPE, IMMUTABLE),
    plain,
    doc = "date(year, month, day) --> date object"
)]
pub struct Date {
    pub day: Day,
    pub hash: CachedHash,
}

/// A hash that is found once. -1, which no hash is, stands for none.
pub struct CachedHash(AtomicI64);

impl CachedHash {
    pub fn empty() -> CachedHash {
        CachedHash(AtomicI64::new(-1))
    }

    /// The hash, which is made now if it is not known.
    ///
    /// # Errors
    /// What making it raises.
    pub fn get_or(&self, make: impl FnOnce() -> PyResult<i64>) -> PyResult<i64> {
        // Relaxed: the number is all there is, and every thread finds the same.
        let known = self.0.load(Ordering::Relaxed);
        if known != -1 {
            return Ok(known);
        }
        let made = make()?;
        self.0.store(made, Ordering::Relaxed);
        Ok(made)
    }
}

/// The class is `datetime.date`.
///
/// # Errors
/// MemoryError.
pub fn initialize(cx: &Context) -> PyResult<()> {
    let class = class_of::<Date>(cx)?;
    for (name, ordinal) in [("min", 1), ("max", calendar::MAXIMUM_ORDINAL)] {
        super::add_constant(cx, class, name, || {
            let day = Day::from_ordinal(ordinal).expect("invariant: in range");
            Ok(Date::plain(cx, day)?.into_value())
        })?;
    }
    super::add_constant(cx, class, "resolution", || {
        Ok(TimeDelta::from_microseconds(cx, MICROSECONDS_IN_DAY)?.into_value())
    })
}

/// A day that the calendar has.
///
/// # Errors
/// ValueError when it has not.
pub fn checked_day(cx: &Context, year: i64, month: i64, day: i64) -> PyResult<Day> {
    if !(MINIMUM_YEAR..=MAXIMUM_YEAR).contains(&year) {
        return Err(cx.value_error(format!("year must be in 1..9999, not {year}")));
    }
    if !(1..=12).contains(&month) {
        return Err(cx.value_error(format!("month must be in 1..12, not {month}")));
    }
    let last = calendar::days_in_month(year, month);
    if !(1..=last).contains(&day) {
        return Err(cx.value_error(format!(
            "day {day} must be in range 1..{last} for month {month} in year {year}"
        )));
    }
    Ok(Day {
        year: year as u16,
        month: month as u8,
        day: day as u8,
    })
}

/// Whether a byte of a pickled state can be a month.
pub fn is_sane_month(byte: u32) -> bool {
    (1..=12).contains(&byte)
}

#[cold]
pub fn out_of_range(cx: &Context) -> Raised {
    cx.overflow_error("date value out of range")
}

/// Raises that a text is of no ISO form.
#[cold]
pub fn malformed(cx: &Context, text: &Value) -> Raised {
    match typhon_runtime::protocols::text::repr_text(cx, text) {
        Ok(shown) => cx.value_error(format!("Invalid isoformat string: {shown}")),
        Err(raised) => raised,
    }
}

/// The text given to a `fromisoformat`.
///
/// # Errors
/// TypeError.
pub fn iso_argument<'a>(cx: &Context, text: &'a Value) -> PyResult<&'a Ref<Str>> {
    text.downcast::<Str>()
        .ok_or_else(|| cx.type_error("fromisoformat: argument must be str"))
}

/// The day of a value that is a `date` and no `datetime`.
fn plain_day(value: &Value) -> Option<Day> {
    if value.downcast::<DateTime>().is_some() {
        return None;
    }
    value.downcast::<Date>().map(|date| date.day)
}

/// A parameter that is a C `int`, as an argument of `fromisocalendar`.
fn week_component(cx: &Context, value: &Value) -> PyResult<i64> {
    i32::try_from(int::index_as_i128(cx, value)?)
        .map(i64::from)
        .map_err(|_| cx.value_error("ISO calendar component out of range"))
}

impl Date {
    /// The payload.
    pub fn payload(day: Day) -> Date {
        Date {
            day,
            hash: CachedHash::empty(),
        }
    }

    /// A `date`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn plain(cx: &Context, day: Day) -> PyResult<Ref<Date>> {
        object::new(cx, Date::payload(day))
    }

    /// What `class` makes of a day: a derived class is called.
    fn of_class(cx: &Context, class: &Value, year: i64, month: i64, day: i64) -> PyResult<Value> {
        if class.bits() == Date::class().as_value().bits() {
            let day = checked_day(cx, year, month, day)?;
            return Date::plain(cx, day).map(Ref::into_value);
        }
        let fields = [
            year.into_value(cx)?,
            month.into_value(cx)?,
            day.into_value(cx)?,
        ];
        call::call(cx, class, &fields)
    }

    fn of_class_and_day(cx: &Context, class: &Value, day: Day) -> PyResult<Value> {
        Date::of_class(cx, class, day.year.into(), day.month.into(), day.day.into())
    }

    /// The day that is so many days later.
    fn later(cx: &Context, this: &Ref<Date>, days: i64) -> PyResult<Value> {
        match Day::from_ordinal(this.day.ordinal() + days) {
            Some(day) => Date::of_class_and_day(cx, this.class_of().as_value(), day),
            None => Err(out_of_range(cx)),
        }
    }

    fn replaced(cx: &Context, this: &Ref<Date>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("replace", 0, [year = 0, month = 0, day = 0], []);
        let arguments: [Option<&Value>; 3] = bind(cx, signature, args)?;
        let old = [
            this.day.year.into(),
            this.day.month.into(),
            this.day.day.into(),
        ];
        let [year, month, day] = replaced_fields(cx, arguments, old)?;
        Date::of_class(cx, this.class_of().as_value(), year, month, day)
    }
}

/// Fields with those replaced that are given.
///
/// # Errors
/// TypeError, OverflowError.
pub fn replaced_fields<const N: usize>(
    cx: &Context,
    given: [Option<&Value>; N],
    mut fields: [i64; N],
) -> PyResult<[i64; N]> {
    for (field, value) in fields.iter_mut().zip(given) {
        if let Some(value) = value {
            *field = i32::try_from(int::index_as_i128(cx, value)?)
                .map_err(|_| cx.overflow_error("Python int too large to convert to C int"))?
                .into();
        }
    }
    Ok(fields)
}

static PARAMETERS: Parameters<3> = Parameters {
    function: None,
    names: ["year", "month", "day"],
    positional: 3,
};

#[pymethods]
impl Date {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let state = match args.values {
            [state] if args.names.is_empty() => Some(state),
            _ => None,
        };
        let state = constructor::pickled_state(cx, state, "date", 2, is_sane_month)?;
        let day = if let Some([high, low, month, day]) = state {
            Day {
                year: u16::from_be_bytes([high, low]),
                month,
                day,
            }
        } else {
            let arguments = PARAMETERS.bind(cx, args)?;
            let year = arguments.required_number(cx, 0)?;
            let month = arguments.required_number(cx, 1)?;
            let day = arguments.required_number(cx, 2)?;
            arguments.finish(cx)?;
            checked_day(cx, year, month, day)?
        };
        object::new_of_class(cx, class, Date::payload(day)).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Date>) -> PyResult<Value> {
        let class = this.class_of().plain_name(cx);
        let Day { year, month, day } = this.day;
        format!("{class}({year}, {month}, {day})").into_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<Date>) -> PyResult<Value> {
        call::call_method(cx, this.as_value(), Name::intern(cx, "isoformat")?, &[])
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<Date>) -> PyResult<i64> {
        this.hash.get_or(|| Ok(hash::hash_bytes(&this.day.state())))
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<Date>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        Ok(match plain_day(other) {
            Some(other) => Value::from_bool(comparison.accepts(this.day.cmp(&other))),
            None => Value::NOT_IMPLEMENTED,
        })
    }

    #[slot(add)]
    fn add(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let (date, span) = match (plain_day(left), plain_day(right)) {
            (Some(_), None) => (left, right),
            (None, Some(_)) => (right, left),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        };
        match (date.downcast::<Date>(), span.downcast::<TimeDelta>()) {
            (Some(date), Some(span)) => Date::later(cx, date, span.days()),
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(subtract)]
    fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let (Some(date), Some(day)) = (left.downcast::<Date>(), plain_day(left)) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if let Some(other) = plain_day(right) {
            let days = i128::from(day.ordinal() - other.ordinal());
            let span = TimeDelta::from_microseconds(cx, days * MICROSECONDS_IN_DAY)?;
            return Ok(span.into_value());
        }
        match right.downcast::<TimeDelta>() {
            Some(span) => Date::later(cx, date, -span.days()),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    /// Create a date from a POSIX timestamp.
    ///
    /// The timestamp is a number, e.g. created via time.time(), that is
    /// interpreted as local time.
    #[classmethod("fromtimestamp(cls, timestamp, /)")]
    fn fromtimestamp(cx: &Context, class: &Ref<Type>, timestamp: &Value) -> PyResult<Value> {
        let seconds = local_time::whole_seconds(cx, timestamp)?;
        let (day, _) = Place::Local.day_and_clock(cx, seconds)?;
        Date::of_class_and_day(cx, class.as_value(), day)
    }

    /// int -> date corresponding to a proleptic Gregorian ordinal.
    #[classmethod("fromordinal(cls, ordinal, /)")]
    fn fromordinal(cx: &Context, class: &Ref<Type>, ordinal: i32) -> PyResult<Value> {
        if ordinal < 1 {
            return Err(cx.value_error("ordinal must be >= 1"));
        }
        let (year, month, day) = calendar::from_ordinal(ordinal.into());
        Date::of_class(cx, class.as_value(), year, month, day)
    }

    /// str -> Construct a date from a string in ISO 8601 format.
    #[classmethod("fromisoformat(cls, object, /)")]
    fn fromisoformat(cx: &Context, class: &Ref<Type>, object: &Value) -> PyResult<Value> {
        let text = iso_text::bytes_of(iso_argument(cx, object)?.code_points());
        match iso_text::date(&text) {
            Ok(DateFields { year, month, day }) => {
                Date::of_class(cx, class.as_value(), year, month, day)
            }
            Err(Malformed) => Err(malformed(cx, object)),
        }
    }

    /// int, int, int -> Construct a date from the ISO year, week number and weekday.
    ///
    /// This is the inverse of the date.isocalendar() function
    #[classmethod("fromisocalendar(cls, year, week, day)")]
    fn fromisocalendar(
        cx: &Context,
        class: &Ref<Type>,
        year: &Value,
        week: &Value,
        day: &Value,
    ) -> PyResult<Value> {
        let year = week_component(cx, year)?;
        let week = week_component(cx, week)?;
        let day = week_component(cx, day)?;
        if !(MINIMUM_YEAR..=MAXIMUM_YEAR).contains(&year) {
            return Err(cx.value_error(format!("year must be in 1..9999, not {year}")));
        }
        let ordinal = calendar::ordinal_of_week_day(year, week, day).map_err(|error| {
            cx.value_error(match error {
                WeekError::Week => format!("Invalid week: {week}"),
                WeekError::Weekday => format!("Invalid weekday: {day} (range is [1, 7])"),
            })
        })?;
        let (year, month, day) = calendar::from_ordinal(ordinal);
        Date::of_class(cx, class.as_value(), year, month, day)
    }

    /// string, format -> new date parsed from a string (like time.strptime()).
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
            "_strptime_datetime_date",
            text,
            format,
        )
    }

    /// Current date or datetime:  same as self.__class__.fromtimestamp(time.time()).
    #[classmethod("today(cls, /)")]
    fn today(cx: &Context, class: &Ref<Type>) -> PyResult<Value> {
        let time = import::import_attribute(cx, "time", "time")?;
        let now = call::call(cx, &time, &[])?;
        let make = attribute::get(cx, class.as_value(), Name::intern(cx, "fromtimestamp")?)?;
        call::call(cx, &make, &[now])
    }

    /// Return ctime() style string.
    #[method("ctime(self, /)")]
    fn ctime(_cx: &Context, this: &Ref<Date>) -> PyResult<String> {
        let (day, year) = (this.day.short_text(), this.day.year);
        Ok(format!("{day} 00:00:00 {year:04}"))
    }

    /// format -> strftime() style string.
    #[method("strftime(self, format)")]
    fn strftime(cx: &Context, this: &Ref<Date>, format: &Value) -> PyResult<Value> {
        let time = call::call_method(cx, this.as_value(), Name::intern(cx, "timetuple")?, &[])?;
        let full = this.as_value().downcast::<DateTime>();
        let moment = Moment {
            microsecond: full.map_or(0, |full| full.clock.microsecond),
            zone: full.and_then(|full| full.zone.as_ref()),
            argument: this.as_value(),
        };
        strftime::format(cx, &moment, time, format)
    }

    /// Formats self with strftime.
    #[method("__format__(self, format, /)")]
    fn format(cx: &Context, this: &Value, format: &Value) -> PyResult<Value> {
        strftime::format_object(cx, this, format)
    }

    /// Return time tuple, compatible with time.localtime().
    #[method("timetuple(self, /)")]
    fn timetuple(cx: &Context, this: &Ref<Date>) -> PyResult<Value> {
        strftime::struct_time(cx, this.day, Clock::default(), -1)
    }

    /// Return a named tuple containing ISO year, week number, and weekday.
    #[method("isocalendar(self, /)")]
    fn isocalendar(cx: &Context, this: &Ref<Date>) -> PyResult<Ref<Tuple>> {
        iso_calendar::of_day(cx, this.day)
    }

    /// Return string in ISO 8601 format, YYYY-MM-DD.
    #[method("isoformat(self, /)")]
    fn isoformat(_cx: &Context, this: &Ref<Date>) -> PyResult<String> {
        Ok(this.day.to_string())
    }

    /// Return the day of the week represented by the date.
    /// Monday == 1 ... Sunday == 7
    #[method("isoweekday(self, /)")]
    fn isoweekday(_cx: &Context, this: &Ref<Date>) -> PyResult<i64> {
        Ok(this.day.weekday() + 1)
    }

    /// Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1.
    #[method("toordinal(self, /)")]
    fn toordinal(_cx: &Context, this: &Ref<Date>) -> PyResult<i64> {
        Ok(this.day.ordinal())
    }

    /// Return the day of the week represented by the date.
    /// Monday == 0 ... Sunday == 6
    #[method("weekday(self, /)")]
    fn weekday(_cx: &Context, this: &Ref<Date>) -> PyResult<i64> {
        Ok(this.day.weekday())
    }

    /// Return date with new specified fields.
    #[method("replace(self, /, year=unchanged, month=unchanged, day=unchanged)")]
    fn replace(cx: &Context, this: &Ref<Date>, args: Args<'_>) -> PyResult<Value> {
        Date::replaced(cx, this, args)
    }

    /// The same as replace().
    #[method("__replace__(self, /, **changes)")]
    fn dunder_replace(cx: &Context, this: &Ref<Date>, args: Args<'_>) -> PyResult<Value> {
        Date::replaced(cx, this, args)
    }

    /// __reduce__() -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Date>) -> PyResult<Ref<Tuple>> {
        let state = Bytes::from_slice(cx, &this.day.state())?.into_value();
        let state = Tuple::from_values(cx, &[state])?.into_value();
        Tuple::from_values(cx, &[this.class_of().to_value(), state])
    }

    #[getter]
    fn year(_cx: &Context, this: &Ref<Date>) -> PyResult<u16> {
        Ok(this.day.year)
    }

    #[getter]
    fn month(_cx: &Context, this: &Ref<Date>) -> PyResult<u8> {
        Ok(this.day.month)
    }

    #[getter]
    fn day(_cx: &Context, this: &Ref<Date>) -> PyResult<u8> {
        Ok(this.day.day)
    }
}
