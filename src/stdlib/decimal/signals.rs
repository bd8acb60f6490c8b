//! Signals: the exception classes, the mappings of flags and traps, and how conditions are raised.
//!
//! Invariant: the bits of a mapping are those of [`SIGNALS`], or those of conditions that belong to one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, iterate, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context as Thread, PyResult, Raised, Ref, Value, import, module};

use super::number::Status;

/// A signal or a condition: its name, its bits, and the names of its bases.
pub struct Signal {
    pub name: &'static str,
    pub bits: Status,
    bases: &'static [&'static str],
}

const fn signal(name: &'static str, bits: Status, bases: &'static [&'static str]) -> Signal {
    Signal { name, bits, bases }
}

/// The signals, in the order in which they are raised and shown.
pub static SIGNALS: [Signal; 9] = [
    signal("InvalidOperation", Status::INVALID, &["DecimalException"]),
    signal(
        "FloatOperation",
        Status::FLOAT_OPERATION,
        &["DecimalException", "TypeError"],
    ),
    signal(
        "DivisionByZero",
        Status::DIVISION_BY_ZERO,
        &["DecimalException", "ZeroDivisionError"],
    ),
    signal("Overflow", Status::OVERFLOW, &["Inexact", "Rounded"]),
    signal(
        "Underflow",
        Status::UNDERFLOW,
        &["Inexact", "Rounded", "Subnormal"],
    ),
    signal("Subnormal", Status::SUBNORMAL, &["DecimalException"]),
    signal("Inexact", Status::INEXACT, &["DecimalException"]),
    signal("Rounded", Status::ROUNDED, &["DecimalException"]),
    signal("Clamped", Status::CLAMPED, &["DecimalException"]),
];

/// What InvalidOperation stands for.
static CONDITIONS: [Signal; 5] = [
    signal(
        "InvalidOperation",
        Status::INVALID_OPERATION,
        &["DecimalException"],
    ),
    signal(
        "ConversionSyntax",
        Status::CONVERSION_SYNTAX,
        &["InvalidOperation"],
    ),
    signal(
        "DivisionImpossible",
        Status::DIVISION_IMPOSSIBLE,
        &["InvalidOperation"],
    ),
    signal(
        "DivisionUndefined",
        Status::DIVISION_UNDEFINED,
        &["InvalidOperation", "ZeroDivisionError"],
    ),
    signal(
        "InvalidContext",
        Status::INVALID_CONTEXT,
        &["InvalidOperation"],
    ),
];

/// The classes, made once.
struct Classes {
    by_name: Vec<(&'static str, Value)>,
    /// `SignalDict`, derived from the class here and `MutableMapping`.
    mapping: Value,
}

static CLASSES: OnceLock<Classes> = OnceLock::new();

/// The exception class of a signal or condition.
pub fn class_named(name: &str) -> &'static Value {
    let classes = CLASSES.get().expect("invariant: the module is initialized");
    let found = classes.by_name.iter().find(|(known, _)| *known == name);
    &found.expect("invariant: it is one of the classes").1
}

fn make_classes(cx: &Thread) -> PyResult<Classes> {
    let mut by_name: Vec<(&'static str, Value)> = vec![
        ("ArithmeticError", exceptions::arithmetic_error().to_value()),
        (
            "ZeroDivisionError",
            exceptions::zero_division_error().to_value(),
        ),
        ("TypeError", exceptions::type_error().to_value()),
    ];
    let make = |name: &'static str, bases: &[&str], known: &mut Vec<(&'static str, Value)>| {
        if known.iter().any(|(made, _)| *made == name) {
            return Ok(());
        }
        let bases = bases
            .iter()
            .filter_map(|base| known.iter().find(|(made, _)| made == base))
            .map(|(_, class)| class.clone())
            .collect();
        let namespace = Dict::new(cx)?;
        let module = Str::from_str(cx, "decimal")?.into_value();
        namespace.set_name(cx, Name::intern(cx, "__module__")?, module)?;
        let arguments = [
            Str::from_str(cx, name)?.into_value(),
            Tuple::from_vec(cx, bases)?.into_value(),
            namespace.into_value(),
        ];
        let metaclass = exceptions::exception().as_value().class().to_value();
        known.push((name, call::call(cx, &metaclass, &arguments)?));
        Ok(())
    };
    make("DecimalException", &["ArithmeticError"], &mut by_name)?;
    // Those that others are derived from come last among the signals.
    for signal in SIGNALS.iter().rev().chain(&CONDITIONS) {
        make(signal.name, signal.bases, &mut by_name)?;
    }
    let abstract_class = import::import_attribute(cx, "collections.abc", "MutableMapping")?;
    let bases = [
        class_of::<SignalMapping>(cx)?.to_value(),
        abstract_class.clone(),
    ];
    let arguments = [
        Str::from_str(cx, "SignalDict")?.into_value(),
        Tuple::from_values(cx, &bases)?.into_value(),
        Dict::new(cx)?.into_value(),
    ];
    let mapping = call::call(cx, abstract_class.class().as_value(), &arguments)?;
    Ok(Classes { by_name, mapping })
}

/// Makes the classes and adds them to the module.
///
/// # Errors
/// What importing `collections.abc` raises.
pub fn initialize(cx: &Thread, this: &Ref<Module>) -> PyResult<()> {
    if CLASSES.get().is_none() {
        let classes = make_classes(cx)?;
        CLASSES.get_or_init(|| classes);
    }
    let names = ["DecimalException"].into_iter();
    let signals = SIGNALS.iter().chain(&CONDITIONS).map(|signal| signal.name);
    for name in names.chain(signals) {
        module::add(cx, this, name, class_named(name).clone())?;
    }
    Ok(())
}

/// The classes of the signals in `status`.
pub fn signals_of(status: Status) -> Vec<Value> {
    SIGNALS
        .iter()
        .filter(|signal| status.intersects(signal.bits))
        .map(|signal| class_named(signal.name).clone())
        .collect()
}

/// The names of the signals in `status`, as the `repr` of a context shows them.
pub fn shown_signals(status: Status) -> String {
    const ORDER: [usize; 9] = [8, 0, 2, 6, 1, 3, 7, 5, 4];
    let names: Vec<&str> = ORDER
        .iter()
        .map(|place| &SIGNALS[*place])
        .filter(|signal| status.intersects(signal.bits))
        .map(|signal| signal.name)
        .collect();
    format!("[{}]", names.join(", "))
}

/// Raises the first of the trapped signals, with the list of all conditions.
#[cold]
pub fn raise_trapped(cx: &Thread, trapped: Status) -> Raised {
    if trapped.contains(Status::MALLOC) {
        return cx.no_memory();
    }
    let first = SIGNALS
        .iter()
        .find(|signal| trapped.intersects(signal.bits))
        .expect("invariant: something is trapped");
    let conditions = CONDITIONS
        .iter()
        .chain(&SIGNALS[1..])
        .filter(|signal| trapped.intersects(signal.bits))
        .map(|signal| class_named(signal.name).clone())
        .collect();
    let class = class_named(first.name);
    let conditions = match List::from_values(cx, conditions) {
        Ok(conditions) => conditions.into_value(),
        Err(raised) => return raised,
    };
    match class.downcast::<Type>() {
        Some(class) => cx.raise_with(class, &[conditions]),
        None => cx.system_error("invariant: signals are classes"),
    }
}

/// The bits of a signal given by its class.
fn bits_of(key: &Value) -> Option<Status> {
    let found = SIGNALS
        .iter()
        .find(|signal| class_named(signal.name).bits() == key.bits());
    found.map(|signal| signal.bits)
}

/// The bits of an iterable of signals.
///
/// # Errors
/// KeyError when one is no signal.
pub fn bits_of_signals(cx: &Thread, signals: &Value) -> PyResult<Status> {
    let mut bits = Status::empty();
    for signal in iterate::collect(cx, signals)? {
        bits |= key(cx, &signal)?;
    }
    Ok(bits)
}

/// The bits of a mapping of signals to truth.
///
/// # Errors
/// TypeError when it is no mapping, KeyError when keys are missing or too many.
pub fn bits_of_mapping(cx: &Thread, mapping: &Value) -> PyResult<Status> {
    if let Some(mapping) = mapping.downcast::<SignalMapping>() {
        return mapping.valid(cx);
    }
    let Some(dict) = mapping.downcast::<Dict>() else {
        return Err(cx.type_error("argument must be a signal dict"));
    };
    let invalid = || cx.raise_message(exceptions::key_error(), "invalid signal dict");
    if dict.len() != SIGNALS.len() {
        return Err(invalid());
    }
    let mut bits = Status::empty();
    for signal in &SIGNALS {
        match dict.get_item(cx, class_named(signal.name))? {
            Some(value) if value.truth(cx)? => bits |= signal.bits,
            Some(_) => {}
            None => return Err(invalid()),
        }
    }
    Ok(bits)
}

/// The bits of a mapping that belongs to no context.
const NOBODYS: u32 = u32::MAX;

/// The payload of `SignalDict`: the flags or the traps of a context.
#[pyclass(
    name = "SignalDictMixin",
    module = "decimal",
    flags(BASETYPE, IMMUTABLE),
    plain
)]
pub struct SignalMapping(AtomicU32);

impl SignalMapping {
    /// A mapping with these signals true.
    ///
    /// # Errors
    /// MemoryError.
    pub fn make(cx: &Thread, status: Status) -> PyResult<Ref<SignalMapping>> {
        let classes = CLASSES.get().expect("invariant: the module is initialized");
        let class = classes.mapping.downcast::<Type>();
        let class = class.expect("invariant: it is a class");
        object::new_of_class(cx, class, SignalMapping(AtomicU32::new(status.bits())))
    }

    // Relaxed: the bits say nothing about other memory.
    pub fn get(&self) -> Status {
        Status::from_bits_retain(self.0.load(Ordering::Relaxed))
    }

    /// The bits, if the mapping belongs to a context that is there.
    fn valid(&self, cx: &Thread) -> PyResult<Status> {
        let status = self.get();
        if status.bits() == NOBODYS {
            return Err(cx.value_error("invalid signal dict"));
        }
        Ok(status)
    }

    /// The context is gone.
    pub fn abandon(&self) {
        self.0.store(NOBODYS, Ordering::Relaxed);
    }

    pub fn set(&self, status: Status) {
        self.0.store(status.bits(), Ordering::Relaxed);
    }

    pub fn add(&self, status: Status) {
        self.0.fetch_or(status.bits(), Ordering::Relaxed);
    }
}

/// The bits of a key.
fn key(cx: &Thread, key: &Value) -> PyResult<Status> {
    bits_of(key).ok_or_else(|| cx.raise_message(exceptions::key_error(), "invalid error flag"))
}

fn all_signals(cx: &Thread) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(cx, signals_of(Status::all()))
}

#[pymethods]
impl SignalMapping {
    #[slot(new)]
    fn new(cx: &Thread, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, SignalMapping(AtomicU32::new(NOBODYS))).map(Ref::into_value)
    }

    #[slot(length)]
    fn length(cx: &Thread, this: &Ref<SignalMapping>) -> PyResult<usize> {
        this.valid(cx)?;
        Ok(SIGNALS.len())
    }

    #[slot(iter)]
    fn iter(cx: &Thread, this: &Ref<SignalMapping>) -> PyResult<Value> {
        this.valid(cx)?;
        iterate::iter(cx, all_signals(cx)?.as_value())
    }

    #[slot(subscript)]
    fn subscript(cx: &Thread, this: &Ref<SignalMapping>, signal: &Value) -> PyResult<Value> {
        let bits = key(cx, signal)?;
        Ok(Value::from_bool(this.valid(cx)?.intersects(bits)))
    }

    #[slot(assign_subscript)]
    fn assign(
        cx: &Thread,
        this: &Ref<SignalMapping>,
        signal: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.value_error("signal keys cannot be deleted"));
        };
        this.valid(cx)?;
        let bits = key(cx, signal)?;
        if value.truth(cx)? {
            this.add(bits);
        } else {
            this.0.fetch_and(!bits.bits(), Ordering::Relaxed);
        }
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Thread, this: &Ref<SignalMapping>) -> PyResult<Value> {
        let status = this.valid(cx)?;
        let mut shown = Vec::with_capacity(SIGNALS.len());
        for signal in &SIGNALS {
            let class = text::repr_text(cx, class_named(signal.name))?;
            let truth = if status.intersects(signal.bits) {
                "True"
            } else {
                "False"
            };
            shown.push(format!("{class}:{truth}"));
        }
        Str::from_str(cx, &format!("{{{}}}", shown.join(", "))).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(cx: &Thread, this: &Value) -> PyResult<i64> {
        typhon_runtime::protocols::hash::unhashable(cx, this)
    }

    #[slot(compare)]
    fn compare(
        cx: &Thread,
        this: &Ref<SignalMapping>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let shown = |status: Status| {
            SIGNALS
                .iter()
                .map(|signal| status.intersects(signal.bits))
                .collect::<Vec<bool>>()
        };
        let equal = if let Some(other) = other.downcast::<SignalMapping>() {
            shown(this.valid(cx)?) == shown(other.valid(cx)?)
        } else if other.downcast::<Dict>().is_some() {
            match bits_of_mapping(cx, other) {
                Ok(bits) => shown(this.valid(cx)?) == shown(bits),
                Err(Raised) => {
                    cx.catch(exceptions::key_error())?;
                    false
                }
            }
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[method("copy(self, /)")]
    fn copy(cx: &Thread, this: &Ref<SignalMapping>) -> PyResult<Ref<Dict>> {
        let status = this.valid(cx)?;
        let copy = Dict::new(cx)?;
        for signal in &SIGNALS {
            let truth = Value::from_bool(status.intersects(signal.bits));
            copy.set_item(cx, class_named(signal.name), truth)?;
        }
        Ok(copy)
    }
}
