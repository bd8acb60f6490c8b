//! `_thread._local`: an object whose attributes each thread has for itself.
//!
//! ```text
//!   _local ──▶ table ◀── (weak) ── each thread that has a dict in it
//!                │
//!                ├─ thread 1: dict        read and written by thread 1 alone
//!                └─ thread 7: dict        (the collector looks at all, with the world stopped)
//! ```
//! The table is read without a lock: a thread finds its own place and touches nothing that another
//! thread writes, so a `_local` that all threads use costs none of them anything.
//!
//! A dict dies with its thread ([`leave`], called while the thread can still run finalizers) or with
//! the `_local`, whichever is first.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use thread_local::ThreadLocal;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::field::Field;
use typhon_runtime::object::Payload;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::object::BareObject;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Ref, Value};

type Table = ThreadLocal<Field>;

/// See the module's header.
#[pyclass(
    name = "_local",
    module = "_thread",
    flags(BASETYPE, HAS_WEAKREF),
    doc = "Thread-local data"
)]
pub struct Local {
    table: Arc<Table>,
    /// What `__init__` gets in each thread, and the names of keyword arguments.
    arguments: Box<[Value]>,
    names: Box<[Value]>,
}

impl Traverse for Local {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.arguments.iter().for_each(&mut *visit);
        self.table.iter().for_each(|field| field.traverse(visit));
    }
}

thread_local! {
    /// The tables in which this thread has a dict.
    static ENTERED: RefCell<Entered> = const { RefCell::new(Entered { tables: Vec::new(), tidy_at: 32 }) };
}

struct Entered {
    tables: Vec<Weak<Table>>,
    /// Tables that are gone are dropped when there are this many.
    tidy_at: usize,
}

impl Entered {
    fn add(&mut self, table: Weak<Table>) {
        if self.tables.len() >= self.tidy_at {
            self.tables.retain(|table| table.strong_count() > 0);
            self.tidy_at = (self.tables.len() * 2).max(32);
        }
        self.tables.push(table);
    }
}

/// Drops the dicts of a thread that ends, which may run finalizers.
pub fn leave() {
    loop {
        // A finalizer may use a `_local` again.
        let tables = ENTERED.with_borrow_mut(|entered| std::mem::take(&mut entered.tables));
        if tables.is_empty() {
            return;
        }
        for table in tables {
            if let Some(table) = table.upgrade()
                && let Some(field) = table.get()
            {
                drop(field.replace(None));
            }
        }
    }
}

impl Local {
    /// The dict of this thread, made and filled by `__init__` at the first use.
    fn dict(cx: &Context, this: &Ref<Local>) -> PyResult<Ref<Dict>> {
        if let Some(dict) = this.table.get().and_then(Field::get_as::<Dict>) {
            return Ok(dict);
        }
        let dict = this.enter_thread(cx)?;
        let class = this.as_value().class();
        if let Some(init) = class.slots.init.get().filter(|_| has_own_init(class)) {
            let args = Args {
                values: &this.arguments,
                names: &this.names,
            };
            if let Err(raised) = init(cx, this.as_value(), args) {
                // The next use tries again.
                this.table.get_or(Field::empty).set(None);
                return Err(raised);
            }
        }
        Ok(dict)
    }

    fn enter_thread(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        let dict = Dict::new(cx)?;
        self.table.get_or(Field::empty).set(Some(dict.to_value()));
        ENTERED.with_borrow_mut(|entered| entered.add(Arc::downgrade(&self.table)));
        Ok(dict)
    }
}

fn has_own_init(class: &Ref<Type>) -> bool {
    class.slots.init.word() != BareObject::class().slots.init.word()
}

#[pymethods]
impl Local {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.is_empty() && !has_own_init(class) {
            return Err(cx.type_error("Initialization arguments are not supported"));
        }
        let payload = Local {
            table: Arc::new(ThreadLocal::new()),
            arguments: args.values.into(),
            names: args.names.into(),
        };
        let this = object::new_of_class(cx, class, payload)?;
        // `__init__` is about to be called for this thread.
        this.enter_thread(cx)?;
        Ok(this.into_value())
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Ref<Local>, name: Name) -> PyResult<Value> {
        let dict = Local::dict(cx, this)?;
        if name.is(&names::dunder_dict()) {
            return Ok(dict.into_value());
        }
        let value = this.as_value();
        let class = value.class();
        let found = class.lookup(cx, name);
        let get = found
            .as_ref()
            .and_then(|found| found.class().slots.descriptor_get.get());
        if let (Some(found), Some(get)) = (&found, get)
            && found.class().slots.descriptor_set.get().is_some()
        {
            return get(cx, found, Some(value), Some(class.as_value()));
        }
        if let Some(own) = dict.get_name(cx, name)? {
            return Ok(own);
        }
        match (found, get) {
            (Some(found), Some(get)) => get(cx, &found, Some(value), Some(class.as_value())),
            (Some(found), None) => Ok(found),
            (None, _) => Err(missing(cx, value, name)),
        }
    }

    #[slot(set_attribute)]
    fn set_attribute(
        cx: &Context,
        this: &Ref<Local>,
        name: Name,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let object = this.as_value();
        let dict = Local::dict(cx, this)?;
        if name.is(&names::dunder_dict()) {
            let class = object.class().full_name(cx);
            let message = format!("'{class}' object attribute '__dict__' is read-only");
            return Err(attribute::no_attribute(cx, object, name, &message));
        }
        if let Some(found) = object.class().lookup(cx, name)
            && let Some(set) = found.class().slots.descriptor_set.get()
        {
            return set(cx, &found, object, value);
        }
        match value {
            Some(value) => dict.set_name(cx, name, value.clone()),
            None => match dict.remove_name(cx, name)? {
                Some(_) => Ok(()),
                None => Err(missing(cx, object, name)),
            },
        }
    }
}

fn missing(cx: &Context, object: &Value, name: Name) -> typhon_runtime::Raised {
    let message = format!(
        "'{}' object has no attribute '{}'",
        object.class().full_name(cx),
        name.display()
    );
    attribute::no_attribute(cx, object, name, &message)
}
