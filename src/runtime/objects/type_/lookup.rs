//! Attribute look-up: along the order of resolution, with a cache for each thread.
//!
//! A cache entry holds a value without counting it. That is sound because of the order in which a
//! type is changed (see the module's header): while an entry's version is the type's version the
//! value is in one of the dicts, hence alive. A reader checks the version, increments, and checks
//! the version again; in between the memory stays readable, as no thread that runs gives freed
//! pages back before this one has passed a safepoint.

use std::cell::Cell;

use typhon_sync::Header;

use super::Type;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Ref, is_owned_here};
use crate::objects::str_::Name;
use crate::value::Value;

const ENTRIES: usize = 1024;

#[derive(Clone, Copy)]
struct Entry {
    version: u32,
    name: usize,
    /// Zero: the type has no such attribute.
    value: u64,
}

/// One thread's cache of class attributes.
pub struct MethodCache(Box<[Cell<Entry>]>);

impl MethodCache {
    pub(crate) fn new() -> MethodCache {
        MethodCache(
            vec![
                Cell::new(Entry {
                    version: 0,
                    name: 0,
                    value: 0
                });
                ENTRIES
            ]
            .into(),
        )
    }

    #[inline(always)]
    fn entry(&self, version: u32, name: Name) -> &Cell<Entry> {
        let index = (name.address() >> 4) ^ (version as usize).wrapping_mul(31);
        &self.0[index % ENTRIES]
    }
}

impl Type {
    /// The attribute `name` of the class or one of its bases, not bound.
    #[inline]
    pub fn lookup(&self, cx: &Context, name: Name) -> Option<Value> {
        let version = self.version();
        let entry = cx.method_cache.entry(version, name).get();
        if version != 0 && entry.version == version && entry.name == name.address() {
            let bits = entry.value;
            if bits == 0 {
                return None;
            }
            if bits & 7 != 0 {
                // SAFETY: immediates carry no count.
                return Some(unsafe { Value::from_bits(bits) });
            }
            // SAFETY: see the module's header.
            let header = unsafe { &*(bits as *const Header) };
            if !typhon_sync::multithreaded() || is_owned_here(header) {
                header.incref();
                // SAFETY: the count just added.
                return Some(unsafe { Value::from_bits(bits) });
            }
            if header.try_incref() {
                // SAFETY: the count just added.
                let value = unsafe { Value::from_bits(bits) };
                if self.version() == version {
                    return Some(value);
                }
            }
        }
        self.lookup_slow(cx, name)
    }

    #[cold]
    #[inline(never)]
    fn lookup_slow(&self, cx: &Context, name: Name) -> Option<Value> {
        let version = self.version_or_new();
        let mro = self.mro_tuple()?;
        let mut found = None;
        for class in mro.as_slice() {
            let Some(class) = class.downcast::<Type>() else {
                continue;
            };
            if let Some(value) = class.dict.get_name_plain(cx, name) {
                found = Some(value);
                break;
            }
        }
        if version != 0 {
            cx.method_cache.entry(version, name).set(Entry {
                version,
                name: name.address(),
                value: found.as_ref().map_or(0, Value::bits),
            });
        }
        found
    }

    /// [`Type::lookup`] and the class it was found in.
    pub fn lookup_with_owner(&self, cx: &Context, name: Name) -> Option<(Value, Ref<Type>)> {
        for class in self.mro_tuple()?.as_slice() {
            let Some(class) = class.downcast::<Type>() else {
                continue;
            };
            if let Some(value) = class.dict.get_name_plain(cx, name) {
                return Some((value, class.clone()));
            }
        }
        None
    }
}

/// `type.__getattribute__`: data descriptors of the metaclass, then the class and its bases, then the
/// rest of the metaclass.
///
/// # Errors
/// AttributeError, and what descriptors raise.
pub fn type_get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
    match type_find_attribute(cx, this, name)? {
        Some(value) => Ok(value),
        None => {
            let class = crate::args::payload::<Type>(this);
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
    }
}

/// [`type_get_attribute`] that makes no exception when there is no such attribute.
pub(crate) fn type_find_attribute(
    cx: &Context,
    this: &Value,
    name: Name,
) -> PyResult<Option<Value>> {
    let class = crate::args::payload::<Type>(this);
    let metaclass = class.class_of();
    let meta_attribute = metaclass.lookup(cx, name);
    if let Some(attribute) = &meta_attribute {
        let kind = attribute.class();
        if let (Some(get), Some(_)) = (
            kind.slots.descriptor_get.get(),
            kind.slots.descriptor_set.get(),
        ) {
            return get(cx, attribute, Some(this), Some(metaclass.as_value())).map(Some);
        }
    }
    if let Some(attribute) = class.lookup(cx, name) {
        return match attribute.class().slots.descriptor_get.get() {
            Some(get) => get(cx, &attribute, None, Some(this)).map(Some),
            None => Ok(Some(attribute)),
        };
    }
    match meta_attribute {
        Some(attribute) => match attribute.class().slots.descriptor_get.get() {
            Some(get) => get(cx, &attribute, Some(this), Some(metaclass.as_value())).map(Some),
            None => Ok(Some(attribute)),
        },
        None => Ok(None),
    }
}
