//! Why a module lacks a name: it is still being imported, or a file of the program's own stands in front
//! of the library that was meant. What messages of AttributeError and ImportError add.

use std::path::Path;

use parking_lot::RwLock;

use crate::context::Context;
use crate::error::PyResult;
use crate::interpreter;
use crate::objects::set::any_set;
use crate::objects::str_::{Name, Str, names};
use crate::protocols::{attribute, sequence};
use crate::value::Value;

/// The folder of the program, first in `sys.path`; empty for the current one. `None` when the program
/// has none there.
static PROGRAM_FOLDER: RwLock<Option<String>> = RwLock::new(None);

/// Remembers what was put in front of `sys.path` for the program.
pub fn set_program_folder(folder: &str) {
    *PROGRAM_FOLDER.write() = Some(folder.to_owned());
}

/// What is known of a module that lacks a name.
pub(crate) struct Hints {
    /// Its file, going by its spec.
    pub origin: Option<String>,
    /// Whether the file stands in front of a library's, and whether of the standard one.
    pub shadows: Option<Shadowed>,
    /// Whether its import is not done yet.
    pub is_initializing: bool,
    /// Whether the name is that of a submodule that is being imported.
    pub is_submodule: bool,
}

/// What a file of the program may stand in front of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shadowed {
    /// A module of the standard library.
    Standard,
    /// Perhaps some other library.
    Other,
}

impl Hints {
    /// What is known of a module by its `__spec__`.
    ///
    /// # Errors
    /// What looking at the spec raises.
    pub(crate) fn of(cx: &Context, spec: &Value, module: &Value, name: Name) -> PyResult<Hints> {
        let truth = |attribute: &str| -> PyResult<bool> {
            match attribute::find(cx, spec, Name::intern(cx, attribute)?)? {
                Some(answer) => answer.truth(cx),
                None => Ok(false),
            }
        };
        let origin = if truth("has_location")? {
            attribute::find(cx, spec, Name::intern(cx, "origin")?)?
                .and_then(|origin| origin.downcast::<Str>().map(|origin| origin.to_string()))
        } else {
            None
        };
        let shadows = match &origin {
            Some(origin) if is_beside_program(origin) => Some(if is_standard(cx, module)? {
                Shadowed::Standard
            } else {
                Shadowed::Other
            }),
            _ => None,
        };
        let submodules = Name::intern(cx, "_uninitialized_submodules")?;
        let is_submodule = match attribute::find(cx, spec, submodules)? {
            Some(submodules) => sequence::contains(cx, &submodules, name.as_value())?,
            None => false,
        };
        Ok(Hints {
            origin,
            shadows,
            is_initializing: truth("_initializing")?,
            is_submodule,
        })
    }
}

/// Whether a module's file lies in the program's folder, where it is found before any library.
fn is_beside_program(origin: &str) -> bool {
    let folder = PROGRAM_FOLDER.read();
    let Some(folder) = folder.as_deref() else {
        return false;
    };
    let file = Path::new(origin);
    let is_package = file.file_name().is_some_and(|name| name == "__init__.py");
    let beside = if is_package {
        file.parent().and_then(Path::parent)
    } else {
        file.parent()
    };
    let folder = if folder.is_empty() {
        std::env::current_dir().unwrap_or_default()
    } else {
        folder.into()
    };
    beside.is_some_and(|beside| beside == folder)
}

/// Whether the standard library has a module of this name, as far as `sys.stdlib_module_names` says.
fn is_standard(cx: &Context, module: &Value) -> PyResult<bool> {
    let known = interpreter::sys_attribute(cx, Name::intern(cx, "stdlib_module_names")?)?;
    match known.filter(|known| any_set(known).is_some()) {
        Some(known) => sequence::contains(cx, &known, module),
        None => Ok(false),
    }
}

/// The advice to rename a file that stands in front of a library's.
pub(crate) fn renaming(shadowed: Shadowed, origin: &str, module: &str) -> String {
    match shadowed {
        Shadowed::Standard => format!(
            "(consider renaming {origin} since it has the same name as the standard library module named \
             {module} and prevents importing that standard library module)"
        ),
        Shadowed::Other => format!(
            "(consider renaming {origin} if it has the same name as a library you intended to import)"
        ),
    }
}

/// The `__spec__` of a module, unless it is None.
pub(crate) fn spec_of(cx: &Context, module: &Value) -> PyResult<Option<Value>> {
    Ok(attribute::find(cx, module, names::dunder_spec())?.filter(|spec| !spec.is_none()))
}
