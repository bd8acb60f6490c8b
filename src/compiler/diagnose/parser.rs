//! The recognizer: rules of the grammar with backtracking, and what the rules share.
//!
//! It parses twice, as CPython does. The first time without the rules for wrong programs; that finds
//! the furthest token, where the source stops making sense. The second time with them: the first
//! such rule that matches gives its message. A rule leaves the position where it was when it fails.
//! Once an error is found every rule fails, so that the parse ends at once.

use rustc_hash::FxHashMap;

use super::tokenizer::{Kind, Token};
use crate::error::{EndColumn, ErrorKind, Failure};
use ruff_text_size::{TextRange, TextSize};

/// Index of a node in [`Parser::nodes`].
pub(super) type NodeId = u32;

/// What a rule gives: nothing when it does not match.
pub(super) type Match<T = NodeId> = Option<T>;

/// What an expression is, as far as messages tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Attribute,
    Subscript,
    Starred,
    Name,
    List,
    Tuple,
    Lambda,
    Call,
    Operation,
    Generator,
    Yield,
    Await,
    ListComprehension,
    SetComprehension,
    DictComprehension,
    Dict,
    Set,
    FString,
    TString,
    None,
    True,
    False,
    Ellipsis,
    Literal,
    Compare,
    /// A comparison whose first operator is `in`.
    CompareIn,
    Conditional,
    Named,
    /// Not an expression.
    Other,
}

impl NodeKind {
    pub fn describe(self) -> &'static str {
        match self {
            NodeKind::Attribute => "attribute",
            NodeKind::Subscript => "subscript",
            NodeKind::Starred => "starred",
            NodeKind::Name => "name",
            NodeKind::List => "list",
            NodeKind::Tuple => "tuple",
            NodeKind::Lambda => "lambda",
            NodeKind::Call => "function call",
            NodeKind::Operation => "expression",
            NodeKind::Generator => "generator expression",
            NodeKind::Yield => "yield expression",
            NodeKind::Await => "await expression",
            NodeKind::ListComprehension => "list comprehension",
            NodeKind::SetComprehension => "set comprehension",
            NodeKind::DictComprehension => "dict comprehension",
            NodeKind::Dict => "dict literal",
            NodeKind::Set => "set display",
            NodeKind::FString => "f-string expression",
            NodeKind::TString => "t-string expression",
            NodeKind::None => "None",
            NodeKind::True => "True",
            NodeKind::False => "False",
            NodeKind::Ellipsis => "ellipsis",
            NodeKind::Literal => "literal",
            NodeKind::Compare | NodeKind::CompareIn => "comparison",
            NodeKind::Conditional => "conditional expression",
            NodeKind::Named => "named expression",
            NodeKind::Other => "expression",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub start: usize,
    pub end: usize,
    /// Items of lists and tuples, the value of a star, the left side of a comparison.
    pub children: Vec<NodeId>,
}

/// What a target is to be used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetUse {
    Assign,
    For,
    Delete,
}

/// Rules whose result is remembered for each position.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    Expression,
    StarExpression,
    NamedExpression,
    InvalidNamedExpression,
    Disjunction,
    Conjunction,
    Inversion,
    BitwiseOr,
    Power,
    Primary,
    Atom,
    Arguments,
    StarTarget,
    TargetWithAtom,
    Primaries,
    Block,
    SimpleStatement,
    Strings,
    DeleteTarget,
    ClosedPattern,
    LambdaParameters,
}

/// Nesting of rules, after which the source is too complex to say what is wrong.
const MAX_DEPTH: usize = 6000;

pub(super) struct Parser<'a> {
    pub source: &'a str,
    pub tokens: &'a [Token<'a>],
    pub position: usize,
    /// Tokens that any rule has looked at.
    pub filled: usize,
    /// Whether rules for wrong programs are tried.
    pub invalid_rules: bool,
    pub error: Option<Failure>,
    pub nodes: Vec<Node>,
    memo: FxHashMap<(Rule, usize), Option<(NodeId, usize)>>,
    depth: usize,
    pub too_deep: bool,
    /// The tokenizer's error was reached.
    pub ran_out: bool,
}

/// Tries one alternative of a rule; returns from the rule when it matches. Rules call themselves
/// `parser`: inside an alternative that is the name of a closure's parameter.
macro_rules! alternative {
    ($parser:ident, $body:expr) => {
        if let Some(found) = $parser.attempt(|$parser| $body) {
            return Some(found);
        }
    };
}
pub(super) use alternative;

impl<'a> Parser<'a> {
    pub fn new(source: &'a str, tokens: &'a [Token<'a>]) -> Parser<'a> {
        Parser {
            source,
            tokens,
            position: 0,
            filled: 0,
            invalid_rules: false,
            error: None,
            nodes: Vec::new(),
            memo: FxHashMap::default(),
            depth: 0,
            too_deep: false,
            ran_out: false,
        }
    }

    /// Back to the start, with the rules for wrong programs.
    pub fn start_second_pass(&mut self) {
        self.position = 0;
        self.invalid_rules = true;
        self.memo.clear();
    }

    pub fn attempt<T>(&mut self, body: impl FnOnce(&mut Self) -> Match<T>) -> Match<T> {
        let start = self.position;
        let result = body(self);
        if result.is_none() {
            self.position = start;
        }
        result
    }

    /// An optional part.
    pub fn maybe<T>(&mut self, body: impl FnOnce(&mut Self) -> Match<T>) -> Match<Option<T>> {
        let found = self.attempt(body);
        if found.is_none() && self.stopped() {
            None
        } else {
            Some(found)
        }
    }

    /// A part any number of times.
    pub fn many<T>(&mut self, mut body: impl FnMut(&mut Self) -> Match<T>) -> Match<Vec<T>> {
        let mut items = Vec::new();
        loop {
            let start = self.position;
            match self.attempt(&mut body) {
                Some(item) if self.position > start => items.push(item),
                _ => break,
            }
        }
        if self.stopped() { None } else { Some(items) }
    }

    pub fn some<T>(&mut self, body: impl FnMut(&mut Self) -> Match<T>) -> Match<Vec<T>> {
        self.many(body).filter(|items| !items.is_empty())
    }

    /// A part, repeated with separators between.
    pub fn separated<T>(
        &mut self,
        separator: &str,
        mut body: impl FnMut(&mut Self) -> Match<T>,
    ) -> Match<Vec<T>> {
        let mut items = vec![body(self)?];
        while let Some(item) = self.attempt(|parser| {
            parser.operator(separator)?;
            body(parser)
        }) {
            items.push(item);
        }
        if self.stopped() { None } else { Some(items) }
    }

    /// Whether something follows, without moving.
    pub fn follows<T>(&mut self, body: impl FnOnce(&mut Self) -> Match<T>) -> Match<()> {
        let start = self.position;
        let found = body(self).is_some();
        self.position = start;
        (found && !self.stopped()).then_some(())
    }

    /// Whether something does not follow.
    pub fn not<T>(&mut self, body: impl FnOnce(&mut Self) -> Match<T>) -> Match<()> {
        let start = self.position;
        let found = body(self).is_some();
        self.position = start;
        (!found && !self.stopped()).then_some(())
    }

    pub fn stopped(&self) -> bool {
        self.error.is_some() || self.too_deep || self.ran_out
    }

    pub fn memoized(&mut self, rule: Rule, body: impl FnOnce(&mut Self) -> Match) -> Match {
        if self.stopped() {
            return None;
        }
        // Whether rules for wrong programs are on is no part of the key: as in CPython, what was
        // looked at while they were off stays unexplained.
        let key = (rule, self.position);
        if let Some(known) = self.memo.get(&key) {
            let (node, end) = (*known)?;
            self.position = end;
            return Some(node);
        }
        let result = self.deeper(|parser| parser.attempt(body));
        if !self.stopped() {
            self.memo
                .insert(key, result.map(|node| (node, self.position)));
        }
        result
    }

    pub fn deeper<T>(&mut self, body: impl FnOnce(&mut Self) -> Match<T>) -> Match<T> {
        if self.depth >= MAX_DEPTH {
            self.too_deep = true;
            return None;
        }
        self.depth += 1;
        let result = crate::recursion::grow(|| body(self));
        self.depth -= 1;
        result
    }

    // Tokens.

    /// The next token; looking at it counts as reading it.
    pub fn peek(&mut self) -> Match<Token<'a>> {
        if self.stopped() {
            return None;
        }
        let Some(&token) = self.tokens.get(self.position) else {
            self.ran_out = true;
            return None;
        };
        self.filled = self.filled.max(self.position + 1);
        Some(token)
    }

    fn take_if(&mut self, wanted: impl FnOnce(&Token<'a>) -> bool) -> Match<Token<'a>> {
        let token = self.peek()?;
        wanted(&token).then(|| {
            self.position += 1;
            token
        })
    }

    pub fn operator(&mut self, text: &str) -> Match<Token<'a>> {
        self.take_if(|token| token.kind == Kind::Operator && token.text == text)
    }

    pub fn one_of(&mut self, texts: &[&str]) -> Match<Token<'a>> {
        self.take_if(|token| token.kind == Kind::Operator && texts.contains(&token.text))
    }

    /// A keyword, soft ones included.
    pub fn keyword(&mut self, text: &str) -> Match<Token<'a>> {
        self.take_if(|token| token.kind == Kind::Name && token.text == text)
    }

    pub fn kind(&mut self, kind: Kind) -> Match<Token<'a>> {
        self.take_if(|token| token.kind == kind)
    }

    pub fn name(&mut self) -> Match<Token<'a>> {
        self.take_if(|token| token.kind == Kind::Name && !is_keyword(token.text))
    }

    pub fn name_node(&mut self) -> Match {
        let token = self.name()?;
        Some(self.token_node(NodeKind::Name, &token))
    }

    /// A token without which the source cannot be right.
    pub fn forced(&mut self, text: &str) -> Match<Token<'a>> {
        let token = self.peek()?;
        if token.kind == Kind::Operator && token.text == text {
            self.position += 1;
            return Some(token);
        }
        if !self.invalid_rules {
            return None;
        }
        self.fail_at_token(format!("expected '{text}'"), &token)
    }

    // Nodes.

    pub fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() as NodeId - 1
    }

    pub fn token_node(&mut self, kind: NodeKind, token: &Token<'_>) -> NodeId {
        self.add(Node {
            kind,
            start: token.start,
            end: token.end,
            children: Vec::new(),
        })
    }

    /// A node from `start` to the last token taken.
    pub fn node(&mut self, kind: NodeKind, start: usize, children: Vec<NodeId>) -> NodeId {
        let end = self.last_end();
        self.add(Node {
            kind,
            start,
            end,
            children,
        })
    }

    /// Where the next token starts.
    pub fn start(&mut self) -> usize {
        self.tokens
            .get(self.position)
            .map_or(0, |token| token.start)
    }

    /// Where the last token taken ends.
    pub fn last_end(&self) -> usize {
        match self.position.checked_sub(1) {
            Some(index) => self.tokens[index].end,
            None => 0,
        }
    }

    pub fn node_kind(&self, node: NodeId) -> NodeKind {
        self.nodes[node as usize].kind
    }

    pub fn range(&self, node: NodeId) -> TextRange {
        let node = &self.nodes[node as usize];
        range(node.start, node.end)
    }

    pub fn range_between(&self, first: NodeId, last: NodeId) -> TextRange {
        range(
            self.nodes[first as usize].start,
            self.nodes[last as usize].end,
        )
    }

    // Errors. Each returns nothing, as a rule that fails.

    pub fn fail<T>(&mut self, message: impl Into<String>, range: TextRange) -> Match<T> {
        if !self.stopped() {
            self.error = Some(Failure::syntax(message, range));
        }
        None
    }

    /// At a place, with no end.
    pub fn fail_without_end<T>(&mut self, message: impl Into<String>, start: usize) -> Match<T> {
        self.fail::<T>(message, range(start, start));
        self.error = self
            .error
            .take()
            .map(|error| error.ending(EndColumn::Absent(0)));
        None
    }

    pub fn fail_at_token<T>(&mut self, message: impl Into<String>, token: &Token<'a>) -> Match<T> {
        if !self.stopped() {
            self.error = Some(self.located(ErrorKind::Syntax, message.into(), token));
        }
        None
    }

    /// At the last token that was read.
    pub fn fail_at_last<T>(&mut self, message: impl Into<String>) -> Match<T> {
        let token = *self.last_read();
        self.fail_at_token(message, &token)
    }

    pub fn fail_at_next<T>(&mut self, message: impl Into<String>) -> Match<T> {
        let token = self.peek()?;
        self.fail_at_token(message, &token)
    }

    /// From a place to the last token that was read.
    pub fn fail_from<T>(&mut self, message: impl Into<String>, start: usize) -> Match<T> {
        let last = *self.last_read();
        let (end, behind) = match last.kind {
            Kind::Newline => (last.start, 0),
            _ => (last.end, -1),
        };
        self.fail::<T>(message, range(start, end.max(start)));
        self.error = self
            .error
            .take()
            .map(|error| error.ending(EndColumn::Behind(behind)));
        None
    }

    pub fn fail_indentation<T>(&mut self, message: impl Into<String>) -> Match<T> {
        if !self.stopped() {
            let token = *self.last_read();
            self.error = Some(self.located(ErrorKind::Indentation, message.into(), &token));
        }
        None
    }

    /// An error at a token. Those of indentation and the end have no extent: the error is where
    /// the tokenizer stands after them.
    pub fn located(&self, kind: ErrorKind, message: String, token: &Token<'_>) -> Failure {
        let at = |offset: usize| Failure::new(kind, message.clone(), range(offset, offset));
        match token.kind {
            Kind::Newline => {
                let end = token.start + token.text.trim_end_matches(['\r', '\n']).len();
                Failure::new(kind, message.clone(), range(token.start, end))
                    .ending(EndColumn::Behind(1))
            }
            Kind::Indent => at(token.end.saturating_sub(1)).ending(EndColumn::Absent(-1)),
            Kind::Dedent if token.start < self.source.len() => {
                at(token.start).ending(EndColumn::NoColumns(-1))
            }
            Kind::Dedent | Kind::End => {
                // Behind a last line of blanks, or else at the last newline.
                let newline = self
                    .tokens
                    .iter()
                    .rev()
                    .find(|other| other.kind == Kind::Newline);
                let offset = newline.map_or(token.start, |newline| {
                    let rest = &self.source[newline.end..];
                    if rest.is_empty() || rest.contains('\n') {
                        newline.start
                    } else {
                        self.source.len()
                    }
                });
                at(offset).ending(EndColumn::Absent(-1))
            }
            _ => Failure::new(kind, message, token.range()),
        }
    }

    pub fn last_read(&self) -> &Token<'a> {
        &self.tokens[self.filled.saturating_sub(1).min(self.tokens.len() - 1)]
    }

    /// Complains about the part of a target that cannot be one.
    pub fn fail_target<T>(&mut self, node: NodeId, used: TargetUse) -> Match<T> {
        let culprit = self.invalid_target(node, used)?;
        let word = if used == TargetUse::Delete {
            "delete"
        } else {
            "assign to"
        };
        let message = format!("cannot {word} {}", self.node_kind(culprit).describe());
        let range = self.range(culprit);
        self.fail(message, range)
    }

    fn invalid_target(&self, id: NodeId, used: TargetUse) -> Option<NodeId> {
        let node = &self.nodes[id as usize];
        match node.kind {
            NodeKind::List | NodeKind::Tuple => node
                .children
                .iter()
                .find_map(|&child| self.invalid_target(child, used)),
            NodeKind::Starred if used == TargetUse::Delete => Some(id),
            NodeKind::Starred => node
                .children
                .first()
                .and_then(|&value| self.invalid_target(value, used)),
            // `for a in b` reads as a comparison when it cannot be a loop.
            NodeKind::CompareIn if used == TargetUse::For => node
                .children
                .first()
                .and_then(|&left| self.invalid_target(left, used)),
            NodeKind::Compare if used == TargetUse::For => None,
            NodeKind::Name | NodeKind::Subscript | NodeKind::Attribute => None,
            _ => Some(id),
        }
    }

    /// The line of an offset.
    pub fn line_at(&self, offset: usize) -> usize {
        1 + self.source[..offset]
            .bytes()
            .filter(|&byte| byte == b'\n')
            .count()
    }
}

pub(super) fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(
        TextSize::new(start as u32),
        TextSize::new(end.max(start) as u32),
    )
}

pub(super) fn is_keyword(text: &str) -> bool {
    matches!(
        text,
        "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}

pub(super) fn is_soft_keyword(text: &str) -> bool {
    matches!(text, "_" | "case" | "match" | "type")
}
