//! `_SSLContext`: settings that connections are made with.
//!
//! The settings lie behind a mutex that is held for moments only: nothing blocks in it, and no Python
//! code runs. What is slow (files, keys) is prepared before. Connections work on a copy.

use std::fs::OpenOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use rustls::NamedGroup;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, IntoValue, Maybe, Place};
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value, codec, warnings};

use super::ciphers::{self, Suite};
use super::configuration::{HIGHEST, LOWEST, SecretsLog, Settings, VERSION_2, VERSION_3};
use super::connection::{self, Request};
use super::errors;
use super::loading;
use super::memory::MemoryBio;
use super::verifier::Mode;
use crate::arguments::{bind, signature};
use crate::bytes_like::BytesLike;
use crate::path::Path;
use crate::socket::Socket;

/// The numbers of `_SSLMethod`.
pub const PROTOCOL_TLS: i32 = 2;
pub const PROTOCOL_TLS_VERSION_2: i32 = 5;
pub const PROTOCOL_TLS_CLIENT: i32 = 16;
pub const PROTOCOL_TLS_SERVER: i32 = 17;

/// The options that prohibit versions.
const PROHIBITIONS: u64 = 0x3E00_0000;

/// How many handshakes were begun, done, and short because of an earlier one.
#[derive(Default)]
pub struct Statistics {
    pub connected: AtomicI64,
    pub connected_well: AtomicI64,
    pub accepted: AtomicI64,
    pub accepted_well: AtomicI64,
    pub resumed: AtomicI64,
}

/// The payload of a context.
#[pyclass(name = "_SSLContext", module = "_ssl", flags(BASETYPE, IMMUTABLE))]
pub struct TlsContext {
    pub protocol: i32,
    settings: Mutex<Settings>,
    pub statistics: Statistics,
    pub sni_callback: Field,
    message_callback: Field,
    log_name: Field,
    post_handshake: AtomicBool,
}

impl Traverse for TlsContext {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.sni_callback.traverse(visit);
        self.message_callback.traverse(visit);
        self.log_name.traverse(visit);
    }
}

impl TlsContext {
    /// The settings, for a moment: see the module's header.
    pub fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock()
    }

    fn set_mode(&self, mode: Mode) {
        self.settings().mode = mode;
    }
}

fn given<'a>(cx: &Context, value: Option<&'a Value>) -> PyResult<&'a Value> {
    value.ok_or_else(|| cx.attribute_error("cannot delete attribute"))
}

fn number(cx: &Context, value: Option<&Value>) -> PyResult<i32> {
    const PLACE: Place = Place {
        function: "attribute",
        position: 1,
        name: "",
        by_name: false,
    };
    i32::from_argument(cx, given(cx, value)?, &PLACE)
}

fn unsigned(cx: &Context, value: Option<&Value>) -> PyResult<u64> {
    let value = given(cx, value)?;
    if !int::is_int(value) {
        let message = format!("must be int, not {}", value.type_name());
        return Err(cx.type_error(message));
    }
    let number = int::index_as_i128(cx, value)?;
    if number < 0 {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    u64::try_from(number)
        .map_err(|_| cx.overflow_error("Python int too large to convert to C unsigned long"))
}

fn deprecated(cx: &Context, what: &str) -> PyResult<()> {
    let message = format!("{what} is deprecated");
    warnings::warn(cx, exceptions::deprecation_warning(), &message, 2)
}

/// Whether a limit of versions is one, and which versions it leaves.
fn version_limit(cx: &Context, context: &TlsContext, value: Option<&Value>) -> PyResult<i32> {
    let version = number(cx, value)?;
    match version {
        0x300 => deprecated(cx, "ssl.TLSVersion.SSLv3")?,
        0x301 => deprecated(cx, "ssl.TLSVersion.TLSv1")?,
        0x302 => deprecated(cx, "ssl.TLSVersion.TLSv1_1")?,
        LOWEST | HIGHEST | VERSION_2 | VERSION_3 => {}
        _ => {
            let message = format!("Unsupported TLS/SSL version 0x{version:x}");
            return Err(cx.value_error(message));
        }
    }
    if context.protocol == PROTOCOL_TLS_VERSION_2 {
        return Err(cx.value_error(
            "The context's protocol doesn't support modification of highest and lowest version.",
        ));
    }
    if version == 0x300 {
        return Err(cx.value_error(format!("Unsupported protocol version 0x{version:x}")));
    }
    Ok(version)
}

/// A dict of what there is to say about a suite.
fn describe(cx: &Context, suite: &Suite) -> PyResult<Value> {
    let dict = Dict::new(cx)?;
    let exchange = match suite.exchange {
        "any" => "kx-any",
        _ => "kx-ecdhe",
    };
    let id = 0x0300_0000 | u32::from(suite.number);
    let authentication = format!("auth-{}", suite.authentication.to_ascii_lowercase());
    for (name, value) in [
        ("id", id.into_value(cx)?),
        ("name", suite.name.into_value(cx)?),
        ("protocol", suite.protocol().into_value(cx)?),
        ("description", suite.description().into_value(cx)?),
        ("strength_bits", suite.bits.into_value(cx)?),
        ("alg_bits", suite.bits.into_value(cx)?),
        ("aead", Value::TRUE),
        ("symmetric", suite.symmetric.into_value(cx)?),
        ("digest", Value::NONE),
        ("kea", exchange.into_value(cx)?),
        ("auth", authentication.into_value(cx)?),
    ] {
        dict.set_item(cx, &name.into_value(cx)?, value)?;
    }
    Ok(dict.into_value())
}

#[pymethods(tables(loading::LOADING))]
impl TlsContext {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [protocol] = bind(cx, signature!("_SSLContext", 1, [protocol], []), args)?;
        let protocol = number(cx, protocol)?;
        let chosen = ciphers::choose(ciphers::DEFAULT_LIST).unwrap_or_default();
        let mut settings = Settings::new(chosen);
        match protocol {
            PROTOCOL_TLS => deprecated(cx, "ssl.PROTOCOL_TLS")?,
            PROTOCOL_TLS_VERSION_2 => {
                deprecated(cx, "ssl.PROTOCOL_TLSv1_2")?;
                (settings.minimum, settings.maximum) = (VERSION_2, VERSION_2);
            }
            PROTOCOL_TLS_CLIENT => {
                settings.mode = Mode::Required;
                settings.checks_host_name = true;
            }
            PROTOCOL_TLS_SERVER => {}
            _ => {
                let message = format!("invalid or unsupported protocol version {protocol}");
                return Err(cx.value_error(message));
            }
        }
        let payload = TlsContext {
            protocol,
            settings: Mutex::new(settings),
            statistics: Statistics::default(),
            sni_callback: Field::empty(),
            message_callback: Field::new(Value::NONE),
            log_name: Field::new(Value::NONE),
            post_handshake: AtomicBool::new(false),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[method(
        "_wrap_socket(self, /, sock, server_side, server_hostname=None, *, owner=None, session=None)"
    )]
    fn wrap_socket(
        cx: &Context,
        this: &Ref<TlsContext>,
        sock: &Ref<Socket>,
        server_side: bool,
        server_hostname: &Value,
        owner: &Value,
        session: &Value,
    ) -> PyResult<Value> {
        let request = Request {
            is_server: server_side,
            name: server_hostname,
            owner,
            session,
        };
        connection::over_socket(cx, this, sock, &request)
    }

    #[method(
        "_wrap_bio(self, /, incoming, outgoing, server_side, server_hostname=None, *, owner=None, session=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "the Python function has them")]
    fn wrap_bio(
        cx: &Context,
        this: &Ref<TlsContext>,
        incoming: &Ref<MemoryBio>,
        outgoing: &Ref<MemoryBio>,
        server_side: bool,
        server_hostname: &Value,
        owner: &Value,
        session: &Value,
    ) -> PyResult<Value> {
        let request = Request {
            is_server: server_side,
            name: server_hostname,
            owner,
            session,
        };
        connection::over_memory(cx, this, incoming, outgoing, &request)
    }

    #[method("set_ciphers(self, cipherlist, /)")]
    fn set_ciphers(cx: &Context, this: &Ref<TlsContext>, cipherlist: String) -> PyResult<()> {
        match ciphers::choose(&cipherlist) {
            Some(chosen) => {
                this.settings().suites = chosen;
                Ok(())
            }
            None => Err(errors::raise_plain(cx, "No cipher can be selected.")),
        }
    }

    #[method("get_ciphers(self, /)")]
    fn get_ciphers(cx: &Context, this: &Ref<TlsContext>) -> PyResult<Ref<List>> {
        let suites: Vec<_> = this.settings().all_suites().collect();
        let described: PyResult<Vec<_>> = suites.into_iter().map(|it| describe(cx, it)).collect();
        List::from_values(cx, described?)
    }

    #[method("_set_alpn_protocols(self, protos, /)")]
    fn set_alpn_protocols(cx: &Context, this: &Ref<TlsContext>, protos: BytesLike) -> PyResult<()> {
        let mut protocols = Vec::new();
        let mut rest = protos.bytes();
        while let Some((&length, after)) = rest.split_first() {
            let Some((protocol, after)) = after.split_at_checked(length.into()) else {
                return Err(cx.value_error("malformed list of protocols"));
            };
            protocols.push(protocol.to_vec());
            rest = after;
        }
        this.settings().protocols = protocols;
        Ok(())
    }

    #[method("set_ecdh_curve(self, name, /)")]
    fn set_ecdh_curve(cx: &Context, this: &Ref<TlsContext>, name: &Value) -> PyResult<()> {
        let name = Path::convert(cx, "set_ecdh_curve", name)?;
        let group = match name.as_bytes() {
            b"prime256v1" | b"secp256r1" | b"P-256" => NamedGroup::secp256r1,
            b"secp384r1" | b"P-384" => NamedGroup::secp384r1,
            b"X25519" | b"x25519" => NamedGroup::X25519,
            _ => {
                let shown = String::from_utf8_lossy(name.as_bytes());
                let message = format!("unknown elliptic curve name '{shown}'");
                return Err(cx.value_error(message));
            }
        };
        this.settings().group = Some(group);
        Ok(())
    }

    #[method("session_stats(self, /)")]
    fn session_stats(cx: &Context, this: &Ref<TlsContext>) -> PyResult<Ref<Dict>> {
        let counts = &this.statistics;
        let dict = Dict::new(cx)?;
        let zero = AtomicI64::new(0);
        for (name, count) in [
            ("number", &zero),
            ("connect", &counts.connected),
            ("connect_good", &counts.connected_well),
            ("connect_renegotiate", &zero),
            ("accept", &counts.accepted),
            ("accept_good", &counts.accepted_well),
            ("accept_renegotiate", &zero),
            ("hits", &counts.resumed),
            ("misses", &zero),
            ("timeouts", &zero),
            ("cache_full", &zero),
        ] {
            let count = count.load(Ordering::Relaxed).into_value(cx)?;
            dict.set_item(cx, &name.into_value(cx)?, count)?;
        }
        Ok(dict)
    }

    #[method("set_psk_client_callback(self, /, callback)")]
    fn set_psk_client_callback(
        cx: &Context,
        _this: &Ref<TlsContext>,
        _callback: &Value,
    ) -> PyResult<()> {
        Err(cx.not_implemented_error("TLS-PSK is not supported by this implementation"))
    }

    #[method("set_psk_server_callback(self, /, callback, identity_hint=None)")]
    fn set_psk_server_callback(
        cx: &Context,
        _this: &Ref<TlsContext>,
        _callback: &Value,
        _identity_hint: Maybe<&Value>,
    ) -> PyResult<()> {
        Err(cx.not_implemented_error("TLS-PSK is not supported by this implementation"))
    }

    #[getter]
    fn protocol(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<i32> {
        Ok(this.protocol)
    }

    #[getter]
    fn check_hostname(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<bool> {
        Ok(this.settings().checks_host_name)
    }

    #[setter]
    fn set_check_hostname(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let checks = given(cx, value)?.truth(cx)?;
        let mut settings = this.settings();
        settings.checks_host_name = checks;
        if checks && settings.mode == Mode::None {
            settings.mode = Mode::Required;
        }
        Ok(())
    }

    #[getter]
    fn verify_mode(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<i32> {
        Ok(this.settings().mode as i32)
    }

    #[setter]
    fn set_verify_mode(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let mode = match number(cx, value)? {
            0 => Mode::None,
            1 => Mode::Optional,
            2 => Mode::Required,
            _ => return Err(cx.value_error("invalid value for verify_mode")),
        };
        let checks = this.settings().checks_host_name;
        if mode == Mode::None && checks {
            return Err(cx.value_error(
                "Cannot set verify_mode to CERT_NONE when check_hostname is enabled.",
            ));
        }
        this.set_mode(mode);
        Ok(())
    }

    #[getter]
    fn verify_flags(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<u64> {
        Ok(this.settings().verify_flags)
    }

    #[setter]
    fn set_verify_flags(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let flags = unsigned(cx, value)?;
        this.settings().verify_flags = flags;
        Ok(())
    }

    #[getter]
    fn options(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<u64> {
        Ok(this.settings().options)
    }

    #[setter]
    fn set_options(cx: &Context, this: &Ref<TlsContext>, value: Option<&Value>) -> PyResult<()> {
        let options = unsigned(cx, value)?;
        let old = this.settings().options;
        if options & !old & PROHIBITIONS != 0 {
            let message = "ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated";
            warnings::warn(cx, exceptions::deprecation_warning(), message, 2)?;
        }
        this.settings().options = options;
        Ok(())
    }

    #[getter]
    fn minimum_version(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<i32> {
        Ok(this.settings().minimum)
    }

    #[setter]
    fn set_minimum_version(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let version = match version_limit(cx, this, value)? {
            HIGHEST => VERSION_3,
            version => version,
        };
        this.settings().minimum = version;
        Ok(())
    }

    #[getter]
    fn maximum_version(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<i32> {
        Ok(this.settings().maximum)
    }

    #[setter]
    fn set_maximum_version(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let version = match version_limit(cx, this, value)? {
            LOWEST => VERSION_2,
            version => version,
        };
        this.settings().maximum = version;
        Ok(())
    }

    /// Control the number of TLSv1.3 session tickets.
    #[getter]
    fn num_tickets(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<usize> {
        Ok(this.settings().tickets)
    }

    #[setter]
    fn set_num_tickets(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Ok(count) = usize::try_from(number(cx, value)?) else {
            return Err(cx.value_error("value must be non-negative"));
        };
        if this.protocol != PROTOCOL_TLS_SERVER {
            return Err(cx.value_error("SSLContext is not a server context."));
        }
        this.settings().tickets = count;
        Ok(())
    }

    /// The current security level.
    #[getter]
    fn security_level(_cx: &Context, _this: &Ref<TlsContext>) -> PyResult<i32> {
        Ok(2)
    }

    #[getter("_host_flags")]
    fn host_flags(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<u32> {
        Ok(this.settings().host_flags)
    }

    #[setter("_host_flags")]
    fn set_host_flags(cx: &Context, this: &Ref<TlsContext>, value: Option<&Value>) -> PyResult<()> {
        let flags = unsigned(cx, value)? as u32;
        this.settings().host_flags = flags;
        Ok(())
    }

    #[getter]
    fn post_handshake_auth(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<bool> {
        Ok(this.post_handshake.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_post_handshake_auth(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete attribute"));
        };
        this.post_handshake
            .store(value.truth(cx)?, Ordering::Relaxed);
        Ok(())
    }

    /// Set a callback that will be called when a server name is provided by the SSL/TLS client in the SNI extension.
    ///
    /// If the argument is None then the callback is disabled.  The method
    /// is called with the SSLSocket, the server name as a string, and the
    /// SSLContext object.
    ///
    /// See RFC 6066 for details of the SNI extension.
    #[getter]
    fn sni_callback(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<Value> {
        Ok(this.sni_callback.get().unwrap_or(Value::NONE))
    }

    #[setter]
    fn set_sni_callback(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let value = given(cx, value)?;
        if this.protocol == PROTOCOL_TLS_CLIENT {
            return Err(cx.value_error("sni_callback cannot be set on TLS_CLIENT context"));
        }
        if value.is_none() {
            this.sni_callback.set(None);
            return Ok(());
        }
        if !call::is_callable(value) {
            return Err(cx.type_error("not a callable object"));
        }
        this.sni_callback.set(Some(value.clone()));
        Ok(())
    }

    #[getter("_msg_callback")]
    fn message_callback(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<Value> {
        Ok(this.message_callback.get().unwrap_or(Value::NONE))
    }

    #[setter("_msg_callback")]
    fn set_message_callback(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let value = given(cx, value)?;
        if value.is_none() {
            this.message_callback.set(Some(Value::NONE));
            return Ok(());
        }
        if !call::is_callable(value) {
            return Err(cx.type_error(format!("{} is not callable.", value.type_name())));
        }
        Err(cx.not_implemented_error("TLS messages cannot be watched in this implementation"))
    }

    #[getter]
    fn keylog_filename(_cx: &Context, this: &Ref<TlsContext>) -> PyResult<Value> {
        Ok(this.log_name.get().unwrap_or(Value::NONE))
    }

    #[setter]
    fn set_keylog_filename(
        cx: &Context,
        this: &Ref<TlsContext>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let value = given(cx, value)?;
        let log = if value.is_none() {
            None
        } else {
            let path = Path::convert(cx, "keylog_filename", value)?;
            let opened = cx.detached(|| {
                let path = loading::system_path(path.as_bytes());
                let mut options = OpenOptions::new();
                let mut file = options.append(true).create(true).open(path)?;
                if file.metadata()?.len() == 0 {
                    use std::io::Write;
                    file.write_all(b"# TLS secrets log file, generated by OpenSSL / Python\n")?;
                }
                Ok(file)
            });
            let file = opened.map_err(|error| loading::io_error(cx, &error, Some(value)))?;
            Some(Arc::new(SecretsLog::new(file)))
        };
        this.settings().log = log;
        this.log_name.set(Some(value.clone()));
        Ok(())
    }
}

/// The name of a host, as a program gives it.
pub fn host_name(cx: &Context, value: &Value) -> PyResult<Option<String>> {
    if value.is_none() {
        return Ok(None);
    }
    let Some(text) = value.downcast::<Str>() else {
        let message = format!(
            "server_hostname must be str or None, not {}",
            value.type_name()
        );
        return Err(cx.type_error(message));
    };
    let name = match text.as_ascii() {
        Some(name) => name.to_owned(),
        None => {
            let encoded = codec::encode(cx, text, "idna", "strict")?;
            String::from_utf8_lossy(&encoded).into_owned()
        }
    };
    if name.contains('\0') {
        return Err(cx.type_error("argument must be encoded string without null bytes, not str"));
    }
    if name.is_empty() || name.starts_with('.') {
        return Err(cx.value_error(
            "server_hostname cannot be an empty string or start with a leading dot.",
        ));
    }
    Ok(Some(name))
}
