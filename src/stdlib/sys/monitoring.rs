//! `sys.monitoring` (PEP 669): which tool wants which events, and whom it wants called.
//!
//! What they get is the runtime's business (`typhon_runtime::vm::monitoring`).

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
use typhon_runtime::vm::monitoring::{self, EVENTS, TOOLS, event};
use typhon_runtime::{Context, PyResult, Value, audit};

/// The first event that cannot be local.
const FIRST_GLOBAL: u32 = 11;

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
    let disable = call::call(cx, object::class().as_value(), &[])?;
    let missing = call::call(cx, object::class().as_value(), &[])?;
    monitoring::set_sentinels(disable.clone(), missing.clone());
    add(cx, module, "DISABLE", disable)?;
    add(cx, module, "MISSING", missing)?;
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
    if monitoring::tool_name(tool).is_none() {
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
    let of_c_calls = set & (event::CALL | event::AFTER_C_CALL);
    if of_c_calls & event::AFTER_C_CALL != 0 && of_c_calls != event::CALL | event::AFTER_C_CALL {
        return Err(cx.value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    set &= !event::AFTER_C_CALL;
    if set & event::BRANCH != 0 {
        set = set & !event::BRANCH | event::BRANCHES;
    }
    Ok(set)
}

#[pyfunction("use_tool_id(tool_id, name, /)")]
pub fn use_tool_id(cx: &Context, tool_id: i64, name: &Value) -> PyResult<()> {
    let tool = tool(cx, tool_id)?;
    if name.downcast::<Str>().is_none() {
        return Err(cx.value_error("tool name must be a str"));
    }
    if !monitoring::use_tool(tool, name) {
        return Err(cx.value_error(format!("tool {tool_id} is already in use")));
    }
    Ok(())
}

#[pyfunction("clear_tool_id(tool_id, /)")]
pub fn clear_tool_id(cx: &Context, tool_id: i64) -> PyResult<()> {
    monitoring::clear_tool(cx, tool(cx, tool_id)?, false);
    Ok(())
}

#[pyfunction("free_tool_id(tool_id, /)")]
pub fn free_tool_id(cx: &Context, tool_id: i64) -> PyResult<()> {
    monitoring::clear_tool(cx, tool(cx, tool_id)?, true);
    Ok(())
}

#[pyfunction("get_tool(tool_id, /)")]
pub fn get_tool(cx: &Context, tool_id: i64) -> PyResult<Option<Value>> {
    Ok(monitoring::tool_name(tool(cx, tool_id)?))
}

#[pyfunction("register_callback(tool_id, event, func, /)")]
pub fn register_callback(
    cx: &Context,
    tool_id: i64,
    event: i64,
    func: &Value,
) -> PyResult<Option<Value>> {
    audit::event(cx, "sys.monitoring.register_callback", || {
        Ok(vec![func.clone()])
    })?;
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
    Ok(monitoring::set_callback(tool, bit, func))
}

#[pyfunction("get_events(tool_id, /)")]
pub fn get_events(cx: &Context, tool_id: i64) -> PyResult<u32> {
    let tool = tool(cx, tool_id)?;
    Ok(monitoring::events(tool))
}

#[pyfunction("set_events(tool_id, event_set, /)")]
pub fn set_events(cx: &Context, tool_id: i64, event_set: i64) -> PyResult<()> {
    tool(cx, tool_id)?;
    let events = self::event_set(cx, event_set)?;
    let tool = in_use(cx, tool_id)?;
    monitoring::set_events(cx, tool, events);
    Ok(())
}

#[pyfunction("get_local_events(tool_id, code, /)")]
pub fn get_local_events(cx: &Context, tool_id: i64, code: &Value) -> PyResult<u32> {
    let code = check_code(cx, code)?;
    Ok(monitoring::local_events(tool(cx, tool_id)?, code))
}

#[pyfunction("set_local_events(tool_id, code, event_set, /)")]
pub fn set_local_events(cx: &Context, tool_id: i64, code: &Value, event_set: i64) -> PyResult<()> {
    let code = check_code(cx, code)?;
    tool(cx, tool_id)?;
    let events = self::event_set(cx, event_set)?;
    if events >> FIRST_GLOBAL != 0 {
        return Err(cx.value_error(format!("invalid local event set 0x{events:x}")));
    }
    let tool = in_use(cx, tool_id)?;
    monitoring::set_local_events(tool, code, events);
    Ok(())
}

fn check_code<'a>(cx: &Context, code: &'a Value) -> PyResult<&'a Ref<Code>> {
    code.downcast::<Code>()
        .ok_or_else(|| cx.type_error("code must be a code object"))
}

#[pyfunction("restart_events()")]
pub fn restart_events(cx: &Context) -> PyResult<()> {
    monitoring::restart_events(cx);
    Ok(())
}

/// The tools that asked for each event, as bits.
#[pyfunction("_all_events()")]
pub fn all_events(cx: &Context) -> PyResult<Ref<Dict>> {
    let wanted: Vec<u32> = (0..TOOLS).map(monitoring::events).collect();
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
