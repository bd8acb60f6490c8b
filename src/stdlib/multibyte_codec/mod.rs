//! The encodings of East Asia: `_multibytecodec`, and `_codecs_jp` and its like, which know codecs by name.
//!
//! Files: `engine` (the codecs, a character at a time), `iso2022` (those with escape sequences), `tables`
//! (which character which bytes are), and the Python objects: `transcode` (whole texts, with error handlers),
//! `incremental` (pieces), `stream` (files).
//!
//! There is no table of JIS X 0213, Hong Kong's supplement and Johab: their codecs are unknown.

mod engine;
mod incremental;
mod iso2022;
mod stream;
mod tables;
mod transcode;

use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, text};
use typhon_runtime::{Context, PyResult, Ref, Value, object};

use crate::bytes_like::BytesLike;
use incremental::{MultibyteIncrementalDecoder, MultibyteIncrementalEncoder};
use stream::{MultibyteStreamReader, MultibyteStreamWriter};

#[pymodule(
    name = "_multibytecodec",
    classes(
        MultibyteIncrementalDecoder,
        MultibyteIncrementalEncoder,
        MultibyteStreamReader,
        MultibyteStreamWriter
    )
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// The payload of a codec.
#[pyclass(
    name = "MultibyteCodec",
    module = "_multibytecodec",
    plain,
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct MultibyteCodec {
    name: &'static str,
    engine: engine::Codec,
}

#[pymethods]
impl MultibyteCodec {
    /// Return an encoded string version of 'input'.
    ///
    /// 'errors' may be given to set a different error handling scheme.
    /// Default is 'strict' meaning that encoding errors raise
    /// a UnicodeEncodeError.  Other possible values are 'ignore', 'replace'
    /// and 'xmlcharrefreplace' as well as any other name registered with
    /// codecs.register_error that can handle UnicodeEncodeErrors.
    #[method("encode(self, /, input, errors=None)")]
    fn encode(
        cx: &Context,
        this: &Ref<MultibyteCodec>,
        input: &Value,
        errors: Maybe<Option<&Ref<Str>>>,
    ) -> PyResult<Ref<Tuple>> {
        let input = as_text(cx, input)?;
        let errors = errors.0.flatten().map(|errors| errors.to_lossy());
        let mut state = this.engine.initial_state(false);
        let errors = errors.as_deref().unwrap_or("strict");
        let encoded = transcode::encode(cx, this, &input, errors, &mut state, true)?;
        let bytes = typhon_runtime::objects::bytes::Bytes::from_slice(cx, &encoded)?;
        let length = int::from_i64(cx, input.len() as i64)?;
        Tuple::from_vec(cx, vec![bytes.into_value(), length])
    }

    /// Decodes 'input'.
    ///
    /// 'errors' may be given to set a different error handling scheme.
    /// Default is 'strict' meaning that encoding errors raise
    /// a UnicodeDecodeError.  Other possible values are 'ignore' and
    /// 'replace' as well as any other name registered with
    /// codecs.register_error that is able to handle UnicodeDecodeErrors."
    #[method("decode(self, /, input, errors=None)")]
    fn decode(
        cx: &Context,
        this: &Ref<MultibyteCodec>,
        input: BytesLike,
        errors: Maybe<Option<&Ref<Str>>>,
    ) -> PyResult<Ref<Tuple>> {
        let errors = errors.0.flatten().map(|errors| errors.to_lossy());
        let mut state = this.engine.initial_state(true);
        let errors = errors.as_deref().unwrap_or("strict");
        let decoded = transcode::decode(cx, this, input.bytes(), errors, &mut state, true)?;
        let text = Str::from_code_points(cx, &decoded.points)?;
        let length = int::from_i64(cx, input.bytes().len() as i64)?;
        Tuple::from_vec(cx, vec![text.into_value(), length])
    }
}

/// What is encoded: a string, or what the object is as one.
fn as_text(cx: &Context, input: &Value) -> PyResult<Ref<Str>> {
    match input.downcast::<Str>() {
        Some(text) => Ok(text.clone()),
        None => text::str(cx, input),
    }
}

/// The attribute `codec` of a class that reads or writes pieces.
fn codec_of(cx: &Context, class: &Ref<Type>) -> PyResult<Ref<MultibyteCodec>> {
    let codec = attribute::get(cx, class.as_value(), Name::intern(cx, "codec")?)?;
    codec
        .into_ref::<MultibyteCodec>()
        .map_err(|_| cx.type_error("codec is unexpected type"))
}

/// The codec with this name, if the module has it.
fn find(cx: &Context, names: &[&'static str], encoding: &Value) -> PyResult<Ref<MultibyteCodec>> {
    let Some(encoding) = encoding.downcast::<Str>() else {
        return Err(cx.type_error("encoding name must be a string."));
    };
    let encoding = encoding.to_lossy();
    let name = names.iter().find(|name| **name == encoding);
    match name.and_then(|name| Some((*name, engine::Codec::named(name)?))) {
        Some((name, engine)) => {
            // The class is in no module: whoever comes first makes it.
            class_of::<MultibyteCodec>(cx)?;
            object::new(cx, MultibyteCodec { name, engine })
        }
        None => Err(cx.lookup_error("no such codec is supported.")),
    }
}

macro_rules! families {
    ($($family:ident $module:literal [$($name:literal)*])*) => {
        $(
            pub mod $family {
                use typhon_macros::{pyfunction, pymodule};
                use typhon_runtime::objects::module::Module;
                use typhon_runtime::{Context, PyResult, Ref, Value};

                use super::MultibyteCodec;

                #[pyfunction("getcodec(encoding, /)")]
                fn getcodec(cx: &Context, encoding: &Value) -> PyResult<Ref<MultibyteCodec>> {
                    super::find(cx, &[$($name),*], encoding)
                }

                #[pymodule(name = $module, functions(getcodec))]
                fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
                    Ok(())
                }
            }
        )*
    };
}

families! {
    china "_codecs_cn" ["gb2312" "gbk" "gb18030" "hz"]
    iso2022_family "_codecs_iso2022" [
        "iso2022_kr" "iso2022_jp" "iso2022_jp_1" "iso2022_jp_2" "iso2022_jp_ext"
    ]
    japan "_codecs_jp" ["shift_jis" "cp932" "euc_jp"]
    korea "_codecs_kr" ["euc_kr" "cp949"]
    taiwan "_codecs_tw" ["big5" "cp950"]
}
