//! Exceptions being handled: what `sys.exception()` gives and `raise` without operand raises again.
//!
//! Each thread, and each generator that runs, has one place for the exception that its innermost
//! `except` or `finally` handles; the places form a chain as generators resume each other.

use std::cell::Cell;
use std::ptr;

use crate::context::Context;
use crate::object::Ref;
use crate::objects::exceptions::BaseException;
use crate::value::Value;

/// One place of the chain.
pub struct Handled {
    exception: Cell<u64>,
    previous: Cell<*const Handled>,
}

impl Handled {
    /// A place that handles nothing.
    pub const fn new() -> Handled {
        Handled {
            exception: Cell::new(0),
            previous: Cell::new(ptr::null()),
        }
    }

    /// Whether nothing is handled here.
    pub fn is_empty(&self) -> bool {
        self.exception.get() == 0
    }

    /// Puts an exception in place and returns the one that was there.
    pub fn replace(&self, exception: Option<Value>) -> Option<Value> {
        let old = self
            .exception
            .replace(exception.map_or(0, Value::into_bits));
        // SAFETY: the cell owned the count of a non-zero word.
        (old != 0).then(|| unsafe { Value::from_bits(old) })
    }

    /// Shows the exception to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let bits = self.exception.get();
        if bits != 0 {
            // SAFETY: the cell owns the count, which `ManuallyDrop` leaves alone.
            visit(&std::mem::ManuallyDrop::new(unsafe {
                Value::from_bits(bits)
            }));
        }
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        drop(self.replace(None));
    }
}

impl Default for Handled {
    fn default() -> Self {
        Handled::new()
    }
}

impl Context {
    fn handled_place(&self) -> &Handled {
        // SAFETY: the pointer is null, or a generator that this thread runs.
        unsafe { self.handled.get().as_ref() }.unwrap_or(&self.handled_base)
    }

    /// Makes `exception` the one being handled in the innermost place; returns the one before.
    pub fn replace_handled(&self, exception: Option<Value>) -> Option<Value> {
        self.handled_place().replace(exception)
    }

    /// The exception being handled, in this place or one around it.
    pub fn handled_exception(&self) -> Option<Ref<BaseException>> {
        let mut place = self.handled_place();
        loop {
            let bits = place.exception.get();
            if bits != 0 {
                // SAFETY: the cell owns one count, `clone` adds one.
                let value = std::mem::ManuallyDrop::new(unsafe { Value::from_bits(bits) });
                return Value::clone(&value).into_ref().ok();
            }
            if ptr::eq(place, &self.handled_base) {
                return None;
            }
            // SAFETY: as in `handled_place`.
            place = unsafe { place.previous.get().as_ref() }.unwrap_or(&self.handled_base);
        }
    }

    /// Enters the place of a generator that is resumed.
    pub(crate) fn enter_handled(&self, place: *const Handled) {
        // SAFETY: the generator is alive while it runs.
        unsafe { (*place).previous.set(self.handled.get()) };
        self.handled.set(place);
    }

    /// Leaves the place of a generator that suspends or ends.
    pub(crate) fn leave_handled(&self, place: *const Handled) {
        debug_assert!(ptr::eq(self.handled.get(), place));
        // SAFETY: as above.
        unsafe {
            self.handled.set((*place).previous.get());
            (*place).previous.set(ptr::null());
        }
    }
}
