//! Strings: literals, f-strings, t-strings.

use ruff_python_ast::{
    ConversionFlag, Expr, ExprBinOp, ExprFString, ExprStringLiteral, ExprTString, FStringPart,
    InterpolatedElement, InterpolatedStringElement,
};
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::unit::At;
use super::{Generator, STACK_USE_GUIDELINE};
use crate::constant::{Constant, StrConstant};
use crate::error::Compiled;
use crate::literal;
use crate::opcode::Opcode;

/// A piece of an f-string.
enum Piece<'a> {
    Text(StrConstant, TextRange),
    Value(&'a InterpolatedElement),
}

fn append<'a>(pieces: &mut Vec<Piece<'a>>, text: StrConstant, range: TextRange) {
    if text.is_empty() {
        return;
    }
    if let Some(Piece::Text(before, before_range)) = pieces.last_mut() {
        *before = literal::concatenate(std::mem::replace(before, "".into()), text);
        *before_range = before_range.cover(range);
    } else {
        pieces.push(Piece::Text(text, range));
    }
}

impl<'a> Generator<'a, '_> {
    /// The value of a string literal, implicit concatenation included.
    pub fn string(&self, node: &ExprStringLiteral) -> StrConstant {
        literal::whole_string(self.source, node)
    }

    /// A docstring: common indentation removed.
    pub fn docstring(&self, node: &ExprStringLiteral) -> Constant {
        Constant::Str(match self.string(node) {
            StrConstant::Utf8(text) => StrConstant::from(literal::clean_docstring(&text)),
            other => other,
        })
    }

    fn collect_elements(
        &self,
        elements: &'a [InterpolatedStringElement],
        raw: bool,
        pieces: &mut Vec<Piece<'a>>,
    ) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(text) => {
                    let value = literal::interpolated_text(self.source, text, raw);
                    append(pieces, value, text.range);
                }
                InterpolatedStringElement::Interpolation(value) => {
                    if let Some(debug) = &value.debug_text {
                        let text = literal::debug_source(debug.as_str());
                        let start = value.range.start() + TextSize::new(1);
                        let range = TextRange::at(start, debug.as_str().text_len());
                        append(pieces, StrConstant::from(text), range);
                    }
                    pieces.push(Piece::Value(value));
                }
            }
        }
    }

    pub fn f_string(&mut self, node: &'a ExprFString) -> Compiled<()> {
        let mut pieces = Vec::new();
        for part in &node.value {
            match part {
                FStringPart::Literal(text) => {
                    append(&mut pieces, literal::string(self.source, text), text.range);
                }
                FStringPart::FString(string) => self.collect_elements(
                    &string.elements,
                    string.flags.prefix().is_raw(),
                    &mut pieces,
                ),
            }
        }
        self.joined(pieces, node.range)
    }

    fn joined(&mut self, pieces: Vec<Piece<'a>>, range: TextRange) -> Compiled<()> {
        let at = self.at(range);
        let count = pieces.len();
        if count > STACK_USE_GUIDELINE {
            self.load_constant(Constant::from(""), at);
            let join = self.unit().name_index("join");
            self.emit_with(Opcode::LOAD_ATTR, join << 1 | 1, at);
            self.emit_with(Opcode::BUILD_LIST, 0, at);
            for piece in pieces {
                self.piece(piece)?;
                self.emit_with(Opcode::LIST_APPEND, 1, at);
            }
            self.emit_with(Opcode::CALL, 1, at);
            return Ok(());
        }
        if count == 0 {
            self.load_constant(Constant::from(""), at);
        }
        for piece in pieces {
            self.piece(piece)?;
        }
        if count > 1 {
            self.emit_with(Opcode::BUILD_STRING, count as u32, at);
        }
        Ok(())
    }

    fn piece(&mut self, piece: Piece<'a>) -> Compiled<()> {
        match piece {
            Piece::Text(text, range) => {
                let at = self.at(range);
                self.load_constant(Constant::Str(text), at);
                Ok(())
            }
            Piece::Value(node) => {
                let at = self.at(node.range);
                self.expression(&node.expression)?;
                let conversion = conversion_of(node);
                if conversion != 0 {
                    self.emit_with(Opcode::CONVERT_VALUE, conversion, at);
                }
                if self.format_specification(node)? {
                    self.emit(Opcode::FORMAT_WITH_SPEC, at);
                } else {
                    self.emit(Opcode::FORMAT_SIMPLE, at);
                }
                Ok(())
            }
        }
    }

    fn format_specification(&mut self, node: &'a InterpolatedElement) -> Compiled<bool> {
        let Some(specification) = &node.format_spec else {
            return Ok(false);
        };
        let mut pieces = Vec::new();
        // Escapes in a specification are those of the string around it; the tree has them decoded.
        self.collect_elements(&specification.elements, false, &mut pieces);
        let mut range = specification.range;
        if !self.source.is_empty() {
            // With the colon.
            range = TextRange::new(range.start() - TextSize::new(1), range.end());
        }
        self.joined(pieces, range)?;
        Ok(true)
    }

    pub fn t_string(&mut self, node: &'a ExprTString) -> Compiled<()> {
        let at = self.at(node.range);
        let mut pieces = Vec::new();
        for string in &node.value {
            let raw = string.flags.prefix().is_raw();
            self.collect_elements(&string.elements, raw, &mut pieces);
        }
        // One more string than there are values: what is around and between them.
        let mut strings = Vec::new();
        let mut values = Vec::new();
        let mut after_value = true;
        for piece in pieces {
            match piece {
                Piece::Text(text, _) => {
                    strings.push(Constant::Str(text));
                    after_value = false;
                }
                Piece::Value(value) => {
                    if after_value {
                        strings.push(Constant::from(""));
                    }
                    values.push(value);
                    after_value = true;
                }
            }
        }
        if after_value {
            strings.push(Constant::from(""));
        }
        self.load_constant(Constant::Tuple(strings.into()), at);
        let big = values.len() > STACK_USE_GUIDELINE;
        if big {
            self.emit_with(Opcode::BUILD_LIST, 0, at);
        }
        let count = values.len();
        for value in values {
            self.interpolation(value)?;
            if big {
                self.emit_with(Opcode::LIST_APPEND, 1, at);
            }
        }
        if big {
            let convert = crate::opcode::Intrinsic1::ListToTuple as u32;
            self.emit_with(Opcode::CALL_INTRINSIC_1, convert, at);
        } else {
            self.emit_build_tuple(count, at);
        }
        self.emit(Opcode::BUILD_TEMPLATE, at);
        Ok(())
    }

    fn interpolation(&mut self, node: &'a InterpolatedElement) -> Compiled<()> {
        let at = self.at(node.range);
        self.expression(&node.expression)?;
        let text = self.kept_constant(&node.node_index).unwrap_or_else(|| {
            Constant::from(literal::interpolation_source(self.source, node).as_str())
        });
        self.load_constant(text, at);
        let mut argument = 2 | conversion_of(node) << 2;
        if self.format_specification(node)? {
            argument |= 1;
        }
        self.emit_with(Opcode::BUILD_INTERPOLATION, argument, at);
        Ok(())
    }

    /// `"…%s…" % (a, b)` becomes an f-string when the format is simple enough.
    pub fn percent_format(&mut self, node: &'a ExprBinOp, at: At) -> Option<Compiled<()>> {
        let (Expr::StringLiteral(format), Expr::Tuple(values)) = (&*node.left, &*node.right) else {
            return None;
        };
        if values.elts.iter().any(Expr::is_starred_expr) {
            return None;
        }
        let StrConstant::Utf8(format) = self.string(format) else {
            return None;
        };
        let parts = literal::parse_percent_format(&format, values.elts.len())?;
        Some(self.emit_percent_format(parts, &values.elts, at))
    }

    fn emit_percent_format(
        &mut self,
        parts: Vec<literal::FormatPart>,
        values: &'a [Expr],
        at: At,
    ) -> Compiled<()> {
        let count = parts.len();
        let mut values = values.iter();
        if count == 0 {
            self.load_constant(Constant::from(""), at);
        }
        for part in parts {
            match part {
                literal::FormatPart::Text(text) => {
                    self.load_constant(Constant::from(text.as_str()), at);
                }
                literal::FormatPart::Value {
                    conversion,
                    specification,
                } => {
                    let value = values.next().expect("invariant: values were counted");
                    self.expression(value)?;
                    let at = self.at(value.range());
                    self.emit_with(Opcode::CONVERT_VALUE, conversion, at);
                    if specification.is_empty() {
                        self.emit(Opcode::FORMAT_SIMPLE, at);
                    } else {
                        self.load_constant(Constant::from(specification.as_str()), at);
                        self.emit(Opcode::FORMAT_WITH_SPEC, at);
                    }
                }
            }
        }
        if count > 1 {
            self.emit_with(Opcode::BUILD_STRING, count as u32, at);
        }
        Ok(())
    }
}

/// The argument of CONVERT_VALUE; `=` alone means `!r`.
fn conversion_of(node: &InterpolatedElement) -> u32 {
    match node.conversion {
        ConversionFlag::Str => 1,
        ConversionFlag::Repr => 2,
        ConversionFlag::Ascii => 3,
        ConversionFlag::None => {
            if node.debug_text.is_some() && node.format_spec.is_none() {
                2
            } else {
                0
            }
        }
    }
}
