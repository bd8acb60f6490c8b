//! The numbers by which `re` and this engine understand each other: those of `re._constants`.

/// The version of the codes.
pub(crate) const MAGIC: u32 = 20_230_612;
/// Bytes of a code.
pub(crate) const CODE_SIZE: usize = 4;
/// A repetition without end.
pub(crate) const MAX_REPEAT: u32 = u32::MAX;
/// Groups that a pattern can have.
pub(crate) const MAX_GROUPS: usize = (MAX_REPEAT / 4) as usize;

/// Operations.
pub(super) mod op {
    pub const FAILURE: u32 = 0;
    pub const SUCCESS: u32 = 1;
    pub const ANY: u32 = 2;
    pub const ANY_ALL: u32 = 3;
    pub const ASSERT: u32 = 4;
    pub const ASSERT_NOT: u32 = 5;
    pub const AT: u32 = 6;
    pub const BRANCH: u32 = 7;
    pub const CATEGORY: u32 = 8;
    pub const CHARSET: u32 = 9;
    pub const BIGCHARSET: u32 = 10;
    pub const GROUPREF: u32 = 11;
    pub const GROUPREF_EXISTS: u32 = 12;
    pub const IN: u32 = 13;
    pub const INFO: u32 = 14;
    pub const JUMP: u32 = 15;
    pub const LITERAL: u32 = 16;
    pub const MARK: u32 = 17;
    pub const MAX_UNTIL: u32 = 18;
    pub const MIN_UNTIL: u32 = 19;
    pub const NOT_LITERAL: u32 = 20;
    pub const NEGATE: u32 = 21;
    pub const RANGE: u32 = 22;
    pub const REPEAT: u32 = 23;
    pub const REPEAT_ONE: u32 = 24;
    pub const MIN_REPEAT_ONE: u32 = 26;
    pub const ATOMIC_GROUP: u32 = 27;
    pub const POSSESSIVE_REPEAT: u32 = 28;
    pub const POSSESSIVE_REPEAT_ONE: u32 = 29;
    pub const GROUPREF_IGNORE: u32 = 30;
    pub const IN_IGNORE: u32 = 31;
    pub const LITERAL_IGNORE: u32 = 32;
    pub const NOT_LITERAL_IGNORE: u32 = 33;
    pub const GROUPREF_LOC_IGNORE: u32 = 34;
    pub const IN_LOC_IGNORE: u32 = 35;
    pub const LITERAL_LOC_IGNORE: u32 = 36;
    pub const NOT_LITERAL_LOC_IGNORE: u32 = 37;
    pub const GROUPREF_UNI_IGNORE: u32 = 38;
    pub const IN_UNI_IGNORE: u32 = 39;
    pub const LITERAL_UNI_IGNORE: u32 = 40;
    pub const NOT_LITERAL_UNI_IGNORE: u32 = 41;
    pub const RANGE_UNI_IGNORE: u32 = 42;
}

/// Categories of characters. Odd ones are the negation of the even one before.
pub(super) mod category {
    pub const DIGIT: u32 = 0;
    pub const SPACE: u32 = 2;
    pub const WORD: u32 = 4;
    pub const LINEBREAK: u32 = 6;
    pub const LOC_WORD: u32 = 8;
    pub const UNI_DIGIT: u32 = 10;
    pub const UNI_SPACE: u32 = 12;
    pub const UNI_WORD: u32 = 14;
    pub const UNI_LINEBREAK: u32 = 16;
    pub const COUNT: u32 = 18;
}

/// Flags of an information block.
pub(super) mod info {
    pub const PREFIX: u32 = 1;
    pub const LITERAL: u32 = 2;
    pub const CHARSET: u32 = 4;
}

/// Places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Beginning,
    BeginningLine,
    End,
    EndLine,
    EndString,
    Boundary(WordKind),
    NotBoundary(WordKind),
}

/// What belongs to a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WordKind {
    Ascii,
    Unicode,
}

impl Place {
    pub(super) fn from_code(code: u32) -> Option<Place> {
        Some(match code {
            0 | 2 => Place::Beginning,
            1 => Place::BeginningLine,
            // A boundary by the locale is one in ASCII: that is what the locale's letters are taken to be.
            3 | 8 => Place::Boundary(WordKind::Ascii),
            4 | 9 => Place::NotBoundary(WordKind::Ascii),
            5 => Place::End,
            6 => Place::EndLine,
            7 => Place::EndString,
            10 => Place::Boundary(WordKind::Unicode),
            11 => Place::NotBoundary(WordKind::Unicode),
            _ => return None,
        })
    }
}
