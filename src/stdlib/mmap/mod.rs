//! `mmap`: files, or memory of nobody, as a mutable sequence of bytes.
//!
//! The mapping, the position and the number of buffers that are out are behind the object's lock; while a
//! buffer is out the mapping stays where it is. A page that cannot be read (its file has become shorter)
//! ends the process, as the system has it. Files: `mapping` (the pages), `object` (what Python sees).

mod mapping;
mod object;

use typhon_macros::pymodule;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref, module};

use object::Mmap;

macro_rules! from_libc {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64),)*] };
}

static CONSTANTS: &[(&str, i64)] = from_libc! {
    PROT_EXEC PROT_READ PROT_WRITE
    MAP_SHARED MAP_PRIVATE MAP_DENYWRITE MAP_EXECUTABLE MAP_ANONYMOUS MAP_ANON MAP_POPULATE MAP_STACK
    MAP_NORESERVE
    MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_REMOVE MADV_DONTFORK
    MADV_DOFORK MADV_HWPOISON MADV_MERGEABLE MADV_UNMERGEABLE MADV_HUGEPAGE MADV_NOHUGEPAGE
    MADV_DONTDUMP MADV_DODUMP MADV_FREE
};

#[pymodule(name = "mmap", classes(Mmap))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "error", exceptions::os_error().clone())?;
    for (name, value) in CONSTANTS {
        module::add(cx, this, name, *value)?;
    }
    #[cfg(target_arch = "x86_64")]
    module::add(cx, this, "MAP_32BIT", i64::from(libc::MAP_32BIT))?;
    for name in ["PAGESIZE", "ALLOCATIONGRANULARITY"] {
        module::add(cx, this, name, rustix::param::page_size())?;
    }
    for (number, name) in object::ACCESS_NAMES.iter().enumerate() {
        module::add(cx, this, name, number)?;
    }
    Ok(())
}
