//! What a buffer does with the raw stream below it: directly when that is a `FileIO`, else by calling
//! its methods and checking what they answer.

use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::{self, Bytes};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, instance};

use super::base::{is_interruption, method};
use super::file::FileIo;

/// Calls a method again when a signal ended it early.
fn call(cx: &Context, raw: &Value, name: &str, argument: &Value) -> PyResult<Value> {
    loop {
        match method(cx, raw, name, std::slice::from_ref(argument)) {
            Err(Raised) if is_interruption(cx) => {
                cx.clear_exception();
                crate::blocking::interrupted(cx)?;
            }
            result => return result,
        }
    }
}

/// The stream as a file of ours whose method `name` is the class's own: `open()` gives each file an
/// attribute of its own, its name.
fn own_file<'a>(cx: &Context, raw: &'a Value, name: &str) -> PyResult<Option<&'a Ref<FileIo>>> {
    if let Some(file) = raw.downcast_exact::<FileIo>() {
        return Ok(Some(file));
    }
    match raw.downcast_directly::<FileIo>() {
        Some(file) if instance::get(cx, raw, Name::intern(cx, name)?)?.is_none() => Ok(Some(file)),
        _ => Ok(None),
    }
}

/// A count that a method answered; it must be within what was asked for.
fn count(cx: &Context, answer: &Value, most: usize, name: &str) -> PyResult<usize> {
    let Some(count) = int::view(answer).and_then(|count| count.to_i128()) else {
        if answer.class().slots.index.get().is_none() {
            let got = answer.type_name();
            let Raised = cx.type_error(format!(
                "'{got}' object cannot be interpreted as an integer"
            ));
            let cause = cx.take_exception();
            let raised = cx.os_error(format!("raw {name}() failed"));
            exceptions::set_cause_of_raised(cx, cause);
            return Err(raised);
        }
        return Err(cx.overflow_error("cannot fit 'int' into an index-sized integer"));
    };
    match usize::try_from(count) {
        Ok(count) if count <= most => Ok(count),
        _ => Err(cx.os_error(format!(
            "raw {name}() returned invalid length {count} (should have been between 0 and {most})"
        ))),
    }
}

/// One read into `out`; `None` when that would block.
pub fn read(cx: &Context, raw: &Value, out: &mut [u8]) -> PyResult<Option<usize>> {
    if let Some(file) = own_file(cx, raw, "readinto")? {
        return file.read_once(cx, out);
    }
    let memory = ByteArray::from_vec(cx, bytes::zeros(cx, out.len())?)?;
    let view = MemoryView::new(cx, memory.as_value())?;
    let answer = call(cx, raw, "readinto", view.as_value())?;
    if answer.is_none() {
        return Ok(None);
    }
    let count = count(cx, &answer, out.len(), "readinto")?;
    let bytes = memory.to_vec();
    out[..count].copy_from_slice(&bytes[..count]);
    Ok(Some(count))
}

/// One write; `None` when that would block.
pub fn write(cx: &Context, raw: &Value, bytes: &[u8]) -> PyResult<Option<usize>> {
    if let Some(file) = own_file(cx, raw, "write")? {
        return file.write_once(cx, bytes);
    }
    let memory = Bytes::from_slice(cx, bytes)?;
    let view = MemoryView::new(cx, memory.as_value())?;
    let answer = call(cx, raw, "write", view.as_value())?;
    if answer.is_none() {
        return Ok(None);
    }
    count(cx, &answer, bytes.len(), "write").map(Some)
}

fn position(cx: &Context, answer: &Value) -> PyResult<i64> {
    let position = super::offset(cx, answer)?;
    if position < 0 {
        return Err(cx.os_error(format!("Raw stream returned invalid position {position}")));
    }
    Ok(position)
}

/// Moves the raw stream.
pub fn seek(cx: &Context, raw: &Value, offset: i64, whence: i32) -> PyResult<i64> {
    if let Some(file) = own_file(cx, raw, "seek")? {
        return file.seek_to(cx, offset, whence);
    }
    let answer = method(
        cx,
        raw,
        "seek",
        &[offset.into_value(cx)?, whence.into_value(cx)?],
    )?;
    position(cx, &answer)
}

/// Where the raw stream is.
pub fn tell(cx: &Context, raw: &Value) -> PyResult<i64> {
    if let Some(file) = own_file(cx, raw, "tell")? {
        return file.seek_to(cx, 0, libc::SEEK_CUR);
    }
    position(cx, &method(cx, raw, "tell", &[])?)
}

/// All that is left in the raw stream: `None` when it would block at once.
pub fn read_all(cx: &Context, raw: &Value) -> PyResult<Option<Vec<u8>>> {
    if let Some(file) = own_file(cx, raw, "readall")? {
        return file.read_all(cx);
    }
    let Some(readall) =
        typhon_runtime::protocols::attribute::find(cx, raw, Name::intern(cx, "readall")?)?
    else {
        return read_until_end(cx, raw);
    };
    let answer = typhon_runtime::protocols::call::call(cx, &readall, &[])?;
    if answer.is_none() {
        return Ok(None);
    }
    match answer.downcast::<Bytes>() {
        Some(bytes) => Ok(Some(bytes.as_slice().to_vec())),
        None => Err(cx.type_error("readall() should return bytes")),
    }
}

fn read_until_end(cx: &Context, raw: &Value) -> PyResult<Option<Vec<u8>>> {
    let mut all = Vec::new();
    loop {
        let answer = method(cx, raw, "read", &[])?;
        if answer.is_none() {
            return Ok((!all.is_empty()).then_some(all));
        }
        let Some(bytes) = answer.downcast::<Bytes>() else {
            return Err(cx.type_error("read() should return bytes"));
        };
        if bytes.is_empty() {
            return Ok(Some(all));
        }
        all.extend_from_slice(bytes.as_slice());
    }
}
