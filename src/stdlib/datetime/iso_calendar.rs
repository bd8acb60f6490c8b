//! `IsoCalendarDate`: the tuple that `isocalendar()` returns. Pickled, it is a plain tuple.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};

use typhon_runtime::object::{Payload, Traverse};
use typhon_runtime::objects::tuple::{self, Tuple};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::calendar::Day;
use crate::arguments::{bind, given, signature};

/// The payload of `IsoCalendarDate`: year, week and weekday.
#[pyclass(
    name = "IsoCalendarDate",
    module = "datetime",
    base = Tuple,
    flags(IMMUTABLE),
    variable = tuple::variable_size,
    doc = "The result of date.isocalendar() or datetime.isocalendar()\n\nThis object may be accessed either as a tuple of\n  ((year, week, weekday)\nor via the object attributes as named in the above tuple."
)]
#[repr(C)]
pub struct IsoCalendarDate {
    items: Tuple,
}

impl Traverse for IsoCalendarDate {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.traverse(visit);
    }
}

/// What `isocalendar()` returns.
///
/// # Errors
/// MemoryError.
pub fn of_day(cx: &Context, day: Day) -> PyResult<Ref<Tuple>> {
    let (year, week, weekday) = day.iso_calendar();
    let mut items = Vec::with_capacity(3);
    for number in [year, week, weekday] {
        items.push(number.into_value(cx)?);
    }
    Tuple::from_vec_of_class(cx, IsoCalendarDate::class(), items)
}

#[pymethods]
impl IsoCalendarDate {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("IsoCalendarDate", 0, [year, week, weekday], []);
        let items: [Option<&Value>; 3] = bind(cx, signature, args)?;
        let items = items.map(|item| given(item).clone()).to_vec();
        Tuple::from_vec_of_class(cx, class, items).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<IsoCalendarDate>) -> PyResult<Value> {
        let class = this.class_of().full_name(cx);
        let [year, week, weekday] = this.items.as_slice() else {
            unreachable!("invariant: there are three items");
        };
        let year = text::repr_text(cx, year)?;
        let week = text::repr_text(cx, week)?;
        let weekday = text::repr_text(cx, weekday)?;
        format!("{class}(year={year}, week={week}, weekday={weekday})").into_value(cx)
    }

    #[getter]
    fn year(_cx: &Context, this: &Ref<IsoCalendarDate>) -> PyResult<Value> {
        Ok(this.items.as_slice()[0].clone())
    }

    #[getter]
    fn week(_cx: &Context, this: &Ref<IsoCalendarDate>) -> PyResult<Value> {
        Ok(this.items.as_slice()[1].clone())
    }

    #[getter]
    fn weekday(_cx: &Context, this: &Ref<IsoCalendarDate>) -> PyResult<Value> {
        Ok(this.items.as_slice()[2].clone())
    }

    /// __reduce__() -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<IsoCalendarDate>) -> PyResult<Ref<Tuple>> {
        let items = Tuple::from_values(cx, this.items.as_slice())?.into_value();
        let arguments = Tuple::from_values(cx, &[items])?.into_value();
        Tuple::from_values(cx, &[Tuple::empty().class_of().to_value(), arguments])
    }
}
