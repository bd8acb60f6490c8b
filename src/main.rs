//! The command `typhon`.

mod command_line;
mod environment;
mod usage;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};

use typhon_alloc::TyphonAllocator;

#[global_allocator]
static ALLOCATOR: TyphonAllocator = TyphonAllocator;

/// Bit n is set when descriptor n was closed before Rust's start-up, which opens the null device there.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Looks at the standard descriptors before Rust's start-up code does.
extern "C" fn note_closed_descriptors() {
    for descriptor in 0..3 {
        // SAFETY: asking for the flags of a descriptor, open or not, changes nothing.
        if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } == -1 {
            CLOSED.fetch_or(1 << descriptor, Ordering::Relaxed);
        }
    }
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = note_closed_descriptors;

/// Closes what was closed: a program must find `sys.stdin` None then.
fn close_descriptors_again() {
    let closed = CLOSED.load(Ordering::Relaxed);
    for descriptor in (0..3).filter(|descriptor| closed & 1 << descriptor != 0) {
        // SAFETY: only Rust's start-up code has opened it, and nobody has used it since.
        unsafe { libc::close(descriptor) };
    }
}

fn main() -> ExitCode {
    close_descriptors_again();
    let configuration = match command_line::parse(std::env::args_os()) {
        Ok(configuration) => configuration,
        Err(ending) => return ending.finish(),
    };
    typhon::run(configuration).end_process()
}
