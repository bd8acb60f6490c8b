//! What contexts load: their own certificate with its key, and those that they trust.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path as SystemPath;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use typhon_macros::pymethods;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::os_error_from_errno;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::certificate::Certificate;
use super::configuration::provider;
use super::context::TlsContext;
use super::decoded;
use super::der::Elements;
use super::errors::{self, Class};
use super::pem;
use super::private_key::{self, Failure};
use super::trust::{self, DIRECTORY_VARIABLE, FILE_VARIABLE};
use crate::bytes_like::BytesLike;
use crate::path::{self, Path};

/// Passwords are not longer than this.
const LONGEST_PASSWORD: usize = 1024;

pub fn system_path(bytes: &[u8]) -> &SystemPath {
    SystemPath::new(OsStr::from_bytes(bytes))
}

/// OSError for a file that could not be read.
#[cold]
pub fn io_error(cx: &Context, error: &std::io::Error, name: Option<&Value>) -> Raised {
    os_error_from_errno(cx, error.raw_os_error().unwrap_or(libc::EIO), name)
}

fn read(cx: &Context, path: &Path) -> PyResult<String> {
    let content = cx.detached(|| std::fs::read(system_path(path.as_bytes())));
    match content {
        Ok(content) => Ok(String::from_utf8_lossy(&content).into_owned()),
        Err(error) => Err(io_error(cx, &error, None)),
    }
}

/// What OpenSSL says of a file that is not as it should be.
fn pem_error(cx: &Context, library: &str) -> Raised {
    errors::raise_of(cx, library, None, "PEM lib")
}

/// A path argument; whatever is none is said to be no valid path.
fn file_argument(cx: &Context, value: &Value, name: &str) -> PyResult<Option<Path>> {
    if value.is_none() {
        return Ok(None);
    }
    match path::fspath(cx, value).and_then(|_| Path::convert(cx, name, value)) {
        Ok(path) => Ok(Some(path)),
        Err(Raised) => {
            if cx.exception_matches(typhon_runtime::objects::exceptions::type_error()) {
                cx.clear_exception();
                let message = format!("{name} should be a valid filesystem path");
                return Err(cx.type_error(message));
            }
            Err(Raised)
        }
    }
}

/// The bytes of a password.
fn password_bytes(cx: &Context, value: &Value, wrong: &str) -> PyResult<Vec<u8>> {
    let bytes = if let Some(text) = value.downcast::<Str>() {
        text.to_utf8(cx)?.into_owned().into_bytes()
    } else if value.downcast::<Bytes>().is_some() || value.downcast::<ByteArray>().is_some() {
        BytesLike::of(cx, value)?.bytes().to_vec()
    } else {
        return Err(cx.type_error(wrong));
    };
    if bytes.len() > LONGEST_PASSWORD {
        let message = format!("password cannot be longer than {LONGEST_PASSWORD} bytes");
        return Err(cx.value_error(message));
    }
    Ok(bytes)
}

/// Adds certificates that stand behind each other in DER.
fn from_der(cx: &Context, bytes: &[u8]) -> PyResult<Vec<Arc<Certificate>>> {
    let mut found = Vec::new();
    let mut elements = Elements(bytes);
    while !elements.is_empty() {
        let certificate = elements.any().and_then(|it| Certificate::parse(it.whole));
        match certificate {
            Some(certificate) => found.push(certificate),
            None if found.is_empty() => {
                let message = "not enough data: cadata does not contain a certificate";
                return Err(errors::raise(cx, Class::Error, 0, message));
            }
            None => {
                let (reason, text) = ("NOT_ENOUGH_DATA", "not enough data");
                return Err(errors::raise_of(cx, "ASN1", Some(reason), text));
            }
        }
    }
    Ok(found)
}

/// The certificates of the argument `cadata`.
fn from_data(cx: &Context, data: &Value) -> PyResult<Vec<Arc<Certificate>>> {
    let wrong = "cadata should be an ASCII string or a bytes-like object";
    if let Some(text) = data.downcast::<Str>() {
        let Some(text) = text.as_ascii() else {
            return Err(cx.type_error(wrong));
        };
        if text.is_empty() {
            return Err(cx.value_error("Empty certificate data"));
        }
        let found = trust::from_pem(text);
        if found.certificates.is_empty() && !found.is_malformed {
            let message = "no start line: cadata does not contain a certificate";
            return Err(errors::raise(cx, Class::Error, 0, message));
        }
        if found.is_malformed {
            return Err(pem_error(cx, "X509"));
        }
        return Ok(found.certificates);
    }
    let Ok(bytes) = BytesLike::of(cx, data) else {
        cx.clear_exception();
        return Err(cx.type_error(wrong));
    };
    if bytes.is_empty() {
        return Err(cx.value_error("Empty certificate data"));
    }
    from_der(cx, bytes.bytes())
}

impl TlsContext {
    fn change_trust(&self, change: impl FnOnce(&mut trust::Trust)) {
        change(Arc::make_mut(&mut self.settings().trust));
    }

    fn trust(&self) -> Arc<trust::Trust> {
        self.settings().trust.clone()
    }
}

#[pymethods(table = LOADING)]
impl TlsContext {
    #[method("load_cert_chain(self, /, certfile, keyfile=None, password=None)")]
    fn load_cert_chain(
        cx: &Context,
        this: &Ref<TlsContext>,
        certfile: &Value,
        keyfile: &Value,
        password: &Value,
    ) -> PyResult<()> {
        let Some(certificate_path) = file_argument(cx, certfile, "certfile")? else {
            return Err(cx.type_error("certfile should be a valid filesystem path"));
        };
        let key_path = file_argument(cx, keyfile, "keyfile")?;
        let mut secret = None;
        if !password.is_none() && !call::is_callable(password) {
            let wrong = "password should be a string or callable";
            secret = Some(password_bytes(cx, password, wrong)?);
        }
        let text = read(cx, &certificate_path)?;
        let mut chain = Vec::new();
        for section in pem::sections(&text) {
            if !matches!(section.label, "CERTIFICATE" | "X509 CERTIFICATE") {
                continue;
            }
            let certificate = section
                .content
                .filter(|_| section.is_ended)
                .and_then(|content| Certificate::parse(&content));
            chain.push(certificate.ok_or_else(|| pem_error(cx, "SSL"))?);
        }
        let Some(leaf) = chain.first().cloned() else {
            return Err(pem_error(cx, "SSL"));
        };
        let text = match &key_path {
            Some(path) => read(cx, path)?,
            None => text,
        };
        let sections = pem::sections(&text);
        let Some(section) = sections.iter().find(|section| private_key::is_key(section)) else {
            return Err(pem_error(cx, "SSL"));
        };
        if private_key::is_encrypted(section) && call::is_callable(password) {
            let given = call::call(cx, password, &[])?;
            let wrong = "password callback must return a string";
            secret = Some(password_bytes(cx, &given, wrong)?);
        }
        let key = cx.detached(|| private_key::read(section, secret.as_deref()));
        let key = match key {
            Ok(key) => key,
            Err(Failure::UnknownEncryption) => {
                let (reason, text) = ("UNSUPPORTED_ENCRYPTION", "unsupported encryption");
                return Err(errors::raise_of(cx, "PEM", Some(reason), text));
            }
            Err(_) => return Err(pem_error(cx, "SSL")),
        };
        let signer = match provider().key_provider.load_private_key(key) {
            Ok(signer) => signer,
            Err(error) => {
                let (reason, text) = ("UNSUPPORTED_KEY", error.to_string());
                return Err(errors::raise_of(cx, "SSL", Some(reason), &text));
            }
        };
        if signer
            .public_key()
            .is_some_and(|public| public.as_ref() != leaf.key_information)
        {
            let (reason, text) = ("KEY_VALUES_MISMATCH", "key values mismatch");
            return Err(errors::raise_of(cx, "X509", Some(reason), text));
        }
        let chain = chain
            .iter()
            .map(|it| CertificateDer::from(it.der.clone()))
            .collect();
        this.settings().keys.add(CertifiedKey::new(chain, signer));
        Ok(())
    }

    #[method("load_verify_locations(self, /, cafile=None, capath=None, cadata=None)")]
    fn load_verify_locations(
        cx: &Context,
        this: &Ref<TlsContext>,
        cafile: &Value,
        capath: &Value,
        cadata: &Value,
    ) -> PyResult<()> {
        if cafile.is_none() && capath.is_none() && cadata.is_none() {
            return Err(cx.type_error("cafile, capath and cadata cannot be all omitted"));
        }
        let file = file_argument(cx, cafile, "cafile")?;
        let directory = file_argument(cx, capath, "capath")?;
        if !cadata.is_none() {
            let found = from_data(cx, cadata)?;
            this.change_trust(|trust| found.into_iter().for_each(|it| trust.add(it)));
        }
        if let Some(file) = file {
            let text = read(cx, &file)?;
            let found = cx.detached(|| trust::from_pem(&text));
            if found.is_malformed {
                return Err(pem_error(cx, "X509"));
            }
            if found.certificates.is_empty() && found.lists.is_empty() {
                let reason = "NO_CERTIFICATE_OR_CRL_FOUND";
                let text = "no certificate or crl found";
                return Err(errors::raise_of(cx, "X509", Some(reason), text));
            }
            this.change_trust(|trust| {
                found.certificates.into_iter().for_each(|it| trust.add(it));
                found.lists.into_iter().for_each(|it| trust.add_list(it));
            });
        }
        if let Some(directory) = directory {
            let path = system_path(directory.as_bytes());
            this.change_trust(|trust| trust.add_directory(path));
        }
        Ok(())
    }

    #[method("set_default_verify_paths(self, /)")]
    fn set_default_verify_paths(cx: &Context, this: &Ref<TlsContext>) -> PyResult<()> {
        let own_file = std::env::var_os(FILE_VARIABLE);
        let own_directories = std::env::var_os(DIRECTORY_VARIABLE);
        let found = cx.detached(|| {
            let paths = trust::default_paths();
            let file = own_file.as_deref().unwrap_or(OsStr::new(paths.file));
            // What is not there or cannot be read is not trusted, and that is all.
            std::fs::read(file).map(|content| trust::from_pem(&String::from_utf8_lossy(&content)))
        });
        let is_found = found.is_ok();
        this.change_trust(|trust| {
            if let Ok(found) = found {
                found.certificates.into_iter().for_each(|it| trust.add(it));
                found.lists.into_iter().for_each(|it| trust.add_list(it));
            }
            match &own_directories {
                Some(directories) => {
                    std::env::split_paths(directories).for_each(|path| trust.add_directory(&path));
                }
                // The system's file has what the system's directory has.
                None if !is_found || own_file.is_some() => {
                    trust.add_directory(SystemPath::new(trust::default_paths().directory));
                }
                None => {}
            }
        });
        Ok(())
    }

    #[method("load_dh_params(self, path, /)")]
    fn load_dh_params(cx: &Context, _this: &Ref<TlsContext>, path: &Value) -> PyResult<()> {
        // There are no suites that would use them.
        let text = read(cx, &Path::convert(cx, "load_dh_params", path)?)?;
        let sections = pem::sections(&text);
        if sections
            .iter()
            .any(|section| section.label == "DH PARAMETERS")
        {
            return Ok(());
        }
        Err(errors::raise_of(
            cx,
            "PEM",
            Some("NO_START_LINE"),
            "no start line",
        ))
    }

    /// Returns quantities of loaded X.509 certificates.
    ///
    /// X.509 certificates with a CA extension and certificate revocation
    /// lists inside the context's cert store.
    ///
    /// NOTE: Certificates in a capath directory aren't loaded unless they
    /// have been used at least once.
    #[method("cert_store_stats(self, /)")]
    fn cert_store_stats(cx: &Context, this: &Ref<TlsContext>) -> PyResult<Ref<Dict>> {
        let trust = this.trust();
        let loaded = trust.loaded();
        let authorities = loaded.iter().filter(|it| it.is_authority()).count();
        let dict = Dict::new(cx)?;
        for (name, count) in [
            ("x509", loaded.len()),
            ("crl", trust.revocation_lists().len()),
            ("x509_ca", authorities),
        ] {
            dict.set_item(cx, &name.into_value(cx)?, count.into_value(cx)?)?;
        }
        Ok(dict)
    }

    /// Returns a list of dicts with information of loaded CA certs.
    ///
    /// If the optional argument is True, returns a DER-encoded copy of the
    /// CA certificate.
    ///
    /// NOTE: Certificates in a capath directory aren't loaded unless they
    /// have been used at least once.
    #[method("get_ca_certs(self, /, binary_form=False)")]
    fn get_ca_certs(
        cx: &Context,
        this: &Ref<TlsContext>,
        binary_form: bool,
    ) -> PyResult<Ref<List>> {
        let mut shown = Vec::new();
        for certificate in this.trust().loaded() {
            if !certificate.is_authority() {
                continue;
            }
            shown.push(if binary_form {
                Bytes::from_slice(cx, &certificate.der)?.into_value()
            } else {
                decoded::decode(cx, &certificate)?
            });
        }
        List::from_values(cx, shown)
    }
}
