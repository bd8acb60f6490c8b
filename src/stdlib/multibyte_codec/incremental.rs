//! Encoders and decoders of pieces.
//!
//! What is between two pieces (the codec's state, and the beginning of a character) is copied, worked on
//! without a lock, and put back when all went well: a piece that cannot be encoded or decoded leaves no
//! trace.

use num_bigint::{BigInt, Sign};
use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::codec::errors::DecodeError;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value, object};

use super::engine::State;
use super::transcode;
use super::{MultibyteCodec, as_text, codec_of};
use crate::bytes_like::BytesLike;

/// How many characters an encoder keeps at most.
const MOST_CHARACTERS: usize = 2;

/// How many bytes a decoder keeps at most.
const MOST_BYTES: usize = 8;

/// A codec and what it is to do with errors.
pub struct Scheme {
    pub codec: Ref<MultibyteCodec>,
    errors: Mutex<String>,
}

impl Scheme {
    pub fn new(cx: &Context, class: &Ref<Type>, errors: Option<&Value>) -> PyResult<Scheme> {
        let codec = codec_of(cx, class)?;
        let errors = match errors {
            Some(errors) => error_scheme(cx, errors)?,
            None => "strict".to_owned(),
        };
        Ok(Scheme {
            codec,
            errors: Mutex::new(errors),
        })
    }

    pub fn errors(&self) -> String {
        self.errors.lock().clone()
    }

    pub fn set_errors(&self, cx: &Context, errors: Option<&Value>) -> PyResult<()> {
        let Some(errors) = errors else {
            return Err(cx.attribute_error("cannot delete attribute"));
        };
        let errors = error_scheme(cx, errors)?;
        *self.errors.lock() = errors;
        Ok(())
    }
}

fn error_scheme(cx: &Context, errors: &Value) -> PyResult<String> {
    match errors.downcast::<Str>() {
        Some(errors) => Ok(errors.to_lossy().into_owned()),
        None => Err(cx.type_error("errors must be a string")),
    }
}

/// The arguments of a constructor, by position or name.
pub fn arguments<'a, const N: usize>(
    cx: &Context,
    function: &str,
    names: [&str; N],
    required: usize,
    args: &Args<'a>,
) -> PyResult<[Option<&'a Value>; N]> {
    let positional = args.positional();
    let given = positional.len() + args.keywords().len();
    if given > N {
        return Err(cx.type_error(format!(
            "{function}() takes at most {N} argument{} ({given} given)",
            if N == 1 { "" } else { "s" }
        )));
    }
    let mut found = [None; N];
    for (place, value) in found.iter_mut().zip(positional) {
        *place = Some(value);
    }
    for (name, place) in names.iter().zip(&mut found) {
        if let Some(value) = args.keyword(name) {
            *place = Some(value);
        }
    }
    if let Some(missing) = (0..required).find(|place| found[*place].is_none()) {
        return Err(cx.type_error(format!(
            "{function}() missing required argument '{}' (pos {})",
            names[missing],
            missing + 1
        )));
    }
    Ok(found)
}

/// What an encoder has between two pieces. No character waits for another here, but a program may set a
/// state in which some do.
#[derive(Clone, Default)]
struct Between {
    state: State,
    pending: Vec<u32>,
}

/// An encoder of pieces, which a stream has too.
pub struct Encoder {
    pub scheme: Scheme,
    between: Mutex<Between>,
}

impl Encoder {
    pub fn new(scheme: Scheme) -> Encoder {
        let state = scheme.codec.engine.initial_state(false);
        Encoder {
            scheme,
            between: Mutex::new(Between {
                state,
                pending: Vec::new(),
            }),
        }
    }

    pub fn encode(&self, cx: &Context, input: &Value, is_last: bool) -> PyResult<Vec<u8>> {
        let text = as_text(cx, input)?;
        let mut between = self.between.lock().clone();
        let input = if between.pending.is_empty() {
            text
        } else {
            let mut points = between.pending.clone();
            points.extend(text.code_points());
            Str::from_code_points(cx, &points)?
        };
        let errors = self.scheme.errors();
        let codec = &self.scheme.codec;
        let encoded = transcode::encode(cx, codec, &input, &errors, &mut between.state, is_last)?;
        between.pending.clear();
        *self.between.lock() = between;
        Ok(encoded)
    }

    /// Ends what has begun; the bytes that this takes.
    pub fn reset(&self, cx: &Context) -> PyResult<Vec<u8>> {
        let between = self.between.lock().clone();
        if between.pending.is_empty() {
            let mut state = between.state;
            let mut end = Vec::new();
            self.scheme.codec.engine.reset_encoder(&mut state, &mut end);
            self.between.lock().state = state;
            return Ok(end);
        }
        self.encode(cx, Str::empty().as_value(), true)
    }

    /// Goes back to the beginning; what has begun is forgotten.
    fn forget(&self) {
        let mut between = self.between.lock();
        // The bytes that would switch back are not wanted.
        let engine = self.scheme.codec.engine;
        engine.reset_encoder(&mut between.state, &mut Vec::new());
        between.pending.clear();
    }
}

/// The payload of an incremental encoder.
#[pyclass(
    name = "MultibyteIncrementalEncoder",
    module = "_multibytecodec",
    flags(BASETYPE)
)]
pub struct MultibyteIncrementalEncoder(Encoder);

impl object::Traverse for MultibyteIncrementalEncoder {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.0.scheme.codec.as_value());
    }
}

#[pymethods]
impl MultibyteIncrementalEncoder {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [errors] = arguments(cx, "IncrementalEncoder", ["errors"], 0, &args)?;
        let encoder = Encoder::new(Scheme::new(cx, class, errors)?);
        object::new_of_class(cx, class, MultibyteIncrementalEncoder(encoder)).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(_cx: &Context, _this: &Value, _args: Args<'_>) -> PyResult<()> {
        Ok(())
    }

    #[method("encode(self, /, input, final=False)")]
    fn encode(
        cx: &Context,
        this: &Ref<MultibyteIncrementalEncoder>,
        input: &Value,
        last: Maybe<bool>,
    ) -> PyResult<Ref<Bytes>> {
        let bytes = this.0.encode(cx, input, last.0.unwrap_or(false))?;
        Bytes::from_slice(cx, &bytes)
    }

    /// The number of bytes of UTF-8 that are pending, these, and the codec's state: a number whose lowest
    /// byte is the first.
    #[method("getstate(self, /)")]
    fn getstate(cx: &Context, this: &Ref<MultibyteIncrementalEncoder>) -> PyResult<Value> {
        let between = this.0.between.lock().clone();
        let pending = Str::from_code_points(cx, &between.pending)?;
        let pending = typhon_runtime::codec::encode(cx, &pending, "utf-8", "strict")?;
        let mut bytes = vec![pending.len() as u8];
        bytes.extend(pending);
        bytes.extend(between.state);
        int::from_bigint(cx, BigInt::from_bytes_le(Sign::Plus, &bytes))
    }

    #[method("setstate(self, state, /)")]
    fn setstate(
        cx: &Context,
        this: &Ref<MultibyteIncrementalEncoder>,
        state: &Value,
    ) -> PyResult<()> {
        let most = MOST_CHARACTERS * 4;
        let bytes = state_bytes(cx, state, 1 + most + size_of::<State>())?;
        let length = usize::from(bytes[0]);
        if length > most {
            return Err(cx.raise_message(
                typhon_runtime::objects::exceptions::unicode_error(),
                "pending buffer too large",
            ));
        }
        let (pending, rest) = bytes[1..].split_at(length);
        let pending = typhon_runtime::codec::decode(cx, pending, "utf-8", "strict")?;
        let mut between = Between {
            state: State::default(),
            pending: pending.code_points().collect(),
        };
        between.state.copy_from_slice(&rest[..size_of::<State>()]);
        *this.0.between.lock() = between;
        Ok(())
    }

    #[method("reset(self, /)")]
    fn reset(_cx: &Context, this: &Ref<MultibyteIncrementalEncoder>) -> PyResult<()> {
        this.0.forget();
        Ok(())
    }

    /// how to treat errors
    #[getter]
    fn errors(_cx: &Context, this: &Ref<MultibyteIncrementalEncoder>) -> PyResult<String> {
        Ok(this.0.scheme.errors())
    }

    #[setter]
    fn set_errors(
        cx: &Context,
        this: &Ref<MultibyteIncrementalEncoder>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.0.scheme.set_errors(cx, value)
    }
}

/// A state given as a number, as so many bytes.
fn state_bytes(cx: &Context, state: &Value, length: usize) -> PyResult<Vec<u8>> {
    let Some(number) = int::as_bigint(state) else {
        return Err(cx.type_error(format!(
            "setstate() argument must be int, not {}",
            state.type_name_for_argument()
        )));
    };
    let (sign, mut bytes) = number.to_bytes_le();
    if sign == Sign::Minus {
        return Err(cx.overflow_error("can't convert negative int to unsigned"));
    }
    if bytes.len() > length {
        return Err(cx.overflow_error("int too big to convert"));
    }
    bytes.resize(length, 0);
    Ok(bytes)
}

/// A decoder of pieces, which a stream has too.
pub struct Decoder {
    pub scheme: Scheme,
    between: Mutex<(State, Vec<u8>)>,
}

impl Decoder {
    pub fn new(scheme: Scheme) -> Decoder {
        let state = scheme.codec.engine.initial_state(true);
        Decoder {
            scheme,
            between: Mutex::new((state, Vec::new())),
        }
    }

    pub fn decode(&self, cx: &Context, input: &[u8], is_last: bool) -> PyResult<Vec<u32>> {
        let (mut state, mut bytes) = self.between.lock().clone();
        bytes.extend_from_slice(input);
        let errors = self.scheme.errors();
        let codec = &self.scheme.codec;
        let decoded = transcode::decode(cx, codec, &bytes, &errors, &mut state, is_last)?;
        if decoded.rest.len() > MOST_BYTES {
            let error = DecodeError {
                encoding: codec.name,
                start: 0,
                end: decoded.rest.len(),
                reason: "pending buffer overflow",
            };
            return Err(error.raise(cx, &decoded.rest));
        }
        *self.between.lock() = (state, decoded.rest);
        Ok(decoded.points)
    }

    pub fn reset(&self) {
        let mut between = self.between.lock();
        let (state, pending) = &mut *between;
        self.scheme.codec.engine.reset_decoder(state);
        pending.clear();
    }
}

/// The payload of an incremental decoder.
#[pyclass(
    name = "MultibyteIncrementalDecoder",
    module = "_multibytecodec",
    flags(BASETYPE)
)]
pub struct MultibyteIncrementalDecoder(Decoder);

impl object::Traverse for MultibyteIncrementalDecoder {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.0.scheme.codec.as_value());
    }
}

#[pymethods]
impl MultibyteIncrementalDecoder {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [errors] = arguments(cx, "IncrementalDecoder", ["errors"], 0, &args)?;
        let decoder = Decoder::new(Scheme::new(cx, class, errors)?);
        object::new_of_class(cx, class, MultibyteIncrementalDecoder(decoder)).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(_cx: &Context, _this: &Value, _args: Args<'_>) -> PyResult<()> {
        Ok(())
    }

    #[method("decode(self, /, input, final=False)")]
    fn decode(
        cx: &Context,
        this: &Ref<MultibyteIncrementalDecoder>,
        input: BytesLike,
        last: Maybe<bool>,
    ) -> PyResult<Ref<Str>> {
        let points = this.0.decode(cx, input.bytes(), last.0.unwrap_or(false))?;
        Str::from_code_points(cx, &points)
    }

    #[method("getstate(self, /)")]
    fn getstate(cx: &Context, this: &Ref<MultibyteIncrementalDecoder>) -> PyResult<Ref<Tuple>> {
        let (state, pending) = this.0.between.lock().clone();
        let pending = Bytes::from_slice(cx, &pending)?.into_value();
        let state = int::from_bigint(cx, BigInt::from_bytes_le(Sign::Plus, &state))?;
        Tuple::from_vec(cx, vec![pending, state])
    }

    #[method("setstate(self, state, /)")]
    fn setstate(
        cx: &Context,
        this: &Ref<MultibyteIncrementalDecoder>,
        state: &Ref<Tuple>,
    ) -> PyResult<()> {
        let wrong = || cx.type_error("setstate(): illegal state argument");
        let [pending, state] = state.as_slice() else {
            return Err(wrong());
        };
        let pending = pending.downcast::<Bytes>().ok_or_else(wrong)?.as_slice();
        if int::as_bigint(state).is_none() {
            return Err(wrong());
        }
        let bytes = state_bytes(cx, state, size_of::<State>())?;
        if pending.len() > MOST_BYTES {
            let error = DecodeError {
                encoding: this.0.scheme.codec.name,
                start: 0,
                end: pending.len(),
                reason: "pending buffer too large",
            };
            return Err(error.raise(cx, pending));
        }
        let mut state = State::default();
        state.copy_from_slice(&bytes);
        *this.0.between.lock() = (state, pending.to_vec());
        Ok(())
    }

    #[method("reset(self, /)")]
    fn reset(_cx: &Context, this: &Ref<MultibyteIncrementalDecoder>) -> PyResult<()> {
        this.0.reset();
        Ok(())
    }

    /// how to treat errors
    #[getter]
    fn errors(_cx: &Context, this: &Ref<MultibyteIncrementalDecoder>) -> PyResult<String> {
        Ok(this.0.scheme.errors())
    }

    #[setter]
    fn set_errors(
        cx: &Context,
        this: &Ref<MultibyteIncrementalDecoder>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.0.scheme.set_errors(cx, value)
    }
}
