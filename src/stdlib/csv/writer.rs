//! Writing: each record becomes one string, which is given to the file's `write` at once.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::complex;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::protocols::{attribute, call, iterate, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::dialect::{self, Dialect, Quoting, is_line_end};
use super::error;

/// The payload of `writer`.
#[pyclass(
    name = "writer",
    module = "_csv",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "CSV writer\n\nWriter objects are responsible for generating tabular data\nin CSV format from sequence input.\n"
)]
pub struct Writer {
    write: Value,
    dialect: Ref<Dialect>,
}

impl Traverse for Writer {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.write);
        visit(self.dialect.as_value());
    }
}

/// The record that is being written.
struct Record<'a> {
    cx: &'a Context,
    dialect: &'a Dialect,
    out: StrBuilder,
    fields: usize,
}

impl Record<'_> {
    /// Adds a field, `None` for an empty one without a value.
    fn add(&mut self, field: Option<&Str>, mut is_quoted: bool) -> PyResult<()> {
        let dialect = self.dialect;
        let is_empty = field.is_none_or(Str::is_empty);
        if is_empty && dialect.delimiter == u32::from(' ') && dialect.skip_initial_space {
            if dialect.quoting == Quoting::None || field.is_none() && dialect.has_nulls() {
                return Err(error(
                    self.cx,
                    "empty field must be quoted if delimiter is a space and skipinitialspace is \
                     true",
                ));
            }
            is_quoted = true;
        }
        let mut points = Vec::new();
        for point in field.iter().flat_map(|field| field.code_points()) {
            if self.is_special(point) {
                let must_escape = match dialect.quoting {
                    Quoting::None => true,
                    _ if Some(point) == dialect.quote => !dialect.double_quote,
                    _ => Some(point) == dialect.escape,
                };
                if must_escape {
                    let Some(escape) = dialect.escape else {
                        let message = "need to escape, but no escapechar set";
                        return Err(error(self.cx, message));
                    };
                    points.push(escape);
                } else {
                    is_quoted = true;
                    if Some(point) == dialect.quote {
                        points.push(point);
                    }
                }
            }
            points.push(point);
        }
        let quote = dialect.quote.filter(|_| is_quoted);
        if self.fields > 0 {
            self.out.push(dialect.delimiter);
        }
        self.fields += 1;
        for point in quote.into_iter().chain(points).chain(quote) {
            self.out.push(point);
        }
        Ok(())
    }

    fn is_special(&self, point: u32) -> bool {
        let dialect = self.dialect;
        point == dialect.delimiter
            || is_line_end(point)
            || Some(point) == dialect.escape
            || Some(point) == dialect.quote
            || dialect
                .line_terminator
                .code_points()
                .any(|end| end == point)
    }
}

fn is_number(value: &Value) -> bool {
    let slots = &value.class().slots;
    slots.index.get().is_some()
        || slots.int.get().is_some()
        || slots.float.get().is_some()
        || complex::exact(value).is_some()
}

impl Writer {
    /// `_csv.writer(file, dialect, **settings)`.
    pub(super) fn onto(
        cx: &Context,
        file: &Value,
        base: Option<&Value>,
        settings: &[(&Value, &Value)],
    ) -> PyResult<Value> {
        let dialect = dialect::from_arguments(cx, Dialect::class_ref(), base, settings)?;
        let write = attribute::find(cx, file, Name::intern(cx, "write")?)?;
        let write = write
            .filter(call::is_callable)
            .ok_or_else(|| cx.type_error("argument 1 must have a \"write\" method"))?;
        object::new(cx, Writer { write, dialect }).map(Ref::into_value)
    }
}

#[pymethods]
impl Writer {
    /// Construct and write a CSV record from an iterable of fields.
    ///
    /// Non-string elements will be converted to string.
    #[method("writerow(self, row, /)")]
    fn writerow(cx: &Context, this: &Ref<Writer>, row: &Value) -> PyResult<Value> {
        let fields = match iterate::iter(cx, row) {
            Ok(fields) => fields,
            Err(Raised) => {
                drop(cx.catch(exceptions::type_error())?);
                let got = row.type_name();
                return Err(error(cx, format!("iterable expected, not {got}")));
            }
        };
        let dialect: &Dialect = &this.dialect;
        let mut record = Record {
            cx,
            dialect,
            out: StrBuilder::new(),
            fields: 0,
        };
        let mut last_is_null = false;
        while let Some(field) = iterate::next(cx, &fields)? {
            let string = field.downcast::<Str>();
            let is_quoted = match dialect.quoting {
                Quoting::NonNumeric => !is_number(&field),
                Quoting::All => true,
                Quoting::Strings => string.is_some(),
                Quoting::NotNull => !field.is_none(),
                Quoting::Minimal | Quoting::None => false,
            };
            last_is_null = field.is_none();
            match string {
                Some(string) => record.add(Some(string), is_quoted)?,
                None if last_is_null => record.add(None, is_quoted)?,
                None => record.add(Some(&*text::str(cx, &field)?), is_quoted)?,
            }
        }
        if record.fields > 0 && record.out.is_empty() {
            if dialect.quoting == Quoting::None || last_is_null && dialect.has_nulls() {
                return Err(error(cx, "single empty field record must be quoted"));
            }
            record.fields -= 1;
            record.add(None, true)?;
        }
        record.out.push_str(&dialect.line_terminator);
        let line = record.out.finish_value(cx)?;
        call::call(cx, &this.write, &[line])
    }

    /// Construct and write a series of iterables to a csv file.
    ///
    /// Non-string elements will be converted to string.
    #[method("writerows(self, rows, /)")]
    fn writerows(cx: &Context, this: &Ref<Writer>, rows: &Value) -> PyResult<()> {
        iterate::for_each(cx, rows, |row| Writer::writerow(cx, this, &row).map(drop))
    }

    #[getter]
    fn dialect(_cx: &Context, this: &Ref<Writer>) -> PyResult<Ref<Dialect>> {
        Ok(this.dialect.clone())
    }
}
