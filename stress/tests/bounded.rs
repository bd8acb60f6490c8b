//! A few seconds of stress as part of `cargo test`, when there is an interpreter.
//!
//! The interpreter is the one `TYPHON` names, or one that has been built into the same
//! target folder. Without either there is nothing to test, and the test says so.

use std::path::{Path, PathBuf};
use std::process::Command;

const SECONDS: &str = "15";

fn built_typhon() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TYPHON") {
        return Some(path.into());
    }
    let profile = Path::new(env!("CARGO_BIN_EXE_stress")).parent()?;
    let target = profile.parent()?;
    [
        profile.join("typhon"),
        target.join("release/typhon"),
        target.join("debug/typhon"),
    ]
    .into_iter()
    .find(|path| path.exists())
}

#[test]
fn scenarios_hold_for_some_seconds() {
    let Some(typhon) = built_typhon() else {
        eprintln!("skipped: no typhon has been built here, and TYPHON names none");
        return;
    };
    let ended = Command::new(env!("CARGO_BIN_EXE_stress"))
        .args(["--seconds", SECONDS, "--keep-going", "--typhon"])
        .arg(typhon)
        .output()
        .expect("stress starts");
    assert!(
        ended.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
}
