//! Cipher suites: OpenSSL's names of those that there are, and its language for choosing among them.
//!
//! A list names suites, or all that have a property (`ECDHE+AESGCM`): `A` adds them, `-A` takes them
//! away, `!A` for good, `+A` moves them to the end. The suites of TLS 1.3 are not chosen so; they are
//! always there.

use rustls::crypto::ring::cipher_suite as suites;
use rustls::{CipherSuite, SupportedCipherSuite};

/// What OpenSSL calls a suite and its parts.
pub struct Suite {
    pub suite: SupportedCipherSuite,
    pub name: &'static str,
    pub number: u16,
    pub bits: u16,
    pub symmetric: &'static str,
    pub exchange: &'static str,
    pub authentication: &'static str,
}

macro_rules! table {
    ($($suite:ident $name:literal $number:literal $bits:literal $symmetric:literal $exchange:literal $authentication:literal;)*) => {
        /// The best first.
        pub static SUITES: [Suite; 9] = [$(Suite {
            suite: suites::$suite,
            name: $name,
            number: $number,
            bits: $bits,
            symmetric: $symmetric,
            exchange: $exchange,
            authentication: $authentication,
        }),*];
    };
}

table! {
    TLS13_AES_256_GCM_SHA384 "TLS_AES_256_GCM_SHA384" 0x1302 256 "aes-256-gcm" "any" "any";
    TLS13_CHACHA20_POLY1305_SHA256 "TLS_CHACHA20_POLY1305_SHA256" 0x1303 256 "chacha20-poly1305" "any" "any";
    TLS13_AES_128_GCM_SHA256 "TLS_AES_128_GCM_SHA256" 0x1301 128 "aes-128-gcm" "any" "any";
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 "ECDHE-ECDSA-AES256-GCM-SHA384" 0xC02C 256 "aes-256-gcm" "ECDH" "ECDSA";
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 "ECDHE-RSA-AES256-GCM-SHA384" 0xC030 256 "aes-256-gcm" "ECDH" "RSA";
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 "ECDHE-ECDSA-CHACHA20-POLY1305" 0xCCA9 256 "chacha20-poly1305" "ECDH" "ECDSA";
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 "ECDHE-RSA-CHACHA20-POLY1305" 0xCCA8 256 "chacha20-poly1305" "ECDH" "RSA";
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 "ECDHE-ECDSA-AES128-GCM-SHA256" 0xC02B 128 "aes-128-gcm" "ECDH" "ECDSA";
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 "ECDHE-RSA-AES128-GCM-SHA256" 0xC02F 128 "aes-128-gcm" "ECDH" "RSA";
}

impl Suite {
    pub fn is_newest(&self) -> bool {
        self.exchange == "any"
    }

    pub fn protocol(&self) -> &'static str {
        if self.is_newest() {
            "TLSv1.3"
        } else {
            "TLSv1.2"
        }
    }

    /// The line that OpenSSL describes the suite with.
    pub fn description(&self) -> String {
        let encryption = match self.symmetric {
            "chacha20-poly1305" => format!("CHACHA20/POLY1305({})", self.bits),
            _ => format!("AESGCM({})", self.bits),
        };
        format!(
            "{:<30} {:<7} Kx={:<8} Au={:<5} Enc={encryption:<22} Mac=AEAD",
            self.name,
            self.protocol(),
            self.exchange,
            self.authentication
        )
    }

    /// Whether the suite has the property that a word of a list names.
    fn has(&self, word: &str) -> bool {
        if word.eq_ignore_ascii_case(self.name) {
            return true;
        }
        let is_aes = self.symmetric != "chacha20-poly1305";
        match word {
            "ALL" | "DEFAULT" | "HIGH" | "ECDHE" | "EECDH" | "kECDHE" | "kEECDH" | "ECDH"
            | "TLSv1.2" | "FIPS" => true,
            "aRSA" | "RSA" => self.authentication == "RSA",
            "aECDSA" | "ECDSA" => self.authentication == "ECDSA",
            "AES" | "AESGCM" => is_aes,
            "AES128" => is_aes && self.bits == 128,
            "AES256" => is_aes && self.bits == 256,
            "CHACHA20" => !is_aes,
            "SHA256" => false,
            "SHA384" => false,
            _ => false,
        }
    }
}

/// The suite with this number.
pub fn find(suite: CipherSuite) -> Option<&'static Suite> {
    SUITES.iter().find(|known| known.number == u16::from(suite))
}

/// The suites before TLS 1.3 that a list chooses, in order; `None` when there are none.
pub fn choose(list: &str) -> Option<Vec<&'static Suite>> {
    let mut chosen: Vec<&'static Suite> = Vec::new();
    let mut banned: Vec<u16> = Vec::new();
    for word in list
        .split([':', ',', ' ', ';'])
        .filter(|word| !word.is_empty())
    {
        // `@STRENGTH` sorts what is sorted, `@SECLEVEL` is about keys.
        if word.starts_with('@') {
            continue;
        }
        let (operation, word) = match word.split_at_checked(1) {
            Some((sign @ ("!" | "-" | "+"), word)) => (sign, word),
            _ => ("", word),
        };
        // `DEFAULT@SECLEVEL=1`
        let word = word.split('@').next().unwrap_or(word);
        let fits = |suite: &Suite| {
            !suite.is_newest() && word.split('+').all(|property| suite.has(property))
        };
        match operation {
            "" => {
                for suite in SUITES.iter().filter(|suite| fits(suite)) {
                    let is_there = |known: &&Suite| known.number == suite.number;
                    if !banned.contains(&suite.number) && !chosen.iter().any(is_there) {
                        chosen.push(suite);
                    }
                }
            }
            "+" => chosen.sort_by_key(|suite| fits(suite)),
            _ => {
                if operation == "!" {
                    let named = SUITES.iter().filter(|suite| fits(suite));
                    banned.extend(named.map(|suite| suite.number));
                }
                chosen.retain(|suite| !fits(suite));
            }
        }
    }
    (!chosen.is_empty()).then_some(chosen)
}

/// Those that are chosen when nobody chooses.
pub const DEFAULT_LIST: &str = "DEFAULT:@SECLEVEL=2:!aNULL:!eNULL";

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<&'static str> {
        let chosen = choose(list).unwrap_or_default();
        chosen.iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn lists_choose() {
        assert_eq!(names(DEFAULT_LIST).len(), 6);
        assert_eq!(
            names("ECDHE+AESGCM:!aECDSA"),
            ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
        );
        assert_eq!(
            names("ECDHE-RSA-CHACHA20-POLY1305:AES128+ECDSA"),
            [
                "ECDHE-RSA-CHACHA20-POLY1305",
                "ECDHE-ECDSA-AES128-GCM-SHA256"
            ]
        );
        assert!(names("AES128-SHA:nonsense").is_empty());
        assert_eq!(
            names("ALL:-CHACHA20:+AES256:!ECDSA").last(),
            Some(&"ECDHE-RSA-AES256-GCM-SHA384")
        );
    }

    #[test]
    fn descriptions_are_columns() {
        assert_eq!(
            SUITES[0].description(),
            "TLS_AES_256_GCM_SHA384         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(256)            Mac=AEAD"
        );
    }
}
