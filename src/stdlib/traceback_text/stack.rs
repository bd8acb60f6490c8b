//! The places that an exception came through: `File …, line …, in …`, the source, carets.

use typhon_compiler::location::Location;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::traceback::Traceback;
use typhon_runtime::{Context, interpreter};
use unicode_width::UnicodeWidthChar;

use super::anchors::{self, Anchors};
use super::source_lines::SourceLines;
use super::{is_prompt_name, quietly, shown};
use crate::configuration;

/// How much of a place is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The line.
    Lines,
    /// All lines of the expression, what matters underlined.
    Carets,
}

/// How often the same place is shown before repetitions are only counted.
const REPETITIONS: usize = 3;

/// One place.
struct Place {
    filename: String,
    name: String,
    line: Option<u32>,
    location: Option<Location>,
    globals: Ref<Dict>,
}

impl Place {
    fn of(traceback: &Traceback) -> Place {
        let code = traceback.frame().code();
        let location = code.compiled.location(traceback.instruction() as u32);
        Place {
            filename: shown(&code.filename()),
            name: shown(&code.name),
            line: location.map(|location| location.line).or(traceback.line()),
            location,
            globals: traceback.frame().globals().clone(),
        }
    }

    fn is_same(&self, other: &Place) -> bool {
        self.line.is_some()
            && self.line == other.line
            && self.filename == other.filename
            && self.name == other.name
    }
}

/// `sys.tracebacklimit`.
fn limit(cx: &Context) -> Option<usize> {
    let name = quietly(cx, Name::intern(cx, "tracebacklimit"))?;
    let limit = quietly(cx, interpreter::sys_attribute(cx, name)).flatten()?;
    if !int::is_int(&limit) {
        return None;
    }
    let limit = quietly(cx, int::index_as_i128(cx, &limit))?;
    Some(usize::try_from(limit.max(0)).unwrap_or(usize::MAX))
}

/// The text of all places, most recent last.
pub fn format(
    cx: &Context,
    traceback: Option<Ref<Traceback>>,
    lines: &mut SourceLines,
    detail: Detail,
) -> String {
    let mut places = Vec::new();
    let mut next = traceback;
    while let Some(current) = next {
        places.push(Place::of(&current));
        next = current.next();
    }
    if let Some(limit) = limit(cx) {
        places.drain(..places.len().saturating_sub(limit));
    }
    let mut out = String::new();
    let mut count = 0;
    for (index, place) in places.iter().enumerate() {
        if index == 0 || !place.is_same(&places[index - 1]) {
            repeated(&mut out, count);
            count = 0;
        }
        count += 1;
        if count <= REPETITIONS {
            out.push_str(&one(cx, place, lines, detail));
        }
    }
    repeated(&mut out, count);
    out
}

fn repeated(out: &mut String, count: usize) {
    if let Some(more @ 1..) = count.checked_sub(REPETITIONS) {
        let plural = if more > 1 { "s" } else { "" };
        out.push_str(&format!(
            "  [Previous line repeated {more} more time{plural}]\n"
        ));
    }
}

fn one(cx: &Context, place: &Place, lines: &mut SourceLines, detail: Detail) -> String {
    let filename = if is_prompt_name(&place.filename) {
        "<stdin>"
    } else {
        &place.filename
    };
    let number = place
        .line
        .map_or("None".to_owned(), |line| line.to_string());
    let mut out = format!("  File \"{filename}\", line {number}, in {}\n", place.name);
    let Some(first) = place.line else { return out };
    let location = place
        .location
        .filter(|location| location.end_line >= location.line);
    let last = location.map_or(first, |location| location.end_line);
    let original: Vec<String> = (first..=last)
        .map(|number| {
            lines
                .line(cx, &place.filename, &place.globals, number)
                .to_owned()
        })
        .collect();
    if original.iter().all(|line| line.is_empty()) {
        return out;
    }
    let columns = location
        .and_then(|location| location.columns)
        .filter(|_| configuration::get().debug_ranges);
    match columns {
        Some(columns) if detail == Detail::Carets => {
            for line in excerpt(&original, columns) {
                out.push_str(&format!("    {line}\n"));
            }
        }
        _ => out.push_str(&format!("    {}\n", original[0].trim())),
    }
    out
}

/// Removes the white space that all lines begin with.
fn dedent(lines: &[String]) -> Vec<Vec<char>> {
    let blank = |line: &String| line.trim().is_empty();
    let margin = |line: &String| {
        line.chars()
            .take_while(|c| matches!(c, ' ' | '\t'))
            .collect::<String>()
    };
    let mut common: Option<String> = None;
    for line in lines.iter().filter(|line| !blank(line)) {
        let own = margin(line);
        common = Some(match common {
            None => own,
            Some(common) => common
                .chars()
                .zip(own.chars())
                .take_while(|(left, right)| left == right)
                .map(|(c, _)| c)
                .collect(),
        });
    }
    let width = common.map_or(0, |common| common.chars().count());
    lines
        .iter()
        .map(|line| {
            if blank(line) {
                Vec::new()
            } else {
                line.chars().skip(width).collect()
            }
        })
        .collect()
}

/// The number of characters in the first `bytes` bytes of `line`.
fn characters(line: &str, bytes: u32) -> usize {
    let bytes = (bytes as usize).min(line.len());
    match line.get(..bytes) {
        Some(text) => text.chars().count(),
        None => String::from_utf8_lossy(&line.as_bytes()[..bytes])
            .chars()
            .count(),
    }
}

/// The width of the first `count` characters on a terminal.
fn display_width(line: &[char], count: usize) -> usize {
    if line.iter().all(char::is_ascii) {
        return count;
    }
    line.iter()
        .take(count)
        .map(|&c| if c.width() == Some(2) { 2 } else { 1 })
        .sum()
}

/// The lines of an expression that say something, with carets below them.
fn excerpt(original: &[String], (start, end): (u32, u32)) -> Vec<String> {
    let lines = dedent(original);
    let count = lines.len();
    let first = &original[0];
    let removed = first.chars().count() - lines[0].len();
    let start = characters(first, start).saturating_sub(removed);
    let end = characters(&original[count - 1], end).saturating_sub(removed);
    let segment = segment(&lines, start, end);
    let anchors = anchors::find(&segment);
    let carets = should_show_carets(&lines, start, end, anchors.is_some());
    let mut significant = vec![0, count - 1];
    if let Some(anchors) = &anchors {
        for (line, _) in [anchors.left, anchors.right] {
            significant.extend((line.saturating_sub(1)..=line + 1).filter(|&line| line < count));
        }
    }
    significant.sort_unstable();
    significant.dedup();
    let underline = Underline {
        lines: &lines,
        start,
        end,
        anchors,
    };
    let mut out: Vec<String> = Vec::new();
    let show = |index: usize, out: &mut Vec<String>| {
        out.push(lines[index].iter().collect());
        if carets {
            out.push(underline.below(index));
        }
    };
    for (at, &index) in significant.iter().enumerate() {
        if at > 0 {
            match index - significant[at - 1] {
                2 => show(index - 1, &mut out),
                skipped @ 3.. => out.push(format!("...<{} lines>...", skipped - 1)),
                _ => {}
            }
        }
        show(index, &mut out);
    }
    dedent(&out)
        .into_iter()
        .map(|line| line.into_iter().collect())
        .collect()
}

/// The text from `start` on the first line to `end` on the last.
fn segment(lines: &[Vec<char>], start: usize, end: usize) -> String {
    let last = lines.len() - 1;
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let from = if index == 0 { start.min(line.len()) } else { 0 };
        let to = if index == last {
            end.min(line.len())
        } else {
            line.len()
        };
        if index > 0 {
            text.push('\n');
        }
        text.extend(line.get(from..to.max(from)).unwrap_or_default());
    }
    text
}

fn should_show_carets(lines: &[Vec<char>], start: usize, end: usize, has_anchors: bool) -> bool {
    let source: String = lines
        .iter()
        .map(|line| line.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("\n");
    match anchors::call_of_whole_statement(&source) {
        anchors::Statement::Nothing => return false,
        anchors::Statement::Call(from, to)
            if (from, to) == ((0, start), (lines.len() - 1, end)) =>
        {
            return false;
        }
        _ => {}
    }
    let before = lines[0].iter().take(start);
    let behind = lines[lines.len() - 1].iter().skip(end);
    has_anchors || before.chain(behind).any(|c| !c.is_whitespace())
}

/// What is underlined: all from `start` to `end`, and the part between the anchors in another way.
struct Underline<'a> {
    lines: &'a [Vec<char>],
    start: usize,
    end: usize,
    anchors: Option<Anchors>,
}

impl Underline<'_> {
    /// An anchor's place in columns of the terminal.
    fn column(&self, (line, column): (usize, usize)) -> (usize, usize) {
        // Anchors count from the beginning of the expression.
        let column = if line == 0 {
            column + self.start
        } else {
            column
        };
        (line, display_width(&self.lines[line], column))
    }

    /// The line of carets below line `index`.
    fn below(&self, index: usize) -> String {
        let line = &self.lines[index];
        let margin = line.iter().take_while(|c| c.is_whitespace()).count();
        let last = index == self.lines.len() - 1;
        let width = if last {
            display_width(line, self.end)
        } else {
            display_width(line, line.len())
        };
        let begin = display_width(&self.lines[0], self.start);
        let anchors = self
            .anchors
            .as_ref()
            .map(|anchors| (self.column(anchors.left), self.column(anchors.right)));
        let mut below = String::new();
        for column in 0..width {
            let outside = column < margin || index == 0 && column < begin;
            below.push(match anchors {
                _ if outside => ' ',
                Some((left, right)) if (index, column) >= left && (index, column) < right => '^',
                Some(_) => '~',
                None => '^',
            });
        }
        below
    }
}
