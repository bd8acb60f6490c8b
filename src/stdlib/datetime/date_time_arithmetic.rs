//! `datetime`: sums, differences, comparisons, hashes.
//!
//! Two times of the same zone, or of none, are compared as clocks show them. Others are compared by their
//! instants; then a time whose offset depends on the fold equals none (PEP 495).

use std::cmp::Ordering;

use typhon_macros::pymethods;
use typhon_runtime::protocols::hash;
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::calendar::Day;
use super::clock::{Clock, MICROSECONDS_IN_DAY};
use super::date;
use super::date_time::DateTime;
use super::timedelta::TimeDelta;
use super::tzinfo::{self, is_same_zone};

impl DateTime {
    /// As clocks show it, in microseconds of the calendar.
    pub fn total(&self) -> i128 {
        i128::from(self.day().ordinal()) * MICROSECONDS_IN_DAY + self.clock.microseconds()
    }

    /// Day and time of a total.
    ///
    /// # Errors
    /// OverflowError.
    pub fn parts_of_total(cx: &Context, total: i128) -> PyResult<(Day, Clock)> {
        let ordinal = i64::try_from(total.div_euclid(MICROSECONDS_IN_DAY)).ok();
        let clock = Clock::from_microseconds(total.rem_euclid(MICROSECONDS_IN_DAY));
        match ordinal.and_then(Day::from_ordinal) {
            Some(day) => Ok((day, clock)),
            None => Err(date::out_of_range(cx)),
        }
    }

    /// The time that is so many microseconds later by the same clock, of the same class.
    ///
    /// # Errors
    /// OverflowError, and what calling the class raises.
    pub fn later(cx: &Context, this: &Ref<DateTime>, microseconds: i128) -> PyResult<Value> {
        let parts = DateTime::parts_of_total(cx, this.total() + microseconds)?;
        let class = this.class_of().as_value();
        DateTime::of_day_and_clock(cx, class, parts, this.zone.clone(), false)
    }

    /// The offset from UTC.
    ///
    /// # Errors
    /// As [`tzinfo::utc_offset`].
    pub fn offset(cx: &Context, this: &Ref<DateTime>) -> PyResult<Option<Ref<TimeDelta>>> {
        tzinfo::utc_offset(cx, this.zone.as_ref(), this.as_value())
    }

    /// The same time with another fold.
    fn with_fold(cx: &Context, this: &Ref<DateTime>, fold: bool) -> PyResult<Ref<DateTime>> {
        DateTime::plain(cx, this.day(), this.clock, this.zone.clone(), fold)
    }

    /// Whether the offset would be another one with the other fold.
    fn depends_on_fold(
        cx: &Context,
        this: &Ref<DateTime>,
        offset: Option<&Ref<TimeDelta>>,
    ) -> PyResult<bool> {
        let other = DateTime::with_fold(cx, this, !this.is_folded())?;
        let other = DateTime::offset(cx, &other)?;
        Ok(other.as_deref() != offset.map(|offset| &**offset))
    }
}

#[pymethods(table = ARITHMETIC)]
impl DateTime {
    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<DateTime>) -> PyResult<i64> {
        this.date.hash.get_or(|| {
            // Both times that clocks show alike hash alike.
            let offset = if this.is_folded() {
                DateTime::offset(cx, &DateTime::with_fold(cx, this, false)?)?
            } else {
                DateTime::offset(cx, this)?
            };
            match offset {
                None => Ok(hash::hash_bytes(&this.state())),
                Some(offset) => {
                    let instant = this.total() - offset.total();
                    Ok(TimeDelta::from_microseconds(cx, instant)?.hash_value())
                }
            }
        })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<DateTime>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<DateTime>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let shown = (this.day(), this.clock).cmp(&(other.day(), other.clock));
        if is_same_zone(this.zone.as_ref(), other.zone.as_ref()) {
            return Ok(Value::from_bool(comparison.accepts(shown)));
        }
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let (left, right) = (DateTime::offset(cx, this)?, DateTime::offset(cx, other)?);
        let mut ordering = match (&left, &right) {
            (None, None) => shown,
            (Some(left), Some(right)) => {
                let (left, right) = (this.total() - left.total(), other.total() - right.total());
                left.cmp(&right)
            }
            _ if is_equality => Ordering::Less,
            _ => {
                return Err(cx.type_error("can't compare offset-naive and offset-aware datetimes"));
            }
        };
        if is_equality
            && ordering.is_eq()
            && (DateTime::depends_on_fold(cx, this, left.as_ref())?
                || DateTime::depends_on_fold(cx, other, right.as_ref())?)
        {
            ordering = Ordering::Less;
        }
        Ok(Value::from_bool(comparison.accepts(ordering)))
    }

    #[slot(add)]
    fn add(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let (time, span) = match left.downcast::<DateTime>() {
            Some(time) => (time, right),
            None => match right.downcast::<DateTime>() {
                Some(time) => (time, left),
                None => return Ok(Value::NOT_IMPLEMENTED),
            },
        };
        match span.downcast::<TimeDelta>() {
            Some(span) => DateTime::later(cx, time, span.total()),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(subtract)]
    fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(time) = left.downcast::<DateTime>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if let Some(span) = right.downcast::<TimeDelta>() {
            return DateTime::later(cx, time, -span.total());
        }
        let Some(other) = right.downcast::<DateTime>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let mut difference = time.total() - other.total();
        if !is_same_zone(time.zone.as_ref(), other.zone.as_ref()) {
            match (DateTime::offset(cx, time)?, DateTime::offset(cx, other)?) {
                (None, None) => {}
                (Some(left), Some(right)) => difference -= left.total() - right.total(),
                _ => {
                    return Err(
                        cx.type_error("can't subtract offset-naive and offset-aware datetimes")
                    );
                }
            }
        }
        TimeDelta::from_microseconds(cx, difference).map(Ref::into_value)
    }
}
