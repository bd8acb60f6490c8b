//! What Python sees of `str`: slots and the methods that are about the string as a whole. The other
//! methods are in `search`, `split`, `case`, `format`.

use std::sync::atomic::{AtomicI64, AtomicU8};

use typhon_macros::pymethods;

use super::iterator::StrIterator;
use super::{Str, StrBuilder, Units, printf};
use crate::args::{Args, Maybe, unexpected_keyword};
use crate::codec;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref};
use crate::objects::dict::Dict;
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{index, iterate, sequence, text};
use crate::shape::{self, Shape};
use crate::slots::Comparison;
use crate::value::Value;

impl Str {
    /// A string in `shape` whose units are `bytes`, `width` bytes each.
    fn from_unit_bytes(
        cx: &Context,
        shape: &'static Shape,
        bytes: &[u8],
        width: u8,
        ascii: bool,
    ) -> PyResult<Ref<Str>> {
        let Ok(length) = u32::try_from(bytes.len() / width as usize) else {
            return Err(cx.no_memory());
        };
        let payload = || Str {
            hash: AtomicI64::new(0),
            length,
            width,
            ascii,
            interned: AtomicU8::new(0),
        };
        // SAFETY: the variable part is length × width bytes, which the closure writes.
        unsafe {
            object::new_variable(cx, shape, payload, bytes.len(), |memory| {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
            })
        }
    }

    /// The text of `source` as an instance of `class`, which is `str` or derived from it.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of_class(cx: &Context, class: &Ref<Type>, source: &Ref<Str>) -> PyResult<Ref<Str>> {
        if class.is(Str::class()) && source.as_value().is_exact::<Str>() {
            return Ok(source.clone());
        }
        let shape = if class.is(Str::class()) {
            shape::get(Str::shape_id())
        } else {
            class.root_shape()
        };
        Str::from_unit_bytes(cx, shape, source.bytes(), source.width, source.ascii)
    }

    /// The string itself if it is exactly a `str`, a copy that is one otherwise.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn exactly(cx: &Context, source: &Ref<Str>) -> PyResult<Ref<Str>> {
        if source.as_value().is_exact::<Str>() {
            return Ok(source.clone());
        }
        Str::of_class(cx, Str::class(), source)
    }

    /// `self * times`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn repeated(&self, cx: &Context, times: usize) -> PyResult<Ref<Str>> {
        if times == 0 || self.is_empty() {
            return Ok(Str::empty());
        }
        match self.byte_len().checked_mul(times) {
            Some(size) if size <= u32::MAX as usize * 4 => cx.room_for(size)?,
            _ => return Err(cx.no_memory()),
        }
        Str::of_repeated_units(cx, self, times)
    }

    /// Compares by code points.
    #[inline]
    pub fn order(&self, other: &Str) -> std::cmp::Ordering {
        match (self.units(), other.units()) {
            (Units::One(left), Units::One(right)) => super::bytes_order(left, right),
            (Units::Two(left), Units::Two(right)) => left.cmp(right),
            (Units::Four(left), Units::Four(right)) => left.cmp(right),
            _ => self.code_points().cmp(other.code_points()),
        }
    }
}

/// `repr` of a string with these code points, which may hold any.
pub(super) fn repr_of(string: &Str) -> StrBuilder {
    let points = || string.code_points();
    let has_single = points().any(|point| point == u32::from(b'\''));
    let quote = if has_single && !points().any(|point| point == u32::from(b'"')) {
        b'"'
    } else {
        b'\''
    };
    let mut out = StrBuilder::new();
    out.push(quote.into());
    for point in points() {
        match point {
            _ if point == u32::from(quote) || point == u32::from(b'\\') => {
                out.push(b'\\'.into());
                out.push(point);
            }
            0x0a => out.push_text("\\n"),
            0x0d => out.push_text("\\r"),
            0x09 => out.push_text("\\t"),
            _ if super::properties::is_printable(point) => out.push(point),
            0..0x100 => out.push_text(&format!("\\x{point:02x}")),
            0x100..0x1_0000 => out.push_text(&format!("\\u{point:04x}")),
            _ => out.push_text(&format!("\\U{point:08x}")),
        }
    }
    out.push(quote.into());
    out
}

/// The argument `name` of `str()`, which must be a string.
fn text_argument(cx: &Context, name: &str, value: Option<&Value>) -> PyResult<Option<String>> {
    let Some(value) = value else { return Ok(None) };
    match value.downcast::<Str>() {
        Some(text) => text.to_utf8(cx).map(|text| Some(text.into_owned())),
        None => {
            let got = value.type_name_for_argument();
            Err(cx.type_error(format!("str() argument '{name}' must be str, not {got}")))
        }
    }
}

fn make(
    cx: &Context,
    object: Option<&Value>,
    encoding: Option<&Value>,
    errors: Option<&Value>,
) -> PyResult<Ref<Str>> {
    let encoding = text_argument(cx, "encoding", encoding)?;
    let errors = text_argument(cx, "errors", errors)?;
    let Some(object) = object else {
        return Ok(Str::empty());
    };
    if encoding.is_none() && errors.is_none() {
        return text::str(cx, object);
    }
    if object.downcast::<Str>().is_some() {
        return Err(cx.type_error("decoding str is not supported"));
    }
    if object.class().slots.buffer.get().is_none() {
        let got = object.type_name();
        return Err(cx.type_error(format!(
            "decoding to str: need a bytes-like object, {got} found"
        )));
    }
    let buffer = crate::protocols::buffer::get_buffer(cx, object)?;
    let encoding = encoding.as_deref().unwrap_or("utf-8");
    let errors = errors.as_deref().unwrap_or("strict");
    codec::check_early(cx, encoding, errors)?;
    codec::decode(cx, buffer.as_slice(), encoding, errors)
}

/// `separator.join(values)`.
fn join_values(cx: &Context, separator: &Ref<Str>, values: &[Value]) -> PyResult<Ref<Str>> {
    let is_text = |value: &Value| value.downcast::<Str>().is_some();
    if let Some(at) = values.iter().position(|value| !is_text(value)) {
        return Err(cx.type_error(format!(
            "sequence item {at}: expected str instance, {} found",
            values[at].type_name()
        )));
    }
    // SAFETY: each value is a string, as was just found; a reference to one is the same word.
    let parts = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) };
    let separator: Option<&Str> = (!separator.is_empty()).then_some(separator);
    match parts {
        [only] => Str::exactly(cx, only),
        _ => Str::join(cx, separator, parts),
    }
}

#[pymethods(tables(
    super::search::SEARCH,
    super::split::SPLIT,
    super::case::CASE,
    super::format::FORMAT
))]
impl Str {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        const NAMES: [&str; 3] = ["object", "encoding", "errors"];
        let positional = args.positional();
        if args.names.is_empty()
            && let [object] = positional
            && class.is(Str::class())
        {
            return text::str(cx, object).map(Ref::into_value);
        }
        let given = args.values.len();
        if given > 3 {
            return Err(cx.type_error(if args.names.is_empty() {
                format!("str expected at most 3 arguments, got {given}")
            } else {
                format!("str() takes at most 3 arguments ({given} given)")
            }));
        }
        let mut bound: [Option<&Value>; 3] = [None; 3];
        for (place, value) in bound.iter_mut().zip(positional) {
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
                        "argument for str() given by name ('{key}') and position ({})",
                        at + 1
                    )));
                }
                None => {
                    return Err(unexpected_keyword(cx, "str", &key, &NAMES));
                }
            }
        }
        let made = make(cx, bound[0], bound[1], bound[2])?;
        if class.is(Str::class()) {
            return Ok(made.into_value());
        }
        Str::of_class(cx, class, &made).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Str>) -> PyResult<Value> {
        if let Some(text) = this.as_ascii()
            && text
                .bytes()
                .all(|byte| (0x20..0x7f).contains(&byte) && byte != b'\'' && byte != b'\\')
        {
            return Str::from_ascii(cx, format!("'{text}'").as_bytes()).map(Ref::into_value);
        }
        repr_of(this).finish_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<Str>) -> PyResult<Value> {
        Str::exactly(cx, this).map(Ref::into_value)
    }

    #[slot(hash)]
    fn slot_hash(_cx: &Context, this: &Ref<Str>) -> PyResult<i64> {
        Ok(this.hash())
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<Str>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Str>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let answer = match comparison {
            Comparison::Equal => this.equals_str(other),
            Comparison::NotEqual => !this.equals_str(other),
            _ => comparison.accepts(this.order(other)),
        };
        Ok(Value::from_bool(answer))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Str>) -> PyResult<Value> {
        StrIterator::over(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Str>) -> PyResult<usize> {
        Ok(this.len())
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Str>, item: &Value) -> PyResult<bool> {
        match item.downcast::<Str>() {
            Some(needle) => Ok(super::search::find(this, needle, 0, this.len()).is_some()),
            None => Err(cx.type_error(format!(
                "'in <string>' requires string as left operand, not {}",
                item.type_name()
            ))),
        }
    }

    #[slot(concat)]
    fn slot_concat(cx: &Context, this: &Ref<Str>, other: &Value) -> PyResult<Value> {
        let Some(second) = other.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "can only concatenate str (not \"{}\") to str",
                other.type_name()
            )));
        };
        if this.is_empty() {
            return Str::exactly(cx, second).map(Ref::into_value);
        }
        if second.is_empty() {
            return Str::exactly(cx, this).map(Ref::into_value);
        }
        this.concat(cx, second).map(Ref::into_value)
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<Str>, times: isize) -> PyResult<Value> {
        if times == 1 {
            return Str::exactly(cx, this).map(Ref::into_value);
        }
        this.repeated(cx, times.max(0) as usize)
            .map(Ref::into_value)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Str>, at: isize) -> PyResult<Value> {
        match usize::try_from(at).ok().filter(|&at| at < this.len()) {
            Some(at) => Str::from_code_point(cx, this.code_point(at)).map(Ref::into_value),
            None => Err(cx.index_error("string index out of range")),
        }
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Str>, key: &Value) -> PyResult<Value> {
        match index::subscript(cx, key, this.len(), "string")? {
            index::Subscript::Item(at) => {
                Str::from_code_point(cx, this.code_point(at)).map(Ref::into_value)
            }
            index::Subscript::Slice(slice) => {
                if slice.is_whole(this.len()) {
                    return Str::exactly(cx, this).map(Ref::into_value);
                }
                if let Some(range) = slice.as_range() {
                    return this
                        .substring(cx, range.start, range.end)
                        .map(Ref::into_value);
                }
                let points: Vec<u32> = slice.indices().map(|at| this.code_point(at)).collect();
                Str::from_code_points(cx, &points).map(Ref::into_value)
            }
        }
    }

    #[slot(remainder)]
    fn remainder(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match left.downcast::<Str>() {
            Some(format) => printf::format_str(cx, format, right).map(Ref::into_value),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    /// Concatenate any number of strings.
    ///
    /// The string whose method is called is inserted in between each given
    /// string.  The result is returned as a new string.
    ///
    /// Example: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'
    #[method("join(self, iterable, /)")]
    fn join_method(cx: &Context, this: &Ref<Str>, iterable: &Value) -> PyResult<Ref<Str>> {
        if !iterate::is_iterable(iterable) {
            return Err(cx.type_error("can only join an iterable"));
        }
        if let Some(list) = iterable.downcast_exact::<List>()
            && let Some(joined) = list.look_if_exclusive(|parts| join_values(cx, this, parts))
        {
            return joined;
        }
        if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
            return join_values(cx, this, tuple.as_slice());
        }
        join_values(cx, this, &iterate::collect(cx, iterable)?)
    }

    /// Encode the string using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding in which to encode the string.
    ///   errors
    ///     The error handling scheme to use for encoding errors.
    ///     The default is 'strict' meaning that encoding errors raise a
    ///     UnicodeEncodeError.  Other possible values are 'ignore', 'replace'
    ///     and 'xmlcharrefreplace' as well as any other name registered with
    ///     codecs.register_error that can handle UnicodeEncodeErrors.
    #[method("encode(self, /, encoding='utf-8', errors='strict')")]
    fn encode(
        cx: &Context,
        this: &Ref<Str>,
        encoding: Maybe<&Ref<Str>>,
        errors: Maybe<&Ref<Str>>,
    ) -> PyResult<Value> {
        let encoding = encoding
            .0
            .map_or(Ok("utf-8".into()), |encoding| encoding.to_utf8(cx))?;
        let errors = errors
            .0
            .map_or(Ok("strict".into()), |errors| errors.to_utf8(cx))?;
        codec::check_early(cx, &encoding, &errors)?;
        codec::encode_to_object(cx, this, &encoding, &errors)
    }

    /// Replace each character in the string using the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a mapping of Unicode ordinals
    ///     to Unicode ordinals, strings, or None.
    ///
    /// The table must implement lookup/indexing via __getitem__, for
    /// instance a dictionary or list.  If this operation raises
    /// LookupError, the character is left untouched.  Characters mapped to
    /// None are deleted.
    #[method("translate(self, table, /)")]
    fn translate(cx: &Context, this: &Ref<Str>, table: &Value) -> PyResult<Ref<Str>> {
        let mut out = StrBuilder::new();
        let dict = table.downcast_exact::<Dict>();
        // One look-up for each ASCII character, as long as the answers are plain.
        let mut known: [Option<Option<u32>>; 128] = [None; 128];
        for point in this.code_points() {
            if let Some(Some(answer)) = known.get(point as usize) {
                if let Some(replacement) = answer {
                    out.push(*replacement);
                }
                continue;
            }
            let key = int::from_i64(cx, point.into())?;
            let found = match &dict {
                // What a dict lacks takes no exception to say.
                Some(dict) => match dict.get_item(cx, &key)? {
                    Some(found) => Ok(found),
                    None => {
                        out.push(point);
                        if let Some(place) = known.get_mut(point as usize) {
                            *place = Some(Some(point));
                        }
                        continue;
                    }
                },
                None => sequence::get_item(cx, table, &key),
            };
            let found = match found {
                Ok(found) => found,
                Err(_) => {
                    cx.catch(exceptions::lookup_error())?;
                    out.push(point);
                    if let Some(place) = known.get_mut(point as usize) {
                        *place = Some(Some(point));
                    }
                    continue;
                }
            };
            if found.is_none() {
                if let Some(place) = known.get_mut(point as usize) {
                    *place = Some(None);
                }
            } else if let Some(text) = found.downcast::<Str>() {
                out.push_str(text);
            } else if let Some(number) = int::view(&found) {
                let number = number
                    .to_i64()
                    .and_then(|number| u32::try_from(number).ok())
                    .filter(|&n| n < 0x11_0000);
                let Some(number) = number else {
                    return Err(cx.value_error("character mapping must be in range(0x110000)"));
                };
                out.push(number);
                if let Some(place) = known.get_mut(point as usize) {
                    *place = Some(Some(number));
                }
            } else {
                return Err(cx.type_error("character mapping must return integer, None or str"));
            }
        }
        out.finish(cx)
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
    #[staticmethod("maketrans(x, y=<unrepresentable>, z=<unrepresentable>, /)")]
    fn maketrans(
        cx: &Context,
        x: &Value,
        y: Maybe<&Ref<Str>>,
        z: Maybe<&Ref<Str>>,
    ) -> PyResult<Ref<Dict>> {
        let table = Dict::new(cx)?;
        if let Some(to) = y.0 {
            let Some(from) = x.downcast::<Str>() else {
                return Err(cx.type_error(
                    "first maketrans argument must be a string if there is a second argument",
                ));
            };
            if from.len() != to.len() {
                return Err(
                    cx.value_error("the first two maketrans arguments must have equal length")
                );
            }
            for (from, to) in from.code_points().zip(to.code_points()) {
                table.set_item(
                    cx,
                    &int::from_i64(cx, from.into())?,
                    int::from_i64(cx, to.into())?,
                )?;
            }
            for deleted in z.0.iter().flat_map(|deleted| deleted.code_points()) {
                table.set_item(cx, &int::from_i64(cx, deleted.into())?, Value::NONE)?;
            }
            return Ok(table);
        }
        let Some(source) = x.downcast::<Dict>() else {
            return Err(
                cx.type_error("if you give only one argument to maketrans it must be a dict")
            );
        };
        for (key, value) in source.items_snapshot(cx)? {
            if let Some(text) = key.downcast::<Str>() {
                if text.len() != 1 {
                    return Err(cx.value_error("string keys in translatetable must be of length 1"));
                }
                table.set_item(cx, &int::from_i64(cx, text.code_point(0).into())?, value)?;
            } else if int::is_int(&key) {
                table.set_item(cx, &key, value)?;
            } else {
                return Err(cx.type_error("keys in translate table mustbe strings or integers"));
            }
        }
        Ok(table)
    }

    /// Return True if the string is a valid Python identifier, False otherwise.
    ///
    /// Call keyword.iskeyword(s) to test whether string s is a reserved
    /// identifier, such as "def" or "class".
    #[method("isidentifier(self, /)")]
    fn isidentifier(_cx: &Context, this: &Ref<Str>) -> PyResult<bool> {
        Ok(this.is_identifier())
    }

    /// Return the size of the string in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Str>) -> PyResult<usize> {
        Ok(size_of::<crate::object::Object<Str>>() + this.byte_len())
    }

    #[method("__getnewargs__(self, /)")]
    fn getnewargs(cx: &Context, this: &Ref<Str>) -> PyResult<Ref<Tuple>> {
        let mut copy = StrBuilder::new();
        copy.push_str(this);
        Tuple::from_values(cx, &[copy.finish_value(cx)?])
    }
}
