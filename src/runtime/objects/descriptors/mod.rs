//! Descriptors: what the attributes of classes are made of.
//!
//! | file | Python type | is |
//! | --- | --- | --- |
//! | `method` | `method_descriptor` | a method of a built-in class |
//! | `class_method` | `classmethod_descriptor`, `classmethod`, `staticmethod` | methods that get the class, or nothing |
//! | `get_set` | `getset_descriptor` | an attribute that Rust functions get and set |
//! | `member` | `member_descriptor` | a word of the instance (`__slots__`) |
//! | `property` | `property` | an attribute that Python functions get and set |
//! | `slot_wrapper` | `wrapper_descriptor`, `method-wrapper` | a special method of a built-in class |

mod class_method;
mod get_set;
mod member;
mod method;
mod property;
mod slot_wrapper;

pub use class_method::{
    ClassMethod, ClassMethodDescriptor, StaticMethod, class_method, class_method_function,
    class_method_of, static_method, static_method_function,
};
pub use get_set::{
    Get, GetSet, Set, add_dict_attribute, add_weakref_attribute, get_dict, set_dict,
};
pub use member::Member;
pub use method::{MethodDescriptor, method};
pub use property::Property;
pub use slot_wrapper::{MethodWrapper, WrapperDescriptor};

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;

/// `descriptor 'x' for 'A' objects doesn't apply to a 'B' object`.
#[cold]
fn does_not_apply(cx: &Context, name: &str, class: &Ref<Type>, object: &Value) -> Raised {
    cx.type_error(format!(
        "descriptor '{name}' for '{}' objects doesn't apply to a '{}' object",
        class.plain_name(cx),
        object.type_name()
    ))
}

/// Checks that a descriptor of `class` may be used on `object`.
#[inline]
fn check(cx: &Context, name: &str, class: &Ref<Type>, object: &Value) -> PyResult<()> {
    if object.class().is_subclass(class) {
        Ok(())
    } else {
        Err(does_not_apply(cx, name, class, object))
    }
}

/// `Class.name`, as `__qualname__` has it.
fn qualified(cx: &Context, class: &Ref<Type>, name: &str) -> PyResult<Ref<Str>> {
    let owner = class
        .qualname
        .get_as::<Str>()
        .map(|name| name.to_string())
        .unwrap_or_default();
    Str::from_str(cx, &format!("{owner}.{name}"))
}

/// `<kind 'name' of 'Class' objects>`.
fn described(cx: &Context, kind: &str, class: &Ref<Type>, name: &str) -> PyResult<Value> {
    Str::from_str(
        cx,
        &format!("<{kind} '{name}' of '{}' objects>", class.plain_name(cx)),
    )
    .map(Ref::into_value)
}
