//! Attributes of instances: inline slots, the dict word, `__slots__` members.
//!
//! Reads take no lock (see [`crate::field`]); writes hold the object's lock. Who changes the shape
//! holds the lock, writes the slot first and the shape after it (release), so that a reader which
//! sees the shape sees the slot bound. The way to dict mode is: build the dict, write the dict word,
//! write the shape, clear the slots. A reader that still goes by the old shape finds the value that
//! was there before, or nothing and then looks again.

use std::ptr::NonNull;

use typhon_sync::Header;

use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::guarded::HeldValue;
use crate::object::Ref;
use crate::objects::dict::Dict;
use crate::objects::str_::Name;
use crate::shape::{self, Mode, Shape};
use crate::value::Value;

/// Bytes of the payload's variable part.
pub(crate) fn variable_size(object: NonNull<Header>, shape: &Shape) -> usize {
    if !shape.layout.is_variable {
        return 0;
    }
    // SAFETY: the caller's object is alive and has this layout.
    unsafe { (shape.layout.variable_size)(object) }
}

/// The field at byte `offset` of the object.
///
/// # Safety
/// `offset` is that of a member, the dict word or a slot by the object's shape.
#[inline(always)]
pub unsafe fn field_at<'a>(object: NonNull<Header>, offset: usize) -> &'a Field {
    // SAFETY: by the caller's promise the word is inside the object.
    unsafe { object.byte_add(offset).cast::<Field>().as_ref() }
}

fn dict_word<'a>(object: NonNull<Header>, shape: &Shape) -> Option<&'a Field> {
    let extra = if shape.layout.is_variable {
        variable_size(object, shape)
    } else {
        0
    };
    // SAFETY: the shape says where the dict word is.
    shape
        .dict_offset(extra)
        .map(|offset| unsafe { field_at(object, offset) })
}

fn slot<'a>(object: NonNull<Header>, shape: &Shape, index: usize) -> &'a Field {
    debug_assert!(index < shape.capacity as usize && !shape.layout.is_variable);
    // SAFETY: slots follow the dict word; variable layouts have no slots.
    unsafe { field_at(object, shape.slots_offset() + 8 * index) }
}

/// Whether the object can have attributes of its own.
pub fn has_dict(object: &Value) -> bool {
    object.is_object() && shape::get(object.shape_id()).mode != Mode::NoDict
}

/// The attribute `name` of the instance itself, without its class.
///
/// # Errors
/// What comparing dict keys raises, when the dict holds keys that are not plain strings.
#[inline]
pub fn get(cx: &Context, object: &Value, name: Name) -> PyResult<Option<Value>> {
    let Some(pointer) = object.as_pointer() else {
        return Ok(None);
    };
    // SAFETY: `object` keeps it alive.
    let header = unsafe { pointer.as_ref() };
    loop {
        let id = header.shape();
        let shape = shape::get(id);
        match shape.mode {
            Mode::NoDict => return Ok(None),
            Mode::Slots => {
                let Some(index) = shape.slot(name) else {
                    return Ok(None);
                };
                if let Some(value) = slot(pointer, shape, index).get_with(header) {
                    return Ok(Some(value));
                }
                // The slot is empty only when the object went to dict mode meanwhile.
                if header.shape() == id {
                    return Ok(None);
                }
            }
            Mode::Dict => {
                return match dict_of(pointer, shape, header) {
                    Some(dict) => dict.get_name(cx, name),
                    None => Ok(None),
                };
            }
        }
    }
}

fn dict_of(pointer: NonNull<Header>, shape: &Shape, header: &Header) -> Option<Ref<Dict>> {
    dict_word(pointer, shape)?.get_with(header)?.into_ref().ok()
}

/// The dict of an instance in dict mode.
#[inline]
pub fn existing_dict(object: &Value, header: &Header) -> Option<Ref<Dict>> {
    let shape = shape::get(header.shape());
    if shape.mode == Mode::Dict {
        dict_of(object.as_pointer()?, shape, header)
    } else {
        None
    }
}

/// Whether the dict of an instance in dict mode has the key `name`. Strings only: keys that are not
/// plain strings are not asked.
#[inline]
pub fn dict_has(object: &Value, name: Name) -> bool {
    object
        .header()
        .and_then(|header| existing_dict(object, header))
        .is_some_and(|dict| dict.get_name_plain(Context::current(), name).is_some())
}

/// Sets attribute `name` of the instance itself. False when it cannot have attributes.
///
/// # Errors
/// MemoryError, and what comparing dict keys raises.
pub fn set(cx: &Context, object: &Value, name: Name, value: Value) -> PyResult<bool> {
    let Some(pointer) = object.as_pointer() else {
        return Ok(false);
    };
    // SAFETY: `object` keeps it alive.
    let header = unsafe { pointer.as_ref() };
    let shape = shape::get(header.shape());
    match shape.mode {
        Mode::NoDict => return Ok(false),
        Mode::Slots => {
            let next = if shape.slot(name).is_none() {
                shape.with(name)
            } else {
                Some(shape)
            };
            if let Some(next) = next {
                let held = HeldValue::lock_header(header);
                if header.shape() == shape.id {
                    let index = next
                        .slot(name)
                        .expect("invariant: the next shape has the name");
                    let old = slot(pointer, shape, index).replace_locked(Some(value));
                    header.set_shape(next.id);
                    drop(held);
                    drop(old);
                    return Ok(true);
                }
                drop(held);
                return set(cx, object, name, value);
            }
            shape.class().grow_capacity(shape);
        }
        Mode::Dict => {}
    }
    let dict = dict(cx, object)?.expect("invariant: the shape has a dict word");
    dict.set_name(cx, name, value)?;
    Ok(true)
}

/// Deletes attribute `name` of the instance itself. False when there is none.
///
/// # Errors
/// As [`set`].
pub fn delete(cx: &Context, object: &Value, name: Name) -> PyResult<bool> {
    let Some(header) = object.header() else {
        return Ok(false);
    };
    let shape = shape::get(header.shape());
    if shape.mode == Mode::NoDict || shape.mode == Mode::Slots && shape.slot(name).is_none() {
        return Ok(false);
    }
    match dict(cx, object)? {
        Some(dict) => Ok(dict.remove_name(cx, name)?.is_some()),
        None => Ok(false),
    }
}

/// Names and values of the attributes that the object has in slots, in the order in which they came;
/// `None` for an object that has them in a dict, or can have none.
pub fn attributes_in_slots(object: &Value) -> Option<Vec<(Name, Value)>> {
    let pointer = object.as_pointer()?;
    // SAFETY: `object` keeps it alive.
    let header = unsafe { pointer.as_ref() };
    let shape = shape::get(header.shape());
    if shape.mode != Mode::Slots {
        return None;
    }
    let attributes = shape.names().iter().enumerate().map(|(index, name)| {
        // Empty only when the object went to dict mode meanwhile.
        let value = slot(pointer, shape, index).get_with(header)?;
        Some((*name, value))
    });
    attributes.collect()
}

/// The instance's `__dict__`, made now if it was in slots. `None` when the object cannot have one.
///
/// # Errors
/// MemoryError.
pub fn dict(cx: &Context, object: &Value) -> PyResult<Option<Ref<Dict>>> {
    let Some(pointer) = object.as_pointer() else {
        return Ok(None);
    };
    // SAFETY: `object` keeps it alive.
    let header = unsafe { pointer.as_ref() };
    let shape = shape::get(header.shape());
    match shape.mode {
        Mode::NoDict => return Ok(None),
        Mode::Dict => {
            if let Some(dict) = dict_of(pointer, shape, header) {
                return Ok(Some(dict));
            }
        }
        Mode::Slots => {}
    }
    // A dict of the attributes as they are now, made before the lock is taken (it allocates), and
    // again when the attributes changed meanwhile.
    loop {
        let before = shape::get(header.shape());
        let fresh = Dict::new(cx)?;
        let mut copied: Vec<(Name, u64)> = Vec::new();
        if before.mode == Mode::Slots {
            for (index, name) in before.names().iter().enumerate() {
                if let Some(value) = slot(pointer, before, index).get_with(header) {
                    copied.push((*name, value.bits()));
                    fresh.set_name(cx, *name, value)?;
                }
            }
        }
        let Some(after) = before.in_dict_mode() else {
            return Err(cx.no_memory());
        };
        let word = dict_word(pointer, before).expect("invariant: the shape has a dict word");
        let held = HeldValue::lock_header(header);
        if header.shape() != before.id {
            drop(held);
            continue;
        }
        if before.mode == Mode::Dict {
            if word.is_empty() {
                word.replace_locked(Some(fresh.to_value()));
                drop(held);
                return Ok(Some(fresh));
            }
            drop(held);
            return Ok(dict_of(pointer, before, header));
        }
        let unchanged = before.names().iter().enumerate().all(|(index, name)| {
            let bits = slot(pointer, before, index).peek_bits();
            bits == 0
                || copied
                    .iter()
                    .any(|(known, copy)| known.is(name) && *copy == bits)
        });
        if !unchanged {
            drop(held);
            continue;
        }
        word.replace_locked(Some(fresh.to_value()));
        header.set_shape(after.id);
        let old: Vec<Option<Value>> = (0..before.names().len())
            .map(|index| slot(pointer, before, index).replace_locked(None))
            .collect();
        drop(held);
        drop(old);
        return Ok(Some(fresh));
    }
}

/// Replaces the instance's `__dict__`. False when the object cannot have one.
///
/// # Errors
/// MemoryError.
pub fn set_dict(cx: &Context, object: &Value, new: Ref<Dict>) -> PyResult<bool> {
    if dict(cx, object)?.is_none() {
        return Ok(false);
    }
    let pointer = object
        .as_pointer()
        .expect("invariant: it has a dict, so it is an object");
    // SAFETY: `object` keeps it alive.
    let header = unsafe { pointer.as_ref() };
    let word = dict_word(pointer, shape::get(header.shape())).expect("invariant: in dict mode");
    let held = HeldValue::lock_header(header);
    let old = word.replace_locked(Some(new.into_value()));
    drop(held);
    drop(old);
    Ok(true)
}

/// Drops members, dict word and slots of a dying object, whose payload has `extra` variable bytes.
///
/// # Safety
/// Nobody else reaches the object, and its slots are dropped once.
pub(crate) unsafe fn drop_slots(object: NonNull<Header>, shape: &Shape, extra: usize) {
    let begin = shape.tail_offset(extra);
    let end = shape.instance_size(extra);
    for offset in (begin..end).step_by(8) {
        // SAFETY: the tail is made of fields.
        unsafe { std::ptr::drop_in_place(object.byte_add(offset).cast::<Field>().as_ptr()) };
    }
}

/// Shows members, dict word and slots to the collector.
///
/// # Safety
/// The object is alive and the world stopped.
pub unsafe fn traverse_slots(
    object: NonNull<Header>,
    shape: &Shape,
    visit: &mut dyn FnMut(&Value),
) {
    let extra = variable_size(object, shape);
    for offset in (shape.tail_offset(extra)..shape.instance_size(extra)).step_by(8) {
        // SAFETY: the tail is made of fields.
        unsafe { field_at(object, offset) }.traverse(visit);
    }
}
