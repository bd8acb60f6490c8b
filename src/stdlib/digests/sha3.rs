//! `_sha3`: SHA-3, and SHAKE with digests of any length (FIPS 202).

use ::digest::{Digest, ExtendableOutput, Update, XofReader};
use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::{Args, FromArgument, Maybe, Place};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use super::fixed::Fixed;
use super::{Algorithm, Hasher, initial, long_update};
use crate::arguments::{bind, signature};

#[pymodule(
    name = "_sha3",
    classes(Sha3With224, Sha3With256, Sha3With384, Sha3With512, Shake128, Shake256)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "implementation", "RustCrypto")?;
    module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)
}

/// An algorithm whose digests have any length.
pub(super) struct Extendable<D>(pub(super) D);

impl<D: Update + ExtendableOutput + Clone + Send + 'static> Algorithm for Extendable<D> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn digest(&self, length: usize) -> Vec<u8> {
        let mut digest = vec![0; length];
        self.0.clone().finalize_xof().read(&mut digest);
        digest
    }

    fn boxed_clone(&self) -> Box<dyn Algorithm> {
        Box::new(Extendable(self.0.clone()))
    }
}

/// The length of a digest.
pub(super) struct Length(pub(super) usize);

impl<'a> FromArgument<'a> for Length {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        /// Longer digests are refused, as other Pythons do.
        const LIMIT: i128 = 1 << 29;
        let length = int::index_as_i128(cx, value)?;
        if length < 0 {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        if length > u64::MAX.into() {
            return Err(cx.overflow_error("Python int too large for C unsigned long"));
        }
        if length >= LIMIT {
            return Err(cx.value_error("length is too large"));
        }
        Ok(Length(length as usize))
    }
}

/// The bits of the state in all.
const STATE_BITS: usize = 1600;

macro_rules! sha3_classes {
    ($($class:ident $name:tt $doc:tt $make:expr, $size:literal, $rate:literal, $suffix:literal, $kind:ident;)*) => {
        $(
            #[doc = concat!("The payload of a ", $name, " object.")]
            #[pyclass(name = $name, module = "_sha3", plain, doc = $doc)]
            pub struct $class(Hasher);

            #[pymethods(tables($kind::$class::DIGESTS))]
            impl $class {
                #[slot(new)]
                fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
                    let signature = signature!($name, 0, [data = ()], [usedforsecurity = True, string = None]);
                    let [data, _, string] = bind(cx, signature, args)?;
                    let data = initial(cx, Maybe(data), Maybe(string))?;
                    let hasher = Hasher::new(cx, Box::new($make), data)?;
                    object::new_of_class(cx, class, $class(hasher)).map(Ref::into_value)
                }

                /// Return a copy of the hash object.
                #[method("copy(self, /)")]
                fn copy(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<$class>> {
                    object::new(cx, $class(this.0.copy(cx)))
                }

                /// Update this hash object's state with the provided bytes-like object.
                #[method("update(self, data, /)")]
                fn update(cx: &Context, this: &Ref<$class>, data: &Value) -> PyResult<()> {
                    this.0.update(cx, data)
                }

                #[getter]
                fn name(_cx: &Context, _this: &Ref<$class>) -> PyResult<&'static str> {
                    Ok($name)
                }

                #[getter]
                fn digest_size(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok($size)
                }

                #[getter]
                fn block_size(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok($rate)
                }

                #[getter]
                fn _capacity_bits(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok(STATE_BITS - $rate * 8)
                }

                #[getter]
                fn _rate_bits(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok($rate * 8)
                }

                #[getter]
                fn _suffix(cx: &Context, _this: &Ref<$class>) -> PyResult<Ref<Bytes>> {
                    Bytes::from_slice(cx, &[$suffix])
                }
            }
        )*
    };
}

/// Digests of a fixed length.
mod fixed_length {
    macro_rules! digests {
        ($($class:ident)*) => {
            $(
                #[allow(non_snake_case)]
                pub(super) mod $class {
                    use super::super::{Bytes, Context, PyResult, Ref, Str, pymethods};
                    use super::super::$class;

                    #[pymethods(table = DIGESTS)]
                    impl $class {
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
                    }
                }
            )*
        };
    }
    digests! { Sha3With224 Sha3With256 Sha3With384 Sha3With512 }
}

/// Digests of any length.
mod any_length {
    macro_rules! digests {
        ($($class:ident)*) => {
            $(
                #[allow(non_snake_case)]
                pub(super) mod $class {
                    use super::super::{Bytes, Context, Length, PyResult, Ref, Str, pymethods};
                    use super::super::$class;

                    #[pymethods(table = DIGESTS)]
                    impl $class {
                        /// Return the digest value as a bytes object.
                        #[method("digest(self, /, length)")]
                        fn digest(cx: &Context, this: &Ref<$class>, length: Length) -> PyResult<Ref<Bytes>> {
                            this.0.digest(cx, length.0)
                        }

                        /// Return the digest value as a string of hexadecimal digits.
                        #[method("hexdigest(self, /, length)")]
                        fn hexdigest(cx: &Context, this: &Ref<$class>, length: Length) -> PyResult<Ref<Str>> {
                            this.0.hexdigest(cx, length.0)
                        }
                    }
                }
            )*
        };
    }
    digests! { Shake128 Shake256 }
}

sha3_classes! {
    Sha3With224 "sha3_224" "sha3_224([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 28 bytes."
        Fixed(::sha3::Sha3_224::new()), 28, 144, 6, fixed_length;
    Sha3With256 "sha3_256" "sha3_256([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 32 bytes."
        Fixed(::sha3::Sha3_256::new()), 32, 136, 6, fixed_length;
    Sha3With384 "sha3_384" "sha3_384([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 48 bytes."
        Fixed(::sha3::Sha3_384::new()), 48, 104, 6, fixed_length;
    Sha3With512 "sha3_512" "sha3_512([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 64 bytes."
        Fixed(::sha3::Sha3_512::new()), 64, 72, 6, fixed_length;
    Shake128 "shake_128" "shake_128([data], *, usedforsecurity=True) -> SHAKE object\n\nReturn a new SHAKE hash object."
        Extendable(::sha3::Shake128::default()), 0, 168, 0x1f, any_length;
    Shake256 "shake_256" "shake_256([data], *, usedforsecurity=True) -> SHAKE object\n\nReturn a new SHAKE hash object."
        Extendable(::sha3::Shake256::default()), 0, 136, 0x1f, any_length;
}
