//! The instructions of a pickle that build objects: containers are filled, instances made, names looked up.

use typhon_runtime::args::Args;
use typhon_runtime::instance;
use typhon_runtime::objects::descriptors::GetSet;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::object as plain_object;
use typhon_runtime::objects::set::{FrozenSet, Set};
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, sequence};
use typhon_runtime::{PyResult, Ref, Value, codec};

use super::input::truncated;
use super::load::{Loader, exact};
use super::name;
use super::registry::registry;

impl Loader<'_> {
    pub(super) fn load_dict(&mut self) -> PyResult<()> {
        let items = self.pop_mark()?;
        if !items.len().is_multiple_of(2) {
            return Err(self.error("odd number of items for DICT"));
        }
        let dict = Dict::new(self.cx)?;
        self.set_dict_items(&dict, items)?;
        self.push(dict.into_value());
        Ok(())
    }

    fn set_dict_items(&self, dict: &Ref<Dict>, items: Vec<Value>) -> PyResult<()> {
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            dict.set_item(self.cx, &key, value)?;
        }
        Ok(())
    }

    /// Sets keys and values, which lie on the stack from `at` on, in the object below them.
    pub(super) fn load_setitems(&mut self, at: usize) -> PyResult<()> {
        let cx = self.cx;
        if at > self.stack.len() || !self.has_below(at) {
            return Err(self.underflow());
        }
        let items = self.stack.split_off(at);
        if !items.len().is_multiple_of(2) {
            return Err(self.error("odd number of items for SETITEMS"));
        }
        let owner = self.top()?.clone();
        if let Some(dict) = owner.downcast_exact::<Dict>() {
            return self.set_dict_items(dict, items);
        }
        for pair in items.chunks_exact(2) {
            sequence::set_item(cx, &owner, &pair[0], &pair[1])?;
        }
        Ok(())
    }

    /// Appends what lies on the stack from `at` on to the object below.
    pub(super) fn load_appends(&mut self, at: usize) -> PyResult<()> {
        let cx = self.cx;
        if at > self.stack.len() || !self.has_below(at) {
            return Err(self.underflow());
        }
        if let [.., list, _] = &self.stack[..]
            && at + 1 == self.stack.len()
            && let Some(list) = exact::<List>(list)
        {
            let item = self.pop()?;
            return list.push(cx, item);
        }
        let items = self.stack.split_off(at);
        if items.is_empty() {
            return Ok(());
        }
        let owner = self.top()?.clone();
        if let Some(list) = owner.downcast_exact::<List>() {
            return list.extend_values(cx, items);
        }
        if let Some(extend) = attribute::find(cx, &owner, name!(cx, "extend")?)? {
            let items = List::from_values(cx, items)?;
            return call::call(cx, &extend, &[items.into_value()]).map(drop);
        }
        let append = attribute::get(cx, &owner, names::append())?;
        for item in &items {
            call::call(cx, &append, std::slice::from_ref(item))?;
        }
        Ok(())
    }

    pub(super) fn load_additems(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let mark = self.take_mark()?;
        if !self.has_below(mark) {
            return Err(self.underflow());
        }
        let items = self.stack.split_off(mark);
        if items.is_empty() {
            return Ok(());
        }
        let owner = self.top()?.clone();
        if let Some(set) = owner.downcast::<Set>() {
            for item in &items {
                set.add(cx, item)?;
            }
            return Ok(());
        }
        let add = attribute::get(cx, &owner, name!(cx, "add")?)?;
        for item in &items {
            call::call(cx, &add, std::slice::from_ref(item))?;
        }
        Ok(())
    }

    pub(super) fn load_frozenset(&mut self) -> PyResult<()> {
        let items = self.pop_mark()?;
        let set = FrozenSet::from_values(self.cx, &items)?;
        self.push(set.into_value());
        Ok(())
    }

    /// Makes an instance as protocol 0 does: without arguments, `__init__` is not called.
    fn instantiate(&self, class: &Value, arguments: &[Value]) -> PyResult<Value> {
        let cx = self.cx;
        if arguments.is_empty()
            && class.downcast::<Type>().is_some()
            && attribute::find(cx, class, name!(cx, "__getinitargs__")?)?.is_none()
        {
            return call::call_method(cx, class, names::dunder_new(), std::slice::from_ref(class));
        }
        call::call(cx, class, arguments)
    }

    pub(super) fn load_obj(&mut self) -> PyResult<()> {
        let parts = self.pop_mark()?;
        let Some((class, arguments)) = parts.split_first() else {
            return Err(self.underflow());
        };
        let object = self.instantiate(class, arguments)?;
        self.push(object);
        Ok(())
    }

    /// The next line, which is a name.
    fn name_line(&mut self, encoding: &str) -> PyResult<Value> {
        let cx = self.cx;
        let line = self.input.line(cx)?;
        if line.len() < 2 {
            return Err(truncated(cx));
        }
        let line = &line[..line.len() - 1];
        codec::decode(cx, line, encoding, "strict").map(Ref::into_value)
    }

    pub(super) fn load_inst(&mut self) -> PyResult<()> {
        let module = self.name_line("ascii")?;
        let name = self.name_line("ascii")?;
        let class = self.find_class(&module, &name)?;
        let arguments = self.pop_mark()?;
        let object = self.instantiate(&class, &arguments)?;
        self.push(object);
        Ok(())
    }

    pub(super) fn load_global(&mut self) -> PyResult<()> {
        let module = self.name_line("utf-8")?;
        let name = self.name_line("utf-8")?;
        let object = self.find_class(&module, &name)?;
        self.push(object);
        Ok(())
    }

    pub(super) fn load_stack_global(&mut self) -> PyResult<()> {
        let name = self.pop()?;
        let module = self.pop()?;
        if !name.is_exact::<Str>() || !module.is_exact::<Str>() {
            return Err(self.error("STACK_GLOBAL requires str"));
        }
        let object = self.find_class(&module, &name)?;
        self.push(object);
        Ok(())
    }

    pub(super) fn load_extension(&mut self, code: i32) -> PyResult<()> {
        let cx = self.cx;
        if code <= 0 {
            return Err(self.error("EXT specifies code <= 0"));
        }
        let registry = registry(cx)?;
        let key = int::from_i64(cx, code.into())?;
        if let Some(object) = registry.extension_cache.get_item(cx, &key)? {
            self.push(object);
            return Ok(());
        }
        let Some(found) = registry.extension_names.get_item(cx, &key)? else {
            return Err(cx.value_error(format!("unregistered extension code {code}")));
        };
        let pair = found.downcast::<Tuple>().map(|pair| pair.as_slice());
        let Some([module, name]) = pair else {
            return Err(cx.value_error(format!(
                "_inverted_registry[{code}] isn't a 2-tuple of strings"
            )));
        };
        let object = self.find_class(module, name)?;
        registry
            .extension_cache
            .set_item(cx, &key, object.clone())?;
        self.push(object);
        Ok(())
    }

    pub(super) fn load_newobj(&mut self, with_keywords: bool) -> PyResult<()> {
        let cx = self.cx;
        let keywords = if with_keywords {
            Some(self.pop()?)
        } else {
            None
        };
        let arguments = self.pop()?;
        let class = self.pop()?;
        let op = if with_keywords { "NEWOBJ_EX" } else { "NEWOBJ" };
        let wrong = |what: &str, wanted: &str, found: &Value| {
            let found = found.type_name();
            self.error(format!(
                "{op} {what} argument must be a {wanted}, not {found}"
            ))
        };
        let Some(class) = class.downcast::<Type>() else {
            return Err(wrong("class", "type", &class));
        };
        let Some(new) = class.slots.new.get() else {
            return Err(self.error(format!(
                "{op} class argument '{}' doesn't have __new__",
                class.short_name()
            )));
        };
        let Some(positional) = arguments.downcast::<Tuple>() else {
            return Err(wrong("args", "tuple", &arguments));
        };
        let Some(keywords) = keywords else {
            let args = Args::positional_only(positional.as_slice());
            let object = new(cx, class, args)?;
            self.push(object);
            return Ok(());
        };
        let Some(keywords) = keywords.downcast::<Dict>() else {
            return Err(wrong("kwargs", "dict", &keywords));
        };
        let mut values = positional.to_vec();
        let mut named = Vec::new();
        for (key, value) in keywords.items_snapshot(cx)? {
            if key.downcast::<Str>().is_none() {
                return Err(cx.type_error("keywords must be strings"));
            }
            named.push(key);
            values.push(value);
        }
        let args = Args {
            values: &values,
            names: &named,
        };
        let object = new(cx, class, args)?;
        self.push(object);
        Ok(())
    }

    pub(super) fn load_reduce(&mut self) -> PyResult<()> {
        let cx = self.cx;
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let Some(arguments) = arguments.downcast::<Tuple>() else {
            return Err(cx.type_error("argument list must be a tuple"));
        };
        let object = call::call(cx, &callable, arguments.as_slice())?;
        self.push(object);
        Ok(())
    }

    pub(super) fn load_build(&mut self) -> PyResult<()> {
        let cx = self.cx;
        // The state and, below it, the object.
        if !self.has_below(self.stack.len().wrapping_sub(1)) || self.stack.len() < 2 {
            return Err(self.underflow());
        }
        let state = self.pop()?;
        let object = self.top()?.clone();
        if let Some(set_state) = attribute::find(cx, &object, names::dunder_setstate())? {
            return call::call(cx, &set_state, &[state]).map(drop);
        }
        let pair = state.downcast::<Tuple>().map(|state| state.as_slice());
        let (attributes, slots) = match pair {
            Some([attributes, slots]) => (attributes, Some(slots)),
            _ => (&state, None),
        };
        if !attributes.is_none() {
            let Some(attributes) = attributes.downcast::<Dict>() else {
                return Err(self.error("state is not a dictionary"));
            };
            self.set_attributes(&object, attributes)?;
        }
        if let Some(slots) = slots.filter(|slots| !slots.is_none()) {
            let Some(slots) = slots.downcast::<Dict>() else {
                return Err(self.error("slot state is not a dictionary"));
            };
            for (key, value) in slots.items_snapshot(cx)? {
                let Some(key) = key.downcast::<Str>() else {
                    return Err(cx.type_error(format!(
                        "attribute name must be string, not '{}'",
                        key.type_name()
                    )));
                };
                attribute::set(cx, &object, Name::from_string(key), &value)?;
            }
        }
        Ok(())
    }

    /// Puts `state` into the object's own attributes, past `__setattr__` and descriptors. Names become
    /// interned strings, as those are that attribute look-ups use.
    fn set_attributes(&self, object: &Value, state: &Ref<Dict>) -> PyResult<()> {
        let cx = self.cx;
        let class = object.class();
        let is_plain = class.slots.get_attribute.word()
            == plain_object::class().slots.get_attribute.word()
            && class
                .lookup(cx, names::dunder_dict())
                .is_some_and(|dict| dict.downcast_exact::<GetSet>().is_some());
        let pairs = state.items_snapshot(cx)?;
        if is_plain && pairs.iter().all(|(key, _)| key.is_exact::<Str>()) {
            for (key, value) in pairs {
                if let Some(key) = key.downcast_exact::<Str>()
                    && !instance::set(cx, object, Name::from_string(key), value)?
                {
                    return Err(attribute::missing(cx, object, names::dunder_dict()));
                }
            }
            return Ok(());
        }
        let own = attribute::get(cx, object, names::dunder_dict())?;
        for (key, value) in pairs {
            let key = match key.downcast_exact::<Str>() {
                Some(key) => Name::from_string(key).to_value(),
                None => key,
            };
            sequence::set_item(cx, &own, &key, &value)?;
        }
        Ok(())
    }
}
