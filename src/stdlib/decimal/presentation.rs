//! `format()` of decimals: the specification of floats, rounded as the current context rounds.

use typhon_runtime::format_spec::{self, FormatSpec, NumberParts};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context as Thread, PyResult, Raised, Ref, Value, warnings};

use super::context;
use super::number::{Env, Kind, Number, Rounding, Settings};

#[cold]
fn invalid(cx: &Thread) -> Raised {
    cx.value_error("invalid format string")
}

/// What `format(number, specification)` returns.
///
/// # Errors
/// ValueError for specifications that make no sense.
pub fn format(cx: &Thread, number: &Number, specification: &Ref<Str>) -> PyResult<Value> {
    let spec = match FormatSpec::parse(cx, specification, "decimal.Decimal", '\0', '>') {
        Ok(spec) => spec,
        Err(Raised) => {
            cx.catch(exceptions::value_error())?;
            return Err(invalid(cx));
        }
    };
    const MOST: usize = i32::MAX as usize;
    if spec.width.max(spec.precision) > Some(MOST) {
        return Err(cx.value_error("format specification exceeds internal limits of _decimal"));
    }
    let settings = context::current(cx)?.settings();
    let code = match spec.code() {
        'n' => 'g',
        'N' => {
            warnings::warn_deprecated(
                cx,
                "Format specifier 'N' is deprecated and slated for removal in Python 3.18",
            )?;
            'G'
        }
        '\0' if settings.capitals => 'G',
        '\0' => 'g',
        code @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => code,
        _ => return Err(invalid(cx)),
    };
    if spec.align_given && pads_with_zeros(specification) {
        return Err(invalid(cx));
    }
    let mut shown = shown(number, code, spec.precision, settings.rounding);
    if spec.no_negative_zero && shown.is_zero {
        shown.negative = false;
    }
    let mut spec = spec;
    if !number.is_finite() && spec.fill == u32::from('0') && spec.align == '=' && !spec.align_given
    {
        spec.fill = ' '.into();
        spec.align = '>';
    }
    let parts = NumberParts {
        negative: shown.negative,
        prefix: "",
        digits: &shown.digits,
        point: !shown.fraction.is_empty() || spec.alternate && number.is_finite(),
        fraction: &shown.fraction,
        suffix: &shown.suffix,
        group: 3,
    };
    format_spec::number(cx, &spec, &parts)
}

/// Whether a specification with an alignment has a zero before its width.
fn pads_with_zeros(specification: &Str) -> bool {
    let points: Vec<u32> = specification.code_points().collect();
    let is = |at: usize, symbols: &str| {
        let point = points.get(at).copied().and_then(char::from_u32);
        point.is_some_and(|point| symbols.contains(point))
    };
    let mut at = if is(1, "<>=^") { 2 } else { 1 };
    at += usize::from(is(at, "+- "));
    at += usize::from(is(at, "z"));
    is(at, "0")
}

/// The parts of a text.
struct Shown {
    negative: bool,
    is_zero: bool,
    digits: String,
    fraction: String,
    suffix: String,
}

fn rescaled(number: Number, exponent: i64, rounding: Rounding) -> Number {
    number
        .rescaled(exponent, rounding, &mut Env::new(Settings::EXACT))
        .0
}

/// With so many digits.
fn rounded(number: Number, places: i64, rounding: Rounding) -> Number {
    if number.is_zero() {
        return number;
    }
    let result = rescaled(number.clone(), number.adjusted() + 1 - places, rounding);
    if result.adjusted() == number.adjusted() {
        return result;
    }
    let exponent = result.adjusted() + 1 - places;
    rescaled(result, exponent, rounding)
}

fn shown(number: &Number, code: char, precision: Option<usize>, rounding: Rounding) -> Shown {
    let mut shown = Shown {
        negative: number.negative,
        is_zero: false,
        digits: String::new(),
        fraction: String::new(),
        suffix: String::new(),
    };
    if number.kind != Kind::Finite {
        shown.suffix = number.clone().with_sign(false).text(true, false);
        if code == '%' {
            shown.suffix.push('%');
        }
        return shown;
    }
    let mut number = number.clone();
    if code == '%' {
        number.exponent += 2;
    }
    let places = precision.map(|precision| precision as i64);
    number = match (places, code) {
        (Some(places), 'e' | 'E') => rounded(number, places + 1, rounding),
        (Some(places), 'f' | 'F' | '%') => rescaled(number, -places, rounding),
        (Some(places), _) if number.digits() > places.max(1) => {
            rounded(number, places.max(1), rounding)
        }
        _ => number,
    };
    if number.is_zero() && number.exponent > 0 && matches!(code, 'f' | 'F' | '%') {
        number.exponent = 0;
    }
    shown.is_zero = number.is_zero();
    let digits = number.coefficient.to_string();
    let count = digits.len() as i64;
    let left = number.exponent + count;
    let point = match code {
        'e' | 'E' if number.is_zero() => 1 - places.unwrap_or(0),
        'e' | 'E' => 1,
        'f' | 'F' | '%' => left,
        _ if number.exponent <= 0 && left > -6 => left,
        _ => 1,
    };
    let zeros = |count: i64| "0".repeat(count.max(0) as usize);
    let (whole, fraction) = if point <= 0 {
        ("0".to_owned(), zeros(-point) + &digits)
    } else if point >= count {
        (digits.clone() + &zeros(point - count), String::new())
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        (whole.to_owned(), fraction.to_owned())
    };
    (shown.digits, shown.fraction) = (whole, fraction);
    let exponent = left - point;
    if matches!(code, 'e' | 'E') || matches!(code, 'g' | 'G') && exponent != 0 {
        let letter = if code.is_ascii_uppercase() { 'E' } else { 'e' };
        shown.suffix = format!("{letter}{exponent:+}");
    }
    if code == '%' {
        shown.suffix.push('%');
    }
    shown
}
