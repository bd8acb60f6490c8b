//! Changing a class: setting its attributes, its bases.

use std::sync::atomic::Ordering;

use super::{Type, changing};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::{Name, names};
use crate::value::Value;

impl Type {
    /// Takes the versions of this class and all classes derived from it away.
    pub(crate) fn invalidate(&self) {
        self.version.store(0, Ordering::SeqCst);
        for subclass in self.live_subclasses() {
            subclass.invalidate();
        }
    }
}

/// Whether a special method decides how attributes of instances are found or set.
fn governs_attributes(name: Name) -> bool {
    [
        names::dunder_getattribute(),
        names::dunder_setattr(),
        names::dunder_delattr(),
        names::dunder_set(),
        names::dunder_delete(),
        names::dunder_get(),
    ]
    .iter()
    .any(|known| known.is(&name))
}

impl Ref<Type> {
    /// Sets or deletes an attribute in the class's own dict. False when there was none to delete.
    ///
    /// # Errors
    /// MemoryError.
    pub fn change_attribute(
        &self,
        cx: &Context,
        name: Name,
        value: Option<Value>,
    ) -> PyResult<bool> {
        let old;
        let changed;
        let new_is_data = value
            .as_ref()
            .is_some_and(|value| value.class().slots.descriptor_set.get().is_some());
        {
            let _changes = changing(cx);
            self.invalidate();
            (changed, old) = match value {
                Some(value) => {
                    let old = self.dict.get_name_plain(cx, name);
                    self.dict.set_name(cx, name, value)?;
                    (true, old)
                }
                None => {
                    let old = self.dict.remove_name(cx, name)?;
                    (old.is_some(), old)
                }
            };
            self.invalidate();
            if name.is_special() {
                crate::slot_dispatch::update(cx, self, name);
            }
            let is_data = |value: &Value| value.class().slots.descriptor_set.get().is_some();
            if governs_attributes(name) || new_is_data || old.as_ref().is_some_and(is_data) {
                crate::vm::cache::next_epoch();
            }
        }
        drop(old);
        Ok(changed)
    }
}

/// `type.__setattr__`.
///
/// # Errors
/// TypeError for immutable types, AttributeError, and what data descriptors of the metaclass raise.
pub fn set_attribute(
    cx: &Context,
    this: &Value,
    name: Name,
    value: Option<&Value>,
) -> PyResult<()> {
    let class = crate::args::payload::<Type>(this);
    if class.has(ClassFlags::IMMUTABLE) {
        return Err(cx.type_error(format!(
            "cannot set '{}' attribute of immutable type '{}'",
            name.display(),
            class.full_name(cx)
        )));
    }
    if let Some(attribute) = class.class_of().lookup(cx, name)
        && let Some(set) = attribute.class().slots.descriptor_set.get()
    {
        return set(cx, &attribute, this, value);
    }
    if class.change_attribute(cx, name, value.cloned())? {
        return Ok(());
    }
    Err(crate::protocols::attribute::no_attribute(
        cx,
        this,
        name,
        &format!(
            "type object '{}' has no attribute '{}'",
            class.short_name(),
            name.display()
        ),
    ))
}
