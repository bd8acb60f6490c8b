//! What a context trusts: certificates, lists of revoked ones, and directories where more are.
//!
//! A directory has one certificate a file, with names as OpenSSL's `rehash` makes them. It is read once,
//! before the first handshake; a certificate in it counts as loaded when a chain has needed it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::certificate::{Certificate, RevocationList};
use super::pem;

/// A directory of certificates.
struct Directory {
    path: PathBuf,
    certificates: OnceLock<Vec<Arc<Certificate>>>,
    needed: Mutex<Vec<Arc<Certificate>>>,
}

/// `0123abcd.0`
fn is_hash_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl Directory {
    fn read(&self) {
        self.certificates.get_or_init(|| {
            let Ok(entries) = std::fs::read_dir(&self.path) else {
                return Vec::new();
            };
            let mut found = Vec::new();
            for entry in entries.flatten() {
                if entry.file_name().to_str().is_some_and(is_hash_name)
                    && let Ok(bytes) = std::fs::read(entry.path())
                {
                    found.extend(from_pem(&String::from_utf8_lossy(&bytes)).certificates);
                }
            }
            found
        });
    }

    fn find(&self, fits: impl Fn(&Certificate) -> bool) -> Vec<Arc<Certificate>> {
        let known = self.certificates.get().map_or(&[][..], Vec::as_slice);
        let found: Vec<_> = known.iter().filter(|it| fits(it)).cloned().collect();
        let mut needed = self.needed.lock();
        for certificate in &found {
            if !needed.iter().any(|known| known.der == certificate.der) {
                needed.push(certificate.clone());
            }
        }
        found
    }
}

/// See the module's header. Copies share what their directories have.
#[derive(Clone, Default)]
pub struct Trust {
    certificates: Vec<Arc<Certificate>>,
    lists: Vec<Arc<RevocationList>>,
    directories: Vec<Arc<Directory>>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({} certificates)", self.certificates.len())
    }
}

/// What a text in PEM has.
#[derive(Default)]
pub struct Found {
    pub certificates: Vec<Arc<Certificate>>,
    pub lists: Vec<Arc<RevocationList>>,
    /// Something was not what it said.
    pub is_malformed: bool,
}

/// Certificates and lists of revoked ones in a text.
pub fn from_pem(text: &str) -> Found {
    let mut found = Found::default();
    for section in pem::sections(text) {
        let content = section.content.filter(|_| section.is_ended);
        let is_taken = match section.label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => content
                .and_then(|der| Certificate::parse(&der))
                .map(|certificate| found.certificates.push(certificate)),
            "X509 CRL" => content
                .and_then(|der| RevocationList::parse(&der))
                .map(|list| found.lists.push(list)),
            _ => Some(()),
        };
        if is_taken.is_none() {
            found.is_malformed = true;
            break;
        }
    }
    found
}

impl Trust {
    /// Adds a certificate, once.
    pub fn add(&mut self, certificate: Arc<Certificate>) {
        if !self
            .certificates
            .iter()
            .any(|known| known.der == certificate.der)
        {
            self.certificates.push(certificate);
        }
    }

    /// Adds a list of revoked certificates, once.
    pub fn add_list(&mut self, list: Arc<RevocationList>) {
        if !self.lists.iter().any(|known| known.der == list.der) {
            self.lists.push(list);
        }
    }

    /// Adds a directory.
    pub fn add_directory(&mut self, path: &Path) {
        self.directories.push(Arc::new(Directory {
            path: path.to_owned(),
            certificates: OnceLock::new(),
            needed: Mutex::new(Vec::new()),
        }));
    }

    /// Reads the directories, if that has not been done. Blocks.
    pub fn read_directories(&self) {
        for directory in &self.directories {
            directory.read();
        }
    }

    /// Whether this very certificate is trusted.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        let is_it = |known: &Certificate| known.der == certificate.der;
        self.certificates.iter().any(|known| is_it(known))
            || self
                .directories
                .iter()
                .any(|directory| !directory.find(is_it).is_empty())
    }

    /// The trusted certificates with this subject.
    pub fn named(&self, subject: &[u8]) -> Vec<Arc<Certificate>> {
        let is_it = |known: &Certificate| known.subject == subject;
        let mut found: Vec<_> = self
            .certificates
            .iter()
            .filter(|known| is_it(known))
            .cloned()
            .collect();
        for directory in &self.directories {
            found.extend(directory.find(is_it));
        }
        found
    }

    pub fn revocation_lists(&self) -> &[Arc<RevocationList>] {
        &self.lists
    }

    /// Everything that is loaded.
    pub fn loaded(&self) -> Vec<Arc<Certificate>> {
        let mut all = self.certificates.clone();
        for directory in &self.directories {
            for certificate in directory.needed.lock().iter() {
                if !all.iter().any(|known| known.der == certificate.der) {
                    all.push(certificate.clone());
                }
            }
        }
        all
    }
}

/// Where the system keeps what it trusts, and the variables of the environment that say otherwise.
pub struct DefaultPaths {
    pub file: &'static str,
    pub directory: &'static str,
}

pub const FILE_VARIABLE: &str = "SSL_CERT_FILE";
pub const DIRECTORY_VARIABLE: &str = "SSL_CERT_DIR";

/// The first of the usual places that exists; the first of all when none does.
pub fn default_paths() -> DefaultPaths {
    const FILES: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];
    const DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
    let first = |places: &[&'static str]| {
        let existing = places.iter().find(|place| Path::new(place).exists());
        *existing.unwrap_or(&places[0])
    };
    DefaultPaths {
        file: first(&FILES),
        directory: first(&DIRECTORIES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_directories() {
        assert!(is_hash_name("0123abcd.0"));
        assert!(!is_hash_name("0123abcd.r0"));
        assert!(!is_hash_name("0123abc.0"));
        assert!(!is_hash_name("README"));
    }
}
