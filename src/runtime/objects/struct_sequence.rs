//! Struct sequences: tuples whose items have names, such as `sys.version_info` and `os.stat_result`.
//!
//! ```text
//!   Header | Tuple: length │ visible items … │ hidden count │ hidden items …
//!                            length values     one value      that many values
//! ```
//! The visible items are those of the tuple; hidden ones are reached by name only. A class is made once
//! from a [`Description`] and lives for good. Its payload begins with a tuple's, so that everything that
//! takes tuples takes struct sequences.

use std::ptr::NonNull;
use std::sync::OnceLock;

use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use crate::args::Args;
use crate::class::{ClassCell, ClassFlags, ClassMethods, Entry};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::descriptors::{self, Member};
use crate::objects::dict::Dict;
use crate::objects::int;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeBuilder};
use crate::protocols::{iterate, text};
use crate::value::Value;

/// A struct sequence class, to be declared `static`.
pub struct Description {
    pub module: &'static str,
    pub name: &'static str,
    pub doc: &'static str,
    /// Names and docstrings of all fields, visible ones first. An empty name is a field without one.
    pub fields: &'static [(&'static str, &'static str)],
    /// How many are items of the tuple.
    pub visible: usize,
    /// Whether Python code may make instances.
    pub callable: bool,
    /// Fills in fields that Python code has not given to the constructor.
    pub complete: Option<fn(&mut [Value])>,
    /// Makes an instance from other arguments than a sequence and a dict.
    pub construct: Option<fn(&Context, Args<'_>) -> PyResult<Value>>,
    class: OnceLock<Ref<Type>>,
    cell: ClassCell,
}

impl Description {
    /// A class that is made when it is first asked for.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        doc: &'static str,
        fields: &'static [(&'static str, &'static str)],
        visible: usize,
    ) -> Description {
        Description {
            module,
            name,
            doc,
            fields,
            visible,
            callable: true,
            complete: None,
            construct: None,
            class: OnceLock::new(),
            cell: ClassCell::new(),
        }
    }

    /// The same, but Python code cannot make instances.
    pub const fn not_callable(mut self) -> Description {
        self.callable = false;
        self
    }

    /// The same, with fields that follow from others when Python code makes an instance.
    pub const fn completed_by(mut self, complete: fn(&mut [Value])) -> Description {
        self.complete = Some(complete);
        self
    }

    /// The same, with a constructor of its own.
    pub const fn constructed_by(
        mut self,
        construct: fn(&Context, Args<'_>) -> PyResult<Value>,
    ) -> Description {
        self.construct = Some(construct);
        self
    }
}

/// The payload: the tuple of the visible items. See the module's header for what follows it.
#[pyclass(name = "structseq", base = Tuple, variable = variable_size)]
#[repr(C)]
pub struct StructSequence {
    items: Tuple,
}

unsafe fn variable_size(object: NonNull<Header>) -> usize {
    // SAFETY: the object's payload is a `StructSequence`, which does not change.
    let payload = unsafe {
        object
            .byte_add(size_of::<Header>())
            .cast::<StructSequence>()
            .as_ref()
    };
    (payload.items.len() + 1 + payload.hidden_count()) * 8
}

impl Traverse for StructSequence {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.traverse(visit);
        self.hidden().iter().for_each(visit);
    }
}

impl Drop for StructSequence {
    fn drop(&mut self) {
        let hidden = std::ptr::from_ref(self.hidden()).cast_mut();
        // SAFETY: the hidden items belong to this payload and are dropped once, before the tuple's own.
        unsafe { hidden.drop_in_place() };
    }
}

impl StructSequence {
    /// The word behind the visible items.
    fn count_word(&self) -> *const Value {
        self.items.as_slice().as_ptr_range().end
    }

    fn hidden_count(&self) -> usize {
        // SAFETY: the word holds a small int.
        let count = unsafe { &*self.count_word() }.as_small_int();
        count.expect("invariant: the count is a small int") as usize
    }

    /// The items that are reached by name only.
    fn hidden(&self) -> &[Value] {
        // SAFETY: as many values follow the count.
        unsafe { std::slice::from_raw_parts(self.count_word().add(1), self.hidden_count()) }
    }

    /// Field `index`, visible or hidden.
    fn field(&self, index: usize) -> Option<&Value> {
        match index.checked_sub(self.items.len()) {
            None => self.items.as_slice().get(index),
            Some(hidden) => self.hidden().get(hidden),
        }
    }
}

impl Description {
    /// The class.
    ///
    /// # Errors
    /// MemoryError.
    pub fn class(&'static self, cx: &Context) -> PyResult<&'static Ref<Type>> {
        match self.class.get() {
            Some(class) => Ok(class),
            None => {
                let class = self.make_class(cx)?;
                Ok(self.class.get_or_init(|| class))
            }
        }
    }

    fn make_class(&'static self, cx: &Context) -> PyResult<Ref<Type>> {
        let flags = if self.callable {
            ClassFlags::empty()
        } else {
            ClassFlags::DISALLOW_INSTANTIATION
        };
        let class = TypeBuilder {
            name: self.name,
            base: Some(Tuple::class().clone()),
            layout: StructSequence::LAYOUT,
            kind: StructSequence::LAYOUT.kind,
            flags,
        }
        .build(cx, &self.cell)?;
        for table in StructSequence::TABLES {
            (table.fill)(&class.slots);
        }
        if !self.callable {
            class.slots.new.set(None);
        }
        class.finish_built_in(cx)?;
        let set =
            |name: &str, value: Value| class.dict.set_name(cx, Name::intern(cx, name)?, value);
        for table in StructSequence::TABLES {
            for entry in table.entries {
                if let Entry::Method(spec) = entry {
                    set(spec.name, descriptors::method(cx, &class, spec)?)?;
                }
            }
        }
        let mut match_args = Vec::new();
        for (index, (name, doc)) in self.fields.iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            set(
                name,
                Member::of_payload(cx, &class, name, doc, GETTERS[index], None)?,
            )?;
            if index < self.visible {
                match_args.push(Str::from_str(cx, name)?.into_value());
            }
        }
        let unnamed = self.fields[..self.visible]
            .iter()
            .filter(|(name, _)| name.is_empty())
            .count();
        set("n_sequence_fields", int::from_i64(cx, self.visible as i64)?)?;
        set("n_fields", int::from_i64(cx, self.fields.len() as i64)?)?;
        set("n_unnamed_fields", int::from_i64(cx, unnamed as i64)?)?;
        set(
            "__match_args__",
            Tuple::from_vec(cx, match_args)?.into_value(),
        )?;
        set("__module__", Str::from_str(cx, self.module)?.into_value())?;
        set("__doc__", Str::from_str(cx, self.doc)?.into_value())?;
        DESCRIPTIONS.write().push(self);
        Ok(class)
    }

    /// An instance with these fields; those that are missing at the end are None.
    ///
    /// # Errors
    /// MemoryError.
    pub fn instance(&'static self, cx: &Context, mut fields: Vec<Value>) -> PyResult<Value> {
        debug_assert!(fields.len() <= self.fields.len());
        fields.resize(self.fields.len(), Value::NONE);
        let class = self.class(cx)?;
        let hidden = fields.len() - self.visible;
        let count = Value::from_small_int(hidden as i64).expect("invariant: the count is small");
        fields.insert(self.visible, count);
        let payload = || StructSequence {
            items: Tuple::with_length(self.visible),
        };
        let extra = fields.len() * 8;
        // SAFETY: the values fill the variable part; the vector forgets them.
        let made = unsafe {
            object::new_variable(cx, class.root_shape(), payload, extra, |memory| {
                std::ptr::copy_nonoverlapping(
                    fields.as_ptr(),
                    memory.cast::<Value>(),
                    fields.len(),
                );
                fields.set_len(0);
            })
        };
        made.map(Ref::into_value)
    }
}

static DESCRIPTIONS: parking_lot::RwLock<Vec<&'static Description>> =
    parking_lot::RwLock::new(Vec::new());

/// What `class` was made from.
fn description_of(class: &Ref<Type>) -> &'static Description {
    let known = DESCRIPTIONS.read();
    let found = known
        .iter()
        .find(|known| known.class.get().is_some_and(|made| made.is(class)));
    found.expect("invariant: every struct sequence class has a description")
}

macro_rules! getters {
    ($($index:literal)*) => {
        [$({
            fn get(cx: &Context, this: &Value) -> PyResult<Value> {
                let this = crate::args::receiver::<StructSequence>(cx, this, "structseq")?;
                Ok(this.field($index).cloned().unwrap_or(Value::NONE))
            }
            get as fn(&Context, &Value) -> PyResult<Value>
        }),*]
    };
}

/// Getters of the fields by index: a getter has no data of its own.
static GETTERS: [fn(&Context, &Value) -> PyResult<Value>; 32] =
    getters!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);

#[pymethods]
impl StructSequence {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let description = description_of(class);
        if let Some(construct) = description.construct {
            return construct(cx, args);
        }
        let name = format!("{}.{}", description.module, description.name);
        let given = args.positional().len();
        let sequence = args
            .positional()
            .first()
            .or_else(|| args.keyword("sequence"));
        let dict = args.positional().get(1).or_else(|| args.keyword("dict"));
        let Some(sequence) = sequence.filter(|_| given <= 2) else {
            return Err(cx.type_error(format!(
                "{}() missing required argument 'sequence' (pos 1)",
                description.name
            )));
        };
        if !iterate::is_iterable(sequence) {
            return Err(cx.type_error("constructor requires a sequence"));
        }
        let dict = match dict {
            None => None,
            Some(dict) => match dict.downcast::<Dict>() {
                Some(dict) => Some(dict),
                None => {
                    return Err(
                        cx.type_error(format!("{name}() takes a dict as second arg, if any"))
                    );
                }
            },
        };
        let mut fields = iterate::collect(cx, sequence)?;
        let (least, most, length) = (description.visible, description.fields.len(), fields.len());
        let wrong = |bound: &str, wanted: usize| {
            Err(cx.type_error(format!(
                "{name}() takes {bound} {wanted}-sequence ({length}-sequence given)"
            )))
        };
        match (least == most, length) {
            (true, _) if length != least => return wrong("a", least),
            (false, _) if length < least => return wrong("an at least", least),
            (false, _) if length > most => return wrong("an at most", most),
            _ => {}
        }
        let mut used = 0;
        for (field, _) in &description.fields[length..] {
            let value = match dict {
                Some(dict) => dict.get_name(cx, Name::intern(cx, field)?)?,
                None => None,
            };
            used += usize::from(value.is_some());
            fields.push(value.unwrap_or(Value::NONE));
        }
        if dict.is_some_and(|dict| dict.len() > used) {
            return Err(cx.type_error(format!(
                "{name}() got duplicate or unexpected field name(s)"
            )));
        }
        if let Some(complete) = description.complete {
            complete(&mut fields);
        }
        description.instance(cx, fields)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<StructSequence>) -> PyResult<Value> {
        let description = description_of(this.as_value().class());
        let mut parts = Vec::new();
        // An item without a name is shown with that of the hidden field that stands for it.
        let names = description
            .fields
            .iter()
            .filter(|(name, _)| !name.is_empty());
        for (value, (name, _)) in this.items.as_slice().iter().zip(names) {
            parts.push(format!("{name}={}", text::repr_text(cx, value)?));
        }
        let module = match description.module {
            "builtins" => String::new(),
            module => format!("{module}."),
        };
        let text = format!("{module}{}({})", description.name, parts.join(", "));
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<StructSequence>) -> PyResult<Ref<Tuple>> {
        let class = this.as_value().class();
        let description = description_of(class);
        if description.construct.is_some() {
            let arguments = Tuple::from_values(cx, this.items.as_slice())?;
            return Tuple::from_vec(cx, vec![class.to_value(), arguments.into_value()]);
        }
        let hidden = Dict::new(cx)?;
        for (value, (name, _)) in this
            .hidden()
            .iter()
            .zip(&description.fields[description.visible..])
        {
            hidden.set_name(cx, Name::intern(cx, name)?, value.clone())?;
        }
        let items = Tuple::from_values(cx, this.items.as_slice())?.into_value();
        let arguments = Tuple::from_vec(cx, vec![items, hidden.into_value()])?;
        Tuple::from_vec(cx, vec![class.to_value(), arguments.into_value()])
    }

    /// Return a copy of the structure with new values for the specified fields.
    #[method("__replace__(self, /, **changes)")]
    fn replace(
        cx: &Context,
        this: &Ref<StructSequence>,
        changes: Vec<(&Value, &Value)>,
    ) -> PyResult<Value> {
        let description = description_of(this.as_value().class());
        if description.fields.iter().any(|(name, _)| name.is_empty()) {
            return Err(cx.type_error(format!(
                "__replace__() is not supported for {}.{} because it has unnamed field(s)",
                description.module, description.name
            )));
        }
        let mut fields: Vec<Value> = this
            .items
            .as_slice()
            .iter()
            .chain(this.hidden())
            .cloned()
            .collect();
        let mut unknown = Vec::new();
        for (name, value) in changes {
            let text = text::str(cx, name)?.to_string();
            match description
                .fields
                .iter()
                .position(|(field, _)| *field == text)
            {
                Some(index) => fields[index] = value.clone(),
                None => unknown.push(format!("'{text}'")),
            }
        }
        if !unknown.is_empty() {
            return Err(cx.type_error(format!(
                "Got unexpected field name(s): [{}]",
                unknown.join(", ")
            )));
        }
        description.instance(cx, fields)
    }
}
