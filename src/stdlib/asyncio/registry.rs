//! All tasks that are not done.
//!
//! Tasks of the class here are in one of a number of tables, each behind its own lock, by weak references:
//! threads that run loops of their own do not meet. A task knows its place and leaves when it is done or
//! dies. Tasks of other classes are in a `WeakSet`, or while they start eagerly in a set, as the Python
//! half has it.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use typhon_runtime::objects::set::Set;
use typhon_runtime::objects::weakref::{self, WeakReference};
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::imported;
use super::task::Task;

const TABLES: usize = 32;

/// Places by number; free ones are reused.
struct Table {
    places: Vec<Option<Ref<WeakReference>>>,
    free: Vec<u32>,
}

static REGISTERED: [Mutex<Table>; TABLES] = [const {
    Mutex::new(Table {
        places: Vec::new(),
        free: Vec::new(),
    })
}; TABLES];

/// Where a task is: zero for nowhere, else the table above the number of its place plus one.
#[derive(Default)]
pub(super) struct Place(AtomicU64);

impl Place {
    /// Leaves the place.
    pub(super) fn leave(&self) {
        let place = self.0.swap(0, Ordering::AcqRel);
        if place == 0 {
            return;
        }
        let number = (place as u32) - 1;
        let gone = {
            let mut table = REGISTERED[(place >> 32) as usize].lock();
            table.free.push(number);
            table.places[number as usize].take()
        };
        drop(gone);
    }
}

/// The table of the calling thread.
fn own_table() -> usize {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static OWN: Cell<u32> = const { Cell::new(u32::MAX) };
    }
    OWN.with(|own| {
        if own.get() == u32::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % TABLES as u32);
        }
        own.get() as usize
    })
}

/// Enters a task, unless it is there.
///
/// # Errors
/// MemoryError.
pub(super) fn add(cx: &Context, task: &Ref<Task>) -> PyResult<()> {
    if task.place.0.load(Ordering::Acquire) != 0 {
        return Ok(());
    }
    let reference = weakref::reference(cx, task.as_value(), None)?;
    let own = own_table();
    let number = {
        let mut table = REGISTERED[own].lock();
        match table.free.pop() {
            Some(number) => {
                table.places[number as usize] = Some(reference);
                number
            }
            None => {
                table.places.push(Some(reference));
                (table.places.len() - 1) as u32
            }
        }
    };
    let place = Place(AtomicU64::new((own as u64) << 32 | u64::from(number + 1)));
    // Another thread may have entered it meanwhile; one place is enough.
    let taken = task.place.0.compare_exchange(
        0,
        place.0.load(Ordering::Relaxed),
        Ordering::AcqRel,
        Ordering::Relaxed,
    );
    if taken.is_err() {
        place.leave();
    }
    Ok(())
}

/// Takes a task out.
pub(super) fn remove(task: &Ref<Task>) {
    task.place.leave();
}

/// All tasks of the class here.
pub(super) fn native() -> Vec<Value> {
    let mut references = Vec::new();
    for table in &REGISTERED {
        references.extend(table.lock().places.iter().flatten().cloned());
    }
    references
        .iter()
        .filter_map(|reference| reference.upgrade())
        .collect()
}

static OTHER_SCHEDULED: OnceLock<Value> = OnceLock::new();
static OTHER_EAGER: OnceLock<Ref<Set>> = OnceLock::new();

/// The `WeakSet` of tasks of other classes.
///
/// # Errors
/// What making it raises.
pub(super) fn other_scheduled(cx: &Context) -> PyResult<&'static Value> {
    if let Some(known) = OTHER_SCHEDULED.get() {
        return Ok(known);
    }
    let made = call::call(cx, imported::WEAK_SET.get(cx)?, &[])?;
    Ok(OTHER_SCHEDULED.get_or_init(|| made))
}

/// Tasks of other classes that start eagerly.
///
/// # Errors
/// MemoryError.
pub(super) fn other_eager(cx: &Context) -> PyResult<&'static Ref<Set>> {
    if let Some(known) = OTHER_EAGER.get() {
        return Ok(known);
    }
    let made = Set::new(cx)?;
    Ok(OTHER_EAGER.get_or_init(|| made))
}

/// All tasks of other classes.
///
/// # Errors
/// What iterating raises.
pub(super) fn others(cx: &Context) -> PyResult<Vec<Value>> {
    let mut tasks = match OTHER_EAGER.get() {
        Some(eager) => eager.to_vec(),
        None => Vec::new(),
    };
    if let Some(scheduled) = OTHER_SCHEDULED.get() {
        tasks.extend(iterate::collect(cx, scheduled)?);
    }
    Ok(tasks)
}
