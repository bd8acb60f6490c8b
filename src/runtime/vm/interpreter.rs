//! The evaluation loop.
//!
//! One function runs frames until the one it was entered with is left. Python functions called by
//! Python code, and generators resumed by `for`, `yield from` and `await`, run in the same loop: they
//! push a frame (or link the generator's) and go on, so Python recursion uses no native stack.
//!
//! `pc`, `sp`, `locals` and `frame` are the machine's registers. Before anything that may raise, call,
//! or look at frames, `save!` writes `pc` and `sp` to the frame. Operands stay on the stack while an
//! instruction works on them, so that an error finds and drops them; instructions that raise leave the
//! inner loop by `raised!`, and `unwind` finds the handler.
//!
//! Errors of an instruction break out of the inner loop with the exception set in the context.

use std::sync::atomic::{AtomicU32, Ordering};

use typhon_compiler::opcode::Opcode;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::cell::Cell;
use crate::objects::dict::Dict;
use crate::objects::dict::views::DictKeyIterator;
use crate::objects::generator::{self, Generator};
use crate::objects::int;
use crate::objects::iterators::{ListIterator, TupleIterator};
use crate::objects::list::List;
use crate::objects::range::RangeIterator;
use crate::objects::slice::Slice;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocols::{compare, iterate, number, sequence, text};
use crate::slots::Comparison;
use crate::value::Value;
use crate::vm::attribute::{Getter, This};
use crate::vm::calling::{Called, call, call_keywords, call_unpacked, enter_getter};
use crate::vm::combined::{op as combined, unused};
use crate::vm::frame::{self, Frame, Kind};
use crate::vm::monitoring::events::{self, Next, Step};
use crate::vm::monitoring::instrument;
use crate::vm::resumption::{enter_generator, leave, suspend};
use crate::vm::{
    attribute, awaiting, import, instructions, pairs, pattern, safepoint, subscript, uncounted,
    unwind,
};

/// Opcodes as patterns for `match`.
#[allow(non_upper_case_globals)]
mod op {
    use super::Opcode;
    macro_rules! constants {
        ($($name:ident)*) => { $(pub const $name: u8 = Opcode::$name as u8;)* };
    }
    constants! {
        NOP POP_TOP PUSH_NULL COPY SWAP LOAD_CONST LOAD_SMALL_INT LOAD_COMMON_CONSTANT LOAD_FAST
        LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR LOAD_FAST_LOAD_FAST
        LOAD_FAST_BORROW_LOAD_FAST_BORROW STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST DELETE_FAST
        MAKE_CELL COPY_FREE_VARS LOAD_DEREF STORE_DEREF DELETE_DEREF LOAD_FROM_DICT_OR_DEREF
        LOAD_FROM_DICT_OR_GLOBALS LOAD_LOCALS LOAD_NAME STORE_NAME DELETE_NAME LOAD_GLOBAL STORE_GLOBAL
        DELETE_GLOBAL SETUP_ANNOTATIONS LOAD_ATTR LOAD_SUPER_ATTR STORE_ATTR DELETE_ATTR LOAD_SPECIAL
        BINARY_OP BINARY_SLICE STORE_SLICE STORE_SUBSCR DELETE_SUBSCR UNARY_NEGATIVE UNARY_NOT UNARY_INVERT
        TO_BOOL COMPARE_OP IS_OP CONTAINS_OP BUILD_TUPLE BUILD_LIST BUILD_SET BUILD_MAP BUILD_STRING
        BUILD_SLICE BUILD_INTERPOLATION BUILD_TEMPLATE LIST_APPEND SET_ADD MAP_ADD LIST_EXTEND SET_UPDATE
        DICT_UPDATE DICT_MERGE CONVERT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC UNPACK_SEQUENCE UNPACK_EX GET_LEN
        MATCH_CLASS MATCH_MAPPING MATCH_SEQUENCE MATCH_KEYS JUMP_FORWARD JUMP_BACKWARD
        JUMP_BACKWARD_NO_INTERRUPT POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE
        GET_ITER GET_YIELD_FROM_ITER FOR_ITER END_FOR POP_ITER CALL CALL_KW CALL_FUNCTION_EX CALL_INTRINSIC_1
        CALL_INTRINSIC_2 MAKE_FUNCTION SET_FUNCTION_ATTRIBUTE LOAD_BUILD_CLASS RETURN_VALUE RESUME
        RETURN_GENERATOR YIELD_VALUE SEND END_SEND CLEANUP_THROW GET_AWAITABLE GET_AITER GET_ANEXT
        END_ASYNC_FOR RAISE_VARARGS RERAISE PUSH_EXC_INFO POP_EXCEPT CHECK_EXC_MATCH CHECK_EG_MATCH
        WITH_EXCEPT_START IMPORT_NAME IMPORT_FROM
    }
}

/// Is that the instruction `container[key]`, as it was compiled or as it runs?
fn is_subscript(unit: u32) -> bool {
    unit >> 8 == subscript::SUBSCRIPT
        && matches!(unit as u8, op::BINARY_OP | combined::BINARY_SUBSCRIPT)
}

/// The instruction `first, second = …`.
const TWO_ITEMS: u32 = op::UNPACK_SEQUENCE as u32 | 2 << 8;

/// Runs `entry`, a frame that was just pushed, until it is left.
///
/// # Errors
/// What the frame raises.
///
/// # Safety
/// `entry` is a fresh frame of this thread marked as entry.
pub(crate) unsafe fn run(cx: &Context, entry: *mut Frame) -> PyResult<Value> {
    // SAFETY: by the caller's promise.
    unsafe { execute::<false>(cx, entry, false) }
}

/// Runs the frame of a generator that was taken, until it is left; `raising`: the exception that is
/// set in the context is raised where it was suspended.
///
/// # Errors
/// What the frame raises.
///
/// # Safety
/// The generator is RUNNING for this thread, its place for handled exceptions is entered and its frame
/// is marked as entry.
pub(crate) unsafe fn resume(cx: &Context, frame: *mut Frame, raising: bool) -> PyResult<Value> {
    // SAFETY: by the caller's promise.
    unsafe {
        if raising && events::of_exceptions_wanted() {
            cx.stack.frame.set(frame);
            events::exception(cx, frame, Step::Throw);
        }
        execute::<false>(cx, frame, raising)
    }
}

/// The loop, from `frame` on until the frame that it was entered with is left. There are two of it:
/// without `EVENTS` it goes on in the other one when it comes by a mark. Were marks a matter of the same
/// loop, it would have to be able to begin an instruction in two ways, and each would be slower.
///
/// # Safety
/// As [`run`] and [`resume`].
#[allow(clippy::cognitive_complexity)]
unsafe fn execute<const EVENTS: bool>(
    cx: &Context,
    mut frame: *mut Frame,
    mut raising: bool,
) -> PyResult<Value> {
    // The exception was raised before: its traceback has this frame already.
    let mut again = false;
    let mut pc: *const AtomicU32;
    let mut sp: *mut u64;
    let mut locals: *mut u64;

    macro_rules! load_registers {
        () => {
            cx.stack.frame.set(frame);
            pc = (*frame).pc;
            sp = (*frame).sp;
            locals = (*frame).locals;
        };
    }
    macro_rules! save {
        () => {
            (*frame).pc = pc;
            (*frame).sp = sp;
        };
    }
    macro_rules! push {
        ($value:expr) => {{
            let value: Value = $value;
            *sp = value.into_bits();
            sp = sp.add(1);
        }};
    }
    macro_rules! push_option {
        ($value:expr) => {{
            let value: Option<Value> = $value;
            *sp = value.map_or(0, Value::into_bits);
            sp = sp.add(1);
        }};
    }
    macro_rules! pop {
        () => {{
            sp = sp.sub(1);
            Value::from_bits(*sp)
        }};
    }
    macro_rules! pop_option {
        () => {{
            sp = sp.sub(1);
            std::ptr::read(sp.cast::<Option<Value>>())
        }};
    }
    // The value `n` below the top: 1 is the top.
    macro_rules! peek {
        ($n:expr) => {
            &*sp.sub($n).cast::<Value>()
        };
    }
    // The word of variable `index` as an optional value.
    macro_rules! variable {
        ($index:expr) => {
            (*locals.add($index as usize).cast::<Option<Value>>())
        };
    }

    // SAFETY: `frame` is an active frame of this thread; its code was assembled by the
    // compiler, which proves for each instruction the depth of the stack and the range of indices
    // (see `typhon_compiler::opcode`). Words between `locals` and `sp` are owned values or zero; words
    // above are dead. References obtained by `peek!` and `variable!` are not used after the word changes.
    unsafe {
        load_registers!();
        loop {
            if !raising {
                'instructions: loop {
                    macro_rules! raised {
                        () => {
                            break 'instructions
                        };
                    }
                    macro_rules! attempt {
                        ($result:expr) => {
                            match $result {
                                Ok(value) => value,
                                Err(Raised) => raised!(),
                            }
                        };
                    }
                    // Replaces the top `n` operands by `value`.
                    macro_rules! replace {
                        ($n:expr, $value:expr) => {{
                            let value: Value = $value;
                            for _ in 0..$n {
                                drop(pop_option!());
                            }
                            push!(value);
                        }};
                    }
                    // Goes on in the frame that a call pushed, or with what it returned in the place of
                    // its operands, from `$base` on. The frame says what is left of them otherwise.
                    macro_rules! called {
                        ($base:expr, $called:expr) => {{
                            let base: *mut u64 = $base;
                            match $called {
                                Ok(Called::Returned(value)) => {
                                    sp = base;
                                    push!(value);
                                }
                                Ok(Called::Entered(callee)) => {
                                    frame = callee;
                                    load_registers!();
                                }
                                Err(Raised) => {
                                    sp = (*frame).sp;
                                    raised!();
                                }
                            }
                        }};
                    }

                    let mut unit = (*pc).load(Ordering::Relaxed);
                    pc = pc.add(1);
                    // Goes round a second time only with the original of a marked instruction, and so
                    // never without `EVENTS`.
                    'dispatch: loop {
                        let arg = unit >> 8;
                        macro_rules! cache {
                            () => {{
                                let index = (*pc).load(Ordering::Relaxed) as usize;
                                pc = pc.add(1);
                                let code = (*frame).code();
                                &*code.caches.as_ptr().add(index)
                            }};
                        }
                        macro_rules! name {
                            ($index:expr) => {{
                                let code = (*frame).code();
                                *code.names.as_ptr().add($index as usize)
                            }};
                        }
                        // Pushes a truth, or takes the branch at once when one follows.
                        macro_rules! branch {
                            ($truth:expr) => {{
                                let truth: bool = $truth;
                                let next = (*pc).load(Ordering::Relaxed);
                                if next as u8 == op::POP_JUMP_IF_FALSE {
                                    pc = pc.add(if truth { 1 } else { 1 + (next >> 8) as usize });
                                } else if next as u8 == op::POP_JUMP_IF_TRUE {
                                    pc = pc.add(if truth { 1 + (next >> 8) as usize } else { 1 });
                                } else {
                                    push!(Value::from_bool(truth));
                                }
                            }};
                        }
                        // Pushes a value, or stores it at once when that comes next.
                        macro_rules! push_or_store {
                            ($value:expr) => {{
                                let value: Value = $value;
                                let next = (*pc).load(Ordering::Relaxed);
                                if next as u8 == op::STORE_FAST {
                                    pc = pc.add(1);
                                    drop(variable!(next >> 8).replace(value));
                                } else {
                                    push!(value);
                                }
                            }};
                        }
                        // Leaves the frame with a value that is on its stack no more.
                        macro_rules! return_value {
                            ($value:expr) => {{
                                let value: Value = $value;
                                save!();
                                let done = (*frame).is_entry;
                                let of_generator = (*frame).kind == Kind::Generator;
                                let previous = (*frame).previous;
                                let is_init = (*frame).is_init;
                                leave(cx, frame);
                                frame = previous;
                                if done {
                                    cx.stack.yielded.set(false);
                                    cx.stack.frame.set(frame);
                                    return Ok(value);
                                }
                                load_registers!();
                                if of_generator {
                                    // The instruction that resumed the generator goes on with its end.
                                    let unit = (*frame).unit_at(pc.sub(2));
                                    let distance = (unit >> 8) as usize;
                                    if unit as u8 == op::FOR_ITER {
                                        drop(value);
                                        pc = pc.add(distance + 1);
                                    } else {
                                        push!(value);
                                        pc = pc.add(distance);
                                    }
                                } else if is_init {
                                    // The instance lies on the stack already.
                                    if !value.is_none() {
                                        instructions::init_returned(cx, &value);
                                        drop(value);
                                        raised!();
                                    }
                                } else {
                                    push!(value);
                                }
                            }};
                        }
                        macro_rules! small_int {
                            ($number:expr) => {
                                Value::from_small_int(i64::from($number)).unwrap_unchecked()
                            };
                        }
                        // The constant with this index.
                        macro_rules! constant {
                            ($index:expr) => {
                                &*(*frame).code().constants.as_ptr().add($index as usize)
                            };
                        }
                        // The unit `n` behind this one.
                        macro_rules! unit {
                            ($n:expr) => {
                                (*pc.add($n)).load(Ordering::Relaxed)
                            };
                        }
                        // The cache whose index is in the unit `n` behind this one.
                        macro_rules! cache_of {
                            ($n:expr) => {
                                &*(*frame).code().caches.as_ptr().add(unit!($n) as usize)
                            };
                        }
                        // Replaces the top `n` operands by `value`, or stores it when that comes next.
                        macro_rules! replace_or_store {
                            ($n:expr, $value:expr) => {{
                                let value: Value = $value;
                                for _ in 0..$n {
                                    drop(pop!());
                                }
                                push_or_store!(value);
                            }};
                        }
                        // `BINARY_OP` by the operands' classes.
                        macro_rules! binary_op_slow {
                            ($left:expr, $right:expr) => {{
                                save!();
                                let result = instructions::binary_op(cx, arg, $left, $right);
                                replace_or_store!(2, attempt!(result));
                            }};
                        }
                        // `BINARY_OP` whose operator is known: `$fast` answers for words that have no
                        // count.
                        macro_rules! binary_op {
                            ($fast:path) => {{
                                pc = pc.add(1);
                                let (left, right) = (peek!(2), peek!(1));
                                match $fast(left, right) {
                                    Some(result) => {
                                        sp = sp.sub(2);
                                        push_or_store!(result);
                                    }
                                    None => binary_op_slow!(left, right),
                                }
                            }};
                        }
                        // The combined instruction goes on behind the `n` units it stands for with
                        // `value`; or it only pushes two variables.
                        macro_rules! locals {
                            (|$left:ident, $right:ident| $fast:expr) => {{
                                let (first, second) = Opcode::unpack_pair(arg);
                                if let (Some($left), Some($right)) =
                                    (&variable!(first), &variable!(second))
                                    && let Some(value) = $fast
                                {
                                    pc = pc.add(2);
                                    push_or_store!(value);
                                } else {
                                    push_option!(variable!(first).clone());
                                    push_option!(variable!(second).clone());
                                }
                            }};
                        }
                        // The same for the operand on top and a variable.
                        macro_rules! right {
                            (|$left:ident, $right:ident| $fast:expr) => {{
                                let $left = peek!(1);
                                if let Some($right) = &variable!(arg)
                                    && let Some(value) = $fast
                                {
                                    pc = pc.add(2);
                                    replace_or_store!(1, value);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }};
                        }
                        // The same for the operand on top and a small int.
                        macro_rules! small {
                            (|$left:ident, $right:ident| $fast:expr) => {{
                                let number = small_int!(arg);
                                let ($left, $right) = (peek!(1), &number);
                                if let Some(value) = $fast {
                                    pc = pc.add(2);
                                    replace_or_store!(1, value);
                                } else {
                                    push!(number);
                                }
                            }};
                        }
                        // The same for a variable and a small int.
                        macro_rules! local_small {
                            (|$left:ident, $right:ident| $fast:expr) => {{
                                let number = small_int!(unit!(0) >> 8);
                                let $right = &number;
                                if let Some($left) = &variable!(arg)
                                    && let Some(value) = $fast
                                {
                                    pc = pc.add(3);
                                    push_or_store!(value);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }};
                        }
                        // Jumps, or pushes the variable, to be tested by the instruction behind.
                        macro_rules! jump_if_none {
                            ($none:expr) => {
                                match &variable!(arg) {
                                    Some(value) => {
                                        let distance = (unit!(0) >> 8) as usize;
                                        let jumps = value.is_none() == $none;
                                        pc = pc.add(1 + if jumps { distance } else { 0 });
                                    }
                                    None => push_option!(None),
                                }
                            };
                        }
                        match unit as u8 {
                            // Not quite nothing: an arm without any code is the dispatch itself, and what
                            // jumps to itself LLVM does not put at the end of the other arms.
                            // SAFETY: no instruction.
                            op::NOP => {
                                core::arch::asm!("", options(nomem, nostack, preserves_flags))
                            }
                            op::RESUME => {
                                if cx.record.poll() {
                                    save!();
                                    attempt!(safepoint::serve(cx));
                                }
                            }
                            op::LOAD_FAST | op::LOAD_FAST_BORROW => {
                                push_option!(variable!(arg).clone());
                            }
                            op::LOAD_FAST_CHECK => match &variable!(arg) {
                                Some(value) => push!(value.clone()),
                                None => {
                                    save!();
                                    instructions::unbound_local(cx, &*frame, arg as usize);
                                    raised!();
                                }
                            },
                            op::LOAD_FAST_LOAD_FAST | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                                let (first, second) = Opcode::unpack_pair(arg);
                                push_option!(variable!(first).clone());
                                push_option!(variable!(second).clone());
                            }
                            op::LOAD_FAST_AND_CLEAR => push_option!(variable!(arg).take()),
                            op::LOAD_CONST => {
                                let code = (*frame).code();
                                push!((*code.constants.as_ptr().add(arg as usize)).clone());
                            }
                            op::LOAD_SMALL_INT => push!(small_int!(arg)),
                            op::STORE_FAST => {
                                let value = pop_option!();
                                drop(std::mem::replace(&mut variable!(arg), value));
                            }
                            op::STORE_FAST_LOAD_FAST => {
                                let (store, load) = Opcode::unpack_pair(arg);
                                let value = pop_option!();
                                drop(std::mem::replace(&mut variable!(store), value));
                                push_option!(variable!(load).clone());
                            }
                            op::STORE_FAST_STORE_FAST => {
                                let (first, second) = Opcode::unpack_pair(arg);
                                let value = pop_option!();
                                drop(std::mem::replace(&mut variable!(first), value));
                                let value = pop_option!();
                                drop(std::mem::replace(&mut variable!(second), value));
                            }
                            op::POP_TOP | op::POP_ITER => drop(pop_option!()),
                            op::END_FOR => drop(pop_option!()),
                            op::PUSH_NULL => {
                                *sp = 0;
                                sp = sp.add(1);
                            }
                            op::COPY => {
                                push_option!(
                                    (*sp.sub(arg as usize).cast::<Option<Value>>()).clone()
                                )
                            }
                            op::SWAP => std::ptr::swap(sp.sub(1), sp.sub(arg as usize)),
                            op::BINARY_OP => {
                                pc = pc.add(1);
                                let left = peek!(2);
                                let right = peek!(1);
                                match number::binary_fast(arg, left, right) {
                                    Some(result) => replace_or_store!(2, result),
                                    None => binary_op_slow!(left, right),
                                }
                            }
                            op::COMPARE_OP => {
                                pc = pc.add(1);
                                let left = peek!(2);
                                let right = peek!(1);
                                // Two words without a count: nothing is to be dropped.
                                if let Some(truth) = compare::outcome_fast(left, right, arg) {
                                    sp = sp.sub(2);
                                    branch!(truth);
                                    continue 'instructions;
                                }
                                let comparison = Comparison::from_number(arg >> 5);
                                if let Some(truth) = compare::plain_decided(left, right, comparison)
                                {
                                    drop(pop!());
                                    drop(pop!());
                                    branch!(truth);
                                    continue 'instructions;
                                }
                                save!();
                                let mut result =
                                    attempt!(compare::rich_by_methods(cx, left, right, comparison));
                                if arg & 16 != 0 {
                                    result = Value::from_bool(attempt!(result.truth(cx)));
                                }
                                replace!(2, result);
                            }
                            op::POP_JUMP_IF_FALSE => {
                                let value = pop!();
                                debug_assert!(value.as_bool().is_some());
                                if value.is_false() {
                                    pc = pc.add(arg as usize);
                                }
                            }
                            op::POP_JUMP_IF_TRUE => {
                                let value = pop!();
                                debug_assert!(value.as_bool().is_some());
                                if value.is_true() {
                                    pc = pc.add(arg as usize);
                                }
                            }
                            op::POP_JUMP_IF_NONE => {
                                let value = pop!();
                                if value.is_none() {
                                    pc = pc.add(arg as usize);
                                }
                            }
                            op::POP_JUMP_IF_NOT_NONE => {
                                let value = pop!();
                                if !value.is_none() {
                                    pc = pc.add(arg as usize);
                                }
                            }
                            op::JUMP_FORWARD => pc = pc.add(arg as usize),
                            op::JUMP_BACKWARD => {
                                // Before the jump: what interrupts the loop is raised on its line.
                                if cx.record.poll() {
                                    save!();
                                    attempt!(safepoint::serve(cx));
                                }
                                pc = pc.sub(arg as usize);
                            }
                            op::JUMP_BACKWARD_NO_INTERRUPT => pc = pc.sub(arg as usize),
                            op::TO_BOOL => {
                                pc = pc.add(1);
                                let value = peek!(1);
                                let truth = match value.truth_fast() {
                                    Some(truth) => truth,
                                    None => {
                                        save!();
                                        attempt!(value.truth(cx))
                                    }
                                };
                                drop(pop!());
                                branch!(truth);
                            }
                            op::UNARY_NOT => {
                                let value = pop!();
                                debug_assert!(value.as_bool().is_some());
                                push!(Value::from_bool(!value.is_true()));
                            }
                            op::IS_OP => {
                                let same = peek!(2).is(peek!(1));
                                drop(pop!());
                                drop(pop!());
                                branch!(same != (arg != 0));
                            }
                            op::CONTAINS_OP => {
                                pc = pc.add(1);
                                save!();
                                let (container, item) = (peek!(1), peek!(2));
                                let found = match sequence::contains_fast(container, item) {
                                    Some(found) => found,
                                    None => attempt!(sequence::contains(cx, container, item)),
                                };
                                drop(pop!());
                                drop(pop!());
                                branch!(found != (arg != 0));
                            }
                            op::UNARY_NEGATIVE => {
                                save!();
                                let result = attempt!(number::negative(cx, peek!(1)));
                                replace!(1, result);
                            }
                            op::UNARY_INVERT => {
                                save!();
                                let result = attempt!(number::invert(cx, peek!(1)));
                                replace!(1, result);
                            }
                            op::BINARY_SLICE => {
                                save!();
                                let result =
                                    attempt!(subscript::slice(cx, peek!(3), peek!(2), peek!(1)));
                                replace!(3, result);
                            }
                            op::STORE_SLICE => {
                                save!();
                                attempt!(subscript::store_slice(
                                    cx,
                                    peek!(3),
                                    peek!(2),
                                    peek!(1),
                                    peek!(4)
                                ));
                                for _ in 0..4 {
                                    drop(pop!());
                                }
                            }
                            op::STORE_SUBSCR => {
                                pc = pc.add(1);
                                save!();
                                attempt!(subscript::store_subscript(
                                    cx,
                                    peek!(2),
                                    peek!(1),
                                    peek!(3)
                                ));
                                for _ in 0..3 {
                                    drop(pop!());
                                }
                            }
                            op::DELETE_SUBSCR => {
                                save!();
                                attempt!(sequence::delete_item(cx, peek!(2), peek!(1)));
                                for _ in 0..2 {
                                    drop(pop!());
                                }
                            }
                            op::LOAD_GLOBAL => {
                                let cache = cache!();
                                let name = name!(arg >> 1);
                                if arg & 1 != 0 {
                                    let word =
                                        attribute::load_global_callable(&*frame, cache, name);
                                    *sp = match word {
                                        Some(word) => word,
                                        None => {
                                            save!();
                                            let value =
                                                attribute::load_global(cx, &*frame, cache, name);
                                            attempt!(value).into_bits()
                                        }
                                    };
                                    *sp.add(1) = 0;
                                    sp = sp.add(2);
                                    continue 'instructions;
                                }
                                let value = match attribute::load_global_fast(&*frame, cache, name)
                                {
                                    Some(value) => value,
                                    None => {
                                        save!();
                                        attempt!(attribute::load_global(cx, &*frame, cache, name))
                                    }
                                };
                                push!(value);
                            }
                            op::LOAD_ATTR => {
                                let cache = cache!();
                                let name = name!(arg >> 1);
                                let owner = peek!(1);
                                if arg & 1 == 0 {
                                    let value = match attribute::load_fast(owner, cache, name) {
                                        Some(value) => value,
                                        None => {
                                            save!();
                                            let on_stack = (*frame).kind == Kind::Stack;
                                            match attribute::getter_fast(owner, cache, on_stack) {
                                                Some(Getter::Simple(getter)) => {
                                                    let base = sp.sub(1);
                                                    let entered =
                                                        enter_getter(cx, frame, base, getter);
                                                    called!(base, entered);
                                                    continue 'instructions;
                                                }
                                                Some(getter) => attempt!(getter.get(cx, owner)),
                                                None => attempt!(attribute::load(
                                                    cx, owner, cache, name
                                                )),
                                            }
                                        }
                                    };
                                    replace!(1, value);
                                } else {
                                    let (word, this) =
                                        match attribute::load_method_fast(owner, cache, name) {
                                            Some(found) => found,
                                            None => {
                                                save!();
                                                attempt!(attribute::load_method(
                                                    cx, owner, cache, name
                                                ))
                                            }
                                        };
                                    if let This::Owner = this {
                                        // (owner) becomes (method, owner).
                                        *sp = *sp.sub(1);
                                        *sp.sub(1) = word;
                                    } else {
                                        let owner = std::mem::replace(&mut *sp.sub(1), word);
                                        let owner = Value::from_bits(owner);
                                        *sp = this.value(&owner).map_or(0, Value::into_bits);
                                        drop(owner);
                                    }
                                    sp = sp.add(1);
                                }
                            }
                            op::STORE_ATTR => {
                                let cache = cache!();
                                let value = Value::from_bits(*sp.sub(2));
                                match attribute::store_fast(peek!(1), cache, value) {
                                    Ok(old) => {
                                        let owner = pop!();
                                        sp = sp.sub(1);
                                        drop(old);
                                        drop(owner);
                                    }
                                    Err(value) => {
                                        std::mem::forget(value);
                                        let name = name!(arg);
                                        save!();
                                        let (owner, value) = (peek!(1), peek!(2));
                                        attempt!(attribute::store(cx, owner, cache, name, value));
                                        drop(pop!());
                                        drop(pop!());
                                    }
                                }
                            }
                            op::DELETE_ATTR => {
                                save!();
                                attempt!(crate::protocols::attribute::delete(
                                    cx,
                                    peek!(1),
                                    name!(arg)
                                ));
                                drop(pop!());
                            }
                            op::LOAD_SUPER_ATTR => {
                                pc = pc.add(1);
                                save!();
                                let (value, this) = attempt!(instructions::load_super_attribute(
                                    cx,
                                    peek!(3),
                                    peek!(2),
                                    peek!(1),
                                    name!(arg >> 2),
                                    arg,
                                ));
                                replace!(3, value);
                                if arg & 1 != 0 {
                                    push_option!(this);
                                }
                            }
                            op::LOAD_SPECIAL => {
                                save!();
                                let (method, this) =
                                    attempt!(instructions::load_special(cx, peek!(1), arg));
                                replace!(1, method);
                                push_option!(this);
                            }
                            op::CALL => {
                                pc = pc.add(1);
                                save!();
                                let base = sp.sub(arg as usize + 2);
                                called!(base, call(cx, frame, sp, base));
                            }
                            op::CALL_KW => {
                                pc = pc.add(1);
                                save!();
                                let base = sp.sub(arg as usize + 3);
                                called!(base, call_keywords(cx, frame, sp, base));
                            }
                            op::CALL_FUNCTION_EX => {
                                save!();
                                called!(sp.sub(4), call_unpacked(cx, frame, sp));
                            }
                            op::CALL_INTRINSIC_1 => {
                                save!();
                                let result =
                                    attempt!(instructions::intrinsic_1(cx, &*frame, arg, peek!(1)));
                                replace!(1, result);
                            }
                            op::CALL_INTRINSIC_2 => {
                                save!();
                                let result = attempt!(instructions::intrinsic_2(
                                    cx,
                                    arg,
                                    peek!(2),
                                    peek!(1)
                                ));
                                replace!(2, result);
                            }
                            op::RETURN_VALUE => {
                                let value = pop!();
                                return_value!(value);
                            }
                            op::RETURN_GENERATOR => {
                                save!();
                                let generator = attempt!(Generator::from_frame(cx, frame));
                                let done = (*frame).is_entry;
                                let previous = (*frame).previous;
                                frame::pop(cx, frame);
                                frame = previous;
                                if done {
                                    cx.stack.frame.set(frame);
                                    return Ok(generator);
                                }
                                load_registers!();
                                push!(generator);
                            }
                            op::YIELD_VALUE => {
                                let value = pop!();
                                save!();
                                let done = (*frame).is_entry;
                                let previous = (*frame).previous;
                                suspend(cx, frame);
                                frame = previous;
                                if done {
                                    cx.stack.yielded.set(true);
                                    cx.stack.frame.set(frame);
                                    return Ok(value);
                                }
                                load_registers!();
                                push!(value);
                            }
                            op::GET_ITER => {
                                save!();
                                let iterator = attempt!(iterate::iter(cx, peek!(1)));
                                replace!(1, iterator);
                            }
                            op::FOR_ITER => {
                                pc = pc.add(1);
                                let iterator = peek!(1);
                                let shaped = iterator.shaped();
                                if let Some(range) = shaped.downcast_exact::<RangeIterator>() {
                                    let Some(number) = range.advance() else {
                                        pc = pc.add(arg as usize + 1);
                                        continue 'instructions;
                                    };
                                    if let Some(number) = Value::from_small_int(number) {
                                        push_or_store!(number);
                                        continue 'instructions;
                                    }
                                    save!();
                                    push!(attempt!(int::from_i64(cx, number)));
                                    continue 'instructions;
                                }
                                if let Some(list) = shaped.downcast_exact::<ListIterator>() {
                                    let pair = unit!(0) == TWO_ITEMS;
                                    if !pair && let Some(item) = list.advance_fast() {
                                        push_or_store!(item);
                                        continue 'instructions;
                                    }
                                    save!();
                                    if pair && let Some((first, second)) = list.advance_pair() {
                                        pc = pc.add(2);
                                        push!(second);
                                        push!(first);
                                        continue 'instructions;
                                    }
                                    match list.advance() {
                                        Some(item) => push_or_store!(item),
                                        None => pc = pc.add(arg as usize + 1),
                                    }
                                    continue 'instructions;
                                }
                                save!();
                                if let Some(tuple) = shaped.downcast_exact::<TupleIterator>() {
                                    match tuple.advance() {
                                        Some(item) => push_or_store!(item),
                                        None => pc = pc.add(arg as usize + 1),
                                    }
                                } else if let Some(keys) =
                                    shaped.downcast_exact::<DictKeyIterator>()
                                {
                                    match attempt!(keys.next_key(cx)) {
                                        Some(key) => push_or_store!(key),
                                        None => pc = pc.add(arg as usize + 1),
                                    }
                                } else if let Some(generator) = shaped.downcast_exact::<Generator>()
                                {
                                    match attempt!(enter_generator(
                                        cx,
                                        frame,
                                        generator,
                                        Value::NONE
                                    )) {
                                        Some(callee) => {
                                            frame = callee;
                                            load_registers!();
                                        }
                                        None => pc = pc.add(arg as usize + 1),
                                    }
                                } else {
                                    if unit!(0) == TWO_ITEMS
                                        && let Some(pair) = pairs::next_pair(cx, iterator)
                                    {
                                        match attempt!(pair) {
                                            Some((first, second)) => {
                                                pc = pc.add(2);
                                                push!(second);
                                                push!(first);
                                            }
                                            None => pc = pc.add(arg as usize + 1),
                                        }
                                        continue 'instructions;
                                    }
                                    match attempt!(iterate::next(cx, iterator)) {
                                        Some(item) => push_or_store!(item),
                                        None => pc = pc.add(arg as usize + 1),
                                    }
                                }
                            }
                            op::SEND => {
                                pc = pc.add(1);
                                save!();
                                let receiver = peek!(2);
                                match awaiting::as_generator(receiver) {
                                    Some(generator) => {
                                        let sent = peek!(1).clone();
                                        match attempt!(enter_generator(cx, frame, generator, sent))
                                        {
                                            Some(callee) => {
                                                drop(pop!());
                                                (*frame).sp = sp;
                                                frame = callee;
                                                load_registers!();
                                            }
                                            None => {
                                                attempt!(generator.refuse_reuse(cx));
                                                replace!(1, Value::NONE);
                                                pc = pc.add(arg as usize);
                                            }
                                        }
                                    }
                                    None => {
                                        match attempt!(awaiting::send(cx, receiver, peek!(1))) {
                                            generator::Resumed::Yielded(value) => {
                                                replace!(1, value)
                                            }
                                            generator::Resumed::Returned(value) => {
                                                replace!(1, value);
                                                pc = pc.add(arg as usize);
                                            }
                                        }
                                    }
                                }
                            }
                            op::END_SEND => {
                                let value = pop!();
                                drop(pop!());
                                push!(value);
                            }
                            op::CLEANUP_THROW => {
                                save!();
                                let Ok(value) = awaiting::cleanup_throw(cx, peek!(1)) else {
                                    again = true;
                                    raised!();
                                };
                                replace!(3, Value::NONE);
                                push!(value);
                            }
                            op::GET_YIELD_FROM_ITER => {
                                save!();
                                let iterator =
                                    attempt!(awaiting::yield_from_iterator(cx, &*frame, peek!(1)));
                                replace!(1, iterator);
                            }
                            op::GET_AWAITABLE => {
                                save!();
                                let iterator = attempt!(awaiting::awaitable(cx, peek!(1), arg));
                                replace!(1, iterator);
                            }
                            op::GET_AITER => {
                                save!();
                                let iterator = attempt!(awaiting::async_iterator(cx, peek!(1)));
                                replace!(1, iterator);
                            }
                            op::GET_ANEXT => {
                                save!();
                                let awaitable = attempt!(awaiting::async_next(cx, peek!(1)));
                                push!(awaitable);
                            }
                            op::END_ASYNC_FOR => {
                                save!();
                                if awaiting::end_async_for(cx, peek!(1)).is_err() {
                                    again = true;
                                    raised!();
                                }
                                drop(pop!());
                                drop(pop!());
                            }
                            op::MAKE_CELL => {
                                save!();
                                let content = variable!(arg).take();
                                let cell = attempt!(Cell::new(cx, content));
                                variable!(arg) = Some(cell.into_value());
                            }
                            op::COPY_FREE_VARS => {
                                let function = (*frame).function();
                                if let Some(closure) = function.closure.get() {
                                    let first = function.code().first_free as usize;
                                    for (index, cell) in closure.as_slice().iter().enumerate() {
                                        variable!(first + index) = Some(cell.clone());
                                    }
                                }
                            }
                            op::LOAD_DEREF => {
                                let cell = cell_of(&variable!(arg));
                                match cell.get() {
                                    Some(value) => push!(value),
                                    None => {
                                        save!();
                                        instructions::unbound_cell(cx, &*frame, arg as usize);
                                        raised!();
                                    }
                                }
                            }
                            op::STORE_DEREF => {
                                let value = pop!();
                                cell_of(&variable!(arg)).set(Some(value));
                            }
                            op::DELETE_DEREF => {
                                if cell_of(&variable!(arg)).replace(None).is_none() {
                                    save!();
                                    instructions::unbound_cell(cx, &*frame, arg as usize);
                                    raised!();
                                }
                            }
                            op::LOAD_FROM_DICT_OR_DEREF => {
                                save!();
                                let name = (*frame).code().local_names[arg as usize];
                                let value = match attempt!(instructions::get_from_namespace(
                                    cx,
                                    peek!(1),
                                    name
                                )) {
                                    Some(value) => value,
                                    None => match cell_of(&variable!(arg)).get() {
                                        Some(value) => value,
                                        None => {
                                            instructions::unbound_cell(cx, &*frame, arg as usize);
                                            raised!();
                                        }
                                    },
                                };
                                replace!(1, value);
                            }
                            op::DELETE_FAST => {
                                if variable!(arg).take().is_none() {
                                    save!();
                                    instructions::unbound_local(cx, &*frame, arg as usize);
                                    raised!();
                                }
                            }
                            op::LOAD_LOCALS => {
                                save!();
                                push!(instructions::namespace(&*frame).clone());
                            }
                            op::LOAD_NAME => {
                                save!();
                                push!(attempt!(instructions::load_name(cx, &*frame, name!(arg))));
                            }
                            op::STORE_NAME => {
                                save!();
                                attempt!(instructions::store_name(
                                    cx,
                                    &*frame,
                                    name!(arg),
                                    peek!(1)
                                ));
                                drop(pop!());
                            }
                            op::DELETE_NAME => {
                                save!();
                                attempt!(instructions::delete_name(cx, &*frame, name!(arg)));
                            }
                            op::LOAD_FROM_DICT_OR_GLOBALS => {
                                save!();
                                let name = name!(arg);
                                let value = match attempt!(instructions::get_from_namespace(
                                    cx,
                                    peek!(1),
                                    name
                                )) {
                                    Some(value) => value,
                                    None => {
                                        attempt!(instructions::load_global_name(cx, &*frame, name))
                                    }
                                };
                                replace!(1, value);
                            }
                            op::STORE_GLOBAL => {
                                save!();
                                attempt!((*frame).globals().set_name(
                                    cx,
                                    name!(arg),
                                    peek!(1).clone()
                                ));
                                drop(pop!());
                            }
                            op::DELETE_GLOBAL => {
                                save!();
                                let name = name!(arg);
                                if attempt!((*frame).globals().remove_name(cx, name)).is_none() {
                                    let _ = instructions::name_error(cx, name);
                                    raised!();
                                }
                            }
                            op::SETUP_ANNOTATIONS => {
                                save!();
                                attempt!(instructions::setup_annotations(cx, &*frame));
                            }
                            op::LOAD_COMMON_CONSTANT => {
                                push!(instructions::common_constant(arg));
                            }
                            op::LOAD_BUILD_CLASS => {
                                save!();
                                push!(attempt!(instructions::build_class(cx, &*frame)));
                            }
                            op::BUILD_TUPLE => {
                                save!();
                                let count = arg as usize;
                                sp = sp.sub(count);
                                (*frame).sp = sp;
                                push!(
                                    attempt!(Tuple::take_from(cx, sp.cast::<Value>(), count))
                                        .into_value()
                                );
                            }
                            op::BUILD_LIST => {
                                save!();
                                let count = arg as usize;
                                sp = sp.sub(count);
                                (*frame).sp = sp;
                                push!(
                                    attempt!(List::take_from(cx, sp.cast::<Value>(), count))
                                        .into_value()
                                );
                            }
                            op::BUILD_SET => {
                                save!();
                                let count = arg as usize;
                                let values = std::slice::from_raw_parts(
                                    sp.sub(count).cast::<Value>(),
                                    count,
                                );
                                let set = attempt!(instructions::build_set(cx, values));
                                replace!(count, set);
                            }
                            op::BUILD_MAP => {
                                save!();
                                let count = 2 * arg as usize;
                                let values = std::slice::from_raw_parts(
                                    sp.sub(count).cast::<Value>(),
                                    count,
                                );
                                let dict = attempt!(instructions::build_map(cx, values));
                                replace!(count, dict);
                            }
                            op::BUILD_STRING => {
                                save!();
                                let count = arg as usize;
                                let values = std::slice::from_raw_parts(
                                    sp.sub(count).cast::<Value>(),
                                    count,
                                );
                                let string = attempt!(instructions::build_string(cx, values));
                                replace!(count, string);
                            }
                            op::BUILD_SLICE => {
                                save!();
                                let count = arg as usize;
                                let next = (*pc).load(Ordering::Relaxed);
                                if count == 3
                                    && is_subscript(next)
                                    && let Some(items) = subscript::extended_slice(
                                        cx,
                                        peek!(4),
                                        [peek!(3), peek!(2), peek!(1)],
                                    )
                                {
                                    pc = pc.add(2);
                                    replace!(4, attempt!(items));
                                    continue 'instructions;
                                }
                                let step = if count == 3 {
                                    peek!(1).clone()
                                } else {
                                    Value::NONE
                                };
                                let slice = attempt!(Slice::new(
                                    cx,
                                    peek!(count).clone(),
                                    peek!(count - 1).clone(),
                                    step
                                ));
                                replace!(count, slice.into_value());
                            }
                            op::BUILD_INTERPOLATION => {
                                save!();
                                let count = 2 + (arg & 1) as usize;
                                let specification = (arg & 1 != 0).then(|| peek!(1));
                                let interpolation = attempt!(instructions::build_interpolation(
                                    cx,
                                    peek!(count),
                                    peek!(count - 1),
                                    arg >> 2,
                                    specification,
                                ));
                                replace!(count, interpolation);
                            }
                            op::BUILD_TEMPLATE => {
                                save!();
                                let template =
                                    attempt!(instructions::build_template(cx, peek!(2), peek!(1)));
                                replace!(2, template);
                            }
                            op::LIST_APPEND => {
                                let value = pop!();
                                let list = peek!(arg as usize).downcast::<List>();
                                let list =
                                    list.expect("invariant: the compiler builds a list there");
                                if let Err(value) = list.push_fast(value) {
                                    save!();
                                    attempt!(list.push(cx, value));
                                }
                            }
                            op::SET_ADD => {
                                save!();
                                attempt!(instructions::set_add(
                                    cx,
                                    peek!(arg as usize + 1),
                                    peek!(1)
                                ));
                                drop(pop!());
                            }
                            op::MAP_ADD => {
                                save!();
                                let dict = peek!(arg as usize + 2).downcast::<Dict>();
                                let dict =
                                    dict.expect("invariant: the compiler builds a dict there");
                                attempt!(dict.set_item(cx, peek!(2), peek!(1).clone()));
                                drop(pop!());
                                drop(pop!());
                            }
                            op::LIST_EXTEND => {
                                save!();
                                attempt!(instructions::list_extend(
                                    cx,
                                    peek!(arg as usize + 1),
                                    peek!(1)
                                ));
                                drop(pop!());
                            }
                            op::SET_UPDATE => {
                                save!();
                                attempt!(instructions::set_update(
                                    cx,
                                    peek!(arg as usize + 1),
                                    peek!(1)
                                ));
                                drop(pop!());
                            }
                            op::DICT_UPDATE => {
                                save!();
                                attempt!(instructions::dict_update(
                                    cx,
                                    peek!(arg as usize + 1),
                                    peek!(1)
                                ));
                                drop(pop!());
                            }
                            op::DICT_MERGE => {
                                save!();
                                // It stays on the stack, counted or not.
                                let word = uncounted::plain(*sp.sub(arg as usize + 4));
                                let callable = std::mem::ManuallyDrop::new(Value::from_bits(word));
                                attempt!(instructions::dict_merge(
                                    cx,
                                    peek!(arg as usize + 1),
                                    peek!(1),
                                    &callable
                                ));
                                drop(pop!());
                            }
                            op::CONVERT_VALUE => {
                                save!();
                                let result =
                                    attempt!(instructions::convert_value(cx, peek!(1), arg));
                                replace!(1, result);
                            }
                            op::FORMAT_SIMPLE => {
                                if !peek!(1).is_exact::<Str>() {
                                    save!();
                                    let result =
                                        attempt!(text::format(cx, peek!(1), &Str::empty()));
                                    replace!(1, result);
                                }
                            }
                            op::FORMAT_WITH_SPEC => {
                                save!();
                                let result =
                                    attempt!(instructions::format_with(cx, peek!(2), peek!(1)));
                                replace!(2, result);
                            }
                            op::UNPACK_SEQUENCE => {
                                pc = pc.add(1);
                                // The items take the sequence's place, last item first: above it there
                                // would be one word too few at the greatest depth.
                                let sequence = pop!();
                                if arg == 2
                                    && let Some(tuple) = sequence.downcast_exact::<Tuple>()
                                    && let [first, second] = tuple.as_slice()
                                {
                                    push!(second.clone());
                                    push!(first.clone());
                                    continue 'instructions;
                                }
                                save!();
                                let unpacked =
                                    instructions::unpack_sequence(cx, &sequence, arg as usize, sp);
                                if unpacked.is_ok() {
                                    sp = sp.add(arg as usize);
                                    (*frame).sp = sp;
                                }
                                drop(sequence);
                                attempt!(unpacked);
                            }
                            op::UNPACK_EX => {
                                save!();
                                let (before, after) = ((arg & 0xff) as usize, (arg >> 8) as usize);
                                let values = attempt!(instructions::unpack_extended(
                                    cx,
                                    peek!(1),
                                    before,
                                    after
                                ));
                                drop(pop!());
                                for value in values.into_iter().rev() {
                                    push!(value);
                                }
                            }
                            op::GET_LEN => {
                                save!();
                                let length = attempt!(sequence::length(cx, peek!(1)));
                                push!(attempt!(int::from_i64(cx, length as i64)));
                            }
                            op::MATCH_CLASS => {
                                save!();
                                let result = attempt!(pattern::match_class(
                                    cx,
                                    peek!(3),
                                    peek!(2),
                                    arg as usize,
                                    peek!(1)
                                ));
                                replace!(3, result);
                            }
                            op::MATCH_MAPPING => {
                                let yes = pattern::is_mapping(peek!(1));
                                push!(Value::from_bool(yes));
                            }
                            op::MATCH_SEQUENCE => {
                                let yes = pattern::is_sequence(peek!(1));
                                push!(Value::from_bool(yes));
                            }
                            op::MATCH_KEYS => {
                                save!();
                                let values = attempt!(pattern::match_keys(cx, peek!(2), peek!(1)));
                                push!(values);
                            }
                            op::MAKE_FUNCTION => {
                                save!();
                                let function =
                                    attempt!(instructions::make_function(cx, &*frame, peek!(1)));
                                replace!(1, function);
                            }
                            op::SET_FUNCTION_ATTRIBUTE => {
                                let function = pop!();
                                let attribute = pop!();
                                let function =
                                    instructions::set_function_attribute(function, arg, attribute);
                                push!(function);
                            }
                            op::IMPORT_NAME => {
                                save!();
                                let module = attempt!(import::import_name(
                                    cx,
                                    &*frame,
                                    name!(arg),
                                    peek!(1),
                                    peek!(2)
                                ));
                                replace!(2, module);
                            }
                            op::IMPORT_FROM => {
                                save!();
                                push!(attempt!(import::import_from(cx, peek!(1), name!(arg))));
                            }
                            op::PUSH_EXC_INFO => {
                                let exception = pop!();
                                let before = cx.replace_handled(Some(exception.clone()));
                                push!(before.unwrap_or(Value::NONE));
                                push!(exception);
                            }
                            op::POP_EXCEPT => {
                                let before = pop!();
                                drop(cx.replace_handled(
                                    Some(before).filter(|before| !before.is_none()),
                                ));
                            }
                            op::CHECK_EXC_MATCH => {
                                save!();
                                let yes =
                                    attempt!(unwind::exception_matches(cx, peek!(2), peek!(1)));
                                replace!(1, Value::from_bool(yes));
                            }
                            op::CHECK_EG_MATCH => {
                                save!();
                                let (matched, rest) =
                                    attempt!(unwind::group_matches(cx, peek!(2), peek!(1)));
                                drop(pop!());
                                drop(pop!());
                                push!(rest);
                                push!(matched);
                            }
                            op::WITH_EXCEPT_START => {
                                save!();
                                let result = attempt!(instructions::with_except_start(
                                    cx,
                                    peek!(5),
                                    &*sp.sub(4).cast::<Option<Value>>(),
                                    peek!(1),
                                ));
                                push!(result);
                            }
                            op::RAISE_VARARGS => {
                                save!();
                                let cause = (arg == 2).then(|| pop!());
                                let exception = (arg >= 1).then(|| pop!());
                                again = unwind::raise_statement(cx, exception, cause);
                                raised!();
                            }
                            op::RERAISE => {
                                let exception = pop!();
                                save!();
                                unwind::set_raised_again(cx, exception);
                                again = true;
                                raised!();
                            }
                            combined::BINARY_ADD => binary_op!(number::add_fast),
                            combined::BINARY_SUBTRACT => binary_op!(number::subtract_fast),
                            combined::BINARY_MULTIPLY => binary_op!(number::multiply_fast),
                            combined::BINARY_SUBSCRIPT => {
                                pc = pc.add(1);
                                let (left, right) = (peek!(2), peek!(1));
                                match subscript::subscript_fast(left, right) {
                                    Some(result) => replace_or_store!(2, result),
                                    None => binary_op_slow!(left, right),
                                }
                            }
                            combined::LOCALS_ADD => {
                                locals!(|left, right| number::add_fast(left, right))
                            }
                            combined::LOCALS_SUBTRACT => {
                                locals!(|left, right| number::subtract_fast(left, right))
                            }
                            combined::LOCALS_MULTIPLY => {
                                locals!(|left, right| number::multiply_fast(left, right))
                            }
                            combined::LOCALS_SUBSCRIPT => {
                                // `first, second = variable[variable]`
                                let (container, key) = Opcode::unpack_pair(arg);
                                if unit!(2) == TWO_ITEMS
                                    && let (Some(container), Some(key)) =
                                        (&variable!(container), &variable!(key))
                                    && let Some((first, second)) =
                                        subscript::pair_fast(container, key)
                                {
                                    pc = pc.add(4);
                                    push!(second);
                                    push!(first);
                                    continue 'instructions;
                                }
                                locals!(|left, right| subscript::subscript_fast(left, right))
                            }
                            combined::LOCALS_BINARY => {
                                locals!(|left, right| number::division_and_bits_fast(
                                    unit!(0) >> 8,
                                    left,
                                    right
                                ))
                            }
                            combined::RIGHT_ADD => {
                                right!(|left, right| number::add_fast(left, right))
                            }
                            combined::RIGHT_SUBTRACT => {
                                right!(|left, right| number::subtract_fast(left, right))
                            }
                            combined::RIGHT_MULTIPLY => {
                                right!(|left, right| number::multiply_fast(left, right))
                            }
                            combined::RIGHT_SUBSCRIPT => {
                                right!(|left, right| subscript::subscript_fast(left, right))
                            }
                            combined::SMALL_ADD => {
                                small!(|left, right| number::add_fast(left, right))
                            }
                            combined::SMALL_SUBTRACT => {
                                small!(|left, right| number::subtract_fast(left, right))
                            }
                            combined::SMALL_SUBSCRIPT => {
                                small!(|left, right| subscript::subscript_fast(left, right))
                            }
                            combined::SMALL_BINARY => {
                                small!(|left, right| number::binary_fast(
                                    unit!(0) >> 8,
                                    left,
                                    right
                                ))
                            }
                            combined::LOCAL_SMALL_ADD => {
                                local_small!(|left, right| number::add_fast(left, right))
                            }
                            combined::LOCAL_SMALL_SUBTRACT => {
                                local_small!(|left, right| number::subtract_fast(left, right))
                            }
                            combined::LOCAL_SMALL_SUBSCRIPT => {
                                local_small!(|left, right| subscript::subscript_fast(left, right))
                            }
                            combined::LOCAL_SMALL_BINARY => {
                                local_small!(|left, right| number::binary_fast(
                                    unit!(1) >> 8,
                                    left,
                                    right
                                ))
                            }
                            combined::CONST_BINARY => {
                                let (left, right) = (peek!(1), constant!(arg));
                                match number::binary_fast(unit!(0) >> 8, left, right) {
                                    Some(value) => {
                                        pc = pc.add(2);
                                        replace_or_store!(1, value);
                                    }
                                    None => push!(right.clone()),
                                }
                            }
                            combined::LOCALS_COMPARE => {
                                let (first, second) = Opcode::unpack_pair(arg);
                                if let (Some(left), Some(right)) =
                                    (&variable!(first), &variable!(second))
                                    && let Some(truth) =
                                        compare::operands_fast(left, right, unit!(0) >> 8)
                                {
                                    pc = pc.add(2);
                                    branch!(truth);
                                } else {
                                    push_option!(variable!(first).clone());
                                    push_option!(variable!(second).clone());
                                }
                            }
                            combined::RIGHT_COMPARE => {
                                let left = peek!(1);
                                if let Some(right) = &variable!(arg)
                                    && let Some(truth) =
                                        compare::operands_fast(left, right, unit!(0) >> 8)
                                {
                                    pc = pc.add(2);
                                    drop(pop!());
                                    branch!(truth);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::SMALL_COMPARE => {
                                let number = small_int!(arg);
                                match compare::outcome_fast(peek!(1), &number, unit!(0) >> 8) {
                                    Some(truth) => {
                                        pc = pc.add(2);
                                        sp = sp.sub(1);
                                        branch!(truth);
                                    }
                                    None => push!(number),
                                }
                            }
                            combined::LOCAL_SMALL_COMPARE => {
                                let number = small_int!(unit!(0) >> 8);
                                if let Some(value) = &variable!(arg)
                                    && let Some(truth) =
                                        compare::outcome_fast(value, &number, unit!(1) >> 8)
                                {
                                    pc = pc.add(3);
                                    branch!(truth);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::CONST_COMPARE => {
                                let (left, right) = (peek!(1), constant!(arg));
                                match compare::operands_fast(left, right, unit!(0) >> 8) {
                                    Some(truth) => {
                                        pc = pc.add(2);
                                        drop(pop!());
                                        branch!(truth);
                                    }
                                    None => push!(right.clone()),
                                }
                            }
                            combined::TOP_CONST_COMPARE => {
                                let (left, right) = (peek!(1), constant!(unit!(0) >> 8));
                                match compare::operands_fast(left, right, unit!(1) >> 8) {
                                    Some(truth) => {
                                        pc = pc.add(3);
                                        branch!(truth);
                                    }
                                    None => push!(left.clone()),
                                }
                            }
                            combined::TOP_SMALL_COMPARE => {
                                let left = peek!(1);
                                let number = small_int!(unit!(0) >> 8);
                                match compare::outcome_fast(left, &number, unit!(1) >> 8) {
                                    Some(truth) => {
                                        pc = pc.add(3);
                                        branch!(truth);
                                    }
                                    None => push!(left.clone()),
                                }
                            }
                            combined::LOCAL_CONST_COMPARE => {
                                let right = constant!(unit!(0) >> 8);
                                if let Some(left) = &variable!(arg)
                                    && let Some(truth) =
                                        compare::operands_fast(left, right, unit!(1) >> 8)
                                {
                                    pc = pc.add(3);
                                    branch!(truth);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::LOCALS_CONTAINS => {
                                save!();
                                let (first, second) = Opcode::unpack_pair(arg);
                                let inverted = unit!(0) >> 8 != 0;
                                if let (Some(item), Some(container)) =
                                    (&variable!(first), &variable!(second))
                                    && let Some(found) = sequence::contains_fast(container, item)
                                {
                                    pc = pc.add(2);
                                    branch!(found != inverted);
                                } else {
                                    push_option!(variable!(first).clone());
                                    push_option!(variable!(second).clone());
                                }
                            }
                            combined::RIGHT_CONTAINS => {
                                save!();
                                let inverted = unit!(0) >> 8 != 0;
                                if let Some(container) = &variable!(arg)
                                    && let Some(found) =
                                        sequence::contains_fast(container, peek!(1))
                                {
                                    pc = pc.add(2);
                                    drop(pop!());
                                    branch!(found != inverted);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::LOCAL_CONST_CONTAINS => {
                                save!();
                                let container = constant!(unit!(0) >> 8);
                                let inverted = unit!(1) >> 8 != 0;
                                if let Some(item) = &variable!(arg)
                                    && let Some(found) = sequence::contains_fast(container, item)
                                {
                                    pc = pc.add(3);
                                    branch!(found != inverted);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::LOCAL_ATTR => {
                                let name = name!(unit!(0) >> 9);
                                if let Some(owner) = &variable!(arg)
                                    && let Some(value) =
                                        attribute::load_fast(owner, cache_of!(1), name)
                                {
                                    pc = pc.add(2);
                                    push_or_store!(value);
                                    continue 'instructions;
                                }
                                push_option!(variable!(arg).clone());
                                if let Some(owner) = &variable!(arg)
                                    && (*frame).kind == Kind::Stack
                                    && let Some(getter) =
                                        attribute::simple_getter(owner, cache_of!(1))
                                {
                                    pc = pc.add(2);
                                    save!();
                                    let base = sp.sub(1);
                                    called!(base, enter_getter(cx, frame, base, getter));
                                }
                            }
                            combined::LOCAL_METHOD => {
                                let name = name!(unit!(0) >> 9);
                                if let Some(owner) = &variable!(arg)
                                    && let Some((word, this)) =
                                        attribute::load_method_fast(owner, cache_of!(1), name)
                                {
                                    pc = pc.add(2);
                                    *sp = word;
                                    sp = sp.add(1);
                                    push_option!(this.value(owner));
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::GLOBAL_ATTR => {
                                // (the global's cache) LOAD_ATTR (the attribute's)
                                let (cache, unit) = (cache_of!(0), unit!(1));
                                let name = name!(arg >> 1);
                                let attribute = name!(unit >> 9);
                                let found = attribute::load_of_global_fast(
                                    &*frame,
                                    (cache, name),
                                    (cache_of!(2), attribute),
                                    unit & 1 << 8 != 0,
                                );
                                if let Some((word, this)) = found {
                                    pc = pc.add(3);
                                    *sp = word;
                                    sp = sp.add(1);
                                    if unit & 1 << 8 != 0 {
                                        push_option!(this);
                                    }
                                    continue 'instructions;
                                }
                                pc = pc.add(1);
                                let value = match attribute::load_global_fast(&*frame, cache, name)
                                {
                                    Some(value) => value,
                                    None => {
                                        save!();
                                        attempt!(attribute::load_global(cx, &*frame, cache, name))
                                    }
                                };
                                push!(value);
                            }
                            combined::LOCAL_STORE_ATTR => {
                                let value = Value::from_bits(*sp.sub(1));
                                let stored = match &variable!(arg) {
                                    Some(owner) => {
                                        attribute::store_fast(owner, cache_of!(1), value)
                                    }
                                    None => Err(value),
                                };
                                match stored {
                                    Ok(old) => {
                                        pc = pc.add(2);
                                        sp = sp.sub(1);
                                        drop(old);
                                    }
                                    Err(value) => {
                                        std::mem::forget(value);
                                        push_option!(variable!(arg).clone());
                                    }
                                }
                            }
                            combined::LOCALS_STORE_SUBSCRIPT => {
                                let (first, second) = Opcode::unpack_pair(arg);
                                let value = Value::from_bits(*sp.sub(1));
                                let stored = match (&variable!(first), &variable!(second)) {
                                    (Some(container), Some(key)) => {
                                        subscript::store_fast(container, key, value)
                                    }
                                    _ => Err(value),
                                };
                                match stored {
                                    Ok(old) => {
                                        pc = pc.add(2);
                                        sp = sp.sub(1);
                                        drop(old);
                                    }
                                    Err(value) => {
                                        std::mem::forget(value);
                                        push_option!(variable!(first).clone());
                                        push_option!(variable!(second).clone());
                                    }
                                }
                            }
                            combined::LOCAL_TO_BOOL => {
                                if let Some(value) = &variable!(arg)
                                    && let Some(truth) = value.truth_fast()
                                {
                                    pc = pc.add(2);
                                    branch!(truth);
                                } else {
                                    push_option!(variable!(arg).clone());
                                }
                            }
                            combined::LOCAL_JUMP_IF_NONE => jump_if_none!(true),
                            combined::LOCAL_JUMP_IF_NOT_NONE => jump_if_none!(false),
                            combined::RETURN_LOCAL => {
                                // Whoever has the frame's object finds the variables in it afterwards.
                                let value = if (*frame).frame_object.is_none() {
                                    variable!(arg).take()
                                } else {
                                    variable!(arg).clone()
                                };
                                match value {
                                    Some(value) => {
                                        pc = pc.add(1);
                                        return_value!(value);
                                    }
                                    None => push_option!(None),
                                }
                            }
                            combined::LOCAL_CALLABLE => match &variable!(arg) {
                                Some(callable) => {
                                    pc = pc.add(1);
                                    *sp = uncounted::callable(callable);
                                    *sp.add(1) = 0;
                                    sp = sp.add(2);
                                }
                                None => push_option!(None),
                            },
                            combined::DEREF_CALLABLE => match cell_of(&variable!(arg)).callable() {
                                Some(word) => {
                                    pc = pc.add(1);
                                    *sp = word;
                                    *sp.add(1) = 0;
                                    sp = sp.add(2);
                                }
                                None => {
                                    save!();
                                    instructions::unbound_cell(cx, &*frame, arg as usize);
                                    raised!();
                                }
                            },
                            instrument::INSTRUMENTED if !EVENTS => {
                                pc = pc.sub(1);
                                save!();
                                return execute::<true>(cx, frame, false);
                            }
                            instrument::INSTRUMENTED => {
                                save!();
                                let next = events::at_mark(cx, frame);
                                pc = (*frame).pc;
                                sp = (*frame).sp;
                                match attempt!(next) {
                                    Next::Execute(original) => {
                                        unit = original;
                                        continue 'dispatch;
                                    }
                                    Next::GoOn => {}
                                }
                            }
                            other @ unused!() => {
                                save!();
                                instructions::unknown_opcode(cx, other);
                                raised!();
                            }
                        }
                        continue 'instructions;
                    }
                }
                save!();
            }
            raising = false;
            match unwind::unwind(cx, frame, std::mem::take(&mut again)) {
                Some(handling) => frame = handling,
                None => return Err(Raised),
            }
            load_registers!();
        }
    }
}

/// The cell in a variable.
#[inline(always)]
fn cell_of(variable: &Option<Value>) -> &Ref<Cell> {
    variable
        .as_ref()
        .and_then(|cell| cell.downcast_exact::<Cell>())
        .expect("invariant: the compiler makes a cell of this variable")
}
