//! The measurements as a table: a row for each program, the geometric mean below.

use std::fmt::Write;

use crate::measure::{Plan, Results, geometric_mean};

/// How a column finds its figure in a row.
type Figure<'plan> = dyn Fn(&Results) -> Option<f64> + 'plan;

/// A column: its heading, the unit behind its figures, a row's figure, and whether a
/// mean over rows says anything.
struct Column<'plan> {
    heading: String,
    unit: &'static str,
    figure: Box<Figure<'plan>>,
    mean: bool,
}

fn columns(plan: &Plan) -> Vec<Column<'_>> {
    let mut columns = Vec::new();
    for (mode, interpreter) in plan.modes.iter().enumerate() {
        columns.push(Column {
            heading: interpreter.name.clone(),
            unit: " s",
            figure: Box::new(move |row| row.modes[mode][0]),
            mean: false,
        });
        for (column, threads) in plan.threads.iter().enumerate().skip(1) {
            columns.push(Column {
                heading: format!("{threads} threads"),
                unit: "x",
                figure: Box::new(move |row| row.speed_up(mode, column)),
                mean: true,
            });
        }
    }
    columns.push(Column {
        heading: "off/on".into(),
        unit: "",
        figure: Box::new(Results::cost_of_freedom),
        mean: true,
    });
    for (peer, interpreter) in plan.peers.iter().enumerate() {
        columns.push(Column {
            heading: interpreter.name.clone(),
            unit: " s",
            figure: Box::new(move |row| row.peers[peer]),
            mean: false,
        });
        columns.push(Column {
            heading: format!("off/{}", interpreter.name),
            unit: "",
            figure: Box::new(move |row| row.ratio(peer)),
            mean: true,
        });
    }
    columns.push(Column {
        heading: "memory".into(),
        unit: " MiB",
        figure: Box::new(|row| row.peak),
        mean: false,
    });
    for (peer, interpreter) in plan.peers.iter().enumerate() {
        columns.push(Column {
            heading: interpreter.name.clone(),
            unit: " MiB",
            figure: Box::new(move |row| row.peer_peaks[peer]),
            mean: false,
        });
        columns.push(Column {
            heading: format!("memory/{}", interpreter.name),
            unit: "",
            figure: Box::new(move |row| row.memory_ratio(peer)),
            mean: true,
        });
    }
    columns
}

pub fn render(plan: &Plan, results: &[Results]) -> String {
    let columns = columns(plan);
    let mut rows = vec![
        std::iter::once("program".to_owned())
            .chain(columns.iter().map(|column| column.heading.clone()))
            .collect::<Vec<_>>(),
    ];
    for result in results {
        let figures = columns
            .iter()
            .map(|column| cell((column.figure)(result), column.unit));
        rows.push(
            std::iter::once(result.program.clone())
                .chain(figures)
                .collect(),
        );
    }
    let means = columns.iter().map(|column| {
        if !column.mean {
            return String::new();
        }
        cell(
            geometric_mean(results.iter().map(|row| (column.figure)(row))),
            column.unit,
        )
    });
    rows.push(
        std::iter::once("geometric mean".to_owned())
            .chain(means)
            .collect(),
    );
    align(&rows)
}

fn cell(figure: Option<f64>, unit: &str) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}{unit}"))
}

/// The first column to the left, the others to the right.
fn align(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["program".to_owned(), "s".to_owned()],
            vec!["a".to_owned(), "1.00 s".to_owned()],
        ];
        assert_eq!(align(&rows), "program       s\na        1.00 s\n");
    }
}
