//! `_md5`, `_sha1`, `_sha2`: digests of a fixed length without parameters.

use ::digest::Digest;
use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use super::{Algorithm, Hasher, initial, long_update};

/// Any algorithm of the RustCrypto crates.
pub(super) struct Fixed<D>(pub(super) D);

impl<D: Digest + Clone + Send + 'static> Algorithm for Fixed<D> {
    fn update(&mut self, bytes: &[u8]) {
        Digest::update(&mut self.0, bytes);
    }

    fn digest(&self, _length: usize) -> Vec<u8> {
        self.0.clone().finalize().to_vec()
    }

    fn boxed_clone(&self) -> Box<dyn Algorithm> {
        Box::new(Fixed(self.0.clone()))
    }
}

macro_rules! hash_classes {
    ($($class:ident $name:tt $module:tt $shown:tt $algorithm:ty, $size:literal, $block:literal;)*) => {
        $(
            #[doc = concat!("The payload of a ", $shown, " object.")]
            #[pyclass(name = $name, module = $module, plain, flags(DISALLOW_INSTANTIATION))]
            pub struct $class(Hasher);

            impl $class {
                fn over(cx: &Context, data: Maybe<&Value>, string: Maybe<&Value>) -> PyResult<Ref<$class>> {
                    let data = initial(cx, data, string)?;
                    let algorithm = Box::new(Fixed(<$algorithm>::new()));
                    object::new(cx, $class(Hasher::new(cx, algorithm, data)?))
                }
            }

            #[pymethods]
            impl $class {
                /// Return a copy of the hash object.
                #[method("copy(self, /)")]
                fn copy(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<$class>> {
                    object::new(cx, $class(this.0.copy(cx)))
                }

                /// Return the digest value as a bytes object.
                #[method("digest(self, /)")]
                fn digest(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<Bytes>> {
                    this.0.digest(cx, 0)
                }

                /// Return the digest value as a string of hexadecimal digits.
                #[method("hexdigest(self, /)")]
                fn hexdigest(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<Str>> {
                    this.0.hexdigest(cx, 0)
                }

                /// Update this hash object's state with the provided string.
                #[method("update(self, obj, /)")]
                fn update(cx: &Context, this: &Ref<$class>, obj: &Value) -> PyResult<()> {
                    this.0.update(cx, obj)
                }

                #[getter]
                fn name(_cx: &Context, _this: &Ref<$class>) -> PyResult<&'static str> {
                    Ok($shown)
                }

                #[getter]
                fn digest_size(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok($size)
                }

                #[getter]
                fn block_size(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok($block)
                }
            }
        )*
    };
}

hash_classes! {
    Md5 "md5" "_md5" "md5" ::md5::Md5, 16, 64;
    Sha1 "sha1" "_sha1" "sha1" ::sha1::Sha1, 20, 64;
    Sha224 "SHA224Type" "_sha2" "sha224" ::sha2::Sha224, 28, 64;
    Sha256 "SHA256Type" "_sha2" "sha256" ::sha2::Sha256, 32, 64;
    Sha384 "SHA384Type" "_sha2" "sha384" ::sha2::Sha384, 48, 128;
    Sha512 "SHA512Type" "_sha2" "sha512" ::sha2::Sha512, 64, 128;
}

/// Return a new MD5 hash object; optionally initialized with a string.
#[pyfunction("md5(data=b'', *, usedforsecurity=True, string=None)")]
fn md5(
    cx: &Context,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Ref<Md5>> {
    Md5::over(cx, data, string)
}

/// Return a new SHA1 hash object; optionally initialized with a string.
#[pyfunction("sha1(data=b'', *, usedforsecurity=True, string=None)")]
fn sha1(
    cx: &Context,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Ref<Sha1>> {
    Sha1::over(cx, data, string)
}

/// Return a new SHA-224 hash object; optionally initialized with a string.
#[pyfunction("sha224(data=b'', *, usedforsecurity=True, string=None)")]
fn sha224(
    cx: &Context,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Ref<Sha224>> {
    Sha224::over(cx, data, string)
}

/// Return a new SHA-256 hash object; optionally initialized with a string.
#[pyfunction("sha256(data=b'', *, usedforsecurity=True, string=None)")]
fn sha256(
    cx: &Context,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Ref<Sha256>> {
    Sha256::over(cx, data, string)
}

/// Return a new SHA-384 hash object; optionally initialized with a string.
#[pyfunction("sha384(data=b'', *, usedforsecurity=True, string=None)")]
fn sha384(
    cx: &Context,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Ref<Sha384>> {
    Sha384::over(cx, data, string)
}

/// Return a new SHA-512 hash object; optionally initialized with a string.
#[pyfunction("sha512(data=b'', *, usedforsecurity=True, string=None)")]
fn sha512(
    cx: &Context,
    data: Maybe<&Value>,
    _usedforsecurity: bool,
    string: Maybe<&Value>,
) -> PyResult<Ref<Sha512>> {
    Sha512::over(cx, data, string)
}

/// `_md5`.
pub mod md5_module {
    use super::*;

    #[pymodule(name = "_md5", functions(super::md5))]
    fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
        module::add(cx, this, "MD5Type", class_of::<Md5>(cx)?.clone())?;
        module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)
    }
}

/// `_sha1`.
pub mod sha1_module {
    use super::*;

    #[pymodule(name = "_sha1", functions(super::sha1))]
    fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
        module::add(cx, this, "SHA1Type", class_of::<Sha1>(cx)?.clone())?;
        module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)
    }
}

/// `_sha2`.
pub mod sha2_module {
    use super::*;

    #[pymodule(
        name = "_sha2",
        functions(super::sha224, super::sha256, super::sha384, super::sha512),
        classes(Sha224, Sha256, Sha384, Sha512)
    )]
    fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
        module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)
    }
}
