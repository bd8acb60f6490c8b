//! X.509 certificates and lists of revoked ones as they are encoded (RFC 5280), taken apart.
//!
//! Nothing here decides whether a certificate is to be trusted: see `verify`.

use std::sync::Arc;

use super::der::{self, Element, Elements, Time};

/// An extension: its identifier, whether who does not know it must refuse the certificate, its content.
#[derive(Debug)]
pub struct Extension {
    pub identifier: Vec<u8>,
    pub is_critical: bool,
    pub content: Vec<u8>,
}

/// The parts of a certificate.
#[derive(Debug)]
pub struct Certificate {
    pub der: Vec<u8>,
    /// What is signed.
    pub signed: Vec<u8>,
    pub signature_algorithm: Vec<u8>,
    pub signature: Vec<u8>,
    /// 1 to 3.
    pub version: u32,
    pub serial: Vec<u8>,
    pub issuer: Vec<u8>,
    pub subject: Vec<u8>,
    pub not_before: Time,
    pub not_after: Time,
    /// Algorithm and key, as they are encoded.
    pub key_information: Vec<u8>,
    pub key_algorithm: Vec<u8>,
    pub key: Vec<u8>,
    pub extensions: Vec<Extension>,
}

/// Identifiers of the extensions 2.5.29.N.
pub const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 14];
pub const KEY_USAGE: &[u8] = &[0x55, 0x1D, 15];
pub const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1D, 17];
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 19];
pub const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 30];
pub const DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1D, 31];
pub const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 35];
pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 37];
/// 1.3.6.1.5.5.7.1.1
pub const AUTHORITY_INFORMATION: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 1, 1];

/// Bits of the key usage, counted from the highest one of the first byte.
pub const DIGITAL_SIGNATURE: u16 = 0x8000;
pub const KEY_ENCIPHERMENT: u16 = 0x2000;
pub const KEY_AGREEMENT: u16 = 0x0800;
pub const SIGNS_CERTIFICATES: u16 = 0x0400;

/// What the extension "basic constraints" says.
#[derive(Clone, Copy, Debug, Default)]
pub struct BasicConstraints {
    pub is_authority: bool,
    pub path_length: Option<u32>,
}

/// Whether a certificate can issue others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    No,
    Yes,
    /// It is too old to say, or says so only by what its key is for.
    Perhaps,
}

fn time(elements: &mut Elements<'_>) -> Option<Time> {
    Time::of(&elements.any()?)
}

fn extensions(list: &[u8]) -> Option<Vec<Extension>> {
    let mut found = Vec::new();
    let mut elements = der::only(list, der::SEQUENCE)?.elements();
    while !elements.is_empty() {
        let mut parts = elements.one(der::SEQUENCE)?.elements();
        let identifier = parts.one(der::OBJECT_IDENTIFIER)?.content.to_vec();
        let critical = parts.optional(der::BOOLEAN);
        found.push(Extension {
            identifier,
            is_critical: critical.is_some_and(|flag| flag.content != [0]),
            content: parts.one(der::OCTET_STRING)?.content.to_vec(),
        });
    }
    Some(found)
}

/// A signed structure: what is signed, the algorithm's content, the signature.
fn signed(der: &[u8]) -> Option<(Element<'_>, &[u8], &[u8])> {
    let mut outer = der::only(der, der::SEQUENCE)?.elements();
    let signed = outer.one(der::SEQUENCE)?;
    let algorithm = outer.one(der::SEQUENCE)?.content;
    let signature = outer.one(der::BIT_STRING)?.bits()?;
    outer.is_empty().then_some((signed, algorithm, signature))
}

impl Certificate {
    /// Takes a certificate apart; `None` when it is none.
    pub fn parse(der: &[u8]) -> Option<Arc<Certificate>> {
        let (body, algorithm, signature) = signed(der)?;
        let mut parts = body.elements();
        let version = match parts.optional(der::constructed(0)) {
            Some(version) => der::small(&der::only(version.content, der::INTEGER)?)? + 1,
            None => 1,
        };
        let serial = parts.one(der::INTEGER)?.content.to_vec();
        if parts.one(der::SEQUENCE)?.content != algorithm {
            // What is signed names another algorithm than the signature.
            return None;
        }
        let issuer = parts.one(der::SEQUENCE)?.whole.to_vec();
        let mut validity = parts.one(der::SEQUENCE)?.elements();
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = parts.one(der::SEQUENCE)?.whole.to_vec();
        let key_information = parts.one(der::SEQUENCE)?;
        let mut key = key_information.elements();
        let key_algorithm = key.one(der::SEQUENCE)?.content.to_vec();
        let public_key = key.one(der::BIT_STRING)?.bits()?.to_vec();
        parts.optional(der::primitive(1));
        parts.optional(der::primitive(2));
        let extensions = match parts.optional(der::constructed(3)) {
            Some(list) => extensions(list.content)?,
            None => Vec::new(),
        };
        Some(Arc::new(Certificate {
            der: der.to_vec(),
            signed: body.whole.to_vec(),
            signature_algorithm: algorithm.to_vec(),
            signature: signature.to_vec(),
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            key_information: key_information.whole.to_vec(),
            key_algorithm,
            key: public_key,
            extensions,
        }))
    }

    pub fn extension(&self, identifier: &[u8]) -> Option<&Extension> {
        self.extensions
            .iter()
            .find(|extension| extension.identifier == identifier)
    }

    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        let extension = self.extension(BASIC_CONSTRAINTS)?;
        let mut parts = match der::only(&extension.content, der::SEQUENCE) {
            Some(constraints) => constraints.elements(),
            None => return Some(BasicConstraints::default()),
        };
        let is_authority = parts
            .optional(der::BOOLEAN)
            .is_some_and(|flag| flag.content != [0]);
        let path_length = parts
            .optional(der::INTEGER)
            .and_then(|length| der::small(&length));
        Some(BasicConstraints {
            is_authority,
            path_length,
        })
    }

    /// What the key may be used for, when the certificate says so.
    pub fn key_usage(&self) -> Option<u16> {
        let extension = self.extension(KEY_USAGE)?;
        let bits = der::only(&extension.content, der::BIT_STRING);
        let byte = |at: usize| {
            bits.and_then(|bits| bits.content.get(at).copied())
                .unwrap_or(0)
        };
        Some(u16::from_be_bytes([byte(1), byte(2)]))
    }

    /// What the certificate is for (`identifiers`), when it says so.
    pub fn extended_key_usage(&self) -> Option<Vec<Vec<u8>>> {
        let extension = self.extension(EXTENDED_KEY_USAGE)?;
        let mut purposes = Vec::new();
        if let Some(list) = der::only(&extension.content, der::SEQUENCE) {
            let mut elements = list.elements();
            while let Some(purpose) = elements.one(der::OBJECT_IDENTIFIER) {
                purposes.push(purpose.content.to_vec());
            }
        }
        Some(purposes)
    }

    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        let extension = self.extension(SUBJECT_KEY_IDENTIFIER)?;
        der::only(&extension.content, der::OCTET_STRING).map(|identifier| identifier.content)
    }

    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        let extension = self.extension(AUTHORITY_KEY_IDENTIFIER)?;
        let mut parts = der::only(&extension.content, der::SEQUENCE)?.elements();
        parts.optional(der::primitive(0)).map(|key| key.content)
    }

    /// The alternative names, as they are encoded: the tag is the kind.
    pub fn alternative_names(&self) -> Vec<Element<'_>> {
        let Some(extension) = self.extension(SUBJECT_ALTERNATIVE_NAME) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        if let Some(list) = der::only(&extension.content, der::SEQUENCE) {
            let mut elements = list.elements();
            while let Some(name) = elements.any() {
                names.push(name);
            }
        }
        names
    }

    /// Whether this may be the issuer of `other`, by what both say.
    pub fn may_have_issued(&self, other: &Certificate) -> bool {
        self.subject == other.issuer
            && match (
                other.authority_key_identifier(),
                self.subject_key_identifier(),
            ) {
                (Some(wanted), Some(own)) => wanted == own,
                _ => true,
            }
    }

    /// Whether this can issue certificates.
    pub fn authority(&self) -> Authority {
        if self
            .key_usage()
            .is_some_and(|usage| usage & SIGNS_CERTIFICATES == 0)
        {
            return Authority::No;
        }
        match self.basic_constraints() {
            Some(constraints) if constraints.is_authority => Authority::Yes,
            Some(_) => Authority::No,
            None if self.version == 1 && self.is_self_issued() => Authority::Perhaps,
            None if self.extension(KEY_USAGE).is_some() => Authority::Perhaps,
            None => Authority::No,
        }
    }

    /// Whether this can issue certificates, as far as is known.
    pub fn is_authority(&self) -> bool {
        self.authority() != Authority::No
    }
}

/// The parts of a list of revoked certificates.
#[derive(Debug)]
pub struct RevocationList {
    pub der: Vec<u8>,
    pub signed: Vec<u8>,
    pub signature_algorithm: Vec<u8>,
    pub signature: Vec<u8>,
    pub issuer: Vec<u8>,
    pub made: Time,
    pub next: Option<Time>,
    pub serials: Vec<Vec<u8>>,
}

impl RevocationList {
    /// Takes a list apart; `None` when it is none.
    pub fn parse(der: &[u8]) -> Option<Arc<RevocationList>> {
        let (body, algorithm, signature) = signed(der)?;
        let mut parts = body.elements();
        parts.optional(der::INTEGER);
        parts.one(der::SEQUENCE)?;
        let issuer = parts.one(der::SEQUENCE)?.whole.to_vec();
        let made = time(&mut parts)?;
        let next = match parts.0.first() {
            Some(&(der::UTC_TIME | der::GENERALIZED_TIME)) => Some(time(&mut parts)?),
            _ => None,
        };
        let mut serials = Vec::new();
        if let Some(revoked) = parts.optional(der::SEQUENCE) {
            let mut entries = revoked.elements();
            while !entries.is_empty() {
                let mut entry = entries.one(der::SEQUENCE)?.elements();
                serials.push(entry.one(der::INTEGER)?.content.to_vec());
            }
        }
        Some(Arc::new(RevocationList {
            der: der.to_vec(),
            signed: body.whole.to_vec(),
            signature_algorithm: algorithm.to_vec(),
            signature: signature.to_vec(),
            issuer,
            made,
            next,
            serials,
        }))
    }
}

/// The text of a string of any of the kinds that names have.
pub fn text(element: &Element<'_>) -> String {
    let content = element.content;
    match element.tag {
        // BMPString and UniversalString.
        0x1E => {
            let units: Vec<u16> = content
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        0x1C => content
            .chunks_exact(4)
            .filter_map(|word| {
                char::from_u32(u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
            })
            .collect(),
        0x14 => content.iter().map(|&byte| char::from(byte)).collect(),
        _ => String::from_utf8_lossy(content).into_owned(),
    }
}

/// The parts of a name (`whole` element): rows of pairs of identifier and text.
pub fn name_parts(name: &[u8]) -> Vec<Vec<(Vec<u8>, String)>> {
    let mut rows = Vec::new();
    let Some(name) = der::only(name, der::SEQUENCE) else {
        return rows;
    };
    let mut sets = name.elements();
    while let Some(set) = sets.one(der::SET) {
        let mut row = Vec::new();
        let mut pairs = set.elements();
        while let Some(pair) = pairs.one(der::SEQUENCE) {
            let mut parts = pair.elements();
            if let (Some(kind), Some(value)) = (parts.one(der::OBJECT_IDENTIFIER), parts.any()) {
                row.push((kind.content.to_vec(), text(&value)));
            }
        }
        rows.push(row);
    }
    rows
}
