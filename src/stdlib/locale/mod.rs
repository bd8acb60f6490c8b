//! `_locale`: the C library's locale, for `locale` and `gettext`.
//!
//! Texts of the C library are decoded as names of files are: the locale's encoding is UTF-8 for all that
//! this interpreter reads and writes.

mod system;

use std::ffi::{CStr, CString};

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::codec;
use typhon_runtime::format_spec::{self, Conventions};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::exception_class::ExceptionClass;

static ERROR: ExceptionClass = ExceptionClass::new("locale", "Error", exceptions::exception);

const CATEGORIES: [(&str, i32); 7] = [
    ("LC_CTYPE", libc::LC_CTYPE),
    ("LC_NUMERIC", libc::LC_NUMERIC),
    ("LC_TIME", libc::LC_TIME),
    ("LC_COLLATE", libc::LC_COLLATE),
    ("LC_MONETARY", libc::LC_MONETARY),
    ("LC_MESSAGES", libc::LC_MESSAGES),
    ("LC_ALL", libc::LC_ALL),
];

/// Support for POSIX locales.
#[pymodule(
    name = "_locale",
    functions(
        setlocale,
        localeconv,
        nl_langinfo,
        strcoll,
        strxfrm,
        getencoding,
        gettext,
        dgettext,
        dcgettext,
        textdomain,
        bindtextdomain,
        bind_textdomain_codeset
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (name, category) in CATEGORIES {
        module::add(cx, this, name, category)?;
    }
    module::add(cx, this, "CHAR_MAX", i32::from(libc::c_char::MAX))?;
    for (name, item) in system::ITEMS {
        module::add(cx, this, name, *item)?;
    }
    module::add(cx, this, "Error", ERROR.get(cx)?.clone())?;
    // Characters are the environment's from the start; what is plain gives way to UTF-8 (PEP 538).
    let set = system::set(libc::LC_CTYPE, Some(c""));
    if set.is_none_or(|name| matches!(name.to_bytes(), b"C" | b"POSIX")) {
        system::set(libc::LC_CTYPE, Some(c"C.UTF-8"));
    }
    Ok(())
}

#[cold]
fn error(cx: &Context, message: &str) -> Raised {
    let raised = ERROR
        .get(cx)
        .and_then(|class| Ok((class, Str::from_str(cx, message)?)));
    match raised {
        Ok((class, message)) => cx.raise_with(class, &[message.into_value()]),
        Err(raised) => raised,
    }
}

/// A text for the C library.
fn c_text(cx: &Context, text: &Ref<Str>) -> PyResult<CString> {
    CString::new(text.to_utf8(cx)?.as_bytes())
        .map_err(|_| cx.value_error("embedded null character"))
}

fn optional_c_text(cx: &Context, text: Option<&Ref<Str>>) -> PyResult<Option<CString>> {
    text.map(|text| c_text(cx, text)).transpose()
}

fn decoded(cx: &Context, text: &CStr) -> PyResult<Ref<Str>> {
    codec::decode_file_name(cx, text.to_bytes())
}

/// The characters of a text for the functions of wide characters.
fn points(cx: &Context, text: &Ref<Str>) -> PyResult<Vec<u32>> {
    let points: Vec<u32> = text.code_points().collect();
    if points.contains(&0) {
        return Err(cx.value_error("embedded null character"));
    }
    Ok(points)
}

/// Activates/queries locale processing.
#[pyfunction("setlocale(category, locale=None, /)")]
fn setlocale(cx: &Context, category: i32, locale: Maybe<Option<&Ref<Str>>>) -> PyResult<Ref<Str>> {
    let locale = optional_c_text(cx, locale.0.flatten())?;
    match system::set(category, locale.as_deref()) {
        Some(set) => {
            if locale.is_some() && matches!(category, libc::LC_ALL | libc::LC_NUMERIC) {
                tell_formatting(cx)?;
            }
            decoded(cx, &set)
        }
        None if locale.is_some() => Err(error(cx, "unsupported locale setting")),
        None => Err(error(cx, "locale query failed")),
    }
}

/// Lets `format(number, "n")` follow what the locale says of numbers.
fn tell_formatting(cx: &Context) -> PyResult<()> {
    let told = system::conventions();
    let text = |wanted: &str| {
        let found = told.texts.iter().find(|(name, _)| *name == wanted);
        found.map_or(Ok(String::new()), |(_, text)| {
            Ok(decoded(cx, text)?.to_lossy().into_owned())
        })
    };
    let grouping = told.groupings.iter().find(|(name, _)| *name == "grouping");
    format_spec::set_conventions(Conventions {
        decimal_point: text("decimal_point")?,
        thousands_separator: text("thousands_sep")?,
        grouping: grouping.map_or_else(Vec::new, |(_, sizes)| sizes.to_bytes().to_vec()),
    });
    Ok(())
}

/// The sizes of groups: up to the end of the list, which is told too.
fn grouping(cx: &Context, sizes: &CStr) -> PyResult<Value> {
    let mut listed = Vec::new();
    for size in sizes.to_bytes_with_nul() {
        if *size == 0 && listed.is_empty() {
            break;
        }
        listed.push(int::from_i64(cx, i64::from(*size))?);
        if i32::from(*size) == i32::from(libc::c_char::MAX) {
            break;
        }
    }
    List::from_values(cx, listed).map(Ref::into_value)
}

/// Returns numeric and monetary locale-specific parameters.
#[pyfunction("localeconv()")]
fn localeconv(cx: &Context) -> PyResult<Ref<Dict>> {
    let told = system::conventions();
    let all = Dict::new(cx)?;
    for (name, text) in &told.texts {
        all.set_name(cx, Name::intern(cx, name)?, decoded(cx, text)?.into_value())?;
    }
    for (name, sizes) in &told.groupings {
        all.set_name(cx, Name::intern(cx, name)?, grouping(cx, sizes)?)?;
    }
    for (name, number) in told.numbers {
        let number = int::from_i64(cx, i64::from(number))?;
        all.set_name(cx, Name::intern(cx, name)?, number)?;
    }
    Ok(all)
}

/// Return the value for the locale information associated with key.
#[pyfunction("nl_langinfo(key, /)")]
fn nl_langinfo(cx: &Context, key: i32) -> PyResult<Ref<Str>> {
    if !system::ITEMS.iter().any(|(_, item)| *item == key) {
        return Err(cx.value_error("unsupported langinfo constant"));
    }
    let text = system::information(key).unwrap_or_default();
    decoded(cx, &text)
}

/// Compares two strings according to the locale.
#[pyfunction("strcoll(os1, os2, /)")]
fn strcoll(cx: &Context, os1: &Ref<Str>, os2: &Ref<Str>) -> PyResult<i32> {
    Ok(system::compare(&points(cx, os1)?, &points(cx, os2)?))
}

/// Return a string that can be used as a key for locale-aware comparisons.
#[pyfunction("strxfrm(string, /)")]
fn strxfrm(cx: &Context, string: &Ref<Str>) -> PyResult<Ref<Str>> {
    let key = system::key(&points(cx, string)?);
    if let Some(unit) = key.iter().find(|unit| **unit > char::MAX as u32) {
        let message = format!("character U+{unit:x} is not in range [U+0000; U+10ffff]");
        return Err(cx.value_error(message));
    }
    Str::from_code_points(cx, &key)
}

/// Get the current locale encoding.
#[pyfunction("getencoding()")]
fn getencoding(_cx: &Context) -> PyResult<&'static str> {
    Ok(crate::io::open::locale_encoding())
}

/// gettext(msg) -> string
///
/// Return translation of msg.
#[pyfunction("gettext(msg, /)")]
fn gettext(cx: &Context, msg: &Ref<Str>) -> PyResult<Ref<Str>> {
    let message = c_text(cx, msg)?;
    decoded(cx, &system::translation(None, &message, libc::LC_MESSAGES))
}

/// dgettext(domain, msg) -> string
///
/// Return translation of msg in domain.
#[pyfunction("dgettext(domain, msg, /)")]
fn dgettext(cx: &Context, domain: Option<&Ref<Str>>, msg: &Ref<Str>) -> PyResult<Ref<Str>> {
    dcgettext(cx, domain, msg, libc::LC_MESSAGES)
}

/// Return translation of msg in domain and category.
#[pyfunction("dcgettext(domain, msg, category, /)")]
fn dcgettext(
    cx: &Context,
    domain: Option<&Ref<Str>>,
    msg: &Ref<Str>,
    category: i32,
) -> PyResult<Ref<Str>> {
    let domain = optional_c_text(cx, domain)?;
    let message = c_text(cx, msg)?;
    decoded(
        cx,
        &system::translation(domain.as_deref(), &message, category),
    )
}

/// Set the C library's textdmain to domain, returning the new domain.
#[pyfunction("textdomain(domain, /)")]
fn textdomain(cx: &Context, domain: Option<&Ref<Str>>) -> PyResult<Ref<Str>> {
    let domain = optional_c_text(cx, domain)?;
    let set = system::set_domain(domain.as_deref());
    decoded(cx, &set.unwrap_or_default())
}

fn named_domain(cx: &Context, domain: &Ref<Str>) -> PyResult<CString> {
    let domain = c_text(cx, domain)?;
    if domain.is_empty() {
        return Err(error(cx, "domain must be a non-empty string"));
    }
    Ok(domain)
}

/// Bind the C library's domain to dir.
#[pyfunction("bindtextdomain(domain, dir, /)")]
fn bindtextdomain(
    cx: &Context,
    domain: &Ref<Str>,
    dir: Option<&Ref<Str>>,
) -> PyResult<Option<Ref<Str>>> {
    let domain = named_domain(cx, domain)?;
    let folder = optional_c_text(cx, dir)?;
    let set = system::set_folder(&domain, folder.as_deref());
    set.map(|set| decoded(cx, &set)).transpose()
}

/// Bind the C library's domain to codeset.
#[pyfunction("bind_textdomain_codeset(domain, codeset, /)")]
fn bind_textdomain_codeset(
    cx: &Context,
    domain: &Ref<Str>,
    codeset: Option<&Ref<Str>>,
) -> PyResult<Option<Ref<Str>>> {
    let domain = c_text(cx, domain)?;
    let codeset = optional_c_text(cx, codeset)?;
    let set = system::set_codeset(&domain, codeset.as_deref());
    set.map(|set| decoded(cx, &set)).transpose()
}
