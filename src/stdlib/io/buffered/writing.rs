//! What Python sees of a buffer that is written to.

use typhon_macros::pymethods;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::Buffered;
use crate::bytes_like::BytesLike;
use crate::io::base::method;

impl Buffered {
    /// Writes all of `bytes`, for the text stream above.
    ///
    /// # Errors
    /// ValueError when closed, BlockingIOError, and what the raw stream raises.
    pub fn write_bytes(cx: &Context, this: &Ref<Buffered>, bytes: &[u8]) -> PyResult<()> {
        let raw = this.raw(cx)?;
        // Asked with the state held: another thread may be closing the file.
        let mut state = this.enter(cx, this.as_value())?;
        Buffered::check_open(cx, &raw, "write to closed file")?;
        state.write(cx, &raw, bytes)
    }

    /// Writes what is pending.
    ///
    /// # Errors
    /// As [`Buffered::write_bytes`].
    pub fn flush_pending(cx: &Context, this: &Ref<Buffered>) -> PyResult<()> {
        let raw = this.open_raw(cx, "flush of closed file")?;
        let mut state = this.enter(cx, this.as_value())?;
        state.flush(cx, &raw)?;
        state.rewind(cx, &raw)
    }
}

#[pymethods(table = WRITING)]
impl Buffered {
    #[method("writable(self, /)")]
    fn writable(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        method(cx, &this.raw(cx)?, "writable", &[])
    }

    #[method("write(self, buffer, /)")]
    fn write(cx: &Context, this: &Ref<Buffered>, buffer: &Value) -> PyResult<usize> {
        this.raw(cx)?;
        let bytes = BytesLike::of(cx, buffer)?;
        Buffered::write_bytes(cx, this, bytes.bytes())?;
        Ok(bytes.len())
    }

    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<Buffered>) -> PyResult<()> {
        Buffered::flush_pending(cx, this)
    }
}
