//! `_queue`: `SimpleQueue`, an unbounded queue whose `put` never waits.
//!
//! Items are behind the object's lock. Getters that find none sleep in the kernel on `puts`, which counts
//! the items that were ever put. No wake-up is lost: a getter adds itself to `sleepers`, reads `puts`,
//! looks for an item, and sleeps only while `puts` is what it has read; a putter adds its item, then
//! counts it, then looks at `sleepers`. A getter that was woken and leaves without an item (its deadline
//! has passed, a signal handler raised) passes the wake-up on.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::thread::futex;
use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::generic_alias;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::arguments::{bind, signature};
use crate::blocking::{self, Deadline, Sleep};
use crate::exception_class::ExceptionClass;
use crate::time::span::{self, Rounding};

static EMPTY: ExceptionClass = ExceptionClass::new("_queue", "Empty", exceptions::exception);

/// C implementation of the Python queue module.
/// This module is an implementation detail, please do not use it directly.
#[pymodule(name = "_queue", classes(SimpleQueue))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let empty = EMPTY.get(cx)?;
    let doc = Str::from_str(cx, "Exception raised by Queue.get(block=0)/get_nowait().")?;
    attribute::set(cx, empty.as_value(), names::dunder_doc(), doc.as_value())?;
    module::add(cx, this, "Empty", empty.clone())
}

/// The payload of `SimpleQueue`.
#[pyclass(
    name = "SimpleQueue",
    module = "_queue",
    flags(BASETYPE, HAS_WEAKREF, IMMUTABLE),
    signature = "()",
    doc = "Simple, unbounded, reentrant FIFO queue."
)]
pub struct SimpleQueue {
    items: Guarded<VecDeque<Value>>,
    puts: AtomicU32,
    sleepers: AtomicU32,
}

impl Traverse for SimpleQueue {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.while_stopped().iter().for_each(visit);
    }
}

impl Lockable for SimpleQueue {
    type State = VecDeque<Value>;
    fn guarded(&self) -> &Guarded<VecDeque<Value>> {
        &self.items
    }
}

impl SimpleQueue {
    /// Wakes one getter that sleeps.
    fn wake(&self) {
        // SeqCst, here and where a getter registers: either it is seen, or it sees the item.
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            // Waking fails only for addresses that are not in the process.
            let _ = futex::wake(&self.puts, futex::Flags::PRIVATE, 1);
        }
    }

    fn add(this: &Ref<SimpleQueue>, item: &Value) {
        let item = item.clone();
        this.locked(|items| items.push_back(item));
        this.puts.fetch_add(1, Ordering::SeqCst);
        this.wake();
    }

    /// Waits for an item; `None` when the deadline passes first.
    fn wait(cx: &Context, this: &Ref<SimpleQueue>, deadline: Deadline) -> PyResult<Option<Value>> {
        let mut sleep = Sleep::new(deadline);
        loop {
            // A signal that came before would not end the sleep.
            blocking::interrupted(cx)?;
            let puts = this.puts.load(Ordering::SeqCst);
            let item = this.locked(VecDeque::pop_front);
            if item.is_some() {
                return Ok(item);
            }
            let slept = cx.detached(|| {
                let end = sleep.part().as_timespec();
                futex::wait_bitset(
                    &this.puts,
                    futex::Flags::PRIVATE,
                    puts,
                    end.as_ref(),
                    NonZeroU32::MAX,
                )
            });
            if slept == Err(Errno::TIMEDOUT) && sleep.is_over(cx) {
                return Ok(this.locked(VecDeque::pop_front));
            }
        }
    }

    fn take(cx: &Context, this: &Ref<SimpleQueue>, deadline: Option<Deadline>) -> PyResult<Value> {
        let mut item = this.locked(VecDeque::pop_front);
        if item.is_none()
            && let Some(deadline) = deadline
        {
            this.sleepers.fetch_add(1, Ordering::SeqCst);
            let waited = SimpleQueue::wait(cx, this, deadline);
            this.sleepers.fetch_sub(1, Ordering::SeqCst);
            if !matches!(waited, Ok(Some(_))) && this.locked(|items| !items.is_empty()) {
                this.wake();
            }
            item = waited?;
        }
        item.ok_or_else(|| empty(cx))
    }
}

#[cold]
fn empty(cx: &Context) -> Raised {
    match EMPTY.get(cx) {
        Ok(class) => cx.raise_with(class, &[]),
        Err(raised) => raised,
    }
}

/// How long `get(timeout=…)` waits.
fn deadline(cx: &Context, timeout: Option<&Value>) -> PyResult<Deadline> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Ok(Deadline::NEVER);
    };
    let timeout = span::nanoseconds(cx, timeout, Rounding::Timeout)?;
    if timeout < 0 {
        return Err(cx.value_error("'timeout' must be a non-negative number"));
    }
    Ok(Deadline::after(timeout))
}

#[pymethods]
impl SimpleQueue {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [] = bind(cx, signature!("SimpleQueue", 0, [], []), args)?;
        let queue = SimpleQueue {
            items: Guarded::new(VecDeque::new()),
            puts: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
        };
        object::new_of_class(cx, class, queue).map(Ref::into_value)
    }

    /// Return True if the queue is empty, False otherwise (not reliable!).
    #[method("empty(self, /)")]
    fn empty(_cx: &Context, this: &Ref<SimpleQueue>) -> PyResult<bool> {
        Ok(this.locked(|items| items.is_empty()))
    }

    /// Remove and return an item from the queue.
    ///
    /// If optional args 'block' is true and 'timeout' is None (the
    /// default), block if necessary until an item is available.  If
    /// 'timeout' is a non-negative number, it blocks at most 'timeout'
    /// seconds and raises the Empty exception if no item was available
    /// within that time.
    /// Otherwise ('block' is false), return an item if one is immediately
    /// available, else raise the Empty exception ('timeout' is ignored
    /// in that case).
    #[method("get(self, /, block=True, timeout=None)")]
    fn get(
        cx: &Context,
        this: &Ref<SimpleQueue>,
        block: bool,
        timeout: Maybe<&Value>,
    ) -> PyResult<Value> {
        let deadline = match block {
            true => Some(deadline(cx, timeout.0)?),
            false => None,
        };
        SimpleQueue::take(cx, this, deadline)
    }

    /// Remove and return an item from the queue without blocking.
    ///
    /// Only get an item if one is immediately available. Otherwise
    /// raise the Empty exception.
    #[method("get_nowait(self, /)")]
    fn get_nowait(cx: &Context, this: &Ref<SimpleQueue>) -> PyResult<Value> {
        SimpleQueue::take(cx, this, None)
    }

    /// Put the item on the queue.
    ///
    /// The optional 'block' and 'timeout' arguments are ignored, as this
    /// method never blocks.  They are provided for compatibility with the
    /// Queue class.
    #[method("put(self, /, item, block=True, timeout=None)")]
    fn put(
        _cx: &Context,
        this: &Ref<SimpleQueue>,
        item: &Value,
        _block: bool,
        _timeout: Maybe<&Value>,
    ) -> PyResult<()> {
        SimpleQueue::add(this, item);
        Ok(())
    }

    /// Put an item into the queue without blocking.
    ///
    /// This is exactly equivalent to `put(item)` and is only provided
    /// for compatibility with the Queue class.
    #[method("put_nowait(self, /, item)")]
    fn put_nowait(_cx: &Context, this: &Ref<SimpleQueue>, item: &Value) -> PyResult<()> {
        SimpleQueue::add(this, item);
        Ok(())
    }

    /// Return the approximate size of the queue (not reliable!).
    #[method("qsize(self, /)")]
    fn qsize(_cx: &Context, this: &Ref<SimpleQueue>) -> PyResult<usize> {
        Ok(this.locked(|items| items.len()))
    }

    /// SimpleQueues are generic over the type of their contents
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        generic_alias::alias(cx, class, object)
    }
}
