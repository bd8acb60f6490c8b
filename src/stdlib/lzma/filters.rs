//! Filters: what a stream goes through, as dicts of Python and as the library has them.
//!
//! The library's `lzma_filter` has a pointer to options of a type that goes with its id; the options are in
//! boxes of [`Filter`], which live as long as the pointers are used.

use std::ffi::c_void;
use std::mem::zeroed;
use std::ptr;

use liblzma_sys as library;
use library::{lzma_filter, lzma_options_bcj, lzma_options_lzma, lzma_vli};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::sequence;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::{ERROR, failed};

/// The library's options of the delta filter, which its crate does not describe.
#[repr(C)]
pub(super) struct DeltaOptions {
    kind: u32,
    distance: u32,
    reserved_numbers: [u32; 4],
    reserved_pointers: [*mut c_void; 2],
}

/// A filter with its options.
pub(super) struct Filter {
    id: lzma_vli,
    options: Options,
}

enum Options {
    Lzma(Box<lzma_options_lzma>),
    Delta(Box<DeltaOptions>),
    Branch(Box<lzma_options_bcj>),
}

fn is_branch_filter(id: lzma_vli) -> bool {
    matches!(
        id,
        library::LZMA_FILTER_X86
            | library::LZMA_FILTER_POWERPC
            | library::LZMA_FILTER_IA64
            | library::LZMA_FILTER_ARM
            | library::LZMA_FILTER_ARMTHUMB
            | library::LZMA_FILTER_SPARC
    )
}

fn is_lzma(id: lzma_vli) -> bool {
    matches!(id, library::LZMA_FILTER_LZMA1 | library::LZMA_FILTER_LZMA2)
}

/// An unsigned number of 32 bits.
pub(super) fn number(cx: &Context, value: &Value) -> PyResult<u32> {
    let number = int::index_as_i128(cx, value)?;
    if number < 0 {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    u32::try_from(number)
        .map_err(|_| cx.overflow_error("Python int too large for lzma_compression_preset"))
}

/// The options of LZMA for a preset.
pub(super) fn preset_options(preset: u32) -> Option<Box<lzma_options_lzma>> {
    // SAFETY: all fields are numbers or pointers, and the library fills them in.
    let mut options: Box<lzma_options_lzma> = Box::new(unsafe { zeroed() });
    // SAFETY: the options are a local's.
    let is_unknown = unsafe { library::lzma_lzma_preset(&mut *options, preset) };
    (is_unknown == 0).then_some(options)
}

/// The entries of a filter's dict as numbers; an error of any kind is a ValueError with this message.
fn entries(cx: &Context, filter: &Value, names: &[&str], kind: &str) -> PyResult<Vec<Option<u32>>> {
    let invalid = || cx.value_error(format!("Invalid filter specifier for {kind} filter"));
    let Some(dict) = filter.downcast::<Dict>() else {
        return Err(invalid());
    };
    let mut values = vec![None; names.len()];
    for (name, value) in dict.items_snapshot(cx)? {
        let Some(name) = name.downcast::<Str>() else {
            return Err(invalid());
        };
        if name.equals("id") || kind == "LZMA" && name.equals("preset") {
            continue;
        }
        let Some(at) = names.iter().position(|known| name.equals(known)) else {
            return Err(invalid());
        };
        values[at] = match number(cx, &value) {
            Ok(number) => Some(number),
            Err(Raised) => {
                cx.clear_exception();
                return Err(invalid());
            }
        };
    }
    Ok(values)
}

/// The entry `name` of a mapping, if it is there.
fn entry(cx: &Context, mapping: &Value, name: &str) -> PyResult<Option<Value>> {
    match sequence::get_item(cx, mapping, &Name::intern(cx, name)?.to_value()) {
        Ok(value) => Ok(Some(value)),
        Err(Raised) => {
            drop(cx.catch(exceptions::key_error())?);
            Ok(None)
        }
    }
}

impl Filter {
    /// The filter that a mapping describes.
    ///
    /// # Errors
    /// TypeError, ValueError and LZMAError for what describes none.
    pub(super) fn from_mapping(cx: &Context, filter: &Value) -> PyResult<Filter> {
        if filter.class().slots.subscript.get().is_none() {
            return Err(cx.type_error("Filter specifier must be a dict or dict-like object"));
        }
        let Some(id) = entry(cx, filter, "id")? else {
            return Err(cx.value_error("Filter specifier must have an \"id\" entry"));
        };
        let id = identifier(cx, &id)?;
        let options = if is_lzma(id) {
            Options::Lzma(lzma_options(cx, filter)?)
        } else if id == library::LZMA_FILTER_DELTA {
            let values = entries(cx, filter, &["dist"], "delta")?;
            Options::Delta(Box::new(DeltaOptions {
                kind: 0,
                distance: values[0].unwrap_or(1),
                reserved_numbers: [0; 4],
                reserved_pointers: [ptr::null_mut(); 2],
            }))
        } else if is_branch_filter(id) {
            let values = entries(cx, filter, &["start_offset"], "BCJ")?;
            Options::Branch(Box::new(lzma_options_bcj {
                start_offset: values[0].unwrap_or(0),
            }))
        } else {
            return Err(cx.value_error(format!("Invalid filter ID: {id}")));
        };
        Ok(Filter { id, options })
    }

    /// As the library has it: valid while the filter is.
    fn raw(&self) -> lzma_filter {
        let options: *const c_void = match &self.options {
            Options::Lzma(options) => (&raw const **options).cast(),
            Options::Delta(options) => (&raw const **options).cast(),
            Options::Branch(options) => (&raw const **options).cast(),
        };
        lzma_filter {
            id: self.id,
            options: options.cast_mut(),
        }
    }

    /// The options of a filter of the first kind.
    pub(super) fn as_lzma1(&self) -> Option<&lzma_options_lzma> {
        match &self.options {
            Options::Lzma(options) if self.id == library::LZMA_FILTER_LZMA1 => Some(options),
            _ => None,
        }
    }

    /// The options as they are written into a stream.
    pub(super) fn encoded(&self, cx: &Context) -> PyResult<Vec<u8>> {
        let raw = self.raw();
        let mut size = 0;
        // SAFETY: the filter's options go with its id.
        let status = unsafe { library::lzma_properties_size(&mut size, &raw) };
        if status != library::LZMA_OK {
            return Err(failed(cx, status));
        }
        let mut bytes = vec![0; size as usize];
        // SAFETY: as above; there is room for as many bytes as the library said.
        let status = unsafe { library::lzma_properties_encode(&raw, bytes.as_mut_ptr()) };
        match status {
            library::LZMA_OK => Ok(bytes),
            status => Err(failed(cx, status)),
        }
    }
}

fn lzma_options(cx: &Context, filter: &Value) -> PyResult<Box<lzma_options_lzma>> {
    let preset = match entry(cx, filter, "preset")? {
        Some(preset) => number(cx, &preset)?,
        None => library::LZMA_PRESET_DEFAULT,
    };
    let Some(mut options) = preset_options(preset) else {
        return Err(ERROR.raise(cx, format!("Invalid compression preset: {preset}")));
    };
    let names = [
        "dict_size",
        "lc",
        "lp",
        "pb",
        "mode",
        "nice_len",
        "mf",
        "depth",
    ];
    let values = entries(cx, filter, &names, "LZMA")?;
    let places = [
        &mut options.dict_size,
        &mut options.lc,
        &mut options.lp,
        &mut options.pb,
        &mut options.mode,
        &mut options.nice_len,
        &mut options.mf,
        &mut options.depth,
    ];
    for (place, value) in places.into_iter().zip(values) {
        if let Some(value) = value {
            *place = value;
        }
    }
    Ok(options)
}

/// The number of a filter.
pub(super) fn identifier(cx: &Context, value: &Value) -> PyResult<lzma_vli> {
    let number = int::index_as_i128(cx, value)?;
    if number < 0 {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    u64::try_from(number).map_err(|_| cx.overflow_error("int too big to convert"))
}

/// The filters of a sequence.
pub(super) fn chain(cx: &Context, filters: &Value) -> PyResult<Vec<Filter>> {
    const MOST: usize = 4;
    if filters.downcast::<Dict>().is_some() {
        return Err(cx.type_error("dict is not a sequence"));
    }
    let count = sequence::length(cx, filters)?;
    if count > MOST {
        return Err(cx.value_error(format!(
            "Too many filters - liblzma supports a maximum of {MOST}"
        )));
    }
    (0..count)
        .map(|at| {
            let filter = sequence::get_item(cx, filters, &int::from_i64(cx, at as i64)?)?;
            Filter::from_mapping(cx, &filter)
        })
        .collect()
}

/// Calls `work` with the filters as the library has them: an array that ends with an unknown one.
pub(super) fn with_raw<R>(filters: &[Filter], work: impl FnOnce(*const lzma_filter) -> R) -> R {
    let end = lzma_filter {
        id: library::LZMA_VLI_UNKNOWN,
        options: ptr::null_mut(),
    };
    let raw: Vec<lzma_filter> = filters.iter().map(Filter::raw).chain([end]).collect();
    work(raw.as_ptr())
}

/// The dict that describes a filter by what is written into a stream.
pub(super) fn decoded(cx: &Context, id: lzma_vli, bytes: &Bytes) -> PyResult<Ref<Dict>> {
    let mut raw = lzma_filter {
        id,
        options: ptr::null_mut(),
    };
    let bytes = bytes.as_slice();
    // SAFETY: the bytes are there; the options are allocated by the library with malloc.
    let status = unsafe {
        library::lzma_properties_decode(&mut raw, ptr::null(), bytes.as_ptr(), bytes.len())
    };
    if status != library::LZMA_OK {
        return Err(failed(cx, status));
    }
    let described = describe(cx, &raw);
    // SAFETY: the library has allocated the options for the caller, who is the only one to know them.
    unsafe { libc::free(raw.options) };
    described
}

fn describe(cx: &Context, raw: &lzma_filter) -> PyResult<Ref<Dict>> {
    let dict = Dict::new(cx)?;
    let add = |name: &str, number: u64| {
        dict.set_name(cx, Name::intern(cx, name)?, int::from_u64(cx, number)?)
    };
    add("id", raw.id)?;
    if is_lzma(raw.id) {
        // SAFETY: the library's options for this id are of this type.
        let options = unsafe { *raw.options.cast::<lzma_options_lzma>() };
        if raw.id == library::LZMA_FILTER_LZMA1 {
            add("lc", options.lc.into())?;
            add("lp", options.lp.into())?;
            add("pb", options.pb.into())?;
        }
        add("dict_size", options.dict_size.into())?;
    } else if raw.id == library::LZMA_FILTER_DELTA {
        // SAFETY: as above.
        let distance = unsafe { (*raw.options.cast::<DeltaOptions>()).distance };
        add("dist", distance.into())?;
    } else if is_branch_filter(raw.id) && !raw.options.is_null() {
        // SAFETY: as above.
        let offset = unsafe { (*raw.options.cast::<lzma_options_bcj>()).start_offset };
        add("start_offset", offset.into())?;
    }
    Ok(dict)
}
