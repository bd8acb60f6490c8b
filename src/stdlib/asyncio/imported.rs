//! What the accelerator takes from the Python half of the library, and the names it looks up.

use std::sync::OnceLock;

use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, import};

/// An attribute of a module, imported at the first use and kept.
pub(super) struct Imported {
    module: &'static str,
    name: &'static str,
    value: OnceLock<Value>,
}

impl Imported {
    const fn new(module: &'static str, name: &'static str) -> Imported {
        Imported {
            module,
            name,
            value: OnceLock::new(),
        }
    }

    /// The attribute.
    ///
    /// # Errors
    /// What importing raises.
    pub(super) fn get(&self, cx: &Context) -> PyResult<&Value> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = import::import_attribute(cx, self.module, self.name)?;
        Ok(self.value.get_or_init(|| value))
    }

    /// The attribute, which is a class.
    ///
    /// # Errors
    /// As [`Imported::get`], and TypeError.
    pub(super) fn class(&self, cx: &Context) -> PyResult<&Ref<Type>> {
        match self.get(cx)?.downcast::<Type>() {
            Some(class) => Ok(class),
            None => Err(cx.type_error(format!("{}.{} is not a class", self.module, self.name))),
        }
    }

    /// Raises the class with a message.
    #[cold]
    pub(super) fn raise(&self, cx: &Context, message: &str) -> Raised {
        match self.class(cx) {
            Ok(class) => cx.raise_message(class, message),
            Err(raised) => raised,
        }
    }
}

pub(super) static CANCELLED_ERROR: Imported = Imported::new("asyncio.exceptions", "CancelledError");
pub(super) static INVALID_STATE_ERROR: Imported =
    Imported::new("asyncio.exceptions", "InvalidStateError");
pub(super) static FUTURE_REPR: Imported = Imported::new("asyncio.base_futures", "_future_repr");
pub(super) static TASK_REPR: Imported = Imported::new("asyncio.base_tasks", "_task_repr");
pub(super) static TASK_GET_STACK: Imported = Imported::new("asyncio.base_tasks", "_task_get_stack");
pub(super) static TASK_PRINT_STACK: Imported =
    Imported::new("asyncio.base_tasks", "_task_print_stack");
pub(super) static IS_COROUTINE: Imported = Imported::new("asyncio.coroutines", "iscoroutine");
pub(super) static GET_EVENT_LOOP_POLICY: Imported =
    Imported::new("asyncio.events", "_get_event_loop_policy");
pub(super) static EXTRACT_STACK: Imported = Imported::new("traceback", "extract_stack");
pub(super) static WEAK_SET: Imported = Imported::new("weakref", "WeakSet");

/// A name that is interned at the first use.
pub(super) struct Word {
    text: &'static str,
    name: OnceLock<Name>,
}

impl Word {
    const fn new(text: &'static str) -> Word {
        Word {
            text,
            name: OnceLock::new(),
        }
    }

    /// The name.
    ///
    /// # Errors
    /// MemoryError.
    pub(super) fn get(&self, cx: &Context) -> PyResult<Name> {
        if let Some(name) = self.name.get() {
            return Ok(*name);
        }
        let name = Name::intern(cx, self.text)?;
        Ok(*self.name.get_or_init(|| name))
    }
}

macro_rules! words {
    ($($word:ident = $text:literal),* $(,)?) => {
        $(pub(super) static $word: Word = Word::new($text);)*
    };
}

words! {
    ADD = "add", ADD_DONE_CALLBACK = "add_done_callback", BLOCKING = "_asyncio_future_blocking",
    CALL_EXCEPTION_HANDLER = "call_exception_handler", CALL_SOON = "call_soon", CANCEL = "cancel",
    CONTEXT = "context", DISCARD = "discard", DONE = "done", EXCEPTION = "exception", FUTURE = "future",
    GET_DEBUG = "get_debug", GET_EVENT_LOOP = "get_event_loop", GET_LOOP = "get_loop",
    IS_RUNNING = "is_running", LOOP = "_loop", MESSAGE = "message", MSG = "msg", RESULT = "result",
    SOURCE_TRACEBACK = "source_traceback", TASK = "task",
}
