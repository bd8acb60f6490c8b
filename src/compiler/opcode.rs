//! The instruction set: one table that is also its documentation.
//!
//! The machine is CPython 3.14's stack machine: names, numbers, stack effects and calling
//! sequences agree with it, so that `dis` reads as a Python programmer expects.
//!
//! ```text
//!   an instruction is one 32-bit unit          some are followed by one cache unit
//!   31                      8 7        0       31                                0
//!  ┌─────────────────────────┬──────────┐     ┌───────────────────────────────────┐
//!  │        argument         │  opcode  │     │  index into the code's cache array │
//!  └─────────────────────────┴──────────┘     └───────────────────────────────────┘
//! ```
//!
//! Invariants:
//! * There is no `EXTENDED_ARG`: an argument that needs more than 24 bits is a compile error.
//! * A jump argument counts units from the end of the jump, its cache unit included: forward
//!   jumps go to `next + arg`, the two `JUMP_BACKWARD…` to `next - arg`.
//! * Numbers 160..=255 are never used here: they belong to the instructions that the runtime
//!   specializes to. Numbers 144..160 are pseudo instructions, gone after assembly.
//! * `stack_effect` with `jump` false is the effect on falling through, with `jump` true that on
//!   taking the jump; both are exact, so the depth at every unit is known statically.
//!
//! In the stack pictures the top is on the right: `(before -- after)`.

use bitflags::bitflags;

bitflags! {
    /// What the argument of an instruction means, and whether a cache unit follows it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OpcodeTraits: u16 {
        /// The argument is used.
        const ARG = 1;
        /// The argument indexes `Code::constants`.
        const CONST = 1 << 1;
        /// The argument (shifted where the table says so) indexes `Code::names`.
        const NAME = 1 << 2;
        /// The argument is a jump distance.
        const JUMP = 1 << 3;
        /// The argument indexes `Code::locals`, read as an ordinary local.
        const LOCAL = 1 << 4;
        /// The argument indexes `Code::locals`, which holds a cell.
        const FREE = 1 << 5;
        /// One cache unit follows.
        const CACHE = 1 << 6;
        /// Control never falls through to the next instruction.
        const NO_FALL_THROUGH = 1 << 7;
        /// Exists only before assembly.
        const PSEUDO = 1 << 8;
        /// Leaves the frame: return, raise.
        const EXIT = 1 << 9;
    }
}

macro_rules! opcodes {
    ($(
        $(#[$documentation:meta])*
        $name:ident = $number:literal [$($property:ident)*] |$argument:pat_param, $jump:pat_param| $effect:expr;
    )*) => {
        /// An instruction's operation. See the module for the encoding.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Opcode {
            $($(#[$documentation])* $name = $number,)*
        }

        impl Opcode {
            /// Every opcode, pseudo instructions included, in the order of the table.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$name,)*];

            /// The name, as `dis` prints it.
            pub const fn name(self) -> &'static str {
                match self { $(Opcode::$name => stringify!($name),)* }
            }

            /// The opcode with this number.
            pub const fn from_u8(number: u8) -> Option<Opcode> {
                match number { $($number => Some(Opcode::$name),)* _ => None }
            }

            /// What the argument means.
            #[inline]
            pub const fn traits(self) -> OpcodeTraits {
                const TABLE: [OpcodeTraits; 256] = {
                    let mut table = [OpcodeTraits::empty(); 256];
                    $(table[Opcode::$name as usize] = OpcodeTraits::from_bits_retain(
                        0 $(| OpcodeTraits::$property.bits())*
                    );)*
                    table
                };
                TABLE[self as usize]
            }

            /// The number of values that the instruction adds to the stack (negative: removes).
            pub const fn stack_effect(self, argument: u32, jump: bool) -> i32 {
                let argument = argument as i32;
                let _ = (argument, jump);
                match self {
                    $(Opcode::$name => { let ($argument, $jump) = (argument, jump); $effect })*
                }
            }
        }
    };
}

opcodes! {
    // Stack shuffling and constants.

    /// Does nothing; keeps a line that would have no instruction of its own.
    NOP = 27 [] |_, _| 0;
    /// `(value -- )`
    POP_TOP = 31 [] |_, _| -1;
    /// `( -- NULL)`: the absent `self` of a call.
    PUSH_NULL = 33 [] |_, _| 1;
    /// `(bottom, [arg-1 values] -- bottom, [arg-1 values], bottom)`: pushes what is `arg` from
    /// the top, the top itself being 1.
    COPY = 59 [ARG] |_, _| 1;
    /// `(bottom, [arg-2 values], top -- top, [arg-2 values], bottom)`
    SWAP = 117 [ARG] |_, _| 0;
    /// `( -- constant)`
    LOAD_CONST = 82 [ARG CONST] |_, _| 1;
    /// `( -- arg)`: the argument itself, 0..=255, as an int.
    LOAD_SMALL_INT = 94 [ARG] |_, _| 1;
    /// `( -- value)`: 0 AssertionError, 1 NotImplementedError, 2 tuple, 3 all, 4 any
    /// ([`CommonConstant`]).
    LOAD_COMMON_CONSTANT = 81 [ARG] |_, _| 1;

    // Variables.

    /// `( -- value)`: a local that is known to be bound.
    LOAD_FAST = 84 [ARG LOCAL] |_, _| 1;
    /// `( -- value)`: as `LOAD_FAST`; the value leaves the stack within this basic block while the
    /// local still holds it, so the stack need not count a reference. An instruction that keeps
    /// the value (builds a tuple of it, passes it to a callee) counts one then.
    LOAD_FAST_BORROW = 86 [ARG LOCAL] |_, _| 1;
    /// `( -- value)`: raises UnboundLocalError when the local is unbound.
    LOAD_FAST_CHECK = 88 [ARG LOCAL] |_, _| 1;
    /// `( -- value or NULL)`: and unbinds the local. Saves a name around an inlined
    /// comprehension.
    LOAD_FAST_AND_CLEAR = 85 [ARG LOCAL] |_, _| 1;
    /// `( -- first, second)`: argument from [`Opcode::pack_pair`].
    LOAD_FAST_LOAD_FAST = 89 [ARG LOCAL] |_, _| 2;
    /// `( -- first, second)`: argument from [`Opcode::pack_pair`]; both borrowed.
    LOAD_FAST_BORROW_LOAD_FAST_BORROW = 87 [ARG LOCAL] |_, _| 2;
    /// `(value -- )`: the value may be NULL after `LOAD_FAST_AND_CLEAR`.
    STORE_FAST = 112 [ARG LOCAL] |_, _| -1;
    /// `(value -- second)`: stores into the first local of the pair, then loads the second.
    STORE_FAST_LOAD_FAST = 113 [ARG LOCAL] |_, _| 0;
    /// `(value2, value1 -- )`: top into the first local of the pair, the next into the second.
    STORE_FAST_STORE_FAST = 114 [ARG LOCAL] |_, _| -2;
    /// Unbinds; raises UnboundLocalError when unbound.
    DELETE_FAST = 63 [ARG LOCAL] |_, _| 0;
    /// Replaces local `arg` by a fresh cell that holds its value (or nothing).
    MAKE_CELL = 97 [ARG FREE] |_, _| 0;
    /// Copies the closure's `arg` cells to the end of the locals.
    COPY_FREE_VARS = 60 [ARG] |_, _| 0;
    /// `( -- value)`: the content of the cell; NameError when empty.
    LOAD_DEREF = 83 [ARG FREE] |_, _| 1;
    /// `(value -- )`
    STORE_DEREF = 111 [ARG FREE] |_, _| -1;
    /// Empties the cell; NameError when empty.
    DELETE_DEREF = 62 [ARG FREE] |_, _| 0;
    /// `(mapping -- value)`: from the mapping, else from the cell.
    LOAD_FROM_DICT_OR_DEREF = 90 [ARG FREE] |_, _| 0;
    /// `(mapping -- value)`: from the mapping, else from globals, else from builtins.
    LOAD_FROM_DICT_OR_GLOBALS = 91 [ARG NAME] |_, _| 0;
    /// `( -- locals)`: the namespace of a class body or module.
    LOAD_LOCALS = 22 [] |_, _| 1;
    /// `( -- value)`: from locals, globals, builtins; NameError.
    LOAD_NAME = 93 [ARG NAME] |_, _| 1;
    /// `(value -- )`: into the namespace of a class body or module.
    STORE_NAME = 116 [ARG NAME] |_, _| -1;
    /// Removes from the namespace; NameError.
    DELETE_NAME = 65 [ARG NAME] |_, _| 0;
    /// `( -- value)` or, when bit 0 of the argument is set, `( -- value, NULL)`. The name index is
    /// `arg >> 1`.
    LOAD_GLOBAL = 92 [ARG NAME CACHE] |argument, _| 1 + (argument & 1);
    /// `(value -- )`
    STORE_GLOBAL = 115 [ARG NAME] |_, _| -1;
    /// Removes from globals; NameError.
    DELETE_GLOBAL = 64 [ARG NAME] |_, _| 0;
    /// Makes sure that locals has an `__annotations__` dict (`from __future__ import annotations`).
    SETUP_ANNOTATIONS = 36 [] |_, _| 0;

    // Attributes.

    /// `(owner -- attribute)`; with bit 0 set, `(owner -- method, self)` for a method that need
    /// not be bound or `(owner -- attribute, NULL)` for anything else. Name index `arg >> 1`.
    LOAD_ATTR = 80 [ARG NAME CACHE] |argument, _| argument & 1;
    /// `(super, class, self -- attribute)`; with bit 0 set pushes a pair as `LOAD_ATTR` does. Bit 1
    /// set: the source wrote `super(class, self)`, clear: `super()`. Name index `arg >> 2`.
    LOAD_SUPER_ATTR = 96 [ARG NAME CACHE] |argument, _| -2 + (argument & 1);
    /// `(value, owner -- )`
    STORE_ATTR = 110 [ARG NAME CACHE] |_, _| -2;
    /// `(owner -- )`
    DELETE_ATTR = 61 [ARG NAME] |_, _| -1;
    /// `(owner -- method, self)` or `(owner -- attribute, NULL)`: looked up on the type. 0
    /// `__enter__`, 1 `__exit__`, 2 `__aenter__`, 3 `__aexit__` ([`SpecialMethod`]).
    LOAD_SPECIAL = 95 [ARG] |_, _| 1;

    // Operators.

    /// `(left, right -- result)`: which operation, see [`BinaryOperation`].
    BINARY_OP = 44 [ARG CACHE] |_, _| -1;
    /// `(container, start, stop -- container[start:stop])`
    BINARY_SLICE = 1 [] |_, _| -2;
    /// `(value, container, start, stop -- )`
    STORE_SLICE = 37 [] |_, _| -4;
    /// `(value, container, key -- )`
    STORE_SUBSCR = 38 [CACHE] |_, _| -3;
    /// `(container, key -- )`
    DELETE_SUBSCR = 8 [] |_, _| -2;
    /// `(value -- -value)`
    UNARY_NEGATIVE = 41 [] |_, _| 0;
    /// `(bool -- bool)`: the operand is exactly True or False.
    UNARY_NOT = 42 [] |_, _| 0;
    /// `(value -- ~value)`
    UNARY_INVERT = 40 [] |_, _| 0;
    /// `(value -- bool)`: exactly True or False.
    TO_BOOL = 39 [CACHE] |_, _| 0;
    /// `(left, right -- result)`: which comparison is `arg >> 5` ([`Comparison`]); bit 4 set: the
    /// result must be exactly True or False; bits 0–3: the outcomes that make it true (1
    /// unordered, 2 less, 4 greater, 8 equal).
    COMPARE_OP = 56 [ARG CACHE] |_, _| -1;
    /// `(left, right -- bool)`: `left is right`, inverted when arg is 1.
    IS_OP = 74 [ARG] |_, _| -1;
    /// `(left, right -- bool)`: `left in right`, inverted when arg is 1.
    CONTAINS_OP = 57 [ARG CACHE] |_, _| -1;

    // Building.

    /// `([arg values] -- tuple)`
    BUILD_TUPLE = 51 [ARG] |argument, _| 1 - argument;
    /// `([arg values] -- list)`
    BUILD_LIST = 46 [ARG] |argument, _| 1 - argument;
    /// `([arg values] -- set)`
    BUILD_SET = 48 [ARG] |argument, _| 1 - argument;
    /// `([arg pairs: key, value] -- dict)`
    BUILD_MAP = 47 [ARG] |argument, _| 1 - 2 * argument;
    /// `([arg strings] -- string)`
    BUILD_STRING = 50 [ARG] |argument, _| 1 - argument;
    /// `(start, stop -- slice)` for 2, `(start, stop, step -- slice)` for 3.
    BUILD_SLICE = 49 [ARG] |argument, _| 1 - argument;
    /// `(value, expression string -- interpolation)`; bit 0 set: `(value, string, format -- …)`.
    /// `arg >> 2` is the conversion as in `CONVERT_VALUE`, 0 for none; bit 1 is always set.
    BUILD_INTERPOLATION = 45 [ARG] |argument, _| -1 - (argument & 1);
    /// `(strings tuple, interpolations tuple -- template)`
    BUILD_TEMPLATE = 2 [] |_, _| -1;
    /// `(list, [arg-1 values], value -- list, [arg-1 values])`
    LIST_APPEND = 78 [ARG] |_, _| -1;
    /// `(set, [arg-1 values], value -- set, [arg-1 values])`
    SET_ADD = 107 [ARG] |_, _| -1;
    /// `(dict, [arg-1 values], key, value -- dict, [arg-1 values])`
    MAP_ADD = 98 [ARG] |_, _| -2;
    /// `(list, [arg-1 values], iterable -- list, [arg-1 values])`
    LIST_EXTEND = 79 [ARG] |_, _| -1;
    /// `(set, [arg-1 values], iterable -- set, [arg-1 values])`
    SET_UPDATE = 109 [ARG] |_, _| -1;
    /// `(dict, [arg-1 values], mapping -- dict, [arg-1 values])`
    DICT_UPDATE = 67 [ARG] |_, _| -1;
    /// As `DICT_UPDATE`, for `**mapping` of a call: a key met twice is a TypeError that names the
    /// callable, which lies below: `(callable, null, args, dict, [arg-1 values], mapping -- …)`.
    DICT_MERGE = 66 [ARG] |_, _| -1;
    /// `(value -- value)`: 1 str, 2 repr, 3 ascii.
    CONVERT_VALUE = 58 [ARG] |_, _| 0;
    /// `(value -- string)`: `format(value)`.
    FORMAT_SIMPLE = 12 [] |_, _| 0;
    /// `(value, specification -- string)`
    FORMAT_WITH_SPEC = 13 [] |_, _| -1;

    // Unpacking and patterns.

    /// `(iterable -- [arg values])`: the first item on top.
    UNPACK_SEQUENCE = 119 [ARG CACHE] |argument, _| argument - 1;
    /// `(iterable -- [values])`: `arg & 0xFF` values before the starred target, `arg >> 8` after,
    /// first on top.
    UNPACK_EX = 118 [ARG] |argument, _| (argument & 0xFF) + (argument >> 8);
    /// `(value -- value, len(value))`
    GET_LEN = 18 [] |_, _| 1;
    /// `(subject, class, names tuple -- attributes tuple or None)`: arg positional patterns.
    MATCH_CLASS = 99 [ARG] |_, _| -2;
    /// `(subject -- subject, bool)`
    MATCH_MAPPING = 25 [] |_, _| 1;
    /// `(subject -- subject, bool)`
    MATCH_SEQUENCE = 26 [] |_, _| 1;
    /// `(subject, keys -- subject, keys, values tuple or None)`
    MATCH_KEYS = 24 [] |_, _| 1;

    // Jumps and loops.

    JUMP_FORWARD = 77 [ARG JUMP NO_FALL_THROUGH] |_, _| 0;
    /// Polls for requests to the thread (a safepoint).
    JUMP_BACKWARD = 75 [ARG JUMP NO_FALL_THROUGH] |_, _| 0;
    /// Never polls: closes the loop of `yield from` and `await`.
    JUMP_BACKWARD_NO_INTERRUPT = 76 [ARG JUMP NO_FALL_THROUGH] |_, _| 0;
    /// `(bool -- )`: the operand is exactly True or False.
    POP_JUMP_IF_FALSE = 100 [ARG JUMP] |_, _| -1;
    /// `(bool -- )`: the operand is exactly True or False.
    POP_JUMP_IF_TRUE = 103 [ARG JUMP] |_, _| -1;
    /// `(value -- )`
    POP_JUMP_IF_NONE = 101 [ARG JUMP] |_, _| -1;
    /// `(value -- )`
    POP_JUMP_IF_NOT_NONE = 102 [ARG JUMP] |_, _| -1;
    /// `(iterable -- iterator)`
    GET_ITER = 16 [] |_, _| 0;
    /// `(iterable -- iterator)`: leaves generators as they are, and coroutines where the code is
    /// itself a coroutine.
    GET_YIELD_FROM_ITER = 19 [] |_, _| 0;
    /// `(iterator -- iterator, item)`. Exhausted: jumps to the `END_FOR` and past it, so that the
    /// stack there is `(iterator)`; the static effect counts the item that `END_FOR` pops.
    FOR_ITER = 70 [ARG JUMP CACHE] |_, _| 1;
    /// `(item -- )`: target of an exhausted `FOR_ITER`, which skips it. Never executed.
    END_FOR = 9 [] |_, _| -1;
    /// `(iterator -- )`
    POP_ITER = 30 [] |_, _| -1;

    // Calls and functions.

    /// `(callable, self or NULL, [arg values] -- result)`
    CALL = 52 [ARG CACHE] |argument, _| -1 - argument;
    /// `(callable, self or NULL, [arg values], keyword names tuple -- result)`: the last values
    /// belong to the names.
    CALL_KW = 55 [ARG CACHE] |argument, _| -2 - argument;
    /// `(callable, NULL, arguments iterable, keywords dict or NULL -- result)`
    CALL_FUNCTION_EX = 4 [] |_, _| -3;
    /// `(value -- result)`: see [`Intrinsic1`].
    CALL_INTRINSIC_1 = 53 [ARG] |_, _| 0;
    /// `(first, second -- result)`: see [`Intrinsic2`].
    CALL_INTRINSIC_2 = 54 [ARG] |_, _| -1;
    /// `(code -- function)`
    MAKE_FUNCTION = 23 [] |_, _| 0;
    /// `(attribute, function -- function)`: 1 defaults, 2 keyword defaults, 4 annotations,
    /// 8 closure, 16 `__annotate__` ([`FunctionAttribute`]).
    SET_FUNCTION_ATTRIBUTE = 108 [ARG] |_, _| -1;
    /// `( -- __build_class__)`
    LOAD_BUILD_CLASS = 21 [] |_, _| 1;
    /// `(value -- )` and leaves the frame; the caller's stack gets the value.
    RETURN_VALUE = 35 [NO_FALL_THROUGH EXIT] |_, _| -1;
    /// Start of a function (0), after `yield` (1), `yield from` (2), `await` (3); bit 2 set: the
    /// yield lies at depth 1 in exception handlers. A safepoint.
    RESUME = 128 [ARG] |_, _| 0;

    // Generators and coroutines.

    /// Makes a generator (coroutine, asynchronous generator) of this frame and returns it to the
    /// caller. When the generator starts, `( -- sent value)` is what it finds on its stack.
    RETURN_GENERATOR = 34 [] |_, _| 1;
    /// `(value -- sent value)`: arg 1 when part of `yield from` or `await`.
    YIELD_VALUE = 120 [ARG] |_, _| 0;
    /// `(receiver, value -- receiver, yielded)`; when the receiver returns, jumps with `(receiver,
    /// returned)`.
    SEND = 106 [ARG JUMP CACHE] |_, _| 0;
    /// `(receiver, value -- value)`
    END_SEND = 10 [] |_, _| -1;
    /// `(receiver, last sent, exception -- None, value)`: StopIteration gives its value, any other
    /// exception is raised again.
    CLEANUP_THROW = 7 [] |_, _| -1;
    /// `(awaitable -- iterator)`: 0 `await`, 1 `__aenter__`, 2 `__aexit__` (for the message).
    GET_AWAITABLE = 71 [ARG] |_, _| 0;
    /// `(iterable -- asynchronous iterator)`
    GET_AITER = 14 [] |_, _| 0;
    /// `(iterator -- iterator, awaitable)`
    GET_ANEXT = 15 [] |_, _| 1;
    /// `(iterator, exception -- )`: StopAsyncIteration ends the loop, any other exception is raised
    /// again.
    END_ASYNC_FOR = 68 [] |_, _| -2;

    // Exceptions and context managers.

    /// 0: raise the current exception again; 1: `(exception -- )`; 2: `(exception, cause -- )`.
    RAISE_VARARGS = 104 [ARG NO_FALL_THROUGH EXIT] |argument, _| -argument;
    /// `([lasti], exception -- )`: when arg is not 0, the instruction to blame lies arg below the
    /// exception.
    RERAISE = 105 [ARG NO_FALL_THROUGH EXIT] |_, _| -1;
    /// `(exception -- previous exception, exception)`: makes it the one being handled.
    PUSH_EXC_INFO = 32 [] |_, _| 1;
    /// `(previous exception -- )`: makes it the one being handled.
    POP_EXCEPT = 29 [] |_, _| -1;
    /// `(exception, type -- exception, bool)`
    CHECK_EXC_MATCH = 6 [] |_, _| 0;
    /// `(group, type -- rest or None, match or None)`
    CHECK_EG_MATCH = 5 [] |_, _| 0;
    /// `(exit, self or NULL, lasti, previous exception, exception -- the same, result)`: calls
    /// `exit(type, exception, traceback)`.
    WITH_EXCEPT_START = 43 [] |_, _| 1;

    // Imports.

    /// `(level, names tuple or None -- module)`
    IMPORT_NAME = 73 [ARG NAME] |_, _| -1;
    /// `(module -- module, attribute)`
    IMPORT_FROM = 72 [ARG NAME] |_, _| 1;

    // Pseudo instructions: never assembled.

    /// Either direction, decided by assembly.
    JUMP = 144 [ARG JUMP NO_FALL_THROUGH PSEUDO] |_, _| 0;
    /// Either direction, without a safepoint.
    JUMP_NO_INTERRUPT = 145 [ARG JUMP NO_FALL_THROUGH PSEUDO] |_, _| 0;
    /// `(value -- value)`: becomes `COPY 1, TO_BOOL, POP_JUMP_IF_FALSE`.
    JUMP_IF_FALSE = 146 [ARG JUMP PSEUDO] |_, _| 0;
    /// `(value -- value)`: becomes `COPY 1, TO_BOOL, POP_JUMP_IF_TRUE`.
    JUMP_IF_TRUE = 147 [ARG JUMP PSEUDO] |_, _| 0;
    /// Opens a range whose handler finds `(exception)`.
    SETUP_FINALLY = 148 [ARG JUMP PSEUDO] |_, jump| if jump { 1 } else { 0 };
    /// Opens a range whose handler finds `(lasti, exception)`.
    SETUP_CLEANUP = 149 [ARG JUMP PSEUDO] |_, jump| if jump { 2 } else { 0 };
    /// Opens a range whose handler finds `(lasti, exception)`, over the result of `__enter__`.
    SETUP_WITH = 150 [ARG JUMP PSEUDO] |_, jump| if jump { 1 } else { 0 };
    /// Closes the innermost range.
    POP_BLOCK = 151 [PSEUDO] |_, _| 0;
    /// `( -- cell)`: becomes `LOAD_FAST`.
    LOAD_CLOSURE = 152 [ARG FREE PSEUDO] |_, _| 1;
    /// `(value or NULL -- )`: becomes `STORE_FAST`; the local may be unbound after it.
    STORE_FAST_MAYBE_NULL = 153 [ARG LOCAL PSEUDO] |_, _| -1;
    /// Stands where annotations are set up, should any turn out to exist.
    ANNOTATIONS_PLACEHOLDER = 154 [PSEUDO] |_, _| 0;
}

impl Opcode {
    /// Whether one cache unit follows.
    pub const fn has_cache(self) -> bool {
        self.traits().contains(OpcodeTraits::CACHE)
    }
    /// Whether the argument is used.
    pub const fn has_arg(self) -> bool {
        self.traits().contains(OpcodeTraits::ARG)
    }
    /// Whether the argument indexes the constants.
    pub const fn has_const(self) -> bool {
        self.traits().contains(OpcodeTraits::CONST)
    }
    /// Whether the argument (shifted) indexes the names; see [`Opcode::name_index`].
    pub const fn has_name(self) -> bool {
        self.traits().contains(OpcodeTraits::NAME)
    }
    /// Whether the argument is a jump distance.
    pub const fn has_jump(self) -> bool {
        self.traits().contains(OpcodeTraits::JUMP)
    }
    /// Whether the argument indexes the locals.
    pub const fn has_local(self) -> bool {
        self.traits().contains(OpcodeTraits::LOCAL)
    }
    /// Whether the argument indexes a local that holds a cell.
    pub const fn has_free(self) -> bool {
        self.traits().contains(OpcodeTraits::FREE)
    }
    /// Whether the instruction exists only before assembly.
    pub const fn is_pseudo(self) -> bool {
        self.traits().contains(OpcodeTraits::PSEUDO)
    }
    /// Whether control never reaches the next instruction.
    pub const fn never_falls_through(self) -> bool {
        self.traits().contains(OpcodeTraits::NO_FALL_THROUGH)
    }
    /// Whether the instruction leaves the frame (or this handler) by return or raise.
    pub const fn is_exit(self) -> bool {
        self.traits().contains(OpcodeTraits::EXIT)
    }
    /// Whether a jump goes towards lower units.
    pub const fn is_backward_jump(self) -> bool {
        matches!(
            self,
            Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT
        )
    }
    /// Whether the argument holds two locals; see [`Opcode::unpack_pair`].
    pub const fn has_local_pair(self) -> bool {
        matches!(
            self,
            Opcode::LOAD_FAST_LOAD_FAST
                | Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW
                | Opcode::STORE_FAST_LOAD_FAST
                | Opcode::STORE_FAST_STORE_FAST
        )
    }

    /// The index into `Code::names` that the argument carries, for opcodes with `has_name`.
    pub const fn name_index(self, argument: u32) -> usize {
        let shift = match self {
            Opcode::LOAD_ATTR | Opcode::LOAD_GLOBAL => 1,
            Opcode::LOAD_SUPER_ATTR => 2,
            _ => 0,
        };
        (argument >> shift) as usize
    }

    /// Joins two local indices, each below [`PAIR_LIMIT`], into one argument.
    pub const fn pack_pair(first: u32, second: u32) -> u32 {
        (first << 12) | second
    }

    /// The two local indices of an argument made by [`Opcode::pack_pair`].
    pub const fn unpack_pair(argument: u32) -> (usize, usize) {
        ((argument >> 12) as usize, (argument & 0xFFF) as usize)
    }
}

/// Locals at or above this index are never joined into a pair.
pub const PAIR_LIMIT: u32 = 1 << 12;

/// The first number that a runtime may use for its own, specialized instructions.
pub const FIRST_SPECIALIZED: u8 = 160;

macro_rules! numbered {
    ($(#[$documentation:meta])* $name:ident { $($(#[$entry_documentation:meta])* $variant:ident = $number:literal => $text:literal,)* }) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$entry_documentation])* $variant = $number,)* }
        impl $name {
            /// The entry with this number.
            pub const fn from_u32(number: u32) -> Option<$name> {
                match number { $($number => Some($name::$variant),)* _ => None }
            }
            /// How `dis` prints it.
            pub const fn text(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }
    };
}

numbered! {
    /// The argument of `BINARY_OP`.
    BinaryOperation {
        Add = 0 => "+",
        And = 1 => "&",
        FloorDivide = 2 => "//",
        LeftShift = 3 => "<<",
        MatrixMultiply = 4 => "@",
        Multiply = 5 => "*",
        Remainder = 6 => "%",
        Or = 7 => "|",
        Power = 8 => "**",
        RightShift = 9 => ">>",
        Subtract = 10 => "-",
        TrueDivide = 11 => "/",
        Xor = 12 => "^",
        InplaceAdd = 13 => "+=",
        InplaceAnd = 14 => "&=",
        InplaceFloorDivide = 15 => "//=",
        InplaceLeftShift = 16 => "<<=",
        InplaceMatrixMultiply = 17 => "@=",
        InplaceMultiply = 18 => "*=",
        InplaceRemainder = 19 => "%=",
        InplaceOr = 20 => "|=",
        InplacePower = 21 => "**=",
        InplaceRightShift = 22 => ">>=",
        InplaceSubtract = 23 => "-=",
        InplaceTrueDivide = 24 => "/=",
        InplaceXor = 25 => "^=",
        Subscript = 26 => "[]",
    }
}

numbered! {
    /// `arg >> 5` of `COMPARE_OP`.
    Comparison {
        Less = 0 => "<",
        LessOrEqual = 1 => "<=",
        Equal = 2 => "==",
        NotEqual = 3 => "!=",
        Greater = 4 => ">",
        GreaterOrEqual = 5 => ">=",
    }
}

impl Comparison {
    /// The argument of `COMPARE_OP`, without the flag that asks for a bool.
    pub const fn argument(self) -> u32 {
        let outcomes = match self {
            Comparison::Less => 2,
            Comparison::LessOrEqual => 2 | 8,
            Comparison::Equal => 8,
            Comparison::NotEqual => 1 | 2 | 4,
            Comparison::Greater => 4,
            Comparison::GreaterOrEqual => 4 | 8,
        };
        ((self as u32) << 5) | outcomes
    }
}

/// Bit of `COMPARE_OP`'s argument: the result must be exactly True or False.
pub const COMPARE_TO_BOOL: u32 = 16;

numbered! {
    /// The argument of `CALL_INTRINSIC_1`.
    Intrinsic1 {
        /// Prints an expression statement at the prompt through `sys.displayhook`.
        Print = 1 => "INTRINSIC_PRINT",
        /// `from module import *` into locals.
        ImportStar = 2 => "INTRINSIC_IMPORT_STAR",
        /// StopIteration that leaves a generator becomes RuntimeError.
        StopIterationError = 3 => "INTRINSIC_STOPITERATION_ERROR",
        /// Wraps what an asynchronous generator yields.
        AsyncGenWrap = 4 => "INTRINSIC_ASYNC_GEN_WRAP",
        UnaryPositive = 5 => "INTRINSIC_UNARY_POSITIVE",
        ListToTuple = 6 => "INTRINSIC_LIST_TO_TUPLE",
        /// name → TypeVar
        TypeVar = 7 => "INTRINSIC_TYPEVAR",
        ParamSpec = 8 => "INTRINSIC_PARAMSPEC",
        TypeVarTuple = 9 => "INTRINSIC_TYPEVARTUPLE",
        /// Tuple of type parameters → `Generic[…]`
        SubscriptGeneric = 10 => "INTRINSIC_SUBSCRIPT_GENERIC",
        /// `(name, type parameters, function that evaluates)` → TypeAliasType
        TypeAlias = 11 => "INTRINSIC_TYPEALIAS",
    }
}

numbered! {
    /// The argument of `CALL_INTRINSIC_2`.
    Intrinsic2 {
        /// `(original exception, list of raised and unhandled)` → what to raise or None
        PrepReraiseStar = 1 => "INTRINSIC_PREP_RERAISE_STAR",
        /// `(name, function that evaluates the bound)` → TypeVar
        TypeVarWithBound = 2 => "INTRINSIC_TYPEVAR_WITH_BOUND",
        /// `(name, function that evaluates the constraints)` → TypeVar
        TypeVarWithConstraints = 3 => "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
        /// `(function, type parameters)` → function
        SetFunctionTypeParams = 4 => "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
        /// `(type parameter, function that evaluates the default)` → type parameter
        SetTypeParamDefault = 5 => "INTRINSIC_SET_TYPEPARAM_DEFAULT",
    }
}

numbered! {
    /// The argument of `LOAD_COMMON_CONSTANT`.
    CommonConstant {
        AssertionError = 0 => "AssertionError",
        NotImplementedError = 1 => "NotImplementedError",
        Tuple = 2 => "tuple",
        All = 3 => "all",
        Any = 4 => "any",
    }
}

numbered! {
    /// The argument of `LOAD_SPECIAL`.
    SpecialMethod {
        Enter = 0 => "__enter__",
        Exit = 1 => "__exit__",
        AsyncEnter = 2 => "__aenter__",
        AsyncExit = 3 => "__aexit__",
    }
}

numbered! {
    /// The argument of `SET_FUNCTION_ATTRIBUTE`.
    FunctionAttribute {
        Defaults = 1 => "defaults",
        KeywordDefaults = 2 => "kwdefaults",
        Annotations = 4 => "annotations",
        Closure = 8 => "closure",
        Annotate = 16 => "annotate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_opcodes_map_both_ways() {
        for &opcode in Opcode::ALL {
            assert_eq!(Opcode::from_u8(opcode as u8), Some(opcode));
            assert!((opcode as u8) < FIRST_SPECIALIZED, "{}", opcode.name());
        }
    }

    #[test]
    fn pairs_unpack_to_what_was_packed() {
        assert_eq!(
            Opcode::unpack_pair(Opcode::pack_pair(PAIR_LIMIT - 1, 7)),
            (4095, 7)
        );
    }
}
