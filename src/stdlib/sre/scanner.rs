//! Matches one after the other: `finditer`, and the scanner objects of `re.Scanner`.
//!
//! Where the search goes on is behind the object's lock. A thread searches without the lock and takes
//! the match if nobody else has taken it meanwhile; else it searches on.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::match_object::Match;
use super::pattern::Pattern;
use super::search::{self, Bounds, Mode};
use super::subject::Subject;

/// Where a search goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place {
    start: usize,
    /// Whether an empty match there was had already.
    must_advance: bool,
    is_over: bool,
}

/// A pattern and a string, searched step by step.
struct Steps {
    pattern: Ref<Pattern>,
    string: Value,
    subject: Subject,
    bounds: Bounds,
    place: Guarded<Place>,
}

impl Steps {
    fn new(
        cx: &Context,
        pattern: &Ref<Pattern>,
        string: &Value,
        start: isize,
        end: isize,
    ) -> PyResult<Steps> {
        let subject = pattern.subject(cx, string)?;
        let bounds = Bounds::new(&subject, start, end);
        let place = Place {
            start: bounds.start,
            must_advance: false,
            is_over: false,
        };
        Ok(Steps {
            pattern: pattern.clone(),
            string: string.clone(),
            subject,
            bounds,
            place: Guarded::new(place),
        })
    }

    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.pattern.as_value());
        visit(&self.string);
        match &self.subject {
            Subject::Text(text) => visit(text.as_value()),
            Subject::Bytes(value, bytes) => {
                visit(value);
                visit(&bytes.buffer().owner);
            }
        }
    }
}

/// The next match of `steps`, whose place `this` guards.
fn step<T: Lockable<State = Place>>(
    cx: &Context,
    this: &Ref<T>,
    steps: &Steps,
    mode: Mode,
) -> PyResult<Option<Ref<Match>>> {
    loop {
        let place = this.locked(|place| *place);
        if place.is_over {
            return Ok(None);
        }
        let bounds = Bounds {
            start: place.start,
            end: steps.bounds.end,
        };
        let found = search::once(
            cx,
            &steps.pattern,
            &steps.subject,
            bounds,
            place.must_advance,
            mode,
        )?;
        let next = match found.as_ref().and_then(|found| found.spans[0]) {
            Some((start, end)) => Place {
                start: end,
                must_advance: start == end,
                is_over: false,
            },
            None => Place {
                is_over: true,
                ..place
            },
        };
        let taken = this.locked(|current| {
            let taken = *current == place;
            if taken {
                *current = next;
            }
            taken
        });
        if taken {
            return match found {
                Some(found) => {
                    Match::make(cx, &steps.pattern, &steps.string, steps.bounds, found).map(Some)
                }
                None => Ok(None),
            };
        }
    }
}

macro_rules! stepping {
    ($ty:ident) => {
        impl Lockable for $ty {
            type State = Place;
            fn guarded(&self) -> &Guarded<Place> {
                &self.0.place
            }
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                self.0.traverse(visit);
            }
        }

        impl $ty {
            pub(super) fn make(
                cx: &Context,
                pattern: &Ref<Pattern>,
                string: &Value,
                start: isize,
                end: isize,
            ) -> PyResult<Ref<$ty>> {
                object::new(cx, $ty(Steps::new(cx, pattern, string, start, end)?))
            }
        }
    };
}

/// The payload of what `finditer` returns.
#[pyclass(name = "callable_iterator", flags(DISALLOW_INSTANTIATION))]
pub struct MatchIterator(Steps);

stepping!(MatchIterator);

#[pymethods]
impl MatchIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<MatchIterator>) -> PyResult<Option<Value>> {
        Ok(step(cx, this, &this.0, Mode::Search)?.map(Ref::into_value))
    }
}

/// The payload of a scanner.
#[pyclass(name = "SRE_Scanner", module = "_sre", flags(DISALLOW_INSTANTIATION))]
pub struct Scanner(Steps);

stepping!(Scanner);

#[pymethods]
impl Scanner {
    #[method("match(self, /)")]
    fn match_(cx: &Context, this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        step(cx, this, &this.0, Mode::Match)
    }

    #[method("search(self, /)")]
    fn search(cx: &Context, this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        step(cx, this, &this.0, Mode::Search)
    }

    #[getter]
    fn pattern(_cx: &Context, this: &Ref<Scanner>) -> PyResult<Ref<Pattern>> {
        Ok(this.0.pattern.clone())
    }
}
