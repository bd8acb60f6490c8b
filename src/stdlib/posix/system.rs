//! The machine and the system: names, times, processors, random bytes, device numbers.

use rustix::rand::GetRandomFlags;
use typhon_macros::pyfunction;
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions::error_text;
use typhon_runtime::objects::int;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, codec};

use super::arguments::{Settle, length as byte_count, outcome};
use crate::blocking::retry;

/// `os.uname_result`.
pub static UNAME_RESULT: Description = Description::new(
    "posix",
    "uname_result",
    "uname_result: Result from os.uname().\n\nThis object may be accessed either as a tuple of\n  (sysname, nodename, release, version, machine),\nor via the attributes sysname, nodename, release, version, and machine.\n\nSee os.uname for more information.",
    &[
        ("sysname", "operating system name"),
        (
            "nodename",
            "name of machine on network (implementation-defined)",
        ),
        ("release", "operating system release"),
        ("version", "operating system version"),
        ("machine", "hardware identifier"),
    ],
    5,
);

/// `os.times_result`.
pub static TIMES_RESULT: Description = Description::new(
    "posix",
    "times_result",
    "times_result: Result from os.times().\n\nThis object may be accessed either as a tuple of\n  (user, system, children_user, children_system, elapsed),\nor via the attributes user, system, children_user, children_system,\nand elapsed.\n\nSee os.times for more information.",
    &[
        ("user", "user time"),
        ("system", "system time"),
        ("children_user", "user time of children"),
        ("children_system", "system time of children"),
        (
            "elapsed",
            "elapsed time since an arbitrary point in the past",
        ),
    ],
    5,
);

/// Return an object identifying the current operating system.
///
/// The object behaves like a named tuple with the following fields:
///   (sysname, nodename, release, version, machine)
#[pyfunction("uname()")]
pub(super) fn uname(cx: &Context) -> PyResult<Value> {
    let name = rustix::system::uname();
    let parts = [
        name.sysname(),
        name.nodename(),
        name.release(),
        name.version(),
        name.machine(),
    ];
    let fields = parts
        .iter()
        .map(|part| codec::decode_file_name(cx, part.to_bytes()).map(Ref::into_value));
    UNAME_RESULT.instance(cx, fields.collect::<PyResult<_>>()?)
}

/// Return a collection containing process timing information.
///
/// The object returned behaves like a named tuple with these fields:
///   (utime, stime, cutime, cstime, elapsed_time)
/// All fields are floating-point numbers.
#[pyfunction("times()")]
pub(super) fn times(cx: &Context) -> PyResult<Value> {
    // SAFETY: a `tms` of zeros is one.
    let mut spent: libc::tms = unsafe { std::mem::zeroed() };
    // SAFETY: the times are written to.
    let elapsed = outcome(unsafe { libc::times(&mut spent) }).settle(cx)?;
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    let ticks = [
        spent.tms_utime,
        spent.tms_stime,
        spent.tms_cutime,
        spent.tms_cstime,
        elapsed,
    ];
    let fields = ticks
        .iter()
        .map(|ticks| (*ticks as f64 / per_second).into_value(cx));
    TIMES_RESULT.instance(cx, fields.collect::<PyResult<_>>()?)
}

/// Return the number of logical CPUs in the system.
///
/// Return None if indeterminable.
#[pyfunction("cpu_count()")]
pub(super) fn cpu_count(_cx: &Context) -> PyResult<Option<i64>> {
    let asked = crate::configuration::get().cpu_count;
    if asked.is_some() {
        return Ok(asked);
    }
    // SAFETY: the call takes a number.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    Ok((count >= 1).then_some(count))
}

/// Return average recent system load information.
///
/// Return the number of processes in the system run queue averaged over
/// the last 1, 5, and 15 minutes as a tuple of three floats.
/// Raises OSError if the load average was unobtainable.
#[pyfunction("getloadavg()")]
pub(super) fn getloadavg(cx: &Context) -> PyResult<Ref<Tuple>> {
    let mut load = [0f64; 3];
    // SAFETY: the array has the length that is told.
    if cx.detached(|| unsafe { libc::getloadavg(load.as_mut_ptr(), 3) }) != 3 {
        return Err(cx.os_error("Load averages are unobtainable"));
    }
    let values = load.iter().map(|load| load.into_value(cx));
    Tuple::from_vec(cx, values.collect::<PyResult<_>>()?)
}

/// Translate an error code to a message string.
#[pyfunction("strerror(code, /)")]
pub(super) fn strerror(_cx: &Context, code: i32) -> PyResult<String> {
    Ok(error_text(code))
}

/// Random bytes from the system, as many as wanted.
///
/// # Errors
/// OSError, and what a signal handler raises.
pub fn random_bytes(cx: &Context, count: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count).map_err(|_| cx.no_memory())?;
    bytes.resize(count, 0);
    let mut filled = 0;
    while filled < count {
        let rest = &mut bytes[filled..];
        filled += retry(cx, || {
            rustix::rand::getrandom(&mut rest[..], GetRandomFlags::empty())
        })?
        .settle(cx)?;
    }
    Ok(bytes)
}

/// Return a bytes object containing random bytes suitable for cryptographic use.
#[pyfunction("urandom(size, /)")]
pub(super) fn urandom(cx: &Context, size: isize) -> PyResult<Ref<Bytes>> {
    let Ok(count) = usize::try_from(size) else {
        return Err(cx.value_error("negative argument not allowed"));
    };
    Bytes::from_slice(cx, &random_bytes(cx, count)?)
}

/// Obtain a series of random bytes.
#[pyfunction("getrandom(size, flags=0)")]
pub(super) fn getrandom(cx: &Context, size: isize, flags: i32) -> PyResult<Ref<Bytes>> {
    let count = byte_count(cx, size)?;
    let flags = GetRandomFlags::from_bits_retain(flags as u32);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count).map_err(|_| cx.no_memory())?;
    bytes.resize(count, 0);
    let got = retry(cx, || rustix::rand::getrandom(&mut bytes[..], flags))?.settle(cx)?;
    Bytes::from_slice(cx, &bytes[..got])
}

/// The number of a device; -1 is none.
pub(super) struct Device(u64);

impl<'a> FromArgument<'a> for Device {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        let number = int::index_as_i128(cx, value)?;
        if number == -1 {
            return Ok(Device(u64::MAX));
        }
        u64::try_from(number).map(Device).map_err(|_| {
            cx.overflow_error(if number < 0 {
                "can't convert negative int to unsigned"
            } else {
                "int too big to convert"
            })
        })
    }
}

fn part_of_device(cx: &Context, device: &Device, part: fn(u64) -> u32) -> PyResult<Value> {
    if device.0 == u64::MAX {
        (-1).into_value(cx)
    } else {
        part(device.0).into_value(cx)
    }
}

/// Extracts a device major number from a raw device number.
#[pyfunction("major(device, /)")]
pub(super) fn major(cx: &Context, device: Device) -> PyResult<Value> {
    part_of_device(cx, &device, rustix::fs::major)
}

/// Extracts a device minor number from a raw device number.
#[pyfunction("minor(device, /)")]
pub(super) fn minor(cx: &Context, device: Device) -> PyResult<Value> {
    part_of_device(cx, &device, rustix::fs::minor)
}

/// Composes a raw device number from the major and minor device numbers.
#[pyfunction("makedev(major, minor, /)")]
pub(super) fn makedev(cx: &Context, major: Device, minor: Device) -> PyResult<Value> {
    let part = |device: Device| match u32::try_from(device.0) {
        Ok(part) => Ok(part),
        // No device.
        Err(_) if device.0 == u64::MAX => Ok(u32::MAX),
        Err(_) => Err(cx.overflow_error("Python int too large to convert to C unsigned int")),
    };
    match rustix::fs::makedev(part(major)?, part(minor)?) {
        u64::MAX => (-1).into_value(cx),
        device => device.into_value(cx),
    }
}

/// Whether reading a line runs anything else meanwhile: never here.
#[pyfunction("_is_inputhook_installed()")]
pub(super) fn is_inputhook_installed(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

/// Calls PyOS_CallInputHook dropping the GIL first
#[pyfunction("_inputhook()")]
pub(super) fn inputhook(_cx: &Context) -> PyResult<i32> {
    Ok(0)
}
