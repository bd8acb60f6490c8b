//! `Context`: precision, rounding, limits, flags and traps; and the current one of each context of
//! execution.
//!
//! Every number in a context is one atomic word: contexts may be shared, and then each operation sees some
//! value that was set.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context as Thread, PyResult, Ref, Value};

use super::context_operations::OPERATIONS;
use super::context_tests::TESTS;
use super::number::{Env, MAX_EMAX, MAX_PREC, MIN_EMIN, ROUNDINGS, Rounding, Settings, Status};
use super::signals::{
    SignalMapping, bits_of_mapping, bits_of_signals, raise_trapped, shown_signals, signals_of,
};
use crate::arguments::{bind, signature, unless_none};
use crate::contextvars::ContextVar;

/// The payload of `Context`.
#[pyclass(
    name = "Context",
    module = "decimal",
    flags(BASETYPE, IMMUTABLE),
    signature = "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)",
    doc = "The context affects almost all operations and controls rounding,\nOver/Underflow, raising of exceptions and much more.  A new context\ncan be initialized as follows:\n\n    >>> c = Context(prec=28, Emin=-425000000, Emax=425000000,\n    ...             rounding=ROUND_HALF_EVEN, capitals=1, clamp=1,\n    ...             traps=[InvalidOperation, DivisionByZero, Overflow],\n    ...             flags=[])\n    >>>\n"
)]
pub struct Context {
    precision: AtomicI64,
    rounding: AtomicI64,
    emin: AtomicI64,
    emax: AtomicI64,
    capitals: AtomicI64,
    clamp: AtomicI64,
    flags: Ref<SignalMapping>,
    traps: Ref<SignalMapping>,
}

impl Traverse for Context {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.flags.as_value());
        visit(self.traps.as_value());
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        self.flags.abandon();
        self.traps.abandon();
    }
}

/// What the module knows of contexts.
struct Contexts {
    variable: Ref<ContextVar>,
    /// `DefaultContext`, `BasicContext` and `ExtendedContext`.
    templates: [Ref<Context>; 3],
}

static CONTEXTS: OnceLock<Contexts> = OnceLock::new();

const DEFAULT: Settings = Settings {
    precision: 28,
    rounding: Rounding::HalfEven,
    emin: -999_999,
    emax: 999_999,
    clamp: false,
    capitals: true,
};

/// Signals that are trapped by default.
const TRAPPED: Status = Status::INVALID
    .union(Status::DIVISION_BY_ZERO)
    .union(Status::OVERFLOW);

fn contexts() -> &'static Contexts {
    CONTEXTS
        .get()
        .expect("invariant: the module is initialized")
}

/// Makes the templates. Returns them with their names.
///
/// # Errors
/// MemoryError.
pub fn initialize(cx: &Thread) -> PyResult<[(&'static str, Ref<Context>); 3]> {
    if CONTEXTS.get().is_none() {
        let basic = Settings {
            precision: 9,
            rounding: Rounding::HalfUp,
            ..DEFAULT
        };
        let extended = Settings {
            precision: 9,
            ..DEFAULT
        };
        let basic_traps = TRAPPED | Status::UNDERFLOW | Status::CLAMPED;
        let made = Contexts {
            variable: ContextVar::named(cx, "decimal_context")?,
            templates: [
                Context::of_settings(cx, DEFAULT, TRAPPED)?,
                Context::of_settings(cx, basic, basic_traps)?,
                Context::of_settings(cx, extended, Status::empty())?,
            ],
        };
        CONTEXTS.get_or_init(|| made);
    }
    let [default, basic, extended] = contexts().templates.clone();
    Ok([
        ("DefaultContext", default),
        ("BasicContext", basic),
        ("ExtendedContext", extended),
    ])
}

/// The current context; a copy of the default one becomes it when there is none.
///
/// # Errors
/// MemoryError.
pub fn current(cx: &Thread) -> PyResult<Ref<Context>> {
    if let Some(value) = ContextVar::value(cx, &contexts().variable)
        && let Some(context) = value.downcast::<Context>()
    {
        return Ok(context.clone());
    }
    let context = Context::copied(cx, &contexts().templates[0])?;
    context.flags.set(Status::empty());
    ContextVar::assign(cx, &contexts().variable, context.to_value())?;
    Ok(context)
}

/// Makes a context the current one; a copy of it when it is a template.
///
/// # Errors
/// TypeError when it is no context.
pub fn set_current(cx: &Thread, context: &Value) -> PyResult<()> {
    let Some(given) = context.downcast::<Context>() else {
        return Err(cx.type_error("argument must be a context"));
    };
    let given = if contexts()
        .templates
        .iter()
        .any(|template| template.is(given))
    {
        let copy = Context::copied(cx, given)?;
        copy.flags.set(Status::empty());
        copy
    } else {
        given.clone()
    };
    ContextVar::assign(cx, &contexts().variable, given.into_value())
}

/// The context of an optional argument: the current one when it is None.
///
/// # Errors
/// TypeError when it is something else.
pub fn optional(cx: &Thread, value: Option<&Value>) -> PyResult<Ref<Context>> {
    match unless_none(value) {
        None => current(cx),
        Some(value) => value
            .downcast::<Context>()
            .cloned()
            .ok_or_else(|| cx.type_error("optional argument must be a context")),
    }
}

/// The rounding that a value names.
///
/// # Errors
/// TypeError when it names none.
pub fn rounding_named(cx: &Thread, value: &Value) -> PyResult<Rounding> {
    let found = value.downcast::<Str>().and_then(|name| {
        ROUNDINGS
            .iter()
            .find(|(_, known)| name.equals(known))
            .map(|(rounding, _)| *rounding)
    });
    found.ok_or_else(|| {
        cx.type_error(
            "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   \
             ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]",
        )
    })
}

fn rounding_numbered(number: i64) -> (Rounding, &'static str) {
    ROUNDINGS[number as usize]
}

impl Context {
    /// A context of the class here.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of_settings(cx: &Thread, settings: Settings, traps: Status) -> PyResult<Ref<Context>> {
        object::new(cx, Context::payload(cx, settings, Status::empty(), traps)?)
    }

    fn payload(cx: &Thread, settings: Settings, flags: Status, traps: Status) -> PyResult<Context> {
        Ok(Context {
            precision: AtomicI64::new(settings.precision),
            rounding: AtomicI64::new(settings.rounding as i64),
            emin: AtomicI64::new(settings.emin),
            emax: AtomicI64::new(settings.emax),
            capitals: AtomicI64::new(settings.capitals.into()),
            clamp: AtomicI64::new(settings.clamp.into()),
            flags: SignalMapping::make(cx, flags)?,
            traps: SignalMapping::make(cx, traps)?,
        })
    }

    /// The same settings, flags and traps.
    ///
    /// # Errors
    /// MemoryError.
    pub fn copied(cx: &Thread, this: &Ref<Context>) -> PyResult<Ref<Context>> {
        let payload = Context::payload(cx, this.settings(), this.flags.get(), this.traps.get())?;
        object::new(cx, payload)
    }

    pub fn settings(&self) -> Settings {
        let get = |number: &AtomicI64| number.load(Ordering::Relaxed);
        Settings {
            precision: get(&self.precision),
            rounding: rounding_numbered(get(&self.rounding)).0,
            emin: get(&self.emin),
            emax: get(&self.emax),
            clamp: get(&self.clamp) != 0,
            capitals: get(&self.capitals) != 0,
        }
    }

    /// For an operation.
    pub fn env(&self) -> Env {
        Env::new(self.settings())
    }

    /// Sets flags whatever is trapped.
    pub fn flag(&self, status: Status) {
        self.flags.add(status);
    }

    /// Takes over what has occurred in an operation.
    ///
    /// # Errors
    /// The first signal that is trapped.
    pub fn note(&self, cx: &Thread, status: Status) -> PyResult<()> {
        if status.is_empty() {
            return Ok(());
        }
        self.flags.add(status);
        let trapped = status & (self.traps.get() | Status::MALLOC);
        if trapped.is_empty() {
            Ok(())
        } else {
            Err(raise_trapped(cx, trapped))
        }
    }

    /// Sets one of the attributes that keyword arguments name.
    ///
    /// # Errors
    /// TypeError, ValueError and KeyError for values that make no sense.
    pub fn set_attribute(&self, cx: &Thread, name: &str, value: &Value) -> PyResult<()> {
        let ranged = |least: i64, most: i64, shown: &str| -> PyResult<i64> {
            let wrong = || cx.value_error(format!("valid range for {name} is {shown}"));
            if !int::is_int(value) {
                let got = value.type_name();
                return Err(cx.type_error(format!(
                    "'{got}' object cannot be interpreted as an integer"
                )));
            }
            let number = i64::try_from(int::index_as_i128(cx, value)?)
                .map_err(|_| cx.overflow_error("Python int too large to convert to C ssize_t"))?;
            (least..=most)
                .contains(&number)
                .then_some(number)
                .ok_or_else(wrong)
        };
        let switch = || -> PyResult<i64> {
            let number = if int::is_int(value) {
                int::index_as_i128(cx, value)?
            } else {
                let got = value.type_name();
                return Err(cx.type_error(format!(
                    "'{got}' object cannot be interpreted as an integer"
                )));
            };
            if i64::try_from(number).is_err() {
                return Err(cx.overflow_error("Python int too large to convert to C ssize_t"));
            }
            match number {
                0 => Ok(0),
                1 => Ok(1),
                _ => Err(cx.value_error(format!("valid values for {name} are 0 or 1"))),
            }
        };
        let set = |field: &AtomicI64, number: i64| field.store(number, Ordering::Relaxed);
        match name {
            "prec" => set(&self.precision, ranged(1, MAX_PREC, "[1, MAX_PREC]")?),
            "Emin" => set(&self.emin, ranged(MIN_EMIN, 0, "[MIN_EMIN, 0]")?),
            "Emax" => set(&self.emax, ranged(0, MAX_EMAX, "[0, MAX_EMAX]")?),
            "capitals" => set(&self.capitals, switch()?),
            "clamp" => set(&self.clamp, switch()?),
            "rounding" => set(&self.rounding, rounding_named(cx, value)? as i64),
            _ => {
                let bits = if value.downcast::<List>().is_some() {
                    bits_of_signals(cx, value)?
                } else {
                    bits_of_mapping(cx, value)?
                };
                if name == "flags" {
                    self.flags.set(bits);
                } else {
                    self.traps.set(bits);
                }
            }
        }
        Ok(())
    }

    fn set(&self, cx: &Thread, name: &str, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("context attributes cannot be deleted"));
        };
        if value.downcast::<List>().is_some() && (name == "flags" || name == "traps") {
            return Err(cx.type_error("argument must be a signal dict"));
        }
        self.set_attribute(cx, name, value)
    }
}

#[pymethods(tables(OPERATIONS, TESTS))]
impl Context {
    #[slot(new)]
    fn new(cx: &Thread, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let template = CONTEXTS.get().map(|contexts| &contexts.templates[0]);
        let (settings, traps) = match template {
            Some(template) => (template.settings(), template.traps.get()),
            None => (DEFAULT, TRAPPED),
        };
        let payload = Context::payload(cx, settings, Status::empty(), traps)?;
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Thread, this: &Ref<Context>, args: Args<'_>) -> PyResult<()> {
        const NAMES: [&str; 8] = [
            "prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps",
        ];
        let signature = signature!(
            "Context",
            0,
            [
                prec = None,
                rounding = None,
                Emin = None,
                Emax = None,
                capitals = None,
                clamp = None,
                flags = None,
                traps = None
            ],
            []
        );
        let values: [Option<&Value>; 8] = bind(cx, signature, args)?;
        for (name, value) in NAMES.into_iter().zip(values) {
            if let Some(value) = unless_none(value) {
                this.set_attribute(cx, name, value)?;
            }
        }
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Thread, this: &Ref<Context>) -> PyResult<Value> {
        let settings = this.settings();
        let rounding = rounding_numbered(settings.rounding as i64).1;
        format!(
            "Context(prec={}, rounding={rounding}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
            settings.precision,
            settings.emin,
            settings.emax,
            u8::from(settings.capitals),
            u8::from(settings.clamp),
            shown_signals(this.flags.get()),
            shown_signals(this.traps.get()),
        )
        .into_value(cx)
    }

    #[getter]
    fn prec(_cx: &Thread, this: &Ref<Context>) -> PyResult<i64> {
        Ok(this.settings().precision)
    }

    #[setter]
    fn set_prec(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "prec", value)
    }

    #[getter("Emax")]
    fn emax(_cx: &Thread, this: &Ref<Context>) -> PyResult<i64> {
        Ok(this.settings().emax)
    }

    #[setter("Emax")]
    fn set_emax(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "Emax", value)
    }

    #[getter("Emin")]
    fn emin(_cx: &Thread, this: &Ref<Context>) -> PyResult<i64> {
        Ok(this.settings().emin)
    }

    #[setter("Emin")]
    fn set_emin(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "Emin", value)
    }

    #[getter]
    fn rounding(cx: &Thread, this: &Ref<Context>) -> PyResult<Value> {
        let (_, name) = rounding_numbered(this.rounding.load(Ordering::Relaxed));
        Ok(Name::intern(cx, name)?.to_value())
    }

    #[setter]
    fn set_rounding(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "rounding", value)
    }

    #[getter]
    fn capitals(_cx: &Thread, this: &Ref<Context>) -> PyResult<u8> {
        Ok(this.settings().capitals.into())
    }

    #[setter]
    fn set_capitals(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "capitals", value)
    }

    #[getter]
    fn clamp(_cx: &Thread, this: &Ref<Context>) -> PyResult<u8> {
        Ok(this.settings().clamp.into())
    }

    #[setter]
    fn set_clamp(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "clamp", value)
    }

    #[getter]
    fn flags(_cx: &Thread, this: &Ref<Context>) -> PyResult<Ref<SignalMapping>> {
        Ok(this.flags.clone())
    }

    #[setter]
    fn set_flags(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "flags", value)
    }

    #[getter]
    fn traps(_cx: &Thread, this: &Ref<Context>) -> PyResult<Ref<SignalMapping>> {
        Ok(this.traps.clone())
    }

    #[setter]
    fn set_traps(cx: &Thread, this: &Ref<Context>, value: Option<&Value>) -> PyResult<()> {
        this.set(cx, "traps", value)
    }

    /// Return a value equal to Emin - prec + 1.
    ///
    /// This is the minimum exponent value for subnormal results.  When
    /// underflow occurs, the exponent is set to Etiny.
    #[method("Etiny(self, /)")]
    fn etiny(_cx: &Thread, this: &Ref<Context>) -> PyResult<i64> {
        Ok(this.settings().etiny())
    }

    /// Return a value equal to Emax - prec + 1.
    ///
    /// This is the maximum exponent if the _clamp field of the context is
    /// set to 1 (IEEE clamp mode).  Etop() must not be negative.
    #[method("Etop(self, /)")]
    fn etop(_cx: &Thread, this: &Ref<Context>) -> PyResult<i64> {
        Ok(this.settings().etop())
    }

    /// Reset all flags to False.
    #[method("clear_flags(self, /)")]
    fn clear_flags(_cx: &Thread, this: &Ref<Context>) -> PyResult<()> {
        this.flags.set(Status::empty());
        Ok(())
    }

    /// Set all traps to False.
    #[method("clear_traps(self, /)")]
    fn clear_traps(_cx: &Thread, this: &Ref<Context>) -> PyResult<()> {
        this.traps.set(Status::empty());
        Ok(())
    }

    /// Return a duplicate of the context with all flags cleared.
    #[method("copy(self, /)")]
    fn copy(cx: &Thread, this: &Ref<Context>) -> PyResult<Ref<Context>> {
        Context::copied(cx, this)
    }

    #[method("__copy__(self, /)")]
    fn dunder_copy(cx: &Thread, this: &Ref<Context>) -> PyResult<Ref<Context>> {
        Context::copied(cx, this)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Thread, this: &Ref<Context>) -> PyResult<Ref<Tuple>> {
        let settings = this.settings();
        let arguments = vec![
            settings.precision.into_value(cx)?,
            Context::rounding(cx, this)?,
            settings.emin.into_value(cx)?,
            settings.emax.into_value(cx)?,
            u8::from(settings.capitals).into_value(cx)?,
            u8::from(settings.clamp).into_value(cx)?,
            List::from_values(cx, signals_of(this.flags.get()))?.into_value(),
            List::from_values(cx, signals_of(this.traps.get()))?.into_value(),
        ];
        let arguments = Tuple::from_vec(cx, arguments)?.into_value();
        Tuple::from_values(cx, &[this.class_of().to_value(), arguments])
    }
}
