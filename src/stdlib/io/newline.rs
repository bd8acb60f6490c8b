//! Line ends: which there are, where lines end, and their translation to `"\n"`.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, IntoValue, Maybe, Parameter, Place, Signature};
use typhon_runtime::field::Field;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::{Str, StrBuilder, Units};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::base::method;

const CR: u8 = 1;
const LF: u8 = 2;
const CRLF: u8 = 4;

/// The `newline` argument of `open`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newline {
    /// None: any end of line, read as `"\n"`.
    #[default]
    Universal,
    /// `''`: any end of line, left as it is.
    Untranslated,
    /// `'\n'`
    Lf,
    /// `'\r'`
    Cr,
    /// `'\r\n'`
    CrLf,
}

impl Newline {
    /// Reads the argument.
    ///
    /// # Errors
    /// TypeError for what is no string, ValueError for what ends no line.
    pub fn from_argument(cx: &Context, function: &str, value: Option<&Value>) -> PyResult<Newline> {
        let Some(value) = value.filter(|value| !value.is_none()) else {
            return Ok(Newline::Universal);
        };
        let Some(text) = value.downcast::<Str>() else {
            let got = value.type_name_for_argument();
            return Err(cx.type_error(format!(
                "{function}() argument 'newline' must be str or None, not {got}"
            )));
        };
        match text.as_ascii() {
            Some("") => Ok(Newline::Untranslated),
            Some("\n") => Ok(Newline::Lf),
            Some("\r") => Ok(Newline::Cr),
            Some("\r\n") => Ok(Newline::CrLf),
            _ => {
                let shown = typhon_runtime::protocols::text::repr_text(cx, value)?;
                Err(cx.value_error(format!("illegal newline value: {shown}")))
            }
        }
    }

    /// Whether a reader looks for all kinds of line ends.
    pub fn is_universal(self) -> bool {
        matches!(self, Newline::Universal | Newline::Untranslated)
    }

    /// What is written for `"\n"`, if it is something else.
    pub fn written(self) -> Option<&'static str> {
        match self {
            Newline::Cr => Some("\r"),
            Newline::CrLf => Some("\r\n"),
            _ => None,
        }
    }

    /// The argument again.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Newline::Universal => None,
            Newline::Untranslated => Some(""),
            Newline::Lf => Some("\n"),
            Newline::Cr => Some("\r"),
            Newline::CrLf => Some("\r\n"),
        }
    }
}

/// Where the first line of `units` ends, its end included. `None` when there is no end; then a line
/// may end in the rest that begins at the second number.
pub fn line_end<U: Copy + Into<u32> + 'static>(
    units: &[U],
    newline: Newline,
) -> Result<usize, usize> {
    let position = |wanted: u32| units.iter().position(|&unit| unit.into() == wanted);
    match newline {
        // What was read is translated already.
        Newline::Universal | Newline::Lf => position(10).map(|at| at + 1).ok_or(units.len()),
        Newline::Untranslated => {
            let Some(at) = units
                .iter()
                .position(|&unit| matches!(unit.into(), 10 | 13))
            else {
                return Err(units.len());
            };
            let crlf =
                units[at].into() == 13 && units.get(at + 1).is_some_and(|&unit| unit.into() == 10);
            Ok(at + if crlf { 2 } else { 1 })
        }
        Newline::Cr => position(13).map(|at| at + 1).ok_or(units.len()),
        Newline::CrLf => {
            let found = units
                .windows(2)
                .position(|pair| pair[0].into() == 13 && pair[1].into() == 10);
            match found {
                Some(at) => Ok(at + 2),
                None if units.last().is_some_and(|&last| last.into() == 13) => Err(units.len() - 1),
                None => Err(units.len()),
            }
        }
    }
}

/// [`line_end`] in a string, from `start`.
pub fn line_end_in(text: &Str, start: usize, newline: Newline) -> Result<usize, usize> {
    let found = match text.units() {
        Units::One(units) if matches!(newline, Newline::Universal | Newline::Lf) => {
            memchr::memchr(b'\n', &units[start..])
                .map(|at| at + 1)
                .ok_or(units.len() - start)
        }
        Units::One(units) => line_end(&units[start..], newline),
        Units::Two(units) => line_end(&units[start..], newline),
        Units::Four(units) => line_end(&units[start..], newline),
    };
    found.map(|at| at + start).map_err(|at| at + start)
}

fn has(text: &Str, wanted: u8) -> bool {
    match text.units() {
        Units::One(units) => memchr::memchr(wanted, units).is_some(),
        Units::Two(units) => units.contains(&wanted.into()),
        Units::Four(units) => units.contains(&wanted.into()),
    }
}

/// Whether the text contains this ASCII character.
pub fn contains(text: &Str, character: u8) -> bool {
    has(text, character)
}

/// The state of a translation, from one piece of text to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Translation {
    pub translate: bool,
    /// A `"\r"` at the end of the last piece: it waits for what follows.
    pub pending_cr: bool,
    seen: u8,
}

impl Translation {
    pub fn new(translate: bool) -> Translation {
        Translation {
            translate,
            ..Translation::default()
        }
    }

    /// As if no text had come.
    pub fn reset(&mut self) {
        self.pending_cr = false;
        self.seen = 0;
    }

    /// Takes the next piece. The state is given back for the caller to keep, since this raises.
    ///
    /// # Errors
    /// MemoryError.
    pub fn decode(&mut self, cx: &Context, text: Ref<Str>, last: bool) -> PyResult<Ref<Str>> {
        if !self.pending_cr && !has(&text, b'\r') {
            if self.seen & LF == 0 && has(&text, b'\n') {
                self.seen |= LF;
            }
            return Ok(text);
        }
        let mut points: Vec<u32> = Vec::with_capacity(text.len() + 1);
        if self.pending_cr && (last || !text.is_empty()) {
            points.push(13);
            self.pending_cr = false;
        }
        points.extend(text.code_points());
        if !last && points.last() == Some(&13) {
            points.pop();
            self.pending_cr = true;
        }
        let mut out = StrBuilder::new();
        let mut points = points.into_iter().peekable();
        while let Some(point) = points.next() {
            match point {
                10 => self.seen |= LF,
                13 if points.peek() == Some(&10) => {
                    points.next();
                    self.seen |= CRLF;
                    if !self.translate {
                        out.push(13);
                    }
                    out.push(10);
                    continue;
                }
                13 => {
                    self.seen |= CR;
                    out.push(if self.translate { 10 } else { 13 });
                    continue;
                }
                _ => {}
            }
            out.push(point);
        }
        out.finish(cx)
    }

    /// `newlines`: the kinds of line ends that came.
    ///
    /// # Errors
    /// MemoryError.
    pub fn newlines(&self, cx: &Context) -> PyResult<Value> {
        let mut kinds = Vec::new();
        for (kind, text) in [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")] {
            if self.seen & kind != 0 {
                kinds.push(text.into_value(cx)?);
            }
        }
        match kinds.len() {
            0 => Ok(Value::NONE),
            1 => Ok(kinds.remove(0)),
            _ => Tuple::from_vec(cx, kinds).map(Ref::into_value),
        }
    }
}

/// See the Python docstring.
#[pyclass(
    name = "IncrementalNewlineDecoder",
    module = "_io",
    flags(BASETYPE),
    signature = "(decoder, translate, errors='strict')",
    doc = "Codec used when reading a file in universal newlines mode.\n\nIt wraps another incremental decoder, translating \\r\\n and \\r into \\n.\nIt also records the types of newlines encountered.  When used with\ntranslate=False, it ensures that the newline sequence is returned in\none piece. When used with decoder=None, it expects unicode strings as\ndecode input and translates newlines without first invoking an external\ndecoder."
)]
pub struct IncrementalNewlineDecoder {
    /// The decoder below, or None; empty before `__init__`.
    decoder: Field,
    state: Guarded<Translation>,
}

impl Lockable for IncrementalNewlineDecoder {
    type State = Translation;
    fn guarded(&self) -> &Guarded<Translation> {
        &self.state
    }
}

impl Traverse for IncrementalNewlineDecoder {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.decoder.traverse(visit);
    }
}

static SIGNATURE: Signature = Signature {
    name: "IncrementalNewlineDecoder",
    text: "(decoder, translate, errors='strict')",
    parameters: &[
        Parameter::required("decoder"),
        Parameter::required("translate"),
        Parameter::optional("errors"),
    ],
    positional_only: 0,
    positional: 3,
    var_positional: false,
    var_keyword: false,
};

impl IncrementalNewlineDecoder {
    fn decoder(&self, cx: &Context) -> PyResult<Option<Value>> {
        match self.decoder.get() {
            Some(decoder) => Ok((!decoder.is_none()).then_some(decoder)),
            None => Err(cx.value_error("IncrementalNewlineDecoder.__init__() not called")),
        }
    }
}

#[pymethods]
impl IncrementalNewlineDecoder {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let payload = IncrementalNewlineDecoder {
            decoder: Field::empty(),
            state: Guarded::new(Translation::default()),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<IncrementalNewlineDecoder>, args: Args<'_>) -> PyResult<()> {
        let mut bound = [None; 3];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let translate = bound[1].expect("invariant: required").truth(cx)?;
        this.decoder.set(bound[0].cloned());
        this.locked(|state| *state = Translation::new(translate));
        Ok(())
    }

    #[method("decode(self, input, final=False)")]
    fn decode(
        cx: &Context,
        this: &Ref<IncrementalNewlineDecoder>,
        input: &Value,
        last: bool,
    ) -> PyResult<Ref<Str>> {
        let output = match this.decoder(cx)? {
            Some(decoder) => method(
                cx,
                &decoder,
                "decode",
                &[input.clone(), Value::from_bool(last)],
            )?,
            None => input.clone(),
        };
        let Some(text) = output.downcast::<Str>() else {
            let got = output.type_name();
            return Err(cx.type_error(format!(
                "decoder should return a string result, not '{got}'"
            )));
        };
        let mut state = this.locked(|state| *state);
        let decoded = state.decode(cx, text.clone(), last)?;
        this.locked(|own| *own = state);
        Ok(decoded)
    }

    #[method("getstate(self, /)")]
    fn getstate(cx: &Context, this: &Ref<IncrementalNewlineDecoder>) -> PyResult<Ref<Tuple>> {
        let (buffer, flag) = match this.decoder(cx)? {
            Some(decoder) => {
                let state = method(cx, &decoder, "getstate", &[])?;
                let Some(pair) = state.downcast::<Tuple>() else {
                    return Err(cx.type_error("illegal decoder state"));
                };
                let [buffer, flag] = pair.as_slice() else {
                    return Err(cx.type_error("illegal decoder state"));
                };
                (buffer.clone(), u64::from_argument(cx, flag, &PLACE)?)
            }
            None => (Bytes::from_slice(cx, &[])?.into_value(), 0),
        };
        let pending = this.locked(|state| state.pending_cr);
        let flag = (flag << 1 | u64::from(pending)).into_value(cx)?;
        Tuple::from_vec(cx, vec![buffer, flag])
    }

    #[method("setstate(self, state, /)")]
    fn setstate(
        cx: &Context,
        this: &Ref<IncrementalNewlineDecoder>,
        state: &Value,
    ) -> PyResult<Value> {
        let decoder = this.decoder(cx)?;
        let Some(pair) = state.downcast::<Tuple>() else {
            return Err(cx.type_error("state argument must be a tuple"));
        };
        let [buffer, flag] = pair.as_slice() else {
            return Err(cx.type_error("setstate(): illegal state argument"));
        };
        let flag = u64::from_argument(cx, flag, &PLACE)?;
        this.locked(|state| state.pending_cr = flag & 1 != 0);
        match decoder {
            Some(decoder) => {
                let state = Tuple::from_vec(cx, vec![buffer.clone(), (flag >> 1).into_value(cx)?])?;
                method(cx, &decoder, "setstate", &[state.into_value()])
            }
            None => Ok(Value::NONE),
        }
    }

    #[method("reset(self, /)")]
    fn reset(cx: &Context, this: &Ref<IncrementalNewlineDecoder>) -> PyResult<Value> {
        let decoder = this.decoder(cx)?;
        this.locked(Translation::reset);
        match decoder {
            Some(decoder) => method(cx, &decoder, "reset", &[]),
            None => Ok(Value::NONE),
        }
    }

    #[getter]
    fn newlines(cx: &Context, this: &Ref<IncrementalNewlineDecoder>) -> PyResult<Value> {
        this.decoder(cx)?;
        this.locked(|state| *state).newlines(cx)
    }
}

const PLACE: Place = Place {
    function: "setstate",
    position: 1,
    name: "state",
    by_name: false,
};

/// `newline=` of a constructor that may leave it out.
///
/// # Errors
/// As [`Newline::from_argument`].
pub fn optional(
    cx: &Context,
    function: &str,
    value: Maybe<&Value>,
    default: Newline,
) -> PyResult<Newline> {
    match value.0 {
        Some(value) => Newline::from_argument(cx, function, Some(value)),
        None => Ok(default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_the_mode_says() {
        let text = b"a\rb\r\nc\n";
        assert_eq!(line_end(text, Newline::Lf), Ok(5));
        assert_eq!(line_end(text, Newline::Untranslated), Ok(2));
        assert_eq!(line_end(&text[2..], Newline::Untranslated), Ok(3));
        assert_eq!(line_end(text, Newline::Cr), Ok(2));
        assert_eq!(line_end(text, Newline::CrLf), Ok(5));
        assert_eq!(
            line_end(b"ab\r", Newline::CrLf),
            Err(2),
            "the end may be about to come"
        );
        assert_eq!(line_end(b"ab", Newline::Lf), Err(2));
    }
}
