//! The Python classes of nodes, made from the grammar when the first of them is needed.
//!
//! They are classes of the ordinary kind: programs may set their attributes and derive from them.
//! Nodes of classes without fields (`Load`, `Add`, …) are all alike in a tree, so one of each is kept.

use std::sync::OnceLock;

use typhon_compiler::asdl::{
    ATTRIBUTES, Class, FieldSpec, KINDS, Kind, KindSpec, Positions, Quantifier,
};
use typhon_runtime::args::Keywords;
use typhon_runtime::class::{ClassFlags, class_of};
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int::BigInteger;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::{NewType, Type};
use typhon_runtime::objects::{generic_alias, object, union};
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::node::Ast;

/// All classes of nodes.
pub struct Classes {
    base: Ref<Type>,
    /// By position in `KINDS`.
    kinds: Vec<Ref<Type>>,
    /// By number.
    classes: Vec<Ref<Type>>,
    /// By number: the only node of a class without fields whose kind has no others.
    single: Vec<Option<Value>>,
    /// By number: the names of the fields.
    pub fields: Vec<Vec<Name>>,
    /// The names of the position attributes.
    pub attributes: Vec<Name>,
}

static CLASSES: OnceLock<Classes> = OnceLock::new();

/// The classes.
///
/// # Errors
/// MemoryError.
pub fn get(cx: &Context) -> PyResult<&'static Classes> {
    if let Some(classes) = CLASSES.get() {
        return Ok(classes);
    }
    let made = Classes::make(cx)?;
    // Two threads may make them; those that come second are never seen.
    Ok(CLASSES.get_or_init(|| made))
}

impl Classes {
    /// `AST`.
    pub fn base(&self) -> &Ref<Type> {
        &self.base
    }

    /// The class of all nodes of a kind.
    pub fn of_kind(&self, kind: Kind) -> &Ref<Type> {
        let at = KINDS.iter().position(|spec| spec.kind == kind);
        &self.kinds[at.expect("invariant: a kind of nodes")]
    }

    /// The class of nodes.
    pub fn of(&self, class: Class) -> &Ref<Type> {
        &self.classes[class as usize]
    }

    /// The node that stands for all nodes of a class without fields.
    pub fn single(&self, class: Class) -> Option<&Value> {
        self.single[class as usize].as_ref()
    }

    fn make(cx: &Context) -> PyResult<Classes> {
        let base = class_of::<Ast>(cx)?.clone();
        base.set_flags(ClassFlags::IMMUTABLE, false);
        let empty = Tuple::empty().into_value();
        for name in ["_fields", "__match_args__", "_attributes"] {
            base.dict
                .set_name(cx, Name::intern(cx, name)?, empty.clone())?;
        }
        let mut classes = Classes {
            base,
            kinds: Vec::new(),
            classes: Vec::new(),
            single: Vec::new(),
            fields: Vec::new(),
            attributes: Vec::new(),
        };
        for name in ATTRIBUTES {
            classes.attributes.push(Name::intern(cx, name)?);
        }
        for kind in KINDS {
            let of_kind = classes.make_kind(cx, kind)?;
            classes.kinds.push(of_kind);
        }
        for kind in KINDS {
            for spec in kind.classes {
                let of_kind = classes.of_kind(kind.kind).clone();
                let class = if kind.is_product() {
                    of_kind
                } else {
                    let namespace = namespace(cx, spec.fields, &spec.documentation())?;
                    build(cx, spec.name, &of_kind, &namespace)?
                };
                let single = if kind.is_enumeration() {
                    Some(typhon_runtime::object::new_of_class(cx, &class, Ast)?.into_value())
                } else {
                    None
                };
                let names: PyResult<Vec<Name>> = spec
                    .fields
                    .iter()
                    .map(|field| Name::intern(cx, field.name))
                    .collect();
                classes.fields.push(names?);
                classes.single.push(single);
                classes.classes.push(class);
            }
        }
        for class in Class::ALL {
            classes.describe_fields(cx, *class)?;
        }
        Ok(classes)
    }

    fn make_kind(&self, cx: &Context, kind: &KindSpec) -> PyResult<Ref<Type>> {
        let (fields, documentation) = match kind.classes {
            [only] if kind.is_product() => (only.fields, only.documentation()),
            _ => (&[][..], kind.documentation()),
        };
        let namespace = namespace(cx, fields, &documentation)?;
        let attributes = match kind.positions {
            Positions::Absent => Tuple::empty(),
            Positions::Start | Positions::Both => names_tuple(cx, ATTRIBUTES.into_iter())?,
        };
        namespace.set_name(
            cx,
            Name::intern(cx, "_attributes")?,
            attributes.into_value(),
        )?;
        if kind.positions == Positions::Start {
            for name in &ATTRIBUTES[2..] {
                namespace.set_name(cx, Name::intern(cx, name)?, Value::NONE)?;
            }
        }
        build(cx, kind.name, &self.base, &namespace)
    }

    /// The type that a field's annotation names.
    fn field_type(&self, cx: &Context, field: &FieldSpec) -> PyResult<Value> {
        let item = match field.kind {
            Kind::Identifier | Kind::String => Str::class().to_value(),
            Kind::Int => BigInteger::class().to_value(),
            Kind::Constant => object::class().to_value(),
            kind => self.of_kind(kind).to_value(),
        };
        match field.quantifier {
            Quantifier::One => Ok(item),
            Quantifier::Optional => union::or(cx, &item, &Value::NONE),
            Quantifier::Many | Quantifier::ManyOptional => {
                generic_alias::alias(cx, List::class().as_value(), &item)
            }
        }
    }

    fn describe_fields(&self, cx: &Context, class: Class) -> PyResult<()> {
        let types = Dict::new(cx)?;
        for field in class.spec().fields {
            types.set_name(
                cx,
                Name::intern(cx, field.name)?,
                self.field_type(cx, field)?,
            )?;
        }
        let types = types.into_value();
        let class = self.of(class).as_value();
        attribute::set(cx, class, Name::intern(cx, "_field_types")?, &types)?;
        attribute::set(cx, class, names::dunder_annotations(), &types)
    }
}

fn names_tuple<'a>(cx: &Context, names: impl Iterator<Item = &'a str>) -> PyResult<Ref<Tuple>> {
    let names: PyResult<Vec<Value>> = names
        .map(|name| Ok(Name::intern(cx, name)?.to_value()))
        .collect();
    Tuple::from_vec(cx, names?)
}

/// What a class with these fields has. Optional fields are None in nodes that do not set them.
fn namespace(cx: &Context, fields: &[FieldSpec], documentation: &str) -> PyResult<Ref<Dict>> {
    let namespace = Dict::new(cx)?;
    let field_names = names_tuple(cx, fields.iter().map(|field| field.name))?.into_value();
    namespace.set_name(cx, Name::intern(cx, "_fields")?, field_names.clone())?;
    namespace.set_name(cx, names::dunder_match_args(), field_names)?;
    namespace.set_name(
        cx,
        names::dunder_module(),
        Str::from_str(cx, "ast")?.into_value(),
    )?;
    let documentation = Str::from_str(cx, documentation)?.into_value();
    namespace.set_name(cx, names::dunder_doc(), documentation)?;
    for field in fields {
        if field.quantifier == Quantifier::Optional {
            namespace.set_name(cx, Name::intern(cx, field.name)?, Value::NONE)?;
        }
    }
    Ok(namespace)
}

fn build(cx: &Context, name: &str, base: &Ref<Type>, namespace: &Ref<Dict>) -> PyResult<Ref<Type>> {
    NewType {
        metaclass: Type::class(),
        name: &Str::from_str(cx, name)?,
        bases: &[base.to_value()],
        namespace,
        keywords: Keywords::default(),
    }
    .build(cx)
}
