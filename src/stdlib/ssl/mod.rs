//! `_ssl`: TLS, what `ssl` is made of, over rustls.
//!
//! ```text
//!   context.rs      _SSLContext: settings       configuration.rs  what rustls makes of the settings
//!   loading.rs      certificates, keys, trust   verifier.rs       what rustls asks during a handshake
//!   connection.rs   _SSLSocket: waiting         engine.rs         a connection without its input
//!   inspection.rs   what it tells of itself       and output
//!   memory.rs       MemoryBIO                   session.rs        SSLSession
//!   decoded.rs      certificates in Python      errors.rs         exceptions
//!   verify.rs       is a chain to be trusted?   host_name.rs, name_constraints.rs, trust.rs
//!   der.rs, pem.rs, certificate.rs, private_key.rs                 encodings
//!   ciphers.rs, identifiers.rs, constants.rs                       OpenSSL's names and numbers
//! ```
//! Whom to trust is decided here, as OpenSSL decides it; the cryptography is rustls's and ring's.
//! Locks are held for moments, never while something blocks or Python code runs. See `connection`.

mod certificate;
mod ciphers;
mod configuration;
mod connection;
mod constants;
mod context;
mod decoded;
mod der;
mod engine;
mod errors;
mod host_name;
mod identifiers;
mod inspection;
mod loading;
mod memory;
mod name_constraints;
mod pem;
mod private_key;
mod session;
mod trust;
mod verifier;
mod verify;

use ring::rand::{SecureRandom, SystemRandom};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::bytes_like::BytesLike;
use crate::path::Path;
use connection::TlsSocket;
use context::TlsContext;
use decoded::Certificate;
use memory::MemoryBio;
use session::Session;

/// Implementation module for SSL socket operations.  See the socket module
/// for documentation.
#[pymodule(
    name = "_ssl",
    functions(
        rand_add,
        rand_bytes,
        rand_status,
        test_decode_cert,
        get_default_verify_paths,
        identifiers::nid2obj,
        identifiers::txt2obj
    ),
    classes(TlsContext, TlsSocket, MemoryBio, Session, Certificate)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    errors::add(cx, this)?;
    constants::add(cx, this)
}

/// Mix string into the OpenSSL PRNG state.
///
/// entropy (a float) is a lower bound on the entropy contained in
/// string.  See RFC 4086.
#[pyfunction("RAND_add(string, entropy, /)")]
fn rand_add(cx: &Context, string: &Value, _entropy: f64) -> PyResult<()> {
    // The system's source of randomness needs none.
    if string.downcast::<Str>().is_none() {
        BytesLike::of(cx, string)?;
    }
    Ok(())
}

/// Generate n cryptographically strong pseudo-random bytes.
#[pyfunction("RAND_bytes(n, /)")]
fn rand_bytes(cx: &Context, n: i32) -> PyResult<Ref<Bytes>> {
    let Ok(count) = usize::try_from(n) else {
        return Err(cx.value_error("num must be positive"));
    };
    let mut bytes = vec![0; count];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Bytes::from_slice(cx, &bytes),
        Err(_) => Err(errors::raise_plain(cx, "the system has no random bytes")),
    }
}

/// Returns True if the OpenSSL PRNG has been seeded with enough data and False if not.
///
/// It is necessary to seed the PRNG with RAND_add() on some platforms
/// before using the ssl() function.
#[pyfunction("RAND_status()")]
fn rand_status(_cx: &Context) -> PyResult<bool> {
    Ok(true)
}

#[pyfunction("_test_decode_cert(path, /)")]
fn test_decode_cert(cx: &Context, path: &Value) -> PyResult<Value> {
    let path = Path::convert(cx, "_test_decode_cert", path)?;
    let content = cx.detached(|| std::fs::read(loading::system_path(path.as_bytes())));
    let Ok(content) = content else {
        return Err(errors::raise_plain(cx, "Can't open file"));
    };
    let found = trust::from_pem(&String::from_utf8_lossy(&content));
    match found.certificates.first() {
        Some(certificate) => decoded::decode(cx, certificate),
        None => Err(errors::raise_plain(cx, "Error decoding PEM-encoded file")),
    }
}

/// Return search paths and environment vars that are used by SSLContext's set_default_verify_paths() to load default CAs.
///
/// The values are 'cert_file_env', 'cert_file', 'cert_dir_env', 'cert_dir'.
#[pyfunction("get_default_verify_paths()")]
fn get_default_verify_paths(cx: &Context) -> PyResult<Ref<Tuple>> {
    let paths = cx.detached(trust::default_paths);
    let texts = [
        trust::FILE_VARIABLE,
        paths.file,
        trust::DIRECTORY_VARIABLE,
        paths.directory,
    ];
    let values: PyResult<Vec<_>> = texts.iter().map(|text| text.into_value(cx)).collect();
    Tuple::from_vec(cx, values?)
}
