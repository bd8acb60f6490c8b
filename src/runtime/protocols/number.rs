//! Operators on numbers, and those sequences share with them.
//!
//! A binary operator asks the slots of both operands' classes: the right one first when its class is
//! derived from the left one's, otherwise left, then right; an answer of NotImplemented passes the
//! question on. `+` and `*` then try the operands as sequences. In-place operators ask the left
//! operand's in-place slot before all that.
//!
//! The `*_fast` functions answer for tagged ints and inline floats without leaving registers; they
//! say `None` for everything else, overflow and division by zero included.

pub use typhon_compiler::opcode::BinaryOperation as BinaryOperator;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::objects::native::NativeFunction;
use crate::objects::{float, int};
use crate::protocols::index;
use crate::slots::{BinaryFn, Slot, Slots, TernaryFn};
use crate::value::Value;

/// The floats of two operands of which at least one is an inline float and the other an inline float
/// or a tagged int that a float holds exactly.
#[inline(always)]
fn inline_floats(left: &Value, right: &Value) -> Option<(f64, f64)> {
    match (left.as_inline_float(), right.as_inline_float()) {
        (Some(left), Some(right)) => Some((left, right)),
        (Some(left), None) => Some((left, exact_float(right)?)),
        (None, Some(right)) => Some((exact_float(left)?, right)),
        (None, None) => None,
    }
}

#[inline(always)]
fn exact_float(value: &Value) -> Option<f64> {
    const LIMIT: i64 = 1 << 53;
    value
        .as_small_int()
        .filter(|number| (-LIMIT..=LIMIT).contains(number))
        .map(|number| number as f64)
}

macro_rules! arithmetic_fast {
    ($($(#[$doc:meta])* $name:ident: $small:ident, $float:tt;)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name(left: &Value, right: &Value) -> Option<Value> {
                if let Some(result) = left.$small(right) {
                    return Some(result);
                }
                let (left, right) = inline_floats(left, right)?;
                Value::from_inline_float(left $float right)
            }
        )*
    };
}

arithmetic_fast! {
    /// `left + right`. See the module's header.
    add_fast: small_sum, +;
    /// `left - right`. See the module's header.
    subtract_fast: small_difference, -;
    /// `left * right`. See the module's header.
    multiply_fast: small_product, *;
}

/// `left / right`. See the module's header.
#[inline(always)]
pub fn true_divide_fast(left: &Value, right: &Value) -> Option<Value> {
    let (left, right) = match inline_floats(left, right) {
        Some(floats) => floats,
        None => (exact_float(left)?, exact_float(right)?),
    };
    if right == 0.0 {
        None
    } else {
        Value::from_inline_float(left / right)
    }
}

/// `left // right`. See the module's header.
#[inline(always)]
pub fn floor_divide_fast(left: &Value, right: &Value) -> Option<Value> {
    if let (Some(left), Some(right)) = (left.as_small_int(), right.as_small_int()) {
        if right == 0 {
            return None;
        }
        return Value::from_small_int(int::floor_divide_i64(left, right));
    }
    let (left, right) = inline_floats(left, right)?;
    if right == 0.0 {
        None
    } else {
        Value::from_inline_float(float::divide_floor(left, right).0)
    }
}

/// `left % right`. See the module's header.
#[inline(always)]
pub fn remainder_fast(left: &Value, right: &Value) -> Option<Value> {
    if let (Some(left), Some(right)) = (left.as_small_int(), right.as_small_int()) {
        if right == 0 {
            return None;
        }
        return Value::from_small_int(int::remainder_i64(left, right));
    }
    let (left, right) = inline_floats(left, right)?;
    if right == 0.0 {
        None
    } else {
        Value::from_inline_float(float::divide_floor(left, right).1)
    }
}

/// `left << right`. See the module's header.
#[inline(always)]
pub fn left_shift_fast(left: &Value, right: &Value) -> Option<Value> {
    let (left, right) = (left.as_small_int()?, right.as_small_int()?);
    if !(0..62).contains(&right) {
        return None;
    }
    let shifted = left << right;
    if shifted >> right == left {
        Value::from_small_int(shifted)
    } else {
        None
    }
}

/// `left >> right`. See the module's header.
#[inline(always)]
pub fn right_shift_fast(left: &Value, right: &Value) -> Option<Value> {
    let (left, right) = (left.as_small_int()?, right.as_small_int()?);
    if right < 0 {
        None
    } else {
        Value::from_small_int(left >> right.min(63))
    }
}

macro_rules! bitwise_fast {
    ($($(#[$doc:meta])* $name:ident: $operator:tt;)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name(left: &Value, right: &Value) -> Option<Value> {
                if let (Some(left), Some(right)) = (left.as_small_int(), right.as_small_int()) {
                    return Value::from_small_int(left $operator right);
                }
                Some(Value::from_bool(left.as_bool()? $operator right.as_bool()?))
            }
        )*
    };
}

bitwise_fast! {
    /// `left & right` of ints or bools.
    and_fast: &;
    /// `left | right` of ints or bools.
    or_fast: |;
    /// `left ^ right` of ints or bools.
    xor_fast: ^;
}

/// The fast answer of `+`, `-` and `*`, in place or not, by the operator's number (`BINARY_OP`'s
/// argument). See the module's header.
#[inline(always)]
pub fn arithmetic_fast(number: u32, left: &Value, right: &Value) -> Option<Value> {
    match plain(BinaryOperator::from_u32(number)?) {
        BinaryOperator::Add => add_fast(left, right),
        BinaryOperator::Subtract => subtract_fast(left, right),
        BinaryOperator::Multiply => multiply_fast(left, right),
        _ => None,
    }
}

/// The fast answer of the operators that [`arithmetic_fast`] does not know.
#[inline(always)]
pub fn division_and_bits_fast(number: u32, left: &Value, right: &Value) -> Option<Value> {
    match plain(BinaryOperator::from_u32(number)?) {
        BinaryOperator::TrueDivide => true_divide_fast(left, right),
        BinaryOperator::FloorDivide => floor_divide_fast(left, right),
        BinaryOperator::Remainder => remainder_fast(left, right),
        BinaryOperator::LeftShift => left_shift_fast(left, right),
        BinaryOperator::RightShift => right_shift_fast(left, right),
        BinaryOperator::And => and_fast(left, right),
        BinaryOperator::Or => or_fast(left, right),
        BinaryOperator::Xor => xor_fast(left, right),
        _ => None,
    }
}

/// The fast answer of any binary operator.
#[inline(always)]
pub fn binary_fast(number: u32, left: &Value, right: &Value) -> Option<Value> {
    arithmetic_fast(number, left, right).or_else(|| division_and_bits_fast(number, left, right))
}

/// The operator without "in place".
#[inline(always)]
pub fn plain(operator: BinaryOperator) -> BinaryOperator {
    let number = operator as u32;
    match BinaryOperator::from_u32(number.wrapping_sub(13)) {
        Some(plain) if number < BinaryOperator::Subscript as u32 => plain,
        _ => operator,
    }
}

/// The slot of a binary operator that is not in place. `None` for those that are no such thing.
fn slot_of(slots: &Slots, operator: BinaryOperator) -> Option<&Slot<BinaryFn>> {
    Some(match operator {
        BinaryOperator::Add => &slots.add,
        BinaryOperator::Subtract => &slots.subtract,
        BinaryOperator::Multiply => &slots.multiply,
        BinaryOperator::TrueDivide => &slots.true_divide,
        BinaryOperator::FloorDivide => &slots.floor_divide,
        BinaryOperator::Remainder => &slots.remainder,
        BinaryOperator::LeftShift => &slots.left_shift,
        BinaryOperator::RightShift => &slots.right_shift,
        BinaryOperator::And => &slots.and,
        BinaryOperator::Or => &slots.or,
        BinaryOperator::Xor => &slots.xor,
        BinaryOperator::MatrixMultiply => &slots.matrix_multiply,
        _ => return None,
    })
}

fn inplace_slot_of(slots: &Slots, operator: BinaryOperator) -> Option<&Slot<BinaryFn>> {
    Some(match operator {
        BinaryOperator::InplaceAdd => &slots.inplace_add,
        BinaryOperator::InplaceSubtract => &slots.inplace_subtract,
        BinaryOperator::InplaceMultiply => &slots.inplace_multiply,
        BinaryOperator::InplaceTrueDivide => &slots.inplace_true_divide,
        BinaryOperator::InplaceFloorDivide => &slots.inplace_floor_divide,
        BinaryOperator::InplaceRemainder => &slots.inplace_remainder,
        BinaryOperator::InplaceLeftShift => &slots.inplace_left_shift,
        BinaryOperator::InplaceRightShift => &slots.inplace_right_shift,
        BinaryOperator::InplaceAnd => &slots.inplace_and,
        BinaryOperator::InplaceOr => &slots.inplace_or,
        BinaryOperator::InplaceXor => &slots.inplace_xor,
        BinaryOperator::InplaceMatrixMultiply => &slots.inplace_matrix_multiply,
        _ => return None,
    })
}

/// `left <operator> right`; in-place operators and subscription included.
///
/// # Errors
/// TypeError when the operands do not support it, and what their methods raise.
#[inline]
pub fn binary(
    cx: &Context,
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> PyResult<Value> {
    match binary_fast(operator as u32, left, right) {
        Some(result) => Ok(result),
        None => binary_slow(cx, operator, left, right),
    }
}

/// [`binary_slow`] for the operator with this number (`BINARY_OP`'s argument).
///
/// # Errors
/// As [`binary`]; SystemError for a number that is none.
pub fn binary_numbered(cx: &Context, number: u32, left: &Value, right: &Value) -> PyResult<Value> {
    match BinaryOperator::from_u32(number) {
        Some(operator) => binary_slow(cx, operator, left, right),
        None => Err(cx.system_error(format!("unknown binary operator {number}"))),
    }
}

/// [`binary`] without its fast paths.
///
/// # Errors
/// As [`binary`].
#[inline(never)]
pub fn binary_slow(
    cx: &Context,
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> PyResult<Value> {
    match operator {
        BinaryOperator::Power => power(cx, left, right, &Value::NONE),
        BinaryOperator::Subscript => crate::protocols::sequence::get_item(cx, left, right),
        _ if plain(operator) != operator => inplace(cx, operator, left, right),
        _ => {
            let result = ask_both(cx, left, right, |slots| {
                slot_of(slots, operator)
                    .expect("invariant: power and subscription have their own arms")
            })?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            match as_sequences(cx, operator, left, right) {
                Some(result) => result,
                None => Err(unsupported(cx, operator.text(), left, right)),
            }
        }
    }
}

/// `+` and `*` of sequences. `None` when the operands are none.
fn as_sequences(
    cx: &Context,
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Option<PyResult<Value>> {
    match operator {
        BinaryOperator::Add => left
            .class()
            .slots
            .concat
            .get()
            .map(|concat| concat(cx, left, right)),
        BinaryOperator::Multiply => {
            let (sequence, times, repeat) = match left.class().slots.repeat.get() {
                Some(repeat) => (left, right, repeat),
                None => (right, left, right.class().slots.repeat.get()?),
            };
            Some(repetitions(cx, times).and_then(|times| repeat(cx, sequence, times)))
        }
        _ => None,
    }
}

fn repetitions(cx: &Context, times: &Value) -> PyResult<isize> {
    if !int::is_int(times) && times.class().slots.index.get().is_none() {
        return Err(cx.type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            times.type_name()
        )));
    }
    index::as_size(cx, times, crate::objects::exceptions::overflow_error())
}

/// Asks both operands' slots. NotImplemented when neither has an answer.
fn ask_both(
    cx: &Context,
    left: &Value,
    right: &Value,
    slot: impl for<'a> Fn(&'a Slots) -> &'a Slot<BinaryFn>,
) -> PyResult<Value> {
    let left_class = left.class();
    let right_class = right.class();
    let left_slot = slot(&left_class.slots);
    let right_slot = slot(&right_class.slots);
    let mut right_function = None;
    if !left_class.is(right_class) && left_slot.word() != right_slot.word() {
        right_function = right_slot.get();
    }
    if let Some(function) = left_slot.get() {
        if let Some(right_first) = right_function
            && right_class.is_subclass(left_class)
        {
            let result = right_first(cx, left, right)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            right_function = None;
        }
        let result = function(cx, left, right)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    match right_function {
        Some(function) => function(cx, left, right),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

#[cold]
fn unsupported(cx: &Context, symbol: &str, left: &Value, right: &Value) -> Raised {
    let mut message = format!(
        "unsupported operand type(s) for {symbol}: '{}' and '{}'",
        left.type_name(),
        right.type_name()
    );
    // The print statement of Python 2: `print >> stream, text`.
    if symbol == ">>"
        && left
            .downcast::<NativeFunction>()
            .is_some_and(|function| function.spec.name == "print")
    {
        message.push_str(". Did you mean \"print(<message>, file=<output_stream>)\"?");
    }
    cx.type_error(message)
}

/// `left <operator>= right`: what to assign to the left operand's variable.
///
/// # Errors
/// As [`binary`].
pub fn inplace(
    cx: &Context,
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> PyResult<Value> {
    if operator == BinaryOperator::InplacePower {
        return inplace_power(cx, left, right, &Value::NONE);
    }
    let slots = &left.class().slots;
    if let Some(function) = inplace_slot_of(slots, operator).and_then(Slot::get) {
        let result = function(cx, left, right)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    let plain = plain(operator);
    let result = ask_both(cx, left, right, |slots| {
        slot_of(slots, plain).expect("invariant: power has its own function")
    })?;
    if !result.is_not_implemented() {
        return Ok(result);
    }
    match plain {
        BinaryOperator::Add => {
            if let Some(concat) = slots.inplace_concat.get() {
                return concat(cx, left, right);
            }
        }
        BinaryOperator::Multiply => {
            if let Some(repeat) = slots.inplace_repeat.get() {
                return repeat(cx, left, repetitions(cx, right)?);
            }
        }
        _ => {}
    }
    match as_sequences(cx, plain, left, right) {
        Some(result) => result,
        None => Err(unsupported(cx, operator.text(), left, right)),
    }
}

/// `base ** exponent`, or `pow(base, exponent, modulus)` when the modulus is not None.
///
/// # Errors
/// As [`binary`].
pub fn power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
    ternary(cx, base, exponent, modulus, "** or pow()")
}

/// `base **= exponent`.
///
/// # Errors
/// As [`binary`].
pub fn inplace_power(
    cx: &Context,
    base: &Value,
    exponent: &Value,
    modulus: &Value,
) -> PyResult<Value> {
    if let Some(function) = base.class().slots.inplace_power.get() {
        let result = function(cx, base, exponent, modulus)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    ternary(cx, base, exponent, modulus, "**=")
}

fn ternary(
    cx: &Context,
    base: &Value,
    exponent: &Value,
    modulus: &Value,
    symbol: &str,
) -> PyResult<Value> {
    let base_class = base.class();
    let exponent_class = exponent.class();
    let first = base_class.slots.power.get();
    let same = |one: Option<TernaryFn>, other: Option<TernaryFn>| {
        one.map(|function| function as usize) == other.map(|function| function as usize)
    };
    let mut second = exponent_class.slots.power.get();
    if base_class.is(exponent_class) || same(first, second) {
        second = None;
    }
    let ask = |function: Option<TernaryFn>| match function {
        Some(function) => function(cx, base, exponent, modulus),
        None => Ok(Value::NOT_IMPLEMENTED),
    };
    if first.is_some() && second.is_some() && exponent_class.is_subclass(base_class) {
        let result = ask(second.take())?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    let result = ask(first)?;
    if !result.is_not_implemented() {
        return Ok(result);
    }
    let result = ask(second)?;
    if !result.is_not_implemented() {
        return Ok(result);
    }
    if !modulus.is_none() {
        let third = modulus.class().slots.power.get();
        if !same(third, first) && !same(third, exponent_class.slots.power.get()) {
            let result = ask(third)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        return Err(cx.type_error(format!(
            "unsupported operand type(s) for {symbol}: '{}', '{}', '{}'",
            base.type_name(),
            exponent.type_name(),
            modulus.type_name()
        )));
    }
    Err(unsupported(cx, symbol, base, exponent))
}

/// `divmod(left, right)`.
///
/// # Errors
/// As [`binary`].
pub fn divmod(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    let result = ask_both(cx, left, right, |slots| &slots.divmod)?;
    if result.is_not_implemented() {
        Err(unsupported(cx, "divmod()", left, right))
    } else {
        Ok(result)
    }
}

#[cold]
fn bad_operand(cx: &Context, symbol: &str, operand: &Value) -> Raised {
    cx.type_error(format!(
        "bad operand type for {symbol}: '{}'",
        operand.type_name()
    ))
}

/// `-operand`.
///
/// # Errors
/// TypeError when it has none, and what `__neg__` raises.
#[inline]
pub fn negative(cx: &Context, operand: &Value) -> PyResult<Value> {
    if let Some(number) = operand.as_small_int()
        && let Some(result) = Value::from_small_int(-number)
    {
        return Ok(result);
    }
    match operand.class().slots.negative.get() {
        Some(slot) => slot(cx, operand),
        None => Err(bad_operand(cx, "unary -", operand)),
    }
}

/// `+operand`.
///
/// # Errors
/// TypeError when it has none, and what `__pos__` raises.
pub fn positive(cx: &Context, operand: &Value) -> PyResult<Value> {
    match operand.class().slots.positive.get() {
        Some(slot) => slot(cx, operand),
        None => Err(bad_operand(cx, "unary +", operand)),
    }
}

/// `~operand`.
///
/// # Errors
/// TypeError when it has none, and what `__invert__` raises.
pub fn invert(cx: &Context, operand: &Value) -> PyResult<Value> {
    match operand.class().slots.invert.get() {
        Some(slot) => slot(cx, operand),
        None => Err(bad_operand(cx, "unary ~", operand)),
    }
}

/// `abs(operand)`.
///
/// # Errors
/// TypeError when it has none, and what `__abs__` raises.
pub fn absolute(cx: &Context, operand: &Value) -> PyResult<Value> {
    match operand.class().slots.absolute.get() {
        Some(slot) => slot(cx, operand),
        None => Err(bad_operand(cx, "abs()", operand)),
    }
}

/// `operator.index(value)`: an exact int.
///
/// # Errors
/// TypeError when the value is no integer, and what `__index__` raises.
#[inline]
pub fn index(cx: &Context, value: &Value) -> PyResult<Value> {
    if int::is_exact(value) {
        return Ok(value.clone());
    }
    index_slow(cx, value)
}

fn index_slow(cx: &Context, value: &Value) -> PyResult<Value> {
    if let Some(view) = int::view(value) {
        return view.into_value(cx);
    }
    let Some(slot) = value.class().slots.index.get() else {
        return Err(cx.type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            value.type_name()
        )));
    };
    let result = slot(cx, value)?;
    if int::is_exact(&result) {
        return Ok(result);
    }
    match int::view(&result) {
        Some(view) => {
            strict_subclass(cx, "__index__", "int", &result)?;
            view.into_value(cx)
        }
        None => Err(cx.type_error(format!(
            "__index__ returned non-int (type {})",
            result.type_name()
        ))),
    }
}

/// DeprecationWarning: `method` should have returned exactly an `expected`, not an instance of a derived class.
#[cold]
pub(crate) fn strict_subclass(
    cx: &Context,
    method: &str,
    expected: &str,
    result: &Value,
) -> PyResult<()> {
    crate::warnings::warn_deprecated(
        cx,
        &format!(
            "{method} returned non-{expected} (type {}).  The ability to return an instance of a strict subclass of \
             {expected} is deprecated, and may be removed in a future version of Python.",
            result.type_name()
        ),
    )
}
