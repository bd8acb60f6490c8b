//! What Python sees of a text stream.

use num_traits::Signed;
use typhon_macros::pymethods;
use typhon_runtime::args::{Args, IntoValue, Maybe, Parameter, Signature};
use typhon_runtime::object;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, index, text};
use typhon_runtime::{Context, PyResult, Ref, Value, warnings};

use super::coding::{Codec, Decoder, Encoding};
use super::position::{self, Cookie};
use super::state::{CHUNK_SIZE, Snapshot, State};
use super::{TextIoWrapper, flush_buffer, known_buffer};
use crate::io::base::{self, method, size_argument};
use crate::io::buffered::Buffered;
use crate::io::newline::Newline;
use crate::io::unsupported;

static SIGNATURE: Signature = Signature {
    name: "TextIOWrapper",
    text: "(buffer, encoding=None, errors=None, newline=None,\n              line_buffering=False, write_through=False)",
    parameters: &[
        Parameter::required("buffer"),
        Parameter::optional("encoding"),
        Parameter::optional("errors"),
        Parameter::optional("newline"),
        Parameter::optional("line_buffering"),
        Parameter::optional("write_through"),
    ],
    positional_only: 0,
    positional: 6,
    var_positional: false,
    var_keyword: false,
};

/// How a text stream is to be made.
pub struct Options<'a> {
    pub encoding: Option<&'a str>,
    pub errors: Option<&'a str>,
    pub newline: Newline,
    pub line_buffering: bool,
    pub write_through: bool,
}

/// An argument that is a string without NUL, or None.
fn string_argument(cx: &Context, name: &str, value: Option<&Value>) -> PyResult<Option<String>> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(None);
    };
    let Some(string) = value.downcast::<Str>() else {
        let got = value.type_name_for_argument();
        return Err(cx.type_error(format!(
            "TextIOWrapper() argument '{name}' must be str or None, not {got}"
        )));
    };
    let string = string.to_utf8(cx)?;
    if string.contains('\0') {
        return Err(cx.value_error("embedded null character"));
    }
    Ok(Some(string.into_owned()))
}

impl TextIoWrapper {
    /// A text stream over `buffer`.
    ///
    /// # Errors
    /// What the constructor raises.
    pub fn over(
        cx: &Context,
        buffer: &Value,
        options: &Options<'_>,
    ) -> PyResult<Ref<TextIoWrapper>> {
        let this = object::new(cx, TextIoWrapper::default())?;
        TextIoWrapper::set_up(cx, &this, buffer, options)?;
        Ok(this)
    }

    fn set_up(
        cx: &Context,
        this: &Ref<TextIoWrapper>,
        buffer: &Value,
        options: &Options<'_>,
    ) -> PyResult<()> {
        let name = match options.encoding {
            None | Some("locale") => crate::io::open::locale_encoding(),
            Some(name) => name,
        };
        let errors = options.errors.unwrap_or("strict");
        typhon_runtime::codec::check_early(cx, name, errors)?;
        let encoding = Encoding::named(name);
        let codec = match encoding {
            Encoding::Registered => Some(Codec::lookup(cx, name)?),
            _ => None,
        };
        let asks = |ability: &str| method(cx, buffer, ability, &[])?.truth(cx);
        let (readable, writable) = (asks("readable")?, asks("writable")?);
        let seekable = asks("seekable")?;
        let has_read1 = known_buffer(buffer).is_some()
            || attribute::find(cx, buffer, Name::intern(cx, "read1")?)?.is_some();
        let make = |wanted: bool, kind: &str| match &codec {
            Some(codec) if wanted => codec.make(cx, kind, errors).map(Some),
            _ => Ok(None),
        };
        let decoder = make(readable, "incrementaldecoder")?;
        let encoder = make(writable, "incrementalencoder")?;
        if seekable
            && let Some(encoder) = &encoder
            && crate::io::offset(cx, &method(cx, buffer, "tell", &[])?)? != 0
        {
            // No mark of byte order in the middle of a file.
            method(cx, encoder, "setstate", &[0.into_value(cx)?])?;
        }
        let newline = options.newline;
        let state = State {
            newline,
            line_buffering: options.line_buffering,
            write_through: options.write_through,
            readable,
            writable,
            seekable,
            telling: seekable,
            has_read1,
            chunk_size: CHUNK_SIZE,
            decoder: Decoder::new(
                encoding,
                errors,
                newline.is_universal(),
                newline == Newline::Universal,
            ),
            ..State::default()
        };
        *this.enter(cx, this.as_value())? = state;
        this.decoder.set(decoder);
        this.encoder.set(encoder);
        this.encoding.set(Some(name.into_value(cx)?));
        this.buffer.set(Some(buffer.clone()));
        Ok(())
    }

    /// Flushes, as `flush()` does.
    fn flush_all(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<()> {
        let buffer = this.open_buffer(cx, this.as_value())?;
        let mut state = this.enter(cx, this.as_value())?;
        state.telling = state.seekable;
        state.write_pending(cx, &buffer)?;
        flush_buffer(cx, &buffer)
    }

    /// Tells the encoder whether what comes next is at the beginning of the stream.
    fn set_encoder(cx: &Context, this: &TextIoWrapper, at_start: bool) -> PyResult<()> {
        match this.encoder.get() {
            Some(encoder) if at_start => method(cx, &encoder, "reset", &[]).map(drop),
            Some(encoder) => method(cx, &encoder, "setstate", &[0.into_value(cx)?]).map(drop),
            None => Ok(()),
        }
    }

    fn check_seekable(cx: &Context, state: &State) -> PyResult<()> {
        if state.seekable {
            Ok(())
        } else {
            Err(unsupported(cx, "underlying stream is not seekable"))
        }
    }

    fn seek_to_end(cx: &Context, this: &Ref<TextIoWrapper>, buffer: &Value) -> PyResult<Value> {
        TextIoWrapper::flush_through_python(cx, this)?;
        let mut state = this.enter(cx, this.as_value())?;
        state.forget_decoded();
        let codec = this.decoder.get();
        if state.readable {
            state.decoder.reset(cx, codec.as_ref())?;
        }
        let position = method(cx, buffer, "seek", &[0.into_value(cx)?, 2.into_value(cx)?])?;
        let at_start = crate::io::offset(cx, &position)? == 0;
        TextIoWrapper::set_encoder(cx, this, at_start)?;
        Ok(position)
    }

    fn flush_through_python(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<()> {
        if this.as_value().is_exact::<TextIoWrapper>() {
            return TextIoWrapper::flush_all(cx, this);
        }
        call::call_method(cx, this.as_value(), names::flush(), &[]).map(drop)
    }

    fn line(cx: &Context, this: &Ref<TextIoWrapper>, limit: usize) -> PyResult<Ref<Str>> {
        let buffer = this.open_buffer(cx, this.as_value())?;
        let mut state = this.enter(cx, this.as_value())?;
        state.write_pending(cx, &buffer)?;
        let codec = this.decoder.get();
        state.read_line(cx, &buffer, codec.as_ref(), limit)
    }
}

/// `value` as the truth of an argument that may be None.
fn optional_truth(cx: &Context, value: Option<&Value>) -> PyResult<Option<bool>> {
    match value.filter(|value| !value.is_none()) {
        Some(value) => {
            // Not any object's truth: what is no number, or a large one, is refused.
            match i64::try_from(int::index_as_i128(cx, value)?) {
                Ok(number) => Ok(Some(number != 0)),
                Err(_) => Err(cx.overflow_error("Python int too large to convert to C long")),
            }
        }
        None => Ok(None),
    }
}

#[pymethods]
impl TextIoWrapper {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, TextIoWrapper::default()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<TextIoWrapper>, args: Args<'_>) -> PyResult<()> {
        let mut bound = [None; 6];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let buffer = bound[0].expect("invariant: required");
        this.buffer.set(None);
        let encoding = string_argument(cx, "encoding", bound[1])?;
        let errors = string_argument(cx, "errors", bound[2])?;
        let newline = Newline::from_argument(cx, "TextIOWrapper", bound[3])?;
        if encoding.is_none() && crate::configuration::get().warn_default_encoding {
            let class = exceptions::encoding_warning();
            warnings::warn(cx, class, "'encoding' argument not specified", 1)?;
        }
        let truth = |value: Option<&Value>| value.map_or(Ok(false), |value| value.truth(cx));
        let options = Options {
            encoding: encoding.as_deref(),
            errors: errors.as_deref(),
            newline,
            line_buffering: truth(bound[4])?,
            write_through: truth(bound[5])?,
        };
        TextIoWrapper::set_up(cx, this, buffer, &options)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        let value = this.as_value();
        let mut shown = format!("<{}", value.class().full_name(cx));
        if this.encoding.is_empty() {
            return Err(cx.value_error("I/O operation on uninitialized object"));
        }
        let Some(_guard) = text::ReprGuard::enter(cx, value) else {
            let class = value.class().full_name(cx);
            return Err(cx.runtime_error(format!("reentrant call inside {class}.__repr__")));
        };
        for name in ["name", "mode"] {
            let found = match attribute::find(cx, value, Name::intern(cx, name)?) {
                Ok(found) => found,
                Err(_) if cx.exception_matches(exceptions::value_error()) => {
                    cx.clear_exception();
                    None
                }
                Err(raised) => return Err(raised),
            };
            if let Some(found) = found {
                shown.push_str(&format!(" {name}={}", text::repr_text(cx, &found)?));
            }
        }
        let encoding = this.encoding.get().unwrap_or(Value::NONE);
        shown.push_str(&format!(" encoding={}>", text::repr_text(cx, &encoding)?));
        shown.into_value(cx)
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Option<Value>> {
        let value = this.as_value();
        let buffer = this.buffer(cx)?;
        let is_known_open = value.is_directly::<TextIoWrapper>()
            && known_buffer(&buffer).and_then(|buffer| buffer.is_closed_file()) == Some(false);
        {
            let mut state = this.enter(cx, value)?;
            state.telling = false;
            if is_known_open
                && state.pending.is_empty()
                && let Some(line) = state.line_at_hand(cx)?
            {
                return Ok(Some(line.into_value()));
            }
        }
        let line = if value.is_directly::<TextIoWrapper>() {
            TextIoWrapper::line(cx, this, usize::MAX)?
        } else {
            let line = call::call_method(cx, value, names::readline(), &[])?;
            line.into_ref::<Str>().map_err(|line| {
                let got = line.type_name();
                cx.os_error(format!(
                    "readline() should have returned a str object, not '{got}'"
                ))
            })?
        };
        if line.is_empty() {
            let mut state = this.enter(cx, value)?;
            state.snapshot = None;
            state.telling = state.seekable;
            return Ok(None);
        }
        Ok(Some(line.into_value()))
    }

    /// Reconfigure the text stream with new parameters.
    ///
    /// This also does an implicit stream flush.
    #[method(
        "reconfigure(self, /, *, encoding=None, errors=None, newline=<unset>, line_buffering=None, write_through=None)"
    )]
    fn reconfigure(
        cx: &Context,
        this: &Ref<TextIoWrapper>,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        newline: Maybe<&Value>,
        line_buffering: Option<&Value>,
        write_through: Option<&Value>,
    ) -> PyResult<()> {
        let value = this.as_value();
        let buffer = this.open_buffer(cx, value)?;
        let changes_coding = encoding.is_some() || errors.is_some() || newline.0.is_some();
        if changes_coding && this.enter(cx, value)?.decoded.is_some() {
            return Err(unsupported(
                cx,
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        if let Some(name) = encoding.and_then(|name| name.downcast::<Str>())
            && let Some((before, _)) = name.to_utf8(cx)?.split_once('\0')
        {
            return Err(cx.lookup_error(format!("unknown encoding: {before}")));
        }
        let encoding = string_argument(cx, "encoding", encoding)?;
        let errors = string_argument(cx, "errors", errors)?;
        let newline = match newline.0 {
            Some(newline) => Some(Newline::from_argument(cx, "reconfigure", Some(newline))?),
            None => None,
        };
        let line_buffering = optional_truth(cx, line_buffering)?;
        let write_through = optional_truth(cx, write_through)?;
        TextIoWrapper::flush_through_python(cx, this)?;
        let (old, mut new) = {
            let state = this.enter(cx, value)?;
            let options = (
                line_buffering.unwrap_or(state.line_buffering),
                write_through.unwrap_or(state.write_through),
            );
            ((state.newline, state.decoder.errors.clone()), options)
        };
        if changes_coding {
            let name = match &encoding {
                Some(name) => name.clone(),
                None => this
                    .encoding
                    .get_as::<Str>()
                    .map(|name| name.to_string())
                    .unwrap_or_default(),
            };
            // A new encoding comes with its own way to handle errors.
            let errors = errors.unwrap_or_else(|| {
                if encoding.is_some() {
                    "strict".into()
                } else {
                    old.1
                }
            });
            let options = Options {
                encoding: Some(&name),
                errors: Some(&errors),
                newline: newline.unwrap_or(old.0),
                line_buffering: new.0,
                write_through: new.1,
            };
            TextIoWrapper::set_up(cx, this, &buffer, &options)?;
            new = (options.line_buffering, options.write_through);
        }
        let mut state = this.enter(cx, value)?;
        (state.line_buffering, state.write_through) = new;
        Ok(())
    }

    #[method("detach(self, /)")]
    fn detach(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        this.buffer(cx)?;
        call::call_method(cx, this.as_value(), names::flush(), &[])?;
        this.enter(cx, this.as_value())?.detached = true;
        this.buffer
            .replace(None)
            .ok_or_else(|| cx.value_error("underlying buffer has been detached"))
    }

    #[method("write(self, text, /)")]
    fn write(cx: &Context, this: &Ref<TextIoWrapper>, text: &Value) -> PyResult<usize> {
        let Some(text) = text.downcast::<Str>() else {
            let got = text.type_name_for_argument();
            return Err(cx.type_error(format!("write() argument must be str, not {got}")));
        };
        TextIoWrapper::write_text(cx, this, text)?;
        Ok(text.len())
    }

    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, this: &Ref<TextIoWrapper>, size: Maybe<&Value>) -> PyResult<Ref<Str>> {
        this.buffer(cx)?;
        let size = size_argument(cx, size.0)?;
        let buffer = this.open_buffer(cx, this.as_value())?;
        let mut state = this.enter(cx, this.as_value())?;
        if !state.readable {
            return Err(unsupported(cx, "not readable"));
        }
        state.write_pending(cx, &buffer)?;
        let codec = this.decoder.get();
        match usize::try_from(size) {
            Ok(size) => state.read(cx, &buffer, codec.as_ref(), size),
            Err(_) => state.read_all(cx, &buffer, codec.as_ref()),
        }
    }

    #[method("readline(self, size=-1, /)")]
    fn readline(cx: &Context, this: &Ref<TextIoWrapper>, size: isize) -> PyResult<Ref<Str>> {
        TextIoWrapper::line(cx, this, usize::try_from(size).unwrap_or(usize::MAX))
    }

    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<()> {
        TextIoWrapper::flush_all(cx, this)
    }

    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<()> {
        let value = this.as_value();
        let buffer = this.buffer(cx)?;
        // Asking may have run code that has detached the buffer.
        if base::is_closed(cx, value)? || this.buffer.is_empty() {
            return Ok(());
        }
        if this.base.base.is_finalizing() {
            if let Some(buffer) = known_buffer(&buffer) {
                Buffered::warn(cx, buffer, value);
            } else if method(cx, &buffer, "_dealloc_warn", std::slice::from_ref(value)).is_err() {
                cx.clear_exception();
            }
        }
        base::both(
            cx,
            || call::call_method(cx, value, names::flush(), &[]).map(drop),
            || call::call_method(cx, &buffer, names::close(), &[]).map(drop),
        )
    }

    #[method("fileno(self, /)")]
    fn fileno(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        method(cx, &this.buffer(cx)?, "fileno", &[])
    }

    #[method("seekable(self, /)")]
    fn seekable(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        method(cx, &this.buffer(cx)?, "seekable", &[])
    }

    #[method("readable(self, /)")]
    fn readable(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        method(cx, &this.buffer(cx)?, "readable", &[])
    }

    #[method("writable(self, /)")]
    fn writable(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        method(cx, &this.buffer(cx)?, "writable", &[])
    }

    #[method("isatty(self, /)")]
    fn isatty(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        method(cx, &this.buffer(cx)?, "isatty", &[])
    }

    /// Set the stream position, and return the new stream position.
    ///
    ///   cookie
    ///     Zero or an opaque number returned by tell().
    ///   whence
    ///     The relative position to seek from.
    ///
    /// Four operations are supported, given by the following argument
    /// combinations:
    ///
    /// - seek(0, SEEK_SET): Rewind to the start of the stream.
    /// - seek(cookie, SEEK_SET): Restore a previous position;
    ///   'cookie' must be a number returned by tell().
    /// - seek(0, SEEK_END): Fast-forward to the end of the stream.
    /// - seek(0, SEEK_CUR): Leave the current stream position unchanged.
    ///
    /// Any other argument combinations are invalid,
    /// and may raise exceptions.
    #[method("seek(self, cookie, whence=0, /)")]
    fn seek(
        cx: &Context,
        this: &Ref<TextIoWrapper>,
        cookie: &Value,
        whence: i32,
    ) -> PyResult<Value> {
        let buffer = this.open_buffer(cx, this.as_value())?;
        TextIoWrapper::check_seekable(cx, &*this.enter(cx, this.as_value())?)?;
        let is_zero = int::view(cookie).is_some_and(|cookie| cookie.is_zero());
        let cookie = match whence {
            0 => cookie.clone(),
            1 if !is_zero => return Err(unsupported(cx, "can't do nonzero cur-relative seeks")),
            1 => method(cx, this.as_value(), "tell", &[])?,
            2 if !is_zero => return Err(unsupported(cx, "can't do nonzero end-relative seeks")),
            2 => return TextIoWrapper::seek_to_end(cx, this, &buffer),
            _ => {
                return Err(
                    cx.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))
                );
            }
        };
        let number = int::index_as_bigint(cx, &cookie)?;
        if number.is_negative() {
            return Err(cx.value_error(format!(
                "negative seek position {}",
                text::repr_text(cx, &cookie)?
            )));
        }
        TextIoWrapper::flush_through_python(cx, this)?;
        let Some(place) = Cookie::unpack(&number) else {
            return Err(cx.overflow_error("Python int too large to convert to C long"));
        };
        let mut state = this.enter(cx, this.as_value())?;
        method(cx, &buffer, "seek", &[place.start_pos.into_value(cx)?])?;
        state.forget_decoded();
        let codec = this.decoder.get();
        let at_start = place.start_pos == 0 && place.dec_flags == 0;
        if state.readable {
            if at_start {
                state.decoder.reset(cx, codec.as_ref())?;
            } else {
                state
                    .decoder
                    .set_state(cx, codec.as_ref(), &[], place.dec_flags)?;
            }
            state.snapshot = Some(Snapshot {
                flags: place.dec_flags,
                input: Vec::new(),
            });
        }
        if place.chars_to_skip > 0 {
            let input = method(cx, &buffer, "read", &[place.bytes_to_feed.into_value(cx)?])?;
            let Some(input) = input.downcast::<typhon_runtime::objects::bytes::Bytes>() else {
                return Err(cx.type_error(format!(
                    "underlying read() should have returned a bytes object, not '{}'",
                    input.type_name()
                )));
            };
            let input = input.as_slice();
            state.snapshot = Some(Snapshot {
                flags: place.dec_flags,
                input: input.to_vec(),
            });
            let decoded = state
                .decoder
                .decode(cx, codec.as_ref(), input, place.need_eof)?;
            if decoded.len() < place.chars_to_skip {
                return Err(cx.os_error("can't restore logical file position"));
            }
            state.decoded = Some(decoded);
            state.used = place.chars_to_skip;
        }
        TextIoWrapper::set_encoder(cx, this, at_start)?;
        Ok(cookie)
    }

    /// Return the stream position as an opaque number.
    ///
    /// The return value of tell() can be given as input to seek(), to
    /// restore a previous stream position.
    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        let buffer = this.open_buffer(cx, this.as_value())?;
        {
            let mut state = this.enter(cx, this.as_value())?;
            TextIoWrapper::check_seekable(cx, &state)?;
            if !state.telling {
                return Err(cx.os_error("telling position disabled by next() call"));
            }
            state.write_pending(cx, &buffer)?;
        }
        TextIoWrapper::flush_through_python(cx, this)?;
        // Asked with the state held: another thread that reads moves both.
        let mut state = this.enter(cx, this.as_value())?;
        let at = method(cx, &buffer, "tell", &[])?;
        let Some(snapshot) = state.snapshot.clone().filter(|_| state.readable) else {
            return Ok(at);
        };
        let at = crate::io::offset(cx, &at)?;
        let codec = this.decoder.get();
        let used = state.used.saturating_sub(state.earlier);
        let ratio = state.ratio;
        // The search moves the decoder about, which is then put back.
        let (rest, flags) = state.decoder.state(cx, codec.as_ref())?;
        let kept = state.decoder.clone();
        let found = position::locate(
            cx,
            &mut state.decoder,
            codec.as_ref(),
            &snapshot,
            at,
            used,
            ratio,
        );
        state.decoder = kept;
        match found {
            Ok(cookie) => {
                state.decoder.set_state(cx, codec.as_ref(), &rest, flags)?;
                cookie.pack(cx)
            }
            Err(raised) => {
                let exception = cx.take_exception();
                state.decoder.set_state(cx, codec.as_ref(), &rest, flags)?;
                cx.set_exception(exception);
                Err(raised)
            }
        }
    }

    #[method("truncate(self, pos=None, /)")]
    fn truncate(cx: &Context, this: &Ref<TextIoWrapper>, size: &Value) -> PyResult<Value> {
        let buffer = this.buffer(cx)?;
        TextIoWrapper::flush_through_python(cx, this)?;
        method(cx, &buffer, "truncate", std::slice::from_ref(size))
    }

    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Value) -> PyResult<()> {
        Err(crate::io::cannot_pickle(cx, this))
    }

    #[getter]
    fn closed(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        attribute::get(cx, &this.buffer(cx)?, Name::intern(cx, "closed")?)
    }

    #[getter]
    fn name(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        attribute::get(cx, &this.buffer(cx)?, names::name())
    }

    #[getter("buffer")]
    fn buffer_attribute(_cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Option<Value>> {
        Ok(this.buffer.get())
    }

    #[getter]
    fn encoding(_cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Option<Value>> {
        Ok(this.encoding.get())
    }

    #[getter]
    fn errors(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<String> {
        if this.encoding.is_empty() {
            return Err(cx.value_error("I/O operation on uninitialized object"));
        }
        Ok(this.enter(cx, this.as_value())?.decoder.errors.clone())
    }

    #[getter]
    fn line_buffering(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<bool> {
        Ok(this.enter(cx, this.as_value())?.line_buffering)
    }

    #[getter]
    fn write_through(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<bool> {
        Ok(this.enter(cx, this.as_value())?.write_through)
    }

    #[getter]
    fn newlines(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<Value> {
        this.buffer(cx)?;
        let decoder = this.enter(cx, this.as_value())?.decoder.clone();
        if decoder.universal {
            decoder.translation.newlines(cx)
        } else {
            Ok(Value::NONE)
        }
    }

    #[getter("_CHUNK_SIZE")]
    fn chunk_size(cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<usize> {
        this.buffer(cx)?;
        Ok(this.enter(cx, this.as_value())?.chunk_size)
    }

    #[setter("_CHUNK_SIZE")]
    fn set_chunk_size(
        cx: &Context,
        this: &Ref<TextIoWrapper>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.buffer(cx)?;
        let Some(value) = value else {
            return Err(cx.attribute_error(
                "attribute '_CHUNK_SIZE' of '_io.TextIOWrapper' objects cannot be deleted",
            ));
        };
        match usize::try_from(index::as_size(cx, value, exceptions::value_error())?) {
            Ok(size) if size > 0 => {
                this.enter(cx, this.as_value())?.chunk_size = size;
                Ok(())
            }
            _ => Err(cx.value_error("a strictly positive integer is required")),
        }
    }

    #[getter("_finalizing")]
    fn finalizing(_cx: &Context, this: &Ref<TextIoWrapper>) -> PyResult<bool> {
        Ok(this.base.base.is_finalizing())
    }
}
