//! "Did you mean": the name that is closest to a wrong one, by CPython's weighted edit distance.

const MOVE: usize = 2;
const CASE: usize = 1;
const LONGEST: usize = 40;
const MOST_CANDIDATES: usize = 750;

fn substitution(a: char, b: char) -> usize {
    if a == b {
        0
    } else if a.to_lowercase().eq(b.to_lowercase()) {
        CASE
    } else {
        MOVE
    }
}

/// The edit distance of two names, `None` above `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).map(|index| index * MOVE).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * MOVE;
        let mut least = row[0];
        for (j, &to) in b.iter().enumerate() {
            let here = (diagonal + substitution(from, to))
                .min(row[j] + MOVE)
                .min(row[j + 1] + MOVE);
            diagonal = std::mem::replace(&mut row[j + 1], here);
            least = least.min(here);
        }
        if least > limit {
            return None;
        }
    }
    Some(row[b.len()]).filter(|&cost| cost <= limit)
}

/// What is said of the candidate closest to `wrong`, if one is close enough: ". Did you mean 'it'?".
pub fn hint(wrong: &str, candidates: &[impl AsRef<str>]) -> String {
    match closest(wrong, candidates) {
        Some(close) => format!(". Did you mean '{close}'?"),
        None => String::new(),
    }
}

/// The candidate closest to `wrong`, if one is close enough.
pub fn closest<'a>(wrong: &str, candidates: &'a [impl AsRef<str>]) -> Option<&'a str> {
    if candidates.len() > MOST_CANDIDATES || wrong.chars().count() > LONGEST {
        return None;
    }
    let mut best: Option<(&str, usize)> = None;
    for candidate in candidates.iter().map(AsRef::as_ref) {
        if candidate == wrong {
            continue;
        }
        // No more than a third of the characters may have to change.
        let mut limit = (wrong.chars().count() + candidate.chars().count() + 3) * MOVE / 6;
        if let Some((_, cost)) = best {
            limit = limit.min(cost - 1);
        }
        if let Some(cost) = distance(wrong, candidate, limit) {
            best = Some((candidate, cost));
            if cost == 0 {
                break;
            }
        }
    }
    best.map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_close_names_only() {
        let names = ["append".to_owned(), "extend".to_owned()];
        assert_eq!(closest("appned", &names), Some("append"));
        assert_eq!(closest("zzz", &names), None);
    }
}
