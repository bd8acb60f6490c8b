//! Decimal numbers and how they are rounded (General Decimal Arithmetic). It knows nothing of Python.
//!
//! ```text
//!   finite     (-1)**negative × coefficient × 10**exponent        infinite   (-1)**negative × ∞
//!   NaN        quiet or signaling, with the coefficient as payload
//! ```
//! Operations take exact numbers of any length and an [`Env`]: settings, and the conditions that have
//! occurred. Their last step is [`Number::fixed`], which makes the number one of the context.
//!
//! Invariant: what has more digits than memory can hold is not attempted: [`Status::MALLOC`] is set.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);

/// More digits than this are not attempted.
const MOST_DIGITS: i64 = 1 << 31;

bitflags::bitflags! {
    /// Conditions of operations.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Status: u32 {
        const CLAMPED = 0x1;
        const CONVERSION_SYNTAX = 0x2;
        const DIVISION_BY_ZERO = 0x4;
        const DIVISION_IMPOSSIBLE = 0x8;
        const DIVISION_UNDEFINED = 0x10;
        const INEXACT = 0x40;
        const INVALID_CONTEXT = 0x80;
        const INVALID_OPERATION = 0x100;
        const MALLOC = 0x200;
        const OVERFLOW = 0x800;
        const ROUNDED = 0x1000;
        const SUBNORMAL = 0x2000;
        const UNDERFLOW = 0x4000;
        const FLOAT_OPERATION = 0x8000;
    }
}

impl Status {
    /// All conditions of the signal InvalidOperation.
    pub const INVALID: Status = Status::CONVERSION_SYNTAX
        .union(Status::DIVISION_IMPOSSIBLE)
        .union(Status::DIVISION_UNDEFINED)
        .union(Status::INVALID_CONTEXT)
        .union(Status::INVALID_OPERATION)
        .union(Status::MALLOC);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Rounding {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    ZeroFiveUp,
}

pub const ROUNDINGS: [(Rounding, &str); 8] = [
    (Rounding::Up, "ROUND_UP"),
    (Rounding::Down, "ROUND_DOWN"),
    (Rounding::Ceiling, "ROUND_CEILING"),
    (Rounding::Floor, "ROUND_FLOOR"),
    (Rounding::HalfUp, "ROUND_HALF_UP"),
    (Rounding::HalfDown, "ROUND_HALF_DOWN"),
    (Rounding::HalfEven, "ROUND_HALF_EVEN"),
    (Rounding::ZeroFiveUp, "ROUND_05UP"),
];

/// What a context prescribes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub precision: i64,
    pub rounding: Rounding,
    pub emin: i64,
    pub emax: i64,
    pub clamp: bool,
    pub capitals: bool,
}

impl Settings {
    /// As much as there can be: for exact conversions.
    pub const EXACT: Settings = Settings {
        precision: MAX_PREC,
        rounding: Rounding::HalfEven,
        emin: MIN_EMIN,
        emax: MAX_EMAX,
        clamp: false,
        capitals: true,
    };

    /// The smallest exponent of a subnormal number.
    pub fn etiny(&self) -> i64 {
        self.emin - self.precision + 1
    }

    /// The largest exponent of a number of full length.
    pub fn etop(&self) -> i64 {
        self.emax - self.precision + 1
    }
}

/// Settings, and what has occurred.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    pub settings: Settings,
    pub status: Status,
}

impl Env {
    pub fn new(settings: Settings) -> Env {
        Env {
            settings,
            status: Status::empty(),
        }
    }

    pub fn raise(&mut self, status: Status) {
        self.status |= status;
    }

    /// A condition whose result is NaN.
    pub fn invalid(&mut self, status: Status) -> Number {
        self.raise(status);
        Number::nan()
    }

    /// The same settings with another rounding and nothing occurred.
    pub fn with_rounding(&self, rounding: Rounding) -> Env {
        Env::new(Settings {
            rounding,
            ..self.settings
        })
    }

    /// Rounds half to even, whatever the settings say.
    pub fn fixed_half_even(&mut self, number: Number) -> Number {
        let mut env = self.with_rounding(Rounding::HalfEven);
        let fixed = number.fixed(&mut env);
        self.raise(env.status);
        fixed
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Finite,
    Infinite,
    Quiet,
    Signaling,
}

/// A number. See the module's header.
#[derive(Clone, Debug)]
pub struct Number {
    pub negative: bool,
    pub kind: Kind,
    pub coefficient: BigUint,
    pub exponent: i64,
}

/// How many decimal digits a coefficient has; zero has one.
pub fn digit_count(coefficient: &BigUint) -> i64 {
    if let Some(small) = coefficient.to_u128() {
        return small.checked_ilog10().map_or(1, |log| i64::from(log) + 1);
    }
    // The logarithm of 2 to 18 places is good for any length that memory holds.
    let least = ((coefficient.bits() - 1) as f64 * std::f64::consts::LOG10_2 - 1e-9).floor() as i64;
    let mut count = least.max(1);
    while *coefficient >= power_of_ten(count) {
        count += 1;
    }
    count
}

/// 10**`exponent`, which is not negative.
pub fn power_of_ten(exponent: i64) -> BigUint {
    match u32::try_from(exponent) {
        Ok(small) if small <= 38 => BigUint::from(10_u128.pow(small)),
        _ => BigUint::from(10_u8).pow(exponent as u32),
    }
}

/// `coefficient` × 10**`places`, if it is not too long.
pub fn padded(coefficient: &BigUint, places: i64, env: &mut Env) -> BigUint {
    if coefficient.is_zero() || places <= 0 {
        return coefficient.clone();
    }
    if places > MOST_DIGITS {
        env.raise(Status::MALLOC);
        return BigUint::zero();
    }
    coefficient * power_of_ten(places)
}

/// Takes the last `places` digits off and rounds. Also tells whether they were not zero.
pub fn shortened(
    coefficient: &BigUint,
    places: i64,
    rounding: Rounding,
    negative: bool,
) -> (BigUint, bool) {
    if places <= 0 || coefficient.is_zero() {
        return (coefficient.clone(), false);
    }
    let (quotient, rest, half) = if places > digit_count(coefficient) {
        // Less than a tenth is left of it.
        (BigUint::zero(), true, std::cmp::Ordering::Less)
    } else {
        let unit = power_of_ten(places);
        let (quotient, rest) = coefficient.div_rem(&unit);
        let half = (&rest * 2_u8).cmp(&unit);
        (quotient, !rest.is_zero(), half)
    };
    let up = rest
        && match rounding {
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::HalfUp => half.is_ge(),
            Rounding::HalfDown => half.is_gt(),
            Rounding::HalfEven => half.is_gt() || half.is_eq() && quotient.is_odd(),
            Rounding::ZeroFiveUp => (&quotient % 5_u8).is_zero(),
        };
    (if up { quotient + 1_u8 } else { quotient }, rest)
}

impl Number {
    pub fn finite(negative: bool, coefficient: BigUint, exponent: i64) -> Number {
        Number {
            negative,
            kind: Kind::Finite,
            coefficient,
            exponent,
        }
    }

    pub fn small(number: i64) -> Number {
        Number::finite(number < 0, number.unsigned_abs().into(), 0)
    }

    pub fn zero(negative: bool, exponent: i64) -> Number {
        Number::finite(negative, BigUint::zero(), exponent)
    }

    pub fn infinity(negative: bool) -> Number {
        Number {
            kind: Kind::Infinite,
            ..Number::zero(negative, 0)
        }
    }

    pub fn nan() -> Number {
        Number {
            kind: Kind::Quiet,
            ..Number::zero(false, 0)
        }
    }

    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }

    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }

    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::Quiet | Kind::Signaling)
    }

    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coefficient.is_zero()
    }

    pub fn digits(&self) -> i64 {
        digit_count(&self.coefficient)
    }

    /// The exponent of the first digit.
    pub fn adjusted(&self) -> i64 {
        self.exponent + self.digits() - 1
    }

    pub fn with_sign(mut self, negative: bool) -> Number {
        self.negative = negative;
        self
    }

    pub fn negated(&self) -> Number {
        self.clone().with_sign(!self.negative)
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        if !self.is_finite() {
            return false;
        }
        if self.exponent >= 0 || self.coefficient.is_zero() {
            return true;
        }
        let places = -self.exponent;
        places < self.digits() && (&self.coefficient % power_of_ten(places)).is_zero()
    }

    /// The same number with another exponent, rounded if that is greater.
    pub fn rescaled(&self, exponent: i64, rounding: Rounding, env: &mut Env) -> (Number, bool) {
        if self.coefficient.is_zero() {
            return (Number::zero(self.negative, exponent), false);
        }
        let (coefficient, inexact) = if self.exponent >= exponent {
            (
                padded(&self.coefficient, self.exponent - exponent, env),
                false,
            )
        } else {
            let places = exponent - self.exponent;
            shortened(&self.coefficient, places, rounding, self.negative)
        };
        (
            Number::finite(self.negative, coefficient, exponent),
            inexact,
        )
    }

    /// The payload cut to what the context has room for.
    pub fn fixed_nan(mut self, env: &Env) -> Number {
        let room = env.settings.precision - i64::from(env.settings.clamp);
        if self.digits() > room {
            self.coefficient %= power_of_ten(room);
        }
        self
    }

    /// The number as one of the context: not too long, not too large, not too small.
    pub fn fixed(self, env: &mut Env) -> Number {
        match self.kind {
            Kind::Quiet | Kind::Signaling => return self.fixed_nan(env),
            Kind::Infinite => return self,
            Kind::Finite => {}
        }
        if env.status.contains(Status::MALLOC) {
            return Number::nan();
        }
        let settings = env.settings;
        let (etiny, etop) = (settings.etiny(), settings.etop());
        if self.coefficient.is_zero() {
            let most = if settings.clamp { etop } else { settings.emax };
            let exponent = self.exponent.max(etiny).min(most);
            if exponent != self.exponent {
                env.raise(Status::CLAMPED);
            }
            return Number::zero(self.negative, exponent);
        }
        let digits = self.digits();
        let mut least = digits + self.exponent - settings.precision;
        if least > etop {
            return self.overflowed(env);
        }
        let subnormal = least < etiny;
        least = least.max(etiny);
        if self.exponent < least {
            let places = least - self.exponent;
            let (mut coefficient, inexact) =
                shortened(&self.coefficient, places, settings.rounding, self.negative);
            if digit_count(&coefficient) > settings.precision {
                coefficient /= 10_u8;
                least += 1;
            }
            if least > etop {
                return self.overflowed(env);
            }
            if inexact && subnormal {
                env.raise(Status::UNDERFLOW);
            }
            if subnormal {
                env.raise(Status::SUBNORMAL);
            }
            if inexact {
                env.raise(Status::INEXACT);
            }
            env.raise(Status::ROUNDED);
            if coefficient.is_zero() {
                env.raise(Status::CLAMPED);
            }
            return Number::finite(self.negative, coefficient, least);
        }
        if subnormal {
            env.raise(Status::SUBNORMAL);
        }
        if settings.clamp && self.exponent > etop {
            env.raise(Status::CLAMPED);
            let coefficient = padded(&self.coefficient, self.exponent - etop, env);
            return Number::finite(self.negative, coefficient, etop);
        }
        self
    }

    fn overflowed(self, env: &mut Env) -> Number {
        env.raise(Status::OVERFLOW | Status::INEXACT | Status::ROUNDED);
        let settings = env.settings;
        let to_infinity = match settings.rounding {
            Rounding::Up | Rounding::HalfUp | Rounding::HalfDown | Rounding::HalfEven => true,
            Rounding::Down | Rounding::ZeroFiveUp => false,
            Rounding::Ceiling => !self.negative,
            Rounding::Floor => self.negative,
        };
        if to_infinity {
            return Number::infinity(self.negative);
        }
        Number::largest(self.negative, env)
    }

    /// The largest finite number of the context.
    pub fn largest(negative: bool, env: &mut Env) -> Number {
        let one = BigUint::one();
        let coefficient = padded(&one, env.settings.precision, env);
        if coefficient.is_zero() {
            return Number::nan();
        }
        Number::finite(negative, coefficient - 1_u8, env.settings.etop())
    }

    /// Scientific notation, or engineering notation with an exponent that is a multiple of three.
    pub fn text(&self, capitals: bool, engineering: bool) -> String {
        let sign = if self.negative { "-" } else { "" };
        let payload = || match self.coefficient.is_zero() {
            true => String::new(),
            false => self.coefficient.to_string(),
        };
        match self.kind {
            Kind::Infinite => return format!("{sign}Infinity"),
            Kind::Quiet => return format!("{sign}NaN{}", payload()),
            Kind::Signaling => return format!("{sign}sNaN{}", payload()),
            Kind::Finite => {}
        }
        let digits = self.coefficient.to_string();
        let count = digits.len() as i64;
        let left = self.exponent + count;
        let point = if self.exponent <= 0 && left > -6 {
            left
        } else if !engineering {
            1
        } else if self.coefficient.is_zero() {
            (left + 1).rem_euclid(3) - 1
        } else {
            (left - 1).rem_euclid(3) + 1
        };
        let zeros = |count: i64| "0".repeat(count as usize);
        let (whole, fraction) = if point <= 0 {
            ("0".to_owned(), format!(".{}{digits}", zeros(-point)))
        } else if point >= count {
            (digits.clone() + &zeros(point - count), String::new())
        } else {
            let (whole, fraction) = digits.split_at(point as usize);
            (whole.to_owned(), format!(".{fraction}"))
        };
        let exponent = if left == point {
            String::new()
        } else {
            let letter = if capitals { 'E' } else { 'e' };
            format!("{letter}{:+}", left - point)
        };
        format!("{sign}{whole}{fraction}{exponent}")
    }

    /// Reads a number. `None` when the text is none.
    pub fn parse(text: &str) -> Option<Number> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let lower = rest.to_ascii_lowercase();
        if lower == "inf" || lower == "infinity" {
            return Some(Number::infinity(negative));
        }
        for (prefix, kind) in [("nan", Kind::Quiet), ("snan", Kind::Signaling)] {
            if let Some(payload) = lower.strip_prefix(prefix) {
                return Some(Number {
                    negative,
                    kind,
                    coefficient: read_digits(payload)?,
                    exponent: 0,
                });
            }
        }
        let (mantissa, exponent) = match lower.split_once('e') {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (&*lower, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let coefficient = read_digits(&format!("{whole}{fraction}"))?;
        let exponent = exponent - fraction.len() as i64;
        Some(Number::finite(negative, coefficient, exponent))
    }
}

fn read_digits(digits: &str) -> Option<BigUint> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => Some(BigUint::zero()),
        digits => BigUint::parse_bytes(digits.as_bytes(), 10),
    }
}

/// An exponent; what no context has room for is cut off.
fn read_exponent(text: &str) -> Option<i64> {
    const MOST: i64 = 4_000_000_000_000_000_000;
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i64>().unwrap_or(MOST).min(MOST);
    Some(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip() {
        for text in [
            "0",
            "-0.00",
            "1E+3",
            "1.5E-10",
            "0.000001",
            "1E-7",
            "-Infinity",
            "sNaN12",
            "NaN",
            "123.450",
        ] {
            assert_eq!(
                Number::parse(text).expect("a number").text(true, false),
                text
            );
        }
        assert_eq!(
            Number::parse("1e4").expect("a number").text(true, true),
            "10E+3"
        );
        for text in ["", "+", ".", "1e", "e5", "1_0", "nanx", "--1"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn digits_are_counted() {
        for exponent in [0, 1, 38, 39, 100, 1000, 4321] {
            let power = power_of_ten(exponent);
            assert_eq!(digit_count(&power), exponent + 1);
            assert_eq!(digit_count(&(power - 1_u8)).max(1), exponent.max(1));
        }
    }
}
