//! What is before the root element and after it: the document type with its declarations, comments,
//! processing instructions.

use std::sync::Arc;

use super::content::Origin;
use super::declaration::{self, Declaration, Doctype};
use super::dtd::{Attribute, Entity};
use super::failure::{Code, Fault};
use super::lexer::{self, Cursor, Token, is_name_character, is_name_start, is_space};
use super::{Engine, Event, Kind, ParameterEntities, Parsed, Pending, Progress, Stage, Wanted};

impl Engine {
    pub(super) fn read_prolog(&mut self) -> Parsed<Progress> {
        if self.skip_space() {
            return Ok(Progress::Again);
        }
        let text = self.text();
        let mut cursor = Cursor::new(text, false);
        match cursor.eat("<!DOCTYPE") {
            Ok(true) if self.doctype.is_none() => return self.read_doctype(),
            Ok(true) => return self.fail(Code::SYNTAX, 0),
            Ok(false) => {}
            // `<!-` is the beginning of something else.
            Err(fault) if cursor.rest().len() < 2 || cursor.rest().starts_with("<!D") => {
                if !self.is_last() || self.input.is_broken() {
                    return self.fault(fault);
                }
            }
            Err(_) => {}
        }
        if let Some(progress) = self.read_asides()? {
            return Ok(progress);
        }
        let mut characters = self.text().chars();
        match (characters.next(), characters.next()) {
            (Some('<'), Some(next)) if is_name_start(next) => self.begin_content(),
            (Some('<'), Some('!')) => self.fail(Code::INVALID_TOKEN, 2),
            (Some('<'), Some(_)) => self.fail(Code::INVALID_TOKEN, 1),
            (Some('<'), None) => self.fault(Fault::Incomplete),
            _ => self.fault(self.misplaced(Code::SYNTAX)),
        }
    }

    pub(super) fn read_epilog(&mut self) -> Parsed<Progress> {
        if self.skip_space() {
            return Ok(Progress::Again);
        }
        if let Some(progress) = self.read_asides()? {
            return Ok(progress);
        }
        let mut characters = self.text().chars();
        match (characters.next(), characters.next()) {
            (Some('<'), None) => self.fault(Fault::Incomplete),
            (Some('<'), Some(next)) if !is_name_start(next) && next != '!' => {
                self.fail(Code::INVALID_TOKEN, 1)
            }
            _ => self.fault(self.misplaced(Code::JUNK_AFTER_DOC_ELEMENT)),
        }
    }

    /// What cannot stand here is an error of its own where it is no part of markup at all.
    fn misplaced(&self, code: Code) -> Fault {
        let text = self.text();
        let Some(first) = text.chars().next() else {
            return Fault::Incomplete;
        };
        if !is_name_character(first) {
            let is_markup = "<>[](),|#%\"'".contains(first);
            return if is_markup {
                Fault::Wrong(code, 0)
            } else {
                Fault::invalid(0)
            };
        }
        let name = text.len() - text.trim_start_matches(is_name_character).len();
        match text[name..].chars().next() {
            Some(next) if !is_space(next) && !"[>),|%?*+".contains(next) => Fault::invalid(name),
            None if !self.is_last() => Fault::Incomplete,
            _ => Fault::Wrong(code, 0),
        }
    }

    fn skip_space(&mut self) -> bool {
        let text = self.text();
        let length = text.len() - text.trim_start_matches(is_space).len();
        if length > 0 {
            self.tell_default(length);
            self.take(length);
        }
        length > 0
    }

    /// A comment or a processing instruction, if there is one.
    fn read_asides(&mut self) -> Parsed<Option<Progress>> {
        let mut cursor = Cursor::new(self.text(), self.has_namespaces());
        let lexed = match cursor.rest().as_bytes() {
            [b'<', b'?', ..] => {
                cursor.at = 2;
                lexer::instruction(&mut cursor)
                    .map(|(target, data)| Token::Instruction { target, data })
            }
            [b'<', b'!', b'-', b'-', ..] => {
                cursor.at = 4;
                lexer::comment(&mut cursor).map(Token::Comment)
            }
            b"<!-" | b"<!" | b"<" => Err(Fault::Incomplete),
            _ => return Ok(None),
        };
        match lexed {
            Ok(token) => {
                let length = cursor.at;
                self.read_aside(token, length);
                Ok(Some(Progress::Again))
            }
            Err(fault) => self.fault(fault).map(Some),
        }
    }

    fn begin_content(&mut self) -> Parsed<Progress> {
        self.stage = Stage::Content;
        if self.uses_foreign_dtd {
            self.uses_foreign_dtd = false;
            self.ask_for_subset(None, None, true);
        }
        Ok(Progress::Again)
    }

    fn read_doctype(&mut self) -> Parsed<Progress> {
        let parsed = declaration::length(self.text(), true).and_then(|length| {
            let doctype =
                declaration::parse_doctype(&self.text()[..length], self.has_namespaces())?;
            Ok((doctype, length))
        });
        let (doctype, length) = match parsed {
            Ok(parsed) => parsed,
            Err(fault) => return self.fault(fault),
        };
        let is_external = doctype.system.is_some() || doctype.public.is_some();
        if is_external {
            let mut dtd = self.dtd.lock();
            dtd.has_parameter_references = true;
            let is_standalone = dtd.is_standalone;
            drop(dtd);
            if !is_standalone
                && self.parameter_entities == ParameterEntities::Never
                && self.wanted.contains(Wanted::NOT_STANDALONE)
            {
                self.tell(Event::NotStandalone);
            }
        }
        if self.wanted.contains(Wanted::START_DOCTYPE) {
            self.tell(Event::StartDoctype {
                name: doctype.name.clone(),
                system: doctype.system.clone(),
                public: doctype.public.clone(),
                has_subset: doctype.has_subset,
            });
        } else {
            self.tell_pieces(length);
        }
        self.take(length);
        let has_subset = doctype.has_subset;
        self.doctype = Some(doctype);
        if has_subset {
            self.stage = Stage::Subset;
        } else {
            self.end_doctype();
        }
        Ok(Progress::Again)
    }

    /// Tells the default handler each part of a declaration.
    fn tell_pieces(&mut self, length: usize) {
        if self.wanted.contains(Wanted::DEFAULT) {
            let raw = self.text()[..length].to_owned();
            for piece in declaration::pieces(&raw) {
                self.tell(Event::Default(piece.to_owned()));
            }
        }
    }

    /// After the last `>` of a document type: its external subset is read, if it has one.
    fn end_doctype(&mut self) {
        self.stage = Stage::Prolog;
        let (system, public) = match &self.doctype {
            Some(Doctype { system, public, .. }) => (system.clone(), public.clone()),
            None => (None, None),
        };
        let is_foreign = self.uses_foreign_dtd && system.is_none();
        self.uses_foreign_dtd = false;
        if system.is_some() || is_foreign {
            self.ask_for_subset(system, public, is_foreign);
        }
        if self.pending.is_none() {
            self.pending = Some(Pending::EndDoctype);
        }
    }

    fn ask_for_subset(&mut self, system: Option<String>, public: Option<String>, is_foreign: bool) {
        let mut dtd = self.dtd.lock();
        let had_references = dtd.has_parameter_references;
        dtd.has_parameter_references = true;
        let is_read = match self.parameter_entities {
            ParameterEntities::Never => false,
            ParameterEntities::UnlessStandalone => !dtd.is_standalone,
            ParameterEntities::Always => true,
        };
        if !is_read || !self.wanted.contains(Wanted::EXTERNAL_ENTITY) {
            if is_foreign {
                dtd.has_parameter_references = had_references;
            }
            return;
        }
        dtd.parameter_entity_read = false;
        drop(dtd);
        let base = self.base.clone();
        self.tell(Event::ExternalEntity {
            context: None,
            base,
            system,
            public,
        });
        self.pending = Some(Pending::ExternalSubset {
            had_references,
            is_foreign,
        });
    }

    /// Goes on after a question.
    pub(super) fn resume(&mut self, pending: Pending) -> Parsed<()> {
        match pending {
            Pending::ExternalSubset {
                had_references,
                is_foreign,
            } => {
                let mut dtd = self.dtd.lock();
                let (was_read, is_standalone) = (dtd.parameter_entity_read, dtd.is_standalone);
                if !was_read && is_foreign {
                    dtd.has_parameter_references = had_references;
                }
                drop(dtd);
                if was_read && !is_standalone && self.wanted.contains(Wanted::NOT_STANDALONE) {
                    self.tell(Event::NotStandalone);
                }
                // A foreign subset of a document without a document type has no end to tell.
                if self.stage == Stage::Prolog {
                    self.pending = Some(Pending::EndDoctype);
                }
            }
            Pending::EndDoctype => {
                if self.wanted.contains(Wanted::END_DOCTYPE) {
                    self.tell(Event::EndDoctype);
                }
            }
            Pending::ParameterEntity(name) => {
                let mut dtd = self.dtd.lock();
                if let Some(entity) = dtd.parameter.get_mut(&name) {
                    entity.is_open = false;
                }
                let is_standalone = dtd.is_standalone;
                if !dtd.parameter_entity_read {
                    dtd.keeps_processing = is_standalone;
                }
                let asks = dtd.parameter_entity_read && !is_standalone;
                drop(dtd);
                if asks && self.wanted.contains(Wanted::NOT_STANDALONE) {
                    self.tell(Event::NotStandalone);
                }
            }
        }
        Ok(())
    }

    /// Declarations do not come from the document itself, but from elsewhere or from a parameter entity.
    fn is_outside(&self) -> bool {
        self.kind == Kind::Parameter || !self.nested.is_empty()
    }

    pub(super) fn read_subset(&mut self) -> Parsed<Progress> {
        if self.skip_space() {
            return Ok(Progress::Again);
        }
        if let Some(progress) = self.read_conditional()? {
            return Ok(progress);
        }
        let text = self.text();
        match text.as_bytes() {
            [b'%', ..] => self.read_parameter_reference(),
            [b']', ..] => self.end_subset(),
            [b'<', b'!', next, ..] if next.is_ascii_alphabetic() => self.read_declaration(),
            _ => match self.read_asides()? {
                Some(progress) => Ok(progress),
                None if text_starts_markup(self.text()) => self.fail(Code::INVALID_TOKEN, 1),
                None => self.fault(self.misplaced(Code::SYNTAX)),
            },
        }
    }

    fn end_subset(&mut self) -> Parsed<Progress> {
        if self.is_outside() {
            return self.fail(Code::SYNTAX, 0);
        }
        let mut cursor = Cursor::new(self.text(), false);
        cursor.at = 1;
        cursor.space();
        match cursor.peek() {
            Ok('>') => {}
            Ok(_) => {
                let at = cursor.at;
                return self.fail(Code::SYNTAX, at);
            }
            Err(fault) => return self.fault(fault),
        }
        let length = cursor.at + 1;
        if !self.wanted.contains(Wanted::END_DOCTYPE) {
            self.tell_pieces(length);
        }
        self.take(length);
        self.end_doctype();
        Ok(Progress::Again)
    }

    /// `<![INCLUDE[ … ]]>` and `<![IGNORE[ … ]]>`, which only external entities may have.
    fn read_conditional(&mut self) -> Parsed<Option<Progress>> {
        if !self.is_outside() {
            return Ok(None);
        }
        if self.sections > 0 && self.text().starts_with("]]>") {
            self.sections -= 1;
            self.tell_default(3);
            self.take(3);
            return Ok(Some(Progress::Again));
        }
        let text = self.text();
        if !text.starts_with("<![") {
            return Ok(None);
        }
        let Some(bracket) = text[3..].find('[').map(|at| at + 3) else {
            return self.fault(Fault::Incomplete).map(Some);
        };
        let keyword = text[3..bracket].to_owned();
        let keyword = match keyword.trim().strip_prefix('%') {
            Some(name) => {
                let name = name.trim_end_matches(';');
                let dtd = self.dtd.lock();
                let entity = dtd.parameter.get(name);
                entity
                    .and_then(|entity| entity.value.as_deref())
                    .map_or_else(String::new, |value| value.trim().to_owned())
            }
            None => keyword.trim().to_owned(),
        };
        let length = match keyword.as_str() {
            "INCLUDE" => {
                self.sections += 1;
                bracket + 1
            }
            "IGNORE" => match ignored_length(self.text()) {
                Some(length) => length,
                None => return self.fault(Fault::Incomplete).map(Some),
            },
            _ => return self.fail(Code::SYNTAX, 3),
        };
        self.tell_default(length);
        self.take(length);
        Ok(Some(Progress::Again))
    }

    fn read_parameter_reference(&mut self) -> Parsed<Progress> {
        let mut cursor = Cursor::new(self.text(), self.has_namespaces());
        cursor.at = 1;
        let name = cursor
            .name()
            .and_then(|name| cursor.expect(';').map(|()| name.to_owned()));
        let name = match name {
            Ok(name) => name,
            Err(fault) => return self.fault(fault),
        };
        let length = cursor.at;
        let is_document = !self.is_outside();
        let mut dtd = self.dtd.lock();
        dtd.has_parameter_references = true;
        let is_standalone = dtd.is_standalone;
        let is_read = match self.parameter_entities {
            ParameterEntities::Never => false,
            ParameterEntities::UnlessStandalone => !is_standalone,
            ParameterEntities::Always => true,
        };
        let found = dtd.parameter.get(&name).cloned();
        // An internal entity's declarations are read in any case by those who read any.
        if !is_read {
            dtd.keeps_processing = is_standalone;
            drop(dtd);
            self.tell_default(length);
            self.take(length);
            if !is_standalone && self.wanted.contains(Wanted::NOT_STANDALONE) {
                self.tell(Event::NotStandalone);
            }
            return Ok(Progress::Again);
        }
        let Some(entity) = found else {
            dtd.keeps_processing = is_standalone;
            drop(dtd);
            if is_document && is_standalone {
                return self.fail(Code::UNDEFINED_ENTITY, 0);
            }
            let event = || Event::SkippedEntity {
                name,
                is_parameter: true,
            };
            self.tell_or_default(Wanted::SKIPPED_ENTITY, event, length);
            self.take(length);
            return Ok(Progress::Again);
        };
        drop(dtd);
        if is_document && is_standalone && !entity.is_internal {
            return self.fail(Code::ENTITY_DECLARED_IN_PE, 0);
        }
        if entity.is_open {
            return self.fail(Code::RECURSIVE_ENTITY_REF, 0);
        }
        if let Some(text) = entity.value {
            self.take(length);
            self.enter_entity(&name, true, text)?;
            return Ok(Progress::Again);
        }
        if !self.wanted.contains(Wanted::EXTERNAL_ENTITY) {
            self.dtd.lock().keeps_processing = is_standalone;
            self.tell_default(length);
            self.take(length);
            return Ok(Progress::Again);
        }
        let mut dtd = self.dtd.lock();
        dtd.parameter_entity_read = false;
        if let Some(entity) = dtd.parameter.get_mut(&name) {
            entity.is_open = true;
        }
        drop(dtd);
        self.tell(Event::ExternalEntity {
            context: None,
            base: entity.base,
            system: entity.system,
            public: entity.public,
        });
        self.take(length);
        self.pending = Some(Pending::ParameterEntity(name));
        Ok(Progress::Again)
    }

    fn read_declaration(&mut self) -> Parsed<Progress> {
        let length = match declaration::length(self.text(), false) {
            Ok(length) => length,
            Err(fault) => return self.fault(fault),
        };
        let raw = self.text()[..length].to_owned();
        let text = self.with_parameter_entities(&raw)?;
        let parsed = match declaration::parse(&text, self.has_namespaces()) {
            Ok(parsed) => parsed,
            Err(fault) => return self.fault(fault),
        };
        match parsed {
            Declaration::Element { name, model } => {
                if self.wanted.contains(Wanted::ELEMENT_DECLARATION) {
                    self.tell(Event::ElementDeclaration { name, model });
                } else {
                    self.tell_pieces(length);
                }
            }
            Declaration::Notation {
                name,
                system,
                public,
            } => {
                if self.wanted.contains(Wanted::NOTATION) {
                    let base = self.base.clone();
                    self.tell(Event::Notation {
                        name,
                        base,
                        system,
                        public,
                    });
                } else {
                    self.tell_pieces(length);
                }
            }
            Declaration::Attributes {
                element,
                attributes,
            } => self.declare_attributes(&element, attributes, length)?,
            entity => self.declare_entity(entity, length)?,
        }
        self.take(length);
        Ok(Progress::Again)
    }

    /// A declaration's text with the references to parameter entities replaced that are in no literal.
    fn with_parameter_entities(&mut self, raw: &str) -> Parsed<String> {
        let mut text = raw.to_owned();
        let mut replaced = 0;
        while let Some(at) = reference_outside_literals(&text) {
            if !self.is_outside() {
                return self.fail(Code::PARAM_ENTITY_REF, at);
            }
            let Some(end) = text[at..].find(';').map(|end| at + end) else {
                return self.fail(Code::INVALID_TOKEN, at);
            };
            let name = text[at + 1..end].to_owned();
            let value = {
                let dtd = self.dtd.lock();
                dtd.parameter
                    .get(&name)
                    .and_then(|entity| entity.value.clone())
            };
            let Some(value) = value else {
                return self.fail(Code::UNDEFINED_ENTITY, 0);
            };
            self.check_expansion(value.len())?;
            // Entities that contain each other would never be done.
            replaced += 1;
            if replaced > 10_000 {
                return self.fail(Code::RECURSIVE_ENTITY_REF, 0);
            }
            text.replace_range(at..=end, &format!(" {value} "));
        }
        Ok(text)
    }

    fn declare_attributes(
        &mut self,
        element: &str,
        attributes: Vec<declaration::AttributeDeclaration>,
        length: usize,
    ) -> Parsed<()> {
        let is_told = self.wanted.contains(Wanted::ATTRIBUTE_DECLARATION);
        if !is_told {
            self.tell_pieces(length);
        }
        let dtd = self.dtd.lock();
        let keeps_processing = dtd.keeps_processing;
        let must_be_declared = !self.is_outside() && dtd.is_complete();
        drop(dtd);
        if !keeps_processing {
            return Ok(());
        }
        self.dtd
            .lock()
            .elements
            .entry(element.to_owned())
            .or_default();
        for attribute in attributes {
            let is_text = attribute.kind == "CDATA";
            let default = match attribute.default {
                Some((raw, offset)) => {
                    let origin = Origin::Declaration { must_be_declared };
                    Some(self.attribute_value(&raw, offset, is_text, origin)?)
                }
                None => None,
            };
            if let Some(known) = self.dtd.lock().elements.get_mut(element)
                && !known.iter().any(|known| known.name == attribute.name)
            {
                known.push(Attribute {
                    name: attribute.name.clone(),
                    is_text,
                    default: default.clone(),
                });
            }
            if is_told {
                self.tell(Event::AttributeDeclaration {
                    element: element.to_owned(),
                    attribute: attribute.name,
                    kind: attribute.kind,
                    default,
                    is_required: attribute.is_required,
                });
            }
        }
        Ok(())
    }

    fn declare_entity(&mut self, declaration: Declaration, length: usize) -> Parsed<()> {
        let Declaration::Entity {
            name,
            is_parameter,
            value,
            system,
            public,
            notation,
        } = declaration
        else {
            return Ok(());
        };
        let mut told = Wanted::ENTITY_DECLARATION;
        if notation.is_some() && self.wanted.contains(Wanted::UNPARSED_ENTITY) {
            told = Wanted::UNPARSED_ENTITY;
        }
        let is_told = self.wanted.contains(told);
        if !is_told {
            self.tell_pieces(length);
        }
        let value = match value {
            Some((raw, offset)) => Some(self.entity_value(&raw, offset)?),
            None => None,
        };
        let is_internal = !self.is_outside();
        let mut dtd = self.dtd.lock();
        // The first declaration counts; those that every document has cannot be declared.
        let is_new = !dtd.entities(is_parameter).contains_key(&name)
            && (is_parameter || lexer::predefined(&name).is_none());
        if !dtd.keeps_processing || !is_new {
            return Ok(());
        }
        let base = self.base.clone();
        let entity = Entity {
            value: value.as_deref().map(Arc::from),
            system: system.clone(),
            public: public.clone(),
            base: base.clone().filter(|_| value.is_none()),
            notation: notation.clone(),
            is_internal,
            is_open: false,
        };
        dtd.entities(is_parameter).insert(name.clone(), entity);
        drop(dtd);
        if !is_told {
            return Ok(());
        }
        self.tell(match notation {
            Some(notation) if told == Wanted::UNPARSED_ENTITY => Event::UnparsedEntity {
                name,
                base,
                system,
                public,
                notation,
            },
            notation => Event::EntityDeclaration {
                name,
                is_parameter,
                value,
                base,
                system,
                public,
                notation,
            },
        });
        Ok(())
    }

    /// An entity's text: numbers of characters and parameter entities are replaced, references to general
    /// entities are not.
    fn entity_value(&mut self, raw: &str, offset: usize) -> Parsed<String> {
        let mut value = String::with_capacity(raw.len());
        let mut open: Vec<(Arc<str>, usize, Option<String>)> = vec![(Arc::from(raw), 0, None)];
        while let Some((text, at, name)) = open.last_mut() {
            if *at == text.len() {
                open.pop();
                continue;
            }
            let place = if name.is_none() { offset + *at } else { offset };
            let rest = &text[*at..];
            let first = rest.chars().next().unwrap_or_default();
            match first {
                '&' => {
                    let mut cursor = Cursor::new(rest, false);
                    let token = lexer::reference(&mut cursor);
                    let written = cursor.since(0).to_owned();
                    *at += written.len();
                    match token {
                        Ok(Token::Character(character)) if written.starts_with("&#") => {
                            value.push(character);
                        }
                        Ok(_) => value.push_str(&written),
                        Err(Fault::Wrong(code, at)) => return self.fail(code, place + at),
                        Err(Fault::Incomplete) => return self.fail(Code::INVALID_TOKEN, place),
                    }
                }
                '%' => {
                    let mut cursor = Cursor::new(rest, false);
                    cursor.at = 1;
                    let name = cursor
                        .name()
                        .and_then(|name| cursor.expect(';').map(|()| name.to_owned()));
                    let length = cursor.at;
                    let Ok(name) = name else {
                        return self.fail(Code::INVALID_TOKEN, place);
                    };
                    *at += length;
                    if !self.is_outside() {
                        return self.fail(Code::PARAM_ENTITY_REF, place);
                    }
                    if open
                        .iter()
                        .any(|(_, _, known)| known.as_deref() == Some(&name))
                    {
                        return self.fail(Code::RECURSIVE_ENTITY_REF, place);
                    }
                    let mut dtd = self.dtd.lock();
                    let found = dtd.parameter.get(&name).cloned();
                    let Some(entity) = found else {
                        dtd.keeps_processing = dtd.is_standalone;
                        continue;
                    };
                    drop(dtd);
                    if let Some(text) = entity.value {
                        self.check_expansion(text.len())?;
                        open.push((text, 0, Some(name)));
                    }
                }
                '\r' => {
                    *at += if rest.starts_with("\r\n") { 2 } else { 1 };
                    value.push('\n');
                }
                character => {
                    *at += character.len_utf8();
                    value.push(character);
                }
            }
        }
        Ok(value)
    }
}

fn text_starts_markup(text: &str) -> bool {
    text.starts_with('<')
}

/// How long an ignored section is, those inside of it included.
fn ignored_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("<![") {
            depth += 1;
            at += 3;
        } else if rest.starts_with("]]>") {
            depth -= 1;
            at += 3;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// Where a reference to a parameter entity is: `%` and a name, not in quotes.
fn reference_outside_literals(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if character == '"' || character == '\'' => quote = Some(character),
            None => {
                let names = characters.peek().is_some_and(|next| is_name_start(next.1));
                if character == '%' && names {
                    return Some(at);
                }
            }
        }
    }
    None
}
