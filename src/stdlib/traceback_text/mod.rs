//! Exceptions as text, in the form of the module `traceback`, without that module.
//!
//! For exceptions that nobody catches: printing them must not depend on Python code that may be
//! broken. Nothing here raises; what a `__str__` raises is replaced by a remark.
//!
//! Files: `stack` (the places that an exception came through), `anchors` (what to underline in a
//! place), `source_lines` (where source comes from), `suggestions` (names that were perhaps meant).

mod anchors;
mod keywords;
pub mod source_lines;
mod stack;
mod suggestions;

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions::{self, BaseException, BaseExceptionGroup, SyntaxError};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::traceback::Traceback;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, text};
use typhon_runtime::{Context, PyResult, Value};

use source_lines::SourceLines;

const CAUSE: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";
/// Exceptions of a group that are shown.
const MOST_IN_GROUP: usize = 15;
/// Groups inside groups that are shown.
const DEEPEST_GROUP: usize = 10;

/// The text of `exception`, with what it came from, each line ended.
pub fn format(cx: &Context, exception: &Ref<BaseException>) -> String {
    let mut printer = Printer::new(cx);
    let saved = cx.take_exception_if_any();
    printer.chain(exception);
    if let Some(saved) = saved {
        cx.set_exception(saved);
    }
    printer.out
}

/// The last lines of [`format`]: what the exception is, without where it came from.
pub fn format_only(cx: &Context, exception: &Ref<BaseException>) -> String {
    let mut printer = Printer::new(cx);
    let saved = cx.take_exception_if_any();
    printer.what(exception);
    if let Some(saved) = saved {
        cx.set_exception(saved);
    }
    printer.out
}

/// The places of a traceback with their lines, nothing underlined: as `sys.unraisablehook` shows them.
pub fn format_places(cx: &Context, traceback: &Ref<Traceback>) -> String {
    let mut lines = SourceLines::default();
    let mut out = String::from("Traceback (most recent call last):\n");
    out.push_str(&stack::format(
        cx,
        Some(traceback.clone()),
        &mut lines,
        stack::Detail::Lines,
    ));
    out
}

/// What an operation gives, or nothing when it raises.
pub(crate) fn quietly<T>(cx: &Context, result: PyResult<T>) -> Option<T> {
    if result.is_err() {
        cx.clear_exception();
    }
    result.ok()
}

/// The text with lone surrogates escaped, as `sys.stderr` shows them.
pub(crate) fn shown(text: &Str) -> String {
    match text.as_text() {
        Some(text) => text.into_owned(),
        None => text
            .code_points()
            .map(|point| match char::from_u32(point) {
                Some(character) => character.to_string(),
                None => format!("\\u{point:04x}"),
            })
            .collect(),
    }
}

struct Printer<'a> {
    cx: &'a Context,
    out: String,
    lines: SourceLines,
    /// Identities of exceptions that are being shown or were.
    seen: HashSet<u64>,
    group_depth: usize,
    need_close: bool,
}

impl<'a> Printer<'a> {
    fn new(cx: &'a Context) -> Printer<'a> {
        Printer {
            cx,
            out: String::new(),
            lines: SourceLines::default(),
            seen: HashSet::new(),
            group_depth: 0,
            need_close: false,
        }
    }

    fn indent(&self) -> String {
        " ".repeat(2 * self.group_depth)
    }

    /// Writes lines at the margin of the group that is being shown.
    fn emit(&mut self, text: &str, margin: char) {
        if self.group_depth == 0 {
            self.out.push_str(text);
            return;
        }
        let indent = self.indent();
        for line in text.split_inclusive('\n') {
            self.out.push_str(&format!("{indent}{margin} {line}"));
        }
    }

    /// The exception with its causes and contexts, first things first.
    fn chain(&mut self, exception: &Ref<BaseException>) {
        let mut links: Vec<(Option<&str>, Ref<BaseException>)> = Vec::new();
        let mut next = Some(exception.clone());
        while let Some(current) = next.take() {
            self.seen.insert(current.as_value().bits());
            let unseen = |found: &Ref<BaseException>| !self.seen.contains(&found.as_value().bits());
            let cause = current.cause.get_as::<BaseException>().filter(unseen);
            let context = current
                .context
                .get_as::<BaseException>()
                .filter(|_| !current.suppress_context.load(Ordering::Relaxed))
                .filter(unseen);
            let (message, from) = match (cause, context) {
                (Some(cause), _) => (Some(CAUSE), Some(cause)),
                (None, Some(context)) => (Some(CONTEXT), Some(context)),
                (None, None) => (None, None),
            };
            links.push((message, current));
            next = from;
        }
        for (message, exception) in links.into_iter().rev() {
            if let Some(message) = message {
                self.emit(message, '|');
            }
            match exception.as_value().downcast::<BaseExceptionGroup>() {
                Some(group) => self.group(&exception, group),
                None => self.single(&exception),
            }
        }
    }

    fn places(&mut self, exception: &BaseException) -> Option<String> {
        let traceback = exception.traceback.get_as::<Traceback>()?;
        Some(stack::format(
            self.cx,
            Some(traceback),
            &mut self.lines,
            stack::Detail::Carets,
        ))
        .filter(|places| !places.is_empty())
    }

    fn single(&mut self, exception: &Ref<BaseException>) {
        if let Some(places) = self.places(exception) {
            self.emit("Traceback (most recent call last):\n", '|');
            self.emit(&places, '|');
        }
        let what = self.described(exception);
        self.emit(&what, '|');
    }

    fn group(&mut self, exception: &Ref<BaseException>, group: &Ref<BaseExceptionGroup>) {
        if self.group_depth > DEEPEST_GROUP {
            self.emit(&format!("... (max_group_depth is {DEEPEST_GROUP})\n"), '|');
            return;
        }
        let top = self.group_depth == 0;
        if top {
            self.group_depth = 1;
        }
        if let Some(places) = self.places(exception) {
            let margin = if top { '+' } else { '|' };
            self.emit(
                "Exception Group Traceback (most recent call last):\n",
                margin,
            );
            self.emit(&places, '|');
        }
        let what = self.described(exception);
        self.emit(&what, '|');
        let members = group
            .exceptions
            .get_as::<Tuple>()
            .unwrap_or_else(Tuple::empty);
        let members = members.as_slice();
        let count = members.len().min(MOST_IN_GROUP + 1);
        self.need_close = false;
        for (index, member) in members[..count].iter().enumerate() {
            let last = index + 1 == count;
            if last {
                // The end of a group inside may be the end of this one.
                self.need_close = true;
            }
            let truncated = index >= MOST_IN_GROUP;
            let title = if truncated {
                "...".to_owned()
            } else {
                (index + 1).to_string()
            };
            let corner = if index == 0 { "+-" } else { "  " };
            self.out.push_str(&format!(
                "{}{corner}+---------------- {title} ----------------\n",
                self.indent()
            ));
            self.group_depth += 1;
            if truncated {
                let rest = members.len() - MOST_IN_GROUP;
                let plural = if rest > 1 { "s" } else { "" };
                self.emit(&format!("and {rest} more exception{plural}\n"), '|');
            } else if let Some(member) = member.downcast::<BaseException>() {
                self.chain(member);
            }
            if last && self.need_close {
                self.out.push_str(&format!(
                    "{}+------------------------------------\n",
                    self.indent()
                ));
                self.need_close = false;
            }
            self.group_depth -= 1;
        }
        if top {
            self.group_depth = 0;
        }
    }

    fn described(&mut self, exception: &Ref<BaseException>) -> String {
        let out = std::mem::take(&mut self.out);
        self.what(exception);
        std::mem::replace(&mut self.out, out)
    }

    /// `Class: message`, with the place of a syntax error before it and notes after it.
    fn what(&mut self, exception: &Ref<BaseException>) {
        let cx = self.cx;
        let value = exception.as_value();
        let class = class_text(cx, value.class());
        match value.downcast::<SyntaxError>() {
            Some(error) => self.syntax_error(&class, error),
            None => {
                let mut message = safe_text(cx, value, "exception");
                if let Some(hint) = suggestions::hint(cx, exception) {
                    message.push_str(&hint);
                }
                if message.is_empty() {
                    self.out.push_str(&format!("{class}\n"));
                } else {
                    self.out.push_str(&format!("{class}: {message}\n"));
                }
            }
        }
        self.notes(value);
    }

    fn notes(&mut self, exception: &Value) {
        let cx = self.cx;
        let Some(notes) =
            quietly(cx, attribute::find(cx, exception, names::dunder_notes())).flatten()
        else {
            return;
        };
        let items = match (notes.downcast::<List>(), notes.downcast::<Tuple>()) {
            (Some(list), _) => list.to_vec(),
            (None, Some(tuple)) => tuple.to_vec(),
            (None, None) if notes.is_none() => return,
            (None, None) => {
                let shown = match quietly(cx, text::repr(cx, &notes)) {
                    Some(text) => shown(&text),
                    None => "<__notes__ repr() failed>".to_owned(),
                };
                self.out.push_str(&format!("{shown}\n"));
                return;
            }
        };
        for note in items {
            for line in safe_text(cx, &note, "note").split('\n') {
                self.out.push_str(&format!("{line}\n"));
            }
        }
    }

    fn syntax_error(&mut self, class: &str, error: &Ref<SyntaxError>) {
        let cx = self.cx;
        let as_text =
            |value: Option<Value>| value.and_then(|value| Some(shown(value.downcast::<Str>()?)));
        let number = |value: Option<Value>| value.and_then(|value| value.as_small_int());
        let filename = as_text(error.filename.get());
        let line = error.line.get().filter(|line| !line.is_none());
        let end_line = error.end_line.get().filter(|line| !line.is_none());
        let mut suffix = String::new();
        if let Some(line) = &line {
            let name = filename
                .as_deref()
                .filter(|name| !name.is_empty())
                .unwrap_or("<string>");
            let name = if is_prompt_name(name) {
                "<stdin>"
            } else {
                name
            };
            self.out.push_str(&format!(
                "  File \"{name}\", line {}\n",
                safe_text(cx, line, "line")
            ));
        } else if let Some(filename) = &filename {
            suffix = format!(" ({filename})");
        }
        let (mut text, mut offset) = (error.text.get(), error.offset.get());
        let (mut end_offset, mut message) = (error.end_offset.get(), error.message.get());
        let mut same_line = number(line) == number(end_line);
        if let Some(correction) = keywords::correction(cx, error) {
            text = Some(correction.text);
            offset = Some(correction.offset);
            end_offset = Some(correction.end_offset);
            message = Some(correction.message);
            same_line = true;
        }
        if let Some(text) = as_text(text) {
            let offset = offset.filter(|offset| !offset.is_none());
            self.syntax_line(
                &text,
                offset.is_some(),
                number(offset),
                number(end_offset),
                same_line,
            );
        }
        let message = match message.filter(|message| !message.is_none()) {
            Some(message) => safe_text(cx, &message, "message"),
            None => "<no detail available>".to_owned(),
        };
        self.out.push_str(&format!("{class}: {message}{suffix}\n"));
    }

    /// The line of a syntax error with carets below. Offsets count from 1, in characters.
    fn syntax_line(
        &mut self,
        text: &str,
        has_offset: bool,
        offset: Option<i64>,
        end: Option<i64>,
        same_line: bool,
    ) {
        let right: Vec<char> = text.trim_end_matches('\n').chars().collect();
        let spaces = right
            .iter()
            .take_while(|c| matches!(c, ' ' | '\n' | '\x0C'))
            .count();
        let stripped = &right[spaces..];
        let line: String = stripped.iter().collect();
        let Some(mut offset) = offset else {
            if !has_offset {
                self.out.push_str(&format!("    {line}\n"));
            }
            return;
        };
        let full = text.chars().count() as i64;
        let mut end = if same_line {
            end.filter(|&end| end != 0).unwrap_or(offset)
        } else {
            right.len() as i64 + 1
        };
        if full > 0 && offset > full {
            offset = right.len() as i64 + 1;
        }
        if full > 0 && end > full {
            end = right.len() as i64 + 1;
        }
        if offset >= end || end < 0 {
            end = offset + 1;
        }
        self.out.push_str(&format!("    {line}\n"));
        let start = offset - 1 - spaces as i64;
        if start < 0 {
            return;
        }
        // White space other than a space keeps its width.
        let margin: String = stripped
            .iter()
            .take(start as usize)
            .map(|&c| if c.is_whitespace() { c } else { ' ' })
            .collect();
        self.out.push_str(&format!(
            "    {margin}{}\n",
            "^".repeat((end - offset) as usize)
        ));
    }
}

/// Whether `name` is that of input at the prompt, which is numbered.
pub(crate) fn is_prompt_name(name: &str) -> bool {
    name.starts_with("<stdin-") && name.ends_with('>')
}

/// `str(value)`, or a remark that it failed.
fn safe_text(cx: &Context, value: &Value, what: &str) -> String {
    match quietly(cx, text::str(cx, value)) {
        Some(text) => shown(&text),
        None => format!("<{what} str() failed>"),
    }
}

/// The class as a traceback names it: with its module, unless that is `builtins` or `__main__`.
pub(crate) fn class_text(cx: &Context, class: &Ref<Type>) -> String {
    let qualname = class
        .qualname
        .get_as::<Str>()
        .map(|name| shown(&name))
        .unwrap_or_default();
    let module = quietly(
        cx,
        attribute::find(cx, class.as_value(), names::dunder_module()),
    )
    .flatten();
    match module.as_ref().and_then(|module| module.downcast::<Str>()) {
        Some(module) if module.equals("builtins") || module.equals("__main__") => qualname,
        Some(module) => format!("{}.{qualname}", shown(module)),
        None => format!("<unknown>.{qualname}"),
    }
}

/// An attribute of an exception, if it has it and it is not None.
pub(crate) fn attribute_of(cx: &Context, object: &Value, name: &str) -> Option<Value> {
    let name = quietly(cx, Name::intern(cx, name))?;
    quietly(cx, attribute::find(cx, object, name))
        .flatten()
        .filter(|value| !value.is_none())
}

/// Whether the exception ends the program without a traceback.
pub fn is_system_exit(exception: &Ref<BaseException>) -> bool {
    exception
        .as_value()
        .is_instance_of(exceptions::system_exit())
}
