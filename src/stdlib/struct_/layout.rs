//! Formats: which values a structure has, and where.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Value, codec};

use super::ERROR;

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Char,
    Bool,
    Signed,
    Unsigned,
    /// An address: signed or not.
    Pointer,
    Float,
    Complex,
    Bytes,
    Pascal,
}

/// One value, or several of the same kind behind each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// The character of the format.
    pub(super) code: u8,
    pub(super) kind: Kind,
    pub(super) offset: usize,
    /// Bytes of one value.
    pub(super) size: usize,
    /// How many values.
    pub(super) count: usize,
}

/// A format.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) items: Box<[Item]>,
    /// Bytes in all.
    pub(super) size: usize,
    /// Values in all.
    pub(super) values: usize,
    /// Whether the most significant byte comes first.
    pub(super) big_endian: bool,
}

/// Kind, standard size (0: native formats only), native size. Alignment is by the native size, of a part
/// for complex numbers.
fn code_of(code: u8) -> Option<(Kind, usize, usize)> {
    Some(match code {
        b'x' | b's' => (Kind::Bytes, 1, 1),
        b'p' => (Kind::Pascal, 1, 1),
        b'c' => (Kind::Char, 1, 1),
        b'b' => (Kind::Signed, 1, 1),
        b'B' => (Kind::Unsigned, 1, 1),
        b'?' => (Kind::Bool, 1, 1),
        b'h' => (Kind::Signed, 2, 2),
        b'H' => (Kind::Unsigned, 2, 2),
        b'i' => (Kind::Signed, 4, 4),
        b'I' => (Kind::Unsigned, 4, 4),
        b'l' => (Kind::Signed, 4, size_of::<libc::c_long>()),
        b'L' => (Kind::Unsigned, 4, size_of::<libc::c_ulong>()),
        b'q' => (Kind::Signed, 8, 8),
        b'Q' => (Kind::Unsigned, 8, 8),
        b'n' => (Kind::Signed, 0, size_of::<isize>()),
        b'N' => (Kind::Unsigned, 0, size_of::<usize>()),
        b'P' => (Kind::Pointer, 0, size_of::<usize>()),
        b'e' => (Kind::Float, 2, 2),
        b'f' => (Kind::Float, 4, 4),
        b'd' => (Kind::Float, 8, 8),
        b'F' => (Kind::Complex, 8, 8),
        b'D' => (Kind::Complex, 16, 16),
        _ => return None,
    })
}

/// Why a format is none.
enum Malformed {
    BadCharacter,
    CountAlone,
    TooLong,
    Null,
}

impl Malformed {
    fn text(&self) -> &'static str {
        match self {
            Malformed::BadCharacter => "bad char in struct format",
            Malformed::CountAlone => "repeat count given without format specifier",
            Malformed::TooLong => "total struct size too long",
            Malformed::Null => "embedded null character",
        }
    }
}

fn parse(format: &[u8]) -> Result<Layout, Malformed> {
    if format.contains(&0) {
        return Err(Malformed::Null);
    }
    let native_is_big = cfg!(target_endian = "big");
    let (native, big_endian, rest) = match format {
        [b'@', rest @ ..] => (true, native_is_big, rest),
        [b'=', rest @ ..] => (false, native_is_big, rest),
        [b'<', rest @ ..] => (false, false, rest),
        [b'>' | b'!', rest @ ..] => (false, true, rest),
        rest => (true, native_is_big, rest),
    };
    let mut layout = Layout {
        items: Box::default(),
        size: 0,
        values: 0,
        big_endian,
    };
    let mut items = Vec::new();
    let mut characters = rest.iter().copied().peekable();
    while let Some(first) = characters.next() {
        if first.is_ascii_whitespace() || first == 0x0b {
            continue;
        }
        let (mut count, mut code) = (1usize, first);
        if first.is_ascii_digit() {
            count = 0;
            let mut digit = Some(first);
            while let Some(byte) = digit {
                let longer = count
                    .checked_mul(10)
                    .and_then(|count| count.checked_add((byte - b'0').into()));
                count = longer
                    .filter(|count| *count <= isize::MAX as usize)
                    .ok_or(Malformed::TooLong)?;
                digit = characters.next_if(u8::is_ascii_digit);
            }
            code = characters.next().ok_or(Malformed::CountAlone)?;
        }
        let (kind, standard, size) = code_of(code).ok_or(Malformed::BadCharacter)?;
        let size = if native { size } else { standard };
        if size == 0 {
            return Err(Malformed::BadCharacter);
        }
        if native {
            let alignment = if kind == Kind::Complex {
                size / 2
            } else {
                size
            };
            layout.size = layout
                .size
                .checked_next_multiple_of(alignment)
                .ok_or(Malformed::TooLong)?;
        }
        let offset = layout.size;
        let bytes = size
            .checked_mul(count)
            .and_then(|bytes| bytes.checked_add(offset));
        layout.size = bytes
            .filter(|bytes| *bytes <= isize::MAX as usize)
            .ok_or(Malformed::TooLong)?;
        match (code, kind) {
            (b'x', _) => {}
            (_, Kind::Bytes | Kind::Pascal) => {
                items.push(Item {
                    code,
                    kind,
                    offset,
                    size: count,
                    count: 1,
                });
                layout.values += 1;
            }
            _ if count > 0 => {
                items.push(Item {
                    code,
                    kind,
                    offset,
                    size,
                    count,
                });
                layout.values += count;
            }
            _ => {}
        }
    }
    layout.items = items.into();
    Ok(layout)
}

/// The characters of a format, which is a string or bytes.
pub(super) fn characters(cx: &Context, format: &Value) -> PyResult<Vec<u8>> {
    if let Some(format) = format.downcast::<Str>() {
        return codec::encode(cx, format, "ascii", "strict");
    }
    match format.downcast::<Bytes>() {
        Some(format) => Ok(format.as_slice().to_vec()),
        None => Err(cx.type_error(format!(
            "Struct() argument 1 must be a str or bytes object, not {}",
            format.type_name()
        ))),
    }
}

/// The layout that a format describes.
///
/// # Errors
/// `struct.error`.
pub(super) fn layout_of(cx: &Context, format: &[u8]) -> PyResult<Layout> {
    parse(format).map_err(|malformed| ERROR.raise(cx, malformed.text()))
}

/// Formats that a thread has used lately: as many as this.
const CACHE_SIZE: usize = 100;

thread_local! {
    static CACHE: RefCell<FxHashMap<Box<[u8]>, Rc<Layout>>> = RefCell::default();
}

/// The layout that a format describes, remembered.
///
/// # Errors
/// `struct.error`, and TypeError when the format is neither string nor bytes.
pub(super) fn cached(cx: &Context, format: &Value) -> PyResult<Rc<Layout>> {
    let known = |format: &[u8]| CACHE.with_borrow(|cache| cache.get(format).cloned());
    if let Some(text) = format
        .downcast::<Str>()
        .and_then(|format| format.as_ascii())
        && let Some(layout) = known(text.as_bytes())
    {
        return Ok(layout);
    }
    let format = characters(cx, format)?;
    if let Some(layout) = known(&format) {
        return Ok(layout);
    }
    let layout = Rc::new(layout_of(cx, &format)?);
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= CACHE_SIZE {
            cache.clear();
        }
        cache.insert(format.into(), layout.clone());
    });
    Ok(layout)
}

/// Forgets the layouts that this thread remembers.
pub(super) fn clear_cache() {
    CACHE.with_borrow_mut(FxHashMap::clear);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(format: &str) -> Option<usize> {
        parse(format.as_bytes()).ok().map(|layout| layout.size)
    }

    #[test]
    fn native_values_are_aligned() {
        assert_eq!(size("bq"), Some(16));
        assert_eq!(size("qb"), Some(9));
        assert_eq!(size("qb0q"), Some(16));
        assert_eq!(size("<bq"), Some(9));
        assert_eq!(size("bD"), Some(24));
    }

    #[test]
    fn malformed_formats_are_refused() {
        assert_eq!(size("z"), None);
        assert_eq!(size("3"), None);
        assert_eq!(size("<n"), None);
        assert_eq!(size("9223372036854775807i"), None);
        assert_eq!(size("< i h"), Some(6));
    }
}
