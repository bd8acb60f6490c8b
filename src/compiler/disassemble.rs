//! Code as text, for golden tests and for people.
//!
//! ```text
//!   3      4  LOAD_GLOBAL              1 (print + NULL)
//! line  unit  opcode            argument (meaning)
//! ```

use std::fmt::Write;

use crate::code::Code;
use crate::constant::Constant;
use crate::opcode::{
    BinaryOperation, CommonConstant, Comparison, FunctionAttribute, Intrinsic1, Intrinsic2, Opcode,
    SpecialMethod,
};
use crate::python_repr::repr;

/// The listing of a code object and, after it, of those among its constants.
pub fn disassemble(code: &Code) -> String {
    let mut listing = String::new();
    write_code(code, &mut listing).expect("invariant: writing to a string does not fail");
    listing
}

fn write_code(code: &Code, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{}:", code.qualname)?;
    let mut targets: Vec<u32> = code.exceptions.iter().map(|entry| entry.target).collect();
    for (unit, opcode, argument) in code.decode() {
        targets.extend(jump_target(unit, opcode, argument));
    }
    targets.sort_unstable();
    let mut last_line = None;
    let mut positions = code.positions();
    let mut next_unit = 0;
    for (unit, opcode, argument) in code.decode() {
        let position = positions.nth((unit - next_unit) as usize).flatten();
        next_unit = unit + 1;
        let line = position.map(|location| location.line);
        let shown = match line {
            Some(line) if last_line != Some(Some(line)) => line.to_string(),
            None if last_line != Some(None) => "--".to_owned(),
            _ => String::new(),
        };
        last_line = Some(line);
        let mark = if targets.binary_search(&unit).is_ok() {
            ">"
        } else {
            " "
        };
        write!(out, "{shown:>4} {mark}{unit:>4} ")?;
        if opcode.has_arg() {
            write!(out, "{:<25}{argument:>5}", opcode.name())?;
            let meaning = meaning(code, unit, opcode, argument);
            if !meaning.is_empty() {
                write!(out, " ({meaning})")?;
            }
        } else {
            write!(out, "{}", opcode.name())?;
        }
        out.push('\n');
    }
    for entry in &code.exceptions {
        writeln!(
            out,
            "  {}..{} -> {} depth {}{}",
            entry.start,
            entry.end,
            entry.target,
            entry.depth,
            if entry.push_lasti { " lasti" } else { "" }
        )?;
    }
    for constant in &code.constants {
        if let Constant::Code(inner) = constant {
            out.push('\n');
            write_code(inner, out)?;
        }
    }
    Ok(())
}

fn jump_target(unit: u32, opcode: Opcode, argument: u32) -> Option<u32> {
    if !opcode.has_jump() {
        return None;
    }
    let end = unit + 1 + u32::from(opcode.has_cache());
    Some(if opcode.is_backward_jump() {
        end - argument
    } else {
        end + argument
    })
}

fn meaning(code: &Code, unit: u32, opcode: Opcode, argument: u32) -> String {
    let local = |index: usize| match code.locals.get(index) {
        Some(local) => local.name.to_string(),
        None => "?".to_owned(),
    };
    let text = |text: Option<&'static str>| text.unwrap_or("?").to_owned();
    match opcode {
        Opcode::LOAD_CONST => match code.constants.get(argument as usize) {
            Some(constant) => repr(constant),
            None => "?".to_owned(),
        },
        Opcode::BINARY_OP => text(BinaryOperation::from_u32(argument).map(BinaryOperation::text)),
        Opcode::COMPARE_OP => {
            let mut shown = text(Comparison::from_u32(argument >> 5).map(Comparison::text));
            if argument & crate::opcode::COMPARE_TO_BOOL != 0 {
                shown = format!("bool({shown})");
            }
            shown
        }
        Opcode::CALL_INTRINSIC_1 => text(Intrinsic1::from_u32(argument).map(Intrinsic1::text)),
        Opcode::CALL_INTRINSIC_2 => text(Intrinsic2::from_u32(argument).map(Intrinsic2::text)),
        Opcode::LOAD_COMMON_CONSTANT => {
            text(CommonConstant::from_u32(argument).map(CommonConstant::text))
        }
        Opcode::LOAD_SPECIAL => text(SpecialMethod::from_u32(argument).map(SpecialMethod::text)),
        Opcode::SET_FUNCTION_ATTRIBUTE => {
            text(FunctionAttribute::from_u32(argument).map(FunctionAttribute::text))
        }
        Opcode::IS_OP if argument == 1 => "is not".to_owned(),
        Opcode::IS_OP => "is".to_owned(),
        Opcode::CONTAINS_OP if argument == 1 => "not in".to_owned(),
        Opcode::CONTAINS_OP => "in".to_owned(),
        _ if opcode.has_local_pair() => {
            let (first, second) = Opcode::unpack_pair(argument);
            format!("{}, {}", local(first), local(second))
        }
        _ if opcode.has_local() || opcode.has_free() => local(argument as usize),
        _ if opcode.has_name() => {
            let name = match code.names.get(opcode.name_index(argument)) {
                Some(name) => name.to_string(),
                None => "?".to_owned(),
            };
            match opcode {
                Opcode::LOAD_GLOBAL if argument & 1 != 0 => format!("{name} + NULL"),
                Opcode::LOAD_ATTR | Opcode::LOAD_SUPER_ATTR if argument & 1 != 0 => {
                    format!("{name} + self")
                }
                _ => name,
            }
        }
        _ => match jump_target(unit, opcode, argument) {
            Some(target) => format!("to {target}"),
            None => String::new(),
        },
    }
}
