//! Code as Python shows it: CPython's wordcode, location table and exception table.
//!
//! The compiler's units are 32 bits, an opcode and its argument, and are what runs. What `co_code` gives,
//! and what all offsets that Python sees count in, is the same program in CPython's encoding: two bytes an
//! instruction, `EXTENDED_ARG` before it when its argument is larger than a byte, and behind it as many
//! blank caches as CPython's interpreter has there. `dis` reads it as it is.

use crate::code::Code;
use crate::location::{Location, LocationTable, LocationTableBuilder};
use crate::opcode::Opcode;

/// CPython's `EXTENDED_ARG`.
const EXTENDED_ARG: u8 = 69;

/// CPython's `NOT_TAKEN`, behind every conditional jump: where monitoring sees that it was not taken.
const NOT_TAKEN: u8 = 28;

/// The encoded form of one code object.
#[derive(Debug)]
pub struct Wordcode {
    /// `co_code`.
    pub bytes: Box<[u8]>,
    /// `co_linetable`.
    pub line_table: Box<[u8]>,
    /// `co_exceptiontable`.
    pub exception_table: Box<[u8]>,
    /// For each unit of the compiler's the byte offset of its instruction, prefixes first; at the end that
    /// of the end.
    starts: Box<[u32]>,
    /// The offset of the opcode itself.
    offsets: Box<[u32]>,
}

/// How many caches CPython has behind an instruction.
fn cache_count(opcode: Opcode) -> usize {
    match opcode {
        Opcode::LOAD_GLOBAL | Opcode::STORE_ATTR => 4,
        Opcode::BINARY_OP => 5,
        Opcode::LOAD_ATTR => 9,
        Opcode::CALL | Opcode::CALL_KW | Opcode::TO_BOOL => 3,
        Opcode::UNPACK_SEQUENCE
        | Opcode::COMPARE_OP
        | Opcode::CONTAINS_OP
        | Opcode::FOR_ITER
        | Opcode::LOAD_SUPER_ATTR
        | Opcode::STORE_SUBSCR
        | Opcode::SEND
        | Opcode::JUMP_BACKWARD
        | Opcode::POP_JUMP_IF_TRUE
        | Opcode::POP_JUMP_IF_FALSE
        | Opcode::POP_JUMP_IF_NONE
        | Opcode::POP_JUMP_IF_NOT_NONE => 1,
        _ => 0,
    }
}

/// One instruction of the wordcode.
struct Word {
    /// The unit that it stands for.
    unit: usize,
    opcode: Opcode,
    argument: u32,
    /// The unit that it jumps to.
    target: Option<usize>,
    /// It has this many prefixes at least.
    least_prefixes: usize,
}

impl Word {
    fn prefixes(&self) -> usize {
        let needed = match self.argument {
            0..=0xff => 0,
            0x100..=0xffff => 1,
            0x1_0000..=0xff_ffff => 2,
            _ => 3,
        };
        needed.max(self.least_prefixes)
    }

    /// In words, prefixes and caches included: distances count from behind them.
    fn length_to_cache(&self) -> usize {
        self.prefixes() + 1 + cache_count(self.opcode)
    }

    fn is_conditional(&self) -> bool {
        matches!(
            self.opcode,
            Opcode::POP_JUMP_IF_TRUE
                | Opcode::POP_JUMP_IF_FALSE
                | Opcode::POP_JUMP_IF_NONE
                | Opcode::POP_JUMP_IF_NOT_NONE
        )
    }

    /// In words, all included.
    fn length(&self) -> usize {
        self.length_to_cache() + usize::from(self.is_conditional())
    }
}

/// The unit that a jump goes to, the argument counted from behind the instruction and its cache.
pub fn jump_target(unit: usize, opcode: Opcode, argument: u32) -> Option<usize> {
    if !opcode.has_jump() {
        return None;
    }
    let next = unit + 1 + usize::from(opcode.has_cache());
    match opcode {
        Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT | Opcode::END_ASYNC_FOR => {
            next.checked_sub(argument as usize)
        }
        _ => Some(next + argument as usize),
    }
}

fn words(code: &Code) -> Vec<Word> {
    let mut words = Vec::with_capacity(code.instructions.len());
    for (unit, opcode, argument) in code.decode() {
        let unit = unit as usize;
        let mut push = |opcode, argument| {
            words.push(Word {
                unit,
                opcode,
                argument,
                target: jump_target(unit, opcode, argument),
                least_prefixes: 0,
            });
        };
        let parts = match opcode {
            Opcode::LOAD_FAST_LOAD_FAST => Some((Opcode::LOAD_FAST, Opcode::LOAD_FAST)),
            Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                Some((Opcode::LOAD_FAST_BORROW, Opcode::LOAD_FAST_BORROW))
            }
            Opcode::STORE_FAST_LOAD_FAST => Some((Opcode::STORE_FAST, Opcode::LOAD_FAST)),
            Opcode::STORE_FAST_STORE_FAST => Some((Opcode::STORE_FAST, Opcode::STORE_FAST)),
            _ => None,
        };
        match parts {
            None => push(opcode, argument),
            Some((first, second)) => match Opcode::unpack_pair(argument) {
                (left @ 0..=15, right @ 0..=15) => push(opcode, (left << 4 | right) as u32),
                // CPython's pairs have four bits for each.
                (left, right) => {
                    push(first, left as u32);
                    push(second, right as u32);
                }
            },
        }
    }
    words
}

impl Wordcode {
    /// Encodes a code object.
    pub fn of(code: &Code) -> Wordcode {
        let mut words = words(code);
        for word in &mut words {
            if word.target.is_some() {
                word.argument = 0;
            }
        }
        let unit_count = code.instructions.len();
        let mut starts = vec![0u32; unit_count + 1];
        // Arguments of jumps depend on lengths and these on arguments, which only grow.
        loop {
            place(&words, &mut starts);
            let mut grown = false;
            let mut position = 0;
            for word in &mut words {
                let from = position + word.length_to_cache();
                position += word.length();
                let Some(target) = word.target else { continue };
                let to = starts[target.min(unit_count)] as usize / 2;
                let distance = to.abs_diff(from) as u32;
                if distance != word.argument {
                    // Lengths never shrink again, so the loop ends.
                    word.argument = distance;
                    word.least_prefixes = word.prefixes();
                    grown = true;
                }
            }
            if !grown {
                break;
            }
        }
        let mut bytes = Vec::new();
        let mut offsets = vec![0u32; unit_count + 1];
        for word in &words {
            for prefix in (1..=word.prefixes()).rev() {
                bytes.extend([EXTENDED_ARG, (word.argument >> (8 * prefix)) as u8]);
            }
            if offsets[word.unit] == 0 {
                offsets[word.unit] = bytes.len() as u32;
            }
            bytes.extend([word.opcode as u8, word.argument as u8]);
            bytes.resize(bytes.len() + 2 * cache_count(word.opcode), 0);
            if word.is_conditional() {
                bytes.extend([NOT_TAKEN, 0]);
            }
        }
        // A unit of the compiler's cache belongs to the instruction before it.
        for unit in 1..unit_count {
            if offsets[unit] == 0 {
                offsets[unit] = offsets[unit - 1];
                starts[unit] = starts[unit - 1];
            }
        }
        starts[unit_count] = bytes.len() as u32;
        offsets[unit_count] = bytes.len() as u32;
        Wordcode {
            line_table: line_table(code, &words),
            exception_table: exception_table(code, &starts),
            bytes: bytes.into(),
            starts: starts.into(),
            offsets: offsets.into(),
        }
    }

    /// The byte offset of the opcode of the instruction that a unit belongs to.
    pub fn offset_of(&self, unit: usize) -> usize {
        self.offsets[unit.min(self.offsets.len() - 1)] as usize
    }

    /// The locations of a code object with another table in the form of `co_linetable`. What it does not
    /// cover, and what is no table, has no location.
    pub fn locations_from(&self, code: &Code, table: &[u8]) -> LocationTable {
        let mut words = Vec::new();
        let mut reader = TableReader {
            bytes: table,
            line: code.first_line,
        };
        while let Some((length, location)) = reader.entry() {
            words.extend(std::iter::repeat_n(location, length));
        }
        let mut builder = LocationTableBuilder::new(code.first_line);
        for unit in 0..code.instructions.len() {
            let word = self.start_of(unit) / 2;
            builder.push(1, words.get(word).copied().flatten());
        }
        builder.finish()
    }

    /// The unit of the instruction that a byte offset belongs to.
    pub fn unit_at(&self, offset: usize) -> usize {
        let after = self
            .starts
            .partition_point(|start| *start as usize <= offset);
        // Units of caches start with their instruction: the first one of equals is meant.
        let start = self.starts[after.saturating_sub(1)];
        self.starts.partition_point(|other| *other < start)
    }

    /// The byte offset at which the instruction that a unit belongs to begins.
    pub fn start_of(&self, unit: usize) -> usize {
        self.starts[unit.min(self.starts.len() - 1)] as usize
    }
}

fn place(words: &[Word], starts: &mut [u32]) {
    let mut position = 0;
    let mut before = usize::MAX;
    for word in words {
        if word.unit != before {
            starts[word.unit] = 2 * position as u32;
            before = word.unit;
        }
        position += word.length();
    }
    if let Some(last) = starts.last_mut() {
        *last = 2 * position as u32;
    }
}

/// The locations in the form of PEP 626 and PEP 657.
fn line_table(code: &Code, words: &[Word]) -> Box<[u8]> {
    let locations: Vec<Option<Location>> = code.positions().collect();
    let mut table = Vec::new();
    let mut line = code.first_line;
    let mut index = 0;
    while index < words.len() {
        let location = locations.get(words[index].unit).copied().flatten();
        let mut length = 0;
        while index < words.len() && locations.get(words[index].unit).copied().flatten() == location
        {
            length += words[index].length();
            index += 1;
        }
        while length > 0 {
            let part = length.min(8);
            location_entry(&mut table, part, location, &mut line);
            length -= part;
        }
    }
    table.into()
}

fn location_entry(table: &mut Vec<u8>, length: usize, location: Option<Location>, line: &mut u32) {
    let head = |form: u32| 0x80 | (form << 3) as u8 | (length - 1) as u8;
    let Some(location) = location else {
        table.push(head(15));
        return;
    };
    let delta = location.line.wrapping_sub(*line) as i32;
    *line = location.line;
    let Some((start, end)) = location.columns else {
        table.push(head(13));
        signed(table, delta);
        return;
    };
    let one_line = location.line == location.end_line;
    if one_line && delta == 0 && start < 80 && end >= start && end - start < 16 {
        table.push(head(start >> 3));
        table.push(((start & 7) << 4 | (end - start)) as u8);
    } else if one_line && (0..3).contains(&delta) && start < 128 && end < 128 {
        table.push(head(10 + delta as u32));
        table.extend([start as u8, end as u8]);
    } else {
        table.push(head(14));
        signed(table, delta);
        unsigned(table, location.end_line.wrapping_sub(location.line));
        unsigned(table, start + 1);
        unsigned(table, end + 1);
    }
}

/// Reads what [`location_entry`] writes.
struct TableReader<'a> {
    bytes: &'a [u8],
    line: u32,
}

impl TableReader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u32> {
        let mut value = 0u32;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u32::from(byte & 63).checked_shl(shift)?;
            if byte & 0x40 == 0 {
                return Some(value);
            }
            shift += 6;
        }
    }

    fn change_line(&mut self) -> Option<()> {
        let value = self.unsigned()?;
        let change = (value >> 1) as i32;
        let change = if value & 1 != 0 { -change } else { change };
        self.line = self.line.wrapping_add_signed(change);
        Some(())
    }

    fn entry(&mut self) -> Option<(usize, Option<Location>)> {
        let head = self.byte()?;
        let length = usize::from(head & 7) + 1;
        let form = u32::from(head >> 3 & 15);
        let (end_lines, columns) = match form {
            15 => return Some((length, None)),
            14 => {
                self.change_line()?;
                let end_lines = self.unsigned()?;
                let start = self.unsigned()?.checked_sub(1);
                let end = self.unsigned()?.checked_sub(1);
                (end_lines, start.zip(end))
            }
            13 => {
                self.change_line()?;
                (0, None)
            }
            10..=12 => {
                self.line = self.line.wrapping_add(form - 10);
                (0, Some((self.byte()?.into(), self.byte()?.into())))
            }
            _ => {
                let rest = u32::from(self.byte()?);
                let start = form << 3 | rest >> 4 & 7;
                (0, Some((start, start + (rest & 15))))
            }
        };
        let location = Location {
            line: self.line,
            end_line: self.line.wrapping_add(end_lines),
            columns,
        };
        Some((length, Some(location)))
    }
}

fn unsigned(table: &mut Vec<u8>, mut value: u32) {
    while value >= 64 {
        table.push(0x40 | (value & 63) as u8);
        value >>= 6;
    }
    table.push(value as u8);
}

fn signed(table: &mut Vec<u8>, value: i32) {
    let magnitude = value.unsigned_abs() << 1;
    unsigned(table, magnitude | u32::from(value < 0));
}

fn exception_table(code: &Code, starts: &[u32]) -> Box<[u8]> {
    let mut table = Vec::new();
    let word = |unit: u32| starts[(unit as usize).min(starts.len() - 1)] / 2;
    for handler in &code.exceptions {
        let start = word(handler.start);
        let entry = [
            start,
            word(handler.end).saturating_sub(start),
            word(handler.target),
            handler.depth << 1 | u32::from(handler.push_lasti),
        ];
        for (index, value) in entry.into_iter().enumerate() {
            let first = table.len();
            for shift in [24, 18, 12, 6] {
                if value >> shift != 0 {
                    table.push(0x40 | (value >> shift & 63) as u8);
                }
            }
            table.push((value & 63) as u8);
            if index == 0 {
                table[first] |= 0x80;
            }
        }
    }
    table.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompileOptions, compile};

    #[test]
    fn long_jumps_have_prefixes() {
        let body = "    f(x)\n".repeat(2000);
        let source = format!("while x:\n{body}y = x\n");
        let compiled = compile(&source, "<test>", &CompileOptions::default());
        let code = compiled.expect("invariant: the source is right").code;
        let wordcode = Wordcode::of(&code);
        assert_eq!(wordcode.bytes.len() % 2, 0);
        assert!(wordcode.bytes.chunks(2).any(|word| word[0] == EXTENDED_ARG));
        assert_eq!(
            wordcode.start_of(code.instructions.len()),
            wordcode.bytes.len()
        );
    }
}
