//! `_operator`: the operators of the language as functions.
//!
//! Files: `callables` (`attrgetter`, `itemgetter`, `methodcaller`).

mod callables;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Args;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::protocols::{call as calls, compare, index as indexing, iterate, sequence};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::bytes_like::BytesLike;
use callables::{AttributeGetter, ItemGetter, MethodCaller};

/// Operator interface.
///
/// This module exports a set of functions implemented in C corresponding
/// to the intrinsic operators of Python.  For example, operator.add(x, y)
/// is equivalent to the expression x+y.  The function names are those
/// used for special methods; variants without leading and trailing
/// '__' are also provided for convenience.
#[pymodule(
    name = "_operator",
    functions(
        truth,
        contains,
        index_of,
        count_of,
        is_,
        is_not,
        is_none,
        is_not_none,
        add,
        sub,
        mul,
        matmul,
        floordiv,
        truediv,
        modulo,
        neg,
        pos,
        abs,
        inv,
        invert,
        index,
        lshift,
        rshift,
        not_,
        and_,
        xor,
        or_,
        iadd,
        isub,
        imul,
        imatmul,
        ifloordiv,
        itruediv,
        imod,
        ilshift,
        irshift,
        iand,
        ixor,
        ior,
        concat,
        iconcat,
        getitem,
        setitem,
        delitem,
        pow,
        ipow,
        lt,
        le,
        eq,
        ne,
        gt,
        ge,
        length_hint,
        call_object,
        compare_digest
    ),
    classes(AttributeGetter, ItemGetter, MethodCaller)
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Functions that are one operator of two operands.
macro_rules! binary_functions {
    ($($name:ident $signature:tt $function:ident $operator:ident $doc:tt)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            fn $name(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
                number::$function(cx, BinaryOperator::$operator, a, b)
            }
        )*
    };
}

binary_functions! {
    add "add(a, b, /)" binary Add "Same as a + b."
    sub "sub(a, b, /)" binary Subtract "Same as a - b."
    mul "mul(a, b, /)" binary Multiply "Same as a * b."
    matmul "matmul(a, b, /)" binary MatrixMultiply "Same as a @ b."
    floordiv "floordiv(a, b, /)" binary FloorDivide "Same as a // b."
    truediv "truediv(a, b, /)" binary TrueDivide "Same as a / b."
    modulo "mod(a, b, /)" binary Remainder "Same as a % b."
    lshift "lshift(a, b, /)" binary LeftShift "Same as a << b."
    rshift "rshift(a, b, /)" binary RightShift "Same as a >> b."
    and_ "and_(a, b, /)" binary And "Same as a & b."
    xor "xor(a, b, /)" binary Xor "Same as a ^ b."
    or_ "or_(a, b, /)" binary Or "Same as a | b."
    iadd "iadd(a, b, /)" inplace InplaceAdd "Same as a += b."
    isub "isub(a, b, /)" inplace InplaceSubtract "Same as a -= b."
    imul "imul(a, b, /)" inplace InplaceMultiply "Same as a *= b."
    imatmul "imatmul(a, b, /)" inplace InplaceMatrixMultiply "Same as a @= b."
    ifloordiv "ifloordiv(a, b, /)" inplace InplaceFloorDivide "Same as a //= b."
    itruediv "itruediv(a, b, /)" inplace InplaceTrueDivide "Same as a /= b."
    imod "imod(a, b, /)" inplace InplaceRemainder "Same as a %= b."
    ilshift "ilshift(a, b, /)" inplace InplaceLeftShift "Same as a <<= b."
    irshift "irshift(a, b, /)" inplace InplaceRightShift "Same as a >>= b."
    iand "iand(a, b, /)" inplace InplaceAnd "Same as a &= b."
    ixor "ixor(a, b, /)" inplace InplaceXor "Same as a ^= b."
    ior "ior(a, b, /)" inplace InplaceOr "Same as a |= b."
}

/// Functions that are one comparison.
macro_rules! comparisons {
    ($($name:ident $signature:tt $comparison:ident $doc:tt)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            fn $name(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
                compare::rich(cx, a, b, Comparison::$comparison)
            }
        )*
    };
}

comparisons! {
    lt "lt(a, b, /)" Less "Same as a < b."
    le "le(a, b, /)" LessEqual "Same as a <= b."
    eq "eq(a, b, /)" Equal "Same as a == b."
    ne "ne(a, b, /)" NotEqual "Same as a != b."
    gt "gt(a, b, /)" Greater "Same as a > b."
    ge "ge(a, b, /)" GreaterEqual "Same as a >= b."
}

/// Functions that are one operator of one operand.
macro_rules! unary_functions {
    ($($name:ident $signature:tt $function:ident $doc:tt)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            fn $name(cx: &Context, a: &Value) -> PyResult<Value> {
                number::$function(cx, a)
            }
        )*
    };
}

unary_functions! {
    neg "neg(a, /)" negative "Same as -a."
    pos "pos(a, /)" positive "Same as +a."
    abs "abs(a, /)" absolute "Same as abs(a)."
    inv "inv(a, /)" invert "Same as ~a."
    invert "invert(a, /)" invert "Same as ~a."
    index "index(a, /)" index "Same as a.__index__()"
}

/// Same as a ** b.
#[pyfunction("pow(a, b, /)")]
fn pow(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
    number::power(cx, a, b, &Value::NONE)
}

/// Same as a **= b.
#[pyfunction("ipow(a, b, /)")]
fn ipow(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
    number::inplace_power(cx, a, b, &Value::NONE)
}

/// Return True if a is true, False otherwise.
#[pyfunction("truth(a, /)")]
fn truth(_cx: &Context, a: bool) -> PyResult<bool> {
    Ok(a)
}

/// Same as not a.
#[pyfunction("not_(a, /)")]
fn not_(_cx: &Context, a: bool) -> PyResult<bool> {
    Ok(!a)
}

/// Same as a is b.
#[pyfunction("is_(a, b, /)")]
fn is_(_cx: &Context, a: &Value, b: &Value) -> PyResult<bool> {
    Ok(a.is(b))
}

/// Same as a is not b.
#[pyfunction("is_not(a, b, /)")]
fn is_not(_cx: &Context, a: &Value, b: &Value) -> PyResult<bool> {
    Ok(!a.is(b))
}

/// Same as a is None.
#[pyfunction("is_none(a, /)")]
fn is_none(_cx: &Context, a: &Value) -> PyResult<bool> {
    Ok(a.is_none())
}

/// Same as a is not None.
#[pyfunction("is_not_none(a, /)")]
fn is_not_none(_cx: &Context, a: &Value) -> PyResult<bool> {
    Ok(!a.is_none())
}

/// Same as a + b, for a and b sequences.
#[pyfunction("concat(a, b, /)")]
fn concat(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
    sequence::concat(cx, a, b)
}

/// Same as a += b, for a and b sequences.
#[pyfunction("iconcat(a, b, /)")]
fn iconcat(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
    let slots = &a.class().slots;
    if let Some(concat) = slots.inplace_concat.get() {
        return concat(cx, a, b);
    }
    if slots.concat.get().is_none()
        && slots.subscript.get().is_some()
        && b.class().slots.subscript.get().is_some()
    {
        return number::inplace(cx, BinaryOperator::InplaceAdd, a, b);
    }
    sequence::concat(cx, a, b)
}

/// Same as b in a (note reversed operands).
#[pyfunction("contains(a, b, /)")]
fn contains(cx: &Context, a: &Value, b: &Value) -> PyResult<bool> {
    sequence::contains(cx, a, b)
}

/// An iterator over what `indexOf` and `countOf` search.
fn searched(cx: &Context, container: &Value) -> PyResult<Value> {
    iterate::iter_or_none(cx, container)?.ok_or_else(|| {
        cx.type_error(format!(
            "argument of type '{}' is not iterable",
            container.type_name()
        ))
    })
}

/// Return the first index of b in a.
#[pyfunction("indexOf(a, b, /)")]
fn index_of(cx: &Context, a: &Value, b: &Value) -> PyResult<usize> {
    let iterator = searched(cx, a)?;
    let mut at = 0;
    while let Some(item) = iterate::next(cx, &iterator)? {
        if compare::identical_or_equal(cx, &item, b)? {
            return Ok(at);
        }
        at += 1;
    }
    Err(cx.value_error("sequence.index(x): x not in sequence"))
}

/// Return the number of items in a which are, or which equal, b.
#[pyfunction("countOf(a, b, /)")]
fn count_of(cx: &Context, a: &Value, b: &Value) -> PyResult<usize> {
    let iterator = searched(cx, a)?;
    let mut count = 0;
    while let Some(item) = iterate::next(cx, &iterator)? {
        count += usize::from(compare::identical_or_equal(cx, &item, b)?);
    }
    Ok(count)
}

/// Same as a[b].
#[pyfunction("getitem(a, b, /)")]
fn getitem(cx: &Context, a: &Value, b: &Value) -> PyResult<Value> {
    sequence::get_item(cx, a, b)
}

/// Same as a[b] = c.
#[pyfunction("setitem(a, b, c, /)")]
fn setitem(cx: &Context, a: &Value, b: &Value, c: &Value) -> PyResult<()> {
    sequence::set_item(cx, a, b, c)
}

/// Same as del a[b].
#[pyfunction("delitem(a, b, /)")]
fn delitem(cx: &Context, a: &Value, b: &Value) -> PyResult<()> {
    sequence::delete_item(cx, a, b)
}

/// Return an estimate of the number of items in obj.
///
/// This is useful for presizing containers when building from an iterable.
///
/// If the object supports len(), the result will be exact.
/// Otherwise, it may over- or under-estimate by an arbitrary amount.
/// The result will be an integer >= 0.
#[pyfunction("length_hint(obj, default=0, /)")]
fn length_hint(cx: &Context, object: &Value, default: Option<&Value>) -> PyResult<Value> {
    let default = match default {
        Some(default) => indexing::as_size(cx, default, exceptions::overflow_error())?,
        None => 0,
    };
    // What is no hint for want of one comes back as a number that no object can have as its length.
    const NONE: usize = usize::MAX;
    match iterate::length_hint(cx, object, NONE)? {
        NONE => int::from_i64(cx, default as i64),
        hint => int::from_i64(cx, hint as i64),
    }
}

/// Same as obj(*args, **kwargs).
#[pyfunction("call(obj, /, *args, **kwargs)")]
fn call_object(
    cx: &Context,
    callable: &Value,
    positional: &[Value],
    keywords: Vec<(&Value, &Value)>,
) -> PyResult<Value> {
    let mut values = positional.to_vec();
    let mut names = Vec::with_capacity(keywords.len());
    for (name, value) in keywords {
        names.push(name.clone());
        values.push(value.clone());
    }
    calls::call_args(
        cx,
        callable,
        Args {
            values: &values,
            names: &names,
        },
    )
}

/// Return 'a == b'.
///
/// This function uses an approach designed to prevent
/// timing analysis, making it appropriate for cryptography.
///
/// a and b must both be of the same type: either str (ASCII only),
/// or any bytes-like object.
///
/// Note: If a and b are of different lengths, or if an error occurs,
/// a timing attack could theoretically reveal information about the
/// types and lengths of a and b--but not their values.
#[pyfunction("_compare_digest(a, b, /)")]
pub fn compare_digest(cx: &Context, a: &Value, b: &Value) -> PyResult<bool> {
    if let (Some(left), Some(right)) = (a.downcast::<Str>(), b.downcast::<Str>()) {
        if !left.is_ascii() || !right.is_ascii() {
            return Err(
                cx.type_error("comparing strings with non-ASCII characters is not supported")
            );
        }
        return Ok(equal_in_constant_time(left.bytes(), right.bytes()));
    }
    let is_buffer = |value: &Value| value.class().slots.buffer.get().is_some();
    if !is_buffer(a) && !is_buffer(b) {
        return Err(cx.type_error(format!(
            "unsupported operand types(s) or combination of types: '{}' and '{}'",
            a.type_name(),
            b.type_name()
        )));
    }
    let left = BytesLike::of(cx, a)?;
    let right = BytesLike::of(cx, b)?;
    Ok(equal_in_constant_time(left.bytes(), right.bytes()))
}

/// Compares in a time that depends on the length of `right` only, not on where the two differ.
fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    let same_length = left.len() == right.len();
    let left = if same_length { left } else { right };
    let difference = left
        .iter()
        .zip(right)
        .fold(u8::from(!same_length), |difference, (left, right)| {
            std::hint::black_box(difference | (left ^ right))
        });
    difference == 0
}
