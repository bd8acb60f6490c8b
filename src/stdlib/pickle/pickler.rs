//! `Pickler`: objects to pickles.
//!
//! ```text
//!   Pickler ── lock ──▶ settings, memo, what was assigned to persistent_id and dispatch_table
//!      ▲
//!   Session (on the stack of the thread that dumps): output, what is asked of Python code
//! ```
//! One thread at a time dumps; `running` says so, and a second one gets RuntimeError. The memo stays in
//! the pickler meanwhile, where Python code called by the dump may look at it or clear it: each access is
//! one short hold of the lock.

use std::sync::atomic::{AtomicI32, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::int;
use typhon_runtime::objects::native::NativeFunction;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, warnings};

use super::memo::Numbers;
use super::memo_proxy::{self, PicklerMemoProxy};
use super::opcode::{DEFAULT_PROTOCOL, HIGHEST_PROTOCOL};
use super::output::Output;
use super::save::Session;
use super::{PICKLING_ERROR, name};
use crate::arguments::{bind, given, signature};

/// The payload of `Pickler`. See the module's header.
#[pyclass(
    name = "Pickler",
    module = "_pickle",
    flags(BASETYPE),
    signature = "(file, protocol=None, fix_imports=True, buffer_callback=None)",
    doc = "This takes a binary file for writing a pickle data stream.\n\nThe optional *protocol* argument tells the pickler to use the given\nprotocol; supported protocols are 0, 1, 2, 3, 4 and 5.  The default\nprotocol is 5. It was introduced in Python 3.8, and is incompatible\nwith previous versions.\n\nSpecifying a negative protocol version selects the highest protocol\nversion supported.  The higher the protocol used, the more recent the\nversion of Python needed to read the pickle produced.\n\nThe *file* argument must have a write() method that accepts a single\nbytes argument. It can thus be a file object opened for binary\nwriting, an io.BytesIO instance, or any other custom object that meets\nthis interface.\n\nIf *fix_imports* is True and protocol is less than 3, pickle will try\nto map the new Python 3 names to the old module names used in Python\n2, so that the pickle data stream is readable with Python 2.\n\nIf *buffer_callback* is None (the default), buffer views are\nserialized into *file* as part of the pickle stream.\n\nIf *buffer_callback* is not None, then it can be called any number\nof times with a buffer view.  If the callback returns a false value\n(such as None), the given buffer is out-of-band; otherwise the\nbuffer is serialized in-band, i.e. inside the pickle stream.\n\nIt is an error if *buffer_callback* is not None and *protocol*\nis None or smaller than 5."
)]
pub struct Pickler {
    state: Guarded<State>,
    /// Whether the binary instructions of protocol 1 may be written.
    bin: AtomicI32,
    /// Whether nothing is to be remembered.
    fast: AtomicI32,
}

/// What the lock guards.
#[derive(Default)]
pub struct State {
    /// `None` before `__init__`.
    settings: Option<Settings>,
    pub(super) memo: Numbers,
    running: bool,
    persistent_id: Option<Value>,
    dispatch_table: Option<Value>,
}

/// How to pickle.
#[derive(Clone)]
pub struct Settings {
    /// `file.write`; `None` for `dumps`.
    pub write: Option<Value>,
    pub protocol: u8,
    pub fix_imports: bool,
    pub buffer_callback: Option<Value>,
}

impl Lockable for Pickler {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

impl Traverse for Pickler {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let state = self.state.while_stopped();
        if let Some(settings) = &state.settings {
            settings.write.iter().for_each(&mut *visit);
            settings.buffer_callback.iter().for_each(&mut *visit);
        }
        state.persistent_id.iter().for_each(&mut *visit);
        state.dispatch_table.iter().for_each(&mut *visit);
        state
            .memo
            .entries()
            .for_each(|(_, _, object)| visit(object));
    }
}

impl Settings {
    /// Checks what `Pickler` and `dump` are given, but for the file.
    ///
    /// # Errors
    /// TypeError and ValueError.
    pub fn new(
        cx: &Context,
        protocol: Option<&Value>,
        fix_imports: bool,
        buffer_callback: Option<&Value>,
    ) -> PyResult<Settings> {
        let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
            None => DEFAULT_PROTOCOL,
            Some(protocol) => match int::index_as_i128(cx, protocol)? {
                ..0 => HIGHEST_PROTOCOL,
                number if number <= HIGHEST_PROTOCOL.into() => number as u8,
                _ => {
                    return Err(
                        cx.value_error(format!("pickle protocol must be <= {HIGHEST_PROTOCOL}"))
                    );
                }
            },
        };
        let buffer_callback = buffer_callback.filter(|callback| !callback.is_none());
        if buffer_callback.is_some() && protocol < 5 {
            return Err(cx.value_error("buffer_callback needs protocol >= 5"));
        }
        Ok(Settings {
            write: None,
            protocol,
            fix_imports: fix_imports && protocol < 3,
            buffer_callback: buffer_callback.cloned(),
        })
    }

    /// The same, writing to `file`.
    ///
    /// # Errors
    /// TypeError when it cannot be written to.
    pub fn writing_to(self, cx: &Context, file: &Value) -> PyResult<Settings> {
        match attribute::find(cx, file, names::write())? {
            Some(write) => Ok(Settings {
                write: Some(write),
                ..self
            }),
            None => Err(cx.type_error("file must have a 'write' attribute")),
        }
    }
}

#[cold]
fn in_use(cx: &Context) -> Raised {
    cx.runtime_error("Pickler object is already used")
}

impl Pickler {
    fn blank() -> Pickler {
        Pickler {
            state: Guarded::new(State::default()),
            bin: AtomicI32::new(0),
            fast: AtomicI32::new(0),
        }
    }

    /// A pickler that nobody but the caller sees.
    ///
    /// # Errors
    /// MemoryError.
    pub fn with_settings(cx: &Context, settings: Settings) -> PyResult<Ref<Pickler>> {
        let mut pickler = Pickler::blank();
        *pickler.bin.get_mut() = i32::from(settings.protocol > 0);
        pickler.state.get_mut().settings = Some(settings);
        object::new(cx, pickler)
    }

    /// Whether nothing is to be remembered.
    pub fn is_fast(&self) -> bool {
        self.fast.load(Ordering::Relaxed) != 0
    }

    /// Whether the binary instructions of protocol 1 may be written.
    pub fn is_binary(&self) -> bool {
        self.bin.load(Ordering::Relaxed) != 0
    }

    /// Pickles `object`. Returns the output, all of which the file has got if there is one.
    ///
    /// # Errors
    /// RuntimeError when a dump is under way, PicklingError, and what Python code raises.
    pub fn dump_object(cx: &Context, this: &Ref<Pickler>, object: &Value) -> PyResult<Output> {
        let begun = this.locked(|state| {
            let settings = state.settings.clone();
            if settings.is_some() && std::mem::replace(&mut state.running, true) {
                return Err(());
            }
            Ok(settings)
        });
        let settings = match begun {
            Ok(Some(settings)) => settings,
            Ok(None) => {
                return Err(PICKLING_ERROR.raise(
                    cx,
                    format!(
                        "Pickler.__init__() was not called by {}.__init__()",
                        this.as_value().type_name()
                    ),
                ));
            }
            Err(()) => return Err(in_use(cx)),
        };
        let dumped = Pickler::hooks(cx, this)
            .and_then(|hooks| Session::new(cx, this, settings, hooks).dump(object));
        this.locked(|state| state.running = false);
        dumped
    }

    /// What the dump asks Python code.
    fn hooks(cx: &Context, this: &Ref<Pickler>) -> PyResult<Hooks> {
        let (assigned, dispatch_table) =
            this.locked(|state| (state.persistent_id.clone(), state.dispatch_table.clone()));
        let is_plain = this.as_value().is_exact::<Pickler>();
        let persistent_id = match assigned {
            Some(function) => Some(function),
            None if is_plain => None,
            None => attribute::find(cx, this.as_value(), name!(cx, "persistent_id")?)?
                .filter(|found| found.downcast_exact::<NativeFunction>().is_none()),
        };
        let reducer_override = if is_plain {
            None
        } else {
            attribute::find(cx, this.as_value(), name!(cx, "reducer_override")?)?
        };
        Ok(Hooks {
            persistent_id,
            reducer_override,
            dispatch_table,
        })
    }
}

/// What a dump asks Python code.
pub struct Hooks {
    pub persistent_id: Option<Value>,
    pub reducer_override: Option<Value>,
    /// Used in the place of `copyreg.dispatch_table`.
    pub dispatch_table: Option<Value>,
}

/// A C `int` member.
fn int_member(cx: &Context, value: Option<&Value>) -> PyResult<i32> {
    match value {
        Some(value) => {
            let number = i64::try_from(int::index_as_i128(cx, value)?)
                .map_err(|_| cx.overflow_error("Python int too large to convert to C long"))?;
            let low = number as i32;
            if i64::from(low) != number {
                warnings::warn_runtime(cx, "Truncation of value to int")?;
            }
            Ok(low)
        }
        None => Err(cx.type_error("can't delete numeric/char attribute")),
    }
}

#[pymethods]
impl Pickler {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Pickler::blank()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Pickler>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!(
            "Pickler",
            0,
            [file, protocol = (), fix_imports = (), buffer_callback = ()],
            []
        );
        let [file, protocol, fix_imports, buffer_callback] = bind(cx, signature, args)?;
        let fix_imports = fix_imports.map_or(Ok(true), |fix| fix.truth(cx))?;
        if this.locked(|state| state.running) {
            return Err(in_use(cx));
        }
        let settings = Settings::new(cx, protocol, fix_imports, buffer_callback)?
            .writing_to(cx, given(file))?;
        let dispatch_table = attribute::find(cx, this.as_value(), name!(cx, "dispatch_table")?)?;
        let protocol = settings.protocol;
        let old = this.locked(|state| {
            if state.running {
                return None;
            }
            let new = State {
                settings: Some(settings),
                dispatch_table,
                persistent_id: state.persistent_id.take(),
                ..State::default()
            };
            Some(std::mem::replace(state, new))
        });
        if old.is_none() {
            return Err(in_use(cx));
        }
        this.bin.store((protocol > 0).into(), Ordering::Relaxed);
        this.fast.store(0, Ordering::Relaxed);
        Ok(())
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Ref<Pickler>, name: Name) -> PyResult<Value> {
        if name.is(&name!(cx, "persistent_id")?)
            && let Some(assigned) = this.locked(|state| state.persistent_id.clone())
        {
            return Ok(assigned);
        }
        attribute::generic_get(cx, this.as_value(), name)
    }

    #[slot(set_attribute)]
    fn set_attribute(
        cx: &Context,
        this: &Ref<Pickler>,
        name: Name,
        value: Option<&Value>,
    ) -> PyResult<()> {
        if !name.is(&name!(cx, "persistent_id")?) {
            return attribute::generic_set(cx, this.as_value(), name, value);
        }
        let value = value.cloned();
        drop(this.locked(|state| std::mem::replace(&mut state.persistent_id, value)));
        Ok(())
    }

    #[method("persistent_id(self, obj, /)")]
    fn persistent_id(_cx: &Context, _this: &Ref<Pickler>, _obj: &Value) -> PyResult<Value> {
        Ok(Value::NONE)
    }

    /// Write a pickled representation of the given object to the open file.
    #[method("dump(self, obj, /)")]
    fn dump(cx: &Context, this: &Ref<Pickler>, obj: &Value) -> PyResult<()> {
        Pickler::dump_object(cx, this, obj).map(drop)
    }

    /// Clears the pickler's "memo".
    ///
    /// The memo is the data structure that remembers which objects the
    /// pickler has already seen, so that shared or recursive objects are
    /// pickled by reference and not by value.  This method is useful when
    /// re-using picklers.
    #[method("clear_memo(self, /)")]
    pub fn clear_memo(_cx: &Context, this: &Ref<Pickler>) -> PyResult<()> {
        drop(this.locked(|state| std::mem::take(&mut state.memo)));
        Ok(())
    }

    /// Returns size in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Pickler>) -> PyResult<usize> {
        let own = this.class_of().root_shape().instance_size(0);
        Ok(own + this.locked(|state| state.memo.size()))
    }

    #[member]
    fn bin(_cx: &Context, this: &Ref<Pickler>) -> PyResult<i32> {
        Ok(this.bin.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_bin(cx: &Context, this: &Ref<Pickler>, value: Option<&Value>) -> PyResult<()> {
        this.bin.store(int_member(cx, value)?, Ordering::Relaxed);
        Ok(())
    }

    #[member]
    fn fast(_cx: &Context, this: &Ref<Pickler>) -> PyResult<i32> {
        Ok(this.fast.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_fast(cx: &Context, this: &Ref<Pickler>, value: Option<&Value>) -> PyResult<()> {
        this.fast.store(int_member(cx, value)?, Ordering::Relaxed);
        Ok(())
    }

    #[member]
    fn dispatch_table(cx: &Context, this: &Ref<Pickler>) -> PyResult<Value> {
        match this.locked(|state| state.dispatch_table.clone()) {
            Some(table) => Ok(table),
            None => Err(attribute::missing(
                cx,
                this.as_value(),
                name!(cx, "dispatch_table")?,
            )),
        }
    }

    #[setter]
    fn set_dispatch_table(
        cx: &Context,
        this: &Ref<Pickler>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let is_deletion = value.is_none();
        let value = value.cloned();
        let old = this.locked(|state| std::mem::replace(&mut state.dispatch_table, value));
        if is_deletion && old.is_none() {
            return Err(cx.attribute_error("dispatch_table"));
        }
        Ok(())
    }

    #[getter]
    fn memo(cx: &Context, this: &Ref<Pickler>) -> PyResult<Value> {
        PicklerMemoProxy::of(cx, this)
    }

    #[setter]
    fn set_memo(cx: &Context, this: &Ref<Pickler>, value: Option<&Value>) -> PyResult<()> {
        let numbers = memo_proxy::numbers(cx, value)?;
        drop(this.locked(|state| std::mem::replace(&mut state.memo, numbers)));
        Ok(())
    }
}
