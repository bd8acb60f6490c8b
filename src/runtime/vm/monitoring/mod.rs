//! Events of execution: `sys.monitoring` (PEP 669), `sys.settrace`, `sys.setprofile`.
//!
//! ```text
//!   mod.rs         who wants which events: tools, threads that trace
//!   instrument.rs  the marks on instructions at which events happen
//!   events.rs      the loop comes by a mark; exceptions go by
//!   legacy.rs      what a thread's trace and profile functions see of events
//!   line_jump.rs   setting f_lineno
//! ```
//!
//! Nothing is paid while nobody asks. An instruction at which a wanted event can happen has its opcode
//! replaced by `INSTRUMENTED`, with one atomic store, in the one code that all threads share; the loop's
//! arm for it reports the events and goes on with the original instruction, which the compiler's code
//! keeps. All code is marked with the world stopped when more events are wanted than before, and code
//! that is made later when it is made. Nobody walks the code when fewer events are wanted: a mark at which
//! nothing is wanted any more takes itself away when the loop comes by it.
//!
//! [`WANTED`] is the union of what tools want everywhere and what tracing threads need. Whether the
//! thread that comes by a mark is one that traces, it sees in its own context.

pub mod events;
pub mod instrument;
pub mod legacy;
pub(crate) mod line_jump;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::context::Context;
use crate::object::Ref;
use crate::objects::code::Code;
use crate::value::Value;

/// Tools there can be.
pub const TOOLS: usize = 6;

/// Names of events in the order of their bits.
pub const EVENTS: [&str; 19] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
    "BRANCH",
];

/// The bits of events.
pub mod event {
    pub const PY_START: u32 = 1;
    pub const PY_RESUME: u32 = 1 << 1;
    pub const PY_RETURN: u32 = 1 << 2;
    pub const PY_YIELD: u32 = 1 << 3;
    pub const CALL: u32 = 1 << 4;
    pub const LINE: u32 = 1 << 5;
    pub const INSTRUCTION: u32 = 1 << 6;
    pub const JUMP: u32 = 1 << 7;
    pub const BRANCH_LEFT: u32 = 1 << 8;
    pub const BRANCH_RIGHT: u32 = 1 << 9;
    pub const STOP_ITERATION: u32 = 1 << 10;
    pub const RAISE: u32 = 1 << 11;
    pub const EXCEPTION_HANDLED: u32 = 1 << 12;
    pub const PY_UNWIND: u32 = 1 << 13;
    pub const PY_THROW: u32 = 1 << 14;
    pub const RERAISE: u32 = 1 << 15;
    pub const C_RETURN: u32 = 1 << 16;
    pub const C_RAISE: u32 = 1 << 17;
    /// Stands for both branches.
    pub const BRANCH: u32 = 1 << 18;

    pub const BRANCHES: u32 = BRANCH_LEFT | BRANCH_RIGHT;
    /// Reported with `CALL` only.
    pub const AFTER_C_CALL: u32 = C_RETURN | C_RAISE;
    /// Events at instructions, which a tool may ask for in some code only, and disable.
    pub const LOCAL: u32 = RAISE - 1;
}

/// What one tool asked for.
struct Tool {
    name: Option<Value>,
    events: u32,
    callbacks: [Option<Value>; EVENTS.len()],
    /// Code objects with local events.
    local: Vec<(Ref<Code>, u32)>,
}

impl Tool {
    const FREE: Tool = Tool {
        name: None,
        events: 0,
        callbacks: [const { None }; EVENTS.len()],
        local: Vec::new(),
    };
}

/// The lock is a leaf: values taken out are dropped after it is given back.
static REGISTRY: Mutex<[Tool; TOOLS]> = Mutex::new([const { Tool::FREE }; TOOLS]);

/// Events that are wanted in all code.
static WANTED: AtomicU32 = AtomicU32::new(0);

/// The part of it that tools want.
static WANTED_BY_TOOLS: AtomicU32 = AtomicU32::new(0);

/// Held while [`WANTED`] is changed and code is marked accordingly.
static UPDATE: Mutex<()> = Mutex::new(());

/// `sys.monitoring.DISABLE` and `MISSING`.
static SENTINELS: OnceLock<[Value; 2]> = OnceLock::new();

/// Sets the objects that callbacks return to disable an event, and get for an argument that is not there.
pub fn set_sentinels(disable: Value, missing: Value) {
    let _ = SENTINELS.set([disable, missing]);
}

fn disable() -> Option<&'static Value> {
    SENTINELS.get().map(|[disable, _]| disable)
}

fn missing() -> Value {
    match SENTINELS.get() {
        Some([_, missing]) => missing.clone(),
        None => Value::NONE,
    }
}

/// Events that are wanted in all code.
#[inline]
pub(crate) fn wanted() -> u32 {
    WANTED.load(Ordering::Relaxed)
}

/// Events that are wanted in `code`.
fn wanted_in(code: &Code) -> u32 {
    wanted() | code.monitoring.get().map_or(0, |data| data.local_events())
}

/// The name of a tool that is in use.
pub fn tool_name(tool: usize) -> Option<Value> {
    REGISTRY.lock()[tool].name.clone()
}

/// Gives a tool a name. False when it has one.
pub fn use_tool(tool: usize, name: &Value) -> bool {
    let mut registry = REGISTRY.lock();
    if registry[tool].name.is_some() {
        return false;
    }
    registry[tool].name = Some(name.clone());
    true
}

/// Forgets what a tool asked for; `free`: its name too.
pub fn clear_tool(cx: &Context, tool: usize, free: bool) {
    let mut registry = REGISTRY.lock();
    let name = registry[tool].name.clone();
    if name.is_none() {
        return;
    }
    let fresh = Tool {
        name: name.filter(|_| !free),
        ..Tool::FREE
    };
    let old = std::mem::replace(&mut registry[tool], fresh);
    drop(registry);
    for (code, _) in &old.local {
        instrument::set_local_events(code, tool, 0);
    }
    instrument::forget_disabled(cx, Some(tool));
    drop(old);
    update(cx, false);
}

/// Sets the callback of the event with this bit; the one before.
pub fn set_callback(tool: usize, bit: usize, callback: Option<Value>) -> Option<Value> {
    std::mem::replace(&mut REGISTRY.lock()[tool].callbacks[bit], callback)
}

/// The events that a tool wants in all code.
pub fn events(tool: usize) -> u32 {
    REGISTRY.lock()[tool].events
}

/// Sets the events that a tool wants in all code.
pub fn set_events(cx: &Context, tool: usize, events: u32) {
    let before = std::mem::replace(&mut REGISTRY.lock()[tool].events, events);
    update(cx, events & !before != 0);
}

/// The events that a tool wants in `code`.
pub fn local_events(tool: usize, code: &Ref<Code>) -> u32 {
    let registry = REGISTRY.lock();
    let entry = registry[tool]
        .local
        .iter()
        .find(|(known, _)| known.is(code));
    entry.map_or(0, |(_, events)| *events)
}

/// Sets the events that a tool wants in `code`.
pub fn set_local_events(tool: usize, code: &Ref<Code>, events: u32) {
    let mut registry = REGISTRY.lock();
    let local = &mut registry[tool].local;
    let old = match local.iter().position(|(known, _)| known.is(code)) {
        Some(place) if events == 0 => Some(local.swap_remove(place)),
        Some(place) => {
            local[place].1 = events;
            None
        }
        None => {
            if events != 0 {
                local.push((code.clone(), events));
            }
            None
        }
    };
    drop(registry);
    instrument::set_local_events(code, tool, events);
    drop(old);
}

/// Computes [`WANTED`] anew, and marks all code when more is wanted than before, or `again`.
///
/// One thread at a time: who finds that another wants the same already must not go on before that one has
/// marked the code, and an older sum must not be stored over a newer one. Waiting threads are detached,
/// since marking stops the world.
fn update(cx: &Context, again: bool) {
    let _turn = match UPDATE.try_lock() {
        Some(turn) => turn,
        None => cx.detached(|| UPDATE.lock()),
    };
    let by_tools = REGISTRY
        .lock()
        .iter()
        .fold(0, |events, tool| events | tool.events);
    WANTED_BY_TOOLS.store(by_tools, Ordering::Relaxed);
    let all = by_tools | legacy::wanted();
    let before = WANTED.swap(all, Ordering::Relaxed);
    if again || all & !before & event::LOCAL != 0 {
        instrument::mark_everything(cx);
    }
}

/// Takes back that callbacks disabled events.
pub fn restart_events(cx: &Context) {
    instrument::forget_disabled(cx, None);
}
