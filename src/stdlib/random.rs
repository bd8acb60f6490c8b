//! `_random`: the Mersenne twister MT19937 (Matsumoto and Nishimura, 1998).
//!
//! The sequence for a seed is part of the library's behaviour: it is that of every other Python.

use num_bigint::BigUint;
use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::{Args, FromArgument, IntoValue, Place};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::hash;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::posix::random_bytes;

/// Module implements the Mersenne Twister random number generator.
#[pymodule(name = "_random", classes(Random))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Words of state.
const N: usize = 624;
/// Distance of the word that is mixed in.
const M: usize = 397;

/// The generator. `next <= N`: how many words of the block were given out.
#[derive(Clone)]
pub struct Twister {
    words: [u32; N],
    next: usize,
}

impl Twister {
    /// The state for a small seed, from which that for a key is made.
    fn from_number(seed: u32) -> Twister {
        let mut words = [0; N];
        words[0] = seed;
        for at in 1..N {
            let before: u32 = words[at - 1];
            words[at] = 1_812_433_253u32
                .wrapping_mul(before ^ before >> 30)
                .wrapping_add(at as u32);
        }
        Twister { words, next: N }
    }

    /// The state for a key, which has at least one word.
    fn from_key(key: &[u32]) -> Twister {
        let mut made = Twister::from_number(19_650_218);
        let words = &mut made.words;
        let mut at = 1;
        let mut step = |words: &mut [u32; N], factor: u32, addend: u32, subtract: bool| {
            let before = words[at - 1];
            let mixed = words[at] ^ (before ^ before >> 30).wrapping_mul(factor);
            words[at] = if subtract {
                mixed.wrapping_sub(at as u32)
            } else {
                mixed.wrapping_add(addend)
            };
            at += 1;
            if at == N {
                words[0] = words[N - 1];
                at = 1;
            }
        };
        for round in 0..N.max(key.len()) {
            let index = round % key.len();
            step(
                words,
                1_664_525,
                key[index].wrapping_add(index as u32),
                false,
            );
        }
        for _ in 1..N {
            step(words, 1_566_083_941, 0, true);
        }
        words[0] = 0x8000_0000;
        made
    }

    /// Makes the next block of words.
    #[cold]
    fn twist(&mut self) {
        for at in 0..N {
            let mixed = self.words[at] & 0x8000_0000 | self.words[(at + 1) % N] & 0x7fff_ffff;
            let odd = if mixed & 1 == 0 { 0 } else { 0x9908_b0df };
            self.words[at] = self.words[(at + M) % N] ^ mixed >> 1 ^ odd;
        }
        self.next = 0;
    }

    /// 32 random bits.
    #[inline]
    fn bits(&mut self) -> u32 {
        if self.next >= N {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }

    /// A number in [0, 1) with 53 random bits.
    #[inline]
    fn number(&mut self) -> f64 {
        let high = f64::from(self.bits() >> 5);
        let low = f64::from(self.bits() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }
}

/// The payload of `Random`.
#[pyclass(
    name = "Random",
    module = "_random",
    plain,
    flags(BASETYPE),
    doc = "Random() -> create a random number generator with its own internal state."
)]
pub struct Random {
    twister: Guarded<Twister>,
}

impl Lockable for Random {
    type State = Twister;
    fn guarded(&self) -> &Guarded<Twister> {
        &self.twister
    }
}

/// The key for a seed: the digits of its absolute value to the base 2**32, or random ones.
fn key(cx: &Context, seed: Option<&Value>) -> PyResult<Vec<u32>> {
    let Some(seed) = seed.filter(|seed| !seed.is_none()) else {
        let bytes = random_bytes(cx, N * 4)?;
        let word = |bytes: &[u8]| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        return Ok(bytes.chunks_exact(4).map(word).collect());
    };
    let mut digits = match int::view(seed) {
        Some(number) => number.to_big().magnitude().to_u32_digits(),
        None => BigUint::from(hash::hash(cx, seed)? as u64).to_u32_digits(),
    };
    if digits.is_empty() {
        digits.push(0);
    }
    Ok(digits)
}

fn reseed(cx: &Context, this: &Ref<Random>, seed: Option<&Value>) -> PyResult<()> {
    let made = Twister::from_key(&key(cx, seed)?);
    this.locked(|twister| *twister = made);
    Ok(())
}

/// A number of bits.
struct Bits(u64);

impl<'a> FromArgument<'a> for Bits {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        let number = int::index_as_i128(cx, value)?;
        if number < 0 {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        u64::try_from(number)
            .map(Bits)
            .map_err(|_| cx.overflow_error("Python int too large for C uint64_t"))
    }
}

/// One word of a state that a program sets.
fn state_word(cx: &Context, value: &Value) -> PyResult<u64> {
    let Some(number) = int::view(value) else {
        return Err(cx.type_error("an integer is required"));
    };
    if number.is_negative() {
        return Err(cx.overflow_error("can't convert negative value to unsigned int"));
    }
    let number = number
        .to_i128()
        .and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| cx.overflow_error("Python int too large to convert to C unsigned long"))
}

#[pymethods]
impl Random {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let twister = Guarded::new(Twister::from_number(0));
        object::new_of_class(cx, class, Random { twister }).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Random>, args: Args<'_>) -> PyResult<()> {
        let own = <Random as object::Payload>::class();
        let class = this.as_value().class();
        if !args.names.is_empty()
            && (class.is(own) || class.slots.init.word() == own.slots.init.word())
        {
            return Err(cx.type_error("Random() takes no keyword arguments"));
        }
        let given = args.positional();
        if given.len() > 1 {
            return Err(cx.type_error(format!(
                "Random expected at most 1 argument, got {}",
                given.len()
            )));
        }
        reseed(cx, this, given.first())
    }

    /// random() -> x in the interval [0, 1).
    #[method("random(self, /)")]
    fn random(_cx: &Context, this: &Ref<Random>) -> PyResult<f64> {
        Ok(this.locked(Twister::number))
    }

    /// seed([n]) -> None.
    ///
    /// Defaults to use urandom and falls back to a combination
    /// of the current time and the process identifier.
    #[method("seed(self, n=None, /)")]
    fn seed(cx: &Context, this: &Ref<Random>, n: Option<&Value>) -> PyResult<()> {
        reseed(cx, this, n)
    }

    /// getstate() -> tuple containing the current state.
    #[method("getstate(self, /)")]
    fn getstate(cx: &Context, this: &Ref<Random>) -> PyResult<Ref<Tuple>> {
        let state = this.locked(|twister| twister.clone());
        let mut values = state
            .words
            .iter()
            .map(|word| word.into_value(cx))
            .collect::<PyResult<Vec<_>>>()?;
        values.push(state.next.into_value(cx)?);
        Tuple::from_vec(cx, values)
    }

    /// setstate(state) -> None.  Restores generator state.
    #[method("setstate(self, state, /)")]
    fn setstate(cx: &Context, this: &Ref<Random>, state: &Value) -> PyResult<()> {
        let Some(state) = state.downcast::<Tuple>() else {
            return Err(cx.type_error("state vector must be a tuple"));
        };
        let [words @ .., next] = state.as_slice() else {
            return Err(cx.value_error("state vector is the wrong size"));
        };
        if words.len() != N {
            return Err(cx.value_error("state vector is the wrong size"));
        }
        let invalid = || cx.value_error("invalid state");
        let mut made = Twister {
            words: [0; N],
            next: 0,
        };
        for (place, word) in made.words.iter_mut().zip(words) {
            *place = u32::try_from(state_word(cx, word)?).map_err(|_| invalid())?;
        }
        let next = match int::view(next) {
            Some(next) => next.to_i64(),
            None => return Err(cx.type_error("an integer is required")),
        };
        made.next = next
            .and_then(|next| usize::try_from(next).ok())
            .filter(|next| *next <= N)
            .ok_or_else(invalid)?;
        this.locked(|twister| *twister = made);
        Ok(())
    }

    /// getrandbits(k) -> x.  Generates an int with k random bits.
    #[method("getrandbits(self, k, /)")]
    fn getrandbits(cx: &Context, this: &Ref<Random>, k: Bits) -> PyResult<Value> {
        match k.0 {
            0 => int::from_i64(cx, 0),
            // The commonest case makes no vector.
            bits @ 1..=32 => int::from_i64(cx, (this.locked(Twister::bits) >> (32 - bits)).into()),
            bits => {
                let count = usize::try_from(bits.div_ceil(32)).map_err(|_| cx.no_memory())?;
                let mut digits = Vec::new();
                digits
                    .try_reserve_exact(count)
                    .map_err(|_| cx.no_memory())?;
                this.locked(|twister| digits.extend((0..count).map(|_| twister.bits())));
                let spare = count as u64 * 32 - bits;
                if let Some(last) = digits.last_mut() {
                    *last >>= spare;
                }
                int::from_bigint(cx, BigUint::new(digits).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_sequence() {
        // mt19937ar.out, which comes with the reference implementation.
        let mut twister = Twister::from_key(&[0x123, 0x234, 0x345, 0x456]);
        let first: Vec<u32> = (0..5).map(|_| twister.bits()).collect();
        assert_eq!(
            first,
            [
                1_067_595_299,
                955_945_823,
                477_289_528,
                4_107_218_783,
                4_228_976_476
            ]
        );
    }

    #[test]
    fn numbers_of_a_seed() {
        assert_eq!(Twister::from_key(&[7]).number(), 0.323_832_764_833_162_37);
    }
}
