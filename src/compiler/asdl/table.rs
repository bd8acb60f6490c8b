//! The grammar of syntax trees as data: which classes of nodes there are and what they hold.
//!
//! Written in the manner of Zephyr ASDL (Wang, Appel, Korn and Serra, 1997). A *kind* is a type of
//! the description: a sum of constructors (`expr = BinOp(…) | …`) or a product (`arg = (…)`), which
//! has one class of the same name. A field's type is written `Expr` (exactly one), `(Expr)`
//! (optional), `[Expr]` (any number) or `[(Expr)]` (any number, each of which may be absent).
//!
//! Everything that treats nodes alike works off this table: the Python classes, their constructors
//! and documentation, the passage of trees to Python objects and back, and checks of what is missing.

/// How often a field's type occurs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    One,
    Optional,
    Many,
    /// Items may be absent: the key of `**mapping`, the default that a keyword parameter lacks.
    ManyOptional,
}

/// Which position attributes the nodes of a kind have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    Absent,
    /// A start, and an end that may be unknown.
    Start,
    /// Start and end.
    Both,
}

/// The attributes that give a node's position, in order.
pub const ATTRIBUTES: [&str; 4] = ["lineno", "col_offset", "end_lineno", "end_col_offset"];

/// One field of a class.
#[derive(Debug)]
pub struct FieldSpec {
    pub name: &'static str,
    pub kind: Kind,
    pub quantifier: Quantifier,
}

/// One class of nodes.
#[derive(Debug)]
pub struct ClassSpec {
    pub class: Class,
    pub name: &'static str,
    pub kind: Kind,
    pub fields: &'static [FieldSpec],
}

/// One kind of nodes.
#[derive(Debug)]
pub struct KindSpec {
    pub kind: Kind,
    pub name: &'static str,
    pub positions: Positions,
    pub classes: &'static [ClassSpec],
}

macro_rules! field {
    ($name:ident, [($kind:ident)]) => {
        field!(@ $name, $kind, ManyOptional)
    };
    ($name:ident, [$kind:ident]) => {
        field!(@ $name, $kind, Many)
    };
    ($name:ident, ($kind:ident)) => {
        field!(@ $name, $kind, Optional)
    };
    ($name:ident, $kind:ident) => {
        field!(@ $name, $kind, One)
    };
    (@ $name:ident, $kind:ident, $quantifier:ident) => {
        FieldSpec {
            name: stringify!($name),
            kind: Kind::$kind,
            quantifier: Quantifier::$quantifier,
        }
    };
}

macro_rules! class_name {
    ($class:ident) => {
        stringify!($class)
    };
    ($class:ident $name:literal) => {
        $name
    };
}

macro_rules! grammar {
    ($($kind:ident $kind_name:literal $positions:ident {
        $($class:ident $($name:literal)? $(($($field:ident: $type:tt),* $(,)?))?),* $(,)?
    })*) => {
        /// A type of the description: of values, or of nodes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            /// A name.
            Identifier,
            Int,
            /// Text that is not a name.
            String,
            /// A value known at compile time.
            Constant,
            $($kind,)*
        }

        /// A class of nodes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Class {
            $($($class,)*)*
        }

        /// All kinds of nodes, in the order of the description.
        pub static KINDS: &[KindSpec] = &[$(KindSpec {
            kind: Kind::$kind,
            name: $kind_name,
            positions: Positions::$positions,
            classes: &[$(ClassSpec {
                class: Class::$class,
                name: class_name!($class $($name)?),
                kind: Kind::$kind,
                fields: &[$($(field!($field, $type)),*)?],
            }),*],
        }),*];

        impl Class {
            /// All classes, in the order of their numbers.
            pub const ALL: &[Class] = &[$($(Class::$class,)*)*];

            fn kind(self) -> Kind {
                match self {
                    $($(Class::$class)|* => Kind::$kind,)*
                }
            }
        }
    };
}

grammar! {
    Mod "mod" Absent {
        Module(body: [Stmt], type_ignores: [TypeIgnore]),
        Interactive(body: [Stmt]),
        Expression(body: Expr),
        FunctionType(argtypes: [Expr], returns: Expr),
    }
    Stmt "stmt" Start {
        FunctionDef(
            name: Identifier, args: Arguments, body: [Stmt], decorator_list: [Expr],
            returns: (Expr), type_comment: (String), type_params: [TypeParam],
        ),
        AsyncFunctionDef(
            name: Identifier, args: Arguments, body: [Stmt], decorator_list: [Expr],
            returns: (Expr), type_comment: (String), type_params: [TypeParam],
        ),
        ClassDef(
            name: Identifier, bases: [Expr], keywords: [Keyword], body: [Stmt],
            decorator_list: [Expr], type_params: [TypeParam],
        ),
        Return(value: (Expr)),
        Delete(targets: [Expr]),
        Assign(targets: [Expr], value: Expr, type_comment: (String)),
        TypeAlias(name: Expr, type_params: [TypeParam], value: Expr),
        AugAssign(target: Expr, op: Operator, value: Expr),
        AnnAssign(target: Expr, annotation: Expr, value: (Expr), simple: Int),
        For(target: Expr, iter: Expr, body: [Stmt], orelse: [Stmt], type_comment: (String)),
        AsyncFor(target: Expr, iter: Expr, body: [Stmt], orelse: [Stmt], type_comment: (String)),
        While(test: Expr, body: [Stmt], orelse: [Stmt]),
        If(test: Expr, body: [Stmt], orelse: [Stmt]),
        With(items: [WithItem], body: [Stmt], type_comment: (String)),
        AsyncWith(items: [WithItem], body: [Stmt], type_comment: (String)),
        Match(subject: Expr, cases: [MatchCase]),
        Raise(exc: (Expr), cause: (Expr)),
        Try(body: [Stmt], handlers: [ExceptHandler], orelse: [Stmt], finalbody: [Stmt]),
        TryStar(body: [Stmt], handlers: [ExceptHandler], orelse: [Stmt], finalbody: [Stmt]),
        Assert(test: Expr, msg: (Expr)),
        Import(names: [Alias]),
        ImportFrom(module: (Identifier), names: [Alias], level: (Int)),
        Global(names: [Identifier]),
        Nonlocal(names: [Identifier]),
        Expr(value: Expr),
        Pass,
        Break,
        Continue,
    }
    Expr "expr" Start {
        BoolOp(op: BoolOperator, values: [Expr]),
        NamedExpr(target: Expr, value: Expr),
        BinOp(left: Expr, op: Operator, right: Expr),
        UnaryOp(op: UnaryOperator, operand: Expr),
        Lambda(args: Arguments, body: Expr),
        IfExp(test: Expr, body: Expr, orelse: Expr),
        Dict(keys: [(Expr)], values: [Expr]),
        Set(elts: [Expr]),
        ListComp(elt: Expr, generators: [Comprehension]),
        SetComp(elt: Expr, generators: [Comprehension]),
        DictComp(key: Expr, value: Expr, generators: [Comprehension]),
        GeneratorExp(elt: Expr, generators: [Comprehension]),
        Await(value: Expr),
        Yield(value: (Expr)),
        YieldFrom(value: Expr),
        Compare(left: Expr, ops: [CompareOperator], comparators: [Expr]),
        Call(func: Expr, args: [Expr], keywords: [Keyword]),
        FormattedValue(value: Expr, conversion: Int, format_spec: (Expr)),
        Interpolation(value: Expr, str: Constant, conversion: Int, format_spec: (Expr)),
        JoinedStr(values: [Expr]),
        TemplateStr(values: [Expr]),
        Constant(value: Constant, kind: (String)),
        Attribute(value: Expr, attr: Identifier, ctx: ExprContext),
        Subscript(value: Expr, slice: Expr, ctx: ExprContext),
        Starred(value: Expr, ctx: ExprContext),
        Name(id: Identifier, ctx: ExprContext),
        List(elts: [Expr], ctx: ExprContext),
        Tuple(elts: [Expr], ctx: ExprContext),
        Slice(lower: (Expr), upper: (Expr), step: (Expr)),
    }
    ExprContext "expr_context" Absent { Load, Store, Del }
    BoolOperator "boolop" Absent { And, Or }
    Operator "operator" Absent {
        Add, Sub, Mult, MatMult, Div, Mod, Pow, LShift, RShift, BitOr, BitXor, BitAnd, FloorDiv,
    }
    UnaryOperator "unaryop" Absent { Invert, Not, UAdd, USub }
    CompareOperator "cmpop" Absent { Eq, NotEq, Lt, LtE, Gt, GtE, Is, IsNot, In, NotIn }
    Comprehension "comprehension" Absent {
        Comprehension "comprehension" (target: Expr, iter: Expr, ifs: [Expr], is_async: Int),
    }
    ExceptHandler "excepthandler" Start {
        ExceptHandler(type: (Expr), name: (Identifier), body: [Stmt]),
    }
    Arguments "arguments" Absent {
        Arguments "arguments" (
            posonlyargs: [Arg], args: [Arg], vararg: (Arg), kwonlyargs: [Arg],
            kw_defaults: [(Expr)], kwarg: (Arg), defaults: [Expr],
        ),
    }
    Arg "arg" Start {
        Arg "arg" (arg: Identifier, annotation: (Expr), type_comment: (String)),
    }
    Keyword "keyword" Start {
        Keyword "keyword" (arg: (Identifier), value: Expr),
    }
    Alias "alias" Start {
        Alias "alias" (name: Identifier, asname: (Identifier)),
    }
    WithItem "withitem" Absent {
        WithItem "withitem" (context_expr: Expr, optional_vars: (Expr)),
    }
    MatchCase "match_case" Absent {
        MatchCase "match_case" (pattern: Pattern, guard: (Expr), body: [Stmt]),
    }
    Pattern "pattern" Both {
        MatchValue(value: Expr),
        MatchSingleton(value: Constant),
        MatchSequence(patterns: [Pattern]),
        MatchMapping(keys: [Expr], patterns: [Pattern], rest: (Identifier)),
        MatchClass(
            cls: Expr, patterns: [Pattern], kwd_attrs: [Identifier], kwd_patterns: [Pattern],
        ),
        MatchStar(name: (Identifier)),
        MatchAs(pattern: (Pattern), name: (Identifier)),
        MatchOr(patterns: [Pattern]),
    }
    TypeIgnore "type_ignore" Absent {
        TypeIgnore(lineno: Int, tag: String),
    }
    TypeParam "type_param" Both {
        TypeVar(name: Identifier, bound: (Expr), default_value: (Expr)),
        ParamSpec(name: Identifier, default_value: (Expr)),
        TypeVarTuple(name: Identifier, default_value: (Expr)),
    }
}

impl Class {
    /// The description.
    pub fn spec(self) -> &'static ClassSpec {
        let classes = self.kind().node_spec().classes;
        &classes[self as usize - classes[0].class as usize]
    }
}

/// Kinds of values come before kinds of nodes.
const VALUE_KINDS: usize = Kind::Constant as usize + 1;

impl Kind {
    /// The description, if this is a kind of nodes.
    pub fn spec(self) -> Option<&'static KindSpec> {
        (self as usize)
            .checked_sub(VALUE_KINDS)
            .map(|index| &KINDS[index])
    }

    fn node_spec(self) -> &'static KindSpec {
        &KINDS[self as usize - VALUE_KINDS]
    }

    /// As the description writes it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Identifier => "identifier",
            Kind::Int => "int",
            Kind::String => "string",
            Kind::Constant => "constant",
            _ => self.node_spec().name,
        }
    }
}

impl KindSpec {
    /// Whether the kind is a product: its only class has its name.
    pub fn is_product(&self) -> bool {
        matches!(self.classes, [only] if only.name == self.name)
    }

    /// Whether no class has fields, so that one node of each is enough.
    pub fn is_enumeration(&self) -> bool {
        self.classes.iter().all(|class| class.fields.is_empty())
    }

    /// The documentation of the kind's class.
    pub fn documentation(&self) -> String {
        let classes = self.classes.iter().map(ClassSpec::documentation);
        let separator = if self.is_enumeration() {
            " | ".to_owned()
        } else {
            format!("\n{} | ", " ".repeat(self.name.len()))
        };
        let classes: Vec<String> = classes.collect();
        format!("{} = {}", self.name, classes.join(&separator))
    }
}

impl ClassSpec {
    /// The documentation of the class: how it is described.
    pub fn documentation(&self) -> String {
        if self.fields.is_empty() {
            return self.name.to_owned();
        }
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|field| {
                let quantifier = match field.quantifier {
                    Quantifier::One => "",
                    Quantifier::Optional => "?",
                    Quantifier::Many => "*",
                    Quantifier::ManyOptional => "?*",
                };
                format!("{}{quantifier} {}", field.kind.name(), field.name)
            })
            .collect();
        format!("{}({})", self.name, fields.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_finds_its_description() {
        for &class in Class::ALL {
            assert_eq!(class.spec().class, class);
        }
        for spec in KINDS {
            assert_eq!(spec.kind.spec().map(|found| found.name), Some(spec.name));
        }
    }

    #[test]
    fn descriptions_read_as_asdl() {
        assert_eq!(
            Class::Dict.spec().documentation(),
            "Dict(expr?* keys, expr* values)"
        );
        assert_eq!(
            Kind::TypeParam.node_spec().documentation(),
            "type_param = TypeVar(identifier name, expr? bound, expr? default_value)\n           \
             | ParamSpec(identifier name, expr? default_value)\n           \
             | TypeVarTuple(identifier name, expr? default_value)"
        );
        assert_eq!(
            Kind::BoolOperator.node_spec().documentation(),
            "boolop = And | Or"
        );
    }
}
