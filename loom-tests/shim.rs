//! The twin of `src/sync/shim.rs`: the same names over loom's primitives.
//!
//! Differences that matter to the models:
//! * tables are tiny, and there is no spinning;
//! * nothing depends on an object's address but by comparing for equality: an address
//!   differs from one execution to the next, which loom must not notice. (Hence one
//!   hint; and the model of two locks keeps them in one array.)
//! * a static lives as long as one execution of a model, a switch as long as the model;
//! * a timed wait runs out at once, the first time;
//! * parking is a queue under a mutex, as it is in parking_lot_core.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::{
    AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::thread::LocalKey;
use std::time::Duration;

pub(crate) const MAXIMUM_THREADS: usize = 4;
pub(crate) const FIRST_TABLE_CAPACITY: usize = 1;
pub(crate) const SAMPLE_INTERVAL: u32 = 1;
pub(crate) const LONGEST_WAIT: u32 = 1;
pub(crate) const SHARED_SCORE: u64 = 1;
pub(crate) const SAMPLED_OBJECTS: usize = 1;
pub(crate) const REVOCATIONS_BORNE: u32 = 2;
pub(crate) const RETIRE_BATCH: usize = 1;

macro_rules! const_fn {
    ($(#[$meta:meta])* $visibility:vis const fn $($rest:tt)*) => {
        $(#[$meta])* $visibility fn $($rest)*
    };
}

macro_rules! global {
    ($(#[$meta:meta])* pub(crate) static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! { $(#[$meta])* pub(crate) static ref $name: $type = $value; }
    };
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! { $(#[$meta])* static ref $name: $type = $value; }
    };
}

macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::thread_local! {
            $(#[$meta])*
            static $name: std::cell::Cell<$type> = std::cell::Cell::new($value);
        }
    };
}

macro_rules! array {
    ($value:expr; $length:expr) => {
        std::array::from_fn::<_, { $length }, _>(|_| $value)
    };
}

macro_rules! switch {
    ($(#[$meta:meta])* static $name:ident;) => {
        $(#[$meta])* static $name: $crate::shim::Switch = {
            thread_local! {
                static CELL: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
            }
            $crate::shim::Switch::new(&CELL)
        };
    };
}

macro_rules! layout {
    ($($fact:expr),+ $(,)?) => {};
}

macro_rules! hints {
    (static $name:ident: $length:expr;) => {
        static $name: $crate::shim::Hints<{ $length }> = {
            thread_local! {
                static CELL: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
            }
            $crate::shim::Hints::new(&CELL)
        };
    };
}

pub(crate) use {array, const_fn, global, hints, layout, switch, thread_cell};

/// A switch of the model: all threads of a model run on one operating-system thread,
/// and each model on one of its own.
pub(crate) struct Switch(&'static LocalKey<Cell<bool>>);

impl Switch {
    pub(crate) const fn new(cell: &'static LocalKey<Cell<bool>>) -> Self {
        Self(cell)
    }

    pub(crate) fn get(&self) -> bool {
        self.0.get()
    }

    pub(crate) fn set(&self, value: bool) {
        self.0.set(value);
    }
}

#[derive(Default)]
pub(crate) struct Tally(std::sync::atomic::AtomicU64);

impl Tally {
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn raise(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Hints of the model, like a switch. A single one: which it is does not depend on an address.
pub(crate) struct Hints<const N: usize>(&'static LocalKey<Cell<u64>>);

impl<const N: usize> Hints<N> {
    pub(crate) const fn new(cell: &'static LocalKey<Cell<u64>>) -> Self {
        assert!(N == 1);
        Self(cell)
    }

    pub(crate) fn get(&self, _place: usize) -> u64 {
        self.0.get()
    }

    pub(crate) fn set(&self, _place: usize, word: u64) {
        if self.0.replace(word) == 0 {
            HINTS.with_borrow_mut(|all| all.push(self.0));
        }
    }
}

thread_local! {
    static FOREVER: RefCell<Vec<(*mut u8, Layout)>> = const { RefCell::new(Vec::new()) };
    static TIME_RAN_OUT: Cell<bool> = const { Cell::new(false) };
    /// Those that say something.
    static HINTS: RefCell<Vec<&'static LocalKey<Cell<u64>>>> = const { RefCell::new(Vec::new()) };
}

/// A value that lives to the end of the execution.
pub fn forever<T>(value: T) -> *mut T {
    let pointer = Box::into_raw(Box::new(value));
    FOREVER.with_borrow_mut(|all| all.push((pointer.cast(), Layout::new::<T>())));
    pointer
}

/// To be called first in every execution: frees what lived to the end of the last one
/// lets one timed wait run out again, and forgets all hints.
pub fn start_execution() {
    for (pointer, layout) in FOREVER.take() {
        // SAFETY: boxed in `forever`, and the execution that used it is over. Not
        // dropped: loom's objects are gone with their execution.
        unsafe { std::alloc::dealloc(pointer, layout) };
    }
    TIME_RAN_OUT.set(false);
    for hint in HINTS.take() {
        hint.set(0);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a model panics as a whole")
}

pub(crate) fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition.wait(guard).expect("a model panics as a whole")
}

pub(crate) fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    _limit: Duration,
) -> (MutexGuard<'a, T>, bool) {
    if TIME_RAN_OUT.replace(true) {
        (wait(condition, guard), false)
    } else {
        (guard, true)
    }
}

/// The sleepers, in the order in which they came: what each sleeps on, and its number.
#[derive(Default)]
struct Parked {
    sleepers: Vec<(usize, u32)>,
    arrivals: u32,
}

loom::lazy_static! {
    static ref PARKED: Mutex<Parked> = Mutex::new(Parked::default());
    static ref WOKEN: Condvar = Condvar::new();
}

pub(crate) fn park(address: usize, validate: impl FnOnce() -> bool) {
    let mut parked = lock(&PARKED);
    if !validate() {
        return;
    }
    let me = (address, parked.arrivals);
    parked.arrivals += 1;
    parked.sleepers.push(me);
    while parked.sleepers.contains(&me) {
        parked = wait(&WOKEN, parked);
    }
}

pub(crate) fn unpark_one(address: usize, callback: impl FnOnce(bool)) {
    let mut parked = lock(&PARKED);
    if let Some(first) = parked
        .sleepers
        .iter()
        .position(|sleeper| sleeper.0 == address)
    {
        parked.sleepers.remove(first);
    }
    callback(parked.sleepers.iter().any(|sleeper| sleeper.0 == address));
    WOKEN.notify_all();
}

pub(crate) fn unpark_all(address: usize) {
    let mut parked = lock(&PARKED);
    parked.sleepers.retain(|sleeper| sleeper.0 != address);
    WOKEN.notify_all();
}

pub(crate) fn spin(_round: u32) -> bool {
    false
}
