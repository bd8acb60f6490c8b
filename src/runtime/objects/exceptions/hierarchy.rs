//! The classes of exceptions (Python 3.14), bases first.
//!
//! Each line of the table gives a class and the function that returns it. `payload` classes have a
//! Rust payload of their own; `simple` ones share their base's.

use super::attribute::{AttributeError, NameError};
use super::group::BaseExceptionGroup;
use super::import::ImportError;
use super::os_error::OsError;
use super::stop::{StopIteration, SystemExit};
use super::syntax::SyntaxError;
use super::unicode::{UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError};
use super::{BaseException, stop};
use crate::class::{self, ClassCell, ClassFlags};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Kind, Payload, Ref};
use crate::objects::str_::{Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeBuilder};
use crate::slots::Slots;
use crate::value::Value;

macro_rules! accessor {
    ($accessor:ident payload $ty:ident) => {
        #[doc = concat!("The class of the payload `", stringify!($ty), "`.")]
        pub fn $accessor() -> &'static Ref<Type> {
            $ty::class()
        }
    };
    ($accessor:ident simple $name:literal ($base:ident) $doc:literal $($fill:expr)?) => {
        #[doc = concat!("The class `", $name, "`.")]
        pub fn $accessor() -> &'static Ref<Type> {
            cells::$accessor.get()
        }
    };
}

macro_rules! make {
    ($cx:ident $accessor:ident payload $ty:ident) => {
        class::class_of::<$ty>($cx)?;
    };
    ($cx:ident $accessor:ident simple $name:literal ($base:ident) $doc:literal) => {
        make_simple($cx, &cells::$accessor, $name, $base(), $doc, |_| {})?;
    };
    ($cx:ident $accessor:ident simple $name:literal ($base:ident) $doc:literal $fill:expr) => {
        make_simple($cx, &cells::$accessor, $name, $base(), $doc, $fill)?;
    };
}

macro_rules! hierarchy {
    ($($accessor:ident => $kind:ident $($details:tt),+;)*) => {
        $(accessor!($accessor $kind $($details)+);)*

        #[allow(non_upper_case_globals, dead_code)]
        mod cells {
            use super::ClassCell;
            $(pub(super) static $accessor: ClassCell = ClassCell::new();)*
        }

        /// Makes the classes in the order of the table.
        pub(super) fn make_classes(cx: &Context) -> PyResult<()> {
            $(make!(cx $accessor $kind $($details)+);)*
            make_exception_group(cx)
        }

        /// All classes of the table with their names, for the module `builtins`.
        pub fn all() -> Vec<&'static Ref<Type>> {
            vec![$($accessor(),)* exception_group()]
        }
    };
}

hierarchy! {
    base_exception => payload BaseException;
    exception => simple "Exception", (base_exception), "Common base class for all non-exit exceptions.";
    generator_exit => simple "GeneratorExit", (base_exception), "Request that a generator exit.";
    keyboard_interrupt => simple "KeyboardInterrupt", (base_exception), "Program interrupted by user.";
    system_exit => payload SystemExit;
    base_exception_group => payload BaseExceptionGroup;
    arithmetic_error => simple "ArithmeticError", (exception), "Base class for arithmetic errors.";
    floating_point_error => simple "FloatingPointError", (arithmetic_error), "Floating-point operation failed.";
    overflow_error => simple "OverflowError", (arithmetic_error), "Result too large to be represented.";
    zero_division_error => simple "ZeroDivisionError", (arithmetic_error), "Second argument to a division or modulo operation was zero.";
    assertion_error => simple "AssertionError", (exception), "Assertion failed.";
    attribute_error => payload AttributeError;
    buffer_error => simple "BufferError", (exception), "Buffer error.";
    eof_error => simple "EOFError", (exception), "Read beyond end of file.";
    import_error => payload ImportError;
    module_not_found_error => simple "ModuleNotFoundError", (import_error), "Module not found.";
    lookup_error => simple "LookupError", (exception), "Base class for lookup errors.";
    index_error => simple "IndexError", (lookup_error), "Sequence index out of range.";
    key_error => simple "KeyError", (lookup_error), "Mapping key not found.", (|slots: &Slots| slots.str.set(Some(stop::key_error_str)));
    memory_error => simple "MemoryError", (exception), "Out of memory.";
    name_error => payload NameError;
    unbound_local_error => simple "UnboundLocalError", (name_error), "Local name referenced but not bound to a value.";
    os_error => payload OsError;
    blocking_io_error => simple "BlockingIOError", (os_error), "I/O operation would block.";
    child_process_error => simple "ChildProcessError", (os_error), "Child process error.";
    connection_error => simple "ConnectionError", (os_error), "Connection error.";
    broken_pipe_error => simple "BrokenPipeError", (connection_error), "Broken pipe.";
    connection_aborted_error => simple "ConnectionAbortedError", (connection_error), "Connection aborted.";
    connection_refused_error => simple "ConnectionRefusedError", (connection_error), "Connection refused.";
    connection_reset_error => simple "ConnectionResetError", (connection_error), "Connection reset.";
    file_exists_error => simple "FileExistsError", (os_error), "File already exists.";
    file_not_found_error => simple "FileNotFoundError", (os_error), "File not found.";
    interrupted_error => simple "InterruptedError", (os_error), "Interrupted by signal.";
    is_a_directory_error => simple "IsADirectoryError", (os_error), "Operation doesn't work on directories.";
    not_a_directory_error => simple "NotADirectoryError", (os_error), "Operation only works on directories.";
    permission_error => simple "PermissionError", (os_error), "Not enough permissions.";
    process_lookup_error => simple "ProcessLookupError", (os_error), "Process not found.";
    timeout_error => simple "TimeoutError", (os_error), "Timeout expired.";
    reference_error => simple "ReferenceError", (exception), "Weak ref proxy used after referent went away.";
    runtime_error => simple "RuntimeError", (exception), "Unspecified run-time error.";
    not_implemented_error => simple "NotImplementedError", (runtime_error), "Method or function hasn't been implemented yet.";
    python_finalization_error => simple "PythonFinalizationError", (runtime_error), "Operation blocked during Python finalization.";
    recursion_error => simple "RecursionError", (runtime_error), "Recursion limit exceeded.";
    stop_async_iteration => simple "StopAsyncIteration", (exception), "Signal the end from iterator.__anext__().";
    stop_iteration => payload StopIteration;
    syntax_error => payload SyntaxError;
    indentation_error => simple "IndentationError", (syntax_error), "Improper indentation.";
    tab_error => simple "TabError", (indentation_error), "Improper mixture of spaces and tabs.";
    incomplete_input_error => simple "_IncompleteInputError", (syntax_error), "incomplete input.";
    system_error => simple "SystemError", (exception), "Internal error in the Python interpreter.\n\nPlease report this to the Python maintainer, along with the traceback,\nthe Python version, and the hardware/OS platform and version.";
    type_error => simple "TypeError", (exception), "Inappropriate argument type.";
    value_error => simple "ValueError", (exception), "Inappropriate argument value (of correct type).";
    unicode_error => simple "UnicodeError", (value_error), "Unicode related error.";
    unicode_decode_error => payload UnicodeDecodeError;
    unicode_encode_error => payload UnicodeEncodeError;
    unicode_translate_error => payload UnicodeTranslateError;
    warning => simple "Warning", (exception), "Base class for warning categories.";
    bytes_warning => simple "BytesWarning", (warning), "Base class for warnings about bytes and buffer related problems, mostly\nrelated to conversion from str or comparing to str.";
    deprecation_warning => simple "DeprecationWarning", (warning), "Base class for warnings about deprecated features.";
    encoding_warning => simple "EncodingWarning", (warning), "Base class for warnings about encodings.";
    future_warning => simple "FutureWarning", (warning), "Base class for warnings about constructs that will change semantically\nin the future.";
    import_warning => simple "ImportWarning", (warning), "Base class for warnings about probable mistakes in module imports";
    pending_deprecation_warning => simple "PendingDeprecationWarning", (warning), "Base class for warnings about features which will be deprecated\nin the future.";
    resource_warning => simple "ResourceWarning", (warning), "Base class for warnings about resource usage.";
    runtime_warning => simple "RuntimeWarning", (warning), "Base class for warnings about dubious runtime behavior.";
    syntax_warning => simple "SyntaxWarning", (warning), "Base class for warnings about dubious syntax.";
    unicode_warning => simple "UnicodeWarning", (warning), "Base class for warnings about Unicode related problems, mostly\nrelated to conversion problems.";
    user_warning => simple "UserWarning", (warning), "Base class for warnings generated by user code.";
}

fn make_simple(
    cx: &Context,
    cell: &'static ClassCell,
    name: &str,
    base: &Ref<Type>,
    doc: &str,
    fill: impl FnOnce(&Slots),
) -> PyResult<Ref<Type>> {
    let class = TypeBuilder {
        name,
        base: Some(base.clone()),
        layout: base.layout,
        kind: Kind::Container,
        flags: ClassFlags::BASETYPE,
    }
    .build(cx, cell)?;
    fill(&class.slots);
    // Each class has `__new__` and `__init__` of its own, which are its base's.
    class.slots.new.copy_from(&base.slots.new);
    class.slots.init.copy_from(&base.slots.init);
    class.finish_built_in(cx)?;
    class.dict.set_name(
        cx,
        names::dunder_doc(),
        Str::from_str(cx, doc)?.into_value(),
    )?;
    Ok(class)
}

static EXCEPTION_GROUP: ClassCell = ClassCell::new();

/// The class `ExceptionGroup`: the one built-in class with two bases.
pub fn exception_group() -> &'static Ref<Type> {
    EXCEPTION_GROUP.get()
}

fn make_exception_group(cx: &Context) -> PyResult<()> {
    let class = TypeBuilder {
        name: "ExceptionGroup",
        base: Some(base_exception_group().clone()),
        layout: BaseExceptionGroup::LAYOUT,
        kind: Kind::Container,
        flags: ClassFlags::BASETYPE,
    }
    .build(cx, &EXCEPTION_GROUP)?;
    let bases = [base_exception_group().to_value(), exception().to_value()];
    class
        .bases
        .set(Some(Tuple::from_values(cx, &bases)?.into_value()));
    let order: Vec<Value> = [&class, base_exception_group()]
        .into_iter()
        .map(Ref::to_value)
        .chain(exception().mro_values())
        .collect();
    class
        .mro
        .set(Some(Tuple::from_vec(cx, order)?.into_value()));
    exception().add_subclass(&class);
    class.finish_built_in(cx)?;
    class.dict.set_name(cx, names::dunder_doc(), Value::NONE)
}
