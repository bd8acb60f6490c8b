//! Private keys in files, encrypted ones included: PKCS #8 with PBES2 (RFC 8018), and the older scheme
//! of PEM headers for AES.

use aes::cipher::{BlockDecryptMut, KeyIvInit, block_padding::Pkcs7};
use digest::Digest;
use ring::pbkdf2;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::der::{self, Element};
use super::pem::Section;

/// Why there is no key.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is encrypted: the password is needed.
    Encrypted,
    /// With this password it is no key.
    BadDecrypt,
    /// It is encrypted in a way that nobody here knows.
    UnknownEncryption,
    Malformed,
}

/// Whether a section of a file is a private key.
pub fn is_key(section: &Section<'_>) -> bool {
    section.label.ends_with("PRIVATE KEY")
}

/// Whether a password is needed.
pub fn is_encrypted(section: &Section<'_>) -> bool {
    section.label == "ENCRYPTED PRIVATE KEY" || encryption_header(section).is_some()
}

fn encryption_header<'a>(section: &Section<'a>) -> Option<&'a str> {
    let header = |wanted: &str| {
        let mut headers = section.headers.iter();
        headers
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| *value)
    };
    header("Proc-Type").filter(|value| value.ends_with("ENCRYPTED"))?;
    header("DEK-Info")
}

fn decrypt_with<C>(key: &[u8], vector: &[u8], content: &[u8]) -> Result<Vec<u8>, Failure>
where
    C: KeyIvInit + BlockDecryptMut,
{
    C::new_from_slices(key, vector)
        .map_err(|_| Failure::UnknownEncryption)?
        .decrypt_padded_vec_mut::<Pkcs7>(content)
        .map_err(|_| Failure::BadDecrypt)
}

fn decrypt(key: &[u8], vector: &[u8], content: &[u8]) -> Result<Vec<u8>, Failure> {
    match key.len() {
        16 => decrypt_with::<cbc::Decryptor<aes::Aes128>>(key, vector, content),
        24 => decrypt_with::<cbc::Decryptor<aes::Aes192>>(key, vector, content),
        _ => decrypt_with::<cbc::Decryptor<aes::Aes256>>(key, vector, content),
    }
}

/// How PBES2 makes a key of a password, and what decrypts with it.
struct Scheme<'a> {
    algorithm: pbkdf2::Algorithm,
    salt: &'a [u8],
    rounds: std::num::NonZeroU32,
    key_length: usize,
    vector: &'a [u8],
}

/// 1.2.840.113549.1.5.13 and 12
const PBES2: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 13];
const PBKDF2: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 12];
/// 1.2.840.113549.2, then 7 to 11
const HMAC: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 2];
/// 2.16.840.1.101.3.4.1, then 2, 22 and 42
const AES: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1];

fn scheme<'a>(algorithm: &Element<'a>) -> Option<Scheme<'a>> {
    let mut parts = algorithm.elements();
    if parts.one(der::OBJECT_IDENTIFIER)?.content != PBES2 {
        return None;
    }
    let mut parts = parts.one(der::SEQUENCE)?.elements();
    let mut derivation = parts.one(der::SEQUENCE)?.elements();
    let mut encryption = parts.one(der::SEQUENCE)?.elements();
    if derivation.one(der::OBJECT_IDENTIFIER)?.content != PBKDF2 {
        return None;
    }
    let mut derivation = derivation.one(der::SEQUENCE)?.elements();
    let salt = derivation.one(der::OCTET_STRING)?.content;
    let rounds = der::small(&derivation.one(der::INTEGER)?)?;
    derivation.optional(der::INTEGER);
    let digest = match derivation.optional(der::SEQUENCE) {
        Some(function) => {
            let name = function.elements().one(der::OBJECT_IDENTIFIER)?.content;
            *name.strip_prefix(HMAC)?.first()?
        }
        None => 7,
    };
    let algorithm = match digest {
        7 => pbkdf2::PBKDF2_HMAC_SHA1,
        9 => pbkdf2::PBKDF2_HMAC_SHA256,
        10 => pbkdf2::PBKDF2_HMAC_SHA384,
        11 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    let cipher = encryption.one(der::OBJECT_IDENTIFIER)?.content;
    let key_length = match cipher.strip_prefix(AES)? {
        [2] => 16,
        [22] => 24,
        [42] => 32,
        _ => return None,
    };
    Some(Scheme {
        algorithm,
        salt,
        rounds: std::num::NonZeroU32::new(rounds)?,
        key_length,
        vector: encryption.one(der::OCTET_STRING)?.content,
    })
}

/// Decrypts a key of PKCS #8.
fn decrypt_pkcs8(content: &[u8], password: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut parts = der::only(content, der::SEQUENCE)
        .ok_or(Failure::Malformed)?
        .elements();
    let algorithm = parts.one(der::SEQUENCE).ok_or(Failure::Malformed)?;
    let encrypted = parts.one(der::OCTET_STRING).ok_or(Failure::Malformed)?;
    let scheme = scheme(&algorithm).ok_or(Failure::UnknownEncryption)?;
    let mut key = vec![0; scheme.key_length];
    pbkdf2::derive(
        scheme.algorithm,
        scheme.rounds,
        scheme.salt,
        password,
        &mut key,
    );
    decrypt(&key, scheme.vector, encrypted.content)
}

/// Decrypts a key whose header names the cipher and its first block.
fn decrypt_by_header(header: &str, content: &[u8], password: &[u8]) -> Result<Vec<u8>, Failure> {
    let (cipher, digits) = header.split_once(',').ok_or(Failure::Malformed)?;
    let length = match cipher {
        "AES-128-CBC" => 16,
        "AES-192-CBC" => 24,
        "AES-256-CBC" => 32,
        _ => return Err(Failure::UnknownEncryption),
    };
    let pairs = digits.as_bytes().chunks(2);
    let vector: Option<Vec<u8>> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let vector = vector
        .filter(|vector| vector.len() == 16)
        .ok_or(Failure::Malformed)?;
    let mut key: Vec<u8> = Vec::new();
    while key.len() < length {
        let mut digest = md5::Md5::new();
        digest.update(key.len().checked_sub(16).map_or(&[][..], |at| &key[at..]));
        digest.update(password);
        digest.update(&vector[..8]);
        key.extend_from_slice(&digest.finalize());
    }
    decrypt(&key[..length], &vector, content)
}

/// The key of a section. Slow when it is encrypted: that is the point of it.
///
/// # Errors
/// See [`Failure`].
pub fn read(
    section: &Section<'_>,
    password: Option<&[u8]>,
) -> Result<PrivateKeyDer<'static>, Failure> {
    let content = section
        .content
        .as_deref()
        .filter(|_| section.is_ended)
        .ok_or(Failure::Malformed)?;
    let is_whole = |content: &[u8]| der::only(content, der::SEQUENCE).is_some();
    let plain = if is_encrypted(section) {
        let password = password.ok_or(Failure::Encrypted)?;
        let plain = match encryption_header(section) {
            Some(header) => decrypt_by_header(header, content, password)?,
            None => decrypt_pkcs8(content, password)?,
        };
        // A wrong password may happen to leave what looks like padding.
        if !is_whole(&plain) {
            return Err(Failure::BadDecrypt);
        }
        plain
    } else {
        content.to_vec()
    };
    if !is_whole(&plain) {
        return Err(Failure::Malformed);
    }
    Ok(match section.label {
        "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(plain).into(),
        "EC PRIVATE KEY" => PrivateSec1KeyDer::from(plain).into(),
        _ => PrivatePkcs8KeyDer::from(plain).into(),
    })
}
