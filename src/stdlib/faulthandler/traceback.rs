//! Tracebacks as text, for when nothing else works: no Python code runs and, when the text goes to a
//! descriptor, no memory is allocated and no lock is taken, so that a signal handler can write it.

use std::ptr;
use std::sync::atomic::{Ordering, fence};

use typhon_runtime::Context;
use typhon_runtime::vm::frame::Frame;
use typhon_sync::request;
use typhon_sync::thread::ThreadRecord;

use crate::thread;

/// Frames shown of a thread, and threads shown.
const MOST_FRAMES: usize = 100;
const MOST_THREADS: usize = 100;
/// Characters shown of a name.
const MOST_CHARACTERS: usize = 500;

/// Where text goes.
// No allocation in a signal handler, hence no box.
#[allow(clippy::large_enum_variant)]
pub(super) enum Output {
    Memory(Vec<u8>),
    Descriptor {
        number: i32,
        buffer: [u8; 512],
        used: usize,
    },
}

impl Output {
    /// Text to be kept.
    pub(super) fn memory() -> Output {
        Output::Memory(Vec::new())
    }

    /// Text to be written to a descriptor, the last of it when this is dropped.
    pub(super) fn descriptor(number: i32) -> Output {
        Output::Descriptor {
            number,
            buffer: [0; 512],
            used: 0,
        }
    }

    fn byte(&mut self, byte: u8) {
        match self {
            Output::Memory(bytes) => bytes.push(byte),
            Output::Descriptor { buffer, used, .. } => {
                buffer[*used] = byte;
                *used += 1;
                if *used == buffer.len() {
                    self.flush();
                }
            }
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
    }

    pub(super) fn decimal(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        digits[first..].iter().for_each(|&digit| self.byte(digit));
    }

    fn hexadecimal(&mut self, number: u64, digits: u32) {
        for place in (0..digits).rev() {
            self.byte(b"0123456789abcdef"[(number >> (4 * place)) as usize & 0xf]);
        }
    }

    /// Code points, with what is not printable ASCII escaped.
    fn escaped(&mut self, mut points: impl Iterator<Item = u32>) {
        for point in points.by_ref().take(MOST_CHARACTERS) {
            match point {
                0x20..0x7f => self.byte(point as u8),
                0..0x100 => {
                    self.text("\\x");
                    self.hexadecimal(point.into(), 2);
                }
                0x100..0x1_0000 => {
                    self.text("\\u");
                    self.hexadecimal(point.into(), 4);
                }
                _ => {
                    self.text("\\U");
                    self.hexadecimal(point.into(), 8);
                }
            }
        }
        if points.next().is_some() {
            self.text("...");
        }
    }

    /// Writes text that was kept.
    pub(super) fn write_to(&self, number: i32) {
        if let Output::Memory(bytes) = self {
            let mut output = Output::descriptor(number);
            bytes.iter().for_each(|&byte| output.byte(byte));
        }
    }

    /// Hands on what is not written yet.
    pub(super) fn flush(&mut self) {
        let Output::Descriptor {
            number,
            buffer,
            used,
        } = self
        else {
            return;
        };
        let mut rest = &buffer[..*used];
        while !rest.is_empty() {
            // SAFETY: the bytes are there; `write` may be called from a signal handler.
            let written = unsafe { libc::write(*number, rest.as_ptr().cast(), rest.len()) };
            match usize::try_from(written) {
                Ok(written) if written > 0 => rest = &rest[written..],
                // SAFETY: the address of this thread's errno.
                Err(_) if unsafe { *libc::__errno_location() } == libc::EINTR => {}
                _ => break,
            }
        }
        *used = 0;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Which heading a thread gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// `Stack (most recent call first):`
    Stack,
    /// `Current thread 0x… [name] (most recent call first):`
    Current,
    /// `Thread 0x… [name] (most recent call first):`
    Other,
}

fn heading(output: &mut Output, heading: Heading, ident: u64) {
    match heading {
        Heading::Stack => return output.text("Stack (most recent call first):\n"),
        Heading::Current => output.text("Current thread 0x"),
        Heading::Other => output.text("Thread 0x"),
    }
    output.hexadecimal(ident, 16);
    let mut name = [0u8; 16];
    let mut is_named = || {
        // SAFETY: the ident is of a thread that runs or is on its way out, which ends no earlier than
        // the world is started again or, in a signal handler, than the process ends; the name has room.
        unsafe {
            libc::pthread_getname_np(ident as libc::pthread_t, name.as_mut_ptr().cast(), 16) == 0
        }
    };
    if ident != 0 && is_named() {
        output.text(" [");
        name.iter()
            .take_while(|&&byte| byte != 0)
            .for_each(|&byte| output.byte(byte));
        output.text("]");
    }
    output.text(" (most recent call first):\n");
}

/// Writes the frames of a thread, the innermost first.
///
/// # Safety
/// The frames that are linked from `frame` stay for as long as this runs.
unsafe fn frames(output: &mut Output, mut frame: *const Frame) {
    if frame.is_null() {
        return output.text("  <no Python frame>\n");
    }
    for _ in 0..MOST_FRAMES {
        // SAFETY: by the caller's promise.
        let Some(current) = (unsafe { frame.as_ref() }) else {
            return;
        };
        let code = current.code();
        output.text("  File \"");
        output.escaped(code.compiled.filename.chars().map(u32::from));
        output.text("\", line ");
        match current.line() {
            Some(line) => output.decimal(line.into()),
            None => output.text("???"),
        }
        output.text(" in ");
        output.escaped(code.name.code_points());
        output.text("\n");
        frame = current.previous;
    }
    if !frame.is_null() {
        output.text("  ...\n");
    }
}

/// Writes the traceback of the calling thread, which need not be one of the interpreter's.
pub(super) fn current(output: &mut Output, kind: Heading) {
    heading(output, kind, thread::ident());
    let frame = Context::try_current().map_or(ptr::null_mut(), |cx| cx.stack.frame.get());
    // SAFETY: this thread's own frames, which stay while it is here.
    unsafe { frames(output, frame) };
}

/// Writes the tracebacks of all threads but that with the id `left_out` and, unless it is to be shown as
/// the current one, the calling thread.
///
/// The text is kept, not written: the world is stopped meanwhile, and writing may block.
pub(super) fn all(cx: &Context, memory: &mut Output, show_current: bool, left_out: u16) {
    let world = typhon_sync::stop_the_world(cx.record);
    for (shown, record) in records(cx, show_current, left_out).into_iter().enumerate() {
        if shown > 0 {
            memory.text("\n");
        }
        if shown == MOST_THREADS {
            memory.text("...\n");
            break;
        }
        let kind = if record.id() == cx.record.id() {
            Heading::Current
        } else {
            Heading::Other
        };
        heading(memory, kind, thread::ident_of(record));
        // SAFETY: the world is stopped: a thread that has a context stays in it, and its frames stay.
        unsafe { frames(memory, frame_of(record)) };
    }
    drop(world);
}

/// The records of threads to show, those with the highest ids first.
fn records(cx: &Context, show_current: bool, left_out: u16) -> Vec<&'static ThreadRecord> {
    let mut found = Vec::new();
    ThreadRecord::for_each(|record| {
        let is_current = record.id() == cx.record.id();
        if !record.user_data().is_null() && record.id() != left_out && (show_current || !is_current)
        {
            found.push(record);
        }
    });
    found.reverse();
    found
}

/// The innermost frame of a thread.
///
/// # Safety
/// The thread has a context and does not leave it meanwhile.
unsafe fn frame_of(record: &ThreadRecord) -> *const Frame {
    // SAFETY: what a thread of the interpreter keeps there is its context.
    match unsafe { record.user_data().cast::<Context>().as_ref() } {
        Some(context) => context.stack.frame.get(),
        None => ptr::null(),
    }
}

/// Writes the tracebacks of the other threads from a signal handler that ends the process. A thread that
/// is not attached is kept from attaching, so that its frames stay; one that is attached runs, and only
/// its heading is shown.
pub(super) fn others_at_the_end(output: &mut Output) {
    let own = ThreadRecord::current().map(ThreadRecord::id);
    ThreadRecord::for_each(|record| {
        if Some(record.id()) == own {
            return;
        }
        output.text("\n");
        heading(output, Heading::Other, thread::ident_of(record));
        let asked = !record.is_attached();
        if asked {
            record.request(request::STOP);
        }
        if asked && !record.is_attached() {
            fence(Ordering::Acquire);
            // SAFETY: STOP was set before ATTACHED was seen clear in the same word, so the thread cannot
            // attach until STOP is withdrawn, hence neither run Python code nor leave its context.
            unsafe { frames(output, frame_of(record)) };
        } else {
            output.text("  <running>\n");
        }
        if asked {
            record.withdraw(request::STOP);
        }
        output.flush();
    });
}

/// The C stack of the calling thread, which is not known.
pub(super) fn native(output: &mut Output) {
    output.text("Current thread's C stack trace (most recent call first):\n  <cannot get C stack on this system>\n");
}
