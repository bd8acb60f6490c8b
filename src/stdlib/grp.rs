//! `grp`: the groups that the system knows.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::codec;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::account_database::{
    Entry, all, field, find, found_or_key_error, identity, identity_argument, name_argument,
};

static STRUCT_GROUP: Description = Description::new(
    "grp",
    "struct_group",
    "grp.struct_group: Results from getgr*() routines.\n\nThis object may be accessed either as a tuple of\n  (gr_name,gr_passwd,gr_gid,gr_mem)\nor via the object attributes as named in the above tuple.\n",
    &[
        ("gr_name", "group name"),
        ("gr_passwd", "password"),
        ("gr_gid", "group id"),
        ("gr_mem", "group members"),
    ],
    4,
);

/// Access to the Unix group database.
///
/// Group entries are reported as 4-tuples containing the following fields
/// from the group database, in order:
///
///   gr_name   - name of the group
///   gr_passwd - group password (encrypted); often empty
///   gr_gid    - numeric ID of the group
///   gr_mem    - list of members
///
/// The gid is an integer, name and password are strings.  (Note that most
/// users are not explicitly listed as members of the groups they are in
/// according to the password database.  Check both databases to get
/// complete membership information.)
#[pymodule(name = "grp", functions(getgrgid, getgrnam, getgrall))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "struct_group", STRUCT_GROUP.class(cx)?.to_value())
}

/// A group, copied from the system's memory.
struct Group {
    name: Vec<u8>,
    password: Vec<u8>,
    group: u32,
    members: Vec<Vec<u8>>,
}

impl Entry for Group {
    type System = libc::group;

    unsafe fn of(entry: &libc::group) -> Group {
        let mut members = Vec::new();
        let mut at = entry.gr_mem;
        // SAFETY: by the caller's promise.
        unsafe {
            while !at.is_null() && !(*at).is_null() {
                members.push(field(*at));
                at = at.add(1);
            }
            Group {
                name: field(entry.gr_name),
                password: field(entry.gr_passwd),
                group: entry.gr_gid,
                members,
            }
        }
    }

    fn present(&self, cx: &Context) -> PyResult<Value> {
        let text = |bytes: &[u8]| codec::decode_file_name(cx, bytes).map(Ref::into_value);
        let members: PyResult<Vec<Value>> = self.members.iter().map(|name| text(name)).collect();
        let values = vec![
            text(&self.name)?,
            text(&self.password)?,
            identity(cx, self.group)?,
            List::from_values(cx, members?)?.into_value(),
        ];
        STRUCT_GROUP.instance(cx, values)
    }
}

/// Return the group database entry for the given numeric group ID.
///
/// If id is not valid, raise KeyError.
#[pyfunction("getgrgid(id)")]
fn getgrgid(cx: &Context, id: &Value) -> PyResult<Value> {
    let Some(number) = identity_argument(cx, id, "gid")? else {
        let large = int::view(id).is_some_and(|id| id.clamped() > i128::from(i64::MAX));
        let side = if large {
            "greater than maximum"
        } else {
            "less than minimum"
        };
        return Err(cx.overflow_error(format!("gid is {side}")));
    };
    let found = cx.detached(|| {
        find::<Group>(|entry, memory, found| {
            let (start, length) = (memory.as_mut_ptr().cast(), memory.len());
            // SAFETY: all memory is as large as is said.
            unsafe { libc::getgrgid_r(number, entry, start, length, found) }
        })
    });
    let key = identity(cx, number)?;
    found_or_key_error(cx, found, "getgrgid(): gid not found", &key)
}

/// Return the group database entry for the given group name.
///
/// If name is not valid, raise KeyError.
#[pyfunction("getgrnam(name)")]
fn getgrnam(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    let wanted = name_argument(cx, name)?;
    let found = cx.detached(|| {
        find::<Group>(|entry, memory, found| {
            let (start, length) = (memory.as_mut_ptr().cast(), memory.len());
            // SAFETY: the name ends with null, all memory is as large as is said.
            unsafe { libc::getgrnam_r(wanted.as_ptr(), entry, start, length, found) }
        })
    });
    found_or_key_error(cx, found, "getgrnam(): name not found", name.as_value())
}

/// Return a list of all available group entries, in arbitrary order.
///
/// An entry whose name starts with '+' or '-' represents an instruction
/// to use YP/NIS and may not be accessible via getgrnam or getgrgid.
#[pyfunction("getgrall()")]
fn getgrall(cx: &Context) -> PyResult<Ref<List>> {
    // SAFETY: the three functions of this database.
    unsafe { all::<Group>(cx, libc::setgrent, libc::getgrent, libc::endgrent) }
}
