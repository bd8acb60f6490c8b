//! A context's settings, and what the TLS library makes of them for one connection.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, Error, KeyLog, NamedGroup, ServerConfig, SupportedProtocolVersion};

use super::ciphers::{SUITES, Suite};
use super::errors::Problem;
use super::trust::Trust;
use super::verifier::{Keys, Mode, Verifier};

/// The algorithms that there are.
pub fn provider() -> &'static CryptoProvider {
    static PROVIDER: OnceLock<CryptoProvider> = OnceLock::new();
    PROVIDER.get_or_init(ring::default_provider)
}

/// The numbers of `TLSVersion`.
pub const LOWEST: i32 = -2;
pub const HIGHEST: i32 = -1;
pub const VERSION_2: i32 = 0x303;
pub const VERSION_3: i32 = 0x304;

/// The options that mean something here.
pub const NO_VERSION_2: u64 = 0x0800_0000;
pub const NO_VERSION_3: u64 = 0x2000_0000;
pub const SERVER_PREFERENCE: u64 = 0x40_0000;
pub const IGNORE_UNEXPECTED_EOF: u64 = 0x80;
/// What a new context has of them: mostly what is the case here anyway.
const DEFAULT_OPTIONS: u64 = 0x8252_0050;

/// Secrets of connections, for those who look into the traffic.
pub struct SecretsLog(Mutex<File>);

impl SecretsLog {
    pub fn new(file: File) -> SecretsLog {
        SecretsLog(Mutex::new(file))
    }
}

impl std::fmt::Debug for SecretsLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretsLog")
    }
}

impl KeyLog for SecretsLog {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let line = format!("{label} {} {}\n", hex(random), hex(secret));
        // A log that cannot be written is no reason to end a connection.
        let _ = self.0.lock().write_all(line.as_bytes());
    }
}

/// Everything that is set on a context. Connections work on a copy.
#[derive(Clone)]
pub struct Settings {
    pub minimum: i32,
    pub maximum: i32,
    pub options: u64,
    pub mode: Mode,
    pub checks_host_name: bool,
    pub host_flags: u32,
    pub verify_flags: u64,
    pub trust: Arc<Trust>,
    pub keys: Keys,
    pub protocols: Vec<Vec<u8>>,
    /// Those before TLS 1.3, the best first.
    pub suites: Vec<&'static Suite>,
    pub group: Option<NamedGroup>,
    pub tickets: usize,
    pub log: Option<Arc<SecretsLog>>,
    /// The sessions that this context has served.
    pub sessions: Arc<dyn StoresServerSessions>,
}

/// What a client keeps of a connection to resume it.
pub struct Resumable {
    pub verifier: Arc<Verifier>,
    keys: Arc<Keys>,
    store: Arc<ClientSessionMemoryCache>,
}

impl Resumable {
    pub fn new(verifier: Arc<Verifier>, keys: Keys) -> Resumable {
        Resumable {
            verifier,
            keys: Arc::new(keys),
            store: Arc::new(ClientSessionMemoryCache::new(8)),
        }
    }
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::General(text) => Problem::Protocol("NO_CIPHERS_AVAILABLE".into(), text.clone()),
        error => Problem::of(error),
    }
}

impl Settings {
    /// The settings of a context that nobody has changed.
    pub fn new(suites: Vec<&'static Suite>) -> Settings {
        Settings {
            minimum: LOWEST,
            maximum: HIGHEST,
            options: DEFAULT_OPTIONS,
            mode: Mode::None,
            checks_host_name: false,
            host_flags: 4,
            verify_flags: 0x8000,
            trust: Arc::default(),
            keys: Keys::default(),
            protocols: Vec::new(),
            suites,
            group: None,
            tickets: 2,
            log: None,
            sessions: ServerSessionMemoryCache::new(1024),
        }
    }

    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let allowed = |number: i32, prohibition: u64| {
            number >= self.minimum
                && (self.maximum == HIGHEST || number <= self.maximum)
                && self.options & prohibition == 0
        };
        let mut versions = Vec::new();
        if allowed(VERSION_3, NO_VERSION_3) {
            versions.push(&TLS13);
        }
        if allowed(VERSION_2, NO_VERSION_2) {
            versions.push(&TLS12);
        }
        versions
    }

    /// The suites that connections may use, the best first.
    pub fn all_suites(&self) -> impl Iterator<Item = &'static Suite> {
        let newest = SUITES.iter().filter(|suite| suite.is_newest());
        newest.chain(self.suites.iter().copied())
    }

    fn provider(&self) -> Arc<CryptoProvider> {
        let mut provider = provider().clone();
        provider.cipher_suites = self.all_suites().map(|suite| suite.suite).collect();
        if let Some(wanted) = self.group {
            provider.kx_groups.retain(|group| group.name() == wanted);
        }
        Arc::new(provider)
    }

    fn key_log(&self) -> Option<Arc<dyn KeyLog>> {
        let log = self.log.clone()?;
        Some(log)
    }

    /// For a client.
    ///
    /// # Errors
    /// When no version of the protocol is left.
    pub fn client(&self, resumable: &Resumable) -> Result<Arc<ClientConfig>, Problem> {
        let versions = self.versions();
        if versions.is_empty() {
            return Err(Problem::named("NO_PROTOCOLS_AVAILABLE"));
        }
        let mut config = ClientConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&versions)
            .map_err(|error| problem(&error))?
            .dangerous()
            .with_custom_certificate_verifier(resumable.verifier.clone())
            .with_client_cert_resolver(resumable.keys.clone());
        config.alpn_protocols = self.protocols.clone();
        config.resumption = Resumption::store(resumable.store.clone());
        if let Some(log) = self.key_log() {
            config.key_log = log;
        }
        Ok(Arc::new(config))
    }

    /// For a server whose client offers these application protocols.
    ///
    /// # Errors
    /// When no version of the protocol is left.
    pub fn server(
        &self,
        verifier: Arc<Verifier>,
        offered: &[Vec<u8>],
    ) -> Result<Arc<ServerConfig>, Problem> {
        let versions = self.versions();
        if versions.is_empty() {
            return Err(Problem::named("NO_PROTOCOLS_AVAILABLE"));
        }
        let mut config = ServerConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&versions)
            .map_err(|error| problem(&error))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(self.keys.completed(&self.trust)));
        // With nothing in common, the connection does without.
        if self.protocols.iter().any(|own| offered.contains(own)) {
            config.alpn_protocols = self.protocols.clone();
        }
        config.ignore_client_order = self.options & SERVER_PREFERENCE != 0;
        config.send_tls13_tickets = self.tickets;
        config.session_storage = self.sessions.clone();
        if let Some(log) = self.key_log() {
            config.key_log = log;
        }
        Ok(Arc::new(config))
    }
}
