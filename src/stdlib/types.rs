//! `_types`: names for classes that are in no other namespace. `types` passes them on.

use typhon_macros::pymodule;
use typhon_runtime::class::class_of;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::async_generator::AsyncGeneratorClass;
use typhon_runtime::objects::capsule::Capsule;
use typhon_runtime::objects::cell::Cell;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::coroutine::CoroutineClass;
use typhon_runtime::objects::descriptors::{
    ClassMethodDescriptor, GetSet, Member, MethodDescriptor, MethodWrapper, WrapperDescriptor,
};
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::objects::function::Function;
use typhon_runtime::objects::generator::Generator;
use typhon_runtime::objects::generic_alias::GenericAlias;
use typhon_runtime::objects::mappingproxy::MappingProxy;
use typhon_runtime::objects::method::Method;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::namespace::Namespace;
use typhon_runtime::objects::native::NativeFunction;
use typhon_runtime::objects::none::{Ellipsis, NoneType, NotImplementedType};
use typhon_runtime::objects::traceback::Traceback;
use typhon_runtime::objects::union::Union;
use typhon_runtime::{Context, PyResult, Ref, module};

/// Define names for built-in types.
#[pymodule(name = "_types")]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    // Made when it is first asked for; the others are there from the start.
    class_of::<Capsule>(cx)?;
    let classes = [
        ("AsyncGeneratorType", AsyncGeneratorClass::class()),
        ("BuiltinFunctionType", NativeFunction::class()),
        ("BuiltinMethodType", NativeFunction::class()),
        ("CapsuleType", Capsule::class()),
        ("CellType", Cell::class()),
        ("ClassMethodDescriptorType", ClassMethodDescriptor::class()),
        ("CodeType", Code::class()),
        ("CoroutineType", CoroutineClass::class()),
        ("EllipsisType", Ellipsis::class()),
        ("FrameType", FrameObject::class()),
        ("FunctionType", Function::class()),
        ("GeneratorType", Generator::class()),
        ("GenericAlias", GenericAlias::class()),
        ("GetSetDescriptorType", GetSet::class()),
        ("LambdaType", Function::class()),
        ("MappingProxyType", MappingProxy::class()),
        ("MemberDescriptorType", Member::class()),
        ("MethodDescriptorType", MethodDescriptor::class()),
        ("MethodType", Method::class()),
        ("MethodWrapperType", MethodWrapper::class()),
        ("ModuleType", Module::class()),
        ("NoneType", NoneType::class()),
        ("NotImplementedType", NotImplementedType::class()),
        ("SimpleNamespace", Namespace::class()),
        ("TracebackType", Traceback::class()),
        ("UnionType", Union::class()),
        ("WrapperDescriptorType", WrapperDescriptor::class()),
    ];
    for (name, class) in classes {
        module::add(cx, this, name, class.clone())?;
    }
    Ok(())
}
