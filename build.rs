//! How the interpreter's binary is linked.
//!
//! * At a fixed address: its tables of pointers then are pages of the file as they are, where otherwise
//!   every start would write some 36,000 relocations, and the pages would be each process' own.
//! * With the functions that run at the start of a program, and those that programs commonly use, side by
//!   side. The system maps a file in runs of sixteen pages around the one that is touched: functions that
//!   lie scattered keep nearly the whole binary in memory.
//!
//! The functions are those of `src/link_order.txt`, a record of runs by `benches/link_order.py`, with patterns
//! of modules that take part in every run. It names them without the hash or number at the end of their
//! symbols, so that it stays valid from build to build; names that are gone do no harm. Only release builds
//! for Linux on x86-64 are linked so, where the toolchain brings a linker that understands it;
//! `TYPHON_PLAIN_LINK=1` leaves it out.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

const ORDER: &str = "src/link_order.txt";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ORDER}");
    println!("cargo::rerun-if-env-changed=TYPHON_PLAIN_LINK");
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    let known = is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("PROFILE", "release");
    if !known || env::var_os("TYPHON_PLAIN_LINK").is_some() {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    let order = fs::read_to_string(ORDER).expect("the order of functions can be read");
    let script =
        PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("link_order.ld");
    fs::write(&script, linker_script(&order)).expect("OUT_DIR can be written to");
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
}

/// A section of these functions, in this order, in front of all others. Those that the compiler takes for
/// unlikely have a section name of another kind.
fn linker_script(order: &str) -> String {
    let mut script = String::from("SECTIONS\n{\n  .text.together :\n  {\n");
    for name in order.lines().filter(|line| !line.starts_with('#')) {
        let varies = name.ends_with("17h") || name.ends_with(".llvm.");
        let rest = if varies { "*" } else { "" };
        writeln!(
            script,
            "    *(.text.{name}{rest} .text.unlikely.{name}{rest})"
        )
        .expect("writing to a String cannot fail");
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    script
}
