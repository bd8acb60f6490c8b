//! Objects that certificates name: OpenSSL's number and names for an identifier, for those that occur.

use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref};

use super::der;

/// Number, short name, long name, identifier.
type Known = (i32, &'static str, &'static str, &'static str);

#[rustfmt::skip]
static OBJECTS: &[Known] = &[
    (6, "rsaEncryption", "rsaEncryption", "1.2.840.113549.1.1.1"),
    (8, "RSA-MD5", "md5WithRSAEncryption", "1.2.840.113549.1.1.4"),
    (13, "CN", "commonName", "2.5.4.3"),
    (14, "C", "countryName", "2.5.4.6"),
    (15, "L", "localityName", "2.5.4.7"),
    (16, "ST", "stateOrProvinceName", "2.5.4.8"),
    (17, "O", "organizationName", "2.5.4.10"),
    (18, "OU", "organizationalUnitName", "2.5.4.11"),
    (48, "emailAddress", "emailAddress", "1.2.840.113549.1.9.1"),
    (49, "unstructuredName", "unstructuredName", "1.2.840.113549.1.9.2"),
    (51, "messageDigest", "messageDigest", "1.2.840.113549.1.9.4"),
    (54, "challengePassword", "challengePassword", "1.2.840.113549.1.9.7"),
    (64, "SHA1", "sha1", "1.3.14.3.2.26"),
    (65, "RSA-SHA1", "sha1WithRSAEncryption", "1.2.840.113549.1.1.5"),
    (71, "nsCertType", "Netscape Cert Type", "2.16.840.1.113730.1.1"),
    (72, "nsBaseUrl", "Netscape Base Url", "2.16.840.1.113730.1.2"),
    (73, "nsRevocationUrl", "Netscape Revocation Url", "2.16.840.1.113730.1.3"),
    (74, "nsCaRevocationUrl", "Netscape CA Revocation Url", "2.16.840.1.113730.1.4"),
    (75, "nsRenewalUrl", "Netscape Renewal Url", "2.16.840.1.113730.1.7"),
    (76, "nsCaPolicyUrl", "Netscape CA Policy Url", "2.16.840.1.113730.1.8"),
    (77, "nsSslServerName", "Netscape SSL Server Name", "2.16.840.1.113730.1.12"),
    (78, "nsComment", "Netscape Comment", "2.16.840.1.113730.1.13"),
    (79, "nsCertSequence", "Netscape Certificate Sequence", "2.16.840.1.113730.2.5"),
    (82, "subjectKeyIdentifier", "X509v3 Subject Key Identifier", "2.5.29.14"),
    (83, "keyUsage", "X509v3 Key Usage", "2.5.29.15"),
    (84, "privateKeyUsagePeriod", "X509v3 Private Key Usage Period", "2.5.29.16"),
    (85, "subjectAltName", "X509v3 Subject Alternative Name", "2.5.29.17"),
    (86, "issuerAltName", "X509v3 Issuer Alternative Name", "2.5.29.18"),
    (87, "basicConstraints", "X509v3 Basic Constraints", "2.5.29.19"),
    (88, "crlNumber", "X509v3 CRL Number", "2.5.29.20"),
    (89, "certificatePolicies", "X509v3 Certificate Policies", "2.5.29.32"),
    (90, "authorityKeyIdentifier", "X509v3 Authority Key Identifier", "2.5.29.35"),
    (99, "GN", "givenName", "2.5.4.42"),
    (100, "SN", "surname", "2.5.4.4"),
    (101, "initials", "initials", "2.5.4.43"),
    (103, "crlDistributionPoints", "X509v3 CRL Distribution Points", "2.5.29.31"),
    (105, "serialNumber", "serialNumber", "2.5.4.5"),
    (106, "title", "title", "2.5.4.12"),
    (107, "description", "description", "2.5.4.13"),
    (126, "extendedKeyUsage", "X509v3 Extended Key Usage", "2.5.29.37"),
    (129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"),
    (130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2"),
    (131, "codeSigning", "Code Signing", "1.3.6.1.5.5.7.3.3"),
    (132, "emailProtection", "E-mail Protection", "1.3.6.1.5.5.7.3.4"),
    (133, "timeStamping", "Time Stamping", "1.3.6.1.5.5.7.3.8"),
    (156, "friendlyName", "friendlyName", "1.2.840.113549.1.9.20"),
    (173, "name", "name", "2.5.4.41"),
    (174, "dnQualifier", "dnQualifier", "2.5.4.46"),
    (177, "authorityInfoAccess", "Authority Information Access", "1.3.6.1.5.5.7.1.1"),
    (178, "OCSP", "OCSP", "1.3.6.1.5.5.7.48.1"),
    (179, "caIssuers", "CA Issuers", "1.3.6.1.5.5.7.48.2"),
    (180, "OCSPSigning", "OCSP Signing", "1.3.6.1.5.5.7.3.9"),
    (297, "DVCS", "dvcs", "1.3.6.1.5.5.7.3.10"),
    (391, "DC", "domainComponent", "0.9.2342.19200300.100.1.25"),
    (392, "domain", "Domain", "0.9.2342.19200300.100.4.13"),
    (401, "policyConstraints", "X509v3 Policy Constraints", "2.5.29.36"),
    (402, "targetInformation", "X509v3 AC Targeting", "2.5.29.55"),
    (408, "id-ecPublicKey", "id-ecPublicKey", "1.2.840.10045.2.1"),
    (415, "prime256v1", "prime256v1", "1.2.840.10045.3.1.7"),
    (418, "AES-128-ECB", "aes-128-ecb", "2.16.840.1.101.3.4.1.1"),
    (419, "AES-128-CBC", "aes-128-cbc", "2.16.840.1.101.3.4.1.2"),
    (427, "AES-256-CBC", "aes-256-cbc", "2.16.840.1.101.3.4.1.42"),
    (430, "holdInstructionCode", "Hold Instruction Code", "2.5.29.23"),
    (458, "UID", "userId", "0.9.2342.19200300.100.1.1"),
    (460, "mail", "rfc822Mailbox", "0.9.2342.19200300.100.1.3"),
    (461, "info", "info", "0.9.2342.19200300.100.1.4"),
    (509, "generationQualifier", "generationQualifier", "2.5.4.44"),
    (510, "pseudonym", "pseudonym", "2.5.4.65"),
    (660, "street", "streetAddress", "2.5.4.9"),
    (661, "postalCode", "postalCode", "2.5.4.17"),
    (666, "nameConstraints", "X509v3 Name Constraints", "2.5.29.30"),
    (668, "RSA-SHA256", "sha256WithRSAEncryption", "1.2.840.113549.1.1.11"),
    (672, "SHA256", "sha256", "2.16.840.1.101.3.4.2.1"),
    (673, "SHA384", "sha384", "2.16.840.1.101.3.4.2.2"),
    (674, "SHA512", "sha512", "2.16.840.1.101.3.4.2.3"),
    (675, "SHA224", "sha224", "2.16.840.1.101.3.4.2.4"),
    (715, "secp384r1", "secp384r1", "1.3.132.0.34"),
    (716, "secp521r1", "secp521r1", "1.3.132.0.35"),
    (747, "policyMappings", "X509v3 Policy Mappings", "2.5.29.33"),
    (769, "subjectDirectoryAttributes", "X509v3 Subject Directory Attributes", "2.5.29.9"),
    (770, "issuingDistributionPoint", "X509v3 Issuing Distribution Point", "2.5.29.28"),
    (794, "ecdsa-with-SHA256", "ecdsa-with-SHA256", "1.2.840.10045.4.3.2"),
    (795, "ecdsa-with-SHA384", "ecdsa-with-SHA384", "1.2.840.10045.4.3.3"),
    (796, "ecdsa-with-SHA512", "ecdsa-with-SHA512", "1.2.840.10045.4.3.4"),
    (857, "freshestCRL", "X509v3 Freshest CRL", "2.5.29.46"),
    (895, "id-aes128-GCM", "aes-128-gcm", "2.16.840.1.101.3.4.1.6"),
    (901, "id-aes256-GCM", "aes-256-gcm", "2.16.840.1.101.3.4.1.46"),
    (912, "RSASSA-PSS", "rsassaPss", "1.2.840.113549.1.1.10"),
    (954, "ct_cert_scts", "CT Certificate SCTs", "1.3.6.1.4.1.11129.2.4.5"),
    (955, "jurisdictionL", "jurisdictionLocalityName", "1.3.6.1.4.1.311.60.2.1.1"),
    (956, "jurisdictionST", "jurisdictionStateOrProvinceName", "1.3.6.1.4.1.311.60.2.1.2"),
    (957, "jurisdictionC", "jurisdictionCountryName", "1.3.6.1.4.1.311.60.2.1.3"),
    (1020, "tlsfeature", "TLS Feature", "1.3.6.1.5.5.7.1.24"),
    (1034, "X25519", "X25519", "1.3.101.110"),
    (1035, "X448", "X448", "1.3.101.111"),
    (1087, "ED25519", "ED25519", "1.3.101.112"),
    (1088, "ED448", "ED448", "1.3.101.113"),
];

/// The long name of an identifier, or its numbers.
pub fn long_name(identifier: &[u8]) -> String {
    let numbers = der::dotted(identifier);
    match OBJECTS.iter().find(|known| known.3 == numbers) {
        Some(known) => known.2.to_owned(),
        None => numbers,
    }
}

/// The short name of an identifier, or its numbers.
pub fn short_name(identifier: &[u8]) -> String {
    let numbers = der::dotted(identifier);
    match OBJECTS.iter().find(|known| known.3 == numbers) {
        Some(known) => known.1.to_owned(),
        None => numbers,
    }
}

fn described(cx: &Context, known: &Known) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(
        cx,
        vec![
            known.0.into_value(cx)?,
            known.1.into_value(cx)?,
            known.2.into_value(cx)?,
            known.3.into_value(cx)?,
        ],
    )
}

/// Lookup NID, short name, long name and OID of an ASN1_OBJECT.
///
/// By default objects are looked up by OID. With name=True short and
/// long name are also matched.
#[pyfunction("txt2obj(txt, name=False)")]
pub fn txt2obj(cx: &Context, txt: String, name: bool) -> PyResult<Ref<Tuple>> {
    let fits = |known: &&Known| known.3 == txt || name && (known.1 == txt || known.2 == txt);
    match OBJECTS.iter().find(fits) {
        Some(known) => described(cx, known),
        // OpenSSL makes an object of any numbers, but knows nothing of it.
        None if der::undotted(&txt).is_some() => Err(cx.value_error("Unknown object")),
        None => {
            let shown: String = txt.chars().take(100).collect();
            Err(cx.value_error(format!("unknown object '{shown}'")))
        }
    }
}

/// Lookup NID, short name, long name and OID of an ASN1_OBJECT by NID.
#[pyfunction("nid2obj(nid, /)")]
pub fn nid2obj(cx: &Context, nid: i32) -> PyResult<Ref<Tuple>> {
    if nid < 0 {
        return Err(cx.value_error("NID must be positive."));
    }
    match OBJECTS.iter().find(|known| known.0 == nid) {
        Some(known) => described(cx, known),
        None => Err(cx.value_error(format!("unknown NID {nid}"))),
    }
}
