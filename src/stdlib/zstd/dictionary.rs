//! `ZstdDict`: a dictionary, and the ways to use it.

use std::sync::Arc;

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::stream::{self, Usage};
use crate::arguments::{bind, given, signature};
use crate::bytes_like::BytesLike;

/// The payload.
#[pyclass(
    name = "ZstdDict",
    module = "compression.zstd",
    plain,
    flags(IMMUTABLE),
    signature = "(dict_content, /, *, is_raw=False)",
    doc = "Represents a Zstandard dictionary.\n\n  dict_content\n    The content of a Zstandard dictionary as a bytes-like object.\n  is_raw\n    If true, perform no checks on *dict_content*, useful for some\n    advanced cases. Otherwise, check that the content represents\n    a Zstandard dictionary created by the zstd library or CLI.\n\nThe dictionary can be used for compression or decompression, and can be\nshared by multiple ZstdCompressor or ZstdDecompressor objects."
)]
pub struct ZstdDict {
    content: Arc<[u8]>,
    id: u32,
}

fn paired(cx: &Context, this: &Ref<ZstdDict>, usage: Usage) -> PyResult<Value> {
    let usage = int::from_i64(cx, usage as i64)?;
    Tuple::from_values(cx, &[this.to_value(), usage]).map(Ref::into_value)
}

/// The dictionary of an argument and how to use it: a `ZstdDict`, or one paired with a usage.
///
/// # Errors
/// TypeError for anything else.
pub(super) fn argument(
    cx: &Context,
    value: &Value,
    default: Usage,
) -> PyResult<(Arc<[u8]>, Usage)> {
    if let Some(dictionary) = value.downcast::<ZstdDict>() {
        return Ok((dictionary.content.clone(), default));
    }
    let pair = value.downcast::<Tuple>().map(|pair| pair.as_slice());
    if let Some([dictionary, usage]) = pair
        && let Some(dictionary) = dictionary.downcast::<ZstdDict>()
        && int::is_int(usage)
    {
        let usage = i32::try_from(int::index_as_i128(cx, usage)?)
            .map_err(|_| cx.overflow_error("Python int too large to convert to C int"))?;
        let usage = [Usage::Digested, Usage::Undigested, Usage::Prefix]
            .into_iter()
            .find(|&known| known as i32 == usage);
        if let Some(usage) = usage {
            return Ok((dictionary.content.clone(), usage));
        }
    }
    Err(cx.type_error("zstd_dict argument should be a ZstdDict object."))
}

#[pymethods]
impl ZstdDict {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("ZstdDict", 1, [dict_content], [is_raw = ()]);
        let [content, is_raw] = bind(cx, signature, args)?;
        let is_raw = is_raw.map_or(Ok(false), |value| value.truth(cx))?;
        let content: Arc<[u8]> = BytesLike::of(cx, given(content))?.bytes().into();
        if content.len() < 8 {
            return Err(cx.value_error(
                "Zstandard dictionary content too short (must have at least eight bytes)",
            ));
        }
        let id = stream::dictionary_id(&content);
        if id == 0 && !is_raw {
            return Err(cx.value_error("invalid Zstandard dictionary"));
        }
        object::new_of_class(cx, class, ZstdDict { content, id }).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ZstdDict>) -> PyResult<Value> {
        let size = this.content.len();
        format!("<ZstdDict dict_id={} dict_size={size}>", this.id).into_value(cx)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<ZstdDict>) -> PyResult<usize> {
        Ok(this.content.len())
    }

    /// The content of a Zstandard dictionary, as a bytes object.
    #[getter]
    fn dict_content(cx: &Context, this: &Ref<ZstdDict>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &this.content)
    }

    /// The Zstandard dictionary, an int between 0 and 2**32.
    ///
    /// A non-zero value represents an ordinary Zstandard dictionary,
    /// conforming to the standardised format.
    ///
    /// A value of zero indicates a 'raw content' dictionary,
    /// without any restrictions on format or content.
    #[getter]
    fn dict_id(_cx: &Context, this: &Ref<ZstdDict>) -> PyResult<u32> {
        Ok(this.id)
    }

    /// Load as a digested dictionary to compressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_digested_dict)
    ///
    /// 1. Some advanced compression parameters of compressor may be
    ///    overridden by parameters of digested dictionary.
    /// 2. ZstdDict has a digested dictionaries cache for each compression
    ///    level.  It's faster when loading again a digested dictionary with
    ///    the same compression level.
    /// 3. No need to use this for decompression.
    #[getter]
    fn as_digested_dict(cx: &Context, this: &Ref<ZstdDict>) -> PyResult<Value> {
        paired(cx, this, Usage::Digested)
    }

    /// Load as an undigested dictionary to compressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_undigested_dict)
    ///
    /// 1. The advanced compression parameters of compressor will not be
    ///    overridden.
    /// 2. Loading an undigested dictionary is costly. If load an undigested
    ///    dictionary multiple times, consider reusing a compressor object.
    /// 3. No need to use this for decompression.
    #[getter]
    fn as_undigested_dict(cx: &Context, this: &Ref<ZstdDict>) -> PyResult<Value> {
        paired(cx, this, Usage::Undigested)
    }

    /// Load as a prefix to compressor/decompressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_prefix)
    ///
    /// 1. Prefix is compatible with long distance matching, while
    ///    dictionary is not.
    /// 2. It only works for the first frame, then the
    ///    compressor/decompressor will return to no prefix state.
    /// 3. When decompressing, must use the same prefix as when compressing.
    #[getter]
    fn as_prefix(cx: &Context, this: &Ref<ZstdDict>) -> PyResult<Value> {
        paired(cx, this, Usage::Prefix)
    }
}
