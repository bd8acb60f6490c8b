//! Running the engine: one match, or one after the other.

use typhon_runtime::objects::str_::Units;
use typhon_runtime::{Context, PyResult};

use super::engine::Machine;
use super::pattern::Pattern;
use super::subject::Subject;

/// How a pattern is to match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// At the beginning.
    Match,
    /// All of the subject.
    Full,
    /// Anywhere.
    Search,
}

/// Where a group was matched.
pub(super) type Span = Option<(usize, usize)>;

/// A match: the span of the whole, then those of the groups.
pub(super) struct Found {
    pub(super) spans: Box<[Span]>,
    /// The group that was closed last.
    pub(super) last_index: Option<usize>,
}

/// The part of a subject that is searched.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Bounds {
    /// `pos` and `endpos`, brought into the subject.
    pub(super) fn new(subject: &Subject, start: isize, end: isize) -> Bounds {
        let length = subject.len();
        let clamp = |at: isize| usize::try_from(at).unwrap_or(0).min(length);
        Bounds {
            start: clamp(start),
            end: clamp(end),
        }
    }

    /// All of it.
    pub(super) fn whole(subject: &Subject) -> Bounds {
        Bounds {
            start: 0,
            end: subject.len(),
        }
    }
}

enum AnyMachine<'a> {
    One(Machine<'a, u8>),
    Two(Machine<'a, u16>),
    Four(Machine<'a, u32>),
}

macro_rules! with_machine {
    ($machine:expr, $name:ident => $body:expr) => {
        match $machine {
            AnyMachine::One($name) => $body,
            AnyMachine::Two($name) => $body,
            AnyMachine::Four($name) => $body,
        }
    };
}

/// Matches of a pattern in a subject, one after the other.
pub(super) struct Matches<'a> {
    machine: AnyMachine<'a>,
    groups: usize,
    /// Where the search goes on.
    start: usize,
    /// Whether an empty match there was had already.
    must_advance: bool,
    is_over: bool,
    span: (usize, usize),
}

impl<'a> Matches<'a> {
    /// Matches in the part of `subject` within the bounds; `must_advance` refuses an empty match at the
    /// start. `whole`: only a match that reaches the end counts.
    pub(super) fn new(
        cx: &'a Context,
        pattern: &'a Pattern,
        subject: &'a Subject,
        bounds: Bounds,
        must_advance: bool,
        whole: bool,
    ) -> Matches<'a> {
        let program = pattern.program();
        let end = bounds.end;
        let machine = match subject.units() {
            Units::One(units) => {
                AnyMachine::One(Machine::new(program, &units[..end], whole, Some(cx)))
            }
            Units::Two(units) => {
                AnyMachine::Two(Machine::new(program, &units[..end], whole, Some(cx)))
            }
            Units::Four(units) => {
                AnyMachine::Four(Machine::new(program, &units[..end], whole, Some(cx)))
            }
        };
        Matches {
            machine,
            groups: program.groups(),
            start: bounds.start,
            must_advance,
            is_over: bounds.start > end,
            span: (0, 0),
        }
    }

    /// Searches the next match: its span. `None` when there are no more.
    #[inline]
    pub(super) fn advance(&mut self) -> Option<(usize, usize)> {
        if self.is_over {
            return None;
        }
        let (start, must_advance) = (self.start, self.must_advance);
        let machine = &mut self.machine;
        let found = with_machine!(machine, machine => machine.search(start, must_advance));
        match found {
            Some((start, end)) => {
                self.start = end;
                self.must_advance = start == end;
                self.span = (start, end);
            }
            None => self.is_over = true,
        }
        found
    }

    /// Matches once, at the start.
    fn match_here(&mut self) -> Option<(usize, usize)> {
        if self.is_over {
            return None;
        }
        let (start, must_advance) = (self.start, self.must_advance);
        let machine = &mut self.machine;
        let end = with_machine!(machine, machine => machine.match_at(start, must_advance))?;
        self.span = (start, end);
        Some(self.span)
    }

    /// The span of a group in the match that was found last.
    pub(super) fn group(&self, number: usize) -> Span {
        if number == 0 {
            return Some(self.span);
        }
        with_machine!(&self.machine, machine => machine.group(number - 1))
    }

    /// All of the match that was found last.
    pub(super) fn found(&self) -> Found {
        Found {
            spans: (0..=self.groups).map(|number| self.group(number)).collect(),
            last_index: with_machine!(&self.machine, machine => machine.last_group()),
        }
    }
}

/// One match of `pattern`.
///
/// # Errors
/// SystemError when a group ends before it begins.
pub(super) fn once(
    cx: &Context,
    pattern: &Pattern,
    subject: &Subject,
    bounds: Bounds,
    must_advance: bool,
    mode: Mode,
) -> PyResult<Option<Found>> {
    let mut matches = Matches::new(
        cx,
        pattern,
        subject,
        bounds,
        must_advance,
        mode == Mode::Full,
    );
    let found = match mode {
        Mode::Search => matches.advance(),
        Mode::Match | Mode::Full => matches.match_here(),
    };
    let Some(_) = found else { return Ok(None) };
    let found = matches.found();
    if found.spans.iter().flatten().any(|(start, end)| start > end) {
        return Err(cx.system_error(
            "The span of capturing group is wrong, please report a bug for the re module.",
        ));
    }
    Ok(Some(found))
}
