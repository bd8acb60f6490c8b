//! How the system schedules processes.

use rustix::io::Errno;
use rustix::thread::{
    CpuSet, sched_getaffinity as system_getaffinity, sched_setaffinity as system_setaffinity,
};
use typhon_macros::pyfunction;
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::objects::int;
use typhon_runtime::objects::set::Set;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{Settle, outcome};
use crate::arguments::{bind, given, signature};
use crate::descriptor::c_int;

/// `os.sched_param`.
pub static SCHED_PARAM: Description = Description::new(
    "posix",
    "sched_param",
    "Currently has only one field: sched_priority\n\n  sched_priority\n    A scheduling parameter.",
    &[("sched_priority", "the scheduling priority")],
    1,
)
.constructed_by(new_sched_param);

/// `sched_param(sched_priority)` takes the field, not a sequence.
fn new_sched_param(cx: &Context, args: Args<'_>) -> PyResult<Value> {
    let [priority] = bind(cx, signature!("sched_param", 0, [sched_priority], []), args)?;
    SCHED_PARAM.instance(cx, vec![given(priority).clone()])
}

/// What a `sched_param` argument says.
pub(super) fn parameter(cx: &Context, value: &Value) -> PyResult<libc::sched_param> {
    if !value.class().is(SCHED_PARAM.class(cx)?) {
        return Err(cx.type_error("must have a sched_param object"));
    }
    let fields = value
        .downcast::<Tuple>()
        .expect("invariant: a struct sequence is a tuple");
    let sched_priority = c_int(cx, &fields.as_slice()[0]).map_err(|raised| {
        if cx.exception_matches(typhon_runtime::objects::exceptions::overflow_error()) {
            cx.clear_exception();
            return cx.overflow_error("sched_priority out of range");
        }
        raised
    })?;
    Ok(libc::sched_param { sched_priority })
}

/// Get the maximum scheduling priority for policy.
#[pyfunction("sched_get_priority_max(policy)")]
pub(super) fn sched_get_priority_max(cx: &Context, policy: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::sched_get_priority_max(policy) }).settle(cx)
}

/// Get the minimum scheduling priority for policy.
#[pyfunction("sched_get_priority_min(policy)")]
pub(super) fn sched_get_priority_min(cx: &Context, policy: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::sched_get_priority_min(policy) }).settle(cx)
}

/// Get the scheduling policy for the process identified by pid.
///
/// Passing 0 for pid returns the scheduling policy for the calling process.
#[pyfunction("sched_getscheduler(pid, /)")]
pub(super) fn sched_getscheduler(cx: &Context, pid: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::sched_getscheduler(pid) }).settle(cx)
}

/// Set the scheduling policy for the process identified by pid.
///
/// If pid is 0, the calling process is changed.
/// param is an instance of sched_param.
#[pyfunction("sched_setscheduler(pid, policy, param, /)")]
pub(super) fn sched_setscheduler(
    cx: &Context,
    pid: i32,
    policy: i32,
    param: &Value,
) -> PyResult<()> {
    let parameter = parameter(cx, param)?;
    // SAFETY: the parameter is read only.
    outcome(unsafe { libc::sched_setscheduler(pid, policy, &parameter) })
        .map(drop)
        .settle(cx)
}

/// Returns scheduling parameters for the process identified by pid.
///
/// If pid is 0, returns parameters for the calling process.
/// Return value is an instance of sched_param.
#[pyfunction("sched_getparam(pid, /)")]
pub(super) fn sched_getparam(cx: &Context, pid: i32) -> PyResult<Value> {
    let mut parameter = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameter is written to.
    outcome(unsafe { libc::sched_getparam(pid, &mut parameter) }).settle(cx)?;
    SCHED_PARAM.instance(cx, vec![parameter.sched_priority.into_value(cx)?])
}

/// Set scheduling parameters for the process identified by pid.
///
/// If pid is 0, sets parameters for the calling process.
/// param should be an instance of sched_param.
#[pyfunction("sched_setparam(pid, param, /)")]
pub(super) fn sched_setparam(cx: &Context, pid: i32, param: &Value) -> PyResult<()> {
    let parameter = parameter(cx, param)?;
    // SAFETY: the parameter is read only.
    outcome(unsafe { libc::sched_setparam(pid, &parameter) })
        .map(drop)
        .settle(cx)
}

/// Return the round-robin quantum for the process identified by pid, in seconds.
///
/// Value returned is a float.
#[pyfunction("sched_rr_get_interval(pid, /)")]
pub(super) fn sched_rr_get_interval(cx: &Context, pid: i32) -> PyResult<f64> {
    let mut interval = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the interval is written to.
    outcome(unsafe { libc::sched_rr_get_interval(pid, &mut interval) }).settle(cx)?;
    Ok(interval.tv_sec as f64 + 1e-9 * interval.tv_nsec as f64)
}

/// Voluntarily relinquish the CPU.
#[pyfunction("sched_yield()")]
pub(super) fn sched_yield(cx: &Context) -> PyResult<()> {
    cx.detached(rustix::thread::sched_yield);
    Ok(())
}

/// A process other than the calling one, which is 0.
fn process(pid: i32) -> rustix::io::Result<Option<rustix::thread::Pid>> {
    if pid < 0 {
        Err(Errno::SRCH)
    } else {
        Ok(rustix::thread::Pid::from_raw(pid))
    }
}

/// Return the affinity of the process identified by pid (or the current process if zero).
///
/// The affinity is returned as a set of CPU identifiers.
#[pyfunction("sched_getaffinity(pid, /)")]
pub(super) fn sched_getaffinity(cx: &Context, pid: i32) -> PyResult<Ref<Set>> {
    let cpus = process(pid).and_then(system_getaffinity).settle(cx)?;
    let numbers = (0..CpuSet::MAX_CPU)
        .filter(|cpu| cpus.is_set(*cpu))
        .map(|cpu| cpu.into_value(cx));
    Set::from_values(cx, &numbers.collect::<PyResult<Vec<Value>>>()?)
}

/// Set the CPU affinity of the process identified by pid to mask.
///
///   pid
///     The identifier of the process for which to set the CPU affinity.
///   mask
///     An iterable of integers identifying CPUs.
#[pyfunction("sched_setaffinity(pid, mask, /)")]
pub(super) fn sched_setaffinity(cx: &Context, pid: i32, mask: &Value) -> PyResult<()> {
    let mut cpus = CpuSet::new();
    let mut beyond = false;
    iterate::for_each(cx, mask, |cpu| {
        if !int::is_int(&cpu) {
            return Err(cx.type_error(format!(
                "expected an iterator of ints, but iterator yielded {}",
                typhon_runtime::protocols::text::repr_text(cx, cpu.class().as_value())?
            )));
        }
        let number = int::index_as_i128(cx, &cpu)?;
        if number < 0 {
            return Err(cx.value_error("negative CPU number"));
        }
        if number >= i32::MAX.into() {
            return Err(cx.overflow_error("CPU number too large"));
        }
        match usize::try_from(number) {
            Ok(number) if number < CpuSet::MAX_CPU => cpus.set(number),
            _ => beyond = true,
        }
        Ok(())
    })?;
    // A mask of CPUs that cannot be there is refused, unless others are in it too.
    if beyond && cpus.count() == 0 {
        return Err(Errno::INVAL).settle(cx);
    }
    process(pid)
        .and_then(|pid| system_setaffinity(pid, &cpus))
        .settle(cx)
}
