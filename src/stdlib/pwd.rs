//! `pwd`: the users that the system knows.
//!
//! The system's functions that walk through all users keep their place for the whole process, so only
//! one thread at a time does that.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use parking_lot::Mutex;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::codec;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

static STRUCT_PASSWD: Description = Description::new(
    "pwd",
    "struct_passwd",
    "pwd.struct_passwd: Results from getpw*() routines.\n\nThis object may be accessed either as a tuple of\n  (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\nor via the object attributes as named in the above tuple.",
    &[
        ("pw_name", "user name"),
        ("pw_passwd", "password"),
        ("pw_uid", "user id"),
        ("pw_gid", "group id"),
        ("pw_gecos", "real name"),
        ("pw_dir", "home directory"),
        ("pw_shell", "shell program"),
    ],
    7,
);

/// The walk through all users.
static WALK: Mutex<()> = Mutex::new(());

/// The most memory that an entry of a database may take.
pub(crate) const LARGEST_ENTRY: usize = 1 << 20;

/// This module provides access to the Unix password database.
/// It is available on all Unix versions.
///
/// Password database entries are reported as 7-tuples containing the following
/// items from the password database (see `<pwd.h>'), in order:
/// pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.
/// The uid and gid items are integers, all others are strings. An
/// exception is raised if the entry asked for cannot be found.
#[pymodule(name = "pwd", functions(getpwuid, getpwnam, getpwall))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(
        cx,
        this,
        "struct_passwd",
        STRUCT_PASSWD.class(cx)?.to_value(),
    )
}

/// A user, copied from the system's memory.
struct User {
    name: Vec<u8>,
    password: Vec<u8>,
    user: u32,
    group: u32,
    comment: Vec<u8>,
    directory: Vec<u8>,
    shell: Vec<u8>,
}

/// A string of an entry; nothing for null.
///
/// # Safety
/// Null, or a string that ends with null.
pub(crate) unsafe fn field(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: by the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

impl User {
    /// # Safety
    /// The entry's strings are the system's.
    unsafe fn of(entry: &libc::passwd) -> User {
        // SAFETY: by the caller's promise.
        unsafe {
            User {
                name: field(entry.pw_name),
                password: field(entry.pw_passwd),
                user: entry.pw_uid,
                group: entry.pw_gid,
                comment: field(entry.pw_gecos),
                directory: field(entry.pw_dir),
                shell: field(entry.pw_shell),
            }
        }
    }

    /// The user that `ask` finds. It gets the entry, memory for its strings, and a place for the answer.
    fn find(
        ask: impl Fn(*mut libc::passwd, &mut [u8], *mut *mut libc::passwd) -> i32,
    ) -> Option<User> {
        let mut memory = vec![0u8; 1024];
        loop {
            let mut entry = MaybeUninit::uninit();
            let mut found = ptr::null_mut();
            let error = ask(entry.as_mut_ptr(), &mut memory, &mut found);
            if error == libc::ERANGE && memory.len() < LARGEST_ENTRY {
                memory.resize(memory.len() * 2, 0);
                continue;
            }
            // SAFETY: null, or the entry with strings in `memory`.
            return unsafe { found.as_ref().map(|entry| User::of(entry)) };
        }
    }

    fn present(&self, cx: &Context) -> PyResult<Value> {
        let text = |bytes: &[u8]| codec::decode_file_name(cx, bytes).map(Ref::into_value);
        let values = vec![
            text(&self.name)?,
            text(&self.password)?,
            identity(cx, self.user)?,
            identity(cx, self.group)?,
            text(&self.comment)?,
            text(&self.directory)?,
            text(&self.shell)?,
        ];
        STRUCT_PASSWD.instance(cx, values)
    }
}

/// A user's or group's number as Python has it.
pub(crate) fn identity(cx: &Context, number: u32) -> PyResult<Value> {
    if number == u32::MAX {
        (-1).into_value(cx)
    } else {
        number.into_value(cx)
    }
}

/// A user's or group's number; `None` when it is out of range.
pub(crate) fn identity_argument(cx: &Context, value: &Value, what: &str) -> PyResult<Option<u32>> {
    if value.class().slots.index.get().is_none() {
        let got = value.type_name();
        return Err(cx.type_error(format!("{what} should be integer, not {got}")));
    }
    Ok(match int::index_as_i128(cx, value)? {
        -1 => Some(u32::MAX),
        number => u32::try_from(number).ok(),
    })
}

/// KeyError with a message.
#[cold]
pub(crate) fn not_found(cx: &Context, message: String) -> Raised {
    match message.into_value(cx) {
        Ok(message) => cx.key_error(&message),
        Err(raised) => raised,
    }
}

/// A name for C.
pub(crate) fn name_argument(cx: &Context, name: &Ref<Str>) -> PyResult<CString> {
    CString::new(codec::encode_file_name(cx, name)?)
        .map_err(|_| cx.value_error("embedded null byte"))
}

/// Return the password database entry for the given numeric user ID.
///
/// See `help(pwd)` for more on password database entries.
#[pyfunction("getpwuid(uidobj, /)")]
fn getpwuid(cx: &Context, uidobj: &Value) -> PyResult<Value> {
    let Some(number) = identity_argument(cx, uidobj, "uid")? else {
        return Err(not_found(cx, "getpwuid(): uid not found".to_owned()));
    };
    let found = cx.detached(|| {
        User::find(|entry, memory, found| {
            let (start, length) = (memory.as_mut_ptr().cast(), memory.len());
            // SAFETY: all memory is as large as is said.
            unsafe { libc::getpwuid_r(number, entry, start, length, found) }
        })
    });
    match found {
        Some(user) => user.present(cx),
        None => {
            let shown = text::repr_text(cx, &identity(cx, number)?)?;
            Err(not_found(cx, format!("getpwuid(): uid not found: {shown}")))
        }
    }
}

/// Return the password database entry for the given user name.
///
/// See `help(pwd)` for more on password database entries.
#[pyfunction("getpwnam(name, /)")]
fn getpwnam(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    let wanted = name_argument(cx, name)?;
    let found = cx.detached(|| {
        User::find(|entry, memory, found| {
            let (start, length) = (memory.as_mut_ptr().cast(), memory.len());
            // SAFETY: the name ends with null, all memory is as large as is said.
            unsafe { libc::getpwnam_r(wanted.as_ptr(), entry, start, length, found) }
        })
    });
    match found {
        Some(user) => user.present(cx),
        None => {
            let shown = text::repr_text(cx, name.as_value())?;
            Err(not_found(
                cx,
                format!("getpwnam(): name not found: {shown}"),
            ))
        }
    }
}

/// Return a list of all available password database entries, in arbitrary order.
///
/// See help(pwd) for more on password database entries.
#[pyfunction("getpwall()")]
fn getpwall(cx: &Context) -> PyResult<Ref<List>> {
    let users = cx.detached(|| {
        let _alone = WALK.lock();
        let mut users = Vec::new();
        // SAFETY: each entry is copied before the next is asked for, by one thread at a time.
        unsafe {
            libc::setpwent();
            while let Some(entry) = libc::getpwent().as_ref() {
                users.push(User::of(entry));
            }
            libc::endpwent();
        }
        users
    });
    let mut list = Vec::with_capacity(users.len());
    for user in &users {
        list.push(user.present(cx)?);
    }
    List::from_values(cx, list)
}
