//! A parser of XML 1.0 that is fed a document in pieces and tells what is in it, as Expat does.
//!
//! ```text
//!   feed ──► input ──► lexer, declaration ──► content, prolog ──► queue ──► next
//!                          ▲                        │
//!                          └──────── nested ◄───────┘   texts of entities, the innermost last
//! ```
//! The parser knows nothing of Python: `next` gives one event after another, and between two of them
//! whoever asks may do what they like, run code that looks at the parser included. What a token means is
//! decided when the token is read, by the handlers that are `wanted` then; its events wait in the queue
//! until all of them have been fetched, and nothing more is read before. Positions are those of the event
//! that was fetched last; what comes from an entity is at the place of the reference to it.
//!
//! Names, messages and numbers of errors, and what is told in which order, follow Expat. Names are those
//! of the fifth edition of XML 1.0, which has more characters than the fourth that Expat keeps to.

mod content;
mod declaration;
mod dtd;
mod failure;
mod input;
mod lexer;
mod namespaces;
mod prolog;
mod start;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bitflags::bitflags;
use parking_lot::Mutex;

pub use declaration::Model;
pub use failure::{CODES, Code, message};
pub use input::{Position, Table};

use dtd::Dtd;
use failure::Fault;
use input::Input;
use namespaces::{Namespaces, Style};

bitflags! {
    /// The handlers that change what is told, and how.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Wanted: u32 {
        const START_ELEMENT = 1;
        const END_ELEMENT = 1 << 1;
        const CHARACTER_DATA = 1 << 2;
        const INSTRUCTION = 1 << 3;
        const COMMENT = 1 << 4;
        const START_CDATA = 1 << 5;
        const END_CDATA = 1 << 6;
        const DEFAULT = 1 << 7;
        /// References to internal entities are given to the default handler, not replaced.
        const KEEPS_REFERENCES = 1 << 8;
        const NOT_STANDALONE = 1 << 9;
        const EXTERNAL_ENTITY = 1 << 10;
        const START_DOCTYPE = 1 << 11;
        const END_DOCTYPE = 1 << 12;
        const ENTITY_DECLARATION = 1 << 13;
        const XML_DECLARATION = 1 << 14;
        const ELEMENT_DECLARATION = 1 << 15;
        const ATTRIBUTE_DECLARATION = 1 << 16;
        const SKIPPED_ENTITY = 1 << 17;
        const UNPARSED_ENTITY = 1 << 18;
        const NOTATION = 1 << 19;
        const START_NAMESPACE = 1 << 20;
        const END_NAMESPACE = 1 << 21;
    }
}

/// What is in a document.
#[derive(Clone, Debug)]
pub enum Event {
    XmlDeclaration {
        version: Option<String>,
        encoding: Option<String>,
        standalone: i32,
    },
    StartDoctype {
        name: String,
        system: Option<String>,
        public: Option<String>,
        has_subset: bool,
    },
    EndDoctype,
    ElementDeclaration {
        name: String,
        model: Model,
    },
    AttributeDeclaration {
        element: String,
        attribute: String,
        kind: String,
        default: Option<String>,
        is_required: bool,
    },
    EntityDeclaration {
        name: String,
        is_parameter: bool,
        value: Option<String>,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
        notation: Option<String>,
    },
    UnparsedEntity {
        name: String,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
        notation: String,
    },
    Notation {
        name: String,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
    },
    StartNamespace {
        prefix: Option<String>,
        uri: Option<String>,
    },
    EndNamespace {
        prefix: Option<String>,
    },
    StartElement {
        name: String,
        attributes: Vec<(String, String)>,
        /// How many of the attributes are written, not defaults.
        specified: usize,
    },
    EndElement {
        name: String,
    },
    Text(String),
    StartCdata,
    EndCdata,
    Comment(String),
    Instruction {
        target: String,
        data: String,
    },
    Default(String),
    SkippedEntity {
        name: String,
        is_parameter: bool,
    },
    /// May be rejected.
    NotStandalone,
    /// May be rejected.
    ExternalEntity {
        context: Option<String>,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
    },
    /// To be answered with `set_table`.
    UnknownEncoding(String),
}

/// What `next` gives.
#[derive(Debug)]
pub enum Step {
    Event(Event),
    NeedsInput,
    Finished,
}

/// An error, and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub code: Code,
    pub position: Position,
}

type Parsed<T> = Result<T, Failure>;

/// What one step of reading came to.
enum Progress {
    Again,
    NeedsInput,
    Finished,
}

/// What is read when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its encoding, and the XML or text declaration.
    Start,
    Prolog,
    /// Declarations: between `[` and `]`, or the external subset.
    Subset,
    Content,
    Cdata,
    Epilog,
}

/// What a parser is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Document,
    /// An external general entity, which is content.
    General,
    /// An external parameter entity, or the external subset.
    Parameter,
}

/// What goes on after an event that is a question.
#[derive(Clone, Debug)]
enum Pending {
    ParameterEntity(String),
    ExternalSubset {
        had_references: bool,
        is_foreign: bool,
    },
    /// The document type has ended, but what it says has to be read first.
    EndDoctype,
}

/// The text of an entity that is being read.
struct Nested {
    text: Arc<str>,
    at: usize,
    name: String,
    is_parameter: bool,
    /// Open elements where it began: it has to end with the same.
    tags: usize,
}

/// An element that has begun.
struct Tag {
    name: String,
    expanded: String,
    /// Namespace bindings that were in force outside of it.
    bindings: usize,
}

/// How much the text of entities adds to a document: a little document must not become a huge one.
#[derive(Debug)]
struct Expansion {
    direct: AtomicU64,
    indirect: AtomicU64,
    threshold: AtomicU64,
    /// The bits of a float.
    factor: AtomicU64,
}

/// Which of the parameter entities are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterEntities {
    Never,
    UnlessStandalone,
    Always,
}

/// See the module's header.
pub struct Engine {
    input: Input,
    nested: Vec<Nested>,
    dtd: Arc<Mutex<Dtd>>,
    kind: Kind,
    stage: Stage,
    queue: VecDeque<(Position, Event)>,
    pending: Option<Pending>,
    /// The error that a rejected event stands for.
    question: Option<Code>,
    failure: Option<Failure>,
    wanted: Wanted,
    position: Position,
    /// Where in the input's text that is.
    event_at: usize,
    tags: Vec<Tag>,
    namespaces: Namespaces,
    /// `None`: prefixes are part of names.
    style: Option<Style>,
    /// The encoding that overrides what the document says.
    encoding_name: Option<String>,
    base: Option<String>,
    parameter_entities: ParameterEntities,
    uses_foreign_dtd: bool,
    /// Conditional sections of the external subset that have begun.
    sections: usize,
    doctype: Option<declaration::Doctype>,
    /// General entities that are open where this parser's text is referred to.
    outer_entities: Vec<String>,
    expansion: Arc<Expansion>,
    defers: bool,
    has_started: bool,
    has_finished: bool,
}

impl Engine {
    /// A parser for a document. `namespaces`: what separates the parts of names, if prefixes are looked up.
    pub fn new(encoding_name: Option<String>, namespaces: Option<Option<char>>) -> Engine {
        Engine {
            input: Input::default(),
            nested: Vec::new(),
            dtd: Arc::default(),
            kind: Kind::Document,
            stage: Stage::Start,
            queue: VecDeque::new(),
            pending: None,
            question: None,
            failure: None,
            wanted: Wanted::empty(),
            position: Position::START,
            event_at: 0,
            tags: Vec::new(),
            namespaces: Namespaces::default(),
            style: namespaces.map(|separator| Style {
                separator,
                with_prefix: false,
            }),
            encoding_name,
            base: None,
            parameter_entities: ParameterEntities::Never,
            uses_foreign_dtd: false,
            sections: 0,
            doctype: None,
            outer_entities: Vec::new(),
            expansion: Arc::new(Expansion {
                direct: AtomicU64::new(0),
                indirect: AtomicU64::new(0),
                threshold: AtomicU64::new(8 << 20),
                factor: AtomicU64::new(100.0_f64.to_bits()),
            }),
            defers: true,
            has_started: false,
            has_finished: false,
        }
    }

    /// A parser for what an `ExternalEntity` event refers to. `context` is the event's.
    pub fn external(&self, context: Option<&str>, encoding_name: Option<String>) -> Engine {
        let mut engine = Engine::new(encoding_name, None);
        engine.style = self.style;
        engine.base = self.base.clone();
        engine.parameter_entities = self.parameter_entities;
        engine.defers = self.defers;
        engine.expansion = self.expansion.clone();
        match context {
            Some(context) => {
                engine.kind = Kind::General;
                engine.dtd = Arc::new(Mutex::new(self.dtd.lock().clone()));
                let (namespaces, entities) = Namespaces::from_context(context);
                engine.namespaces = namespaces;
                let mut dtd = engine.dtd.lock();
                for name in entities {
                    if let Some(entity) = dtd.general.get_mut(name) {
                        entity.is_open = true;
                        engine.outer_entities.push(name.to_owned());
                    }
                }
                drop(dtd);
            }
            None => {
                engine.kind = Kind::Parameter;
                engine.dtd = self.dtd.clone();
                engine.dtd.lock().parameter_entity_read = true;
            }
        }
        engine
    }

    pub fn is_document(&self) -> bool {
        self.kind == Kind::Document
    }

    pub fn has_started(&self) -> bool {
        self.has_started
    }

    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    pub fn set_base(&mut self, base: Option<String>) {
        self.base = base;
    }

    pub fn set_encoding(&mut self, name: &str) {
        self.encoding_name = Some(name.to_owned());
    }

    pub fn set_with_prefix(&mut self, with_prefix: bool) {
        if let Some(style) = &mut self.style {
            style.with_prefix = with_prefix;
        }
    }

    pub fn set_parameter_entities(&mut self, which: ParameterEntities) {
        self.parameter_entities = which;
    }

    pub fn set_uses_foreign_dtd(&mut self, uses: bool) {
        self.uses_foreign_dtd = uses;
    }

    pub fn defers(&self) -> bool {
        self.defers
    }

    pub fn set_defers(&mut self, defers: bool) {
        self.defers = defers;
    }

    pub fn set_expansion_threshold(&mut self, bytes: u64) {
        self.expansion.threshold.store(bytes, Ordering::Relaxed);
    }

    pub fn set_expansion_factor(&mut self, factor: f64) {
        self.expansion
            .factor
            .store(factor.to_bits(), Ordering::Relaxed);
    }

    /// Where the event is that was fetched last, or the error.
    pub fn position(&self) -> Position {
        self.position
    }

    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Takes more of the document.
    ///
    /// # Errors
    /// There was an end, or an error, before.
    pub fn feed(&mut self, bytes: &[u8], is_last: bool) -> Parsed<()> {
        if self.has_finished || self.failure.is_some() {
            return self.fail_at(Code::FINISHED, self.position);
        }
        self.has_started = true;
        self.input.feed(bytes, is_last);
        self.event_at = 0;
        let counted = match self.kind {
            Kind::Document => &self.expansion.direct,
            Kind::General | Kind::Parameter => &self.expansion.indirect,
        };
        counted.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.check_expansion(0)
    }

    /// The next event. `wanted`: the handlers that are there now.
    ///
    /// # Errors
    /// The document is not well-formed, or an event was rejected.
    pub fn next(&mut self, wanted: Wanted) -> Parsed<Step> {
        self.wanted = wanted;
        self.question = None;
        let step = self.find_next();
        if let Err(failure) = &step {
            self.failure = Some(*failure);
            self.position = failure.position;
            self.queue.clear();
        }
        step
    }

    fn find_next(&mut self) -> Parsed<Step> {
        loop {
            if let Some(failure) = self.failure {
                return Err(failure);
            }
            if let Some((position, event)) = self.queue.pop_front() {
                self.position = position;
                self.question = match &event {
                    Event::NotStandalone => Some(Code::NOT_STANDALONE),
                    Event::ExternalEntity { .. } => Some(Code::EXTERNAL_ENTITY_HANDLING),
                    Event::UnknownEncoding(_) => Some(Code::UNKNOWN_ENCODING),
                    _ => None,
                };
                return Ok(Step::Event(event));
            }
            if let Some(pending) = self.pending.take() {
                self.resume(pending)?;
                continue;
            }
            match self.read()? {
                Progress::Again => {}
                Progress::NeedsInput => {
                    self.position = self.input.position();
                    return Ok(Step::NeedsInput);
                }
                Progress::Finished => {
                    self.has_finished = true;
                    self.position = self.input.position();
                    return Ok(Step::Finished);
                }
            }
        }
    }

    /// The event that was fetched last is an error.
    pub fn reject(&mut self) {
        if let Some(code) = self.question.take() {
            self.failure = Some(Failure {
                code,
                position: self.position,
            });
        }
    }

    /// The text from the event that was fetched last on, itself included.
    pub fn unread(&self) -> &str {
        self.input.text_from(self.event_at)
    }

    fn read(&mut self) -> Parsed<Progress> {
        if let Some(nested) = self.nested.last()
            && nested.at == nested.text.len()
        {
            return self.leave_entity();
        }
        if self.nested.is_empty() && self.stage != Stage::Start {
            if self.input.text().is_empty() {
                return self.end_of_input();
            }
            if self.defers && !self.input.is_worth_a_try() {
                return Ok(Progress::NeedsInput);
            }
        }
        if self.nested.is_empty() {
            self.position = self.input.position();
            self.event_at = self.input.used();
        }
        match self.stage {
            Stage::Start => self.read_start(),
            Stage::Prolog => self.read_prolog(),
            Stage::Subset => self.read_subset(),
            Stage::Content => self.read_content(),
            Stage::Cdata => self.read_cdata(),
            Stage::Epilog => self.read_epilog(),
        }
    }

    fn end_of_input(&mut self) -> Parsed<Progress> {
        if self.input.is_broken() {
            return self.fail(Code::INVALID_TOKEN, 0);
        }
        if !self.input.is_last() {
            return Ok(Progress::NeedsInput);
        }
        if self.input.is_cut_off() {
            return self.fail(self.cut_off(), 0);
        }
        match self.stage {
            Stage::Start | Stage::Prolog => self.fail(Code::NO_ELEMENTS, 0),
            Stage::Subset if self.kind != Kind::Parameter => self.fail(Code::NO_ELEMENTS, 0),
            Stage::Subset if self.sections > 0 => self.fail(Code::SYNTAX, 0),
            Stage::Content if self.kind == Kind::Document => self.fail(Code::NO_ELEMENTS, 0),
            Stage::Content if !self.tags.is_empty() => self.fail(Code::ASYNC_ENTITY, 0),
            Stage::Cdata => self.fail(Code::UNCLOSED_CDATA_SECTION, 0),
            Stage::Subset | Stage::Content | Stage::Epilog => Ok(Progress::Finished),
        }
    }

    fn cut_off(&self) -> Code {
        if self.input.encoding.is_wide() {
            Code::UNCLOSED_TOKEN
        } else {
            Code::PARTIAL_CHAR
        }
    }

    /// The text that is read now.
    fn text(&self) -> &str {
        match self.nested.last() {
            Some(nested) => &nested.text[nested.at..],
            None => self.input.text(),
        }
    }

    fn is_last(&self) -> bool {
        !self.nested.is_empty() || (self.input.is_last() && !self.input.is_broken())
    }

    fn take(&mut self, length: usize) {
        match self.nested.last_mut() {
            Some(nested) => nested.at += length,
            None => self.input.advance(length),
        }
    }

    fn tell(&mut self, event: Event) {
        self.queue.push_back((self.position, event));
    }

    /// Gives text as it is written to the default handler, if there is one.
    fn tell_default(&mut self, length: usize) {
        if self.wanted.contains(Wanted::DEFAULT) {
            let raw = self.text()[..length].to_owned();
            self.tell(Event::Default(raw));
        }
    }

    fn has_namespaces(&self) -> bool {
        self.style.is_some()
    }

    /// No token could be made of the text.
    fn fault(&mut self, fault: Fault) -> Parsed<Progress> {
        match fault {
            Fault::Wrong(code, offset) => self.fail(code, offset),
            Fault::Incomplete if !self.nested.is_empty() => {
                let is_parameter = self.nested.last().is_some_and(|nested| nested.is_parameter);
                let code = if is_parameter {
                    Code::INCOMPLETE_PE
                } else {
                    Code::UNCLOSED_TOKEN
                };
                self.fail(code, 0)
            }
            Fault::Incomplete if self.input.is_broken() => {
                self.fail(Code::INVALID_TOKEN, self.input.text().len())
            }
            Fault::Incomplete if !self.input.is_last() => {
                self.input.note_attempt();
                Ok(Progress::NeedsInput)
            }
            Fault::Incomplete if self.input.is_cut_off() => self.fail(self.cut_off(), 0),
            Fault::Incomplete => self.fail(Code::UNCLOSED_TOKEN, 0),
        }
    }

    /// An error so many bytes of text further on.
    fn fail<T>(&self, code: Code, offset: usize) -> Parsed<T> {
        let position = if self.nested.is_empty() {
            let text = self.input.text();
            let mut offset = offset.min(text.len());
            while !text.is_char_boundary(offset) {
                offset -= 1;
            }
            self.input.position_at(offset)
        } else {
            self.position
        };
        self.fail_at(code, position)
    }

    fn fail_at<T>(&self, code: Code, position: Position) -> Parsed<T> {
        Err(Failure { code, position })
    }

    /// Begins to read the text of an entity.
    fn enter_entity(&mut self, name: &str, is_parameter: bool, text: Arc<str>) -> Parsed<()> {
        self.check_expansion(text.len())?;
        if let Some(entity) = self.dtd.lock().entities(is_parameter).get_mut(name) {
            entity.is_open = true;
        }
        self.nested.push(Nested {
            text,
            at: 0,
            name: name.to_owned(),
            is_parameter,
            tags: self.tags.len(),
        });
        Ok(())
    }

    fn leave_entity(&mut self) -> Parsed<Progress> {
        let is_balanced = self
            .nested
            .last()
            .is_some_and(|nested| nested.is_parameter || nested.tags == self.tags.len());
        if !is_balanced {
            return self.fail(Code::ASYNC_ENTITY, 0);
        }
        if self.stage == Stage::Cdata {
            return self.fail(Code::UNCLOSED_CDATA_SECTION, 0);
        }
        if let Some(nested) = self.nested.pop()
            && let Some(entity) = self
                .dtd
                .lock()
                .entities(nested.is_parameter)
                .get_mut(&nested.name)
        {
            entity.is_open = false;
        }
        Ok(Progress::Again)
    }

    /// Counts text that is not in the document itself.
    fn check_expansion(&self, added: usize) -> Parsed<()> {
        let expansion = &self.expansion;
        let added = added as u64;
        let indirect = expansion.indirect.fetch_add(added, Ordering::Relaxed) + added;
        let direct = expansion.direct.load(Ordering::Relaxed);
        if indirect == 0 || direct + indirect < expansion.threshold.load(Ordering::Relaxed) {
            return Ok(());
        }
        let allowed = f64::from_bits(expansion.factor.load(Ordering::Relaxed));
        if (direct + indirect) as f64 / direct.max(1) as f64 > allowed {
            return self.fail(Code::AMPLIFICATION_LIMIT_BREACH, 0);
        }
        Ok(())
    }
}
