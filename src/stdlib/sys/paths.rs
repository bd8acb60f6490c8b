//! Where the interpreter and its library are: `executable`, `prefix` and their kin.
//!
//! The library is inside the executable. Its modules have paths all the same, in a folder that need not
//! exist: `<base prefix>/lib/typhon3.14`. That folder is on `sys.path`; `library` finds modules there. A build
//! lays the same files there for programs that want to read them.
//! The prefix is the parent of the executable's folder if that is called `bin`, else the folder itself.
//! In a virtual environment (PEP 405) `pyvenv.cfg`, beside the executable or above it, tells where the
//! interpreter is that it was made from.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult};

use super::os_text;
use crate::configuration;

/// See the module's header.
#[derive(Debug)]
pub struct Paths {
    /// Empty when it cannot be found out.
    pub executable: PathBuf,
    pub base_executable: PathBuf,
    pub prefix: PathBuf,
    pub base_prefix: PathBuf,
    /// Where the library's modules seem to be.
    pub library: PathBuf,
}

static PATHS: OnceLock<Paths> = OnceLock::new();

/// The paths of this process.
pub fn get() -> &'static Paths {
    PATHS.get_or_init(Paths::find)
}

impl Paths {
    fn find() -> Paths {
        let executable = find_executable().unwrap_or_default();
        let resolved = fs::canonicalize(&executable).unwrap_or_else(|_| executable.clone());
        let base_prefix = prefix_of(&resolved);
        let (prefix, base_prefix, base_executable) = match environment_of(&executable) {
            Some((prefix, home)) => {
                let name = executable.file_name().unwrap_or_default();
                let base = prefix_of(&home.join(name));
                (prefix, base, executable_in(&home, &executable, &resolved))
            }
            None => (base_prefix.clone(), base_prefix, executable.clone()),
        };
        let library = base_prefix.join("lib").join("typhon3.14");
        Paths {
            executable,
            base_executable,
            prefix,
            base_prefix,
            library,
        }
    }
}

/// The executable as it was called, made absolute: links are not followed.
fn find_executable() -> Option<PathBuf> {
    let called = PathBuf::from(configuration::get().original_arguments.first()?);
    let plain = called
        .parent()
        .is_none_or(|folder| folder.as_os_str().is_empty());
    let found = if !plain {
        std::path::absolute(&called)
            .ok()
            .map(|path| without_dots(&path))
    } else {
        let search = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&search)
            .map(|folder| folder.join(&called))
            .find(|candidate| is_executable(candidate))
    };
    found
        .filter(|found| is_executable(found))
        .or_else(|| env::current_exe().ok())
}

fn without_dots(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect()
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn prefix_of(executable: &Path) -> PathBuf {
    let folder = executable.parent().unwrap_or(Path::new("/"));
    match folder.parent() {
        Some(above) if folder.file_name() == Some(OsStr::new("bin")) => above.to_owned(),
        _ => folder.to_owned(),
    }
}

/// The prefix of the virtual environment that `executable` is in, and the `home` it names.
fn environment_of(executable: &Path) -> Option<(PathBuf, PathBuf)> {
    let folder = executable.parent()?;
    for place in [Some(folder), folder.parent()].into_iter().flatten() {
        let Ok(text) = fs::read_to_string(place.join("pyvenv.cfg")) else {
            continue;
        };
        for line in text.lines() {
            if let Some((key, value)) = line.split_once('=')
                && key.trim().eq_ignore_ascii_case("home")
            {
                let prefix = if place == folder {
                    folder.parent().unwrap_or(folder)
                } else {
                    place
                };
                return Some((prefix.to_owned(), PathBuf::from(value.trim())));
            }
        }
    }
    None
}

/// The executable that a virtual environment was made from: what the environment's `executable` links to
/// (`resolved`), or else, where it is a copy, one in `home`. The environment has names for it that `home` may not have.
fn executable_in(home: &Path, executable: &Path, resolved: &Path) -> PathBuf {
    if resolved != executable {
        return resolved.to_owned();
    }
    let name = executable.file_name().unwrap_or_default();
    let names = [name, "typhon".as_ref(), "python3.14".as_ref()];
    let found = names
        .iter()
        .map(|name| home.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| home.join(name))
}

/// `sys.path` as it is before `site` and without the program's own folder.
pub fn search_path() -> Vec<OsString> {
    let configuration = configuration::get();
    let mut path = Vec::new();
    if let Some(extra) = &configuration.module_search_path {
        path.extend(
            env::split_paths(extra)
                .map(PathBuf::into_os_string)
                .filter(|entry| !entry.is_empty()),
        );
    }
    path.push(get().library.clone().into_os_string());
    path
}

/// Adds this file's attributes to `sys`.
pub(super) fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    let paths = get();
    let entries: [(&str, &Path); 7] = [
        ("executable", &paths.executable),
        ("_base_executable", &paths.base_executable),
        ("prefix", &paths.prefix),
        ("exec_prefix", &paths.prefix),
        ("base_prefix", &paths.base_prefix),
        ("base_exec_prefix", &paths.base_prefix),
        ("_stdlib_dir", &paths.library),
    ];
    for (name, path) in entries {
        add(cx, module, name, os_text(cx, path.as_os_str())?)?;
    }
    add(cx, module, "platlibdir", "lib")?;
    add(cx, module, "_home", typhon_runtime::Value::NONE)
}
