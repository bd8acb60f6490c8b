//! What a connection tells about itself and its peer.

use std::sync::Arc;

use rustls::{HandshakeKind, ProtocolVersion};
use typhon_macros::pymethods;
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::certificate::Certificate;
use super::ciphers::{self, Suite};
use super::connection::TlsSocket;
use super::decoded;
use super::engine::Engine;
use super::verifier::Mode;

impl TlsSocket {
    /// Asks the engine something that takes no time.
    fn ask_engine<R: Send>(
        cx: &Context,
        this: &Ref<TlsSocket>,
        question: impl FnOnce(&mut Engine) -> R + Send,
    ) -> R {
        this.engine.with(cx, usize::MAX, question)
    }
}

fn triple(cx: &Context, suite: &Suite) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(
        cx,
        vec![
            suite.name.into_value(cx)?,
            suite.protocol().into_value(cx)?,
            suite.bits.into_value(cx)?,
        ],
    )
}

fn chain(cx: &Context, certificates: Vec<Arc<Certificate>>) -> PyResult<Value> {
    let made: PyResult<Vec<_>> = certificates
        .into_iter()
        .map(|certificate| decoded::object(cx, certificate))
        .collect();
    Ok(List::from_values(cx, made?)?.into_value())
}

/// The peer's certificates as it has sent them.
fn sent(engine: &Engine) -> Vec<Vec<u8>> {
    let certificates = engine
        .established()
        .and_then(|connection| connection.peer_certificates())
        .unwrap_or_default();
    certificates.iter().map(|der| der.to_vec()).collect()
}

#[pymethods(table = INSPECTION)]
impl TlsSocket {
    /// Returns the certificate for the peer.
    ///
    /// If no certificate was provided, returns None.  If a certificate was
    /// provided, but not validated, returns an empty dictionary.  Otherwise
    /// returns a dict containing information about the peer certificate.
    ///
    /// If the optional argument is True, returns a DER-encoded copy of the
    /// peer certificate, or None if no certificate was provided.  This will
    /// return the certificate even if it wasn't validated.
    #[method("getpeercert(self, der=False, /)")]
    fn getpeercert(cx: &Context, this: &Ref<TlsSocket>, der: bool) -> PyResult<Value> {
        let (is_done, leaf, is_checked) = TlsSocket::ask_engine(cx, this, |engine| {
            let is_checked = engine
                .verifier()
                .is_some_and(|verifier| verifier.mode != Mode::None);
            let leaf = sent(engine).into_iter().next();
            (engine.established().is_some(), leaf, is_checked)
        });
        if !is_done {
            return Err(cx.value_error("handshake not done yet"));
        }
        let Some(leaf) = leaf else {
            return Ok(Value::NONE);
        };
        if der {
            return Ok(Bytes::from_slice(cx, &leaf)?.into_value());
        }
        match Certificate::parse(&leaf).filter(|_| is_checked) {
            Some(certificate) => decoded::decode(cx, &certificate),
            None => Ok(Dict::new(cx)?.into_value()),
        }
    }

    #[method("get_unverified_chain(self, /)")]
    fn get_unverified_chain(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        let sent = TlsSocket::ask_engine(cx, this, |engine| sent(engine));
        if sent.is_empty() {
            return Ok(Value::NONE);
        }
        let parsed = sent.iter().filter_map(|der| Certificate::parse(der));
        chain(cx, parsed.collect())
    }

    #[method("get_verified_chain(self, /)")]
    fn get_verified_chain(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        let verified = TlsSocket::ask_engine(cx, this, |engine| {
            engine.established()?;
            let outcome = engine.verifier()?.outcome.lock();
            Some(outcome.chain.clone())
        });
        match verified {
            Some(verified) if !verified.is_empty() => chain(cx, verified),
            _ => TlsSocket::get_unverified_chain(cx, this),
        }
    }

    #[method("cipher(self, /)")]
    fn cipher(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Option<Ref<Tuple>>> {
        let suite = TlsSocket::ask_engine(cx, this, |engine| {
            let suite = engine.established()?.negotiated_cipher_suite()?;
            ciphers::find(suite.suite())
        });
        suite.map(|suite| triple(cx, suite)).transpose()
    }

    #[method("shared_ciphers(self, /)")]
    fn shared_ciphers(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        if !this.is_server {
            return Ok(Value::NONE);
        }
        let Some(context) = this.tls_context() else {
            return Ok(Value::NONE);
        };
        let own: Vec<_> = context.settings().all_suites().collect();
        let offered = TlsSocket::ask_engine(cx, this, |engine| {
            engine.established().map(|_| engine.offered.clone())
        });
        let Some(offered) = offered else {
            return Ok(Value::NONE);
        };
        let shared: PyResult<Vec<_>> = offered
            .into_iter()
            .filter_map(ciphers::find)
            .filter(|suite| own.iter().any(|known| known.number == suite.number))
            .map(|suite| Ok(triple(cx, suite)?.into_value()))
            .collect();
        Ok(List::from_values(cx, shared?)?.into_value())
    }

    #[method("version(self, /)")]
    fn version(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Option<&'static str>> {
        let version = TlsSocket::ask_engine(cx, this, |engine| {
            engine.established().and_then(|it| it.protocol_version())
        });
        Ok(match version {
            Some(ProtocolVersion::TLSv1_3) => Some("TLSv1.3"),
            Some(ProtocolVersion::TLSv1_2) => Some("TLSv1.2"),
            _ => None,
        })
    }

    #[method("selected_alpn_protocol(self, /)")]
    fn selected_alpn_protocol(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Option<String>> {
        let protocol = TlsSocket::ask_engine(cx, this, |engine| {
            let connection = engine.connection()?;
            connection.alpn_protocol().map(<[u8]>::to_vec)
        });
        Ok(protocol.map(|protocol| String::from_utf8_lossy(&protocol).into_owned()))
    }

    #[method("compression(self, /)")]
    fn compression(_cx: &Context, _this: &Ref<TlsSocket>) -> PyResult<Value> {
        Ok(Value::NONE)
    }

    /// Returns the number of already decrypted bytes available for read, pending on the connection.
    #[method("pending(self, /)")]
    fn pending(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<usize> {
        Ok(TlsSocket::ask_engine(cx, this, Engine::pending))
    }

    /// Get channel binding data for current connection.
    ///
    /// Raise ValueError if the requested `cb_type` is not supported.
    /// Return bytes of the data or None if the data is not available (e.g.
    /// before the handshake).
    /// Only 'tls-unique' channel binding data from RFC 5929 is supported.
    #[method("get_channel_binding(self, /, cb_type='tls-unique')")]
    fn get_channel_binding(
        cx: &Context,
        this: &Ref<TlsSocket>,
        cb_type: Maybe<String>,
    ) -> PyResult<Value> {
        let kind = cb_type.0.unwrap_or_else(|| "tls-unique".to_owned());
        if kind != "tls-unique" {
            let message = format!("'{kind}' channel binding type not implemented");
            return Err(cx.value_error(message));
        }
        let is_done = TlsSocket::ask_engine(cx, this, |engine| engine.established().is_some());
        if !is_done {
            return Ok(Value::NONE);
        }
        Err(cx.not_implemented_error(
            "the data of 'tls-unique' channel binding is not available in this implementation",
        ))
    }

    /// Whether this is a server-side socket.
    #[getter]
    fn server_side(_cx: &Context, this: &Ref<TlsSocket>) -> PyResult<bool> {
        Ok(this.is_server)
    }

    /// The currently set server hostname (for SNI).
    #[getter]
    fn server_hostname(_cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Option<String>> {
        Ok(this.host_name.clone())
    }

    /// Was the client session reused during handshake?
    #[getter]
    fn session_reused(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<bool> {
        Ok(TlsSocket::ask_engine(cx, this, |engine| {
            let kind = engine.established().and_then(|it| it.handshake_kind());
            kind == Some(HandshakeKind::Resumed)
        }))
    }
}
