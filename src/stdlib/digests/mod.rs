//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`, `_hmac`, `_hashlib`: the digests of `hashlib`.
//!
//! A hash object is an [`Exclusive`] hasher; what is the same for all of them is here. Files: `fixed`
//! (MD5, SHA-1, SHA-2), `sha3`, `blake2`, `hmac`, and `hashlib`, which has all of them by name.

pub mod blake2;
pub mod fixed;
pub mod hashlib;
pub mod hmac;
pub mod sha3;

use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::buffer;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::bytes_like::BytesLike;
use crate::exclusive::{Exclusive, LONG};

/// An algorithm in the middle of its input.
pub(super) trait Algorithm: Send {
    fn update(&mut self, bytes: &[u8]);
    /// The digest of what was seen so far. `length` is for algorithms whose digests have any length.
    fn digest(&self, length: usize) -> Vec<u8>;
    fn boxed_clone(&self) -> Box<dyn Algorithm>;
}

/// The state of a hash object.
pub(super) struct Hasher(Exclusive<Box<dyn Algorithm>>);

impl Hasher {
    /// A hasher that has seen `data`.
    ///
    /// # Errors
    /// TypeError when the data are not bytes.
    pub(super) fn new(
        cx: &Context,
        algorithm: Box<dyn Algorithm>,
        data: Option<&Value>,
    ) -> PyResult<Hasher> {
        let hasher = Hasher(Exclusive::new(algorithm));
        if let Some(data) = data {
            hasher.update(cx, data)?;
        }
        Ok(hasher)
    }

    pub(super) fn update(&self, cx: &Context, data: &Value) -> PyResult<()> {
        let bytes = hashable(cx, data)?;
        self.0
            .with(cx, bytes.len(), |algorithm| algorithm.update(bytes.bytes()));
        Ok(())
    }

    fn finish(&self, cx: &Context, length: usize) -> Vec<u8> {
        self.0
            .with(cx, length, |algorithm| algorithm.digest(length))
    }

    pub(super) fn digest(&self, cx: &Context, length: usize) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &self.finish(cx, length))
    }

    pub(super) fn hexdigest(&self, cx: &Context, length: usize) -> PyResult<Ref<Str>> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digest = self.finish(cx, length);
        let mut text = Vec::with_capacity(digest.len() * 2);
        for byte in digest {
            text.push(DIGITS[usize::from(byte >> 4)]);
            text.push(DIGITS[usize::from(byte & 15)]);
        }
        Str::from_ascii(cx, &text)
    }

    pub(super) fn copy(&self, cx: &Context) -> Hasher {
        Hasher(Exclusive::new(
            self.0.with(cx, 0, |algorithm| algorithm.boxed_clone()),
        ))
    }
}

/// What is to be hashed.
fn hashable(cx: &Context, data: &Value) -> PyResult<BytesLike> {
    if data.downcast::<Str>().is_some() {
        return Err(cx.type_error("Strings must be encoded before hashing"));
    }
    let Some(found) = buffer::find_buffer(cx, data)? else {
        return Err(cx.type_error("object supporting the buffer API required"));
    };
    if found
        .format
        .as_ref()
        .is_some_and(|format| format.shape.len() > 1)
    {
        return Err(cx.buffer_error("Buffer must be single dimension"));
    }
    BytesLike::from_buffer(cx, found)
}

/// The data of a constructor, which may be called `data` or `string`.
///
/// # Errors
/// TypeError when both are given.
pub(super) fn initial<'a>(
    cx: &Context,
    data: Maybe<&'a Value>,
    string: Maybe<&'a Value>,
) -> PyResult<Option<&'a Value>> {
    match (data.0, string.0) {
        (Some(_), Some(_)) => Err(cx.type_error(
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter \
             is slated for removal in a future version.",
        )),
        (data, string) => Ok(data.or(string)),
    }
}

/// `_GIL_MINSIZE`: from how many bytes on an update lets other threads run.
pub(super) fn long_update(cx: &Context) -> PyResult<Value> {
    LONG.into_value(cx)
}
