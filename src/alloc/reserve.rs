//! Address space kept back for when the system has no more to give.
//!
//! Rust's own buffers cannot fail: their owner would have to end the process. When the system refuses
//! memory for a small one, the reserve is given back to the system and the request made again; the hook
//! tells the runtime, which raises MemoryError at the thread's next safepoint.
//!
//! ```text
//!   armed ──a raw request failed──▶ spent ──rearm: on MemoryError, or when a segment is unmapped──▶ armed
//! ```
//! Requests beyond [`LARGEST`] are not helped: whoever makes them asks with `try_reserve`.

use crate::os;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Enough for some segments, however they are aligned.
const SIZE: usize = 24 << 20;
/// The largest request that the reserve is given up for.
const LARGEST: usize = 2 << 20;

static RESERVE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static HOOK: AtomicUsize = AtomicUsize::new(0);

/// Arms the reserve for the first time. `hook` is called by the thread that spends it; it allocates nothing.
pub fn set_reserve_hook(hook: fn()) {
    HOOK.store(hook as usize, Ordering::Release);
    rearm_reserve();
}

/// Tries to have a reserve again, and tells whether there is one. True before there is a hook.
pub fn rearm_reserve() -> bool {
    if HOOK.load(Ordering::Relaxed) == 0 || !RESERVE.load(Ordering::Relaxed).is_null() {
        return true;
    }
    let reserve = os::reserve(SIZE);
    if reserve.is_null() {
        return false;
    }
    // Release: whoever takes the mapping finds it made.
    let exchanged = RESERVE.compare_exchange(
        ptr::null_mut(),
        reserve,
        Ordering::Release,
        Ordering::Relaxed,
    );
    if exchanged.is_err() {
        // SAFETY: mapped above, and another thread's reserve is in the place.
        unsafe { os::unmap(reserve, SIZE) };
    }
    true
}

/// Gives the reserve up for a request of `size` bytes that failed. False: the request is lost.
#[cold]
pub(crate) fn spend(size: usize) -> bool {
    if size > LARGEST {
        return false;
    }
    let reserve = RESERVE.swap(ptr::null_mut(), Ordering::Acquire);
    if reserve.is_null() {
        return false;
    }
    // SAFETY: the swap made this thread its only owner; nothing was ever put there.
    unsafe { os::unmap(reserve, SIZE) };
    let hook = HOOK.load(Ordering::Acquire);
    if hook != 0 {
        // SAFETY: stored from a function of this type.
        let hook: fn() = unsafe { std::mem::transmute::<usize, fn()>(hook) };
        hook();
    }
    true
}
