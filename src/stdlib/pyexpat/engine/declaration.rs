//! Declarations of a document type: `<!ELEMENT …>` and its like, each read when all of it is there.

use super::failure::{Code, Fault};
use super::lexer::{Cursor, Lexed, is_character, is_space};

/// How a part of an element's content is to be repeated, numbered as Expat does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    One = 0,
    Optional = 1,
    Any = 2,
    Some = 3,
}

/// What a part of an element's content is, numbered as Expat does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    Empty = 1,
    Any = 2,
    Mixed = 3,
    Name = 4,
    Choice = 5,
    Sequence = 6,
}

/// A part of an element's content; children are indices into the model.
#[derive(Clone, Debug)]
pub struct ModelPart {
    pub kind: ModelKind,
    pub quantity: Quantity,
    pub name: Option<String>,
    pub children: Vec<usize>,
}

impl ModelPart {
    fn new(kind: ModelKind) -> ModelPart {
        ModelPart {
            kind,
            quantity: Quantity::One,
            name: None,
            children: Vec::new(),
        }
    }
}

/// An element's content: the whole is the first part. (A list, so that no depth of nesting is too much.)
pub type Model = Vec<ModelPart>;

/// One attribute of an `<!ATTLIST`.
#[derive(Clone, Debug)]
pub struct AttributeDeclaration {
    pub name: String,
    pub kind: String,
    /// As it is written, and where.
    pub default: Option<(String, usize)>,
    pub is_required: bool,
}

/// A declaration, with literals as they are written.
#[derive(Clone, Debug)]
pub enum Declaration {
    Element {
        name: String,
        model: Model,
    },
    Attributes {
        element: String,
        attributes: Vec<AttributeDeclaration>,
    },
    Entity {
        name: String,
        is_parameter: bool,
        value: Option<(String, usize)>,
        system: Option<String>,
        public: Option<String>,
        notation: Option<String>,
    },
    Notation {
        name: String,
        system: Option<String>,
        public: Option<String>,
    },
}

/// The head of `<!DOCTYPE`, up to `[` or `>`.
#[derive(Clone, Debug)]
pub struct Doctype {
    pub name: String,
    pub system: Option<String>,
    pub public: Option<String>,
    pub has_subset: bool,
}

/// How long a declaration is, from `<!` to the `>` that is in no literal, or to a `[`.
pub fn length(text: &str, ends_at_bracket: bool) -> Lexed<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices().skip(1) {
        if !is_character(character) {
            return Err(Fault::invalid(at));
        }
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None => match character {
                '"' | '\'' => quote = Some(character),
                '>' => return Ok(at + 1),
                '[' if ends_at_bracket => return Ok(at + 1),
                '<' | '&' | '[' | ']' => return Err(Fault::invalid(at)),
                _ => {}
            },
        }
    }
    Err(Fault::Incomplete)
}

/// The pieces of a declaration as the default handler gets them.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end_of = |is_inside: &dyn Fn(char) -> bool| {
            let tail = &rest[first.len_utf8()..];
            first.len_utf8() + tail.len() - tail.trim_start_matches(is_inside).len()
        };
        let length = match first {
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            '<' => end_of(&|character| character == '!' || character.is_alphanumeric()),
            first if is_space(first) => end_of(&is_space),
            '>' | '[' | ']' | '(' | ')' | '|' | ',' => 1,
            _ => end_of(&|character| !is_space(character) && !"<>[]()|,\"'".contains(character)),
        };
        let (piece, tail) = rest.split_at(length);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Reads a declaration that is whole.
pub fn parse(text: &str, namespaces: bool) -> Lexed<Declaration> {
    let mut reader = Reader {
        cursor: Cursor::new(text, namespaces),
    };
    reader.cursor.at = 2;
    let keyword = reader.keyword()?;
    let declaration = match keyword {
        "ELEMENT" => reader.element(),
        "ATTLIST" => reader.attributes(),
        "ENTITY" => reader.entity(),
        "NOTATION" => reader.notation(),
        _ => Err(Fault::Wrong(Code::SYNTAX, 0)),
    };
    declaration.map_err(whole)
}

/// Reads the head of a document type that is whole.
pub fn parse_doctype(text: &str, namespaces: bool) -> Lexed<Doctype> {
    let mut reader = Reader {
        cursor: Cursor::new(text, namespaces),
    };
    reader.cursor.at = "<!DOCTYPE".len();
    reader.doctype().map_err(whole)
}

/// The text does not go on: that something is missing is an error.
fn whole(fault: Fault) -> Fault {
    match fault {
        Fault::Incomplete => Fault::Wrong(Code::SYNTAX, 0),
        wrong => wrong,
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    fn syntax<T>(&self) -> Lexed<T> {
        Err(self.cursor.wrong(Code::SYNTAX))
    }

    fn space(&mut self) -> Lexed<()> {
        if self.cursor.space() {
            Ok(())
        } else {
            self.syntax()
        }
    }

    fn keyword(&mut self) -> Lexed<&'a str> {
        self.cursor.name_token()
    }

    fn name(&mut self) -> Lexed<String> {
        self.cursor.name().map(str::to_owned)
    }

    fn close(&mut self) -> Lexed<()> {
        self.cursor.space();
        if self.cursor.eat(">")? {
            Ok(())
        } else {
            self.syntax()
        }
    }

    fn is_at_literal(&self) -> Lexed<bool> {
        Ok(matches!(self.cursor.peek()?, '"' | '\''))
    }

    /// What is between quotes, and where.
    fn literal(&mut self) -> Lexed<(String, usize)> {
        if !self.is_at_literal()? {
            return self.syntax();
        }
        let quote = self.cursor.bump()?;
        let start = self.cursor.at;
        let end = if quote == '"' { "\"" } else { "'" };
        let inside = self.cursor.until(end)?;
        Ok((inside.to_owned(), start))
    }

    fn public_literal(&mut self) -> Lexed<String> {
        let (text, start) = self.literal()?;
        let is_allowed = |character: char| {
            is_space(character)
                || character.is_ascii_alphanumeric()
                || "-'()+,./:=?;!*#@$_%".contains(character)
        };
        if let Some(wrong) = text.find(|character| !is_allowed(character) || character == '\t') {
            return Err(Fault::Wrong(Code::PUBLICID, start + wrong));
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        Ok(words.join(" "))
    }

    /// `SYSTEM "…"` or `PUBLIC "…" "…"`: public and system.
    fn external(&mut self, needs_system: bool) -> Lexed<(Option<String>, Option<String>)> {
        let start = self.cursor.at;
        match self.keyword()? {
            "SYSTEM" => {
                self.space()?;
                Ok((None, Some(self.literal()?.0)))
            }
            "PUBLIC" => {
                self.space()?;
                let public = self.public_literal()?;
                let separated = self.cursor.space();
                if !needs_system && !self.is_at_literal()? {
                    return Ok((Some(public), None));
                }
                if !separated {
                    return self.syntax();
                }
                Ok((Some(public), Some(self.literal()?.0)))
            }
            _ => Err(Fault::Wrong(Code::SYNTAX, start)),
        }
    }

    fn doctype(&mut self) -> Lexed<Doctype> {
        self.space()?;
        let name = self.name()?;
        self.cursor.space();
        let (public, system) = match self.cursor.peek()? {
            '[' | '>' => (None, None),
            _ => self.external(true)?,
        };
        self.cursor.space();
        let has_subset = match self.cursor.bump()? {
            '[' => true,
            '>' => false,
            _ => return self.syntax(),
        };
        Ok(Doctype {
            name,
            system,
            public,
            has_subset,
        })
    }

    fn entity(&mut self) -> Lexed<Declaration> {
        self.space()?;
        let is_parameter = self.cursor.eat("%")?;
        if is_parameter {
            self.space()?;
        }
        let name = self.name()?;
        self.space()?;
        let (mut value, mut system, mut public, mut notation) = (None, None, None, None);
        if self.is_at_literal()? {
            value = Some(self.literal()?);
        } else {
            (public, system) = self.external(true)?;
            let separated = self.cursor.space();
            if self.cursor.peek()? != '>' {
                if is_parameter || !separated || self.keyword()? != "NDATA" {
                    return self.syntax();
                }
                self.space()?;
                notation = Some(self.name()?);
            }
        }
        self.close()?;
        Ok(Declaration::Entity {
            name,
            is_parameter,
            value,
            system,
            public,
            notation,
        })
    }

    fn notation(&mut self) -> Lexed<Declaration> {
        self.space()?;
        let name = self.name()?;
        self.space()?;
        let (public, system) = self.external(false)?;
        self.close()?;
        Ok(Declaration::Notation {
            name,
            system,
            public,
        })
    }

    fn attributes(&mut self) -> Lexed<Declaration> {
        self.space()?;
        let element = self.name()?;
        let mut attributes = Vec::new();
        loop {
            let separated = self.cursor.space();
            if self.cursor.eat(">")? {
                return Ok(Declaration::Attributes {
                    element,
                    attributes,
                });
            }
            if !separated {
                return self.syntax();
            }
            attributes.push(self.attribute()?);
        }
    }

    fn attribute(&mut self) -> Lexed<AttributeDeclaration> {
        let name = self.name()?;
        self.space()?;
        let kind = self.attribute_kind()?;
        self.space()?;
        let mut is_required = false;
        let mut has_default = true;
        if self.cursor.eat("#")? {
            match self.keyword()? {
                "REQUIRED" => (is_required, has_default) = (true, false),
                "IMPLIED" => has_default = false,
                "FIXED" => {
                    is_required = true;
                    self.space()?;
                }
                _ => return self.syntax(),
            }
        }
        let default = if has_default {
            Some(self.literal()?)
        } else {
            None
        };
        Ok(AttributeDeclaration {
            name,
            kind,
            default,
            is_required,
        })
    }

    fn attribute_kind(&mut self) -> Lexed<String> {
        let mut kind = String::new();
        if self.cursor.peek()? != '(' {
            let start = self.cursor.at;
            kind.push_str(self.keyword()?);
            match kind.as_str() {
                "NOTATION" => self.space()?,
                "CDATA" | "ID" | "IDREF" | "IDREFS" | "ENTITY" | "ENTITIES" | "NMTOKEN"
                | "NMTOKENS" => return Ok(kind),
                _ => return Err(Fault::Wrong(Code::SYNTAX, start)),
            }
        }
        self.cursor.expect('(')?;
        kind.push('(');
        loop {
            self.cursor.space();
            kind.push_str(self.cursor.name_token()?);
            self.cursor.space();
            match self.cursor.bump()? {
                '|' => kind.push('|'),
                ')' => break,
                _ => return self.syntax(),
            }
        }
        kind.push(')');
        Ok(kind)
    }

    fn element(&mut self) -> Lexed<Declaration> {
        self.space()?;
        let name = self.name()?;
        self.space()?;
        let model = if self.cursor.peek()? == '(' {
            self.model()?
        } else {
            let start = self.cursor.at;
            let kind = match self.keyword()? {
                "EMPTY" => ModelKind::Empty,
                "ANY" => ModelKind::Any,
                _ => return Err(Fault::Wrong(Code::SYNTAX, start)),
            };
            vec![ModelPart::new(kind)]
        };
        self.close()?;
        Ok(Declaration::Element { name, model })
    }

    fn quantity(&mut self) -> Lexed<Quantity> {
        let quantity = match self.cursor.peek()? {
            '?' => Quantity::Optional,
            '*' => Quantity::Any,
            '+' => Quantity::Some,
            _ => return Ok(Quantity::One),
        };
        self.cursor.at += 1;
        Ok(quantity)
    }

    /// A content model in parentheses. `open`: the groups that have not ended, and what separates their
    /// parts, once it is known.
    fn model(&mut self) -> Lexed<Model> {
        let mut parts: Model = Vec::new();
        let mut open: Vec<(usize, Option<char>)> = Vec::new();
        loop {
            // A part begins here.
            self.cursor.space();
            let index = parts.len();
            if let Some((group, _)) = open.last() {
                parts[*group].children.push(index);
            }
            if self.cursor.eat("(")? {
                parts.push(ModelPart::new(ModelKind::Sequence));
                open.push((index, None));
                self.cursor.space();
                if self.cursor.peek()? == '#' {
                    if index > 0 {
                        return self.syntax();
                    }
                    self.mixed(&mut parts)?;
                    return Ok(parts);
                }
                continue;
            }
            let mut part = ModelPart::new(ModelKind::Name);
            part.name = Some(self.name()?);
            part.quantity = self.quantity()?;
            parts.push(part);
            // A part has ended here.
            loop {
                self.cursor.space();
                let Some((group, separator)) = open.last_mut() else {
                    return Ok(parts);
                };
                let next = self.cursor.bump()?;
                match next {
                    ')' => {
                        let group = *group;
                        open.pop();
                        parts[group].quantity = self.quantity()?;
                        if open.is_empty() {
                            return Ok(parts);
                        }
                    }
                    '|' | ',' if separator.is_none_or(|known| known == next) => {
                        *separator = Some(next);
                        if next == '|' {
                            parts[*group].kind = ModelKind::Choice;
                        }
                        break;
                    }
                    _ => {
                        self.cursor.at -= next.len_utf8();
                        return self.syntax();
                    }
                }
            }
        }
    }

    /// `#PCDATA|a|b)*`: text among elements.
    fn mixed(&mut self, parts: &mut Model) -> Lexed<()> {
        if !self.cursor.eat("#PCDATA")? {
            return self.syntax();
        }
        parts[0].kind = ModelKind::Mixed;
        loop {
            self.cursor.space();
            match self.cursor.bump()? {
                ')' => break,
                '|' => {
                    self.cursor.space();
                    let mut part = ModelPart::new(ModelKind::Name);
                    part.name = Some(self.name()?);
                    let index = parts.len();
                    parts[0].children.push(index);
                    parts.push(part);
                }
                _ => return self.syntax(),
            }
        }
        if self.cursor.eat("*")? {
            parts[0].quantity = Quantity::Any;
        } else if parts.len() > 1 {
            return self.syntax();
        }
        Ok(())
    }
}
