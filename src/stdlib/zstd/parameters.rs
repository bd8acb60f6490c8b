//! Parameters of compressors and decompressors, as numbers or as members of the library's enumerations.

use std::ffi::c_int;

use parking_lot::Mutex;
use typhon_runtime::args::{FromArgument, Place};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::stream::{Failure, LEVEL, bounds};

/// The classes of `CompressionParameter` and `DecompressionParameter`, once they exist.
static CLASSES: Mutex<Option<[Ref<Type>; 2]>> = Mutex::new(None);

const COMPRESSION_NAMES: &[(c_int, &str)] = &[
    (LEVEL, "compression_level"),
    (101, "window_log"),
    (102, "hash_log"),
    (103, "chain_log"),
    (104, "search_log"),
    (105, "min_match"),
    (106, "target_length"),
    (107, "strategy"),
    (160, "enable_long_distance_matching"),
    (161, "ldm_hash_log"),
    (162, "ldm_min_match"),
    (163, "ldm_bucket_size_log"),
    (164, "ldm_hash_rate_log"),
    (200, "content_size_flag"),
    (201, "checksum_flag"),
    (202, "dict_id_flag"),
    (400, "nb_workers"),
    (401, "job_size"),
    (402, "overlap_log"),
];

const DECOMPRESSION_NAMES: &[(c_int, &str)] = &[(100, "window_log_max")];

/// Remembers the classes of the enumerations.
pub(super) fn set_classes(compression: &Ref<Type>, decompression: &Ref<Type>) {
    let classes = [compression.clone(), decompression.clone()];
    drop(CLASSES.lock().replace(classes));
}

/// Whether the key of an option belongs to the other direction.
fn is_foreign(key: &Value, compresses: bool) -> bool {
    let classes = CLASSES.lock();
    classes
        .as_ref()
        .is_some_and(|classes| key.class().is(&classes[usize::from(compresses)]))
}

fn integer(cx: &Context, value: &Value) -> PyResult<c_int> {
    let place = Place {
        function: "",
        position: 0,
        name: "",
        by_name: false,
    };
    c_int::from_argument(cx, value, &place)
}

/// A compression level that the library has.
pub(super) fn level(cx: &Context, value: &Value) -> PyResult<c_int> {
    if !int::is_int(value) {
        return Err(cx.type_error("invalid type for level, expected int"));
    }
    let number = int::index_as_i128(cx, value)?;
    c_int::try_from(number)
        .ok()
        .filter(|&level| is_level(level))
        .ok_or_else(|| illegal_level(cx, c_int::try_from(number).ok()))
}

fn is_level(level: c_int) -> bool {
    bounds(LEVEL, true).is_ok_and(|(lowest, highest)| (lowest..=highest).contains(&level))
}

#[cold]
fn illegal_level(cx: &Context, level: Option<c_int>) -> Raised {
    let (lowest, highest) = bounds(LEVEL, true).unwrap_or((0, 0));
    let level = level.map_or(String::new(), |level| format!(" {level}"));
    cx.value_error(format!(
        "illegal compression level{level}; the valid range is [{lowest}, {highest}]"
    ))
}

/// Gives each option of a dict to `set`.
pub(super) fn set_options(
    cx: &Context,
    options: &Value,
    compresses: bool,
    mut set: impl FnMut(c_int, c_int) -> Result<(), Failure>,
) -> PyResult<()> {
    let (class, kind, other, names) = if compresses {
        (
            "ZstdCompressor",
            "compression",
            "DecompressionParameter",
            COMPRESSION_NAMES,
        )
    } else {
        (
            "ZstdDecompressor",
            "decompression",
            "CompressionParameter",
            DECOMPRESSION_NAMES,
        )
    };
    let Some(options) = options.downcast::<Dict>() else {
        let got = options.type_name_for_argument();
        return Err(cx.type_error(format!(
            "{class}() argument 'options' must be dict, not {got}"
        )));
    };
    for (key, value) in options.items_snapshot(cx)? {
        if is_foreign(&key, compresses) {
            return Err(cx.type_error(format!(
                "{kind} options dictionary key must not be a {other} attribute"
            )));
        }
        let key = integer(cx, &key)?;
        let value = integer(cx, &value)?;
        if compresses && key == LEVEL && !is_level(value) {
            return Err(illegal_level(cx, Some(value)));
        }
        if set(key, value).is_ok() {
            continue;
        }
        let known = names.iter().find(|(number, _)| *number == key);
        return Err(match (known, bounds(key, compresses)) {
            (Some((_, name)), Ok((lowest, highest))) => cx.value_error(format!(
                "{kind} parameter '{name}' received an illegal value {value}; the valid range is \
                 [{lowest}, {highest}]"
            )),
            _ => cx.value_error(format!(
                "invalid {kind} parameter 'unknown parameter (key {key})'"
            )),
        });
    }
    Ok(())
}
