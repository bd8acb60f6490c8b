//! `type`: the class of classes.
//!
//! A type's attributes are in `dict`; what instances look like is in its root shape. `mro`, `bases`,
//! `base` and `name` are fields, replaced as a whole. `version` names one state of everything that
//! attribute look-up on the type depends on (its dict, its bases' dicts, the order of resolution):
//! it is a number that was never used before, or zero when none was asked for since the last change.
//!
//! Who changes a type has the turn ([`changing`]) and takes the version away *before* the change, so that no
//! reader trusts a cached value that may be freed by it, and *after* it, so that no reader caches a
//! value under a version that it found before.
//!
//! Files: `lookup` (attribute look-up and its cache), `mro` (C3), `new` (the class statement),
//! `methods` (what Python sees), `change` (setting attributes, `__bases__`).

mod change;
mod lookup;
mod methods;
mod mro;
mod new;

use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

pub use change::set_attribute;
pub(crate) use lookup::type_find_attribute;
pub use lookup::{MethodCache, type_get_attribute};
pub(crate) use new::solid;
pub use new::{NewType, best_base, calculate_metaclass};

use typhon_macros::pyclass;

use crate::class::{ClassCell, ClassFlags};
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Kind, Layout, Object, Payload, Ref, Traverse};
use crate::objects::dict::Dict;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::shape::{self, Mode, Root, Shape};
use crate::slots::Slots;
use crate::value::Value;

/// Held while a type changes: no Python code runs under it, but dicts are entered. Taken by [`changing`].
static CHANGES: Mutex<()> = Mutex::new(());

/// The calling thread changes a type, as long as it has what is returned. It waits for its turn
/// detached: who has it may wait for this thread to let go of a dict.
pub(crate) fn changing(cx: &Context) -> MutexGuard<'static, ()> {
    match CHANGES.try_lock() {
        Some(turn) => turn,
        None => cx.detached(|| CHANGES.lock()),
    }
}

static NEXT_VERSION: AtomicU32 = AtomicU32::new(1);

/// See the module's header.
#[pyclass(
    name = "type",
    flags(BASETYPE, IMMUTABLE, HAS_DICT),
    doc = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type"
)]
pub struct Type {
    /// What the interpreter calls for operations on instances.
    pub slots: Slots,
    /// The payload of instances.
    pub layout: &'static Layout,
    /// The heap that instances live in.
    pub kind: Kind,
    flags: AtomicU64,
    version: AtomicU32,
    /// Root shape of new instances; replaced when instances turn out to need more inline slots.
    root: AtomicU32,
    /// Words for `__slots__` in instances, those of the bases included.
    pub members: u32,
    /// `__name__`.
    pub name: Field,
    /// `__qualname__`.
    pub qualname: Field,
    /// The base whose layout this type extends.
    pub base: Field,
    /// `__bases__`.
    pub bases: Field,
    /// `__mro__`.
    pub mro: Field,
    /// The attributes.
    pub dict: Ref<Dict>,
    /// `__module__` of a built-in class whose instances have a `__module__`.
    pub(crate) native_module: OnceLock<&'static str>,
    /// `__text_signature__` of a built-in class.
    pub(crate) native_signature: OnceLock<&'static str>,
    /// What a metaclass written in Rust keeps in its classes.
    pub native_data: Field,
    /// Weak: a subclass takes itself out when it dies.
    subclasses: Mutex<Vec<NonNull<Object<Type>>>>,
}

// SAFETY: the pointers in `subclasses` are dereferenced only under its lock, where a dying subclass
// takes itself out before its memory is freed.
unsafe impl Send for Type {}
// SAFETY: as above.
unsafe impl Sync for Type {}

impl Traverse for Type {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [
            &self.name,
            &self.qualname,
            &self.base,
            &self.bases,
            &self.mro,
            &self.native_data,
        ] {
            field.traverse(visit);
        }
        visit(self.dict.as_value());
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        let address = std::ptr::from_ref(self) as usize - std::mem::offset_of!(TypeObject, payload);
        let bases: Vec<Value> = self
            .bases
            .get_as::<Tuple>()
            .map(|bases| bases.to_vec())
            .unwrap_or_default();
        for base in &bases {
            if let Some(base) = base.downcast::<Type>() {
                base.subclasses
                    .lock()
                    .retain(|known| known.as_ptr() as usize != address);
            }
        }
    }
}

/// The layout of `Object<Type>`, to get from the payload to the object.
#[repr(C)]
struct TypeObject {
    header: typhon_sync::Header,
    payload: Type,
}

/// What a type is made of, but for its attributes.
pub struct TypeBuilder<'a> {
    pub name: &'a str,
    pub base: Option<Ref<Type>>,
    pub layout: &'static Layout,
    pub kind: Kind,
    pub flags: ClassFlags,
}

impl TypeBuilder<'_> {
    /// Makes a built-in type with one base and fills its cell.
    ///
    /// # Errors
    /// MemoryError.
    pub fn build(self, cx: &Context, cell: &ClassCell) -> PyResult<Ref<Type>> {
        self.build_shaped(cx, cell, Type::class_shape())
    }

    /// [`TypeBuilder::build`] of a type whose class is `metaclass`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn build_of(
        self,
        cx: &Context,
        cell: &ClassCell,
        metaclass: &Ref<Type>,
    ) -> PyResult<Ref<Type>> {
        self.build_shaped(cx, cell, metaclass.root_shape())
    }

    fn build_shaped(
        self,
        cx: &Context,
        cell: &ClassCell,
        class_shape: &'static Shape,
    ) -> PyResult<Ref<Type>> {
        let mut flags = self.flags | ClassFlags::IMMUTABLE;
        if let Some(base) = &self.base {
            flags |=
                base.flags() & (ClassFlags::HAS_DICT | ClassFlags::HAS_WEAKREF | inherited_flags());
        }
        let mode = if flags.contains(ClassFlags::HAS_DICT) {
            Mode::Slots
        } else {
            Mode::NoDict
        };
        let class = Type::allocate(cx, class_shape, &self, flags, 0)?;
        let root = Root {
            class: class.as_ptr(),
            layout: self.layout,
            kind: self.kind,
            members: 0,
            capacity: 0,
            mode,
        };
        let shape = match cell.shape_id() {
            u32::MAX => shape::new_root(&root).ok_or_else(|| cx.no_memory())?,
            reserved => {
                shape::get(reserved).set_class(class.as_ptr());
                shape::get(reserved)
            }
        };
        class.root.store(shape.id, Ordering::Release);
        let bases: Vec<Value> = self.base.iter().map(Ref::to_value).collect();
        class
            .bases
            .set(Some(Tuple::from_values(cx, &bases)?.into_value()));
        class.base.set(self.base.as_ref().map(Ref::to_value));
        let mut order = vec![class.to_value()];
        if let Some(base) = &self.base {
            order.extend(base.mro_values());
            base.add_subclass(&class);
        }
        class
            .mro
            .set(Some(Tuple::from_values(cx, &order)?.into_value()));
        class.header().set_immortal();
        cell.fill(class.clone(), shape.id);
        Ok(class)
    }
}

/// Flags that subclasses have too.
pub(crate) fn inherited_flags() -> ClassFlags {
    ClassFlags::SEQUENCE | ClassFlags::MAPPING | ClassFlags::MATCH_SELF | ClassFlags::CUSTOM_GETATTR
}

impl Type {
    fn class_shape() -> &'static Shape {
        shape::get(Type::shape_id())
    }

    /// A type without bases, attributes or shape.
    fn allocate(
        cx: &Context,
        shape: &'static Shape,
        builder: &TypeBuilder<'_>,
        flags: ClassFlags,
        members: u32,
    ) -> PyResult<Ref<Type>> {
        let name = Str::from_str(cx, builder.name)?;
        object::new_with_shape(
            cx,
            shape,
            Type {
                slots: Slots::empty(),
                layout: builder.layout,
                kind: builder.kind,
                flags: AtomicU64::new(flags.bits()),
                version: AtomicU32::new(0),
                root: AtomicU32::new(0),
                members,
                name: Field::new(name.to_value()),
                qualname: Field::new(name.into_value()),
                base: Field::empty(),
                bases: Field::empty(),
                mro: Field::empty(),
                dict: Dict::new(cx)?,
                native_module: OnceLock::new(),
                native_signature: OnceLock::new(),
                native_data: Field::empty(),
                subclasses: Mutex::new(Vec::new()),
            },
        )
    }

    /// The flags of the class.
    #[inline]
    pub fn flags(&self) -> ClassFlags {
        ClassFlags::from_bits_retain(self.flags.load(Ordering::Relaxed))
    }

    /// Whether all of `flags` are set.
    #[inline]
    pub fn has(&self, flags: ClassFlags) -> bool {
        self.flags().contains(flags)
    }

    /// Sets or clears flags.
    pub fn set_flags(&self, flags: ClassFlags, on: bool) {
        if on {
            self.flags.fetch_or(flags.bits(), Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!flags.bits(), Ordering::Relaxed);
        }
    }

    /// The current version, made up if there is none. Zero when the numbers are used up.
    pub fn version_or_new(&self) -> u32 {
        let version = self.version.load(Ordering::Acquire);
        if version != 0 || self.has(ClassFlags::UNCACHED) {
            return version;
        }
        let fresh = NEXT_VERSION.fetch_add(1, Ordering::Relaxed);
        if fresh >= u32::MAX - 1024 {
            NEXT_VERSION.store(u32::MAX - 1024, Ordering::Relaxed);
            return 0;
        }
        match self
            .version
            .compare_exchange(0, fresh, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }

    /// The current version; zero when there is none. An inline cache that matches it is valid.
    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }

    /// The shape of new instances.
    #[inline(always)]
    pub fn root_shape(&self) -> &'static Shape {
        shape::get(self.root.load(Ordering::Acquire))
    }

    /// Instances with `shape` have run out of inline slots: new ones shall have more.
    pub fn grow_capacity(&self, shape: &'static Shape) {
        let root = self.root_shape();
        if !self.has(ClassFlags::HEAPTYPE)
            || root.mode != Mode::Slots
            || root.layout.is_variable
            || shape.capacity >= shape::MOST_SLOTS
            || root.capacity > shape.capacity
        {
            return;
        }
        let bigger = Root {
            class: root.class().as_ptr(),
            layout: root.layout,
            kind: root.kind,
            members: root.members,
            capacity: (root.capacity * 2).clamp(4, shape::MOST_SLOTS),
            mode: Mode::Slots,
        };
        if let Some(new) = shape::new_root(&bigger) {
            new.set_has_finalizer(root.has_finalizer());
            self.root.store(new.id, Ordering::Release);
        }
    }

    /// `__name__` as text.
    pub fn short_name(&self) -> String {
        self.name
            .get_as::<Str>()
            .map(|name| name.to_string())
            .unwrap_or_default()
    }

    /// The types in method resolution order.
    pub fn mro_values(&self) -> Vec<Value> {
        self.mro_tuple().map(|mro| mro.to_vec()).unwrap_or_default()
    }

    /// `__mro__`.
    #[inline]
    pub fn mro_tuple(&self) -> Option<Ref<Tuple>> {
        self.mro.get_as::<Tuple>()
    }

    /// `__base__`.
    pub fn base_type(&self) -> Option<Ref<Type>> {
        self.base.get_as::<Type>()
    }

    /// The subclasses that are alive.
    pub fn live_subclasses(&self) -> Vec<Ref<Type>> {
        let subclasses = self.subclasses.lock();
        subclasses
            .iter()
            .filter_map(|pointer| {
                // SAFETY: a dying subclass takes itself out under the lock that is held here, before
                // its memory is freed; the increment fails when its last count is gone.
                unsafe {
                    let header: &typhon_sync::Header = pointer.cast().as_ref();
                    header.try_incref().then(|| Ref::from_raw(*pointer))
                }
            })
            .collect()
    }

    pub(crate) fn add_subclass(&self, class: &Ref<Type>) {
        class.header().mark_maybe_shared();
        let mut subclasses = self.subclasses.lock();
        if !subclasses.contains(&class.as_ptr()) {
            subclasses.push(class.as_ptr());
        }
    }

    pub(crate) fn remove_subclass(&self, class: &Ref<Type>) {
        self.subclasses
            .lock()
            .retain(|known| *known != class.as_ptr());
    }
}

impl Ref<Type> {
    /// Whether this class is `other` or derived from it (by the order of resolution).
    #[inline]
    pub fn is_subclass(&self, other: &Ref<Type>) -> bool {
        self.is(other) || self.is_subclass_slow(other)
    }

    fn is_subclass_slow(&self, other: &Ref<Type>) -> bool {
        match self.mro_tuple() {
            Some(mro) => mro
                .as_slice()
                .iter()
                .any(|class| class.is(other.as_value())),
            None => false,
        }
    }

    /// Fills the slots that a built-in class did not fill from its base, and makes the wrappers that
    /// its slots have as attributes.
    ///
    /// # Errors
    /// MemoryError.
    pub fn finish_built_in(&self, cx: &Context) -> PyResult<()> {
        crate::slot_wrappers::add_wrappers(cx, self)?;
        if let Some(base) = self.base_type() {
            self.inherit_slots(&base);
        }
        if self.has(ClassFlags::DISALLOW_INSTANTIATION) {
            self.slots.new.set(None);
        }
        self.refresh_finalizer();
        Ok(())
    }

    /// Takes over from `base` the slots that are empty; `__eq__` and `__hash__` go together.
    pub(crate) fn inherit_slots(&self, base: &Type) {
        if self.slots.compare.word() != 0 && self.slots.hash.word() == 0 {
            self.slots
                .hash
                .set(Some(crate::protocols::hash::unhashable));
        }
        self.slots.inherit_from(&base.slots);
    }

    /// Tells the shapes whether instances have to be finalized.
    pub(crate) fn refresh_finalizer(&self) {
        let yes = self.slots.finalize.get().is_some();
        for shape in self.root_shape().family() {
            shape.set_has_finalizer(yes);
        }
    }

    /// As messages of the newest sort show a class: with its module, but for those of `__main__`.
    pub fn qualified_name(&self, cx: &Context) -> String {
        let name = self.full_name(cx);
        match name.strip_prefix("__main__.") {
            Some(name) => name.to_owned(),
            None => name,
        }
    }

    /// As messages of the oldest sort show a class: the bare name, with the module for a built-in class
    /// of a module.
    pub fn plain_name(&self, cx: &Context) -> String {
        if self.has(ClassFlags::HEAPTYPE) {
            self.short_name()
        } else {
            self.full_name(cx)
        }
    }

    /// `module.qualname`, or the bare name for built-ins: as messages show a class.
    pub fn full_name(&self, cx: &Context) -> String {
        let qualname = self
            .qualname
            .get_as::<Str>()
            .map(|name| name.to_string())
            .unwrap_or_default();
        match self.module_name(cx) {
            Some(module) if module != "builtins" => format!("{module}.{qualname}"),
            _ => qualname,
        }
    }

    /// [`Type::full_name`] without `__main__`: as notes to exceptions show a class.
    pub fn fully_qualified_name(&self, cx: &Context) -> String {
        let name = self.full_name(cx);
        match name.strip_prefix("__main__.") {
            Some(own) => own.to_owned(),
            None => name,
        }
    }

    /// `__module__`, if it is a string.
    pub fn module_name(&self, cx: &Context) -> Option<String> {
        if !self.has(ClassFlags::HEAPTYPE) {
            let own = self
                .dict
                .get_name(cx, Name::intern(cx, "__module__").ok()?)
                .ok()?;
            return Some(match own {
                Some(module) => match (module.downcast::<Str>(), self.native_module.get()) {
                    (Some(module), _) => module.to_string(),
                    (None, Some(module)) => (*module).to_owned(),
                    (None, None) => return None,
                },
                None => "builtins".into(),
            });
        }
        let module = self
            .dict
            .get_name(cx, Name::intern(cx, "__module__").ok()?)
            .ok()??;
        Some(module.downcast::<Str>()?.to_string())
    }
}

/// Reserves the shapes of the classes without which no class can be made.
pub(crate) fn reserve_shape<T: Payload>() -> Option<()> {
    let shape = shape::new_root(&Root {
        class: NonNull::dangling(),
        layout: T::LAYOUT,
        kind: T::LAYOUT.kind,
        members: 0,
        capacity: 0,
        mode: Mode::NoDict,
    })?;
    T::class_cell().reserve(shape.id);
    Some(())
}
