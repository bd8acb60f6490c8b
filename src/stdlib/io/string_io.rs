//! `StringIO`: a text stream over a string in memory.
//!
//! The characters are kept as bytes for as long as all are ASCII, as code points from then on.

use std::collections::TryReserveError;

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe, Parameter, Signature};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::instance;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::str_::{Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::sequence;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::base::{TextIoBase, method, size_argument};
use super::newline::{Newline, Translation, line_end};

/// See the module's header.
#[pyclass(
    name = "StringIO",
    module = "_io",
    base = TextIoBase,
    flags(BASETYPE),
    signature = "(initial_value='', newline='\\n')",
    doc = "Text I/O implementation using an in-memory buffer.\n\nThe initial_value argument sets the value of object.  The newline\nargument is like the one of TextIOWrapper's constructor."
)]
#[repr(C)]
pub struct StringIo {
    base: TextIoBase,
    state: Guarded<State>,
}

/// The characters.
enum Characters {
    Ascii(Vec<u8>),
    Wide(Vec<u32>),
}

/// What the lock guards.
pub struct State {
    characters: Characters,
    /// May be past the end.
    position: usize,
    newline: Newline,
    translation: Translation,
    initialized: bool,
    closed: bool,
}

impl Lockable for StringIo {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

impl Traverse for StringIo {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

impl Characters {
    fn len(&self) -> usize {
        match self {
            Characters::Ascii(bytes) => bytes.len(),
            Characters::Wide(points) => points.len(),
        }
    }

    fn truncate(&mut self, length: usize) {
        match self {
            Characters::Ascii(bytes) => bytes.truncate(length),
            Characters::Wide(points) => points.truncate(length),
        }
    }

    fn slice(&self, start: usize, end: usize) -> Characters {
        match self {
            Characters::Ascii(bytes) => Characters::Ascii(bytes[start..end].to_vec()),
            Characters::Wide(points) => Characters::Wide(points[start..end].to_vec()),
        }
    }

    fn into_str(self, cx: &Context) -> PyResult<Ref<Str>> {
        match self {
            Characters::Ascii(bytes) => Str::from_ascii(cx, &bytes),
            Characters::Wide(points) => Str::from_code_points(cx, &points),
        }
    }

    /// Puts `text` at `at`, over what is there.
    fn write(&mut self, at: usize, text: &Str) -> Result<(), TryReserveError> {
        if let Characters::Ascii(bytes) = self {
            if let Some(text) = text.as_ascii() {
                return overwrite(bytes, at, text.bytes(), text.len());
            }
            let mut wide = Vec::new();
            wide.try_reserve(bytes.len())?;
            wide.extend(bytes.iter().map(|&byte| u32::from(byte)));
            *self = Characters::Wide(wide);
        }
        match self {
            Characters::Wide(points) => overwrite(points, at, text.code_points(), text.len()),
            Characters::Ascii(_) => Ok(()),
        }
    }
}

/// Puts items at `at`, over what is there, after zeros if that is not enough.
fn overwrite<T: Copy + Default>(
    all: &mut Vec<T>,
    at: usize,
    items: impl Iterator<Item = T>,
    count: usize,
) -> Result<(), TryReserveError> {
    let end = at + count;
    all.try_reserve(end.saturating_sub(all.len()))?;
    if at >= all.len() {
        all.resize(at, T::default());
        all.extend(items);
        return Ok(());
    }
    if end > all.len() {
        all.resize(end, T::default());
    }
    for (place, item) in all[at..end].iter_mut().zip(items) {
        *place = item;
    }
    Ok(())
}

impl State {
    fn new() -> State {
        State {
            characters: Characters::Ascii(Vec::new()),
            position: 0,
            newline: Newline::Lf,
            translation: Translation::default(),
            initialized: false,
            closed: false,
        }
    }

    fn take(&mut self, limit: usize) -> Characters {
        let length = self.characters.len();
        let start = self.position.min(length);
        let end = start + (length - start).min(limit);
        if end > start {
            self.position = end;
        }
        self.characters.slice(start, end)
    }

    fn take_line(&mut self, limit: usize) -> Characters {
        let start = self.position.min(self.characters.len());
        // What was written is translated already, so "\n" ends lines in universal mode.
        let found = match &self.characters {
            Characters::Ascii(bytes)
                if matches!(self.newline, Newline::Lf | Newline::Universal) =>
            {
                memchr::memchr(b'\n', &bytes[start..])
                    .map(|at| at + 1)
                    .ok_or(0)
            }
            Characters::Ascii(bytes) => line_end(&bytes[start..], self.newline),
            Characters::Wide(points) => line_end(&points[start..], self.newline),
        };
        self.take(found.unwrap_or(usize::MAX).min(limit))
    }
}

/// Why an operation is refused.
enum Refusal {
    Uninitialized,
    Closed,
}

impl StringIo {
    fn with<R>(
        cx: &Context,
        this: &Ref<StringIo>,
        work: impl FnOnce(&mut State) -> R,
    ) -> PyResult<R> {
        let done = this.locked(|state| match state {
            State {
                initialized: false, ..
            } => Err(Refusal::Uninitialized),
            State { closed: true, .. } => Err(Refusal::Closed),
            state => Ok(work(state)),
        });
        done.map_err(|refusal| {
            cx.value_error(match refusal {
                Refusal::Uninitialized => "I/O operation on uninitialized object",
                Refusal::Closed => "I/O operation on closed file",
            })
        })
    }

    fn line(cx: &Context, this: &Ref<StringIo>, limit: usize) -> PyResult<Ref<Str>> {
        StringIo::with(cx, this, |state| state.take_line(limit))?.into_str(cx)
    }

    /// The text as it is kept, for what is written.
    fn translated(cx: &Context, this: &Ref<StringIo>, text: &Ref<Str>) -> PyResult<Ref<Str>> {
        let (newline, mut translation) =
            StringIo::with(cx, this, |state| (state.newline, state.translation))?;
        if newline.is_universal() {
            let text = translation.decode(cx, text.clone(), true)?;
            this.locked(|state| state.translation = translation);
            return Ok(text);
        }
        match newline.written() {
            Some(end) if super::newline::contains(text, b'\n') => {
                let mut out = StrBuilder::new();
                for point in text.code_points() {
                    if point == 10 {
                        out.push_text(end)
                    } else {
                        out.push(point)
                    }
                }
                out.finish(cx)
            }
            _ => Ok(text.clone()),
        }
    }

    fn write_str(cx: &Context, this: &Ref<StringIo>, text: &Ref<Str>) -> PyResult<()> {
        let text = StringIo::translated(cx, this, text)?;
        if text.is_empty() {
            return Ok(());
        }
        StringIo::with(cx, this, |state| {
            state.characters.write(state.position, &text)?;
            state.position += text.len();
            Ok(())
        })?
        .map_err(|_: TryReserveError| cx.no_memory())
    }

    fn set_up(
        cx: &Context,
        this: &Ref<StringIo>,
        initial: Option<&Value>,
        newline: Newline,
    ) -> PyResult<()> {
        let text = match initial.filter(|initial| !initial.is_none()) {
            None => None,
            Some(initial) => match initial.downcast::<Str>() {
                Some(text) => Some(text),
                None => {
                    return Err(cx.type_error(format!(
                        "initial_value must be str or None, not {}",
                        initial.type_name()
                    )));
                }
            },
        };
        let old = this.locked(|state| {
            let translation = Translation::new(newline == Newline::Universal);
            std::mem::replace(
                state,
                State {
                    newline,
                    translation,
                    initialized: true,
                    ..State::new()
                },
            )
        });
        drop(old);
        if let Some(text) = text {
            StringIo::write_str(cx, this, text)?;
            this.locked(|state| state.position = 0);
        }
        Ok(())
    }
}

static SIGNATURE: Signature = Signature {
    name: "StringIO",
    text: "(initial_value='', newline='\\n')",
    parameters: &[
        Parameter::optional("initial_value"),
        Parameter::optional("newline"),
    ],
    positional_only: 0,
    positional: 2,
    var_positional: false,
    var_keyword: false,
};

fn limit(cx: &Context, size: Maybe<&Value>) -> PyResult<usize> {
    Ok(usize::try_from(size_argument(cx, size.0)?).unwrap_or(usize::MAX))
}

#[pymethods]
impl StringIo {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let payload = StringIo {
            base: TextIoBase::default(),
            state: Guarded::new(State::new()),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<StringIo>, args: Args<'_>) -> PyResult<()> {
        let mut bound = [None; 2];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let newline = match bound[1] {
            None => Newline::Lf,
            Some(newline) => Newline::from_argument(cx, "StringIO", Some(newline))?,
        };
        StringIo::set_up(cx, this, bound[0], newline)
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<StringIo>) -> PyResult<Option<Value>> {
        if this.as_value().is_exact::<StringIo>() {
            let line = StringIo::line(cx, this, usize::MAX)?;
            return Ok((!line.is_empty()).then(|| line.into_value()));
        }
        StringIo::with(cx, this, |_| ())?;
        let line = method(cx, this.as_value(), "readline", &[])?;
        if line.downcast::<Str>().is_none() {
            return Err(cx.os_error(format!(
                "readline() should have returned a str object, not '{}'",
                line.type_name()
            )));
        }
        Ok((sequence::length(cx, &line)? > 0).then_some(line))
    }

    /// Retrieve the entire contents of the object.
    #[method("getvalue(self, /)")]
    fn getvalue(cx: &Context, this: &Ref<StringIo>) -> PyResult<Ref<Str>> {
        let all = StringIo::with(cx, this, |state| {
            state.characters.slice(0, state.characters.len())
        })?;
        all.into_str(cx)
    }

    /// Tell the current file position.
    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<StringIo>) -> PyResult<usize> {
        StringIo::with(cx, this, |state| state.position)
    }

    /// Read at most size characters, returned as a string.
    ///
    /// If the argument is negative or omitted, read until EOF
    /// is reached. Return an empty string at EOF.
    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, this: &Ref<StringIo>, size: Maybe<&Value>) -> PyResult<Ref<Str>> {
        let limit = limit(cx, size)?;
        StringIo::with(cx, this, |state| state.take(limit))?.into_str(cx)
    }

    /// Read until newline or EOF.
    ///
    /// Returns an empty string if EOF is hit immediately.
    #[method("readline(self, size=-1, /)")]
    fn readline(cx: &Context, this: &Ref<StringIo>, size: Maybe<&Value>) -> PyResult<Ref<Str>> {
        let limit = limit(cx, size)?;
        StringIo::line(cx, this, limit)
    }

    /// Truncate size to pos.
    ///
    /// The pos argument defaults to the current file position, as
    /// returned by tell().  The current file position is unchanged.
    /// Returns the new absolute position.
    #[method("truncate(self, pos=None, /)")]
    fn truncate(cx: &Context, this: &Ref<StringIo>, size: Maybe<&Value>) -> PyResult<usize> {
        let position = StringIo::with(cx, this, |state| state.position)?;
        let size = match size.0.filter(|size| !size.is_none()) {
            None => position,
            Some(size) => {
                let size = size_argument(cx, Some(size))?;
                usize::try_from(size)
                    .map_err(|_| cx.value_error(format!("Negative size value {size}")))?
            }
        };
        StringIo::with(cx, this, |state| state.characters.truncate(size))?;
        Ok(size)
    }

    /// Change stream position.
    ///
    /// Seek to character offset pos relative to position indicated by
    /// whence:
    ///     0  Start of stream (the default).  pos should be >= 0;
    ///     1  Current position - pos must be 0;
    ///     2  End of stream - pos must be 0.
    /// Returns the new absolute position.
    #[method("seek(self, pos, whence=0, /)")]
    fn seek(cx: &Context, this: &Ref<StringIo>, position: isize, whence: i32) -> PyResult<usize> {
        let (current, length) =
            StringIo::with(cx, this, |state| (state.position, state.characters.len()))?;
        let target = match whence {
            0 => usize::try_from(position)
                .map_err(|_| cx.value_error(format!("Negative seek position {position}")))?,
            1 | 2 if position != 0 => {
                return Err(cx.os_error("Can't do nonzero cur-relative seeks"));
            }
            1 => current,
            2 => length,
            _ => {
                return Err(
                    cx.value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)"))
                );
            }
        };
        StringIo::with(cx, this, |state| state.position = target)?;
        Ok(target)
    }

    /// Write string to file.
    ///
    /// Returns the number of characters written, which is always equal to
    /// the length of the string.
    #[method("write(self, s, /)")]
    fn write(cx: &Context, this: &Ref<StringIo>, text: &Value) -> PyResult<usize> {
        StringIo::with(cx, this, |_| ())?;
        let Some(text) = text.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "string argument expected, got '{}'",
                text.type_name()
            )));
        };
        StringIo::write_str(cx, this, text)?;
        Ok(text.len())
    }

    /// Close the IO object.
    ///
    /// Attempting any further operation after the object is closed
    /// will raise a ValueError.
    ///
    /// This method has no effect if the file is already closed.
    #[method("close(self, /)")]
    fn close(_cx: &Context, this: &Ref<StringIo>) -> PyResult<()> {
        let freed = this.locked(|state| {
            state.closed = true;
            std::mem::replace(&mut state.characters, Characters::Ascii(Vec::new()))
        });
        drop(freed);
        Ok(())
    }

    /// Returns True if the IO object can be read.
    #[method("readable(self, /)")]
    fn readable(cx: &Context, this: &Ref<StringIo>) -> PyResult<bool> {
        StringIo::with(cx, this, |_| true)
    }

    /// Returns True if the IO object can be written.
    #[method("writable(self, /)")]
    fn writable(cx: &Context, this: &Ref<StringIo>) -> PyResult<bool> {
        StringIo::with(cx, this, |_| true)
    }

    /// Returns True if the IO object can be seeked.
    #[method("seekable(self, /)")]
    fn seekable(cx: &Context, this: &Ref<StringIo>) -> PyResult<bool> {
        StringIo::with(cx, this, |_| true)
    }

    #[getter]
    fn closed(cx: &Context, this: &Ref<StringIo>) -> PyResult<bool> {
        let (initialized, closed) = this.locked(|state| (state.initialized, state.closed));
        if initialized {
            Ok(closed)
        } else {
            Err(cx.value_error("I/O operation on uninitialized object"))
        }
    }

    #[getter]
    fn line_buffering(cx: &Context, this: &Ref<StringIo>) -> PyResult<bool> {
        StringIo::with(cx, this, |_| false)
    }

    #[getter]
    fn newlines(cx: &Context, this: &Ref<StringIo>) -> PyResult<Value> {
        let (newline, translation) =
            StringIo::with(cx, this, |state| (state.newline, state.translation))?;
        if newline.is_universal() {
            translation.newlines(cx)
        } else {
            Ok(Value::NONE)
        }
    }

    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Ref<StringIo>) -> PyResult<Ref<Tuple>> {
        let value = StringIo::getvalue(cx, this)?;
        let (newline, position) = this.locked(|state| (state.newline, state.position));
        let attributes = match instance::dict(cx, this.as_value())? {
            Some(dict) if !dict.is_empty() => dict.copy(cx)?.into_value(),
            _ => Value::NONE,
        };
        let parts = vec![
            value.into_value(),
            newline.text().into_value(cx)?,
            position.into_value(cx)?,
            attributes,
        ];
        Tuple::from_vec(cx, parts)
    }

    #[method("__setstate__(self, state, /)")]
    fn setstate(cx: &Context, this: &Ref<StringIo>, state: &Value) -> PyResult<()> {
        let parts = state.downcast::<Tuple>().filter(|parts| parts.len() >= 4);
        let Some([value, newline, position, attributes]) =
            parts.and_then(|parts| parts.as_slice().first_chunk())
        else {
            return Err(cx.type_error(format!(
                "{}.__setstate__ argument should be 4-tuple, got {}",
                this.as_value().class().full_name(cx),
                state.type_name()
            )));
        };
        let newline = Newline::from_argument(cx, "StringIO", Some(newline))?;
        // The value is what was kept, line ends translated already.
        StringIo::set_up(cx, this, None, newline)?;
        let Some(text) = value.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "initial_value must be str or None, not {}",
                value.type_name()
            )));
        };
        let Some(position) =
            typhon_runtime::objects::int::view(position).and_then(|position| position.to_i64())
        else {
            return Err(cx.type_error(format!(
                "third item of state must be an integer, got {}",
                position.type_name()
            )));
        };
        let Ok(position) = usize::try_from(position) else {
            return Err(cx.value_error("position value cannot be negative"));
        };
        let written = this.locked(|state| {
            state.position = position;
            state.characters.write(0, text)
        });
        written.map_err(|_| cx.no_memory())?;
        super::bytes_io::update_attributes(cx, this.as_value(), attributes, "fourth")
    }
}
