//! Shapes: what the first word of an object's header names.
//!
//! A shape tells the class, the layout of the payload, and for instances which attribute lives in
//! which inline slot. Shapes of a class form a tree: setting a new attribute moves the instance
//! to the child for that name. One 32-bit compare of the shape thus guards both "is an instance of
//! that class" and "the attribute is in that slot".
//!
//! ```text
//!   root ──"x"──▶ {x} ──"y"──▶ {x, y}            slots mode: attributes in inline slots
//!     └─────────────┴─────────────┴──▶ dict mode: attributes in the dict that the dict word holds
//! ```
//!
//! An instance goes to dict mode, for good, when its `__dict__` is asked for, an attribute is
//! deleted, or the slots are full. Shapes are immutable but for their transitions and are freed
//! only with their class.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use typhon_alloc::Kind;

use crate::object::{Layout, Object, Ref};
use crate::objects::str_::Name;
use crate::objects::type_::Type;

/// Where attributes of instances live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// In the inline slots that the shape names.
    Slots,
    /// In the dict that the dict word holds.
    Dict,
    /// Nowhere: instances have no `__dict__`.
    NoDict,
}

/// See the module's header.
pub struct Shape {
    /// Index in the table of shapes.
    pub id: u32,
    /// Where attributes live.
    pub mode: Mode,
    /// The heap for instances.
    pub kind: Kind,
    /// What the payload is.
    pub layout: &'static Layout,
    /// Words for `__slots__` members behind the payload.
    pub members: u32,
    /// Inline slots behind the dict word.
    pub capacity: u32,
    /// Bytes of an instance, but for the variable part of its payload.
    fixed_size: usize,
    /// Whether an instance is a payload that has nothing to drop, and no more: its death, if nobody asked to
    /// be told of it, is the end of its memory.
    is_bare: bool,
    class: AtomicPtr<Object<Type>>,
    has_finalizer: std::sync::atomic::AtomicBool,
    names: Box<[Name]>,
    index: Option<FxHashMap<usize, u32>>,
    transitions: Mutex<Vec<(Name, u32)>>,
}

/// Inline slots that instances of a class have at most.
pub const MOST_SLOTS: u32 = 30;

/// Number of shapes there can be. The table costs memory only where it is used.
const MAXIMUM: usize = 1 << 20;

static TABLE: [AtomicPtr<Shape>; MAXIMUM] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; MAXIMUM];
/// Shape 0 is "no shape": free memory, immediates.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The shape with this id.
#[inline(always)]
pub fn get(id: u32) -> &'static Shape {
    debug_assert!(id != 0, "an immediate or freed memory has no shape");
    if typhon_sync::validate::THOROUGH {
        assert!(exists(id), "a header names shape {id}, which there is not");
    }
    // SAFETY: ids come from headers of live objects; their table entries were written before the
    // object was published and are never freed. The mask keeps the index inside the table.
    unsafe { &*TABLE[id as usize & (MAXIMUM - 1)].load(Ordering::Acquire) }
}

/// Whether there is such a shape.
pub(crate) fn exists(id: u32) -> bool {
    let entry = TABLE.get(id as usize);
    entry.is_some_and(|entry| !entry.load(Ordering::Acquire).is_null())
}

/// What makes up a shape without attributes.
pub struct Root {
    pub class: NonNull<Object<Type>>,
    pub layout: &'static Layout,
    pub kind: Kind,
    pub members: u32,
    pub capacity: u32,
    pub mode: Mode,
}

/// A shape without attributes. `None` when the table is full.
pub fn new_root(root: &Root) -> Option<&'static Shape> {
    register(Shape {
        id: 0,
        mode: root.mode,
        kind: root.kind,
        layout: root.layout,
        members: root.members,
        capacity: root.capacity,
        fixed_size: 0,
        is_bare: false,
        class: AtomicPtr::new(root.class.as_ptr()),
        has_finalizer: false.into(),
        names: Box::new([]),
        index: None,
        transitions: Mutex::new(Vec::new()),
    })
}

fn register(mut shape: Shape) -> Option<&'static Shape> {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    if id as usize >= MAXIMUM {
        NEXT.store(MAXIMUM as u32, Ordering::Relaxed);
        return None;
    }
    shape.id = id;
    let tail = match shape.mode {
        Mode::NoDict => shape.members,
        Mode::Slots | Mode::Dict => shape.members + 1 + shape.capacity,
    };
    shape.fixed_size = shape.layout.size + 8 * tail as usize;
    shape.is_bare = shape.kind == Kind::Plain && tail == 0 && !shape.layout.needs_drop;
    let shape: &'static Shape = Box::leak(Box::new(shape));
    // Release: whoever reads the id from a header finds the shape complete.
    TABLE[id as usize].store(std::ptr::from_ref(shape).cast_mut(), Ordering::Release);
    Some(shape)
}

impl Shape {
    /// The class of objects with this shape.
    #[inline(always)]
    pub fn class(&'static self) -> &'static Ref<Type> {
        // SAFETY: `Ref` is one word that holds the address; an object with this shape keeps its class
        // alive (the collector visits it through the shape).
        unsafe { &*(&raw const self.class).cast::<Ref<Type>>() }
    }

    /// Names the class of a shape that was reserved before the class existed.
    pub(crate) fn set_class(&self, class: NonNull<Object<Type>>) {
        self.class.store(class.as_ptr(), Ordering::Release);
    }

    /// Bytes of an instance whose payload has `extra` bytes of variable part.
    #[inline]
    pub fn instance_size(&self, extra: usize) -> usize {
        self.fixed_size + extra.next_multiple_of(8)
    }

    /// Whether freeing an instance's memory is all that its death comes to, but for a finalizer and what
    /// the header's `gc` byte asks for.
    #[inline(always)]
    pub fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// Where members, dict word and slots begin.
    #[inline]
    pub fn tail_offset(&self, extra: usize) -> usize {
        self.layout.size + extra.next_multiple_of(8)
    }

    /// Whether there is anything behind the payload.
    #[inline(always)]
    pub fn has_tail(&self) -> bool {
        self.members != 0 || self.mode != Mode::NoDict
    }

    /// Where the dict word is, if there is one; the slots follow it.
    #[inline]
    pub fn dict_offset(&self, extra: usize) -> Option<usize> {
        (self.mode != Mode::NoDict).then(|| self.tail_offset(extra) + 8 * self.members as usize)
    }

    /// Where slot 0 is, for payloads without variable part.
    #[inline(always)]
    pub fn slots_offset(&self) -> usize {
        self.layout.size + 8 * self.members as usize + 8
    }

    /// Whether `__del__` has to run before an instance dies.
    #[inline(always)]
    pub fn has_finalizer(&self) -> bool {
        self.has_finalizer.load(Ordering::Relaxed)
    }

    /// Records whether the class has a finalizer now.
    pub fn set_has_finalizer(&self, yes: bool) {
        self.has_finalizer.store(yes, Ordering::Relaxed);
    }

    /// The names of the attributes, by slot.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The slot of attribute `name`.
    #[inline]
    pub fn slot(&self, name: Name) -> Option<usize> {
        match &self.index {
            None => self.names.iter().position(|known| known.is(&name)),
            Some(index) => index.get(&name.address()).map(|&slot| slot as usize),
        }
    }

    /// The shape with attribute `name` added in the next slot. `None` when there is no slot left.
    pub fn with(&'static self, name: Name) -> Option<&'static Shape> {
        if self.mode != Mode::Slots || self.names.len() >= self.capacity as usize {
            return None;
        }
        let mut transitions = self.transitions.lock();
        if let Some((_, id)) = transitions.iter().find(|(known, _)| known.is(&name)) {
            return Some(get(*id));
        }
        let names: Box<[Name]> = self.names.iter().copied().chain([name]).collect();
        let index = (names.len() > 8).then(|| {
            names
                .iter()
                .enumerate()
                .map(|(slot, name)| (name.address(), slot as u32))
                .collect()
        });
        let shape = register(Shape {
            id: 0,
            mode: Mode::Slots,
            kind: self.kind,
            layout: self.layout,
            members: self.members,
            capacity: self.capacity,
            fixed_size: 0,
            is_bare: false,
            class: AtomicPtr::new(self.class.load(Ordering::Relaxed)),
            has_finalizer: self.has_finalizer().into(),
            names,
            index,
            transitions: Mutex::new(Vec::new()),
        })?;
        transitions.push((name, shape.id));
        Some(shape)
    }

    /// The shape in dict mode with the same capacity. Kept as a transition of the root: see `Type`.
    pub fn in_dict_mode(&'static self) -> Option<&'static Shape> {
        if self.mode == Mode::Dict {
            return Some(self);
        }
        let mut transitions = self.transitions.lock();
        let marker = Name::dict_mode_marker();
        if let Some((_, id)) = transitions.iter().find(|(known, _)| known.is(&marker)) {
            return Some(get(*id));
        }
        let shape = register(Shape {
            id: 0,
            mode: Mode::Dict,
            kind: self.kind,
            layout: self.layout,
            members: self.members,
            capacity: self.capacity,
            fixed_size: 0,
            is_bare: false,
            class: AtomicPtr::new(self.class.load(Ordering::Relaxed)),
            has_finalizer: self.has_finalizer().into(),
            names: Box::new([]),
            index: None,
            transitions: Mutex::new(Vec::new()),
        })?;
        transitions.push((marker, shape.id));
        Some(shape)
    }

    /// All shapes reached from this one by transitions, itself included.
    pub fn family(&'static self) -> Vec<&'static Shape> {
        let mut found = vec![self];
        let mut next = 0;
        while next < found.len() {
            let shape = found[next];
            found.extend(shape.transitions.lock().iter().map(|(_, id)| get(*id)));
            next += 1;
        }
        found
    }
}
