//! Whether a certificate is for a host (RFC 6125): by its alternative names, and by its common name
//! where it has no alternative one.

use std::net::IpAddr;

use super::certificate::{Certificate, name_parts};
use super::der;

/// Whom a certificate must be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Address(IpAddr),
    Host {
        name: String,
        /// Whether the common name counts at all.
        common_name: bool,
        wildcards: Wildcards,
    },
}

/// What `*` may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    None,
    /// The first label, as a whole.
    Label,
}

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

fn is_host(pattern: &str, name: &str, wildcards: Wildcards) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    if pattern.eq_ignore_ascii_case(name) {
        return !name.is_empty();
    }
    if wildcards == Wildcards::None {
        return false;
    }
    let (Some(rest), Some((label, domain))) = (pattern.strip_prefix("*."), name.split_once('.'))
    else {
        return false;
    };
    // `*.com` would be everybody.
    rest.contains('.') && !label.is_empty() && rest.eq_ignore_ascii_case(domain)
}

/// Whether the certificate is for the one that is expected.
pub fn matches(expected: &Expected, certificate: &Certificate) -> bool {
    let names = certificate.alternative_names();
    let of_kind = |number| {
        names
            .iter()
            .filter(move |name| name.tag == der::primitive(number))
    };
    match expected {
        Expected::Address(address) => {
            let bytes = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            of_kind(7).any(|name| name.content == bytes)
        }
        Expected::Host {
            name,
            common_name,
            wildcards,
        } => {
            let is_this = |text: &str| is_host(text, name, *wildcards);
            if of_kind(2).next().is_some() {
                return of_kind(2).any(|name| std::str::from_utf8(name.content).is_ok_and(is_this));
            }
            *common_name && common_names(certificate).iter().any(|text| is_this(text))
        }
    }
}

/// The common names of the subject.
pub fn common_names(certificate: &Certificate) -> Vec<String> {
    let parts = name_parts(&certificate.subject).into_iter().flatten();
    parts
        .filter(|(kind, _)| kind == COMMON_NAME)
        .map(|(_, text)| text)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_one_label() {
        let is = |pattern, name| is_host(pattern, name, Wildcards::Label);
        assert!(is("*.example.org", "www.example.org"));
        assert!(is("WWW.example.org", "www.example.ORG"));
        assert!(!is("*.example.org", "example.org"));
        assert!(!is("*.example.org", "a.b.example.org"));
        assert!(!is("*.org", "example.org"));
        assert!(!is("w*.example.org", "www.example.org"));
        assert!(!is_host(
            "*.example.org",
            "www.example.org",
            Wildcards::None
        ));
    }
}
