//! The macros with which built-in types and native modules are written.
//!
//! | macro | on | makes |
//! | --- | --- | --- |
//! | [`macro@pyclass`] | a struct | the payload of a Python class, and the class's description |
//! | [`macro@pymethods`] | an `impl` of it | the class's methods, attributes and slots |
//! | [`macro@pyfunction`] | a function | the description of a built-in function |
//! | [`macro@pymodule`] | a function | the description of a native module, which it initializes |
//!
//! A callable's Python signature is written as Python writes it, `"append(self, object, /)"`; it is
//! what `inspect.signature` shows, it decides how arguments are bound, and its parameters are the
//! Rust function's, in order. Rust types convert by `typhon_runtime::args::FromArgument` and
//! `IntoValue`. Doc comments become docstrings.
//!
//! Files: `signature` reads the Python signature, `function` makes the function that binds
//! arguments, `class` and `module` make the tables.

mod class;
mod function;
mod module;
mod signature;

use proc_macro::TokenStream;

/// Makes a struct the payload of a Python class.
///
/// ```ignore
/// #[pyclass(name = "list", flags(BASETYPE, SEQUENCE), doc = "Built-in mutable sequence.")]
/// pub struct List { … }
/// ```
/// Keys: `name` (required), `module` (default `"builtins"`), `base = RustType` (the Python base whose
/// payload is the first field; default `object`), `python_base = expr` (the Python base class where
/// the payload is not inherited), `metaclass = RustType` (default `type`), `flags(...)` of `ClassFlags`,
/// `doc`, `signature`, `plain` (the payload has no references: no `Traverse` to write), `variable = path`
/// (function that gives the size of the variable part).
#[proc_macro_attribute]
pub fn pyclass(arguments: TokenStream, item: TokenStream) -> TokenStream {
    class::pyclass(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes the functions of an `impl` block the methods, attributes and slots of its Python class.
///
/// On each function one of `#[method("f(self, x, /)")]`, `#[classmethod("f(cls, x)")]`,
/// `#[staticmethod("f(x)")]`, `#[getter]`, `#[setter]` (named `set_x`), `#[slot(repr)]`; without
/// one it is left alone. The first parameter is `cx: &Context`; then `this: &Ref<Self>` (or `&Value`),
/// `class: &Ref<Type>` for class methods, nothing for static ones; then the parameters.
/// `#[pymethods(table = NAME)]` makes a static table instead, for a second block in another file;
/// the first names it: `#[pymethods(tables(path::NAME))]`.
#[proc_macro_attribute]
pub fn pymethods(arguments: TokenStream, item: TokenStream) -> TokenStream {
    class::pymethods(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a function a built-in: `#[pyfunction("len(obj, /)")]`. Its description is a static with the
/// function's name in capitals, which `#[pymodule(functions(len))]` finds.
#[proc_macro_attribute]
pub fn pyfunction(arguments: TokenStream, item: TokenStream) -> TokenStream {
    module::pyfunction(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a function the initializer of a native module, described by a static `MODULE`:
/// `#[pymodule(name = "math", functions(sqrt, sin), classes(Point))]`.
#[proc_macro_attribute]
pub fn pymodule(arguments: TokenStream, item: TokenStream) -> TokenStream {
    module::pymodule(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
