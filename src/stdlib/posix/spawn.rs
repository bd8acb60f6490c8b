//! `posix_spawn`: a new process without a fork that Python sees.

use std::mem::MaybeUninit;

use libc::{posix_spawn_file_actions_t, posix_spawnattr_t};
use typhon_macros::pyfunction;
use typhon_runtime::args::{FromArgument, Maybe, Place};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Value, audit};

use super::arguments::{FilePath, Settle, returned_error};
use super::process::{Strings, is_mapping, program_arguments, program_environment};
use super::scheduling;
use crate::path::Path;

/// Kinds of file actions.
pub(super) const OPEN: i64 = 0;
pub(super) const CLOSE: i64 = 1;
pub(super) const DUP2: i64 = 2;
pub(super) const CLOSEFROM: i64 = 3;

/// What the new process does with its descriptors before it begins.
struct FileActions(posix_spawn_file_actions_t);

impl FileActions {
    fn new(cx: &Context) -> PyResult<FileActions> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call initializes what it gets.
        returned_error(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })
            .settle(cx)?;
        // SAFETY: it has succeeded.
        Ok(FileActions(unsafe { actions.assume_init() }))
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// How the new process differs from this one.
struct Attributes(posix_spawnattr_t);

impl Attributes {
    fn new(cx: &Context) -> PyResult<Attributes> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the call initializes what it gets.
        returned_error(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })
            .settle(cx)?;
        // SAFETY: it has succeeded.
        Ok(Attributes(unsafe { attributes.assume_init() }))
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

fn number<'a, T: FromArgument<'a>>(cx: &Context, value: &'a Value) -> PyResult<T> {
    const PLACE: Place = Place {
        function: "posix_spawn",
        position: 0,
        name: "",
        by_name: false,
    };
    T::from_argument(cx, value, &PLACE)
}

/// Fills in one file action. Paths must live until the process is spawned: the call copies them.
fn add_action(cx: &Context, actions: &mut FileActions, action: &[Value]) -> PyResult<()> {
    let wrong = |kind: &str, count: usize| {
        Err(cx.type_error(format!(
            "A {kind} file_action tuple must have {count} elements"
        )))
    };
    let kind: i64 = number(cx, &action[0])?;
    let done = match (kind, &action[1..]) {
        (OPEN, [file, path, flags, mode]) => {
            let (file, flags) = (number(cx, file)?, number(cx, flags)?);
            let path = Path::convert(cx, "posix_spawn", path)?;
            let mode: u32 = number(cx, mode)?;
            // SAFETY: the actions are initialized, the path ends with a null byte and is copied.
            unsafe {
                libc::posix_spawn_file_actions_addopen(
                    &mut actions.0,
                    file,
                    path.as_c_str().as_ptr(),
                    flags,
                    mode,
                )
            }
        }
        (CLOSE, [file]) => {
            let file = number(cx, file)?;
            // SAFETY: the actions are initialized.
            unsafe { libc::posix_spawn_file_actions_addclose(&mut actions.0, file) }
        }
        (DUP2, [from, to]) => {
            let (from, to) = (number(cx, from)?, number(cx, to)?);
            // SAFETY: the actions are initialized.
            unsafe { libc::posix_spawn_file_actions_adddup2(&mut actions.0, from, to) }
        }
        (CLOSEFROM, [file]) => {
            let file = number(cx, file)?;
            // SAFETY: the actions are initialized.
            unsafe { libc::posix_spawn_file_actions_addclosefrom_np(&mut actions.0, file) }
        }
        (OPEN, _) => return wrong("open", 5),
        (CLOSE, _) => return wrong("close", 2),
        (DUP2, _) => return wrong("dup2", 3),
        (CLOSEFROM, _) => return wrong("closefrom", 2),
        _ => return Err(cx.type_error("Unknown file_actions identifier")),
    };
    returned_error(done).settle(cx)
}

fn file_actions(cx: &Context, value: Option<&Value>) -> PyResult<Option<FileActions>> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(None);
    };
    if !iterate::is_iterable(value) {
        return Err(cx.type_error("file_actions must be a sequence or None"));
    }
    let list = iterate::collect(cx, value)?;
    if list.is_empty() {
        return Ok(None);
    }
    let mut actions = FileActions::new(cx)?;
    for action in &list {
        match action.downcast::<Tuple>() {
            Some(action) if !action.is_empty() => add_action(cx, &mut actions, action.as_slice())?,
            _ => return Err(cx.type_error("Each file_actions element must be a non-empty tuple")),
        }
    }
    Ok(Some(actions))
}

/// A set of signals.
fn signal_set(cx: &Context, signals: &Value) -> PyResult<libc::sigset_t> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the call initializes the set.
    let mut set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    };
    const LAST: i64 = 64;
    iterate::for_each(cx, signals, |signal| {
        let signal: i64 = number(cx, &signal)?;
        if !(1..=LAST).contains(&signal) {
            return Err(cx.value_error(format!("signal number {signal} out of range [1; {LAST}]")));
        }
        // SAFETY: the set is initialized. Signals that the C library keeps for itself are left out by it.
        unsafe { libc::sigaddset(&mut set, signal as i32) };
        Ok(())
    })?;
    Ok(set)
}

/// The keyword arguments that say how the new process differs.
struct Options<'a> {
    group: Option<&'a Value>,
    reset_ids: bool,
    new_session: bool,
    mask: Option<&'a Value>,
    defaults: Option<&'a Value>,
    scheduler: Option<&'a Value>,
}

impl Options<'_> {
    fn attributes(&self, cx: &Context, function: &str) -> PyResult<Attributes> {
        let mut attributes = Attributes::new(cx)?;
        let mut flags = 0;
        if let Some(group) = self.group.filter(|group| !group.is_none()) {
            let group = number(cx, group)?;
            // SAFETY: the attributes are initialized.
            returned_error(unsafe { libc::posix_spawnattr_setpgroup(&mut attributes.0, group) })
                .settle(cx)?;
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        if self.reset_ids {
            flags |= libc::POSIX_SPAWN_RESETIDS;
        }
        if self.new_session {
            flags |= i32::from(libc::POSIX_SPAWN_SETSID);
        }
        if let Some(mask) = self.mask {
            let set = signal_set(cx, mask)?;
            // SAFETY: attributes and set are initialized.
            returned_error(unsafe { libc::posix_spawnattr_setsigmask(&mut attributes.0, &set) })
                .settle(cx)?;
            flags |= libc::POSIX_SPAWN_SETSIGMASK;
        }
        if let Some(defaults) = self.defaults {
            let set = signal_set(cx, defaults)?;
            // SAFETY: attributes and set are initialized.
            returned_error(unsafe { libc::posix_spawnattr_setsigdefault(&mut attributes.0, &set) })
                .settle(cx)?;
            flags |= libc::POSIX_SPAWN_SETSIGDEF;
        }
        if let Some(scheduler) = self.scheduler.filter(|scheduler| !scheduler.is_none()) {
            let Some(scheduler) = scheduler.downcast::<Tuple>() else {
                return Err(cx.type_error(format!("{function}: scheduler must be a tuple or None")));
            };
            let [policy, parameter] = scheduler.as_slice() else {
                return Err(cx.type_error("A scheduler tuple must have two elements"));
            };
            if !policy.is_none() {
                let policy = number(cx, policy)?;
                // SAFETY: the attributes are initialized.
                returned_error(unsafe {
                    libc::posix_spawnattr_setschedpolicy(&mut attributes.0, policy)
                })
                .settle(cx)?;
                flags |= libc::POSIX_SPAWN_SETSCHEDULER;
            }
            let parameter = scheduling::parameter(cx, parameter)?;
            // SAFETY: the attributes are initialized.
            returned_error(unsafe {
                libc::posix_spawnattr_setschedparam(&mut attributes.0, &parameter)
            })
            .settle(cx)?;
            flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
        }
        // SAFETY: the attributes are initialized.
        returned_error(unsafe { libc::posix_spawnattr_setflags(&mut attributes.0, flags as _) })
            .settle(cx)?;
        Ok(attributes)
    }
}

#[allow(clippy::too_many_arguments)]
fn spawn(
    cx: &Context,
    function: &str,
    path: &FilePath,
    argv: &Value,
    env: &Value,
    actions: Option<&Value>,
    options: &Options<'_>,
) -> PyResult<i32> {
    if argv.downcast::<Tuple>().is_none() && argv.downcast::<List>().is_none() {
        return Err(cx.type_error(format!("{function}: argv must be a tuple or list")));
    }
    let arguments = program_arguments(cx, function, argv)?;
    if !env.is_none() && !is_mapping(env) {
        return Err(cx.type_error(format!(
            "{function}: environment must be a mapping object or None"
        )));
    }
    let environment: Option<Strings> = if env.is_none() {
        None
    } else {
        Some(program_environment(cx, env)?)
    };
    let actions = file_actions(cx, actions)?;
    audit::event(cx, "os.posix_spawn", || {
        Ok(vec![path.object().clone(), argv.clone(), env.clone()])
    })?;
    let attributes = options.attributes(cx, function)?;
    let actions = actions
        .as_ref()
        .map_or(std::ptr::null(), |actions| &raw const actions.0);
    let call = if function == "posix_spawnp" {
        libc::posix_spawnp
    } else {
        libc::posix_spawn
    };
    let mut pid = 0;
    // SAFETY: name and arrays end with null, actions and attributes are initialized. Without an
    // environment the new process gets this one's.
    let done = unsafe {
        unsafe extern "C" {
            static environ: *const *const libc::c_char;
        }
        let environment = environment.as_ref().map_or(environ, Strings::as_ptr);
        call(
            &mut pid,
            path.name().as_ptr(),
            actions,
            &attributes.0,
            arguments.as_ptr().cast(),
            environment.cast(),
        )
    };
    returned_error(done).about(cx, path.object())?;
    Ok(pid)
}

/// Execute the program specified by path in a new process.
///
///   path
///     Path of executable file.
///   argv
///     Tuple or list of strings.
///   env
///     Dictionary of strings mapping to strings.
///   file_actions
///     A sequence of file action tuples.
///   setpgroup
///     The pgroup to use with the POSIX_SPAWN_SETPGROUP flag.
///   resetids
///     If the value is `true` the POSIX_SPAWN_RESETIDS will be activated.
///   setsid
///     If the value is `true` the POSIX_SPAWN_SETSID or POSIX_SPAWN_SETSID_NP will be activated.
///   setsigmask
///     The sigmask to use with the POSIX_SPAWN_SETSIGMASK flag.
///   setsigdef
///     The sigmask to use with the POSIX_SPAWN_SETSIGDEF flag.
///   scheduler
///     A tuple with the scheduler policy (optional) and parameters.
#[pyfunction(
    "posix_spawn(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
)]
#[allow(clippy::too_many_arguments)]
pub(super) fn posix_spawn(
    cx: &Context,
    path: FilePath,
    argv: &Value,
    env: &Value,
    file_actions: Maybe<&Value>,
    setpgroup: Maybe<&Value>,
    resetids: bool,
    setsid: bool,
    setsigmask: Maybe<&Value>,
    setsigdef: Maybe<&Value>,
    scheduler: Maybe<&Value>,
) -> PyResult<i32> {
    let options = Options {
        group: setpgroup.0,
        reset_ids: resetids,
        new_session: setsid,
        mask: setsigmask.0,
        defaults: setsigdef.0,
        scheduler: scheduler.0,
    };
    spawn(
        cx,
        "posix_spawn",
        &path,
        argv,
        env,
        file_actions.0,
        &options,
    )
}

/// Execute the program specified by path in a new process.
///
///   path
///     Path of executable file.
///   argv
///     Tuple or list of strings.
///   env
///     Dictionary of strings mapping to strings.
///   file_actions
///     A sequence of file action tuples.
///   setpgroup
///     The pgroup to use with the POSIX_SPAWN_SETPGROUP flag.
///   resetids
///     If the value is `True` the POSIX_SPAWN_RESETIDS will be activated.
///   setsid
///     If the value is `True` the POSIX_SPAWN_SETSID or POSIX_SPAWN_SETSID_NP will be activated.
///   setsigmask
///     The sigmask to use with the POSIX_SPAWN_SETSIGMASK flag.
///   setsigdef
///     The sigmask to use with the POSIX_SPAWN_SETSIGDEF flag.
///   scheduler
///     A tuple with the scheduler policy (optional) and parameters.
#[pyfunction(
    "posix_spawnp(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
)]
#[allow(clippy::too_many_arguments)]
pub(super) fn posix_spawnp(
    cx: &Context,
    path: FilePath,
    argv: &Value,
    env: &Value,
    file_actions: Maybe<&Value>,
    setpgroup: Maybe<&Value>,
    resetids: bool,
    setsid: bool,
    setsigmask: Maybe<&Value>,
    setsigdef: Maybe<&Value>,
    scheduler: Maybe<&Value>,
) -> PyResult<i32> {
    let options = Options {
        group: setpgroup.0,
        reset_ids: resetids,
        new_session: setsid,
        mask: setsigmask.0,
        defaults: setsigdef.0,
        scheduler: scheduler.0,
    };
    spawn(
        cx,
        "posix_spawnp",
        &path,
        argv,
        env,
        file_actions.0,
        &options,
    )
}
