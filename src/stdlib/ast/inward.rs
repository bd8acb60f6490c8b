//! Trees of Python objects become trees of the compiler.
//!
//! A node is read as its class says (`_fields` of the classes of `_ast`), whatever else it holds: fields
//! are attributes, and reading them may run Python code, so a list is read item by item and must keep its
//! length meanwhile. What comes out fits the grammar; whether it makes sense is for the compiler to say.

use typhon_compiler::asdl::{Class, FieldSpec, Kind, KindSpec, Node, Part, Positions, Quantifier};
use typhon_compiler::constant::{Constant, StrConstant};
use typhon_compiler::location::Location;
use typhon_compiler::options::Mode;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::complex::Complex;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::set::FrozenSet;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{complex, float, int};
use typhon_runtime::protocols::{attribute, text};
use typhon_runtime::{Context, PyResult, Value};

use super::classes::{self, Classes};

/// Reads the tree that code of `mode` is to be made of, one that `check_mode` has let through.
///
/// # Errors
/// TypeError and ValueError for what does not fit the grammar, RecursionError, what attributes raise.
pub fn tree(cx: &Context, tree: &Value, mode: Mode) -> PyResult<Node> {
    let passage = Inward {
        cx,
        classes: classes::get(cx)?,
    };
    let class = root_class(mode);
    passage.node(tree, class, Kind::Mod)
}

/// The class of trees of a mode.
fn root_class(mode: Mode) -> Class {
    match mode {
        Mode::Exec => Class::Module,
        Mode::Eval => Class::Expression,
        Mode::Single => Class::Interactive,
        Mode::FunctionType => Class::FunctionType,
    }
}

/// Refuses a tree that is not one of `mode`.
///
/// # Errors
/// TypeError.
pub fn check_mode(cx: &Context, tree: &Value, mode: Mode) -> PyResult<()> {
    let class = root_class(mode);
    if tree.is_instance_of(classes::get(cx)?.of(class)) {
        return Ok(());
    }
    Err(cx.type_error(format!(
        "expected {} node, got {}",
        class.spec().name,
        tree.type_name()
    )))
}

struct Inward<'a> {
    cx: &'a Context,
    classes: &'static Classes,
}

impl Inward<'_> {
    /// The node that `object` is, of one of the classes of a kind.
    fn node_of_kind(&self, object: &Value, kind: &'static KindSpec) -> PyResult<Node> {
        let of_kind = self.classes.of_kind(kind.kind);
        let class = kind
            .classes
            .iter()
            .map(|spec| spec.class)
            .find(|class| object.is_instance_of(self.classes.of(*class)));
        match class {
            Some(class) if object.is_instance_of(of_kind) => self
                .cx
                .nested(&format!(" while traversing '{}' node", kind.name), || {
                    self.node(object, class, kind.kind)
                }),
            _ => Err(self.cx.type_error(format!(
                "expected some sort of {}, but got {}",
                kind.name,
                text::repr_text(self.cx, object)?
            ))),
        }
    }

    fn node(&self, object: &Value, class: Class, kind: Kind) -> PyResult<Node> {
        let spec = class.spec();
        let names = &self.classes.fields[class as usize];
        // Of kinds with one class only, positions come last.
        let is_product = kind.spec().is_some_and(KindSpec::is_product);
        let mut location = None;
        if !is_product {
            location = self.location(object, kind)?;
        }
        let mut fields = Vec::with_capacity(spec.fields.len());
        for (field, name) in spec.fields.iter().zip(names) {
            fields.push(self.field(object, class, field, *name)?);
        }
        if is_product {
            location = self.location(object, kind)?;
        }
        let mut node = Node::new(class, fields);
        node.location = location;
        Ok(node)
    }

    fn field(&self, object: &Value, class: Class, field: &FieldSpec, name: Name) -> PyResult<Part> {
        let found = attribute::find(self.cx, object, name)?;
        let class_name = class.spec().name;
        match field.quantifier {
            Quantifier::Many | Quantifier::ManyOptional => match found {
                None => Ok(Part::List(Vec::new())),
                Some(list) => self.list(&list, class_name, field),
            },
            Quantifier::Optional => match found {
                Some(value) if !value.is(&Value::NONE) => self.value(&value, field.kind),
                _ => Ok(Part::Absent),
            },
            Quantifier::One => {
                let Some(value) = found else {
                    if field.kind == Kind::ExprContext {
                        return Ok(Class::Load.into());
                    }
                    return Err(self.cx.type_error(format!(
                        "required field \"{}\" missing from {class_name}",
                        field.name
                    )));
                };
                if value.is(&Value::NONE) && field.kind != Kind::Constant {
                    return Err(self.cx.value_error(format!(
                        "field '{}' is required for {class_name}",
                        field.name
                    )));
                }
                self.value(&value, field.kind)
            }
        }
    }

    fn list(&self, list: &Value, class_name: &str, field: &FieldSpec) -> PyResult<Part> {
        let Some(items) = list.downcast::<List>() else {
            return Err(self.cx.type_error(format!(
                "{class_name} field \"{}\" must be a list, not a {}",
                field.name,
                list.type_name()
            )));
        };
        let length = items.len();
        let mut parts = Vec::with_capacity(length);
        for index in 0..length {
            let part = match items.get(index) {
                Some(item) if item.is(&Value::NONE) => Some(Part::Absent),
                Some(item) => Some(self.value(&item, field.kind)?),
                None => None,
            };
            match part {
                Some(part) if items.len() == length => parts.push(part),
                _ => {
                    return Err(self.cx.runtime_error(format!(
                        "{class_name} field \"{}\" changed size during iteration",
                        field.name
                    )));
                }
            }
        }
        Ok(Part::List(parts))
    }

    fn value(&self, value: &Value, kind: Kind) -> PyResult<Part> {
        Ok(match kind {
            Kind::Identifier => match value.downcast_exact::<Str>() {
                Some(name) => Part::Name(name.to_utf8(self.cx)?.into()),
                None => {
                    return Err(self.cx.type_error("AST identifier must be of type str"));
                }
            },
            Kind::String => {
                if value.downcast_exact::<Str>().is_none()
                    && value.downcast_exact::<Bytes>().is_none()
                {
                    return Err(self.cx.type_error("AST string must be of type str"));
                }
                Part::Constant(self.constant(value)?)
            }
            Kind::Int => Part::Int(self.int(value)?),
            Kind::Constant => Part::Constant(self.constant(value)?),
            _ => match kind.spec() {
                Some(spec) => self.node_of_kind(value, spec)?.into(),
                None => Part::Absent,
            },
        })
    }

    fn int(&self, value: &Value) -> PyResult<i64> {
        let Some(number) = int::view(value) else {
            return Err(self.cx.value_error(format!(
                "invalid integer value: {}",
                text::repr_text(self.cx, value)?
            )));
        };
        match number.to_i64().map(i32::try_from) {
            Some(Ok(number)) => Ok(number.into()),
            _ => Err(self
                .cx
                .overflow_error("Python int too large to convert to C int")),
        }
    }

    fn location(&self, object: &Value, kind: Kind) -> PyResult<Option<Location>> {
        let Some(spec) = kind.spec() else {
            return Ok(None);
        };
        if spec.positions == Positions::Absent {
            return Ok(None);
        }
        let mut numbers = [0; 4];
        for (index, name) in self.classes.attributes.iter().enumerate() {
            let found = attribute::find(self.cx, object, *name)?;
            numbers[index] = match found {
                Some(value) if index < 2 || !value.is(&Value::NONE) => self.int(&value)?,
                // An end that is not known is the start.
                _ if index >= 2 && spec.positions == Positions::Start => numbers[index - 2],
                _ => {
                    return Err(self.cx.type_error(format!(
                        "required field \"{}\" missing from {}",
                        typhon_compiler::asdl::ATTRIBUTES[index],
                        spec.name
                    )));
                }
            };
        }
        let [line, column, end_line, end_column] = numbers.map(|number| number as i32 as u32);
        Ok(Some(Location {
            line,
            end_line,
            columns: Some((column, end_column)),
        }))
    }

    fn constants(&self, items: &[Value]) -> PyResult<Box<[Constant]>> {
        items.iter().map(|item| self.constant(item)).collect()
    }

    fn constant(&self, value: &Value) -> PyResult<Constant> {
        if value.is(&Value::NONE) {
            return Ok(Constant::None);
        }
        if value.is(&Value::ELLIPSIS) {
            return Ok(Constant::Ellipsis);
        }
        if value.is(&Value::TRUE) || value.is(&Value::FALSE) {
            return Ok(Constant::from(value.is(&Value::TRUE)));
        }
        if int::is_exact(value)
            && let Some(number) = int::as_bigint(value)
        {
            return Ok(Constant::from_big_int(number.into_owned()));
        }
        if float::is_exact(value)
            && let Some(number) = float::exact(value)
        {
            return Ok(Constant::Float(number));
        }
        if value.downcast_exact::<Complex>().is_some()
            && let Some(number) = complex::exact(value)
        {
            return Ok(Constant::Complex(number.real, number.imaginary));
        }
        if let Some(text) = value.downcast_exact::<Str>() {
            return Ok(Constant::Str(StrConstant::from_code_points(
                text.code_points().collect(),
            )));
        }
        if let Some(bytes) = value.downcast_exact::<Bytes>() {
            return Ok(Constant::Bytes(bytes.as_slice().into()));
        }
        let place = " during compilation";
        if let Some(items) = value.downcast_exact::<Tuple>() {
            let items = self.cx.nested(place, || self.constants(items.as_slice()))?;
            return Ok(Constant::Tuple(items));
        }
        if let Some(items) = value.downcast_exact::<FrozenSet>() {
            let items = self
                .cx
                .nested(place, || self.constants(&items.any().to_vec()))?;
            return Ok(Constant::FrozenSet(items));
        }
        Err(self.cx.type_error(format!(
            "got an invalid type in Constant: {}",
            value.type_name()
        )))
    }
}
