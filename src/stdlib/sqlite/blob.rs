//! `Connection.blobopen` and `Blob`: one value of a table, read and written in place.
//!
//! A [`Handle`] is SQLite's half. The blob has it for as long as it is open, and so has whoever works with it now;
//! the connection knows the handles of its open blobs, since closing the connection closes them. The last one
//! who has a handle leaves it to the database, which ends it when its lock is free.

use std::ffi::{CStr, CString, c_int};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Weak};

use libsqlite3_sys as ffi;
use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Maybe;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::index::{self, SliceIndices};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::connection::{Connection, schema};
use super::errors::{failed, programming};
use super::library::{Database, Discarded, Entered, Failure};
use crate::bytes_like::BytesLike;

/// What SQLite has opened.
pub struct Handle {
    raw: NonNull<ffi::sqlite3_blob>,
    database: Arc<Database>,
}

// SAFETY: the library is serialized.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        self.database.discard(Discarded::Blob(self.raw));
    }
}

/// Where a value lies.
struct Place<'a> {
    database: &'a CStr,
    table: &'a CStr,
    column: &'a CStr,
    row: i64,
}

impl Handle {
    fn open(
        database: &Arc<Database>,
        entered: &Entered<'_>,
        place: &Place<'_>,
        read_only: bool,
    ) -> Result<Handle, Failure> {
        let mut raw = ptr::null_mut();
        // SAFETY: the database is open, the names are strings, and there is room for the result.
        let code = unsafe {
            ffi::sqlite3_blob_open(
                entered.raw(),
                place.database.as_ptr(),
                place.table.as_ptr(),
                place.column.as_ptr(),
                place.row,
                c_int::from(!read_only),
                &mut raw,
            )
        };
        entered.check(code)?;
        let Some(raw) = NonNull::new(raw) else {
            return Err(Failure {
                code: ffi::SQLITE_NOMEM,
                message: "out of memory".to_owned(),
            });
        };
        Ok(Handle {
            raw,
            database: database.clone(),
        })
    }

    /// How many bytes there are; they do not become more or less.
    fn length(&self) -> c_int {
        // SAFETY: the blob is open.
        unsafe { ffi::sqlite3_blob_bytes(self.raw.as_ptr()) }
    }

    fn read(&self, cx: &Context, at: c_int, count: c_int) -> PyResult<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        let outcome = self.database.enter(cx, |entered| {
            // SAFETY: the blob is open, and there is room for as many bytes.
            let code = unsafe {
                ffi::sqlite3_blob_read(self.raw.as_ptr(), bytes.as_mut_ptr().cast(), count, at)
            };
            entered.check(code)
        });
        outcome.map_err(|failure| failed(cx, &failure))?;
        Ok(bytes)
    }

    fn write(&self, cx: &Context, at: c_int, bytes: &[u8]) -> PyResult<()> {
        let room = usize::try_from(self.length() - at).unwrap_or(0);
        if bytes.len() > room {
            return Err(cx.value_error("data longer than blob"));
        }
        let outcome = self.database.enter(cx, |entered| {
            // SAFETY: the blob is open, and as many bytes are there.
            let code = unsafe {
                ffi::sqlite3_blob_write(
                    self.raw.as_ptr(),
                    bytes.as_ptr().cast(),
                    bytes.len() as c_int,
                    at,
                )
            };
            entered.check(code)
        });
        outcome.map_err(|failure| failed(cx, &failure))
    }
}

/// The place of a handle; empty when the blob is closed.
type Slot = Mutex<Option<Arc<Handle>>>;

/// The open blobs of a connection.
#[derive(Default)]
pub struct OpenBlobs(Mutex<Vec<Weak<Slot>>>);

impl OpenBlobs {
    fn add(&self, slot: &Arc<Slot>) {
        let mut all = self.0.lock();
        all.retain(|slot| slot.strong_count() > 0);
        all.push(Arc::downgrade(slot));
    }

    /// Closes them all.
    pub fn close(&self) {
        let all = std::mem::take(&mut *self.0.lock());
        for slot in all.iter().filter_map(Weak::upgrade) {
            let handle = slot.lock().take();
            drop(handle);
        }
    }
}

/// The payload of a blob.
#[pyclass(
    name = "Blob",
    module = "sqlite3",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct Blob {
    connection: Ref<Connection>,
    slot: Arc<Slot>,
    /// Where the next read or write begins: from 0 to the length.
    offset: AtomicI32,
}

impl Traverse for Blob {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.connection.as_value());
    }
}

/// A name as SQLite wants it.
fn name_of(cx: &Context, name: &Ref<Str>) -> PyResult<CString> {
    CString::new(name.to_utf8(cx)?.as_bytes())
        .map_err(|_| cx.value_error("embedded null character"))
}

/// An item's number, counted from the start.
fn item_index(cx: &Context, key: &Value, length: c_int) -> PyResult<c_int> {
    let at = index::as_index(cx, key)?;
    let at = if at < 0 { at + length as isize } else { at };
    match c_int::try_from(at) {
        Ok(at) if (0..length).contains(&at) => Ok(at),
        _ => Err(cx.index_error("Blob index out of range")),
    }
}

#[cold]
fn wrong_key(cx: &Context) -> Raised {
    cx.type_error("Blob indices must be integers")
}

/// What can be an item's number.
fn is_index(key: &Value) -> bool {
    int::is_int(key) || key.class().slots.index.get().is_some()
}

/// The first byte of a selection that is not empty, and how many there are from there to its last.
fn extent(selected: &SliceIndices) -> (usize, usize) {
    let ascending = selected.ascending();
    let first = ascending.start as usize;
    (first, (ascending.count - 1) * ascending.step as usize + 1)
}

impl Blob {
    fn check(&self, cx: &Context) -> PyResult<()> {
        self.connection.database(cx)?;
        self.connection.check_thread(cx)
    }

    /// The handle of an open blob, for the thread that may use it.
    fn handle(&self, cx: &Context) -> PyResult<Arc<Handle>> {
        self.check(cx)?;
        let handle = self.slot.lock().clone();
        handle.ok_or_else(|| programming(cx, "Cannot operate on a closed blob."))
    }

    fn offset(&self) -> c_int {
        self.offset.load(Ordering::Relaxed)
    }
}

#[pymethods]
impl Blob {
    /// Close the blob.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Blob>) -> PyResult<()> {
        this.check(cx)?;
        let handle = this.slot.lock().take();
        drop(handle);
        Ok(())
    }

    /// Read data at the current offset position.
    ///
    ///   length
    ///     Read length in bytes.
    ///
    /// If the end of the blob is reached, the data up to end of file will
    /// be returned.  When length is not specified, or is negative,
    /// Blob.read() will read until the end of the blob.
    #[method("read(self, length=-1, /)")]
    fn read(cx: &Context, this: &Ref<Blob>, length: Maybe<i32>) -> PyResult<Ref<Bytes>> {
        let handle = this.handle(cx)?;
        let at = this.offset();
        let left = handle.length() - at;
        let count = match length.0 {
            Some(length) if (0..left).contains(&length) => length,
            _ => left,
        };
        if count == 0 {
            return Bytes::from_slice(cx, &[]);
        }
        let bytes = handle.read(cx, at, count)?;
        this.offset.store(at + count, Ordering::Relaxed);
        Bytes::from_slice(cx, &bytes)
    }

    /// Write data at the current offset.
    ///
    /// This function cannot change the blob length.  Writing beyond the end
    /// of the blob will result in an exception being raised.
    #[method("write(self, data, /)")]
    fn write(cx: &Context, this: &Ref<Blob>, data: BytesLike) -> PyResult<()> {
        let handle = this.handle(cx)?;
        let at = this.offset();
        handle.write(cx, at, data.bytes())?;
        this.offset
            .store(at + data.len() as c_int, Ordering::Relaxed);
        Ok(())
    }

    /// Set the current access position to offset.
    ///
    /// The origin argument defaults to os.SEEK_SET (absolute blob
    /// positioning).  Other values for origin are os.SEEK_CUR (seek
    /// relative to the current position) and os.SEEK_END (seek relative to
    /// the blob's end).
    #[method("seek(self, offset, origin=0, /)")]
    fn seek(cx: &Context, this: &Ref<Blob>, offset: i32, origin: Maybe<i32>) -> PyResult<()> {
        let length = this.handle(cx)?.length();
        let from = match origin.0.unwrap_or(libc::SEEK_SET) {
            libc::SEEK_SET => 0,
            libc::SEEK_CUR => this.offset(),
            libc::SEEK_END => length,
            _ => {
                return Err(
                    cx.value_error("'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END")
                );
            }
        };
        let Some(at) = from.checked_add(offset) else {
            return Err(cx.overflow_error("seek offset results in overflow"));
        };
        if !(0..=length).contains(&at) {
            return Err(cx.value_error("offset out of blob range"));
        }
        this.offset.store(at, Ordering::Relaxed);
        Ok(())
    }

    /// Return the current access position for the blob.
    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<Blob>) -> PyResult<i32> {
        this.handle(cx)?;
        Ok(this.offset())
    }

    /// Blob context manager enter.
    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<Blob>) -> PyResult<Ref<Blob>> {
        this.handle(cx)?;
        Ok(this.clone())
    }

    /// Blob context manager exit.
    #[method("__exit__(self, type, val, tb, /)")]
    fn exit(
        cx: &Context,
        this: &Ref<Blob>,
        _class: &Value,
        _value: &Value,
        _traceback: &Value,
    ) -> PyResult<bool> {
        this.handle(cx)?;
        Blob::close(cx, this)?;
        Ok(false)
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<Blob>) -> PyResult<usize> {
        Ok(usize::try_from(this.handle(cx)?.length()).unwrap_or(0))
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Blob>, key: &Value) -> PyResult<Value> {
        let handle = this.handle(cx)?;
        let length = handle.length();
        if let Some(slice) = key.downcast::<Slice>() {
            let selected = slice.bounds(cx)?.resolve(length as usize);
            if selected.count == 0 {
                return Bytes::from_slice(cx, &[]).map(Ref::into_value);
            }
            let (first, count) = extent(&selected);
            let bytes = handle.read(cx, first as c_int, count as c_int)?;
            let bytes: Vec<u8> = selected.indices().map(|at| bytes[at - first]).collect();
            return Bytes::from_slice(cx, &bytes).map(Ref::into_value);
        }
        if !is_index(key) {
            return Err(wrong_key(cx));
        }
        let at = item_index(cx, key, length)?;
        int::from_i64(cx, handle.read(cx, at, 1)?[0].into())
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Blob>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let handle = this.handle(cx)?;
        let length = handle.length();
        if let Some(slice) = key.downcast::<Slice>() {
            let Some(value) = value else {
                return Err(cx.type_error("Blob doesn't support slice deletion"));
            };
            let selected = slice.bounds(cx)?.resolve(length as usize);
            let with = BytesLike::of(cx, value)?;
            if with.len() != selected.count {
                return Err(cx.index_error("Blob slice assignment is wrong size"));
            }
            if selected.count == 0 {
                return Ok(());
            }
            let (first, count) = extent(&selected);
            if selected.step == 1 {
                return handle.write(cx, first as c_int, with.bytes());
            }
            let mut bytes = handle.read(cx, first as c_int, count as c_int)?;
            for (at, &byte) in selected.indices().zip(with.bytes()) {
                bytes[at - first] = byte;
            }
            return handle.write(cx, first as c_int, &bytes);
        }
        if !is_index(key) {
            return Err(wrong_key(cx));
        }
        let Some(value) = value else {
            return Err(cx.type_error("Blob doesn't support item deletion"));
        };
        if !int::is_int(value) {
            return Err(cx.type_error(format!(
                "'{}' object cannot be interpreted as an integer",
                value.type_name()
            )));
        }
        let at = item_index(cx, key, length)?;
        let Ok(byte) = u8::try_from(int::index_as_i128(cx, value)?) else {
            return Err(cx.value_error("byte must be in range(0, 256)"));
        };
        handle.write(cx, at, &[byte])
    }
}

#[pymethods(table = BLOBS)]
impl Connection {
    /// Open and return a BLOB object.
    ///
    ///   table
    ///     Table name.
    ///   column
    ///     Column name.
    ///   rowid
    ///     Row id.
    ///   readonly
    ///     Open the BLOB without write permissions.
    ///   name
    ///     Database name.
    #[method("blobopen(self, table, column, rowid, /, *, readonly=False, name='main')")]
    fn blobopen(
        cx: &Context,
        this: &Ref<Connection>,
        table: &Ref<Str>,
        column: &Ref<Str>,
        row: i64,
        read_only: Maybe<bool>,
        name: Maybe<&Ref<Str>>,
    ) -> PyResult<Ref<Blob>> {
        let database = this.checked(cx)?;
        let (table, column) = (name_of(cx, table)?, name_of(cx, column)?);
        let name = schema(cx, name.0)?;
        let place = Place {
            database: &name,
            table: &table,
            column: &column,
            row,
        };
        let read_only = read_only.0.unwrap_or(false);
        let opened = database.enter(cx, |entered| {
            Handle::open(&database, entered, &place, read_only)
        });
        let handle = opened.map_err(|failure| failed(cx, &failure))?;
        let slot = Arc::new(Mutex::new(Some(Arc::new(handle))));
        this.blobs.add(&slot);
        let blob = Blob {
            connection: this.clone(),
            slot,
            offset: AtomicI32::new(0),
        };
        object::new(cx, blob)
    }
}
