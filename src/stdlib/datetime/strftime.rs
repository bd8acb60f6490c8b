//! `strftime` of dates and times: what the C library does not know is written into the format, then
//! `time.strftime` does the rest.

use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{call, sequence, text};
use typhon_runtime::{Context, PyResult, Ref, Value, import};

use super::calendar::Day;
use super::clock::Clock;
use super::tzinfo;

/// What is formatted, but for its fields, which are in a time tuple.
pub struct Moment<'a> {
    pub microsecond: u32,
    pub zone: Option<&'a Value>,
    /// What the zone is asked about.
    pub argument: &'a Value,
}

/// A `time.struct_time`.
///
/// # Errors
/// What making it raises.
pub fn struct_time(cx: &Context, day: Day, clock: Clock, saving: i32) -> PyResult<Value> {
    let fields = [
        i32::from(day.year),
        day.month.into(),
        day.day.into(),
        clock.hour.into(),
        clock.minute.into(),
        clock.second.into(),
        day.weekday() as i32,
        day.day_of_year() as i32,
        saving,
    ];
    let fields = Tuple::from_values(cx, &fields.map(Value::small_int))?;
    let class = import::import_attribute(cx, "time", "struct_time")?;
    call::call(cx, &class, &[fields.into_value()])
}

/// What `strftime` returns.
///
/// # Errors
/// What the zone and `time.strftime` raise.
pub fn format(cx: &Context, moment: &Moment<'_>, time: Value, format: &Value) -> PyResult<Value> {
    let format = text_argument(cx, "strftime", format)?;
    let function = import::import_attribute(cx, "time", "strftime")?;
    let format = Expansion {
        function: &function,
        moment,
        time: &time,
    }
    .of(cx, format)?;
    call::call(cx, &function, &[format.into_value(), time])
}

fn text_argument<'a>(cx: &Context, function: &str, value: &'a Value) -> PyResult<&'a Ref<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        let got = value.type_name_for_argument();
        cx.type_error(format!("{function}() argument 1 must be str, not {got}"))
    })
}

/// Formats with `%f`, `%z`, `%:z` and `%Z` written out, and years of less than four digits, which the C
/// library does not fill up.
struct Expansion<'a> {
    /// `time.strftime`.
    function: &'a Value,
    moment: &'a Moment<'a>,
    time: &'a Value,
}

impl Expansion<'_> {
    fn of(&self, cx: &Context, format: &Ref<Str>) -> PyResult<Ref<Str>> {
        let mut out = StrBuilder::new();
        let mut points = format.code_points().peekable();
        while let Some(point) = points.next() {
            if point != u32::from('%') {
                out.push(point);
                continue;
            }
            let directive = points.next();
            match directive.and_then(char::from_u32) {
                Some('f') => out.push_text(&format!("{:06}", self.moment.microsecond)),
                Some('z') => out.push_text(&self.offset(cx, "")?),
                Some(':') if points.peek() == Some(&'z'.into()) => {
                    points.next();
                    out.push_text(&self.offset(cx, ":")?);
                }
                Some('Z') => {
                    let moment = self.moment;
                    if let Some(name) = tzinfo::zone_name(cx, moment.zone, moment.argument)? {
                        push_escaped(cx, &mut out, &name)?;
                    }
                }
                Some(letter @ ('Y' | 'G' | 'F' | 'C')) => self.push_year(cx, letter, &mut out)?,
                _ => {
                    out.push(point);
                    if let Some(directive) = directive {
                        out.push(directive);
                    }
                }
            }
        }
        out.finish(cx)
    }

    fn offset(&self, cx: &Context, separator: &str) -> PyResult<String> {
        tzinfo::shown_offset(cx, self.moment.zone, self.moment.argument, separator)
    }

    fn push_year(&self, cx: &Context, letter: char, out: &mut StrBuilder) -> PyResult<()> {
        let year = sequence::get_item(cx, self.time, &Value::small_int(0))?;
        let mut year = int::index_as_i128(cx, &year)?;
        if year >= 1000 {
            out.push_text(&format!("%{letter}"));
            return Ok(());
        }
        if letter == 'G' {
            let format = "%G".into_value(cx)?;
            let shown = call::call(cx, self.function, &[format, self.time.clone()])?;
            let shown = shown
                .downcast::<Str>()
                .and_then(|shown| shown.to_lossy().parse().ok());
            year = shown.unwrap_or(year);
        }
        if letter == 'C' {
            out.push_text(&format!("{:02}", year.div_euclid(100)));
            return Ok(());
        }
        out.push_text(&format!("{year:04}"));
        if letter == 'F' {
            out.push_text("-%m-%d");
        }
        Ok(())
    }
}

/// The name of a zone, in which no directive may begin.
fn push_escaped(cx: &Context, out: &mut StrBuilder, name: &Ref<Str>) -> PyResult<()> {
    let (percent, escaped) = ("%".into_value(cx)?, "%%".into_value(cx)?);
    let replace = Name::intern(cx, "replace")?;
    let name = call::call_method(cx, name.as_value(), replace, &[percent, escaped])?;
    match name.downcast::<Str>() {
        Some(name) => {
            out.push_str(name);
            Ok(())
        }
        None => {
            let got = name.type_name();
            Err(cx.type_error(format!(
                "tzname.replace() did not return a string, but '{got}'"
            )))
        }
    }
}

/// `strptime` of `class`: `_strptime.function(class, shown, format)`.
///
/// # Errors
/// What it raises.
pub fn parse(
    cx: &Context,
    class: &Value,
    function: &str,
    shown: &Ref<Str>,
    format: &Ref<Str>,
) -> PyResult<Value> {
    let function = import::import_attribute(cx, "_strptime", function)?;
    call::call(
        cx,
        &function,
        &[class.clone(), shown.to_value(), format.to_value()],
    )
}

/// What `__format__` returns: `str(object)`, or what the object's `strftime` returns.
///
/// # Errors
/// What they raise.
pub fn format_object(cx: &Context, object: &Value, format: &Value) -> PyResult<Value> {
    let format = text_argument(cx, "__format__", format)?;
    if format.is_empty() {
        return text::str(cx, object).map(Ref::into_value);
    }
    let name = Name::intern(cx, "strftime")?;
    call::call_method(cx, object, name, &[format.to_value()])
}
