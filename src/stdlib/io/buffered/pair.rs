//! `BufferedRWPair`: a reader and a writer in one object.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, index};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::{BufferedReader, BufferedWriter, check_able};
use crate::io::DEFAULT_BUFFER_SIZE;
use crate::io::base::{self, BufferedIoBase, method};

/// See the Python docstring.
#[pyclass(
    name = "BufferedRWPair",
    module = "_io",
    base = BufferedIoBase,
    flags(BASETYPE),
    signature = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)",
    doc = "A buffered reader and writer object together.\n\nA buffered reader object and buffered writer object put together to\nform a sequential IO object that can read and write. This is typically\nused with a socket or two-way pipe.\n\nreader and writer are RawIOBase objects that are readable and\nwriteable respectively. If the buffer_size is omitted it defaults to\nDEFAULT_BUFFER_SIZE."
)]
#[derive(Default)]
#[repr(C)]
pub struct BufferedPair {
    base: BufferedIoBase,
    reader: Field,
    writer: Field,
}

impl Traverse for BufferedPair {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.reader.traverse(visit);
        self.writer.traverse(visit);
    }
}

/// `half.name(*arguments)`.
fn forward(cx: &Context, half: &Field, name: &str, arguments: &[Value]) -> PyResult<Value> {
    match half.get() {
        Some(half) => method(cx, &half, name, arguments),
        None => Err(cx.value_error("I/O operation on uninitialized object")),
    }
}

#[pymethods]
impl BufferedPair {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, BufferedPair::default()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<BufferedPair>, args: Args<'_>) -> PyResult<()> {
        if !args.names.is_empty() {
            return Err(cx.type_error("BufferedRWPair() takes no keyword arguments"));
        }
        let (reader, writer, size) = match args.values {
            [reader, writer] => (reader, writer, DEFAULT_BUFFER_SIZE.into_value(cx)?),
            [reader, writer, size] => (reader, writer, index::as_index(cx, size)?.into_value(cx)?),
            less if less.len() < 2 => {
                return Err(cx.type_error(format!(
                    "BufferedRWPair expected at least 2 arguments, got {}",
                    less.len()
                )));
            }
            more => {
                return Err(cx.type_error(format!(
                    "BufferedRWPair expected at most 3 arguments, got {}",
                    more.len()
                )));
            }
        };
        check_able(cx, reader, "readable")?;
        check_able(cx, writer, "writable")?;
        let reader = call::call(
            cx,
            BufferedReader::class().as_value(),
            &[reader.clone(), size.clone()],
        )?;
        let writer = call::call(
            cx,
            BufferedWriter::class().as_value(),
            &[writer.clone(), size],
        )?;
        this.reader.set(Some(reader));
        this.writer.set(Some(writer));
        Ok(())
    }

    #[method("read(self, *args)")]
    fn read(cx: &Context, this: &Ref<BufferedPair>, args: &[Value]) -> PyResult<Value> {
        forward(cx, &this.reader, "read", args)
    }

    #[method("peek(self, *args)")]
    fn peek(cx: &Context, this: &Ref<BufferedPair>, args: &[Value]) -> PyResult<Value> {
        forward(cx, &this.reader, "peek", args)
    }

    #[method("read1(self, *args)")]
    fn read1(cx: &Context, this: &Ref<BufferedPair>, args: &[Value]) -> PyResult<Value> {
        forward(cx, &this.reader, "read1", args)
    }

    #[method("readinto(self, *args)")]
    fn readinto(cx: &Context, this: &Ref<BufferedPair>, args: &[Value]) -> PyResult<Value> {
        forward(cx, &this.reader, "readinto", args)
    }

    #[method("readinto1(self, *args)")]
    fn readinto1(cx: &Context, this: &Ref<BufferedPair>, args: &[Value]) -> PyResult<Value> {
        forward(cx, &this.reader, "readinto1", args)
    }

    #[method("write(self, *args)")]
    fn write(cx: &Context, this: &Ref<BufferedPair>, args: &[Value]) -> PyResult<Value> {
        forward(cx, &this.writer, "write", args)
    }

    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<BufferedPair>) -> PyResult<Value> {
        forward(cx, &this.writer, "flush", &[])
    }

    #[method("readable(self, /)")]
    fn readable(cx: &Context, this: &Ref<BufferedPair>) -> PyResult<Value> {
        forward(cx, &this.reader, "readable", &[])
    }

    #[method("writable(self, /)")]
    fn writable(cx: &Context, this: &Ref<BufferedPair>) -> PyResult<Value> {
        forward(cx, &this.writer, "writable", &[])
    }

    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<BufferedPair>) -> PyResult<()> {
        base::both(
            cx,
            || forward(cx, &this.writer, "close", &[]).map(drop),
            || forward(cx, &this.reader, "close", &[]).map(drop),
        )
    }

    #[method("isatty(self, /)")]
    fn isatty(cx: &Context, this: &Ref<BufferedPair>) -> PyResult<Value> {
        let writer = forward(cx, &this.writer, "isatty", &[])?;
        if writer.truth(cx)? {
            Ok(writer)
        } else {
            forward(cx, &this.reader, "isatty", &[])
        }
    }

    #[getter]
    fn closed(cx: &Context, this: &Ref<BufferedPair>) -> PyResult<Value> {
        match this.writer.get() {
            Some(writer) => attribute::get(cx, &writer, Name::intern(cx, "closed")?),
            None => Err(cx.runtime_error("the BufferedRWPair object is being garbage-collected")),
        }
    }
}
