//! `_stat`: what a file's mode says.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

/// The bits that say what kind of file it is.
const KIND: u32 = 0o17_0000;
/// The bits that `chmod` can set.
const PERMISSIONS: u32 = 0o7777;

const S_IFDIR: u32 = 0o4_0000;
const S_IFCHR: u32 = 0o2_0000;
const S_IFBLK: u32 = 0o6_0000;
const S_IFREG: u32 = 0o10_0000;
const S_IFIFO: u32 = 0o1_0000;
const S_IFLNK: u32 = 0o12_0000;
const S_IFSOCK: u32 = 0o14_0000;

static CONSTANTS: &[(&str, u32)] = &[
    ("S_IFDIR", 0o40000),
    ("S_IFCHR", 0o20000),
    ("S_IFBLK", 0o60000),
    ("S_IFREG", 0o100000),
    ("S_IFIFO", 0o10000),
    ("S_IFLNK", 0o120000),
    ("S_IFSOCK", 0o140000),
    ("S_IFDOOR", 0o0),
    ("S_IFPORT", 0o0),
    ("S_IFWHT", 0o0),
    ("S_ISUID", 0o4000),
    ("S_ISGID", 0o2000),
    ("S_ISVTX", 0o1000),
    ("S_ENFMT", 0o2000),
    ("S_IREAD", 0o400),
    ("S_IWRITE", 0o200),
    ("S_IEXEC", 0o100),
    ("S_IRWXU", 0o700),
    ("S_IRUSR", 0o400),
    ("S_IWUSR", 0o200),
    ("S_IXUSR", 0o100),
    ("S_IRWXG", 0o70),
    ("S_IRGRP", 0o40),
    ("S_IWGRP", 0o20),
    ("S_IXGRP", 0o10),
    ("S_IRWXO", 0o7),
    ("S_IROTH", 0o4),
    ("S_IWOTH", 0o2),
    ("S_IXOTH", 0o1),
    ("UF_SETTABLE", 0xffff),
    ("UF_NODUMP", 0x1),
    ("UF_IMMUTABLE", 0x2),
    ("UF_APPEND", 0x4),
    ("UF_OPAQUE", 0x8),
    ("UF_NOUNLINK", 0x10),
    ("UF_COMPRESSED", 0x20),
    ("UF_TRACKED", 0x40),
    ("UF_DATAVAULT", 0x80),
    ("UF_HIDDEN", 0x8000),
    ("SF_SETTABLE", 0xffff_0000),
    ("SF_ARCHIVED", 0x1_0000),
    ("SF_IMMUTABLE", 0x2_0000),
    ("SF_APPEND", 0x4_0000),
    ("SF_NOUNLINK", 0x10_0000),
    ("SF_SNAPSHOT", 0x20_0000),
    ("SF_FIRMLINK", 0x80_0000),
    ("SF_DATALESS", 0x4000_0000),
    ("ST_MODE", 0),
    ("ST_INO", 1),
    ("ST_DEV", 2),
    ("ST_NLINK", 3),
    ("ST_UID", 4),
    ("ST_GID", 5),
    ("ST_SIZE", 6),
    ("ST_ATIME", 7),
    ("ST_MTIME", 8),
    ("ST_CTIME", 9),
];

/// S_IFMT_: file type bits
/// S_IFDIR: directory
/// S_IFCHR: character device
/// S_IFBLK: block device
/// S_IFREG: regular file
/// S_IFIFO: fifo (named pipe)
/// S_IFLNK: symbolic link
/// S_IFSOCK: socket file
/// S_IFDOOR: door
/// S_IFPORT: event port
/// S_IFWHT: whiteout
///
/// S_ISUID: set UID bit
/// S_ISGID: set GID bit
/// S_ENFMT: file locking enforcement
/// S_ISVTX: sticky bit
/// S_IREAD: Unix V7 synonym for S_IRUSR
/// S_IWRITE: Unix V7 synonym for S_IWUSR
/// S_IEXEC: Unix V7 synonym for S_IXUSR
/// S_IRWXU: mask for owner permissions
/// S_IRUSR: read by owner
/// S_IWUSR: write by owner
/// S_IXUSR: execute by owner
/// S_IRWXG: mask for group permissions
/// S_IRGRP: read by group
/// S_IWGRP: write by group
/// S_IXGRP: execute by group
/// S_IRWXO: mask for others (not in group) permissions
/// S_IROTH: read by others
/// S_IWOTH: write by others
/// S_IXOTH: execute by others
///
/// UF_SETTABLE: mask of owner changeable flags
/// UF_NODUMP: do not dump file
/// UF_IMMUTABLE: file may not be changed
/// UF_APPEND: file may only be appended to
/// UF_OPAQUE: directory is opaque when viewed through a union stack
/// UF_NOUNLINK: file may not be renamed or deleted
/// UF_COMPRESSED: macOS: file is hfs-compressed
/// UF_TRACKED: used for dealing with document IDs
/// UF_DATAVAULT: entitlement required for reading and writing
/// UF_HIDDEN: macOS: file should not be displayed
/// SF_SETTABLE: mask of super user changeable flags
/// SF_ARCHIVED: file may be archived
/// SF_IMMUTABLE: file may not be changed
/// SF_APPEND: file may only be appended to
/// SF_RESTRICTED: entitlement required for writing
/// SF_NOUNLINK: file may not be renamed or deleted
/// SF_SNAPSHOT: file is a snapshot file
/// SF_FIRMLINK: file is a firmlink
/// SF_DATALESS: file is a dataless object
///
/// On macOS:
/// SF_SUPPORTED: mask of super user supported flags
/// SF_SYNTHETIC: mask of read-only synthetic flags
///
/// ST_MODE
/// ST_INO
/// ST_DEV
/// ST_NLINK
/// ST_UID
/// ST_GID
/// ST_SIZE
/// ST_ATIME
/// ST_MTIME
/// ST_CTIME
///
/// FILE_ATTRIBUTE_*: Windows file attribute constants
///                    (only present on Windows)
#[pymodule(
    name = "_stat",
    functions(
        s_imode, s_ifmt, filemode, s_isdir, s_ischr, s_isblk, s_isreg, s_isfifo, s_islnk, s_issock,
        s_isdoor, s_isport, s_iswht
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    CONSTANTS
        .iter()
        .try_for_each(|&(name, value)| module::add(cx, this, name, value))
}

/// An argument as a mode.
fn mode(cx: &Context, value: &Value) -> PyResult<u32> {
    let number = int::index_as_i128(cx, value)?;
    if number < 0 {
        return Err(cx.overflow_error("can't convert negative value to unsigned int"));
    }
    if number > i128::from(u64::MAX) {
        return Err(cx.overflow_error("Python int too large to convert to C unsigned long"));
    }
    u32::try_from(number).map_err(|_| cx.overflow_error("mode out of range"))
}

/// Functions that ask whether a file is of one kind. A kind that the system does not have is `None`.
macro_rules! kinds {
    ($($name:ident $signature:tt $kind:expr, $doc:tt)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            fn $name(cx: &Context, object: &Value) -> PyResult<bool> {
                let kind: Option<u32> = $kind;
                Ok(kind == Some(mode(cx, object)? & KIND))
            }
        )*
    };
}

kinds! {
    s_isdir "S_ISDIR(object, /)" Some(S_IFDIR), "S_ISDIR(mode) -> bool\n\nReturn True if mode is from a directory."
    s_ischr "S_ISCHR(object, /)" Some(S_IFCHR), "S_ISCHR(mode) -> bool\n\nReturn True if mode is from a character special device file."
    s_isblk "S_ISBLK(object, /)" Some(S_IFBLK), "S_ISBLK(mode) -> bool\n\nReturn True if mode is from a block special device file."
    s_isreg "S_ISREG(object, /)" Some(S_IFREG), "S_ISREG(mode) -> bool\n\nReturn True if mode is from a regular file."
    s_isfifo "S_ISFIFO(object, /)" Some(S_IFIFO), "S_ISFIFO(mode) -> bool\n\nReturn True if mode is from a FIFO (named pipe)."
    s_islnk "S_ISLNK(object, /)" Some(S_IFLNK), "S_ISLNK(mode) -> bool\n\nReturn True if mode is from a symbolic link."
    s_issock "S_ISSOCK(object, /)" Some(S_IFSOCK), "S_ISSOCK(mode) -> bool\n\nReturn True if mode is from a socket."
    s_isdoor "S_ISDOOR(object, /)" None, "S_ISDOOR(mode) -> bool\n\nReturn True if mode is from a door."
    s_isport "S_ISPORT(object, /)" None, "S_ISPORT(mode) -> bool\n\nReturn True if mode is from an event port."
    s_iswht "S_ISWHT(object, /)" None, "S_ISWHT(mode) -> bool\n\nReturn True if mode is from a whiteout."
}

/// Return the portion of the file's mode that can be set by os.chmod().
#[pyfunction("S_IMODE(object, /)")]
fn s_imode(cx: &Context, object: &Value) -> PyResult<u32> {
    Ok(mode(cx, object)? & PERMISSIONS)
}

/// Return the portion of the file's mode that describes the file type.
#[pyfunction("S_IFMT(object, /)")]
fn s_ifmt(cx: &Context, object: &Value) -> PyResult<u32> {
    Ok(mode(cx, object)? & KIND)
}

/// Convert a file's mode to a string of the form '-rwxrwxrwx'
#[pyfunction("filemode(object, /)")]
fn filemode(cx: &Context, object: &Value) -> PyResult<String> {
    let mode = mode(cx, object)?;
    let kind = match mode & KIND {
        S_IFREG => '-',
        S_IFDIR => 'd',
        S_IFLNK => 'l',
        S_IFBLK => 'b',
        S_IFCHR => 'c',
        S_IFIFO => 'p',
        S_IFSOCK => 's',
        _ => '?',
    };
    let mut text = String::from(kind);
    // Set-user-id, set-group-id and sticky each take the place of the "x" of one of the three groups.
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    Ok(text)
}
