//! `unicodedata`: the Unicode character database.
//!
//! Files: `database` (properties of code points), `normalization` (normal forms), `old` (the class of
//! `ucd_3_2_0`, which has the same functions), `tables` (data that no crate has).

mod database;
mod normalization;
mod old;
mod tables;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Maybe, Place};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::{exceptions, float, int};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module, object};

use crate::bytes_like::BytesLike;
use database::Version;
use normalization::Form;
use old::OldDatabase;
use typhon_compiler::character_names::LONGEST;

/// This module provides access to the Unicode Character Database which
/// defines character properties for all Unicode characters. The data in
/// this database is based on the UnicodeData.txt file version
/// 16.0.0 which is publicly available from ftp://ftp.unicode.org/.
///
/// The module uses the same names and symbols as defined by the
/// UnicodeData File Format 16.0.0.
#[pymodule(
    name = "unicodedata",
    functions(
        bidirectional,
        category,
        combining,
        decimal,
        decomposition,
        digit,
        east_asian_width,
        is_normalized,
        lookup,
        mirrored,
        name,
        normalize,
        numeric
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "UCD", class_of::<OldDatabase>(cx)?.clone())?;
    module::add(cx, this, "unidata_version", Version::New.text())?;
    module::add(cx, this, "ucd_3_2_0", object::new(cx, OldDatabase)?)
}

/// An argument that is a string of one code point.
struct Character(u32);

impl<'a> FromArgument<'a> for Character {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        const EXPECTED: &str = "a unicode character";
        let text = value
            .downcast::<Str>()
            .ok_or_else(|| place.wrong_type(cx, EXPECTED, value))?;
        if text.len() == 1 {
            return Ok(Character(text.code_point(0)));
        }
        let position = match place.position {
            0 => String::new(),
            position => format!(" {position}"),
        };
        Err(cx.type_error(format!(
            "{}(): argument{position} must be {EXPECTED}, not a string of length {}",
            place.function,
            text.len()
        )))
    }
}

/// KeyError with a message.
#[cold]
fn missing(cx: &Context, message: &str) -> Raised {
    cx.raise_message(exceptions::key_error(), message)
}

/// The default, or ValueError when there is none.
fn or_default(cx: &Context, default: Maybe<&Value>, message: &str) -> PyResult<Value> {
    default.0.cloned().ok_or_else(|| cx.value_error(message))
}

fn decimal_of(
    cx: &Context,
    version: Version,
    chr: Character,
    default: Maybe<&Value>,
) -> PyResult<Value> {
    match version.decimal(chr.0) {
        Some(value) => int::from_i64(cx, value),
        None => or_default(cx, default, "not a decimal"),
    }
}

fn digit_of(
    cx: &Context,
    version: Version,
    chr: Character,
    default: Maybe<&Value>,
) -> PyResult<Value> {
    match version.digit(chr.0) {
        Some(value) => int::from_i64(cx, value),
        None => or_default(cx, default, "not a digit"),
    }
}

fn numeric_of(
    cx: &Context,
    version: Version,
    chr: Character,
    default: Maybe<&Value>,
) -> PyResult<Value> {
    match version.numeric(chr.0) {
        Some(value) => float::from_f64(cx, value),
        None => or_default(cx, default, "not a numeric character"),
    }
}

fn name_of(
    cx: &Context,
    version: Version,
    chr: Character,
    default: Maybe<&Value>,
) -> PyResult<Value> {
    match version.name(chr.0) {
        Some(name) => Str::from_str(cx, &name).map(Ref::into_value),
        None => or_default(cx, default, "no such name"),
    }
}

fn character_named(cx: &Context, version: Version, name: &Value) -> PyResult<Ref<Str>> {
    let bytes;
    let text = match name.downcast::<Str>() {
        Some(text) => text.to_utf8(cx)?,
        None => {
            bytes = BytesLike::of(cx, name)?;
            String::from_utf8_lossy(bytes.bytes())
        }
    };
    if text.len() > LONGEST {
        return Err(missing(cx, "name too long"));
    }
    match version.lookup(&text) {
        Some(found) => Str::from_str(cx, &found),
        None => Err(missing(cx, &format!("undefined character name '{text}'"))),
    }
}

fn form_named(cx: &Context, form: &Ref<Str>) -> PyResult<Form> {
    form.as_ascii()
        .and_then(Form::named)
        .ok_or_else(|| invalid_form(cx))
}

#[cold]
fn invalid_form(cx: &Context) -> Raised {
    cx.value_error("invalid normalization form")
}

fn is_normal(cx: &Context, version: Version, form: &Ref<Str>, text: &Ref<Str>) -> PyResult<bool> {
    let form = form_named(cx, form)?;
    Ok(text.is_ascii() || form.is_normal(version, text.code_points()))
}

fn normal_form(
    cx: &Context,
    version: Version,
    form: &Ref<Str>,
    text: &Ref<Str>,
) -> PyResult<Ref<Str>> {
    let form = form_named(cx, form)?;
    if text.is_ascii() {
        // An instance of a derived class becomes a plain string.
        return text.substring(cx, 0, text.len());
    }
    Str::from_code_points(cx, &form.of(version, text.code_points()))
}

/// Returns the bidirectional class assigned to the character chr as string.
///
/// If no such value is defined, an empty string is returned.
#[pyfunction("bidirectional(chr, /)")]
fn bidirectional(_cx: &Context, chr: Character) -> PyResult<&'static str> {
    Ok(Version::New.direction(chr.0))
}

/// Returns the general category assigned to the character chr as string.
#[pyfunction("category(chr, /)")]
fn category(_cx: &Context, chr: Character) -> PyResult<&'static str> {
    Ok(Version::New.category(chr.0))
}

/// Returns the canonical combining class assigned to the character chr as integer.
///
/// Returns 0 if no combining class is defined.
#[pyfunction("combining(chr, /)")]
fn combining(_cx: &Context, chr: Character) -> PyResult<u8> {
    Ok(Version::New.combining_class(chr.0))
}

/// Returns the character decomposition mapping assigned to the character chr as string.
///
/// An empty string is returned in case no such mapping is defined.
#[pyfunction("decomposition(chr, /)")]
fn decomposition(_cx: &Context, chr: Character) -> PyResult<String> {
    Ok(Version::New.decomposition(chr.0))
}

/// Returns the east asian width assigned to the character chr as string.
#[pyfunction("east_asian_width(chr, /)")]
fn east_asian_width(_cx: &Context, chr: Character) -> PyResult<&'static str> {
    Ok(Version::New.width(chr.0))
}

/// Returns the mirrored property assigned to the character chr as integer.
///
/// Returns 1 if the character has been identified as a "mirrored"
/// character in bidirectional text, 0 otherwise.
#[pyfunction("mirrored(chr, /)")]
fn mirrored(_cx: &Context, chr: Character) -> PyResult<u8> {
    Ok(Version::New.is_mirrored(chr.0).into())
}

/// Converts a Unicode character into its equivalent decimal value.
///
/// Returns the decimal value assigned to the character chr as integer.
/// If no such value is defined, default is returned, or, if not given,
/// ValueError is raised.
#[pyfunction("decimal(chr, default=<unrepresentable>, /)")]
fn decimal(cx: &Context, chr: Character, default: Maybe<&Value>) -> PyResult<Value> {
    decimal_of(cx, Version::New, chr, default)
}

/// Converts a Unicode character into its equivalent digit value.
///
/// Returns the digit value assigned to the character chr as integer.
/// If no such value is defined, default is returned, or, if not given,
/// ValueError is raised.
#[pyfunction("digit(chr, default=<unrepresentable>, /)")]
fn digit(cx: &Context, chr: Character, default: Maybe<&Value>) -> PyResult<Value> {
    digit_of(cx, Version::New, chr, default)
}

/// Returns the name assigned to the character chr as a string.
///
/// If no name is defined, default is returned, or, if not given,
/// ValueError is raised.
#[pyfunction("name(chr, default=<unrepresentable>, /)")]
fn name(cx: &Context, chr: Character, default: Maybe<&Value>) -> PyResult<Value> {
    name_of(cx, Version::New, chr, default)
}

/// Converts a Unicode character into its equivalent numeric value.
///
/// Returns the numeric value assigned to the character chr as float.
/// If no such value is defined, default is returned, or, if not given,
/// ValueError is raised.
#[pyfunction("numeric(chr, default=<unrepresentable>, /)")]
fn numeric(cx: &Context, chr: Character, default: Maybe<&Value>) -> PyResult<Value> {
    numeric_of(cx, Version::New, chr, default)
}

/// Return whether the Unicode string unistr is in the normal form 'form'.
///
/// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
#[pyfunction("is_normalized(form, unistr, /)")]
fn is_normalized(cx: &Context, form: &Ref<Str>, unistr: &Ref<Str>) -> PyResult<bool> {
    is_normal(cx, Version::New, form, unistr)
}

/// Look up character by name.
///
/// If a character with the given name is found, return the
/// corresponding character.  If not found, KeyError is raised.
#[pyfunction("lookup(name, /)")]
fn lookup(cx: &Context, name: &Value) -> PyResult<Ref<Str>> {
    character_named(cx, Version::New, name)
}

/// Return the normal form 'form' for the Unicode string unistr.
///
/// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
#[pyfunction("normalize(form, unistr, /)")]
fn normalize(cx: &Context, form: &Ref<Str>, unistr: &Ref<Str>) -> PyResult<Ref<Str>> {
    normal_form(cx, Version::New, form, unistr)
}
