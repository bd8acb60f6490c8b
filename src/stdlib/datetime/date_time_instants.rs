//! `datetime`: times of instants, and instants of times.

use std::time::{SystemTime, UNIX_EPOCH};

use typhon_macros::pymethods;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value, warnings};

use super::clock::{Clock, MICROSECONDS_IN_SECOND};
use super::date_time::DateTime;
use super::local_time::{self, EPOCH, Place};
use super::strftime;
use super::timedelta::TimeDelta;
use super::timezone::TimeZone;
use super::tzinfo::{self, is_same_zone, optional_zone};

const EPOCH_MICROSECONDS: i128 = EPOCH as i128 * MICROSECONDS_IN_SECOND;

/// Seconds and microseconds since the epoch.
fn now_instant() -> (i64, u32) {
    let microseconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_micros() as i128,
        Err(before) => -(before.duration().as_micros() as i128),
    };
    let seconds = microseconds.div_euclid(MICROSECONDS_IN_SECOND);
    let rest = microseconds.rem_euclid(MICROSECONDS_IN_SECOND);
    (seconds as i64, rest as u32)
}

/// The time of an instant as `class` makes it.
fn at_instant(
    cx: &Context,
    class: &Ref<Type>,
    place: Place,
    (seconds, microsecond): (i64, u32),
    zone: Option<Value>,
) -> PyResult<Value> {
    let (day, clock) = place.day_and_clock(cx, seconds)?;
    let fold = place == Place::Local
        && zone.is_none()
        && local_time::is_repeated(cx, seconds, local_time::calendar_seconds(day, clock))?;
    let clock = Clock {
        microsecond,
        ..clock
    };
    DateTime::of_day_and_clock(cx, class.as_value(), (day, clock), zone, fold)
}

/// The time of an instant in a zone, or in the local one.
fn at_instant_in(
    cx: &Context,
    class: &Ref<Type>,
    instant: (i64, u32),
    zone: Option<Value>,
) -> PyResult<Value> {
    let Some(zone) = zone else {
        return at_instant(cx, class, Place::Local, instant, None);
    };
    let time = at_instant(cx, class, Place::Utc, instant, Some(zone.clone()))?;
    call::call_method(cx, &zone, Name::intern(cx, "fromutc")?, &[time])
}

fn warn_of_utc(cx: &Context, method: &str, instead: &str) -> PyResult<()> {
    let message = format!(
        "datetime.datetime.{method}() is deprecated and scheduled for removal in a future version. \
         Use timezone-aware objects to represent datetimes in UTC: {instead}."
    );
    warnings::warn(cx, exceptions::deprecation_warning(), &message, 1)
}

impl DateTime {
    /// The instant, of a time in the local zone.
    fn local_instant(cx: &Context, this: &Ref<DateTime>, fold: bool) -> PyResult<i64> {
        let shown = local_time::calendar_seconds(this.day(), this.clock);
        local_time::instant_of_local(cx, shown, fold)
    }

    /// The local time zone when clocks there show this time.
    fn local_zone(cx: &Context, this: &Ref<DateTime>) -> PyResult<Ref<TimeZone>> {
        let fold = this.is_folded();
        let instant = DateTime::local_instant(cx, this, fold)?;
        let other = DateTime::local_instant(cx, this, !fold)?;
        // In a gap it is the zone before the change without a fold, the one after it with a fold.
        let instant = if (other > instant) == fold {
            other
        } else {
            instant
        };
        local_time::zone_at(cx, instant)
    }
}

#[pymethods(table = INSTANTS)]
impl DateTime {
    /// Returns new datetime object representing current time local to tz.
    ///
    ///   tz
    ///     Timezone object.
    ///
    /// If no tz is specified, uses local timezone.
    #[classmethod("now(cls, /, tz=None)")]
    fn now(cx: &Context, class: &Ref<Type>, tz: Maybe<&Value>) -> PyResult<Value> {
        let zone = optional_zone(cx, tz.0)?;
        at_instant_in(cx, class, now_instant(), zone)
    }

    /// Return a new datetime representing UTC day and time.
    #[classmethod("utcnow(cls, /)")]
    fn utcnow(cx: &Context, class: &Ref<Type>) -> PyResult<Value> {
        warn_of_utc(cx, "utcnow", "datetime.datetime.now(datetime.UTC)")?;
        at_instant(cx, class, Place::Utc, now_instant(), None)
    }

    /// timestamp[, tz] -> tz's local time from POSIX timestamp.
    #[classmethod("fromtimestamp(cls, timestamp, tz=None)")]
    fn fromtimestamp(
        cx: &Context,
        class: &Ref<Type>,
        timestamp: &Value,
        tz: Maybe<&Value>,
    ) -> PyResult<Value> {
        let zone = optional_zone(cx, tz.0)?;
        let instant = local_time::instant(cx, timestamp)?;
        at_instant_in(cx, class, instant, zone)
    }

    /// Construct a naive UTC datetime from a POSIX timestamp.
    #[classmethod("utcfromtimestamp(cls, timestamp, /)")]
    fn utcfromtimestamp(cx: &Context, class: &Ref<Type>, timestamp: &Value) -> PyResult<Value> {
        let instead = "datetime.datetime.fromtimestamp(timestamp, datetime.UTC)";
        warn_of_utc(cx, "utcfromtimestamp", instead)?;
        let instant = local_time::instant(cx, timestamp)?;
        at_instant(cx, class, Place::Utc, instant, None)
    }

    /// Return time tuple, compatible with time.localtime().
    #[method("timetuple(self, /)")]
    fn timetuple(cx: &Context, this: &Ref<DateTime>) -> PyResult<Value> {
        let saving = tzinfo::daylight_saving(cx, this.zone.as_ref(), this.as_value())?;
        let saving = saving.map_or(-1, |saving| i32::from(!saving.is_zero()));
        strftime::struct_time(cx, this.day(), this.clock, saving)
    }

    /// Return POSIX timestamp as float.
    #[method("timestamp(self, /)")]
    fn timestamp(cx: &Context, this: &Ref<DateTime>) -> PyResult<f64> {
        if this.zone.is_none() {
            let seconds = DateTime::local_instant(cx, this, this.is_folded())?;
            return Ok(seconds as f64 + f64::from(this.clock.microsecond) / 1e6);
        }
        let Some(offset) = DateTime::offset(cx, this)? else {
            return Err(cx.type_error("can't subtract offset-naive and offset-aware datetimes"));
        };
        let since = this.total() - offset.total() - EPOCH_MICROSECONDS;
        Ok(TimeDelta::from_microseconds(cx, since)?.in_seconds())
    }

    /// Return UTC time tuple, compatible with time.localtime().
    #[method("utctimetuple(self, /)")]
    fn utctimetuple(cx: &Context, this: &Ref<DateTime>) -> PyResult<Value> {
        let offset = DateTime::offset(cx, this)?;
        let offset = offset.map_or(0, |offset| offset.total());
        let (day, clock) = if offset == 0 {
            (this.day(), this.clock)
        } else {
            DateTime::parts_of_total(cx, this.total() - offset)?
        };
        strftime::struct_time(cx, day, clock, 0)
    }

    /// tz -> convert to local time in new timezone tz
    #[method("astimezone(self, tz=None)")]
    fn astimezone(cx: &Context, this: &Ref<DateTime>, tz: Maybe<&Value>) -> PyResult<Value> {
        let wanted = optional_zone(cx, tz.0)?;
        let mut own = match &this.zone {
            Some(zone) => zone.clone(),
            None => DateTime::local_zone(cx, this)?.into_value(),
        };
        if is_same_zone(Some(&own), wanted.as_ref()) {
            return Ok(this.to_value());
        }
        let mut offset = tzinfo::utc_offset(cx, Some(&own), this.as_value())?;
        if offset.is_none() {
            // A zone without offset is no zone.
            own = DateTime::local_zone(cx, this)?.into_value();
            if is_same_zone(Some(&own), wanted.as_ref()) {
                return Ok(this.to_value());
            }
            offset = tzinfo::utc_offset(cx, Some(&own), this.as_value())?;
        }
        let offset = offset.map_or(0, |offset| offset.total());
        let total = this.total() - offset;
        let parts = DateTime::parts_of_total(cx, total)?;
        let wanted = match wanted {
            Some(zone) => zone,
            None => {
                let seconds = (total - EPOCH_MICROSECONDS).div_euclid(MICROSECONDS_IN_SECOND);
                local_time::zone_at(cx, seconds as i64)?.into_value()
            }
        };
        let class = this.class_of().as_value();
        let time = DateTime::of_day_and_clock(cx, class, parts, Some(wanted.clone()), false)?;
        call::call_method(cx, &wanted, Name::intern(cx, "fromutc")?, &[time])
    }
}
