//! Int to text, and the limit on conversions between the two.
//!
//! Conversion in bases that are no power of two takes more than linear time; so numbers with more
//! decimal digits than the limit are refused (`sys.set_int_max_str_digits`).

use std::sync::atomic::{AtomicUsize, Ordering};

use num_bigint::BigInt;

use super::View;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::format_spec::{self, FormatSpec, NumberParts};
use crate::object::Ref;
use crate::objects::float;
use crate::objects::str_::Str;
use crate::value::Value;

/// `sys.int_info.default_max_str_digits`.
pub const DEFAULT_MAXIMUM_DIGITS: usize = 4300;
/// `sys.int_info.str_digits_check_threshold`: numbers this short are always converted.
pub const MAXIMUM_DIGITS_THRESHOLD: usize = 640;

static MAXIMUM_DIGITS: AtomicUsize = AtomicUsize::new(DEFAULT_MAXIMUM_DIGITS);

/// `sys.get_int_max_str_digits()`: 0 for no limit.
#[inline]
pub fn maximum_digits() -> usize {
    MAXIMUM_DIGITS.load(Ordering::Relaxed)
}

/// `sys.set_int_max_str_digits(limit)`. False when the limit is neither 0 nor at least the threshold.
pub fn set_maximum_digits(limit: usize) -> bool {
    let valid = limit == 0 || limit >= MAXIMUM_DIGITS_THRESHOLD;
    if valid {
        MAXIMUM_DIGITS.store(limit, Ordering::Relaxed);
    }
    valid
}

#[cold]
fn too_many_digits(cx: &Context, limit: usize) -> Raised {
    cx.value_error(format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; use sys.set_int_max_str_digits() to \
         increase the limit"
    ))
}

/// The number in decimal.
///
/// # Errors
/// ValueError when it has more digits than the limit allows.
pub fn text(cx: &Context, number: View<'_>) -> PyResult<String> {
    match number {
        View::Small(number) => Ok(number.to_string()),
        View::Big(number) => decimal(cx, number),
    }
}

fn decimal(cx: &Context, number: &BigInt) -> PyResult<String> {
    let limit = maximum_digits();
    // A digit is more than 3.3219 and less than 3.3220 bits: refuse the huge before the work.
    if limit != 0 && number.bits() > (limit as u64 + 1) * 3322 / 1000 + 8 {
        return Err(too_many_digits(cx, limit));
    }
    let text = number.to_string();
    if limit != 0 && text.trim_start_matches('-').len() > limit {
        return Err(too_many_digits(cx, limit));
    }
    Ok(text)
}

/// The digits of the number's absolute value in `radix`, and whether it is negative.
///
/// # Errors
/// ValueError when it is decimal and has more digits than the limit allows.
pub fn radix_text(cx: &Context, number: View<'_>, radix: u32) -> PyResult<(bool, String)> {
    let text = match (number, radix) {
        (_, 10) => text(cx, number)?,
        (View::Small(number), 2) => format!("{:b}", number.unsigned_abs()),
        (View::Small(number), 8) => format!("{:o}", number.unsigned_abs()),
        (View::Small(number), 16) => format!("{:x}", number.unsigned_abs()),
        _ => number.to_big().to_str_radix(radix),
    };
    Ok((
        number.is_negative(),
        text.trim_start_matches('-').to_owned(),
    ))
}

/// `int.__format__`.
///
/// # Errors
/// ValueError for a specification that ints do not understand.
pub fn format_value(
    cx: &Context,
    this: &Value,
    number: View<'_>,
    specification: &Ref<Str>,
) -> PyResult<Value> {
    let type_name = this.type_name();
    let spec = FormatSpec::parse(cx, specification, &type_name, 'd', '>')?;
    let code = spec.code();
    match code {
        'b' | 'c' | 'd' | 'o' | 'x' | 'X' | 'n' => {}
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%' => {
            let Some(number) = number.to_f64() else {
                return Err(cx.overflow_error("int too large to convert to float"));
            };
            return float::format_number(cx, number, &spec, &type_name);
        }
        _ => return Err(spec.unknown_code(cx, &type_name)),
    }
    if spec.precision.is_some() {
        return Err(cx.value_error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(
            cx.value_error("Negative zero coercion (z) not allowed in integer format specifier")
        );
    }
    if code == 'c' {
        return format_character(cx, number, &spec);
    }
    let radix = match code {
        'b' => 2,
        'o' => 8,
        'x' | 'X' => 16,
        _ => 10,
    };
    let (negative, mut digits) = radix_text(cx, number, radix)?;
    let prefix = match code {
        'b' if spec.alternate => "0b",
        'o' if spec.alternate => "0o",
        'x' if spec.alternate => "0x",
        'X' if spec.alternate => "0X",
        _ => "",
    };
    if code == 'X' {
        digits.make_ascii_uppercase();
    }
    let parts = NumberParts {
        negative,
        prefix,
        digits: &digits,
        group: if radix == 10 { 3 } else { 4 },
        ..NumberParts::default()
    };
    format_spec::number(cx, &spec, &parts)
}

fn format_character(cx: &Context, number: View<'_>, spec: &FormatSpec) -> PyResult<Value> {
    if spec.sign_given {
        return Err(cx.value_error("Sign not allowed with integer format specifier 'c'"));
    }
    if spec.alternate {
        return Err(
            cx.value_error("Alternate form (#) not allowed with integer format specifier 'c'")
        );
    }
    let Some(point) = number.to_i64() else {
        return Err(cx.overflow_error("Python int too large to convert to C long"));
    };
    match u32::try_from(point) {
        Ok(point) if point < 0x11_0000 => spec.pad(cx, &Str::from_code_point(cx, point)?),
        _ => Err(cx.overflow_error("%c arg not in range(0x110000)")),
    }
}
