//! Reading: a state machine over characters, a record at a time.
//!
//! ```text
//!                    ┌───────────── delimiter ──────────────┐
//!   StartRecord ─▶ StartField ─ quote ─▶ InQuoted ─ quote ─▶ QuoteInQuoted
//!        ▲             │ other             │  ▲ escape              │ other
//!        │             ▼                   ▼  │                     ▼
//!        │          InField ◀─▶ Escaped   EscapeInQuoted         InField
//!        └── end of line ── EatLineEnd ◀── \r \n of any state but a quoted one
//! ```
//! A record is parsed in local state: no lock is held while the iterator is asked for a line, and two
//! threads that share a reader get different records. `asking` and `advanced` are idents of threads, 0 for
//! none: a thread whose iterator reads from the reader that asks it is told so.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::iterators::builtin;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::thread;

use super::dialect::{self, Dialect, Quoting, is_line_end};
use super::{FIELD_LIMIT, error};

/// The payload of `reader`.
#[pyclass(
    name = "reader",
    module = "_csv",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "CSV reader\n\nReader objects are responsible for reading and parsing tabular data\nin CSV format.\n"
)]
pub struct Reader {
    lines: Value,
    dialect: Ref<Dialect>,
    line_number: AtomicUsize,
    /// The thread that was the last to ask the iterator for a line, while it does.
    asking: AtomicU64,
    /// The thread that has read a record while it asked.
    advanced: AtomicU64,
}

impl Traverse for Reader {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.lines);
        visit(self.dialect.as_value());
    }
}

/// See the module's header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapeInQuoted,
    QuoteInQuoted,
    EatLineEnd,
    AfterEscapedLineEnd,
}

/// The record that is being read.
struct Record<'a> {
    cx: &'a Context,
    dialect: &'a Dialect,
    state: State,
    field: Vec<u32>,
    fields: Vec<Value>,
    /// The field did not begin with a quote.
    is_unquoted: bool,
}

impl Record<'_> {
    fn push(&mut self, point: u32) -> PyResult<()> {
        let limit = FIELD_LIMIT.load(Ordering::Relaxed);
        if self.field.len() as isize >= limit {
            return Err(error(
                self.cx,
                format!("field larger than field limit ({limit})"),
            ));
        }
        self.field.push(point);
        Ok(())
    }

    fn save(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let quoting = self.dialect.quoting;
        let is_empty = self.field.is_empty();
        let value = if self.is_unquoted && is_empty && self.dialect.has_nulls() {
            Value::NONE
        } else {
            let text = Str::from_code_points(cx, &self.field)?.into_value();
            let is_number = matches!(quoting, Quoting::NonNumeric | Quoting::Strings);
            if is_number && self.is_unquoted && !is_empty {
                call::call(cx, &builtin(cx, "float")?, &[text])?
            } else {
                text
            }
        };
        self.field.clear();
        self.fields.push(value);
        Ok(())
    }

    /// Ends the field at the end of a line, `None`, or at one of its characters.
    fn end_field(&mut self, point: Option<u32>) -> PyResult<()> {
        self.save()?;
        self.state = match point {
            None => State::StartRecord,
            Some(_) => State::EatLineEnd,
        };
        Ok(())
    }

    /// Takes a character, or the end of a line from the iterator.
    fn take(&mut self, point: Option<u32>) -> PyResult<()> {
        let dialect = self.dialect;
        let ends_line = point.is_none_or(is_line_end);
        let is = |special: Option<u32>| point.is_some() && point == special;
        let is_quote = is(dialect.quote) && dialect.quoting != Quoting::None;
        if self.state == State::StartRecord {
            match point {
                None => return Ok(()),
                Some(point) if is_line_end(point) => {
                    self.state = State::EatLineEnd;
                    return Ok(());
                }
                Some(_) => self.state = State::StartField,
            }
        }
        match self.state {
            State::StartRecord => {}
            State::StartField => {
                self.is_unquoted = true;
                if ends_line {
                    self.end_field(point)?;
                } else if is_quote {
                    self.is_unquoted = false;
                    self.state = State::InQuoted;
                } else if is(dialect.escape) {
                    self.state = State::Escaped;
                } else if is(Some(' '.into())) && dialect.skip_initial_space {
                } else if is(Some(dialect.delimiter)) {
                    self.save()?;
                } else if let Some(point) = point {
                    self.push(point)?;
                    self.state = State::InField;
                }
            }
            State::Escaped => {
                self.push(point.unwrap_or('\n'.into()))?;
                self.state = if point.is_some_and(is_line_end) {
                    State::AfterEscapedLineEnd
                } else {
                    State::InField
                };
            }
            State::AfterEscapedLineEnd if point.is_none() => {}
            State::AfterEscapedLineEnd | State::InField => match point {
                _ if ends_line => self.end_field(point)?,
                _ if is(dialect.escape) => self.state = State::Escaped,
                _ if is(Some(dialect.delimiter)) => {
                    self.save()?;
                    self.state = State::StartField;
                }
                Some(point) => {
                    self.push(point)?;
                    self.state = State::InField;
                }
                None => {}
            },
            State::InQuoted => match point {
                None => {}
                Some(_) if is(dialect.escape) => self.state = State::EscapeInQuoted,
                Some(_) if is_quote && dialect.double_quote => self.state = State::QuoteInQuoted,
                Some(_) if is_quote => self.state = State::InField,
                Some(point) => self.push(point)?,
            },
            State::EscapeInQuoted => {
                self.push(point.unwrap_or('\n'.into()))?;
                self.state = State::InQuoted;
            }
            State::QuoteInQuoted => match point {
                Some(point) if is_quote => {
                    self.push(point)?;
                    self.state = State::InQuoted;
                }
                Some(_) if is(Some(dialect.delimiter)) => {
                    self.save()?;
                    self.state = State::StartField;
                }
                Some(point) if !ends_line => {
                    if dialect.strict {
                        return Err(self.misplaced());
                    }
                    self.push(point)?;
                    self.state = State::InField;
                }
                _ => self.end_field(point)?,
            },
            State::EatLineEnd => match point {
                None => self.state = State::StartRecord,
                Some(_) if ends_line => {}
                Some(_) => {
                    return Err(error(
                        self.cx,
                        "new-line character seen in unquoted field - do you need to open the \
                         file with newline=''?",
                    ));
                }
            },
        }
        Ok(())
    }

    #[cold]
    fn misplaced(&self) -> typhon_runtime::Raised {
        let shown = |point: u32| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
        let delimiter = shown(self.dialect.delimiter);
        let quote = self.dialect.quote.map_or('"', shown);
        error(self.cx, format!("'{delimiter}' expected after '{quote}'"))
    }
}

impl Reader {
    /// `_csv.reader(lines, dialect, **settings)`.
    pub(super) fn over(
        cx: &Context,
        lines: &Value,
        base: Option<&Value>,
        settings: &[(&Value, &Value)],
    ) -> PyResult<Value> {
        let lines = iterate::iter(cx, lines)?;
        let dialect = dialect::from_arguments(cx, Dialect::class_ref(), base, settings)?;
        let reader = Reader {
            lines,
            dialect,
            line_number: AtomicUsize::new(0),
            asking: AtomicU64::new(0),
            advanced: AtomicU64::new(0),
        };
        object::new(cx, reader).map(Ref::into_value)
    }
}

impl Reader {
    /// The next line of the iterator, if it has not read from this reader itself.
    fn line(&self, cx: &Context) -> PyResult<Option<Value>> {
        let me = thread::ident();
        let before = self.asking.swap(me, Ordering::Relaxed);
        let line = iterate::next(cx, &self.lines);
        self.asking.store(before, Ordering::Relaxed);
        if self.advanced.load(Ordering::Relaxed) == me {
            self.advanced.store(0, Ordering::Relaxed);
            line?;
            return Err(error(cx, "iterator has already advanced the reader"));
        }
        line
    }
}

#[pymethods]
impl Reader {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Reader>) -> PyResult<Option<Value>> {
        let mut record = Record {
            cx,
            dialect: &this.dialect,
            state: State::StartRecord,
            field: Vec::new(),
            fields: Vec::new(),
            is_unquoted: false,
        };
        let me = thread::ident();
        let is_nested = this.asking.load(Ordering::Relaxed) == me;
        loop {
            let line = this.line(cx);
            if is_nested {
                this.advanced.store(me, Ordering::Relaxed);
            }
            let Some(line) = line? else {
                if record.field.is_empty() && record.state != State::InQuoted {
                    return Ok(None);
                }
                if this.dialect.strict {
                    return Err(error(cx, "unexpected end of data"));
                }
                record.save()?;
                break;
            };
            let Some(line) = line.downcast::<Str>() else {
                return Err(error(
                    cx,
                    format!(
                        "iterator should return strings, not {} (the file should be opened in \
                         text mode)",
                        line.type_name()
                    ),
                ));
            };
            this.line_number.fetch_add(1, Ordering::Relaxed);
            for point in line.code_points() {
                record.take(Some(point))?;
            }
            record.take(None)?;
            if record.state == State::StartRecord {
                break;
            }
        }
        List::from_values(cx, record.fields).map(|fields| Some(fields.into_value()))
    }

    #[getter]
    fn dialect(_cx: &Context, this: &Ref<Reader>) -> PyResult<Ref<Dialect>> {
        Ok(this.dialect.clone())
    }

    #[getter]
    fn line_num(_cx: &Context, this: &Ref<Reader>) -> PyResult<usize> {
        Ok(this.line_number.load(Ordering::Relaxed))
    }
}
