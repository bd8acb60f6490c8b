//! `_SSLSocket`: a TLS connection over a socket or over memory.
//!
//! The engine lies behind a mutex. Whoever holds it is detached from the interpreter and does not block:
//! input and output go as far as they can at once. To wait, the mutex is let go, so that one thread can
//! read while another one writes. Python code (the callback for server names) runs without it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::class::class_of;
use typhon_runtime::field::Field;
use typhon_runtime::finalizer::unraisable;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::weakref::{self, WeakReference};
use typhon_runtime::protocols::{call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::configuration::{IGNORE_UNEXPECTED_EOF, Resumable, Settings};
use super::context::{self, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER, TlsContext};
use super::engine::{Engine, Hello, Moved, Pause, Wire};
use super::errors::{self, Class, Problem};
use super::host_name::{Expected, Wildcards};
use super::inspection;
use super::memory::{MemoryBio, Queue};
use super::session::Session;
use super::verifier::Verifier;
use super::verify::Purpose;
use crate::blocking::{self, Deadline};
use crate::bytes_like::BytesLike;
use crate::descriptor;
use crate::exclusive::Exclusive;
use crate::socket::Socket;
use typhon_runtime::args::Place;

/// The payload of a connection.
#[pyclass(
    name = "_SSLSocket",
    module = "_ssl",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct TlsSocket {
    pub engine: Exclusive<Engine>,
    /// A weak reference to the socket; empty over memory.
    socket: Field,
    incoming: Field,
    outgoing: Field,
    pub context: Field,
    /// A weak reference to who wraps this, if anybody does.
    owner: Field,
    pub is_server: bool,
    pub host_name: Option<String>,
    /// What a client resumes with: a [`Session`].
    pub session: Field,
}

impl Traverse for TlsSocket {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [
            &self.socket,
            &self.incoming,
            &self.outgoing,
            &self.context,
            &self.owner,
            &self.session,
        ] {
            field.traverse(visit);
        }
    }
}

/// What a connection is asked to be.
pub struct Request<'a> {
    pub is_server: bool,
    pub name: &'a Value,
    pub owner: &'a Value,
    pub session: &'a Value,
}

/// A socket that never blocks, whatever mode its descriptor is in.
struct SocketWire(i32);

impl Wire for SocketWire {
    fn receive(&mut self, room: &mut [u8]) -> Moved {
        let received = descriptor::borrow(self.0)
            .and_then(|socket| rustix::net::recv(socket, room, RecvFlags::DONTWAIT));
        match received {
            Ok((0, _)) => Moved::End,
            Ok((count, _)) => Moved::Bytes(count),
            Err(Errno::AGAIN | Errno::INTR) => Moved::Nothing,
            Err(error) => Moved::Failed(error),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Moved {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent =
            descriptor::borrow(self.0).and_then(|socket| rustix::net::send(socket, bytes, flags));
        match sent {
            Ok(count) => Moved::Bytes(count),
            Err(Errno::AGAIN | Errno::INTR) => Moved::Nothing,
            Err(error) => Moved::Failed(error),
        }
    }
}

/// Two rows of bytes.
struct MemoryWire {
    incoming: Arc<parking_lot::Mutex<Queue>>,
    outgoing: Arc<parking_lot::Mutex<Queue>>,
}

impl Wire for MemoryWire {
    fn receive(&mut self, room: &mut [u8]) -> Moved {
        self.incoming.lock().take(room)
    }

    fn send(&mut self, bytes: &[u8]) -> Moved {
        self.outgoing.lock().add(bytes)
    }
}

fn weak(cx: &Context, value: &Value) -> PyResult<Option<Value>> {
    if value.is_none() {
        return Ok(None);
    }
    let reference = weakref::reference(cx, value, None)?;
    Ok(Some(reference.into_value()))
}

fn strong(field: &Field) -> Option<Value> {
    field.get_as::<WeakReference>()?.upgrade()
}

/// Whom a certificate must be for, when that is checked.
fn expected(settings: &Settings, name: Option<&str>) -> Option<Expected> {
    let name = name.filter(|_| settings.checks_host_name)?;
    const NO_WILDCARDS: u32 = 2;
    const NEVER_CHECK_SUBJECT: u32 = 32;
    Some(match name.parse::<IpAddr>() {
        Ok(address) => Expected::Address(address),
        Err(_) => Expected::Host {
            name: name.to_owned(),
            common_name: settings.host_flags & NEVER_CHECK_SUBJECT == 0,
            wildcards: if settings.host_flags & NO_WILDCARDS != 0 {
                Wildcards::None
            } else {
                Wildcards::Label
            },
        },
    })
}

fn verifier(settings: &Settings, purpose: Purpose, name: Option<&str>) -> Arc<Verifier> {
    Arc::new(Verifier {
        trust: settings.trust.clone(),
        mode: settings.mode,
        flags: settings.verify_flags,
        purpose,
        name: expected(settings, name),
        shown_name: name.unwrap_or_default().to_owned(),
        outcome: Default::default(),
    })
}

/// The session `given` as this connection has it, or a fresh one: the server need not resume a session,
/// and then its certificate has to be good for what is asked of this connection.
fn resumed(
    settings: &Settings,
    tls: &Ref<TlsContext>,
    given: &Session,
    name: Option<&str>,
) -> Session {
    let verifier = verifier(settings, Purpose::Server, name);
    if given.resumable.verifier.asks_like(&verifier) {
        given.again()
    } else {
        let resumable = Resumable::new(verifier, settings.keys.clone());
        Session::new(resumable, tls.as_value())
    }
}

fn client_configuration(
    settings: &Settings,
    resumable: &Resumable,
    name: Option<&str>,
) -> Result<(Arc<ClientConfig>, ServerName<'static>), Problem> {
    // Without a name, or with one that cannot be asked for, nothing is asked for.
    let nobody = || ServerName::from(IpAddr::from([0, 0, 0, 0]));
    let name = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    Ok((settings.client(resumable)?, name.unwrap_or_else(nobody)))
}

fn client_engine(settings: &Settings, session: &Session, name: Option<&str>) -> Engine {
    let resumable = &session.resumable;
    Engine::client(
        client_configuration(settings, resumable, name),
        resumable.verifier.clone(),
        settings.options & IGNORE_UNEXPECTED_EOF != 0,
    )
}

fn settings_of(cx: &Context, context: &Ref<TlsContext>) -> Settings {
    let settings = context.settings().clone();
    cx.detached(|| settings.trust.read_directories());
    settings
}

/// The session that a client is to resume.
fn session_argument(cx: &Context, is_server: bool, value: &Value) -> PyResult<Ref<Session>> {
    let Some(session) = value.downcast::<Session>() else {
        return Err(cx.type_error("Value is not a SSLSession."));
    };
    if is_server {
        return Err(cx.value_error("Cannot set session for server-side SSLSocket."));
    }
    Ok(session.clone())
}

/// Makes a connection; `over` fills in where its bytes go.
fn make(
    cx: &Context,
    tls: &Ref<TlsContext>,
    request: &Request<'_>,
    over: impl FnOnce(&mut TlsSocket) -> PyResult<()>,
) -> PyResult<Value> {
    class_of::<TlsSocket>(cx)?;
    class_of::<Session>(cx)?;
    let settings = settings_of(cx, tls);
    if settings.checks_host_name && !request.name.truth(cx)? {
        return Err(cx.value_error("check_hostname requires server_hostname"));
    }
    if request.is_server && !request.name.is_none() {
        return Err(cx.value_error("server_hostname can only be specified in client mode"));
    }
    let name = context::host_name(cx, request.name)?;
    let wrong = match (request.is_server, tls.protocol) {
        (true, PROTOCOL_TLS_CLIENT) => {
            "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context"
        }
        (false, PROTOCOL_TLS_SERVER) => {
            "Cannot create a client socket with a PROTOCOL_TLS_SERVER context"
        }
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(errors::raise(cx, Class::Error, 0, wrong));
    }
    let (engine, session) = if request.is_server {
        if !request.session.is_none() {
            session_argument(cx, true, request.session)?;
        }
        let quietly = settings.options & IGNORE_UNEXPECTED_EOF != 0;
        (Engine::server(quietly), None)
    } else {
        let session = if request.session.is_none() {
            let verifier = verifier(&settings, Purpose::Server, name.as_deref());
            let resumable = Resumable::new(verifier, settings.keys.clone());
            object::new(cx, Session::new(resumable, tls.as_value()))?
        } else {
            let given = session_argument(cx, false, request.session)?;
            if !given.is_of(tls.as_value()) {
                return Err(cx.value_error("Session refers to a different SSLContext."));
            }
            object::new(cx, resumed(&settings, tls, &given, name.as_deref()))?
        };
        let engine = client_engine(&settings, &session, name.as_deref());
        (engine, Some(session.into_value()))
    };
    let mut made = TlsSocket {
        engine: Exclusive::new(engine),
        socket: Field::empty(),
        incoming: Field::empty(),
        outgoing: Field::empty(),
        context: Field::new(tls.as_value().clone()),
        owner: Field::from_option(weak(cx, request.owner)?),
        is_server: request.is_server,
        host_name: name,
        session: Field::from_option(session),
    };
    over(&mut made)?;
    let statistics = &tls.statistics;
    let begun = match request.is_server {
        true => &statistics.accepted,
        false => &statistics.connected,
    };
    begun.fetch_add(1, Ordering::Relaxed);
    object::new(cx, made).map(Ref::into_value)
}

/// A connection over a socket.
pub fn over_socket(
    cx: &Context,
    context: &Ref<TlsContext>,
    socket: &Ref<Socket>,
    request: &Request<'_>,
) -> PyResult<Value> {
    make(cx, context, request, |made| {
        made.socket = Field::from_option(weak(cx, socket.as_value())?);
        Ok(())
    })
}

/// A connection over memory.
pub fn over_memory(
    cx: &Context,
    context: &Ref<TlsContext>,
    incoming: &Ref<MemoryBio>,
    outgoing: &Ref<MemoryBio>,
    request: &Request<'_>,
) -> PyResult<Value> {
    make(cx, context, request, |made| {
        made.incoming = Field::new(incoming.as_value().clone());
        made.outgoing = Field::new(outgoing.as_value().clone());
        Ok(())
    })
}

#[cold]
fn would_block(cx: &Context, events: PollFlags) -> Raised {
    if events == PollFlags::IN {
        let text = "The operation did not complete (read)";
        return errors::raise(cx, Class::WantRead, errors::WANT_READ, text);
    }
    let text = "The operation did not complete (write)";
    errors::raise(cx, Class::WantWrite, errors::WANT_WRITE, text)
}

impl TlsSocket {
    fn socket(&self, cx: &Context) -> PyResult<Option<Ref<Socket>>> {
        if self.socket.is_empty() {
            return Ok(None);
        }
        let socket = strong(&self.socket).and_then(|socket| socket.into_ref::<Socket>().ok());
        match socket {
            Some(socket) => Ok(Some(socket)),
            None => {
                let text = "Underlying socket connection gone";
                Err(errors::raise(cx, Class::Error, 0, text))
            }
        }
    }

    fn wire(&self, cx: &Context, socket: Option<&Ref<Socket>>) -> PyResult<Box<dyn Wire + Send>> {
        match socket {
            Some(socket) if socket.number() < 0 => {
                let text = "Underlying socket has been closed.";
                Err(errors::raise(cx, Class::Error, 0, text))
            }
            Some(socket) => Ok(Box::new(SocketWire(socket.number()))),
            None => {
                let queue = |field: &Field| {
                    let memory = field.get_as::<MemoryBio>();
                    memory.map(|memory| memory.0.clone()).unwrap_or_default()
                };
                Ok(Box::new(MemoryWire {
                    incoming: queue(&self.incoming),
                    outgoing: queue(&self.outgoing),
                }))
            }
        }
    }

    /// Does an operation, however long it waits. `name` is for the error when that is too long.
    fn run<T: Send>(
        cx: &Context,
        this: &Ref<TlsSocket>,
        name: &str,
        mut operation: impl FnMut(&mut Engine, &mut dyn Wire) -> Result<T, Pause> + Send,
    ) -> PyResult<T> {
        let socket = this.socket(cx)?;
        let blocks = socket.as_ref().is_some_and(|socket| socket.timeout() != 0);
        let deadline = socket.as_ref().and_then(|socket| socket.deadline());
        loop {
            blocking::interrupted(cx)?;
            let mut wire = this.wire(cx, socket.as_ref())?;
            let outcome = this
                .engine
                .with(cx, usize::MAX, |engine| operation(engine, wire.as_mut()));
            let events = match outcome {
                Ok(result) => return Ok(result),
                Err(Pause::Hello) => {
                    TlsSocket::greet(cx, this, wire.as_mut())?;
                    continue;
                }
                Err(Pause::Problem(problem)) => return Err(errors::raise_problem(cx, &problem)),
                Err(Pause::Read) => PollFlags::IN,
                Err(Pause::Write) => PollFlags::OUT,
            };
            let Some(socket) = socket.as_ref().filter(|_| blocks) else {
                return Err(would_block(cx, events));
            };
            if !socket.wait(cx, events, deadline.unwrap_or(Deadline::NEVER))? {
                let message = format!("The {name} operation timed out");
                return Err(cx.raise_message(exceptions::timeout_error(), &message));
            }
        }
    }

    /// Who the callback for names is called with.
    fn shown(this: &Ref<TlsSocket>) -> Value {
        strong(&this.owner).unwrap_or_else(|| this.as_value().clone())
    }

    pub fn tls_context(&self) -> Option<Ref<TlsContext>> {
        self.context.get_as::<TlsContext>()
    }

    /// Answers a client's hello: asks Python about the name, then goes on with what is set now.
    fn greet(cx: &Context, this: &Ref<TlsSocket>, wire: &mut (dyn Wire + Send)) -> PyResult<()> {
        let Some(hello) = this.engine.with(cx, usize::MAX, |engine| engine.hello()) else {
            return Ok(());
        };
        let Some(context) = this.tls_context() else {
            return Ok(());
        };
        // Nobody is asked about a connection whose owner is gone.
        let is_owned = this.owner.is_empty() || strong(&this.owner).is_some();
        if let Some(callback) = context.sni_callback.get().filter(|_| is_owned)
            && let Some(alert) = TlsSocket::ask(cx, this, &context, &callback, &hello)?
        {
            let problem = Problem::named("CALLBACK_FAILED");
            this.engine
                .with(cx, usize::MAX, |engine| engine.refuse(wire, alert, problem));
            return Ok(());
        }
        // The callback may have set another one.
        let Some(context) = this.tls_context() else {
            return Ok(());
        };
        let settings = settings_of(cx, &context);
        let verifier = verifier(&settings, Purpose::Client, None);
        this.engine.with(cx, usize::MAX, |engine| {
            const HANDSHAKE_FAILURE: u8 = 40;
            if settings.keys.0.is_empty() {
                let problem = Problem::named("NO_SHARED_CIPHER");
                engine.refuse(wire, HANDSHAKE_FAILURE, problem);
                return;
            }
            let config = settings.server(verifier.clone(), &hello.protocols);
            // What goes wrong is told by the operation that is begun anew.
            let _ = engine.answer(wire, config, verifier);
        });
        Ok(())
    }

    /// Calls the callback for names; an alert ends the handshake.
    fn ask(
        cx: &Context,
        this: &Ref<TlsSocket>,
        context: &Ref<TlsContext>,
        callback: &Value,
        hello: &Hello,
    ) -> PyResult<Option<u8>> {
        const HANDSHAKE_FAILURE: u8 = 40;
        const INTERNAL_ERROR: u8 = 80;
        let name = hello.name.as_deref().into_value(cx)?;
        let arguments = [TlsSocket::shown(this), name, context.as_value().clone()];
        let report = |cx: &Context, what: &str| {
            unraisable(cx, &format!("Exception ignored {what}"), callback);
        };
        let answer = match call::call(cx, callback, &arguments) {
            Ok(answer) => answer,
            Err(Raised) => {
                report(cx, "in ssl servername callback");
                return Ok(Some(HANDSHAKE_FAILURE));
            }
        };
        if answer.is_none() {
            return Ok(None);
        }
        if !int::is_int(&answer) {
            let shown = text::repr_text(cx, &answer)?;
            let message = format!("servername callback must return an int or None, not {shown}");
            let Raised = cx.type_error(message);
            report(cx, "in ssl servername callback");
            return Ok(Some(INTERNAL_ERROR));
        }
        let alert = int::index_as_i128(cx, &answer)?;
        Ok(Some(u8::try_from(alert).unwrap_or(INTERNAL_ERROR)))
    }

    /// Notes a handshake that is done.
    fn note(&self, kind: Option<HandshakeKind>) {
        let Some(context) = self.tls_context() else {
            return;
        };
        let statistics = &context.statistics;
        let done = match self.is_server {
            true => &statistics.accepted_well,
            false => &statistics.connected_well,
        };
        done.fetch_add(1, Ordering::Relaxed);
        if kind == Some(HandshakeKind::Resumed) {
            statistics.resumed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[pymethods(tables(inspection::INSPECTION))]
impl TlsSocket {
    #[method("do_handshake(self, /)")]
    fn do_handshake(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<()> {
        let (is_first, kind) = TlsSocket::run(cx, this, "handshake", |engine, wire| {
            let was_done = engine.established().is_some();
            engine.handshake(wire)?;
            let connection = engine.established();
            Ok((!was_done, connection.and_then(|it| it.handshake_kind())))
        })?;
        if is_first {
            this.note(kind);
        }
        Ok(())
    }

    /// read(size, [buffer])
    /// Read up to size bytes from the SSL socket.
    #[method("read(self, /, *args)")]
    fn read(cx: &Context, this: &Ref<TlsSocket>, args: &[Value]) -> PyResult<Value> {
        let place = |position| Place {
            function: "read",
            position,
            name: "",
            by_name: false,
        };
        let (size, buffer) = match args {
            [size] => (size, None),
            [size, buffer] => {
                let buffer = BytesLike::writable(cx, buffer, &place(2))?;
                (size, Some(buffer))
            }
            _ => {
                let message = "_ssl._SSLSocket.read requires 1 to 2 arguments";
                return Err(cx.type_error(message));
            }
        };
        let size = int::index_as_i128(cx, size)?;
        let size = match &buffer {
            None if size < 0 => return Err(cx.value_error("size should not be negative")),
            None => usize::try_from(size).unwrap_or(usize::MAX),
            Some(buffer) => match usize::try_from(size) {
                Ok(size) if size > 0 => size.min(buffer.len()),
                _ => buffer.len(),
            },
        };
        // More than a record has does not come at once.
        let mut room = vec![0; size.min(1 << 16)];
        let count = if room.is_empty() {
            0
        } else {
            TlsSocket::run(cx, this, "read", |engine, wire| {
                engine.read(wire, &mut room)
            })?
        };
        match &buffer {
            Some(buffer) => {
                buffer.buffer().write(0, &room[..count]);
                count.into_value(cx)
            }
            None => Bytes::from_slice(cx, &room[..count]).map(Ref::into_value),
        }
    }

    /// Writes the bytes-like object b into the SSL object.
    ///
    /// Returns the number of bytes written.
    #[method("write(self, b, /)")]
    fn write(cx: &Context, this: &Ref<TlsSocket>, b: BytesLike) -> PyResult<usize> {
        TlsSocket::run(cx, this, "write", |engine, wire| {
            engine.write(wire, b.bytes())
        })
    }

    /// Does the SSL shutdown handshake with the remote end.
    #[method("shutdown(self, /)")]
    fn shutdown(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        TlsSocket::run(cx, this, "read", |engine, wire| engine.shutdown(wire))?;
        match this.socket(cx)? {
            Some(socket) => Ok(socket.into_value()),
            None => Ok(Value::NONE),
        }
    }

    #[method("verify_client_post_handshake(self, /)")]
    fn verify_client_post_handshake(cx: &Context, _this: &Ref<TlsSocket>) -> PyResult<Value> {
        Err(cx.not_implemented_error("Post-handshake auth is not supported by this implementation"))
    }

    /// This changes the context associated with the SSLSocket.
    ///
    /// This is typically used from within a callback function set by the
    /// sni_callback on the SSLContext to change the certificate information
    /// associated with the SSLSocket before the cryptographic exchange
    /// handshake messages.
    #[getter("context")]
    fn context_attribute(_cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        Ok(this.context.get().unwrap_or(Value::NONE))
    }

    #[setter("context")]
    fn set_context(cx: &Context, this: &Ref<TlsSocket>, value: Option<&Value>) -> PyResult<()> {
        let value = value.ok_or_else(|| cx.attribute_error("cannot delete attribute"))?;
        match value {
            value if value.downcast::<TlsContext>().is_some() => {
                this.context.set(Some(value.clone()));
                Ok(())
            }
            _ => Err(cx.type_error("The value must be a SSLContext")),
        }
    }

    /// The Python-level owner of this object.
    ///
    /// Passed as "self" in servername callback.
    #[getter("owner")]
    fn owner(_cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        Ok(strong(&this.owner).unwrap_or(Value::NONE))
    }

    #[setter("owner")]
    fn set_owner(cx: &Context, this: &Ref<TlsSocket>, value: Option<&Value>) -> PyResult<()> {
        let value = value.ok_or_else(|| cx.attribute_error("cannot delete attribute"))?;
        this.owner.set(weak(cx, value)?);
        Ok(())
    }

    /// The underlying SSLSession object.
    #[getter("session")]
    fn session_attribute(cx: &Context, this: &Ref<TlsSocket>) -> PyResult<Value> {
        let is_fresh = this
            .engine
            .with(cx, usize::MAX, |engine| engine.established().is_none());
        if is_fresh {
            return Ok(Value::NONE);
        }
        Ok(this.session.get().unwrap_or(Value::NONE))
    }

    #[setter("session")]
    fn set_session(cx: &Context, this: &Ref<TlsSocket>, value: Option<&Value>) -> PyResult<()> {
        let value = value.ok_or_else(|| cx.attribute_error("cannot delete attribute"))?;
        let session = session_argument(cx, this.is_server, value)?;
        let Some(context) = this.tls_context() else {
            return Ok(());
        };
        if !session.is_of(context.as_value()) {
            return Err(cx.value_error("Session refers to a different SSLContext."));
        }
        let settings = settings_of(cx, &context);
        let name = this.host_name.as_deref();
        let again = object::new(cx, resumed(&settings, &context, &session, name))?;
        let engine = client_engine(&settings, &again, name);
        let is_changed = this.engine.with(cx, usize::MAX, |old| {
            let is_fresh = old.is_fresh();
            if is_fresh {
                *old = engine;
            }
            is_fresh
        });
        if !is_changed {
            return Err(cx.value_error("Cannot set session after handshake."));
        }
        this.session.set(Some(again.into_value()));
        Ok(())
    }

    #[slot(new)]
    fn new(
        cx: &Context,
        _class: &Ref<typhon_runtime::objects::type_::Type>,
        _args: Args<'_>,
    ) -> PyResult<Value> {
        Err(cx.type_error("cannot create '_ssl._SSLSocket' instances"))
    }
}
