//! `_datetime`: dates, times and what lies between them.
//!
//! ```text
//!   timedelta.rs   tzinfo.rs ◀─ timezone.rs   date.rs ◀─ date_time*.rs   time.rs   iso_calendar.rs
//!   strftime.rs    formats               local_time.rs    the system's clock and time zone
//!   constructor.rs arguments, pickled states
//!   ──────────────────────────────────── these know nothing of Python ─────────────────────────────
//!   calendar.rs    days and ordinals     clock.rs  times of day     iso_text.rs  fromisoformat
//! ```
//! Arithmetic is on whole numbers: days by their ordinal, spans and times in microseconds.
//!
//! Invariant: objects do not change. What methods make of an object of a derived class is made by calling
//! the class; spans, dates and times that are parts of others are of the classes here.

mod calendar;
mod clock;
mod constructor;
mod date;
mod date_time;
mod date_time_arithmetic;
mod date_time_instants;
mod iso_calendar;
mod iso_text;
mod local_time;
mod strftime;
mod time;
mod timedelta;
mod timezone;
mod tzinfo;

use typhon_macros::pymodule;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::capsule::Capsule;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use self::date::Date;
use self::date_time::DateTime;
use self::iso_calendar::IsoCalendarDate;
use self::time::Time;
use self::timedelta::TimeDelta;
use self::timezone::TimeZone;
use self::tzinfo::TzInfo;

/// Fast implementation of the datetime module.
#[pymodule(
    name = "_datetime",
    classes(Date, DateTime, Time, TimeDelta, TzInfo, TimeZone)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<IsoCalendarDate>(cx)?;
    timedelta::initialize(cx)?;
    timezone::initialize(cx)?;
    date::initialize(cx)?;
    time::initialize(cx)?;
    date_time::initialize(cx)?;
    module::add(cx, this, "MINYEAR", calendar::MINIMUM_YEAR)?;
    module::add(cx, this, "MAXYEAR", calendar::MAXIMUM_YEAR)?;
    module::add(cx, this, "UTC", timezone::utc().clone())?;
    let interface = Capsule::named(cx, "datetime.datetime_CAPI")?;
    module::add(cx, this, "datetime_CAPI", interface)
}

/// Gives a class a constant, once: the module may be imported again.
fn add_constant(
    cx: &Context,
    class: &Ref<Type>,
    name: &str,
    make: impl FnOnce() -> PyResult<Value>,
) -> PyResult<()> {
    let name = Name::intern(cx, name)?;
    // The base class may have one of the same name.
    if class.dict.get_name(cx, name)?.is_some() {
        return Ok(());
    }
    class.dict.set_name(cx, name, make()?)
}

/// What `__reduce__` of a time returns: the class, and its arguments, a state and a zone if there is one.
fn reduced(
    cx: &Context,
    object: &Value,
    state: &[u8],
    zone: Option<&Value>,
) -> PyResult<Ref<Tuple>> {
    let mut arguments = vec![Bytes::from_slice(cx, state)?.into_value()];
    arguments.extend(zone.cloned());
    let arguments = Tuple::from_vec(cx, arguments)?.into_value();
    Tuple::from_values(cx, &[object.class().to_value(), arguments])
}
