//! Programs: what codes are translated to.
//!
//! Codes nest by skips: relative to the word that holds it, a skip leads to the end of what it skips.
//! The translation goes part by part and refuses codes whose parts do not end where their skip leads,
//! which refer to groups that there are not, or are none that `re` would make. An instruction continues
//! with the next one unless it says where.

use super::charset::{Fold, Set};
use super::codes::{MAX_GROUPS, MAX_REPEAT, Place, info, op};

/// The codes make no sense.
#[derive(Debug)]
pub(crate) struct Invalid;

type Translated<T> = Result<T, Invalid>;

fn check(condition: bool) -> Translated<()> {
    if condition { Ok(()) } else { Err(Invalid) }
}

/// What matches one character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum One {
    /// All but a newline.
    Any,
    AnyAll,
    Literal(u32),
    NotLiteral(u32),
    /// A set, by its number.
    Set(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// An instruction. Numbers refer to tables of the program, or to instructions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    Success,
    Fail,
    One(One),
    /// Several literals: a range of `Program::literals`.
    String {
        start: u32,
        end: u32,
    },
    At(Place),
    Mark(u32),
    /// Alternatives, by the range of `Program::alternatives`.
    Branch {
        first: u32,
        end: u32,
    },
    Jump(u32),
    /// A repetition of one character.
    Repeat(u32),
    /// Begins a loop.
    Loop(u32),
    /// The end of a loop's body: it decides whether to go on.
    Until(u32),
    /// A loop whose iterations are not taken back.
    PossessiveLoop(u32),
    /// What is up to the next `Success`, then `next`.
    Atomic {
        next: u32,
    },
    Assert {
        back: u32,
        next: u32,
        negative: bool,
    },
    Group {
        number: u32,
        fold: Fold,
    },
    /// Continues with `otherwise` when the group has not matched.
    IfGroup {
        number: u32,
        otherwise: u32,
    },
}

/// A repetition of one character.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) one: One,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) greed: Greed,
    /// The character that must come next, where that is known.
    pub(super) next: Option<u32>,
}

/// A repetition of anything.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) lazy: bool,
    pub(super) body: u32,
    pub(super) tail: u32,
}

/// One of several ways to go on.
#[derive(Debug)]
pub(super) struct Alternative {
    /// What the first character must match, where that is known.
    pub(super) first: Option<One>,
    pub(super) start: u32,
}

/// Where a search looks for the beginning of a match.
#[derive(Debug)]
pub(super) enum Start {
    Anywhere,
    /// At the beginning of the text only.
    Beginning,
    /// Where these characters are.
    Literal(Box<[u32]>),
    /// Where one of this set is.
    Set(u32),
}

/// A translated pattern.
#[derive(Debug)]
pub(crate) struct Program {
    pub(super) instructions: Vec<Instruction>,
    pub(super) sets: Vec<Set>,
    pub(super) literals: Vec<u32>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) repeats: Vec<Repeat>,
    pub(super) loops: Vec<Loop>,
    pub(super) start: Start,
    /// Whether the literal at the start is all that there is to match.
    pub(super) is_literal: bool,
    /// Characters that a match has at least.
    pub(super) least_width: usize,
    pub(super) groups: usize,
}

impl Program {
    /// Translates the codes of a pattern with `groups` groups.
    ///
    /// # Errors
    /// When they make no sense.
    pub(crate) fn translate(codes: &[u32], groups: usize) -> Result<Program, Invalid> {
        check(groups <= MAX_GROUPS)?;
        let (&last, body) = codes.split_last().ok_or(Invalid)?;
        check(last == op::SUCCESS)?;
        let mut program = Program {
            instructions: Vec::new(),
            sets: Vec::new(),
            literals: Vec::new(),
            alternatives: Vec::new(),
            repeats: Vec::new(),
            loops: Vec::new(),
            start: Start::Anywhere,
            is_literal: false,
            least_width: 0,
            groups,
        };
        let behind = program.read_information(body)?;
        Translator {
            words: behind,
            program: &mut program,
            depth: 0,
        }
        .sequence()?;
        program.instructions.push(Instruction::Success);
        if matches!(program.start, Start::Anywhere)
            && behind.starts_with(&[op::AT])
            && matches!(behind.get(1), Some(0 | 2))
        {
            program.start = Start::Beginning;
        }
        program.look_ahead();
        Ok(program)
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// Reads the information block at the beginning, if there is one. Returns what is behind it.
    fn read_information<'a>(&mut self, body: &'a [u32]) -> Translated<&'a [u32]> {
        if body.first() != Some(&op::INFO) {
            return Ok(body);
        }
        let mut reader = Translator {
            words: &body[1..],
            program: self,
            depth: 0,
        };
        let left = reader.skip()?;
        let words = reader.take(left)?;
        let behind = reader.words;
        let mut block = Translator {
            words,
            program: self,
            depth: 0,
        };
        let flags = block.word()?;
        let least_width = block.word()? as usize;
        block.word()?;
        check(flags & !(info::PREFIX | info::LITERAL | info::CHARSET) == 0)?;
        let has = |flag: u32| flags & flag != 0;
        check(
            !(has(info::PREFIX) && has(info::CHARSET))
                && (has(info::PREFIX) || !has(info::LITERAL)),
        )?;
        let mut start = Start::Anywhere;
        if has(info::PREFIX) {
            let length = block.word()? as usize;
            let skip = block.word()? as usize;
            check(length >= 1 && skip <= length)?;
            start = Start::Literal(block.take(length)?.into());
            check(
                block
                    .take(length)?
                    .iter()
                    .all(|&overlap| (overlap as usize) < length),
            )?;
        }
        if has(info::CHARSET) {
            let rest = block.words.len();
            start = Start::Set(block.set(rest, Fold::Nothing)?);
        }
        check(block.words.is_empty())?;
        self.start = start;
        self.is_literal = has(info::LITERAL);
        self.least_width = least_width;
        Ok(behind)
    }

    /// Notes which character must follow a repetition.
    fn look_ahead(&mut self) {
        for at in 0..self.instructions.len() {
            if let Instruction::Repeat(number) = self.instructions[at] {
                self.repeats[number as usize].next = self.first_literal(at + 1);
            }
        }
    }

    /// The character that a match from instruction `at` on must begin with.
    fn first_literal(&self, mut at: usize) -> Option<u32> {
        loop {
            match self.instructions[at] {
                Instruction::Mark(_) => at += 1,
                Instruction::Jump(target) if target as usize > at => at = target as usize,
                Instruction::One(One::Literal(character)) => return Some(character),
                Instruction::String { start, .. } => return Some(self.literals[start as usize]),
                _ => return None,
            }
        }
    }

    /// What the first character of a match from instruction `at` on must match.
    fn first_one(&self, mut at: usize) -> Option<One> {
        loop {
            match *self.instructions.get(at)? {
                Instruction::Mark(_) => at += 1,
                Instruction::One(one) => return Some(one),
                Instruction::String { start, .. } => {
                    return Some(One::Literal(self.literals[start as usize]));
                }
                Instruction::Repeat(number) => {
                    let repeat = &self.repeats[number as usize];
                    return (repeat.least > 0).then_some(repeat.one);
                }
                _ => return None,
            }
        }
    }
}

/// Codes that are yet to be translated, and where the instructions go.
struct Translator<'a, 'p> {
    words: &'a [u32],
    program: &'p mut Program,
    /// How many parts this one is in.
    depth: usize,
}

/// Parts can be nested so deep.
const DEEPEST: usize = 1000;

impl<'a> Translator<'a, '_> {
    fn word(&mut self) -> Translated<u32> {
        let (&first, rest) = self.words.split_first().ok_or(Invalid)?;
        self.words = rest;
        Ok(first)
    }

    fn expect(&mut self, expected: u32) -> Translated<()> {
        let word = self.word()?;
        check(word == expected)
    }

    /// The next `count` words.
    fn take(&mut self, count: usize) -> Translated<&'a [u32]> {
        check(count <= self.words.len())?;
        let (taken, rest) = self.words.split_at(count);
        self.words = rest;
        Ok(taken)
    }

    /// A skip: how many of the words that are not yet read it leads over.
    fn skip(&mut self) -> Translated<usize> {
        let left = self.words.len();
        let skip = self.word()? as usize;
        check(skip >= 1 && skip <= left)?;
        Ok(skip - 1)
    }

    fn emit(&mut self, instruction: Instruction) -> Translated<u32> {
        let at = self.next_place()?;
        self.program.instructions.push(instruction);
        Ok(at)
    }

    /// The number of the instruction that comes next.
    fn next_place(&self) -> Translated<u32> {
        u32::try_from(self.program.instructions.len()).map_err(|_| Invalid)
    }

    /// Translates the next `count` words.
    fn inner(&mut self, count: usize) -> Translated<()> {
        let words = self.take(count)?;
        Translator {
            words,
            program: self.program,
            depth: self.depth + 1,
        }
        .sequence()
    }

    /// Translates a part of `count` words of which the last is SUCCESS.
    fn ended(&mut self, count: usize) -> Translated<()> {
        self.inner(count.checked_sub(1).ok_or(Invalid)?)?;
        self.expect(op::SUCCESS)?;
        self.emit(Instruction::Success).map(|_| ())
    }

    fn sequence(mut self) -> Translated<()> {
        check(self.depth <= DEEPEST)?;
        while !self.words.is_empty() {
            match self.words {
                [op::LITERAL, _, ..] => self.literals()?,
                _ => self.operation()?,
            }
        }
        Ok(())
    }

    /// The set in the next `count` words, of which the last is FAILURE.
    fn set(&mut self, count: usize, fold: Fold) -> Translated<u32> {
        let (&last, codes) = self.take(count)?.split_last().ok_or(Invalid)?;
        check(last == op::FAILURE)?;
        self.add_set(codes, fold)
    }

    fn add_set(&mut self, codes: &[u32], fold: Fold) -> Translated<u32> {
        let set = Set::new(codes, fold).ok_or(Invalid)?;
        self.program.sets.push(set);
        Ok(self.program.sets.len() as u32 - 1)
    }

    /// The operation `code`, if it matches one character.
    fn one(&mut self, code: u32) -> Translated<Option<One>> {
        let fold = match code {
            op::LITERAL_IGNORE | op::NOT_LITERAL_IGNORE | op::IN_IGNORE => Fold::Ascii,
            op::LITERAL_UNI_IGNORE | op::NOT_LITERAL_UNI_IGNORE | op::IN_UNI_IGNORE => {
                Fold::Unicode
            }
            op::LITERAL_LOC_IGNORE | op::NOT_LITERAL_LOC_IGNORE | op::IN_LOC_IGNORE => Fold::Locale,
            _ => Fold::Nothing,
        };
        Ok(Some(match code {
            op::ANY => One::Any,
            op::ANY_ALL => One::AnyAll,
            op::LITERAL => One::Literal(self.word()?),
            op::NOT_LITERAL => One::NotLiteral(self.word()?),
            op::LITERAL_IGNORE | op::LITERAL_UNI_IGNORE | op::LITERAL_LOC_IGNORE => {
                let literal = self.word()?;
                One::Set(self.add_set(&[op::LITERAL, literal], fold)?)
            }
            op::NOT_LITERAL_IGNORE | op::NOT_LITERAL_UNI_IGNORE | op::NOT_LITERAL_LOC_IGNORE => {
                let literal = self.word()?;
                One::Set(match fold {
                    // Neither case may match, which is not the same as one of them not matching.
                    Fold::Locale => {
                        let upper = literal.wrapping_sub(0x20);
                        let is_letter = (0x61..=0x7a).contains(&literal);
                        let other = if is_letter {
                            upper
                        } else {
                            super::charset::lower_ascii(literal)
                        };
                        self.add_set(
                            &[op::NEGATE, op::LITERAL, literal, op::LITERAL, other],
                            Fold::Nothing,
                        )?
                    }
                    fold => self.add_set(&[op::NEGATE, op::LITERAL, literal], fold)?,
                })
            }
            op::IN | op::IN_IGNORE | op::IN_UNI_IGNORE | op::IN_LOC_IGNORE => {
                let left = self.skip()?;
                One::Set(self.set(left, fold)?)
            }
            op::CATEGORY => {
                let category = self.word()?;
                One::Set(self.add_set(&[op::CATEGORY, category], Fold::Nothing)?)
            }
            _ => return Ok(None),
        }))
    }

    fn operation(&mut self) -> Translated<()> {
        let code = self.word()?;
        if let Some(one) = self.one(code)? {
            return self.emit(Instruction::One(one)).map(|_| ());
        }
        match code {
            op::SUCCESS => self.emit(Instruction::Success).map(|_| ()),
            op::FAILURE => self.emit(Instruction::Fail).map(|_| ()),
            op::MARK => {
                let mark = self.word()?;
                check((mark as usize) < 2 * self.program.groups)?;
                self.emit(Instruction::Mark(mark)).map(|_| ())
            }
            op::AT => {
                let place = Place::from_code(self.word()?).ok_or(Invalid)?;
                self.emit(Instruction::At(place)).map(|_| ())
            }
            // Information in the midst of a pattern means nothing.
            op::INFO => {
                let left = self.skip()?;
                self.take(left).map(|_| ())
            }
            op::BRANCH => self.branch(),
            op::REPEAT_ONE => self.repeat(Greed::Greedy),
            op::MIN_REPEAT_ONE => self.repeat(Greed::Lazy),
            op::POSSESSIVE_REPEAT_ONE => self.repeat(Greed::Possessive),
            op::REPEAT => self.general_loop(),
            op::POSSESSIVE_REPEAT => self.possessive_loop(),
            op::ATOMIC_GROUP => {
                let left = self.skip()?;
                let at = self.emit(Instruction::Fail)?;
                self.ended(left)?;
                let next = self.next_place()?;
                self.program.instructions[at as usize] = Instruction::Atomic { next };
                Ok(())
            }
            op::ASSERT | op::ASSERT_NOT => {
                let left = self.skip()?;
                let back = self.word()?;
                check(back & 0x8000_0000 == 0)?;
                let at = self.emit(Instruction::Fail)?;
                self.ended(left.checked_sub(1).ok_or(Invalid)?)?;
                let (next, negative) = (self.next_place()?, code == op::ASSERT_NOT);
                self.program.instructions[at as usize] = Instruction::Assert {
                    back,
                    next,
                    negative,
                };
                Ok(())
            }
            op::GROUPREF => self.group(Fold::Nothing),
            op::GROUPREF_IGNORE => self.group(Fold::Ascii),
            op::GROUPREF_UNI_IGNORE => self.group(Fold::Unicode),
            op::GROUPREF_LOC_IGNORE => self.group(Fold::Locale),
            op::GROUPREF_EXISTS => self.conditional(),
            _ => Err(Invalid),
        }
    }

    /// The literals that come next, as one instruction.
    fn literals(&mut self) -> Translated<()> {
        let start = u32::try_from(self.program.literals.len()).map_err(|_| Invalid)?;
        while let [op::LITERAL, character, rest @ ..] = self.words {
            self.program.literals.push(*character);
            self.words = rest;
        }
        let end = u32::try_from(self.program.literals.len()).map_err(|_| Invalid)?;
        let instruction = match self.program.literals[start as usize..] {
            [only] => Instruction::One(One::Literal(only)),
            _ => Instruction::String { start, end },
        };
        self.emit(instruction).map(|_| ())
    }

    fn group(&mut self, fold: Fold) -> Translated<()> {
        let number = self.word()?;
        check((number as usize) < self.program.groups)?;
        self.emit(Instruction::Group { number, fold }).map(|_| ())
    }

    fn repeat(&mut self, greed: Greed) -> Translated<()> {
        let left = self.skip()?;
        let (least, most) = self.bounds()?;
        let part = left.checked_sub(2).ok_or(Invalid)?;
        let behind = self.words.len().checked_sub(part).ok_or(Invalid)?;
        let code = self.word()?;
        let one = self.one(code)?.ok_or(Invalid)?;
        self.expect(op::SUCCESS)?;
        check(self.words.len() == behind)?;
        let most = if most == MAX_REPEAT {
            usize::MAX
        } else {
            most as usize
        };
        let number = self.program.repeats.len() as u32;
        self.program.repeats.push(Repeat {
            one,
            least: least as usize,
            most,
            greed,
            next: None,
        });
        self.emit(Instruction::Repeat(number)).map(|_| ())
    }

    fn bounds(&mut self) -> Translated<(u32, u32)> {
        let (least, most) = (self.word()?, self.word()?);
        check(least <= most)?;
        Ok((least, most))
    }

    fn general_loop(&mut self) -> Translated<()> {
        let left = self.skip()?;
        let (least, most) = self.bounds()?;
        let number = self.program.loops.len() as u32;
        self.program.loops.push(Loop {
            least,
            most,
            lazy: false,
            body: 0,
            tail: 0,
        });
        self.emit(Instruction::Loop(number))?;
        let body = self.next_place()?;
        self.inner(left.checked_sub(2).ok_or(Invalid)?)?;
        let end = self.word()?;
        check(end == op::MAX_UNTIL || end == op::MIN_UNTIL)?;
        let until = self.emit(Instruction::Until(number))?;
        let tail = until + 1;
        let lazy = end == op::MIN_UNTIL;
        self.program.loops[number as usize] = Loop {
            least,
            most,
            lazy,
            body,
            tail,
        };
        Ok(())
    }

    fn possessive_loop(&mut self) -> Translated<()> {
        let left = self.skip()?;
        let (least, most) = self.bounds()?;
        let number = self.program.loops.len() as u32;
        self.program.loops.push(Loop {
            least,
            most,
            lazy: false,
            body: 0,
            tail: 0,
        });
        self.emit(Instruction::PossessiveLoop(number))?;
        let body = self.next_place()?;
        self.inner(left.checked_sub(2).ok_or(Invalid)?)?;
        self.expect(op::SUCCESS)?;
        self.emit(Instruction::Success)?;
        let tail = self.next_place()?;
        self.program.loops[number as usize] = Loop {
            least,
            most,
            lazy: false,
            body,
            tail,
        };
        Ok(())
    }

    /// Alternatives, each behind a skip and with a jump to the common end; a skip of zero ends them.
    fn branch(&mut self) -> Translated<()> {
        let at = self.emit(Instruction::Fail)?;
        let mut starts = Vec::new();
        let mut jumps = Vec::new();
        let mut end = None;
        loop {
            let left = self.words.len();
            let skip = self.word()? as usize;
            if skip == 0 {
                break;
            }
            check(skip <= left && skip >= 3)?;
            starts.push(self.next_place()?);
            self.inner(skip - 3)?;
            jumps.push(self.emit(Instruction::Fail)?);
            self.expect(op::JUMP)?;
            let jump = self.skip()?;
            // Where the jump leads, as the number of words behind that place.
            let target = self.words.len().checked_sub(jump).ok_or(Invalid)?;
            check(end.is_none_or(|end| end == target))?;
            end = Some(target);
        }
        check(end == Some(self.words.len()))?;
        let next = self.next_place()?;
        for jump in jumps {
            self.program.instructions[jump as usize] = Instruction::Jump(next);
        }
        let first = self.program.alternatives.len() as u32;
        for start in starts {
            let alternative = Alternative {
                first: self.program.first_one(start as usize),
                start,
            };
            self.program.alternatives.push(alternative);
        }
        let end = self.program.alternatives.len() as u32;
        self.program.instructions[at as usize] = Instruction::Branch { first, end };
        Ok(())
    }

    /// `(?(group)then|else)`. With an alternative the first part ends with a jump behind the second.
    fn conditional(&mut self) -> Translated<()> {
        let number = self.word()?;
        check((number as usize) < self.program.groups)?;
        // This skip counts from the word before it.
        let skip = self.word()? as usize;
        let left = skip.checked_sub(2).ok_or(Invalid)?;
        check(left <= self.words.len())?;
        let at = self.emit(Instruction::Fail)?;
        if left >= 2 && self.words[left - 2] == op::JUMP {
            self.inner(left - 2)?;
            self.expect(op::JUMP)?;
            let alternative = self.skip()?;
            let jump = self.emit(Instruction::Fail)?;
            let otherwise = self.next_place()?;
            self.program.instructions[at as usize] = Instruction::IfGroup { number, otherwise };
            self.inner(alternative)?;
            let next = self.next_place()?;
            self.program.instructions[jump as usize] = Instruction::Jump(next);
            return Ok(());
        }
        self.inner(left)?;
        let otherwise = self.next_place()?;
        self.program.instructions[at as usize] = Instruction::IfGroup { number, otherwise };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(codes: &[u32], groups: usize) -> bool {
        Program::translate(codes, groups).is_ok()
    }

    #[test]
    fn literals_are_valid() {
        assert!(is_valid(&[op::LITERAL, 97, op::SUCCESS], 0));
        assert!(!is_valid(&[op::LITERAL, op::SUCCESS], 0));
        assert!(!is_valid(&[op::LITERAL, 97], 0));
        assert!(!is_valid(&[], 0));
    }

    #[test]
    fn groups_are_counted() {
        assert!(is_valid(
            &[op::MARK, 0, op::LITERAL, 97, op::MARK, 1, op::SUCCESS],
            1
        ));
        assert!(!is_valid(
            &[op::MARK, 0, op::LITERAL, 97, op::MARK, 2, op::SUCCESS],
            1
        ));
        assert!(!is_valid(&[op::GROUPREF, 1, op::SUCCESS], 1));
    }

    #[test]
    fn skips_lead_to_the_end_of_their_part() {
        assert!(is_valid(
            &[
                op::REPEAT_ONE,
                6,
                0,
                9,
                op::LITERAL,
                97,
                op::SUCCESS,
                op::SUCCESS
            ],
            0
        ));
        assert!(!is_valid(
            &[
                op::REPEAT_ONE,
                5,
                0,
                9,
                op::LITERAL,
                97,
                op::SUCCESS,
                op::SUCCESS
            ],
            0
        ));
        assert!(!is_valid(
            &[
                op::REPEAT_ONE,
                600,
                0,
                9,
                op::LITERAL,
                97,
                op::SUCCESS,
                op::SUCCESS
            ],
            0
        ));
        assert!(!is_valid(
            &[
                op::REPEAT_ONE,
                6,
                9,
                0,
                op::LITERAL,
                97,
                op::SUCCESS,
                op::SUCCESS
            ],
            0
        ));
    }

    #[test]
    fn branches_end_together() {
        let branch = [
            op::BRANCH,
            5,
            op::LITERAL,
            97,
            op::JUMP,
            7,
            5,
            op::LITERAL,
            98,
            op::JUMP,
            2,
            0,
            op::SUCCESS,
        ];
        assert!(is_valid(&branch, 0));
        let mut other = branch;
        other[5] = 6;
        assert!(!is_valid(&other, 0));
    }
}
