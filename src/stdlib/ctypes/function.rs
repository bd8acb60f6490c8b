//! `CFuncPtr`: the address of a function of C, which Python calls, or Python's that C calls.
//!
//! What a call knows of arguments and result is the instance's, or else the class's (`info::Prototype`). A
//! call detaches, so that other threads run meanwhile, unless the class says that the function uses the
//! interpreter (`PYTHON_API`).

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::field::Field;
use typhon_runtime::object::Traverse;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, iterate};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, audit};

use super::ARGUMENT_ERROR;
use super::abi::{self, Call};
use super::argument::{self, Passed};
use super::callback::{self, Thunk};
use super::code::{self, Code, Machine};
use super::data::{self, CData, Source};
use super::info::{self, Info, Kind, Prototype, Words};
use super::library;
use super::memory;
use super::meta::{self, metaclass};
use super::parameters::{self, Outs};
use super::python_api;

/// The arguments are as C has them: more of them may be given than are described.
pub const CDECL: i64 = 1;
/// The function uses the interpreter.
pub const PYTHON_API: i64 = 4;
/// Calls exchange `errno` with the program's copy.
pub const USE_ERRNO: i64 = 8;

/// How many arguments a call can have.
const MOST_ARGUMENTS: usize = 1024;
/// Bytes of the stack that the arguments of a call can take.
const MOST_ON_STACK: usize = 128 << 10;

/// What a function returns of which nothing is known.
pub const INT: Machine = Machine::Integer {
    size: 4,
    signed: true,
};

metaclass!(
    FunctionType,
    "PyCFuncPtrType",
    "metatype for C function pointers"
);

/// See the module's header.
#[pyclass(
    name = "CFuncPtr",
    module = "_ctypes",
    base = CData,
    metaclass = FunctionType,
    flags(BASETYPE, IMMUTABLE),
    doc = "Function Pointer"
)]
#[repr(C)]
pub struct Function {
    base: CData,
    argtypes: Field,
    converters: Field,
    restype: Field,
    checker: Field,
    errcheck: Field,
    parameters: Field,
}

impl Traverse for Function {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        for field in [
            &self.argtypes,
            &self.converters,
            &self.restype,
            &self.checker,
            &self.errcheck,
            &self.parameters,
        ] {
            field.traverse(visit);
        }
    }
}

/// NotImplementedError: this machine's calling convention is not known.
#[cold]
pub fn unsupported(cx: &Context) -> Raised {
    cx.not_implemented_error("foreign functions cannot be called on this platform")
}

/// The `from_param` of each of the argument types.
fn converters(cx: &Context, types: &Value) -> PyResult<Vec<Value>> {
    let types = iterate::collect_or(cx, types, "_argtypes_ must be a sequence of types")?;
    if types.len() > MOST_ARGUMENTS {
        let count = types.len();
        let text =
            format!("_argtypes_ has too many arguments ({count}), maximum is {MOST_ARGUMENTS}");
        return Err(ARGUMENT_ERROR.raise(cx, text));
    }
    let from_param = Name::intern(cx, "from_param")?;
    let mut converters = Vec::with_capacity(types.len());
    for (nth, class) in types.iter().enumerate() {
        let converter = attribute::find(cx, class, from_param)?.ok_or_else(|| {
            let nth = nth + 1;
            cx.type_error(format!("item {nth} in _argtypes_ has no from_param method"))
        })?;
        converters.push(converter);
    }
    Ok(converters)
}

/// `_check_retval_` of a result type.
fn checker_of(cx: &Context, restype: &Value) -> PyResult<Option<Value>> {
    if restype.is_none() {
        return Ok(None);
    }
    attribute::find(cx, restype, Name::intern(cx, "_check_retval_")?)
}

/// Whether results can be converted by this.
fn is_result_type(value: &Value) -> bool {
    value.is_none() || info::find_value(value).is_some() || call::is_callable(value)
}

#[pymethods]
impl FunctionType {
    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        meta::initialize_type(cx, this, args)?;
        let class = meta::class_of(this);
        let flags = meta::find_attribute(cx, this, "_flags_")?;
        let Some(flags) = flags.filter(int::is_int) else {
            return Err(cx.type_error("class must define _flags_ which must be an integer"));
        };
        let prototype = Prototype {
            flags: code::wrapped(cx, &flags)? as i64,
            ..Prototype::default()
        };
        if let Some(types) = meta::find_attribute(cx, this, "_argtypes_")? {
            let converters = converters(cx, &types)?;
            let types = iterate::collect(cx, &types)?;
            let types = Tuple::from_vec(cx, types)?;
            prototype.argtypes.set(Some(types.into_value()));
            let converters = Tuple::from_vec(cx, converters)?;
            prototype.converters.set(Some(converters.into_value()));
        }
        if let Some(restype) = meta::find_attribute(cx, this, "_restype_")? {
            if !is_result_type(&restype) {
                return Err(cx.type_error("_restype_ must be a type, a callable, or None"));
            }
            prototype.checker.set(checker_of(cx, &restype)?);
            prototype.restype.set(Some(restype));
        }
        let size = size_of::<usize>();
        let info = Info {
            length: 1,
            format: "X{}".to_owned(),
            words: Words::pointer(),
            has_pointer: true,
            prototype: Some(prototype),
            ..Info::new(Kind::Function, size, size)
        };
        info::attach(cx, class, info)
    }
}

/// Runs `work` with `errno` exchanged for the program's copy, if that is wanted.
pub fn with_errno<R>(wanted: bool, work: impl FnOnce() -> R) -> R {
    if !wanted {
        return work();
    }
    exchange_errno();
    let result = work();
    exchange_errno();
    result
}

fn exchange_errno() {
    // SAFETY: the place is the thread's own.
    unsafe {
        let place = errno_place();
        *place = callback::replace_errno(*place);
    }
}

#[cfg(any(target_os = "linux", target_os = "emscripten"))]
unsafe fn errno_place() -> *mut i32 {
    // SAFETY: takes nothing.
    unsafe { libc::__errno_location() }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
unsafe fn errno_place() -> *mut i32 {
    // SAFETY: takes nothing.
    unsafe { libc::__error() }
}

/// What a call returns and what it does with it.
struct Returns {
    /// The class or callable; None for nothing.
    restype: Option<Value>,
    checker: Option<Value>,
}

/// A result that no type was given for: an `int`.
fn default_code() -> Code {
    Code {
        letter: b'i',
        swapped: false,
    }
}

impl Returns {
    /// Where the result of the function is: none, that of a C type, or an `int`.
    fn information(&self) -> Option<Option<Ref<Info>>> {
        match &self.restype {
            Some(restype) if restype.is_none() => None,
            Some(restype) => Some(info::find_value(restype)),
            None => Some(None),
        }
    }

    /// The result's bytes as an object.
    fn convert(&self, cx: &Context, bytes: &[u8]) -> PyResult<Value> {
        // SAFETY: the bytes are those of the result's type.
        let as_int = || unsafe { default_code().get(cx, bytes.as_ptr()) };
        let value = match (&self.restype, self.information()) {
            (_, None) => return Ok(Value::NONE),
            (Some(restype), Some(Some(info))) => {
                let class = meta::class_of(restype);
                let code = info.code().filter(|_| data::is_plain(class, &info));
                match code {
                    // SAFETY: as above; the count of the object is the caller's.
                    Some(code) if code.letter == b'O' => unsafe { taken_object(cx, bytes)? },
                    // SAFETY: as above; where it points to, C has something.
                    Some(code) => unsafe { code.get(cx, bytes.as_ptr())? },
                    // SAFETY: as above.
                    None => unsafe {
                        data::instantiate(cx, class, Source::Copy(bytes.as_ptr()))?.into_value()
                    },
                }
            }
            (Some(callable), Some(None)) => return call::call(cx, callable, &[as_int()?]),
            (None, Some(_)) => as_int()?,
        };
        match &self.checker {
            Some(checker) => call::call(cx, checker, &[value]),
            None => Ok(value),
        }
    }
}

/// An object that a function returned with its count.
///
/// # Safety
/// The bytes are a word: 0, or a value with a count that is the caller's.
unsafe fn taken_object(cx: &Context, bytes: &[u8]) -> PyResult<Value> {
    // SAFETY: the caller's.
    match unsafe { memory::read_word(bytes.as_ptr()) } {
        0 => Err(cx.value_error("PyObject is NULL")),
        // SAFETY: the caller's.
        word => Ok(unsafe { Value::from_bits(word as u64) }),
    }
}

/// Converts an argument, by its type if it has one.
fn convert_argument(
    cx: &Context,
    nth: usize,
    converter: Option<&Value>,
    value: &Value,
) -> PyResult<(Passed, [Value; 2])> {
    let converted = match converter {
        Some(converter) => call::call(cx, converter, std::slice::from_ref(value)),
        None => Ok(value.clone()),
    };
    let passed = converted.and_then(|converted| {
        let (passed, kept) = argument::convert(cx, nth, &converted)?;
        Ok((passed, [kept, converted]))
    });
    passed.map_err(|Raised| match ARGUMENT_ERROR.get(cx) {
        Ok(class) => argument::extend_error(cx, class, &format!("argument {nth}: ")),
        Err(raised) => raised,
    })
}

/// Calls a function of C.
fn call_function(
    cx: &Context,
    address: usize,
    flags: i64,
    arguments: &[Value],
    converters: &[Value],
    returns: &Returns,
) -> PyResult<Value> {
    if !abi::SUPPORTED {
        return Err(unsupported(cx));
    }
    if arguments.len() > MOST_ARGUMENTS {
        let count = arguments.len();
        return Err(ARGUMENT_ERROR.raise(
            cx,
            format!("too many arguments ({count}), maximum is {MOST_ARGUMENTS}"),
        ));
    }
    audit::event(cx, "ctypes.call_function", || {
        let given = Tuple::from_values(cx, arguments)?.into_value();
        Ok(vec![data::address_value(cx, address)?, given])
    })?;
    let information = returns.information();
    let shape = match &information {
        None => None,
        Some(Some(info)) => Some(info.passing()),
        Some(None) => Some(abi::Shape {
            size: 4,
            alignment: 4,
            words: Some(&[(0, INT)]),
            is_complex: false,
        }),
    };
    let mut made = Call::new(address, shape.as_ref());
    let mut kept = Vec::with_capacity(arguments.len());
    for (nth, value) in arguments.iter().enumerate() {
        let (passed, keep) = convert_argument(cx, nth + 1, converters.get(nth), value)?;
        made.add(&passed);
        kept.push(keep);
    }
    if made.stack_size() > MOST_ON_STACK {
        return Err(cx.no_memory());
    }
    let uses_errno = flags & USE_ERRNO != 0;
    cx.nested(" in a foreign function", || {
        if flags & PYTHON_API != 0 {
            // SAFETY: the program says that there is a function that takes such arguments.
            with_errno(uses_errno, || unsafe { made.make() });
        } else {
            // SAFETY: as above.
            cx.detached(|| with_errno(uses_errno, || unsafe { made.make() }));
        }
        Ok(())
    })?;
    if flags & PYTHON_API != 0 && cx.has_exception() {
        return Err(Raised);
    }
    let result = returns.convert(cx, &made.result());
    // What was passed may be what the result points to.
    drop(kept);
    result
}

/// `call_function` of the module: with arguments as they are, the result is an `int`.
///
/// # Errors
/// What conversions raise.
pub fn call_plain(
    cx: &Context,
    address: usize,
    arguments: &[Value],
    flags: i64,
) -> PyResult<Value> {
    let returns = Returns {
        restype: None,
        checker: None,
    };
    call_function(cx, address, flags, arguments, &[], &returns)
}

/// The items of a tuple, if there is one.
fn items(tuple: &Option<Ref<Tuple>>) -> &[Value] {
    tuple.as_ref().map_or(&[], |tuple| tuple.as_slice())
}

impl Function {
    /// The payload over this memory.
    pub fn over(base: CData) -> Function {
        Function {
            base,
            argtypes: Field::empty(),
            converters: Field::empty(),
            restype: Field::empty(),
            checker: Field::empty(),
            errcheck: Field::empty(),
            parameters: Field::empty(),
        }
    }

    fn address(this: &Ref<Function>) -> usize {
        data::of(this.as_value()).word()
    }

    /// The instance's value, or the class's.
    fn own_or(own: &Field, of_class: impl FnOnce() -> Option<Value>) -> Option<Value> {
        own.get().or_else(of_class)
    }

    fn information(cx: &Context, this: &Ref<Function>) -> PyResult<Ref<Info>> {
        data::concrete(cx, this.class_of())
    }

    fn returns(this: &Function, prototype: Option<&Prototype>) -> Returns {
        if let Some(restype) = this.restype.get() {
            return Returns {
                restype: Some(restype),
                checker: this.checker.get(),
            };
        }
        Returns {
            restype: prototype.and_then(|prototype| prototype.restype.get()),
            checker: prototype.and_then(|prototype| prototype.checker.get()),
        }
    }

    fn call(cx: &Context, this: &Ref<Function>, args: Args<'_>) -> PyResult<Value> {
        let info = Function::information(cx, this)?;
        let prototype = info.prototype.as_ref();
        let flags = prototype.map_or(0, |prototype| prototype.flags);
        let own = this.converters.get_as::<Tuple>();
        let of_class = || prototype.and_then(|prototype| prototype.converters.get_as::<Tuple>());
        let has_own = own.is_some();
        let converters = own.or_else(of_class);
        let types = if has_own {
            this.argtypes.get()
        } else {
            prototype.and_then(|prototype| prototype.argtypes.get())
        };
        let returns = Function::returns(this, prototype);
        let (arguments, outs) = match (this.parameters.get_as::<Tuple>(), &types) {
            (Some(parameters), Some(types)) if !items(&converters).is_empty() => {
                parameters::build(cx, &parameters, types, args)?
            }
            _ => (args.positional().to_vec(), Outs::default()),
        };
        check_count(cx, flags, &converters, arguments.len())?;
        let address = Function::address(this);
        if address == 0 {
            return Err(cx.value_error("attempt to call a NULL function pointer"));
        }
        let converters = items(&converters);
        let result = call_function(cx, address, flags, &arguments, converters, &returns)?;
        let Some(errcheck) = this.errcheck.get() else {
            return outs.result(cx, result, &arguments);
        };
        let tuple = Tuple::from_values(cx, &arguments)?.into_value();
        let checked = call::call(cx, &errcheck, &[result, this.to_value(), tuple.clone()])?;
        if !checked.is(&tuple) {
            return Ok(checked);
        }
        outs.result(cx, checked, &arguments)
    }

    /// A function of a library: `(name, library)`.
    fn of_library(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let arguments = args.positional();
        let (source, flags) = match arguments {
            [source] => (source, None),
            [source, flags] => (source, Some(flags)),
            _ => {
                let count = arguments.len();
                let text = format!("function takes at most 2 arguments ({count} given)");
                return Err(cx.type_error(text));
            }
        };
        let parts = source.downcast::<Tuple>().map(|parts| parts.as_slice());
        let Some([name, dll]) = parts else {
            return Err(cx.type_error("illegal func_spec argument"));
        };
        let text = library::function_name(cx, name)?;
        audit::event(cx, "ctypes.dlsym", || Ok(vec![dll.clone(), name.clone()]))?;
        let handle = attribute::get(cx, dll, Name::intern(cx, "_handle")?)?;
        if !int::is_int(&handle) {
            return Err(
                cx.type_error("the _handle attribute of the second argument must be an integer")
            );
        }
        let handle = code::wrapped(cx, &handle)? as usize;
        let address = Function::find(cx, class, handle, &text)?;
        let checked = Function::checked_parameters(cx, class, flags)?;
        let made = Function::at(cx, class, address)?;
        made.parameters.set(checked);
        data::keep(cx, data::of(made.as_value()), 0, dll.clone())?;
        Ok(made.into_value())
    }

    /// The address of a library's function.
    fn find(cx: &Context, class: &Ref<Type>, handle: usize, name: &str) -> PyResult<usize> {
        let message = match library::symbol(cx, handle, name, "function")? {
            Ok(address) => return Ok(address),
            Err(message) => message,
        };
        let info = data::concrete(cx, class)?;
        let flags = info
            .prototype
            .as_ref()
            .map_or(0, |prototype| prototype.flags);
        let own = python_api::address(name).filter(|_| flags & PYTHON_API != 0);
        own.ok_or_else(|| cx.attribute_error(message))
    }

    fn checked_parameters(
        cx: &Context,
        class: &Ref<Type>,
        flags: Option<&Value>,
    ) -> PyResult<Option<Value>> {
        let Some(flags) = flags.filter(|flags| !flags.is_none()) else {
            return Ok(None);
        };
        let Some(parameters) = flags.downcast::<Tuple>() else {
            return Err(cx.type_error("paramflags must be a tuple or None"));
        };
        let info = data::concrete(cx, class)?;
        let prototype = info.prototype.as_ref();
        match prototype.and_then(|prototype| prototype.argtypes.get_as::<Tuple>()) {
            Some(types) => parameters::check(cx, parameters, types.as_slice())?,
            None => return Ok(None),
        }
        Ok(Some(flags.clone()))
    }

    /// An instance with this address.
    fn at(cx: &Context, class: &Ref<Type>, address: usize) -> PyResult<Ref<Function>> {
        // SAFETY: no memory is named.
        let made = unsafe { data::instantiate(cx, class, Source::New)? };
        // SAFETY: a function's memory is a word.
        unsafe { memory::write_word(made.address(), address) };
        made.into_value()
            .into_ref::<Function>()
            .map_err(|_| cx.type_error("abstract class"))
    }

    /// A function of Python that C can call.
    fn of_callable(cx: &Context, class: &Ref<Type>, callable: &Value) -> PyResult<Value> {
        if !call::is_callable(callable) {
            return Err(cx.type_error("argument must be callable or integer function address"));
        }
        let info = data::concrete(cx, class)?;
        let prototype = info.prototype.as_ref();
        let types = prototype.and_then(|prototype| prototype.argtypes.get_as::<Tuple>());
        let (Some(prototype), Some(types)) = (prototype, types) else {
            return Err(cx.type_error("cannot construct instance of this class: no argtypes"));
        };
        let mut classes = Vec::with_capacity(types.len());
        for class in types.as_slice() {
            let Some(class) = class
                .downcast::<Type>()
                .filter(|class| info::find(class).is_some())
            else {
                return Err(cx.type_error("_argtypes_ must be a sequence of C types"));
            };
            classes.push(class.clone());
        }
        let restype = prototype.restype.get();
        let result = restype.as_ref().filter(|restype| !restype.is_none());
        let thunk = Thunk::new(cx, callable, classes, result, prototype.flags)?;
        let made = Function::at(cx, class, thunk.address())?;
        data::keep(cx, data::of(made.as_value()), 0, thunk.into_value())?;
        Ok(made.into_value())
    }
}

/// Whether as many arguments are given as are described.
fn check_count(
    cx: &Context,
    flags: i64,
    converters: &Option<Ref<Tuple>>,
    given: usize,
) -> PyResult<()> {
    let Some(converters) = converters else {
        return Ok(());
    };
    let wanted = converters.len();
    let plural = if wanted == 1 { "" } else { "s" };
    if flags & CDECL != 0 {
        if wanted > given {
            return Err(cx.type_error(format!(
                "this function takes at least {wanted} argument{plural} ({given} given)"
            )));
        }
    } else if wanted != given {
        return Err(cx.type_error(format!(
            "this function takes {wanted} argument{plural} ({given} given)"
        )));
    }
    Ok(())
}

#[pymethods]
impl Function {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let first = match args.positional() {
            [] => return data::new(cx, class),
            [first, ..] => first,
        };
        if first.downcast::<Tuple>().is_some() {
            return Function::of_library(cx, class, args);
        }
        match args.positional() {
            [address] if int::is_int(address) => {
                let address = code::wrapped(cx, address)? as usize;
                Function::at(cx, class, address).map(Ref::into_value)
            }
            [callable] => Function::of_callable(cx, class, callable),
            more => Err(cx.type_error(format!(
                "function takes exactly 1 argument ({} given)",
                more.len()
            ))),
        }
    }

    #[slot(init)]
    fn init(_cx: &Context, _this: &Value, _args: Args<'_>) -> PyResult<()> {
        Ok(())
    }

    #[slot(call)]
    fn call_slot(cx: &Context, this: &Ref<Function>, args: Args<'_>) -> PyResult<Value> {
        Function::call(cx, this, args)
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<Function>) -> PyResult<bool> {
        Ok(Function::address(this) != 0)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        let shown = format!(
            "<{} object at {:p}>",
            this.class_of().short_name(),
            this.as_ptr()
        );
        Str::from_str(cx, &shown).map(Ref::into_value)
    }

    /// specify the argument types
    #[getter]
    fn argtypes(cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        let info = Function::information(cx, this)?;
        let of_class = || info.prototype.as_ref()?.argtypes.get();
        Ok(Function::own_or(&this.argtypes, of_class))
    }

    #[setter]
    fn set_argtypes(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        match value.filter(|value| !value.is_none()) {
            None => {
                this.converters.set(None);
                this.argtypes.set(None);
            }
            Some(types) => {
                let converters = converters(cx, types)?;
                if let Some(parameters) = this.parameters.get_as::<Tuple>() {
                    let types = iterate::collect(cx, types)?;
                    parameters::check(cx, &parameters, &types)?;
                }
                let converters = Tuple::from_vec(cx, converters)?;
                this.converters.set(Some(converters.into_value()));
                this.argtypes.set(Some(types.clone()));
            }
        }
        Ok(())
    }

    /// specify the result type
    #[getter]
    fn restype(cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        let info = Function::information(cx, this)?;
        let of_class = || info.prototype.as_ref()?.restype.get();
        Ok(Function::own_or(&this.restype, of_class))
    }

    #[setter]
    fn set_restype(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            this.restype.set(None);
            this.checker.set(None);
            return Ok(());
        };
        if !is_result_type(value) {
            return Err(cx.type_error("restype must be a type, a callable, or None"));
        }
        let checker = checker_of(cx, value)?;
        this.checker.set(checker);
        this.restype.set(Some(value.clone()));
        Ok(())
    }

    /// a function to check for errors
    #[getter]
    fn errcheck(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.errcheck.get())
    }

    #[setter]
    fn set_errcheck(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        if value.is_some_and(|value| !call::is_callable(value)) {
            return Err(cx.type_error("the errcheck attribute must be callable"));
        }
        this.errcheck.set(value.cloned());
        Ok(())
    }
}
