//! `_hmac`: authentication codes made of a digest and a key (RFC 2104).
//!
//! The code of a message is H(key ⊕ opad ‖ H(key ⊕ ipad ‖ message)), with the key filled up with zeros to
//! the digest's block, or hashed first when it is longer.

use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use super::fixed::Fixed;
use super::{Algorithm, Hasher, hashable, long_update};
use crate::exception_class::ExceptionClass;

static UNKNOWN: ExceptionClass =
    ExceptionClass::new("_hmac", "UnknownHashError", exceptions::value_error);

#[pymodule(
    name = "_hmac",
    functions(
        new,
        compute_digest,
        compute_md5,
        compute_sha1,
        compute_sha224,
        compute_sha256,
        compute_sha384,
        compute_sha512,
        compute_sha3_224,
        compute_sha3_256,
        compute_sha3_384,
        compute_sha3_512,
        compute_blake2s_32,
        compute_blake2b_32
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "HMAC", class_of::<Hmac>(cx)?.clone())?;
    module::add(cx, this, "UnknownHashError", UNKNOWN.get(cx)?.clone())?;
    module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)
}

/// A digest that keys can be mixed into.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) block: usize,
    pub(super) size: usize,
    pub(super) start: fn() -> Box<dyn Algorithm>,
}

macro_rules! fixed {
    ($digest:ty) => {
        || Box::new(Fixed(<$digest as ::digest::Digest>::new()))
    };
}

pub(super) use fixed;

static KINDS: [Kind; 12] = [
    Kind {
        name: "md5",
        block: 64,
        size: 16,
        start: fixed!(::md5::Md5),
    },
    Kind {
        name: "sha1",
        block: 64,
        size: 20,
        start: fixed!(::sha1::Sha1),
    },
    Kind {
        name: "sha224",
        block: 64,
        size: 28,
        start: fixed!(::sha2::Sha224),
    },
    Kind {
        name: "sha256",
        block: 64,
        size: 32,
        start: fixed!(::sha2::Sha256),
    },
    Kind {
        name: "sha384",
        block: 128,
        size: 48,
        start: fixed!(::sha2::Sha384),
    },
    Kind {
        name: "sha512",
        block: 128,
        size: 64,
        start: fixed!(::sha2::Sha512),
    },
    Kind {
        name: "sha3_224",
        block: 144,
        size: 28,
        start: fixed!(::sha3::Sha3_224),
    },
    Kind {
        name: "sha3_256",
        block: 136,
        size: 32,
        start: fixed!(::sha3::Sha3_256),
    },
    Kind {
        name: "sha3_384",
        block: 104,
        size: 48,
        start: fixed!(::sha3::Sha3_384),
    },
    Kind {
        name: "sha3_512",
        block: 72,
        size: 64,
        start: fixed!(::sha3::Sha3_512),
    },
    Kind {
        name: "blake2s",
        block: 64,
        size: 32,
        start: || Box::new(blake2s_simd::State::new()),
    },
    Kind {
        name: "blake2b",
        block: 128,
        size: 64,
        start: || Box::new(blake2b_simd::State::new()),
    },
];

/// A message with a key, half way.
pub(super) struct Keyed {
    inner: Box<dyn Algorithm>,
    /// Has seen the outer key.
    outer: Box<dyn Algorithm>,
}

impl Kind {
    pub(super) fn keyed(&self, key: &[u8]) -> Keyed {
        let mut block = if key.len() > self.block {
            let mut digest = (self.start)();
            digest.update(key);
            digest.digest(0)
        } else {
            key.to_vec()
        };
        block.resize(self.block, 0);
        let started = |mask: u8| {
            let mut digest = (self.start)();
            let masked: Vec<u8> = block.iter().map(|byte| byte ^ mask).collect();
            digest.update(&masked);
            digest
        };
        Keyed {
            inner: started(0x36),
            outer: started(0x5c),
        }
    }
}

impl Keyed {
    /// The code of a message that is in parts, from here on.
    pub(super) fn code(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut inner = self.inner.boxed_clone();
        for part in parts {
            inner.update(part);
        }
        self.finish(inner.as_ref())
    }

    fn finish(&self, inner: &dyn Algorithm) -> Vec<u8> {
        let mut outer = self.outer.boxed_clone();
        outer.update(&inner.digest(0));
        outer.digest(0)
    }
}

impl Algorithm for Keyed {
    fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    fn digest(&self, _length: usize) -> Vec<u8> {
        self.finish(self.inner.as_ref())
    }

    fn boxed_clone(&self) -> Box<dyn Algorithm> {
        Box::new(Keyed {
            inner: self.inner.boxed_clone(),
            outer: self.outer.boxed_clone(),
        })
    }
}

/// The payload.
#[pyclass(
    name = "HMAC",
    module = "_hmac",
    plain,
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct Hmac {
    kind: &'static Kind,
    hasher: Hasher,
}

/// The kind with this name, in whatever case.
fn kind_named(cx: &Context, name: &Value) -> PyResult<&'static Kind> {
    let found = name.downcast::<Str>().and_then(|name| {
        let name = name.as_ascii()?.to_ascii_lowercase();
        KINDS.iter().find(|kind| kind.name == name)
    });
    match found {
        Some(kind) => Ok(kind),
        None => Err(unknown(cx, name)),
    }
}

#[cold]
fn unknown(cx: &Context, name: &Value) -> Raised {
    match text::repr_text(cx, name) {
        Ok(shown) => UNKNOWN.raise(cx, format!("unsupported hash type: {shown}")),
        Err(raised) => raised,
    }
}

fn hasher(cx: &Context, kind: &Kind, key: &Value, message: Option<&Value>) -> PyResult<Hasher> {
    let keyed = kind.keyed(hashable(cx, key)?.bytes());
    Hasher::new(cx, Box::new(keyed), message)
}

fn code(cx: &Context, kind: &Kind, key: &Value, message: &Value) -> PyResult<Ref<Bytes>> {
    hasher(cx, kind, key, Some(message))?.digest(cx, 0)
}

/// Return a new HMAC object.
#[pyfunction("new(key, msg=None, digestmod=None)")]
fn new(
    cx: &Context,
    key: &Value,
    msg: Maybe<&Value>,
    digestmod: Maybe<&Value>,
) -> PyResult<Ref<Hmac>> {
    let Some(digest) = digestmod.0 else {
        return Err(cx.type_error("new() missing 1 required argument 'digestmod'"));
    };
    let kind = kind_named(cx, digest)?;
    let message = msg.0.filter(|message| !message.is_none());
    let hasher = hasher(cx, kind, key, message)?;
    object::new(cx, Hmac { kind, hasher })
}

#[pyfunction("compute_digest(key, msg, digest)")]
fn compute_digest(cx: &Context, key: &Value, msg: &Value, digest: &Value) -> PyResult<Ref<Bytes>> {
    code(cx, kind_named(cx, digest)?, key, msg)
}

macro_rules! compute {
    ($($function:ident $signature:literal $kind:literal;)*) => {
        $(
            #[pyfunction($signature)]
            fn $function(cx: &Context, key: &Value, msg: &Value) -> PyResult<Ref<Bytes>> {
                code(cx, &KINDS[$kind], key, msg)
            }
        )*
    };
}

compute! {
    compute_md5 "compute_md5(key, msg, /)" 0;
    compute_sha1 "compute_sha1(key, msg, /)" 1;
    compute_sha224 "compute_sha224(key, msg, /)" 2;
    compute_sha256 "compute_sha256(key, msg, /)" 3;
    compute_sha384 "compute_sha384(key, msg, /)" 4;
    compute_sha512 "compute_sha512(key, msg, /)" 5;
    compute_sha3_224 "compute_sha3_224(key, msg, /)" 6;
    compute_sha3_256 "compute_sha3_256(key, msg, /)" 7;
    compute_sha3_384 "compute_sha3_384(key, msg, /)" 8;
    compute_sha3_512 "compute_sha3_512(key, msg, /)" 9;
    compute_blake2s_32 "compute_blake2s_32(key, msg, /)" 10;
    compute_blake2b_32 "compute_blake2b_32(key, msg, /)" 11;
}

#[pymethods]
impl Hmac {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Hmac>) -> PyResult<Value> {
        let address = this.as_value().bits();
        format!("<{} HMAC object @ {address:#x}>", this.kind.name).into_value(cx)
    }

    /// Return a copy ("clone") of the HMAC object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Hmac>) -> PyResult<Ref<Hmac>> {
        let hasher = this.hasher.copy(cx);
        object::new(
            cx,
            Hmac {
                kind: this.kind,
                hasher,
            },
        )
    }

    /// Update the HMAC object with the given message.
    #[method("update(self, /, msg)")]
    fn update(cx: &Context, this: &Ref<Hmac>, msg: &Value) -> PyResult<()> {
        this.hasher.update(cx, msg)
    }

    /// Return the digest of the bytes passed to the update() method so far.
    ///
    /// This method may raise a MemoryError.
    #[method("digest(self, /)")]
    fn digest(cx: &Context, this: &Ref<Hmac>) -> PyResult<Ref<Bytes>> {
        this.hasher.digest(cx, 0)
    }

    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    ///
    /// This may be used to exchange the value safely in email or other
    /// non-binary environments.
    ///
    /// This method may raise a MemoryError.
    #[method("hexdigest(self, /)")]
    fn hexdigest(cx: &Context, this: &Ref<Hmac>) -> PyResult<Ref<Str>> {
        this.hasher.hexdigest(cx, 0)
    }

    #[getter]
    fn name(_cx: &Context, this: &Ref<Hmac>) -> PyResult<String> {
        Ok(format!("hmac-{}", this.kind.name))
    }

    #[getter]
    fn block_size(_cx: &Context, this: &Ref<Hmac>) -> PyResult<usize> {
        Ok(this.kind.block)
    }

    #[getter]
    fn digest_size(_cx: &Context, this: &Ref<Hmac>) -> PyResult<usize> {
        Ok(this.kind.size)
    }
}
