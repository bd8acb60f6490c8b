//! `re.Pattern`: a compiled regular expression. Immutable.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::IntoValue;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::mappingproxy::MappingProxy;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{compare, hash, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::engine::Program;
use super::match_object::Match;
use super::replace;
use super::scanner::{MatchIterator, Scanner};
use super::search::{self, Bounds, Mode};
use super::subject::Subject;

/// Flags as `re` numbers them, with their names.
const FLAGS: [(i32, &str); 8] = [
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (UNICODE, "re.UNICODE"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];
const UNICODE: i32 = 32;
const LOCALE_UNICODE_OR_ASCII: i32 = 4 | UNICODE | 256;

/// The payload of `re.Pattern`.
#[pyclass(
    name = "Pattern",
    module = "re",
    flags(DISALLOW_INSTANTIATION, HAS_WEAKREF),
    doc = "Compiled regular expression object."
)]
pub struct Pattern {
    /// What it was compiled from: a string, bytes, or None.
    source: Value,
    /// Whether it is for bytes; `None` for both.
    is_bytes: Option<bool>,
    flags: i32,
    /// What `re` made of it.
    codes: Box<[u32]>,
    program: Program,
    groups: usize,
    group_index: Ref<Dict>,
    index_group: Ref<Tuple>,
}

impl Traverse for Pattern {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.source);
        visit(self.group_index.as_value());
        visit(self.index_group.as_value());
    }
}

impl Pattern {
    /// A pattern with these codes, and the program that they were translated to.
    ///
    /// # Errors
    /// TypeError when the source is neither string nor bytes.
    pub(super) fn make(
        cx: &Context,
        source: &Value,
        flags: i32,
        (codes, program): (Vec<u32>, Program),
        group_index: &Ref<Dict>,
        index_group: &Ref<Tuple>,
    ) -> PyResult<Ref<Pattern>> {
        let is_bytes = if source.is_none() {
            None
        } else {
            Some(Subject::of(cx, source, None)?.is_bytes())
        };
        let payload = Pattern {
            source: source.clone(),
            is_bytes,
            flags,
            codes: codes.into(),
            groups: program.groups(),
            program,
            group_index: group_index.clone(),
            index_group: index_group.clone(),
        };
        object::new(cx, payload)
    }

    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    pub(super) fn group_count(&self) -> usize {
        self.groups
    }

    /// Names of groups: their numbers.
    pub(super) fn group_names(&self) -> &Ref<Dict> {
        &self.group_index
    }

    /// The name of group `number`.
    pub(super) fn group_name(&self, number: usize) -> Option<&Value> {
        self.index_group.as_slice().get(number)
    }

    /// `value` as something to match against.
    ///
    /// # Errors
    /// TypeError when it is not for this pattern.
    pub(super) fn subject(&self, cx: &Context, value: &Value) -> PyResult<Subject> {
        Subject::of(cx, value, self.is_bytes)
    }
}

fn match_once(
    cx: &Context,
    this: &Ref<Pattern>,
    string: &Value,
    start: isize,
    end: isize,
    mode: Mode,
) -> PyResult<Option<Ref<Match>>> {
    let subject = this.subject(cx, string)?;
    let bounds = Bounds::new(&subject, start, end);
    match search::once(cx, this, &subject, bounds, false, mode)? {
        Some(found) => Match::make(cx, this, string, bounds, found).map(Some),
        None => Ok(None),
    }
}

#[pymethods]
impl Pattern {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Pattern>) -> PyResult<Value> {
        let mut left = this.flags;
        if this.is_bytes == Some(false) && left & LOCALE_UNICODE_OR_ASCII == UNICODE {
            left &= !UNICODE;
        }
        let mut names = Vec::new();
        for (flag, name) in FLAGS {
            if left & flag != 0 {
                names.push(name.to_owned());
                left &= !flag;
            }
        }
        if left != 0 {
            names.push(format!("{left:#x}"));
        }
        let source = text::repr(cx, &this.source)?;
        let shown: String = source.to_lossy().chars().take(200).collect();
        if names.is_empty() {
            return format!("re.compile({shown})").into_value(cx);
        }
        format!("re.compile({shown}, {})", names.join("|")).into_value(cx)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Pattern>) -> PyResult<i64> {
        let codes: Vec<u8> = this
            .codes
            .iter()
            .flat_map(|code| code.to_ne_bytes())
            .collect();
        let kind = i64::from(this.flags) ^ this.is_bytes.map_or(-1, i64::from) ^ this.groups as i64;
        let hash = hash::hash_bytes(&codes) ^ hash::hash(cx, &this.source)? ^ kind;
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Pattern>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<Pattern>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = this.is(other)
            || this.flags == other.flags
                && this.is_bytes == other.is_bytes
                && this.codes == other.codes
                && compare::equal(cx, &this.source, &other.source)?;
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    /// The pattern string from which the RE object was compiled.
    #[getter]
    fn pattern(_cx: &Context, this: &Ref<Pattern>) -> PyResult<Value> {
        Ok(this.source.clone())
    }

    /// The regex matching flags.
    #[getter]
    fn flags(_cx: &Context, this: &Ref<Pattern>) -> PyResult<i32> {
        Ok(this.flags)
    }

    /// The number of capturing groups in the pattern.
    #[getter]
    fn groups(_cx: &Context, this: &Ref<Pattern>) -> PyResult<usize> {
        Ok(this.groups)
    }

    /// A dictionary mapping group names to group numbers.
    #[getter]
    fn groupindex(cx: &Context, this: &Ref<Pattern>) -> PyResult<Ref<MappingProxy>> {
        MappingProxy::new(cx, this.group_index.to_value())
    }

    /// Matches zero or more characters at the beginning of the string.
    #[method("match(self, string, pos=0, endpos=9223372036854775807)")]
    fn match_(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Option<Ref<Match>>> {
        match_once(cx, this, string, pos, endpos, Mode::Match)
    }

    /// Matches against all of the string.
    #[method("fullmatch(self, string, pos=0, endpos=9223372036854775807)")]
    fn fullmatch(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Option<Ref<Match>>> {
        match_once(cx, this, string, pos, endpos, Mode::Full)
    }

    /// Scan through string looking for a match, and return a corresponding match object instance.
    ///
    /// Return None if no position in the string matches.
    #[method("search(self, string, pos=0, endpos=9223372036854775807)")]
    fn search(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Option<Ref<Match>>> {
        match_once(cx, this, string, pos, endpos, Mode::Search)
    }

    /// Return a list of all non-overlapping matches of pattern in string.
    #[method("findall(self, string, pos=0, endpos=9223372036854775807)")]
    fn findall(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Ref<List>> {
        replace::find_all(cx, this, string, pos, endpos)
    }

    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    ///
    /// For each match, the iterator returns a match object.
    #[method("finditer(self, string, pos=0, endpos=9223372036854775807)")]
    fn finditer(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Ref<MatchIterator>> {
        MatchIterator::make(cx, this, string, pos, endpos)
    }

    #[method("scanner(self, string, pos=0, endpos=9223372036854775807)")]
    fn scanner(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Ref<Scanner>> {
        Scanner::make(cx, this, string, pos, endpos)
    }

    /// Split string by the occurrences of pattern.
    #[method("split(self, string, maxsplit=0)")]
    fn split(
        cx: &Context,
        this: &Ref<Pattern>,
        string: &Value,
        maxsplit: isize,
    ) -> PyResult<Ref<List>> {
        replace::split(cx, this, string, maxsplit)
    }

    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[method("sub(self, repl, string, count=0)")]
    fn sub(
        cx: &Context,
        this: &Ref<Pattern>,
        repl: &Value,
        string: &Value,
        count: isize,
    ) -> PyResult<Value> {
        replace::substitute(cx, this, repl, string, count).map(|(result, _)| result)
    }

    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[method("subn(self, repl, string, count=0)")]
    fn subn(
        cx: &Context,
        this: &Ref<Pattern>,
        repl: &Value,
        string: &Value,
        count: isize,
    ) -> PyResult<Ref<Tuple>> {
        let (result, replaced) = replace::substitute(cx, this, repl, string, count)?;
        Tuple::from_values(cx, &[result, replaced.into_value(cx)?])
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
