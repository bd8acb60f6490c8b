//! Compiles the library and packs it: see `lib.rs` for what comes out. `lay_out` puts it beside the binary
//! as files, too.

mod lay_out;
mod mended;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use lay_out::Entry;
use typhon_compiler::{CompileOptions, Opcode, compile, marshal};

/// Native stack of a compiling thread.
const STACK: usize = 64 << 20;

/// What is left out: it needs Tk, or it is for other systems.
const EXCLUDED: &[&str] = &[
    "ctypes/macholib",
    "idlelib",
    "tkinter",
    "turtle.py",
    "turtledemo",
    "venv/scripts/nt",
    "_pyrepl/mypy.ini",
    "tomllib/mypy.ini",
    "email/architecture.rst",
    "README.md",
    "PSF-LICENSE",
];

/// Texts in the library that speak of another interpreter or are behind its 3.14, and what stands in their
/// place.
const REPLACEMENTS: &[(&str, &str, &str)] = &[
    (
        "_py_abc.py",
        "subclass = instance.__class__",
        "subclass = getattr(instance, '__class__', type(instance))",
    ),
    (
        "platform.py",
        "if \"RustPython\" in sys_version:",
        "if \"Typhon\" in sys_version:",
    ),
    ("platform.py", "name = \"RustPython\"", "name = \"Typhon\""),
    ("site.py", "return 'RustPython'", "return 'Typhon'"),
    ("site.py", "/lib/rustpython{", "/lib/typhon{"),
    (
        "sysconfig/__init__.py",
        "return 'RustPython'",
        "return 'Typhon'",
    ),
];

/// Modules whose code lies first in the binary, one after the other: those that every start imports, then
/// those that most programs do. The system maps files by runs of pages around the one that is touched.
const EARLY: &[&str] = &[
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "_packed_library",
    "abc",
    "io",
    "stat",
    "_collections_abc",
    "genericpath",
    "posixpath",
    "os",
    "_sitebuiltins",
    "linecache",
    "site",
    "codecs",
    "types",
    "operator",
    "keyword",
    "reprlib",
    "collections",
    "functools",
    "_weakrefset",
    "weakref",
    "threading",
    "contextlib",
    "enum",
    "re",
    "re._constants",
    "re._parser",
    "re._casefix",
    "re._compiler",
    "copyreg",
    "warnings",
    "importlib",
    "collections.abc",
];

struct Compiled {
    code: Vec<u8>,
    source: Vec<u8>,
}

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=lay_out.rs");
    println!("cargo::rerun-if-changed=mended.rs");
    println!("cargo::rerun-if-changed={}", own.display());
    let mut files = BTreeMap::new();
    collect(Path::new(rustpython_pylib::LIB_PATH), "", &mut files);
    collect(&own, "", &mut files);
    files.retain(|path, _| !is_excluded(path));
    generate(&out, &mut files);
    let (modules, data): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(path, _)| path.ends_with(".py"));
    let compiled = compile_all(&modules);
    let data: Vec<_> = data
        .into_iter()
        .map(|(path, file)| {
            let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
            (path, file, bytes)
        })
        .collect();
    write_blobs(&out, &compiled, &data);
    let sources = modules.iter().filter_map(|(path, origin)| {
        let (_, _, compiled) = compiled.get(&module_name(path).0)?;
        Some((path, origin, &compiled.source))
    });
    let entries: Vec<_> = data
        .iter()
        .map(|(path, origin, bytes)| (path, origin, bytes))
        .chain(sources)
        .map(|(path, origin, content)| Entry {
            path,
            content,
            origin,
        })
        .collect();
    if let Err(error) = lay_out::lay_out(&out, &entries) {
        println!("cargo::warning=the library cannot be laid out as files: {error}");
    }
}

/// All files under `folder` by their path in the library. Later folders replace files of earlier ones.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder that was opened can be read");
        let name = entry
            .file_name()
            .into_string()
            .expect("library files have plain names");
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        if entry.path().is_dir() {
            if !path.ends_with("__pycache__") {
                collect(&entry.path(), &path, files);
            }
        } else {
            files.insert(path, entry.path());
        }
    }
}

fn is_excluded(path: &str) -> bool {
    EXCLUDED.iter().any(|excluded| {
        path.strip_prefix(excluded)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Modules that say something about this build.
fn generate(out: &Path, files: &mut BTreeMap<String, PathBuf>) {
    let mut add = |name: &str, text: &str| {
        let path = out.join(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{name}: {error}"));
        files.insert(name.to_owned(), path);
    };
    add("_opcode_metadata.py", &opcode_metadata());
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let environment = if target("ENV") == "musl" {
        "musl"
    } else {
        "gnu"
    };
    let multiarch = format!("{}-{}-{environment}", target("ARCH"), target("OS"));
    let mut data = String::from(
        "\"\"\"What the interpreter was built with, and what extensions are.\"\"\"\n\nimport sys\n\nbuild_time_vars = {\n",
    );
    let long = target("POINTER_WIDTH")
        .parse()
        .map_or(8, |bits: u32| bits / 8);
    let entries: [(&str, String); 33] = [
        ("prefix", "sys.base_prefix".into()),
        ("exec_prefix", "sys.base_exec_prefix".into()),
        ("LIBDIR", "sys.base_prefix + '/lib'".into()),
        ("BINDIR", "sys.base_prefix + '/bin'".into()),
        ("INCLUDEPY", "sys.base_prefix + '/include'".into()),
        (
            "EXT_SUFFIX",
            format!("'.' + sys.implementation.cache_tag + '-{multiarch}.so'"),
        ),
        (
            "SOABI",
            format!("sys.implementation.cache_tag + '-{multiarch}'"),
        ),
        ("MULTIARCH", format!("'{multiarch}'")),
        ("HOST_GNU_TYPE", format!("'{multiarch}'")),
        ("EXE", "''".into()),
        ("VERSION", "'%d.%d' % sys.version_info[:2]".into()),
        ("Py_DEBUG", "0".into()),
        ("Py_GIL_DISABLED", "1".into()),
        ("Py_ENABLE_SHARED", "0".into()),
        ("WITH_PYMALLOC", "0".into()),
        ("CONFIG_ARGS", "''".into()),
        ("HAVE_FORK", "1".into()),
        ("SIZEOF_VOID_P", long.to_string()),
        ("SIZEOF_SIZE_T", long.to_string()),
        ("SIZEOF_LONG", long.to_string()),
        // Where zoneinfo looks for time zones.
        (
            "TZPATH",
            "'/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo'".into(),
        ),
        // Builds of packages ask how extensions are compiled before they find out that these cannot be, and
        // then go without them.
        ("CC", "'cc'".into()),
        ("CXX", "'c++'".into()),
        ("OPT", "'-O2'".into()),
        ("CFLAGS", "'-O2'".into()),
        ("LDFLAGS", "''".into()),
        ("CCSHARED", "'-fPIC'".into()),
        ("LDSHARED", "'cc -shared'".into()),
        ("LDCXXSHARED", "'c++ -shared'".into()),
        ("BLDSHARED", "'cc -shared'".into()),
        ("SHLIB_SUFFIX", "'.so'".into()),
        ("AR", "'ar'".into()),
        ("ARFLAGS", "'rcs'".into()),
    ];
    for (name, value) in entries {
        writeln!(data, "    '{name}': {value},").expect("writing to a String cannot fail");
    }
    data.push_str("}\n");
    add(
        &format!("_sysconfigdata_t_{}_{multiarch}.py", target("OS")),
        &data,
    );
}

/// The opcodes for `dis`: this interpreter's.
fn opcode_metadata() -> String {
    let mut text = String::from(
        "\"\"\"The opcodes of the interpreter, for the module opcode.\"\"\"\n\n_specializations = {}\n\n_specialized_opmap = {}\n\nopmap = {\n",
    );
    let mut with_argument = u8::MAX;
    for opcode in Opcode::ALL {
        let number = *opcode as u8;
        if opcode.has_arg() {
            with_argument = with_argument.min(number);
        }
        writeln!(text, "    {:?}: {number},", opcode.name())
            .expect("writing to a String cannot fail");
    }
    // Those that `dis` looks for by name, though no code of this interpreter has them.
    for (name, number) in [
        ("CACHE", 0),
        ("NOT_TAKEN", 28),
        ("EXTENDED_ARG", 69),
        ("ENTER_EXECUTOR", 255),
    ] {
        if Opcode::ALL.iter().all(|opcode| opcode.name() != name) {
            writeln!(text, "    {name:?}: {number},").expect("writing to a String cannot fail");
        }
    }
    let boundary = with_argument.saturating_sub(1);
    writeln!(
        text,
        "}}\n\nHAVE_ARGUMENT = {boundary}\nMIN_INSTRUMENTED_OPCODE = 256"
    )
    .expect("writing to a String cannot fail");
    text
}

/// A source of the library as it is packed.
fn read_source(path: &str, file: &Path) -> Vec<u8> {
    let mut source = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let replacements = REPLACEMENTS.iter().chain(mended::MENDED);
    for (_, old, new) in replacements.filter(|(wanted, _, _)| *wanted == path) {
        let text = String::from_utf8(source).expect("the library's sources are UTF-8");
        if !text.contains(old) {
            println!("cargo::warning={path} does not contain {old:?}");
        }
        source = text.replace(old, new).into_bytes();
    }
    source
}

fn module_name(path: &str) -> (String, bool) {
    let stem = path.strip_suffix(".py").expect("modules end in .py");
    match stem.strip_suffix("/__init__") {
        Some(package) => (package.replace('/', "."), true),
        None => (stem.replace('/', "."), false),
    }
}

/// Compiles all modules, on all cores. Sorted by name.
fn compile_all(files: &[(String, PathBuf)]) -> BTreeMap<String, (String, bool, Compiled)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((path, file)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (name, is_package) = module_name(path);
            if let Some(compiled) = compile_file(path, file) {
                done.lock()
                    .expect("no thread panics while it holds the lock")
                    .insert(name, (path.clone(), is_package, compiled));
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let started: Vec<_> = (0..threads)
            .map(|_| {
                thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, work)
                    .expect("threads can be started")
            })
            .collect();
        for thread in started {
            thread.join().expect("compiling does not panic");
        }
    });
    done.into_inner()
        .expect("no thread panics while it holds the lock")
}

fn compile_file(path: &str, file: &Path) -> Option<Compiled> {
    let source = read_source(path, file);
    let Ok(text) = std::str::from_utf8(&source) else {
        println!("cargo::warning={path} is not UTF-8 and is left out");
        return None;
    };
    match compile(text, path, &CompileOptions::default()) {
        Ok(compilation) => Some(Compiled {
            code: marshal::write(&compilation.code),
            source,
        }),
        Err(error) => {
            println!("cargo::warning={path} does not compile: {error}");
            None
        }
    }
}

/// Where the next bytes go, and how many they are.
fn append(blob: &mut Vec<u8>, bytes: &[u8]) -> (u32, u32) {
    let start = u32::try_from(blob.len()).expect("the library is smaller than 4 GiB");
    blob.extend_from_slice(bytes);
    (start, bytes.len() as u32)
}

fn write_blobs(
    out: &Path,
    modules: &BTreeMap<String, (String, bool, Compiled)>,
    data: &[(String, PathBuf, Vec<u8>)],
) {
    let (mut code, mut source, mut content) = (Vec::new(), Vec::new(), Vec::new());
    let mut index = String::from("static MODULES: &[Module] = &[\n");
    let mut places = BTreeMap::new();
    let early = EARLY.iter().filter_map(|name| modules.get_key_value(*name));
    for (name, (_, _, compiled)) in early.chain(modules) {
        if !places.contains_key(name) {
            places.insert(name, append(&mut code, &compiled.code));
        }
    }
    for (name, (path, is_package, compiled)) in modules {
        let code = places[name];
        let source = append(&mut source, &compiled.source);
        writeln!(
            index,
            "    Module {{ name: {name:?}, path: {path:?}, is_package: {is_package}, code: {code:?}, source: {source:?} }},"
        )
        .expect("writing to a String cannot fail");
    }
    index.push_str("];\n\nstatic DATA: &[Data] = &[\n");
    for (path, _, bytes) in data {
        let content = append(&mut content, bytes);
        writeln!(
            index,
            "    Data {{ path: {path:?}, content: {content:?} }},"
        )
        .expect("writing to a String cannot fail");
    }
    index.push_str("];\n");
    for (name, bytes) in [
        ("index.rs", index.as_bytes()),
        ("code.bin", &code),
        ("source.bin", &source),
        ("data.bin", &content),
    ] {
        fs::write(out.join(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
