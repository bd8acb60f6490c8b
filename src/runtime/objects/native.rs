//! `builtin_function_or_method`: a Rust function bound to what it is called on.

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, FunctionSpec, IntoValue};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::descriptors::ClassMethodDescriptor;
use crate::objects::module::Module;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::hash;
use crate::slots::Comparison;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "builtin_function_or_method",
    flags(DISALLOW_INSTANTIATION, HAS_WEAKREF)
)]
pub struct NativeFunction {
    /// What is called.
    pub spec: &'static FunctionSpec,
    /// The receiver: an object, a class, a module, or nothing.
    pub this: Option<Value>,
    /// `__module__`.
    pub module: Option<Value>,
}

impl Traverse for NativeFunction {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.this.iter().chain(&self.module).for_each(visit);
    }
}

impl NativeFunction {
    /// A function that is called on `this`.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn new(
        cx: &Context,
        spec: &'static FunctionSpec,
        this: Option<Value>,
        module: Option<Value>,
    ) -> PyResult<Ref<NativeFunction>> {
        object::new(cx, NativeFunction { spec, this, module })
    }

    /// Calls it.
    ///
    /// # Errors
    /// What it raises.
    #[inline(always)]
    pub fn call(&self, cx: &Context, args: Args<'_>) -> PyResult<Value> {
        (self.spec.call)(cx, self.this.as_ref().unwrap_or(&Value::NONE), args)
    }

    /// The receiver, unless it is a module.
    fn object(&self) -> Option<&Value> {
        self.this
            .as_ref()
            .filter(|this| this.downcast::<Module>().is_none())
    }
}

/// How messages name the function `name` of `this`, a module, an object or a class: `len`, `math.sqrt`,
/// `list.append`.
///
/// # Errors
/// MemoryError.
pub(crate) fn qualified_name(cx: &Context, this: &Value, name: &str) -> PyResult<String> {
    if let Some(module) = this.downcast::<Module>() {
        let owner = module.get(cx, "__name__")?;
        return Ok(
            match owner.as_ref().and_then(|owner| owner.downcast::<Str>()) {
                Some(owner) if !owner.equals("builtins") => format!("{}.{name}", **owner),
                _ => name.to_owned(),
            },
        );
    }
    let attribute = Name::intern(cx, name)?;
    let class = match this.downcast::<Type>() {
        Some(class) if class.lookup(cx, attribute).is_some() => class,
        _ => this.class(),
    };
    // Class methods are shown as those of the class they are called on.
    if let Some(called_on) = this.downcast::<Type>()
        && class
            .lookup(cx, attribute)
            .is_some_and(|found| found.is_exact::<ClassMethodDescriptor>())
    {
        return Ok(format!("{}.{name}", called_on.short_name()));
    }
    let owner = class
        .mro_values()
        .iter()
        .filter_map(|base| base.downcast::<Type>())
        .find(|base| base.dict.get_name_plain(cx, attribute).is_some())
        .map_or_else(|| class.short_name(), |base| base.short_name());
    Ok(format!("{owner}.{name}"))
}

/// `__text_signature__` of what `spec` describes: the receiver is marked with a dollar sign.
pub(crate) fn text_signature(spec: &'static FunctionSpec, receiver: &str) -> String {
    let inner = spec.signature.text.strip_prefix('(').unwrap_or_default();
    for written in ["self", "cls"] {
        if let Some(rest) = inner.strip_prefix(written)
            && rest.starts_with([',', ')'])
        {
            let shown = if written == "self" { "$self" } else { "$type" };
            return format!("({shown}{rest}");
        }
    }
    match (receiver, inner) {
        ("", _) => format!("({inner}"),
        (receiver, ")") => format!("({receiver}, /)"),
        (receiver, _) => format!("({receiver}, {inner}"),
    }
}

#[pymethods]
impl NativeFunction {
    #[slot(call)]
    fn call_slot(cx: &Context, this: &Ref<NativeFunction>, args: Args<'_>) -> PyResult<Value> {
        this.call(cx, args)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<NativeFunction>) -> PyResult<Value> {
        let name = this.spec.name;
        let text = match this.object() {
            None => format!("<built-in function {name}>"),
            Some(object) => format!(
                "<built-in method {name} of {} object at {:#x}>",
                object.type_name(),
                object.bits()
            ),
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<NativeFunction>) -> PyResult<i64> {
        let receiver = this.this.as_ref().map_or(0, hash::hash_pointer);
        let hash = receiver ^ (std::ptr::from_ref(this.spec) as i64 >> 4);
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<NativeFunction>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<NativeFunction>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same_receiver = match (&this.this, &other.this) {
            (None, None) => true,
            (Some(left), Some(right)) => left.is(right),
            _ => false,
        };
        let equal = same_receiver && std::ptr::eq(this.spec, other.spec);
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<NativeFunction>) -> PyResult<&'static str> {
        Ok(this.spec.name)
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<NativeFunction>) -> PyResult<Value> {
        let name = this.spec.name;
        let Some(object) = this.object() else {
            return name.into_value(cx);
        };
        let class = object.downcast::<Type>().unwrap_or_else(|| object.class());
        let owner = class
            .qualname
            .get_as::<Str>()
            .map(|name| name.to_string())
            .unwrap_or_default();
        format!("{owner}.{name}").into_value(cx)
    }

    #[getter("__module__")]
    fn module(_cx: &Context, this: &Ref<NativeFunction>) -> PyResult<Option<Value>> {
        Ok(this.module.clone())
    }

    #[getter("__self__")]
    fn this(_cx: &Context, this: &Ref<NativeFunction>) -> PyResult<Option<Value>> {
        Ok(this.this.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<NativeFunction>) -> PyResult<Option<&'static str>> {
        Ok((!this.spec.doc.is_empty()).then_some(this.spec.doc))
    }

    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, this: &Ref<NativeFunction>) -> PyResult<String> {
        let receiver = match this.object() {
            None => "$module",
            Some(_) => "",
        };
        Ok(text_signature(this.spec, receiver))
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<NativeFunction>) -> PyResult<Value> {
        match this.object() {
            None => this.spec.name.into_value(cx),
            Some(object) => reduce_as_attribute(cx, object, this.spec.name.into_value(cx)?),
        }
    }
}

/// A function of the module `builtins`.
pub(crate) fn builtin(cx: &Context, name: &str) -> PyResult<Value> {
    let name = Name::intern(cx, name)?;
    match crate::interpreter::builtins_dict().get_name(cx, name)? {
        Some(found) => Ok(found),
        None => Err(cx.attribute_error(format!(
            "module 'builtins' has no attribute '{}'",
            name.display()
        ))),
    }
}

/// `getattr(owner, name)` for pickle: what `__reduce__` of a descriptor returns.
pub(crate) fn reduce_as_attribute(cx: &Context, owner: &Value, name: Value) -> PyResult<Value> {
    let getattr = builtin(cx, "getattr")?;
    let arguments = Tuple::from_values(cx, &[owner.clone(), name])?;
    Tuple::from_vec(cx, vec![getattr, arguments.into_value()]).map(Ref::into_value)
}
