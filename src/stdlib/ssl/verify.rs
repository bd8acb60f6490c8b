//! Whether a chain of certificates leads to one that is trusted, decided as OpenSSL decides it.
//!
//! ```text
//!   leaf ─ issuer ─ issuer ─ … ─ trusted      trusted issuers come before those that the peer sent
//!    0        1        2                      the index is OpenSSL's "depth"
//! ```
//! The chain is built first; then come what the certificates say of themselves (usage, constraints),
//! the peer's name, revocation, signatures and times, names' constraints. The first thing that is wrong
//! is the error. A certificate that is trusted itself need not be an authority; one that has not issued
//! itself ends the chain only where `PARTIAL_CHAIN` is set.

use std::sync::Arc;

use rustls::pki_types::SignatureVerificationAlgorithm;

use super::certificate::{
    self, AUTHORITY_KEY_IDENTIFIER, Authority, BASIC_CONSTRAINTS, Certificate, EXTENDED_KEY_USAGE,
    KEY_USAGE, NAME_CONSTRAINTS, RevocationList, SUBJECT_ALTERNATIVE_NAME, SUBJECT_KEY_IDENTIFIER,
};
use super::host_name::{self, Expected};
use super::name_constraints;
use super::trust::Trust;

/// OpenSSL's flags.
pub const CHECK_REVOCATION: u64 = 0x4;
pub const CHECK_REVOCATION_OF_ALL: u64 = 0x8;
pub const STRICT: u64 = 0x20;
pub const PARTIAL_CHAIN: u64 = 0x8_0000;

/// Chains are not longer than this.
const LONGEST: usize = 100;

macro_rules! failures {
    ($($name:ident = $code:literal $text:literal,)*) => {
        /// What is wrong with a chain: OpenSSL's numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Failure {
            $($name = $code,)*
        }

        impl Failure {
            /// OpenSSL's text.
            pub fn text(self) -> &'static str {
                match self {
                    $(Failure::$name => $text,)*
                }
            }
        }
    };
}

failures! {
    NoRevocationList = 3 "unable to get certificate CRL",
    BadSignature = 7 "certificate signature failure",
    BadRevocationListSignature = 8 "CRL signature failure",
    NotYetValid = 9 "certificate is not yet valid",
    Expired = 10 "certificate has expired",
    RevocationListNotYetValid = 11 "CRL is not yet valid",
    RevocationListExpired = 12 "CRL has expired",
    SelfSigned = 18 "self-signed certificate",
    SelfSignedInChain = 19 "self-signed certificate in certificate chain",
    NoIssuer = 20 "unable to get local issuer certificate",
    TooLong = 22 "certificate chain too long",
    Revoked = 23 "certificate revoked",
    PathLength = 25 "path length constraint exceeded",
    Purpose = 26 "unsuitable certificate purpose",
    UnknownExtension = 34 "unhandled critical extension",
    NotPermitted = 47 "permitted subtree violation",
    Excluded = 48 "excluded subtree violation",
    UnknownConstraint = 51 "unsupported name constraint type",
    HostName = 62 "Hostname mismatch",
    Address = 64 "IP address mismatch",
    WeakDigest = 68 "CA signature digest algorithm too weak",
    NotAuthority = 79 "invalid CA certificate",
    PathLengthOfNoAuthority = 80 "Path length invalid for non-CA cert",
    NoIssuerName = 83 "Issuer name empty",
    NoAuthorityKeyIdentifier = 85 "Missing Authority Key Identifier",
    NoSubjectKeyIdentifier = 86 "Missing Subject Key Identifier",
    ConstraintsNotCritical = 89 "Basic Constraints of CA cert not marked critical",
    AuthorityKeyIdentifierCritical = 90 "Authority Key Identifier marked critical",
    SubjectKeyIdentifierCritical = 91 "Subject Key Identifier marked critical",
    NoKeyUsage = 92 "CA cert does not include key usage extension",
}

/// What the leaf is to be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Server,
    Client,
}

impl Purpose {
    /// 1.3.6.1.5.5.7.3.1 and 2.
    fn identifier(self) -> [u8; 8] {
        let last = match self {
            Purpose::Server => 1,
            Purpose::Client => 2,
        };
        [0x2B, 6, 1, 5, 5, 7, 3, last]
    }
}

/// What is asked of a chain.
pub struct Question<'a> {
    pub trust: &'a Trust,
    pub flags: u64,
    pub purpose: Purpose,
    /// Seconds since 1970.
    pub now: i64,
    pub name: Option<&'a Expected>,
}

/// Checks one signature with whatever algorithm fits the key and what the signer says.
fn is_signed(
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    issuer: &Certificate,
    (signed, algorithm, signature): (&[u8], &[u8], &[u8]),
) -> Result<(), Failure> {
    let mut is_known = false;
    for candidate in algorithms {
        if candidate.public_key_alg_id().as_ref() != issuer.key_algorithm
            || candidate.signature_alg_id().as_ref() != algorithm
        {
            continue;
        }
        is_known = true;
        if candidate
            .verify_signature(&issuer.key, signed, signature)
            .is_ok()
        {
            return Ok(());
        }
    }
    // What is no longer taken: SHA-1 and MD5 with RSA, SHA-1 with ECDSA.
    let weak: [&[u8]; 3] = [
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 5],
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 4],
        &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1],
    ];
    let identifier = algorithm.get(2..).unwrap_or_default();
    if !is_known && weak.iter().any(|weak| identifier.starts_with(weak)) {
        return Err(Failure::WeakDigest);
    }
    Err(Failure::BadSignature)
}

/// The algorithms that signatures of certificates may have.
pub fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    super::configuration::provider()
        .signature_verification_algorithms
        .all
}

fn signature_of(certificate: &Certificate) -> (&[u8], &[u8], &[u8]) {
    (
        &certificate.signed,
        &certificate.signature_algorithm,
        &certificate.signature,
    )
}

/// The best of those that may have issued `subject`: one whose key fits and whose time it is.
fn issuer_among<'a>(
    candidates: impl Iterator<Item = &'a Arc<Certificate>>,
    subject: &Certificate,
    chain: &[Arc<Certificate>],
    now: i64,
) -> Option<Arc<Certificate>> {
    let mut best: Option<(u8, Arc<Certificate>)> = None;
    for candidate in candidates {
        if !candidate.may_have_issued(subject)
            || chain.iter().any(|known| known.der == candidate.der)
        {
            continue;
        }
        let fits = is_signed(algorithms(), candidate, signature_of(subject)).is_ok();
        let is_time = candidate.not_before.seconds() <= now && now <= candidate.not_after.seconds();
        let rank = 2 * u8::from(fits) + u8::from(is_time);
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, candidate.clone()));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The chain from the leaf to a trusted certificate.
fn build(
    question: &Question<'_>,
    leaf: &Arc<Certificate>,
    sent: &[Arc<Certificate>],
) -> Result<Vec<Arc<Certificate>>, Failure> {
    let trust = question.trust;
    let mut chain = vec![leaf.clone()];
    loop {
        let last = chain[chain.len() - 1].clone();
        if trust.contains(&last) && (last.is_self_issued() || question.flags & PARTIAL_CHAIN != 0) {
            return Ok(chain);
        }
        if last.is_self_issued() {
            return Err(match chain.len() {
                1 => Failure::SelfSigned,
                _ => Failure::SelfSignedInChain,
            });
        }
        if chain.len() >= LONGEST {
            return Err(Failure::TooLong);
        }
        let trusted = trust.named(&last.issuer);
        let next = issuer_among(trusted.iter(), &last, &chain, question.now)
            .or_else(|| issuer_among(sent.iter(), &last, &chain, question.now));
        chain.push(next.ok_or(Failure::NoIssuer)?);
    }
}

/// What the certificates say of what they are for.
fn check_extensions(question: &Question<'_>, chain: &[Arc<Certificate>]) -> Result<(), Failure> {
    const KNOWN: [&[u8]; 8] = [
        BASIC_CONSTRAINTS,
        KEY_USAGE,
        EXTENDED_KEY_USAGE,
        SUBJECT_ALTERNATIVE_NAME,
        NAME_CONSTRAINTS,
        SUBJECT_KEY_IDENTIFIER,
        AUTHORITY_KEY_IDENTIFIER,
        // Certificate policies: OpenSSL does not enforce them either, unless it is asked to.
        &[0x55, 0x1D, 32],
    ];
    let mut issued = 0;
    for (depth, certificate) in chain.iter().enumerate() {
        let is_unknown = |extension: &certificate::Extension| {
            extension.is_critical && !KNOWN.contains(&extension.identifier.as_slice())
        };
        if certificate.extensions.iter().any(is_unknown) {
            return Err(Failure::UnknownExtension);
        }
        let constraints = certificate.basic_constraints().unwrap_or_default();
        let is_wrong = match certificate.authority() {
            Authority::Yes => false,
            Authority::No => depth > 0,
            Authority::Perhaps => question.flags & STRICT != 0,
        };
        if is_wrong {
            return Err(Failure::NotAuthority);
        }
        if question.flags & STRICT != 0 && certificate.version == 3 {
            check_strictly(certificate, depth + 1 == chain.len())?;
        }
        check_purpose(question.purpose, certificate, depth)?;
        if depth > 0 {
            if constraints
                .path_length
                .is_some_and(|length| issued > length)
            {
                return Err(Failure::PathLength);
            }
            issued += u32::from(!certificate.is_self_issued());
        }
    }
    Ok(())
}

fn check_purpose(purpose: Purpose, certificate: &Certificate, depth: usize) -> Result<(), Failure> {
    if let Some(purposes) = certificate.extended_key_usage()
        && !purposes.iter().any(|known| *known == purpose.identifier())
    {
        return Err(Failure::Purpose);
    }
    let wanted = match purpose {
        Purpose::Server => {
            certificate::DIGITAL_SIGNATURE
                | certificate::KEY_ENCIPHERMENT
                | certificate::KEY_AGREEMENT
        }
        Purpose::Client => certificate::DIGITAL_SIGNATURE | certificate::KEY_AGREEMENT,
    };
    match certificate.key_usage() {
        Some(usage) if depth == 0 && usage & wanted == 0 => Err(Failure::Purpose),
        _ => Ok(()),
    }
}

/// What RFC 5280 asks for and is often missing.
fn check_strictly(certificate: &Certificate, is_last: bool) -> Result<(), Failure> {
    let constraints = certificate.basic_constraints();
    let is_authority = constraints.is_some_and(|constraints| constraints.is_authority);
    let is_critical = |identifier| {
        certificate
            .extension(identifier)
            .map(|extension| extension.is_critical)
    };
    let checks = [
        (
            constraints.is_some_and(|it| !it.is_authority && it.path_length.is_some()),
            Failure::PathLengthOfNoAuthority,
        ),
        (certificate.issuer == [0x30, 0], Failure::NoIssuerName),
        (
            is_authority && is_critical(BASIC_CONSTRAINTS) != Some(true),
            Failure::ConstraintsNotCritical,
        ),
        (
            is_authority && certificate.extension(KEY_USAGE).is_none(),
            Failure::NoKeyUsage,
        ),
        (
            !is_last && certificate.authority_key_identifier().is_none(),
            Failure::NoAuthorityKeyIdentifier,
        ),
        (
            is_critical(AUTHORITY_KEY_IDENTIFIER) == Some(true),
            Failure::AuthorityKeyIdentifierCritical,
        ),
        (
            is_authority && certificate.subject_key_identifier().is_none(),
            Failure::NoSubjectKeyIdentifier,
        ),
        (
            is_critical(SUBJECT_KEY_IDENTIFIER) == Some(true),
            Failure::SubjectKeyIdentifierCritical,
        ),
    ];
    match checks.into_iter().find(|(is_wrong, _)| *is_wrong) {
        Some((_, failure)) => Err(failure),
        None => Ok(()),
    }
}

fn check_revocation(question: &Question<'_>, chain: &[Arc<Certificate>]) -> Result<(), Failure> {
    let count = match question.flags & (CHECK_REVOCATION | CHECK_REVOCATION_OF_ALL) {
        0 | CHECK_REVOCATION_OF_ALL => 0,
        CHECK_REVOCATION => 1,
        _ => chain.len(),
    };
    for (depth, certificate) in chain.iter().enumerate().take(count) {
        let issuer = chain.get(depth + 1).unwrap_or(certificate);
        let lists = question.trust.revocation_lists();
        let list = lists.iter().find(|list| list.issuer == certificate.issuer);
        check_list(question, list.ok_or(Failure::NoRevocationList)?, issuer)?;
        let is_revoked = |list: &&Arc<RevocationList>| list.serials.contains(&certificate.serial);
        if list.filter(is_revoked).is_some() {
            return Err(Failure::Revoked);
        }
    }
    Ok(())
}

fn check_list(
    question: &Question<'_>,
    list: &RevocationList,
    issuer: &Certificate,
) -> Result<(), Failure> {
    if list.made.seconds() > question.now {
        return Err(Failure::RevocationListNotYetValid);
    }
    if list.next.is_some_and(|next| next.seconds() < question.now) {
        return Err(Failure::RevocationListExpired);
    }
    let signature = (&*list.signed, &*list.signature_algorithm, &*list.signature);
    is_signed(algorithms(), issuer, signature).map_err(|_| Failure::BadRevocationListSignature)
}

fn check_signatures(question: &Question<'_>, chain: &[Arc<Certificate>]) -> Result<(), Failure> {
    for depth in (0..chain.len()).rev() {
        let certificate = &chain[depth];
        // The last one is trusted whoever signed it.
        if let Some(issuer) = chain.get(depth + 1) {
            is_signed(algorithms(), issuer, signature_of(certificate))?;
        }
        if certificate.not_before.seconds() > question.now {
            return Err(Failure::NotYetValid);
        }
        if certificate.not_after.seconds() < question.now {
            return Err(Failure::Expired);
        }
    }
    Ok(())
}

/// The chain of a certificate that is good for what is asked.
pub fn verify(
    question: &Question<'_>,
    leaf: &Arc<Certificate>,
    sent: &[Arc<Certificate>],
) -> Result<Vec<Arc<Certificate>>, Failure> {
    let chain = build(question, leaf, sent)?;
    check_extensions(question, &chain)?;
    if let Some(name) = question.name
        && !host_name::matches(name, leaf)
    {
        return Err(match name {
            Expected::Address(_) => Failure::Address,
            Expected::Host { .. } => Failure::HostName,
        });
    }
    check_revocation(question, &chain)?;
    check_signatures(question, &chain)?;
    name_constraints::check(&chain)?;
    Ok(chain)
}

/// The chain as far as it can be built of trusted certificates, for a peer that may lack them.
pub fn complete(trust: &Trust, leaf: &Arc<Certificate>, now: i64) -> Vec<Arc<Certificate>> {
    let mut chain = vec![leaf.clone()];
    while chain.len() < LONGEST {
        let last = chain[chain.len() - 1].clone();
        if last.is_self_issued() {
            break;
        }
        let trusted = trust.named(&last.issuer);
        match issuer_among(trusted.iter(), &last, &chain, now) {
            Some(issuer) => chain.push(issuer),
            None => break,
        }
    }
    chain
}
