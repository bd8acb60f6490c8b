//! `pyexpat`: parsing XML.
//!
//! Files: `engine` (the parser, which knows nothing of Python), `parser` (the Python object around it),
//! `handlers` (which handlers there are, and how events become calls).

mod engine;
mod handlers;
mod parser;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, import, module};

use crate::exception_class::ExceptionClass;
use engine::{Code, Failure, Position};
use parser::Parser;

static ERROR: ExceptionClass =
    ExceptionClass::new("xml.parsers.expat", "ExpatError", exceptions::exception);

/// The Expat whose behaviour this is.
const VERSION: (u8, u8, u8) = (2, 7, 1);

/// Python wrapper for Expat parser.
#[pymodule(name = "pyexpat", functions(parser_create, error_string))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let error = ERROR.get(cx)?;
    module::add(cx, this, "error", error.clone())?;
    module::add(cx, this, "ExpatError", error.clone())?;
    module::add(cx, this, "XMLParserType", class_of::<Parser>(cx)?.clone())?;
    module::add(cx, this, "native_encoding", "UTF-8")?;
    let (major, minor, micro) = VERSION;
    module::add(
        cx,
        this,
        "EXPAT_VERSION",
        format!("expat_{major}.{minor}.{micro}"),
    )?;
    let version = [major, minor, micro].map(|part| Value::small_int(part.into()));
    module::add(
        cx,
        this,
        "version_info",
        Tuple::from_vec(cx, version.to_vec())?,
    )?;
    let features = [
        ("sizeof(XML_Char)", 1),
        ("sizeof(XML_LChar)", 1),
        ("XML_DTD", 0),
        ("XML_NS", 0),
        ("XML_BLAP_MAX_AMP", 100),
        ("XML_BLAP_ACT_THRES", 8 << 20),
        ("XML_GE", 0),
    ];
    let shown = List::new(cx)?;
    for (name, value) in features {
        let pair = vec![
            Str::from_str(cx, name)?.into_value(),
            Value::small_int(value),
        ];
        shown.push(cx, Tuple::from_vec(cx, pair)?.into_value())?;
    }
    module::add(cx, this, "features", shown)?;
    for (number, name) in [
        "XML_PARAM_ENTITY_PARSING_NEVER",
        "XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE",
        "XML_PARAM_ENTITY_PARSING_ALWAYS",
    ]
    .into_iter()
    .enumerate()
    {
        module::add(cx, this, name, number)?;
    }
    for (name, part) in [
        ("errors", &errors_module::MODULE),
        ("model", &model_module::MODULE),
    ] {
        let part = part.instantiate(cx)?;
        let full = Str::from_str(cx, &format!("pyexpat.{name}"))?;
        import::modules(cx)?.set_item(cx, full.as_value(), part.to_value())?;
        module::add(cx, this, name, part)?;
    }
    Ok(())
}

mod errors_module {
    use super::*;

    /// Constants used to describe error conditions.
    #[pymodule(name = "pyexpat.errors")]
    fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
        let (codes, messages) = (Dict::new(cx)?, Dict::new(cx)?);
        for (name, number, message) in engine::CODES {
            let number = Value::small_int((*number).into());
            let message = Str::from_str(cx, message)?.into_value();
            codes.set_item(cx, &message, number.clone())?;
            messages.set_item(cx, &number, message.clone())?;
            module::add(cx, this, name, message)?;
        }
        module::add(cx, this, "codes", codes)?;
        module::add(cx, this, "messages", messages)
    }
}

mod model_module {
    use super::*;

    /// Constants used to interpret content model information.
    #[pymodule(name = "pyexpat.model")]
    fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
        let constants = [
            ("XML_CTYPE_EMPTY", 1),
            ("XML_CTYPE_ANY", 2),
            ("XML_CTYPE_MIXED", 3),
            ("XML_CTYPE_NAME", 4),
            ("XML_CTYPE_CHOICE", 5),
            ("XML_CTYPE_SEQ", 6),
            ("XML_CQUANT_NONE", 0),
            ("XML_CQUANT_OPT", 1),
            ("XML_CQUANT_REP", 2),
            ("XML_CQUANT_PLUS", 3),
        ];
        for (name, value) in constants {
            module::add(cx, this, name, value)?;
        }
        Ok(())
    }
}

/// Return a new XML parser object.
#[pyfunction("ParserCreate(encoding=None, namespace_separator=None, intern=<unrepresentable>)")]
fn parser_create(
    cx: &Context,
    encoding: Maybe<&Value>,
    namespace_separator: Maybe<&Value>,
    intern: Maybe<&Value>,
) -> PyResult<Ref<Parser>> {
    let text = |argument: Maybe<&Value>, name: &str| match argument.0 {
        None => Ok(None),
        Some(value) if value.is_none() => Ok(None),
        Some(value) => match value.downcast::<Str>() {
            Some(text) => Ok(Some(text.to_lossy().into_owned())),
            None => Err(cx.type_error(format!(
                "ParserCreate() argument '{name}' must be str or None, not {}",
                value.type_name_for_argument()
            ))),
        },
    };
    let encoding = text(encoding, "encoding")?;
    let separator = text(namespace_separator, "namespace_separator")?;
    if separator
        .as_ref()
        .is_some_and(|separator| separator.chars().count() > 1)
    {
        return Err(
            cx.value_error("namespace_separator must be at most one character, omitted, or None")
        );
    }
    let intern = match intern.0 {
        None => Some(Dict::new(cx)?),
        Some(value) if value.is_none() => None,
        Some(value) => match value.downcast::<Dict>() {
            Some(dict) => Some(dict.clone()),
            None => return Err(cx.type_error("intern must be a dictionary")),
        },
    };
    let namespaces = separator.map(|separator| separator.chars().next());
    Parser::for_document(cx, encoding, namespaces, intern)
}

/// Returns string error for given number.
#[pyfunction("ErrorString(code, /)")]
fn error_string(_cx: &Context, code: i64) -> PyResult<Option<String>> {
    let message = u8::try_from(code).ok().and_then(engine::message);
    Ok(message.map(str::to_owned))
}

/// Raises ExpatError for what is wrong with a document.
#[cold]
fn failed(cx: &Context, failure: Failure) -> Raised {
    let message = engine::message(failure.code.0).unwrap_or("unknown error");
    raise(cx, message, failure.code, failure.position)
}

/// Raises ExpatError with this message.
#[cold]
fn raise(cx: &Context, message: &str, code: Code, position: Position) -> Raised {
    let Position { line, column, .. } = position;
    let make = || {
        let message = format!("{message}: line {line}, column {column}");
        let message = Str::from_str(cx, &message)?.into_value();
        let error = call::call(cx, ERROR.get(cx)?.as_value(), &[message])?;
        for (name, number) in [
            ("code", code.0.into()),
            ("offset", column),
            ("lineno", line),
        ] {
            let number = int::from_i64(cx, i64::try_from(number).unwrap_or(i64::MAX))?;
            attribute::set(cx, &error, Name::intern(cx, name)?, &number)?;
        }
        Ok(error)
    };
    match make() {
        Ok(error) => match error.into_ref() {
            Ok(error) => cx.raise(error),
            Err(_) => cx.runtime_error("lost ExpatError"),
        },
        Err(Raised) => Raised,
    }
}

/// What a protection against little documents that become huge ones may be set to.
fn checked_factor(cx: &Context, parser: &Ref<Parser>, factor: f64) -> PyResult<f64> {
    if factor.is_nan() || factor < 1.0 {
        let message = "'max_factor' must be at least 1.0";
        return Err(raise(
            cx,
            message,
            Code::INVALID_ARGUMENT,
            parser.position(cx),
        ));
    }
    Ok(factor)
}
