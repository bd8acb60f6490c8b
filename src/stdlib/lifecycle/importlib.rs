//! The import system's start: `importlib` from the packed library, then the library's own importer.

use typhon_runtime::objects::str_::Name;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, import, interpreter};

use crate::imp;

/// Whether what the packed library stands on is there.
pub(super) fn has_library() -> bool {
    ["_io", "posix"]
        .iter()
        .all(|name| import::native(name).is_some())
}

/// Makes importing work: native modules, the packed library, `sys.path`. False when only native modules
/// can be imported.
///
/// # Errors
/// What the modules of `importlib` raise.
pub(super) fn install(cx: &Context) -> PyResult<bool> {
    let bootstrap = imp::import_frozen(cx, "_frozen_importlib")?.into_value();
    import::set_bootstrap(bootstrap.clone());
    let low_level = imp::MODULE.instantiate(cx)?.into_value();
    import::modules(cx)?.set_name(cx, Name::intern(cx, "_imp")?, low_level.clone())?;
    let sys = interpreter::sys_module().to_value();
    call::call_method(
        cx,
        &bootstrap,
        Name::intern(cx, "_install")?,
        &[sys, low_level],
    )?;
    // Files and the packed library can be imported when what `importlib._bootstrap_external` stands on is there.
    let has_library = has_library();
    if has_library {
        call::call_method(
            cx,
            &bootstrap,
            Name::intern(cx, "_install_external_importers")?,
            &[],
        )?;
        import::call_imported(cx, "_packed_library", "install", &[])?;
    }
    Ok(has_library)
}
