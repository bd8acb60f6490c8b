//! The Python half of the standard library, packed into the binary.
//!
//! The build script compiles every module of `rustpython-pylib`, and those of `python/` here, which
//! come first: a file there replaces the library's own, or adds one. Nothing is read from the file
//! system at run time, and nothing is unpacked before it is asked for: what this crate hands out are
//! slices of the binary's own pages. For programs that want to read the library as files, the build
//! lays it out beside the binary (`lay_out.rs`).
//!
//! ```text
//!   index     one entry a module, sorted by name: where its code and its source are
//!   code      marshalled code objects, in the form of `typhon_compiler::marshal`
//!   source    the modules' sources: for tracebacks, `inspect`, and other levels of optimization
//!   data      files that are no modules, by path
//! ```
//!
//! This crate knows nothing of the compiler or the runtime; that the code fits the interpreter is
//! checked by the fingerprint in it when it is read.

/// A module of the library.
#[derive(Debug)]
pub struct Module {
    /// The dotted name.
    pub name: &'static str,
    /// The path of its source in the library, `json/__init__.py`.
    pub path: &'static str,
    /// Whether it is a package.
    pub is_package: bool,
    code: (u32, u32),
    source: (u32, u32),
}

/// A file of the library that is no module.
#[derive(Debug)]
struct Data {
    path: &'static str,
    content: (u32, u32),
}

include!(concat!(env!("OUT_DIR"), "/index.rs"));

static CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/code.bin"));
static SOURCE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/source.bin"));
static CONTENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/data.bin"));

fn part(bytes: &'static [u8], (start, length): (u32, u32)) -> &'static [u8] {
    &bytes[start as usize..][..length as usize]
}

impl Module {
    /// The marshalled code.
    pub fn code(&self) -> &'static [u8] {
        part(CODE, self.code)
    }

    /// The source.
    pub fn source(&self) -> &'static [u8] {
        part(SOURCE, self.source)
    }
}

/// The module with this dotted name.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES
        .binary_search_by(|module| module.name.cmp(name))
        .ok()
        .map(|at| &MODULES[at])
}

/// The module whose source has this path in the library.
pub fn find_path(path: &str) -> Option<&'static Module> {
    let stem = path.strip_suffix(".py")?;
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    find(&stem.replace('/', ".")).filter(|module| module.path == path)
}

/// All modules, sorted by name.
pub fn modules() -> &'static [Module] {
    MODULES
}

/// The content of a file of the library, a source or not.
pub fn read(path: &str) -> Option<&'static [u8]> {
    if let Some(module) = find_path(path) {
        return Some(module.source());
    }
    let at = DATA.binary_search_by(|data| data.path.cmp(path)).ok()?;
    Some(part(CONTENT, DATA[at].content))
}

/// The names in a folder of the library, sorted; none when there is no such folder.
pub fn listing(folder: &str) -> Vec<&'static str> {
    let modules = MODULES.iter().map(|module| module.path);
    let paths = modules.chain(DATA.iter().map(|data| data.path));
    let mut names: Vec<_> = paths
        .filter_map(|path| {
            let inside = match folder {
                "" => path,
                folder => path.strip_prefix(folder)?.strip_prefix('/')?,
            };
            inside.split('/').next()
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_found_by_name_and_path() {
        assert!(MODULES.len() > 300);
        for module in modules() {
            assert_eq!(find(module.name).map(|found| found.path), Some(module.path));
            assert_eq!(
                find_path(module.path).map(|found| found.name),
                Some(module.name)
            );
            assert!(!module.code().is_empty(), "{} has no code", module.name);
        }
    }

    #[test]
    fn sources_are_text_of_the_module() {
        let json = find("json").expect("the library has json");
        assert!(json.is_package);
        let source = std::str::from_utf8(json.source()).expect("sources are UTF-8");
        assert!(source.contains("def dumps("));
        assert_eq!(read("json/__init__.py"), Some(json.source()));
        assert_eq!(read("json/nothing.py"), None);
    }

    #[test]
    fn folders_have_names_once() {
        assert!(listing("json").contains(&"decoder.py"));
        assert!(listing("").contains(&"json"));
        assert!(listing("json/decoder.py").is_empty());
        assert!(listing("js").is_empty());
    }
}
