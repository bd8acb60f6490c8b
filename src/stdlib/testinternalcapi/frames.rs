//! A frame's code, instruction and line.

use typhon_macros::pyfunction;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::{Context, PyResult, Ref, Value};

fn frame_argument<'a>(cx: &Context, frame: &'a Value) -> PyResult<&'a Ref<FrameObject>> {
    frame
        .downcast::<FrameObject>()
        .ok_or_else(|| cx.type_error("argument must be a frame"))
}

#[pyfunction("iframe_getcode(frame, /)")]
pub fn iframe_getcode(cx: &Context, frame: &Value) -> PyResult<Ref<Code>> {
    frame_argument(cx, frame).map(|frame| frame.code().clone())
}

/// The offset of the instruction that runs or ran last, as `f_lasti`.
#[pyfunction("iframe_getlasti(frame, /)")]
pub fn iframe_getlasti(cx: &Context, frame: &Value) -> PyResult<usize> {
    let frame = frame_argument(cx, frame)?;
    Ok(frame.code().offset_of(frame.instruction(cx)))
}

#[pyfunction("iframe_getline(frame, /)")]
pub fn iframe_getline(cx: &Context, frame: &Value) -> PyResult<Option<u32>> {
    frame_argument(cx, frame).map(|frame| frame.line(cx))
}
