//! Limits of numbers: `float_info`, `int_info`, `hash_info`, `maxsize` …

use typhon_runtime::args::IntoValue;
use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::{Context, PyResult, Value};

static FLOAT_INFO: Description = Description::new(
    "sys",
    "float_info",
    "sys.float_info\n\nA named tuple holding information about the float type. It contains low level\ninformation about the precision and internal representation. Please study\nyour system's :file:`float.h` for more information.",
    &[
        ("max", "DBL_MAX -- maximum representable finite float"),
        (
            "max_exp",
            "DBL_MAX_EXP -- maximum int e such that radix**(e-1) is representable",
        ),
        (
            "max_10_exp",
            "DBL_MAX_10_EXP -- maximum int e such that 10**e is representable",
        ),
        ("min", "DBL_MIN -- Minimum positive normalized float"),
        (
            "min_exp",
            "DBL_MIN_EXP -- minimum int e such that radix**(e-1) is a normalized float",
        ),
        (
            "min_10_exp",
            "DBL_MIN_10_EXP -- minimum int e such that 10**e is a normalized float",
        ),
        (
            "dig",
            "DBL_DIG -- maximum number of decimal digits that can be faithfully represented in a float",
        ),
        ("mant_dig", "DBL_MANT_DIG -- mantissa digits"),
        (
            "epsilon",
            "DBL_EPSILON -- Difference between 1 and the next representable float",
        ),
        ("radix", "FLT_RADIX -- radix of exponent"),
        (
            "rounds",
            "FLT_ROUNDS -- rounding mode used for arithmetic operations",
        ),
    ],
    11,
);

static INT_INFO: Description = Description::new(
    "sys",
    "int_info",
    "sys.int_info\n\nA named tuple that holds information about Python's\ninternal representation of integers.  The attributes are read only.",
    &[
        ("bits_per_digit", "size of a digit in bits"),
        (
            "sizeof_digit",
            "size in bytes of the C type used to represent a digit",
        ),
        (
            "default_max_str_digits",
            "maximum string conversion digits limitation",
        ),
        (
            "str_digits_check_threshold",
            "minimum positive value for int_max_str_digits",
        ),
    ],
    4,
);

static HASH_INFO: Description = Description::new(
    "sys",
    "hash_info",
    "hash_info\n\nA named tuple providing parameters used for computing hashes. The attributes are read only.",
    &[
        ("width", "width of the type used for hashing, in bits"),
        (
            "modulus",
            "prime number giving the modulus on which the hash function is based",
        ),
        ("inf", "value to be used for hash of a positive infinity"),
        ("nan", "value to be used for hash of a nan"),
        (
            "imag",
            "multiplier used for the imaginary part of a complex number",
        ),
        (
            "algorithm",
            "name of the algorithm for hashing of str, bytes and memoryviews",
        ),
        ("hash_bits", "internal output size of hash algorithm"),
        ("seed_bits", "seed size of hash algorithm"),
        ("cutoff", "small string optimization cutoff"),
    ],
    9,
);

static THREAD_INFO: Description = Description::new(
    "sys",
    "thread_info",
    "sys.thread_info\n\nA named tuple holding information about the thread implementation.",
    &[
        ("name", "name of the thread implementation"),
        ("lock", "name of the lock implementation"),
        ("version", "name and version of the thread library"),
    ],
    3,
);

/// The fields of a struct sequence from Rust values.
macro_rules! fields {
    ($cx:ident; $($value:expr),* $(,)?) => {
        vec![$(IntoValue::into_value($value, $cx)?),*]
    };
}

/// Adds this file's attributes to `sys`.
pub(super) fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    let float_info = fields![cx;
        f64::MAX,
        f64::MAX_EXP,
        f64::MAX_10_EXP,
        f64::MIN_POSITIVE,
        f64::MIN_EXP,
        f64::MIN_10_EXP,
        f64::DIGITS,
        f64::MANTISSA_DIGITS,
        f64::EPSILON,
        f64::RADIX,
        1i64,
    ];
    add(
        cx,
        module,
        "float_info",
        FLOAT_INFO.instance(cx, float_info)?,
    )?;
    // As if digits were kept as CPython keeps them: programs compute with these.
    let int_info = fields![cx; 30i64, 4i64, 4300i64, 640i64];
    add(cx, module, "int_info", INT_INFO.instance(cx, int_info)?)?;
    let hash_info = fields![cx; 64i64, (1i64 << 61) - 1, 314_159i64, 0i64, 1_000_003i64, "siphash13", 64i64, 128i64, 0i64];
    add(cx, module, "hash_info", HASH_INFO.instance(cx, hash_info)?)?;
    let thread_info = fields![cx; "pthread", Value::NONE, Value::NONE];
    add(
        cx,
        module,
        "thread_info",
        THREAD_INFO.instance(cx, thread_info)?,
    )?;
    add(cx, module, "maxsize", isize::MAX)?;
    add(cx, module, "maxunicode", 0x10_FFFFi64)?;
    add(cx, module, "float_repr_style", "short")
}
