//! Lays the library out as files beside the binary that is being built.
//!
//! The interpreter imports from what is packed in it and needs no files. Programs do, now and then: they
//! list the folder of `os.__file__`, read a package's data through `open`, show sources in an editor. So
//! the profile's folder gets the same bytes as files:
//!
//! ```text
//!   target/release/typhon
//!   target/release/lib/typhon3.14/…       what sys._stdlib_dir names there
//! ```
//!
//! A folder is written under another name and takes its place whole, so nobody sees half a library. Its
//! files have the times of the files they come from: cargo, which is told to look at one of them, finds it
//! older than the build and does nothing; when the folder was deleted, it runs the build script again.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

/// One file of the library.
pub struct Entry<'a> {
    /// Its path in the library.
    pub path: &'a str,
    pub content: &'a [u8],
    /// The file that it was made from.
    pub origin: &'a Path,
}

/// The folder of the library beside the binary, when `out` (cargo's OUT_DIR) tells where that is:
/// `target/release/build/typhon-library-…/out`.
fn place(out: &Path) -> Option<PathBuf> {
    let build = out
        .ancestors()
        .find(|folder| folder.file_name() == Some(OsStr::new("build")))?;
    Some(build.parent()?.join("lib").join("typhon3.14"))
}

/// Writes all entries as files.
///
/// # Errors
/// What the operating system says; the folder is then as it was.
pub fn lay_out(out: &Path, entries: &[Entry]) -> io::Result<()> {
    let Some(place) = place(out) else {
        return Ok(());
    };
    let aside = |what: &str| place.with_file_name(format!(".typhon3.14-{what}-{}", process::id()));
    let (new, old) = (aside("new"), aside("old"));
    let written = write_all(&new, entries).and_then(|()| {
        if place.exists() {
            fs::rename(&place, &old)?;
        }
        fs::rename(&new, &place)
    });
    // Neither is there when all went well and nothing had been there before.
    let _ = fs::remove_dir_all(&old);
    let _ = fs::remove_dir_all(&new);
    println!("cargo::rerun-if-changed={}", place.join("os.py").display());
    written
}

fn write_all(folder: &Path, entries: &[Entry]) -> io::Result<()> {
    for entry in entries {
        let path = folder.join(entry.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(path)?;
        file.write_all(entry.content)?;
        file.set_modified(fs::metadata(entry.origin)?.modified()?)?;
    }
    Ok(())
}
