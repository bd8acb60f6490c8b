//! A dump under way: which instructions an object becomes. Here: the choice among the kinds of objects, and
//! those without parts (numbers, strings, bytes, buffers, persistent references).
//!
//! An object is written by the first of these that applies: its persistent reference; a number or constant;
//! its number in the memo; what is built in for its exact class; `reducer_override`; classes and functions
//! by name; the dispatch table; `__reduce_ex__`.

use rustc_hash::FxHashSet;
use typhon_runtime::codec;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::function::Function;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::object::plain_state;
use typhon_runtime::objects::set::{FrozenSet, Set};
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, float, int};
use typhon_runtime::protocols::{attribute, call, sequence, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::PICKLING_ERROR;
use super::buffer::PickleBuffer;
use super::opcode::*;
use super::output::Output;
use super::pickler::{Hooks, Pickler, Settings};
use super::registry::{Registry, registry};
use super::save_containers::BATCH;

/// Where the native stack ran out, for messages.
pub const WHILE_PICKLING: &str = " while pickling an object";

/// A dump under way.
pub struct Session<'a> {
    pub(super) cx: &'a Context,
    pickler: &'a Ref<Pickler>,
    pub(super) out: Output,
    settings: Settings,
    hooks: Hooks,
    pub(super) protocol: u8,
    pub(super) binary: bool,
    /// How deep containers are nested in fast mode, and which are open beyond [`FAST_NESTING`].
    fast_depth: usize,
    fast_open: FxHashSet<u64>,
}

/// How deep containers may be nested in fast mode before circles are looked for.
const FAST_NESTING: usize = 50;

impl<'a> Session<'a> {
    /// A dump that has written nothing yet.
    pub fn new(
        cx: &'a Context,
        pickler: &'a Ref<Pickler>,
        settings: Settings,
        hooks: Hooks,
    ) -> Session<'a> {
        Session {
            cx,
            pickler,
            out: Output::new(settings.write.clone()),
            protocol: settings.protocol,
            binary: pickler.is_binary(),
            settings,
            hooks,
            fast_depth: 0,
            fast_open: FxHashSet::default(),
        }
    }

    /// Writes the whole pickle of `object`.
    ///
    /// # Errors
    /// PicklingError, and what Python code raises.
    pub fn dump(mut self, object: &Value) -> PyResult<Output> {
        if self.protocol >= 2 {
            self.out.put(&[PROTO, self.protocol]);
            if self.protocol >= 4 {
                self.out.start_framing();
            }
        }
        self.save(object)?;
        self.out.op(STOP);
        self.out.finish(self.cx)?;
        Ok(self.out)
    }

    pub(super) fn registry(&self) -> PyResult<&'static Registry> {
        registry(self.cx)
    }

    /// Whether names of Python 3 become those of Python 2.
    pub(super) fn fixes_imports(&self) -> bool {
        self.settings.fix_imports
    }

    #[cold]
    pub(super) fn error(&self, message: impl AsRef<str>) -> Raised {
        PICKLING_ERROR.raise(self.cx, message)
    }

    /// Adds to the exception on its way: `when serializing CLASS WHAT`.
    #[cold]
    pub(super) fn noted(&self, raised: Raised, object: &Value, what: &str) -> Raised {
        let class = object.class().fully_qualified_name(self.cx);
        exceptions::add_note_to_raised(self.cx, &format!("when serializing {class} {what}"));
        raised
    }

    /// [`Session::noted`] for the value of `key`.
    #[cold]
    pub(super) fn noted_key(&self, raised: Raised, object: &Value, key: &Value) -> Raised {
        let exception = self.cx.take_exception();
        match text::repr_text(self.cx, key) {
            Ok(key) => {
                self.cx.set_exception(exception);
                self.noted(raised, object, &format!("item {key}"))
            }
            Err(other) => other,
        }
    }

    /// [`Session::noted`] for the item `at`.
    #[cold]
    pub(super) fn noted_item(&self, raised: Raised, object: &Value, at: usize) -> Raised {
        self.noted(raised, object, &format!("item {at}"))
    }

    /// Writes `object`.
    pub(super) fn save(&mut self, object: &Value) -> PyResult<()> {
        self.save_or_refer(object, true)
    }

    fn save_or_refer(&mut self, object: &Value, may_refer: bool) -> PyResult<()> {
        let cx = self.cx;
        self.out.boundary(cx)?;
        if may_refer && self.hooks.persistent_id.is_some() && self.save_persistent(object)? {
            return Ok(());
        }
        if let Some(number) = object.as_small_int() {
            self.save_int(number);
            return Ok(());
        }
        if object.is_none() {
            self.out.op(NONE);
            return Ok(());
        }
        if let Some(truth) = object.as_bool() {
            self.save_bool(truth);
            return Ok(());
        }
        if float::is_exact(object)
            && let Some(number) = float::exact(object)
        {
            self.save_float(number);
            return Ok(());
        }
        if int::is_exact(object) {
            return self.save_big_int(object);
        }
        if let Some(number) = self.memoized(object) {
            return self.save_get(number);
        }
        if let Some(string) = object.downcast_exact::<Str>() {
            return self.save_str(string);
        }
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            return self.save_bytes(bytes);
        }
        cx.nested(WHILE_PICKLING, || self.save_compound(object))
    }

    fn save_compound(&mut self, object: &Value) -> PyResult<()> {
        if let Some(dict) = object.downcast_exact::<Dict>() {
            return self.save_dict(dict);
        }
        if let Some(list) = object.downcast_exact::<List>() {
            return self.save_list(list);
        }
        if let Some(tuple) = object.downcast_exact::<Tuple>() {
            return self.save_tuple(tuple);
        }
        if let Some(set) = object.downcast_exact::<Set>() {
            return self.save_set(set);
        }
        if let Some(set) = object.downcast_exact::<FrozenSet>() {
            return self.save_frozenset(set);
        }
        if let Some(array) = object.downcast_exact::<ByteArray>() {
            return self.save_bytearray(array);
        }
        if let Some(buffer) = object.downcast_exact::<PickleBuffer>() {
            return self.save_buffer(buffer);
        }
        match self.reduction(object)? {
            Some(reduction) => self.save_reduction(object, &reduction),
            None => Ok(()),
        }
    }

    /// What `object` is reduced to; `None` when it is written by its name already.
    fn reduction(&mut self, object: &Value) -> PyResult<Option<Value>> {
        let cx = self.cx;
        if let Some(reduce) = &self.hooks.reducer_override {
            let reduction = call::call(cx, reduce, std::slice::from_ref(object))?;
            if !reduction.is_not_implemented() {
                return Ok(Some(reduction));
            }
        }
        if let Some(class) = object.downcast_exact::<Type>() {
            self.save_type(class)?;
            return Ok(None);
        }
        if object.class().is(Function::class()) {
            self.save_global(object, None)?;
            return Ok(None);
        }
        let class = object.class().as_value();
        let reduce = match &self.hooks.dispatch_table {
            None => self.registry()?.dispatch_table.get_item(cx, class)?,
            Some(table) => match sequence::get_item(cx, table, class) {
                Ok(reduce) => Some(reduce),
                Err(Raised) => {
                    drop(cx.catch(exceptions::key_error())?);
                    None
                }
            },
        };
        if let Some(reduce) = reduce {
            return call::call(cx, &reduce, std::slice::from_ref(object)).map(Some);
        }
        if object.downcast::<Type>().is_some() {
            self.save_global(object, None)?;
            return Ok(None);
        }
        // Without the dict of the attributes there is nothing to ask about, or to look for circles in.
        if self.protocol >= 2
            && self.hooks.persistent_id.is_none()
            && !self.pickler.is_fast()
            && let Some(attributes) = plain_state(cx, object)?
            && attributes.len() < BATCH
        {
            self.save_plain(object, &attributes)?;
            return Ok(None);
        }
        if let Some(reduce) = attribute::find(cx, object, names::dunder_reduce_ex())? {
            let protocol = Value::small_int(self.protocol.into());
            return call::call(cx, &reduce, &[protocol]).map(Some);
        }
        match attribute::find(cx, object, names::dunder_reduce())? {
            Some(reduce) => call::call(cx, &reduce, &[]).map(Some),
            None => {
                let class = object.class().fully_qualified_name(cx);
                Err(self.error(format!("Can't pickle {class} object")))
            }
        }
    }

    /// Writes `object` as what a reduction function returned for it.
    fn save_reduction(&mut self, object: &Value, reduction: &Value) -> PyResult<()> {
        if reduction.downcast::<Str>().is_some() {
            return self.save_global(object, Some(reduction));
        }
        let saved = match reduction.downcast::<Tuple>() {
            Some(parts) => self.save_reduce(parts, Some(object)),
            None => Err(self.error(format!(
                "__reduce__ must return a string or tuple, not {}",
                reduction.class().fully_qualified_name(self.cx)
            ))),
        };
        saved.map_err(|raised| self.noted(raised, object, "object"))
    }

    /// The number of `object`, if it was written already.
    #[inline]
    pub(super) fn memoized(&self, object: &Value) -> Option<usize> {
        self.pickler.locked(|state| state.memo.get(object))
    }

    /// Gives `object`, which is on top of the reader's stack, a number.
    pub(super) fn memoize(&mut self, object: &Value) -> PyResult<()> {
        if self.pickler.is_fast() {
            return Ok(());
        }
        let (number, replaced) = self.pickler.locked(|state| state.memo.add(object));
        drop(replaced);
        if self.protocol >= 4 {
            self.out.op(MEMOIZE);
        } else if !self.binary {
            self.out.put(format!("p{number}\n").as_bytes());
        } else if let Ok(short) = u8::try_from(number) {
            self.out.put(&[BINPUT, short]);
        } else if let Ok(number) = u32::try_from(number) {
            self.out.op(LONG_BINPUT);
            self.out.put(&number.to_le_bytes());
        } else {
            return Err(self.error("memo id too large for LONG_BINPUT"));
        }
        Ok(())
    }

    /// Writes the object that has this number again.
    pub(super) fn save_get(&mut self, number: usize) -> PyResult<()> {
        if !self.binary {
            self.out.put(format!("g{number}\n").as_bytes());
        } else if let Ok(short) = u8::try_from(number) {
            self.out.put(&[BINGET, short]);
        } else if let Ok(number) = u32::try_from(number) {
            self.out.op(LONG_BINGET);
            self.out.put(&number.to_le_bytes());
        } else {
            return Err(self.error("memo id too large for LONG_BINGET"));
        }
        Ok(())
    }

    /// A container begins. Without a memo, one that contains itself would be written forever.
    pub(super) fn enter_fast(&mut self, object: &Value) -> PyResult<()> {
        if !self.pickler.is_fast() {
            return Ok(());
        }
        self.fast_depth += 1;
        if self.fast_depth >= FAST_NESTING && !self.fast_open.insert(object.bits()) {
            return Err(self.cx.value_error(format!(
                "fast mode: can't pickle cyclic objects including object type {} at {:#x}",
                object.type_name(),
                object.bits()
            )));
        }
        Ok(())
    }

    /// It ends.
    pub(super) fn leave_fast(&mut self, object: &Value) {
        if self.fast_depth > 0 {
            self.fast_open.remove(&object.bits());
            self.fast_depth -= 1;
        }
    }

    fn save_persistent(&mut self, object: &Value) -> PyResult<bool> {
        let cx = self.cx;
        let Some(function) = &self.hooks.persistent_id else {
            return Ok(false);
        };
        let id = call::call(cx, function, std::slice::from_ref(object))?;
        if id.is_none() {
            return Ok(false);
        }
        if self.binary {
            self.save_or_refer(&id, false)?;
            self.out.op(BINPERSID);
            return Ok(true);
        }
        let id = text::str(cx, &id)?;
        let Some(id) = id.as_ascii() else {
            return Err(self.error("persistent IDs in protocol 0 must be ASCII strings"));
        };
        self.out.op(PERSID);
        self.out.put(id.as_bytes());
        self.out.op(b'\n');
        Ok(true)
    }

    fn save_bool(&mut self, truth: bool) {
        match (self.protocol >= 2, truth) {
            (true, true) => self.out.op(NEWTRUE),
            (true, false) => self.out.op(NEWFALSE),
            (false, true) => self.out.put(b"I01\n"),
            (false, false) => self.out.put(b"I00\n"),
        }
    }

    fn save_int(&mut self, number: i64) {
        let Ok(short) = i32::try_from(number) else {
            if self.protocol >= 2 {
                self.save_long(&significant(&number.to_le_bytes()));
            } else {
                self.out.put(format!("L{number}L\n").as_bytes());
            }
            return;
        };
        if !self.binary {
            self.out.put(format!("I{short}\n").as_bytes());
        } else if let Ok(byte) = u8::try_from(short) {
            self.out.put(&[BININT1, byte]);
        } else if let Ok(two) = u16::try_from(short) {
            let [low, high] = two.to_le_bytes();
            self.out.put(&[BININT2, low, high]);
        } else {
            let [a, b, c, d] = short.to_le_bytes();
            self.out.put(&[BININT, a, b, c, d]);
        }
    }

    /// Writes an int that is in memory, not in the value.
    fn save_big_int(&mut self, object: &Value) -> PyResult<()> {
        let number = int::as_bigint(object).expect("invariant: an int was found");
        if let Ok(number) = i64::try_from(&*number) {
            self.save_int(number);
            return Ok(());
        }
        if self.protocol < 2 {
            let digits = text::repr_text(self.cx, object)?;
            self.out.put(format!("L{digits}L\n").as_bytes());
            return Ok(());
        }
        let bytes = number.to_signed_bytes_le();
        if i32::try_from(bytes.len()).is_err() {
            return Err(self.cx.overflow_error("int too large to pickle"));
        }
        self.save_long(&bytes);
        Ok(())
    }

    /// Writes an int by its bytes, of which there are as few as possible.
    fn save_long(&mut self, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(length) => self.out.put(&[LONG1, length]),
            Err(_) => {
                self.out.op(LONG4);
                self.out.put(&(bytes.len() as u32).to_le_bytes());
            }
        }
        self.out.put(bytes);
    }

    fn save_float(&mut self, number: f64) {
        if self.binary {
            self.out.op(BINFLOAT);
            self.out.put(&number.to_be_bytes());
        } else {
            self.out
                .put(format!("F{}\n", float::repr(number)).as_bytes());
        }
    }

    fn save_str(&mut self, string: &Ref<Str>) -> PyResult<()> {
        if self.binary {
            self.save_str_binary(string)?;
        } else {
            self.out.op(UNICODE);
            self.out.put(&escaped(string));
            self.out.op(b'\n');
        }
        self.memoize(string.as_value())
    }

    fn save_str_binary(&mut self, string: &Ref<Str>) -> PyResult<()> {
        let cx = self.cx;
        if let Some(ascii) = string.as_ascii() {
            return self.save_utf8(ascii.as_bytes());
        }
        let encoded = codec::utf8::encode(cx, string, "surrogatepass")?;
        self.save_utf8(&encoded)
    }

    fn save_utf8(&mut self, bytes: &[u8]) -> PyResult<()> {
        let head = self.counted_head(
            bytes.len(),
            [SHORT_BINUNICODE, BINUNICODE, BINUNICODE8],
            4,
            "a string",
        )?;
        self.out.put_counted(self.cx, head.bytes(), bytes, None)
    }

    /// The instruction for a payload of `length` bytes: with one, four or eight bytes of length. The
    /// shortest form exists from protocol `short_since` on, the longest from 4 on.
    fn counted_head(
        &self,
        length: usize,
        [short, medium, long]: [u8; 3],
        short_since: u8,
        what: &str,
    ) -> PyResult<Head> {
        if let Ok(length) = u8::try_from(length)
            && self.protocol >= short_since
        {
            Ok(Head::new(short, &[length]))
        } else if let Ok(length) = u32::try_from(length) {
            Ok(Head::new(medium, &length.to_le_bytes()))
        } else if self.protocol >= 4 {
            Ok(Head::new(long, &(length as u64).to_le_bytes()))
        } else {
            Err(self.cx.overflow_error(format!(
                "serializing {what} larger than 4 GiB requires pickle protocol 4 or higher"
            )))
        }
    }

    fn save_bytes(&mut self, bytes: &Ref<Bytes>) -> PyResult<()> {
        let cx = self.cx;
        if self.protocol >= 3 {
            return self.save_bytes_data(bytes.as_value(), bytes);
        }
        let reduction = if bytes.is_empty() {
            Tuple::from_values(
                cx,
                &[Bytes::class().to_value(), Tuple::empty().into_value()],
            )?
        } else {
            // Python 2 makes of these its own byte strings, Python 3 bytes.
            let text = Str::from_latin1(cx, bytes.as_slice())?.into_value();
            let latin1 = super::name!(cx, "latin1")?.to_value();
            let arguments = Tuple::from_values(cx, &[text, latin1])?;
            let encode = self.registry()?.codecs_encode.clone();
            Tuple::from_values(cx, &[encode, arguments.into_value()])?
        };
        self.save_reduce(&reduction, Some(bytes.as_value()))
    }

    /// Writes `data` as bytes, and remembers it as `object`, whose bytes they are.
    fn save_bytes_data(&mut self, object: &Value, data: &Ref<Bytes>) -> PyResult<()> {
        let head = self.counted_head(
            data.len(),
            [SHORT_BINBYTES, BINBYTES, BINBYTES8],
            0,
            "a bytes object",
        )?;
        self.out.put_counted(
            self.cx,
            head.bytes(),
            data.as_slice(),
            Some(data.as_value()),
        )?;
        self.memoize(object)
    }

    /// [`Session::save_bytes_data`] for what becomes a bytearray.
    fn save_bytearray_data(&mut self, object: &Value, data: &[u8]) -> PyResult<()> {
        let head = Head::new(BYTEARRAY8, &(data.len() as u64).to_le_bytes());
        self.out.put_counted(self.cx, head.bytes(), data, None)?;
        self.memoize(object)
    }

    fn save_bytearray(&mut self, array: &Ref<ByteArray>) -> PyResult<()> {
        let cx = self.cx;
        let data = array.to_vec();
        if self.protocol >= 5 {
            return self.save_bytearray_data(array.as_value(), &data);
        }
        let arguments = if data.is_empty() {
            Tuple::empty()
        } else {
            Tuple::from_values(cx, &[Bytes::from_slice(cx, &data)?.into_value()])?
        };
        let reduction = [ByteArray::class().to_value(), arguments.into_value()];
        self.save_reduce(
            &*Tuple::from_values(cx, &reduction)?,
            Some(array.as_value()),
        )
    }

    fn save_buffer(&mut self, buffer: &Ref<PickleBuffer>) -> PyResult<()> {
        let cx = self.cx;
        if self.protocol < 5 {
            return Err(self.error("PickleBuffer can only be pickled with protocol >= 5"));
        }
        let object = buffer.as_value();
        let Some((view, read_only)) = PickleBuffer::contiguous(cx, buffer)? else {
            return Err(self.error(
                "PickleBuffer can not be pickled when pointing to a non-contiguous buffer",
            ));
        };
        let in_band = match &self.settings.buffer_callback {
            None => true,
            Some(callback) => call::call(cx, callback, std::slice::from_ref(object))?.truth(cx)?,
        };
        if !in_band {
            self.out.op(NEXT_BUFFER);
            if read_only {
                self.out.op(READONLY_BUFFER);
            }
            return Ok(());
        }
        let bytes = PickleBuffer::bytes_of(cx, &view)?;
        if read_only {
            self.save_bytes_data(object, &bytes)
        } else {
            self.save_bytearray_data(object, bytes.as_slice())
        }
    }
}

/// An instruction and the length that follows it.
struct Head {
    bytes: [u8; 9],
    length: usize,
}

impl Head {
    fn new(op: u8, count: &[u8]) -> Head {
        let mut bytes = [0; 9];
        bytes[0] = op;
        bytes[1..=count.len()].copy_from_slice(count);
        Head {
            bytes,
            length: count.len() + 1,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The bytes of a little-endian number in two's complement that say something.
fn significant(bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    while length > 1 {
        let sign = bytes[length - 2] >> 7;
        if bytes[length - 1] != if sign == 1 { 0xff } else { 0 } {
            break;
        }
        length -= 1;
    }
    bytes[..length].to_vec()
}

/// A string in `raw-unicode-escape`, with escapes for what would end the line or the file as well.
fn escaped(string: &Str) -> Vec<u8> {
    let mut out = Vec::with_capacity(string.len());
    for point in string.code_points() {
        match point {
            0x10000.. => out.extend_from_slice(format!("\\U{point:08x}").as_bytes()),
            0x100.. | 0x5c | 0 | 0x0a | 0x0d | 0x1a => {
                out.extend_from_slice(format!("\\u{point:04x}").as_bytes());
            }
            byte => out.push(byte as u8),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redundant_sign_bytes_are_cut() {
        assert_eq!(significant(&(1i64 << 31).to_le_bytes()), [0, 0, 0, 0x80, 0]);
        assert_eq!(
            significant(&(-(1i64 << 31) - 1).to_le_bytes()),
            [0xff, 0xff, 0xff, 0x7f, 0xff]
        );
        assert_eq!(
            significant(&(-(1i64 << 39)).to_le_bytes()),
            [0, 0, 0, 0, 0x80]
        );
    }
}
