//! `_asyncio`: futures, tasks, and which loop and task each thread runs.
//!
//! ```text
//!   loop ──call_soon──▶ step ──▶ Task ──resumes──▶ coroutine
//!                                  │                  │ awaits
//!                                  │ fut_waiter       ▼
//!                                  └─────────────▶ Future ──callbacks──▶ loop.call_soon(wake up, …)
//! ```
//! The Python half of the library has the loops; this has what every `await` goes through.
//!
//! State of futures and tasks is behind the object's lock. What calls Python (the loop, callbacks that are
//! compared) works on what it took out, and looks again afterwards.
//!
//! Files: `future` (the class), `wait` (what `await future` iterates over), `task` (the class), `step`
//! (running a task's coroutine to its next await), `registry` (all tasks there are), `running` (the loop
//! and task of a thread), `imported` (what the Python half gives).

mod future;
mod imported;
mod registry;
mod running;
mod step;
mod task;
mod wait;

use typhon_macros::pymodule;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref};

use future::{FUTURE_ADD_TO_AWAITED_BY, FUTURE_DISCARD_FROM_AWAITED_BY, Future};
pub use running::after_fork_child;
use running::*;
use task::Task;

/// Accelerator module for asyncio
#[pymodule(
    name = "_asyncio",
    functions(
        all_tasks,
        current_task,
        enter_task,
        future_add_to_awaited_by,
        future_discard_from_awaited_by,
        get_event_loop,
        get_running_loop,
        get_running_loop_or_none,
        leave_task,
        register_eager_task,
        register_task,
        set_running_loop,
        swap_current_task,
        unregister_eager_task,
        unregister_task
    ),
    classes(Future, Task)
)]
fn initialize(cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    class_of::<wait::FutureIterator>(cx)?;
    class_of::<step::Step>(cx)?;
    Ok(())
}
