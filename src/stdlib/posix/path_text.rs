//! Paths as text: what `posixpath` does without asking the system.
//!
//! Written over any type of unit, so that `str` with surrogates is treated like every other.

use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::path::fspath;

/// A character of a path: a byte or a code point.
trait Unit: Copy + PartialEq {
    fn of(ascii: u8) -> Self;
}

impl Unit for u8 {
    fn of(ascii: u8) -> u8 {
        ascii
    }
}

impl Unit for u32 {
    fn of(ascii: u8) -> u32 {
        ascii.into()
    }
}

/// How many leading slashes are the root: two mean something of their own (POSIX), three are one.
fn root_length<U: Unit>(path: &[U]) -> usize {
    let slash = U::of(b'/');
    match path {
        [first, rest @ ..] if *first == slash => match rest {
            [second, third @ ..] if *second == slash && third.first() != Some(&slash) => 2,
            _ => 1,
        },
        _ => 0,
    }
}

/// The path without empty parts, `.` and, as far as that is possible, `..`.
fn normal<U: Unit>(path: &[U]) -> Vec<U> {
    let (slash, dot) = (U::of(b'/'), U::of(b'.'));
    let root = root_length(path);
    let mut kept: Vec<&[U]> = Vec::new();
    for part in path.split(|unit| *unit == slash) {
        let is_up = |part: &[U]| part == [dot, dot];
        if part.is_empty() || part == [dot] {
            continue;
        }
        if !is_up(part) {
            kept.push(part);
        } else if kept.last().is_some_and(|last| !is_up(last)) {
            kept.pop();
        } else if root == 0 {
            kept.push(part);
        }
    }
    let mut made = vec![slash; if root == 2 { 2 } else { root.min(1) }];
    for (at, part) in kept.iter().enumerate() {
        if at > 0 {
            made.push(slash);
        }
        made.extend_from_slice(part);
    }
    if made.is_empty() { vec![dot] } else { made }
}

/// `os.fspath`, with the message of the functions here.
fn path_argument(cx: &Context, function: &str, argument: &str, path: &Value) -> PyResult<Value> {
    if path.class().slots.index.get().is_some() || path.is_none() {
        let got = path.type_name();
        return Err(cx.type_error(format!(
            "{function}: {argument} should be string, bytes or os.PathLike, not {got}"
        )));
    }
    fspath(cx, path)
}

/// Normalize path, eliminating double slashes, etc.
#[pyfunction("_path_normpath(path)")]
pub(super) fn path_normpath(cx: &Context, path: &Value) -> PyResult<Value> {
    let path = path_argument(cx, "_path_normpath", "path", path)?;
    match path.downcast::<Str>() {
        Some(text) if text.is_ascii() => {
            Str::from_ascii(cx, &normal(text.bytes())).map(Ref::into_value)
        }
        Some(text) => {
            let points: Vec<u32> = text.code_points().collect();
            Str::from_code_points(cx, &normal(&points)).map(Ref::into_value)
        }
        None => {
            let bytes = path
                .downcast::<Bytes>()
                .expect("invariant: fspath gives str or bytes");
            Bytes::from_slice(cx, &normal(bytes.as_slice())).map(Ref::into_value)
        }
    }
}

/// Split a pathname into drive, root and tail.
///
/// The tail contains anything after the root.
#[pyfunction("_path_splitroot_ex(p)")]
pub(super) fn path_splitroot_ex(cx: &Context, p: &Value) -> PyResult<Ref<Tuple>> {
    let path = path_argument(cx, "_path_splitroot_ex", "path", p)?;
    let parts = match path.downcast::<Str>() {
        Some(text) => {
            let start: Vec<u32> = text.code_points().take(3).collect();
            let root = root_length(&start);
            let (head, tail) = (
                text.substring(cx, 0, root)?,
                text.substring(cx, root, text.len())?,
            );
            vec!["".into_value(cx)?, head.into_value(), tail.into_value()]
        }
        None => {
            let bytes = path
                .downcast::<Bytes>()
                .expect("invariant: fspath gives str or bytes")
                .as_slice();
            let (head, tail) = bytes.split_at(root_length(bytes));
            let parts = [&b""[..], head, tail];
            parts
                .iter()
                .map(|part| Bytes::from_slice(cx, part).map(Ref::into_value))
                .collect::<PyResult<_>>()?
        }
    };
    Tuple::from_vec(cx, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_paths() {
        for (path, wanted) in [
            ("", "."),
            ("/", "/"),
            ("//", "//"),
            ("///", "/"),
            ("///foo/.//bar//", "/foo/bar"),
            ("///foo/.//bar//.//..//.//baz///////", "/foo/baz"),
            ("///..//./foo/.//bar", "/foo/bar"),
            (".", "."),
            ("..", ".."),
            ("../..", "../.."),
            ("a/../../b", "../b"),
            ("//../a", "//a"),
            ("../a/..", ".."),
            ("a/./b/..", "a"),
        ] {
            assert_eq!(
                normal(path.as_bytes()),
                wanted.as_bytes(),
                "normpath({path:?})"
            );
        }
    }
}
