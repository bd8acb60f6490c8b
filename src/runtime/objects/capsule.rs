//! `PyCapsule`: the object by which native modules of CPython hand an interface in C to each other.
//!
//! Nothing here has such an interface. The objects are there because programs look for them, and to keep
//! memory alive that C has the address of.

use std::any::Any;

use typhon_macros::{pyclass, pymethods};

use crate::args::IntoValue;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref};
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "PyCapsule",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    plain,
    doc = "Capsule objects let you wrap a C \"void *\" pointer in a Python\nobject.  They're a way of passing data through the Python interpreter\nwithout creating your own custom type.\n\nCapsules are used for communication between extension modules.\nThey provide a way for an extension module to export a C interface\nto other extension modules, so that extension modules can use the\nPython import mechanism to link to one another."
)]
pub struct Capsule {
    name: &'static str,
    /// What lives as long as the capsule.
    _contents: Option<Box<dyn Any + Send + Sync>>,
}

impl Capsule {
    /// A capsule of that name.
    ///
    /// # Errors
    /// MemoryError.
    pub fn named(cx: &Context, name: &'static str) -> PyResult<Ref<Capsule>> {
        Capsule::make(cx, name, None)
    }

    /// A capsule of that name that keeps `contents` alive.
    ///
    /// # Errors
    /// MemoryError.
    pub fn holding(
        cx: &Context,
        name: &'static str,
        contents: Box<dyn Any + Send + Sync>,
    ) -> PyResult<Ref<Capsule>> {
        Capsule::make(cx, name, Some(contents))
    }

    fn make(
        cx: &Context,
        name: &'static str,
        contents: Option<Box<dyn Any + Send + Sync>>,
    ) -> PyResult<Ref<Capsule>> {
        crate::class::class_of::<Capsule>(cx)?;
        let _contents = contents;
        object::new(cx, Capsule { name, _contents })
    }
}

#[pymethods]
impl Capsule {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Capsule>) -> PyResult<Value> {
        let (name, address) = (this.name, this.as_ptr());
        format!("<capsule object \"{name}\" at {address:p}>").into_value(cx)
    }
}
