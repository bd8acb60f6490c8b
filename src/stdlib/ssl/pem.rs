//! PEM: DER in base64, between lines that say what it is (RFC 7468).

/// What stands between a line `-----BEGIN label-----` and its end.
#[derive(Debug)]
pub struct Section<'a> {
    pub label: &'a str,
    /// The lines `name: value` before the content.
    pub headers: Vec<(&'a str, &'a str)>,
    /// `None` when it is no base64.
    pub content: Option<Vec<u8>>,
    /// Whether the line that ends it is there.
    pub is_ended: bool,
}

fn digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn decode(text: &str, output: &mut Vec<u8>) -> Option<()> {
    let text = text.trim_end_matches('=');
    for group in text.as_bytes().chunks(4) {
        let mut word = 0;
        for &byte in group {
            word = word << 6 | digit(byte)?;
        }
        word <<= 6 * (4 - group.len());
        match group.len() {
            1 => return None,
            count => output.extend_from_slice(&word.to_be_bytes()[1..count]),
        }
    }
    Some(())
}

/// The bytes in base64, 64 digits a line.
pub fn encode(label: &str, content: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in content.chunks(48) {
        for group in line.chunks(3) {
            let mut word = [0; 4];
            word[1..=group.len()].copy_from_slice(group);
            let word = u32::from_be_bytes(word);
            for at in 0..4 {
                let digit = DIGITS[(word >> (18 - 6 * at) & 63) as usize];
                text.push(if at > group.len() { '=' } else { digit.into() });
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The sections of a text. What stands between them is left out.
pub fn sections(text: &str) -> Vec<Section<'_>> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = line
            .strip_prefix("-----BEGIN ")
            .and_then(|line| line.strip_suffix("-----"))
        else {
            continue;
        };
        let mut section = Section {
            label,
            headers: Vec::new(),
            content: None,
            is_ended: false,
        };
        let mut digits = String::new();
        for line in lines.by_ref() {
            if line.starts_with("-----END ") {
                section.is_ended = line
                    .strip_prefix("-----END ")
                    .and_then(|line| line.strip_suffix("-----"))
                    == Some(label);
                break;
            }
            match line.split_once(':') {
                Some((name, value)) => section.headers.push((name.trim(), value.trim())),
                None => digits.push_str(line.trim()),
            }
        }
        let mut content = Vec::with_capacity(digits.len() / 4 * 3);
        section.content = decode(&digits, &mut content).map(|()| content);
        found.push(section);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 2, 3, 47, 48, 49, 200] {
            let content: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let text = encode("CERTIFICATE", &content);
            let found = sections(&text);
            assert_eq!(found[0].content.as_ref(), Some(&content));
            assert!(found[0].is_ended);
            assert_eq!(found[0].label, "CERTIFICATE");
        }
    }

    #[test]
    fn headers_and_rubbish() {
        let text = "rubbish\n-----BEGIN KEY-----\nA: b\n\nQUJD\n-----END KEY-----\n";
        let found = sections(text);
        assert_eq!(found[0].headers, [("A", "b")]);
        assert_eq!(found[0].content.as_deref(), Some(b"ABC".as_slice()));
        assert!(sections("-----BEGIN X-----\n????\n")[0].content.is_none());
    }
}
