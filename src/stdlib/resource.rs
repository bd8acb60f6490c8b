//! `resource`: limits of a process, and what it has used.

use rustix::io::Errno;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::descriptor::{self, checked};

/// `resource.struct_rusage`
pub static STRUCT_RUSAGE: Description = Description::new(
    "resource",
    "struct_rusage",
    "struct_rusage: Result from getrusage.\n\nThis object may be accessed either as a tuple of\n    (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    nswap,inblock,oublock,msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\nor via the attributes ru_utime, ru_stime, ru_maxrss, and so on.",
    &[
        ("ru_utime", "user time used"),
        ("ru_stime", "system time used"),
        ("ru_maxrss", "max. resident set size"),
        ("ru_ixrss", "shared memory size"),
        ("ru_idrss", "unshared data size"),
        ("ru_isrss", "unshared stack size"),
        ("ru_minflt", "page faults not requiring I/O"),
        ("ru_majflt", "page faults requiring I/O"),
        ("ru_nswap", "number of swap outs"),
        ("ru_inblock", "block input operations"),
        ("ru_oublock", "block output operations"),
        ("ru_msgsnd", "IPC messages sent"),
        ("ru_msgrcv", "IPC messages received"),
        ("ru_nsignals", "signals received"),
        ("ru_nvcsw", "voluntary context switches"),
        ("ru_nivcsw", "involuntary context switches"),
    ],
    16,
);

#[pymodule(
    name = "resource",
    functions(getrusage, getrlimit, setrlimit, prlimit, getpagesize)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "error", exceptions::os_error().to_value())?;
    module::add(
        cx,
        this,
        "struct_rusage",
        STRUCT_RUSAGE.class(cx)?.to_value(),
    )?;
    for (name, number) in [
        ("RLIMIT_CPU", libc::RLIMIT_CPU),
        ("RLIMIT_FSIZE", libc::RLIMIT_FSIZE),
        ("RLIMIT_DATA", libc::RLIMIT_DATA),
        ("RLIMIT_STACK", libc::RLIMIT_STACK),
        ("RLIMIT_CORE", libc::RLIMIT_CORE),
        ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE),
        ("RLIMIT_OFILE", libc::RLIMIT_NOFILE),
        ("RLIMIT_AS", libc::RLIMIT_AS),
        ("RLIMIT_RSS", libc::RLIMIT_RSS),
        ("RLIMIT_NPROC", libc::RLIMIT_NPROC),
        ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK),
        ("RLIMIT_MSGQUEUE", libc::RLIMIT_MSGQUEUE),
        ("RLIMIT_NICE", libc::RLIMIT_NICE),
        ("RLIMIT_RTPRIO", libc::RLIMIT_RTPRIO),
        ("RLIMIT_RTTIME", libc::RLIMIT_RTTIME),
        ("RLIMIT_SIGPENDING", libc::RLIMIT_SIGPENDING),
    ] {
        module::add(cx, this, name, number)?;
    }
    module::add(cx, this, "RUSAGE_SELF", libc::RUSAGE_SELF)?;
    module::add(cx, this, "RUSAGE_CHILDREN", libc::RUSAGE_CHILDREN)?;
    module::add(cx, this, "RUSAGE_THREAD", libc::RUSAGE_THREAD)?;
    module::add(cx, this, "RLIM_INFINITY", -1)
}

/// The result of a call where -1 means an error.
fn system_result(result: libc::c_int) -> Result<(), Errno> {
    if result == -1 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL));
    }
    Ok(())
}

/// Nothing used.
pub fn no_usage() -> libc::rusage {
    // SAFETY: all fields are numbers.
    unsafe { std::mem::zeroed() }
}

/// `struct_rusage`
///
/// # Errors
/// MemoryError.
pub fn usage_result(cx: &Context, usage: &libc::rusage) -> PyResult<Value> {
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    let mut values = vec![
        seconds(usage.ru_utime).into_value(cx)?,
        seconds(usage.ru_stime).into_value(cx)?,
    ];
    for number in [
        usage.ru_maxrss,
        usage.ru_ixrss,
        usage.ru_idrss,
        usage.ru_isrss,
        usage.ru_minflt,
        usage.ru_majflt,
        usage.ru_nswap,
        usage.ru_inblock,
        usage.ru_oublock,
        usage.ru_msgsnd,
        usage.ru_msgrcv,
        usage.ru_nsignals,
        usage.ru_nvcsw,
        usage.ru_nivcsw,
    ] {
        values.push(number.into_value(cx)?);
    }
    STRUCT_RUSAGE.instance(cx, values)
}

#[pyfunction("getrusage(who, /)")]
fn getrusage(cx: &Context, who: i32) -> PyResult<Value> {
    let mut usage = no_usage();
    // SAFETY: the pointer is to a local.
    match system_result(unsafe { libc::getrusage(who, &mut usage) }) {
        Ok(()) => usage_result(cx, &usage),
        Err(Errno::INVAL) => Err(cx.value_error("invalid who parameter")),
        Err(error) => Err(descriptor::os_error(cx, error)),
    }
}

fn check_resource(cx: &Context, resource: i32) -> PyResult<libc::__rlimit_resource_t> {
    match u32::try_from(resource) {
        Ok(number) if number < 16 => Ok(number as libc::__rlimit_resource_t),
        _ => Err(cx.value_error("invalid resource specified")),
    }
}

fn limits(cx: &Context, limits: libc::rlimit64) -> PyResult<Ref<Tuple>> {
    // Without limit is shown as -1, like the constant.
    let shown = |limit: u64| match limit {
        libc::RLIM64_INFINITY => (-1).into_value(cx),
        limit => limit.into_value(cx),
    };
    let values = vec![shown(limits.rlim_cur)?, shown(limits.rlim_max)?];
    Tuple::from_vec(cx, values)
}

fn one_limit(cx: &Context, value: &Value) -> PyResult<u64> {
    match int::index_as_i128(cx, value)? {
        -1 => Ok(u64::MAX),
        negative if negative < 0 => Err(cx.value_error("Cannot convert negative int")),
        number => u64::try_from(number)
            .map_err(|_| cx.overflow_error("Python int too large to convert to C rlim_t")),
    }
}

fn limits_argument(cx: &Context, value: &Value) -> PyResult<libc::rlimit64> {
    let values = iterate::collect(cx, value)?;
    let [soft, hard] = values.as_slice() else {
        return Err(cx.value_error("expected a tuple of 2 integers"));
    };
    Ok(libc::rlimit64 {
        rlim_cur: one_limit(cx, soft)?,
        rlim_max: one_limit(cx, hard)?,
    })
}

/// Reads and sets limits of a process; 0 is the calling one.
fn exchange(
    process: i32,
    resource: libc::__rlimit_resource_t,
    new: Option<libc::rlimit64>,
) -> Result<libc::rlimit64, Errno> {
    let mut old = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the pointers are to locals, or null.
    system_result(unsafe { libc::prlimit64(process, resource, new, &mut old) })?;
    Ok(old)
}

fn limit_error(cx: &Context, error: Errno) -> typhon_runtime::Raised {
    match error {
        Errno::INVAL => cx.value_error("current limit exceeds maximum limit"),
        Errno::PERM => cx.value_error("not allowed to raise maximum limit"),
        error => descriptor::os_error(cx, error),
    }
}

#[pyfunction("getrlimit(resource, /)")]
fn getrlimit(cx: &Context, resource: i32) -> PyResult<Ref<Tuple>> {
    let resource = check_resource(cx, resource)?;
    limits(cx, checked(cx, exchange(0, resource, None))?)
}

#[pyfunction("setrlimit(resource, limits, /)")]
fn setrlimit(cx: &Context, resource: i32, limits: &Value) -> PyResult<()> {
    let resource = check_resource(cx, resource)?;
    let new = limits_argument(cx, limits)?;
    exchange(0, resource, Some(new))
        .map(drop)
        .map_err(|error| limit_error(cx, error))
}

#[pyfunction("prlimit(pid, resource, limits=None, /)")]
fn prlimit(cx: &Context, pid: i32, resource: i32, new: Option<&Value>) -> PyResult<Ref<Tuple>> {
    let resource = check_resource(cx, resource)?;
    let new = new.map(|new| limits_argument(cx, new)).transpose()?;
    let old = exchange(pid, resource, new).map_err(|error| match error {
        Errno::INVAL => cx.value_error("current limit exceeds maximum limit"),
        error => descriptor::os_error(cx, error),
    })?;
    limits(cx, old)
}

#[pyfunction("getpagesize()")]
fn getpagesize(_cx: &Context) -> PyResult<usize> {
    Ok(rustix::param::page_size())
}
