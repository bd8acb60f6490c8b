//! Built-in types: one file each (a folder when large). A file begins with the type's layout, then
//! its operations, then what Python sees.

pub mod annotations;
pub mod async_generator;
pub mod bool_;
pub mod buffer_wrapper;
pub mod bytearray;
pub mod bytes;
pub mod capsule;
pub mod cell;
pub mod code;
mod code_replace;
pub mod complex;
pub mod constants;
pub mod coroutine;
pub mod delegation;
pub mod descriptors;
pub mod dict;
pub mod enumerate;
pub mod exceptions;
pub mod filter;
pub mod float;
pub mod frame;
pub mod frame_locals;
pub mod function;
pub mod generator;
pub mod generic_alias;
pub mod int;
pub mod iterators;
pub mod list;
pub mod map;
pub mod mappingproxy;
pub mod memoryview;
pub mod method;
pub mod module;
pub mod namespace;
pub mod native;
pub mod none;
pub mod object;
pub mod range;
pub mod reversed;
pub mod set;
pub mod shared_word;
pub mod slice;
pub mod str_;
pub mod struct_sequence;
pub mod super_;
pub mod template;
pub mod traceback;
pub mod tuple;
pub mod type_;
pub mod typing;
pub mod union;
pub mod weakref;
pub mod zip;

use crate::class::class_of;
use crate::context::Context;
use crate::error::PyResult;

/// Makes the built-in classes, once those exist that making a class needs.
///
/// # Errors
/// MemoryError.
pub(crate) fn make_classes(cx: &Context) -> PyResult<()> {
    macro_rules! make {
        ($($class:ty),* $(,)?) => { $(class_of::<$class>(cx)?;)* };
    }
    make!(
        int::BigInteger,
        float::Float,
        bool_::Bool,
        none::NoneType,
        none::Ellipsis,
        none::NotImplementedType,
    );
    exceptions::make_all(cx)?;
    make!(
        descriptors::Property,
        complex::Complex,
        bytes::Bytes,
        bytearray::ByteArray,
        memoryview::MemoryView,
        list::List,
        set::Set,
        set::FrozenSet,
        range::Range,
        slice::Slice,
        enumerate::Enumerate,
        zip::Zip,
        map::Map,
        filter::Filter,
        reversed::Reversed,
        frame_locals::FrameLocalsProxy,
        mappingproxy::MappingProxy,
        cell::Cell,
        code::Code,
        function::Function,
        method::Method,
        frame::FrameObject,
        traceback::Traceback,
        generator::Generator,
        coroutine::CoroutineClass,
        coroutine::CoroutineWrapper,
        async_generator::AsyncGeneratorClass,
        async_generator::Step,
        async_generator::Wrapped,
        module::Module,
        namespace::Namespace,
        super_::Super,
        generic_alias::GenericAlias,
        generic_alias::GenericAliasIterator,
        union::Union,
        iterators::ListIterator,
        iterators::ListReverseIterator,
        iterators::TupleIterator,
        iterators::SequenceIterator,
        iterators::CallableIterator,
        range::RangeIterator,
        range::LongRangeIterator,
        set::SetIterator,
        dict::views::DictKeys,
        dict::views::DictValues,
        dict::views::DictItems,
        dict::views::DictKeyIterator,
        dict::views::DictValueIterator,
        dict::views::DictItemIterator,
        dict::views::DictReverseKeyIterator,
        dict::views::DictReverseValueIterator,
        dict::views::DictReverseItemIterator,
        str_::StrIterator,
        str_::StrAsciiIterator,
        str_::format::FormatterIterator,
        str_::format::FieldNameIterator,
        bytes::BytesIterator,
        bytearray::ByteArrayIterator,
        buffer_wrapper::BufferWrapper,
        memoryview::ManagedBuffer,
        memoryview::MemoryIterator,
        template::Interpolation,
        template::Template,
        template::TemplateIterator,
        typing::TypeVar,
        typing::ParamSpec,
        typing::ParamSpecArgs,
        typing::ParamSpecKwargs,
        typing::TypeVarTuple,
        typing::TypeAlias,
        typing::NoDefault,
        typing::ConstantEvaluator,
    );
    template::finish_classes(cx)?;
    typing::finish_classes(cx)?;
    Ok(())
}
