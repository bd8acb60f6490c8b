//! What the TLS library asks during a handshake: whether the peer's certificate is good, and which of
//! our own to show.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    SignatureAlgorithm, SignatureScheme,
};

use super::certificate::Certificate;
use super::ciphers;
use super::configuration::provider;
use super::host_name::Expected;
use super::trust::Trust;
use super::verify::{self, Failure, Purpose, Question};

/// How much is asked of a peer: the numbers of `VerifyMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    None = 0,
    Optional = 1,
    Required = 2,
}

/// What came of a verification.
#[derive(Debug, Default)]
pub struct Outcome {
    pub failure: Option<(Failure, String)>,
    pub chain: Vec<Arc<Certificate>>,
}

/// Decides on one connection's peer.
#[derive(Debug)]
pub struct Verifier {
    pub trust: Arc<Trust>,
    pub mode: Mode,
    pub flags: u64,
    pub purpose: Purpose,
    pub name: Option<Expected>,
    /// The name as the program gave it.
    pub shown_name: String,
    pub outcome: Mutex<Outcome>,
}

/// An error that has no better name in the TLS library.
#[derive(Debug)]
struct Refused(Failure);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.text())
    }
}

impl std::error::Error for Refused {}

/// Now, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

impl Verifier {
    fn text(&self, failure: Failure) -> String {
        let name = &self.shown_name;
        match failure {
            Failure::HostName => {
                format!("Hostname mismatch, certificate is not valid for '{name}'.")
            }
            Failure::Address => {
                format!("IP address mismatch, certificate is not valid for '{name}'.")
            }
            failure => failure.text().to_owned(),
        }
    }

    /// Whether the other one asks the same of a peer.
    pub fn asks_like(&self, other: &Verifier) -> bool {
        Arc::ptr_eq(&self.trust, &other.trust)
            && (self.mode, self.flags, self.purpose) == (other.mode, other.flags, other.purpose)
            && self.name == other.name
            && self.shown_name == other.shown_name
    }

    fn decide(&self, leaf: &[u8], sent: &[CertificateDer<'_>]) -> Result<(), Error> {
        if self.mode == Mode::None {
            return Ok(());
        }
        let leaf = Certificate::parse(leaf)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let sent: Vec<_> = sent
            .iter()
            .filter_map(|der| Certificate::parse(der))
            .collect();
        let question = Question {
            trust: &self.trust,
            flags: self.flags,
            purpose: self.purpose,
            now: now(),
            name: self.name.as_ref(),
        };
        let decided = verify::verify(&question, &leaf, &sent);
        let mut outcome = self.outcome.lock();
        match decided {
            Ok(chain) => {
                outcome.chain = chain;
                Ok(())
            }
            Err(failure) => {
                outcome.failure = Some((failure, self.text(failure)));
                // The variant decides which alert the peer gets.
                Err(Error::InvalidCertificate(match failure {
                    Failure::Expired => CertificateError::Expired,
                    Failure::NotYetValid => CertificateError::NotValidYet,
                    Failure::Revoked => CertificateError::Revoked,
                    Failure::Purpose => CertificateError::InvalidPurpose,
                    Failure::BadSignature => CertificateError::BadSignature,
                    Failure::HostName | Failure::Address => CertificateError::NotValidForName,
                    Failure::SelfSigned
                    | Failure::SelfSignedInChain
                    | Failure::NoIssuer
                    | Failure::NoRevocationList
                    | Failure::NotAuthority => CertificateError::UnknownIssuer,
                    other => CertificateError::Other(OtherError(Arc::new(Refused(other)))),
                }))
            }
        }
    }
}

macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &provider().signature_verification_algorithms;
            verify_tls12_signature(message, certificate, signature, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &provider().signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signature, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            provider()
                .signature_verification_algorithms
                .supported_schemes()
        }
    };
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.decide(leaf, sent)?;
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        self.mode != Mode::None
    }

    fn client_auth_mandatory(&self) -> bool {
        self.mode == Mode::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.decide(leaf, sent)?;
        Ok(ClientCertVerified::assertion())
    }

    signatures!();
}

/// Our own certificates with their keys, at most one for each kind of key.
#[derive(Clone, Debug, Default)]
pub struct Keys(pub Vec<Arc<CertifiedKey>>);

impl Keys {
    /// Adds a certificate; one with the same kind of key is replaced.
    pub fn add(&mut self, key: CertifiedKey) {
        let kind = key.key.algorithm();
        self.0.retain(|known| known.key.algorithm() != kind);
        self.0.push(Arc::new(key));
    }

    /// The same, where a certificate stands alone with those that lead to a trusted one.
    pub fn completed(&self, trust: &Trust) -> Keys {
        let complete = |key: &Arc<CertifiedKey>| {
            let leaf = match key.cert.as_slice() {
                [leaf] => Certificate::parse(leaf),
                _ => None,
            };
            let Some(leaf) = leaf else {
                return key.clone();
            };
            let chain = verify::complete(trust, &leaf, now());
            let chain = chain.iter().map(|it| CertificateDer::from(it.der.clone()));
            Arc::new(CertifiedKey::new(chain.collect(), key.key.clone()))
        };
        Keys(self.0.iter().map(complete).collect())
    }

    fn choose(
        &self,
        schemes: &[SignatureScheme],
        fits: impl Fn(SignatureAlgorithm) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        let can = |key: &&Arc<CertifiedKey>| {
            fits(key.key.algorithm()) && key.key.choose_scheme(schemes).is_some()
        };
        // Elliptic curves before RSA, as OpenSSL's suites are ordered.
        let is_rsa = |key: &&Arc<CertifiedKey>| key.key.algorithm() == SignatureAlgorithm::RSA;
        self.0.iter().filter(can).min_by_key(is_rsa).cloned()
    }
}

impl ResolvesServerCert for Keys {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let offered: Vec<_> = hello
            .cipher_suites()
            .iter()
            .filter_map(|suite| ciphers::find(*suite))
            .collect();
        self.choose(hello.signature_schemes(), |algorithm| {
            let wanted = match algorithm {
                SignatureAlgorithm::RSA => "RSA",
                _ => "ECDSA",
            };
            offered
                .iter()
                .any(|suite| suite.is_newest() || suite.authentication == wanted)
        })
    }
}

impl ResolvesClientCert for Keys {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.choose(schemes, |_| true)
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
