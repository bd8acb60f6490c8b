//! `-X importtime`: what each import takes, on standard error.
//!
//! A line is written when an import ends, so those that it caused come before it; they are further to the
//! right. The first number is what the module took itself, the second has what it imported in it. Imports
//! of modules that are there already are told of only at level 2. A thread's imports nest by themselves.

use std::cell::Cell;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crate::codec::utf8;
use crate::context::Context;
use crate::object::Ref;
use crate::objects::str_::Str;

static LEVEL: AtomicU8 = AtomicU8::new(0);
static HAS_HEADER: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// How many imports this one is inside.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// What the imports that the current one caused have taken.
    static CAUSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Sets what is told: nothing (0), imports (1), those of modules that are there too (2).
pub fn set_level(level: u8) {
    LEVEL.store(level, Ordering::Relaxed);
}

/// Tells of an import of a module that is there.
pub(crate) fn found(cx: &Context, name: &Ref<Str>) {
    if LEVEL.load(Ordering::Relaxed) > 1 {
        tell(cx, "cached   ", "cached    ", DEPTH.get(), name);
    }
}

/// Does an import, and tells of it if that is wanted.
pub(crate) fn timed<T>(cx: &Context, name: &Ref<Str>, import: impl FnOnce() -> T) -> T {
    if LEVEL.load(Ordering::Relaxed) == 0 {
        return import();
    }
    if !HAS_HEADER.swap(true, Ordering::Relaxed) {
        eprintln!("import time: self [us] | cumulative | imported package");
    }
    let depth = DEPTH.replace(DEPTH.get() + 1);
    let caused_before = CAUSED.replace(Duration::ZERO);
    let start = Instant::now();
    let result = import();
    let took = start.elapsed();
    let own = took.saturating_sub(CAUSED.get());
    DEPTH.set(depth);
    CAUSED.set(caused_before + took);
    let own = format!("{:9}", own.as_micros());
    tell(cx, &own, &format!("{:10}", took.as_micros()), depth, name);
    result
}

fn tell(cx: &Context, own: &str, cumulative: &str, depth: usize, name: &Ref<Str>) {
    // The import may have failed: its exception waits.
    let pending = cx.take_exception_if_any();
    let name = utf8::encode(cx, name, "backslashreplace").unwrap_or_default();
    if let Some(exception) = pending {
        cx.set_exception(exception);
    }
    let mut line = format!("import time: {own} | {cumulative} | {:1$}", "", depth * 2).into_bytes();
    line.extend(name);
    line.push(b'\n');
    // Nobody is told of what cannot be written.
    let _ = std::io::stderr().write_all(&line);
}
