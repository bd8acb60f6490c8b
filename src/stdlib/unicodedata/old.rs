//! The class of `unicodedata.ucd_3_2_0`: the functions of the module, for Unicode 3.2.0.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::database::Version;
use super::{
    Character, character_named, decimal_of, digit_of, is_normal, name_of, normal_form, numeric_of,
};

/// The payload of the only instance.
#[pyclass(
    name = "UCD",
    module = "unicodedata",
    plain,
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct OldDatabase;

#[pymethods]
impl OldDatabase {
    #[getter]
    fn unidata_version(_cx: &Context, _this: &Value) -> PyResult<&'static str> {
        Ok(Version::Old.text())
    }

    /// Returns the bidirectional class assigned to the character chr as string.
    ///
    /// If no such value is defined, an empty string is returned.
    #[method("bidirectional(self, chr, /)")]
    fn bidirectional(_cx: &Context, _this: &Value, chr: Character) -> PyResult<&'static str> {
        Ok(Version::Old.direction(chr.0))
    }

    /// Returns the general category assigned to the character chr as string.
    #[method("category(self, chr, /)")]
    fn category(_cx: &Context, _this: &Value, chr: Character) -> PyResult<&'static str> {
        Ok(Version::Old.category(chr.0))
    }

    /// Returns the canonical combining class assigned to the character chr as integer.
    ///
    /// Returns 0 if no combining class is defined.
    #[method("combining(self, chr, /)")]
    fn combining(_cx: &Context, _this: &Value, chr: Character) -> PyResult<u8> {
        Ok(Version::Old.combining_class(chr.0))
    }

    /// Returns the character decomposition mapping assigned to the character chr as string.
    ///
    /// An empty string is returned in case no such mapping is defined.
    #[method("decomposition(self, chr, /)")]
    fn decomposition(_cx: &Context, _this: &Value, chr: Character) -> PyResult<String> {
        Ok(Version::Old.decomposition(chr.0))
    }

    /// Returns the east asian width assigned to the character chr as string.
    #[method("east_asian_width(self, chr, /)")]
    fn east_asian_width(_cx: &Context, _this: &Value, chr: Character) -> PyResult<&'static str> {
        Ok(Version::Old.width(chr.0))
    }

    /// Returns the mirrored property assigned to the character chr as integer.
    ///
    /// Returns 1 if the character has been identified as a "mirrored"
    /// character in bidirectional text, 0 otherwise.
    #[method("mirrored(self, chr, /)")]
    fn mirrored(_cx: &Context, _this: &Value, chr: Character) -> PyResult<u8> {
        Ok(Version::Old.is_mirrored(chr.0).into())
    }

    /// Converts a Unicode character into its equivalent decimal value.
    ///
    /// Returns the decimal value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[method("decimal(self, chr, default=<unrepresentable>, /)")]
    fn decimal(
        cx: &Context,
        _this: &Value,
        chr: Character,
        default: Maybe<&Value>,
    ) -> PyResult<Value> {
        decimal_of(cx, Version::Old, chr, default)
    }

    /// Converts a Unicode character into its equivalent digit value.
    ///
    /// Returns the digit value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[method("digit(self, chr, default=<unrepresentable>, /)")]
    fn digit(
        cx: &Context,
        _this: &Value,
        chr: Character,
        default: Maybe<&Value>,
    ) -> PyResult<Value> {
        digit_of(cx, Version::Old, chr, default)
    }

    /// Returns the name assigned to the character chr as a string.
    ///
    /// If no name is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[method("name(self, chr, default=<unrepresentable>, /)")]
    fn name(
        cx: &Context,
        _this: &Value,
        chr: Character,
        default: Maybe<&Value>,
    ) -> PyResult<Value> {
        name_of(cx, Version::Old, chr, default)
    }

    /// Converts a Unicode character into its equivalent numeric value.
    ///
    /// Returns the numeric value assigned to the character chr as float.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[method("numeric(self, chr, default=<unrepresentable>, /)")]
    fn numeric(
        cx: &Context,
        _this: &Value,
        chr: Character,
        default: Maybe<&Value>,
    ) -> PyResult<Value> {
        numeric_of(cx, Version::Old, chr, default)
    }

    /// Return whether the Unicode string unistr is in the normal form 'form'.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[method("is_normalized(self, form, unistr, /)")]
    fn is_normalized(
        cx: &Context,
        _this: &Value,
        form: &Ref<Str>,
        unistr: &Ref<Str>,
    ) -> PyResult<bool> {
        is_normal(cx, Version::Old, form, unistr)
    }

    /// Look up character by name.
    ///
    /// If a character with the given name is found, return the
    /// corresponding character.  If not found, KeyError is raised.
    #[method("lookup(self, name, /)")]
    fn lookup(cx: &Context, _this: &Value, name: &Value) -> PyResult<Ref<Str>> {
        character_named(cx, Version::Old, name)
    }

    /// Return the normal form 'form' for the Unicode string unistr.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[method("normalize(self, form, unistr, /)")]
    fn normalize(
        cx: &Context,
        _this: &Value,
        form: &Ref<Str>,
        unistr: &Ref<Str>,
    ) -> PyResult<Ref<Str>> {
        normal_form(cx, Version::Old, form, unistr)
    }
}
