//! What is between the root element's tags: elements, text, references, and what attributes come to.

use std::collections::HashSet;
use std::sync::Arc;

use super::failure::{Code, Fault};
use super::lexer::{self, Cursor, RawAttribute, Token};
use super::namespaces::declared_prefix;
use super::{Engine, Event, Kind, Parsed, Progress, Stage, Tag, Wanted};

/// Text of other encodings than UTF-8 is told in pieces of at most so many bytes.
const CONVERTED: usize = 1024;

/// Where the value of an attribute comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Element,
    /// A declaration of a document type, read at such a place: undeclared entities are an error or not.
    Declaration {
        must_be_declared: bool,
    },
}

impl Engine {
    pub(super) fn read_content(&mut self) -> Parsed<Progress> {
        let lexed = lexer::content(self.text(), self.has_namespaces(), self.is_last());
        let (token, length) = match lexed {
            Ok(lexed) => lexed,
            Err(fault) => return self.fault(fault),
        };
        match token {
            Token::Text => self.read_text(length),
            Token::Newline => self.read_character('\n', length),
            Token::Character(character) => self.read_character(character, length),
            Token::Entity(name) => self.refer(&name, length)?,
            Token::StartTag {
                name,
                attributes,
                is_empty,
            } => self.start_tag(name, attributes, is_empty, length)?,
            Token::EndTag(name) => self.end_tag(&name, length)?,
            Token::StartCdata => {
                self.tell_or_default(Wanted::START_CDATA, || Event::StartCdata, length);
                self.take(length);
                self.stage = Stage::Cdata;
            }
            other => self.read_aside(other, length),
        }
        Ok(Progress::Again)
    }

    pub(super) fn read_cdata(&mut self) -> Parsed<Progress> {
        match lexer::cdata(self.text(), self.is_last()) {
            Ok((Token::Newline, length)) => self.read_character('\n', length),
            Ok((Token::EndCdata, length)) => {
                self.tell_or_default(Wanted::END_CDATA, || Event::EndCdata, length);
                self.take(length);
                self.stage = Stage::Content;
            }
            Ok((_, length)) => self.read_text(length),
            Err(Fault::Incomplete) if self.is_last() => {
                return self.fail(Code::UNCLOSED_CDATA_SECTION, 0);
            }
            Err(fault) => return self.fault(fault),
        }
        Ok(Progress::Again)
    }

    /// A comment or a processing instruction, wherever it is.
    pub(super) fn read_aside(&mut self, token: Token, length: usize) {
        match token {
            Token::Comment(data) => {
                self.tell_or_default(Wanted::COMMENT, || Event::Comment(data), length);
            }
            Token::Instruction { target, data } => {
                let event = || Event::Instruction { target, data };
                self.tell_or_default(Wanted::INSTRUCTION, event, length);
            }
            _ => self.tell_default(length),
        }
        self.take(length);
    }

    pub(super) fn tell_or_default(
        &mut self,
        handler: Wanted,
        event: impl FnOnce() -> Event,
        length: usize,
    ) {
        if self.wanted.contains(handler) {
            self.tell(event());
        } else {
            self.tell_default(length);
        }
    }

    fn read_text(&mut self, length: usize) {
        if !self.wanted.contains(Wanted::CHARACTER_DATA) {
            self.tell_default(length);
            return self.take(length);
        }
        let is_converted =
            self.nested.is_empty() && self.input.encoding != super::input::Encoding::Utf8;
        let text = self.text()[..length].to_owned();
        let mut rest = text.as_str();
        while is_converted && rest.len() > CONVERTED {
            let mut end = CONVERTED;
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            let (piece, tail) = rest.split_at(end);
            self.tell(Event::Text(piece.to_owned()));
            rest = tail;
        }
        self.tell(Event::Text(rest.to_owned()));
        self.take(length);
    }

    fn read_character(&mut self, character: char, length: usize) {
        let event = || Event::Text(character.to_string());
        self.tell_or_default(Wanted::CHARACTER_DATA, event, length);
        self.take(length);
    }

    fn refer(&mut self, name: &str, length: usize) -> Parsed<()> {
        let dtd = self.dtd.lock();
        let found = dtd.general.get(name).cloned();
        let is_complete = dtd.is_complete();
        drop(dtd);
        let skipped = |engine: &mut Engine| {
            let event = || Event::SkippedEntity {
                name: name.to_owned(),
                is_parameter: false,
            };
            engine.tell_or_default(Wanted::SKIPPED_ENTITY, event, length);
            engine.take(length);
        };
        let entity = match found {
            None if is_complete => return self.fail(Code::UNDEFINED_ENTITY, 0),
            None => {
                skipped(self);
                return Ok(());
            }
            Some(entity) if is_complete && !entity.is_internal => {
                return self.fail(Code::ENTITY_DECLARED_IN_PE, 0);
            }
            Some(entity) => entity,
        };
        if entity.is_open {
            return self.fail(Code::RECURSIVE_ENTITY_REF, 0);
        }
        if entity.notation.is_some() {
            return self.fail(Code::BINARY_ENTITY_REF, 0);
        }
        match entity.value {
            Some(_) if self.wanted.contains(Wanted::KEEPS_REFERENCES) => skipped(self),
            Some(text) => {
                self.take(length);
                self.enter_entity(name, false, text)?;
            }
            None if self.wanted.contains(Wanted::EXTERNAL_ENTITY) => {
                let context = self.context(name);
                self.tell(Event::ExternalEntity {
                    context: Some(context),
                    base: entity.base,
                    system: entity.system,
                    public: entity.public,
                });
                self.take(length);
            }
            None => {
                self.tell_default(length);
                self.take(length);
            }
        }
        Ok(())
    }

    /// What an external entity's parser has to know of where the reference is: the namespaces in force and
    /// the entities that are open, this one included, separated by form feeds.
    fn context(&self, name: &str) -> String {
        let mut entries = if self.has_namespaces() {
            self.namespaces.context()
        } else {
            Vec::new()
        };
        entries.extend(self.outer_entities.iter().cloned());
        entries.extend(self.nested.iter().map(|nested| nested.name.clone()));
        entries.push(name.to_owned());
        entries.join("\u{c}")
    }

    fn start_tag(
        &mut self,
        name: String,
        written: Vec<RawAttribute>,
        is_empty: bool,
        length: usize,
    ) -> Parsed<()> {
        let bindings = self.namespaces.depth();
        let mut attributes: Vec<(String, String)> = Vec::with_capacity(written.len());
        let mut names = HashSet::new();
        for attribute in written {
            if !names.insert(attribute.name.clone()) {
                return self.fail(Code::DUPLICATE_ATTRIBUTE, attribute.name_offset);
            }
            let is_text = self.dtd.lock().has_text_value(&name, &attribute.name);
            let value = self.attribute_value(
                &attribute.value,
                attribute.value_offset,
                is_text,
                Origin::Element,
            )?;
            attributes.push((attribute.name, value));
        }
        let mut specified = attributes.len();
        if let Some(known) = self.dtd.lock().elements.get(&name) {
            let defaults = known
                .iter()
                .filter(|attribute| !names.contains(&attribute.name));
            attributes.extend(defaults.filter_map(|attribute| {
                let value = attribute.default.clone()?;
                Some((attribute.name.clone(), value))
            }));
        }
        let mut expanded = name.clone();
        let mut told = Vec::with_capacity(attributes.len());
        if let Some(style) = self.style {
            let mut others = Vec::with_capacity(attributes.len());
            let written = specified;
            for (index, attribute) in attributes.into_iter().enumerate() {
                let Some(prefix) = declared_prefix(&attribute.0) else {
                    others.push(attribute);
                    continue;
                };
                if index < written {
                    specified -= 1;
                }
                if let Err(code) = self.namespaces.bind(prefix, &attribute.1, style.separator) {
                    return self.fail(code, 0);
                }
                if self.wanted.contains(Wanted::START_NAMESPACE) {
                    self.tell(Event::StartNamespace {
                        prefix: prefix.map(str::to_owned),
                        uri: Some(attribute.1).filter(|uri| !uri.is_empty()),
                    });
                }
            }
            let mut names = HashSet::new();
            for (name, value) in others {
                let name = match self.namespaces.expand(&name, false, style) {
                    Ok(name) => name,
                    Err(code) => return self.fail(code, 0),
                };
                if !names.insert(name.clone()) {
                    return self.fail(Code::DUPLICATE_ATTRIBUTE, 0);
                }
                told.push((name, value));
            }
            expanded = match self.namespaces.expand(&name, true, style) {
                Ok(name) => name,
                Err(code) => return self.fail(code, 0),
            };
        } else {
            told = attributes;
        }
        let event = || Event::StartElement {
            name: expanded.clone(),
            attributes: told,
            specified,
        };
        self.tell_or_default(Wanted::START_ELEMENT, event, length);
        self.take(length);
        self.tags.push(Tag {
            name,
            expanded,
            bindings,
        });
        if is_empty {
            // It ends where the token does.
            if self.nested.is_empty() {
                self.position = self.input.position();
            }
            if self
                .wanted
                .contains(Wanted::START_ELEMENT | Wanted::END_ELEMENT)
                || self.wanted.contains(Wanted::END_ELEMENT)
            {
                self.close_element();
            } else {
                self.close_quietly();
            }
        }
        Ok(())
    }

    fn end_tag(&mut self, name: &str, length: usize) -> Parsed<()> {
        let outer = self.nested.last().map_or(0, |nested| nested.tags);
        if self.tags.len() <= outer {
            return self.fail(Code::ASYNC_ENTITY, 0);
        }
        if self.tags.last().is_none_or(|tag| tag.name != name) {
            return self.fail(Code::TAG_MISMATCH, "</".len());
        }
        if self.wanted.contains(Wanted::END_ELEMENT) {
            self.take(length);
            self.close_element();
        } else {
            self.tell_default(length);
            self.take(length);
            self.close_quietly();
        }
        Ok(())
    }

    fn close_element(&mut self) {
        if let Some(tag) = self.tags.last() {
            let name = tag.expanded.clone();
            self.tell(Event::EndElement { name });
        }
        self.close_quietly();
    }

    /// Ends the innermost element without telling its own end.
    fn close_quietly(&mut self) {
        if let Some(tag) = self.tags.pop() {
            while self.namespaces.depth() > tag.bindings {
                let Some(prefix) = self.namespaces.unbind() else {
                    break;
                };
                if self.wanted.contains(Wanted::END_NAMESPACE) {
                    self.tell(Event::EndNamespace { prefix });
                }
            }
        }
        if self.tags.is_empty() && self.kind == Kind::Document {
            self.stage = Stage::Epilog;
        }
    }

    /// The value that an attribute's text stands for: references replaced, and whitespace made spaces; in
    /// lists of words one between two words, and none at the ends.
    pub(super) fn attribute_value(
        &mut self,
        raw: &str,
        offset: usize,
        is_text: bool,
        origin: Origin,
    ) -> Parsed<String> {
        let mut value = String::with_capacity(raw.len());
        // Texts of entities, the innermost last, and the names of all but the first.
        let mut open: Vec<(Arc<str>, usize, Option<String>)> = vec![(Arc::from(raw), 0, None)];
        while let Some((text, at, name)) = open.last_mut() {
            if *at == text.len() {
                let name = name.take();
                open.pop();
                if let Some(name) = name {
                    self.set_open(&name, false);
                }
                continue;
            }
            let place = if name.is_none() { offset + *at } else { offset };
            let rest = &text[*at..];
            match rest.chars().next() {
                Some('&') => {
                    let mut cursor = Cursor::new(rest, self.style.is_some());
                    let token = match lexer::reference(&mut cursor) {
                        Ok(token) => token,
                        Err(fault) => {
                            let fault = match fault.shifted(place) {
                                Fault::Incomplete => Fault::invalid(place),
                                wrong => wrong,
                            };
                            return self.fault_in_value(fault);
                        }
                    };
                    *at += cursor.at;
                    match token {
                        Token::Character(character) => value.push(character),
                        Token::Entity(name) => {
                            if let Some(text) = self.entity_in_value(&name, place, origin)? {
                                self.check_expansion(text.len())?;
                                self.set_open(&name, true);
                                open.push((text, 0, Some(name)));
                            }
                        }
                        _ => {}
                    }
                }
                Some('<') if name.is_some() => {
                    return self.fail(Code::INVALID_TOKEN, place);
                }
                Some('\r') if rest.starts_with("\r\n") => {
                    *at += 2;
                    value.push(' ');
                }
                Some('\r' | '\n' | '\t') => {
                    *at += 1;
                    value.push(' ');
                }
                Some(character) => {
                    *at += character.len_utf8();
                    value.push(character);
                }
                None => {}
            }
        }
        if is_text {
            return Ok(value);
        }
        let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
        Ok(words.join(" "))
    }

    fn fault_in_value(&self, fault: Fault) -> Parsed<String> {
        match fault {
            Fault::Wrong(code, offset) => self.fail(code, offset),
            Fault::Incomplete => self.fail(Code::INVALID_TOKEN, 0),
        }
    }

    fn set_open(&mut self, name: &str, is_open: bool) {
        if let Some(entity) = self.dtd.lock().general.get_mut(name) {
            entity.is_open = is_open;
        }
    }

    /// The text of an entity that an attribute refers to; `None` when it is skipped.
    fn entity_in_value(
        &mut self,
        name: &str,
        place: usize,
        origin: Origin,
    ) -> Parsed<Option<Arc<str>>> {
        let dtd = self.dtd.lock();
        let must_be_declared = match origin {
            Origin::Element => dtd.is_complete(),
            Origin::Declaration { must_be_declared } => must_be_declared,
        };
        let found = dtd.general.get(name).cloned();
        drop(dtd);
        match found {
            None if must_be_declared => self.fail(Code::UNDEFINED_ENTITY, place),
            None => Ok(None),
            Some(entity) if must_be_declared && !entity.is_internal => {
                self.fail(Code::ENTITY_DECLARED_IN_PE, place)
            }
            Some(entity) if entity.is_open => self.fail(Code::RECURSIVE_ENTITY_REF, place),
            Some(entity) if entity.notation.is_some() => self.fail(Code::BINARY_ENTITY_REF, place),
            Some(entity) => match entity.value {
                None => self.fail(Code::ATTRIBUTE_EXTERNAL_ENTITY_REF, place),
                text => Ok(text),
            },
        }
    }
}
