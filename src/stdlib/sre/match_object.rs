//! `re.Match`: where a pattern has matched. Immutable.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::IntoValue;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::pattern::Pattern;
use super::search::{Bounds, Found, Span};
use super::subject::Subject;
use super::template::{self, Replacement};

/// The payload of `re.Match`.
#[pyclass(
    name = "Match",
    module = "re",
    flags(DISALLOW_INSTANTIATION),
    doc = "The result of re.match() and re.search().\nMatch objects always have a boolean value of True."
)]
pub struct Match {
    pattern: Ref<Pattern>,
    string: Value,
    bounds: Bounds,
    found: Found,
}

impl Traverse for Match {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.pattern.as_value());
        visit(&self.string);
    }
}

impl Match {
    pub(super) fn make(
        cx: &Context,
        pattern: &Ref<Pattern>,
        string: &Value,
        bounds: Bounds,
        found: Found,
    ) -> PyResult<Ref<Match>> {
        object::new(
            cx,
            Match {
                pattern: pattern.clone(),
                string: string.clone(),
                bounds,
                found,
            },
        )
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.found.spans
    }

    fn subject(&self, cx: &Context) -> PyResult<Subject> {
        Subject::of(cx, &self.string, None)
    }

    /// What group `number` has matched.
    fn text(&self, cx: &Context, subject: &Subject, number: usize) -> PyResult<Option<Value>> {
        match self.found.spans[number] {
            Some((start, end)) => subject.slice(cx, start, end).map(Some),
            None => Ok(None),
        }
    }

    /// The number of the group that `key` names or numbers.
    fn number(&self, cx: &Context, key: &Value) -> PyResult<usize> {
        let number = if int::is_int(key) || key.class().slots.index.get().is_some() {
            Some(int::index_as_i128(cx, key)?)
        } else {
            let named = match self.pattern.group_names().get_item(cx, key) {
                Ok(named) => named,
                Err(raised) => {
                    // What cannot be hashed names no group.
                    if !cx.exception_matches(exceptions::type_error()) {
                        return Err(raised);
                    }
                    cx.clear_exception();
                    None
                }
            };
            named.as_ref().and_then(int::as_small).map(i128::from)
        };
        number
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| *number < self.found.spans.len())
            .ok_or_else(|| no_such_group(cx))
    }

    /// The span of the group that `key` names, of the whole without a key.
    fn span_of(&self, cx: &Context, key: Option<&Value>) -> PyResult<Span> {
        let number = key.map_or(Ok(0), |key| self.number(cx, key))?;
        Ok(self.found.spans[number])
    }
}

#[cold]
fn no_such_group(cx: &Context) -> Raised {
    cx.index_error("no such group")
}

fn pair(cx: &Context, span: Span) -> PyResult<Ref<Tuple>> {
    let (start, end) = span.map_or((-1, -1), |(start, end)| (start as i64, end as i64));
    Tuple::from_values(cx, &[int::from_i64(cx, start)?, int::from_i64(cx, end)?])
}

#[pymethods]
impl Match {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Match>) -> PyResult<Value> {
        let (start, end) = this.found.spans[0].unwrap_or_default();
        let matched = this.text(cx, &this.subject(cx)?, 0)?.unwrap_or(Value::NONE);
        let matched: String = text::repr(cx, &matched)?
            .to_lossy()
            .chars()
            .take(50)
            .collect();
        let class = this.class_of().full_name(cx);
        format!("<{class} object; span=({start}, {end}), match={matched}>").into_value(cx)
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Match>, key: &Value) -> PyResult<Value> {
        let number = this.number(cx, key)?;
        Ok(this
            .text(cx, &this.subject(cx)?, number)?
            .unwrap_or(Value::NONE))
    }

    /// group([group1, ...]) -> str or tuple.
    ///     Return subgroup(s) of the match by indices or names.
    ///     For 0 returns the entire match.
    #[method("group(self, /, *groups)")]
    fn group(cx: &Context, this: &Ref<Match>, keys: &[Value]) -> PyResult<Value> {
        let subject = this.subject(cx)?;
        let one = |key: &Value| {
            let number = this.number(cx, key)?;
            Ok(this.text(cx, &subject, number)?.unwrap_or(Value::NONE))
        };
        match keys {
            [] => Ok(this.text(cx, &subject, 0)?.unwrap_or(Value::NONE)),
            [only] => one(only),
            several => {
                let texts = several.iter().map(one).collect::<PyResult<Vec<Value>>>()?;
                Tuple::from_vec(cx, texts).map(Ref::into_value)
            }
        }
    }

    /// Return a tuple containing all the subgroups of the match, from 1.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[method("groups(self, default=None)")]
    fn groups(cx: &Context, this: &Ref<Match>, default: Option<&Value>) -> PyResult<Ref<Tuple>> {
        let subject = this.subject(cx)?;
        let default = default.cloned().unwrap_or(Value::NONE);
        let texts = (1..this.found.spans.len())
            .map(|number| {
                Ok(this
                    .text(cx, &subject, number)?
                    .unwrap_or_else(|| default.clone()))
            })
            .collect::<PyResult<Vec<Value>>>()?;
        Tuple::from_vec(cx, texts)
    }

    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[method("groupdict(self, default=None)")]
    fn groupdict(cx: &Context, this: &Ref<Match>, default: Option<&Value>) -> PyResult<Ref<Dict>> {
        let subject = this.subject(cx)?;
        let default = default.cloned().unwrap_or(Value::NONE);
        let groups = Dict::new(cx)?;
        for (name, number) in this.pattern.group_names().items_snapshot(cx)? {
            let number = this.number(cx, &number)?;
            let matched = this
                .text(cx, &subject, number)?
                .unwrap_or_else(|| default.clone());
            groups.set_item(cx, &name, matched)?;
        }
        Ok(groups)
    }

    /// Return index of the start of the substring matched by group.
    #[method("start(self, group=0, /)")]
    fn start(cx: &Context, this: &Ref<Match>, group: Option<&Value>) -> PyResult<i64> {
        Ok(this
            .span_of(cx, group)?
            .map_or(-1, |(start, _)| start as i64))
    }

    /// Return index of the end of the substring matched by group.
    #[method("end(self, group=0, /)")]
    fn end(cx: &Context, this: &Ref<Match>, group: Option<&Value>) -> PyResult<i64> {
        Ok(this.span_of(cx, group)?.map_or(-1, |(_, end)| end as i64))
    }

    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[method("span(self, group=0, /)")]
    fn span(cx: &Context, this: &Ref<Match>, group: Option<&Value>) -> PyResult<Ref<Tuple>> {
        pair(cx, this.span_of(cx, group)?)
    }

    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[method("expand(self, template)")]
    fn expand(cx: &Context, this: &Ref<Match>, template: &Value) -> PyResult<Value> {
        let subject = this.subject(cx)?;
        match template::compile(cx, &this.pattern, template)? {
            Replacement::Literal(literal) => Ok(literal),
            Replacement::Template(template) => template.expand(cx, &subject, this.spans()),
        }
    }

    #[getter]
    fn regs(cx: &Context, this: &Ref<Match>) -> PyResult<Ref<Tuple>> {
        let pairs = this
            .found
            .spans
            .iter()
            .map(|span| pair(cx, *span).map(Ref::into_value));
        Tuple::from_vec(cx, pairs.collect::<PyResult<Vec<Value>>>()?)
    }

    /// The integer index of the last matched capturing group.
    #[getter]
    fn lastindex(_cx: &Context, this: &Ref<Match>) -> PyResult<Option<usize>> {
        Ok(this.found.last_index)
    }

    /// The name of the last matched capturing group.
    #[getter]
    fn lastgroup(_cx: &Context, this: &Ref<Match>) -> PyResult<Option<Value>> {
        Ok(this
            .found
            .last_index
            .and_then(|index| this.pattern.group_name(index))
            .cloned())
    }

    /// The string passed to match() or search().
    #[getter]
    fn string(_cx: &Context, this: &Ref<Match>) -> PyResult<Value> {
        Ok(this.string.clone())
    }

    /// The regular expression object.
    #[getter]
    fn re(_cx: &Context, this: &Ref<Match>) -> PyResult<Ref<Pattern>> {
        Ok(this.pattern.clone())
    }

    /// The index into the string at which the RE engine started looking for a match.
    #[getter]
    fn pos(_cx: &Context, this: &Ref<Match>) -> PyResult<usize> {
        Ok(this.bounds.start)
    }

    /// The index into the string beyond which the RE engine will not go.
    #[getter]
    fn endpos(_cx: &Context, this: &Ref<Match>) -> PyResult<usize> {
        Ok(this.bounds.end)
    }

    #[method("__copy__(self, /)")]
    fn copy(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[method("__deepcopy__(self, memo, /)")]
    fn deepcopy(_cx: &Context, this: &Value, _memo: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}
