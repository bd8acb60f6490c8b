//! Making strings.

use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU8};

use super::{Str, Units};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Object, Ref};
use crate::value::Value;

/// One-character strings up to U+00FF, and the empty string at the end: made once, immortal.
static SMALL: OnceLock<Box<[usize]>> = OnceLock::new();

/// Copies `length` bytes. Few are copied too often to call out for it.
///
/// # Safety
/// As [`std::ptr::copy_nonoverlapping`].
#[inline(always)]
unsafe fn copy_bytes(from: *const u8, to: *mut u8, length: usize) {
    /// The first and the last `N` bytes, which overlap if there are less than two times `N`.
    #[inline(always)]
    unsafe fn both_ends<const N: usize>(from: *const u8, to: *mut u8, length: usize) {
        // SAFETY: there are at least `N` bytes.
        unsafe {
            let first = from.cast::<[u8; N]>().read();
            let last = from.add(length - N).cast::<[u8; N]>().read();
            to.cast::<[u8; N]>().write(first);
            to.add(length - N).cast::<[u8; N]>().write(last);
        }
    }
    // SAFETY: by the caller's promise.
    unsafe {
        match length {
            0 => {}
            1 => to.write(from.read()),
            2..4 => both_ends::<2>(from, to, length),
            4..8 => both_ends::<4>(from, to, length),
            8..16 => both_ends::<8>(from, to, length),
            16..=32 => both_ends::<16>(from, to, length),
            _ => std::ptr::copy_nonoverlapping(from, to, length),
        }
    }
}

impl Str {
    /// Makes a string of `length` units of `width` bytes, which `fill` writes. Width and `ascii` are
    /// what the largest code point asks for.
    fn with_units(
        cx: &Context,
        length: usize,
        width: u8,
        ascii: bool,
        fill: impl FnOnce(*mut u8),
    ) -> PyResult<Ref<Str>> {
        let Ok(short) = u32::try_from(length) else {
            return Err(cx.no_memory());
        };
        let payload = || Str {
            hash: AtomicI64::new(0),
            length: short,
            width,
            ascii,
            interned: AtomicU8::new(0),
        };
        // SAFETY: `variable_size` is length × width, and `fill` writes that many bytes.
        unsafe { object::new_plain(cx, payload, length * width as usize, fill) }
    }

    /// The string with these units, which are known to need their width.
    fn copy_units<U: Copy>(cx: &Context, units: &[U], ascii: bool) -> PyResult<Ref<Str>> {
        Str::with_units(cx, units.len(), size_of::<U>() as u8, ascii, |memory| {
            // SAFETY: the memory has room for all units.
            unsafe { copy_bytes(units.as_ptr().cast(), memory, size_of_val(units)) }
        })
    }

    /// A copy of `text`.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::should_implement_trait)]
    pub fn from_str(cx: &Context, text: &str) -> PyResult<Ref<Str>> {
        if text.is_ascii() {
            return Str::from_ascii(cx, text.as_bytes());
        }
        // The first bytes of the UTF-8 sequences tell how many there are, and how wide units have to be.
        let mut largest = 0;
        let mut length = 0;
        for &byte in text.as_bytes() {
            largest = largest.max(byte);
            length += usize::from(byte & 0xc0 != 0x80);
        }
        let points = || text.chars().map(u32::from);
        match largest {
            0..=0xc3 if length == 1 => Str::from_code_point(cx, points().next().unwrap_or(0)),
            0..=0xc3 => Str::of_units(cx, length, false, points().map(|point| point as u8)),
            0xc4..=0xef => Str::of_units(cx, length, false, points().map(|point| point as u16)),
            _ => Str::of_units(cx, length, false, points()),
        }
    }

    /// The string of these `length` units, which are known to need their width.
    pub(super) fn of_units<U: Copy>(
        cx: &Context,
        length: usize,
        ascii: bool,
        units: impl Iterator<Item = U>,
    ) -> PyResult<Ref<Str>> {
        Str::with_units(cx, length, size_of::<U>() as u8, ascii, |memory| {
            let memory = memory.cast::<U>();
            let mut written = 0;
            units.take(length).for_each(|unit| {
                // SAFETY: the memory is aligned and has room for `length` units.
                unsafe { memory.add(written).write(unit) };
                written += 1;
            });
            assert_eq!(written, length, "invariant: as many units as were said");
        })
    }

    /// ASCII text with each byte mapped to another one.
    pub(super) fn map_ascii(
        cx: &Context,
        text: &str,
        mut map: impl FnMut(u8) -> u8,
    ) -> PyResult<Ref<Str>> {
        match text.as_bytes() {
            [] => Ok(Str::empty()),
            [one] => Ok(Str::latin1_char(map(*one))),
            bytes => Str::of_units(cx, bytes.len(), true, bytes.iter().map(|&byte| map(byte))),
        }
    }

    /// A copy of ASCII `bytes`.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn from_ascii(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Str>> {
        debug_assert!(bytes.is_ascii());
        match bytes {
            [] => Ok(Str::empty()),
            [one] => Ok(Str::latin1_char(*one)),
            _ => Str::copy_units(cx, bytes, true),
        }
    }

    /// The string of code points below U+0100, one a byte.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_latin1(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Str>> {
        match bytes {
            [] => Ok(Str::empty()),
            [one] => Ok(Str::latin1_char(*one)),
            _ => Str::copy_units(cx, bytes, bytes.is_ascii()),
        }
    }

    /// The string of 16-bit code points (no pairs of surrogates are joined).
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_ucs2(cx: &Context, units: &[u16]) -> PyResult<Ref<Str>> {
        let mixed = units.iter().fold(0, |mixed, unit| mixed | unit);
        match units {
            [] => Ok(Str::empty()),
            [one] if mixed < 0x100 => Ok(Str::latin1_char(*one as u8)),
            _ if mixed < 0x100 => {
                let narrow = units.iter().map(|&unit| unit as u8);
                Str::of_units(cx, units.len(), mixed < 0x80, narrow)
            }
            _ => Str::copy_units(cx, units, false),
        }
    }

    /// The string of these code points, surrogates allowed, none above U+10FFFF.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_code_points(cx: &Context, points: &[u32]) -> PyResult<Ref<Str>> {
        debug_assert!(points.iter().all(|&point| point < 0x11_0000));
        let mixed = points.iter().fold(0, |mixed, point| mixed | point);
        if mixed < 0x100 {
            match points {
                [] => Ok(Str::empty()),
                [one] => Ok(Str::latin1_char(*one as u8)),
                _ => {
                    let narrow = points.iter().map(|&point| point as u8);
                    Str::of_units(cx, points.len(), mixed < 0x80, narrow)
                }
            }
        } else if mixed < 0x1_0000 {
            let narrow = points.iter().map(|&point| point as u16);
            Str::of_units(cx, points.len(), false, narrow)
        } else {
            Str::copy_units(cx, points, false)
        }
    }

    /// The string of one code point.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn from_code_point(cx: &Context, point: u32) -> PyResult<Ref<Str>> {
        match u8::try_from(point) {
            Ok(unit) => Ok(Str::latin1_char(unit)),
            Err(_) => Str::from_code_points(cx, &[point]),
        }
    }

    /// The empty string.
    #[inline]
    pub fn empty() -> Ref<Str> {
        Str::small(256)
    }

    /// The string of one code point below U+0100: always the same object.
    #[inline]
    pub fn latin1_char(unit: u8) -> Ref<Str> {
        Str::small(unit as usize)
    }

    #[inline]
    fn small(index: usize) -> Ref<Str> {
        let table = SMALL.get().expect("invariant: made at start-up");
        // SAFETY: the table holds addresses of immortal strings.
        unsafe { Ref::from_raw(NonNull::new_unchecked(table[index] as *mut Object<Str>)) }
    }

    /// Makes the one-character strings, once `str` has a shape.
    pub(crate) fn make_small(cx: &Context) -> PyResult<()> {
        let mut table = Vec::with_capacity(257);
        for index in 0..=256u32 {
            let units = [index as u8];
            let units = if index == 256 {
                &units[..0]
            } else {
                &units[..]
            };
            let string = Str::copy_units(cx, units, index < 128 || index == 256)?;
            string.header().set_immortal();
            table.push(string.into_raw().as_ptr() as usize);
        }
        SMALL.get_or_init(|| table.into());
        Ok(())
    }

    /// `self[start..end]`, in code points, in range.
    ///
    /// # Errors
    /// MemoryError.
    pub fn substring(&self, cx: &Context, start: usize, end: usize) -> PyResult<Ref<Str>> {
        match self.units() {
            Units::One(units) if self.is_ascii() => Str::from_ascii(cx, &units[start..end]),
            Units::One(units) => Str::from_latin1(cx, &units[start..end]),
            Units::Two(units) => Str::from_ucs2(cx, &units[start..end]),
            Units::Four(units) => Str::from_code_points(cx, &units[start..end]),
        }
    }

    /// `self + other`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn concat(&self, cx: &Context, other: &Str) -> PyResult<Ref<Str>> {
        let width = self.width.max(other.width);
        let length = self.len() + other.len();
        Str::with_units(cx, length, width, self.ascii && other.ascii, |memory| {
            // SAFETY: the memory has room for the units of both at the wider width.
            unsafe {
                self.write_units(memory, width);
                other.write_units(memory.add(self.len() * width as usize), width);
            }
        })
    }

    /// `times` times `self`; both are more than none.
    pub(super) fn of_repeated_units(cx: &Context, this: &Str, times: usize) -> PyResult<Ref<Str>> {
        if times == 1 && this.len() == 1 && this.width == 1 {
            return Ok(Str::latin1_char(this.bytes()[0]));
        }
        let length = this
            .len()
            .checked_mul(times)
            .ok_or_else(|| cx.no_memory())?;
        Str::with_units(cx, length, this.width, this.ascii, |memory| {
            let (unit, size) = (this.bytes(), length * this.width());
            // SAFETY: the memory has room for all units. What is written already is copied behind
            // itself, twice as much each time.
            unsafe {
                if let [byte] = unit {
                    memory.write_bytes(*byte, size);
                    return;
                }
                std::ptr::copy_nonoverlapping(unit.as_ptr(), memory, unit.len());
                let mut done = unit.len();
                while done < size {
                    let more = done.min(size - done);
                    std::ptr::copy_nonoverlapping(memory, memory.add(done), more);
                    done += more;
                }
            }
        })
    }

    /// Writes the units at `memory`, widened to `width`.
    ///
    /// # Safety
    /// `memory` is aligned and has room; `width` is not less than the string's own.
    unsafe fn write_units(&self, memory: *mut u8, width: u8) {
        if width == self.width {
            // SAFETY: by the caller's promise.
            unsafe { copy_bytes(self.bytes().as_ptr(), memory, self.byte_len()) };
            return;
        }
        for (index, point) in self.code_points().enumerate() {
            // SAFETY: by the caller's promise; wider units are 2 or 4 bytes.
            unsafe {
                if width == 2 {
                    memory.cast::<u16>().add(index).write(point as u16);
                } else {
                    memory.cast::<u32>().add(index).write(point);
                }
            }
        }
    }

    /// All `parts` one after the other, with `separator` between them.
    ///
    /// # Errors
    /// MemoryError.
    pub fn join(cx: &Context, separator: Option<&Str>, parts: &[Ref<Str>]) -> PyResult<Ref<Str>> {
        match parts {
            [] => return Ok(Str::empty()),
            [only] => return Ok(only.clone()),
            _ => {}
        }
        let mut length = 0usize;
        let mut width = 1;
        let mut ascii = true;
        for part in parts.iter().map(|part| &**part).chain(separator) {
            width = width.max(part.width);
            ascii &= part.ascii;
        }
        for part in parts {
            length += part.len();
        }
        length += separator.map_or(0, |separator| separator.len() * (parts.len() - 1));
        Str::with_units(cx, length, width, ascii, |mut memory| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0
                    && let Some(separator) = separator
                {
                    // SAFETY: the length counts every separator and part.
                    unsafe {
                        separator.write_units(memory, width);
                        memory = memory.add(separator.len() * width as usize);
                    }
                }
                // SAFETY: as above.
                unsafe {
                    part.write_units(memory, width);
                    memory = memory.add(part.len() * width as usize);
                }
            }
        })
    }
}

/// A string under construction.
#[derive(Default, Debug)]
pub struct StrBuilder {
    ascii: Vec<u8>,
    /// In use from the first code point that is not ASCII.
    wide: Vec<u32>,
}

impl StrBuilder {
    /// An empty string.
    pub fn new() -> StrBuilder {
        StrBuilder::default()
    }

    /// Appends a code point, surrogates allowed.
    #[inline]
    pub fn push(&mut self, point: u32) {
        if self.wide.is_empty() && point < 0x80 {
            self.ascii.push(point as u8);
        } else {
            self.widen();
            self.wide.push(point);
        }
    }

    fn widen(&mut self) {
        if self.wide.is_empty() {
            self.wide.extend(self.ascii.drain(..).map(u32::from));
        }
    }

    /// Appends text.
    pub fn push_text(&mut self, text: &str) {
        if self.wide.is_empty() && text.is_ascii() {
            self.ascii.extend_from_slice(text.as_bytes());
        } else {
            self.widen();
            self.wide.extend(text.chars().map(u32::from));
        }
    }

    /// Appends a string.
    pub fn push_str(&mut self, string: &Str) {
        match string.as_ascii() {
            Some(text) => self.push_text(text),
            None => {
                self.widen();
                self.wide.extend(string.code_points());
            }
        }
    }

    /// Appends the code points `start..end` of a string, in range.
    pub fn push_part(&mut self, string: &Str, start: usize, end: usize) {
        match string.units() {
            Units::One(units) => {
                let part = &units[start..end];
                if self.wide.is_empty() && (string.is_ascii() || part.is_ascii()) {
                    self.ascii.extend_from_slice(part);
                } else {
                    self.widen();
                    self.wide.extend(part.iter().map(|&unit| u32::from(unit)));
                }
            }
            Units::Two(units) => units[start..end]
                .iter()
                .for_each(|&unit| self.push(unit.into())),
            Units::Four(units) => units[start..end].iter().for_each(|&unit| self.push(unit)),
        }
    }

    /// Length in code points.
    pub fn len(&self) -> usize {
        self.ascii.len() + self.wide.len()
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The string.
    ///
    /// # Errors
    /// MemoryError.
    pub fn finish(self, cx: &Context) -> PyResult<Ref<Str>> {
        if self.wide.is_empty() {
            Str::from_ascii(cx, &self.ascii)
        } else {
            Str::from_code_points(cx, &self.wide)
        }
    }

    /// [`StrBuilder::finish`] as a value.
    ///
    /// # Errors
    /// MemoryError.
    pub fn finish_value(self, cx: &Context) -> PyResult<Value> {
        self.finish(cx).map(Ref::into_value)
    }
}
