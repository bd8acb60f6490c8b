//! Texts to bytes and back, a character at a time, with error handlers.
//!
//! A codec's state (which character set is switched on) belongs to the caller: it is a copy while error
//! handlers may run, so that nobody waits for them.

use std::borrow::Cow;

use typhon_runtime::codec::errors::{DecodeError, EncodeError, Replacement};
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Ref};

use super::MultibyteCodec;
use super::engine::{self, State};

const ILLEGAL: &str = "illegal multibyte sequence";
const INCOMPLETE: &str = "incomplete multibyte sequence";

/// What was decoded.
pub struct Decoded {
    pub points: Vec<u32>,
    /// The bytes that are left: the beginning of a character.
    pub rest: Vec<u8>,
}

/// Encodes a text. `is_last`: nothing follows, and the state goes back to the first.
pub fn encode(
    cx: &Context,
    codec: &MultibyteCodec,
    string: &Ref<Str>,
    errors: &str,
    state: &mut State,
    is_last: bool,
) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::with_capacity(string.len() * 2);
    let points: Vec<u32> = string.code_points().collect();
    let mut at = 0;
    while let Some(point) = points.get(at) {
        if codec.engine.encode(*point, state, &mut bytes) {
            at += 1;
            continue;
        }
        let error = EncodeError {
            encoding: codec.name,
            string,
            start: at,
            end: at + 1,
            reason: ILLEGAL,
        };
        let (replacement, next) = error.handle(cx, errors)?;
        match replacement {
            Replacement::Bytes(replacement) => bytes.extend(replacement),
            Replacement::Text(text) => {
                let all = |text: &[u32], state: &mut State, bytes: &mut Vec<u8>| {
                    let mut points = text.iter();
                    points.all(|point| codec.engine.encode(*point, state, bytes))
                };
                if !all(&text, state, &mut bytes) {
                    if errors != "replace" {
                        return Err(error.raise(cx));
                    }
                    bytes.push(b'?');
                }
            }
        }
        at = next;
    }
    if is_last {
        codec.engine.reset_encoder(state, &mut bytes);
    }
    Ok(bytes)
}

/// Decodes bytes. `is_last`: nothing follows.
pub fn decode(
    cx: &Context,
    codec: &MultibyteCodec,
    input: &[u8],
    errors: &str,
    state: &mut State,
    is_last: bool,
) -> PyResult<Decoded> {
    let mut points = Vec::with_capacity(input.len());
    let mut input = Cow::Borrowed(input);
    let mut at = 0;
    while at < input.len() {
        let (length, reason) = match codec.engine.decode(&input[at..], state) {
            engine::Decoded::Character(point, used) => {
                points.push(point);
                at += used;
                continue;
            }
            engine::Decoded::Nothing(used) => {
                at += used;
                continue;
            }
            engine::Decoded::Incomplete if !is_last => break,
            engine::Decoded::Incomplete => (input.len() - at, INCOMPLETE),
            engine::Decoded::Illegal(length) => (length, ILLEGAL),
        };
        let error = DecodeError {
            encoding: codec.name,
            start: at,
            end: (at + length).min(input.len()),
            reason,
        };
        let (replacement, next) = error.handle(cx, &mut input, errors)?;
        points.extend(replacement);
        at = next;
    }
    let rest = input[at..].to_vec();
    Ok(Decoded { points, rest })
}
