//! Source text: from bytes to lines.
//!
//! Lines end with `\n`, `\r\n` or `\r`. Lines count from 1, columns from 0.

use ruff_text_size::TextRange;

use crate::location::Location;

/// Where each line of a source begins.
#[derive(Debug)]
pub struct LineIndex {
    /// Byte offsets of the first character of each line, sorted; the first is 0.
    starts: Vec<u32>,
    /// Where no source is: the position that each offset stands for.
    points: Option<Box<[(u32, u32)]>>,
}

impl LineIndex {
    /// Scans `source` once.
    pub fn new(source: &str) -> LineIndex {
        let bytes = source.as_bytes();
        let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
        starts.push(0);
        for (offset, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' || (byte == b'\r' && bytes.get(offset + 1) != Some(&b'\n')) {
                starts.push(offset as u32 + 1);
            }
        }
        LineIndex {
            starts,
            points: None,
        }
    }

    /// Offsets that are indices into a list of positions: of trees that have no source.
    pub(crate) fn of_points(points: Box<[(u32, u32)]>) -> LineIndex {
        LineIndex {
            starts: vec![0],
            points: Some(points),
        }
    }

    /// The position that an offset stands for, where no source is.
    pub(crate) fn point(&self, offset: usize) -> Option<(u32, u32)> {
        let points = self.points.as_ref()?;
        Some(points.get(offset).copied().unwrap_or((1, 0)))
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> u32 {
        if let Some((line, _)) = self.point(offset) {
            return line;
        }
        self.starts
            .partition_point(|&start| start as usize <= offset) as u32
    }

    /// The number of lines, an empty last line included.
    pub fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The byte offset at which a line begins.
    pub fn line_start(&self, line: u32) -> usize {
        self.starts[line as usize - 1] as usize
    }

    /// Line and byte column of an offset. `hint` is a line to try first, and becomes the answer:
    /// neighbours in the tree are neighbours in the source.
    pub fn position_near(&self, offset: usize, hint: &mut u32) -> (u32, u32) {
        if let Some((line, column)) = self.point(offset) {
            *hint = line;
            return (line, column);
        }
        let index = *hint as usize;
        let offset = offset as u32;
        let near = index >= 1
            && self
                .starts
                .get(index - 1)
                .is_some_and(|&start| start <= offset)
            && self.starts.get(index).is_none_or(|&start| offset < start);
        if !near {
            *hint = self.line(offset as usize);
        }
        (*hint, offset - self.starts[*hint as usize - 1])
    }

    /// A range in lines and byte columns.
    pub fn location(&self, range: TextRange, hint: &mut u32) -> Location {
        let (line, column) = self.position_near(range.start().to_usize(), hint);
        let mut end_hint = *hint;
        let (end_line, end_column) = self.position_near(range.end().to_usize(), &mut end_hint);
        Location {
            line,
            end_line,
            columns: Some((column, end_column)),
        }
    }

    /// Line and character column of an offset.
    pub fn character_position(&self, source: &str, offset: usize) -> (u32, u32) {
        let line = self.line(offset);
        let start = self.line_start(line);
        let column = source
            .get(start..offset)
            .map_or(offset - start, |text| text.chars().count());
        (line, column as u32)
    }

    /// The text of a line with its newline.
    pub fn line_text(&self, source: &str, line: u32) -> String {
        let start = self.line_start(line);
        let end = self
            .starts
            .get(line as usize)
            .map_or(source.len(), |&next| next as usize);
        source[start..end].to_owned()
    }
}
