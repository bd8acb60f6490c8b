//! Which source range each unit came from, in a compact form.
//!
//! The table is a sequence of runs of units with one location:
//!
//! ```text
//!   run     = varint(length << 2 | form) payload
//!   form 0  no location                     payload: nothing
//!   form 1  range over lines                payload: line change, end line - line, column, end column
//!   form 2  range on the line of the
//!           run before                      payload: column, end column - column
//!   form 3  line without columns            payload: line change
//! ```
//!
//! Numbers are LEB128; the line change is relative to the last line met (at first, the first line
//! of the code) and zigzagged. Lines count from 1, columns are bytes of UTF-8 from 0.

/// A range of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    pub line: u32,
    pub end_line: u32,
    /// `None` for code that stands for a whole line.
    pub columns: Option<(u32, u32)>,
}

/// The locations of all units of a code object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocationTable {
    bytes: Box<[u8]>,
}

impl LocationTable {
    /// The table from its bytes, as [`LocationTable::as_bytes`] gave them.
    pub fn from_bytes(bytes: Box<[u8]>) -> LocationTable {
        LocationTable { bytes }
    }

    /// The encoded form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Runs in order: number of units, their location.
    pub fn runs(&self, first_line: u32) -> LocationRuns<'_> {
        LocationRuns {
            bytes: &self.bytes,
            line: first_line,
        }
    }

    /// The location of one unit. Walks the runs before it.
    pub fn location(&self, unit: u32, first_line: u32) -> Option<Location> {
        let mut end = 0;
        for (length, location) in self.runs(first_line) {
            end += length;
            if unit < end {
                return location;
            }
        }
        None
    }
}

/// Iterator over the runs of a [`LocationTable`].
#[derive(Clone, Debug)]
pub struct LocationRuns<'a> {
    bytes: &'a [u8],
    line: u32,
}

impl LocationRuns<'_> {
    fn number(&mut self) -> Option<u32> {
        let mut value = 0u32;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u32::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    fn change_line(&mut self) -> Option<()> {
        let zigzag = self.number()?;
        let change = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
        self.line = self.line.wrapping_add(change);
        Some(())
    }
}

impl Iterator for LocationRuns<'_> {
    type Item = (u32, Option<Location>);

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.number()?;
        let location = match head & 3 {
            0 => None,
            1 => {
                self.change_line()?;
                let line = self.line;
                let end_line = line.wrapping_add(self.number()?);
                let columns = Some((self.number()?, self.number()?));
                Some(Location {
                    line,
                    end_line,
                    columns,
                })
            }
            2 => {
                let column = self.number()?;
                let columns = Some((column, column.wrapping_add(self.number()?)));
                Some(Location {
                    line: self.line,
                    end_line: self.line,
                    columns,
                })
            }
            _ => {
                self.change_line()?;
                Some(Location {
                    line: self.line,
                    end_line: self.line,
                    columns: None,
                })
            }
        };
        Some((head >> 2, location))
    }
}

/// Builds a [`LocationTable`] unit by unit, in order.
#[derive(Debug)]
pub struct LocationTableBuilder {
    bytes: Vec<u8>,
    line: u32,
    pending: Option<Location>,
    pending_length: u32,
}

impl LocationTableBuilder {
    /// An empty table for code that begins at `first_line`.
    pub fn new(first_line: u32) -> LocationTableBuilder {
        LocationTableBuilder {
            bytes: Vec::new(),
            line: first_line,
            pending: None,
            pending_length: 0,
        }
    }

    /// Appends `units` units that came from `location`.
    pub fn push(&mut self, units: u32, location: Option<Location>) {
        if self.pending != location {
            self.flush();
            self.pending = location;
        }
        self.pending_length += units;
    }

    /// The finished table.
    pub fn finish(mut self) -> LocationTable {
        self.flush();
        LocationTable {
            bytes: self.bytes.into(),
        }
    }

    fn flush(&mut self) {
        if self.pending_length == 0 {
            return;
        }
        let length = self.pending_length << 2;
        self.pending_length = 0;
        let Some(location) = self.pending else {
            self.number(length);
            return;
        };
        match location.columns {
            None => {
                self.number(length | 3);
                self.change_line(location.line);
            }
            Some((column, end_column))
                if location.line == self.line
                    && location.end_line == location.line
                    && end_column >= column =>
            {
                self.number(length | 2);
                self.number(column);
                self.number(end_column - column);
            }
            Some((column, end_column)) => {
                self.number(length | 1);
                self.change_line(location.line);
                self.number(location.end_line.wrapping_sub(location.line));
                self.number(column);
                self.number(end_column);
            }
        }
    }

    fn change_line(&mut self, line: u32) {
        let change = line.wrapping_sub(self.line);
        self.line = line;
        self.number((change << 1) ^ ((change as i32 >> 31) as u32));
    }

    fn number(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        let whole = |line| {
            Some(Location {
                line,
                end_line: line,
                columns: None,
            })
        };
        let range = |line, end_line, column, end_column| {
            Some(Location {
                line,
                end_line,
                columns: Some((column, end_column)),
            })
        };
        let runs = [
            (1, whole(10)),
            (2, None),
            (300, range(10, 10, 4, 200)),
            (1, range(12, 14, 8, 2)),
            (5, range(3, 3, 0, 0)),
            (1, whole(1)),
        ];
        let mut builder = LocationTableBuilder::new(10);
        for (length, location) in runs {
            builder.push(length, location);
        }
        let table = builder.finish();
        assert_eq!(table.runs(10).collect::<Vec<_>>(), runs);
        assert_eq!(table.location(303, 10), range(12, 14, 8, 2));
        assert_eq!(table.location(310, 10), None);
    }
}
