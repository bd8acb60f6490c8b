//! `SyntaxError`: where in which source text.

use typhon_macros::{pyclass, pymethods};

use super::{BaseException, field_attributes};
use crate::args::{Args, IntoValue};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{iterate, text};
use crate::value::Value;

/// The payload of `SyntaxError`.
#[pyclass(name = "SyntaxError", base = BaseException, python_base = super::exception(), flags(BASETYPE), doc = "Invalid syntax.")]
#[repr(C)]
pub struct SyntaxError {
    pub base: BaseException,
    pub message: Field,
    pub filename: Field,
    pub line: Field,
    pub offset: Field,
    pub text: Field,
    pub end_line: Field,
    pub end_offset: Field,
    pub print_file_and_line: Field,
    pub metadata: Field,
}

impl SyntaxError {
    fn fields(&self) -> [&Field; 9] {
        [
            &self.message,
            &self.filename,
            &self.line,
            &self.offset,
            &self.text,
            &self.end_line,
            &self.end_offset,
            &self.print_file_and_line,
            &self.metadata,
        ]
    }
}

impl Traverse for SyntaxError {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        for field in self.fields() {
            field.traverse(visit);
        }
    }
}

field_attributes!(FIELDS for SyntaxError {
    message = "msg" "exception msg",
    filename = "filename" "exception filename",
    line = "lineno" "exception lineno",
    offset = "offset" "exception offset",
    text = "text" "exception text",
    end_line = "end_lineno" "exception end lineno",
    end_offset = "end_offset" "exception end offset",
    print_file_and_line = "print_file_and_line" "exception print_file_and_line",
    metadata = "_metadata" "exception private metadata",
});

#[pymethods(tables(FIELDS))]
impl SyntaxError {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let payload = SyntaxError {
            base: BaseException::with_args(cx, args.positional())?,
            message: Field::empty(),
            filename: Field::empty(),
            line: Field::empty(),
            offset: Field::empty(),
            text: Field::empty(),
            end_line: Field::empty(),
            end_offset: Field::empty(),
            print_file_and_line: Field::empty(),
            metadata: Field::empty(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<SyntaxError>, args: Args<'_>) -> PyResult<()> {
        BaseException::initialize(cx, this.as_value(), args)?;
        let args = args.positional();
        if let Some(message) = args.first() {
            this.message.set(Some(message.clone()));
        }
        let [_, details] = args else { return Ok(()) };
        let details = iterate::collect(cx, details)?;
        let given = details.len();
        if given < 4 {
            return Err(cx.type_error(format!(
                "function takes at least 4 arguments ({given} given)"
            )));
        }
        if given > 7 {
            return Err(cx.type_error(format!(
                "function takes at most 7 arguments ({given} given)"
            )));
        }
        let places = [
            &this.filename,
            &this.line,
            &this.offset,
            &this.text,
            &this.end_line,
            &this.end_offset,
            &this.metadata,
        ];
        for (at, place) in places.into_iter().enumerate() {
            place.set(details.get(at).cloned());
        }
        if given == 5 {
            return Err(cx.type_error("end_offset must be provided when end_lineno is provided"));
        }
        Ok(())
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<SyntaxError>) -> PyResult<Value> {
        let message = text::str(cx, &this.message.get().unwrap_or(Value::NONE))?.to_string();
        let filename = this.filename.get().and_then(|name| {
            let name = name.downcast::<Str>()?.to_string();
            Some(name.rsplit('/').next().unwrap_or_default().to_owned())
        });
        let line = match this.line.get() {
            Some(line) if line.as_small_int().is_some() => Some(text::str(cx, &line)?.to_string()),
            _ => None,
        };
        let text = match (filename, line) {
            (Some(name), Some(line)) => format!("{message} ({name}, line {line})"),
            (Some(name), None) => format!("{message} ({name})"),
            (None, Some(line)) => format!("{message} (line {line})"),
            (None, None) => message,
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }
}

/// What a SyntaxError says. Lines and columns count from 1; columns in code points.
#[derive(Clone, Debug, Default)]
pub struct SyntaxErrorDetails {
    pub message: String,
    pub filename: String,
    pub line: usize,
    pub offset: i64,
    /// The source line, if it can be shown.
    pub text: Option<String>,
    /// The line and the offset of the end, if they are known.
    pub end: Option<(usize, i64)>,
}

/// Raises a SyntaxError, or what is derived from it.
#[cold]
pub fn raise_syntax_error(cx: &Context, class: &Ref<Type>, details: &SyntaxErrorDetails) -> Raised {
    let arguments = || -> PyResult<[Value; 2]> {
        let number = |number: usize| int::from_i64(cx, number as i64);
        let mut place = vec![
            details.filename.as_str().into_value(cx)?,
            number(details.line)?,
            int::from_i64(cx, details.offset)?,
            details.text.clone().into_value(cx)?,
        ];
        if let Some((line, offset)) = details.end {
            place.push(number(line)?);
            place.push(int::from_i64(cx, offset)?);
        }
        Ok([
            details.message.as_str().into_value(cx)?,
            Tuple::from_vec(cx, place)?.into_value(),
        ])
    };
    match arguments() {
        Ok(arguments) => cx.raise_with(class, &arguments),
        Err(raised) => raised,
    }
}
