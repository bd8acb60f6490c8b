//! `_sre`: the regular expressions of `re`, which compiles patterns to the codes that run here.
//!
//! Files: `engine/` (matching), `subject` (what is matched against), `search` (running the engine),
//! `pattern` (`re.Pattern`), `replace` (sub, split, findall), `scanner`, `template` (replacement
//! templates), `match_object` (`re.Match`).

mod engine;
mod match_object;
mod pattern;
mod replace;
mod scanner;
mod search;
mod subject;
mod template;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use engine::{
    CODE_SIZE, MAGIC, MAX_GROUPS, MAX_REPEAT, Program, lower_ascii, lower_unicode, upper_unicode,
};
use match_object::Match;
use pattern::Pattern;
use scanner::{MatchIterator, Scanner};
use template::Template;

#[pymodule(
    name = "_sre",
    functions(
        compile,
        template_function,
        getcodesize,
        ascii_iscased,
        ascii_tolower,
        unicode_iscased,
        unicode_tolower
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<Pattern>(cx)?;
    class_of::<Match>(cx)?;
    class_of::<Scanner>(cx)?;
    class_of::<MatchIterator>(cx)?;
    class_of::<Template>(cx)?;
    module::add(cx, this, "MAGIC", MAGIC)?;
    module::add(cx, this, "CODESIZE", CODE_SIZE)?;
    module::add(cx, this, "MAXREPEAT", MAX_REPEAT)?;
    module::add(cx, this, "MAXGROUPS", MAX_GROUPS)?;
    module::add(
        cx,
        this,
        "copyright",
        " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ",
    )
}

#[pyfunction("compile(pattern, flags, code, groups, groupindex, indexgroup)")]
fn compile(
    cx: &Context,
    pattern: &Value,
    flags: i32,
    code: &Ref<List>,
    groups: usize,
    group_index: &Ref<Dict>,
    index_group: &Ref<Tuple>,
) -> PyResult<Ref<Pattern>> {
    let mut codes = Vec::with_capacity(code.len());
    for code in code.to_vec() {
        let code = int::index_as_i128(cx, &code)?;
        let Ok(code) = u32::try_from(code) else {
            return Err(cx.overflow_error("regular expression code size limit exceeded"));
        };
        codes.push(code);
    }
    let Ok(program) = Program::translate(&codes, groups) else {
        return Err(cx.runtime_error("invalid SRE code"));
    };
    Pattern::make(
        cx,
        pattern,
        flags,
        (codes, program),
        group_index,
        index_group,
    )
}

#[pyfunction("template(pattern, template, /)")]
fn template_function(
    cx: &Context,
    _pattern: &Ref<Pattern>,
    parts: &Ref<List>,
) -> PyResult<Ref<Template>> {
    Template::parse(cx, &parts.to_vec())
}

#[pyfunction("getcodesize()")]
fn getcodesize(_cx: &Context) -> PyResult<usize> {
    Ok(CODE_SIZE)
}

#[pyfunction("ascii_iscased(character, /)")]
fn ascii_iscased(_cx: &Context, character: i32) -> PyResult<bool> {
    Ok(u8::try_from(character).is_ok_and(|byte| byte.is_ascii_alphabetic()))
}

#[pyfunction("ascii_tolower(character, /)")]
fn ascii_tolower(_cx: &Context, character: i32) -> PyResult<u32> {
    Ok(lower_ascii(character as u32))
}

#[pyfunction("unicode_iscased(character, /)")]
fn unicode_iscased(_cx: &Context, character: i32) -> PyResult<bool> {
    let character = character as u32;
    Ok(lower_unicode(character) != character || upper_unicode(character) != character)
}

#[pyfunction("unicode_tolower(character, /)")]
fn unicode_tolower(_cx: &Context, character: i32) -> PyResult<u32> {
    Ok(lower_unicode(character as u32))
}
