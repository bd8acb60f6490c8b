//! The C library's locale: what it is set to, and what it says about text and numbers.
//!
//! There is one for the process. What the C library tells of it lies in memory that the next call may
//! overwrite, so each of these calls is made behind `LOCALE`, and copies what it got.

use std::ffi::{CStr, CString, c_char, c_int};

use parking_lot::Mutex;

static LOCALE: Mutex<()> = Mutex::new(());

unsafe extern "C" {
    fn wcscoll(left: *const libc::wchar_t, right: *const libc::wchar_t) -> c_int;
    fn wcsxfrm(to: *mut libc::wchar_t, from: *const libc::wchar_t, room: usize) -> usize;
    fn dcgettext(domain: *const c_char, message: *const c_char, category: c_int) -> *const c_char;
    fn textdomain(domain: *const c_char) -> *const c_char;
    fn bindtextdomain(domain: *const c_char, folder: *const c_char) -> *const c_char;
    fn bind_textdomain_codeset(domain: *const c_char, codeset: *const c_char) -> *const c_char;
}

fn pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// # Safety
/// Null, or a string that nobody changes during the call.
unsafe fn copied(text: *const c_char) -> Option<CString> {
    // SAFETY: by the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned())
}

/// Sets a category, or asks for it; what it is now.
pub fn set(category: c_int, locale: Option<&CStr>) -> Option<CString> {
    let _one = LOCALE.lock();
    // SAFETY: null or a string; the result is copied before anyone sets another.
    unsafe { copied(libc::setlocale(category, pointer(locale))) }
}

/// What the locale says of an item of `langinfo.h`.
pub fn information(item: libc::nl_item) -> Option<CString> {
    let _one = LOCALE.lock();
    // SAFETY: the result is a string of the locale, copied before anyone sets another.
    unsafe { copied(libc::nl_langinfo(item)) }
}

/// How the locale writes numbers and money, by the names of `struct lconv`.
pub struct Conventions {
    pub texts: [(&'static str, CString); 8],
    pub groupings: [(&'static str, CString); 2],
    pub numbers: [(&'static str, c_char); 8],
}

/// See [`Conventions`].
pub fn conventions() -> Conventions {
    let _one = LOCALE.lock();
    // SAFETY: the structure and its strings stay until the locale is set, or this is called again.
    unsafe {
        let told = &*libc::localeconv();
        let text = |text: *const c_char| copied(text).unwrap_or_default();
        Conventions {
            texts: [
                ("decimal_point", text(told.decimal_point)),
                ("thousands_sep", text(told.thousands_sep)),
                ("int_curr_symbol", text(told.int_curr_symbol)),
                ("currency_symbol", text(told.currency_symbol)),
                ("mon_decimal_point", text(told.mon_decimal_point)),
                ("mon_thousands_sep", text(told.mon_thousands_sep)),
                ("positive_sign", text(told.positive_sign)),
                ("negative_sign", text(told.negative_sign)),
            ],
            groupings: [
                ("grouping", text(told.grouping)),
                ("mon_grouping", text(told.mon_grouping)),
            ],
            numbers: [
                ("int_frac_digits", told.int_frac_digits),
                ("frac_digits", told.frac_digits),
                ("p_cs_precedes", told.p_cs_precedes),
                ("p_sep_by_space", told.p_sep_by_space),
                ("n_cs_precedes", told.n_cs_precedes),
                ("n_sep_by_space", told.n_sep_by_space),
                ("p_sign_posn", told.p_sign_posn),
                ("n_sign_posn", told.n_sign_posn),
            ],
        }
    }
}

/// A text for the functions of wide characters.
fn wide(points: &[u32]) -> Vec<libc::wchar_t> {
    let units = points.iter().map(|point| *point as libc::wchar_t);
    units.chain([0]).collect()
}

/// How two texts without null characters are ordered.
pub fn compare(left: &[u32], right: &[u32]) -> c_int {
    let (left, right) = (wide(left), wide(right));
    // SAFETY: both end with a null.
    unsafe { wcscoll(left.as_ptr(), right.as_ptr()) }
}

/// A text that compares by its characters as `text` does by the locale. Without null characters.
pub fn key(text: &[u32]) -> Vec<u32> {
    let text = wide(text);
    let mut made: Vec<libc::wchar_t> = vec![0; text.len()];
    loop {
        // SAFETY: the text ends with a null; there is room for as many characters as is said.
        let needed = unsafe { wcsxfrm(made.as_mut_ptr(), text.as_ptr(), made.len()) };
        if needed < made.len() {
            made.truncate(needed);
            return made.into_iter().map(|unit| unit as u32).collect();
        }
        made.resize(needed + 1, 0);
    }
}

/// The translation of a message; itself when there is none.
pub fn translation(domain: Option<&CStr>, message: &CStr, category: c_int) -> CString {
    let _one = LOCALE.lock();
    // SAFETY: strings or null; the result is the message or lies in a catalogue, and is copied.
    unsafe { copied(dcgettext(pointer(domain), message.as_ptr(), category)) }.unwrap_or_default()
}

/// Sets the domain that messages are looked for in, or asks for it.
pub fn set_domain(domain: Option<&CStr>) -> Option<CString> {
    let _one = LOCALE.lock();
    // SAFETY: a string or null; the result is copied.
    unsafe { copied(textdomain(pointer(domain))) }
}

/// Sets the folder of a domain's catalogues, or asks for it.
pub fn set_folder(domain: &CStr, folder: Option<&CStr>) -> Option<CString> {
    let _one = LOCALE.lock();
    // SAFETY: strings or null; the result is copied.
    unsafe { copied(bindtextdomain(domain.as_ptr(), pointer(folder))) }
}

/// Sets the encoding of what a domain's messages are translated to, or asks for it.
pub fn set_codeset(domain: &CStr, codeset: Option<&CStr>) -> Option<CString> {
    let _one = LOCALE.lock();
    // SAFETY: strings or null; the result is copied.
    unsafe { copied(bind_textdomain_codeset(domain.as_ptr(), pointer(codeset))) }
}

/// The items of `langinfo.h` that may be asked for.
pub const ITEMS: &[(&str, libc::nl_item)] = &[
    ("DAY_1", libc::DAY_1),
    ("DAY_2", libc::DAY_2),
    ("DAY_3", libc::DAY_3),
    ("DAY_4", libc::DAY_4),
    ("DAY_5", libc::DAY_5),
    ("DAY_6", libc::DAY_6),
    ("DAY_7", libc::DAY_7),
    ("ABDAY_1", libc::ABDAY_1),
    ("ABDAY_2", libc::ABDAY_2),
    ("ABDAY_3", libc::ABDAY_3),
    ("ABDAY_4", libc::ABDAY_4),
    ("ABDAY_5", libc::ABDAY_5),
    ("ABDAY_6", libc::ABDAY_6),
    ("ABDAY_7", libc::ABDAY_7),
    ("MON_1", libc::MON_1),
    ("MON_2", libc::MON_2),
    ("MON_3", libc::MON_3),
    ("MON_4", libc::MON_4),
    ("MON_5", libc::MON_5),
    ("MON_6", libc::MON_6),
    ("MON_7", libc::MON_7),
    ("MON_8", libc::MON_8),
    ("MON_9", libc::MON_9),
    ("MON_10", libc::MON_10),
    ("MON_11", libc::MON_11),
    ("MON_12", libc::MON_12),
    ("ABMON_1", libc::ABMON_1),
    ("ABMON_2", libc::ABMON_2),
    ("ABMON_3", libc::ABMON_3),
    ("ABMON_4", libc::ABMON_4),
    ("ABMON_5", libc::ABMON_5),
    ("ABMON_6", libc::ABMON_6),
    ("ABMON_7", libc::ABMON_7),
    ("ABMON_8", libc::ABMON_8),
    ("ABMON_9", libc::ABMON_9),
    ("ABMON_10", libc::ABMON_10),
    ("ABMON_11", libc::ABMON_11),
    ("ABMON_12", libc::ABMON_12),
    ("RADIXCHAR", libc::RADIXCHAR),
    ("THOUSEP", libc::THOUSEP),
    ("CRNCYSTR", libc::CRNCYSTR),
    ("D_FMT", libc::D_FMT),
    ("D_T_FMT", libc::D_T_FMT),
    ("T_FMT", libc::T_FMT),
    ("AM_STR", libc::AM_STR),
    ("PM_STR", libc::PM_STR),
    ("CODESET", libc::CODESET),
    ("T_FMT_AMPM", libc::T_FMT_AMPM),
    ("ERA", libc::ERA),
    ("ERA_D_FMT", libc::ERA_D_FMT),
    ("ERA_D_T_FMT", libc::ERA_D_T_FMT),
    ("ERA_T_FMT", libc::ERA_T_FMT),
    ("ALT_DIGITS", libc::ALT_DIGITS),
    ("YESEXPR", libc::YESEXPR),
    ("NOEXPR", libc::NOEXPR),
];
