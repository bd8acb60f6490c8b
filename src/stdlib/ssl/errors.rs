//! What goes wrong, as the engine says it, and the exceptions that Python programs see.

use std::sync::OnceLock;

use rustix::io::Errno;
use rustls::{AlertDescription, Error, InconsistentKeys, PeerIncompatible};
use typhon_macros::pymethods;
use typhon_runtime::args::{IntoValue, Keywords};
use typhon_runtime::class::Entry;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::descriptors::method;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::type_::{NewType, Type};
use typhon_runtime::protocols::{attribute, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use super::verify::Failure;
use crate::descriptor::os_error;

/// The exception classes that are raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Error,
    Verification,
    WantRead,
    WantWrite,
    Eof,
    ZeroReturn,
}

/// Name and docstring, in the order of [`Class`]; then one that nothing here raises.
const CLASSES: [(&str, &str); 7] = [
    ("SSLError", "An error occurred in the SSL implementation."),
    (
        "SSLCertVerificationError",
        "A certificate could not be verified.",
    ),
    (
        "SSLWantReadError",
        "Non-blocking SSL socket needs to read more data\nbefore the requested operation can be completed.",
    ),
    (
        "SSLWantWriteError",
        "Non-blocking SSL socket needs to write more data\nbefore the requested operation can be completed.",
    ),
    ("SSLEOFError", "SSL/TLS connection terminated abruptly."),
    ("SSLZeroReturnError", "SSL/TLS session closed cleanly."),
    (
        "SSLSyscallError",
        "System error when attempting SSL operation.",
    ),
];

static MADE: OnceLock<Vec<Ref<Type>>> = OnceLock::new();

/// Numbers of `SSLErrorNumber`.
pub const SSL: i32 = 1;
pub const WANT_READ: i32 = 2;
pub const WANT_WRITE: i32 = 3;
pub const ZERO_RETURN: i32 = 6;
pub const EOF: i32 = 8;

/// What `SSLError` has besides what it inherits.
enum ErrorMethods {}

#[pymethods(table = ERROR_METHODS)]
impl ErrorMethods {
    #[method("__str__(self, /)")]
    fn text(cx: &Context, this: &Value) -> PyResult<Ref<Str>> {
        let strerror = attribute::get(cx, this, Name::intern(cx, "strerror")?)?;
        if let Ok(strerror) = strerror.into_ref::<Str>() {
            return Ok(strerror);
        }
        let args = attribute::get(cx, this, Name::intern(cx, "args")?)?;
        text::str(cx, &args)
    }
}

fn make(cx: &Context) -> PyResult<Vec<Ref<Type>>> {
    let mut made: Vec<Ref<Type>> = Vec::new();
    for (index, (name, doc)) in CLASSES.into_iter().enumerate() {
        let bases = match made.first() {
            None => vec![exceptions::os_error().to_value()],
            Some(error) if index == Class::Verification as usize => {
                vec![error.to_value(), exceptions::value_error().to_value()]
            }
            Some(error) => vec![error.to_value()],
        };
        let namespace = Dict::new(cx)?;
        namespace.set_name(cx, names::dunder_module(), "ssl".into_value(cx)?)?;
        namespace.set_name(cx, names::dunder_doc(), doc.into_value(cx)?)?;
        let class = NewType {
            metaclass: Type::class(),
            name: &Str::from_str(cx, name)?,
            bases: &bases,
            namespace: &namespace,
            keywords: Keywords::default(),
        }
        .build(cx)?;
        if index == 0 {
            for entry in ERROR_METHODS.entries {
                if let Entry::Method(spec) = entry {
                    let name = Name::intern(cx, spec.name)?;
                    let function = method(cx, &class, spec)?;
                    attribute::set(cx, class.as_value(), name, &function)?;
                }
            }
        }
        made.push(class);
    }
    Ok(made)
}

/// Makes the classes and adds them to the module.
pub fn add(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    if MADE.get().is_none() {
        let classes = make(cx)?;
        // Two threads may make them; those that come second are never seen.
        MADE.get_or_init(|| classes);
    }
    for (index, (name, _)) in CLASSES.into_iter().enumerate() {
        module::add(
            cx,
            this,
            name,
            MADE.get().expect("invariant: made")[index].clone(),
        )?;
    }
    Ok(())
}

fn class(class: Class) -> &'static Ref<Type> {
    &MADE.get().expect("invariant: made when the module is")[class as usize]
}

/// What goes wrong in a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The peer is gone without a word.
    Eof,
    /// Both sides have closed.
    Closed,
    System(Errno),
    /// OpenSSL's name for it, and a text.
    Protocol(String, String),
    /// A certificate is refused: why, in whose words.
    Certificate(Failure, String),
}

impl Problem {
    /// A problem whose text is its name.
    pub fn named(reason: &str) -> Problem {
        let words = reason.to_ascii_lowercase().replace('_', " ");
        let text = match words.strip_prefix("sslv3") {
            Some(rest) => format!("ssl/tls{rest}"),
            None => words,
        };
        Problem::Protocol(reason.to_owned(), text)
    }

    /// What the TLS library says.
    pub fn of(error: &Error) -> Problem {
        let reason = match error {
            Error::AlertReceived(alert) => return Problem::named(&alert_reason(*alert)),
            Error::PeerIncompatible(incompatible) => match incompatible {
                PeerIncompatible::NoCipherSuitesInCommon => "NO_SHARED_CIPHER",
                PeerIncompatible::NoSignatureSchemesInCommon => "NO_SHARED_SIGNATURE_ALGORITHMS",
                PeerIncompatible::NoKxGroupsInCommon => "NO_SUITABLE_KEY_SHARE",
                PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
                    "NO_SUITABLE_SIGNATURE_ALGORITHM"
                }
                _ => "UNSUPPORTED_PROTOCOL",
            },
            Error::NoCertificatesPresented => "PEER_DID_NOT_RETURN_A_CERTIFICATE",
            Error::DecryptError => "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            Error::NoApplicationProtocol => "NO_APPLICATION_PROTOCOL",
            Error::PeerSentOversizedRecord => "DATA_LENGTH_TOO_LONG",
            Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
                "UNEXPECTED_MESSAGE"
            }
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "KEY_VALUES_MISMATCH",
            Error::InvalidCertificate(_) => "CERTIFICATE_VERIFY_FAILED",
            // No certificate of ours fits what the client can do.
            Error::General(text) if text.contains("no server certificate chain") => {
                "NO_SHARED_CIPHER"
            }
            Error::InvalidMessage(_) => {
                return Problem::Protocol("BAD_PACKET".into(), error.to_string());
            }
            Error::PeerMisbehaved(_) => {
                return Problem::Protocol("ILLEGAL_PARAMETER".into(), error.to_string());
            }
            _ => return Problem::Protocol("INTERNAL_ERROR".into(), error.to_string()),
        };
        Problem::named(reason)
    }
}

/// OpenSSL's name for an alert that the peer has sent.
fn alert_reason(alert: AlertDescription) -> String {
    let name = match u8::from(alert) {
        10 => "UNEXPECTED_MESSAGE",
        20 => "BAD_RECORD_MAC",
        30 => "DECOMPRESSION_FAILURE",
        40 => "HANDSHAKE_FAILURE",
        41 => "NO_CERTIFICATE",
        42 => "BAD_CERTIFICATE",
        43 => "UNSUPPORTED_CERTIFICATE",
        44 => "CERTIFICATE_REVOKED",
        45 => "CERTIFICATE_EXPIRED",
        46 => "CERTIFICATE_UNKNOWN",
        47 => "ILLEGAL_PARAMETER",
        48 => return "TLSV1_ALERT_UNKNOWN_CA".into(),
        49 => return "TLSV1_ALERT_ACCESS_DENIED".into(),
        50 => return "TLSV1_ALERT_DECODE_ERROR".into(),
        51 => return "TLSV1_ALERT_DECRYPT_ERROR".into(),
        60 => return "TLSV1_ALERT_EXPORT_RESTRICTION".into(),
        70 => return "TLSV1_ALERT_PROTOCOL_VERSION".into(),
        71 => return "TLSV1_ALERT_INSUFFICIENT_SECURITY".into(),
        80 => return "TLSV1_ALERT_INTERNAL_ERROR".into(),
        86 => return "TLSV1_ALERT_INAPPROPRIATE_FALLBACK".into(),
        90 => return "TLSV1_ALERT_USER_CANCELLED".into(),
        100 => return "TLSV1_ALERT_NO_RENEGOTIATION".into(),
        109 => return "TLSV13_ALERT_MISSING_EXTENSION".into(),
        110 => return "TLSV1_UNSUPPORTED_EXTENSION".into(),
        111 => return "TLSV1_CERTIFICATE_UNOBTAINABLE".into(),
        112 => return "TLSV1_UNRECOGNIZED_NAME".into(),
        116 => return "TLSV13_ALERT_CERTIFICATE_REQUIRED".into(),
        120 => return "TLSV1_ALERT_NO_APPLICATION_PROTOCOL".into(),
        other => return format!("TLS_ALERT_{other}"),
    };
    format!("SSLV3_ALERT_{name}")
}

/// Library, reason, and what an error of verification has besides.
#[derive(Default)]
struct Details<'a> {
    library: Option<&'a str>,
    reason: Option<&'a str>,
    verification: Option<(Failure, &'a str)>,
}

#[cold]
fn raise_detailed(
    cx: &Context,
    kind: Class,
    number: i32,
    details: &Details<'_>,
    text: &str,
) -> Raised {
    let message = match (details.library, details.reason) {
        (Some(library), Some(reason)) => format!("[{library}: {reason}] {text}"),
        (Some(library), None) => format!("[{library}] {text}"),
        _ => text.to_owned(),
    };
    let made = || -> PyResult<Ref<BaseException>> {
        let arguments = [number.into_value(cx)?, message.into_value(cx)?];
        let exception = exceptions::instantiate(cx, class(kind), &arguments)?;
        let set = |name: &str, value: Value| {
            attribute::set(cx, exception.as_value(), Name::intern(cx, name)?, &value)
        };
        set("reason", details.reason.into_value(cx)?)?;
        set("library", details.library.into_value(cx)?)?;
        if let Some((failure, text)) = details.verification {
            set("verify_code", (failure as i32).into_value(cx)?)?;
            set("verify_message", text.into_value(cx)?)?;
        }
        Ok(exception)
    };
    match made() {
        Ok(exception) => cx.raise(exception),
        Err(raised) => raised,
    }
}

/// Raises an exception without library and reason.
#[cold]
pub fn raise(cx: &Context, kind: Class, number: i32, text: &str) -> Raised {
    raise_detailed(cx, kind, number, &Details::default(), text)
}

/// Raises `SSLError` with only a message.
#[cold]
pub fn raise_plain(cx: &Context, text: &str) -> Raised {
    cx.raise_message(class(Class::Error), text)
}

/// Raises `SSLError` of a part of the library, with a reason or without.
#[cold]
pub fn raise_of(cx: &Context, library: &str, reason: Option<&str>, text: &str) -> Raised {
    let details = Details {
        library: Some(library),
        reason,
        verification: None,
    };
    raise_detailed(cx, Class::Error, SSL, &details, text)
}

/// Raises what went wrong in a connection.
#[cold]
pub fn raise_problem(cx: &Context, problem: &Problem) -> Raised {
    let library = Some("SSL");
    match problem {
        Problem::System(error) => os_error(cx, *error),
        Problem::Eof => {
            let details = Details {
                library,
                reason: Some("UNEXPECTED_EOF_WHILE_READING"),
                verification: None,
            };
            let text = "EOF occurred in violation of protocol";
            raise_detailed(cx, Class::Eof, EOF, &details, text)
        }
        Problem::Closed => {
            let text = "TLS/SSL connection has been closed (EOF)";
            raise(cx, Class::ZeroReturn, ZERO_RETURN, text)
        }
        Problem::Protocol(reason, text) => raise_of(cx, "SSL", Some(reason), text),
        Problem::Certificate(failure, text) => {
            let details = Details {
                library,
                reason: Some("CERTIFICATE_VERIFY_FAILED"),
                verification: Some((*failure, text)),
            };
            let text = format!("certificate verify failed: {text}");
            raise_detailed(cx, Class::Verification, SSL, &details, &text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_openssls() {
        assert_eq!(
            Problem::of(&Error::AlertReceived(AlertDescription::HandshakeFailure)),
            Problem::Protocol(
                "SSLV3_ALERT_HANDSHAKE_FAILURE".into(),
                "ssl/tls alert handshake failure".into()
            )
        );
        assert_eq!(
            Problem::of(&Error::AlertReceived(AlertDescription::UnknownCA)),
            Problem::named("TLSV1_ALERT_UNKNOWN_CA")
        );
    }
}
