//! `syslog`: messages to the system's log.
//!
//! The C library keeps the program's name by its address: the text that `openlog` was given is kept until
//! after the next one is known to the library. Calls that may block on the log's socket are detached.

use std::ffi::{CStr, CString};

use parking_lot::Mutex;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Maybe, Place};
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call, sequence};
use typhon_runtime::{Context, PyResult, Ref, Value, import, interpreter, module};

use typhon_runtime::audit;

macro_rules! from_libc {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name),)*] };
}

static CONSTANTS: &[(&str, i32)] = from_libc! {
    LOG_EMERG LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE LOG_INFO LOG_DEBUG
    LOG_PID LOG_CONS LOG_NDELAY LOG_ODELAY LOG_NOWAIT LOG_PERROR
    LOG_KERN LOG_USER LOG_MAIL LOG_DAEMON LOG_AUTH LOG_SYSLOG LOG_LPR LOG_NEWS LOG_UUCP LOG_CRON
    LOG_AUTHPRIV LOG_FTP LOG_LOCAL0 LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4 LOG_LOCAL5
    LOG_LOCAL6 LOG_LOCAL7
};

#[pymodule(
    name = "syslog",
    functions(log_mask, log_upto, closelog, openlog, setlogmask, syslog)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (name, value) in CONSTANTS {
        module::add(cx, this, name, *value)?;
    }
    Ok(())
}

/// The log while it is open.
struct Open {
    /// What the library points to, unless it makes up a name itself.
    #[allow(dead_code)]
    identity: Option<CString>,
}

static LOG: Mutex<Option<Open>> = Mutex::new(None);

/// The last part of the program's path, if there is one.
fn program_name(cx: &Context) -> PyResult<Option<CString>> {
    let arguments = interpreter::sys_attribute(cx, Name::intern(cx, "argv")?)?;
    let Some(arguments) = arguments.filter(|arguments| arguments.downcast::<List>().is_some())
    else {
        return Ok(None);
    };
    if sequence::length(cx, &arguments)? == 0 {
        return Ok(None);
    }
    let program = sequence::get_item(cx, &arguments, &int::from_i64(cx, 0)?)?;
    let Some(program) = program.downcast::<Str>() else {
        return Ok(None);
    };
    let path = program.to_utf8(cx)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    Ok(CString::new(name).ok().filter(|name| !name.is_empty()))
}

fn open(cx: &Context, identity: Option<CString>, option: i32, facility: i32) {
    cx.detached(|| {
        let mut log = LOG.lock();
        let name = identity.as_deref().map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: the name stays where it is until another one, or none, takes its place.
        unsafe { libc::openlog(name, option, facility) };
        // Only now nothing refers to the name before.
        *log = Some(Open { identity });
    });
}

/// Text for the log.
struct Text(CString);

impl<'a> FromArgument<'a> for Text {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        let text = value
            .downcast::<Str>()
            .ok_or_else(|| place.wrong_type(cx, "str", value))?;
        CString::new(text.to_utf8(cx)?.as_bytes())
            .map(Text)
            .map_err(|_| cx.value_error("embedded null character"))
    }
}

/// Set logging options of subsequent syslog() calls.
#[pyfunction("openlog(ident=<unrepresentable>, logoption=0, facility=LOG_USER)")]
fn openlog(
    cx: &Context,
    ident: Maybe<Text>,
    logoption: Maybe<i32>,
    facility: Maybe<i32>,
) -> PyResult<()> {
    let option = logoption.0.unwrap_or(0);
    let facility = facility.0.unwrap_or(libc::LOG_USER);
    let identity = match ident.0 {
        Some(Text(identity)) => Some(identity),
        None => program_name(cx)?,
    };
    audit::event(cx, "syslog.openlog", || {
        Ok(vec![
            match &identity {
                Some(identity) => Str::from_str(cx, &identity.to_string_lossy())?.into_value(),
                None => Value::NONE,
            },
            int::from_i64(cx, option.into())?,
            int::from_i64(cx, facility.into())?,
        ])
    })?;
    open(cx, identity, option, facility);
    Ok(())
}

/// syslog([priority=LOG_INFO,] message)
/// Send the string message to the system logger.
#[pyfunction("syslog(*args)")]
fn syslog(cx: &Context, args: &[Value]) -> PyResult<()> {
    let (priority, message) = match args {
        [message] => (libc::LOG_INFO, message),
        [priority, message] => {
            let place = Place {
                function: "syslog",
                position: 1,
                name: "priority",
                by_name: false,
            };
            (i32::from_argument(cx, priority, &place)?, message)
        }
        _ => return Err(cx.type_error("syslog.syslog requires 1 to 2 arguments")),
    };
    let place = Place {
        function: "syslog",
        position: args.len(),
        name: "message",
        by_name: false,
    };
    let Text(text) = Text::from_argument(cx, message, &place)?;
    audit::event(cx, "syslog.syslog", || {
        Ok(vec![int::from_i64(cx, priority.into())?, message.clone()])
    })?;
    if LOG.lock().is_none() {
        // As if the program had called openlog().
        call::call(cx, &opener(cx)?, &[])?;
    }
    cx.detached(|| {
        let _log = LOG.lock();
        // SAFETY: the format takes one string.
        unsafe { libc::syslog(priority, c"%s".as_ptr(), text.as_ptr()) };
    });
    Ok(())
}

/// The function `openlog`.
fn opener(cx: &Context) -> PyResult<Value> {
    let module = import::import_module(cx, "syslog")?;
    attribute::get(cx, &module, Name::intern(cx, "openlog")?)
}

/// Reset the syslog module values and call the system library closelog().
#[pyfunction("closelog()")]
fn closelog(cx: &Context) -> PyResult<()> {
    audit::event(cx, "syslog.closelog", || Ok(Vec::new()))?;
    cx.detached(|| {
        let mut log = LOG.lock();
        if log.is_some() {
            // SAFETY: the call has no preconditions; it forgets the name.
            unsafe { libc::closelog() };
            *log = None;
        }
    });
    Ok(())
}

/// Set the priority mask to maskpri and return the previous mask value.
#[pyfunction("setlogmask(maskpri, /)")]
fn setlogmask(cx: &Context, maskpri: i32) -> PyResult<i32> {
    audit::event(cx, "syslog.setlogmask", || {
        Ok(vec![int::from_i64(cx, maskpri.into())?])
    })?;
    // SAFETY: the call has no preconditions.
    Ok(unsafe { libc::setlogmask(maskpri) })
}

/// Calculates the mask for the individual priority pri.
#[pyfunction("LOG_MASK(pri, /)")]
fn log_mask(_cx: &Context, pri: i32) -> PyResult<i32> {
    Ok(1i32.wrapping_shl(pri as u32))
}

/// Calculates the mask for all priorities up to and including pri.
#[pyfunction("LOG_UPTO(pri, /)")]
fn log_upto(_cx: &Context, pri: i32) -> PyResult<i32> {
    Ok(1i32
        .wrapping_shl(pri.wrapping_add(1) as u32)
        .wrapping_sub(1))
}
