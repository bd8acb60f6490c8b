//! Exception groups and what `except*` does with them (PEP 654).

use std::sync::atomic::Ordering;

use typhon_macros::{pyclass, pymethods};

use super::BaseException;
use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::list::List;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, iterate, text};
use crate::value::Value;

/// The payload of `BaseExceptionGroup`.
#[pyclass(name = "BaseExceptionGroup", base = BaseException, flags(BASETYPE), doc = "A combination of multiple unrelated exceptions.")]
#[repr(C)]
pub struct BaseExceptionGroup {
    pub base: BaseException,
    /// A str.
    pub message: Field,
    /// A tuple of exceptions.
    pub exceptions: Field,
    /// How a sequence of exceptions that is no list and no tuple showed itself when the group was made.
    shown: Field,
}

impl Traverse for BaseExceptionGroup {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        self.message.traverse(visit);
        self.exceptions.traverse(visit);
    }
}

/// Which exceptions of a group are meant.
enum Matcher<'a> {
    /// Instances of a class or one of a tuple of classes.
    Class(&'a Value),
    /// Those that a function says.
    Predicate(&'a Value),
    /// These very objects.
    Identities(&'a [u64]),
}

impl<'a> Matcher<'a> {
    fn of(cx: &Context, condition: &'a Value) -> PyResult<Matcher<'a>> {
        if super::as_exception_class(condition).is_some() {
            return Ok(Matcher::Class(condition));
        }
        if let Some(classes) = condition.downcast::<Tuple>()
            && classes
                .as_slice()
                .iter()
                .all(|class| super::as_exception_class(class).is_some())
        {
            return Ok(Matcher::Class(condition));
        }
        if condition.class().slots.call.get().is_some() && condition.downcast::<Type>().is_none() {
            return Ok(Matcher::Predicate(condition));
        }
        Err(cx.type_error(
            "expected an exception type, a tuple of exception types, or a callable (other than a class)",
        ))
    }

    fn accepts(&self, cx: &Context, exception: &Value) -> PyResult<bool> {
        match self {
            Matcher::Class(classes) => Ok(super::matches(exception, classes)),
            Matcher::Predicate(predicate) => {
                call::call(cx, predicate, std::slice::from_ref(exception))?.truth(cx)
            }
            Matcher::Identities(wanted) => {
                Ok(as_group(exception).is_none() && wanted.contains(&exception.bits()))
            }
        }
    }
}

fn as_group(exception: &Value) -> Option<&Ref<BaseExceptionGroup>> {
    exception.downcast::<BaseExceptionGroup>()
}

impl BaseExceptionGroup {
    fn members(&self) -> Ref<Tuple> {
        self.exceptions
            .get_as::<Tuple>()
            .unwrap_or_else(Tuple::empty)
    }
}

#[pymethods]
impl BaseExceptionGroup {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [message, exceptions] = args.positional() else {
            return Err(cx.type_error(format!(
                "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)",
                args.positional().len()
            )));
        };
        if message.downcast::<Str>().is_none() {
            return Err(cx.type_error(format!(
                "BaseExceptionGroup.__new__() argument 1 must be str, not {}",
                message.type_name_for_argument()
            )));
        }
        let slots = &exceptions.class().slots;
        let is_sequence = (slots.item.get().is_some() || slots.subscript.get().is_some())
            && exceptions
                .downcast::<crate::objects::dict::Dict>()
                .is_none();
        if !is_sequence {
            return Err(cx.type_error("second argument (exceptions) must be a sequence"));
        }
        let members = iterate::collect(cx, exceptions)?;
        if members.is_empty() {
            return Err(cx.value_error("second argument (exceptions) must be a non-empty sequence"));
        }
        let mut only_plain = true;
        for (index, member) in members.iter().enumerate() {
            if member.downcast::<BaseException>().is_none() {
                return Err(cx.value_error(format!(
                    "Item {index} of second argument (exceptions) is not an exception"
                )));
            }
            only_plain &= member.class().is_subclass(super::exception());
        }
        let mut class = class.clone();
        if class.is(super::exception_group()) {
            if !only_plain {
                return Err(cx.type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
            }
        } else if class.is(super::base_exception_group()) {
            if only_plain {
                class = super::exception_group().clone();
            }
        } else if !only_plain && class.is_subclass(super::exception()) {
            return Err(cx.type_error(format!(
                "Cannot nest BaseExceptions in '{}'",
                class.short_name()
            )));
        }
        // A sequence of a class of its own is shown as it is now, whatever becomes of it.
        let is_plain = iterate::is_plain_sequence(exceptions);
        let shown = (!is_plain)
            .then(|| text::repr(cx, exceptions).map(Ref::into_value))
            .transpose()?;
        let payload = BaseExceptionGroup {
            base: BaseException::with_args(cx, args.positional())?,
            message: Field::new(message.clone()),
            exceptions: Field::new(Tuple::from_vec(cx, members)?.into_value()),
            shown: Field::from_option(shown),
        };
        object::new_of_class(cx, &class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        BaseException::initialize(cx, this, args)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<BaseExceptionGroup>) -> PyResult<Value> {
        let message = text::str(cx, &this.message.get().unwrap_or(Value::NONE))?;
        let count = this.members().len();
        let plural = if count == 1 { "" } else { "s" };
        Str::from_str(cx, &format!("{} ({count} sub-exception{plural})", *message))
            .map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<BaseExceptionGroup>) -> PyResult<Value> {
        let name = this.as_value().type_name();
        let message = text::repr_text(cx, &this.message.get().unwrap_or(Value::NONE))?;
        if let Some(shown) = this.shown.get_as::<Str>() {
            return Str::from_str(cx, &format!("{name}({message}, {})", *shown))
                .map(Ref::into_value);
        }
        let given_list = this
            .base
            .arguments()
            .as_slice()
            .get(1)
            .is_some_and(|given| given.downcast::<List>().is_some());
        let members = this.members();
        let members = if given_list {
            text::repr_text(cx, List::from_values(cx, members.to_vec())?.as_value())?
        } else {
            text::repr_text(cx, members.as_value())?
        };
        Str::from_str(cx, &format!("{name}({message}, {members})")).map(Ref::into_value)
    }

    #[getter]
    fn message(_cx: &Context, this: &Ref<BaseExceptionGroup>) -> PyResult<Option<Value>> {
        Ok(this.message.get())
    }

    #[getter]
    fn exceptions(_cx: &Context, this: &Ref<BaseExceptionGroup>) -> PyResult<Ref<Tuple>> {
        Ok(this.members())
    }

    /// Return a group of the same message with other exceptions.
    #[method("derive(self, excs, /)")]
    fn derive(cx: &Context, this: &Ref<BaseExceptionGroup>, excs: &Value) -> PyResult<Value> {
        let message = this.message.get().unwrap_or(Value::NONE);
        call::call(
            cx,
            super::base_exception_group().as_value(),
            &[message, excs.clone()],
        )
    }

    /// Return the part of the group that matches and the rest, each a group or None.
    #[method("split(self, matcher_value, /)")]
    fn split(cx: &Context, this: &Value, matcher_value: &Value) -> PyResult<Ref<Tuple>> {
        let matcher = Matcher::of(cx, matcher_value)?;
        let (matched, rest) = split_recursive(cx, this, &matcher, true)?;
        Tuple::from_vec(
            cx,
            vec![matched.unwrap_or(Value::NONE), rest.unwrap_or(Value::NONE)],
        )
    }

    /// Return the part of the group that matches, or None.
    #[method("subgroup(self, matcher_value, /)")]
    fn subgroup(cx: &Context, this: &Value, matcher_value: &Value) -> PyResult<Option<Value>> {
        let matcher = Matcher::of(cx, matcher_value)?;
        Ok(split_recursive(cx, this, &matcher, false)?.0)
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

type Parts = (Option<Value>, Option<Value>);

fn split_recursive(
    cx: &Context,
    exception: &Value,
    matcher: &Matcher<'_>,
    want_rest: bool,
) -> PyResult<Parts> {
    if matcher.accepts(cx, exception)? {
        return Ok((Some(exception.clone()), None));
    }
    let Some(group) = as_group(exception) else {
        return Ok((None, want_rest.then(|| exception.clone())));
    };
    let mut matched = Vec::new();
    let mut rest = Vec::new();
    for member in group.members().as_slice() {
        let (yes, no) = cx.nested(" in exceptiongroup_split_recursive", || {
            split_recursive(cx, member, matcher, want_rest)
        })?;
        matched.extend(yes);
        rest.extend(no);
    }
    let matched = subset(cx, group, matched)?;
    let rest = if want_rest {
        subset(cx, group, rest)?
    } else {
        None
    };
    Ok((matched, rest))
}

/// A group like `original` of only these exceptions: with its traceback, cause, context and notes.
fn subset(
    cx: &Context,
    original: &Ref<BaseExceptionGroup>,
    members: Vec<Value>,
) -> PyResult<Option<Value>> {
    if members.is_empty() {
        return Ok(None);
    }
    let members = List::from_values(cx, members)?.into_value();
    let derived = call::call_method(
        cx,
        original.as_value(),
        Name::intern(cx, "derive")?,
        &[members],
    )?;
    let Some(group) = as_group(&derived) else {
        return Err(cx.type_error("derive must return an instance of BaseExceptionGroup"));
    };
    group.base.traceback.set(original.base.traceback.get());
    group.base.context.set(original.base.context.get());
    group.base.cause.set(original.base.cause.get());
    group.base.suppress_context.store(
        original.base.suppress_context.load(Ordering::Relaxed),
        Ordering::Relaxed,
    );
    if let Some(notes) = attribute::find(cx, original.as_value(), names::dunder_notes())?
        && (notes.downcast::<List>().is_some() || notes.downcast::<Tuple>().is_some())
    {
        let copy = List::from_values(cx, iterate::collect(cx, &notes)?)?;
        attribute::set(cx, &derived, names::dunder_notes(), copy.as_value())?;
    }
    Ok(Some(derived))
}

/// Checks the expression of an `except*` clause.
///
/// # Errors
/// TypeError when it holds something else than classes of exceptions, or classes of groups.
pub fn check_exception_star_type(cx: &Context, expected: &Value) -> PyResult<()> {
    super::check_exception_type(cx, expected)?;
    let is_group = |class: &Value| {
        class
            .downcast::<Type>()
            .is_some_and(|class| class.is_subclass(super::base_exception_group()))
    };
    let bad = match expected.downcast::<Tuple>() {
        Some(classes) => classes.as_slice().iter().any(is_group),
        None => is_group(expected),
    };
    if bad {
        return Err(cx.type_error(
            "catching ExceptionGroup with except* is not allowed. Use except instead.",
        ));
    }
    Ok(())
}

/// What an `except*` clause for `expected` catches of `exception`, and the rest; each may be None.
/// An exception that is no group is caught wrapped in one.
///
/// # Errors
/// What `split` raises.
pub fn exception_group_match(
    cx: &Context,
    exception: &Value,
    expected: &Value,
) -> PyResult<(Value, Value)> {
    if exception.is_none() {
        return Ok((Value::NONE, Value::NONE));
    }
    if super::matches(exception, expected) {
        if as_group(exception).is_some() {
            return Ok((exception.clone(), Value::NONE));
        }
        let wrapped = make_group(cx, vec![exception.clone()])?;
        if let (Some(wrapper), Some(inner)) =
            (as_group(&wrapped), exception.downcast::<BaseException>())
        {
            wrapper.base.traceback.set(inner.traceback.get());
        }
        return Ok((wrapped, Value::NONE));
    }
    if as_group(exception).is_none() {
        return Ok((Value::NONE, exception.clone()));
    }
    let pair = call::call_method(
        cx,
        exception,
        Name::intern(cx, "split")?,
        std::slice::from_ref(expected),
    )?;
    let Some(parts) = pair.downcast::<Tuple>() else {
        return Err(cx.type_error(format!(
            "{}.split must return a tuple, not {}",
            exception.type_name(),
            pair.type_name()
        )));
    };
    match parts.as_slice() {
        [matched, rest, ..] => Ok((matched.clone(), rest.clone())),
        parts => Err(cx.type_error(format!(
            "{}.split must return a 2-tuple, got tuple of size {}",
            exception.type_name(),
            parts.len()
        ))),
    }
}

fn make_group(cx: &Context, members: Vec<Value>) -> PyResult<Value> {
    let members = List::from_values(cx, members)?.into_value();
    // Of plain exceptions only this makes an ExceptionGroup.
    call::call(
        cx,
        super::base_exception_group().as_value(),
        &[Str::empty().into_value(), members],
    )
}

/// What is raised after all `except*` clauses of a statement have run. `original` is what the
/// statement caught, `raised` a list of what the clauses raised or left over (None: nothing).
///
/// # Errors
/// What making the group raises.
pub fn prep_reraise_star(cx: &Context, original: &Value, raised: &Value) -> PyResult<Value> {
    let raised = iterate::collect(cx, raised)?;
    if raised.is_empty() {
        return Ok(Value::NONE);
    }
    if as_group(original).is_none() {
        // It was wrapped when it was caught, by the only clause that ran.
        return Ok(raised[0].clone());
    }
    let mut fresh = Vec::new();
    let mut leaves = Vec::new();
    for exception in raised.iter().filter(|exception| !exception.is_none()) {
        if same_origin(cx, exception, original)? {
            collect_leaves(exception, &mut leaves);
        } else {
            fresh.push(exception.clone());
        }
    }
    let reraised = if leaves.is_empty() {
        None
    } else {
        split_recursive(cx, original, &Matcher::Identities(&leaves), false)?.0
    };
    if fresh.is_empty() {
        return Ok(reraised.unwrap_or(Value::NONE));
    }
    fresh.extend(reraised);
    if fresh.len() == 1 {
        return Ok(fresh.remove(0));
    }
    make_group(cx, fresh)
}

/// Whether `exception` is a part of the group `original` that was raised on: `split` leaves notes,
/// traceback, cause and context as they were.
fn same_origin(cx: &Context, exception: &Value, original: &Value) -> PyResult<bool> {
    let (Some(left), Some(right)) = (
        exception.downcast::<BaseException>(),
        original.downcast::<BaseException>(),
    ) else {
        return Ok(false);
    };
    let same_fields = left.traceback.peek_bits() == right.traceback.peek_bits()
        && left.cause.peek_bits() == right.cause.peek_bits()
        && left.context.peek_bits() == right.context.peek_bits();
    if !same_fields {
        return Ok(false);
    }
    let notes = |exception: &Value| -> PyResult<Vec<u64>> {
        match attribute::find(cx, exception, names::dunder_notes())? {
            Some(notes) if notes.downcast::<List>().is_some() => Ok(iterate::collect(cx, &notes)?
                .iter()
                .map(Value::bits)
                .collect()),
            _ => Ok(Vec::new()),
        }
    };
    Ok(notes(exception)? == notes(original)?)
}

fn collect_leaves(exception: &Value, leaves: &mut Vec<u64>) {
    match as_group(exception) {
        Some(group) => group
            .members()
            .as_slice()
            .iter()
            .for_each(|member| collect_leaves(member, leaves)),
        None => leaves.push(exception.bits()),
    }
}
