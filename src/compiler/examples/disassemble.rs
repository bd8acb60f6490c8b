//! Shows the code of a Python file, or compiles every file of a folder and tells how long it took.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use typhon_compiler::{CompileOptions, compile, disassemble::disassemble};

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let path = PathBuf::from(std::env::args().nth(1).unwrap_or_default());
    let options = CompileOptions::default();
    if path.is_file() {
        let source = std::fs::read_to_string(&path)?;
        match compile(&source, &path.to_string_lossy(), &options) {
            Ok(compilation) => {
                for warning in &compilation.warnings {
                    println!("line {}: warning: {}", warning.error.line, warning.message);
                }
                print!("{}", disassemble(&compilation.code));
            }
            Err(error) => println!("{error:?}"),
        }
        return Ok(());
    }
    let mut found = Vec::new();
    files(&path, &mut found)?;
    let (mut failed, mut bytes, mut time) = (0, 0, Duration::ZERO);
    for path in &found {
        let Ok(source) = std::fs::read_to_string(path) else {
            continue;
        };
        bytes += source.len();
        let start = Instant::now();
        let result = compile(&source, &path.to_string_lossy(), &options);
        time += start.elapsed();
        if let Err(error) = result {
            failed += 1;
            println!("{}: {error}", path.display());
        }
    }
    println!(
        "{} files, {bytes} bytes, {time:?}, {failed} failed",
        found.len()
    );
    Ok(())
}
