//! `_lsprof`: the profiler of `cProfile`, a tool of `sys.monitoring`.
//!
//! The tool's callbacks are methods of the profiler. Each finds what is called (a code object, or the
//! description of a native function), asks the timer, and enters the call into `Measured` (`measure.rs`),
//! behind the object's lock. The timer is asked outside of it, since it may be Python code; `in_timer`
//! holds the threads that are in there, which must not take the profiler apart.

mod measure;

use std::thread::{self, ThreadId};

use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::{Args, FunctionSpec, IntoValue};
use typhon_runtime::finalizer;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::descriptors::MethodDescriptor;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::native::NativeFunction;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::vm::monitoring::{self, event};
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use self::measure::{Measured, Totals};
use crate::arguments::{bind, signature};
use crate::sys::monitoring as tools;
use crate::time::span::{self, Rounding};

/// `sys.monitoring.PROFILER_ID`
const TOOL: usize = 2;

/// Which method is called for which event.
const CALLBACKS: [(u32, &str); 9] = [
    (event::PY_START, "_pystart_callback"),
    (event::PY_RESUME, "_pystart_callback"),
    (event::PY_THROW, "_pythrow_callback"),
    (event::PY_RETURN, "_pyreturn_callback"),
    (event::PY_YIELD, "_pyreturn_callback"),
    (event::PY_UNWIND, "_pyreturn_callback"),
    (event::CALL, "_ccall_callback"),
    (event::C_RETURN, "_creturn_callback"),
    (event::C_RAISE, "_creturn_callback"),
];

const NANOSECOND: f64 = 1e-9;

static PROFILER_ENTRY: Description = Description::new(
    "_lsprof",
    "profiler_entry",
    "",
    &[
        ("code", "code object or built-in function name"),
        ("callcount", "how many times this was called"),
        ("reccallcount", "how many times called recursively"),
        ("totaltime", "total time in this entry"),
        ("inlinetime", "inline time in this entry (not in subcalls)"),
        ("calls", "details of the calls"),
    ],
    6,
);

static PROFILER_SUBENTRY: Description = Description::new(
    "_lsprof",
    "profiler_subentry",
    "",
    &[
        ("code", "called code object or built-in function name"),
        ("callcount", "how many times this is called"),
        ("reccallcount", "how many times this is called recursively"),
        ("totaltime", "total time spent in this call"),
        ("inlinetime", "inline time (not in further subcalls)"),
    ],
    5,
);

/// Fast profiler
#[pymodule(name = "_lsprof", classes(Profiler))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let entry = PROFILER_ENTRY.class(cx)?.to_value();
    let subentry = PROFILER_SUBENTRY.class(cx)?.to_value();
    module::add(cx, this, "profiler_entry", entry)?;
    module::add(cx, this, "profiler_subentry", subentry)
}

/// The payload of `Profiler`.
#[pyclass(
    name = "Profiler",
    module = "_lsprof",
    flags(BASETYPE),
    doc = "Build a profiler object using the specified timer function.\n\nThe default timer is a fast built-in one based on real time.\nFor custom timer functions returning integers, 'timeunit' can\nbe a float specifying a scale (that is, how long each integer unit\nis, in seconds)."
)]
pub struct Profiler {
    state: Guarded<State>,
}

/// See the module's header.
#[derive(Default)]
pub struct State {
    timer: Option<Value>,
    /// Seconds; 0 when the timer gives seconds itself.
    unit: f64,
    subcalls: bool,
    builtins: bool,
    is_enabled: bool,
    in_timer: Vec<ThreadId>,
    measured: Measured,
}

impl Traverse for Profiler {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let state = self.state.while_stopped();
        let subjects = state.measured.entries.iter().map(|entry| &entry.subject);
        state.timer.iter().chain(subjects).for_each(visit);
    }
}

impl Lockable for Profiler {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

/// What a native function is known by, and a text that names it.
struct Native {
    spec: &'static FunctionSpec,
    function: Value,
}

impl Native {
    /// The native function that a call calls. Classes and other callables are none.
    fn of_call(callable: &Value, receiver: &Value) -> Option<Native> {
        let spec = if let Some(function) = callable.downcast_exact::<NativeFunction>() {
            function.spec
        } else {
            let method = callable.downcast_exact::<MethodDescriptor>()?;
            if !receiver.class().is_subclass(&method.class) {
                return None;
            }
            method.spec
        };
        Some(Native {
            spec,
            function: callable.clone(),
        })
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self.spec) as usize
    }

    fn name(&self, cx: &Context) -> PyResult<Value> {
        let name = self.spec.name;
        let Some(function) = self.function.downcast_exact::<NativeFunction>() else {
            return text::repr(cx, &self.function).map(Ref::into_value);
        };
        let this = function.this.as_ref();
        let module = this.and_then(|this| this.downcast::<Module>());
        let shown = match (this, module) {
            (Some(this), None) => {
                if let Some(found) = this.class().lookup(cx, Name::intern(cx, name)?) {
                    return text::repr(cx, &found).map(Ref::into_value);
                }
                None
            }
            (_, Some(module)) => module.get(cx, "__name__")?,
            (None, None) => function.module.clone(),
        };
        let text = match shown.as_ref().and_then(|shown| shown.downcast::<Str>()) {
            Some(module) => format!("<built-in method {}.{name}>", **module),
            None => format!("<built-in method {name}>"),
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }
}

impl Profiler {
    /// The time, in units of the timer. An error of the timer is reported, and the time is 0.
    fn now(cx: &Context, this: &Ref<Profiler>) -> i64 {
        let thread = thread::current().id();
        let timer = this.locked(|state| {
            let timer = state.timer.clone()?;
            state.in_timer.push(thread);
            Some((timer, state.unit))
        });
        let Some((timer, unit)) = timer else {
            return monotonic();
        };
        let told = call::call(cx, &timer, &[]);
        this.locked(|state| {
            if let Some(at) = state.in_timer.iter().position(|inside| *inside == thread) {
                state.in_timer.swap_remove(at);
            }
        });
        let time = told.and_then(|told| {
            if unit > 0.0 {
                whole_units(cx, &told)
            } else {
                span::nanoseconds(cx, &told, Rounding::Floor)
            }
        });
        time.unwrap_or_else(|_| {
            let message = "Exception ignored while calling _lsprof timer";
            finalizer::unraisable(cx, message, &timer);
            0
        })
    }

    /// A call begins of the function with this key, whose entry shows what `subject` gives.
    fn enter(
        cx: &Context,
        this: &Ref<Profiler>,
        key: usize,
        subject: impl FnOnce() -> PyResult<Value>,
    ) -> PyResult<()> {
        if !this.locked(|state| state.measured.knows(key)) {
            let subject = subject()?;
            drop(this.locked(|state| state.measured.add(key, subject)));
        }
        let now = Profiler::now(cx, this);
        let thread = thread::current().id();
        this.locked(|state| {
            let by_caller = state.subcalls;
            state.measured.start(thread, key, now, by_caller);
        });
        Ok(())
    }

    fn leave(cx: &Context, this: &Ref<Profiler>) {
        let now = Profiler::now(cx, this);
        let thread = thread::current().id();
        this.locked(|state| state.measured.stop(thread, now));
    }

    fn enter_code(cx: &Context, this: &Ref<Profiler>, code: &Value) -> PyResult<()> {
        let key = code.bits() as usize;
        Profiler::enter(cx, this, key, || Ok(code.clone()))
    }

    /// A native function that is called, when these are told apart from their callers.
    fn native(this: &Ref<Profiler>, callable: &Value, receiver: &Value) -> Option<Native> {
        if !this.locked(|state| state.builtins) {
            return None;
        }
        Native::of_call(callable, receiver)
    }

    fn outside_of_timer(cx: &Context, this: &Ref<Profiler>, what: &str) -> PyResult<()> {
        let thread = thread::current().id();
        if this.locked(|state| state.in_timer.contains(&thread)) {
            let message = format!("cannot {what} profiler in external timer");
            return Err(cx.runtime_error(message));
        }
        Ok(())
    }
}

fn monotonic() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn whole_units(cx: &Context, told: &Value) -> PyResult<i64> {
    let Some(number) = int::as_bigint(told) else {
        return Err(cx.type_error(format!("expect int, got {}", told.type_name())));
    };
    i64::try_from(number.as_ref())
        .map_err(|_| cx.overflow_error("timestamp too large to convert to C PyTime_t"))
}

/// The fields of an entry.
fn fields(cx: &Context, subject: &Value, totals: &Totals, unit: f64) -> PyResult<Vec<Value>> {
    Ok(vec![
        subject.clone(),
        totals.calls.into_value(cx)?,
        totals.recursive_calls.into_value(cx)?,
        float::from_f64(cx, totals.time as f64 * unit)?,
        float::from_f64(cx, totals.time_inside as f64 * unit)?,
    ])
}

#[pymethods]
impl Profiler {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let profiler = Profiler {
            state: Guarded::new(State::default()),
        };
        object::new_of_class(cx, class, profiler).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Profiler>, args: Args<'_>) -> PyResult<()> {
        let parameters = signature!(
            "Profiler",
            0,
            [
                timer = None,
                timeunit = 0.0,
                subcalls = true,
                builtins = true
            ],
            []
        );
        let [timer, unit, subcalls, builtins] = bind(cx, parameters, args)?;
        let unit = match unit {
            Some(unit) => float::as_f64(cx, unit)?,
            None => 0.0,
        };
        let truth = |value: Option<&Value>| value.map_or(Ok(true), |value| value.truth(cx));
        let (subcalls, builtins) = (truth(subcalls)?, truth(builtins)?);
        let timer = timer.filter(|timer| !timer.is_none()).cloned();
        let old = this.locked(|state| {
            state.unit = unit;
            state.subcalls = subcalls;
            state.builtins = builtins;
            std::mem::replace(&mut state.timer, timer)
        });
        drop(old);
        Ok(())
    }

    #[method("_pystart_callback(self, code, instruction_offset, /)")]
    fn started(
        cx: &Context,
        this: &Ref<Profiler>,
        code: &Value,
        _instruction_offset: &Value,
    ) -> PyResult<()> {
        Profiler::enter_code(cx, this, code)
    }

    #[method("_pythrow_callback(self, code, instruction_offset, exception, /)")]
    fn threw(
        cx: &Context,
        this: &Ref<Profiler>,
        code: &Value,
        _instruction_offset: &Value,
        _exception: &Value,
    ) -> PyResult<()> {
        Profiler::enter_code(cx, this, code)
    }

    #[method("_pyreturn_callback(self, code, instruction_offset, retval, /)")]
    fn returned(
        cx: &Context,
        this: &Ref<Profiler>,
        _code: &Value,
        _instruction_offset: &Value,
        _retval: &Value,
    ) -> PyResult<()> {
        Profiler::leave(cx, this);
        Ok(())
    }

    #[method("_ccall_callback(self, code, instruction_offset, callable, self_arg, /)")]
    fn native_called(
        cx: &Context,
        this: &Ref<Profiler>,
        _code: &Value,
        _instruction_offset: &Value,
        callable: &Value,
        self_arg: &Value,
    ) -> PyResult<()> {
        match Profiler::native(this, callable, self_arg) {
            Some(native) => Profiler::enter(cx, this, native.key(), || native.name(cx)),
            None => Ok(()),
        }
    }

    #[method("_creturn_callback(self, code, instruction_offset, callable, self_arg, /)")]
    fn native_returned(
        cx: &Context,
        this: &Ref<Profiler>,
        _code: &Value,
        _instruction_offset: &Value,
        callable: &Value,
        self_arg: &Value,
    ) -> PyResult<()> {
        if Profiler::native(this, callable, self_arg).is_some() {
            Profiler::leave(cx, this);
        }
        Ok(())
    }

    /// Start collecting profiling information.
    ///
    ///   subcalls
    ///     If True, also records for each function
    ///     statistics separated according to its current caller.
    ///   builtins
    ///     If True, records the time spent in
    ///     built-in functions separately from their caller.
    #[method("enable(self, /, subcalls=True, builtins=True)")]
    fn enable(cx: &Context, this: &Ref<Profiler>, subcalls: bool, builtins: bool) -> PyResult<()> {
        let name = Str::from_str(cx, "cProfile")?;
        tools::use_tool_id(cx, TOOL as i64, name.as_value())?;
        this.locked(|state| {
            state.subcalls = subcalls;
            state.builtins = builtins;
            state.is_enabled = true;
        });
        let mut events = 0;
        for (event, name) in CALLBACKS {
            let callback = attribute::get(cx, this.as_value(), Name::intern(cx, name)?)?;
            let bit = event.trailing_zeros() as usize;
            drop(monitoring::set_callback(TOOL, bit, Some(callback)));
            events |= event;
        }
        tools::set_events(cx, TOOL as i64, i64::from(events))
    }

    /// Stop collecting profiling information.
    #[method("disable(self, /)")]
    fn disable(cx: &Context, this: &Ref<Profiler>) -> PyResult<()> {
        Profiler::outside_of_timer(cx, this, "disable")?;
        if !this.locked(|state| std::mem::take(&mut state.is_enabled)) {
            return Ok(());
        }
        monitoring::clear_tool(cx, TOOL, true);
        let now = Profiler::now(cx, this);
        this.locked(|state| state.measured.stop_all(now));
        Ok(())
    }

    /// Clear all profiling information collected so far.
    #[method("clear(self, /)")]
    fn clear(cx: &Context, this: &Ref<Profiler>) -> PyResult<()> {
        Profiler::outside_of_timer(cx, this, "clear")?;
        drop(this.locked(|state| std::mem::take(&mut state.measured)));
        Ok(())
    }

    /// list of profiler_entry objects.
    ///
    /// getstats() -> list of profiler_entry objects
    ///
    /// Return all information collected by the profiler.
    /// Each profiler_entry is a tuple-like object with the
    /// following attributes:
    ///
    ///     code          code object
    ///     callcount     how many times this was called
    ///     reccallcount  how many times called recursively
    ///     totaltime     total time in this entry
    ///     inlinetime    inline time in this entry (not in subcalls)
    ///     calls         details of the calls
    ///
    /// The calls attribute is either None or a list of
    /// profiler_subentry objects:
    ///
    ///     code          called code object
    ///     callcount     how many times this is called
    ///     reccallcount  how many times this is called recursively
    ///     totaltime     total time spent in this call
    ///     inlinetime    inline time (not in further subcalls)
    #[method("getstats(self, /)")]
    fn getstats(cx: &Context, this: &Ref<Profiler>) -> PyResult<Value> {
        let (entries, unit) = this.locked(|state| {
            let entries: Vec<_> = state
                .measured
                .entries
                .iter()
                .map(|entry| (entry.subject.clone(), entry.totals, entry.callees.clone()))
                .collect();
            let unit = match state.timer {
                Some(_) if state.unit > 0.0 => state.unit,
                _ => NANOSECOND,
            };
            (entries, unit)
        });
        let mut shown = Vec::new();
        for (subject, totals, callees) in &entries {
            if totals.calls == 0 {
                continue;
            }
            let mut fields = fields(cx, subject, totals, unit)?;
            let mut below = Vec::new();
            for (callee, totals) in callees {
                let fields = self::fields(cx, &entries[*callee].0, totals, unit)?;
                below.push(PROFILER_SUBENTRY.instance(cx, fields)?);
            }
            if !below.is_empty() {
                fields.push(List::from_values(cx, below)?.into_value());
            }
            shown.push(PROFILER_ENTRY.instance(cx, fields)?);
        }
        List::from_values(cx, shown).map(Ref::into_value)
    }
}
