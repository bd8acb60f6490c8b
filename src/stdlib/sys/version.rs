//! What this interpreter is: version, implementation, the names of its modules.

use std::collections::BTreeSet;

use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::namespace::Namespace;
use typhon_runtime::objects::set::FrozenSet;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Value, import};

/// The version of the language and of its library.
pub const LANGUAGE: [i64; 3] = [3, 14, 0];
/// What the names of cached code contain.
pub const CACHE_TAG: &str = "typhon-314";
/// `sys.api_version` of the language's version.
const API_VERSION: i64 = 1013;

static VERSION_INFO: Description = Description::new(
    "sys",
    "version_info",
    "sys.version_info\n\nVersion information as a named tuple.",
    &[
        ("major", "Major release number"),
        ("minor", "Minor release number"),
        ("micro", "Patch release number"),
        ("releaselevel", "'alpha', 'beta', 'candidate', or 'final'"),
        ("serial", "Serial release number"),
    ],
    5,
)
.not_callable();

/// Names of the library's modules that this build does not have, and of those that are parts of it.
const NAMES_ELSEWHERE: &[&str] = &[
    "_curses",
    "_curses_panel",
    "_dbm",
    "_gdbm",
    "_lsprof",
    "_msi",
    "_overlapped",
    "_scproxy",
    "_sqlite3",
    "_ssl",
    "_tkinter",
    "_winapi",
    "_wmi",
    "cProfile",
    "curses",
    "ensurepip",
    "idlelib",
    "msvcrt",
    "nt",
    "readline",
    "tkinter",
    "turtle",
    "turtledemo",
    "winreg",
    "winsound",
];

/// This interpreter's own version, from the crate.
fn own_version() -> [i64; 3] {
    let mut parts = env!("CARGO_PKG_VERSION")
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn hex_version(version: [i64; 3], level: i64) -> i64 {
    version[0] << 24 | version[1] << 16 | version[2] << 8 | level << 4
}

/// `sys.version`.
pub fn text() -> String {
    let [major, minor, micro] = LANGUAGE;
    format!(
        "{major}.{minor}.{micro} ({}) [Typhon {}]",
        build_name(),
        env!("CARGO_PKG_VERSION")
    )
}

fn build_name() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "main"
    }
}

fn version_info(cx: &Context, version: [i64; 3], level: &str) -> PyResult<Value> {
    let mut fields = Vec::with_capacity(5);
    for number in version {
        fields.push(int::from_i64(cx, number)?);
    }
    fields.push(Str::from_str(cx, level)?.into_value());
    fields.push(int::from_i64(cx, 0)?);
    VERSION_INFO.instance(cx, fields)
}

/// Adds this file's attributes to `sys`.
pub(super) fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    add(cx, module, "version", text())?;
    add(
        cx,
        module,
        "version_info",
        version_info(cx, LANGUAGE, "final")?,
    )?;
    add(cx, module, "hexversion", hex_version(LANGUAGE, 0xF))?;
    add(cx, module, "api_version", API_VERSION)?;
    add(cx, module, "abiflags", "t")?;
    add(
        cx,
        module,
        "copyright",
        "Copyright (c) the Typhon developers.\nAll Rights Reserved.",
    )?;
    add(cx, module, "platform", std::env::consts::OS)?;
    add(
        cx,
        module,
        "byteorder",
        if cfg!(target_endian = "little") {
            "little"
        } else {
            "big"
        },
    )?;
    add(cx, module, "_framework", "")?;
    let git = ["Typhon", "", ""].map(|text| Str::from_str(cx, text).map(Ref::into_value));
    let git: PyResult<Vec<Value>> = git.into_iter().collect();
    add(cx, module, "_git", Tuple::from_vec(cx, git?)?)?;
    let implementation = Namespace::from_pairs(
        cx,
        &[
            ("name", Str::from_str(cx, "typhon")?.into_value()),
            ("cache_tag", Str::from_str(cx, CACHE_TAG)?.into_value()),
            ("version", version_info(cx, own_version(), "final")?),
            (
                "hexversion",
                int::from_i64(cx, hex_version(own_version(), 0xF))?,
            ),
            ("_multiarch", Str::from_str(cx, &multiarch())?.into_value()),
            ("supports_isolated_interpreters", Value::FALSE),
        ],
    )?;
    add(cx, module, "implementation", implementation)?;
    let natives: PyResult<Vec<Value>> = import::all_native()
        .iter()
        .map(|native| Str::from_str(cx, native.name).map(Ref::into_value))
        .collect();
    add(
        cx,
        module,
        "builtin_module_names",
        Tuple::from_vec(cx, natives?)?,
    )?;
    let names: PyResult<Vec<Value>> = library_names()
        .iter()
        .map(|name| Str::from_str(cx, name).map(Ref::into_value))
        .collect();
    add(
        cx,
        module,
        "stdlib_module_names",
        FrozenSet::from_values(cx, &names?)?,
    )
}

/// The platform's name in the manner of Debian: `x86_64-linux-gnu`.
pub fn multiarch() -> String {
    let environment = if cfg!(target_env = "musl") {
        "musl"
    } else {
        "gnu"
    };
    format!(
        "{}-{}-{environment}",
        std::env::consts::ARCH,
        std::env::consts::OS
    )
}

/// Names of the library's modules, without those inside packages.
fn library_names() -> BTreeSet<&'static str> {
    let packed = typhon_library::modules().iter().map(|module| module.name);
    let natives = import::all_native().iter().map(|native| native.name);
    packed
        .chain(natives)
        .chain(NAMES_ELSEWHERE.iter().copied())
        .filter(|name| !name.contains('.'))
        .collect()
}
