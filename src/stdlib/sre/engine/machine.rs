//! Matching by backtracking.
//!
//! ```text
//!   program: pc ─▶ instruction        text: pos ─▶ character
//!   stack:  …, choice, undo, undo, choice, undo          what to do when the match fails here
//! ```
//! A choice says where to go on; an undo puts back a mark or a loop's registers as they were before they
//! were changed. Failing pops undos up to a choice, so that everything is as it was when the choice was
//! made. A part that is matched for itself (an assertion, an atomic group) begins at a base above which
//! it leaves no choices.

use typhon_runtime::Context;

use super::charset::{is_ascii_word, is_unicode_word};
use super::codes::{MAX_REPEAT, Place, WordKind};
use super::program::{Greed, Instruction, One, Program, Start};

/// No place in the text.
const NOWHERE: usize = usize::MAX;

/// Steps of a search between two safepoints: some ten microseconds' worth.
const PATIENCE: u32 = 1 << 12;

/// A unit of text: a character.
pub(crate) trait Unit: Copy + Eq + Into<u32> + 'static {
    /// Where `character` comes first in `text`.
    fn find(text: &[Self], character: u32) -> Option<usize>;

    /// Where `character` comes last in `text`.
    fn find_last(text: &[Self], character: u32) -> Option<usize> {
        text.iter().rposition(|&unit| unit.into() == character)
    }
}

impl Unit for u8 {
    #[inline]
    fn find(text: &[u8], character: u32) -> Option<usize> {
        memchr::memchr(u8::try_from(character).ok()?, text)
    }

    #[inline]
    fn find_last(text: &[u8], character: u32) -> Option<usize> {
        memchr::memrchr(u8::try_from(character).ok()?, text)
    }
}

impl Unit for u16 {
    #[inline]
    fn find(text: &[u16], character: u32) -> Option<usize> {
        let wanted = u16::try_from(character).ok()?;
        text.iter().position(|&unit| unit == wanted)
    }
}

impl Unit for u32 {
    #[inline]
    fn find(text: &[u32], character: u32) -> Option<usize> {
        text.iter().position(|&unit| unit == character)
    }
}

/// See the module's header.
enum Frame {
    /// Choice: goes on at `pc`.
    Go { pc: u32, pos: usize },
    /// Choice: the next alternatives.
    Branch { next: u32, end: u32, pos: usize },
    /// Choice: fewer characters, down to `least`.
    Fewer {
        number: u32,
        pc: u32,
        least: usize,
        pos: usize,
    },
    /// Choice: one more character.
    More {
        number: u32,
        pc: u32,
        count: usize,
        pos: usize,
    },
    /// Choice: one more iteration of a lazy loop.
    Again { number: u32, pos: usize },
    /// Undo.
    Mark {
        number: u32,
        old: usize,
        last_closed: u32,
    },
    /// Undo.
    Registers { number: u32, old: Registers },
}

/// What a loop knows.
#[derive(Clone, Copy)]
struct Registers {
    /// Iterations that were begun; `NONE_YET` before the first.
    count: u32,
    /// Where the last iteration that was not required began.
    last: usize,
}

const NONE_YET: u32 = u32::MAX;

/// A pattern at work on a text.
pub(crate) struct Machine<'a, U> {
    program: &'a Program,
    /// Up to the place behind which nothing is looked at.
    text: &'a [U],
    marks: Vec<usize>,
    /// Whether any mark was set since the last search began.
    is_marked: bool,
    loops: Vec<Registers>,
    stack: Vec<Frame>,
    /// The group that was closed last, from 1 on.
    last_closed: u32,
    /// Where the match begins.
    begin: usize,
    /// Where an empty match does not count.
    forbidden: usize,
    /// Whether a match has to reach the end.
    whole: bool,
    /// Who searches, and is asked for a safepoint now and then.
    cx: Option<&'a Context>,
    /// Steps until the next safepoint.
    patience: u32,
}

impl<'a, U: Unit> Machine<'a, U> {
    /// `text` ends where the search is to end. `whole`: a match has to reach the end.
    pub(crate) fn new(
        program: &'a Program,
        text: &'a [U],
        whole: bool,
        cx: Option<&'a Context>,
    ) -> Machine<'a, U> {
        Machine {
            program,
            text,
            marks: vec![NOWHERE; 2 * program.groups],
            is_marked: false,
            loops: vec![
                Registers {
                    count: NONE_YET,
                    last: NOWHERE
                };
                program.loops.len()
            ],
            stack: Vec::new(),
            last_closed: 0,
            begin: 0,
            forbidden: NOWHERE,
            whole,
            cx,
            patience: PATIENCE,
        }
    }

    /// One step of a search that may take long: others that want to stop the world, or the GIL, need
    /// not wait for its end. The text stays: whoever searches holds it.
    #[inline(always)]
    fn step(&mut self) {
        self.patience -= 1;
        if self.patience == 0 {
            self.pause();
        }
    }

    #[cold]
    #[inline(never)]
    fn pause(&mut self) {
        self.patience = PATIENCE;
        if let Some(cx) = self.cx
            && cx.record.poll()
        {
            cx.detached(|| ());
        }
    }

    /// The span of a group of the last match, from 0 on.
    pub(crate) fn group(&self, number: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.marks[2 * number], self.marks[2 * number + 1]);
        (start != NOWHERE && end != NOWHERE).then_some((start, end))
    }

    /// The group of the last match that was closed last, from 1 on.
    pub(crate) fn last_group(&self) -> Option<usize> {
        (self.last_closed > 0).then_some(self.last_closed as usize)
    }

    fn reset(&mut self) {
        if std::mem::take(&mut self.is_marked) {
            self.marks.fill(NOWHERE);
        }
        self.last_closed = 0;
        self.stack.clear();
    }

    /// Matches at `start`: where the match ends. An empty match does not count when `must_advance`.
    pub(crate) fn match_at(&mut self, start: usize, must_advance: bool) -> Option<usize> {
        self.reset();
        self.forbidden = if must_advance { start } else { NOWHERE };
        if self.text.len() < start || self.text.len() - start < self.program.least_width {
            return None;
        }
        self.attempt(start)
    }

    fn attempt(&mut self, start: usize) -> Option<usize> {
        self.begin = start;
        let end = self.run(0, start, true);
        self.stack.clear();
        end
    }

    /// Searches from `start` on: where the match begins and ends.
    pub(crate) fn search(&mut self, start: usize, must_advance: bool) -> Option<(usize, usize)> {
        self.reset();
        self.forbidden = if must_advance { start } else { NOWHERE };
        let last = self.text.len().checked_sub(self.program.least_width)?;
        let program = self.program;
        let mut at = start;
        match &program.start {
            Start::Beginning => (at <= last)
                .then(|| self.attempt(at).map(|end| (at, end)))
                .flatten(),
            Start::Anywhere => {
                while at <= last {
                    if let Some(end) = self.attempt(at) {
                        return Some((at, end));
                    }
                    at += 1;
                }
                None
            }
            Start::Set(number) => {
                let set = &program.sets[*number as usize];
                while at <= last {
                    at += self.text[at..]
                        .iter()
                        .position(|&unit| set.contains(unit.into()))?;
                    if let Some(end) = self.attempt(at) {
                        return Some((at, end));
                    }
                    at += 1;
                }
                None
            }
            Start::Literal(literal) => {
                while at <= last {
                    at += U::find(&self.text[at..], literal[0])?;
                    if literal[1..]
                        .iter()
                        .enumerate()
                        .all(|(place, &character)| self.is_at(at + 1 + place, character))
                    {
                        let end = if program.is_literal {
                            Some(at + literal.len())
                        } else {
                            self.attempt(at)
                        };
                        if let Some(end) = end {
                            return Some((at, end));
                        }
                    }
                    at += 1;
                }
                None
            }
        }
    }

    #[inline(always)]
    fn is_at(&self, pos: usize, character: u32) -> bool {
        self.text
            .get(pos)
            .is_some_and(|&unit| unit.into() == character)
    }

    /// Whether `one` matches the character at `pos`.
    #[inline(always)]
    fn one_at(&self, one: One, pos: usize) -> bool {
        match self.text.get(pos) {
            Some(&unit) => self.matches(one, unit.into()),
            None => false,
        }
    }

    #[inline(always)]
    fn matches(&self, one: One, character: u32) -> bool {
        match one {
            One::Any => character != 0x0a,
            One::AnyAll => true,
            One::Literal(literal) => character == literal,
            One::NotLiteral(literal) => character != literal,
            One::Set(number) => self.program.sets[number as usize].contains(character),
        }
    }

    /// How many characters from `pos` on `one` matches, `most` at most.
    #[inline]
    fn count(&self, one: One, pos: usize, most: usize) -> usize {
        let rest = &self.text[pos..];
        let rest = &rest[..most.min(rest.len())];
        let until = |character: u32| U::find(rest, character).unwrap_or(rest.len());
        match one {
            One::AnyAll => rest.len(),
            One::Any => until(0x0a),
            One::NotLiteral(literal) => until(literal),
            One::Literal(literal) => rest
                .iter()
                .position(|&unit| unit.into() != literal)
                .unwrap_or(rest.len()),
            One::Set(number) => {
                let set = &self.program.sets[number as usize];
                rest.iter()
                    .position(|&unit| !set.contains(unit.into()))
                    .unwrap_or(rest.len())
            }
        }
    }

    fn is_place(&self, place: Place, pos: usize) -> bool {
        let newline = |pos: usize| self.is_at(pos, 0x0a);
        match place {
            Place::Beginning => pos == 0,
            Place::BeginningLine => pos == 0 || newline(pos - 1),
            Place::End => pos == self.text.len() || pos + 1 == self.text.len() && newline(pos),
            Place::EndLine => pos == self.text.len() || newline(pos),
            Place::EndString => pos == self.text.len(),
            Place::Boundary(kind) => self.is_boundary(kind, pos),
            Place::NotBoundary(kind) => !self.is_boundary(kind, pos),
        }
    }

    fn is_boundary(&self, kind: WordKind, pos: usize) -> bool {
        let is_word = |pos: usize| {
            self.text.get(pos).is_some_and(|&unit| match kind {
                WordKind::Ascii => is_ascii_word(unit.into()),
                WordKind::Unicode => is_unicode_word(unit.into()),
            })
        };
        (pos > 0 && is_word(pos - 1)) != is_word(pos)
    }

    /// Whether a match that ends at `pos` counts.
    #[inline(always)]
    fn counts(&self, pos: usize) -> bool {
        !(self.whole && pos != self.text.len()) && !(pos == self.forbidden && pos == self.begin)
    }

    /// Runs from instruction `pc` to `Success`. `top`: that is the end of the whole pattern. Leaves
    /// choices on the stack when it succeeds, nothing when it fails.
    fn run(&mut self, pc: usize, pos: usize, top: bool) -> Option<usize> {
        let base = self.stack.len();
        let program = self.program;
        let (mut pc, mut pos) = (pc, pos);
        loop {
            // Each arm goes on with `continue` or falls through to failing.
            match program.instructions[pc] {
                Instruction::Success => {
                    if !top || self.counts(pos) {
                        return Some(pos);
                    }
                }
                Instruction::Fail => {}
                Instruction::One(one) => {
                    if self.one_at(one, pos) {
                        pos += 1;
                        pc += 1;
                        continue;
                    }
                }
                Instruction::String { start, end } => {
                    let literal = &program.literals[start as usize..end as usize];
                    if let Some(part) = self.text.get(pos..pos + literal.len())
                        && part
                            .iter()
                            .zip(literal)
                            .all(|(&unit, &character)| unit.into() == character)
                    {
                        pos += literal.len();
                        pc += 1;
                        continue;
                    }
                }
                Instruction::At(place) => {
                    if self.is_place(place, pos) {
                        pc += 1;
                        continue;
                    }
                }
                Instruction::Mark(number) => {
                    self.mark(number, pos);
                    pc += 1;
                    continue;
                }
                Instruction::Jump(target) => {
                    pc = target as usize;
                    continue;
                }
                Instruction::Branch { first, end } => {
                    if let Some(start) = self.alternative(first, end, pos) {
                        pc = start;
                        continue;
                    }
                }
                Instruction::Repeat(number) => {
                    if let Some(next) = self.repeat(number, pc, pos) {
                        pos = next;
                        pc += 1;
                        continue;
                    }
                }
                Instruction::Loop(number) => {
                    self.set_registers(
                        number,
                        Registers {
                            count: NONE_YET,
                            last: NOWHERE,
                        },
                    );
                    pc = self.until(number, pos);
                    continue;
                }
                Instruction::Until(number) => {
                    self.step();
                    pc = self.until(number, pos);
                    continue;
                }
                Instruction::PossessiveLoop(number) => {
                    if let Some(next) = self.possessive_loop(number, pos) {
                        pos = next;
                        pc = program.loops[number as usize].tail as usize;
                        continue;
                    }
                }
                Instruction::Atomic { next } => {
                    if let Some(end) = self.apart(pc + 1, pos) {
                        pos = end;
                        pc = next as usize;
                        continue;
                    }
                }
                Instruction::Assert {
                    back,
                    next,
                    negative,
                } => {
                    if self.asserts(pc + 1, pos.checked_sub(back as usize), negative) {
                        pc = next as usize;
                        continue;
                    }
                }
                Instruction::Group { number, fold } => {
                    if let Some(length) = self.repeats_group(number, fold, pos) {
                        pos += length;
                        pc += 1;
                        continue;
                    }
                }
                Instruction::IfGroup { number, otherwise } => {
                    pc = if self.has_group(number) {
                        pc + 1
                    } else {
                        otherwise as usize
                    };
                    continue;
                }
            }
            self.step();
            (pc, pos) = self.fail(base)?;
        }
    }

    /// Goes back to the last choice above `base`: where to go on. `None` when there is none.
    fn fail(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.stack.len() > base {
            match self.stack.pop()? {
                Frame::Go { pc, pos } => return Some((pc as usize, pos)),
                Frame::Branch { next, end, pos } => {
                    if let Some(start) = self.alternative(next, end, pos) {
                        return Some((start, pos));
                    }
                }
                Frame::Fewer {
                    number,
                    pc,
                    least,
                    pos,
                } => {
                    if let Some(pos) = self.longest(number, pc, least, pos) {
                        return Some((pc as usize, pos));
                    }
                }
                Frame::More {
                    number,
                    pc,
                    count,
                    pos,
                } => {
                    if let Some(pos) = self.one_more(number, pc, count, pos) {
                        return Some((pc as usize, pos));
                    }
                }
                Frame::Again { number, pos } => {
                    let known = &self.program.loops[number as usize];
                    let registers = self.loops[number as usize];
                    let count = registers.count.wrapping_add(1);
                    if (count < known.most || known.most == MAX_REPEAT) && pos != registers.last {
                        self.set_registers(number, Registers { count, last: pos });
                        return Some((known.body as usize, pos));
                    }
                }
                undo => self.undo(undo),
            }
        }
        None
    }

    fn undo(&mut self, frame: Frame) {
        match frame {
            Frame::Mark {
                number,
                old,
                last_closed,
            } => {
                self.marks[number as usize] = old;
                self.last_closed = last_closed;
            }
            Frame::Registers { number, old } => self.loops[number as usize] = old,
            _ => {}
        }
    }

    fn mark(&mut self, number: u32, pos: usize) {
        self.is_marked = true;
        let old = std::mem::replace(&mut self.marks[number as usize], pos);
        self.stack.push(Frame::Mark {
            number,
            old,
            last_closed: self.last_closed,
        });
        if number & 1 == 1 {
            self.last_closed = number / 2 + 1;
        }
    }

    fn set_registers(&mut self, number: u32, registers: Registers) {
        let old = std::mem::replace(&mut self.loops[number as usize], registers);
        self.stack.push(Frame::Registers { number, old });
    }

    /// The first of the alternatives that may match; those behind it become a choice.
    #[inline]
    fn alternative(&mut self, first: u32, end: u32, pos: usize) -> Option<usize> {
        let program = self.program;
        let may_match = |number: &u32| match program.alternatives[*number as usize].first {
            Some(one) => self.one_at(one, pos),
            None => true,
        };
        let chosen = (first..end).find(may_match)?;
        let next = (chosen + 1..end).find(may_match);
        let start = program.alternatives[chosen as usize].start as usize;
        if let Some(next) = next {
            self.stack.push(Frame::Branch { next, end, pos });
        }
        Some(start)
    }

    /// Matches a repetition of one character: where to go on behind it.
    #[inline]
    fn repeat(&mut self, number: u32, pc: usize, pos: usize) -> Option<usize> {
        let repeat = &self.program.repeats[number as usize];
        let next = pc as u32 + 1;
        match repeat.greed {
            Greed::Greedy => {
                let count = self.count(repeat.one, pos, repeat.most);
                if count < repeat.least {
                    return None;
                }
                self.longest(number, next, pos + repeat.least, pos + count)
            }
            Greed::Possessive => {
                let count = self.count(repeat.one, pos, repeat.most);
                (count >= repeat.least).then_some(pos + count)
            }
            Greed::Lazy => {
                let count = if repeat.least == 0 {
                    0
                } else {
                    self.count(repeat.one, pos, repeat.least)
                };
                if count < repeat.least {
                    return None;
                }
                let pos = pos + count;
                if repeat
                    .next
                    .is_some_and(|character| !self.is_at(pos, character))
                {
                    return self.one_more(number, next, count, pos);
                }
                self.stack.push(Frame::More {
                    number,
                    pc: next,
                    count,
                    pos,
                });
                Some(pos)
            }
        }
    }

    /// The place farthest behind, from `most` down to `least`, where what comes next may match.
    #[inline]
    fn longest(&mut self, number: u32, pc: u32, least: usize, most: usize) -> Option<usize> {
        let pos = match self.program.repeats[number as usize].next {
            None => most,
            Some(character) => {
                let end = (most + 1).min(self.text.len());
                least + U::find_last(self.text.get(least..end)?, character)?
            }
        };
        if pos > least {
            self.stack.push(Frame::Fewer {
                number,
                pc,
                least,
                pos: pos - 1,
            });
        }
        Some(pos)
    }

    /// Takes more characters into a lazy repetition, until what comes next may match.
    fn one_more(&mut self, number: u32, pc: u32, count: usize, pos: usize) -> Option<usize> {
        let repeat = &self.program.repeats[number as usize];
        let (mut count, mut pos) = (count, pos);
        loop {
            if count >= repeat.most || !self.one_at(repeat.one, pos) {
                return None;
            }
            count += 1;
            pos += 1;
            if repeat
                .next
                .is_none_or(|character| self.is_at(pos, character))
            {
                self.stack.push(Frame::More {
                    number,
                    pc,
                    count,
                    pos,
                });
                return Some(pos);
            }
        }
    }

    /// Decides at the end of an iteration whether to begin another: where to go on.
    fn until(&mut self, number: u32, pos: usize) -> usize {
        let known = &self.program.loops[number as usize];
        let registers = self.loops[number as usize];
        let count = registers.count.wrapping_add(1);
        if count < known.least {
            self.set_registers(
                number,
                Registers {
                    count,
                    last: registers.last,
                },
            );
            return known.body as usize;
        }
        if known.lazy {
            self.stack.push(Frame::Again { number, pos });
            return known.tail as usize;
        }
        // An iteration that begins where the last one began would go on so for ever.
        if (count < known.most || known.most == MAX_REPEAT) && pos != registers.last {
            self.stack.push(Frame::Go {
                pc: known.tail,
                pos,
            });
            self.set_registers(number, Registers { count, last: pos });
            return known.body as usize;
        }
        known.tail as usize
    }

    /// Matches what is at `pc` for itself, up to its end: no choices are left.
    fn apart(&mut self, pc: usize, pos: usize) -> Option<usize> {
        let base = self.stack.len();
        let end = self.run(pc, pos, false)?;
        let mut at = base;
        for place in base..self.stack.len() {
            if matches!(
                self.stack[place],
                Frame::Mark { .. } | Frame::Registers { .. }
            ) {
                self.stack.swap(at, place);
                at += 1;
            }
        }
        self.stack.truncate(at);
        Some(end)
    }

    fn possessive_loop(&mut self, number: u32, pos: usize) -> Option<usize> {
        let known = &self.program.loops[number as usize];
        let mut pos = pos;
        for _ in 0..known.least {
            pos = self.apart(known.body as usize, pos)?;
        }
        let mut count = known.least;
        while count < known.most || known.most == MAX_REPEAT {
            let Some(end) = self.apart(known.body as usize, pos) else {
                break;
            };
            if end == pos {
                break;
            }
            pos = end;
            count = count.saturating_add(1);
        }
        Some(pos)
    }

    /// Whether the assertion at `pc` holds at `pos`, which may be before the text.
    fn asserts(&mut self, pc: usize, pos: Option<usize>, negative: bool) -> bool {
        let Some(pos) = pos else { return negative };
        if !negative {
            return self.apart(pc, pos).is_some();
        }
        let base = self.stack.len();
        if self.run(pc, pos, false).is_none() {
            return true;
        }
        while self.stack.len() > base {
            if let Some(frame) = self.stack.pop() {
                self.undo(frame);
            }
        }
        false
    }

    fn has_group(&self, number: u32) -> bool {
        self.group(number as usize)
            .is_some_and(|(start, end)| start <= end)
    }

    /// Whether what a group has matched is at `pos` once more: how long it is.
    fn repeats_group(&self, number: u32, fold: super::charset::Fold, pos: usize) -> Option<usize> {
        let (start, end) = self
            .group(number as usize)
            .filter(|(start, end)| start <= end)?;
        let group = &self.text[start..end];
        let here = self.text.get(pos..pos + group.len())?;
        let same = group.iter().zip(here).all(|(&one, &other)| {
            one == other || fold.apply(one.into()) == fold.apply(other.into())
        });
        same.then_some(group.len())
    }
}

#[cfg(test)]
mod tests;
