//! f-strings and t-strings. Adjacent pieces of text become one constant.

use ruff_python_ast::{
    ConversionFlag, ExprFString, ExprTString, FStringPart, InterpolatedElement,
    InterpolatedStringElement,
};
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::Passage;
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::constant::StrConstant;
use crate::error::Compiled;
use crate::literal;

/// The pieces of a string so far, and the text that has not become a constant yet.
struct Pieces {
    /// `FormattedValue` or `Interpolation`.
    field: Class,
    nodes: Vec<Part>,
    text: Option<(StrConstant, TextRange)>,
}

impl Pieces {
    fn new(field: Class) -> Pieces {
        Pieces {
            field,
            nodes: Vec::new(),
            text: None,
        }
    }

    fn text(&mut self, text: StrConstant, range: TextRange) {
        if text.is_empty() {
            return;
        }
        self.text = Some(match self.text.take() {
            Some((before, before_range)) => (
                literal::concatenate(before, text),
                before_range.cover(range),
            ),
            None => (text, range),
        });
    }

    fn end_text(&mut self, passage: &mut Passage<'_>) {
        if let Some((text, range)) = self.text.take() {
            let node = passage.node(Class::Constant, range, vec![text.into(), Part::Absent]);
            self.nodes.push(node.into());
        }
    }

    fn finish(mut self, passage: &mut Passage<'_>) -> Part {
        self.end_text(passage);
        Part::List(self.nodes)
    }
}

impl Passage<'_> {
    pub(super) fn f_string(&mut self, node: &ExprFString) -> Compiled<Node> {
        let mut pieces = Pieces::new(Class::FormattedValue);
        for part in &node.value {
            match part {
                FStringPart::Literal(text) => {
                    pieces.text(literal::string(self.source, text), text.range);
                }
                FStringPart::FString(string) => {
                    let raw = string.flags.prefix().is_raw();
                    self.elements(&string.elements, raw, &mut pieces)?;
                }
            }
        }
        let values = pieces.finish(self);
        Ok(self.node(Class::JoinedStr, node.range, vec![values]))
    }

    pub(super) fn t_string(&mut self, node: &ExprTString) -> Compiled<Node> {
        let mut pieces = Pieces::new(Class::Interpolation);
        for string in &node.value {
            let raw = string.flags.prefix().is_raw();
            self.elements(&string.elements, raw, &mut pieces)?;
        }
        let values = pieces.finish(self);
        Ok(self.node(Class::TemplateStr, node.range, vec![values]))
    }

    fn elements(
        &mut self,
        elements: &[InterpolatedStringElement],
        raw: bool,
        pieces: &mut Pieces,
    ) -> Compiled<()> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(text) => {
                    pieces.text(
                        literal::interpolated_text(self.source, text, raw),
                        text.range,
                    );
                }
                InterpolatedStringElement::Interpolation(field) => self.field(field, pieces)?,
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &InterpolatedElement, pieces: &mut Pieces) -> Compiled<()> {
        if let Some(debug) = &field.debug_text {
            let start = field.range.start() + TextSize::new(1);
            let range = TextRange::at(start, debug.as_str().text_len());
            let text = literal::debug_source(debug.as_str());
            pieces.text(StrConstant::from(text), range);
        }
        pieces.end_text(self);
        let conversion = match field.conversion {
            ConversionFlag::None if field.debug_text.is_some() && field.format_spec.is_none() => {
                ConversionFlag::Repr as i64
            }
            given => given as i64,
        };
        let mut fields = vec![self.part(&field.expression)?];
        if pieces.field == Class::Interpolation {
            let text = literal::interpolation_source(self.source, field);
            fields.push(StrConstant::from(text).into());
        }
        fields.push(Part::Int(conversion));
        fields.push(match &field.format_spec {
            None => Part::Absent,
            Some(specification) => {
                // Of t-strings too: specifications are formatted at once.
                let mut inner = Pieces::new(Class::FormattedValue);
                self.elements(&specification.elements, false, &mut inner)?;
                let values = inner.finish(self);
                // With the colon.
                let start = specification.range.start() - TextSize::new(1);
                let range = TextRange::new(start, specification.range.end());
                self.node(Class::JoinedStr, range, vec![values]).into()
            }
        });
        let node = self.node(pieces.field, field.range(), fields);
        pieces.nodes.push(node.into());
        Ok(())
    }
}
