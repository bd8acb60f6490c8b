//! `_blake2`: BLAKE2b and BLAKE2s with keys, salts and tree parameters (RFC 7693).

use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use super::{Algorithm, Hasher, initial, long_update};
use crate::arguments::{as_size, bind, signature};
use crate::bytes_like::BytesLike;

/// The sizes of a variant, under the names they have in Python.
const B_SIZES: [(&str, usize); 4] = [
    ("MAX_DIGEST_SIZE", blake2b_simd::OUTBYTES),
    ("MAX_KEY_SIZE", blake2b_simd::KEYBYTES),
    ("PERSON_SIZE", blake2b_simd::PERSONALBYTES),
    ("SALT_SIZE", blake2b_simd::SALTBYTES),
];
const S_SIZES: [(&str, usize); 4] = [
    ("MAX_DIGEST_SIZE", blake2s_simd::OUTBYTES),
    ("MAX_KEY_SIZE", blake2s_simd::KEYBYTES),
    ("PERSON_SIZE", blake2s_simd::PERSONALBYTES),
    ("SALT_SIZE", blake2s_simd::SALTBYTES),
];

/// _blake2b provides BLAKE2b for hashlib
#[pymodule(name = "_blake2", classes(Blake2b, Blake2s))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let classes = [
        (class_of::<Blake2b>(cx)?, "BLAKE2B", B_SIZES),
        (class_of::<Blake2s>(cx)?, "BLAKE2S", S_SIZES),
    ];
    for (class, prefix, sizes) in classes {
        for (name, size) in sizes {
            let size = size.into_value(cx)?;
            class.change_attribute(cx, Name::intern(cx, name)?, Some(size.clone()))?;
            module::add(cx, this, &format!("{prefix}_{name}"), size)?;
        }
    }
    module::add(cx, this, "_GIL_MINSIZE", long_update(cx)?)
}

/// The parameters of a hash, checked.
struct Parameters {
    digest_size: usize,
    key: Vec<u8>,
    salt: Vec<u8>,
    person: Vec<u8>,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
    last_node: bool,
}

/// The limits of a variant.
struct Limits {
    title: &'static str,
    sizes: [(&'static str, usize); 4],
    /// Bits of a node's offset.
    offset_bits: u32,
}

/// A number between two bounds.
fn between(
    cx: &Context,
    value: Option<&Value>,
    default: u8,
    name: &str,
    least: i128,
) -> PyResult<u8> {
    let Some(value) = value else {
        return Ok(default);
    };
    let number = int::index_as_i128(cx, value)?;
    if number < i32::MIN.into() || number > i32::MAX.into() {
        return Err(cx.overflow_error("Python int too large to convert to C int"));
    }
    u8::try_from(number)
        .ok()
        .filter(|number| i128::from(*number) >= least)
        .ok_or_else(|| cx.value_error(format!("{name} must be between {least} and 255")))
}

/// A number of so many bits.
fn unsigned(
    cx: &Context,
    value: Option<&Value>,
    name: &str,
    bits: u32,
    c_name: &str,
) -> PyResult<u64> {
    let Some(value) = value else {
        return Ok(0);
    };
    let number = int::index_as_i128(cx, value)?;
    if number < 0 {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    let number = u64::try_from(number)
        .map_err(|_| cx.overflow_error(format!("Python int too large for C {c_name}")))?;
    if bits < 64 && number >> bits != 0 {
        return Err(cx.overflow_error(format!("{name} is too large")));
    }
    Ok(number)
}

/// Bytes, at most so many.
fn short(cx: &Context, value: Option<&Value>, name: &str, limit: usize) -> PyResult<Vec<u8>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let bytes = BytesLike::of(cx, value)?;
    if bytes.len() > limit {
        return Err(cx.value_error(format!("maximum {name} length is {limit} bytes")));
    }
    Ok(bytes.bytes().to_vec())
}

/// Reads the parameters after `data`, in the constructor's order.
fn parameters(cx: &Context, given: &[Option<&Value>], limits: &Limits) -> PyResult<Parameters> {
    let [(_, most), (_, key), (_, person), (_, salt)] = limits.sizes;
    let title = limits.title;
    let digest_size = match given[0] {
        None => most as isize,
        Some(size) => as_size(cx, size)?,
    };
    if digest_size < 1 || digest_size > most as isize {
        return Err(cx.value_error(format!(
            "digest_size for {title} must be between 1 and {most} bytes, here it is {digest_size}"
        )));
    }
    let inner_size = match given[9] {
        None => 0,
        Some(size) => as_size(cx, size)?,
    };
    let parameters = Parameters {
        digest_size: digest_size as usize,
        salt: short(cx, given[2], "salt", salt)?,
        person: short(cx, given[3], "person", person)?,
        fanout: between(cx, given[4], 1, "fanout", 0)?,
        depth: between(cx, given[5], 1, "depth", 1)?,
        leaf_size: unsigned(cx, given[6], "leaf_size", 32, "unsigned long")? as u32,
        node_offset: unsigned(
            cx,
            given[7],
            "node_offset",
            limits.offset_bits,
            "unsigned long long",
        )?,
        node_depth: between(cx, given[8], 0, "node_depth", 0)?,
        inner_size: usize::try_from(inner_size)
            .ok()
            .filter(|size| *size <= most)
            .ok_or_else(|| cx.value_error(format!("inner_size must be between 0 and is {most}")))?,
        key: short(cx, given[1], "key", key)?,
        last_node: match given[10] {
            None => false,
            Some(last) => last.truth(cx)?,
        },
    };
    Ok(parameters)
}

macro_rules! blake2_classes {
    ($($class:ident $name:tt $doc:tt $shown:tt $library:ident $signature_text:tt $limits:expr;)*) => {
        $(
            impl Algorithm for $library::State {
                fn update(&mut self, bytes: &[u8]) {
                    $library::State::update(self, bytes);
                }

                fn digest(&self, _length: usize) -> Vec<u8> {
                    self.finalize().as_bytes().to_vec()
                }

                fn boxed_clone(&self) -> Box<dyn Algorithm> {
                    Box::new(self.clone())
                }
            }

            #[doc = concat!("The payload of a ", $name, " object.")]
            #[pyclass(name = $name, module = "_blake2", plain, flags(BASETYPE), doc = $doc, signature = $signature_text)]
            pub struct $class {
                hasher: Hasher,
                digest_size: usize,
            }

            #[pymethods]
            impl $class {
                #[slot(new)]
                fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
                    let signature = signature!(
                        $name, 0, [data = ()],
                        [
                            digest_size = (), key = (), salt = (), person = (), fanout = (), depth = (),
                            leaf_size = (), node_offset = (), node_depth = (), inner_size = (),
                            last_node = (), usedforsecurity = (), string = ()
                        ]
                    );
                    let given: [_; 14] = bind(cx, signature, args)?;
                    let data = initial(cx, Maybe(given[0]), Maybe(given[13]))?;
                    let parameters = parameters(cx, &given[1..], &$limits)?;
                    let state = $library::Params::new()
                        .hash_length(parameters.digest_size)
                        .key(&parameters.key)
                        .salt(&parameters.salt)
                        .personal(&parameters.person)
                        .fanout(parameters.fanout)
                        .max_depth(parameters.depth)
                        .max_leaf_length(parameters.leaf_size)
                        .node_offset(parameters.node_offset)
                        .node_depth(parameters.node_depth)
                        .inner_hash_length(parameters.inner_size)
                        .last_node(parameters.last_node)
                        .to_state();
                    let hasher = Hasher::new(cx, Box::new(state), data)?;
                    let digest_size = parameters.digest_size;
                    object::new_of_class(cx, class, $class { hasher, digest_size }).map(Ref::into_value)
                }

                /// Return a copy of the hash object.
                #[method("copy(self, /)")]
                fn copy(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<$class>> {
                    let hasher = this.hasher.copy(cx);
                    object::new_of_class(cx, this.class_of(), $class { hasher, digest_size: this.digest_size })
                }

                /// Update this hash object's state with the provided bytes-like object.
                #[method("update(self, data, /)")]
                fn update(cx: &Context, this: &Ref<$class>, data: &Value) -> PyResult<()> {
                    this.hasher.update(cx, data)
                }

                /// Return the digest value as a bytes object.
                #[method("digest(self, /)")]
                fn digest(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<Bytes>> {
                    this.hasher.digest(cx, 0)
                }

                /// Return the digest value as a string of hexadecimal digits.
                #[method("hexdigest(self, /)")]
                fn hexdigest(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<Str>> {
                    this.hasher.hexdigest(cx, 0)
                }

                #[getter]
                fn name(_cx: &Context, _this: &Ref<$class>) -> PyResult<&'static str> {
                    Ok($name)
                }

                #[getter]
                fn block_size(_cx: &Context, _this: &Ref<$class>) -> PyResult<usize> {
                    Ok($library::BLOCKBYTES)
                }

                #[getter]
                fn digest_size(_cx: &Context, this: &Ref<$class>) -> PyResult<usize> {
                    Ok(this.digest_size)
                }
            }
        )*
    };
}

blake2_classes! {
    Blake2b "blake2b" "Return a new BLAKE2b hash object." "Blake2b" blake2b_simd
        "(data=b'', *, digest_size=_blake2.blake2b.MAX_DIGEST_SIZE,\n        key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0,\n        node_offset=0, node_depth=0, inner_size=0, last_node=False,\n        usedforsecurity=True, string=None)"
        Limits { title: "Blake2b", sizes: B_SIZES, offset_bits: 64 };
    Blake2s "blake2s" "Return a new BLAKE2s hash object." "Blake2s" blake2s_simd
        "(data=b'', *, digest_size=_blake2.blake2s.MAX_DIGEST_SIZE,\n        key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0,\n        node_offset=0, node_depth=0, inner_size=0, last_node=False,\n        usedforsecurity=True, string=None)"
        Limits { title: "Blake2s", sizes: S_SIZES, offset_bits: 48 };
}
