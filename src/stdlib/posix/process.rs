//! Processes: ending, signalling, waiting for them, becoming another program.

use std::ffi::{CString, c_char};
use std::os::fd::RawFd;

use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value, audit, import};

use super::arguments::{File, FilePath, Refers, Settle, last_error, outcome};
use crate::blocking::{interrupted, retry};
use crate::path::Path;

/// Exit to the system with specified status, without normal exit processing.
#[pyfunction("_exit(status)")]
pub(super) fn exit_now(_cx: &Context, status: i32) -> PyResult<()> {
    // SAFETY: the call does not return.
    unsafe { libc::_exit(status) }
}

/// Abort the interpreter immediately.
///
/// This function 'dumps core' or otherwise fails in the hardest way possible
/// on the hosting operating system.  This function never returns.
#[pyfunction("abort()")]
pub(super) fn abort(_cx: &Context) -> PyResult<()> {
    // SAFETY: the call does not return.
    unsafe { libc::abort() }
}

/// Execute the command in a subshell.
#[pyfunction("system(command)")]
pub(super) fn system(cx: &Context, command: &Value) -> PyResult<i32> {
    let command = Path::convert(cx, "system", command)?;
    audit::event(cx, "os.system", || {
        Ok(vec![
            Bytes::from_slice(cx, command.as_bytes())?.into_value(),
        ])
    })?;
    // SAFETY: the command ends with a null byte.
    Ok(cx.detached(|| unsafe { libc::system(command.as_c_str().as_ptr()) }))
}

/// Kill a process with a signal.
#[pyfunction("kill(pid, signal, /)")]
pub(super) fn kill(cx: &Context, pid: i32, signal: i32) -> PyResult<()> {
    audit::event(cx, "os.kill", || {
        Ok(vec![pid.into_value(cx)?, signal.into_value(cx)?])
    })?;
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::kill(pid, signal) }).settle(cx)?;
    // The signal may have been for this very process.
    interrupted(cx)
}

/// Kill a process group with a signal.
#[pyfunction("killpg(pgid, signal, /)")]
pub(super) fn killpg(cx: &Context, pgid: i32, signal: i32) -> PyResult<()> {
    audit::event(cx, "os.killpg", || {
        Ok(vec![pgid.into_value(cx)?, signal.into_value(cx)?])
    })?;
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::killpg(pgid, signal) }).settle(cx)?;
    interrupted(cx)
}

/// Strings as C functions take arrays of them: pointers, the last one null.
pub(crate) struct Strings {
    /// What the pointers point to.
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl Strings {
    pub(crate) fn new(strings: Vec<CString>) -> Strings {
        let mut pointers: Vec<*const c_char> =
            strings.iter().map(|string| string.as_ptr()).collect();
        pointers.push(std::ptr::null());
        Strings {
            _strings: strings,
            pointers,
        }
    }

    /// The array, for as long as `self` lives.
    pub(crate) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

fn is_sequence(value: &Value) -> bool {
    value.downcast::<Tuple>().is_some() || value.downcast::<List>().is_some()
}

/// The arguments of a program.
///
/// # Errors
/// TypeError for what is no list of paths, ValueError when there is no first one.
pub(super) fn program_arguments(cx: &Context, function: &str, argv: &Value) -> PyResult<Strings> {
    let subject = if function == "execv" {
        "execv() arg 2".to_owned()
    } else {
        format!("{function}: argv")
    };
    if !is_sequence(argv) {
        return Err(cx.type_error(format!("{subject} must be a tuple or list")));
    }
    let values = iterate::collect(cx, argv)?;
    if values.is_empty() {
        return Err(cx.value_error(format!("{subject} must not be empty")));
    }
    let mut strings = Vec::with_capacity(values.len());
    for value in &values {
        strings.push(Path::convert(cx, "execv", value)?.as_c_str().to_owned());
    }
    if strings[0].is_empty() {
        return Err(cx.value_error(format!("{subject} first element cannot be empty")));
    }
    Ok(Strings::new(strings))
}

/// An environment for a program.
///
/// # Errors
/// TypeError and ValueError for names and values that cannot be in one.
pub(super) fn program_environment(cx: &Context, environment: &Value) -> PyResult<Strings> {
    let listed = |method: &str| -> PyResult<Vec<Value>> {
        let list = call::call_method(cx, environment, Name::intern(cx, method)?, &[])?;
        iterate::collect(cx, &list)
    };
    let (names, values) = (listed("keys")?, listed("values")?);
    let mut strings = Vec::with_capacity(names.len());
    for (name, value) in names.iter().zip(&values) {
        let (name, value) = (
            Path::convert(cx, "execve", name)?,
            Path::convert(cx, "execve", value)?,
        );
        // A name may begin with an equals sign, as on Windows.
        if name.as_bytes().is_empty() || name.as_bytes()[1..].contains(&b'=') {
            return Err(cx.value_error("illegal environment variable name"));
        }
        let line = [name.as_bytes(), b"=", value.as_bytes()].concat();
        strings.push(CString::new(line).expect("invariant: neither part has a null byte"));
    }
    Ok(Strings::new(strings))
}

pub(super) fn is_mapping(value: &Value) -> bool {
    value.class().slots.subscript.get().is_some()
}

/// Execute an executable path with arguments, replacing current process.
///
///   path
///     Path of executable file.
///   argv
///     Tuple or list of strings.
#[pyfunction("execv(path, argv, /)")]
pub(super) fn execv(cx: &Context, path: FilePath, argv: &Value) -> PyResult<()> {
    let arguments = program_arguments(cx, "execv", argv)?;
    audit::event(cx, "os.exec", || {
        Ok(vec![path.object().clone(), argv.clone(), Value::NONE])
    })?;
    // SAFETY: both are as the call wants them: strings and arrays that end with null.
    unsafe { libc::execv(path.name().as_ptr(), arguments.as_ptr()) };
    Err(last_error()).settle(cx)
}

/// Execute an executable path with arguments, replacing current process.
///
///   path
///     Path of executable file.
///   argv
///     Tuple or list of strings.
///   env
///     Dictionary of strings mapping to strings.
#[pyfunction("execve(path, argv, env)")]
pub(super) fn execve(cx: &Context, path: File, argv: &Value, env: &Value) -> PyResult<()> {
    let arguments = program_arguments(cx, "execve", argv)?;
    if !is_mapping(env) {
        return Err(cx.type_error("execve: environment must be a mapping object"));
    }
    let environment = program_environment(cx, env)?;
    audit::event(cx, "os.exec", || {
        Ok(vec![path.object.clone(), argv.clone(), env.clone()])
    })?;
    // SAFETY: all are as the calls want them: strings and arrays that end with null.
    unsafe {
        match path.refers() {
            Refers::Descriptor(number) => {
                libc::fexecve(number, arguments.as_ptr(), environment.as_ptr())
            }
            Refers::Path(name) => {
                libc::execve(name.as_ptr(), arguments.as_ptr(), environment.as_ptr())
            }
        }
    };
    Err(last_error()).about(cx, &path.object)
}

/// Waits with `waitpid`.
fn wait_for(cx: &Context, pid: i32, options: i32) -> PyResult<(i32, i32)> {
    retry(cx, || {
        let mut status = 0;
        // SAFETY: the status is written to.
        let pid = outcome(unsafe { libc::waitpid(pid, &mut status, options) })?;
        Ok((pid, status))
    })?
    .settle(cx)
}

/// Wait for completion of a child process.
///
/// Returns a tuple of information about the child process:
///     (pid, status)
#[pyfunction("wait()")]
pub(super) fn wait(cx: &Context) -> PyResult<Value> {
    let (pid, status) = wait_for(cx, -1, 0)?;
    super::pair(cx, pid, status)
}

/// Wait for completion of a given child process.
///
/// Returns a tuple of information regarding the child process:
///     (pid, status)
///
/// The options argument is ignored on Windows.
#[pyfunction("waitpid(pid, options, /)")]
pub(super) fn waitpid(cx: &Context, pid: i32, options: i32) -> PyResult<Value> {
    let (pid, status) = wait_for(cx, pid, options)?;
    super::pair(cx, pid, status)
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 * 1e-6
}

/// Waits with `wait4`, for the resources that the process has used too.
fn wait_with_usage(cx: &Context, pid: i32, options: i32) -> PyResult<Ref<Tuple>> {
    let (pid, status, usage) = retry(cx, || {
        let mut status = 0;
        // SAFETY: a `rusage` of zeros is one.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: status and usage are written to.
        let pid = outcome(unsafe { libc::wait4(pid, &mut status, options, &mut usage) })?;
        Ok((pid, status, usage))
    })?
    .settle(cx)?;
    let mut fields = vec![
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
        fields.push(number.into_value(cx)?);
    }
    let class = import::import_attribute(cx, "resource", "struct_rusage")?;
    let usage = call::call(cx, &class, &[Tuple::from_vec(cx, fields)?.into_value()])?;
    Tuple::from_vec(cx, vec![pid.into_value(cx)?, status.into_value(cx)?, usage])
}

/// Wait for completion of a child process.
///
/// Returns a tuple of information about the child process:
///   (pid, status, rusage)
#[pyfunction("wait3(options)")]
pub(super) fn wait3(cx: &Context, options: i32) -> PyResult<Ref<Tuple>> {
    wait_with_usage(cx, -1, options)
}

/// Wait for completion of a specific child process.
///
/// Returns a tuple of information about the child process:
///   (pid, status, rusage)
#[pyfunction("wait4(pid, options)")]
pub(super) fn wait4(cx: &Context, pid: i32, options: i32) -> PyResult<Ref<Tuple>> {
    wait_with_usage(cx, pid, options)
}

/// `os.waitid_result`.
pub static WAITID_RESULT: Description = Description::new(
    "posix",
    "waitid_result",
    "waitid_result: Result from waitid.\n\nThis object may be accessed either as a tuple of\n  (si_pid, si_uid, si_signo, si_status, si_code),\nor via the attributes si_pid, si_uid, and so on.\n\nSee os.waitid for more information.",
    &[
        ("si_pid", ""),
        ("si_uid", ""),
        ("si_signo", ""),
        ("si_status", ""),
        ("si_code", ""),
    ],
    5,
);

/// Returns the result of waiting for a process or processes.
///
///   idtype
///     Must be one of be P_PID, P_PGID or P_ALL.
///   id
///     The id to wait on.
///   options
///     Constructed from the ORing of one or more of WEXITED, WSTOPPED
///     or WCONTINUED and additionally may be ORed with WNOHANG or WNOWAIT.
///
/// Returns either waitid_result or None if WNOHANG is specified and there are
/// no children in a waitable state.
#[pyfunction("waitid(idtype, id, options, /)")]
pub(super) fn waitid(cx: &Context, idtype: i32, id: i32, options: i32) -> PyResult<Value> {
    let found = retry(cx, || {
        // SAFETY: a `siginfo_t` of zeros is one.
        let mut found: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the information is written to.
        outcome(unsafe {
            libc::waitid(
                idtype as libc::idtype_t,
                id as libc::id_t,
                &mut found,
                options,
            )
        })?;
        Ok(found)
    })?
    .settle(cx)?;
    // SAFETY: `waitid` fills these fields, or has left them zero.
    let (pid, uid, status) = unsafe { (found.si_pid(), found.si_uid(), found.si_status()) };
    if pid == 0 {
        return Ok(Value::NONE);
    }
    let fields = vec![
        pid.into_value(cx)?,
        uid.into_value(cx)?,
        found.si_signo.into_value(cx)?,
        status.into_value(cx)?,
        found.si_code.into_value(cx)?,
    ];
    WAITID_RESULT.instance(cx, fields)
}

/// Functions that read something out of a wait status.
macro_rules! status_functions {
    ($($name:ident $signature:literal $type:ty: $from:ident, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            pub(super) fn $name(_cx: &Context, status: i32) -> PyResult<$type> {
                Ok(libc::$from(status))
            }
        )*
    };
}

status_functions! {
    wcoredump "WCOREDUMP(status, /)" bool: WCOREDUMP, "Return True if the process returning status was dumped to a core file.";
    wifcontinued "WIFCONTINUED(status)" bool: WIFCONTINUED, "Return True if a particular process was continued from a job control stop.\n\nReturn True if the process returning status was continued from a\njob control stop.";
    wifstopped "WIFSTOPPED(status)" bool: WIFSTOPPED, "Return True if the process returning status was stopped.";
    wifsignaled "WIFSIGNALED(status)" bool: WIFSIGNALED, "Return True if the process returning status was terminated by a signal.";
    wifexited "WIFEXITED(status)" bool: WIFEXITED, "Return True if the process returning status exited via the exit() system call.";
    wexitstatus "WEXITSTATUS(status)" i32: WEXITSTATUS, "Return the process return code from status.";
    wtermsig "WTERMSIG(status)" i32: WTERMSIG, "Return the signal that terminated the process that provided the status value.";
    wstopsig "WSTOPSIG(status)" i32: WSTOPSIG, "Return the signal that stopped the process that provided the status value.";
}

/// Convert a wait status to an exit code.
///
/// On Unix:
///
/// * If WIFEXITED(status) is true, return WEXITSTATUS(status).
/// * If WIFSIGNALED(status) is true, return -WTERMSIG(status).
/// * Otherwise, raise a ValueError.
///
/// On Windows, return status shifted right by 8 bits.
///
/// On Unix, if the process is being traced or if waitpid() was called with
/// WUNTRACED option, the caller must first check if WIFSTOPPED(status) is true.
/// This function must not be called if WIFSTOPPED(status) is true.
#[pyfunction("waitstatus_to_exitcode(status)")]
pub(super) fn waitstatus_to_exitcode(cx: &Context, status: i32) -> PyResult<i32> {
    if libc::WIFEXITED(status) {
        let code = libc::WEXITSTATUS(status);
        return if code < 0 {
            Err(cx.value_error(format!("invalid WEXITSTATUS: {code}")))
        } else {
            Ok(code)
        };
    }
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        return if signal <= 0 {
            Err(cx.value_error(format!("invalid WTERMSIG: {signal}")))
        } else {
            Ok(-signal)
        };
    }
    if libc::WIFSTOPPED(status) {
        let signal = libc::WSTOPSIG(status);
        return Err(cx.value_error(format!("process stopped by delivery of signal {signal}")));
    }
    Err(cx.value_error(format!("invalid wait status: {status}")))
}

/// Return a file descriptor referring to the process *pid*.
///
/// The descriptor can be used to perform process management without races and
/// signals.
#[pyfunction("pidfd_open(pid, flags=0)")]
pub(super) fn pidfd_open(cx: &Context, pid: i32, flags: u32) -> PyResult<RawFd> {
    // SAFETY: the call takes numbers.
    let file = outcome(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) }).settle(cx)?;
    Ok(file as RawFd)
}

/// Set the current numeric umask and return the previous umask.
#[pyfunction("umask(mask, /)")]
pub(super) fn umask(_cx: &Context, mask: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    Ok(unsafe { libc::umask(mask as libc::mode_t) } as i32)
}
