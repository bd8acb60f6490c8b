//! Where the source of running code comes from: files, the packed library, loaders, and what was typed.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use parking_lot::Mutex;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, interpreter};

use super::{attribute_of, quietly};
use crate::sys::paths;

/// Sources that are in no file, by the name their code has: `-c`, the prompt.
static TYPED: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);

/// Remembers the source of code that is in no file.
pub fn remember(filename: &str, source: &str) {
    TYPED
        .lock()
        .get_or_insert_default()
        .insert(filename.to_owned(), source.to_owned());
}

/// Lines of sources, read once each.
#[derive(Default)]
pub struct SourceLines {
    files: HashMap<String, Vec<String>>,
}

impl SourceLines {
    /// Line `number`, from 1, without its end and white space before that; empty when there is none.
    pub fn line(&mut self, cx: &Context, filename: &str, globals: &Ref<Dict>, number: u32) -> &str {
        if !self.files.contains_key(filename) {
            let lines = read(cx, filename, globals)
                .map(|source| split(&source))
                .unwrap_or_default();
            self.files.insert(filename.to_owned(), lines);
        }
        let lines = &self.files[filename];
        (number as usize)
            .checked_sub(1)
            .and_then(|at| lines.get(at))
            .map_or("", |line| line.trim_end())
    }
}

/// Lines with any of the ends `\n`, `\r\n`, `\r`.
fn split(source: &str) -> Vec<String> {
    let unified = source.replace("\r\n", "\n").replace('\r', "\n");
    unified.split('\n').map(str::to_owned).collect()
}

fn read(cx: &Context, filename: &str, globals: &Ref<Dict>) -> Option<String> {
    if let Some(source) = TYPED
        .lock()
        .as_ref()
        .and_then(|typed| typed.get(filename).cloned())
    {
        return Some(source);
    }
    if filename.is_empty() || filename.starts_with('<') && filename.ends_with('>') {
        return None;
    }
    let path = Path::new(filename);
    if let Ok(inside) = path.strip_prefix(&paths::get().library) {
        return typhon_library::read(inside.to_str()?)
            .map(|source| String::from_utf8_lossy(source).into_owned());
    }
    if let Ok(bytes) = fs::read(path) {
        return Some(text_of(&bytes));
    }
    from_loader(cx, globals).or_else(|| {
        if path.is_absolute() {
            None
        } else {
            from_search_path(cx, path)
        }
    })
}

/// Source for showing: what cannot be decoded is replaced.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{FEFF}').to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// From `__loader__.get_source(__name__)`.
fn from_loader(cx: &Context, globals: &Ref<Dict>) -> Option<String> {
    let spec = globals
        .get_name_plain(cx, names::dunder_spec())
        .filter(|spec| !spec.is_none());
    let name = spec
        .as_ref()
        .and_then(|spec| attribute_of(cx, spec, "name"))
        .or_else(|| globals.get_name_plain(cx, names::dunder_name()))?;
    let loader = spec
        .as_ref()
        .and_then(|spec| attribute_of(cx, spec, "loader"))
        .or_else(|| globals.get_name_plain(cx, names::dunder_loader()))
        .filter(|loader| !loader.is_none())?;
    let get_source = attribute_of(cx, &loader, "get_source")?;
    let source = quietly(cx, call::call(cx, &get_source, &[name]))?;
    Some(source.downcast::<Str>()?.to_lossy().into_owned())
}

/// A relative name may be relative to a folder of `sys.path`.
fn from_search_path(cx: &Context, path: &Path) -> Option<String> {
    let name = quietly(cx, Name::intern(cx, "path"))?;
    let folders = quietly(cx, interpreter::sys_attribute(cx, name)).flatten()?;
    for folder in folders.downcast::<List>()?.to_vec() {
        let Some(folder) = folder.downcast::<Str>() else {
            continue;
        };
        if let Ok(bytes) = fs::read(Path::new(&*folder.to_lossy()).join(path)) {
            return Some(text_of(&bytes));
        }
    }
    None
}
