//! The measurements as JSON, for comparison over time.

use std::path::Path;

use serde_json::{Value, json};

use crate::measure::{Plan, Results, geometric_mean};

pub fn write(path: &Path, plan: &Plan, results: &[Results]) -> Result<(), String> {
    let text = format!("{:#}\n", figures(plan, results));
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn figures(plan: &Plan, results: &[Results]) -> Value {
    let last = plan.threads.len() - 1;
    let programs: serde_json::Map<String, Value> = results
        .iter()
        .map(|row| {
            let peers: serde_json::Map<String, Value> = plan
                .peers
                .iter()
                .zip(&row.peers)
                .map(|(peer, seconds)| (peer.name.clone(), json!(seconds)))
                .collect();
            let peer_peaks: serde_json::Map<String, Value> = plan
                .peers
                .iter()
                .zip(&row.peer_peaks)
                .map(|(peer, peak)| (peer.name.clone(), json!(peak)))
                .collect();
            let figures = json!({
                "gil off": row.modes[0],
                "gil on": row.modes[1],
                "peers": peers,
                "peak MiB": row.peak,
                "peers' peak MiB": peer_peaks,
                "failures": row.failures,
            });
            (row.program.clone(), figures)
        })
        .collect();
    let ratios: serde_json::Map<String, Value> = plan
        .peers
        .iter()
        .enumerate()
        .map(|(index, peer)| {
            let mean = geometric_mean(results.iter().map(|row| row.ratio(index)));
            (peer.name.clone(), json!(mean))
        })
        .collect();
    let memory: serde_json::Map<String, Value> = plan
        .peers
        .iter()
        .enumerate()
        .map(|(index, peer)| {
            let mean = geometric_mean(results.iter().map(|row| row.memory_ratio(index)));
            (peer.name.clone(), json!(mean))
        })
        .collect();
    json!({
        "threads": plan.threads,
        "repeat": plan.repeat,
        "size": plan.size,
        "seconds": programs,
        "geometric means": {
            "speed-up, gil off": geometric_mean(results.iter().map(|row| row.speed_up(0, last))),
            "speed-up, gil on": geometric_mean(results.iter().map(|row| row.speed_up(1, last))),
            "off over on, one thread": geometric_mean(results.iter().map(Results::cost_of_freedom)),
            "over peer, one thread": ratios,
            "memory over peer, one thread": memory,
        },
    })
}
