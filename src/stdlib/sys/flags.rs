//! `sys.flags`: how the interpreter was started.

use typhon_runtime::args::IntoValue;
use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::{Context, PyResult, Value};

use crate::configuration;

static FLAGS: Description = Description::new(
    "sys",
    "flags",
    "sys.flags\n\nFlags provided through command line arguments or environment vars.",
    &[
        ("debug", "-d"),
        ("inspect", "-i"),
        ("interactive", "-i"),
        ("optimize", "-O or -OO"),
        ("dont_write_bytecode", "-B"),
        ("no_user_site", "-s"),
        ("no_site", "-S"),
        ("ignore_environment", "-E"),
        ("verbose", "-v"),
        ("bytes_warning", "-b"),
        ("quiet", "-q"),
        ("hash_randomization", "-R"),
        ("isolated", "-I"),
        ("dev_mode", "-X dev"),
        ("utf8_mode", "-X utf8"),
        ("warn_default_encoding", "-X warn_default_encoding"),
        ("safe_path", "-P"),
        ("int_max_str_digits", "-X int_max_str_digits"),
        ("gil", "-X gil"),
        ("thread_inherit_context", "-X thread_inherit_context"),
        ("context_aware_warnings", "-X context_aware_warnings"),
    ],
    18,
)
.not_callable();

/// Adds this file's attribute to `sys`.
pub(super) fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    let c = configuration::get();
    let number = |flag: bool| i64::from(flag).into_value(cx);
    let prompt = c.wants_prompt();
    let fields: PyResult<Vec<Value>> = [
        c.debug.into_value(cx),
        number(prompt),
        number(prompt),
        c.optimize.into_value(cx),
        number(c.dont_write_bytecode),
        number(c.no_user_site),
        number(c.no_site),
        number(c.ignore_environment),
        c.verbose.into_value(cx),
        c.bytes_warning.into_value(cx),
        number(c.quiet),
        number(c.hash_seed != Some(0)),
        number(c.isolated),
        c.dev_mode.into_value(cx),
        number(c.utf8_mode),
        number(c.warn_default_encoding),
        c.safe_path.into_value(cx),
        c.int_max_str_digits.into_value(cx),
        c.gil_is_chosen.then_some(i64::from(c.gil)).into_value(cx),
        number(c.thread_inherit_context),
        number(c.context_aware_warnings),
    ]
    .into_iter()
    .collect();
    add(cx, module, "flags", FLAGS.instance(cx, fields?)?)
}
