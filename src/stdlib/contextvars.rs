//! `_contextvars`: variables that each context has for itself (PEP 567).
//!
//! ```text
//!   thread ─variables─▶ Context ─bindings─▶ Bindings: (variable, value), sorted by the variable's address
//!                       Context ────────────┘            immutable, so that copies of a context share it
//! ```
//! Setting a variable makes new bindings. Only the thread that has entered a context does that.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, compare, hash, iterate, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use crate::arguments::{bind, given, signature};

/// Context Variables
#[pymodule(
    name = "_contextvars",
    functions(copy_context),
    classes(Variables, ContextVar, Token)
)]
fn initialize(cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    class_of::<Bindings>(cx)?;
    let missing = object::new_of_class(cx, class_of::<Missing>(cx)?, Missing)?.into_value();
    let missing = MISSING.get_or_init(|| missing);
    let name = Name::intern(cx, "MISSING")?;
    class_of::<Token>(cx)?
        .dict
        .set_name(cx, name, missing.clone())
}

static MISSING: OnceLock<Value> = OnceLock::new();

/// The payload of `Token.MISSING`.
#[pyclass(name = "Token.MISSING", flags(DISALLOW_INSTANTIATION), plain)]
struct Missing;

#[pymethods]
impl Missing {
    #[slot(repr)]
    fn repr(cx: &Context, _this: &Value) -> PyResult<Value> {
        "<Token.MISSING>".into_value(cx)
    }
}

/// The payload of the bindings of contexts. See the module's header.
#[pyclass(name = "hamt", flags(DISALLOW_INSTANTIATION))]
struct Bindings(Box<[(Ref<ContextVar>, Value)]>);

impl Traverse for Bindings {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for (variable, value) in &self.0 {
            visit(variable.as_value());
            visit(value);
        }
    }
}

#[pymethods]
impl Bindings {}

impl Bindings {
    fn position(&self, variable: &Ref<ContextVar>) -> Result<usize, usize> {
        let address = variable.as_value().bits();
        self.0
            .binary_search_by_key(&address, |(variable, _)| variable.as_value().bits())
    }

    fn get(&self, variable: &Ref<ContextVar>) -> Option<&Value> {
        self.position(variable).ok().map(|at| &self.0[at].1)
    }

    /// The same bindings, but for one variable: `None` removes it.
    fn with(&self, variable: &Ref<ContextVar>, value: Option<Value>) -> Bindings {
        let (before, after) = match self.position(variable) {
            Ok(at) => (&self.0[..at], &self.0[at + 1..]),
            Err(at) => self.0.split_at(at),
        };
        let own = value.map(|value| (variable.clone(), value));
        Bindings(
            before
                .iter()
                .cloned()
                .chain(own)
                .chain(after.iter().cloned())
                .collect(),
        )
    }
}

/// The payload of `Context`.
#[pyclass(name = "Context", module = "_contextvars", flags(HAS_WEAKREF))]
struct Variables {
    /// `Bindings`.
    bindings: Field,
    /// Whether a thread runs in it.
    entered: AtomicBool,
}

impl Traverse for Variables {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.bindings.traverse(visit);
    }
}

impl Variables {
    fn make(cx: &Context, bindings: Ref<Bindings>) -> PyResult<Ref<Variables>> {
        let bindings = Field::new(bindings.into_value());
        object::new(
            cx,
            Variables {
                bindings,
                entered: AtomicBool::new(false),
            },
        )
    }

    fn empty(cx: &Context) -> PyResult<Ref<Variables>> {
        Variables::make(cx, object::new(cx, Bindings(Box::new([])))?)
    }

    /// The context of the thread, if it has one.
    fn current(cx: &Context) -> Option<Ref<Variables>> {
        cx.variables.get_as()
    }

    /// The context of the thread, made now if it has none.
    fn current_or_new(cx: &Context) -> PyResult<Ref<Variables>> {
        if let Some(current) = Variables::current(cx) {
            return Ok(current);
        }
        let made = Variables::empty(cx)?;
        made.entered.store(true, Ordering::Relaxed);
        cx.variables.set(Some(made.to_value()));
        Ok(made)
    }

    fn bindings(&self) -> Ref<Bindings> {
        self.bindings.get_as().expect("invariant: never emptied")
    }

    fn change(
        &self,
        cx: &Context,
        variable: &Ref<ContextVar>,
        value: Option<Value>,
    ) -> PyResult<()> {
        let changed = object::new(cx, self.bindings().with(variable, value))?;
        self.bindings.set(Some(changed.into_value()));
        Ok(())
    }
}

/// The variable that is asked for.
fn key<'a>(cx: &Context, key: &'a Value) -> PyResult<&'a Ref<ContextVar>> {
    match key.downcast::<ContextVar>() {
        Some(variable) => Ok(variable),
        None => {
            let shown = text::repr(cx, key)?;
            Err(cx.type_error(format!(
                "a ContextVar key was expected, got {}",
                shown.to_lossy()
            )))
        }
    }
}

/// An iterator over values made of the bindings.
fn over(
    cx: &Context,
    this: &Ref<Variables>,
    mut each: impl FnMut(&(Ref<ContextVar>, Value)) -> PyResult<Value>,
) -> PyResult<Value> {
    let values = this
        .bindings()
        .0
        .iter()
        .map(&mut each)
        .collect::<PyResult<Vec<Value>>>()?;
    iterate::iter(cx, List::from_values(cx, values)?.as_value())
}

#[pymethods]
impl Variables {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.is_empty() {
            return Err(cx.type_error("Context() does not accept any arguments"));
        }
        Variables::empty(cx).map(Ref::into_value)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Variables>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<Variables>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let (left, right) = (this.bindings(), other.bindings());
        let mut equal = left.0.len() == right.0.len();
        for (one, other) in left.0.iter().zip(&right.0) {
            equal = equal && one.0.is(&other.0) && compare::equal(cx, &one.1, &other.1)?;
            if !equal {
                break;
            }
        }
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Variables>) -> PyResult<Value> {
        over(cx, this, |(variable, _)| Ok(variable.to_value()))
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Variables>) -> PyResult<usize> {
        Ok(this.bindings().0.len())
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Variables>, item: &Value) -> PyResult<bool> {
        let variable = key(cx, item)?;
        Ok(this.bindings().get(variable).is_some())
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Variables>, item: &Value) -> PyResult<Value> {
        let variable = key(cx, item)?;
        match this.bindings().get(variable) {
            Some(value) => Ok(value.clone()),
            None => Err(cx.key_error(item)),
        }
    }

    /// Return the value for `key` if `key` has the value in the context object.
    ///
    /// If `key` does not exist, return `default`.  If `default` is not
    /// given, return None.
    #[method("get(self, key, default=None, /)")]
    fn get(
        cx: &Context,
        this: &Ref<Variables>,
        item: &Value,
        default: Option<Value>,
    ) -> PyResult<Option<Value>> {
        let variable = key(cx, item)?;
        Ok(this.bindings().get(variable).cloned().or(default))
    }

    /// Return all variables and their values in the context object.
    ///
    /// The result is returned as a list of 2-tuples (variable, value).
    #[method("items(self, /)")]
    fn items(cx: &Context, this: &Ref<Variables>) -> PyResult<Value> {
        over(cx, this, |(variable, value)| {
            Tuple::from_values(cx, &[variable.to_value(), value.clone()]).map(Ref::into_value)
        })
    }

    /// Return a list of all variables in the context object.
    #[method("keys(self, /)")]
    fn keys(cx: &Context, this: &Ref<Variables>) -> PyResult<Value> {
        over(cx, this, |(variable, _)| Ok(variable.to_value()))
    }

    /// Return a list of all variables' values in the context object.
    #[method("values(self, /)")]
    fn values(cx: &Context, this: &Ref<Variables>) -> PyResult<Value> {
        over(cx, this, |(_, value)| Ok(value.clone()))
    }

    /// Return a shallow copy of the context object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Variables>) -> PyResult<Ref<Variables>> {
        Variables::make(cx, this.bindings())
    }

    /// Call *callable* with *args* and *kwargs* in the context.
    #[method("run(self, /, *args, **kwargs)")]
    fn run(
        cx: &Context,
        this: &Ref<Variables>,
        positional: &[Value],
        keywords: Vec<(&Value, &Value)>,
    ) -> PyResult<Value> {
        let Some((callable, positional)) = positional.split_first() else {
            return Err(cx.type_error("run() missing 1 required positional argument"));
        };
        let entered = Entered::enter(cx, this)?;
        let mut values = positional.to_vec();
        let mut names = Vec::with_capacity(keywords.len());
        for (name, value) in keywords {
            names.push(name.clone());
            values.push(value.clone());
        }
        let result = call::call_args(
            cx,
            callable,
            Args {
                values: &values,
                names: &names,
            },
        );
        drop(entered);
        result
    }
}

/// A thread is in a context, until this is dropped.
struct Entered<'a> {
    cx: &'a Context,
    variables: &'a Ref<Variables>,
    /// The context that the thread was in before.
    outer: Option<Value>,
}

impl<'a> Entered<'a> {
    fn enter(cx: &'a Context, variables: &'a Ref<Variables>) -> PyResult<Entered<'a>> {
        if variables.entered.swap(true, Ordering::Acquire) {
            let shown = text::repr(cx, variables.as_value())?;
            return Err(cx.runtime_error(format!(
                "cannot enter context: {} is already entered",
                shown.to_lossy()
            )));
        }
        let outer = cx.variables.replace(Some(variables.to_value()));
        Ok(Entered {
            cx,
            variables,
            outer,
        })
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.cx.variables.set(self.outer.take());
        self.variables.entered.store(false, Ordering::Release);
    }
}

/// A copy of the thread's context.
///
/// # Errors
/// MemoryError.
pub(crate) fn copy_of_current(cx: &Context) -> PyResult<Value> {
    copy_context(cx).map(Ref::into_value)
}

/// Does `work` in a context.
///
/// # Errors
/// TypeError when it is no context, RuntimeError when a thread is in it already, and what `work` raises.
pub(crate) fn run_in<R>(
    cx: &Context,
    context: &Value,
    work: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    let Some(variables) = context.downcast::<Variables>() else {
        return Err(cx.type_error("an instance of Context was expected"));
    };
    let entered = Entered::enter(cx, variables)?;
    let result = work();
    drop(entered);
    result
}

/// Return a copy of the current Context.
#[pyfunction("copy_context()")]
fn copy_context(cx: &Context) -> PyResult<Ref<Variables>> {
    let current = Variables::current_or_new(cx)?;
    Variables::make(cx, current.bindings())
}

/// The payload of `ContextVar`.
#[pyclass(name = "ContextVar", module = "_contextvars")]
pub(crate) struct ContextVar {
    name: Ref<Str>,
    default: Option<Value>,
}

impl Traverse for ContextVar {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        self.default.iter().for_each(visit);
    }
}

/// Raises `LookupError(variable)`.
#[cold]
fn unset(cx: &Context, variable: &Ref<ContextVar>) -> Raised {
    cx.raise_with(exceptions::lookup_error(), &[variable.to_value()])
}

impl ContextVar {
    /// A variable of a native module, without default.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn named(cx: &Context, name: &str) -> PyResult<Ref<ContextVar>> {
        class_of::<ContextVar>(cx)?;
        let name = Str::from_str(cx, name)?;
        object::new(
            cx,
            ContextVar {
                name,
                default: None,
            },
        )
    }

    /// Its value in the context of this thread.
    pub(crate) fn value(cx: &Context, this: &Ref<ContextVar>) -> Option<Value> {
        Variables::current(cx)?.bindings().get(this).cloned()
    }

    /// Gives it a value in the context of this thread.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn assign(cx: &Context, this: &Ref<ContextVar>, value: Value) -> PyResult<()> {
        class_of::<Bindings>(cx)?;
        class_of::<Variables>(cx)?;
        let context = Variables::current_or_new(cx)?;
        context.change(cx, this, Some(value))
    }
}

#[pymethods]
impl ContextVar {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if args.positional().len() != 1 {
            return Err(cx.type_error(format!(
                "ContextVar() takes exactly 1 positional argument ({} given)",
                args.positional().len()
            )));
        }
        let [name, default] = bind(
            cx,
            signature!("ContextVar", 0, [name], [default = None]),
            args,
        )?;
        let Some(name) = given(name).downcast::<Str>() else {
            return Err(cx.type_error("context variable name must be a str"));
        };
        hash::hash(cx, name.as_value())?;
        object::new(
            cx,
            ContextVar {
                name: name.clone(),
                default: default.cloned(),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Value) -> PyResult<i64> {
        Ok(hash::hash_pointer(this))
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ContextVar>) -> PyResult<Value> {
        let Some(_guard) = text::ReprGuard::enter(cx, this.as_value()) else {
            return "...".into_value(cx);
        };
        let mut out = StrBuilder::new();
        out.push_text("<ContextVar name=");
        out.push_str(&*text::repr(cx, this.name.as_value())?);
        if let Some(default) = &this.default {
            out.push_text(" default=");
            out.push_str(&*text::repr(cx, default)?);
        }
        out.push_text(&format!(" at {:#x}>", this.as_value().bits()));
        out.finish_value(cx)
    }

    #[getter]
    fn name(_cx: &Context, this: &Ref<ContextVar>) -> PyResult<Ref<Str>> {
        Ok(this.name.clone())
    }

    /// Return a value for the context variable for the current context.
    ///
    /// If there is no value for the variable in the current context, the
    /// method will:
    ///  * return the value of the default argument of the method, if
    ///    provided; or
    ///  * return the default value for the context variable, if it was
    ///    created with one; or
    ///  * raise a LookupError.
    #[method("get(self, default=None, /)")]
    fn get(cx: &Context, this: &Ref<ContextVar>, default: Maybe<&Value>) -> PyResult<Value> {
        if let Some(current) = Variables::current(cx)
            && let Some(value) = current.bindings().get(this)
        {
            return Ok(value.clone());
        }
        default
            .0
            .or(this.default.as_ref())
            .cloned()
            .ok_or_else(|| unset(cx, this))
    }

    /// Call to set a new value for the context variable in the current context.
    ///
    /// The required value argument is the new value for the context
    /// variable.
    ///
    /// Returns a Token object that can be used to restore the variable to
    /// its previous value via the `ContextVar.reset()` method.
    #[method("set(self, value, /)")]
    fn set(cx: &Context, this: &Ref<ContextVar>, value: Value) -> PyResult<Ref<Token>> {
        let context = Variables::current_or_new(cx)?;
        let old = context.bindings().get(this).cloned();
        let token = Token {
            variable: this.clone(),
            old,
            context: context.clone(),
            used: AtomicBool::new(false),
        };
        let token = object::new(cx, token)?;
        context.change(cx, this, Some(value))?;
        Ok(token)
    }

    /// Reset the context variable.
    ///
    /// The variable is reset to the value it had before the
    /// `ContextVar.set()` that created the token was used.
    #[method("reset(self, token, /)")]
    fn reset(cx: &Context, this: &Ref<ContextVar>, token: &Value) -> PyResult<()> {
        let Some(token) = token.downcast::<Token>() else {
            let shown = text::repr(cx, token)?;
            return Err(cx.type_error(format!(
                "expected an instance of Token, got {}",
                shown.to_lossy()
            )));
        };
        reset(cx, this, token)
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}

fn reset(cx: &Context, variable: &Ref<ContextVar>, token: &Ref<Token>) -> PyResult<()> {
    let shown = || text::repr(cx, token.as_value()).map(|shown| shown.to_lossy().into_owned());
    if token.used.load(Ordering::Acquire) {
        return Err(cx.runtime_error(format!("{} has already been used once", shown()?)));
    }
    if !token.variable.is(variable) {
        return Err(cx.value_error(format!(
            "{} was created by a different ContextVar",
            shown()?
        )));
    }
    let current = Variables::current_or_new(cx)?;
    if !token.context.is(&current) {
        return Err(cx.value_error(format!("{} was created in a different Context", shown()?)));
    }
    token.used.store(true, Ordering::Release);
    current.change(cx, variable, token.old.clone())
}

/// The payload of `Token`: what a variable was before it was set.
#[pyclass(name = "Token", module = "_contextvars")]
struct Token {
    variable: Ref<ContextVar>,
    old: Option<Value>,
    context: Ref<Variables>,
    used: AtomicBool,
}

impl Traverse for Token {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.variable.as_value());
        self.old.iter().for_each(&mut *visit);
        visit(self.context.as_value());
    }
}

#[pymethods]
impl Token {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        Err(cx.runtime_error("Tokens can only be created by ContextVars"))
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Value) -> PyResult<i64> {
        hash::unhashable(cx, this)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Token>) -> PyResult<Value> {
        let used = if this.used.load(Ordering::Relaxed) {
            " used"
        } else {
            ""
        };
        let mut out = StrBuilder::new();
        out.push_text(&format!("<Token{used} var="));
        out.push_str(&*text::repr(cx, this.variable.as_value())?);
        out.push_text(&format!(" at {:#x}>", this.as_value().bits()));
        out.finish_value(cx)
    }

    #[getter]
    fn var(_cx: &Context, this: &Ref<Token>) -> PyResult<Ref<ContextVar>> {
        Ok(this.variable.clone())
    }

    #[getter]
    fn old_value(_cx: &Context, this: &Ref<Token>) -> PyResult<Option<Value>> {
        Ok(this.old.clone().or_else(|| MISSING.get().cloned()))
    }

    /// Enter into Token context manager.
    #[method("__enter__(self, /)")]
    fn enter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    /// Exit from Token context manager, restore the linked ContextVar.
    #[method("__exit__(self, type, val, tb, /)")]
    fn exit(
        cx: &Context,
        this: &Ref<Token>,
        _type: &Value,
        _value: &Value,
        _traceback: &Value,
    ) -> PyResult<()> {
        reset(cx, &this.variable, this)
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}
