//! The Python object around the engine.
//!
//! The engine is held only to feed it and to fetch one event, never while a handler runs: handlers may
//! use the parser, and so may other threads, which then take turns in fetching events.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Maybe;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::engine::{Code, Engine, ParameterEntities, Position};
use super::handlers::{self, COUNT};
use super::{checked_factor, failed, raise};
use crate::bytes_like::BytesLike;
use crate::exclusive::Exclusive;

/// How much is read from a file at a time.
const CHUNK: usize = 2048;

/// Room for text that is collected, if a program does not say otherwise.
const BUFFER_SIZE: usize = 8192;

/// The payload of a parser. See the module's header.
#[pyclass(
    name = "xmlparser",
    module = "pyexpat",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "XML parser"
)]
pub struct Parser {
    pub engine: Exclusive<Engine>,
    pub handlers: [Field; COUNT],
    /// Names, so that each is one object.
    pub intern: Option<Ref<Dict>>,
    /// Calls of handlers that have not returned.
    pub running: AtomicUsize,
    /// Text is collected until something else comes.
    pub collects: AtomicBool,
    pub buffer_size: AtomicUsize,
    text: Mutex<String>,
    pub keeps_order: AtomicBool,
    pub only_specified: AtomicBool,
    with_prefix: AtomicBool,
}

impl Traverse for Parser {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for handler in &self.handlers {
            handler.traverse(visit);
        }
        if let Some(intern) = &self.intern {
            visit(intern.as_value());
        }
    }
}

impl Parser {
    fn new(engine: Engine, intern: Option<Ref<Dict>>) -> Parser {
        Parser {
            engine: Exclusive::new(engine),
            handlers: [const { Field::empty() }; COUNT],
            intern,
            running: AtomicUsize::new(0),
            collects: AtomicBool::new(false),
            buffer_size: AtomicUsize::new(BUFFER_SIZE),
            text: Mutex::new(String::new()),
            keeps_order: AtomicBool::new(false),
            only_specified: AtomicBool::new(false),
            with_prefix: AtomicBool::new(false),
        }
    }

    /// A parser for a document.
    pub fn for_document(
        cx: &Context,
        encoding: Option<String>,
        namespaces: Option<Option<char>>,
        intern: Option<Ref<Dict>>,
    ) -> PyResult<Ref<Parser>> {
        object::new(cx, Parser::new(Engine::new(encoding, namespaces), intern))
    }

    /// Works on the text that is collected. Nothing in `work` waits.
    pub fn locked_text<T>(&self, work: impl FnOnce(&mut String) -> T) -> T {
        work(&mut self.text.lock())
    }

    pub fn position(&self, cx: &Context) -> Position {
        self.engine.with(cx, 0, |engine| engine.position())
    }

    /// Takes more of the document, and calls handlers for what is in it.
    fn feed(cx: &Context, this: &Ref<Parser>, bytes: &[u8], is_last: bool) -> PyResult<()> {
        let fed = this
            .engine
            .with(cx, bytes.len(), |engine| engine.feed(bytes, is_last));
        fed.map_err(|failure| failed(cx, failure))?;
        handlers::drain(cx, this)
    }

    fn only_for_documents(&self, cx: &Context) -> PyResult<()> {
        if self.engine.with(cx, 0, |engine| engine.is_document()) {
            return Ok(());
        }
        let message = "parser must be a root parser";
        Err(raise(
            cx,
            message,
            Code::INVALID_ARGUMENT,
            self.position(cx),
        ))
    }

    fn has_started(&self, cx: &Context) -> bool {
        self.engine.with(cx, 0, |engine| engine.has_started())
    }
}

/// A getter or setter of a switch.
fn switch(cx: &Context, switch: &AtomicBool, value: Option<&Value>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(cx.runtime_error("Cannot delete attribute"));
    };
    switch.store(value.truth(cx)?, Ordering::Relaxed);
    Ok(())
}

fn number(cx: &Context, number: u64) -> PyResult<Value> {
    int::from_i64(cx, i64::try_from(number).unwrap_or(i64::MAX))
}

#[pymethods(tables(super::handlers::HANDLERS))]
impl Parser {
    /// Parse XML data.
    ///
    /// 'data' can be a bytes-like object or a string.  If it is a string,
    /// the encoding declaration in the XML data is ignored.
    /// 'isfinal' should be true at end of input.
    #[method("Parse(self, data, isfinal=False, /)")]
    fn parse(
        cx: &Context,
        this: &Ref<Parser>,
        data: &Value,
        isfinal: Maybe<bool>,
    ) -> PyResult<i64> {
        let is_last = isfinal.0.unwrap_or(false);
        if let Some(text) = data.downcast::<Str>() {
            let bytes = typhon_runtime::codec::encode(cx, text, "utf-8", "strict")?;
            this.engine
                .with(cx, 0, |engine| engine.set_encoding("utf-8"));
            Parser::feed(cx, this, &bytes, is_last)?;
        } else {
            let bytes = BytesLike::of(cx, data)?;
            Parser::feed(cx, this, bytes.bytes(), is_last)?;
        }
        Ok(1)
    }

    /// Parse XML data from a binary file-like object.
    ///
    /// Its read() method should return bytes.
    #[method("ParseFile(self, file, /)")]
    fn parse_file(cx: &Context, this: &Ref<Parser>, file: &Value) -> PyResult<i64> {
        let Some(read) = attribute::find(cx, file, Name::intern(cx, "read")?)? else {
            return Err(cx.type_error("argument must have 'read' attribute"));
        };
        loop {
            let piece = call::call(cx, &read, &[Value::small_int(CHUNK as i32)])?;
            let is_bytes = piece.downcast::<Bytes>().is_some();
            if !is_bytes && piece.downcast::<ByteArray>().is_none() {
                return Err(cx.type_error(format!(
                    "read() did not return a bytes object (type={})",
                    piece.type_name()
                )));
            }
            let piece = BytesLike::of(cx, &piece)?;
            let length = piece.bytes().len();
            if length > CHUNK {
                return Err(cx.value_error(format!(
                    "read() returned too much data: {CHUNK} bytes requested, {length} returned"
                )));
            }
            Parser::feed(cx, this, piece.bytes(), length == 0)?;
            if length == 0 {
                return Ok(1);
            }
        }
    }

    /// Set the base URL for the parser.
    #[method("SetBase(self, base, /)")]
    fn set_base(cx: &Context, this: &Ref<Parser>, base: &Ref<Str>) -> PyResult<()> {
        let base = Some(base.to_lossy().into());
        this.engine.with(cx, 0, |engine| engine.set_base(base));
        Ok(())
    }

    /// Return base URL string for the parser.
    #[method("GetBase(self, /)")]
    fn get_base(cx: &Context, this: &Ref<Parser>) -> PyResult<Option<String>> {
        Ok(this
            .engine
            .with(cx, 0, |engine| engine.base().map(str::to_owned)))
    }

    /// Return the input which generated the current event as bytes.
    ///
    /// The data is in the encoding of the entity which contains the text.
    /// It extends to the end of the currently buffered input, therefore it
    /// can contain also the data of the following events, and if the event
    /// was generated by a large amount of text, not all of it may be
    /// available.
    #[method("GetInputContext(self, /)")]
    fn get_input_context(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        handlers::input_context(cx, this)
    }

    /// Create a parser for parsing an external entity based on the information passed to the ExternalEntityRefHandler.
    #[method("ExternalEntityParserCreate(self, context, encoding=<unrepresentable>, /)")]
    fn external_entity_parser_create(
        cx: &Context,
        this: &Ref<Parser>,
        context: Option<&Ref<Str>>,
        encoding: Maybe<&Ref<Str>>,
    ) -> PyResult<Ref<Parser>> {
        let context = context.map(|context| context.to_lossy());
        let encoding = encoding.0.map(|encoding| encoding.to_lossy().into());
        let engine = this.engine.with(cx, 0, |engine| {
            engine.external(context.as_deref(), encoding)
        });
        let parser = Parser::new(engine, this.intern.clone());
        for (own, outer) in parser.handlers.iter().zip(&this.handlers) {
            own.set(outer.get());
        }
        for (own, outer) in [
            (&parser.collects, &this.collects),
            (&parser.keeps_order, &this.keeps_order),
            (&parser.only_specified, &this.only_specified),
            (&parser.with_prefix, &this.with_prefix),
        ] {
            own.store(outer.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let size = this.buffer_size.load(Ordering::Relaxed);
        parser.buffer_size.store(size, Ordering::Relaxed);
        object::new(cx, parser)
    }

    /// Controls parsing of parameter entities (including the external DTD subset).
    ///
    /// Possible flag values are XML_PARAM_ENTITY_PARSING_NEVER,
    /// XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE and
    /// XML_PARAM_ENTITY_PARSING_ALWAYS. Returns true if setting the flag
    /// was successful.
    #[method("SetParamEntityParsing(self, flag, /)")]
    fn set_param_entity_parsing(cx: &Context, this: &Ref<Parser>, flag: i32) -> PyResult<i64> {
        let which = match flag {
            1 => ParameterEntities::UnlessStandalone,
            2 => ParameterEntities::Always,
            _ => ParameterEntities::Never,
        };
        if this.has_started(cx) {
            return Ok(0);
        }
        this.engine
            .with(cx, 0, |engine| engine.set_parameter_entities(which));
        Ok(1)
    }

    /// Allows the application to provide an artificial external subset if one is not specified as part of the document instance.
    ///
    /// This readily allows the use of a 'default' document type controlled
    /// by the application, while still getting the advantage of providing
    /// document type information to the parser.  'flag' defaults to True if
    /// not provided.
    #[method("UseForeignDTD(self, flag=True, /)")]
    fn use_foreign_dtd(cx: &Context, this: &Ref<Parser>, flag: Maybe<bool>) -> PyResult<()> {
        if this.has_started(cx) {
            let code = Code::CANT_CHANGE_FEATURE_ONCE_PARSING;
            let position = this.position(cx);
            return Err(failed(cx, super::Failure { code, position }));
        }
        let uses = flag.0.unwrap_or(true);
        this.engine
            .with(cx, 0, |engine| engine.set_uses_foreign_dtd(uses));
        Ok(())
    }

    /// Enable/Disable reparse deferral; enabled by default with Expat >=2.6.0.
    #[method("SetReparseDeferralEnabled(self, enabled, /)")]
    fn set_reparse_deferral(cx: &Context, this: &Ref<Parser>, enabled: bool) -> PyResult<()> {
        this.engine.with(cx, 0, |engine| engine.set_defers(enabled));
        Ok(())
    }

    /// Retrieve reparse deferral enabled status; always returns false with Expat <2.6.0.
    #[method("GetReparseDeferralEnabled(self, /)")]
    fn get_reparse_deferral(cx: &Context, this: &Ref<Parser>) -> PyResult<bool> {
        Ok(this.engine.with(cx, 0, |engine| engine.defers()))
    }

    /// Sets the number of output bytes needed to activate protection against billion laughs attacks.
    ///
    /// The number of output bytes includes amplification from entity expansion
    /// and reading DTD files.
    ///
    /// Parser objects usually have a protection activation threshold of 8 MiB,
    /// but the actual default value depends on the underlying Expat library.
    ///
    /// Activation thresholds below 4 MiB are known to break support for DITA 1.3
    /// payload and are hence not recommended.
    #[method("SetBillionLaughsAttackProtectionActivationThreshold(self, threshold, /)")]
    fn set_expansion_threshold(
        cx: &Context,
        this: &Ref<Parser>,
        threshold: &Value,
    ) -> PyResult<()> {
        let threshold = int::index_as_i128(cx, threshold)?;
        if threshold < 0 {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        let Ok(threshold) = u64::try_from(threshold) else {
            return Err(
                cx.overflow_error("Python int too large to convert to C unsigned long long")
            );
        };
        this.only_for_documents(cx)?;
        this.engine
            .with(cx, 0, |engine| engine.set_expansion_threshold(threshold));
        Ok(())
    }

    /// Sets the maximum tolerated amplification factor for protection against billion laughs attacks.
    ///
    /// The amplification factor is calculated as "(direct + indirect) / direct"
    /// while parsing, where "direct" is the number of bytes read from the primary
    /// document in parsing and "indirect" is the number of bytes added by expanding
    /// entities and reading external DTD files, combined.
    ///
    /// The 'max_factor' value must be a non-NaN floating point value greater than
    /// or equal to 1.0. Amplification factors greater than 30,000 can be observed
    /// in the middle of parsing even with benign files in practice. In particular,
    /// the activation threshold should be carefully chosen to avoid false positives.
    ///
    /// Parser objects usually have a maximum amplification factor of 100,
    /// but the actual default value depends on the underlying Expat library.
    #[method("SetBillionLaughsAttackProtectionMaximumAmplification(self, max_factor, /)")]
    fn set_expansion_factor(cx: &Context, this: &Ref<Parser>, max_factor: f64) -> PyResult<()> {
        this.only_for_documents(cx)?;
        let factor = checked_factor(cx, this, max_factor)?;
        this.engine
            .with(cx, 0, |engine| engine.set_expansion_factor(factor));
        Ok(())
    }

    #[getter]
    fn intern(_cx: &Context, this: &Ref<Parser>) -> PyResult<Option<Ref<Dict>>> {
        Ok(this.intern.clone())
    }

    #[getter("CurrentLineNumber")]
    fn current_line(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        number(cx, this.position(cx).line)
    }

    #[getter("CurrentColumnNumber")]
    fn current_column(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        number(cx, this.position(cx).column)
    }

    #[getter("CurrentByteIndex")]
    fn current_byte(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        if !this.has_started(cx) {
            return Ok(Value::small_int(-1));
        }
        number(cx, this.position(cx).byte)
    }

    #[getter("ErrorLineNumber")]
    fn error_line(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        Parser::current_line(cx, this)
    }

    #[getter("ErrorColumnNumber")]
    fn error_column(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        Parser::current_column(cx, this)
    }

    #[getter("ErrorByteIndex")]
    fn error_byte(cx: &Context, this: &Ref<Parser>) -> PyResult<Value> {
        Parser::current_byte(cx, this)
    }

    #[getter("ErrorCode")]
    fn error_code(cx: &Context, this: &Ref<Parser>) -> PyResult<i64> {
        let failure = this.engine.with(cx, 0, |engine| engine.failure());
        Ok(failure.map_or(0, |failure| failure.code.0.into()))
    }

    #[getter]
    fn buffer_text(_cx: &Context, this: &Ref<Parser>) -> PyResult<bool> {
        Ok(this.collects.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_buffer_text(cx: &Context, this: &Ref<Parser>, value: Option<&Value>) -> PyResult<()> {
        let did = this.collects.load(Ordering::Relaxed);
        switch(cx, &this.collects, value)?;
        if did && !this.collects.load(Ordering::Relaxed) {
            handlers::flush_text(cx, this)?;
        }
        Ok(())
    }

    #[getter]
    fn buffer_size(_cx: &Context, this: &Ref<Parser>) -> PyResult<usize> {
        Ok(this.buffer_size.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_buffer_size(cx: &Context, this: &Ref<Parser>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.runtime_error("Cannot delete attribute"));
        };
        if int::as_bigint(value).is_none() {
            return Err(cx.type_error("buffer_size must be an integer"));
        }
        let size = int::index_as_i128(cx, value)?;
        if size <= 0 {
            return Err(cx.value_error("buffer_size must be greater than zero"));
        }
        let Some(size) = i32::try_from(size).ok().map(i32::unsigned_abs) else {
            return Err(
                cx.value_error(format!("buffer_size must not be greater than {}", i32::MAX))
            );
        };
        let size = size as usize;
        if size != this.buffer_size.load(Ordering::Relaxed) {
            handlers::flush_text(cx, this)?;
            this.buffer_size.store(size, Ordering::Relaxed);
        }
        Ok(())
    }

    #[getter]
    fn buffer_used(_cx: &Context, this: &Ref<Parser>) -> PyResult<usize> {
        Ok(this.locked_text(|text| text.len()))
    }

    #[getter]
    fn ordered_attributes(_cx: &Context, this: &Ref<Parser>) -> PyResult<bool> {
        Ok(this.keeps_order.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_ordered_attributes(
        cx: &Context,
        this: &Ref<Parser>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        switch(cx, &this.keeps_order, value)
    }

    #[getter]
    fn specified_attributes(_cx: &Context, this: &Ref<Parser>) -> PyResult<bool> {
        Ok(this.only_specified.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_specified_attributes(
        cx: &Context,
        this: &Ref<Parser>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        switch(cx, &this.only_specified, value)
    }

    #[getter]
    fn namespace_prefixes(_cx: &Context, this: &Ref<Parser>) -> PyResult<bool> {
        Ok(this.with_prefix.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_namespace_prefixes(
        cx: &Context,
        this: &Ref<Parser>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        switch(cx, &this.with_prefix, value)?;
        let with_prefix = this.with_prefix.load(Ordering::Relaxed);
        this.engine
            .with(cx, 0, |engine| engine.set_with_prefix(with_prefix));
        Ok(())
    }
}
