//! Certificates as Python programs see them: the dict of `getpeercert()`, and the class `Certificate`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::hash;
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::certificate::{
    AUTHORITY_INFORMATION, Certificate as Parsed, DISTRIBUTION_POINTS, name_parts,
};
use super::der::{self, Element};
use super::identifiers::long_name;
use super::pem;

/// The ways to write a certificate.
pub const ENCODING_PEM: i32 = 1;
pub const ENCODING_DER: i32 = 2;

fn strings(cx: &Context, parts: &[&str]) -> PyResult<Value> {
    let values: PyResult<Vec<_>> = parts.iter().map(|part| part.into_value(cx)).collect();
    Ok(Tuple::from_vec(cx, values?)?.into_value())
}

/// A name: a tuple of rows, which are tuples of pairs.
fn name(cx: &Context, name: &[u8]) -> PyResult<Value> {
    let mut rows = Vec::new();
    for row in name_parts(name) {
        let pairs: PyResult<Vec<_>> = row
            .iter()
            .map(|(kind, text)| strings(cx, &[&long_name(kind), text]))
            .collect();
        rows.push(Tuple::from_vec(cx, pairs?)?.into_value());
    }
    Ok(Tuple::from_vec(cx, rows)?.into_value())
}

fn address(bytes: &[u8]) -> String {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ipv4Addr::from(bytes).to_string();
    }
    if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
        let groups = Ipv6Addr::from(bytes).segments();
        let groups: Vec<_> = groups.iter().map(|group| format!("{group:X}")).collect();
        return groups.join(":");
    }
    "<invalid>".to_owned()
}

fn alternative_name(cx: &Context, element: &Element<'_>) -> PyResult<Value> {
    const OTHER: u8 = der::constructed(0);
    const MAIL: u8 = der::primitive(1);
    const HOST: u8 = der::primitive(2);
    const X400: u8 = der::constructed(3);
    const DIRECTORY: u8 = der::constructed(4);
    const PARTY: u8 = der::constructed(5);
    const LINK: u8 = der::primitive(6);
    const ADDRESS: u8 = der::primitive(7);
    const REGISTERED: u8 = der::primitive(8);
    let text = String::from_utf8_lossy(element.content);
    let (kind, text) = match element.tag {
        DIRECTORY => {
            let pair = vec!["DirName".into_value(cx)?, name(cx, element.content)?];
            return Ok(Tuple::from_vec(cx, pair)?.into_value());
        }
        OTHER => ("othername", "<unsupported>".into()),
        MAIL => ("email", text),
        HOST => ("DNS", text),
        X400 => ("X400Name", "<unsupported>".into()),
        PARTY => ("EdiPartyName", "<unsupported>".into()),
        LINK => ("URI", text),
        ADDRESS => ("IP Address", address(element.content).into()),
        REGISTERED => ("Registered ID", der::dotted(element.content).into()),
        _ => ("Unknown", "<invalid>".into()),
    };
    strings(cx, &[kind, &text])
}

/// 1.3.6.1.5.5.7.48, then 1 for OCSP and 2 for the issuers.
fn information(certificate: &Parsed, last: u8) -> Vec<String> {
    let wanted = [0x2B, 6, 1, 5, 5, 7, 48, last];
    let mut found = Vec::new();
    let Some(list) = certificate
        .extension(AUTHORITY_INFORMATION)
        .and_then(|extension| der::only(&extension.content, der::SEQUENCE))
    else {
        return found;
    };
    let mut entries = list.elements();
    while let Some(entry) = entries.one(der::SEQUENCE) {
        let mut parts = entry.elements();
        if let (Some(method), Some(place)) = (parts.one(der::OBJECT_IDENTIFIER), parts.any())
            && method.content == wanted
            && place.tag == der::primitive(6)
        {
            found.push(String::from_utf8_lossy(place.content).into_owned());
        }
    }
    found
}

fn distribution_points(certificate: &Parsed) -> Vec<String> {
    let mut found = Vec::new();
    let Some(list) = certificate
        .extension(DISTRIBUTION_POINTS)
        .and_then(|extension| der::only(&extension.content, der::SEQUENCE))
    else {
        return found;
    };
    let mut points = list.elements();
    while let Some(point) = points.one(der::SEQUENCE) {
        let names = point
            .elements()
            .optional(der::constructed(0))
            .and_then(|point| point.elements().optional(der::constructed(0)));
        let Some(names) = names else {
            continue;
        };
        let mut names = names.elements();
        while let Some(name) = names.any() {
            if name.tag == der::primitive(6) {
                found.push(String::from_utf8_lossy(name.content).into_owned());
            }
        }
    }
    found
}

/// The dict that `getpeercert()` gives.
pub fn decode(cx: &Context, certificate: &Parsed) -> PyResult<Value> {
    let dict = Dict::new(cx)?;
    let set = |key: &str, value: Value| dict.set_item(cx, &key.into_value(cx)?, value);
    set("subject", name(cx, &certificate.subject)?)?;
    set("issuer", name(cx, &certificate.issuer)?)?;
    set("version", certificate.version.into_value(cx)?)?;
    // A byte that only says that the number is not negative is not shown.
    let serial = match certificate.serial.as_slice() {
        [0, rest @ ..] if !rest.is_empty() => rest,
        serial => serial,
    };
    let serial: String = serial.iter().map(|byte| format!("{byte:02X}")).collect();
    set("serialNumber", serial.into_value(cx)?)?;
    set(
        "notBefore",
        certificate.not_before.to_string().into_value(cx)?,
    )?;
    set(
        "notAfter",
        certificate.not_after.to_string().into_value(cx)?,
    )?;
    let names = certificate.alternative_names();
    if !names.is_empty() {
        let names: PyResult<Vec<_>> = names.iter().map(|it| alternative_name(cx, it)).collect();
        set("subjectAltName", Tuple::from_vec(cx, names?)?.into_value())?;
    }
    for (key, places) in [
        ("OCSP", information(certificate, 1)),
        ("caIssuers", information(certificate, 2)),
        ("crlDistributionPoints", distribution_points(certificate)),
    ] {
        if !places.is_empty() {
            let places: Vec<_> = places.iter().map(String::as_str).collect();
            set(key, strings(cx, &places)?)?;
        }
    }
    Ok(dict.into_value())
}

/// The payload of a `Certificate`.
#[pyclass(
    name = "Certificate",
    module = "_ssl",
    plain,
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct Certificate(Arc<Parsed>);

/// A `Certificate`.
pub fn object(cx: &Context, certificate: Arc<Parsed>) -> PyResult<Value> {
    class_of::<Certificate>(cx)?;
    object::new(cx, Certificate(certificate)).map(Ref::into_value)
}

#[pymethods]
impl Certificate {
    #[method("public_bytes(self, /, format=Encoding.PEM)")]
    fn public_bytes(cx: &Context, this: &Ref<Certificate>, format: Maybe<i32>) -> PyResult<Value> {
        match format.0.unwrap_or(ENCODING_PEM) {
            ENCODING_PEM => pem::encode("CERTIFICATE", &this.0.der).into_value(cx),
            ENCODING_DER => Ok(Bytes::from_slice(cx, &this.0.der)?.into_value()),
            _ => Err(cx.value_error("Unsupported format")),
        }
    }

    #[method("get_info(self, /)")]
    fn get_info(cx: &Context, this: &Ref<Certificate>) -> PyResult<Value> {
        decode(cx, &this.0)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Certificate>) -> PyResult<Value> {
        let parts: Vec<_> = name_parts(&this.0.subject)
            .into_iter()
            .flatten()
            .map(|(kind, text)| format!("{}={text}", super::identifiers::short_name(&kind)))
            .collect();
        let shown = format!("<_ssl.Certificate '{}'>", parts.join(", "));
        Ok(Str::from_str(cx, &shown)?.into_value())
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<Certificate>) -> PyResult<i64> {
        Ok(hash::hash_bytes(&this.0.der))
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<Certificate>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Certificate>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = this.0.der == other.0.der;
        Ok(match comparison {
            Comparison::Equal => Value::from_bool(equal),
            Comparison::NotEqual => Value::from_bool(!equal),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
}
