//! The three classes of buffers.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Signature};
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::str_::names;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::reading::READING;
use super::writing::WRITING;
use super::{Buffered, COMMON, arguments, check_able, signature};
use crate::io::base::BufferedIoBase;

/// See the Python docstring.
#[pyclass(
    name = "BufferedReader",
    module = "_io",
    base = Buffered,
    python_base = BufferedIoBase::class(),
    flags(BASETYPE),
    signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
    doc = "Create a new buffered reader using the given readable raw IO object."
)]
#[derive(Default)]
#[repr(C)]
pub struct BufferedReader {
    base: Buffered,
}

/// See the Python docstring.
#[pyclass(
    name = "BufferedWriter",
    module = "_io",
    base = Buffered,
    python_base = BufferedIoBase::class(),
    flags(BASETYPE),
    signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
    doc = "A buffer for a writeable sequential RawIO object.\n\nThe constructor creates a BufferedWriter for the given writeable raw\nstream. If the buffer_size is not given, it defaults to\nDEFAULT_BUFFER_SIZE."
)]
#[derive(Default)]
#[repr(C)]
pub struct BufferedWriter {
    base: Buffered,
}

/// See the Python docstring.
#[pyclass(
    name = "BufferedRandom",
    module = "_io",
    base = Buffered,
    python_base = BufferedIoBase::class(),
    flags(BASETYPE),
    signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
    doc = "A buffered interface to random access streams.\n\nThe constructor creates a reader and writer for a seekable stream,\nraw, given in the first argument. If the buffer_size is omitted it\ndefaults to DEFAULT_BUFFER_SIZE."
)]
#[derive(Default)]
#[repr(C)]
pub struct BufferedRandom {
    base: Buffered,
}

impl Traverse for BufferedReader {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
    }
}

impl Traverse for BufferedWriter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
    }
}

impl Traverse for BufferedRandom {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
    }
}

static READER: Signature = signature("BufferedReader");
static WRITER: Signature = signature("BufferedWriter");
static RANDOM: Signature = signature("BufferedRandom");

#[pymethods(tables(COMMON, READING))]
impl BufferedReader {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, BufferedReader::default()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<BufferedReader>, args: Args<'_>) -> PyResult<()> {
        this.base.raw.set(None);
        let (raw, size) = arguments(cx, &READER, args)?;
        check_able(cx, raw, "readable")?;
        this.base.set_up(cx, this.as_value(), raw, size)
    }

    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<BufferedReader>) -> PyResult<Value> {
        call::call_method(cx, &this.base.raw(cx)?, names::flush(), &[])
    }
}

#[pymethods(tables(COMMON, WRITING))]
impl BufferedWriter {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, BufferedWriter::default()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<BufferedWriter>, args: Args<'_>) -> PyResult<()> {
        this.base.raw.set(None);
        let (raw, size) = arguments(cx, &WRITER, args)?;
        check_able(cx, raw, "writable")?;
        this.base.set_up(cx, this.as_value(), raw, size)
    }
}

#[pymethods(tables(COMMON, READING, WRITING))]
impl BufferedRandom {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, BufferedRandom::default()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<BufferedRandom>, args: Args<'_>) -> PyResult<()> {
        this.base.raw.set(None);
        let (raw, size) = arguments(cx, &RANDOM, args)?;
        for ability in ["seekable", "readable", "writable"] {
            check_able(cx, raw, ability)?;
        }
        this.base.set_up(cx, this.as_value(), raw, size)
    }
}

/// A new buffer over `raw`, as calling the class makes it.
macro_rules! over {
    ($($class:ident),*) => {
        $(
            impl $class {
                /// A buffer over a raw stream that is known to be able.
                ///
                /// # Errors
                /// MemoryError.
                pub fn over(cx: &Context, raw: &Value, size: usize) -> PyResult<Value> {
                    let made = object::new(cx, $class::default())?;
                    made.base.set_up(cx, made.as_value(), raw, size)?;
                    Ok(made.into_value())
                }
            }
        )*
    };
}

over!(BufferedReader, BufferedWriter, BufferedRandom);
