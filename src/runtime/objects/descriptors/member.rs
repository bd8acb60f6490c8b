//! `member_descriptor`: one word of the instance, named in `__slots__`, or a part of a built-in payload
//! that Rust functions get and set.

use typhon_macros::{pyclass, pymethods};

use super::get_set::{Get, Set};
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
use crate::shape;
use crate::value::Value;

/// See the module's header.
#[pyclass(name = "member_descriptor", flags(DISALLOW_INSTANTIATION))]
pub struct Member {
    /// `__objclass__`.
    pub class: Ref<Type>,
    pub name: Name,
    place: Place,
}

/// Where a member's value is.
enum Place {
    /// In the word at this offset of an instance.
    Word(usize),
    /// In the word with this number behind the variable part of an instance.
    Tail(usize),
    /// Inside a payload.
    Payload {
        doc: &'static str,
        get: Get,
        set: Option<Set>,
    },
}

impl Traverse for Member {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.class.as_value());
    }
}

impl Member {
    /// The member `name` of `class`, whose value is in word `index` behind the payload of each instance.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn make(
        cx: &Context,
        class: &Ref<Type>,
        name: Name,
        index: usize,
    ) -> PyResult<Value> {
        let place = if class.layout.is_variable {
            Place::Tail(index)
        } else {
            Place::Word(class.layout.size + 8 * index)
        };
        object::new(
            cx,
            Member {
                class: class.clone(),
                name,
                place,
            },
        )
        .map(Ref::into_value)
    }

    /// The member `name` of the built-in class `class`; read-only without `set`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of_payload(
        cx: &Context,
        class: &Ref<Type>,
        name: &str,
        doc: &'static str,
        get: Get,
        set: Option<Set>,
    ) -> PyResult<Value> {
        let member = Member {
            class: class.clone(),
            name: Name::intern(cx, name)?,
            place: Place::Payload { doc, get, set },
        };
        object::new(cx, member).map(Ref::into_value)
    }

    /// Where in an instance the word is, if the member is one.
    #[inline]
    pub(crate) fn word_offset(&self) -> Option<usize> {
        match self.place {
            Place::Word(offset) => Some(offset),
            Place::Tail(_) | Place::Payload { .. } => None,
        }
    }

    /// What tells the members of `__slots__` of one class, and of those with its layout, apart.
    pub(crate) fn position(&self) -> Option<usize> {
        match self.place {
            Place::Word(position) | Place::Tail(position) => Some(position),
            Place::Payload { .. } => None,
        }
    }

    /// Whether instances of `class` have the member.
    #[inline]
    pub fn belongs_to(&self, class: &Ref<Type>) -> bool {
        class.is_subclass(&self.class)
    }

    /// The word of an instance; `None` for a part of a payload.
    fn field<'a>(&self, object: &'a Value) -> Option<&'a Field> {
        assert!(self.belongs_to(object.class()), "invariant: it was checked");
        let pointer = object
            .as_pointer()
            .expect("invariant: instances of Python classes are objects");
        let offset = match self.place {
            Place::Word(offset) => offset,
            Place::Tail(index) => {
                let shape = shape::get(object.shape_id());
                // SAFETY: `object` keeps the payload alive, and its shape names its layout.
                let extra = unsafe { (shape.layout.variable_size)(pointer) };
                shape.tail_offset(extra) + 8 * index
            }
            Place::Payload { .. } => return None,
        };
        // SAFETY: `object` is an instance of the class that laid the member out at this offset; classes
        // derived from it keep it there.
        Some(unsafe { instance::field_at(pointer, offset) })
    }

    fn check(&self, cx: &Context, object: &Value) -> PyResult<()> {
        if self.belongs_to(object.class()) {
            return Ok(());
        }
        check(cx, &self.name.display(), &self.class, object)
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
        this.check(cx, object)?;
        if let Place::Payload { get, .. } = this.place {
            return get(cx, object);
        }
        let field = this.field(object).expect("invariant: it is a word");
        let header = object
            .header()
            .expect("invariant: it has a member, so it is an object");
        match field.get_with(header) {
            Some(value) => Ok(value),
            None => {
                let message = format!(
                    "'{}' object has no attribute '{}'",
                    object.class().qualified_name(cx),
                    this.name.display()
                );
                Err(attribute::no_attribute(cx, object, this.name, &message))
            }
        }
    }

    #[slot(descriptor_set)]
    fn descriptor_set(
        cx: &Context,
        this: &Ref<Member>,
        object: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.check(cx, object)?;
        if let Place::Payload { set, .. } = this.place {
            return match set {
                Some(set) => set(cx, object, value),
                None => Err(cx.attribute_error("readonly attribute")),
            };
        }
        let field = this.field(object).expect("invariant: it is a word");
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

    #[member("__name__")]
    fn name(_cx: &Context, this: &Ref<Member>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<Member>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.class, &this.name.display())
    }

    #[member("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<Member>) -> PyResult<Ref<Type>> {
        Ok(this.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<Member>) -> PyResult<Option<&'static str>> {
        Ok(match this.place {
            Place::Payload { doc, .. } if !doc.is_empty() => Some(doc),
            _ => None,
        })
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Member>) -> PyResult<Value> {
        let name = this.name.display().into_value(cx)?;
        native::reduce_as_attribute(cx, this.class.as_value(), name)
    }
}
