//! The speed-ups as an SVG plot: for each program a bar with the GIL off and one with it
//! on, at the greatest number of threads, under a line where perfect scaling would be.

use std::path::Path;

use plotters::prelude::*;

use crate::measure::{Plan, Results};

const COLOURS: [RGBColor; 2] = [RGBColor(31, 119, 180), RGBColor(190, 190, 190)];

pub fn write(path: &Path, plan: &Plan, results: &[Results]) -> Result<(), String> {
    draw(path, plan, results).map_err(|error| format!("{}: {error}", path.display()))
}

fn draw(path: &Path, plan: &Plan, results: &[Results]) -> Result<(), Box<dyn std::error::Error>> {
    let column = plan.threads.len() - 1;
    let threads = plan.threads[column];
    let count = results.len();
    let top = results
        .iter()
        .flat_map(|row| [row.speed_up(0, column), row.speed_up(1, column)])
        .flatten()
        .fold(threads as f64, f64::max);

    let height = 110 + 28 * count as u32;
    let area = SVGBackend::new(path, (860, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            format!("Speed-up with {threads} threads"),
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(140)
        .build_cartesian_2d(0.0..top * 1.2, (0..count - 1).into_segmented())?;
    let name = |segment: &SegmentValue<usize>| match segment {
        SegmentValue::CenterOf(row) if *row < count => results[count - 1 - row].program.clone(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .max_light_lines(1)
        .y_labels(count + 1)
        .y_label_formatter(&name)
        .x_label_formatter(&|speed_up| format!("{speed_up:.1}x"))
        .draw()?;

    for (mode, interpreter) in plan.modes.iter().enumerate() {
        let style = COLOURS[mode].filled();
        let bars = results
            .iter()
            .rev()
            .enumerate()
            .filter_map(|(row, result)| {
                let speed_up = result.speed_up(mode, column)?;
                let mut bar = Rectangle::new(
                    [
                        (0.0, SegmentValue::Exact(row)),
                        (speed_up, SegmentValue::Exact(row + 1)),
                    ],
                    style,
                );
                // A row is 28 pixels high; the first mode has its upper half.
                let (above, below) = if mode == 0 { (3, 14) } else { (14, 3) };
                bar.set_margin(above, below, 0, 0);
                Some(bar)
            });
        chart
            .draw_series(bars)?
            .label(interpreter.name.clone())
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], style));
    }
    chart.draw_series(LineSeries::new(
        [
            (threads as f64, SegmentValue::Exact(0)),
            (threads as f64, SegmentValue::Exact(count)),
        ],
        RED.mix(0.6),
    ))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}
