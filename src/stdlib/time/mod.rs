//! `time`: clocks, sleeping, and the calendar.
//!
//! `span` turns Python numbers into times, `calendar` is the C library's part.

pub mod calendar;
pub mod span;

use std::ffi::CString;

use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime as system_clock};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::field::Field;
use typhon_runtime::objects::exceptions::os_error_from_errno;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::namespace::Namespace;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, audit, import, module};

use self::calendar::Broken;
use self::span::Rounding;
use crate::blocking::{self, Deadline, Sleep};

/// `time.struct_time`.
pub static STRUCT_TIME: Description = Description::new(
    "time",
    "struct_time",
    "The time value as returned by gmtime(), localtime(), and strptime(), and\n accepted by asctime(), mktime() and strftime().  May be considered as a\n sequence of 9 integers.\n\n Note that several fields' values are not the same as those defined by\n the C language standard for struct tm.  For example, the value of the\n field tm_year is the actual year, not year - 1900.  See individual\n fields' descriptions for details.",
    &[
        ("tm_year", "year, for example, 1993"),
        ("tm_mon", "month of year, range [1, 12]"),
        ("tm_mday", "day of month, range [1, 31]"),
        ("tm_hour", "hours, range [0, 23]"),
        ("tm_min", "minutes, range [0, 59]"),
        ("tm_sec", "seconds, range [0, 61])"),
        ("tm_wday", "day of week, range [0, 6], Monday is 0"),
        ("tm_yday", "day of year, range [1, 366]"),
        (
            "tm_isdst",
            "1 if summer time is in effect, 0 if not, and -1 if unknown",
        ),
        ("tm_zone", "abbreviation of timezone name"),
        ("tm_gmtoff", "offset from UTC in seconds"),
    ],
    9,
);

/// The module, whose attributes `tzset` changes.
static THIS: Field = Field::empty();

/// This module provides various functions to manipulate time values.
///
/// There are two standard representations of time.  One is the number
/// of seconds since the Epoch, in UTC (a.k.a. GMT).  It may be an integer
/// or a floating-point number (to represent fractions of seconds).
/// The epoch is the point where the time starts, the return value of time.gmtime(0).
/// It is January 1, 1970, 00:00:00 (UTC) on all platforms.
///
/// The other representation is a tuple of 9 integers giving local time.
/// The tuple items are:
///   year (including century, e.g. 1998)
///   month (1-12)
///   day (1-31)
///   hours (0-23)
///   minutes (0-59)
///   seconds (0-59)
///   weekday (0-6, Monday is 0)
///   Julian day (day in the year, 1-366)
///   DST (Daylight Savings Time) flag (-1, 0 or 1)
/// If the DST flag is 0, the time is given in the regular time zone;
/// if it is 1, the time is given in the DST time zone;
/// if it is -1, mktime() should guess based on the date and time.
#[pymodule(
    name = "time",
    functions(
        time,
        time_ns,
        clock_gettime,
        clock_gettime_ns,
        clock_settime,
        clock_settime_ns,
        clock_getres,
        pthread_getcpuclockid,
        sleep,
        gmtime,
        localtime,
        asctime,
        ctime,
        mktime,
        strftime,
        strptime,
        tzset,
        monotonic,
        monotonic_ns,
        process_time,
        process_time_ns,
        thread_time,
        thread_time_ns,
        perf_counter,
        perf_counter_ns,
        get_clock_info
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "struct_time", STRUCT_TIME.class(cx)?.to_value())?;
    module::add(cx, this, "_STRUCT_TM_ITEMS", 11)?;
    for (name, clock) in [
        ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
        ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
        ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW),
        ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
        ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
        ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME),
        ("CLOCK_TAI", libc::CLOCK_TAI),
    ] {
        module::add(cx, this, name, clock)?;
    }
    THIS.set(Some(this.to_value()));
    set_zone(cx, this)
}

/// `timezone`, `altzone`, `daylight` and `tzname`, from the zone in winter and in summer.
fn set_zone(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    /// A year as the Gregorian calendar has it on average.
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let now = i64::try_from(blocking::nanoseconds(system_clock(ClockId::Realtime)) / 1_000_000_000);
    let january = now.unwrap_or(0) / YEAR * YEAR;
    let zone = |time: i64| -> (i64, String) {
        match Broken::local(time) {
            Ok(local) => {
                let name = local
                    .zone
                    .as_ref()
                    .map(|zone| zone.to_string_lossy().into_owned());
                (
                    -local.fields().tm_gmtoff,
                    name.unwrap_or_else(|| "   ".to_owned()),
                )
            }
            Err(_) => (0, "   ".to_owned()),
        }
    };
    let (january, july) = (zone(january), zone(january + YEAR / 2));
    // On the southern half of the globe it is summer in January.
    let (standard, summer) = if january.0 < july.0 {
        (&july, &january)
    } else {
        (&january, &july)
    };
    module::add(cx, this, "timezone", standard.0)?;
    module::add(cx, this, "altzone", summer.0)?;
    module::add(cx, this, "daylight", i64::from(january.0 != july.0))?;
    let names = vec![
        standard.1.as_str().into_value(cx)?,
        summer.1.as_str().into_value(cx)?,
    ];
    module::add(cx, this, "tzname", Tuple::from_vec(cx, names)?)
}

/// Raises OSError for an error of the system.
pub fn os_error(cx: &Context, error: Errno) -> Raised {
    os_error_from_errno(cx, error.raw_os_error(), None)
}

fn now(clock: ClockId) -> i128 {
    blocking::nanoseconds(system_clock(clock))
}

/// time() -> floating-point number
///
/// Return the current time in seconds since the Epoch.
/// Fractions of a second may be present if the system clock provides them.
#[pyfunction("time()")]
fn time(_cx: &Context) -> PyResult<f64> {
    Ok(span::seconds(now(ClockId::Realtime)))
}

/// time_ns() -> int
///
/// Return the current time in nanoseconds since the Epoch.
#[pyfunction("time_ns()")]
fn time_ns(_cx: &Context) -> PyResult<i128> {
    Ok(now(ClockId::Realtime))
}

/// monotonic() -> float
///
/// Monotonic clock, cannot go backward.
#[pyfunction("monotonic()")]
fn monotonic(_cx: &Context) -> PyResult<f64> {
    Ok(span::seconds(now(ClockId::Monotonic)))
}

/// monotonic_ns() -> int
///
/// Monotonic clock, cannot go backward, as nanoseconds.
#[pyfunction("monotonic_ns()")]
fn monotonic_ns(_cx: &Context) -> PyResult<i128> {
    Ok(now(ClockId::Monotonic))
}

/// perf_counter() -> float
///
/// Performance counter for benchmarking.
#[pyfunction("perf_counter()")]
fn perf_counter(_cx: &Context) -> PyResult<f64> {
    Ok(span::seconds(now(ClockId::Monotonic)))
}

/// perf_counter_ns() -> int
///
/// Performance counter for benchmarking as nanoseconds.
#[pyfunction("perf_counter_ns()")]
fn perf_counter_ns(_cx: &Context) -> PyResult<i128> {
    Ok(now(ClockId::Monotonic))
}

/// process_time() -> float
///
/// Process time for profiling: sum of the kernel and user-space CPU time.
#[pyfunction("process_time()")]
fn process_time(_cx: &Context) -> PyResult<f64> {
    Ok(span::seconds(now(ClockId::ProcessCPUTime)))
}

/// process_time() -> int
///
/// Process time for profiling as nanoseconds:
/// sum of the kernel and user-space CPU time.
#[pyfunction("process_time_ns()")]
fn process_time_ns(_cx: &Context) -> PyResult<i128> {
    Ok(now(ClockId::ProcessCPUTime))
}

/// thread_time() -> float
///
/// Thread time for profiling: sum of the kernel and user-space CPU time.
#[pyfunction("thread_time()")]
fn thread_time(_cx: &Context) -> PyResult<f64> {
    Ok(span::seconds(now(ClockId::ThreadCPUTime)))
}

/// thread_time() -> int
///
/// Thread time for profiling as nanoseconds:
/// sum of the kernel and user-space CPU time.
#[pyfunction("thread_time_ns()")]
fn thread_time_ns(_cx: &Context) -> PyResult<i128> {
    Ok(now(ClockId::ThreadCPUTime))
}

/// Return the time of the specified clock clk_id as a float.
#[pyfunction("clock_gettime(clk_id, /)")]
fn clock_gettime(cx: &Context, clock: i32) -> PyResult<f64> {
    calendar::clock(clock)
        .map(span::seconds)
        .map_err(|error| os_error(cx, error))
}

/// Return the time of the specified clock clk_id as nanoseconds (int).
#[pyfunction("clock_gettime_ns(clk_id, /)")]
fn clock_gettime_ns(cx: &Context, clock: i32) -> PyResult<i128> {
    calendar::clock(clock).map_err(|error| os_error(cx, error))
}

/// clock_settime(clk_id, time)
///
/// Set the time of the specified clock clk_id.
#[pyfunction("clock_settime(clk_id, time, /)")]
fn clock_settime(cx: &Context, clock: i32, time: &Value) -> PyResult<()> {
    let time = span::nanoseconds(cx, time, Rounding::Floor)?;
    calendar::set_clock(clock, time).map_err(|error| os_error(cx, error))
}

/// clock_settime_ns(clk_id, time)
///
/// Set the time of the specified clock clk_id with nanoseconds.
#[pyfunction("clock_settime_ns(clk_id, time, /)")]
fn clock_settime_ns(cx: &Context, clock: i32, time: &Value) -> PyResult<()> {
    let Some(number) = int::view(time) else {
        return Err(cx.type_error(format!("expect int, got {}", time.type_name())));
    };
    let Some(time) = number.to_i64() else {
        return Err(cx.overflow_error("timestamp out of range for C PyTime_t"));
    };
    calendar::set_clock(clock, time).map_err(|error| os_error(cx, error))
}

/// clock_getres(clk_id) -> floating-point number
///
/// Return the resolution (precision) of the specified clock clk_id.
#[pyfunction("clock_getres(clk_id, /)")]
fn clock_getres(cx: &Context, clock: i32) -> PyResult<f64> {
    calendar::clock_resolution(clock)
        .map(|resolution| resolution as f64 * 1e-9)
        .map_err(|error| os_error(cx, error))
}

/// pthread_getcpuclockid(thread_id) -> int
///
/// Return the clk_id of a thread's CPU time clock.
#[pyfunction("pthread_getcpuclockid(thread_id, /)")]
fn pthread_getcpuclockid(cx: &Context, thread: u64) -> PyResult<i32> {
    calendar::thread_clock(thread).map_err(|error| os_error(cx, error))
}

/// sleep(seconds)
///
/// Delay execution for a given number of seconds.  The argument may be
/// a floating-point number for subsecond precision.
#[pyfunction("sleep(seconds, /)")]
fn sleep(cx: &Context, seconds: &Value) -> PyResult<()> {
    audit::event(cx, "time.sleep", || Ok(vec![seconds.clone()]))?;
    let length = span::nanoseconds(cx, seconds, Rounding::Timeout)?;
    if length < 0 {
        return Err(cx.value_error("sleep length must be non-negative"));
    }
    let mut sleep = Sleep::new(Deadline::after(length));
    loop {
        let slept = blocking::retry(cx, || match sleep.part().as_timespec() {
            Some(end) if length > 0 => {
                rustix::thread::clock_nanosleep_absolute(ClockId::Monotonic, &end)
            }
            _ => {
                std::thread::yield_now();
                Ok(())
            }
        })?;
        slept.map_err(|error| os_error(cx, error))?;
        if sleep.is_over(cx) {
            return Ok(());
        }
    }
}

/// The argument of `gmtime` and its like: now, unless it is given.
fn seconds_argument(cx: &Context, seconds: Option<&Value>) -> PyResult<i64> {
    match seconds {
        Some(seconds) => span::time_t(cx, seconds, Rounding::Floor),
        None => {
            Ok(i64::try_from(now(ClockId::Realtime).div_euclid(1_000_000_000)).unwrap_or(i64::MAX))
        }
    }
}

fn struct_time(cx: &Context, time: &Broken) -> PyResult<Value> {
    let fields = time.fields();
    let numbers = [
        i64::from(fields.tm_year) + 1900,
        i64::from(fields.tm_mon) + 1,
        fields.tm_mday.into(),
        fields.tm_hour.into(),
        fields.tm_min.into(),
        fields.tm_sec.into(),
        i64::from((fields.tm_wday + 6) % 7),
        i64::from(fields.tm_yday) + 1,
        fields.tm_isdst.into(),
    ];
    let mut values = Vec::with_capacity(11);
    for number in numbers {
        values.push(number.into_value(cx)?);
    }
    let zone = time
        .zone
        .as_ref()
        .map(|zone| zone.to_string_lossy().into_owned());
    values.push(zone.into_value(cx)?);
    values.push(fields.tm_gmtoff.into_value(cx)?);
    STRUCT_TIME.instance(cx, values)
}

/// gmtime([seconds]) -> (tm_year, tm_mon, tm_mday, tm_hour, tm_min,
///                        tm_sec, tm_wday, tm_yday, tm_isdst)
///
/// Convert seconds since the Epoch to a time tuple expressing UTC (a.k.a.
/// GMT).  When 'seconds' is not passed in, convert the current time instead.
///
/// If the platform supports the tm_gmtoff and tm_zone, they are available as
/// attributes only.
#[pyfunction("gmtime(seconds=None, /)")]
fn gmtime(cx: &Context, seconds: Option<&Value>) -> PyResult<Value> {
    let time = Broken::utc(seconds_argument(cx, seconds)?).map_err(|error| os_error(cx, error))?;
    struct_time(cx, &time)
}

/// localtime([seconds]) -> (tm_year,tm_mon,tm_mday,tm_hour,tm_min,
///                           tm_sec,tm_wday,tm_yday,tm_isdst)
///
/// Convert seconds since the Epoch to a time tuple expressing local time.
/// When 'seconds' is not passed in, convert the current time instead.
#[pyfunction("localtime(seconds=None, /)")]
fn localtime(cx: &Context, seconds: Option<&Value>) -> PyResult<Value> {
    let time =
        Broken::local(seconds_argument(cx, seconds)?).map_err(|error| os_error(cx, error))?;
    struct_time(cx, &time)
}

/// A time tuple as C has it, before its fields are checked.
fn time_argument(cx: &Context, function: &str, value: &Value) -> PyResult<Broken> {
    let Some(tuple) = value.downcast::<Tuple>() else {
        return Err(cx.type_error("Tuple or struct_time argument required"));
    };
    let Ok(given) = <&[Value; 9]>::try_from(tuple.as_slice()) else {
        return Err(cx.type_error(format!("{function}(): illegal time tuple argument")));
    };
    let mut numbers = [0i32; 9];
    for (number, value) in numbers.iter_mut().zip(given) {
        *number = c_int(cx, value)?;
    }
    let [
        year,
        month,
        day,
        hour,
        minute,
        second,
        week_day,
        year_day,
        summer,
    ] = numbers;
    let mut fields = Broken::blank();
    fields.tm_year = match year.checked_sub(1900) {
        Some(year) => year,
        None => return Err(cx.overflow_error("year out of range")),
    };
    fields.tm_mon = month.wrapping_sub(1);
    fields.tm_mday = day;
    fields.tm_hour = hour;
    fields.tm_min = minute;
    fields.tm_sec = second;
    fields.tm_wday = week_day.wrapping_add(1) % 7;
    fields.tm_yday = year_day.wrapping_sub(1);
    fields.tm_isdst = summer;
    let mut zone = None;
    if value.class().is(STRUCT_TIME.class(cx)?) {
        let name = attribute::get(cx, value, Name::intern(cx, "tm_zone")?)?;
        if let Some(name) = name.downcast::<Str>() {
            zone = CString::new(name.to_lossy().into_owned()).ok();
        }
        let offset = attribute::get(cx, value, Name::intern(cx, "tm_gmtoff")?)?;
        if !offset.is_none() {
            fields.tm_gmtoff = span::time_t(cx, &offset, Rounding::Floor)?;
        }
    }
    Ok(Broken::new(fields, zone))
}

fn c_int(cx: &Context, value: &Value) -> PyResult<i32> {
    let number = int::index_as_i128(cx, value)?;
    i32::try_from(number).map_err(|_| {
        cx.overflow_error(if number > 0 {
            "signed integer is greater than maximum"
        } else {
            "signed integer is less than minimum"
        })
    })
}

/// Fields out of range would be read out of bounds by `strftime`; 0 stands for the first month and day.
fn checked(cx: &Context, time: &Broken) -> PyResult<Broken> {
    let mut fields = *time.fields();
    let wrong = |what: &str| Err(cx.value_error(format!("{what} out of range")));
    match fields.tm_mon {
        -1 => fields.tm_mon = 0,
        0..=11 => {}
        _ => return wrong("month"),
    }
    match fields.tm_mday {
        0 => fields.tm_mday = 1,
        1..=31 => {}
        _ => return wrong("day of month"),
    }
    if !(0..=23).contains(&fields.tm_hour) {
        return wrong("hour");
    }
    if !(0..=59).contains(&fields.tm_min) {
        return wrong("minute");
    }
    if !(0..=61).contains(&fields.tm_sec) {
        return wrong("seconds");
    }
    if fields.tm_wday < 0 {
        return wrong("day of week");
    }
    match fields.tm_yday {
        -1 => fields.tm_yday = 0,
        0..=365 => {}
        _ => return wrong("day of year"),
    }
    fields.tm_isdst = fields.tm_isdst.clamp(-1, 1);
    Ok(Broken::new(fields, time.zone.clone()))
}

fn time_or_now(cx: &Context, function: &str, time: Option<&Value>) -> PyResult<Broken> {
    match time {
        Some(time) => checked(cx, &time_argument(cx, function, time)?),
        None => Broken::local(seconds_argument(cx, None)?).map_err(|error| os_error(cx, error)),
    }
}

fn as_text(time: &Broken) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let fields = time.fields();
    format!(
        "{} {}{:3} {:02}:{:02}:{:02} {}",
        DAYS[fields.tm_wday as usize % 7],
        MONTHS[fields.tm_mon as usize % 12],
        fields.tm_mday,
        fields.tm_hour,
        fields.tm_min,
        fields.tm_sec,
        i64::from(fields.tm_year) + 1900
    )
}

/// asctime([time_tuple]) -> string
///
/// Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.
/// When the time tuple is not present, current time as returned by localtime()
/// is used.
#[pyfunction("asctime(time_tuple=<unrepresentable>, /)")]
fn asctime(cx: &Context, time: Maybe<&Value>) -> PyResult<String> {
    Ok(as_text(&time_or_now(cx, "asctime", time.0)?))
}

/// ctime([seconds]) -> string
///
/// Convert a time in seconds since the Epoch to a string in local time.
/// This is equivalent to asctime(localtime(seconds)). When 'seconds' is not
/// passed in, convert the current time instead.
#[pyfunction("ctime(seconds=None, /)")]
fn ctime(cx: &Context, seconds: Option<&Value>) -> PyResult<String> {
    let time =
        Broken::local(seconds_argument(cx, seconds)?).map_err(|error| os_error(cx, error))?;
    Ok(as_text(&time))
}

/// mktime(time_tuple) -> floating-point number
///
/// Convert a time tuple in local time to seconds since the Epoch.
/// Note that mktime(gmtime(0)) will not generally return zero for most
/// time zones; instead the returned value will either be equal to that
/// of the timezone or altzone attributes on the time module.
#[pyfunction("mktime(time_tuple, /)")]
fn mktime(cx: &Context, time: &Value) -> PyResult<f64> {
    match time_argument(cx, "mktime", time)?.seconds() {
        Some(seconds) => Ok(seconds as f64),
        None => Err(cx.overflow_error("mktime argument out of range")),
    }
}

/// strftime(format[, time_tuple]) -> string
///
/// Convert a time tuple to a string according to a format specification.
/// See the library reference manual for formatting codes. When the time tuple
/// is not present, current time as returned by localtime()
/// is used.
///
/// Commonly used format codes:
///
/// %Y  Year with century as a decimal number.
/// %m  Month as a decimal number [01,12].
/// %d  Day of the month as a decimal number [01,31].
/// %H  Hour (24-hour clock) as a decimal number [00,23].
/// %M  Minute as a decimal number [00,59].
/// %S  Second as a decimal number [00,61].
/// %z  Time zone offset from UTC.
/// %a  Locale's abbreviated weekday name.
/// %A  Locale's full weekday name.
/// %b  Locale's abbreviated month name.
/// %B  Locale's full month name.
/// %c  Locale's appropriate date and time representation.
/// %I  Hour (12-hour clock) as a decimal number [01,12].
/// %p  Locale's equivalent of either AM or PM.
///
/// Other codes may be available on your platform.  See documentation for
/// the C library strftime function.
#[pyfunction("strftime(format, time_tuple=<unrepresentable>, /)")]
fn strftime(cx: &Context, format: &Ref<Str>, time: Maybe<&Value>) -> PyResult<Ref<Str>> {
    let time = time_or_now(cx, "strftime", time.0)?;
    let mut out = StrBuilder::new();
    let mut directives = Vec::new();
    for point in format.code_points() {
        // The C library gets the parts that it can read: ASCII without NUL.
        if (1..0x80).contains(&point) {
            directives.push(point as u8);
        } else {
            format_part(&time, &mut directives, &mut out);
            out.push(point);
        }
    }
    format_part(&time, &mut directives, &mut out);
    out.finish(cx)
}

fn format_part(time: &Broken, directives: &mut Vec<u8>, out: &mut StrBuilder) {
    let part = std::mem::take(directives);
    if !part.contains(&b'%') {
        part.into_iter().for_each(|byte| out.push(byte.into()));
        return;
    }
    let part = CString::new(part).expect("invariant: a part has no NUL");
    out.push_text(&String::from_utf8_lossy(&time.format(&part)));
}

/// strptime(string[, format]) -> struct_time
///
/// Parse a string to a time tuple according to a format specification.
/// See the library reference manual for formatting codes (same as
/// strftime()).
///
/// Commonly used format codes:
///
/// %Y  Year with century as a decimal number.
/// %m  Month as a decimal number [01,12].
/// %d  Day of the month as a decimal number [01,31].
/// %H  Hour (24-hour clock) as a decimal number [00,23].
/// %M  Minute as a decimal number [00,59].
/// %S  Second as a decimal number [00,61].
/// %z  Time zone offset from UTC.
/// %a  Locale's abbreviated weekday name.
/// %A  Locale's full weekday name.
/// %b  Locale's abbreviated month name.
/// %B  Locale's full month name.
/// %c  Locale's appropriate date and time representation.
/// %I  Hour (12-hour clock) as a decimal number [01,12].
/// %p  Locale's equivalent of either AM or PM.
///
/// Other codes may be available on your platform.  See documentation for
/// the C library strftime function.
#[pyfunction("strptime(*args)")]
fn strptime(cx: &Context, args: &[Value]) -> PyResult<Value> {
    let function = import::import_attribute(cx, "_strptime", "_strptime_time")?;
    call::call(cx, &function, args)
}

/// tzset()
///
/// Initialize, or reinitialize, the local timezone to the value stored in
/// os.environ['TZ']. The TZ environment variable should be specified in
/// standard Unix timezone format as documented in the tzset man page
/// (eg. 'US/Eastern', 'Europe/Amsterdam'). Unknown timezones will silently
/// fall back to UTC. If the TZ environment variable is not set, the local
/// timezone is set to the systems best guess of wallclock time.
/// Changing the TZ environment variable without calling tzset *may* change
/// the local timezone used by methods such as localtime, but this behaviour
/// should not be relied on.
#[pyfunction("tzset()")]
fn tzset(cx: &Context) -> PyResult<()> {
    calendar::reset_zone();
    match THIS.get_as::<Module>() {
        Some(this) => set_zone(cx, &this),
        None => Ok(()),
    }
}

/// get_clock_info(name: str) -> dict
///
/// Get information of the specified clock.
#[pyfunction("get_clock_info(name, /)")]
fn get_clock_info(cx: &Context, name: &Ref<Str>) -> PyResult<Ref<Namespace>> {
    let known = [
        ("time", "REALTIME", libc::CLOCK_REALTIME),
        ("monotonic", "MONOTONIC", libc::CLOCK_MONOTONIC),
        ("perf_counter", "MONOTONIC", libc::CLOCK_MONOTONIC),
        (
            "process_time",
            "PROCESS_CPUTIME_ID",
            libc::CLOCK_PROCESS_CPUTIME_ID,
        ),
        (
            "thread_time",
            "THREAD_CPUTIME_ID",
            libc::CLOCK_THREAD_CPUTIME_ID,
        ),
    ];
    let Some((_, clock, id)) = known.into_iter().find(|(known, ..)| name.equals(known)) else {
        return Err(cx.value_error("unknown clock"));
    };
    let adjustable = id == libc::CLOCK_REALTIME;
    let resolution = calendar::clock_resolution(id).map_err(|error| os_error(cx, error))?;
    Namespace::from_pairs(
        cx,
        &[
            (
                "implementation",
                format!("clock_gettime(CLOCK_{clock})").into_value(cx)?,
            ),
            ("monotonic", Value::from_bool(!adjustable)),
            ("adjustable", Value::from_bool(adjustable)),
            ("resolution", (resolution as f64 * 1e-9).into_value(cx)?),
        ],
    )
}
