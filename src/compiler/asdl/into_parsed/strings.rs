//! f-strings and t-strings, and replacement fields that stand alone.

use ruff_python_ast::{
    AtomicNodeIndex, ConversionFlag, Expr, ExprAttribute, ExprContext, ExprFString, ExprSubscript,
    ExprTString, FString, FStringFlags, FStringValue, Identifier, InterpolatedElement,
    InterpolatedStringElement, InterpolatedStringFormatSpec, InterpolatedStringLiteralElement,
    TString, TStringFlags, TStringValue,
};
use ruff_text_size::TextRange;

use super::{Fields, Passage};
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::constant::{Constant, StrConstant};
use crate::error::Compiled;

impl Passage<'_> {
    pub(super) fn f_string(&mut self, range: TextRange, fields: &mut Fields) -> Compiled<Expr> {
        let elements = self.elements(fields.nodes())?;
        Ok(f_string(elements, range))
    }

    pub(super) fn t_string(&mut self, range: TextRange, fields: &mut Fields) -> Compiled<Expr> {
        let elements = self.elements(fields.nodes())?;
        Ok(t_string(elements, range))
    }

    /// A replacement field that is in no string: the value that it would put there.
    pub(super) fn field_alone(
        &mut self,
        class: Class,
        range: TextRange,
        fields: &mut Fields,
    ) -> Compiled<Expr> {
        let elements = vec![self.field(class, range, fields)?];
        if class == Class::FormattedValue {
            return Ok(f_string(elements, range));
        }
        // An interpolation alone is the only one of its template.
        let interpolations = Expr::Attribute(ExprAttribute {
            node_index: AtomicNodeIndex::NONE,
            range,
            value: Box::new(t_string(elements, range)),
            attr: Identifier::new("interpolations", range),
            ctx: ExprContext::Load,
        });
        let index = self.constant(Constant::Int(0), false, range);
        Ok(Expr::Subscript(ExprSubscript {
            node_index: AtomicNodeIndex::NONE,
            range,
            value: Box::new(interpolations),
            slice: Box::new(index),
            ctx: ExprContext::Load,
        }))
    }

    fn elements(&mut self, nodes: Vec<Node>) -> Compiled<Vec<InterpolatedStringElement>> {
        let mut elements = Vec::with_capacity(nodes.len());
        for node in nodes {
            elements.push(self.element(node)?);
        }
        Ok(elements)
    }

    fn element(&mut self, mut node: Node) -> Compiled<InterpolatedStringElement> {
        let range = self.range(&node);
        match node.class {
            Class::FormattedValue | Class::Interpolation => {
                let class = node.class;
                self.nested(|this| this.field(class, range, &mut Fields::of(&mut node)))
            }
            Class::Constant
                if matches!(
                    node.field("value"),
                    Part::Constant(Constant::Str(StrConstant::Utf8(_)))
                ) =>
            {
                let Part::Constant(Constant::Str(StrConstant::Utf8(value))) =
                    Fields::of(&mut node).part()
                else {
                    return self.any_element(node, range);
                };
                Ok(InterpolatedStringElement::Literal(
                    InterpolatedStringLiteralElement {
                        range,
                        node_index: AtomicNodeIndex::NONE,
                        value,
                    },
                ))
            }
            _ => self.any_element(node, range),
        }
    }

    /// Any expression is a field of its own.
    fn any_element(&mut self, node: Node, range: TextRange) -> Compiled<InterpolatedStringElement> {
        let expression = Box::new(self.expression(node)?);
        Ok(InterpolatedStringElement::Interpolation(
            InterpolatedElement {
                range,
                node_index: AtomicNodeIndex::NONE,
                expression,
                debug_text: None,
                conversion: ConversionFlag::None,
                format_spec: None,
            },
        ))
    }

    fn field(
        &mut self,
        class: Class,
        range: TextRange,
        fields: &mut Fields,
    ) -> Compiled<InterpolatedStringElement> {
        let expression = self.required(fields)?;
        let mut node_index = AtomicNodeIndex::NONE;
        if class == Class::Interpolation
            && let Part::Constant(text) = fields.part()
        {
            node_index = self.keep(text);
        }
        let conversion = match u8::try_from(fields.int()) {
            Ok(b's') => ConversionFlag::Str,
            Ok(b'r') => ConversionFlag::Repr,
            Ok(b'a') => ConversionFlag::Ascii,
            _ => ConversionFlag::None,
        };
        let format_spec = match fields.optional_node() {
            None => None,
            Some(mut node) => {
                let range = self.range(&node);
                let elements = if node.class == Class::JoinedStr {
                    let nodes = Fields::of(&mut node).nodes();
                    self.elements(nodes)?
                } else {
                    vec![self.element(node)?]
                };
                Some(Box::new(InterpolatedStringFormatSpec {
                    range,
                    node_index: AtomicNodeIndex::NONE,
                    elements: elements.into(),
                }))
            }
        };
        Ok(InterpolatedStringElement::Interpolation(
            InterpolatedElement {
                range,
                node_index,
                expression,
                debug_text: None,
                conversion,
                format_spec,
            },
        ))
    }
}

fn f_string(elements: Vec<InterpolatedStringElement>, range: TextRange) -> Expr {
    Expr::FString(ExprFString {
        node_index: AtomicNodeIndex::NONE,
        range,
        value: FStringValue::single(FString {
            range,
            node_index: AtomicNodeIndex::NONE,
            elements: elements.into(),
            flags: FStringFlags::empty(),
        }),
    })
}

fn t_string(elements: Vec<InterpolatedStringElement>, range: TextRange) -> Expr {
    Expr::TString(ExprTString {
        node_index: AtomicNodeIndex::NONE,
        range,
        value: TStringValue::single(TString {
            range,
            node_index: AtomicNodeIndex::NONE,
            elements: elements.into(),
            flags: TStringFlags::empty(),
        }),
    })
}
