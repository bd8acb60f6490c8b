//! Readers and writers of streams: pieces that come from a file, or go to one.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, index, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value, object};

use super::incremental::{Decoder, Encoder, Scheme, arguments};

/// The payload of a stream reader.
#[pyclass(
    name = "MultibyteStreamReader",
    module = "_multibytecodec",
    flags(BASETYPE)
)]
pub struct MultibyteStreamReader {
    decoder: Decoder,
    stream: Value,
}

impl object::Traverse for MultibyteStreamReader {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.decoder.scheme.codec.as_value());
        visit(&self.stream);
    }
}

impl MultibyteStreamReader {
    /// Reads with a method of the stream until there is a character, or all when there is no size.
    fn read_with(&self, cx: &Context, method: &str, size: Maybe<&Value>) -> PyResult<Ref<Str>> {
        let mut size = match size.0.filter(|size| !size.is_none()) {
            None => -1,
            Some(size) if int::as_bigint(size).is_some() => index::as_index(cx, size)?,
            Some(_) => return Err(cx.type_error("arg 1 must be an integer")),
        };
        if size == 0 {
            return Ok(Str::empty());
        }
        let method = Name::intern(cx, method)?;
        loop {
            let piece = if size < 0 {
                call::call_method(cx, &self.stream, method, &[])?
            } else {
                let size = int::from_i64(cx, size as i64)?;
                call::call_method(cx, &self.stream, method, &[size])?
            };
            let Some(bytes) = piece.downcast::<Bytes>() else {
                return Err(cx.type_error(format!(
                    "stream function returned a non-bytes object ({})",
                    piece.type_name()
                )));
            };
            let is_at_end = bytes.as_slice().is_empty();
            let points = self
                .decoder
                .decode(cx, bytes.as_slice(), is_at_end || size < 0)?;
            if size < 0 || is_at_end || !points.is_empty() {
                return Str::from_code_points(cx, &points);
            }
            // Part of a character: the rest is one byte or a few more.
            size = 1;
        }
    }
}

#[pymethods]
impl MultibyteStreamReader {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let names = ["stream", "errors"];
        let [stream, errors] = arguments(cx, "StreamReader", names, 1, &args)?;
        let reader = MultibyteStreamReader {
            decoder: Decoder::new(Scheme::new(cx, class, errors)?),
            stream: stream.cloned().unwrap_or(Value::NONE),
        };
        object::new_of_class(cx, class, reader).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(_cx: &Context, _this: &Value, _args: Args<'_>) -> PyResult<()> {
        Ok(())
    }

    #[method("read(self, sizeobj=None, /)")]
    fn read(
        cx: &Context,
        this: &Ref<MultibyteStreamReader>,
        size: Maybe<&Value>,
    ) -> PyResult<Ref<Str>> {
        this.read_with(cx, "read", size)
    }

    #[method("readline(self, sizeobj=None, /)")]
    fn readline(
        cx: &Context,
        this: &Ref<MultibyteStreamReader>,
        size: Maybe<&Value>,
    ) -> PyResult<Ref<Str>> {
        this.read_with(cx, "readline", size)
    }

    #[method("readlines(self, sizehintobj=None, /)")]
    fn readlines(
        cx: &Context,
        this: &Ref<MultibyteStreamReader>,
        size: Maybe<&Value>,
    ) -> PyResult<Value> {
        let text = this.read_with(cx, "read", size)?.into_value();
        let method = Name::intern(cx, "splitlines")?;
        call::call_method(cx, &text, method, &[Value::TRUE])
    }

    #[method("reset(self, /)")]
    fn reset(_cx: &Context, this: &Ref<MultibyteStreamReader>) -> PyResult<()> {
        this.decoder.reset();
        Ok(())
    }

    #[getter]
    fn stream(_cx: &Context, this: &Ref<MultibyteStreamReader>) -> PyResult<Value> {
        Ok(this.stream.clone())
    }

    /// how to treat errors
    #[getter]
    fn errors(_cx: &Context, this: &Ref<MultibyteStreamReader>) -> PyResult<String> {
        Ok(this.decoder.scheme.errors())
    }

    #[setter]
    fn set_errors(
        cx: &Context,
        this: &Ref<MultibyteStreamReader>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.decoder.scheme.set_errors(cx, value)
    }
}

/// The payload of a stream writer.
#[pyclass(
    name = "MultibyteStreamWriter",
    module = "_multibytecodec",
    flags(BASETYPE)
)]
pub struct MultibyteStreamWriter {
    encoder: Encoder,
    stream: Value,
}

impl object::Traverse for MultibyteStreamWriter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.encoder.scheme.codec.as_value());
        visit(&self.stream);
    }
}

impl MultibyteStreamWriter {
    fn put(&self, cx: &Context, bytes: &[u8]) -> PyResult<()> {
        let bytes = Bytes::from_slice(cx, bytes)?.into_value();
        call::call_method(cx, &self.stream, Name::intern(cx, "write")?, &[bytes]).map(drop)
    }
}

#[pymethods]
impl MultibyteStreamWriter {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let names = ["stream", "errors"];
        let [stream, errors] = arguments(cx, "StreamWriter", names, 1, &args)?;
        let writer = MultibyteStreamWriter {
            encoder: Encoder::new(Scheme::new(cx, class, errors)?),
            stream: stream.cloned().unwrap_or(Value::NONE),
        };
        object::new_of_class(cx, class, writer).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(_cx: &Context, _this: &Value, _args: Args<'_>) -> PyResult<()> {
        Ok(())
    }

    #[method("write(self, strobj, /)")]
    fn write(cx: &Context, this: &Ref<MultibyteStreamWriter>, text: &Value) -> PyResult<()> {
        let bytes = this.encoder.encode(cx, text, false)?;
        this.put(cx, &bytes)
    }

    #[method("writelines(self, lines, /)")]
    fn writelines(cx: &Context, this: &Ref<MultibyteStreamWriter>, lines: &Value) -> PyResult<()> {
        for line in iterate::collect(cx, lines)? {
            MultibyteStreamWriter::write(cx, this, &line)?;
        }
        Ok(())
    }

    #[method("reset(self, /)")]
    fn reset(cx: &Context, this: &Ref<MultibyteStreamWriter>) -> PyResult<()> {
        let bytes = this.encoder.reset(cx)?;
        if bytes.is_empty() {
            return Ok(());
        }
        this.put(cx, &bytes)
    }

    #[getter]
    fn stream(_cx: &Context, this: &Ref<MultibyteStreamWriter>) -> PyResult<Value> {
        Ok(this.stream.clone())
    }

    /// how to treat errors
    #[getter]
    fn errors(_cx: &Context, this: &Ref<MultibyteStreamWriter>) -> PyResult<String> {
        Ok(this.encoder.scheme.errors())
    }

    #[setter]
    fn set_errors(
        cx: &Context,
        this: &Ref<MultibyteStreamWriter>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.encoder.scheme.set_errors(cx, value)
    }
}
