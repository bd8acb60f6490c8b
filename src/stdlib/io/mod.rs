//! `_io`: files and streams; `open`.
//!
//! ```text
//!                       _IOBase                          base.rs
//!      ┌────────────────────┼──────────────────┐
//!  _RawIOBase        _BufferedIOBase      _TextIOBase
//!      │              │           │            │
//!   FileIO         BytesIO    Buffered…   StringIO, TextIOWrapper
//!   file.rs     bytes_io.rs  buffered/   string_io.rs   text/
//! ```
//! `newline.rs` translates line ends, `raw.rs` is how buffers talk to what they buffer, `open.rs` is
//! `open` and what goes with it.
//!
//! A buffer or text stream is used by one thread at a time: its state is in a mutex that is held while
//! the stream below is read or written, which may block or run Python code. So waiting for it is done
//! detached, and a thread that comes back to a stream it is already using gets RuntimeError
//! (`monitor.rs`). Such state holds no references that the collector would have to see; those are in
//! `Field`s beside it.

pub mod base;
pub mod buffered;
pub mod bytes_io;
pub mod file;
mod monitor;
pub mod newline;
pub mod open;
mod raw;
pub mod string_io;
pub mod text;

use typhon_macros::pymodule;
use typhon_runtime::args::IntoValue;
use typhon_runtime::buffer::Buffer;
use typhon_runtime::field::Field;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, buffer, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

pub use open::open_file;

/// `io.DEFAULT_BUFFER_SIZE`.
pub const DEFAULT_BUFFER_SIZE: usize = 128 << 10;

/// The io module provides the Python interfaces to stream handling. The
/// builtin open function is defined in this module.
///
/// At the top of the I/O hierarchy is the abstract base class IOBase. It
/// defines the basic interface to a stream. Note, however, that there is no
/// separation between reading and writing to streams; implementations are
/// allowed to raise an OSError if they do not support a given operation.
///
/// Extending IOBase is RawIOBase which deals simply with the reading and
/// writing of raw bytes to a stream. FileIO subclasses RawIOBase to provide
/// an interface to OS files.
///
/// BufferedIOBase deals with buffering on a raw byte stream (RawIOBase). Its
/// subclasses, BufferedWriter, BufferedReader, and BufferedRWPair buffer
/// streams that are readable, writable, and both respectively.
/// BufferedRandom provides a buffered interface to random access
/// streams. BytesIO is a simple stream of in-memory bytes.
///
/// Another IOBase subclass, TextIOBase, deals with the encoding and decoding
/// of streams into text. TextIOWrapper, which extends it, is a buffered text
/// interface to a buffered raw stream (`BufferedIOBase`). Finally, StringIO
/// is an in-memory stream for text.
///
/// Argument names are not part of the specification, and only the arguments
/// of open() are intended to be used as keyword arguments.
///
/// data:
///
/// DEFAULT_BUFFER_SIZE
///    An int containing the default buffer size used by the module's buffered
///    I/O classes.
#[pymodule(
    name = "_io",
    functions(open::open, open::open_code, open::text_encoding),
    classes(
        base::IoBase,
        base::RawIoBase,
        base::BufferedIoBase,
        base::TextIoBase,
        file::FileIo,
        bytes_io::BytesIo,
        bytes_io::BytesIoBuffer,
        string_io::StringIo,
        newline::IncrementalNewlineDecoder,
        buffered::BufferedReader,
        buffered::BufferedWriter,
        buffered::BufferedRandom,
        buffered::BufferedPair,
        text::TextIoWrapper
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "UnsupportedOperation", unsupported_class(cx)?)?;
    module::add(
        cx,
        this,
        "BlockingIOError",
        exceptions::blocking_io_error().to_value(),
    )?;
    module::add(cx, this, "DEFAULT_BUFFER_SIZE", DEFAULT_BUFFER_SIZE)
}

/// Makes the classes that `open` needs, before the module is imported.
///
/// # Errors
/// MemoryError.
pub fn make_classes(cx: &Context) -> PyResult<()> {
    for class in MODULE.classes {
        class(cx)?;
    }
    Ok(())
}

static UNSUPPORTED: Field = Field::empty();

/// `io.UnsupportedOperation`.
///
/// # Errors
/// MemoryError.
pub fn unsupported_class(cx: &Context) -> PyResult<Value> {
    if let Some(class) = UNSUPPORTED.get() {
        return Ok(class);
    }
    let bases = vec![
        exceptions::os_error().to_value(),
        exceptions::value_error().to_value(),
    ];
    let namespace = Dict::new(cx)?;
    namespace.set_name(cx, Name::intern(cx, "__module__")?, "io".into_value(cx)?)?;
    let arguments = [
        "UnsupportedOperation".into_value(cx)?,
        Tuple::from_vec(cx, bases)?.into_value(),
        namespace.into_value(),
    ];
    let class = call::call(cx, Type::class().as_value(), &arguments)?;
    UNSUPPORTED.set(Some(class.clone()));
    Ok(class)
}

/// Raises `io.UnsupportedOperation`.
#[cold]
pub fn unsupported(cx: &Context, message: &str) -> Raised {
    let class = match unsupported_class(cx) {
        Ok(class) => class,
        Err(raised) => return raised,
    };
    match class.downcast::<Type>() {
        Some(class) => cx.raise_message(class, message),
        None => cx.os_error(message),
    }
}

/// Raises BlockingIOError, which tells how much was written.
#[cold]
fn would_block(cx: &Context, message: &str, written: usize) -> Raised {
    let arguments = || -> PyResult<[Value; 3]> {
        Ok([
            libc::EAGAIN.into_value(cx)?,
            message.into_value(cx)?,
            written.into_value(cx)?,
        ])
    };
    match arguments() {
        Ok(arguments) => cx.raise_with(exceptions::blocking_io_error(), &arguments),
        Err(raised) => raised,
    }
}

/// TypeError: streams cannot be pickled.
#[cold]
fn cannot_pickle(cx: &Context, this: &Value) -> Raised {
    cx.type_error(format!(
        "cannot pickle '{}' instances",
        this.class().short_name()
    ))
}

/// A method of `_IOBase`, whatever overrides it.
fn base_method(cx: &Context, this: &Value, name: &str) -> PyResult<Value> {
    let name = Name::intern(cx, name)?;
    match base::IoBase::class().lookup(cx, name) {
        Some(found) => call::call(cx, &found, std::slice::from_ref(this)),
        None => Err(attribute::missing(cx, this, name)),
    }
}

/// The buffer of an argument that is written to.
fn writable_buffer(cx: &Context, function: &str, value: &Value) -> PyResult<Buffer> {
    match buffer::get_writable(cx, value) {
        Ok(buffer) => Ok(buffer),
        Err(Raised) => {
            cx.catch(exceptions::type_error())?;
            Err(cx.type_error(format!(
                "{function}() argument must be read-write bytes-like object, not {}",
                value.type_name_for_argument()
            )))
        }
    }
}

/// A file offset.
///
/// # Errors
/// TypeError for what is no int, OverflowError past 64 bits.
fn offset(cx: &Context, value: &Value) -> PyResult<i64> {
    let number = int::index_as_i128(cx, value)?;
    i64::try_from(number)
        .map_err(|_| cx.overflow_error("Python int too large to convert to C long"))
}

/// Writes text to a file: directly when it is a text stream of ours, else by its method `write`.
///
/// # Errors
/// What the file raises.
pub fn write_text(cx: &Context, file: &Value, text: &Ref<Str>) -> PyResult<()> {
    if let Some(stream) = file.downcast_exact::<text::TextIoWrapper>() {
        return text::TextIoWrapper::write_text(cx, stream, text);
    }
    let write = typhon_runtime::objects::str_::names::write();
    call::call_method(cx, file, write, std::slice::from_ref(text.as_value())).map(drop)
}
