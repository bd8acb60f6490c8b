//! What a profiler knows: functions that were called, for how long, by whom; and the calls that run.
//!
//! ```text
//!   entries    one for each function, in the order of first calls; `numbers` finds them by key
//!   threads    for each thread the calls that run in it, innermost last
//! ```
//!
//! Threads share the entries, but a call's caller is one of the same thread. The time of a call is counted
//! for its function when no other call of that function runs in the thread (`levels`), so that recursion
//! counts nothing twice; the time in the function itself is that less what was spent in calls below.

use std::thread::ThreadId;

use rustc_hash::FxHashMap;
use typhon_runtime::Value;

/// Numbers of a function, or of a function as it was called by another.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub calls: u64,
    pub recursive_calls: u64,
    /// In units of the timer.
    pub time: i64,
    pub time_inside: i64,
}

impl Totals {
    fn count(&mut self, time: i64, time_inside: i64, is_outermost: bool) {
        self.calls += 1;
        self.time_inside += time_inside;
        if is_outermost {
            self.time += time;
        } else {
            self.recursive_calls += 1;
        }
    }
}

/// A function.
pub struct Entry {
    /// The code object, or a text that names a native function.
    pub subject: Value,
    pub totals: Totals,
    /// What it called, by the number of the entry, in the order of first calls.
    pub callees: Vec<(usize, Totals)>,
}

/// A call that runs.
struct Running {
    entry: usize,
    start: i64,
    /// Time spent in calls below.
    below: i64,
    with_caller: bool,
}

#[derive(Default)]
struct ThreadCalls {
    running: Vec<Running>,
    /// How many calls of an entry run; of an entry called by another one (`caller + 1`, 0 is anybody).
    levels: FxHashMap<(usize, usize), u32>,
}

impl ThreadCalls {
    fn leave_level(&mut self, level: (usize, usize)) -> bool {
        match self.levels.get_mut(&level) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => {
                self.levels.remove(&level);
                true
            }
        }
    }
}

/// See the module's header.
#[derive(Default)]
pub struct Measured {
    pub entries: Vec<Entry>,
    numbers: FxHashMap<usize, usize>,
    threads: FxHashMap<ThreadId, ThreadCalls>,
}

impl Measured {
    /// Whether the function with this key has an entry.
    pub fn knows(&self, key: usize) -> bool {
        self.numbers.contains_key(&key)
    }

    /// Makes an entry for the function with this key; the subject when another thread was faster.
    pub fn add(&mut self, key: usize, subject: Value) -> Option<Value> {
        if self.knows(key) {
            return Some(subject);
        }
        self.numbers.insert(key, self.entries.len());
        self.entries.push(Entry {
            subject,
            totals: Totals::default(),
            callees: Vec::new(),
        });
        None
    }

    /// A call of the function with this key begins. `by_caller`: it is counted for its caller, too.
    pub fn start(&mut self, thread: ThreadId, key: usize, now: i64, by_caller: bool) {
        let Some(&entry) = self.numbers.get(&key) else {
            return;
        };
        let calls = self.threads.entry(thread).or_default();
        *calls.levels.entry((0, entry)).or_default() += 1;
        let caller = calls.running.last().map(|call| call.entry);
        if by_caller && let Some(caller) = caller {
            *calls.levels.entry((caller + 1, entry)).or_default() += 1;
        }
        calls.running.push(Running {
            entry,
            start: now,
            below: 0,
            with_caller: by_caller && caller.is_some(),
        });
    }

    /// The innermost call of the thread ends. One that began before the profiler was enabled is not known.
    pub fn stop(&mut self, thread: ThreadId, now: i64) {
        let Some(calls) = self.threads.get_mut(&thread) else {
            return;
        };
        let Some(call) = calls.running.pop() else {
            return;
        };
        let time = now - call.start;
        let inside = time - call.below;
        let outermost = calls.leave_level((0, call.entry));
        self.entries[call.entry]
            .totals
            .count(time, inside, outermost);
        let Some(caller) = calls.running.last_mut() else {
            return;
        };
        caller.below += time;
        let caller = caller.entry;
        if call.with_caller {
            let outermost = calls.leave_level((caller + 1, call.entry));
            let callees = &mut self.entries[caller].callees;
            let at = match callees.iter().position(|(callee, _)| *callee == call.entry) {
                Some(at) => at,
                None => {
                    callees.push((call.entry, Totals::default()));
                    callees.len() - 1
                }
            };
            callees[at].1.count(time, inside, outermost);
        }
    }

    /// All calls end.
    pub fn stop_all(&mut self, now: i64) {
        let threads: Vec<_> = self.threads.keys().copied().collect();
        for thread in threads {
            while self
                .threads
                .get(&thread)
                .is_some_and(|calls| !calls.running.is_empty())
            {
                self.stop(thread, now);
            }
        }
        self.threads.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> (Measured, ThreadId) {
        let mut measured = Measured::default();
        for key in [10, 20] {
            assert!(measured.add(key, Value::NONE).is_none());
        }
        (measured, std::thread::current().id())
    }

    #[test]
    fn recursion_counts_no_time_twice() {
        let (mut measured, thread) = measured();
        measured.start(thread, 10, 0, true);
        measured.start(thread, 10, 2, true);
        measured.stop(thread, 7);
        measured.stop(thread, 10);
        let totals = measured.entries[0].totals;
        assert_eq!((totals.calls, totals.recursive_calls), (2, 1));
        assert_eq!((totals.time, totals.time_inside), (10, 10));
        let (callee, totals) = measured.entries[0].callees[0];
        assert_eq!((callee, totals.calls, totals.time), (0, 1, 5));
    }

    #[test]
    fn a_caller_is_charged_for_itself_only() {
        let (mut measured, thread) = measured();
        measured.stop(thread, 1);
        measured.start(thread, 10, 0, false);
        measured.start(thread, 20, 4, false);
        measured.stop_all(10);
        assert_eq!(measured.entries[0].totals.time, 10);
        assert_eq!(measured.entries[0].totals.time_inside, 4);
        assert_eq!(measured.entries[1].totals.time_inside, 6);
        assert!(measured.entries[0].callees.is_empty());
    }
}
