//! `make_encoder`: objects to text.

use rustc_hash::FxHashSet;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::native::NativeFunction;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::{call, iterate, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::{ENCODE_BASESTRING, ENCODE_BASESTRING_ASCII, strings};
use crate::arguments::{as_size, bind, given, signature};

/// How strings are written.
enum Quoting {
    Ascii,
    Unicode,
    /// By the Python function.
    Custom,
}

/// The payload of an encoder. Immutable.
#[pyclass(
    name = "Encoder",
    module = "_json",
    flags(BASETYPE),
    doc = "Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)"
)]
pub struct Encoder {
    markers: Value,
    default: Value,
    encoder: Value,
    indent: Value,
    key_separator: Ref<Str>,
    item_separator: Ref<Str>,
    sort_keys: bool,
    skip_keys: bool,
    allow_nan: bool,
    quoting: Quoting,
}

impl Traverse for Encoder {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.markers);
        visit(&self.default);
        visit(&self.encoder);
        visit(&self.indent);
        visit(self.key_separator.as_value());
        visit(self.item_separator.as_value());
    }
}

/// Adds to the exception on its way what was being written, and raises it on.
#[cold]
fn noted(cx: &Context, raised: Raised, note: impl FnOnce() -> PyResult<String>) -> Raised {
    let exception = cx.take_exception();
    match note() {
        Ok(note) => {
            cx.set_exception(exception);
            exceptions::add_note_to_raised(cx, &note);
            raised
        }
        Err(other) => other,
    }
}

/// One pass over an object.
struct Pass<'a> {
    cx: &'a Context,
    encoder: &'a Encoder,
    out: StrBuilder,
    /// Containers that are being written, if circles are to be found.
    open: Option<FxHashSet<u64>>,
    indent: Option<&'a Ref<Str>>,
}

impl Pass<'_> {
    fn quote(&mut self, string: &Value) -> PyResult<()> {
        let encoder = self.encoder;
        let ascii = match encoder.quoting {
            Quoting::Ascii => true,
            Quoting::Unicode => false,
            Quoting::Custom => {
                let made = call::call(self.cx, &encoder.encoder, std::slice::from_ref(string))?;
                let Some(made) = made.downcast::<Str>() else {
                    return Err(self.cx.type_error(format!(
                        "encoder() must return a string, not {}",
                        made.type_name()
                    )));
                };
                self.out.push_str(made);
                return Ok(());
            }
        };
        if let Some(string) = string.downcast::<Str>() {
            strings::quote(string, &mut self.out, ascii);
        }
        Ok(())
    }

    /// How a float is written.
    fn float(&self, value: &Value, number: f64) -> PyResult<String> {
        if number.is_finite() {
            return Ok(float::repr(number));
        }
        if !self.encoder.allow_nan {
            let shown = text::repr_text(self.cx, value)?;
            return Err(self.cx.value_error(format!(
                "Out of range float values are not JSON compliant: {shown}"
            )));
        }
        Ok(if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned())
    }

    /// How an int is written, whatever its class's `__repr__` says.
    fn int(&self, value: &Value) -> PyResult<String> {
        match int::as_small(value) {
            Some(number) => Ok(number.to_string()),
            None => {
                let number = int::as_bigint(value).expect("invariant: an int was found");
                let plain = int::from_bigint_ref(self.cx, &number)?;
                text::repr_text(self.cx, &plain)
            }
        }
    }

    /// Begins a container, or what `default` is asked for.
    fn enter(&mut self, value: &Value) -> PyResult<()> {
        match &mut self.open {
            Some(open) => {
                if open.insert(value.bits()) {
                    Ok(())
                } else {
                    Err(self.cx.value_error("Circular reference detected"))
                }
            }
            None => Ok(()),
        }
    }

    fn leave(&mut self, value: &Value) {
        if let Some(open) = &mut self.open {
            open.remove(&value.bits());
        }
    }

    fn newline(&mut self, level: usize) {
        if let Some(indent) = self.indent {
            self.out.push(b'\n'.into());
            for _ in 0..level {
                self.out.push_str(indent);
            }
        }
    }

    fn value(&mut self, value: &Value, level: usize) -> PyResult<()> {
        let cx = self.cx;
        if value.is_none() {
            self.out.push_text("null");
        } else if value.bits() == Value::TRUE.bits() {
            self.out.push_text("true");
        } else if value.bits() == Value::FALSE.bits() {
            self.out.push_text("false");
        } else if value.downcast::<Str>().is_some() {
            self.quote(value)?;
        } else if int::is_int(value) {
            let written = self.int(value)?;
            self.out.push_text(&written);
        } else if let Some(number) = float::exact(value) {
            let written = self.float(value, number)?;
            self.out.push_text(&written);
        } else {
            return cx.nested(" while encoding a JSON object", || {
                self.compound(value, level)
            });
        }
        Ok(())
    }

    fn compound(&mut self, value: &Value, level: usize) -> PyResult<()> {
        let cx = self.cx;
        if let Some(list) = value.downcast::<List>() {
            // Read as it is at each step: encoding an item may change it.
            return self.array(value, |at| list.get(at), level);
        }
        if let Some(tuple) = value.downcast::<Tuple>() {
            return self.array(value, |at| tuple.as_slice().get(at).cloned(), level);
        }
        if let Some(dict) = value.downcast::<Dict>() {
            return self.object(value, dict, level);
        }
        self.enter(value)?;
        let replacement = call::call(cx, &self.encoder.default, std::slice::from_ref(value))?;
        self.value(&replacement, level).map_err(|raised| {
            noted(cx, raised, || {
                Ok(format!(
                    "when serializing {} object",
                    value.class().fully_qualified_name(cx)
                ))
            })
        })?;
        self.leave(value);
        Ok(())
    }

    fn array(
        &mut self,
        owner: &Value,
        item: impl Fn(usize) -> Option<Value>,
        level: usize,
    ) -> PyResult<()> {
        let cx = self.cx;
        let encoder = self.encoder;
        if item(0).is_none() {
            self.out.push_text("[]");
            return Ok(());
        }
        self.enter(owner)?;
        self.out.push(b'['.into());
        let mut at = 0;
        while let Some(item) = item(at) {
            if at > 0 {
                self.out.push_str(&encoder.item_separator);
            }
            self.newline(level + 1);
            self.value(&item, level + 1).map_err(|raised| {
                noted(cx, raised, || {
                    let class = owner.class().fully_qualified_name(cx);
                    Ok(format!("when serializing {class} item {at}"))
                })
            })?;
            at += 1;
        }
        self.newline(level);
        self.out.push(b']'.into());
        self.leave(owner);
        Ok(())
    }

    fn object(&mut self, owner: &Value, dict: &Ref<Dict>, level: usize) -> PyResult<()> {
        let cx = self.cx;
        if dict.is_empty() {
            self.out.push_text("{}");
            return Ok(());
        }
        self.enter(owner)?;
        self.out.push(b'{'.into());
        let mut first = true;
        if owner.is_exact::<Dict>() && !self.encoder.sort_keys {
            for (key, value) in dict.items_snapshot(cx)? {
                self.member(owner, &key, &value, level, &mut first)?;
            }
        } else {
            let items = call::call_method(cx, owner, Name::intern(cx, "items")?, &[])?;
            let items = List::from_values(cx, iterate::collect(cx, &items)?)?;
            if self.encoder.sort_keys {
                items.sort(cx, None, false)?;
            }
            for item in items.to_vec() {
                let pair = item.downcast::<Tuple>().map(|pair| pair.as_slice());
                let Some([key, value]) = pair else {
                    return Err(cx.value_error("items must return 2-tuples"));
                };
                self.member(owner, key, value, level, &mut first)?;
            }
        }
        // When all keys were skipped there is no line to end.
        if !first {
            self.newline(level);
        }
        self.out.push(b'}'.into());
        self.leave(owner);
        Ok(())
    }

    fn member(
        &mut self,
        owner: &Value,
        key: &Value,
        value: &Value,
        level: usize,
        first: &mut bool,
    ) -> PyResult<()> {
        let cx = self.cx;
        let written = if key.downcast::<Str>().is_some() {
            key.clone()
        } else if let Some(number) = float::exact(key) {
            self.float(key, number)?.into_value(cx)?
        } else if key.is_none() {
            "null".into_value(cx)?
        } else if key.bits() == Value::TRUE.bits() {
            "true".into_value(cx)?
        } else if key.bits() == Value::FALSE.bits() {
            "false".into_value(cx)?
        } else if int::is_int(key) {
            self.int(key)?.into_value(cx)?
        } else if self.encoder.skip_keys {
            return Ok(());
        } else {
            return Err(cx.type_error(format!(
                "keys must be str, int, float, bool or None, not {}",
                key.type_name()
            )));
        };
        if *first {
            *first = false;
        } else {
            self.out.push_str(&self.encoder.item_separator);
        }
        self.newline(level + 1);
        self.quote(&written)?;
        self.out.push_str(&self.encoder.key_separator);
        self.value(value, level + 1).map_err(|raised| {
            noted(cx, raised, || {
                let class = owner.class().fully_qualified_name(cx);
                let key = text::repr_text(cx, key)?;
                Ok(format!("when serializing {class} item {key}"))
            })
        })
    }
}

/// A separator.
fn separator(cx: &Context, value: &Value, position: usize) -> PyResult<Ref<Str>> {
    value.downcast::<Str>().cloned().ok_or_else(|| {
        cx.type_error(format!(
            "make_encoder() argument {position} must be str, not {}",
            value.type_name_for_argument()
        ))
    })
}

/// Whether `function` is the native function with this description.
fn is_native(function: &Value, spec: &'static typhon_runtime::args::FunctionSpec) -> bool {
    function
        .downcast::<NativeFunction>()
        .is_some_and(|function| std::ptr::eq(function.spec, spec))
}

#[pymethods]
impl Encoder {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "make_encoder",
            0,
            [
                markers,
                default,
                encoder,
                indent,
                key_separator,
                item_separator,
                sort_keys,
                skipkeys,
                allow_nan
            ],
            []
        );
        let bound: [_; 9] = bind(cx, signature, args)?;
        let [
            markers,
            default,
            encoder,
            indent,
            key_separator,
            item_separator,
            sort,
            skip,
            allow_nan,
        ] = bound.map(given);
        let key_separator = separator(cx, key_separator, 5)?;
        let item_separator = separator(cx, item_separator, 6)?;
        if !markers.is_none() && markers.downcast::<Dict>().is_none() {
            return Err(cx.type_error(format!(
                "make_encoder() argument 1 must be dict or None, not {}",
                markers.type_name()
            )));
        }
        let quoting = if is_native(encoder, &ENCODE_BASESTRING_ASCII) {
            Quoting::Ascii
        } else if is_native(encoder, &ENCODE_BASESTRING) {
            Quoting::Unicode
        } else {
            Quoting::Custom
        };
        let encoder = Encoder {
            markers: markers.clone(),
            default: default.clone(),
            encoder: encoder.clone(),
            indent: indent.clone(),
            key_separator,
            item_separator,
            sort_keys: sort.truth(cx)?,
            skip_keys: skip.truth(cx)?,
            allow_nan: allow_nan.truth(cx)?,
            quoting,
        };
        object::new_of_class(cx, class, encoder).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Encoder>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("_iterencode", 0, [obj, _current_indent_level], []);
        let [value, level] = bind(cx, signature, args)?;
        let level = as_size(cx, given(level))?;
        let indent = if this.indent.is_none() {
            None
        } else {
            match this.indent.downcast::<Str>() {
                Some(indent) => Some(indent),
                None => {
                    return Err(cx.type_error(format!(
                        "make_encoder() argument 4 must be str or None, not {}",
                        this.indent.type_name()
                    )));
                }
            }
        };
        let mut pass = Pass {
            cx,
            encoder: this,
            out: StrBuilder::new(),
            open: (!this.markers.is_none()).then(FxHashSet::default),
            indent,
        };
        pass.value(given(value), level.max(0) as usize)?;
        let text = pass.out.finish_value(cx)?;
        Tuple::from_values(cx, &[text]).map(Ref::into_value)
    }

    /// markers
    #[getter]
    fn markers(_cx: &Context, this: &Ref<Encoder>) -> PyResult<Value> {
        Ok(this.markers.clone())
    }

    /// default
    #[getter]
    fn default(_cx: &Context, this: &Ref<Encoder>) -> PyResult<Value> {
        Ok(this.default.clone())
    }

    /// encoder
    #[getter]
    fn encoder(_cx: &Context, this: &Ref<Encoder>) -> PyResult<Value> {
        Ok(this.encoder.clone())
    }

    /// indent
    #[getter]
    fn indent(_cx: &Context, this: &Ref<Encoder>) -> PyResult<Value> {
        Ok(this.indent.clone())
    }

    /// key_separator
    #[getter]
    fn key_separator(_cx: &Context, this: &Ref<Encoder>) -> PyResult<Ref<Str>> {
        Ok(this.key_separator.clone())
    }

    /// item_separator
    #[getter]
    fn item_separator(_cx: &Context, this: &Ref<Encoder>) -> PyResult<Ref<Str>> {
        Ok(this.item_separator.clone())
    }

    /// sort_keys
    #[getter]
    fn sort_keys(_cx: &Context, this: &Ref<Encoder>) -> PyResult<bool> {
        Ok(this.sort_keys)
    }

    /// skipkeys
    #[getter]
    fn skipkeys(_cx: &Context, this: &Ref<Encoder>) -> PyResult<bool> {
        Ok(this.skip_keys)
    }
}
