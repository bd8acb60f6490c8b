//! `bytes`: an immutable sequence of bytes, which follow the payload in the same block.
//!
//! ```text
//!   Header | hash | length | bytes …
//! ```
//! The hash is computed once and kept; 0 means "not yet". Strings and bytes of the same ASCII text hash
//! alike.
//!
//! Files: `operations` (what any bytes can be asked, on slices), `methods` (those as methods of `bytes`
//! and of `bytearray`), `iterator`.

mod iterator;
pub mod methods;
pub mod operations;

use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use crate::args::{Args, unexpected_keyword};
use crate::buffer::Buffer;
use crate::codec;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::str_::{Str, names, printf};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{buffer, call, hash, index, iterate};
use crate::shape::{self, Shape};
use crate::slots::Comparison;
use crate::value::Value;
use crate::warnings;

pub use iterator::BytesIterator;

/// The payload of `bytes`. A zero follows the bytes, so that C can take them for a text.
#[pyclass(
    name = "bytes",
    flags(BASETYPE, MATCH_SELF),
    plain,
    variable = variable_size,
    doc = "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\nbytes(int) -> bytes object of size given by the parameter initialized with null bytes\nbytes() -> empty bytes object\n\nConstruct an immutable array of bytes from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - any object implementing the buffer API.\n  - an integer"
)]
#[repr(C)]
pub struct Bytes {
    hash: AtomicI64,
    length: usize,
}

unsafe fn variable_size(object: NonNull<Header>) -> usize {
    // SAFETY: the object's payload is a `Bytes`, whose length does not change.
    unsafe {
        object
            .byte_add(size_of::<Header>())
            .cast::<Bytes>()
            .as_ref()
    }
    .length
        + 1
}

/// Single bytes, and the empty one at the end: made once, immortal.
static SMALL: OnceLock<Box<[Ref<Bytes>]>> = OnceLock::new();

impl Bytes {
    fn in_shape(cx: &Context, shape: &'static Shape, bytes: &[u8]) -> PyResult<Ref<Bytes>> {
        let payload = || Bytes {
            hash: AtomicI64::new(0),
            length: bytes.len(),
        };
        // SAFETY: the variable part is `length` bytes and a zero, which the closure writes.
        unsafe {
            object::new_variable(cx, shape, payload, bytes.len() + 1, |memory| {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
                *memory.add(bytes.len()) = 0;
            })
        }
    }

    fn small(cx: &Context, index: usize) -> PyResult<Ref<Bytes>> {
        if let Some(small) = SMALL.get() {
            return Ok(small[index].clone());
        }
        let mut made = Vec::with_capacity(257);
        for number in 0..=256u32 {
            let byte = [number as u8];
            let bytes = if number == 256 { &byte[..0] } else { &byte[..] };
            let bytes = Bytes::in_shape(cx, shape::get(Bytes::shape_id()), bytes)?;
            bytes.header().set_immortal();
            made.push(bytes);
        }
        // Two threads may make them; the set that comes second is never used.
        Ok(SMALL.get_or_init(|| made.into())[index].clone())
    }

    /// A copy of `bytes`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_slice(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Bytes>> {
        match bytes {
            [] => Bytes::small(cx, 256),
            [only] => Bytes::small(cx, *only as usize),
            _ => Bytes::in_shape(cx, shape::get(Bytes::shape_id()), bytes),
        }
    }

    /// A copy of `bytes` as an instance of `class`, which is `bytes` or derived from it.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of_class(cx: &Context, class: &Ref<Type>, bytes: &[u8]) -> PyResult<Ref<Bytes>> {
        if class.is(Bytes::class()) {
            return Bytes::from_slice(cx, bytes);
        }
        Bytes::in_shape(cx, class.root_shape(), bytes)
    }

    /// The object itself if it is exactly `bytes`, a copy that is so otherwise.
    ///
    /// # Errors
    /// MemoryError.
    pub fn exactly(cx: &Context, this: &Ref<Bytes>) -> PyResult<Ref<Bytes>> {
        if this.as_value().is_exact::<Bytes>() {
            Ok(this.clone())
        } else {
            Bytes::from_slice(cx, this.as_slice())
        }
    }

    /// The bytes.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `length` bytes follow the payload in the same block and never change.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).add(1).cast(), self.length) }
    }

    /// How many there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The hash, never -1.
    #[inline]
    pub fn hash(&self) -> i64 {
        match self.hash.load(Ordering::Relaxed) {
            0 => {
                let hash = hash::hash_bytes(self.as_slice());
                // As with strings: what hashes to 0 and is not empty hashes to 1.
                let hash = if hash == 0 && self.length > 0 {
                    1
                } else {
                    hash
                };
                self.hash.store(hash, Ordering::Relaxed);
                hash
            }
            hash => hash,
        }
    }
}

/// What the value's `__bytes__` returns; `None` when it has none.
///
/// # Errors
/// TypeError when that is not bytes, and what the method raises.
pub fn from_dunder_bytes(cx: &Context, value: &Value) -> PyResult<Option<Ref<Bytes>>> {
    let Some(made) = call::call_special(cx, value, names::dunder_bytes(), &[])? else {
        return Ok(None);
    };
    match made.into_ref::<Bytes>() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(other) => Err(cx.type_error(format!(
            "__bytes__ returned non-bytes (type {})",
            other.type_name()
        ))),
    }
}

/// The arguments of `bytes()` and `bytearray()`.
pub struct Source<'a> {
    pub source: Option<&'a Value>,
    pub encoding: Option<String>,
    pub errors: Option<String>,
}

impl<'a> Source<'a> {
    /// Binds `(source=b'', encoding='utf-8', errors='strict')` of `function`.
    ///
    /// # Errors
    /// TypeError when the arguments do not fit.
    pub fn bind(cx: &Context, function: &str, args: Args<'a>) -> PyResult<Source<'a>> {
        const NAMES: [&str; 3] = ["source", "encoding", "errors"];
        let given = args.values.len();
        if given > 3 {
            let kind = if args.positional().is_empty() {
                "keyword "
            } else {
                ""
            };
            return Err(cx.type_error(format!(
                "{function}() takes at most 3 {kind}arguments ({given} given)"
            )));
        }
        let mut bound: [Option<&Value>; 3] = [None; 3];
        for (place, value) in bound.iter_mut().zip(args.positional()) {
            *place = Some(value);
        }
        for (key, value) in args.keywords().iter() {
            let key = key
                .downcast::<Str>()
                .map(ToString::to_string)
                .unwrap_or_default();
            match NAMES.iter().position(|name| *name == key) {
                Some(at) if bound[at].is_none() => bound[at] = Some(value),
                Some(at) => {
                    return Err(cx.type_error(format!(
                        "argument for {function}() given by name ('{key}') and position ({})",
                        at + 1
                    )));
                }
                None => {
                    return Err(unexpected_keyword(cx, function, &key, &NAMES));
                }
            }
        }
        let text = |at: usize| -> PyResult<Option<String>> {
            let Some(value) = bound[at] else {
                return Ok(None);
            };
            match value.downcast::<Str>() {
                Some(text) => text.to_utf8(cx).map(|text| Some(text.into_owned())),
                None => Err(cx.type_error(format!(
                    "{function}() argument '{}' must be str, not {}",
                    NAMES[at],
                    value.type_name_for_argument()
                ))),
            }
        };
        Ok(Source {
            source: bound[0],
            encoding: text(1)?,
            errors: text(2)?,
        })
    }

    /// What a string source encodes to; `None` when the source is no string or absent.
    ///
    /// # Errors
    /// TypeError when encoding and errors do not fit the source, and what encoding raises.
    /// The source, when it was given without encoding and errors.
    fn only_source(&self) -> Option<&Value> {
        self.source
            .filter(|_| self.encoding.is_none() && self.errors.is_none())
    }

    pub fn encoded(&self, cx: &Context) -> PyResult<Option<Vec<u8>>> {
        let string = self.source.and_then(|source| source.downcast::<Str>());
        let Some(string) = string else {
            return if self.encoding.is_some() {
                Err(cx.type_error("encoding without a string argument"))
            } else if self.errors.is_some() {
                Err(cx.type_error("errors without a string argument"))
            } else {
                Ok(None)
            };
        };
        let Some(encoding) = &self.encoding else {
            return Err(cx.type_error("string argument without an encoding"));
        };
        let errors = self.errors.as_deref().unwrap_or("strict");
        codec::check_early(cx, encoding, errors)?;
        codec::encode(cx, string, encoding, errors).map(Some)
    }
}

/// A length that was given instead of contents. `None` when `value` is no integer.
///
/// # Errors
/// ValueError for a negative one, OverflowError for one that is too large.
pub fn count_argument(cx: &Context, value: &Value) -> PyResult<Option<usize>> {
    if !int::is_int(value) && value.class().slots.index.get().is_none() {
        return Ok(None);
    }
    match index::as_size(cx, value, exceptions::overflow_error()) {
        Ok(count) if count < 0 => Err(cx.value_error("negative count")),
        Ok(count) => Ok(Some(count as usize)),
        Err(_) => {
            cx.catch(exceptions::type_error())?;
            Ok(None)
        }
    }
}

/// `count` zero bytes.
///
/// # Errors
/// MemoryError.
pub fn zeros(cx: &Context, count: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count).map_err(|_| cx.no_memory())?;
    bytes.resize(count, 0);
    Ok(bytes)
}

/// The bytes that an iterable of integers yields. `message` is said of numbers that are no bytes.
///
/// # Errors
/// TypeError, ValueError, and what iterating raises.
pub fn from_iterable(cx: &Context, iterable: &Value, message: &str) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    iterate::for_each(cx, iterable, |item| {
        let number = match item.as_small_int() {
            Some(number) => i128::from(number),
            None => int::index_as_i128(cx, &item)?,
        };
        bytes.push(u8::try_from(number).map_err(|_| cx.value_error(message))?);
        Ok(())
    })?;
    Ok(bytes)
}

fn contents(cx: &Context, source: &Value) -> PyResult<Vec<u8>> {
    if let Some(bytes) = from_dunder_bytes(cx, source)? {
        return Ok(bytes.as_slice().to_vec());
    }
    if let Some(count) = count_argument(cx, source)? {
        return zeros(cx, count);
    }
    if buffer::has_buffer(source) {
        return buffer::to_vec(cx, source);
    }
    if !iterate::is_iterable(source) {
        return Err(cx.type_error(format!(
            "cannot convert '{}' object to bytes",
            source.type_name()
        )));
    }
    from_iterable(cx, source, "bytes must be in range(0, 256)")
}

/// `bytes(source)` without encoding, as a vector.
///
/// # Errors
/// As `bytes()`.
pub fn convert(cx: &Context, source: &Value) -> PyResult<Ref<Bytes>> {
    match source.downcast_exact::<Bytes>() {
        Some(bytes) => Ok(bytes.clone()),
        None => Bytes::from_slice(cx, &contents(cx, source)?),
    }
}

#[pymethods(tables(methods::BYTES))]
impl Bytes {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let arguments = Source::bind(cx, "bytes", args)?;
        if let Some(source) = arguments.only_source()
            && let Some(bytes) = from_dunder_bytes(cx, source)?
        {
            return if class.is(Bytes::class()) {
                Ok(bytes.into_value())
            } else {
                Bytes::of_class(cx, class, bytes.as_slice()).map(Ref::into_value)
            };
        }
        let made = match (arguments.encoded(cx)?, arguments.source) {
            (Some(bytes), _) => Bytes::from_slice(cx, &bytes)?,
            (None, Some(source)) => convert(cx, source)?,
            (None, None) => Bytes::from_slice(cx, &[])?,
        };
        if class.is(Bytes::class()) {
            return Ok(made.into_value());
        }
        Bytes::of_class(cx, class, made.as_slice()).map(Ref::into_value)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<Bytes>) -> PyResult<Value> {
        warnings::warn_bytes(cx, "str() on a bytes instance")?;
        Self::repr(cx, this)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Bytes>) -> PyResult<Value> {
        Str::from_ascii(cx, operations::repr(this.as_slice(), false).as_bytes())
            .map(Ref::into_value)
    }

    #[slot(hash)]
    fn slot_hash(_cx: &Context, this: &Ref<Bytes>) -> PyResult<i64> {
        Ok(this.hash())
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Bytes>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        match other.downcast::<Bytes>() {
            Some(other) => Ok(Value::from_bool(
                comparison.accepts(this.as_slice().cmp(other.as_slice())),
            )),
            None => {
                if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
                    if other.downcast::<Str>().is_some() {
                        warnings::warn_bytes(cx, "Comparison between bytes and string")?;
                    } else if int::is_int(other) {
                        warnings::warn_bytes(cx, "Comparison between bytes and int")?;
                    }
                }
                Ok(Value::NOT_IMPLEMENTED)
            }
        }
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Bytes>) -> PyResult<Value> {
        BytesIterator::over(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Bytes>) -> PyResult<usize> {
        Ok(this.len())
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Bytes>, item: &Value) -> PyResult<bool> {
        operations::contains(cx, item, |needle| operations::has(this.as_slice(), needle))
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<Bytes>, other: &Value) -> PyResult<Value> {
        let wrong = || {
            cx.type_error(format!(
                "can't concat {} to {}",
                other.type_name(),
                this.as_value().type_name()
            ))
        };
        if !buffer::has_buffer(other) {
            return Err(wrong());
        }
        let joined = buffer::with_bytes(cx, other, |other| [this.as_slice(), other].concat())?;
        if joined.len() == this.len() && this.as_value().is_exact::<Bytes>() {
            return Ok(this.to_value());
        }
        Bytes::from_slice(cx, &joined).map(Ref::into_value)
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<Bytes>, times: isize) -> PyResult<Value> {
        if times == 1 {
            return Bytes::exactly(cx, this).map(Ref::into_value);
        }
        let bytes = operations::repeat(cx, this.as_slice(), times)?;
        Bytes::from_slice(cx, &bytes).map(Ref::into_value)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Bytes>, at: isize) -> PyResult<Value> {
        match usize::try_from(at)
            .ok()
            .and_then(|at| this.as_slice().get(at))
        {
            Some(&byte) => int::from_i64(cx, byte.into()),
            None => Err(cx.index_error("index out of range")),
        }
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Bytes>, key: &Value) -> PyResult<Value> {
        let bytes = this.as_slice();
        match index::subscript(cx, key, bytes.len(), "byte")? {
            index::Subscript::Item(at) => int::from_i64(cx, bytes[at].into()),
            index::Subscript::Slice(slice) => {
                if slice.is_whole(bytes.len()) {
                    return Bytes::exactly(cx, this).map(Ref::into_value);
                }
                match slice.as_range() {
                    Some(range) => Bytes::from_slice(cx, &bytes[range]),
                    None => Bytes::from_slice(
                        cx,
                        &slice.indices().map(|at| bytes[at]).collect::<Vec<u8>>(),
                    ),
                }
                .map(Ref::into_value)
            }
        }
    }

    #[slot(remainder)]
    fn remainder(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match left.downcast::<Bytes>() {
            Some(format) => {
                let bytes = printf::format_bytes(cx, format.as_slice(), right)?;
                Bytes::from_slice(cx, &bytes).map(Ref::into_value)
            }
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(buffer)]
    fn buffer(_cx: &Context, this: &Ref<Bytes>) -> PyResult<Buffer> {
        Ok(Buffer {
            owner: this.to_value(),
            start: this.as_slice().as_ptr().cast_mut(),
            length: this.len(),
            read_only: true,
            format: None,
            release: None,
        })
    }

    /// Convert this value to exact type bytes.
    #[method("__bytes__(self, /)")]
    fn dunder_bytes(cx: &Context, this: &Ref<Bytes>) -> PyResult<Ref<Bytes>> {
        Bytes::exactly(cx, this)
    }

    #[method("__getnewargs__(self, /)")]
    fn getnewargs(cx: &Context, this: &Ref<Bytes>) -> PyResult<Ref<Tuple>> {
        Tuple::from_values(cx, &[Bytes::from_slice(cx, this.as_slice())?.into_value()])
    }

    /// Return a buffer object that exposes the underlying memory of the object.
    #[method("__buffer__(self, flags, /)")]
    fn dunder_buffer(cx: &Context, this: &Ref<Bytes>, flags: i64) -> PyResult<Value> {
        crate::objects::memoryview::own_buffer(cx, this.as_value(), flags).map(Ref::into_value)
    }
}
