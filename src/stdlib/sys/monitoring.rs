//! `sys.monitoring` (PEP 669): which tool wants which events, and whom it wants called.
//!
//! The registry is whole: tools, callbacks, global events, and local events of code objects. The
//! evaluation loop does not report events to it yet.

use parking_lot::Mutex;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::namespace::Namespace;
use typhon_runtime::objects::object;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Value};

/// Tools there can be.
const TOOLS: usize = 6;

/// Events in the order of their bits.
const EVENTS: [&str; 19] = [
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

const CALL: u32 = 1 << 4;
const BRANCHES: u32 = 1 << 8 | 1 << 9;
/// The first event that cannot be local.
const FIRST_GLOBAL: u32 = 11;
/// Reported with `CALL` only.
const AFTER_C_CALL: u32 = 1 << 16 | 1 << 17;
/// Stands for `BRANCH_LEFT` and `BRANCH_RIGHT`.
const BRANCH: u32 = 1 << 18;

/// What one tool asked for.
struct Tool {
    name: Option<Value>,
    events: u32,
    callbacks: [Option<Value>; EVENTS.len()],
    /// Code objects with local events.
    local: Vec<(Value, u32)>,
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

/// This module provides the registry of tools that monitor execution.
#[pymodule(
    name = "sys.monitoring",
    functions(
        use_tool_id,
        clear_tool_id,
        free_tool_id,
        get_tool,
        register_callback,
        get_events,
        set_events,
        get_local_events,
        set_local_events,
        restart_events,
        all_events
    )
)]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    let mut events = vec![("NO_EVENTS", int::from_i64(cx, 0)?)];
    for (bit, name) in EVENTS.iter().enumerate() {
        events.push((*name, int::from_i64(cx, 1 << bit)?));
    }
    add(
        cx,
        module,
        "events",
        Namespace::from_pairs(cx, &events)?.into_value(),
    )?;
    for name in ["DISABLE", "MISSING"] {
        add(
            cx,
            module,
            name,
            call::call(cx, object::class().as_value(), &[])?,
        )?;
    }
    for (name, id) in [
        ("DEBUGGER_ID", 0),
        ("COVERAGE_ID", 1),
        ("PROFILER_ID", 2),
        ("OPTIMIZER_ID", 5),
    ] {
        add(cx, module, name, int::from_i64(cx, id)?)?;
    }
    Ok(())
}

fn tool(cx: &Context, tool_id: i64) -> PyResult<usize> {
    match usize::try_from(tool_id) {
        Ok(tool) if tool < TOOLS => Ok(tool),
        _ => Err(cx.value_error(format!("invalid tool {tool_id} (must be between 0 and 5)"))),
    }
}

fn in_use(cx: &Context, tool_id: i64) -> PyResult<usize> {
    let tool = tool(cx, tool_id)?;
    if REGISTRY.lock()[tool].name.is_none() {
        return Err(cx.value_error(format!("tool {tool_id} is not in use")));
    }
    Ok(tool)
}

/// The events of a set that may be asked for, with `BRANCH` taken apart.
fn event_set(cx: &Context, event_set: i64) -> PyResult<u32> {
    let known = u32::try_from(event_set)
        .ok()
        .filter(|set| set >> EVENTS.len() == 0);
    let Some(mut set) = known else {
        return Err(cx.value_error(format!("invalid event set 0x{:x}", event_set as u32)));
    };
    let of_c_calls = set & (CALL | AFTER_C_CALL);
    if of_c_calls & AFTER_C_CALL != 0 && of_c_calls != CALL | AFTER_C_CALL {
        return Err(cx.value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    set &= !AFTER_C_CALL;
    if set & BRANCH != 0 {
        set = set & !BRANCH | BRANCHES;
    }
    Ok(set)
}

#[pyfunction("use_tool_id(tool_id, name, /)")]
pub fn use_tool_id(cx: &Context, tool_id: i64, name: &Value) -> PyResult<()> {
    let tool = tool(cx, tool_id)?;
    if name.downcast::<Str>().is_none() {
        return Err(cx.value_error("tool name must be a str"));
    }
    let mut registry = REGISTRY.lock();
    if registry[tool].name.is_some() {
        drop(registry);
        return Err(cx.value_error(format!("tool {tool_id} is already in use")));
    }
    registry[tool].name = Some(name.clone());
    Ok(())
}

#[pyfunction("clear_tool_id(tool_id, /)")]
pub fn clear_tool_id(cx: &Context, tool_id: i64) -> PyResult<()> {
    let tool = tool(cx, tool_id)?;
    let mut registry = REGISTRY.lock();
    if registry[tool].name.is_some() {
        let name = registry[tool].name.clone();
        let old = std::mem::replace(&mut registry[tool], Tool { name, ..Tool::FREE });
        drop(registry);
        drop(old);
    }
    Ok(())
}

#[pyfunction("free_tool_id(tool_id, /)")]
pub fn free_tool_id(cx: &Context, tool_id: i64) -> PyResult<()> {
    let tool = tool(cx, tool_id)?;
    let old = std::mem::replace(&mut REGISTRY.lock()[tool], Tool::FREE);
    drop(old);
    Ok(())
}

#[pyfunction("get_tool(tool_id, /)")]
pub fn get_tool(cx: &Context, tool_id: i64) -> PyResult<Option<Value>> {
    let tool = tool(cx, tool_id)?;
    Ok(REGISTRY.lock()[tool].name.clone())
}

#[pyfunction("register_callback(tool_id, event, func, /)")]
pub fn register_callback(
    cx: &Context,
    tool_id: i64,
    event: i64,
    func: &Value,
) -> PyResult<Option<Value>> {
    let tool = tool(cx, tool_id)?;
    let bit = match u32::try_from(event) {
        Ok(event) if event.is_power_of_two() => event.trailing_zeros() as usize,
        _ => {
            return Err(cx.value_error("The callback can only be set for one event at a time"));
        }
    };
    if bit >= EVENTS.len() {
        return Err(cx.value_error(format!("invalid event {event}")));
    }
    let func = Some(func.clone()).filter(|func| !func.is_none());
    Ok(std::mem::replace(
        &mut REGISTRY.lock()[tool].callbacks[bit],
        func,
    ))
}

#[pyfunction("get_events(tool_id, /)")]
pub fn get_events(cx: &Context, tool_id: i64) -> PyResult<u32> {
    let tool = tool(cx, tool_id)?;
    Ok(REGISTRY.lock()[tool].events)
}

#[pyfunction("set_events(tool_id, event_set, /)")]
pub fn set_events(cx: &Context, tool_id: i64, event_set: i64) -> PyResult<()> {
    tool(cx, tool_id)?;
    let events = self::event_set(cx, event_set)?;
    let tool = in_use(cx, tool_id)?;
    REGISTRY.lock()[tool].events = events;
    Ok(())
}

#[pyfunction("get_local_events(tool_id, code, /)")]
pub fn get_local_events(cx: &Context, tool_id: i64, code: &Value) -> PyResult<u32> {
    check_code(cx, code)?;
    let tool = tool(cx, tool_id)?;
    let registry = REGISTRY.lock();
    let entry = registry[tool]
        .local
        .iter()
        .find(|(known, _)| known.is(code));
    Ok(entry.map_or(0, |(_, events)| *events))
}

#[pyfunction("set_local_events(tool_id, code, event_set, /)")]
pub fn set_local_events(cx: &Context, tool_id: i64, code: &Value, event_set: i64) -> PyResult<()> {
    check_code(cx, code)?;
    tool(cx, tool_id)?;
    let events = self::event_set(cx, event_set)?;
    if events >> FIRST_GLOBAL != 0 {
        return Err(cx.value_error(format!("invalid local event set 0x{events:x}")));
    }
    let tool = in_use(cx, tool_id)?;
    let mut registry = REGISTRY.lock();
    let local = &mut registry[tool].local;
    let place = local.iter().position(|(known, _)| known.is(code));
    let old = match place {
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
    drop(old);
    Ok(())
}

fn check_code(cx: &Context, code: &Value) -> PyResult<()> {
    if code.downcast::<Code>().is_some() {
        Ok(())
    } else {
        Err(cx.type_error("code must be a code object"))
    }
}

#[pyfunction("restart_events()")]
pub fn restart_events(_cx: &Context) -> PyResult<()> {
    // No event was disabled: none is reported yet.
    Ok(())
}

/// The tools that asked for each event, as bits.
#[pyfunction("_all_events()")]
pub fn all_events(cx: &Context) -> PyResult<Ref<Dict>> {
    let wanted: Vec<u32> = REGISTRY.lock().iter().map(|tool| tool.events).collect();
    let all = Dict::new(cx)?;
    for (bit, name) in EVENTS.iter().enumerate() {
        let tools = wanted
            .iter()
            .enumerate()
            .filter(|(_, events)| *events >> bit & 1 != 0)
            .fold(0, |tools, (tool, _)| tools | 1 << tool);
        if tools != 0 {
            let name = Str::from_str(cx, name)?;
            all.set_item(cx, name.as_value(), int::from_i64(cx, tools)?)?;
        }
    }
    Ok(all)
}
