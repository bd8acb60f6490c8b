//! `posix`: the operating system, as `os` shows it.
//!
//! ```text
//!   arguments.rs   what the functions take, how system calls end
//!   stat.rs        stat, statvfs            files.rs       links, modes, owners, times, attributes
//!   directory.rs   listdir, scandir, chdir  open_files.rs  descriptors, reading and writing
//!   terminals.rs   terminals                timer_files.rs timers that are descriptors
//!   process.rs     exec, wait, kill         forking.rs     fork         spawn.rs  posix_spawn
//!   identity.rs    users, groups, sessions  scheduling.rs  sched_…
//!   environment.rs environ, putenv          system.rs      uname, times, urandom, devices
//!   names.rs       sysconf and its names    constants.rs   constants
//!   path_text.rs   paths without the system
//! ```
//! A call that may block is made detached; one that a signal ended early is made again after the
//! signal's handler (PEP 475). Descriptors are made non-inheritable (PEP 446).

mod arguments;
mod constants;
mod directory;
mod environment;
mod files;
mod forking;
mod identity;
mod names;
mod open_files;
mod path_text;
mod process;
mod scheduling;
mod spawn;
mod stat;
mod system;
mod terminals;
mod timer_files;

use typhon_macros::pymodule;
use typhon_runtime::args::IntoValue;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use directory::{DirEntry, ScandirIterator};

pub use forking::fork_with;
pub(crate) use process::Strings;
pub use stat::stat_result;
pub use system::random_bytes;

/// What `os` asks for to know which functions take descriptors.
static HAVE_FUNCTIONS: &[&str] = &[
    "HAVE_EVENTFD",
    "HAVE_TIMERFD_CREATE",
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FEXECVE",
    "HAVE_FDOPENDIR",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_FUTIMES",
    "HAVE_FUTIMESAT",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MEMFD_CREATE",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_MKNODAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
    "HAVE_PTSNAME_R",
];

static STRUCT_SEQUENCES: &[&Description] = &[
    &stat::STAT_RESULT,
    &stat::STATVFS_RESULT,
    &terminals::TERMINAL_SIZE,
    &process::WAITID_RESULT,
    &scheduling::SCHED_PARAM,
    &system::TIMES_RESULT,
    &system::UNAME_RESULT,
];

/// Two numbers as a tuple.
fn pair(cx: &Context, first: i32, second: i32) -> PyResult<Value> {
    Tuple::from_vec(cx, vec![first.into_value(cx)?, second.into_value(cx)?]).map(Ref::into_value)
}

/// This module provides access to operating system functionality that is
/// standardized by the C Standard and the POSIX standard (a thinly
/// disguised Unix interface).  Refer to the library manual and
/// corresponding Unix manual entries for more information on calls.
#[pymodule(
    name = "posix",
    functions(
        directory::listdir,
        directory::scandir,
        directory::chdir,
        directory::fchdir,
        directory::chroot,
        directory::getcwd,
        directory::getcwdb,
        directory::fspath_function,
        environment::create_environ,
        environment::putenv,
        environment::unsetenv,
        files::unlink,
        files::remove,
        files::rmdir,
        files::mkdir,
        files::rename,
        files::replace,
        files::link,
        files::symlink,
        files::readlink,
        files::access,
        files::chmod,
        files::fchmod,
        files::chown,
        files::fchown,
        files::lchown,
        files::truncate,
        files::ftruncate,
        files::mkfifo,
        files::mknod,
        files::utime,
        files::getxattr,
        files::setxattr,
        files::removexattr,
        files::listxattr,
        forking::register_at_fork,
        forking::fork,
        forking::forkpty,
        identity::getresuid,
        identity::getresgid,
        identity::getgroups,
        identity::setgroups,
        identity::getgrouplist,
        identity::initgroups,
        identity::getlogin,
        identity::getpgid,
        identity::setpgid,
        identity::setpgrp,
        identity::getsid,
        identity::setsid,
        identity::nice,
        identity::getpriority,
        identity::setpriority,
        identity::setns,
        identity::unshare,
        identity::getuid,
        identity::geteuid,
        identity::getgid,
        identity::getegid,
        identity::getpid,
        identity::getppid,
        identity::getpgrp,
        identity::setuid,
        identity::seteuid,
        identity::setreuid,
        identity::setresuid,
        identity::setgid,
        identity::setegid,
        identity::setregid,
        identity::setresgid,
        names::sysconf,
        names::pathconf,
        names::fpathconf,
        names::confstr,
        open_files::open,
        open_files::close,
        open_files::closerange,
        open_files::dup,
        open_files::dup2,
        open_files::lseek,
        open_files::read,
        open_files::readinto,
        open_files::write,
        open_files::pread,
        open_files::pwrite,
        open_files::readv,
        open_files::preadv,
        open_files::writev,
        open_files::pwritev,
        open_files::sendfile,
        open_files::copy_file_range,
        open_files::splice,
        open_files::pipe,
        open_files::pipe2,
        open_files::fsync,
        open_files::fdatasync,
        open_files::sync,
        open_files::lockf,
        open_files::posix_fadvise,
        open_files::posix_fallocate,
        open_files::get_inheritable,
        open_files::set_inheritable,
        open_files::get_blocking,
        open_files::set_blocking,
        open_files::memfd_create,
        open_files::eventfd,
        open_files::eventfd_read,
        open_files::eventfd_write,
        path_text::path_normpath,
        path_text::path_splitroot_ex,
        process::exit_now,
        process::abort,
        process::system,
        process::kill,
        process::killpg,
        process::execv,
        process::execve,
        process::wait,
        process::waitpid,
        process::wait3,
        process::wait4,
        process::waitid,
        process::waitstatus_to_exitcode,
        process::pidfd_open,
        process::umask,
        process::wcoredump,
        process::wifcontinued,
        process::wifstopped,
        process::wifsignaled,
        process::wifexited,
        process::wexitstatus,
        process::wtermsig,
        process::wstopsig,
        scheduling::sched_get_priority_max,
        scheduling::sched_get_priority_min,
        scheduling::sched_getscheduler,
        scheduling::sched_setscheduler,
        scheduling::sched_getparam,
        scheduling::sched_setparam,
        scheduling::sched_rr_get_interval,
        scheduling::sched_yield,
        scheduling::sched_getaffinity,
        scheduling::sched_setaffinity,
        spawn::posix_spawn,
        spawn::posix_spawnp,
        stat::stat,
        stat::lstat,
        stat::fstat,
        stat::statvfs,
        stat::fstatvfs,
        system::uname,
        system::times,
        system::cpu_count,
        system::getloadavg,
        system::strerror,
        system::urandom,
        system::getrandom,
        system::major,
        system::minor,
        system::makedev,
        system::is_inputhook_installed,
        system::inputhook,
        terminals::get_terminal_size,
        terminals::isatty,
        terminals::ttyname,
        terminals::ctermid,
        terminals::device_encoding,
        terminals::openpty,
        terminals::posix_openpt,
        terminals::grantpt,
        terminals::unlockpt,
        terminals::ptsname,
        terminals::login_tty,
        terminals::tcgetpgrp,
        terminals::tcsetpgrp,
        timer_files::timerfd_create,
        timer_files::timerfd_settime,
        timer_files::timerfd_settime_ns,
        timer_files::timerfd_gettime,
        timer_files::timerfd_gettime_ns
    ),
    classes(DirEntry)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<ScandirIterator>(cx)?;
    constants::add(cx, this)?;
    for description in STRUCT_SEQUENCES {
        module::add(
            cx,
            this,
            description.name,
            description.class(cx)?.to_value(),
        )?;
    }
    module::add(cx, this, "error", exceptions::os_error().to_value())?;
    module::add(cx, this, "environ", environment::environ(cx)?)?;
    module::add(
        cx,
        this,
        "confstr_names",
        names::as_dict(cx, names::CONFSTR_NAMES)?,
    )?;
    module::add(
        cx,
        this,
        "pathconf_names",
        names::as_dict(cx, names::PATHCONF_NAMES)?,
    )?;
    module::add(
        cx,
        this,
        "sysconf_names",
        names::as_dict(cx, names::SYSCONF_NAMES)?,
    )?;
    let have = HAVE_FUNCTIONS
        .iter()
        .map(|name| name.into_value(cx))
        .collect::<PyResult<Vec<Value>>>()?;
    module::add(cx, this, "_have_functions", List::from_values(cx, have)?)
}
