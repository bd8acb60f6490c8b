//! What to point at inside an expression: the operator, the brackets.
//!
//! Places are (line, character), both from 0, in the text that was given.

use ruff_python_ast::{Expr, Mod, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};

type Place = (usize, usize);

/// The part of an expression that is pointed at: from `left` up to `right`.
pub struct Anchors {
    pub left: Place,
    pub right: Place,
}

/// What [`Anchors`] there are in the source of an expression.
pub fn find(segment: &str) -> Option<Anchors> {
    // In parentheses, so that the expression may have several lines.
    let source = format!("(\n{segment}\n)");
    let tree = parse(&source)?;
    let [Stmt::Expr(statement)] = tree.as_slice() else {
        return None;
    };
    let text = Text::new(segment);
    match &*statement.value {
        Expr::BinOp(operation) => {
            let left = text.skip(text.end_of(&*operation.left)?, |c| {
                !c.is_whitespace() && c != ')'
            })?;
            let right_operand = text.place(operation.right.range().start())?;
            let mut right = (left.0, left.1 + 1);
            if let Some(second) = text.at(right)
                && (right_operand.0 > right.0 || right.1 < right_operand.1)
                && !second.is_whitespace()
                && !matches!(second, '\\' | '#')
            {
                right.1 += 1;
            }
            Some(Anchors { left, right })
        }
        Expr::Subscript(subscript) => {
            let left = text.skip(text.end_of(&*subscript.value)?, |c| c == '[')?;
            Some(Anchors {
                left,
                right: text.place(subscript.range.end())?,
            })
        }
        Expr::Call(call) => {
            let left = text.skip(text.end_of(&*call.func)?, |c| c == '(')?;
            Some(Anchors {
                left,
                right: text.place(call.range().end())?,
            })
        }
        _ => None,
    }
}

/// What the source of a statement begins with.
pub enum Statement {
    /// There is no statement.
    Nothing,
    /// `return f(…)` or `x = f(…)`: where the call is.
    Call(Place, Place),
    /// Something else, or no whole statement.
    Other,
}

/// Whether the source is a statement whose value is a plain call: then carets say nothing.
pub fn call_of_whole_statement(source: &str) -> Statement {
    let Some(tree) = parse(source) else {
        return Statement::Other;
    };
    let value = match tree.first() {
        None => return Statement::Nothing,
        Some(Stmt::Return(statement)) => match statement.value.as_deref() {
            Some(Expr::Call(call)) if call.func.is_name_expr() => Some(call.range()),
            _ => None,
        },
        Some(Stmt::Assign(statement)) => match (&*statement.value, statement.targets.as_slice()) {
            (Expr::Call(call), [Expr::Name(_)]) => Some(call.range()),
            _ => None,
        },
        Some(_) => None,
    };
    let Some(range) = value else {
        return Statement::Other;
    };
    let text = Text {
        lines: lines_of(source),
        starts: starts_of(source),
        skipped: 0,
        source,
    };
    match (text.place(range.start()), text.place(range.end())) {
        (Some(from), Some(to)) => Statement::Call(from, to),
        _ => Statement::Other,
    }
}

fn parse(source: &str) -> Option<Vec<Stmt>> {
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    if !parsed.errors().is_empty() {
        return None;
    }
    match parsed.into_syntax() {
        Mod::Module(module) => Some(module.body.into_iter().collect()),
        Mod::Expression(_) => None,
    }
}

fn lines_of(text: &str) -> Vec<Vec<char>> {
    text.split('\n')
        .map(|line| line.chars().collect())
        .collect()
}

fn starts_of(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

/// A text by lines and characters, and where ranges of its parse are in it.
struct Text<'a> {
    source: &'a str,
    lines: Vec<Vec<char>>,
    starts: Vec<usize>,
    /// Bytes in front of it in what was parsed.
    skipped: usize,
}

impl<'a> Text<'a> {
    fn new(segment: &'a str) -> Text<'a> {
        Text {
            source: segment,
            lines: lines_of(segment),
            starts: starts_of(segment),
            skipped: "(\n".len(),
        }
    }

    fn at(&self, (line, column): Place) -> Option<char> {
        self.lines.get(line)?.get(column).copied()
    }

    /// The place of a byte of what was parsed.
    fn place(&self, offset: TextSize) -> Option<Place> {
        let offset = offset.to_usize().checked_sub(self.skipped)?;
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let text = self.source.get(self.starts[line]..offset)?;
        Some((line, text.chars().count()))
    }

    /// The end of an expression, moved to the next line when nothing follows on its own.
    fn end_of(&self, expression: &impl Ranged) -> Option<Place> {
        self.valid(self.place(expression.range().end())?)
    }

    fn valid(&self, (mut line, mut column): Place) -> Option<Place> {
        while column >= self.lines.get(line)?.len() {
            line += 1;
            column = 0;
        }
        Some((line, column))
    }

    /// The first place from `place` on where `stop` holds, outside comments and joined lines.
    fn skip(&self, mut place: Place, stop: impl Fn(char) -> bool) -> Option<Place> {
        loop {
            match self.at(place)? {
                '\\' | '#' => place = self.valid((place.0 + 1, 0))?,
                c if stop(c) => return Some(place),
                _ => place = self.valid((place.0, place.1 + 1))?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointed(segment: &str) -> Option<(Place, Place)> {
        find(segment).map(|anchors| (anchors.left, anchors.right))
    }

    #[test]
    fn operators_are_pointed_at() {
        assert_eq!(pointed("a + b"), Some(((0, 2), (0, 3))));
        assert_eq!(pointed("(a) // (b)"), Some(((0, 4), (0, 6))));
        assert_eq!(pointed("a \\\n ** b"), Some(((1, 1), (1, 3))));
        assert_eq!(pointed("ä+ö"), Some(((0, 1), (0, 2))));
    }

    #[test]
    fn brackets_are_pointed_at() {
        assert_eq!(pointed("f(x)(y)"), Some(((0, 4), (0, 7))));
        assert_eq!(pointed("a[1][2]"), Some(((0, 4), (0, 7))));
        assert_eq!(pointed("a.b"), None);
        assert_eq!(pointed("x = 1"), None);
    }

    #[test]
    fn plain_calls_are_known() {
        assert!(matches!(
            call_of_whole_statement("return f(1)"),
            Statement::Call((0, 7), (0, 11))
        ));
        assert!(matches!(
            call_of_whole_statement("x = f(\n1)"),
            Statement::Call((0, 4), (1, 2))
        ));
        assert!(matches!(
            call_of_whole_statement("x.y = f(1)"),
            Statement::Other
        ));
        assert!(matches!(
            call_of_whole_statement("# nothing"),
            Statement::Nothing
        ));
    }
}
