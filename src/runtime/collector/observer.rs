//! Who is told of collections: `gc`, for its callbacks, statistics and debugging flags.
//!
//! All is told with the world running, by the thread that collects, in this order: `begins`, `show`,
//! `keep`, `ends`. What `begins` and `ends` call may ask for a collection; it gets none.

use std::sync::OnceLock;

use crate::context::Context;
use crate::value::Value;

/// Why a collection is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The heap has grown enough.
    Due,
    /// The program asked for a collection of this generation.
    Asked(usize),
    /// The interpreter ends.
    Ending,
}

/// See the module. Nothing here may leave an exception set.
pub trait Observer: Sync {
    /// A collection is about to be made.
    fn begins(&self, cx: &Context, reason: Reason);
    /// Whether [`Observer::show`] is to be called.
    fn shows_garbage(&self) -> bool;
    /// `object` is garbage. Its finalizer has not been called, and nobody may get a reference to it.
    fn show(&self, cx: &Context, object: &Value);
    /// Whether garbage is kept alive, and given to [`Observer::keep`].
    fn keeps_garbage(&self) -> bool;
    /// Garbage whose finalizers have been called and whose weak references are cleared.
    fn keep(&self, cx: &Context, garbage: Vec<Value>);
    /// A collection was made.
    fn ends(&self, cx: &Context, reason: Reason, collected: usize);
}

static OBSERVER: OnceLock<&'static dyn Observer> = OnceLock::new();

/// Sets the observer, once.
pub fn set_observer(observer: &'static dyn Observer) {
    OBSERVER.get_or_init(|| observer);
}

pub(super) fn get() -> Option<&'static dyn Observer> {
    OBSERVER.get().copied()
}
