//! `str`: an immutable sequence of code points, lone surrogates included.
//!
//! ```text
//!   Header | hash | length | width | flags | units …
//!                                            length × width bytes, behind the payload
//! ```
//! A string's units are as wide as its largest code point needs: 1 byte up to U+00FF, 2 up to
//! U+FFFF, 4 beyond (PEP 393). `ascii` says that all are below U+0080; then the units are UTF-8.
//! Equal strings thus have equal width and equal bytes. The hash is computed once and kept; 0 means
//! "not yet".
//!
//! Files: `build` (making strings), `intern` (names and the table of interned strings), `properties`
//! (what Unicode says of code points); what Python sees: `methods`, `search`, `split`, `case`, `format`
//! (`str.format`), `printf` (the `%` operator), `iterator`.

mod build;
mod case;
pub mod format;
mod intern;
mod iterator;
mod methods;
pub mod printf;
pub mod properties;
pub(crate) mod search;
pub(crate) mod split;

use std::borrow::Cow;
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use typhon_macros::pyclass;
use typhon_sync::Header;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Object, Ref};

pub use build::StrBuilder;
pub use intern::{Name, names};
pub use iterator::{StrAsciiIterator, StrIterator};

/// The payload of `str`. See the module's header.
#[pyclass(
    name = "str",
    flags(BASETYPE, MATCH_SELF),
    plain,
    variable = variable_size,
    doc = "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nCreate a new string object from the given object. If encoding or\nerrors is specified, then the object must expose a data buffer\nthat will be decoded using the given encoding and error handler.\nOtherwise, returns the result of object.__str__() (if defined)\nor repr(object).\nencoding defaults to 'utf-8'.\nerrors defaults to 'strict'."
)]
pub struct Str {
    hash: AtomicI64,
    length: u32,
    width: u8,
    ascii: bool,
    interned: AtomicU8,
}

unsafe fn variable_size(object: NonNull<Header>) -> usize {
    // SAFETY: the object's payload is a `Str`, which is never changed after it is made.
    let payload = unsafe { &*object.byte_add(size_of::<Header>()).cast::<Str>().as_ptr() };
    payload.byte_len()
}

/// The units of a string.
#[derive(Clone, Copy, Debug)]
pub enum Units<'a> {
    One(&'a [u8]),
    Two(&'a [u16]),
    Four(&'a [u32]),
}

impl Str {
    /// Length in code points.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are no code points.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Bytes of a unit: 1, 2 or 4.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// Whether all code points are below U+0080.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Bytes of all units.
    #[inline(always)]
    pub fn byte_len(&self) -> usize {
        self.length as usize * self.width as usize
    }

    #[inline(always)]
    fn start(&self) -> *const u8 {
        // SAFETY: the units are right behind the payload, in the same block.
        unsafe { std::ptr::from_ref(self).add(1).cast() }
    }

    /// The units as bytes.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `byte_len` bytes of units follow the payload.
        unsafe { std::slice::from_raw_parts(self.start(), self.byte_len()) }
    }

    /// The units by width.
    #[inline(always)]
    pub fn units(&self) -> Units<'_> {
        // SAFETY: as in `bytes`; the block is 16-byte aligned and the payload a multiple of 8 bytes.
        unsafe {
            match self.width {
                1 => Units::One(std::slice::from_raw_parts(self.start(), self.len())),
                2 => Units::Two(std::slice::from_raw_parts(self.start().cast(), self.len())),
                _ => Units::Four(std::slice::from_raw_parts(self.start().cast(), self.len())),
            }
        }
    }

    /// The code point at `index`, which is in range.
    #[inline]
    pub fn code_point(&self, index: usize) -> u32 {
        match self.units() {
            Units::One(units) => units[index].into(),
            Units::Two(units) => units[index].into(),
            Units::Four(units) => units[index],
        }
    }

    /// The code points.
    pub fn code_points(&self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| self.code_point(index))
    }

    /// The text, if it is ASCII.
    #[inline]
    pub fn as_ascii(&self) -> Option<&str> {
        // SAFETY: ASCII is UTF-8.
        self.ascii
            .then(|| unsafe { std::str::from_utf8_unchecked(self.bytes()) })
    }

    /// The text as Rust has it. `None` when there are lone surrogates.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        if let Some(text) = self.as_ascii() {
            return Some(Cow::Borrowed(text));
        }
        self.code_points()
            .map(char::from_u32)
            .collect::<Option<String>>()
            .map(Cow::Owned)
    }

    /// The text with lone surrogates replaced by U+FFFD.
    pub fn to_lossy(&self) -> Cow<'_, str> {
        if let Some(text) = self.as_ascii() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(
            self.code_points()
                .map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        )
    }

    /// Whether this is the text `text`.
    #[inline]
    pub fn equals(&self, text: &str) -> bool {
        match self.as_ascii() {
            Some(own) => own == text,
            None => self.code_points().eq(text.chars().map(u32::from)),
        }
    }

    /// Whether both are the same text.
    #[inline]
    pub fn equals_str(&self, other: &Str) -> bool {
        if self.length != other.length || self.width != other.width {
            return false;
        }
        bytes_equal(self.bytes(), other.bytes())
    }

    /// The hash, never 0 nor -1.
    #[inline]
    pub fn hash(&self) -> i64 {
        match self.hash.load(Ordering::Relaxed) {
            0 => self.hash_slow(),
            hash => hash,
        }
    }

    #[cold]
    fn hash_slow(&self) -> i64 {
        let hash = Str::hash_of_bytes(self.bytes());
        // Every thread computes the same.
        self.hash.store(hash, Ordering::Relaxed);
        hash
    }

    /// The hash of a string whose units are these bytes.
    fn hash_of_bytes(bytes: &[u8]) -> i64 {
        match crate::protocols::hash::hash_bytes(bytes) {
            0 if !bytes.is_empty() => 1,
            hash => hash,
        }
    }

    /// Whether the string is in the table of interned strings.
    #[inline(always)]
    pub fn is_interned(&self) -> bool {
        self.interned.load(Ordering::Relaxed) != 0
    }

    /// Whether this could be the name of a variable.
    pub fn is_identifier(&self) -> bool {
        let Some(text) = self.as_text() else {
            return false;
        };
        let mut chars = text.chars();
        chars
            .next()
            .is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
            && chars.all(unicode_ident::is_xid_continue)
    }
}

impl Ref<Str> {
    /// The text as UTF-8.
    ///
    /// # Errors
    /// UnicodeEncodeError when there are lone surrogates.
    pub fn to_utf8(&self, cx: &Context) -> PyResult<Cow<'_, str>> {
        match self.as_text() {
            Some(text) => Ok(text),
            None => {
                let position = self
                    .code_points()
                    .position(|point| char::from_u32(point).is_none())
                    .expect("invariant: only surrogates are not chars");
                Err(crate::objects::exceptions::raise_unicode_encode(
                    cx,
                    "utf-8",
                    self,
                    position,
                    position + 1,
                    "surrogates not allowed",
                ))
            }
        }
    }

    /// The object's payload address, as an identity of interned strings.
    #[inline(always)]
    pub fn address(&self) -> usize {
        self.as_ptr().as_ptr() as usize
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_lossy())
    }
}

impl fmt::Display for Ref<Str> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_lossy())
    }
}

const _: () = assert!(size_of::<Object<Str>>() == 32);

/// Which of both comes first. Most differ in their first bytes, for which nothing is called.
#[inline]
fn bytes_order(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
    if let (Some(left), Some(right)) = (left.first_chunk(), right.first_chunk()) {
        let (left, right) = (u64::from_be_bytes(*left), u64::from_be_bytes(*right));
        if left != right {
            return left.cmp(&right);
        }
    } else if let (Some(first), Some(second)) = (left.first(), right.first())
        && first != second
    {
        return first.cmp(second);
    }
    left.cmp(right)
}

/// Whether both are the same bytes, of one length. Short texts are compared too often to call out for it.
#[inline]
fn bytes_equal(left: &[u8], right: &[u8]) -> bool {
    let words = |bytes: &[u8]| -> Option<(u64, u64)> {
        let first = u64::from_ne_bytes(*bytes.first_chunk()?);
        Some((first, u64::from_ne_bytes(*bytes.last_chunk()?)))
    };
    let halves = |bytes: &[u8]| -> Option<(u32, u32)> {
        let first = u32::from_ne_bytes(*bytes.first_chunk()?);
        Some((first, u32::from_ne_bytes(*bytes.last_chunk()?)))
    };
    match left.len() {
        0..4 => left.iter().zip(right).all(|(left, right)| left == right),
        4..8 => halves(left) == halves(right),
        8..=16 => words(left) == words(right),
        _ => left == right,
    }
}
