//! Arguments of foreign functions: `byref`, what `from_param` makes, and how any object is passed.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::class::class_of;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::code::{self, Code, Machine};
use super::data::{self, CData};
use super::function;
use super::info::{Info, Kind, Words};

/// Bytes of the largest simple value.
const LARGEST: usize = 32;

/// What is passed for one argument.
#[derive(Clone, Debug)]
pub enum Passed {
    /// The bytes are as they are in memory.
    Scalar(Machine, [u8; 16]),
    Aggregate {
        bytes: Vec<u8>,
        alignment: usize,
        words: Words,
    },
}

impl Passed {
    pub fn address(address: usize) -> Passed {
        let size = size_of::<usize>() as u8;
        let signed = false;
        Passed::scalar(Machine::Integer { size, signed }, &address.to_ne_bytes())
    }

    fn scalar(machine: Machine, value: &[u8]) -> Passed {
        let mut bytes = [0; 16];
        bytes[..value.len()].copy_from_slice(value);
        Passed::Scalar(machine, bytes)
    }

    /// A value of a simple type.
    fn simple(code: Code, value: &[u8]) -> Passed {
        let words = code.machine();
        match words[..] {
            [(0, machine)] => Passed::scalar(machine, value),
            _ => Passed::Aggregate {
                bytes: value.to_vec(),
                alignment: code.alignment(),
                words: Words::of(words),
            },
        }
    }
}

/// See the module's header.
#[pyclass(
    name = "CArgObject",
    module = "_ctypes",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "Argument of a foreign function."
)]
pub struct Argument {
    /// The letter of the type; `P` for addresses.
    pub tag: u8,
    pub passed: Passed,
    /// What has to live during the call; of a `byref`, the instance.
    pub object: Option<Value>,
}

impl Traverse for Argument {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(object) = &self.object {
            visit(object);
        }
    }
}

impl Argument {
    /// A value as an argument of a simple type.
    ///
    /// # Errors
    /// What the conversion raises.
    pub fn of_code(cx: &Context, code: Code, value: &Value) -> PyResult<Value> {
        let mut bytes = [0u8; LARGEST];
        // SAFETY: room for the largest value.
        let kept = unsafe { code.set(cx, bytes.as_mut_ptr(), value)? };
        let passed = Passed::simple(code, &bytes[..code.size()]);
        Argument::make(
            cx,
            code.letter,
            passed,
            Some(kept).filter(|kept| !kept.is_none()),
        )
    }

    /// [`Argument::of_code`] with the machine's byte order.
    ///
    /// # Errors
    /// As above.
    pub fn of_letter(cx: &Context, letter: u8, value: &Value) -> PyResult<Value> {
        let code = Code::new(letter).ok_or_else(|| cx.system_error("no such simple type"))?;
        Argument::of_code(cx, code, value)
    }

    /// An address, of what belongs to `object`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn of_address(cx: &Context, tag: u8, address: usize, object: &Value) -> PyResult<Value> {
        Argument::make(cx, tag, Passed::address(address), Some(object.clone()))
    }

    fn make(cx: &Context, tag: u8, passed: Passed, object: Option<Value>) -> PyResult<Value> {
        let argument = Argument {
            tag,
            passed,
            object,
        };
        class_of::<Argument>(cx)?;
        object::new(cx, argument).map(Ref::into_value)
    }
}

#[pymethods]
impl Argument {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Argument>) -> PyResult<Value> {
        let letter = char::from(this.tag);
        let value = match (&this.passed, this.tag) {
            (Passed::Scalar(_, bytes), b'c') => {
                let byte = bytes[0];
                Some(match byte {
                    b'\'' | b'\\' => format!("'\\{}'", char::from(byte)),
                    b' '..=b'~' => format!("'{}'", char::from(byte)),
                    _ => format!("'\\x{byte:02x}'"),
                })
            }
            (Passed::Scalar(_, bytes), b'z' | b'Z' | b'P') => {
                let address = usize::from_ne_bytes(*bytes.first_chunk().unwrap_or(&[0; 8]));
                Some(format!("{address:#x}"))
            }
            (Passed::Scalar(_, bytes), tag) if b"bBhHiIlLqQfd".contains(&tag) => {
                let code = Code::new(tag).ok_or_else(|| cx.system_error("no such code"))?;
                // SAFETY: a number of at most 8 bytes.
                let value = unsafe { code.get(cx, bytes.as_ptr())? };
                Some(text::repr_text(cx, &value)?)
            }
            _ => None,
        };
        let shown = match value {
            Some(value) => format!("<cparam '{letter}' ({value})>"),
            None => format!("<cparam '{letter}' at {:p}>", this.as_ptr()),
        };
        Str::from_str(cx, &shown).map(Ref::into_value)
    }

    /// the wrapped object
    #[member]
    fn _obj(_cx: &Context, this: &Ref<Argument>) -> PyResult<Option<Value>> {
        Ok(this.object.clone())
    }
}

/// How an instance is passed.
fn of_instance(info: &Info, instance: &Ref<CData>) -> Passed {
    match info.kind {
        Kind::Simple(code) => Passed::simple(code, &instance.bytes()[..code.size()]),
        Kind::Array => Passed::address(instance.address() as usize),
        Kind::Pointer | Kind::Function => Passed::address(instance.word()),
        Kind::Structure | Kind::Union => {
            let mut bytes = instance.bytes();
            bytes.truncate(info.size);
            Passed::Aggregate {
                bytes,
                alignment: info.alignment,
                words: info.words.clone(),
            }
        }
    }
}

/// How any object is passed, and what has to live during the call.
///
/// # Errors
/// TypeError when it cannot be, OverflowError for large numbers.
pub fn convert(cx: &Context, index: usize, value: &Value) -> PyResult<(Passed, Value)> {
    if let Some(instance) = value.downcast::<CData>() {
        let info = data::concrete(cx, instance.class_of())?;
        return Ok((of_instance(&info, instance), value.clone()));
    }
    if let Some(argument) = value.downcast_exact::<Argument>() {
        return Ok((argument.passed.clone(), value.clone()));
    }
    if value.is_none() {
        return Ok((Passed::address(0), Value::NONE));
    }
    if let Some(view) = int::view(value) {
        let number = view.clamped();
        let (least, most) = (i128::from(i64::MIN), i128::from(u64::MAX));
        if !(least..=most).contains(&number) {
            return Err(cx.overflow_error("int too long to convert"));
        }
        let bytes = (number as i32).to_ne_bytes();
        return Ok((Passed::scalar(function::INT, &bytes), Value::NONE));
    }
    if let Some(bytes) = value.downcast::<Bytes>() {
        let address = bytes.as_slice().as_ptr() as usize;
        return Ok((Passed::address(address), value.clone()));
    }
    if let Some(text) = value.downcast::<Str>() {
        let (address, kept) = code::wide_memory(cx, text)?;
        return Ok((Passed::address(address), kept));
    }
    if let Some(parameter) = attribute::find(cx, value, Name::intern(cx, "_as_parameter_")?)? {
        let (passed, kept) = cx.nested(" while processing _as_parameter_", || {
            convert(cx, index, &parameter)
        })?;
        // What `_as_parameter_` made may be all there is of it.
        let kept = if kept.is_none() { parameter } else { kept };
        return Ok((passed, kept));
    }
    Err(cx.type_error(format!("Don't know how to convert parameter {index}")))
}

/// Replaces the exception that is set by a `class` that tells of it.
pub fn extend_error(cx: &Context, class: &Ref<Type>, prefix: &str) -> Raised {
    let exception = cx.take_exception();
    let value = exception.as_value();
    let shown = match text::str(cx, value) {
        Ok(text) => text.to_lossy().into_owned(),
        Err(Raised) => {
            cx.clear_exception();
            "???".to_owned()
        }
    };
    let name = value.class().short_name();
    cx.raise_message(class, &format!("{prefix}{name}: {shown}"))
}
