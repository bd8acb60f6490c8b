//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`: a buffer over a raw stream.
//!
//! ```text
//!   reading   buffer │ read │ unread │          the raw stream is at the end of `unread`
//!                    0    start     end
//!   writing   pending │ to be written │         the raw stream is where `pending` belongs
//! ```
//! Invariant: `start == end` or `pending` is empty. A `BufferedRandom` goes from reading to writing by
//! seeking the raw stream back over what is unread, from writing to reading by writing what is pending.
//! The position that Python sees is that of the raw stream - unread + pending.
//!
//! Files: `state` (the buffer's mechanics, with the monitor held), `reading`, `writing` (what Python
//! sees of either), `classes` (the three classes), `pair` (`BufferedRWPair`).

mod classes;
mod pair;
mod reading;
mod state;
mod writing;

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Parameter, Signature};
use typhon_runtime::field::Field;
use typhon_runtime::object::Traverse;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::protocols::{attribute, call, index, text};
use typhon_runtime::{Context, PyResult, Ref, Value};

use self::state::State;
use super::base::{self, BufferedIoBase, method};
use super::file::FileIo;
use super::monitor::{Held, Monitor};
use super::{DEFAULT_BUFFER_SIZE, raw, unsupported};

pub use classes::{BufferedRandom, BufferedReader, BufferedWriter};
pub use pair::BufferedPair;

/// The payload of all three.
#[pyclass(name = "_Buffered", module = "_io", base = BufferedIoBase)]
#[derive(Default)]
#[repr(C)]
pub struct Buffered {
    base: BufferedIoBase,
    /// The raw stream; empty before `__init__` and after `detach`.
    raw: Field,
    state: Monitor<State>,
}

impl Traverse for Buffered {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.raw.traverse(visit);
    }
}

/// `(raw, buffer_size=DEFAULT_BUFFER_SIZE)`.
fn arguments<'a>(
    cx: &Context,
    signature: &'static Signature,
    args: Args<'a>,
) -> PyResult<(&'a Value, usize)> {
    let mut bound = [None; 2];
    signature.bind(cx, args, &mut bound)?;
    let size = match bound[1] {
        Some(size) => index::as_index(cx, size)?,
        None => DEFAULT_BUFFER_SIZE as isize,
    };
    match usize::try_from(size) {
        Ok(size) if size > 0 => Ok((bound[0].expect("invariant: required"), size)),
        _ => Err(cx.value_error("buffer size must be strictly positive")),
    }
}

/// The signature of a class with that name.
const fn signature(name: &'static str) -> Signature {
    const PARAMETERS: &[Parameter] = &[
        Parameter::required("raw"),
        Parameter::optional("buffer_size"),
    ];
    Signature {
        name,
        text: "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
        parameters: PARAMETERS,
        positional_only: 0,
        positional: 2,
        var_positional: false,
        var_keyword: false,
    }
}

/// Fails unless the stream says that it is able.
fn check_able(cx: &Context, raw: &Value, ability: &str) -> PyResult<()> {
    if method(cx, raw, ability, &[])?.truth(cx)? {
        return Ok(());
    }
    Err(unsupported(
        cx,
        &format!("File or stream is not {ability}."),
    ))
}

impl Buffered {
    /// Makes this a buffer over `raw`.
    fn set_up(&self, cx: &Context, this: &Value, raw: &Value, size: usize) -> PyResult<()> {
        let mut state = self.state.enter(cx, this)?;
        *state = State::new(size);
        drop(state);
        self.raw.set(Some(raw.clone()));
        Ok(())
    }

    /// The raw stream.
    fn raw(&self, cx: &Context) -> PyResult<Value> {
        self.raw.get().ok_or_else(|| {
            // Whether `__init__` has run shows in the buffer's size.
            let detached = self
                .state
                .enter(cx, &Value::NONE)
                .is_ok_and(|state| state.size > 0);
            cx.value_error(if detached {
                "raw stream has been detached"
            } else {
                "I/O operation on uninitialized object"
            })
        })
    }

    /// The raw stream of an open buffer.
    fn open_raw(&self, cx: &Context, closed: &str) -> PyResult<Value> {
        let raw = self.raw(cx)?;
        Buffered::check_open(cx, &raw, closed)?;
        Ok(raw)
    }

    /// Fails with the message if the raw stream is closed.
    fn check_open(cx: &Context, raw: &Value, closed: &str) -> PyResult<()> {
        let is_closed = match raw.downcast_directly::<FileIo>() {
            Some(file) => file.is_closed(),
            None => base::is_closed(cx, raw)?,
        };
        if is_closed {
            Err(cx.value_error(closed))
        } else {
            Ok(())
        }
    }

    fn enter<'a>(&'a self, cx: &Context, this: &Value) -> PyResult<Held<'a, State>> {
        self.state.enter(cx, this)
    }

    /// Whether the stream is known to be closed; asks nobody but a `FileIO`.
    pub(super) fn is_closed_file(&self) -> Option<bool> {
        let raw = self.raw.get()?;
        raw.downcast_directly::<FileIo>()
            .map(|file| file.is_closed())
    }

    /// Warns that `source`, which this belongs to, was forgotten.
    pub fn warn(cx: &Context, this: &Ref<Buffered>, source: &Value) {
        if this.warn_unclosed(cx, source).is_err() {
            cx.clear_exception();
        }
    }

    fn warn_unclosed(&self, cx: &Context, source: &Value) -> PyResult<()> {
        let Some(raw) = self.raw.get() else {
            return Ok(());
        };
        if let Some(file) = raw.downcast::<FileIo>() {
            file.warn_unclosed(cx, source);
            return Ok(());
        }
        match attribute::find(cx, &raw, Name::intern(cx, "_dealloc_warn")?)? {
            Some(warn) => call::call(cx, &warn, std::slice::from_ref(source)).map(drop),
            None => Ok(()),
        }
    }
}

#[pymethods(table = COMMON)]
impl Buffered {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        let value = this.as_value();
        let class = value.class().full_name(cx);
        // A raw stream may be in any state; a name that cannot be had is not shown.
        let name = match attribute::find(cx, value, names::name()) {
            Ok(name) => name,
            Err(_) if cx.exception_matches(typhon_runtime::objects::exceptions::value_error()) => {
                cx.clear_exception();
                None
            }
            Err(raised) => return Err(raised),
        };
        let Some(name) = name else {
            return format!("<{class}>").into_value(cx);
        };
        let Some(_guard) = text::ReprGuard::enter(cx, value) else {
            return Err(cx.runtime_error(format!("reentrant call inside {class}.__repr__")));
        };
        format!("<{class} name={}>", text::repr_text(cx, &name)?).into_value(cx)
    }

    #[method("detach(self, /)")]
    fn detach(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        this.raw(cx)?;
        call::call_method(cx, this.as_value(), names::flush(), &[])?;
        this.raw
            .replace(None)
            .ok_or_else(|| cx.value_error("raw stream has been detached"))
    }

    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Buffered>) -> PyResult<()> {
        let value = this.as_value();
        let raw = this.raw(cx)?;
        if base::is_closed(cx, &raw)? {
            return Ok(());
        }
        if this.base.base.is_finalizing() && this.warn_unclosed(cx, value).is_err() {
            cx.clear_exception();
        }
        base::both(
            cx,
            || call::call_method(cx, value, names::flush(), &[]).map(drop),
            || {
                // Nobody may be reading or writing by a descriptor that is closed: its number may be
                // another file's at once.
                let _held = this.enter(cx, value)?;
                call::call_method(cx, &raw, names::close(), &[]).map(drop)
            },
        )
    }

    #[method("seekable(self, /)")]
    fn seekable(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        method(cx, &this.raw(cx)?, "seekable", &[])
    }

    #[method("fileno(self, /)")]
    fn fileno(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        method(cx, &this.raw(cx)?, "fileno", &[])
    }

    #[method("isatty(self, /)")]
    fn isatty(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        method(cx, &this.raw(cx)?, "isatty", &[])
    }

    #[method("_dealloc_warn(self, source, /)")]
    fn dealloc_warn(cx: &Context, this: &Ref<Buffered>, source: &Value) -> PyResult<()> {
        if this.warn_unclosed(cx, source).is_err() {
            cx.clear_exception();
        }
        Ok(())
    }

    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<Buffered>) -> PyResult<i64> {
        let raw = this.raw(cx)?;
        let state = this.enter(cx, this.as_value())?;
        state.position(cx, &raw)
    }

    #[method("seek(self, target, whence=0, /)")]
    fn seek(cx: &Context, this: &Ref<Buffered>, target: &Value, whence: i32) -> PyResult<i64> {
        if !matches!(whence, 0..=2 | libc::SEEK_DATA | libc::SEEK_HOLE) {
            return Err(cx.value_error(format!("whence value {whence} unsupported")));
        }
        let raw = this.open_raw(cx, "seek of closed file")?;
        check_able(cx, &raw, "seekable")?;
        let target = super::offset(cx, target)?;
        let mut state = this.enter(cx, this.as_value())?;
        state.seek(cx, &raw, target, whence)
    }

    #[method("truncate(self, pos=None, /)")]
    fn truncate(cx: &Context, this: &Ref<Buffered>, size: Option<&Value>) -> PyResult<Value> {
        let raw = this.open_raw(cx, "truncate of closed file")?;
        if this.as_value().downcast::<BufferedReader>().is_some() {
            return Err(unsupported(cx, "truncate"));
        }
        let mut state = this.enter(cx, this.as_value())?;
        state.flush(cx, &raw)?;
        state.rewind(cx, &raw)?;
        method(
            cx,
            &raw,
            "truncate",
            &[size.cloned().unwrap_or(Value::NONE)],
        )
    }

    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Value) -> PyResult<()> {
        Err(super::cannot_pickle(cx, this))
    }

    #[method("__sizeof__(self, /)")]
    fn sizeof(cx: &Context, this: &Ref<Buffered>) -> PyResult<usize> {
        let size = this.enter(cx, this.as_value())?.size;
        Ok(size_of::<Buffered>() + size_of::<typhon_sync::Header>() + size)
    }

    #[getter]
    fn closed(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        attribute::get(cx, &this.raw(cx)?, Name::intern(cx, "closed")?)
    }

    #[getter]
    fn name(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        attribute::get(cx, &this.raw(cx)?, names::name())
    }

    #[getter]
    fn mode(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        attribute::get(cx, &this.raw(cx)?, Name::intern(cx, "mode")?)
    }

    #[getter("raw")]
    fn raw_attribute(cx: &Context, this: &Ref<Buffered>) -> PyResult<Option<Value>> {
        let _ = cx;
        Ok(this.raw.get())
    }

    #[getter("_finalizing")]
    fn finalizing(_cx: &Context, this: &Ref<Buffered>) -> PyResult<bool> {
        Ok(this.base.base.is_finalizing())
    }
}

/// Where the raw stream is, as a size of memory that can be had.
fn room(cx: &Context, bytes: &mut Vec<u8>, more: usize) -> PyResult<()> {
    bytes.try_reserve(more).map_err(|_| cx.no_memory())
}

/// All that the raw stream has left.
fn rest(cx: &Context, stream: &Value) -> PyResult<Option<Vec<u8>>> {
    raw::read_all(cx, stream)
}
