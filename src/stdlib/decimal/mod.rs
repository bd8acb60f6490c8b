//! `_decimal`: decimal fixed-point and floating-point arithmetic (General Decimal Arithmetic).
//!
//! ```text
//!   decimal_type.rs decimal_operations.rs  Decimal       context.rs context_*.rs   Context, the current one
//!   comparison.rs convert.rs presentation.rs         signals.rs                exceptions, flags, traps
//!   manager.rs     localcontext
//!   ────────────────────────────── these know nothing of Python ──────────────────────────────
//!   number.rs      numbers, rounding, texts          arithmetic.rs   sums, products, quotients, roots
//!   functions.rs   exp, ln, log10, powers            operations.rs   everything else
//! ```
//! An operation is a function of exact numbers and of an `Env`: the settings of a context and the
//! conditions that occur. Those become flags and exceptions when it is done.

mod arithmetic;
mod comparison;
mod context;
mod context_operations;
mod context_tests;
mod convert;
mod decimal_operations;
mod decimal_type;
mod functions;
mod manager;
mod number;
mod operations;
mod presentation;
mod signals;

use std::sync::OnceLock;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context as Thread, PyResult, Ref, Value, import, module};

use self::context::Context;
use self::decimal_type::Decimal;
use self::manager::{ContextManager, LOCALCONTEXT};
use self::number::{
    MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY, ROUNDINGS, Rounding, Settings, Status,
};

/// Fast implementation of the decimal module.
#[pymodule(
    name = "_decimal",
    functions(getcontext, setcontext, localcontext, ieee_context),
    classes(Decimal, Context)
)]
fn initialize(cx: &Thread, this: &Ref<Module>) -> PyResult<()> {
    signals::initialize(cx, this)?;
    class_of::<ContextManager>(cx)?;
    for (name, context) in context::initialize(cx)? {
        module::add(cx, this, name, context)?;
    }
    for (_, name) in ROUNDINGS {
        module::add(cx, this, name, Name::intern(cx, name)?.to_value())?;
    }
    for (name, number) in [
        ("MAX_PREC", MAX_PREC),
        ("MAX_EMAX", MAX_EMAX),
        ("MIN_EMIN", MIN_EMIN),
        ("MIN_ETINY", MIN_ETINY),
        ("IEEE_CONTEXT_MAX_BITS", MOST_BITS),
    ] {
        module::add(cx, this, name, number)?;
    }
    module::add(cx, this, "HAVE_THREADS", true)?;
    module::add(cx, this, "HAVE_CONTEXTVAR", true)?;
    module::add(cx, this, "__version__", "1.70")?;
    module::add(cx, this, "__libmpdec_version__", "2.5.1")?;
    if DECIMAL_TUPLE.get().is_none() {
        let class = decimal_tuple(cx)?;
        DECIMAL_TUPLE.get_or_init(|| class);
    }
    module::add(cx, this, "DecimalTuple", DECIMAL_TUPLE.get().cloned())?;
    register(cx)
}

/// The class of what `as_tuple()` returns, made once.
pub static DECIMAL_TUPLE: OnceLock<Value> = OnceLock::new();

fn decimal_tuple(cx: &Thread) -> PyResult<Value> {
    let make = import::import_attribute(cx, "collections", "namedtuple")?;
    let name = Str::from_str(cx, "DecimalTuple")?.into_value();
    let fields = Str::from_str(cx, "sign digits exponent")?.into_value();
    let class = call::call(cx, &make, &[name, fields])?;
    let module = Str::from_str(cx, "decimal")?.into_value();
    let name = Name::intern(cx, "__module__")?;
    attribute::set(cx, &class, name, &module)?;
    Ok(class)
}

/// A decimal is a `numbers.Number`.
fn register(cx: &Thread) -> PyResult<()> {
    let number = import::import_attribute(cx, "numbers", "Number")?;
    let name = Name::intern(cx, "register")?;
    let class = class_of::<Decimal>(cx)?.to_value();
    call::call_method(cx, &number, name, &[class]).map(|_| ())
}

/// Get the current default context.
#[pyfunction("getcontext()")]
fn getcontext(cx: &Thread) -> PyResult<Ref<Context>> {
    context::current(cx)
}

/// Set a new default context.
#[pyfunction("setcontext(context, /)")]
fn setcontext(cx: &Thread, context: &Value) -> PyResult<()> {
    context::set_current(cx, context)
}

const MOST_BITS: i64 = 512;

/// Return a context, initialized as one of the IEEE interchange formats.
///
/// The argument must be a multiple of 32 and less than
/// IEEE_CONTEXT_MAX_BITS.
#[pyfunction("IEEEContext(bits, /)")]
fn ieee_context(cx: &Thread, bits: &Value) -> PyResult<Ref<Context>> {
    let bits = i64::try_from(int::index_as_i128(cx, bits)?).unwrap_or(-1);
    if bits <= 0 || bits > MOST_BITS || bits % 32 != 0 {
        return Err(cx.value_error(format!(
            "argument must be a multiple of 32, with a maximum of {MOST_BITS}"
        )));
    }
    let emax = 3 * (1_i64 << (bits / 16 + 3));
    let settings = Settings {
        precision: 9 * (bits / 32) - 2,
        rounding: Rounding::HalfEven,
        emin: 1 - emax,
        emax,
        clamp: true,
        capitals: true,
    };
    Context::of_settings(cx, settings, Status::empty())
}
