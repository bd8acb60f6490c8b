//! `from __future__ import barry_as_FLUFL` (PEP 401): `<>` compares, and `!=` is an error.
//!
//! The parser knows only `!=`. It gets a source with that in the place of each `<>`, which is as long, so
//! that all positions stay.

use std::borrow::Cow;

use ruff_python_ast::Mod;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use crate::code::CodeFlags;
use crate::error::{Compiled, Failure};
use crate::future::Future;
use crate::options::CompileOptions;

/// What is to be parsed of `source`.
pub(crate) fn replaced<'s>(source: &'s str, options: &CompileOptions) -> Compiled<Cow<'s, str>> {
    let given = options.flags.contains(CodeFlags::FUTURE_BARRY_AS_BDFL);
    if !given && !source.contains("barry_as_FLUFL") {
        return Ok(Cow::Borrowed(source));
    }
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let imported = match parsed.syntax() {
        Mod::Module(module) => Future::parse(&module.body)
            .is_ok_and(|future| future.flags.contains(CodeFlags::FUTURE_BARRY_AS_BDFL)),
        Mod::Expression(_) => false,
    };
    if !given && !imported {
        return Ok(Cow::Borrowed(source));
    }
    let mut text = source.to_owned();
    let mut before: Option<(TokenKind, TextRange)> = None;
    for token in parsed.tokens() {
        let (kind, range) = (token.kind(), token.range());
        if kind == TokenKind::NotEqual {
            return Err(Failure::syntax(
                "with Barry as BDFL, use '<>' instead of '!='",
                range,
            ));
        }
        if let Some((TokenKind::Less, less)) = before
            && kind == TokenKind::Greater
            && less.end() == range.start()
        {
            text.replace_range(less.start().to_usize()..range.end().to_usize(), "!=");
        }
        before = Some((kind, range));
    }
    Ok(Cow::Owned(text))
}
