//! Objects by what `__reduce__` says of them, and classes and functions by their names.

use typhon_runtime::args::Args;
use typhon_runtime::codec;
use typhon_runtime::import;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, iterate, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::opcode::*;
use super::registry::{deep_attribute, dotted_path, import_named};
use super::save::Session;

/// How the object is made anew.
enum Constructor {
    /// `callable(*args)`.
    Call,
    /// `args[0].__new__(*args)`.
    New,
    /// `args[0].__new__(args[0], *args[1], **args[2])`.
    NewWithKeywords,
}

/// Raises what `raise` makes, with the exception that is set as its context.
#[cold]
fn raise_during(
    cx: &Context,
    raise: impl FnOnce(&Ref<BaseException>) -> PyResult<Raised>,
) -> Raised {
    let handled = cx.take_exception();
    match raise(&handled) {
        Ok(raised) | Err(raised) => {
            let exception = cx.take_exception();
            exceptions::set_context(&exception, handled);
            cx.set_exception(exception);
            raised
        }
    }
}

impl Session<'_> {
    /// The parts of a reduction, checked: callable, arguments, and four that may be None.
    fn check_reduction<'t>(&self, parts: &'t Tuple) -> PyResult<[&'t Value; 6]> {
        let cx = self.cx;
        let parts = parts.as_slice();
        if !(2..=6).contains(&parts.len()) {
            return Err(
                self.error("tuple returned by __reduce__ must contain 2 through 6 elements")
            );
        }
        let part = |at: usize| parts.get(at).unwrap_or(const { &Value::NONE });
        let wrong = |which: &str, wanted: &str, found: &Value| {
            let class = found.class().fully_qualified_name(cx);
            self.error(format!(
                "{which} item of the tuple returned by __reduce__ must be {wanted}, not {class}"
            ))
        };
        let [callable, arguments, state, list, dict, setter] = std::array::from_fn(part);
        if !call::is_callable(callable) {
            return Err(wrong("first", "callable", callable));
        }
        if arguments.downcast::<Tuple>().is_none() {
            return Err(wrong("second", "a tuple", arguments));
        }
        if !list.is_none() && !iterate::is_iterator(list) {
            return Err(wrong("fourth", "an iterator", list));
        }
        if !dict.is_none() && !iterate::is_iterator(dict) {
            return Err(wrong("fifth", "an iterator", dict));
        }
        if !setter.is_none() && !call::is_callable(setter) {
            return Err(wrong("sixth", "callable", setter));
        }
        Ok([callable, arguments, state, list, dict, setter])
    }

    /// Writes `object` as the reduction `parts`.
    pub(super) fn save_reduce(&mut self, parts: &Tuple, object: Option<&Value>) -> PyResult<()> {
        let [callable, arguments, state, list, dict, setter] = self.check_reduction(parts)?;
        let owner = object.unwrap_or(const { &Value::NONE });
        let arguments = arguments
            .downcast::<Tuple>()
            .expect("invariant: the reduction was checked");
        match self.constructor(callable)? {
            Constructor::Call => {
                self.save(callable)
                    .map_err(|raised| self.noted(raised, owner, "reconstructor"))?;
                self.save(arguments.as_value())
                    .map_err(|raised| self.noted(raised, owner, "reconstructor arguments"))?;
                self.out.op(REDUCE);
            }
            Constructor::New => self.save_new(arguments, object)?,
            Constructor::NewWithKeywords => self.save_new_with_keywords(arguments, owner)?,
        }
        if let Some(object) = object {
            // A part that refers to the object has made it already.
            if let Some(number) = self.memoized(object) {
                self.out.op(POP);
                return self.save_get(number);
            }
            self.memoize(object)?;
        }
        if !list.is_none() {
            self.save_appends(list, owner)?;
        }
        if !dict.is_none() {
            self.save_set_items(dict, owner)?;
        }
        if !state.is_none() {
            self.save_state(state, setter, owner)?;
        }
        Ok(())
    }

    fn save_state(&mut self, state: &Value, setter: &Value, owner: &Value) -> PyResult<()> {
        if setter.is_none() {
            self.save(state)
                .map_err(|raised| self.noted(raised, owner, "state"))?;
            self.out.op(BUILD);
            return Ok(());
        }
        self.save(setter)
            .map_err(|raised| self.noted(raised, owner, "state setter"))?;
        self.save(owner)?;
        self.save(state)
            .map_err(|raised| self.noted(raised, owner, "state"))?;
        // What the setter returns is of no use.
        self.out.put(&[TUPLE2, REDUCE, POP]);
        Ok(())
    }

    fn constructor(&self, callable: &Value) -> PyResult<Constructor> {
        if self.protocol < 2 {
            return Ok(Constructor::Call);
        }
        let name = attribute::find(self.cx, callable, names::dunder_name())?;
        let name = name.as_ref().and_then(|name| name.downcast::<Str>());
        Ok(match name {
            Some(name) if name.equals("__newobj__") => Constructor::New,
            Some(name) if name.equals("__newobj_ex__") => Constructor::NewWithKeywords,
            _ => Constructor::Call,
        })
    }

    fn save_new(&mut self, arguments: &Ref<Tuple>, object: Option<&Value>) -> PyResult<()> {
        let cx = self.cx;
        let Some((class, rest)) = arguments.as_slice().split_first() else {
            return Err(self.error("__newobj__ expected at least 1 argument, got 0"));
        };
        if class.downcast::<Type>().is_none() {
            return Err(self.error(format!(
                "first argument to __newobj__() must be a class, not {}",
                class.class().fully_qualified_name(cx)
            )));
        }
        if let Some(object) = object {
            let own = match attribute::find(cx, object, names::dunder_class())? {
                Some(class) => class,
                None => object.class().to_value(),
            };
            if !own.is(class) {
                return Err(self.error(format!(
                    "first argument to __newobj__() must be {}, not {}",
                    text::repr_text(cx, &own)?,
                    text::repr_text(cx, class)?
                )));
            }
        }
        let owner = object.unwrap_or(const { &Value::NONE });
        self.save(class)
            .map_err(|raised| self.noted(raised, owner, "class"))?;
        let rest = Tuple::from_values(cx, rest)?;
        self.save(rest.as_value())
            .map_err(|raised| self.noted(raised, owner, "__new__ arguments"))?;
        self.out.op(NEWOBJ);
        Ok(())
    }

    fn save_new_with_keywords(&mut self, arguments: &Ref<Tuple>, owner: &Value) -> PyResult<()> {
        let cx = self.cx;
        let [class, positional, keywords] = arguments.as_slice() else {
            return Err(self.error(format!(
                "__newobj_ex__ expected 3 arguments, got {}",
                arguments.len()
            )));
        };
        let wrong = |which: &str, wanted: &str, found: &Value| {
            let found = found.class().fully_qualified_name(cx);
            self.error(format!(
                "{which} argument to __newobj_ex__() must be a {wanted}, not {found}"
            ))
        };
        if class.downcast::<Type>().is_none() {
            return Err(wrong("first", "class", class));
        }
        let Some(values) = positional.downcast::<Tuple>() else {
            return Err(wrong("second", "tuple", positional));
        };
        let Some(named) = keywords.downcast::<Dict>() else {
            return Err(wrong("third", "dict", keywords));
        };
        if self.protocol >= 4 {
            self.save(class)
                .map_err(|raised| self.noted(raised, owner, "class"))?;
            self.save(positional)
                .and_then(|()| self.save(keywords))
                .map_err(|raised| self.noted(raised, owner, "__new__ arguments"))?;
            self.out.op(NEWOBJ_EX);
            return Ok(());
        }
        // Older protocols have no instruction for it: functools.partial remembers the keywords.
        let mut bound = vec![
            attribute::get(cx, class, names::dunder_new())?,
            class.clone(),
        ];
        bound.extend_from_slice(values.as_slice());
        let mut keys = Vec::new();
        for (key, value) in named.items_snapshot(cx)? {
            keys.push(key);
            bound.push(value);
        }
        let args = Args {
            values: &bound,
            names: &keys,
        };
        let partial = call::call_args(cx, &self.registry()?.partial, args)?;
        self.save(&partial)
            .map_err(|raised| self.noted(raised, owner, "reconstructor"))?;
        self.save(Tuple::empty().as_value())?;
        self.out.op(REDUCE);
        Ok(())
    }

    /// Writes an object that its class makes without arguments and that is given its attributes then, as if
    /// `__reduce_ex__` had been asked; so the dict of the attributes need not be made.
    pub(super) fn save_plain(
        &mut self,
        object: &Value,
        attributes: &[(Name, Value)],
    ) -> PyResult<()> {
        self.save_plain_parts(object, attributes)
            .map_err(|raised| self.noted(raised, object, "object"))
    }

    fn save_plain_parts(&mut self, object: &Value, attributes: &[(Name, Value)]) -> PyResult<()> {
        let cx = self.cx;
        self.save(object.class().as_value())
            .map_err(|raised| self.noted(raised, object, "class"))?;
        self.save(Tuple::empty().as_value())?;
        self.out.op(NEWOBJ);
        if let Some(number) = self.memoized(object) {
            self.out.op(POP);
            return self.save_get(number);
        }
        self.memoize(object)?;
        if attributes.is_empty() {
            return Ok(());
        }
        self.out.boundary(cx)?;
        self.out.op(EMPTY_DICT);
        // Has the number that the dict of the attributes would have.
        let stand_in = Dict::new(cx)?.into_value();
        self.memoize(&stand_in)?;
        if attributes.len() > 1 {
            self.out.op(MARK);
        }
        for (name, value) in attributes {
            self.save_member(name.as_value(), value, &stand_in)
                .map_err(|raised| self.noted(raised, object, "state"))?;
        }
        self.out.op(if attributes.len() > 1 {
            SETITEMS
        } else {
            SETITEM
        });
        self.out.op(BUILD);
        Ok(())
    }

    pub(super) fn save_type(&mut self, class: &Ref<Type>) -> PyResult<()> {
        let singletons = [Value::NONE, Value::ELLIPSIS, Value::NOT_IMPLEMENTED];
        for singleton in singletons {
            if singleton.class().is(class) {
                let arguments = Tuple::from_values(self.cx, &[singleton])?;
                let reduction = [Type::class().to_value(), arguments.into_value()];
                let reduction = Tuple::from_values(self.cx, &reduction)?;
                return self.save_reduce(&reduction, Some(class.as_value()));
            }
        }
        self.save_global(class.as_value(), None)
    }

    /// Writes `object` by its module and its name there, `__qualname__` if none is given.
    pub(super) fn save_global(&mut self, object: &Value, name: Option<&Value>) -> PyResult<()> {
        let cx = self.cx;
        let name = match name {
            Some(name) => name.clone(),
            None => match attribute::find(cx, object, names::dunder_qualname())? {
                Some(name) => name,
                None => attribute::get(cx, object, names::dunder_name())?,
            },
        };
        let Some(text) = name.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "must be str, not {}",
                name.type_name_for_argument()
            )));
        };
        let path = dotted_path(cx, text)?;
        let module = self.module_of(object, &name, &path)?;
        if self.protocol >= 2 && self.save_extension(&module, &name)? {
            return Ok(());
        }
        if self.protocol >= 4 {
            self.save(&module)?;
            self.save(&name)?;
            self.out.op(STACK_GLOBAL);
        } else if path.len() > 1 {
            self.save_nested_name(module, &path)?;
        } else {
            self.save_plain_name(module, name)?;
        }
        self.memoize(object)
    }

    /// `getattr(getattr(module.a, "b"), "c")`.
    fn save_nested_name(&mut self, module: Value, path: &[Ref<Str>]) -> PyResult<()> {
        let getattr = &self.registry()?.getattr;
        for _ in &path[1..] {
            self.save(getattr)?;
            if self.protocol < 2 {
                self.out.op(MARK);
            }
        }
        self.save_plain_name(module, path[0].to_value())?;
        for part in &path[1..] {
            self.save(part.as_value())?;
            self.out.op(if self.protocol < 2 { TUPLE } else { TUPLE2 });
            self.out.op(REDUCE);
        }
        Ok(())
    }

    fn save_plain_name(&mut self, mut module: Value, mut name: Value) -> PyResult<()> {
        let cx = self.cx;
        if self.protocol < 3 && self.fixes_imports() {
            (module, name) = self.registry()?.to_python2.rename(cx, module, name)?;
        }
        self.out.op(GLOBAL);
        for (text, kind) in [(&module, "module"), (&name, "global")] {
            let Some(string) = text.downcast::<Str>() else {
                return Err(cx.type_error(format!(
                    "must be str, not {}",
                    text.type_name_for_argument()
                )));
            };
            let encoding = if self.protocol >= 3 { "utf-8" } else { "ascii" };
            match codec::encode(cx, string, encoding, "strict") {
                Ok(bytes) => self.out.put(&bytes),
                Err(Raised) if cx.exception_matches(exceptions::unicode_encode_error()) => {
                    return Err(raise_during(cx, |_| {
                        let shown = text::repr_text(cx, text)?;
                        Ok(self.error(format!(
                            "can't pickle {kind} identifier {shown} using pickle protocol {}",
                            self.protocol
                        )))
                    }));
                }
                Err(raised) => return Err(raised),
            }
            self.out.op(b'\n');
        }
        Ok(())
    }

    /// Writes the object by the code that `copyreg` has for its name, if it has one.
    fn save_extension(&mut self, module: &Value, name: &Value) -> PyResult<bool> {
        let cx = self.cx;
        let codes = &self.registry()?.extension_codes;
        if codes.is_empty() {
            return Ok(false);
        }
        let key = Tuple::from_values(cx, &[module.clone(), name.clone()])?;
        let Some(code) = codes.get_item(cx, key.as_value())? else {
            return Ok(false);
        };
        let code = int::index_as_i128(cx, &code)?;
        match i32::try_from(code) {
            Ok(code @ 1..=0xff) => self.out.put(&[EXT1, code as u8]),
            Ok(code @ 0x100..=0xffff) => {
                self.out.op(EXT2);
                self.out.put(&(code as u16).to_le_bytes());
            }
            Ok(code @ 0x10000..) => {
                self.out.op(EXT4);
                self.out.put(&code.to_le_bytes());
            }
            _ => {
                return Err(cx.runtime_error(format!("extension code {code} is out of range")));
            }
        }
        Ok(true)
    }

    /// The name of the module where `object` is found under `name`.
    fn module_of(&self, object: &Value, name: &Value, path: &[Ref<Str>]) -> PyResult<Value> {
        let cx = self.cx;
        let module = attribute::find(cx, object, names::dunder_module())?;
        if path.iter().any(|part| part.equals("<locals>")) {
            let shown = text::repr_text(cx, object)?;
            return Err(self.error(format!("Can't pickle local object {shown}")));
        }
        let module = match module.filter(|module| !module.is_none()) {
            Some(module) => module,
            None => match search_modules(cx, object, path)? {
                Some(module) => return Ok(module),
                None => names::dunder_main().to_value(),
            },
        };
        let found = match import_named(cx, &module) {
            Ok(found) => found,
            Err(raised) => return Err(self.cannot_import(object, raised)),
        };
        let place = |how: &str| {
            Ok(self.error(format!(
                "Can't pickle {}: it's not {how} {}.{}",
                text::repr_text(cx, object)?,
                text::str(cx, &module)?.to_lossy(),
                text::str(cx, name)?.to_lossy()
            )))
        };
        match deep_attribute(cx, &found, path) {
            Ok(found) if found.is(object) => Ok(module),
            Ok(_) => Err(place("the same object as")?),
            Err(Raised) if cx.exception_matches(exceptions::attribute_error()) => {
                Err(raise_during(cx, |_| place("found as")))
            }
            Err(raised) => Err(raised),
        }
    }

    #[cold]
    fn cannot_import(&self, object: &Value, raised: Raised) -> Raised {
        let cx = self.cx;
        let expected = [
            exceptions::import_error(),
            exceptions::value_error(),
            exceptions::key_error(),
        ];
        if !expected.iter().any(|class| cx.exception_matches(class)) {
            return raised;
        }
        raise_during(cx, |handled| {
            let reason = text::str(cx, handled.as_value())?;
            let shown = text::repr_text(cx, object)?;
            Ok(self.error(format!("Can't pickle {shown}: {}", reason.to_lossy())))
        })
    }
}

/// The first of the imported modules that has `object` at `path`.
fn search_modules(cx: &Context, object: &Value, path: &[Ref<Str>]) -> PyResult<Option<Value>> {
    for (name, module) in import::modules(cx)?.items_snapshot(cx)? {
        let is_main = name
            .downcast::<Str>()
            .is_some_and(|name| name.equals("__main__") || name.equals("__mp_main__"));
        if module.is_none() || is_main {
            continue;
        }
        match deep_attribute(cx, &module, path) {
            // One string for the module wherever its name is written, so that it is written once.
            Ok(found) if found.is(object) => {
                let name = name.downcast::<Str>().map(Name::from_string);
                return Ok(name.map(|name| name.to_value()));
            }
            Ok(_) => {}
            Err(Raised) => drop(cx.catch(exceptions::attribute_error())?),
        }
    }
    Ok(None)
}
