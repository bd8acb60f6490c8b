//! Who the process is: users, groups, sessions.

use rustix::io::{Errno, Result as SystemResult};
use typhon_macros::pyfunction;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, codec};

use super::arguments::{Group, Settle, User, identity_value, last_error, outcome, returned_error};
use crate::path::Path;

/// Functions without arguments that cannot fail.
macro_rules! plain {
    ($($name:ident $signature:literal $type:ty: $make:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            pub(super) fn $name(_cx: &Context) -> PyResult<$type> {
                // SAFETY: the call has no preconditions.
                Ok($make(unsafe { libc::$name() }))
            }
        )*
    };
}

plain! {
    getuid "getuid()" User: User, "Return the current process's user id.";
    geteuid "geteuid()" User: User, "Return the current process's effective user id.";
    getgid "getgid()" Group: Group, "Return the current process's group id.";
    getegid "getegid()" Group: Group, "Return the current process's effective group id.";
    getpid "getpid()" i32: i32::from, "Return the current process id.";
    getppid "getppid()" i32: i32::from, "Return the parent's process id.\n\nIf the parent process has already exited, Windows machines will still\nreturn its id; others systems will return the id of the 'init' process (1).";
    getpgrp "getpgrp()" i32: i32::from, "Return the current process group id.";
}

/// Functions that take users or groups and return nothing.
macro_rules! setting {
    ($($name:ident $signature:literal ($($argument:ident: $type:ty),*), $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            pub(super) fn $name(cx: &Context, $($argument: $type),*) -> PyResult<()> {
                // SAFETY: the call takes numbers only.
                outcome(unsafe { libc::$name($($argument.0),*) }).map(drop).settle(cx)
            }
        )*
    };
}

setting! {
    setuid "setuid(uid, /)" (uid: User), "Set the current process's user id.";
    seteuid "seteuid(euid, /)" (euid: User), "Set the current process's effective user id.";
    setreuid "setreuid(ruid, euid, /)" (ruid: User, euid: User), "Set the current process's real and effective user ids.";
    setresuid "setresuid(ruid, euid, suid, /)" (ruid: User, euid: User, suid: User), "Set the current process's real, effective, and saved user ids.";
    setgid "setgid(gid, /)" (gid: Group), "Set the current process's group id.";
    setegid "setegid(egid, /)" (egid: Group), "Set the current process's effective group id.";
    setregid "setregid(rgid, egid, /)" (rgid: Group, egid: Group), "Set the current process's real and effective group ids.";
    setresgid "setresgid(rgid, egid, sgid, /)" (rgid: Group, egid: Group, sgid: Group), "Set the current process's real, effective, and saved group ids.";
}

fn three(cx: &Context, numbers: [u32; 3]) -> PyResult<Ref<Tuple>> {
    let values = numbers.iter().map(|number| identity_value(cx, *number));
    Tuple::from_vec(cx, values.collect::<PyResult<_>>()?)
}

/// Return a tuple of the current process's real, effective, and saved user ids.
#[pyfunction("getresuid()")]
pub(super) fn getresuid(cx: &Context) -> PyResult<Ref<Tuple>> {
    let [mut real, mut effective, mut saved] = [0; 3];
    // SAFETY: the numbers are written to.
    outcome(unsafe { libc::getresuid(&mut real, &mut effective, &mut saved) }).settle(cx)?;
    three(cx, [real, effective, saved])
}

/// Return a tuple of the current process's real, effective, and saved group ids.
#[pyfunction("getresgid()")]
pub(super) fn getresgid(cx: &Context) -> PyResult<Ref<Tuple>> {
    let [mut real, mut effective, mut saved] = [0; 3];
    // SAFETY: the numbers are written to.
    outcome(unsafe { libc::getresgid(&mut real, &mut effective, &mut saved) }).settle(cx)?;
    three(cx, [real, effective, saved])
}

fn group_list(cx: &Context, groups: impl Iterator<Item = u32>) -> PyResult<Ref<List>> {
    let groups = groups.map(|group| identity_value(cx, group));
    List::from_values(cx, groups.collect::<PyResult<_>>()?)
}

/// Return list of supplemental group IDs for the process.
#[pyfunction("getgroups()")]
pub(super) fn getgroups(cx: &Context) -> PyResult<Ref<List>> {
    let groups = rustix::process::getgroups().settle(cx)?;
    group_list(cx, groups.iter().map(|group| group.as_raw()))
}

/// Set the groups of the current process to list.
#[pyfunction("setgroups(groups, /)")]
pub(super) fn setgroups(cx: &Context, groups: &Value) -> PyResult<()> {
    if groups.class().slots.item.get().is_none() && groups.class().slots.subscript.get().is_none() {
        return Err(cx.type_error("setgroups argument must be a sequence"));
    }
    let groups = iterate::collect(cx, groups)?;
    if groups.len() > 65536 {
        return Err(cx.value_error("too many groups"));
    }
    let mut numbers: Vec<libc::gid_t> = Vec::with_capacity(groups.len());
    for group in &groups {
        if !int::is_int(group) {
            return Err(cx.type_error("groups must be integers"));
        }
        let number = int::index_as_i128(cx, group)?;
        numbers.push(u32::try_from(number).map_err(|_| cx.value_error("group id too big"))?);
    }
    // SAFETY: the list has the length that is told.
    outcome(unsafe { libc::setgroups(numbers.len(), numbers.as_ptr()) })
        .map(drop)
        .settle(cx)
}

/// Returns a list of groups to which a user belongs.
///
///   user
///     username to lookup
///   group
///     base group id of the user
#[pyfunction("getgrouplist(user, group, /)")]
pub(super) fn getgrouplist(cx: &Context, user: String, group: Group) -> PyResult<Ref<List>> {
    let Ok(user) = std::ffi::CString::new(user) else {
        return Err(cx.value_error("embedded null character"));
    };
    let mut groups: Vec<libc::gid_t> = vec![0; 64];
    loop {
        let mut count = groups.len() as libc::c_int;
        // SAFETY: the name ends with a null byte, the list has room for `count` groups.
        let found = cx.detached(|| unsafe {
            libc::getgrouplist(user.as_ptr(), group.0, groups.as_mut_ptr(), &mut count)
        });
        if found != -1 {
            return group_list(cx, groups.iter().take(count as usize).copied());
        }
        if groups.len() > 1 << 20 {
            return Err(Errno::NOMEM).settle(cx);
        }
        let doubled = groups.len() * 2;
        groups.resize(doubled.max(count as usize), 0);
    }
}

/// Initialize the group access list.
///
/// Call the system initgroups() to initialize the group access list with all of
/// the groups of which the specified username is a member, plus the specified
/// group id.
#[pyfunction("initgroups(username, gid, /)")]
pub(super) fn initgroups(cx: &Context, username: &Value, gid: Group) -> PyResult<()> {
    let user = Path::convert(cx, "initgroups", username)?;
    // SAFETY: the name ends with a null byte.
    outcome(unsafe { libc::initgroups(user.as_c_str().as_ptr(), gid.0) })
        .map(drop)
        .settle(cx)
}

unsafe extern "C" {
    /// Not in the `libc` crate.
    fn getlogin_r(name: *mut libc::c_char, length: libc::size_t) -> libc::c_int;
}

/// Return the actual login name.
#[pyfunction("getlogin()")]
pub(super) fn getlogin(cx: &Context) -> PyResult<Ref<Str>> {
    let mut name = [0u8; 256];
    // SAFETY: the buffer has the length that is told.
    cx.detached(|| returned_error(unsafe { getlogin_r(name.as_mut_ptr().cast(), name.len()) }))
        .settle(cx)?;
    let length = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    codec::decode_file_name(cx, &name[..length])
}

/// Call the system call getpgid(), and return the result.
#[pyfunction("getpgid(pid)")]
pub(super) fn getpgid(cx: &Context, pid: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::getpgid(pid) }).settle(cx)
}

/// Call the system call setpgid(pid, pgrp).
#[pyfunction("setpgid(pid, pgrp, /)")]
pub(super) fn setpgid(cx: &Context, pid: i32, pgrp: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::setpgid(pid, pgrp) })
        .map(drop)
        .settle(cx)
}

/// Make the current process the leader of its process group.
#[pyfunction("setpgrp()")]
pub(super) fn setpgrp(cx: &Context) -> PyResult<()> {
    setpgid(cx, 0, 0)
}

/// Call the system call getsid(pid) and return the result.
#[pyfunction("getsid(pid, /)")]
pub(super) fn getsid(cx: &Context, pid: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::getsid(pid) }).settle(cx)
}

/// Call the system call setsid().
#[pyfunction("setsid()")]
pub(super) fn setsid(cx: &Context) -> PyResult<()> {
    // SAFETY: the call has no preconditions.
    outcome(unsafe { libc::setsid() }).map(drop).settle(cx)
}

/// The answer of a call for which -1 may be one.
fn signed_answer(call: impl FnOnce() -> i32) -> SystemResult<i32> {
    // SAFETY: the address of this thread's errno is always valid.
    unsafe { *libc::__errno_location() = 0 };
    let answer = call();
    let error = last_error();
    if answer == -1 && error.raw_os_error() != 0 {
        Err(error)
    } else {
        Ok(answer)
    }
}

/// Add increment to the priority of process and return the new priority.
#[pyfunction("nice(increment, /)")]
pub(super) fn nice(cx: &Context, increment: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    signed_answer(|| unsafe { libc::nice(increment) }).settle(cx)
}

/// Return program scheduling priority.
#[pyfunction("getpriority(which, who)")]
pub(super) fn getpriority(cx: &Context, which: i32, who: i32) -> PyResult<i32> {
    // SAFETY: the call takes numbers.
    signed_answer(|| unsafe { libc::getpriority(which as _, who as libc::id_t) }).settle(cx)
}

/// Set program scheduling priority.
#[pyfunction("setpriority(which, who, priority)")]
pub(super) fn setpriority(cx: &Context, which: i32, who: i32, priority: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::setpriority(which as _, who as libc::id_t, priority) })
        .map(drop)
        .settle(cx)
}

/// Move the calling thread into different namespaces.
///
///   fd
///     A file descriptor to a namespace.
///   nstype
///     Type of namespace.
#[pyfunction("setns(fd, nstype=0)")]
pub(super) fn setns(
    cx: &Context,
    fd: super::arguments::FileDescriptor,
    nstype: i32,
) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    cx.detached(|| outcome(unsafe { libc::setns(fd.0, nstype) }))
        .map(drop)
        .settle(cx)
}

/// Disassociate parts of a process (or thread) execution context.
///
///   flags
///     Namespaces to be unshared.
#[pyfunction("unshare(flags)")]
pub(super) fn unshare(cx: &Context, flags: i32) -> PyResult<()> {
    // SAFETY: the call takes a number.
    cx.detached(|| outcome(unsafe { libc::unshare(flags) }))
        .map(drop)
        .settle(cx)
}
