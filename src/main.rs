//! The command `typhon`.

mod command_line;
mod environment;
mod usage;

use std::process::ExitCode;

use typhon::Exit;
use typhon_alloc::TyphonAllocator;

#[global_allocator]
static ALLOCATOR: TyphonAllocator = TyphonAllocator;

fn main() -> ExitCode {
    let configuration = match command_line::parse(std::env::args_os()) {
        Ok(configuration) => configuration,
        Err(ending) => return ending.finish(),
    };
    match typhon::run(configuration) {
        // Threads that are still running must not see the process being taken apart.
        Exit::Status(status) => std::process::exit(status),
        Exit::Interrupted => end_as_interrupted(),
    }
}

/// Ends the process by SIGINT, with the system's own reaction to it.
fn end_as_interrupted() -> ! {
    // SAFETY: the default reaction involves no handler, and the signal is for this process alone.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::kill(libc::getpid(), libc::SIGINT);
    }
    // Not reached unless the signal is blocked.
    std::process::exit(130)
}
