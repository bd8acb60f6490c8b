//! `_pickle`: what makes `pickle` fast, for all protocols from 0 to 5.
//!
//! ```text
//!   dump:  pickler ─▶ save, save_containers, save_reduce ─▶ output
//!   load:  input ─▶ load, load_objects ◀─ unpickler
//! ```
//! Files: `opcode` (the instructions), `pickler` and `unpickler` (the classes), `save*` (objects to
//! instructions), `load*` (instructions to objects), `output` and `input` (bytes and files), `memo` and
//! `memo_proxy` (what both sides remember), `buffer` (out-of-band memory), `registry` (what is shared with
//! Python modules).

mod buffer;
mod input;
mod load;
mod load_objects;
mod memo;
mod memo_proxy;
mod opcode;
mod output;
mod pickler;
mod registry;
mod save;
mod save_containers;
mod save_reduce;
mod unpickler;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use self::buffer::PickleBuffer;
use self::input::Input;
use self::memo_proxy::{PicklerMemoProxy, UnpicklerMemoProxy};
use self::pickler::Pickler;
use self::unpickler::Unpickler;
use crate::exception_class::ExceptionClass;

/// The name with this text, looked up once: `name!(cx, "persistent_id")?`.
macro_rules! name {
    ($cx:expr, $text:literal) => {{
        static NAME: std::sync::OnceLock<typhon_runtime::objects::str_::Name> =
            std::sync::OnceLock::new();
        match NAME.get() {
            Some(name) => Ok(*name),
            None => typhon_runtime::objects::str_::Name::intern($cx, $text)
                .map(|name| *NAME.get_or_init(|| name)),
        }
    }};
}
use name;

static PICKLE_ERROR: ExceptionClass =
    ExceptionClass::new("_pickle", "PickleError", exceptions::exception);
static PICKLING_ERROR: ExceptionClass =
    ExceptionClass::new("_pickle", "PicklingError", pickle_error);
static UNPICKLING_ERROR: ExceptionClass =
    ExceptionClass::new("_pickle", "UnpicklingError", pickle_error);

fn pickle_error() -> &'static Ref<typhon_runtime::objects::type_::Type> {
    PICKLE_ERROR
        .get(Context::current())
        .expect("invariant: PickleError is made when the module is")
}

/// Optimized C implementation for the Python pickle module.
#[pymodule(name = "_pickle", functions(dump, dumps, load, loads))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    registry::registry(cx)?;
    class_of::<PicklerMemoProxy>(cx)?;
    class_of::<UnpicklerMemoProxy>(cx)?;
    module::add(
        cx,
        this,
        "PickleBuffer",
        class_of::<PickleBuffer>(cx)?.clone(),
    )?;
    module::add(cx, this, "Pickler", class_of::<Pickler>(cx)?.clone())?;
    module::add(cx, this, "Unpickler", class_of::<Unpickler>(cx)?.clone())?;
    module::add(cx, this, "PickleError", PICKLE_ERROR.get(cx)?.clone())?;
    module::add(cx, this, "PicklingError", PICKLING_ERROR.get(cx)?.clone())?;
    module::add(
        cx,
        this,
        "UnpicklingError",
        UNPICKLING_ERROR.get(cx)?.clone(),
    )
}

/// Write a pickled representation of obj to the open file object file.
///
/// This is equivalent to ``Pickler(file, protocol).dump(obj)``, but may
/// be more efficient.
///
/// The optional *protocol* argument tells the pickler to use the given
/// protocol; supported protocols are 0, 1, 2, 3, 4 and 5.  The default
/// protocol is 5. It was introduced in Python 3.8, and is incompatible
/// with previous versions.
///
/// Specifying a negative protocol version selects the highest protocol
/// version supported.  The higher the protocol used, the more recent the
/// version of Python needed to read the pickle produced.
///
/// The *file* argument must have a write() method that accepts a single
/// bytes argument.  It can thus be a file object opened for binary
/// writing, an io.BytesIO instance, or any other custom object that meets
/// this interface.
///
/// If *fix_imports* is True and protocol is less than 3, pickle will try
/// to map the new Python 3 names to the old module names used in Python
/// 2, so that the pickle data stream is readable with Python 2.
///
/// If *buffer_callback* is None (the default), buffer views are serialized
/// into *file* as part of the pickle stream.  It is an error if
/// *buffer_callback* is not None and *protocol* is None or smaller than 5.
#[pyfunction("dump(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)")]
fn dump(
    cx: &Context,
    obj: &Value,
    file: &Value,
    protocol: Option<&Value>,
    fix_imports: bool,
    buffer_callback: Option<&Value>,
) -> PyResult<()> {
    let settings =
        pickler::Settings::new(cx, protocol, fix_imports, buffer_callback)?.writing_to(cx, file)?;
    let pickler = Pickler::with_settings(cx, settings)?;
    Pickler::dump_object(cx, &pickler, obj).map(drop)
}

/// Return the pickled representation of the object as a bytes object.
///
/// The optional *protocol* argument tells the pickler to use the given
/// protocol; supported protocols are 0, 1, 2, 3, 4 and 5.  The default
/// protocol is 5. It was introduced in Python 3.8, and is incompatible
/// with previous versions.
///
/// Specifying a negative protocol version selects the highest protocol
/// version supported.  The higher the protocol used, the more recent the
/// version of Python needed to read the pickle produced.
///
/// If *fix_imports* is True and *protocol* is less than 3, pickle will
/// try to map the new Python 3 names to the old module names used in
/// Python 2, so that the pickle data stream is readable with Python 2.
///
/// If *buffer_callback* is None (the default), buffer views are serialized
/// into *file* as part of the pickle stream.  It is an error if
/// *buffer_callback* is not None and *protocol* is None or smaller than 5.
#[pyfunction("dumps(obj, protocol=None, *, fix_imports=True, buffer_callback=None)")]
fn dumps(
    cx: &Context,
    obj: &Value,
    protocol: Option<&Value>,
    fix_imports: bool,
    buffer_callback: Option<&Value>,
) -> PyResult<Ref<Bytes>> {
    let settings = pickler::Settings::new(cx, protocol, fix_imports, buffer_callback)?;
    let pickler = Pickler::with_settings(cx, settings)?;
    let output = Pickler::dump_object(cx, &pickler, obj)?;
    Bytes::from_slice(cx, output.bytes())
}

/// Read and return an object from the pickle data stored in a file.
///
/// This is equivalent to ``Unpickler(file).load()``, but may be more
/// efficient.
///
/// The protocol version of the pickle is detected automatically, so no
/// protocol argument is needed.  Bytes past the pickled object's
/// representation are ignored.
///
/// The argument *file* must have two methods, a read() method that takes
/// an integer argument, and a readline() method that requires no
/// arguments.  Both methods should return bytes.  Thus *file* can be a
/// binary file object opened for reading, an io.BytesIO object, or any
/// other custom object that meets this interface.
///
/// Optional keyword arguments are *fix_imports*, *encoding* and *errors*,
/// which are used to control compatibility support for pickle stream
/// generated by Python 2.  If *fix_imports* is True, pickle will try to
/// map the old Python 2 names to the new names used in Python 3.  The
/// *encoding* and *errors* tell pickle how to decode 8-bit string
/// instances pickled by Python 2; these default to 'ASCII' and 'strict',
/// respectively.  The *encoding* can be 'bytes' to read these 8-bit
/// string instances as bytes objects.
#[pyfunction("load(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")]
fn load(
    cx: &Context,
    file: &Value,
    fix_imports: bool,
    encoding: String,
    errors: String,
    buffers: Maybe<&Value>,
) -> PyResult<Value> {
    let input = Input::from_file(cx, file)?;
    let settings = unpickler::Settings::new(cx, fix_imports, encoding, errors, buffers.0)?;
    let unpickler = Unpickler::with_settings(cx, settings, input)?;
    Unpickler::load_object(cx, &unpickler)
}

/// Read and return an object from the given pickle data.
///
/// The protocol version of the pickle is detected automatically, so no
/// protocol argument is needed.  Bytes past the pickled object's
/// representation are ignored.
///
/// Optional keyword arguments are *fix_imports*, *encoding* and *errors*,
/// which are used to control compatibility support for pickle stream
/// generated by Python 2.  If *fix_imports* is True, pickle will try to
/// map the old Python 2 names to the new names used in Python 3.  The
/// *encoding* and *errors* tell pickle how to decode 8-bit string
/// instances pickled by Python 2; these default to 'ASCII' and 'strict',
/// respectively.  The *encoding* can be 'bytes' to read these 8-bit
/// string instances as bytes objects.
#[pyfunction("loads(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")]
fn loads(
    cx: &Context,
    data: &Value,
    fix_imports: bool,
    encoding: String,
    errors: String,
    buffers: Maybe<&Value>,
) -> PyResult<Value> {
    let input = Input::from_memory(cx, data)?;
    let settings = unpickler::Settings::new(cx, fix_imports, encoding, errors, buffers.0)?;
    let unpickler = Unpickler::with_settings(cx, settings, input)?;
    Unpickler::load_object(cx, &unpickler)
}
