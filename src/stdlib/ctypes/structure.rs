//! `Structure` and `Union`: fields of several classes. `ctypes._layout` says where they are.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::{self, Type};
use typhon_runtime::protocols::{attribute, call, index, iterate, sequence, text};
use typhon_runtime::{Context, PyResult, Ref, Value, import};

use super::data::{self, CData, plain_data};
use super::field::CField;
use super::info::{self, Info, Kind, Words};
use super::meta::{self, metaclass};

metaclass!(
    StructureType,
    "PyCStructType",
    "metatype for the CData Objects"
);
metaclass!(UnionType, "UnionType", "metatype for the Union Objects");

/// The payload of structures.
#[pyclass(
    name = "Structure",
    module = "_ctypes",
    base = CData,
    metaclass = StructureType,
    flags(BASETYPE, IMMUTABLE),
    doc = "Structure base class"
)]
#[repr(C)]
pub struct Structure {
    base: CData,
}

/// The payload of unions.
#[pyclass(
    name = "Union",
    module = "_ctypes",
    base = CData,
    metaclass = UnionType,
    flags(BASETYPE, IMMUTABLE),
    doc = "Union base class"
)]
#[repr(C)]
pub struct Union {
    base: CData,
}

plain_data!(Structure);
plain_data!(Union);

/// The information of a class's base, if that has fields.
fn base_information(class: &Ref<Type>) -> Option<(Ref<Type>, Ref<Info>)> {
    let base = class.base_type()?;
    let info = info::find(&base)?;
    Some((base, info))
}

fn initialize(cx: &Context, this: &Value, args: Args<'_>, kind: Kind) -> PyResult<()> {
    meta::initialize_type(cx, this, args)?;
    let class = meta::class_of(this);
    if meta::own_attribute(cx, class, "_abstract_")?.is_some() {
        return Ok(());
    }
    let fields = meta::own_attribute(cx, class, "_fields_")?;
    let base = base_information(class);
    let info = match &base {
        Some((_, base)) if fields.is_none() => {
            base.set_final();
            base.duplicate()
        }
        _ => Info {
            format: "B".to_owned(),
            words: Words::of(Vec::new()),
            ..Info::new(kind, 0, 0)
        },
    };
    info::attach(cx, class, info)?;
    match fields {
        Some(fields) => attribute::set(cx, this, Name::intern(cx, "_fields_")?, &fields),
        None => Ok(()),
    }
}

/// Sets an attribute of a class; `_fields_` lays its instances out.
fn set_attribute(
    cx: &Context,
    this: &Value,
    name: Name,
    value: Option<&Value>,
    kind: Kind,
) -> PyResult<()> {
    if let Some(fields) = value
        && name.is(&Name::intern(cx, "_fields_")?)
    {
        lay_out(cx, meta::class_of(this), fields, kind)?;
    }
    type_::set_attribute(cx, this, name, value)
}

/// What `ctypes._layout` says of the fields.
struct Layout {
    size: usize,
    alignment: usize,
    format: String,
    fields: Vec<Ref<CField>>,
}

impl Layout {
    fn of(
        cx: &Context,
        class: &Ref<Type>,
        fields: &Value,
        kind: Kind,
        base: &Value,
    ) -> PyResult<Layout> {
        let get_layout = import::import_attribute(cx, "ctypes._layout", "get_layout")?;
        let is_structure = Value::from_bool(kind == Kind::Structure);
        let values = [class.to_value(), fields.clone(), is_structure, base.clone()];
        let names = [
            Name::intern(cx, "is_struct")?.to_value(),
            Name::intern(cx, "base")?.to_value(),
        ];
        let args = Args {
            values: &values,
            names: &names,
        };
        let layout = call::call_args(cx, &get_layout, args)?;
        let part = |name: &str| attribute::get(cx, &layout, Name::intern(cx, name)?);
        let number = |name: &str| -> PyResult<usize> {
            let number = index::as_index(cx, &part(name)?)?;
            usize::try_from(number)
                .map_err(|_| cx.value_error(format!("{name} must be a non-negative integer")))
        };
        let format = part("format_spec")?;
        let Some(format) = format.downcast::<Str>() else {
            return Err(cx.type_error("format_spec must be a string"));
        };
        let mut laid_out = Vec::new();
        for field in iterate::collect(cx, &part("fields")?)? {
            let name = field.type_name();
            let field = field
                .into_ref::<CField>()
                .map_err(|_| cx.type_error(format!("fields must be of type CField, got {name}")))?;
            laid_out.push(field);
        }
        Ok(Layout {
            size: number("size")?,
            alignment: number("align")?,
            format: format.to_utf8(cx)?.into_owned(),
            fields: laid_out,
        })
    }
}

fn lay_out(cx: &Context, class: &Ref<Type>, fields: &Value, kind: Kind) -> PyResult<()> {
    let old = info::find(class);
    let old = old.ok_or_else(|| cx.type_error("ctypes state is not initialized"))?;
    let base = base_information(class);
    let base_value = base
        .as_ref()
        .map_or(Value::NONE, |(base, _)| base.to_value());
    let layout = Layout::of(cx, class, fields, kind, &base_value)?;
    if old.is_final() {
        return Err(cx.attribute_error("_fields_ is final"));
    }
    let mut parts = Vec::new();
    let mut length = layout.fields.len();
    let mut has_pointer = false;
    if let Some((_, base)) = &base {
        base.set_final();
        length += base.length;
        has_pointer |= base.has_pointer;
        parts.push((0, base.words.clone()));
    }
    for field in &layout.fields {
        let info = data::concrete(cx, &field.class)?;
        info.set_final();
        has_pointer |= info.has_pointer;
        parts.push((field.offset, info.words.clone()));
        attribute::set(cx, class.as_value(), field.name(cx)?, field.as_value())?;
    }
    let new = Info {
        length,
        format: layout.format,
        words: Words::joined(layout.size, parts),
        has_pointer,
        ..Info::new(kind, layout.size, layout.alignment)
    };
    new.set_final();
    if !info::replace(cx, class, &old, new)? {
        return Err(cx.attribute_error("Structure or union cannot contain itself"));
    }
    add_anonymous(cx, class)
}

/// Gives the class the fields of its anonymous fields.
fn add_anonymous(cx: &Context, class: &Ref<Type>) -> PyResult<()> {
    let Some(names) = meta::find_attribute(cx, class.as_value(), "_anonymous_")? else {
        return Ok(());
    };
    let names = iterate::collect_or(cx, &names, "_anonymous_ must be a sequence")?;
    for name in names {
        let found = attribute_of(cx, class, &name)?;
        let Some(field) = found.downcast::<CField>() else {
            let name = text::str(cx, &name)?;
            return Err(cx.attribute_error(format!(
                "'{name}' is specified in _anonymous_ but not in _fields_"
            )));
        };
        field.set_anonymous();
        lift_fields(cx, class, field, field.index, field.offset)?;
    }
    Ok(())
}

fn attribute_of(cx: &Context, class: &Ref<Type>, name: &Value) -> PyResult<Value> {
    let Some(name) = name.downcast::<Str>() else {
        return Err(cx.type_error(format!(
            "attribute name must be string, not '{}'",
            name.type_name()
        )));
    };
    attribute::get(cx, class.as_value(), Name::from_string(name))
}

/// The fields of `inner`'s class, where they are in `class`.
fn lift_fields(
    cx: &Context,
    class: &Ref<Type>,
    inner: &Ref<CField>,
    index: isize,
    offset: usize,
) -> PyResult<()> {
    let fields = attribute::get(cx, inner.class.as_value(), Name::intern(cx, "_fields_")?)?;
    for pair in iterate::collect_or(cx, &fields, "_fields_ must be a sequence")? {
        let name = sequence::get_item(cx, &pair, &Value::small_int(0))?;
        let found = attribute_of(cx, &inner.class, &name)?;
        let Some(field) = found.downcast::<CField>() else {
            return Err(cx.type_error("unexpected type"));
        };
        let (index, offset) = (index + field.index, offset + field.offset);
        if field.is_anonymous() {
            lift_fields(cx, class, field, index, offset)?;
        } else {
            let lifted = CField::lifted(cx, field, index, offset)?;
            attribute::set(cx, class.as_value(), field.name(cx)?, lifted.as_value())?;
        }
    }
    Ok(())
}

/// `__init__`: fields by position, those of the base first, then attributes by name.
fn initialize_instance(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
    let positional = args.positional();
    if !positional.is_empty() {
        let taken = initialize_fields(cx, this, this.class(), args, 0)?;
        if taken < positional.len() {
            return Err(cx.type_error("too many initializers"));
        }
    }
    for (name, value) in args.keywords().iter() {
        if let Some(name) = name.downcast::<Str>() {
            attribute::set(cx, this, Name::from_string(name), value)?;
        }
    }
    Ok(())
}

/// Sets the fields of a class, and says how many arguments are used.
fn initialize_fields(
    cx: &Context,
    this: &Value,
    class: &Ref<Type>,
    args: Args<'_>,
    first: usize,
) -> PyResult<usize> {
    let mut at = first;
    if let Some((base, _)) = base_information(class) {
        at = initialize_fields(cx, this, &base, args, first)?;
    }
    let Some(fields) = meta::own_attribute(cx, class, "_fields_")? else {
        return Ok(at);
    };
    let positional = args.positional();
    let count = sequence::length(cx, &fields)?;
    for nth in 0..count {
        let Some(value) = positional.get(at) else {
            break;
        };
        let pair = sequence::get_item(cx, &fields, &Value::small_int(nth as i32))?;
        let name = sequence::get_item(cx, &pair, &Value::small_int(0))?;
        let Some(name) = name.downcast::<Str>() else {
            return Err(cx.type_error("attribute name must be string"));
        };
        let twice = args.keywords().iter().any(|(known, _)| {
            known
                .downcast::<Str>()
                .is_some_and(|known| known.equals_str(name))
        });
        if twice {
            let shown = text::repr_text(cx, name.as_value())?;
            return Err(cx.type_error(format!("duplicate values for field {shown}")));
        }
        attribute::set(cx, this, Name::from_string(name), value)?;
        at += 1;
    }
    Ok(at)
}

#[pymethods]
impl StructureType {
    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        initialize(cx, this, args, Kind::Structure)
    }

    #[slot(set_attribute)]
    fn set_attribute(
        cx: &Context,
        this: &Value,
        name: Name,
        value: Option<&Value>,
    ) -> PyResult<()> {
        set_attribute(cx, this, name, value, Kind::Structure)
    }
}

#[pymethods]
impl UnionType {
    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        initialize(cx, this, args, Kind::Union)
    }

    #[slot(set_attribute)]
    fn set_attribute(
        cx: &Context,
        this: &Value,
        name: Name,
        value: Option<&Value>,
    ) -> PyResult<()> {
        set_attribute(cx, this, name, value, Kind::Union)
    }
}

#[pymethods]
impl Structure {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        data::new(cx, class)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        initialize_instance(cx, this, args)
    }
}

#[pymethods]
impl Union {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        data::new(cx, class)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        initialize_instance(cx, this, args)
    }
}
