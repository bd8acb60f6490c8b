//! One TLS connection without its input and output: what it does next, and what it waits for.
//!
//! ```text
//!                   handshake                      close_notify of both
//!   Fresh ─▶ Open ───────────▶ Open, is done ───────────────────────▶ Open, closed
//!     │        ▲                                    server: Accepting ─▶ Greeted, which waits for
//!     └▶ Accepting ─▶ Greeted                       Python's say about the name that is asked for
//!   anything wrong, anywhere ─▶ Failed, for good
//! ```
//! Input is taken record by record, so that what follows the peer's `close_notify` stays where it is.
//! Output that cannot go out waits in `outgoing`, which is empty whenever an operation is done.
//! Nothing here blocks: an operation says what it waits for and is begun anew.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use rustix::io::Errno;
use rustls::pki_types::ServerName;
use rustls::server::{Accepted, Acceptor};
use rustls::{ClientConfig, ClientConnection, Connection, Error, ServerConfig};

use super::errors::Problem;
use super::verifier::Verifier;

/// What input and output have done.
pub enum Moved {
    Bytes(usize),
    /// Not now.
    Nothing,
    /// Input: there will be nothing more.
    End,
    Failed(Errno),
}

/// Where a connection's bytes come from and go to. Never blocks.
pub trait Wire {
    fn receive(&mut self, room: &mut [u8]) -> Moved;
    fn send(&mut self, bytes: &[u8]) -> Moved;
}

/// Why an operation is not done.
#[derive(Debug, PartialEq, Eq)]
pub enum Pause {
    /// For input.
    Read,
    /// For output.
    Write,
    /// A client has said hello; see [`Engine::hello`].
    Hello,
    /// For good.
    Problem(Problem),
}

type Step<T> = Result<T, Pause>;

enum Stage {
    Fresh(Option<Box<(Arc<ClientConfig>, ServerName<'static>)>>),
    Accepting(Box<Acceptor>),
    Greeted(Box<Accepted>),
    Open(Box<Connection>),
    Failed(Problem),
}

/// What a client has said hello with.
pub struct Hello {
    pub name: Option<String>,
    pub protocols: Vec<Vec<u8>>,
}

/// See the module's header.
pub struct Engine {
    stage: Stage,
    verifier: Option<Arc<Verifier>>,
    outgoing: Vec<u8>,
    /// How much of `outgoing` has gone.
    gone: usize,
    /// The record that is coming in.
    record: Vec<u8>,
    is_done: bool,
    has_closed: bool,
    /// How much of the data of a write that waits is encrypted.
    written: usize,
    /// The end of input counts as the peer's `close_notify`.
    ends_quietly: bool,
    /// The suites that the client has offered.
    pub offered: Vec<rustls::CipherSuite>,
}

const HEADER: usize = 5;
/// Content types, of which every record has one.
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=24;
/// Data of a record, at most.
const LARGEST: usize = 16384;

impl Engine {
    /// A server's side.
    pub fn server(ends_quietly: bool) -> Engine {
        Engine::new(Stage::Fresh(None), None, ends_quietly)
    }

    /// A client's side; why it cannot be is said when the handshake is tried.
    pub fn client(
        config: Result<(Arc<ClientConfig>, ServerName<'static>), Problem>,
        verifier: Arc<Verifier>,
        ends_quietly: bool,
    ) -> Engine {
        let stage = match config {
            Ok(config) => Stage::Fresh(Some(Box::new(config))),
            Err(problem) => Stage::Failed(problem),
        };
        Engine::new(stage, Some(verifier), ends_quietly)
    }

    fn new(stage: Stage, verifier: Option<Arc<Verifier>>, ends_quietly: bool) -> Engine {
        Engine {
            stage,
            verifier,
            outgoing: Vec::new(),
            gone: 0,
            record: Vec::new(),
            is_done: false,
            has_closed: false,
            written: 0,
            ends_quietly,
            offered: Vec::new(),
        }
    }

    /// The connection, once there is one.
    pub fn connection(&self) -> Option<&Connection> {
        match &self.stage {
            Stage::Open(connection) => Some(connection),
            _ => None,
        }
    }

    /// The connection, once the handshake is done.
    pub fn established(&self) -> Option<&Connection> {
        self.connection().filter(|_| self.is_done)
    }

    /// Whether nothing has happened yet.
    pub fn is_fresh(&self) -> bool {
        matches!(self.stage, Stage::Fresh(_))
    }

    pub fn verifier(&self) -> Option<&Arc<Verifier>> {
        self.verifier.as_ref()
    }

    fn fail(&mut self, problem: Problem) -> Pause {
        self.stage = Stage::Failed(problem.clone());
        Pause::Problem(problem)
    }

    /// Fails with an error of the library, after its alert has been sent if that can be done at once.
    fn fail_with(&mut self, wire: &mut dyn Wire, error: &Error) -> Pause {
        if let Stage::Open(connection) = &mut self.stage {
            drain(connection, &mut self.outgoing);
        }
        let _ = self.flush(wire);
        let refused = self.verifier.as_ref().and_then(|verifier| {
            let outcome = verifier.outcome.lock();
            outcome.failure.clone()
        });
        let problem = match (error, refused) {
            (Error::InvalidCertificate(_), Some((failure, text))) => {
                Problem::Certificate(failure, text)
            }
            _ => Problem::of(error),
        };
        self.fail(problem)
    }

    /// Sends what waits.
    fn flush(&mut self, wire: &mut dyn Wire) -> Step<()> {
        while self.gone < self.outgoing.len() {
            match wire.send(&self.outgoing[self.gone..]) {
                Moved::Bytes(count) => self.gone += count,
                Moved::Nothing | Moved::End => return Err(Pause::Write),
                Moved::Failed(error) => {
                    self.outgoing.clear();
                    self.gone = 0;
                    return Err(Pause::Problem(Problem::System(error)));
                }
            }
        }
        self.outgoing.clear();
        self.gone = 0;
        Ok(())
    }

    /// Takes a whole record in, into `self.record`.
    fn receive(&mut self, wire: &mut dyn Wire) -> Step<()> {
        loop {
            let wanted = match self.record.get(..HEADER) {
                Some(header) => {
                    if !CONTENT_TYPES.contains(&header[0]) || header[1] != 3 {
                        let problem = no_record(header);
                        // TLS would be answered; this is something else.
                        return Err(self.fail(problem));
                    }
                    HEADER + usize::from(u16::from_be_bytes([header[3], header[4]]))
                }
                None => HEADER,
            };
            let have = self.record.len();
            if have >= HEADER && have == wanted {
                return Ok(());
            }
            self.record.resize(wanted, 0);
            let moved = wire.receive(&mut self.record[have..]);
            let count = match moved {
                Moved::Bytes(count) => count,
                _ => 0,
            };
            self.record.truncate(have + count);
            match moved {
                Moved::Bytes(_) => {}
                Moved::Nothing => return Err(Pause::Read),
                Moved::End => return Err(Pause::Problem(Problem::Eof)),
                Moved::Failed(error) => return Err(Pause::Problem(Problem::System(error))),
            }
        }
    }

    /// Takes a record in and lets the connection work on it.
    fn advance(&mut self, wire: &mut dyn Wire) -> Step<()> {
        self.receive(wire)?;
        let Stage::Open(connection) = &mut self.stage else {
            unreachable!("invariant: only open connections advance");
        };
        let mut record = self.record.as_slice();
        let mut outcome = Ok(());
        while !record.is_empty() && outcome.is_ok() {
            outcome = match connection.read_tls(&mut record) {
                Ok(0) => Err(Error::PeerSentOversizedRecord),
                Ok(_) => connection.process_new_packets().map(drop),
                Err(error) => Err(Error::General(error.to_string())),
            };
        }
        drain(connection, &mut self.outgoing);
        self.record.clear();
        outcome.map_err(|error| self.fail_with(wire, &error))
    }

    /// Goes on until the handshake is done.
    pub fn handshake(&mut self, wire: &mut dyn Wire) -> Step<()> {
        loop {
            if self.is_done && matches!(self.stage, Stage::Open(_)) {
                return self.flush(wire);
            }
            match &mut self.stage {
                Stage::Failed(problem) => return Err(Pause::Problem(problem.clone())),
                Stage::Greeted(_) => return Err(Pause::Hello),
                Stage::Fresh(None) => self.stage = Stage::Accepting(Box::default()),
                Stage::Fresh(Some(client)) => {
                    let (config, name) = (client.0.clone(), client.1.clone());
                    match ClientConnection::new(config, name) {
                        Ok(connection) => {
                            let mut connection = Box::new(Connection::Client(connection));
                            connection.set_buffer_limit(None);
                            drain(&mut connection, &mut self.outgoing);
                            self.stage = Stage::Open(connection);
                        }
                        Err(error) => return Err(self.fail_with(wire, &error)),
                    }
                }
                Stage::Accepting(_) => {
                    self.flush(wire)?;
                    self.receive(wire)?;
                    self.accept(wire)?;
                }
                Stage::Open(connection) => {
                    drain(connection, &mut self.outgoing);
                    if connection.is_handshaking() {
                        self.flush(wire)?;
                        self.advance(wire)?;
                        continue;
                    }
                    self.is_done = true;
                    return match self.flush(wire) {
                        // The client may have gone without waiting for its tickets.
                        Err(Pause::Problem(Problem::System(Errno::PIPE | Errno::CONNRESET))) => {
                            Ok(())
                        }
                        flushed => flushed,
                    };
                }
            }
        }
    }

    /// Works on a record of a client that has not yet said hello.
    fn accept(&mut self, wire: &mut dyn Wire) -> Step<()> {
        let Stage::Accepting(acceptor) = &mut self.stage else {
            unreachable!("invariant: asked in this stage only");
        };
        let mut record = self.record.as_slice();
        while !record.is_empty() {
            if !matches!(acceptor.read_tls(&mut record), Ok(1..)) {
                return Err(self.fail(Problem::named("BAD_PACKET")));
            }
        }
        let accepted = acceptor.accept();
        self.record.clear();
        match accepted {
            Ok(None) => Ok(()),
            Ok(Some(accepted)) => {
                self.offered = accepted.client_hello().cipher_suites().to_vec();
                self.stage = Stage::Greeted(Box::new(accepted));
                Ok(())
            }
            Err((error, mut alert)) => {
                let _ = alert.write_all(&mut self.outgoing);
                Err(self.fail_with(wire, &error))
            }
        }
    }

    /// What the client has said hello with, while that waits for an answer.
    pub fn hello(&self) -> Option<Hello> {
        let Stage::Greeted(accepted) = &self.stage else {
            return None;
        };
        let hello = accepted.client_hello();
        Some(Hello {
            name: hello.server_name().map(str::to_owned),
            protocols: hello
                .alpn()
                .map(|protocols| protocols.map(<[u8]>::to_vec).collect())
                .unwrap_or_default(),
        })
    }

    /// Answers a hello. If another thread has done so already, nothing happens.
    pub fn answer(
        &mut self,
        wire: &mut dyn Wire,
        config: Result<Arc<ServerConfig>, Problem>,
        verifier: Arc<Verifier>,
    ) -> Step<()> {
        let greeted = Stage::Failed(Problem::named("INTERNAL_ERROR"));
        let accepted = match std::mem::replace(&mut self.stage, greeted) {
            Stage::Greeted(accepted) => accepted,
            other => {
                self.stage = other;
                return Ok(());
            }
        };
        let config = match config {
            Ok(config) => config,
            Err(problem) => return Err(self.refuse(wire, 70, problem)),
        };
        self.verifier = Some(verifier);
        match accepted.into_connection(config) {
            Ok(connection) => {
                let mut connection = Box::new(Connection::Server(connection));
                connection.set_buffer_limit(None);
                self.stage = Stage::Open(connection);
                Ok(())
            }
            Err((error, mut alert)) => {
                let _ = alert.write_all(&mut self.outgoing);
                Err(self.fail_with(wire, &error))
            }
        }
    }

    /// Ends a handshake whose client has said hello, with an alert.
    pub fn refuse(&mut self, wire: &mut dyn Wire, alert: u8, problem: Problem) -> Pause {
        const FATAL: u8 = 2;
        self.outgoing
            .extend_from_slice(&[21, 3, 3, 0, 2, FATAL, alert]);
        let _ = self.flush(wire);
        self.fail(problem)
    }

    /// Decrypted data; 0 when the peer has closed.
    pub fn read(&mut self, wire: &mut dyn Wire, room: &mut [u8]) -> Step<usize> {
        self.handshake(wire).or_else(|pause| {
            if pause == Pause::Write {
                Ok(())
            } else {
                Err(pause)
            }
        })?;
        loop {
            let Stage::Open(connection) = &mut self.stage else {
                self.handshake(wire)?;
                continue;
            };
            match connection.reader().read(room) {
                Ok(0) if self.has_closed => return Err(Pause::Problem(Problem::Closed)),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(Pause::Problem(Problem::Eof)),
            }
            match self.advance(wire) {
                Err(Pause::Problem(Problem::Eof)) if self.ends_quietly => return Ok(0),
                advanced => advanced?,
            }
            // An answer that cannot go now goes with the next write.
            match self.flush(wire) {
                Err(Pause::Write) => {}
                flushed => flushed?,
            }
        }
    }

    /// Encrypts and sends all of `data`. A write that has waited is begun anew with the same data.
    pub fn write(&mut self, wire: &mut dyn Wire, data: &[u8]) -> Step<usize> {
        self.handshake(wire)?;
        let mut written = std::mem::take(&mut self.written).min(data.len());
        loop {
            if let Err(pause) = self.flush(wire) {
                self.written = written;
                return Err(pause);
            }
            let rest = &data[written..];
            if rest.is_empty() {
                return Ok(data.len());
            }
            if self.has_closed {
                return Err(Pause::Problem(Problem::named("PROTOCOL_IS_SHUTDOWN")));
            }
            let Stage::Open(connection) = &mut self.stage else {
                unreachable!("invariant: the handshake is done");
            };
            let part = &rest[..rest.len().min(LARGEST)];
            if let Err(error) = connection.writer().write_all(part) {
                return Err(Pause::Problem(Problem::Protocol(
                    "INTERNAL_ERROR".into(),
                    error.to_string(),
                )));
            }
            written += part.len();
            drain(connection, &mut self.outgoing);
        }
    }

    /// Says that nothing more will be sent, and waits until the peer says so too.
    pub fn shutdown(&mut self, wire: &mut dyn Wire) -> Step<()> {
        if let Stage::Failed(problem) = &self.stage {
            return Err(Pause::Problem(problem.clone()));
        }
        let Some(Stage::Open(connection)) = self.is_done.then_some(&mut self.stage) else {
            return Err(Pause::Problem(Problem::named("SHUTDOWN_WHILE_IN_INIT")));
        };
        if !self.has_closed {
            self.has_closed = true;
            connection.send_close_notify();
            drain(connection, &mut self.outgoing);
        }
        self.flush(wire)?;
        loop {
            let Stage::Open(connection) = &mut self.stage else {
                return self.handshake(wire);
            };
            match connection.reader().read(&mut [0]) {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    let name = "APPLICATION_DATA_AFTER_CLOSE_NOTIFY";
                    return Err(Pause::Problem(Problem::named(name)));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(Pause::Problem(Problem::Eof)),
            }
            match self.advance(wire) {
                Err(Pause::Problem(Problem::Eof)) if self.ends_quietly => return Ok(()),
                advanced => advanced?,
            }
        }
    }

    /// Decrypted bytes that can be read at once.
    pub fn pending(&mut self) -> usize {
        match &mut self.stage {
            Stage::Open(connection) => connection
                .process_new_packets()
                .map_or(0, |state| state.plaintext_bytes_to_read()),
            _ => 0,
        }
    }
}

/// What the connection wants to send.
fn drain(connection: &mut Connection, outgoing: &mut Vec<u8>) {
    while connection.wants_write() {
        // Writing to memory does not fail.
        if !matches!(connection.write_tls(outgoing), Ok(1..)) {
            break;
        }
    }
}

/// What somebody speaks who does not speak TLS.
fn no_record(header: &[u8]) -> Problem {
    const METHODS: [&[u8]; 4] = [b"GET ", b"POST ", b"HEAD ", b"PUT "];
    if METHODS.iter().any(|method| header.starts_with(method)) {
        return Problem::named("HTTP_REQUEST");
    }
    Problem::named("WRONG_VERSION_NUMBER")
}
