//! Instructions that do the work of two or three at once, and the pass that puts them into code.
//!
//! ```text
//!   LOAD_FAST_BORROW x │ LOAD_SMALL_INT 1 │ BINARY_OP + │ cache      as compiled
//!   LOCAL_SMALL_ADD  x │ LOAD_SMALL_INT 1 │ BINARY_OP + │ cache      as it runs
//! ```
//!
//! Only the opcode of the first unit changes: its argument, and the units behind it, stay what they were.
//! A combined instruction reads the arguments of those it stands for from their own units. It either does
//! everything and goes on behind them, or, when something is not as it hopes (operands of other types, an
//! error), does what its first instruction did and goes on with the second one. So it raises nothing, runs
//! no Python code in the middle, and jumps to the units behind it work.
//!
//! What this saves is dispatch, and counting: an operand in a variable stays there while it is looked at.
//!
//! The compiler's copy of the code (`Code::compiled`) has no combined instructions; whatever shows code to
//! Python, finds lines, or marks instructions for events goes by that one. Code in which an instruction is
//! marked runs as compiled from then on (`monitoring/instrument.rs`): nothing may skip a mark.

use std::sync::atomic::AtomicU32;

use typhon_compiler::code::Code as CompiledCode;
use typhon_compiler::opcode::{BinaryOperation, Opcode};

use crate::protocols::number;
use crate::vm::subscript::SUBSCRIPT;

macro_rules! combined {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// The combined instructions. What each stands for is told by [`replacement`].
        pub mod op {
            $($(#[$doc])* pub const $name: u8 = $number;)*
        }
    };
}

combined! {
    /// `BINARY_OP` by operator.
    BINARY_ADD = 160;
    BINARY_SUBTRACT = 161;
    BINARY_MULTIPLY = 162;
    BINARY_SUBSCRIPT = 163;
    /// Two variables and the operator.
    LOCALS_ADD = 164;
    LOCALS_SUBTRACT = 165;
    LOCALS_MULTIPLY = 166;
    LOCALS_SUBSCRIPT = 167;
    LOCALS_BINARY = 168;
    LOCALS_COMPARE = 169;
    /// The operand on the stack and a variable.
    RIGHT_ADD = 170;
    RIGHT_SUBTRACT = 171;
    RIGHT_MULTIPLY = 172;
    RIGHT_SUBSCRIPT = 173;
    RIGHT_COMPARE = 174;
    /// The operand on the stack and a small int.
    SMALL_ADD = 175;
    SMALL_SUBTRACT = 176;
    SMALL_BINARY = 177;
    SMALL_SUBSCRIPT = 178;
    SMALL_COMPARE = 179;
    /// A variable and a small int.
    LOCAL_SMALL_ADD = 180;
    LOCAL_SMALL_SUBTRACT = 181;
    LOCAL_SMALL_BINARY = 182;
    LOCAL_SMALL_SUBSCRIPT = 183;
    LOCAL_SMALL_COMPARE = 184;
    /// The operand on the stack, or a variable, and a constant.
    CONST_BINARY = 185;
    CONST_COMPARE = 186;
    LOCAL_CONST_COMPARE = 187;
    /// The operand on the stack, which stays there, and a constant or a small int: a `case` that is a
    /// literal.
    TOP_CONST_COMPARE = 199;
    TOP_SMALL_COMPARE = 200;
    /// `variable.name`, to be called or not, and `variable.name = …`.
    LOCAL_ATTR = 188;
    LOCAL_METHOD = 189;
    LOCAL_STORE_ATTR = 190;
    /// `global.name`, to be called or not.
    GLOBAL_ATTR = 191;
    /// `variable[variable] = …`.
    LOCALS_STORE_SUBSCRIPT = 192;
    /// The truth of a variable.
    LOCAL_TO_BOOL = 193;
    LOCAL_JUMP_IF_NONE = 194;
    LOCAL_JUMP_IF_NOT_NONE = 195;
    /// `return variable`.
    RETURN_LOCAL = 196;
    /// A variable, or what is in a cell, that is about to be called.
    LOCAL_CALLABLE = 197;
    DEREF_CALLABLE = 198;
    /// `variable in variable`, `operand in variable` and `variable in constant`.
    LOCALS_CONTAINS = 201;
    RIGHT_CONTAINS = 202;
    LOCAL_CONST_CONTAINS = 203;
}

/// The opcodes that no instruction has, as a pattern. With it the loop's `match` names every byte and
/// nothing else, so that no test of the range comes before its table of jumps.
#[rustfmt::skip]
macro_rules! unused {
    () => {
        (
            0 | 3 | 11 | 17 | 20 | 28 | 69 | 121 | 122 | 123 | 124 | 125 | 126 | 127 | 129 | 130 |
            131 | 132 | 133 | 134 | 135 | 136 | 137 | 138 | 139 | 140 | 141 | 142 | 143 | 144 | 145
            | 146 | 147 | 148 | 149 | 150 | 151 | 152 | 153 | 154 | 155 | 156 | 157 | 158 | 159 |
            204 | 205 | 206 | 207 | 208 | 209 | 210 | 211 | 212 | 213
            | 214 | 215 | 216 | 217 | 218 | 219 | 220 | 221 | 222 | 223 | 224 | 225 | 226 | 227 |
            228 | 229 | 230 | 231 | 232 | 233 | 234 | 235 | 236 | 237 | 238 | 239 | 240 | 241 | 242
            | 243 | 244 | 245 | 246 | 247 | 248 | 249 | 250 | 251 | 252 | 253 | 255
        )
    };
}
pub(super) use unused;

/// The units of `code` as they run.
pub fn combine(code: &CompiledCode) -> Box<[AtomicU32]> {
    let units = &code.instructions;
    let mut combined: Vec<AtomicU32> = units.iter().map(|unit| AtomicU32::new(*unit)).collect();
    let mut rest = code.decode().peekable();
    let mut following = code.decode().skip(2);
    while let Some((unit, opcode, argument)) = rest.next() {
        let next = rest.peek().map(|next| (next.1, next.2));
        let last = following.next().map(|last| (last.1, last.2));
        if let Some(opcode) = replacement((opcode, argument), next, last) {
            let unit = unit as usize;
            *combined[unit].get_mut() = units[unit] & !0xff | u32::from(opcode);
        }
    }
    combined.into()
}

/// The combined instruction for one that is followed by `next` and `last`.
fn replacement(
    (opcode, argument): (Opcode, u32),
    next: Option<(Opcode, u32)>,
    last: Option<(Opcode, u32)>,
) -> Option<u8> {
    use Opcode as O;
    let next = |opcode| next.filter(|next| next.0 == opcode).map(|next| next.1);
    let last = |opcode| last.filter(|last| last.0 == opcode).map(|last| last.1);
    // Null in the place of `self`; in front of CALL_FUNCTION_EX it is in that of the named arguments.
    let is_callable = next(O::PUSH_NULL).is_some() && last(O::CALL_FUNCTION_EX).is_none();
    match opcode {
        O::BINARY_OP => match Operator::of(argument) {
            Operator::Add => Some(op::BINARY_ADD),
            Operator::Subtract => Some(op::BINARY_SUBTRACT),
            Operator::Multiply => Some(op::BINARY_MULTIPLY),
            Operator::Subscript => Some(op::BINARY_SUBSCRIPT),
            Operator::Other => None,
        },
        O::LOAD_FAST_LOAD_FAST | O::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
            if let Some(operator) = next(O::BINARY_OP) {
                return Some(match Operator::of(operator) {
                    Operator::Add => op::LOCALS_ADD,
                    Operator::Subtract => op::LOCALS_SUBTRACT,
                    Operator::Multiply => op::LOCALS_MULTIPLY,
                    Operator::Subscript => op::LOCALS_SUBSCRIPT,
                    Operator::Other => op::LOCALS_BINARY,
                });
            }
            next(O::COMPARE_OP)
                .map(|_| op::LOCALS_COMPARE)
                .or_else(|| next(O::STORE_SUBSCR).map(|_| op::LOCALS_STORE_SUBSCRIPT))
                .or_else(|| next(O::CONTAINS_OP).map(|_| op::LOCALS_CONTAINS))
        }
        O::LOAD_SMALL_INT => {
            if let Some(operator) = next(O::BINARY_OP) {
                return Some(match Operator::of(operator) {
                    Operator::Add => op::SMALL_ADD,
                    Operator::Subtract => op::SMALL_SUBTRACT,
                    Operator::Subscript => op::SMALL_SUBSCRIPT,
                    Operator::Multiply | Operator::Other => op::SMALL_BINARY,
                });
            }
            next(O::COMPARE_OP).map(|_| op::SMALL_COMPARE)
        }
        O::LOAD_CONST => next(O::BINARY_OP)
            .filter(|operator| *operator != SUBSCRIPT)
            .map(|_| op::CONST_BINARY)
            .or_else(|| next(O::COMPARE_OP).map(|_| op::CONST_COMPARE)),
        O::COPY if argument == 1 && last(O::COMPARE_OP).is_some() => next(O::LOAD_CONST)
            .map(|_| op::TOP_CONST_COMPARE)
            .or_else(|| next(O::LOAD_SMALL_INT).map(|_| op::TOP_SMALL_COMPARE)),
        O::LOAD_GLOBAL if argument & 1 == 0 => next(O::LOAD_ATTR).map(|_| op::GLOBAL_ATTR),
        O::LOAD_FAST | O::LOAD_FAST_BORROW => {
            if let Some(attribute) = next(O::LOAD_ATTR) {
                return Some(if attribute & 1 == 0 {
                    op::LOCAL_ATTR
                } else {
                    op::LOCAL_METHOD
                });
            }
            if next(O::LOAD_SMALL_INT).is_some() {
                if let Some(operator) = last(O::BINARY_OP) {
                    return Some(match Operator::of(operator) {
                        Operator::Add => op::LOCAL_SMALL_ADD,
                        Operator::Subtract => op::LOCAL_SMALL_SUBTRACT,
                        Operator::Subscript => op::LOCAL_SMALL_SUBSCRIPT,
                        Operator::Multiply | Operator::Other => op::LOCAL_SMALL_BINARY,
                    });
                }
                return last(O::COMPARE_OP).map(|_| op::LOCAL_SMALL_COMPARE);
            }
            if let Some(operator) = next(O::BINARY_OP) {
                return match Operator::of(operator) {
                    Operator::Add => Some(op::RIGHT_ADD),
                    Operator::Subtract => Some(op::RIGHT_SUBTRACT),
                    Operator::Multiply => Some(op::RIGHT_MULTIPLY),
                    Operator::Subscript => Some(op::RIGHT_SUBSCRIPT),
                    Operator::Other => None,
                };
            }
            if next(O::LOAD_CONST).is_some() {
                return last(O::COMPARE_OP)
                    .map(|_| op::LOCAL_CONST_COMPARE)
                    .or_else(|| last(O::CONTAINS_OP).map(|_| op::LOCAL_CONST_CONTAINS));
            }
            None.or_else(|| next(O::STORE_ATTR).map(|_| op::LOCAL_STORE_ATTR))
                .or_else(|| next(O::COMPARE_OP).map(|_| op::RIGHT_COMPARE))
                .or_else(|| next(O::CONTAINS_OP).map(|_| op::RIGHT_CONTAINS))
                .or_else(|| next(O::TO_BOOL).map(|_| op::LOCAL_TO_BOOL))
                .or_else(|| next(O::POP_JUMP_IF_NONE).map(|_| op::LOCAL_JUMP_IF_NONE))
                .or_else(|| next(O::POP_JUMP_IF_NOT_NONE).map(|_| op::LOCAL_JUMP_IF_NOT_NONE))
                .or_else(|| next(O::RETURN_VALUE).map(|_| op::RETURN_LOCAL))
                .or_else(|| is_callable.then_some(op::LOCAL_CALLABLE))
        }
        O::LOAD_DEREF if is_callable => Some(op::DEREF_CALLABLE),
        _ => None,
    }
}

/// The operators that have instructions of their own, in place or not.
enum Operator {
    Add,
    Subtract,
    Multiply,
    Subscript,
    Other,
}

impl Operator {
    /// By `BINARY_OP`'s argument.
    fn of(argument: u32) -> Operator {
        match BinaryOperation::from_u32(argument).map(number::plain) {
            Some(BinaryOperation::Add) => Operator::Add,
            Some(BinaryOperation::Subtract) => Operator::Subtract,
            Some(BinaryOperation::Multiply) => Operator::Multiply,
            Some(BinaryOperation::Subscript) => Operator::Subscript,
            _ => Operator::Other,
        }
    }
}
