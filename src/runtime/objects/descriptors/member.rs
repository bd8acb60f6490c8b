//! `member_descriptor`: one word of the instance, named in `__slots__`.

use typhon_macros::{pyclass, pymethods};

use super::{check, described, qualified};
use crate::args::IntoValue;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::guarded::HeldValue;
use crate::instance;
use crate::object::{self, Ref, Traverse};
use crate::objects::native;
use crate::objects::str_::{Name, Str};
use crate::objects::type_::Type;
use crate::protocols::attribute;
use crate::value::Value;

/// See the module's header.
#[pyclass(name = "member_descriptor", flags(DISALLOW_INSTANTIATION))]
pub struct Member {
    /// `__objclass__`.
    pub class: Ref<Type>,
    pub name: Name,
    /// Where in an instance the word is.
    pub(crate) offset: usize,
}

impl Traverse for Member {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.class.as_value());
    }
}

impl Member {
    /// The member `name` of `class`, at byte `offset` of each instance.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn make(
        cx: &Context,
        class: &Ref<Type>,
        name: Name,
        offset: usize,
    ) -> PyResult<Value> {
        object::new(
            cx,
            Member {
                class: class.clone(),
                name,
                offset,
            },
        )
        .map(Ref::into_value)
    }

    /// Whether instances of `class` have the member.
    #[inline]
    pub fn belongs_to(&self, class: &Ref<Type>) -> bool {
        class.is_subclass(&self.class)
    }

    /// The word of an instance.
    fn field<'a>(&self, cx: &Context, object: &'a Value) -> PyResult<&'a Field> {
        if !object.class().is_subclass(&self.class) {
            check(cx, &self.name.display(), &self.class, object)?;
        }
        let pointer = object
            .as_pointer()
            .expect("invariant: instances of Python classes are objects");
        // SAFETY: `object` is an instance of the class that laid the member out at this offset; classes
        // derived from it keep it there.
        Ok(unsafe { instance::field_at(pointer, self.offset) })
    }
}

#[pymethods]
impl Member {
    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<Member>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object else {
            return Ok(this.to_value());
        };
        let field = this.field(cx, object)?;
        let header = object
            .header()
            .expect("invariant: it has a member, so it is an object");
        match field.get_with(&header.lock) {
            Some(value) => Ok(value),
            None => Err(attribute::missing(cx, object, this.name)),
        }
    }

    #[slot(descriptor_set)]
    fn descriptor_set(
        cx: &Context,
        this: &Ref<Member>,
        object: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let field = this.field(cx, object)?;
        let held = HeldValue::lock(object);
        let old = field.replace_locked(value.cloned());
        drop(held);
        if value.is_none() && old.is_none() {
            return Err(cx.attribute_error(this.name.display()));
        }
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Member>) -> PyResult<Value> {
        described(cx, "member", &this.class, &this.name.display())
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<Member>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<Member>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.class, &this.name.display())
    }

    #[getter("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<Member>) -> PyResult<Ref<Type>> {
        Ok(this.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, _this: &Ref<Member>) -> PyResult<()> {
        Ok(())
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Member>) -> PyResult<Value> {
        let name = this.name.display().into_value(cx)?;
        native::reduce_as_attribute(cx, this.class.as_value(), name)
    }
}
