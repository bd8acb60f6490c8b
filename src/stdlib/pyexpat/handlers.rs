//! The handlers of a parser, and how events become calls of them.

use std::sync::atomic::Ordering;

use typhon_macros::pymethods;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{call, index};
use typhon_runtime::{Context, PyResult, Ref, Value, codec};

use super::engine::{Event, Model, Step, Table, Wanted};
use super::failed;
use super::parser::Parser;

macro_rules! handlers {
    ($($kind:ident $number:literal $name:literal $wanted:ident $get:ident $set:ident)*) => {
        /// Which handler.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Handler {
            $($kind = $number,)*
        }

        /// All of them, in order, with what they want to be told.
        static ALL: &[(Handler, Wanted)] = &[$((Handler::$kind, Wanted::$wanted),)*];

        #[pymethods(table = HANDLERS)]
        impl Parser {
            $(
                #[getter($name)]
                fn $get(_cx: &Context, this: &Ref<Parser>) -> PyResult<Option<Value>> {
                    Ok(this.handlers[$number].get())
                }

                #[setter($name)]
                fn $set(cx: &Context, this: &Ref<Parser>, value: Option<&Value>) -> PyResult<()> {
                    set(cx, this, Handler::$kind, value)
                }
            )*
        }
    };
}

/// How many there are.
pub const COUNT: usize = 22;

handlers! {
    StartElement 0 "StartElementHandler" START_ELEMENT get_start_element set_start_element
    EndElement 1 "EndElementHandler" END_ELEMENT get_end_element set_end_element
    Instruction 2 "ProcessingInstructionHandler" INSTRUCTION get_instruction set_instruction
    CharacterData 3 "CharacterDataHandler" CHARACTER_DATA get_character_data set_character_data
    UnparsedEntity 4 "UnparsedEntityDeclHandler" UNPARSED_ENTITY get_unparsed set_unparsed
    Notation 5 "NotationDeclHandler" NOTATION get_notation set_notation
    StartNamespace 6 "StartNamespaceDeclHandler" START_NAMESPACE get_start_namespace set_start_namespace
    EndNamespace 7 "EndNamespaceDeclHandler" END_NAMESPACE get_end_namespace set_end_namespace
    Comment 8 "CommentHandler" COMMENT get_comment set_comment
    StartCdata 9 "StartCdataSectionHandler" START_CDATA get_start_cdata set_start_cdata
    EndCdata 10 "EndCdataSectionHandler" END_CDATA get_end_cdata set_end_cdata
    Default 11 "DefaultHandler" DEFAULT get_default set_default
    DefaultExpand 12 "DefaultHandlerExpand" DEFAULT get_default_expand set_default_expand
    NotStandalone 13 "NotStandaloneHandler" NOT_STANDALONE get_not_standalone set_not_standalone
    ExternalEntity 14 "ExternalEntityRefHandler" EXTERNAL_ENTITY get_external set_external
    StartDoctype 15 "StartDoctypeDeclHandler" START_DOCTYPE get_start_doctype set_start_doctype
    EndDoctype 16 "EndDoctypeDeclHandler" END_DOCTYPE get_end_doctype set_end_doctype
    EntityDeclaration 17 "EntityDeclHandler" ENTITY_DECLARATION get_entity set_entity
    XmlDeclaration 18 "XmlDeclHandler" XML_DECLARATION get_xml set_xml
    ElementDeclaration 19 "ElementDeclHandler" ELEMENT_DECLARATION get_element set_element
    AttributeDeclaration 20 "AttlistDeclHandler" ATTRIBUTE_DECLARATION get_attribute set_attribute
    SkippedEntity 21 "SkippedEntityHandler" SKIPPED_ENTITY get_skipped set_skipped
}

fn set(
    cx: &Context,
    parser: &Ref<Parser>,
    handler: Handler,
    value: Option<&Value>,
) -> PyResult<()> {
    let Some(value) = value else {
        return Err(cx.runtime_error("Cannot delete attribute"));
    };
    if handler == Handler::CharacterData {
        // What was collected is for the handler that was there.
        flush_text(cx, parser)?;
    }
    parser.handlers[handler as usize].set(Some(value.clone()).filter(|value| !value.is_none()));
    Ok(())
}

/// What the engine is to tell.
fn wanted(parser: &Parser) -> Wanted {
    let mut wanted = Wanted::empty();
    for (handler, wants) in ALL {
        if !parser.handlers[*handler as usize].is_empty() {
            wanted |= *wants;
        }
    }
    // Those who ask for text as it is written get references as they are written.
    let is_set = |handler: Handler| !parser.handlers[handler as usize].is_empty();
    if is_set(Handler::Default) && !is_set(Handler::DefaultExpand) {
        wanted |= Wanted::KEEPS_REFERENCES;
    }
    wanted
}

/// Calls handlers for all that has been fed.
pub fn drain(cx: &Context, parser: &Ref<Parser>) -> PyResult<()> {
    loop {
        let wanted = wanted(parser);
        let step = parser.engine.with(cx, 0, |engine| engine.next(wanted));
        match step {
            Err(failure) => return Err(failed(cx, failure)),
            Ok(Step::NeedsInput | Step::Finished) => return flush_text(cx, parser),
            Ok(Step::Event(event)) => {
                let handled = handle(cx, parser, event);
                if handled.is_err() {
                    // Nobody is told of the rest.
                    for handler in &parser.handlers {
                        handler.set(None);
                    }
                }
                handled?;
            }
        }
    }
}

/// Hands over the text that was collected.
pub fn flush_text(cx: &Context, parser: &Ref<Parser>) -> PyResult<()> {
    let text = parser.locked_text(std::mem::take);
    if text.is_empty() {
        return Ok(());
    }
    tell_text(cx, parser, &text)
}

fn tell_text(cx: &Context, parser: &Ref<Parser>, text: &str) -> PyResult<()> {
    match parser.handlers[Handler::CharacterData as usize].get() {
        Some(handler) => run(cx, parser, &handler, &[text_value(cx, text)?]).map(drop),
        None => Ok(()),
    }
}

fn text(cx: &Context, parser: &Ref<Parser>, text: String) -> PyResult<()> {
    if !parser.collects.load(Ordering::Relaxed) {
        return tell_text(cx, parser, &text);
    }
    let room = parser.buffer_size.load(Ordering::Relaxed);
    let does_fit = |parser: &Ref<Parser>| {
        parser.locked_text(|collected| {
            let fits = collected.len() + text.len() <= room;
            if fits {
                collected.push_str(&text);
            }
            fits
        })
    };
    if does_fit(parser) {
        return Ok(());
    }
    flush_text(cx, parser)?;
    if does_fit(parser) {
        return Ok(());
    }
    tell_text(cx, parser, &text)
}

fn text_value(cx: &Context, text: &str) -> PyResult<Value> {
    Str::from_str(cx, text).map(Ref::into_value)
}

fn optional(cx: &Context, text: Option<String>) -> PyResult<Value> {
    match text {
        Some(text) => text_value(cx, &text),
        None => Ok(Value::NONE),
    }
}

/// A name, which is the same object each time.
fn name(cx: &Context, parser: &Parser, name: &str) -> PyResult<Value> {
    let name = text_value(cx, name)?;
    match &parser.intern {
        Some(known) => known.set_default(cx, &name, &name),
        None => Ok(name),
    }
}

fn optional_name(cx: &Context, parser: &Parser, text: Option<String>) -> PyResult<Value> {
    match text {
        Some(text) => name(cx, parser, &text),
        None => Ok(Value::NONE),
    }
}

fn run(
    cx: &Context,
    parser: &Ref<Parser>,
    handler: &Value,
    arguments: &[Value],
) -> PyResult<Value> {
    parser.running.fetch_add(1, Ordering::Relaxed);
    let result = call::call(cx, handler, arguments);
    parser.running.fetch_sub(1, Ordering::Relaxed);
    result
}

/// Calls the handler of an event, if it is still there.
fn handle(cx: &Context, parser: &Ref<Parser>, event: Event) -> PyResult<()> {
    let which = match &event {
        Event::Text(_) => Handler::CharacterData,
        Event::StartElement { .. } => Handler::StartElement,
        Event::EndElement { .. } => Handler::EndElement,
        Event::Default(_) if !parser.handlers[Handler::DefaultExpand as usize].is_empty() => {
            Handler::DefaultExpand
        }
        Event::Default(_) => Handler::Default,
        Event::Comment(_) => Handler::Comment,
        Event::Instruction { .. } => Handler::Instruction,
        Event::StartCdata => Handler::StartCdata,
        Event::EndCdata => Handler::EndCdata,
        Event::StartNamespace { .. } => Handler::StartNamespace,
        Event::EndNamespace { .. } => Handler::EndNamespace,
        Event::XmlDeclaration { .. } => Handler::XmlDeclaration,
        Event::StartDoctype { .. } => Handler::StartDoctype,
        Event::EndDoctype => Handler::EndDoctype,
        Event::ElementDeclaration { .. } => Handler::ElementDeclaration,
        Event::AttributeDeclaration { .. } => Handler::AttributeDeclaration,
        Event::EntityDeclaration { .. } => Handler::EntityDeclaration,
        Event::UnparsedEntity { .. } => Handler::UnparsedEntity,
        Event::Notation { .. } => Handler::Notation,
        Event::SkippedEntity { .. } => Handler::SkippedEntity,
        Event::NotStandalone => Handler::NotStandalone,
        Event::ExternalEntity { .. } => Handler::ExternalEntity,
        Event::UnknownEncoding(encoding) => return find_table(cx, parser, encoding),
    };
    let Some(handler) = parser.handlers[which as usize].get() else {
        return Ok(());
    };
    if let Event::Text(data) = event {
        return text(cx, parser, data);
    }
    flush_text(cx, parser)?;
    let is_question = matches!(event, Event::NotStandalone | Event::ExternalEntity { .. });
    let arguments = arguments(cx, parser, event)?;
    let answer = run(cx, parser, &handler, &arguments)?;
    if is_question && index::as_index(cx, &answer)? == 0 {
        parser.engine.with(cx, 0, |engine| engine.reject());
    }
    Ok(())
}

fn arguments(cx: &Context, parser: &Ref<Parser>, event: Event) -> PyResult<Vec<Value>> {
    Ok(match event {
        Event::StartElement {
            name: element,
            attributes,
            specified,
        } => vec![
            name(cx, parser, &element)?,
            self::attributes(cx, parser, attributes, specified)?,
        ],
        Event::EndElement { name: element } => vec![name(cx, parser, &element)?],
        Event::Text(data) | Event::Default(data) | Event::Comment(data) => {
            vec![text_value(cx, &data)?]
        }
        Event::Instruction { target, data } => {
            vec![name(cx, parser, &target)?, text_value(cx, &data)?]
        }
        Event::StartCdata
        | Event::EndCdata
        | Event::EndDoctype
        | Event::NotStandalone
        | Event::UnknownEncoding(_) => Vec::new(),
        Event::StartNamespace { prefix, uri } => vec![
            optional_name(cx, parser, prefix)?,
            optional_name(cx, parser, uri)?,
        ],
        Event::EndNamespace { prefix } => vec![optional_name(cx, parser, prefix)?],
        Event::XmlDeclaration {
            version,
            encoding,
            standalone,
        } => vec![
            optional(cx, version)?,
            optional(cx, encoding)?,
            Value::small_int(standalone),
        ],
        Event::StartDoctype {
            name: doctype,
            system,
            public,
            has_subset,
        } => vec![
            name(cx, parser, &doctype)?,
            optional_name(cx, parser, system)?,
            optional_name(cx, parser, public)?,
            Value::small_int(has_subset.into()),
        ],
        Event::ElementDeclaration {
            name: element,
            model,
        } => vec![
            name(cx, parser, &element)?,
            model_value(cx, parser, &model)?,
        ],
        Event::AttributeDeclaration {
            element,
            attribute,
            kind,
            default,
            is_required,
        } => vec![
            name(cx, parser, &element)?,
            name(cx, parser, &attribute)?,
            text_value(cx, &kind)?,
            optional(cx, default)?,
            Value::small_int(is_required.into()),
        ],
        Event::EntityDeclaration {
            name: entity,
            is_parameter,
            value,
            base,
            system,
            public,
            notation,
        } => vec![
            name(cx, parser, &entity)?,
            Value::small_int(is_parameter.into()),
            optional(cx, value)?,
            optional_name(cx, parser, base)?,
            optional_name(cx, parser, system)?,
            optional_name(cx, parser, public)?,
            optional_name(cx, parser, notation)?,
        ],
        Event::UnparsedEntity {
            name: entity,
            base,
            system,
            public,
            notation,
        } => vec![
            name(cx, parser, &entity)?,
            optional_name(cx, parser, base)?,
            optional_name(cx, parser, system)?,
            optional_name(cx, parser, public)?,
            name(cx, parser, &notation)?,
        ],
        Event::Notation {
            name: notation,
            base,
            system,
            public,
        } => vec![
            name(cx, parser, &notation)?,
            optional_name(cx, parser, base)?,
            optional_name(cx, parser, system)?,
            optional_name(cx, parser, public)?,
        ],
        Event::SkippedEntity {
            name: entity,
            is_parameter,
        } => vec![
            name(cx, parser, &entity)?,
            Value::small_int(is_parameter.into()),
        ],
        Event::ExternalEntity {
            context,
            base,
            system,
            public,
        } => vec![
            optional(cx, context)?,
            optional_name(cx, parser, base)?,
            optional_name(cx, parser, system)?,
            optional_name(cx, parser, public)?,
        ],
    })
}

/// A dict, or a list of names and values in turn.
fn attributes(
    cx: &Context,
    parser: &Ref<Parser>,
    mut attributes: Vec<(String, String)>,
    specified: usize,
) -> PyResult<Value> {
    if parser.only_specified.load(Ordering::Relaxed) {
        attributes.truncate(specified);
    }
    if parser.keeps_order.load(Ordering::Relaxed) {
        let list = List::new(cx)?;
        for (attribute, value) in attributes {
            list.push(cx, name(cx, parser, &attribute)?)?;
            list.push(cx, text_value(cx, &value)?)?;
        }
        return Ok(list.into_value());
    }
    let dict = Dict::new(cx)?;
    for (attribute, value) in attributes {
        let attribute = name(cx, parser, &attribute)?;
        dict.set_item(cx, &attribute, text_value(cx, &value)?)?;
    }
    Ok(dict.into_value())
}

/// How deep a content model may be to be shown as tuples in tuples.
const MODEL_DEPTH: usize = 500;

/// A content model as tuples: kind, quantity, name, children. Children come after their parents in the
/// list, so that the last are made first.
fn model_value(cx: &Context, parser: &Ref<Parser>, model: &Model) -> PyResult<Value> {
    let mut depths = vec![0_usize; model.len()];
    for (part, node) in model.iter().enumerate() {
        for child in &node.children {
            depths[*child] = depths[part] + 1;
        }
    }
    if depths.iter().any(|depth| *depth > MODEL_DEPTH) {
        return Err(cx.recursion_error("maximum recursion depth exceeded in conv_content_model"));
    }
    let mut made: Vec<Option<Value>> = vec![None; model.len()];
    for (part, node) in model.iter().enumerate().rev() {
        let mut children = Vec::with_capacity(node.children.len());
        for child in &node.children {
            children.extend(made[*child].take());
        }
        let tuple = vec![
            Value::small_int(node.kind as i32),
            Value::small_int(node.quantity as i32),
            optional_name(cx, parser, node.name.clone())?,
            Tuple::from_vec(cx, children)?.into_value(),
        ];
        made[part] = Some(Tuple::from_vec(cx, tuple)?.into_value());
    }
    Ok(made.into_iter().next().flatten().unwrap_or(Value::NONE))
}

/// The characters of an encoding that Python knows and the engine does not.
fn find_table(cx: &Context, parser: &Ref<Parser>, encoding: &str) -> PyResult<()> {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let text = codec::decode(cx, &all, encoding, "replace")?;
    let characters: Vec<u32> = text.code_points().collect();
    let mut table: Table = Box::new([None; 256]);
    if characters.len() != table.len() {
        return Err(cx.value_error("multi-byte encodings are not supported"));
    }
    for (character, point) in table.iter_mut().zip(characters) {
        *character = char::from_u32(point).filter(|character| *character != '\u{FFFD}');
    }
    parser.engine.with(cx, 0, |engine| engine.set_table(table));
    Ok(())
}

/// The input from the event on that is being handled.
pub fn input_context(cx: &Context, parser: &Ref<Parser>) -> PyResult<Value> {
    if parser.running.load(Ordering::Relaxed) == 0 {
        return Ok(Value::NONE);
    }
    let text = parser
        .engine
        .with(cx, 0, |engine| engine.unread().to_owned());
    Bytes::from_slice(cx, text.as_bytes()).map(Ref::into_value)
}
