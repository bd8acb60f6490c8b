//! `pwd`: the users that the system knows.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::codec;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::account_database::{
    Entry, all, field, find, found_or_key_error, identity, identity_argument, name_argument,
    not_found,
};

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

impl Entry for User {
    type System = libc::passwd;

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

/// Return the password database entry for the given numeric user ID.
///
/// See `help(pwd)` for more on password database entries.
#[pyfunction("getpwuid(uidobj, /)")]
fn getpwuid(cx: &Context, uidobj: &Value) -> PyResult<Value> {
    let Some(number) = identity_argument(cx, uidobj, "uid")? else {
        return Err(not_found(cx, "getpwuid(): uid not found".to_owned()));
    };
    let found = cx.detached(|| {
        find::<User>(|entry, memory, found| {
            let (start, length) = (memory.as_mut_ptr().cast(), memory.len());
            // SAFETY: all memory is as large as is said.
            unsafe { libc::getpwuid_r(number, entry, start, length, found) }
        })
    });
    let key = identity(cx, number)?;
    found_or_key_error(cx, found, "getpwuid(): uid not found", &key)
}

/// Return the password database entry for the given user name.
///
/// See `help(pwd)` for more on password database entries.
#[pyfunction("getpwnam(name, /)")]
fn getpwnam(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    let wanted = name_argument(cx, name)?;
    let found = cx.detached(|| {
        find::<User>(|entry, memory, found| {
            let (start, length) = (memory.as_mut_ptr().cast(), memory.len());
            // SAFETY: the name ends with null, all memory is as large as is said.
            unsafe { libc::getpwnam_r(wanted.as_ptr(), entry, start, length, found) }
        })
    });
    found_or_key_error(cx, found, "getpwnam(): name not found", name.as_value())
}

/// Return a list of all available password database entries, in arbitrary order.
///
/// See help(pwd) for more on password database entries.
#[pyfunction("getpwall()")]
fn getpwall(cx: &Context) -> PyResult<Ref<List>> {
    // SAFETY: the three functions of this database.
    unsafe { all::<User>(cx, libc::setpwent, libc::getpwent, libc::endpwent) }
}
