//! `datetime`: a day and a time of day, in a time zone or in none.
//!
//! Arithmetic is in `date_time_arithmetic`, what has to do with instants in `date_time_instants`.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::calendar::{self, Day};
use super::clock::{Clock, MICROSECONDS_IN_DAY};
use super::constructor::{self, Parameters};
use super::date::{Date, checked_day, is_sane_month, iso_argument, malformed, replaced_fields};
use super::date_time_arithmetic::ARITHMETIC;
use super::date_time_instants::INSTANTS;
use super::iso_text::{self, DateFields, Malformed, TimeFields};
use super::strftime;
use super::time::{
    Fold, Time, after_end_of_day, checked_clock, checked_fold, mark_fold, precision, repr_end,
    zone_of_offset,
};
use super::timedelta::TimeDelta;
use super::tzinfo::{self, optional_zone};
use crate::arguments::{bind, signature};

/// The payload of `datetime`.
#[pyclass(
    name = "datetime",
    module = "datetime",
    base = Date,
    flags(BASETYPE, IMMUTABLE),
    doc = "datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])\n\nThe year, month and day arguments are required. tzinfo may be None, or an\ninstance of a tzinfo subclass. The remaining arguments may be ints.\n"
)]
#[repr(C)]
pub struct DateTime {
    pub date: Date,
    pub clock: Clock,
    pub zone: Option<Value>,
    fold: Fold,
}

impl Traverse for DateTime {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.zone.iter().for_each(visit);
    }
}

/// The class is `datetime.datetime`.
///
/// # Errors
/// MemoryError.
pub fn initialize(cx: &Context) -> PyResult<()> {
    let class = class_of::<DateTime>(cx)?;
    let last = (calendar::MAXIMUM_ORDINAL, MICROSECONDS_IN_DAY - 1);
    for (name, (ordinal, microseconds)) in [("min", (1, 0)), ("max", last)] {
        super::add_constant(cx, class, name, || {
            let day = Day::from_ordinal(ordinal).expect("invariant: in range");
            let clock = Clock::from_microseconds(microseconds);
            Ok(DateTime::plain(cx, day, clock, None, false)?.into_value())
        })?;
    }
    super::add_constant(cx, class, "resolution", || {
        Ok(TimeDelta::from_microseconds(cx, 1)?.into_value())
    })
}

impl DateTime {
    fn payload(day: Day, clock: Clock, zone: Option<Value>, fold: bool) -> DateTime {
        DateTime {
            date: Date::payload(day),
            clock,
            zone,
            fold: Fold::new(fold),
        }
    }

    /// A `datetime`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn plain(
        cx: &Context,
        day: Day,
        clock: Clock,
        zone: Option<Value>,
        fold: bool,
    ) -> PyResult<Ref<DateTime>> {
        object::new(cx, DateTime::payload(day, clock, zone, fold))
    }

    pub fn day(&self) -> Day {
        self.date.day
    }

    pub fn is_folded(&self) -> bool {
        self.fold.get()
    }

    /// The bytes of day and time, without the fold.
    pub fn state(&self) -> [u8; 10] {
        let mut state = [0; 10];
        state[..4].copy_from_slice(&self.day().state());
        state[4..].copy_from_slice(&self.clock.state());
        state
    }

    /// What `class` makes of year, month, day, hour, minute, second and microsecond: a derived class is
    /// called.
    ///
    /// # Errors
    /// ValueError when there is no such day or time, and what calling the class raises.
    pub fn of_class(
        cx: &Context,
        class: &Value,
        fields: [i64; 7],
        zone: Option<Value>,
        fold: bool,
    ) -> PyResult<Value> {
        if class.bits() == DateTime::class().as_value().bits() {
            let [year, month, day, hour, minute, second, microsecond] = fields;
            let day = checked_day(cx, year, month, day)?;
            let clock = checked_clock(cx, [hour, minute, second, microsecond])?;
            return DateTime::plain(cx, day, clock, zone, fold).map(Ref::into_value);
        }
        let mut arguments = Vec::with_capacity(8);
        for field in fields {
            arguments.push(field.into_value(cx)?);
        }
        arguments.push(zone.unwrap_or(Value::NONE));
        let made = call::call(cx, class, &arguments)?;
        if let Some(time) = made.downcast::<DateTime>() {
            time.fold.set(fold);
        }
        Ok(made)
    }

    /// [`DateTime::of_class`] of a day and a time.
    ///
    /// # Errors
    /// As it.
    pub fn of_day_and_clock(
        cx: &Context,
        class: &Value,
        (day, clock): (Day, Clock),
        zone: Option<Value>,
        fold: bool,
    ) -> PyResult<Value> {
        DateTime::of_class(cx, class, fields_of(day, clock), zone, fold)
    }

    fn replaced(cx: &Context, this: &Ref<DateTime>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "replace",
            0,
            [
                year = 0,
                month = 0,
                day = 0,
                hour = 0,
                minute = 0,
                second = 0,
                microsecond = 0,
                tzinfo = None
            ],
            [fold = 0]
        );
        let [
            year,
            month,
            day,
            hour,
            minute,
            second,
            microsecond,
            zone,
            fold,
        ] = bind(cx, signature, args)?;
        let old = fields_of(this.day(), this.clock);
        let given = [year, month, day, hour, minute, second, microsecond];
        let fields = replaced_fields(cx, given, old)?;
        let [fold] = replaced_fields(cx, [fold], [this.is_folded().into()])?;
        let zone = match zone {
            Some(zone) => optional_zone(cx, Some(zone))?,
            None => this.zone.clone(),
        };
        let fold = checked_fold(cx, fold)?;
        DateTime::of_class(cx, this.class_of().as_value(), fields, zone, fold)
    }

    fn reduced(cx: &Context, this: &Ref<DateTime>, protocol: i64) -> PyResult<Ref<Tuple>> {
        let mut state = this.state();
        mark_fold(&mut state[2], this.is_folded(), protocol);
        super::reduced(cx, this.as_value(), &state, this.zone.as_ref())
    }
}

fn fields_of(day: Day, clock: Clock) -> [i64; 7] {
    [
        day.year.into(),
        day.month.into(),
        day.day.into(),
        clock.hour.into(),
        clock.minute.into(),
        clock.second.into(),
        clock.microsecond.into(),
    ]
}

/// What a text in ISO form has: its date, its time and its offset.
fn iso_fields(text: &[u8]) -> Result<(DateFields, TimeFields, Option<i128>), Malformed> {
    if text.len() < 7 {
        return Err(Malformed);
    }
    let end = iso_text::date_length(text)?;
    let date = iso_text::date(text.get(..end).ok_or(Malformed)?)?;
    let (time, offset) = match text.get(end + 1..) {
        Some(rest) => iso_text::time(rest)?,
        None => (TimeFields::default(), None),
    };
    Ok((date, time, offset))
}

/// The midnight that ends a day becomes the one that begins the next.
fn begin_next_day(
    cx: &Context,
    date: DateFields,
    time: TimeFields,
) -> PyResult<(DateFields, TimeFields)> {
    let DateFields { year, month, day } = date;
    let last = calendar::days_in_month(year, month);
    // Days that there are not are told by the constructor.
    if month > 12 || day > last {
        return Ok((date, time));
    }
    if !time.is_end_of_day().map_err(|()| after_end_of_day(cx))? {
        return Ok((date, time));
    }
    let next = |year, month, day| DateFields { year, month, day };
    let date = match (month, day) {
        (12, 31) => next(year + 1, 1, 1),
        (month, day) if day == last => next(year, month + 1, 1),
        (month, day) => next(year, month, day + 1),
    };
    Ok((date, TimeFields::default()))
}

/// The character between date and time.
fn separator(cx: &Context, value: Option<&Value>) -> PyResult<u32> {
    let Some(value) = value else {
        return Ok('T'.into());
    };
    let got = match value.downcast::<Str>() {
        Some(text) if text.len() == 1 => return Ok(text.code_point(0)),
        Some(text) => format!("a string of length {}", text.len()),
        None => value.type_name_for_argument(),
    };
    Err(cx.type_error(format!(
        "isoformat() argument 1 must be a unicode character, not {got}"
    )))
}

static PARAMETERS: Parameters<9> = Parameters {
    function: None,
    names: [
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "microsecond",
        "tzinfo",
        "fold",
    ],
    positional: 8,
};

#[pymethods(tables(ARITHMETIC, INSTANTS))]
impl DateTime {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let state = match args.positional() {
            [state] | [state, _] if args.names.is_empty() => Some(state),
            _ => None,
        };
        let is_sane = |byte: u32| is_sane_month(byte & 0x7f);
        let state = constructor::pickled_state::<10>(cx, state, "datetime", 2, is_sane)?;
        let payload = if let Some(state) = state {
            let [high, low, month, day, clock @ ..] = state;
            let zone = tzinfo::zone_of_state(cx, args.values.get(1))?;
            let day = Day {
                year: u16::from_be_bytes([high, low]),
                month: month & 0x7f,
                day,
            };
            DateTime::payload(day, Clock::from_state(clock), zone, month & 0x80 != 0)
        } else {
            let arguments = PARAMETERS.bind(cx, args)?;
            let year = arguments.required_number(cx, 0)?;
            let month = arguments.required_number(cx, 1)?;
            let day = arguments.required_number(cx, 2)?;
            let mut fields = [0; 4];
            for (place, field) in fields.iter_mut().enumerate() {
                *field = arguments.number(cx, place + 3)?;
            }
            let fold = arguments.number(cx, 8)?;
            arguments.finish(cx)?;
            let day = checked_day(cx, year, month, day)?;
            let clock = checked_clock(cx, fields)?;
            let fold = checked_fold(cx, fold)?;
            let zone = optional_zone(cx, arguments.get(7))?;
            DateTime::payload(day, clock, zone, fold)
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<DateTime>) -> PyResult<Value> {
        let class = this.class_of().plain_name(cx);
        let Day { year, month, day } = this.day();
        let clock = this.clock.field_text();
        let end = repr_end(cx, this.is_folded(), this.zone.as_ref())?;
        format!("{class}({year}, {month}, {day}, {clock}{end}").into_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<DateTime>) -> PyResult<Value> {
        let space = " ".into_value(cx)?;
        let name = Name::intern(cx, "isoformat")?;
        call::call_method(cx, this.as_value(), name, &[space])
    }

    /// date, time -> datetime with same date and time fields
    #[classmethod("combine(cls, date, time, tzinfo=<unrepresentable>)")]
    fn combine(
        cx: &Context,
        class: &Ref<Type>,
        date: &Value,
        time: &Value,
        tzinfo: Maybe<&Value>,
    ) -> PyResult<Value> {
        let wrong = |place: usize, expected: &str, value: &Value| {
            let got = value.type_name_for_argument();
            cx.type_error(format!(
                "combine() argument {place} must be datetime.{expected}, not {got}"
            ))
        };
        let Some(date) = date.downcast::<Date>() else {
            return Err(wrong(1, "date", date));
        };
        let Some(time) = time.downcast::<Time>() else {
            return Err(wrong(2, "time", time));
        };
        let zone = match tzinfo.0 {
            Some(zone) => optional_zone(cx, Some(zone))?,
            None => time.zone.clone(),
        };
        let parts = (date.day, time.clock);
        DateTime::of_day_and_clock(cx, class.as_value(), parts, zone, time.is_folded())
    }

    /// string -> datetime from a string in most ISO 8601 formats
    #[classmethod("fromisoformat(cls, object, /)")]
    fn fromisoformat(cx: &Context, class: &Ref<Type>, object: &Value) -> PyResult<Value> {
        let text = iso_text::bytes_of(iso_argument(cx, object)?.code_points());
        let Ok((date, time, offset)) = iso_fields(&text) else {
            return Err(malformed(cx, object));
        };
        let zone = zone_of_offset(cx, offset)?;
        let (date, time) = begin_next_day(cx, date, time)?;
        let fields = [
            date.year,
            date.month,
            date.day,
            time.hour,
            time.minute,
            time.second,
            time.microsecond,
        ];
        DateTime::of_class(cx, class.as_value(), fields, zone, false)
    }

    /// string, format -> new datetime parsed from a string (like time.strptime()).
    #[classmethod("strptime(cls, date_string, format, /)")]
    fn strptime(
        cx: &Context,
        class: &Ref<Type>,
        text: &Ref<Str>,
        format: &Ref<Str>,
    ) -> PyResult<Value> {
        let function = "_strptime_datetime_datetime";
        strftime::parse(cx, class.as_value(), function, text, format)
    }

    /// Return date object with same year, month and day.
    #[method("date(self, /)")]
    fn date(cx: &Context, this: &Ref<DateTime>) -> PyResult<Ref<Date>> {
        Date::plain(cx, this.day())
    }

    /// Return time object with same time but with tzinfo=None.
    #[method("time(self, /)")]
    fn time(cx: &Context, this: &Ref<DateTime>) -> PyResult<Ref<Time>> {
        Time::plain(cx, this.clock, None, this.is_folded())
    }

    /// Return time object with same time and tzinfo.
    #[method("timetz(self, /)")]
    fn timetz(cx: &Context, this: &Ref<DateTime>) -> PyResult<Ref<Time>> {
        Time::plain(cx, this.clock, this.zone.clone(), this.is_folded())
    }

    /// Return ctime() style string.
    #[method("ctime(self, /)")]
    fn ctime(_cx: &Context, this: &Ref<DateTime>) -> PyResult<String> {
        let day = this.day();
        let clock = this.clock.text(super::clock::Precision::Seconds);
        Ok(format!("{} {clock} {:04}", day.short_text(), day.year))
    }

    /// [sep] -> string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
    /// sep is used to separate the year from the time, and defaults to 'T'.
    /// The optional argument timespec specifies the number of additional terms
    /// of the time to include. Valid options are 'auto', 'hours', 'minutes',
    /// 'seconds', 'milliseconds' and 'microseconds'.
    #[method("isoformat(self, sep='T', timespec='auto')")]
    fn isoformat(
        cx: &Context,
        this: &Ref<DateTime>,
        sep: Maybe<&Value>,
        timespec: Maybe<&Value>,
    ) -> PyResult<Ref<Str>> {
        let separator = separator(cx, sep.0)?;
        let precision = precision(cx, timespec.0, 2)?;
        let mut out = StrBuilder::new();
        out.push_text(&this.day().to_string());
        out.push(separator);
        out.push_text(&this.clock.text(precision));
        let zone = this.zone.as_ref();
        out.push_text(&tzinfo::shown_offset(cx, zone, this.as_value(), ":")?);
        out.finish(cx)
    }

    /// Return self.tzinfo.utcoffset(self).
    #[method("utcoffset(self, /)")]
    fn utcoffset(cx: &Context, this: &Ref<DateTime>) -> PyResult<Option<Ref<TimeDelta>>> {
        tzinfo::utc_offset(cx, this.zone.as_ref(), this.as_value())
    }

    /// Return self.tzinfo.tzname(self).
    #[method("tzname(self, /)")]
    fn tzname(cx: &Context, this: &Ref<DateTime>) -> PyResult<Option<Ref<Str>>> {
        tzinfo::zone_name(cx, this.zone.as_ref(), this.as_value())
    }

    /// Return self.tzinfo.dst(self).
    #[method("dst(self, /)")]
    fn dst(cx: &Context, this: &Ref<DateTime>) -> PyResult<Option<Ref<TimeDelta>>> {
        tzinfo::daylight_saving(cx, this.zone.as_ref(), this.as_value())
    }

    /// Return datetime with new specified fields.
    #[method(
        "replace(self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(cx: &Context, this: &Ref<DateTime>, args: Args<'_>) -> PyResult<Value> {
        DateTime::replaced(cx, this, args)
    }

    /// The same as replace().
    #[method("__replace__(self, /, **changes)")]
    fn dunder_replace(cx: &Context, this: &Ref<DateTime>, args: Args<'_>) -> PyResult<Value> {
        DateTime::replaced(cx, this, args)
    }

    /// __reduce_ex__(proto) -> (cls, state)
    #[method("__reduce_ex__(self, protocol, /)")]
    fn reduce_ex(cx: &Context, this: &Ref<DateTime>, protocol: &Value) -> PyResult<Ref<Tuple>> {
        let protocol = int::index_as_i128(cx, protocol)?;
        DateTime::reduced(cx, this, protocol as i64)
    }

    /// __reduce__() -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<DateTime>) -> PyResult<Ref<Tuple>> {
        DateTime::reduced(cx, this, 2)
    }

    #[getter]
    fn hour(_cx: &Context, this: &Ref<DateTime>) -> PyResult<u8> {
        Ok(this.clock.hour)
    }

    #[getter]
    fn minute(_cx: &Context, this: &Ref<DateTime>) -> PyResult<u8> {
        Ok(this.clock.minute)
    }

    #[getter]
    fn second(_cx: &Context, this: &Ref<DateTime>) -> PyResult<u8> {
        Ok(this.clock.second)
    }

    #[getter]
    fn microsecond(_cx: &Context, this: &Ref<DateTime>) -> PyResult<u32> {
        Ok(this.clock.microsecond)
    }

    #[getter]
    fn tzinfo(_cx: &Context, this: &Ref<DateTime>) -> PyResult<Option<Value>> {
        Ok(this.zone.clone())
    }

    #[getter]
    fn fold(_cx: &Context, this: &Ref<DateTime>) -> PyResult<u8> {
        Ok(this.is_folded().into())
    }
}
