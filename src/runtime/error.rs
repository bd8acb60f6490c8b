//! Errors: [`Raised`] says that an exception is set in the thread's context.
//!
//! `Raised` has no size, so a `PyResult<Value>` is one register. Who returns `Err(Raised)` has put
//! the exception into the [`Context`]; who swallows it takes it out with [`Context::take_exception`].

use crate::context::Context;
use crate::object::Ref;
use crate::objects::exceptions::{self, BaseException};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;

/// An exception is set in the context of this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Raised;

/// A result whose error waits in the context.
pub type PyResult<T> = Result<T, Raised>;

impl Context {
    /// Raises `exception`; the exception being handled becomes its `__context__`.
    #[cold]
    pub fn raise(&self, exception: Ref<BaseException>) -> Raised {
        if let Some(handled) = self.handled_exception() {
            exceptions::set_context(&exception, handled);
        }
        self.set_exception(exception);
        Raised
    }

    /// Raises a new `class(message)`.
    #[cold]
    pub fn raise_message(&self, class: &Ref<Type>, message: &str) -> Raised {
        match Str::from_str(self, message) {
            Ok(message) => self.raise_with(class, &[message.into_value()]),
            Err(raised) => raised,
        }
    }

    /// Raises a new `class(*arguments)`.
    #[cold]
    pub fn raise_with(&self, class: &Ref<Type>, arguments: &[Value]) -> Raised {
        match exceptions::instantiate(self, class, arguments) {
            Ok(exception) => self.raise(exception),
            Err(raised) => raised,
        }
    }

    /// MemoryError, from an instance made at start-up.
    #[cold]
    pub fn no_memory(&self) -> Raised {
        typhon_alloc::rearm_reserve();
        self.set_exception(exceptions::spare_memory_error());
        Raised
    }

    /// Whether `bytes` bytes can be had, for buffers whose owners cannot fail: what is asked for here is
    /// likely to be there a moment later. Small ones have a reserve (`typhon_alloc`).
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn room_for(&self, bytes: usize) -> PyResult<()> {
        const SMALL: usize = 1 << 20;
        if bytes < SMALL {
            return Ok(());
        }
        self.room_for_slow(bytes)
    }

    /// A vector of `items`, of which there may be any number.
    ///
    /// # Errors
    /// MemoryError.
    pub fn try_collect<T>(&self, items: impl ExactSizeIterator<Item = T>) -> PyResult<Vec<T>> {
        let mut collected = Vec::new();
        collected
            .try_reserve_exact(items.len())
            .map_err(|_| self.no_memory())?;
        collected.extend(items);
        Ok(collected)
    }

    #[cold]
    fn room_for_slow(&self, bytes: usize) -> PyResult<()> {
        let mut probe = Vec::<u8>::new();
        probe.try_reserve_exact(bytes).map_err(|_| self.no_memory())
    }

    /// KeyError with the key itself as argument.
    #[cold]
    pub fn key_error(&self, key: &Value) -> Raised {
        self.raise_with(exceptions::key_error(), std::slice::from_ref(key))
    }

    /// StopIteration with `value` as its argument, or none.
    #[cold]
    pub fn stop_iteration(&self, value: Value) -> Raised {
        if value.is_none() {
            self.raise_with(exceptions::stop_iteration(), &[])
        } else {
            self.raise_with(exceptions::stop_iteration(), &[value])
        }
    }

    /// Whether the exception that is set is an instance of `class`.
    pub fn exception_matches(&self, class: &Ref<Type>) -> bool {
        self.peek_exception(|exception| exception.as_value().class().is_subclass(class))
    }

    /// Takes the exception out if it is an instance of `class`; otherwise raises it on.
    ///
    /// # Errors
    /// The exception, when it is something else.
    pub fn catch(&self, class: &Ref<Type>) -> PyResult<Ref<BaseException>> {
        if self.exception_matches(class) {
            Ok(self.take_exception())
        } else {
            Err(Raised)
        }
    }
}

/// Raising methods for the built-in exceptions: `Err(cx.type_error("…"))`.
macro_rules! raising {
    ($($method:ident),* $(,)?) => {
        impl Context {
            $(
                #[doc = concat!("Raises a new exception of the class `exceptions::", stringify!($method), "()` with this message.")]
                #[cold]
                #[inline(never)]
                pub fn $method(&self, message: impl AsRef<str>) -> Raised {
                    self.raise_message(exceptions::$method(), message.as_ref())
                }
            )*
        }
    };
}

raising! {
    type_error, value_error, index_error, attribute_error, runtime_error, overflow_error,
    zero_division_error, system_error, not_implemented_error, buffer_error, lookup_error,
    recursion_error, assertion_error, eof_error, unbound_local_error, reference_error,
    module_not_found_error, import_error, os_error,
}
