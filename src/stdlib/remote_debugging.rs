//! `_remote_debugging`: looking at another process's stacks, which Typhon does not do.
//!
//! The module is there for its names: `asyncio.tools`, and with it `python -m asyncio`, import them.
//! Whoever asks for a process is told that it cannot be looked at.

use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::Args;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

static FRAME_INFO: Description = Description::new(
    "_remote_debugging",
    "FrameInfo",
    "Information about a frame",
    &[
        ("filename", "Source code filename"),
        ("lineno", "Line number"),
        ("funcname", "Function name"),
    ],
    3,
);

static THREAD_INFO: Description = Description::new(
    "_remote_debugging",
    "ThreadInfo",
    "Information about a thread",
    &[
        ("thread_id", "Thread ID"),
        ("frame_info", "Frame information"),
    ],
    2,
);

static TASK_INFO: Description = Description::new(
    "_remote_debugging",
    "TaskInfo",
    "Information about an asyncio task",
    &[
        ("task_id", "Task ID (memory address)"),
        ("task_name", "Task name"),
        ("coroutine_stack", "Coroutine call stack"),
        ("awaited_by", "Tasks awaiting this task"),
    ],
    4,
);

static CORO_INFO: Description = Description::new(
    "_remote_debugging",
    "CoroInfo",
    "Information about a coroutine",
    &[
        ("call_stack", "Coroutine call stack"),
        ("task_name", "Task name"),
    ],
    2,
);

static AWAITED_INFO: Description = Description::new(
    "_remote_debugging",
    "AwaitedInfo",
    "Information about what a thread is awaiting",
    &[
        ("thread_id", "Thread ID"),
        ("awaited_by", "List of tasks awaited by this thread"),
    ],
    2,
);

#[pymodule(name = "_remote_debugging", classes(RemoteUnwinder))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let descriptions = [
        ("FrameInfo", &FRAME_INFO),
        ("ThreadInfo", &THREAD_INFO),
        ("TaskInfo", &TASK_INFO),
        ("CoroInfo", &CORO_INFO),
        ("AwaitedInfo", &AWAITED_INFO),
    ];
    for (name, description) in descriptions {
        module::add(cx, this, name, description.class(cx)?.to_value())?;
    }
    module::add(cx, this, "PROCESS_VM_READV_SUPPORTED", 0_i64)
}

/// The payload of what would look at another process.
#[pyclass(
    name = "RemoteUnwinder",
    module = "_remote_debugging",
    plain,
    doc = "RemoteUnwinder(pid): Inspect stack of a remote Python process."
)]
pub struct RemoteUnwinder;

#[pymethods]
impl RemoteUnwinder {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let _ = (class, args);
        Err(cx.runtime_error("Remote debugging is not enabled"))
    }
}
