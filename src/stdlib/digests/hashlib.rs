//! `_hashlib`: digests by name, codes and keys made of them, with the interface that OpenSSL has in `hashlib`.
//!
//! `METHODS` has every digest: the name that Python uses, the names that OpenSSL knows it by in addition, and
//! how to begin one. A `HASHXOF` is a `HASH` whose digests have any length.

use std::num::NonZeroU32;
use std::sync::OnceLock;

use ring::pbkdf2;
use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::{FromArgument, IntoValue, Maybe, Place};
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::mappingproxy::MappingProxy;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::set::FrozenSet;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use super::fixed::Fixed;
use super::hmac::{Keyed, Kind, fixed};
use super::sha3::{Extendable, Length};
use super::{Algorithm, Hasher, initial, long_update};
use crate::bytes_like::BytesLike;
use crate::exception_class::ExceptionClass;
use crate::operator::compare_digest as compare_in_constant_time;

static UNSUPPORTED: ExceptionClass = ExceptionClass::new(
    "_hashlib",
    "UnsupportedDigestmodError",
    exceptions::value_error,
);

/// The functions `openssl_…`, and the names of their digests.
static CONSTRUCTORS: OnceLock<Ref<Dict>> = OnceLock::new();

#[pymodule(
    name = "_hashlib",
    functions(
        new,
        openssl_md5,
        openssl_sha1,
        openssl_sha224,
        openssl_sha256,
        openssl_sha384,
        openssl_sha512,
        openssl_sha3_224,
        openssl_sha3_256,
        openssl_sha3_384,
        openssl_sha3_512,
        openssl_shake_128,
        openssl_shake_256,
        hmac_new,
        hmac_digest,
        pbkdf2_hmac,
        scrypt,
        compare_digest,
        get_fips_mode
    ),
    classes(Hash, HashXof)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "HMAC", class_of::<Hmac>(cx)?.clone())?;
    module::add(
        cx,
        this,
        "UnsupportedDigestmodError",
        UNSUPPORTED.get(cx)?.clone(),
    )?;
    module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)?;
    let constructors = Dict::new(cx)?;
    let mut names = Vec::new();
    for method in &METHODS {
        let name = Str::from_str(cx, method.kind.name)?.into_value();
        let constructor = Name::intern(cx, &format!("openssl_{}", method.kind.name))?;
        if let Some(constructor) = this.dict.get_name(cx, constructor)? {
            constructors.set_item(cx, &constructor, name.clone())?;
        }
        names.push(name);
    }
    let names = FrozenSet::from_values(cx, &names)?;
    module::add(cx, this, "openssl_md_meth_names", names.into_value())?;
    let shown = MappingProxy::new(cx, constructors.to_value())?;
    // A second import of the module finds the same functions.
    CONSTRUCTORS.get_or_init(|| constructors);
    module::add(cx, this, "_constructors", shown.into_value())
}

/// A digest that has a name.
struct Method {
    kind: Kind,
    /// Other names, in whatever case.
    aliases: &'static [&'static str],
    /// Whether its digests have any length. There are no codes made of it then.
    extendable: bool,
}

macro_rules! extendable {
    ($digest:ty) => {
        || Box::new(Extendable(<$digest>::default()))
    };
}

macro_rules! methods {
    ($($name:literal $size:literal $block:literal $extendable:literal $start:expr, [$($alias:literal)*];)*) => {
        [$(Method {
            kind: Kind { name: $name, size: $size, block: $block, start: $start },
            aliases: &[$($alias),*],
            extendable: $extendable,
        },)*]
    };
}

#[rustfmt::skip]
static METHODS: [Method; 19] = methods! {
    "md5" 16 64 false fixed!(::md5::Md5), ["MD5" "SSL3-MD5"];
    "sha1" 20 64 false fixed!(::sha1::Sha1), ["SHA1" "SHA-1" "SSL3-SHA1"];
    "sha224" 28 64 false fixed!(::sha2::Sha224), ["SHA224" "SHA-224" "SHA2-224"];
    "sha256" 32 64 false fixed!(::sha2::Sha256), ["SHA256" "SHA-256" "SHA2-256"];
    "sha384" 48 128 false fixed!(::sha2::Sha384), ["SHA384" "SHA-384" "SHA2-384"];
    "sha512" 64 128 false fixed!(::sha2::Sha512), ["SHA512" "SHA-512" "SHA2-512"];
    "sha512_224" 28 128 false fixed!(::sha2::Sha512_224), ["SHA512-224" "SHA-512/224" "SHA2-512/224"];
    "sha512_256" 32 128 false fixed!(::sha2::Sha512_256), ["SHA512-256" "SHA-512/256" "SHA2-512/256"];
    "sha3_224" 28 144 false fixed!(::sha3::Sha3_224), ["SHA3-224"];
    "sha3_256" 32 136 false fixed!(::sha3::Sha3_256), ["SHA3-256"];
    "sha3_384" 48 104 false fixed!(::sha3::Sha3_384), ["SHA3-384"];
    "sha3_512" 64 72 false fixed!(::sha3::Sha3_512), ["SHA3-512"];
    "shake_128" 0 168 true extendable!(::sha3::Shake128), ["SHAKE128" "SHAKE-128"];
    "shake_256" 0 136 true extendable!(::sha3::Shake256), ["SHAKE256" "SHAKE-256"];
    "blake2b" 64 128 false || Box::new(blake2b_simd::State::new()), ["BLAKE2B512" "BLAKE2B-512"];
    "blake2s" 32 64 false || Box::new(blake2s_simd::State::new()), ["BLAKE2S256" "BLAKE2S-256"];
    "ripemd160" 20 64 false fixed!(::ripemd::Ripemd160), ["RIPEMD160" "RIPEMD-160" "RIPEMD" "RMD160"];
    "sm3" 32 64 false fixed!(::sm3::Sm3), ["SM3"];
    "md5-sha1" 36 64 false || Box::new(Md5WithSha1::new()), ["MD5-SHA1"];
};

/// The two digests of TLS before 1.2, one after the other.
#[derive(Clone)]
struct Md5WithSha1 {
    md5: ::md5::Md5,
    sha1: ::sha1::Sha1,
}

impl Md5WithSha1 {
    fn new() -> Md5WithSha1 {
        Md5WithSha1 {
            md5: Default::default(),
            sha1: Default::default(),
        }
    }
}

impl Algorithm for Md5WithSha1 {
    fn update(&mut self, bytes: &[u8]) {
        ::digest::Digest::update(&mut self.md5, bytes);
        ::digest::Digest::update(&mut self.sha1, bytes);
    }

    fn digest(&self, _length: usize) -> Vec<u8> {
        let mut digest = ::digest::Digest::finalize(self.md5.clone()).to_vec();
        digest.extend_from_slice(&::digest::Digest::finalize(self.sha1.clone()));
        digest
    }

    fn boxed_clone(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

/// The digest with this name.
fn method_named(cx: &Context, name: &Str) -> PyResult<&'static Method> {
    let found = name.as_ascii().and_then(|name| {
        METHODS.iter().find(|method| {
            let is_alias = |alias: &&str| alias.eq_ignore_ascii_case(name);
            method.kind.name == name || method.aliases.iter().any(is_alias)
        })
    });
    found.ok_or_else(|| UNSUPPORTED.raise(cx, "[digital envelope routines] unsupported"))
}

/// The digest that `digestmod` stands for: a name, or a function of this module.
fn method_of(cx: &Context, digestmod: &Value) -> PyResult<&'static Method> {
    if let Some(name) = digestmod.downcast::<Str>() {
        return method_named(cx, name);
    }
    let constructors = CONSTRUCTORS
        .get()
        .expect("invariant: the module is initialized");
    let found = constructors.get_item(cx, digestmod)?;
    match found.as_ref().and_then(|name| name.downcast::<Str>()) {
        Some(name) => method_named(cx, name),
        None => {
            let shown = text::repr_text(cx, digestmod)?;
            Err(UNSUPPORTED.raise(cx, format!("Unsupported digestmod {shown}")))
        }
    }
}

/// The payload of a `HASH`.
#[pyclass(
    name = "HASH",
    module = "_hashlib",
    plain,
    flags(DISALLOW_INSTANTIATION, BASETYPE, IMMUTABLE),
    doc = "A hash is an object used to calculate a checksum of a string of information.\n\nMethods:\n\nupdate() -- updates the current digest with an additional string\ndigest() -- return the current digest value\nhexdigest() -- return the current digest as a string of hexadecimal digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the hash algorithm being used by this object\ndigest_size -- number of bytes in this hashes output"
)]
pub struct Hash {
    method: &'static Method,
    hasher: Hasher,
}

/// The payload of a `HASHXOF`.
#[pyclass(
    name = "HASHXOF",
    module = "_hashlib",
    base = Hash,
    plain,
    flags(DISALLOW_INSTANTIATION, BASETYPE, IMMUTABLE),
    doc = "A hash is an object used to calculate a checksum of a string of information.\n\nMethods:\n\nupdate() -- updates the current digest with an additional string\ndigest(length) -- return the current digest value\nhexdigest(length) -- return the current digest as a string of hexadecimal digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the hash algorithm being used by this object\ndigest_size -- number of bytes in this hashes output"
)]
#[repr(C)]
pub struct HashXof {
    base: Hash,
}

impl Method {
    /// A new hash object.
    fn hash(&'static self, cx: &Context, data: Option<&Value>) -> PyResult<Value> {
        self.wrap(cx, Hasher::new(cx, (self.kind.start)(), data)?)
    }

    fn wrap(&'static self, cx: &Context, hasher: Hasher) -> PyResult<Value> {
        let hash = Hash {
            method: self,
            hasher,
        };
        if self.extendable {
            object::new(cx, HashXof { base: hash }).map(Ref::into_value)
        } else {
            object::new(cx, hash).map(Ref::into_value)
        }
    }

    /// What makes codes with this key.
    fn keyed(&self, cx: &Context, key: &[u8]) -> PyResult<Keyed> {
        if self.extendable {
            return Err(cx.value_error("no reason supplied"));
        }
        Ok(self.kind.keyed(key))
    }

    /// PBKDF2 (RFC 8018).
    fn stretch(&self, password: &[u8], salt: &[u8], rounds: NonZeroU32, key: &mut [u8]) {
        let fast = match self.kind.name {
            "sha1" => Some(pbkdf2::PBKDF2_HMAC_SHA1),
            "sha256" => Some(pbkdf2::PBKDF2_HMAC_SHA256),
            "sha384" => Some(pbkdf2::PBKDF2_HMAC_SHA384),
            "sha512" => Some(pbkdf2::PBKDF2_HMAC_SHA512),
            _ => None,
        };
        if let Some(fast) = fast {
            return pbkdf2::derive(fast, rounds, salt, password, key);
        }
        let keyed = self.kind.keyed(password);
        for (number, block) in (1_u32..).zip(key.chunks_mut(self.kind.size)) {
            let mut code = keyed.code(&[salt, &number.to_be_bytes()]);
            let mut sum = code.clone();
            for _ in 1..rounds.get() {
                code = keyed.code(&[&code]);
                for (sum, byte) in sum.iter_mut().zip(&code) {
                    *sum ^= byte;
                }
            }
            block.copy_from_slice(&sum[..block.len()]);
        }
    }
}

#[pymethods]
impl Hash {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Hash>) -> PyResult<Value> {
        let this = this.as_value();
        let hash = this.downcast::<Hash>().expect("invariant: a HASH");
        let class = this.class().full_name(cx);
        let address = this.bits();
        format!("<{} {class} object @ {address:#x}>", hash.method.kind.name).into_value(cx)
    }

    /// Return a copy of the hash object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Hash>) -> PyResult<Value> {
        this.method.wrap(cx, this.hasher.copy(cx))
    }

    /// Return the digest value as a bytes object.
    #[method("digest(self, /)")]
    fn digest(cx: &Context, this: &Ref<Hash>) -> PyResult<Ref<Bytes>> {
        this.hasher.digest(cx, 0)
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method("hexdigest(self, /)")]
    fn hexdigest(cx: &Context, this: &Ref<Hash>) -> PyResult<Ref<Str>> {
        this.hasher.hexdigest(cx, 0)
    }

    /// Update this hash object's state with the provided string.
    #[method("update(self, obj, /)")]
    fn update(cx: &Context, this: &Ref<Hash>, obj: &Value) -> PyResult<()> {
        this.hasher.update(cx, obj)
    }

    #[getter]
    fn name(_cx: &Context, this: &Ref<Hash>) -> PyResult<&'static str> {
        Ok(this.method.kind.name)
    }

    #[getter]
    fn digest_size(_cx: &Context, this: &Ref<Hash>) -> PyResult<usize> {
        Ok(this.method.kind.size)
    }

    #[getter]
    fn block_size(_cx: &Context, this: &Ref<Hash>) -> PyResult<usize> {
        Ok(this.method.kind.block)
    }
}

#[pymethods]
impl HashXof {
    /// Return the digest value as a bytes object.
    #[method("digest(self, /, length)")]
    fn digest(cx: &Context, this: &Ref<HashXof>, length: Length) -> PyResult<Ref<Bytes>> {
        this.base.hasher.digest(cx, length.0)
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method("hexdigest(self, /, length)")]
    fn hexdigest(cx: &Context, this: &Ref<HashXof>, length: Length) -> PyResult<Ref<Str>> {
        this.base.hasher.hexdigest(cx, length.0)
    }

    #[getter]
    fn digest_size(_cx: &Context, this: &Ref<HashXof>) -> PyResult<usize> {
        Ok(this.base.method.kind.size)
    }
}

/// Return a new hash object using the named algorithm.
///
/// An optional string argument may be provided and will be
/// automatically hashed.
///
/// The MD5 and SHA1 algorithms are always supported.
#[pyfunction("new(name, data=b'', *, usedforsecurity=True, string=None)")]
fn new(
    cx: &Context,
    name: &Ref<Str>,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Value> {
    let data = initial(cx, data, string)?;
    method_named(cx, name)?.hash(cx, data)
}

macro_rules! constructors {
    ($($function:ident $signature:literal $method:literal $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            fn $function(
                cx: &Context,
                data: Maybe<&Value>,
                _usedforsecurity: bool,
                string: Maybe<&Value>,
            ) -> PyResult<Value> {
                METHODS[$method].hash(cx, initial(cx, data, string)?)
            }
        )*
    };
}

constructors! {
    openssl_md5 "openssl_md5(data=b'', *, usedforsecurity=True, string=None)" 0
        "Returns a md5 hash object; optionally initialized with a string";
    openssl_sha1 "openssl_sha1(data=b'', *, usedforsecurity=True, string=None)" 1
        "Returns a sha1 hash object; optionally initialized with a string";
    openssl_sha224 "openssl_sha224(data=b'', *, usedforsecurity=True, string=None)" 2
        "Returns a sha224 hash object; optionally initialized with a string";
    openssl_sha256 "openssl_sha256(data=b'', *, usedforsecurity=True, string=None)" 3
        "Returns a sha256 hash object; optionally initialized with a string";
    openssl_sha384 "openssl_sha384(data=b'', *, usedforsecurity=True, string=None)" 4
        "Returns a sha384 hash object; optionally initialized with a string";
    openssl_sha512 "openssl_sha512(data=b'', *, usedforsecurity=True, string=None)" 5
        "Returns a sha512 hash object; optionally initialized with a string";
    openssl_sha3_224 "openssl_sha3_224(data=b'', *, usedforsecurity=True, string=None)" 8
        "Returns a sha3-224 hash object; optionally initialized with a string";
    openssl_sha3_256 "openssl_sha3_256(data=b'', *, usedforsecurity=True, string=None)" 9
        "Returns a sha3-256 hash object; optionally initialized with a string";
    openssl_sha3_384 "openssl_sha3_384(data=b'', *, usedforsecurity=True, string=None)" 10
        "Returns a sha3-384 hash object; optionally initialized with a string";
    openssl_sha3_512 "openssl_sha3_512(data=b'', *, usedforsecurity=True, string=None)" 11
        "Returns a sha3-512 hash object; optionally initialized with a string";
    openssl_shake_128 "openssl_shake_128(data=b'', *, usedforsecurity=True, string=None)" 12
        "Returns a shake-128 variable hash object; optionally initialized with a string";
    openssl_shake_256 "openssl_shake_256(data=b'', *, usedforsecurity=True, string=None)" 13
        "Returns a shake-256 variable hash object; optionally initialized with a string";
}

/// The payload of an `HMAC`.
#[pyclass(
    name = "HMAC",
    module = "_hashlib",
    plain,
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "The object used to calculate HMAC of a message.\n\nMethods:\n\nupdate() -- updates the current digest with an additional string\ndigest() -- return the current digest value\nhexdigest() -- return the current digest as a string of hexadecimal digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the name, including the hash algorithm used by this object\ndigest_size -- number of bytes in digest() output\n"
)]
pub struct Hmac {
    method: &'static Method,
    hasher: Hasher,
}

#[pymethods]
impl Hmac {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Hmac>) -> PyResult<Value> {
        let address = this.as_value().bits();
        format!("<{} HMAC object @ {address:#x}>", this.method.kind.name).into_value(cx)
    }

    /// Return a copy ("clone") of the HMAC object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Hmac>) -> PyResult<Ref<Hmac>> {
        let (method, hasher) = (this.method, this.hasher.copy(cx));
        object::new(cx, Hmac { method, hasher })
    }

    /// Update the HMAC object with msg.
    #[method("update(self, /, msg)")]
    fn update(cx: &Context, this: &Ref<Hmac>, msg: &Value) -> PyResult<()> {
        this.hasher.update(cx, msg)
    }

    /// Return the digest of the bytes passed to the update() method so far.
    #[method("digest(self, /)")]
    fn digest(cx: &Context, this: &Ref<Hmac>) -> PyResult<Ref<Bytes>> {
        this.hasher.digest(cx, 0)
    }

    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    ///
    /// This may be used to exchange the value safely in email or other
    /// non-binary environments.
    #[method("hexdigest(self, /)")]
    fn hexdigest(cx: &Context, this: &Ref<Hmac>) -> PyResult<Ref<Str>> {
        this.hasher.hexdigest(cx, 0)
    }

    #[getter]
    fn name(_cx: &Context, this: &Ref<Hmac>) -> PyResult<String> {
        Ok(format!("hmac-{}", this.method.kind.name))
    }

    #[getter]
    fn digest_size(_cx: &Context, this: &Ref<Hmac>) -> PyResult<usize> {
        Ok(this.method.kind.size)
    }

    #[getter]
    fn block_size(_cx: &Context, this: &Ref<Hmac>) -> PyResult<usize> {
        Ok(this.method.kind.block)
    }
}

/// Return a new hmac object.
#[pyfunction("hmac_new(key, msg=b'', digestmod=None)")]
fn hmac_new(
    cx: &Context,
    key: &Value,
    msg: Maybe<&Value>,
    digestmod: Maybe<&Value>,
) -> PyResult<Ref<Hmac>> {
    let key = BytesLike::of(cx, key)?;
    let Some(digestmod) = digestmod.0 else {
        return Err(cx.type_error("Missing required parameter 'digestmod'."));
    };
    let method = method_of(cx, digestmod)?;
    let keyed = method.keyed(cx, key.bytes())?;
    let message = msg.0.filter(|message| !message.is_none());
    let hasher = Hasher::new(cx, Box::new(keyed), message)?;
    object::new(cx, Hmac { method, hasher })
}

/// Single-shot HMAC.
#[pyfunction("hmac_digest(key, msg, digest)")]
fn hmac_digest(cx: &Context, key: &Value, msg: &Value, digest: &Value) -> PyResult<Ref<Bytes>> {
    let (key, message) = (BytesLike::of(cx, key)?, BytesLike::of(cx, msg)?);
    let mut keyed = method_of(cx, digest)?.keyed(cx, key.bytes())?;
    let code = crate::exclusive::detached_if_long(cx, message.len(), || {
        keyed.update(message.bytes());
        keyed.digest(0)
    });
    Bytes::from_slice(cx, &code)
}

/// The longest key and the most rounds: what a C int holds.
const LIMIT: i64 = i32::MAX as i64;

/// Zeros in place of a key.
fn blank_key(cx: &Context, length: i64) -> PyResult<Vec<u8>> {
    let length = usize::try_from(length).expect("invariant: a length that was checked");
    cx.room_for(length)?;
    Ok(vec![0; length])
}

/// Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function.
#[pyfunction("pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None)")]
fn pbkdf2_hmac(
    cx: &Context,
    hash_name: &Ref<Str>,
    password: &Value,
    salt: &Value,
    iterations: i64,
    dklen: Option<i64>,
) -> PyResult<Ref<Bytes>> {
    let (password, salt) = (BytesLike::of(cx, password)?, BytesLike::of(cx, salt)?);
    let method = method_named(cx, hash_name)?;
    if iterations < 1 {
        return Err(cx.value_error("iteration value must be greater than 0."));
    }
    if iterations > LIMIT {
        return Err(cx.overflow_error("iteration value is too great."));
    }
    let length = dklen.unwrap_or(method.kind.size as i64);
    if length < 1 {
        return Err(cx.value_error("key length must be greater than 0."));
    }
    if length > LIMIT {
        return Err(cx.overflow_error("key length is too great."));
    }
    if method.extendable {
        return Err(cx.value_error("no reason supplied"));
    }
    let rounds = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
    let rounds = rounds.expect("invariant: between 1 and the limit");
    let mut key = blank_key(cx, length)?;
    cx.detached(|| method.stretch(password.bytes(), salt.bytes(), rounds, &mut key));
    Bytes::from_slice(cx, &key)
}

/// A parameter of `scrypt`.
struct Cost(u64);

impl<'a> FromArgument<'a> for Cost {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        let cost = int::index_as_i128(cx, value)?;
        if cost < 0 {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        u64::try_from(cost)
            .map(Cost)
            .map_err(|_| cx.overflow_error("Python int too large for C unsigned long"))
    }
}

/// scrypt password-based key derivation function.
#[pyfunction("scrypt(password, *, salt, n, r, p, maxmem=0, dklen=64)")]
#[allow(clippy::too_many_arguments)]
fn scrypt(
    cx: &Context,
    password: Buffer,
    salt: Buffer,
    n: Cost,
    r: Cost,
    p: Cost,
    maxmem: i64,
    dklen: i64,
) -> PyResult<Ref<Bytes>> {
    if n.0 < 2 || !n.0.is_power_of_two() {
        return Err(cx.value_error("n must be a power of 2."));
    }
    if !(0..=LIMIT).contains(&maxmem) {
        let message = format!("maxmem must be positive and smaller than {LIMIT}");
        return Err(cx.value_error(message));
    }
    if !(1..=LIMIT).contains(&dklen) {
        let message = format!("dklen must be greater than 0 and smaller than {LIMIT}");
        return Err(cx.value_error(message));
    }
    let parameters = scrypt_parameters(cx, n.0, r.0, p.0, maxmem)?;
    let mut key = blank_key(cx, dklen)?;
    let (password, salt) = (password.0.bytes(), salt.0.bytes());
    let made = cx.detached(|| ::scrypt::scrypt(password, salt, &parameters, &mut key));
    made.map_err(|_| invalid_combination(cx))?;
    Bytes::from_slice(cx, &key)
}

/// An argument that is bytes.
struct Buffer(BytesLike);

impl<'a> FromArgument<'a> for Buffer {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        BytesLike::of(cx, value).map(Buffer)
    }
}

/// How much memory `scrypt` may take when nothing is said.
const SCRYPT_MEMORY: u64 = 32 << 20;

fn scrypt_parameters(
    cx: &Context,
    n: u64,
    r: u64,
    p: u64,
    limit: i64,
) -> PyResult<::scrypt::Params> {
    let exceeded = || cx.value_error("[digital envelope routines] memory limit exceeded");
    if r == 0 || p == 0 {
        return Err(invalid_combination(cx));
    }
    let (Ok(blocks), Ok(lanes)) = (u32::try_from(r), u32::try_from(p)) else {
        return Err(cx.value_error("[digital envelope routines] parameter too large"));
    };
    // One buffer for each lane, and the table with two more.
    let row = u128::from(blocks) * 128;
    let needed = row * u128::from(lanes) + row * (u128::from(n) + 2);
    let limit = match limit {
        0 => SCRYPT_MEMORY,
        limit => limit.cast_unsigned(),
    };
    if needed > limit.into() {
        return Err(exceeded());
    }
    // The crate takes its memory without asking whether there is any.
    cx.room_for(needed as usize)?;
    let rounds = n.trailing_zeros() as u8;
    // The length is of use for passwords as text only.
    ::scrypt::Params::new(rounds, blocks, lanes, ::scrypt::Params::RECOMMENDED_LEN)
        .map_err(|_| exceeded())
}

#[cold]
fn invalid_combination(cx: &Context) -> Raised {
    cx.value_error("Invalid parameter combination for n, r, p, maxmem.")
}

/// Return 'a == b'.
///
/// This function uses an approach designed to prevent
/// timing analysis, making it appropriate for cryptography.
///
/// a and b must both be of the same type: either str (ASCII only),
/// or any bytes-like object.
///
/// Note: If a and b are of different lengths, or if an error occurs,
/// a timing attack could theoretically reveal information about the
/// types and lengths of a and b--but not their values.
#[pyfunction("compare_digest(a, b, /)")]
fn compare_digest(cx: &Context, a: &Value, b: &Value) -> PyResult<bool> {
    compare_in_constant_time(cx, a, b)
}

/// Determine the OpenSSL FIPS mode of operation.
///
/// For OpenSSL 3.0.0 and newer it returns the state of the default provider
/// in the default OSSL context. It's not quite the same as FIPS_mode() but
/// good enough for unittests.
///
/// Effectively any non-zero return value indicates FIPS mode;
/// values other than 1 may have additional significance.
#[pyfunction("get_fips_mode()")]
fn get_fips_mode(_cx: &Context) -> PyResult<i64> {
    Ok(0)
}
