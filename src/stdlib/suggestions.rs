//! `_suggestions`: the name that was perhaps meant, for the module `traceback`.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::suggest;
use typhon_runtime::{Context, PyResult, Ref, Value};

#[pymodule(name = "_suggestions", functions(generate_suggestions))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Returns the candidate in candidates that's closest to item
#[pyfunction("_generate_suggestions(candidates, item, /)")]
pub fn generate_suggestions(
    cx: &Context,
    candidates: &Value,
    item: &Ref<Str>,
) -> PyResult<Option<String>> {
    let Some(candidates) = candidates.downcast::<List>() else {
        return Err(cx.type_error("candidates must be a list"));
    };
    let texts: Option<Vec<String>> = candidates
        .to_vec()
        .iter()
        .map(|candidate| Some(candidate.downcast::<Str>()?.to_lossy().into_owned()))
        .collect();
    let Some(texts) = texts else {
        return Err(cx.type_error("all elements in 'candidates' must be strings"));
    };
    Ok(suggest::closest(&item.to_lossy(), &texts).map(str::to_owned))
}
