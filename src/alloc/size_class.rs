//! Which sizes there are, and the class of a request.
//!
//! ```text
//!   class      0   1   2   3   4   5   6    7 │   8    9 …  15 │  16 …       │ … 79
//!   size      16  32  48  64  80  96 112  128 │ 144  160   256 │ 288   512   │ 65536
//!             steps of 16                     │ eight steps to each doubling
//! ```
//!
//! Invariants: sizes rise with the class; every size is a multiple of 16; every power
//! of two from 16 to 64 KiB is a size; a request wastes less than 16 bytes up to 128
//! and less than an eighth beyond.

/// How many classes there are for blocks that share a page.
pub const CLASSES: usize = 80;
/// Requests up to this many bytes find their page through the heap's direct table.
pub const SMALL_MAX: usize = 1024;
/// Classes up to this size live in pages of one slice.
pub const ONE_SLICE_MAX: usize = 8 * 1024;
/// Classes up to this size live in pages of several slices; larger blocks get a page
/// of their own.
pub const CLASS_MAX: usize = 64 * 1024;
/// The class number of pages with a single block.
pub const SINGLE: usize = CLASSES;

/// The smallest class whose blocks hold `size` bytes; `size` is at most [`CLASS_MAX`].
#[inline]
pub const fn class_of(size: usize) -> usize {
    debug_assert!(size <= CLASS_MAX);
    let last = size.saturating_sub(1);
    if last < 128 {
        last >> 4
    } else {
        let bit = last.ilog2() as usize;
        8 + (bit - 7) * 8 + ((last >> (bit - 3)) & 7)
    }
}

/// The size of the blocks of a class.
#[inline]
pub const fn size_of_class(class: usize) -> usize {
    debug_assert!(class < CLASSES);
    if class < 8 {
        (class + 1) * 16
    } else {
        let bit = 7 + (class - 8) / 8;
        (9 + (class - 8) % 8) << (bit - 3)
    }
}

/// A request whose class has blocks aligned to `alignment` (a power of two up to
/// 64 KiB): pages begin at multiples of 64 KiB, so it is enough that the size is a
/// multiple of the alignment.
pub const fn size_for_alignment(size: usize, alignment: usize) -> usize {
    let size = if size == 0 { 1 } else { size };
    let rounded = size.next_multiple_of(alignment);
    if rounded > CLASS_MAX || size_of_class(class_of(rounded)).is_multiple_of(alignment) {
        rounded
    } else {
        rounded.next_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_gets_the_smallest_class_that_holds_it() {
        for size in 0..=CLASS_MAX {
            let class = class_of(size);
            assert!(size_of_class(class) >= size, "{size}");
            assert!(class == 0 || size_of_class(class - 1) < size, "{size}");
        }
    }

    #[test]
    fn sizes_rise_by_multiples_of_sixteen_and_include_the_powers_of_two() {
        for class in 0..CLASSES {
            assert_eq!(size_of_class(class) % 16, 0);
            assert_eq!(class_of(size_of_class(class)), class);
            assert!(class == 0 || size_of_class(class - 1) < size_of_class(class));
        }
        for power in 4..=16 {
            assert_eq!(size_of_class(class_of(1 << power)), 1 << power);
        }
        assert_eq!(size_of_class(class_of(48)), 48);
        assert_eq!(size_of_class(CLASSES - 1), CLASS_MAX);
    }

    #[test]
    fn aligned_requests_land_in_aligned_classes() {
        for shift in 4..=16 {
            let alignment = 1usize << shift;
            for size in (0..40_000).step_by(7) {
                let request = size_for_alignment(size, alignment);
                assert!(request >= size);
                if request <= CLASS_MAX {
                    assert_eq!(size_of_class(class_of(request)) % alignment, 0);
                }
            }
        }
    }
}
