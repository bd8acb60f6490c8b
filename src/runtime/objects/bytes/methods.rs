//! The methods that `bytes` and `bytearray` have in common, as a table for each.
//!
//! Those of `bytearray` that search look at its bytes with its lock held, when all Python code that their
//! arguments run has been run; the others work on a copy.

use std::borrow::Cow;
use std::ops::Range;

use typhon_macros::pymethods;

use super::{Bytes, operations};
use crate::args::Maybe;
use crate::buffer::Buffer;
use crate::class::ClassFlags;
use crate::codec;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::bytearray::ByteArray;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::str_::split;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{buffer, call, iterate};
use crate::value::Value;

/// A type whose objects hold bytes.
trait ByteString: Payload {
    /// The bytes.
    fn contents(this: &Ref<Self>) -> Cow<'_, [u8]>;
    /// What `search` finds in the bytes. An object's lock may be held meanwhile.
    fn searched<R>(this: &Ref<Self>, search: impl FnOnce(&[u8]) -> R) -> R;
    /// A new object with these bytes.
    fn make(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Self>>;
    /// Keeps the bytes as many as they are while an argument runs Python code. Arguments that run none
    /// hold nothing, so that other threads may go on resizing.
    fn hold(this: &Ref<Self>, argument: &Value) -> Option<Buffer>;
    /// What a method returns that changes nothing.
    fn unchanged(cx: &Context, this: &Ref<Self>) -> PyResult<Ref<Self>>;
}

impl ByteString for Bytes {
    fn contents(this: &Ref<Bytes>) -> Cow<'_, [u8]> {
        Cow::Borrowed(this.as_slice())
    }

    fn searched<R>(this: &Ref<Bytes>, search: impl FnOnce(&[u8]) -> R) -> R {
        search(this.as_slice())
    }

    fn hold(_this: &Ref<Bytes>, _argument: &Value) -> Option<Buffer> {
        None
    }

    fn make(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, bytes)
    }

    fn unchanged(cx: &Context, this: &Ref<Bytes>) -> PyResult<Ref<Bytes>> {
        Bytes::exactly(cx, this)
    }
}

impl ByteString for ByteArray {
    fn contents(this: &Ref<ByteArray>) -> Cow<'_, [u8]> {
        Cow::Owned(this.to_vec())
    }

    fn searched<R>(this: &Ref<ByteArray>, search: impl FnOnce(&[u8]) -> R) -> R {
        this.look(search)
    }

    fn hold(this: &Ref<ByteArray>, argument: &Value) -> Option<Buffer> {
        let is_plain = !argument.class().has(ClassFlags::HEAPTYPE)
            && (buffer::has_buffer(argument) || !iterate::is_iterable(argument))
            || iterate::is_plain_sequence(argument);
        (!is_plain).then(|| this.export())
    }

    fn make(cx: &Context, bytes: &[u8]) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(cx, bytes)
    }

    fn unchanged(cx: &Context, this: &Ref<ByteArray>) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(cx, &this.to_vec())
    }
}

fn or_unchanged<T: ByteString>(
    cx: &Context,
    this: &Ref<T>,
    changed: Option<&[u8]>,
) -> PyResult<Ref<T>> {
    match changed {
        Some(bytes) => T::make(cx, bytes),
        None => T::unchanged(cx, this),
    }
}

fn list_of_parts<T: ByteString>(
    cx: &Context,
    this: &Ref<T>,
    bytes: &[u8],
    parts: Option<Vec<Range<usize>>>,
) -> PyResult<Ref<List>> {
    let parts = parts.ok_or_else(|| cx.no_memory())?;
    cx.room_for(parts.len() * size_of::<Value>())?;
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        let whole = part.len() == bytes.len();
        let part = if whole {
            T::unchanged(cx, this)?
        } else {
            T::make(cx, &bytes[part])?
        };
        values.push(part.into_value());
    }
    List::from_values(cx, values)
}

fn separator(cx: &Context, sep: &Value) -> PyResult<Vec<u8>> {
    let separator = buffer::to_vec(cx, sep)?;
    if separator.is_empty() {
        Err(cx.value_error("empty separator"))
    } else {
        Ok(separator)
    }
}

fn given(sep: &Maybe<&Value>) -> Option<Value> {
    sep.0.filter(|sep| !sep.is_none()).cloned()
}

fn limit(count: isize) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn strip<T: ByteString>(
    cx: &Context,
    this: &Ref<T>,
    chars: &Maybe<&Value>,
    left: bool,
    right: bool,
) -> PyResult<Ref<T>> {
    let bytes = T::contents(this);
    let kept = match given(chars) {
        None => split::stripped(bytes.len(), left, right, |at| {
            operations::is_space(bytes[at])
        }),
        Some(chars) => {
            let chars = buffer::to_vec(cx, &chars)?;
            split::stripped(bytes.len(), left, right, |at| chars.contains(&bytes[at]))
        }
    };
    or_unchanged(cx, this, (kept.len() < bytes.len()).then(|| &bytes[kept]))
}

/// The three parts of `partition`, as parts of `bytes`; the second is the separator.
fn partitioned<T: ByteString>(
    cx: &Context,
    this: &Ref<T>,
    sep: &Value,
    find: impl Fn(&[u8], &[u8]) -> Option<usize>,
    rest_first: bool,
) -> PyResult<Ref<Tuple>> {
    let separator = separator(cx, sep)?;
    let bytes = T::contents(this);
    let parts = match find(&bytes, &separator) {
        Some(at) => [
            T::make(cx, &bytes[..at])?.into_value(),
            if sep.is_exact::<T>() && sep.is_exact::<Bytes>() {
                sep.clone()
            } else {
                T::make(cx, &separator)?.into_value()
            },
            T::make(cx, &bytes[at + separator.len()..])?.into_value(),
        ],
        None => {
            let whole = T::unchanged(cx, this)?.into_value();
            let empty = || T::make(cx, &[]).map(Ref::into_value);
            if rest_first {
                [whole, empty()?, empty()?]
            } else {
                [empty()?, empty()?, whole]
            }
        }
    };
    Tuple::from_values(cx, &parts)
}

fn all(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    !bytes.is_empty() && bytes.iter().copied().all(is)
}

macro_rules! methods {
    ($ty:ident $table:ident) => {
        #[pymethods(table = $table)]
        impl $ty {
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[method("find(self, sub, start=None, end=None, /)")]
            fn find(
                cx: &Context,
                this: &Ref<$ty>,
                sub: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<i64> {
                let _held = $ty::hold(this, sub);
                let needle = operations::needle(cx, sub)?;
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                Ok(
                    $ty::searched(this, |bytes| operations::find(bytes, &needle, range))
                        .map_or(-1, |at| at as i64),
                )
            }

            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[method("rfind(self, sub, start=None, end=None, /)")]
            fn rfind(
                cx: &Context,
                this: &Ref<$ty>,
                sub: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<i64> {
                let _held = $ty::hold(this, sub);
                let needle = operations::needle(cx, sub)?;
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                Ok(
                    $ty::searched(this, |bytes| operations::rfind(bytes, &needle, range))
                        .map_or(-1, |at| at as i64),
                )
            }

            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[method("index(self, sub, start=None, end=None, /)")]
            fn index(
                cx: &Context,
                this: &Ref<$ty>,
                sub: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<usize> {
                let _held = $ty::hold(this, sub);
                let needle = operations::needle(cx, sub)?;
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                $ty::searched(this, |bytes| operations::find(bytes, &needle, range))
                    .ok_or_else(|| cx.value_error("subsection not found"))
            }

            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[method("rindex(self, sub, start=None, end=None, /)")]
            fn rindex(
                cx: &Context,
                this: &Ref<$ty>,
                sub: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<usize> {
                let _held = $ty::hold(this, sub);
                let needle = operations::needle(cx, sub)?;
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                $ty::searched(this, |bytes| operations::rfind(bytes, &needle, range))
                    .ok_or_else(|| cx.value_error("subsection not found"))
            }

            /// Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[method("count(self, sub, start=None, end=None, /)")]
            fn count(
                cx: &Context,
                this: &Ref<$ty>,
                sub: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<usize> {
                let _held = $ty::hold(this, sub);
                let needle = operations::needle(cx, sub)?;
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                Ok($ty::searched(this, |bytes| {
                    operations::count(bytes, &needle, range)
                }))
            }

            /// Return True if the bytes starts with the specified prefix, False otherwise.
            ///
            ///   prefix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[method("startswith(self, prefix, start=None, end=None, /)")]
            fn startswith(
                cx: &Context,
                this: &Ref<$ty>,
                prefix: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<bool> {
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                operations::has_affix(cx, prefix, "startswith", |affix| {
                    $ty::searched(this, |bytes| {
                        operations::starts_in(bytes, affix, range.clone())
                    })
                })
            }

            /// Return True if the bytes ends with the specified suffix, False otherwise.
            ///
            ///   suffix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[method("endswith(self, suffix, start=None, end=None, /)")]
            fn endswith(
                cx: &Context,
                this: &Ref<$ty>,
                suffix: &Value,
                start: Maybe<&Value>,
                end: Maybe<&Value>,
            ) -> PyResult<bool> {
                let range = operations::bounds(cx, this.len(), start.0, end.0)?;
                operations::has_affix(cx, suffix, "endswith", |affix| {
                    $ty::searched(this, |bytes| {
                        operations::ends_in(bytes, affix, range.clone())
                    })
                })
            }

            /// Return a copy with all occurrences of substring old replaced by new.
            ///
            ///   count
            ///     Maximum number of occurrences to replace.
            ///     -1 (the default value) means replace all occurrences.
            ///
            /// If the optional argument count is given, only the first count occurrences are
            /// replaced.
            #[method("replace(self, old, new, count=-1, /)")]
            fn replace(
                cx: &Context,
                this: &Ref<$ty>,
                old: &Value,
                new: &Value,
                count: isize,
            ) -> PyResult<Ref<$ty>> {
                let _held = $ty::hold(this, old);
                let old = buffer::to_vec(cx, old)?;
                let new = buffer::to_vec(cx, new)?;
                let replaced = operations::replace(&$ty::contents(this), &old, &new, limit(count));
                or_unchanged(cx, this, replaced.as_deref())
            }

            /// Return a bytes object with the given prefix string removed if present.
            ///
            /// If the bytes starts with the prefix string, return
            /// bytes[len(prefix):].  Otherwise, return a copy of the original
            /// bytes.
            #[method("removeprefix(self, prefix, /)")]
            fn removeprefix(cx: &Context, this: &Ref<$ty>, prefix: &Value) -> PyResult<Ref<$ty>> {
                let prefix = buffer::to_vec(cx, prefix)?;
                let bytes = $ty::contents(this);
                or_unchanged(
                    cx,
                    this,
                    bytes
                        .strip_prefix(&prefix[..])
                        .filter(|rest| rest.len() < bytes.len()),
                )
            }

            /// Return a bytes object with the given suffix string removed if present.
            ///
            /// If the bytes ends with the suffix string and that suffix is not
            /// empty, return bytes[:-len(prefix)].  Otherwise, return a copy of the
            /// original bytes.
            #[method("removesuffix(self, suffix, /)")]
            fn removesuffix(cx: &Context, this: &Ref<$ty>, suffix: &Value) -> PyResult<Ref<$ty>> {
                let suffix = buffer::to_vec(cx, suffix)?;
                let bytes = $ty::contents(this);
                or_unchanged(
                    cx,
                    this,
                    bytes
                        .strip_suffix(&suffix[..])
                        .filter(|rest| rest.len() < bytes.len()),
                )
            }

            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace
            ///     characters (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            #[method("split(self, /, sep=None, maxsplit=-1)")]
            fn split(
                cx: &Context,
                this: &Ref<$ty>,
                sep: Maybe<&Value>,
                maxsplit: isize,
            ) -> PyResult<Ref<List>> {
                let _held = $ty::hold(this, sep.0.unwrap_or(&Value::NONE));
                let bytes = $ty::contents(this);
                let parts = match given(&sep) {
                    Some(sep) => {
                        split::at_separator(&bytes, &separator(cx, &sep)?, limit(maxsplit))
                    }
                    None => split::at_space(&bytes, limit(maxsplit), operations::is_space),
                };
                list_of_parts(cx, this, &bytes, parts)
            }

            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace
            ///     characters (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            ///
            /// Splitting is done starting at the end of the bytes and working to
            /// the front.
            #[method("rsplit(self, /, sep=None, maxsplit=-1)")]
            fn rsplit(
                cx: &Context,
                this: &Ref<$ty>,
                sep: Maybe<&Value>,
                maxsplit: isize,
            ) -> PyResult<Ref<List>> {
                let _held = $ty::hold(this, sep.0.unwrap_or(&Value::NONE));
                let bytes = $ty::contents(this);
                let parts = match given(&sep) {
                    Some(sep) => split::at_separator_from_right(
                        &bytes,
                        &separator(cx, &sep)?,
                        limit(maxsplit),
                    ),
                    None => {
                        split::at_space_from_right(&bytes, limit(maxsplit), operations::is_space)
                    }
                };
                list_of_parts(cx, this, &bytes, parts)
            }

            /// Return a list of the lines in the bytes, breaking at line boundaries.
            ///
            /// Line breaks are not included in the resulting list unless keepends
            /// is given and true.
            #[method("splitlines(self, /, keepends=False)")]
            fn splitlines(cx: &Context, this: &Ref<$ty>, keepends: bool) -> PyResult<Ref<List>> {
                let bytes = $ty::contents(this);
                let parts = split::lines(&bytes, keepends, operations::is_line_break);
                list_of_parts(cx, this, &bytes, parts)
            }

            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes.  If the
            /// separator is found, returns a 3-tuple containing the part before the
            /// separator, the separator itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing the
            /// original bytes object and two empty bytes objects.
            #[method("partition(self, sep, /)")]
            fn partition(cx: &Context, this: &Ref<$ty>, sep: &Value) -> PyResult<Ref<Tuple>> {
                let _held = $ty::hold(this, sep);
                partitioned(
                    cx,
                    this,
                    sep,
                    |bytes, sep| operations::find(bytes, sep, Some(0..bytes.len())),
                    true,
                )
            }

            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes, starting at the
            /// end.  If the separator is found, returns a 3-tuple containing the
            /// part before the separator, the separator itself, and the part after
            /// it.
            ///
            /// If the separator is not found, returns a 3-tuple containing two
            /// empty bytes objects and the original bytes object.
            #[method("rpartition(self, sep, /)")]
            fn rpartition(cx: &Context, this: &Ref<$ty>, sep: &Value) -> PyResult<Ref<Tuple>> {
                let _held = $ty::hold(this, sep);
                partitioned(
                    cx,
                    this,
                    sep,
                    |bytes, sep| operations::rfind(bytes, sep, Some(0..bytes.len())),
                    false,
                )
            }

            /// Strip leading and trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading and trailing ASCII
            /// whitespace.
            #[method("strip(self, bytes=None, /)")]
            fn strip(cx: &Context, this: &Ref<$ty>, bytes: Maybe<&Value>) -> PyResult<Ref<$ty>> {
                strip(cx, this, &bytes, true, true)
            }

            /// Strip leading bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading  ASCII whitespace.
            #[method("lstrip(self, bytes=None, /)")]
            fn lstrip(cx: &Context, this: &Ref<$ty>, bytes: Maybe<&Value>) -> PyResult<Ref<$ty>> {
                strip(cx, this, &bytes, true, false)
            }

            /// Strip trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip trailing ASCII whitespace.
            #[method("rstrip(self, bytes=None, /)")]
            fn rstrip(cx: &Context, this: &Ref<$ty>, bytes: Maybe<&Value>) -> PyResult<Ref<$ty>> {
                strip(cx, this, &bytes, false, true)
            }

            /// Concatenate any number of bytes objects.
            ///
            /// The bytes whose method is called is inserted in between each pair.
            ///
            /// The result is returned as a new bytes object.
            ///
            /// Example: b'.'.join([b'ab', b'pq', b'rs']) -> b'ab.pq.rs'.
            #[method("join(self, iterable_of_bytes, /)")]
            fn join(
                cx: &Context,
                this: &Ref<$ty>,
                iterable_of_bytes: &Value,
            ) -> PyResult<Ref<$ty>> {
                let _held = $ty::hold(this, iterable_of_bytes);
                let joined = operations::join(cx, &$ty::contents(this), iterable_of_bytes)?;
                $ty::make(cx, &joined)
            }

            /// Return a copy with each character mapped by the given translation table.
            ///
            ///   table
            ///     Translation table, which must be a bytes object of length 256.
            ///
            /// All characters occurring in the optional argument delete are
            /// removed.  The remaining characters are mapped through the given
            /// translation table.
            #[method("translate(self, table, /, delete=b'')")]
            fn translate(
                cx: &Context,
                this: &Ref<$ty>,
                table: &Value,
                delete: Maybe<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let table = operations::translation_table(cx, table)?;
                let delete = delete
                    .0
                    .map_or(Ok(Vec::new()), |delete| buffer::to_vec(cx, delete))?;
                $ty::make(
                    cx,
                    &operations::translated(&$ty::contents(this), table.as_deref(), &delete),
                )
            }

            /// Convert a function to be a static method.
            ///
            /// A static method does not receive an implicit first argument.
            /// To declare a static method, use this idiom:
            ///
            ///    class C:
            ///        @staticmethod
            ///        def f(arg1, arg2, argN):
            ///            ...
            ///
            /// It can be called either on the class (e.g. C.f()) or on an instance
            /// (e.g. C().f()). Both the class and the instance are ignored, and
            /// neither is passed implicitly as the first argument to the method.
            ///
            /// Static methods in Python are similar to those found in Java or C++.
            /// For a more advanced concept, see the classmethod builtin.
            #[staticmethod("maketrans(frm, to, /)")]
            fn maketrans(cx: &Context, frm: &Value, to: &Value) -> PyResult<Ref<Bytes>> {
                Bytes::from_slice(cx, &operations::make_table(cx, frm, to)?)
            }

            /// Decode the bytes using the codec registered for encoding.
            ///
            ///   encoding
            ///     The encoding with which to decode the bytes.
            ///   errors
            ///     The error handling scheme to use for the handling of decoding
            ///     errors.  The default is 'strict' meaning that decoding errors
            ///     raise a UnicodeDecodeError.  Other possible values are 'ignore'
            ///     and 'replace' as well as any other name registered with
            ///     codecs.register_error that can handle UnicodeDecodeErrors.
            #[method("decode(self, /, encoding='utf-8', errors='strict')")]
            fn decode(
                cx: &Context,
                this: &Ref<$ty>,
                encoding: Maybe<&Ref<Str>>,
                errors: Maybe<&Ref<Str>>,
            ) -> PyResult<Ref<Str>> {
                let encoding = encoding
                    .0
                    .map_or(Ok("utf-8".into()), |encoding| encoding.to_utf8(cx))?;
                let errors = errors
                    .0
                    .map_or(Ok("strict".into()), |errors| errors.to_utf8(cx))?;
                codec::check_early(cx, &encoding, &errors)?;
                codec::decode(cx, &$ty::contents(this), &encoding, &errors)
            }

            /// Create a bytes object from a string of hexadecimal numbers.
            ///
            /// Spaces between two numbers are accepted.
            /// Example: bytes.fromhex('B9 01EF') -> b'\\xb9\\x01\\xef'.
            #[classmethod("fromhex(cls, string, /)")]
            fn fromhex(cx: &Context, class: &Ref<Type>, string: &Value) -> PyResult<Value> {
                let made = $ty::make(cx, &operations::from_hex(cx, string)?)?.into_value();
                if class.is($ty::class()) {
                    Ok(made)
                } else {
                    call::call(cx, class.as_value(), &[made])
                }
            }

            /// Create a string of hexadecimal numbers from a bytes object.
            ///
            ///   sep
            ///     An optional single character or byte to separate hex bytes.
            ///   bytes_per_sep
            ///     How many bytes between separators.  Positive values count from
            ///     the right, negative values count from the left.
            ///
            /// Example:
            /// >>> value = b'\xb9\x01\xef'
            /// >>> value.hex()
            /// 'b901ef'
            /// >>> value.hex(':')
            /// 'b9:01:ef'
            /// >>> value.hex(':', 2)
            /// 'b9:01ef'
            /// >>> value.hex(':', -2)
            /// 'b901:ef'
            #[method("hex(self, sep=<unrepresentable>, bytes_per_sep=1)")]
            fn hex(
                cx: &Context,
                this: &Ref<$ty>,
                sep: Maybe<&Value>,
                bytes_per_sep: i32,
            ) -> PyResult<Ref<Str>> {
                let _held = $ty::hold(this, sep.0.unwrap_or(&Value::NONE));
                operations::to_hex(cx, &$ty::contents(this), sep.0, bytes_per_sep)
            }

            /// B.lower() -> copy of B
            ///
            /// Return a copy of B with all ASCII characters converted to lowercase.
            #[method("lower(self, /)")]
            fn lower(cx: &Context, this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                $ty::make(cx, &$ty::contents(this).to_ascii_lowercase())
            }

            /// B.upper() -> copy of B
            ///
            /// Return a copy of B with all ASCII characters converted to uppercase.
            #[method("upper(self, /)")]
            fn upper(cx: &Context, this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                $ty::make(cx, &$ty::contents(this).to_ascii_uppercase())
            }

            /// B.swapcase() -> copy of B
            ///
            /// Return a copy of B with uppercase ASCII characters converted
            /// to lowercase ASCII and vice versa.
            #[method("swapcase(self, /)")]
            fn swapcase(cx: &Context, this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                let swap = |byte: u8, _| {
                    if byte.is_ascii_alphabetic() {
                        byte ^ 0x20
                    } else {
                        byte
                    }
                };
                $ty::make(cx, &operations::mapped(&$ty::contents(this), swap))
            }

            /// B.capitalize() -> copy of B
            ///
            /// Return a copy of B with only its first character capitalized (ASCII)
            /// and the rest lower-cased.
            #[method("capitalize(self, /)")]
            fn capitalize(cx: &Context, this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                let mut bytes = $ty::contents(this).to_ascii_lowercase();
                if let Some(first) = bytes.first_mut() {
                    first.make_ascii_uppercase();
                }
                $ty::make(cx, &bytes)
            }

            /// B.title() -> copy of B
            ///
            /// Return a titlecased version of B, i.e. ASCII words start with
            /// uppercase characters, all remaining cased characters have lowercase.
            #[method("title(self, /)")]
            fn title(cx: &Context, this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                let title = |byte: u8, after_letter: bool| {
                    if after_letter {
                        byte.to_ascii_lowercase()
                    } else {
                        byte.to_ascii_uppercase()
                    }
                };
                $ty::make(cx, &operations::mapped(&$ty::contents(this), title))
            }

            /// B.islower() -> bool
            ///
            /// Return True if all cased characters in B are lowercase and there is
            /// at least one cased character in B, False otherwise.
            #[method("islower(self, /)")]
            fn islower(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                let bytes = $ty::contents(this);
                Ok(bytes.iter().any(u8::is_ascii_lowercase)
                    && !bytes.iter().any(u8::is_ascii_uppercase))
            }

            /// B.isupper() -> bool
            ///
            /// Return True if all cased characters in B are uppercase and there is
            /// at least one cased character in B, False otherwise.
            #[method("isupper(self, /)")]
            fn isupper(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                let bytes = $ty::contents(this);
                Ok(bytes.iter().any(u8::is_ascii_uppercase)
                    && !bytes.iter().any(u8::is_ascii_lowercase))
            }

            /// B.istitle() -> bool
            ///
            /// Return True if B is a titlecased string and there is at least one
            /// character in B, i.e. uppercase characters may only follow uncased
            /// characters and lowercase characters only cased ones. Return False
            /// otherwise.
            #[method("istitle(self, /)")]
            fn istitle(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                Ok(operations::is_title(&$ty::contents(this)))
            }

            /// B.isalpha() -> bool
            ///
            /// Return True if all characters in B are alphabetic
            /// and there is at least one character in B, False otherwise.
            #[method("isalpha(self, /)")]
            fn isalpha(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                Ok(all(&$ty::contents(this), |byte| byte.is_ascii_alphabetic()))
            }

            /// B.isalnum() -> bool
            ///
            /// Return True if all characters in B are alphanumeric
            /// and there is at least one character in B, False otherwise.
            #[method("isalnum(self, /)")]
            fn isalnum(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                Ok(all(&$ty::contents(this), |byte| {
                    byte.is_ascii_alphanumeric()
                }))
            }

            /// B.isdigit() -> bool
            ///
            /// Return True if all characters in B are digits
            /// and there is at least one character in B, False otherwise.
            #[method("isdigit(self, /)")]
            fn isdigit(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                Ok(all(&$ty::contents(this), |byte| byte.is_ascii_digit()))
            }

            /// B.isspace() -> bool
            ///
            /// Return True if all characters in B are whitespace
            /// and there is at least one character in B, False otherwise.
            #[method("isspace(self, /)")]
            fn isspace(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                Ok(all(&$ty::contents(this), operations::is_space))
            }

            /// B.isascii() -> bool
            ///
            /// Return True if B is empty or all characters in B are ASCII,
            /// False otherwise.
            #[method("isascii(self, /)")]
            fn isascii(_cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                Ok($ty::contents(this).is_ascii())
            }

            /// Return a centered string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[method("center(self, width, fillchar=b' ', /)")]
            fn center(
                cx: &Context,
                this: &Ref<$ty>,
                width: isize,
                fillchar: Maybe<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let fill = operations::fill_byte(cx, fillchar.0, "center")?;
                let bytes = $ty::contents(this);
                let missing = usize::try_from(width)
                    .unwrap_or(0)
                    .saturating_sub(bytes.len());
                let left = missing / 2 + (missing & width.max(0) as usize & 1);
                or_padded(cx, this, &bytes, left, missing - left, fill)
            }

            /// Return a left-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[method("ljust(self, width, fillchar=b' ', /)")]
            fn ljust(
                cx: &Context,
                this: &Ref<$ty>,
                width: isize,
                fillchar: Maybe<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let fill = operations::fill_byte(cx, fillchar.0, "ljust")?;
                let bytes = $ty::contents(this);
                let missing = usize::try_from(width)
                    .unwrap_or(0)
                    .saturating_sub(bytes.len());
                or_padded(cx, this, &bytes, 0, missing, fill)
            }

            /// Return a right-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[method("rjust(self, width, fillchar=b' ', /)")]
            fn rjust(
                cx: &Context,
                this: &Ref<$ty>,
                width: isize,
                fillchar: Maybe<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let fill = operations::fill_byte(cx, fillchar.0, "rjust")?;
                let bytes = $ty::contents(this);
                let missing = usize::try_from(width)
                    .unwrap_or(0)
                    .saturating_sub(bytes.len());
                or_padded(cx, this, &bytes, missing, 0, fill)
            }

            /// Pad a numeric string with zeros on the left, to fill a field of the given width.
            ///
            /// The original string is never truncated.
            #[method("zfill(self, width, /)")]
            fn zfill(cx: &Context, this: &Ref<$ty>, width: isize) -> PyResult<Ref<$ty>> {
                let bytes = $ty::contents(this);
                let missing = usize::try_from(width)
                    .unwrap_or(0)
                    .saturating_sub(bytes.len());
                if missing == 0 {
                    return $ty::unchanged(cx, this);
                }
                $ty::make(cx, &operations::zero_filled(cx, &bytes, missing)?)
            }

            /// Return a copy where all tab characters are expanded using spaces.
            ///
            /// If tabsize is not given, a tab size of 8 characters is assumed.
            #[method("expandtabs(self, /, tabsize=8)")]
            fn expandtabs(cx: &Context, this: &Ref<$ty>, tabsize: i32) -> PyResult<Ref<$ty>> {
                let width = usize::try_from(tabsize).unwrap_or(0);
                $ty::make(
                    cx,
                    &operations::expand_tabs(cx, &$ty::contents(this), width)?,
                )
            }
        }
    };
}

fn or_padded<T: ByteString>(
    cx: &Context,
    this: &Ref<T>,
    bytes: &[u8],
    left: usize,
    right: usize,
    fill: u8,
) -> PyResult<Ref<T>> {
    if left + right == 0 {
        return T::unchanged(cx, this);
    }
    T::make(cx, &operations::padded(cx, bytes, left, right, fill)?)
}

methods!(Bytes BYTES);
methods!(ByteArray BYTEARRAY);
