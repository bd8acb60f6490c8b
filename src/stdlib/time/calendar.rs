//! The C library's calendar: its time zones and locale are what `time` promises to follow.
//!
//! The calls are thread-safe (`_r`) and get memory of ours; their strings are copied out at once.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use rustix::io::Errno;

/// A broken-down time with its zone.
#[derive(Clone, Debug)]
pub struct Broken {
    /// `tm_zone` of it is not to be used: `zone` is.
    fields: libc::tm,
    pub zone: Option<CString>,
}

fn zone_of(fields: &libc::tm) -> Option<CString> {
    // SAFETY: a conversion leaves `tm_zone` null or pointing to a string of the C library, which changes
    // only when the time zone does.
    (!fields.tm_zone.is_null()).then(|| unsafe { CStr::from_ptr(fields.tm_zone) }.to_owned())
}

impl Broken {
    /// The fields as C counts them: `tm_year` from 1900, `tm_mon` from 0, `tm_wday` from Sunday.
    pub fn new(fields: libc::tm, zone: Option<CString>) -> Broken {
        Broken { fields, zone }
    }

    /// A time of which nothing is known.
    pub fn blank() -> libc::tm {
        // SAFETY: all fields are numbers, or a pointer that may be null.
        unsafe { MaybeUninit::<libc::tm>::zeroed().assume_init() }
    }

    /// The fields, without zone name.
    pub fn fields(&self) -> &libc::tm {
        &self.fields
    }

    /// In the local time zone.
    ///
    /// # Errors
    /// EOVERFLOW when the year is out of range.
    pub fn local(time: i64) -> Result<Broken, Errno> {
        let mut fields = Broken::blank();
        // SAFETY: both pointers are to locals.
        let made = unsafe { libc::localtime_r(&time, &mut fields) };
        Broken::checked(made, fields)
    }

    /// In UTC.
    ///
    /// # Errors
    /// EOVERFLOW when the year is out of range.
    pub fn utc(time: i64) -> Result<Broken, Errno> {
        let mut fields = Broken::blank();
        // SAFETY: both pointers are to locals.
        let made = unsafe { libc::gmtime_r(&time, &mut fields) };
        Broken::checked(made, fields).map(|mut made| {
            made.zone = Some(c"UTC".to_owned());
            made
        })
    }

    fn checked(made: *mut libc::tm, fields: libc::tm) -> Result<Broken, Errno> {
        if made.is_null() {
            return Err(
                Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::OVERFLOW)
            );
        }
        let zone = zone_of(&fields);
        Ok(Broken { fields, zone })
    }

    /// Seconds since the epoch, in the local time zone. `None` when there are none.
    pub fn seconds(&self) -> Option<i64> {
        let mut fields = self.fields;
        fields.tm_wday = -1;
        // SAFETY: the pointer is to a local.
        let time = unsafe { libc::mktime(&mut fields) };
        // A time of -1 is no error when the week day was found.
        (time != -1 || fields.tm_wday != -1).then_some(time)
    }

    /// `strftime` of the C library. `format` is not empty.
    pub fn format(&self, format: &CStr) -> Vec<u8> {
        let mut fields = self.fields;
        fields.tm_zone = self
            .zone
            .as_ref()
            .map_or(std::ptr::null(), |zone| zone.as_ptr());
        let mut room = 256;
        loop {
            let mut out = vec![0u8; room];
            // SAFETY: `out` has `room` bytes; the zone's name lives in `self`.
            let length =
                unsafe { libc::strftime(out.as_mut_ptr().cast(), room, format.as_ptr(), &fields) };
            // No bytes at all mean that there was no room, or nothing to write, as for "%p".
            if length > 0 || room >= 256 * format.to_bytes().len() {
                out.truncate(length);
                return out;
            }
            room *= 2;
        }
    }
}

/// Reads the time zone from the environment again.
pub fn reset_zone() {
    // SAFETY: the call has no preconditions but that nobody changes the environment meanwhile, which
    // `os.putenv` does under the C library's own lock.
    unsafe { tzset() };
}

unsafe extern "C" {
    fn tzset();
}

fn checked(result: libc::c_int) -> Result<(), Errno> {
    if result == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL))
}

fn timespec() -> libc::timespec {
    libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    }
}

fn nanoseconds(time: libc::timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

/// A clock by its number, in nanoseconds.
///
/// # Errors
/// EINVAL when there is no such clock.
pub fn clock(id: i32) -> Result<i128, Errno> {
    let mut time = timespec();
    // SAFETY: the pointer is to a local.
    checked(unsafe { libc::clock_gettime(id, &mut time) })?;
    Ok(nanoseconds(time))
}

/// The resolution of a clock, in nanoseconds.
///
/// # Errors
/// EINVAL when there is no such clock.
pub fn clock_resolution(id: i32) -> Result<i128, Errno> {
    let mut time = timespec();
    // SAFETY: the pointer is to a local.
    checked(unsafe { libc::clock_getres(id, &mut time) })?;
    Ok(nanoseconds(time))
}

/// Sets a clock.
///
/// # Errors
/// EPERM, and EINVAL for clocks that cannot be set.
pub fn set_clock(id: i32, nanoseconds: i64) -> Result<(), Errno> {
    let time = libc::timespec {
        tv_sec: nanoseconds.div_euclid(1_000_000_000),
        tv_nsec: nanoseconds.rem_euclid(1_000_000_000),
    };
    // SAFETY: the pointer is to a local.
    checked(unsafe { libc::clock_settime(id, &time) })
}

/// The number of the clock that counts a thread's processor time.
///
/// # Errors
/// ESRCH when there is no such thread.
pub fn thread_clock(thread: u64) -> Result<i32, Errno> {
    let mut id = 0;
    // SAFETY: the pointer is to a local. That the thread exists is the caller's promise, as in C.
    match unsafe { libc::pthread_getcpuclockid(thread as libc::pthread_t, &mut id) } {
        0 => Ok(id),
        error => Err(Errno::from_raw_os_error(error)),
    }
}
