//! Parts of the Unicode character database that no crate has, read when they are first asked for.
//!
//! The files in `data/` were extracted from the database's own by `data/extract.py`. Each line is a code
//! point or a range `first..last`, in hexadecimal, and what holds for it; lines are in ascending order.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Values of ranges of code points, in ascending order, which do not overlap.
pub(super) struct Ranges<T>(Vec<(u32, u32, T)>);

impl<T> Ranges<T> {
    /// The range that `point` is in: its first code point and its value.
    pub(super) fn find(&self, point: u32) -> Option<(u32, &T)> {
        let behind = self.0.partition_point(|&(first, ..)| first <= point);
        let (first, last, value) = self.0.get(behind.checked_sub(1)?)?;
        (point <= *last).then_some((*first, value))
    }

    pub(super) fn get(&self, point: u32) -> Option<&T> {
        self.find(point).map(|(_, value)| value)
    }
}

/// What kind of number a character is. Each is all those behind it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NumberKind {
    Numeric,
    Digit,
    Decimal,
}

/// Numbers that count up by one from this.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) kind: NumberKind,
    pub(super) numerator: i64,
    pub(super) denominator: i64,
}

fn number(text: &str) -> (i64, i64) {
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let parse = |digits: &str| digits.parse().expect("invariant: the data has numbers");
    (parse(numerator), parse(denominator))
}

fn lines(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(';').collect())
}

fn range(text: &str) -> (u32, u32) {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let parse = |digits| u32::from_str_radix(digits, 16);
    let parse = |digits| parse(digits).expect("invariant: the data has code points");
    (parse(first), parse(last))
}

/// Compatibility mappings of 16.0.0.
pub(super) fn mapping(point: u32) -> Option<&'static str> {
    static MAPPINGS: OnceLock<HashMap<u32, &'static str>> = OnceLock::new();
    let mappings = MAPPINGS.get_or_init(|| {
        lines(include_str!("data/decompositions.txt"))
            .map(|fields| (range(fields[0]).0, fields[1]))
            .collect()
    });
    mappings.get(&point).copied()
}

/// Numeric values of 16.0.0.
pub(super) fn numbers() -> &'static Ranges<Counted> {
    static NUMBERS: OnceLock<Ranges<Counted>> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let read = |fields: Vec<&str>| {
            let (first, last) = range(fields[0]);
            let (numerator, denominator) = number(fields[2]);
            let kind = match fields[1] {
                "d" => NumberKind::Decimal,
                "g" => NumberKind::Digit,
                _ => NumberKind::Numeric,
            };
            let counted = Counted {
                kind,
                numerator,
                denominator,
            };
            (first, last, counted)
        };
        let file = include_str!("data/numbers.txt");
        Ranges(lines(file).map(read).collect())
    })
}

/// How 3.2.0 differs from 16.0.0, for what 3.2.0 has assigned.
pub(super) struct Differences {
    pub(super) assigned: Ranges<()>,
    pub(super) category: Ranges<&'static str>,
    pub(super) direction: Ranges<&'static str>,
    pub(super) mirrored: Ranges<bool>,
    pub(super) width: Ranges<&'static str>,
    /// `None` for what was no decimal digit.
    pub(super) decimal: Ranges<Option<i64>>,
    /// `None` for what was no number.
    pub(super) number: Ranges<Option<f64>>,
}

/// See [`Differences`].
pub(super) fn differences() -> &'static Differences {
    static DIFFERENCES: OnceLock<Differences> = OnceLock::new();
    DIFFERENCES.get_or_init(|| {
        let file = include_str!("data/version_3_2_0.txt");
        fn of<T>(
            file: &'static str,
            property: &str,
            read: impl Fn(&'static str) -> T,
        ) -> Ranges<T> {
            let own = lines(file).filter(|fields| fields[0] == property);
            let read = |fields: Vec<&'static str>| {
                let (first, last) = range(fields[1]);
                (first, last, read(fields.get(2).copied().unwrap_or("")))
            };
            Ranges(own.map(read).collect())
        }
        fn value(text: &str) -> Option<f64> {
            let (above, below) = text.split_once('/').unwrap_or((text, "1"));
            let parse = |digits: &str| digits.parse::<f64>();
            (text != "none").then(|| {
                let above = parse(above).expect("invariant: the data has numbers");
                above / parse(below).expect("invariant: the data has numbers")
            })
        }
        Differences {
            assigned: of(file, "assigned", drop),
            category: of(file, "category", |text| text),
            direction: of(file, "direction", |text| text),
            mirrored: of(file, "mirrored", |text| text == "Y"),
            width: of(file, "width", |text| text),
            decimal: of(file, "decimal", |text| {
                value(text).map(|value| value as i64)
            }),
            number: of(file, "number", value),
        }
    })
}
