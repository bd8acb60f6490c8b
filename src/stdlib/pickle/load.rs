//! A load under way: the machine that runs a pickle's instructions. Here: its stack, and the instructions
//! that push something without parts or move things about; `load_objects` has those that build objects.
//!
//! ```text
//!   stack:  a b │ c d e        marks: [2]
//!               └─ fence = the top mark, below which no instruction but those that pop the mark reach
//! ```

use typhon_runtime::codec;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::set::Set;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::{attribute, call, iterate};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::input::{Input, truncated};
use super::opcode::*;
use super::unpickler::{NO_PERSISTENT_LOAD, Settings, Unpickler};
use super::{UNPICKLING_ERROR, name};

/// The largest size of anything in memory.
const LARGEST: u64 = i64::MAX as u64;

/// See the module's header.
pub struct Loader<'a> {
    pub(super) cx: &'a Context,
    pub(super) unpickler: &'a Ref<Unpickler>,
    /// Whether `find_class` is the one of `Unpickler`.
    pub(super) finds_plainly: bool,
    settings: Settings,
    persistent_load: Option<Value>,
    pub(super) input: &'a mut Input,
    pub(super) stack: Vec<Value>,
    marks: Vec<usize>,
    fence: usize,
}

/// What follows an instruction.
enum Step {
    Next,
    Stop,
}

impl<'a> Loader<'a> {
    /// A load that has read nothing yet.
    pub fn new(
        cx: &'a Context,
        unpickler: &'a Ref<Unpickler>,
        settings: Settings,
        persistent_load: Option<Value>,
        input: &'a mut Input,
    ) -> Loader<'a> {
        Loader {
            cx,
            unpickler,
            finds_plainly: unpickler.as_value().is_exact::<Unpickler>(),
            settings,
            persistent_load,
            input,
            stack: Vec::new(),
            marks: Vec::new(),
            fence: 0,
        }
    }

    /// Runs the pickle and returns the object it makes.
    ///
    /// # Errors
    /// UnpicklingError, EOFError, and what Python code raises.
    pub fn load(mut self) -> PyResult<Value> {
        let cx = self.cx;
        loop {
            let op = match self.input.byte(cx) {
                Ok(op) => op,
                Err(raised) => {
                    if cx.exception_matches(UNPICKLING_ERROR.get(cx)?) {
                        cx.clear_exception();
                        return Err(cx.eof_error("Ran out of input"));
                    }
                    return Err(raised);
                }
            };
            if let Step::Stop = self.run(op)? {
                break;
            }
        }
        self.input.finish(cx)?;
        self.pop()
    }

    #[cold]
    pub(super) fn error(&self, message: impl AsRef<str>) -> Raised {
        UNPICKLING_ERROR.raise(self.cx, message)
    }

    #[inline]
    pub(super) fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> PyResult<Value> {
        if self.stack.len() > self.fence
            && let Some(value) = self.stack.pop()
        {
            Ok(value)
        } else {
            Err(self.underflow())
        }
    }

    /// The object on top of the stack.
    #[inline]
    pub(super) fn top(&self) -> PyResult<&Value> {
        match self.stack.last() {
            Some(value) if self.stack.len() > self.fence => Ok(value),
            _ => Err(self.underflow()),
        }
    }

    #[cold]
    pub(super) fn underflow(&self) -> Raised {
        self.error(if self.marks.is_empty() {
            "unpickling stack underflow"
        } else {
            "unexpected MARK found"
        })
    }

    /// Where the top mark is, which goes.
    pub(super) fn take_mark(&mut self) -> PyResult<usize> {
        let Some(mark) = self.marks.pop() else {
            return Err(self.error("could not find MARK"));
        };
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    /// What lies above the top mark, which goes.
    pub(super) fn pop_mark(&mut self) -> PyResult<Vec<Value>> {
        let mark = self.take_mark()?;
        Ok(self.stack.split_off(mark))
    }

    /// Whether there is something on the stack below `at` that may be used.
    pub(super) fn has_below(&self, at: usize) -> bool {
        at > self.fence
    }

    fn run(&mut self, op: u8) -> PyResult<Step> {
        let cx = self.cx;
        match op {
            STOP => return Ok(Step::Stop),
            NONE => self.push(Value::NONE),
            NEWTRUE => self.push(Value::TRUE),
            NEWFALSE => self.push(Value::FALSE),
            BININT => {
                let number = i32::from_le_bytes(self.input.array(cx)?);
                self.push(Value::small_int(number));
            }
            BININT1 => {
                let number = self.input.byte(cx)?;
                self.push(Value::small_int(number.into()));
            }
            BININT2 => {
                let number = u16::from_le_bytes(self.input.array(cx)?);
                self.push(Value::small_int(number.into()));
            }
            INT => self.load_int()?,
            LONG => self.load_long()?,
            LONG1 => {
                let length = self.input.byte(cx)?;
                self.load_long_bytes(length.into())?;
            }
            LONG4 => {
                let length = i32::from_le_bytes(self.input.array(cx)?);
                let length = usize::try_from(length)
                    .map_err(|_| self.error("LONG pickle has negative byte count"))?;
                self.load_long_bytes(length)?;
            }
            FLOAT => self.load_float()?,
            BINFLOAT => {
                let number = f64::from_be_bytes(self.input.array(cx)?);
                self.push(float::from_f64(cx, number)?);
            }
            SHORT_BINUNICODE | BINUNICODE | BINUNICODE8 => {
                let length = self.length(op, [SHORT_BINUNICODE, BINUNICODE], "BINUNICODE")?;
                let bytes = self.input.read(cx, length)?;
                let string = codec::utf8::decode(cx, bytes, "surrogatepass")?;
                self.push(string.into_value());
            }
            SHORT_BINBYTES | BINBYTES | BINBYTES8 => {
                let length = self.length(op, [SHORT_BINBYTES, BINBYTES], "BINBYTES")?;
                let bytes = Bytes::from_slice(cx, self.input.read(cx, length)?)?;
                self.push(bytes.into_value());
            }
            BYTEARRAY8 => {
                let length = self.length(op, [0, 0], "BYTEARRAY8")?;
                let array = self.input.bytearray(cx, length)?;
                self.push(array.into_value());
            }
            SHORT_BINSTRING => {
                let length = self.input.byte(cx)?;
                self.load_counted_string(length.into())?;
            }
            BINSTRING => {
                let length = i32::from_le_bytes(self.input.array(cx)?);
                let length = usize::try_from(length)
                    .map_err(|_| self.error("BINSTRING pickle has negative byte count"))?;
                self.load_counted_string(length)?;
            }
            STRING => self.load_string()?,
            UNICODE => {
                let line = self.input.line(cx)?;
                let line = &line[..line.len() - 1];
                let decoded = codec::escape::decode_raw_unicode(cx, line, "strict", true)?;
                self.push(decoded.text.into_value());
            }
            EMPTY_TUPLE => self.push(Tuple::empty().into_value()),
            TUPLE1 => self.load_short_tuple(1)?,
            TUPLE2 => self.load_short_tuple(2)?,
            TUPLE3 => self.load_short_tuple(3)?,
            TUPLE => {
                let items = self.pop_mark()?;
                self.push(Tuple::from_vec(cx, items)?.into_value());
            }
            EMPTY_LIST => self.push(List::new(cx)?.into_value()),
            LIST => {
                let items = self.pop_mark()?;
                self.push(List::from_values(cx, items)?.into_value());
            }
            EMPTY_DICT => self.push(Dict::new(cx)?.into_value()),
            DICT => self.load_dict()?,
            EMPTY_SET => self.push(Set::new(cx)?.into_value()),
            ADDITEMS => self.load_additems()?,
            FROZENSET => self.load_frozenset()?,
            OBJ => self.load_obj()?,
            INST => self.load_inst()?,
            NEWOBJ => self.load_newobj(false)?,
            NEWOBJ_EX => self.load_newobj(true)?,
            GLOBAL => self.load_global()?,
            STACK_GLOBAL => self.load_stack_global()?,
            EXT1 => {
                let code = self.input.byte(cx)?;
                self.load_extension(code.into())?;
            }
            EXT2 => {
                let code = u16::from_le_bytes(self.input.array(cx)?);
                self.load_extension(code.into())?;
            }
            EXT4 => {
                let code = i32::from_le_bytes(self.input.array(cx)?);
                self.load_extension(code)?;
            }
            APPEND => {
                let at = self.stack.len().wrapping_sub(1);
                self.load_appends(at)?;
            }
            APPENDS => {
                let mark = self.take_mark()?;
                self.load_appends(mark)?;
            }
            SETITEM => {
                let at = self.stack.len().wrapping_sub(2);
                self.load_setitems(at)?;
            }
            SETITEMS => {
                let mark = self.take_mark()?;
                self.load_setitems(mark)?;
            }
            BUILD => self.load_build()?,
            REDUCE => self.load_reduce()?,
            MARK => {
                self.fence = self.stack.len();
                self.marks.push(self.fence);
            }
            POP => self.load_pop()?,
            POP_MARK => drop(self.pop_mark()?),
            DUP => {
                let top = self.top()?.clone();
                self.push(top);
            }
            GET => {
                let number = self.line_number()?;
                self.load_get(number)?;
            }
            BINGET => {
                let number = self.input.byte(cx)?;
                self.load_get(number.into())?;
            }
            LONG_BINGET => {
                let number = u32::from_le_bytes(self.input.array(cx)?);
                self.load_get(number.into())?;
            }
            PUT => {
                let number = self.line_number()?;
                let number =
                    usize::try_from(number).map_err(|_| cx.value_error("negative PUT argument"))?;
                self.load_put(number)?;
            }
            BINPUT => {
                let number = self.input.byte(cx)?;
                self.load_put(number.into())?;
            }
            LONG_BINPUT => {
                let number = u32::from_le_bytes(self.input.array(cx)?);
                self.load_put(number as usize)?;
            }
            MEMOIZE => {
                let top = self.top()?.clone();
                let old = self.unpickler.locked(|state| {
                    let number = state.memo.len();
                    state.memo.put(number, top)
                });
                drop(old);
            }
            PERSID => self.load_persid()?,
            BINPERSID => {
                let id = self.pop()?;
                self.load_persistent(&id)?;
            }
            PROTO => {
                let protocol = self.input.byte(cx)?;
                if protocol > HIGHEST_PROTOCOL {
                    return Err(cx.value_error(format!("unsupported pickle protocol: {protocol}")));
                }
                self.unpickler.set_protocol(protocol);
            }
            FRAME => {
                let length = u64::from_le_bytes(self.input.array(cx)?);
                if length > LARGEST {
                    return Err(cx.overflow_error(format!(
                        "FRAME length exceeds system's maximum of {LARGEST} bytes"
                    )));
                }
                self.input.begin_frame(cx, length as usize)?;
            }
            NEXT_BUFFER => self.load_next_buffer()?,
            READONLY_BUFFER => self.load_readonly_buffer()?,
            0x20..=0x7e if op != b'\'' && op != b'\\' => {
                return Err(self.error(format!("invalid load key, '{}'.", char::from(op))));
            }
            _ => return Err(self.error(format!("invalid load key, '\\x{op:02x}'."))),
        }
        Ok(Step::Next)
    }

    /// The length that follows `op`: of one byte, four, or eight.
    #[inline]
    fn length(&mut self, op: u8, [short, medium]: [u8; 2], what: &str) -> PyResult<usize> {
        let cx = self.cx;
        if op == short {
            return Ok(self.input.byte(cx)?.into());
        }
        if op == medium {
            return Ok(u32::from_le_bytes(self.input.array(cx)?) as usize);
        }
        let length = u64::from_le_bytes(self.input.array(cx)?);
        if length > LARGEST {
            return Err(cx.overflow_error(format!(
                "{what} exceeds system's maximum size of {LARGEST} bytes"
            )));
        }
        Ok(length as usize)
    }

    /// The next line, with its end, as text; it is not empty.
    fn text_line(&mut self) -> PyResult<String> {
        let line = self.input.line(self.cx)?;
        if line.len() < 2 {
            return Err(truncated(self.cx));
        }
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    /// An int by its digits; `original` is what messages show.
    fn parse_int(&self, digits: &str, base: u32, original: &str) -> PyResult<Value> {
        let shown = Str::from_str(self.cx, original)?;
        int::parse_str(
            self.cx,
            &*Str::from_str(self.cx, digits)?,
            base,
            shown.as_value(),
        )
    }

    fn load_int(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let line = self.text_line()?;
        let digits = &line[..line.len() - 1];
        // Protocols before 2 write booleans so.
        let value = match digits {
            "00" => Value::FALSE,
            "01" => Value::TRUE,
            _ => match self.parse_int(digits, 10, &line) {
                Ok(value) => value,
                Err(Raised) => {
                    drop(cx.catch(exceptions::value_error())?);
                    return Err(cx.value_error("could not convert string to int"));
                }
            },
        };
        self.push(value);
        Ok(())
    }

    fn load_long(&mut self) -> PyResult<()> {
        let line = self.text_line()?;
        let digits = line[..line.len() - 1].trim_end_matches('L');
        let value = self.parse_int(digits, 10, &line)?;
        self.push(value);
        Ok(())
    }

    fn load_long_bytes(&mut self, length: usize) -> PyResult<()> {
        let cx = self.cx;
        let bytes = self.input.read(cx, length)?;
        let number = int::from_little_endian(cx, bytes, true)?;
        self.push(number);
        Ok(())
    }

    fn load_float(&mut self) -> PyResult<()> {
        let line = self.text_line()?;
        let Some(number) = float::parse_plain(&line[..line.len() - 1]) else {
            return Err(self
                .cx
                .value_error(format!("could not convert string to float: '{line}'")));
        };
        self.push(float::from_f64(self.cx, number)?);
        Ok(())
    }

    /// Pushes a string of Python 2.
    fn push_decoded(&mut self, bytes: &[u8]) -> PyResult<()> {
        let cx = self.cx;
        let value = if self.settings.encoding == "bytes" {
            Bytes::from_slice(cx, bytes)?.into_value()
        } else {
            let settings = &self.settings;
            codec::decode(cx, bytes, &settings.encoding, &settings.errors)?.into_value()
        };
        self.push(value);
        Ok(())
    }

    fn load_counted_string(&mut self, length: usize) -> PyResult<()> {
        let bytes = self.input.read(self.cx, length)?.to_vec();
        self.push_decoded(&bytes)
    }

    fn load_string(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let line = self.input.line(cx)?;
        let [quote @ (b'"' | b'\''), quoted @ .., last, b'\n'] = line else {
            return Err(self.error("the STRING opcode argument must be quoted"));
        };
        if quote != last {
            return Err(self.error("the STRING opcode argument must be quoted"));
        }
        let bytes = codec::escape::decode_bytes(cx, quoted, "strict")?;
        self.push_decoded(&bytes)
    }

    fn load_short_tuple(&mut self, length: usize) -> PyResult<()> {
        if self.stack.len() < self.fence + length {
            return Err(self.underflow());
        }
        let items = self.stack.split_off(self.stack.len() - length);
        self.push(Tuple::from_vec(self.cx, items)?.into_value());
        Ok(())
    }

    fn load_pop(&mut self) -> PyResult<()> {
        // The topmost thing may be a mark.
        if self.marks.last() == Some(&self.stack.len()) {
            self.take_mark().map(drop)
        } else {
            self.pop().map(drop)
        }
    }

    /// The number that the next line is.
    fn line_number(&mut self) -> PyResult<i64> {
        let line = self.text_line()?;
        let digits = &line[..line.len() - 1];
        match digits.parse() {
            Ok(number) => Ok(number),
            Err(_) => {
                let number = self.parse_int(digits, 10, &line)?;
                Ok(int::index_as_i128(self.cx, &number)? as i64)
            }
        }
    }

    fn load_get(&mut self, number: i64) -> PyResult<()> {
        let place = usize::try_from(number).ok();
        let found = place.and_then(|place| {
            self.unpickler
                .locked(|state| state.memo.get(place).cloned())
        });
        let Some(object) = found else {
            return Err(self.error(format!("Memo value not found at index {number}")));
        };
        self.push(object);
        Ok(())
    }

    fn load_put(&mut self, number: usize) -> PyResult<()> {
        let top = self.top()?.clone();
        drop(self.unpickler.locked(|state| state.memo.put(number, top)));
        Ok(())
    }

    fn load_persid(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let line = self.input.line(cx)?;
        let line = &line[..line.len() - 1];
        if !line.is_ascii() {
            return Err(self.error("persistent IDs in protocol 0 must be ASCII strings"));
        }
        let id = Str::from_ascii(cx, line)?.into_value();
        self.load_persistent(&id)
    }

    fn load_persistent(&mut self, id: &Value) -> PyResult<()> {
        let Some(load) = &self.persistent_load else {
            return Err(self.error(NO_PERSISTENT_LOAD));
        };
        let object = call::call(self.cx, load, std::slice::from_ref(id))?;
        self.push(object);
        Ok(())
    }

    fn load_next_buffer(&mut self) -> PyResult<()> {
        let Some(buffers) = &self.settings.buffers else {
            return Err(self.error(
                "pickle stream refers to out-of-band data but no *buffers* argument was given",
            ));
        };
        let Some(buffer) = iterate::next(self.cx, buffers)? else {
            return Err(self.error("not enough out-of-band buffers"));
        };
        self.push(buffer);
        Ok(())
    }

    fn load_readonly_buffer(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let view = MemoryView::new(cx, self.top()?)?.into_value();
        if !attribute::get(cx, &view, name!(cx, "readonly")?)?.truth(cx)? {
            let view = call::call_method(cx, &view, name!(cx, "toreadonly")?, &[])?;
            drop(self.pop()?);
            self.push(view);
        }
        Ok(())
    }

    /// The object `name` of `module`, as `find_class` finds it.
    pub(super) fn find_class(&self, module: &Value, name: &Value) -> PyResult<Value> {
        let cx = self.cx;
        if self.finds_plainly {
            return Unpickler::find_global(cx, self.unpickler, module, name);
        }
        let find_class: Name = name!(cx, "find_class")?;
        let arguments = [module.clone(), name.clone()];
        call::call_method(cx, self.unpickler.as_value(), find_class, &arguments)
    }
}

/// Whether `value` is an object of exactly the class of `T`.
pub(super) fn exact<T: Payload>(value: &Value) -> Option<Ref<T>> {
    value.downcast_exact::<T>().cloned()
}
