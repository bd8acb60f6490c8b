//! What `pwd` and `grp` share: looking an entry up, walking through all, their numbers and names.
//!
//! The system's functions that walk through a database keep their place for the whole process, so only
//! one thread at a time does that.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use parking_lot::Mutex;
use typhon_runtime::args::IntoValue;
use typhon_runtime::codec;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

/// The most memory that an entry of a database may take, in bytes.
const LARGEST_ENTRY: usize = 1 << 20;

/// The one walk at a time through a database.
static WALK: Mutex<()> = Mutex::new(());

/// An entry of a database, copied from the system's memory.
pub(crate) trait Entry: Sized + Send {
    /// The system's form of it.
    type System;

    /// # Safety
    /// The entry's strings are the system's, and arrays of them end with null.
    unsafe fn of(entry: &Self::System) -> Self;

    /// The entry as Python sees it.
    fn present(&self, cx: &Context) -> PyResult<Value>;
}

/// A string of an entry; nothing for null.
///
/// # Safety
/// Null, or a string that ends with null.
pub(crate) unsafe fn field(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: by the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// The entry that `ask` finds. It gets a place for the entry, memory for its strings, and a place for
/// the answer, and returns an error number.
pub(crate) fn find<T: Entry>(
    ask: impl Fn(*mut T::System, &mut [u8], *mut *mut T::System) -> i32,
) -> Option<T> {
    let mut memory = vec![0u8; 1024];
    loop {
        let mut entry = MaybeUninit::uninit();
        let mut found = ptr::null_mut();
        let error = ask(entry.as_mut_ptr(), &mut memory, &mut found);
        if error == libc::ERANGE && memory.len() < LARGEST_ENTRY {
            memory.resize(memory.len() * 2, 0);
            continue;
        }
        // SAFETY: null, or the entry with strings in `memory`.
        return unsafe { found.as_ref().map(|entry| T::of(entry)) };
    }
}

/// What was found, as Python sees it.
///
/// # Errors
/// KeyError that begins with `failure` and shows the key.
pub(crate) fn found_or_key_error<T: Entry>(
    cx: &Context,
    found: Option<T>,
    failure: &str,
    key: &Value,
) -> PyResult<Value> {
    match found {
        Some(entry) => entry.present(cx),
        None => Err(not_found(
            cx,
            format!("{failure}: {}", text::repr_text(cx, key)?),
        )),
    }
}

/// A list of all entries of a database.
///
/// # Safety
/// `rewind`, `next` and `end` walk through one database of the system; only the walk makes what `next`
/// returned invalid.
pub(crate) unsafe fn all<T: Entry>(
    cx: &Context,
    rewind: unsafe extern "C" fn(),
    next: unsafe extern "C" fn() -> *mut T::System,
    end: unsafe extern "C" fn(),
) -> PyResult<Ref<List>> {
    let entries = cx.detached(|| {
        let _alone = WALK.lock();
        let mut entries = Vec::new();
        // SAFETY: each entry is copied before the next is asked for, by one thread at a time.
        unsafe {
            rewind();
            while let Some(entry) = next().as_ref() {
                entries.push(T::of(entry));
            }
            end();
        }
        entries
    });
    let presented: PyResult<Vec<Value>> = entries.iter().map(|entry| entry.present(cx)).collect();
    List::from_values(cx, presented?)
}

/// KeyError with a message.
#[cold]
pub(crate) fn not_found(cx: &Context, message: String) -> Raised {
    match message.into_value(cx) {
        Ok(message) => cx.key_error(&message),
        Err(raised) => raised,
    }
}

/// A user's or group's number as Python has it.
pub(crate) fn identity(cx: &Context, number: u32) -> PyResult<Value> {
    if number == u32::MAX {
        (-1).into_value(cx)
    } else {
        number.into_value(cx)
    }
}

/// A user's or group's number; `None` when it is out of range.
pub(crate) fn identity_argument(cx: &Context, value: &Value, what: &str) -> PyResult<Option<u32>> {
    if value.class().slots.index.get().is_none() {
        let got = value.type_name();
        return Err(cx.type_error(format!("{what} should be integer, not {got}")));
    }
    Ok(match int::index_as_i128(cx, value)? {
        -1 => Some(u32::MAX),
        number => u32::try_from(number).ok(),
    })
}

/// A name for C.
pub(crate) fn name_argument(cx: &Context, name: &Ref<Str>) -> PyResult<CString> {
    CString::new(codec::encode_file_name(cx, name)?)
        .map_err(|_| cx.value_error("embedded null byte"))
}
