//! Which names the certificates below an authority may have (RFC 5280, section 4.2.1.10).
//!
//! Names of hosts, addresses and directories are compared. A certificate with a name of another kind
//! below an authority that constrains that kind is refused.

use std::borrow::Cow;
use std::sync::Arc;

use super::certificate::{Certificate, NAME_CONSTRAINTS};
use super::der::{self, Element};
use super::host_name;
use super::verify::Failure;

const HOST: u8 = der::primitive(2);
const ADDRESS: u8 = der::primitive(7);
const DIRECTORY: u8 = der::constructed(4);

fn is_below(tag: u8, name: &[u8], subtree: &[u8]) -> Option<bool> {
    match tag {
        HOST => {
            let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
            let subtree = std::str::from_utf8(subtree).ok()?.to_ascii_lowercase();
            // With a dot in front, the host itself is not below.
            let Some(before) = name.strip_suffix(&subtree) else {
                return Some(false);
            };
            Some(
                subtree.is_empty()
                    || if subtree.starts_with('.') {
                        !before.is_empty()
                    } else {
                        before.is_empty() || before.ends_with('.')
                    },
            )
        }
        ADDRESS if subtree.len() == 2 * name.len() => {
            let (network, mask) = subtree.split_at(name.len());
            let mut bytes = name.iter().zip(network).zip(mask);
            Some(bytes.all(|((name, network), mask)| name & mask == network & mask))
        }
        ADDRESS => Some(false),
        DIRECTORY => {
            let name = der::only(name, der::SEQUENCE)?.content;
            let subtree = der::only(subtree, der::SEQUENCE)?.content;
            Some(name.starts_with(subtree))
        }
        _ => None,
    }
}

/// The subtrees of a list: kind and base.
fn subtrees<'a>(list: &Element<'a>) -> Option<Vec<Element<'a>>> {
    let mut all = Vec::new();
    let mut elements = list.elements();
    while !elements.is_empty() {
        all.push(elements.one(der::SEQUENCE)?.elements().any()?);
    }
    Some(all)
}

/// The names that a certificate has: kind and content. The common names of one for a host (`is_leaf`)
/// are names of hosts if it has no others, for then they are looked at (`host_name.rs`).
fn names(certificate: &Certificate, is_leaf: bool) -> Vec<(u8, Cow<'_, [u8]>)> {
    let mut names: Vec<(u8, Cow<'_, [u8]>)> = certificate
        .alternative_names()
        .into_iter()
        .map(|name| (name.tag, name.content.into()))
        .collect();
    if is_leaf && !names.iter().any(|(tag, _)| *tag == HOST) {
        let may_be_host = |text: &String| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
            text.bytes().all(is_part)
        };
        let hosts = host_name::common_names(certificate);
        let hosts = hosts.into_iter().filter(may_be_host);
        names.extend(hosts.map(|host| (HOST, host.into_bytes().into())));
    }
    if certificate.subject != [0x30, 0] {
        names.push((DIRECTORY, certificate.subject.as_slice().into()));
    }
    names
}

fn check_one(
    authority: &Certificate,
    certificate: &Certificate,
    is_leaf: bool,
) -> Result<(), Failure> {
    let Some(extension) = authority.extension(NAME_CONSTRAINTS) else {
        return Ok(());
    };
    let malformed = Failure::UnknownConstraint;
    let mut parts = der::only(&extension.content, der::SEQUENCE)
        .ok_or(malformed)?
        .elements();
    let permitted = parts.optional(der::constructed(0));
    let excluded = parts.optional(der::constructed(1));
    let list = |list: Option<Element<'_>>| match list {
        Some(list) => subtrees(&list).ok_or(malformed).map(|trees| {
            let trees = trees.into_iter();
            trees
                .map(|tree| (tree.tag, tree.content.to_vec()))
                .collect::<Vec<_>>()
        }),
        None => Ok(Vec::new()),
    };
    let (permitted, excluded) = (list(permitted)?, list(excluded)?);
    for (tag, name) in names(certificate, is_leaf) {
        let mut is_constrained = false;
        let mut is_permitted = false;
        for (_, subtree) in permitted.iter().filter(|(kind, _)| *kind == tag) {
            is_constrained = true;
            is_permitted |= is_below(tag, &name, subtree).ok_or(malformed)?;
        }
        if is_constrained && !is_permitted {
            return Err(Failure::NotPermitted);
        }
        for (_, subtree) in excluded.iter().filter(|(kind, _)| *kind == tag) {
            if is_below(tag, &name, subtree).ok_or(malformed)? {
                return Err(Failure::Excluded);
            }
        }
    }
    Ok(())
}

/// Holds each certificate of a chain against the constraints of those that stand above it.
pub fn check(chain: &[Arc<Certificate>]) -> Result<(), Failure> {
    for (depth, certificate) in chain.iter().enumerate() {
        // An authority that renews itself is not bound by its own constraints.
        if depth > 0 && certificate.is_self_issued() {
            continue;
        }
        for authority in &chain[depth + 1..] {
            check_one(authority, certificate, depth == 0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees_contain_names() {
        assert_eq!(
            is_below(HOST, b"www.example.org", b"example.org"),
            Some(true)
        );
        assert_eq!(
            is_below(HOST, b"badexample.org", b"example.org"),
            Some(false)
        );
        assert_eq!(
            is_below(HOST, b"www.Example.org", b".example.org"),
            Some(true)
        );
        assert_eq!(is_below(HOST, b"example.org", b".example.org"), Some(false));
        let network = [10, 0, 0, 0, 255, 0, 0, 0];
        assert_eq!(is_below(ADDRESS, &[10, 1, 2, 3], &network), Some(true));
        assert_eq!(is_below(ADDRESS, &[11, 1, 2, 3], &network), Some(false));
        assert_eq!(is_below(der::primitive(6), b"x", b"y"), None);
    }
}
