//! `_posixsubprocess`: a new process that becomes another program, for `subprocess`.
//!
//! Everything that the child needs is made before the fork: between fork and exec it makes system calls
//! only, allocates nothing and takes no lock, so the other threads need not be stopped for it. A child
//! that has a `preexec_fn` to run is forked as by `os.fork`, with the world stopped. Signals are blocked
//! across the fork, so that no handler of this process runs in the child.
//!
//! What fails in the child is told through a pipe: the exception's name, errno in hexadecimal, and a
//! word (`noexec` when the program was not tried yet), with colons between them.

use std::ffi::{CString, c_char};
use std::os::fd::RawFd;
use std::os::raw::c_int;

use rustix::io::Errno;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use crate::path::Path;
use crate::posix::{Strings, fork_with};
use crate::sys::settings;
use crate::{descriptor, signal};

/// A POSIX helper for the subprocess module.
#[pymodule(name = "_posixsubprocess", functions(fork_exec))]
fn initialize(_cx: &Context, _this: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// How the child differs from this process. See `subprocess.Popen`.
struct Child {
    arguments: Option<Strings>,
    environment: Option<Strings>,
    /// Names of the program to try.
    programs: Vec<CString>,
    directory: Option<CString>,
    /// Descriptors that stay open, ascending.
    kept: Vec<RawFd>,
    close_others: bool,
    /// Both ends of the pipes for stdin, stdout, stderr and the report; -1 for none.
    input: (RawFd, RawFd),
    output: (RawFd, RawFd),
    error: (RawFd, RawFd),
    report: (RawFd, RawFd),
    restore_signals: bool,
    new_session: bool,
    process_group: i32,
    groups: Option<Vec<libc::gid_t>>,
    group: Option<libc::gid_t>,
    user: Option<libc::uid_t>,
    umask: i32,
}

/// What the child could not do.
struct Failure {
    errno: i32,
    word: &'static [u8],
}

fn errno() -> i32 {
    // SAFETY: the address of this thread's errno.
    unsafe { *libc::__errno_location() }
}

/// The answer of a call that returns -1 when it fails.
fn done(answer: c_int) -> Result<c_int, i32> {
    if answer == -1 {
        Err(errno())
    } else {
        Ok(answer)
    }
}

fn set_inheritable(number: RawFd, inheritable: bool) -> Result<(), i32> {
    // SAFETY: the calls take numbers, and may be made between fork and exec.
    unsafe {
        let flags = done(libc::fcntl(number, libc::F_GETFD))?;
        let flags = if inheritable {
            flags & !libc::FD_CLOEXEC
        } else {
            flags | libc::FD_CLOEXEC
        };
        done(libc::fcntl(number, libc::F_SETFD, flags)).map(drop)
    }
}

/// A copy of a descriptor that stands in the way of another; it is not inherited.
fn move_away(number: RawFd) -> Result<RawFd, i32> {
    // SAFETY: the call takes a number.
    let copy = done(unsafe { libc::dup(number) })?;
    set_inheritable(copy, false)?;
    Ok(copy)
}

/// Makes `number` the standard stream `wanted`.
fn become_stream(number: RawFd, wanted: RawFd) -> Result<(), i32> {
    if number == wanted {
        set_inheritable(number, true)
    } else if number != -1 {
        // SAFETY: the call takes numbers.
        done(unsafe { libc::dup2(number, wanted) }).map(drop)
    } else {
        Ok(())
    }
}

impl Child {
    /// The child's part up to `preexec_fn`. Makes system calls only.
    fn prepare(&self) -> Result<(), Failure> {
        let failed = |errno| Failure {
            errno,
            word: b"noexec",
        };
        for &number in self.kept.iter().filter(|&&number| number != self.report.1) {
            // One that is closed cannot be inherited anyway.
            let _ = set_inheritable(number, true);
        }
        for number in [self.input.1, self.output.0, self.error.0, self.report.0] {
            if number != -1 {
                // SAFETY: the child has no other use of the parent's end of a pipe.
                done(unsafe { libc::close(number) }).map_err(failed)?;
            }
        }
        let (mut output, mut error) = (self.output.1, self.error.1);
        if output == 0 {
            output = move_away(output).map_err(failed)?;
        }
        while error == 0 || error == 1 {
            error = move_away(error).map_err(failed)?;
        }
        become_stream(self.input.0, 0).map_err(failed)?;
        become_stream(output, 1).map_err(failed)?;
        become_stream(error, 2).map_err(failed)?;
        // SAFETY: system calls that may be made between fork and exec, with numbers, strings that end
        // with null, and an array of its length.
        unsafe {
            if let Some(directory) = &self.directory {
                done(libc::chdir(directory.as_ptr())).map_err(|errno| Failure {
                    errno,
                    word: b"noexec:chdir",
                })?;
            }
            if self.umask >= 0 {
                libc::umask(self.umask as libc::mode_t);
            }
            if self.restore_signals {
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
                libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
            }
            if self.new_session {
                done(libc::setsid()).map_err(failed)?;
            }
            if self.process_group >= 0 {
                done(libc::setpgid(0, self.process_group)).map_err(failed)?;
            }
            if let Some(groups) = &self.groups {
                done(libc::setgroups(groups.len(), groups.as_ptr())).map_err(failed)?;
            }
            if let Some(group) = self.group {
                done(libc::setregid(group, group)).map_err(failed)?;
            }
            if let Some(user) = self.user {
                done(libc::setreuid(user, user)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Closes what does not stay open.
    fn close_descriptors(&self) {
        let close = |first: RawFd, last: u32| {
            if i64::from(first) <= i64::from(last) {
                // SAFETY: the child uses none of these descriptors.
                unsafe { libc::syscall(libc::SYS_close_range, first as u32, last, 0) };
            }
        };
        let mut next = 3;
        for &kept in self.kept.iter().filter(|&&kept| kept >= 3) {
            if kept > next {
                close(next, kept as u32 - 1);
            }
            next = kept + 1;
        }
        close(next, u32::MAX);
    }

    /// Becomes the program. Returns the error.
    fn execute(&self) -> Failure {
        if self.close_others {
            self.close_descriptors();
        }
        let empty: [*const c_char; 1] = [std::ptr::null()];
        let arguments = self
            .arguments
            .as_ref()
            .map_or(empty.as_ptr(), Strings::as_ptr);
        let mut first = 0;
        let mut last = libc::ENOENT;
        for program in &self.programs {
            // SAFETY: strings and arrays end with null.
            unsafe {
                match &self.environment {
                    Some(environment) => {
                        libc::execve(program.as_ptr(), arguments, environment.as_ptr())
                    }
                    None => libc::execv(program.as_ptr(), arguments),
                };
            }
            last = errno();
            if last != libc::ENOENT && last != libc::ENOTDIR && first == 0 {
                first = last;
            }
        }
        Failure {
            errno: if first != 0 { first } else { last },
            word: b"",
        }
    }

    /// Tells the parent, in as much memory as the stack has.
    fn tell(&self, failure: &Failure) {
        let mut digits = [0u8; 8];
        let mut at = digits.len();
        let mut rest = failure.errno as u32;
        while rest != 0 {
            at -= 1;
            digits[at] = b"0123456789abcdef"[(rest & 15) as usize];
            rest >>= 4;
        }
        let kind: &[u8] = if failure.errno == 0 {
            b"SubprocessError:0"
        } else {
            b"OSError:"
        };
        for part in [kind, &digits[at..], b":", failure.word] {
            // SAFETY: the bytes are there; an error cannot be told to anybody.
            unsafe { libc::write(self.report.1, part.as_ptr().cast(), part.len()) };
        }
    }

    /// The child's whole life in this program.
    fn run(&self, mask: signal::Mask, before_program: impl FnOnce() -> bool) -> ! {
        let failure = match self.prepare() {
            Err(failure) => failure,
            Ok(()) => {
                mask.restore();
                if before_program() {
                    self.execute()
                } else {
                    Failure {
                        errno: 0,
                        word: b"Exception occurred in preexec_fn.",
                    }
                }
            }
        };
        self.tell(&failure);
        // SAFETY: the call does not return.
        unsafe { libc::_exit(255) }
    }
}

/// Strings for C from a sequence of paths.
fn paths(cx: &Context, sequence: &Value) -> PyResult<Vec<CString>> {
    let mut strings = Vec::new();
    for value in iterate::collect(cx, sequence)? {
        strings.push(
            Path::convert(cx, "fork_exec", &value)?
                .as_c_str()
                .to_owned(),
        );
    }
    Ok(strings)
}

/// Strings for C from a sequence of bytes.
fn byte_strings(cx: &Context, sequence: &Value) -> PyResult<Vec<CString>> {
    let mut strings = Vec::new();
    for value in iterate::collect(cx, sequence)? {
        let Some(bytes) = value.downcast::<Bytes>() else {
            let got = value.type_name();
            return Err(cx.type_error(format!("expected bytes, {got} found")));
        };
        let Ok(string) = CString::new(bytes.as_slice()) else {
            return Err(cx.value_error("embedded null byte"));
        };
        strings.push(string);
    }
    Ok(strings)
}

/// Descriptors that stay open: ints that ascend.
fn kept_descriptors(cx: &Context, tuple: &Ref<Tuple>) -> PyResult<Vec<RawFd>> {
    let mut kept: Vec<RawFd> = Vec::with_capacity(tuple.len());
    for value in tuple.as_slice() {
        let number = int::view(value)
            .and_then(|number| number.to_i64())
            .and_then(|number| RawFd::try_from(number).ok())
            .filter(|&number| number > kept.last().copied().unwrap_or(-1));
        match number {
            Some(number) => kept.push(number),
            None => return Err(cx.value_error("bad value(s) in fds_to_keep")),
        }
    }
    Ok(kept)
}

/// A user's or group's number, or None.
fn identity(cx: &Context, value: &Value, what: &str) -> PyResult<Option<u32>> {
    if value.is_none() {
        return Ok(None);
    }
    if value.class().slots.index.get().is_none() {
        let got = value.type_name();
        return Err(cx.type_error(format!("{what} should be integer, not {got}")));
    }
    match int::index_as_i128(cx, value)? {
        -1 => Ok(Some(u32::MAX)),
        number if number < 0 => Err(cx.overflow_error(format!("{what} is less than minimum"))),
        number => u32::try_from(number)
            .map(Some)
            .map_err(|_| cx.overflow_error(format!("{what} is greater than maximum"))),
    }
}

fn extra_groups(cx: &Context, value: &Value) -> PyResult<Option<Vec<libc::gid_t>>> {
    if value.is_none() {
        return Ok(None);
    }
    if value.downcast::<List>().is_none() {
        return Err(cx.type_error("setgroups argument must be a sequence"));
    }
    let values = iterate::collect(cx, value)?;
    if values.len() > 65536 {
        return Err(cx.value_error("too many extra_groups"));
    }
    let mut groups = Vec::with_capacity(values.len());
    for group in &values {
        if !int::is_int(group) {
            return Err(cx.type_error("extra_groups must be integers"));
        }
        match identity(cx, group, "gid") {
            Ok(Some(group)) => groups.push(group),
            _ => {
                cx.clear_exception();
                return Err(cx.value_error("invalid group id"));
            }
        }
    }
    Ok(Some(groups))
}

/// The number of a descriptor, -1 for none.
fn end(cx: &Context, value: &Value, position: usize) -> PyResult<RawFd> {
    let place = Place {
        function: "fork_exec",
        position,
        name: "",
        by_name: false,
    };
    i32::from_argument(cx, value, &place)
}

/// Spawn a fresh new child process.
///
/// Fork a child process, close parent file descriptors as appropriate in
/// the child and duplicate the few that are needed before calling exec() in
/// the child process.
///
/// If close_fds is True, close file descriptors 3 and higher, except those
/// listed in the sorted tuple pass_fds.
///
/// The preexec_fn, if supplied, will be called immediately before closing
/// file descriptors and exec.
///
/// WARNING: preexec_fn is NOT SAFE if your application uses threads.
///          It may trigger infrequent, difficult to debug deadlocks.
///
/// If an error occurs in the child process before the exec, it is
/// serialized and written to the errpipe_write fd per subprocess.py.
///
/// Returns: the child process's PID.
///
/// Raises: Only on an error in the parent process.
#[pyfunction(
    "fork_exec(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"
)]
#[allow(clippy::too_many_arguments)]
fn fork_exec(
    cx: &Context,
    args: &Value,
    executable_list: &Value,
    close_fds: bool,
    pass_fds: &Ref<Tuple>,
    cwd: &Value,
    env: &Value,
    p2cread: &Value,
    p2cwrite: &Value,
    c2pread: &Value,
    c2pwrite: &Value,
    errread: &Value,
    errwrite: &Value,
    errpipe_read: &Value,
    errpipe_write: &Value,
    restore_signals: bool,
    call_setsid: bool,
    pgid_to_set: i32,
    gid: &Value,
    extra_groups_argument: &Value,
    uid: &Value,
    child_umask: i32,
    preexec_fn: &Value,
) -> PyResult<i32> {
    if !preexec_fn.is_none() && settings::is_finalizing(cx)? {
        let class = exceptions::python_finalization_error();
        let message = "preexec_fn not supported at interpreter shutdown";
        return Err(cx.raise_message(class, message));
    }
    let report = (end(cx, errpipe_read, 13)?, end(cx, errpipe_write, 14)?);
    if close_fds && report.1 < 3 {
        return Err(cx.value_error("errpipe_write must be >= 3"));
    }
    let child = Child {
        kept: kept_descriptors(cx, pass_fds)?,
        arguments: match args.is_none() {
            true => None,
            false if !iterate::is_iterable(args) => {
                return Err(cx.type_error("argv must be a tuple or list"));
            }
            false => Some(Strings::new(paths(cx, args)?)),
        },
        programs: byte_strings(cx, executable_list)?,
        environment: match env.is_none() {
            true => None,
            false => Some(Strings::new(byte_strings(cx, env)?)),
        },
        directory: match cwd.is_none() {
            true => None,
            false => Some(Path::convert(cx, "fork_exec", cwd)?.as_c_str().to_owned()),
        },
        close_others: close_fds,
        input: (end(cx, p2cread, 7)?, end(cx, p2cwrite, 8)?),
        output: (end(cx, c2pread, 9)?, end(cx, c2pwrite, 10)?),
        error: (end(cx, errread, 11)?, end(cx, errwrite, 12)?),
        report,
        restore_signals,
        new_session: call_setsid,
        process_group: pgid_to_set,
        groups: extra_groups(cx, extra_groups_argument)?,
        group: identity(cx, gid, "gid")?,
        user: identity(cx, uid, "uid")?,
        umask: child_umask,
    };
    audit::event(cx, "_posixsubprocess.fork_exec", || {
        Ok(vec![executable_list.clone(), args.clone(), env.clone()])
    })?;
    let forked = if preexec_fn.is_none() {
        cx.detached(|| spawn(&child))
    } else {
        let mask = signal::block_all();
        // SAFETY: `fork_with` has seen to it that the child can run Python code.
        let forked = fork_with(cx, || match unsafe { libc::fork() } {
            -1 => Err(Errno::from_raw_os_error(errno())),
            pid => Ok(pid),
        });
        if forked == Ok(0) {
            child.run(mask, || call::call(cx, preexec_fn, &[]).is_ok());
        }
        mask.restore();
        forked
    };
    descriptor::checked(cx, forked)
}

/// Forks a child that runs no Python code.
fn spawn(child: &Child) -> Result<i32, Errno> {
    let mask = signal::block_all();
    // SAFETY: the child makes system calls only, see `Child`.
    let pid = unsafe { libc::fork() };
    let error = errno();
    if pid == 0 {
        child.run(mask, || true);
    }
    mask.restore();
    if pid == -1 {
        Err(Errno::from_raw_os_error(error))
    } else {
        Ok(pid)
    }
}
