//! `list.sort`: a stable merge sort that uses the order that is there already (Peters' timsort, with
//! Munro and Wild's powersort rule for choosing which runs to merge).
//!
//! Comparing runs Python code, which may raise, may answer without any consistency, and may look at
//! the list. So the items are taken out of the list first (it is empty meanwhile, and an item found in
//! it afterwards is an error), they are sorted as plain words that can be copied, and whatever
//! happens the words remain a permutation: a merge that is interrupted puts back what it has aside.
//! Where threads run side by side they are not taken out, but copied: see `sort_shared`.
//!
//! Keys that are all tagged ints, all inline floats or all exact strings have a total order and run
//! no Python code; those go through the standard library's stable sort.

use std::cmp::Ordering;
use std::mem::ManuallyDrop;
use std::sync::atomic::Ordering as Memory;

use super::{List, no_buffer, sorting_buffer};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::str_::Str;
use crate::protocols::{call, compare};
use crate::value::Value;

impl Ref<List> {
    /// `list.sort(key=key, reverse=reverse)`.
    ///
    /// # Errors
    /// What the key function and the comparisons raise; ValueError when they change the list.
    pub fn sort(&self, cx: &Context, key: Option<&Value>, reverse: bool) -> PyResult<()> {
        // The items while they are out, what merging needs, keys; and a buffer to put the items back into.
        let words = if key.is_some() { 7 } else { 3 };
        cx.room_for(self.len() * words * size_of::<u64>())?;
        if typhon_sync::multithreaded() {
            return self.sort_shared(cx, key, reverse);
        }
        if self.is_being_sorted() {
            // By another thread, which waits for the GIL, or further up on the stack. The list looks empty,
            // and that is no change.
            return Ok(());
        }
        let mut items = self.take_to_sort();
        let result = match key {
            None => sort_by_themselves(cx, &mut items, reverse),
            Some(key) => sort_by_keys(cx, key, &mut items, reverse),
        };
        match self.put_sorted(items) {
            Ok((intruders, was_modified)) => {
                drop(intruders);
                result?;
                if was_modified {
                    Err(cx.value_error("list modified during sort"))
                } else {
                    Ok(())
                }
            }
            Err(items) => {
                drop(items);
                Err(cx.no_memory())
            }
        }
    }

    /// Are the items out to be sorted, and has nobody touched the list since?
    fn is_being_sorted(&self) -> bool {
        self.buffer.load(Memory::Relaxed) == sorting_buffer()
    }

    /// Takes all items out to sort them.
    fn take_to_sort(&self) -> Vec<Value> {
        self.write(|mut writer| {
            let items = writer.take_all();
            writer.list.buffer.store(sorting_buffer(), Memory::Release);
            items
        })
    }

    /// Puts sorted items back. Returns those that are there meanwhile, and whether anything was done to
    /// the list; gives the values back when there is no memory.
    fn put_sorted(&self, values: Vec<Value>) -> Result<(Vec<Value>, bool), Vec<Value>> {
        self.write(|mut writer| {
            let was_modified = !self.is_being_sorted();
            let old = writer.take_all();
            writer.list.buffer.store(no_buffer(), Memory::Release);
            writer.splice(0, 0, values).map(|_| (old, was_modified))
        })
    }
}

fn into_words(values: Vec<Value>) -> Vec<u64> {
    values.into_iter().map(Value::into_bits).collect()
}

/// # Safety
/// The words are those of values whose counts are the caller's to give away.
unsafe fn from_words(words: impl IntoIterator<Item = u64>) -> Vec<Value> {
    // SAFETY: by the caller's promise.
    words
        .into_iter()
        .map(|word| unsafe { Value::from_bits(word) })
        .collect()
}

/// Runs `look` on the values behind two words, which stay counted by whoever counts them.
fn with_values<R>(left: u64, right: u64, look: impl FnOnce(&Value, &Value) -> R) -> R {
    // SAFETY: the sort's words are values that it owns; `ManuallyDrop` leaves their counts alone.
    let (left, right) = unsafe {
        (
            ManuallyDrop::new(Value::from_bits(left)),
            ManuallyDrop::new(Value::from_bits(right)),
        )
    };
    look(&left, &right)
}

fn sort_by_themselves(cx: &Context, items: &mut Vec<Value>, reverse: bool) -> PyResult<()> {
    let kind = plain_kind(items);
    let mut words = into_words(std::mem::take(items));
    let result = sort_words(cx, kind, &mut words, reverse, |&word| word);
    // SAFETY: the words are a permutation of the items.
    *items = unsafe { from_words(words) };
    result
}

fn sort_by_keys(cx: &Context, key: &Value, items: &mut Vec<Value>, reverse: bool) -> PyResult<()> {
    let mut keys = Vec::with_capacity(items.len());
    for item in items.iter() {
        keys.push(call::call(cx, key, std::slice::from_ref(item))?);
    }
    let kind = plain_kind(&keys);
    let mut pairs: Vec<(u64, u64)> = keys
        .iter()
        .map(Value::bits)
        .zip(into_words(std::mem::take(items)))
        .collect();
    let result = sort_words(cx, kind, &mut pairs, reverse, |pair| pair.0);
    // SAFETY: the second words are a permutation of the items.
    *items = unsafe { from_words(pairs.iter().map(|pair| pair.1)) };
    drop(keys);
    result
}

pub(super) fn sort_words<T: Copy>(
    cx: &Context,
    kind: Option<Plain>,
    words: &mut [T],
    reverse: bool,
    key: impl Fn(&T) -> u64,
) -> PyResult<()> {
    if let Some(kind) = kind {
        kind.sort(words, reverse, key);
        return Ok(());
    }
    // Reversed twice: equal items keep their order.
    if reverse {
        words.reverse();
    }
    let result = merge_sort(words, &mut |left: T, right: T| -> Result<bool, Raised> {
        with_values(key(&left), key(&right), |left, right| {
            compare::less_than(cx, left, right)
        })
    });
    if reverse {
        words.reverse();
    }
    result
}

/// Keys of one kind that have a total order.
#[derive(Clone, Copy)]
pub(super) enum Plain {
    SmallInt,
    Float,
    Text,
}

/// The kind of all keys, if it is the same plain one.
pub(super) fn plain_kind(keys: &[Value]) -> Option<Plain> {
    let first = keys.first()?;
    if first.is_small_int() {
        keys.iter()
            .all(Value::is_small_int)
            .then_some(Plain::SmallInt)
    } else if first.is_inline_float() {
        keys.iter()
            .all(Value::is_inline_float)
            .then_some(Plain::Float)
    } else if first.is_exact::<Str>() {
        keys.iter()
            .all(Value::is_exact::<Str>)
            .then_some(Plain::Text)
    } else {
        None
    }
}

impl Plain {
    pub(super) fn sort<T: Copy>(self, words: &mut [T], reverse: bool, key: impl Fn(&T) -> u64) {
        let directed = |ordering: Ordering| {
            if reverse {
                ordering.reverse()
            } else {
                ordering
            }
        };
        match self {
            // The tag is the same in all words and below the number.
            Plain::SmallInt => {
                words.sort_by(|left, right| directed((key(left) as i64).cmp(&(key(right) as i64))))
            }
            // Inline floats are never NaN, nor the negative zero.
            Plain::Float => words.sort_by(|left, right| {
                directed(with_values(key(left), key(right), |left, right| {
                    let (left, right) = (left.as_inline_float(), right.as_inline_float());
                    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
                }))
            }),
            Plain::Text => words.sort_by(|left, right| {
                directed(with_values(key(left), key(right), |left, right| {
                    let texts = left
                        .downcast_exact::<Str>()
                        .zip(right.downcast_exact::<Str>());
                    texts.map_or(Ordering::Equal, |(left, right)| left.order(right))
                }))
            }),
        }
    }
}

/// So many wins in a row make a merge gallop.
const MIN_GALLOP: usize = 7;

/// Items `start..start + length` are in order.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    length: usize,
    /// Depth of the boundary to the next run in the ideal merge tree.
    power: u32,
}

/// Sorts `items` by `less`, whatever it answers. On an error they are a permutation of what they were.
fn merge_sort<T: Copy, E>(
    items: &mut [T],
    less: &mut impl FnMut(T, T) -> Result<bool, E>,
) -> Result<(), E> {
    let total = items.len();
    if total < 2 {
        return Ok(());
    }
    let shortest = shortest_run(total);
    let mut merger = Merger {
        items,
        aside: Vec::new(),
        min_gallop: MIN_GALLOP,
        less,
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut start = 0;
    while start < total {
        let mut length = merger.natural_run(start)?;
        if length < shortest {
            let forced = shortest.min(total - start);
            merger.insert_binary(start, length, forced)?;
            length = forced;
        }
        if let Some(&top) = runs.last() {
            let power = power_of_boundary(top.start, top.length, length, total);
            while runs.len() > 1 && runs[runs.len() - 2].power > power {
                merger.merge_at(&mut runs, |count| count - 2)?;
            }
            runs.last_mut()
                .expect("invariant: merging leaves a run")
                .power = power;
        }
        runs.push(Run {
            start,
            length,
            power: 0,
        });
        start += length;
    }
    while runs.len() > 1 {
        let count = runs.len();
        let outer = count > 2 && runs[count - 3].length < runs[count - 1].length;
        merger.merge_at(&mut runs, |count| if outer { count - 3 } else { count - 2 })?;
    }
    Ok(())
}

/// Between 32 and 64, so that the number of runs is a power of two or a little less.
fn shortest_run(mut total: usize) -> usize {
    let mut any_bit = 0;
    while total >= 64 {
        any_bit |= total & 1;
        total >>= 1;
    }
    total + any_bit
}

/// How many bits of the two runs' middles, as fractions of the whole, agree; plus one.
fn power_of_boundary(start: usize, first: usize, second: usize, total: usize) -> u32 {
    let total = total as u128;
    let mut left = 2 * start as u128 + first as u128;
    let mut right = left + first as u128 + second as u128;
    let mut power = 0;
    loop {
        power += 1;
        if left >= total {
            left -= total;
            right -= total;
        } else if right >= total {
            return power;
        }
        left <<= 1;
        right <<= 1;
    }
}

/// First place in sorted `items` where `key` can be inserted, in front of equal ones when `leftmost`,
/// else behind them. The search begins at `hint` and widens exponentially.
fn gallop<T: Copy, E>(
    key: T,
    items: &[T],
    hint: usize,
    leftmost: bool,
    less: &mut impl FnMut(T, T) -> Result<bool, E>,
) -> Result<usize, E> {
    // Whether the place is behind `item`.
    let mut behind = |item: T| {
        if leftmost {
            less(item, key)
        } else {
            less(key, item).map(|answer| !answer)
        }
    };
    let (mut low, mut high);
    if behind(items[hint])? {
        // items[hint + last] is in front of the place.
        let most = items.len() - hint;
        let (mut last, mut offset) = (0, 1);
        while offset < most && behind(items[hint + offset])? {
            last = offset;
            offset = (offset << 1) + 1;
        }
        low = hint + last + 1;
        high = hint + offset.min(most);
    } else {
        // items[hint - last] is behind the place.
        let most = hint + 1;
        let (mut last, mut offset) = (0, 1);
        while offset < most && !behind(items[hint - offset])? {
            last = offset;
            offset = (offset << 1) + 1;
        }
        low = (hint + 1).saturating_sub(offset.min(most));
        high = hint - last;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if behind(items[middle])? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

struct Merger<'a, T, F> {
    items: &'a mut [T],
    /// The shorter of two runs while they are merged.
    aside: Vec<T>,
    min_gallop: usize,
    less: &'a mut F,
}

impl<T: Copy, F> Merger<'_, T, F> {
    /// Length of the run that begins at `start`, made ascending.
    fn natural_run<E>(&mut self, start: usize) -> Result<usize, E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        let items = &mut self.items[start..];
        if items.len() < 2 {
            return Ok(items.len());
        }
        let mut length = 2;
        let descending = (self.less)(items[1], items[0])?;
        while length < items.len() && (self.less)(items[length], items[length - 1])? == descending {
            length += 1;
        }
        if descending {
            items[..length].reverse();
        }
        Ok(length)
    }

    /// Sorts `length` items from `start`, of which the first `sorted` are in order.
    fn insert_binary<E>(&mut self, start: usize, sorted: usize, length: usize) -> Result<(), E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        let items = &mut self.items[start..start + length];
        for next in sorted..length {
            let pivot = items[next];
            let (mut low, mut high) = (0, next);
            while low < high {
                let middle = low + (high - low) / 2;
                if (self.less)(pivot, items[middle])? {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            items.copy_within(low..next, low + 1);
            items[low] = pivot;
        }
        Ok(())
    }

    /// Merges the run whose number `which` tells with the next.
    fn merge_at<E>(
        &mut self,
        runs: &mut Vec<Run>,
        which: impl FnOnce(usize) -> usize,
    ) -> Result<(), E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        let at = which(runs.len());
        let (first, second) = (runs[at], runs[at + 1]);
        runs[at].length += second.length;
        runs.remove(at + 1);
        let (mut start, middle, mut end) =
            (first.start, second.start, second.start + second.length);
        // What is in place already at both ends stays out.
        start += gallop(
            self.items[middle],
            &self.items[start..middle],
            0,
            false,
            self.less,
        )?;
        if start == middle {
            return Ok(());
        }
        let last = self.items[middle - 1];
        end = middle
            + gallop(
                last,
                &self.items[middle..end],
                end - middle - 1,
                true,
                self.less,
            )?;
        if end == middle {
            return Ok(());
        }
        if middle - start <= end - middle {
            self.merge_low(start, middle, end)
        } else {
            self.merge_high(start, middle, end)
        }
    }

    /// Merges from the front: the first run is put aside. `to..second` has room for what is aside.
    fn merge_low<E>(&mut self, start: usize, middle: usize, end: usize) -> Result<(), E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        self.aside.clear();
        self.aside.extend_from_slice(&self.items[start..middle]);
        let mut place = Low {
            to: start,
            first: 0,
            second: middle,
            end,
        };
        let result = self.merge_low_loop(&mut place);
        if result.is_ok() && place.first + 1 == self.aside.len() {
            // The last item of the first run is the greatest of all.
            self.items.copy_within(place.second..end, place.to);
            place.to += end - place.second;
        }
        let rest = &self.aside[place.first..];
        self.items[place.to..place.to + rest.len()].copy_from_slice(rest);
        result
    }

    fn merge_low_loop<E>(&mut self, at: &mut Low) -> Result<(), E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        let Merger {
            items,
            aside,
            min_gallop,
            less,
        } = self;
        macro_rules! take_second {
            ($count:expr) => {
                let count = $count;
                items.copy_within(at.second..at.second + count, at.to);
                at.to += count;
                at.second += count;
                if at.second == at.end {
                    return Ok(());
                }
            };
        }
        macro_rules! take_first {
            ($count:expr) => {
                let count = $count;
                items[at.to..at.to + count].copy_from_slice(&aside[at.first..at.first + count]);
                at.to += count;
                at.first += count;
                if at.first + 1 >= aside.len() {
                    return Ok(());
                }
            };
        }
        take_second!(1);
        if aside.len() == 1 {
            return Ok(());
        }
        loop {
            let (mut first_wins, mut second_wins) = (0, 0);
            while first_wins < *min_gallop && second_wins < *min_gallop {
                if less(items[at.second], aside[at.first])? {
                    second_wins += 1;
                    first_wins = 0;
                    take_second!(1);
                } else {
                    first_wins += 1;
                    second_wins = 0;
                    take_first!(1);
                }
            }
            *min_gallop += 1;
            loop {
                *min_gallop = (*min_gallop - 1).max(1);
                let from_first = gallop(items[at.second], &aside[at.first..], 0, false, less)?;
                take_first!(from_first);
                take_second!(1);
                let from_second =
                    gallop(aside[at.first], &items[at.second..at.end], 0, true, less)?;
                take_second!(from_second);
                take_first!(1);
                if from_first < MIN_GALLOP && from_second < MIN_GALLOP {
                    break;
                }
            }
            // Leaving the gallop costs.
            *min_gallop += 1;
        }
    }

    /// Merges from the back: the second run is put aside. `first_end..to` has room for what is aside.
    fn merge_high<E>(&mut self, start: usize, middle: usize, end: usize) -> Result<(), E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        self.aside.clear();
        self.aside.extend_from_slice(&self.items[middle..end]);
        let mut place = High {
            to: end,
            first_end: middle,
            aside_end: end - middle,
            start,
        };
        let result = self.merge_high_loop(&mut place);
        if result.is_ok() && place.aside_end == 1 {
            // The first item of the second run is the least of all.
            let count = place.first_end - start;
            self.items
                .copy_within(start..place.first_end, place.to - count);
            place.to -= count;
        }
        let rest = &self.aside[..place.aside_end];
        self.items[place.to - rest.len()..place.to].copy_from_slice(rest);
        result
    }

    fn merge_high_loop<E>(&mut self, at: &mut High) -> Result<(), E>
    where
        F: FnMut(T, T) -> Result<bool, E>,
    {
        let Merger {
            items,
            aside,
            min_gallop,
            less,
        } = self;
        macro_rules! take_first {
            ($count:expr) => {
                let count = $count;
                items.copy_within(at.first_end - count..at.first_end, at.to - count);
                at.to -= count;
                at.first_end -= count;
                if at.first_end == at.start {
                    return Ok(());
                }
            };
        }
        macro_rules! take_second {
            ($count:expr) => {
                let count = $count;
                items[at.to - count..at.to]
                    .copy_from_slice(&aside[at.aside_end - count..at.aside_end]);
                at.to -= count;
                at.aside_end -= count;
                if at.aside_end <= 1 {
                    return Ok(());
                }
            };
        }
        take_first!(1);
        if at.aside_end == 1 {
            return Ok(());
        }
        loop {
            let (mut first_wins, mut second_wins) = (0, 0);
            while first_wins < *min_gallop && second_wins < *min_gallop {
                if less(aside[at.aside_end - 1], items[at.first_end - 1])? {
                    first_wins += 1;
                    second_wins = 0;
                    take_first!(1);
                } else {
                    second_wins += 1;
                    first_wins = 0;
                    take_second!(1);
                }
            }
            *min_gallop += 1;
            loop {
                *min_gallop = (*min_gallop - 1).max(1);
                let first = &items[at.start..at.first_end];
                let kept = gallop(aside[at.aside_end - 1], first, first.len() - 1, false, less)?;
                let from_first = first.len() - kept;
                take_first!(from_first);
                take_second!(1);
                let kept = gallop(
                    items[at.first_end - 1],
                    &aside[..at.aside_end],
                    at.aside_end - 1,
                    true,
                    less,
                )?;
                let from_second = at.aside_end - kept;
                take_second!(from_second);
                take_first!(1);
                if from_first < MIN_GALLOP && from_second < MIN_GALLOP {
                    break;
                }
            }
            *min_gallop += 1;
        }
    }
}

/// Where a merge from the front stands.
struct Low {
    to: usize,
    first: usize,
    second: usize,
    end: usize,
}

/// Where a merge from the back stands. Places are those behind the last item.
struct High {
    to: usize,
    first_end: usize,
    aside_end: usize,
    start: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: &mut u64) -> u64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    fn sorted<T: Copy>(mut items: Vec<T>, mut less: impl FnMut(T, T) -> bool) -> Vec<T> {
        let result = merge_sort(&mut items, &mut |left, right| {
            Ok::<bool, ()>(less(left, right))
        });
        assert_eq!(result, Ok(()));
        items
    }

    #[test]
    fn sorts_stably() {
        let mut seed = 1;
        for length in 0..400 {
            for keys in [2, 10, 1000] {
                let items: Vec<(u64, usize)> = (0..length)
                    .map(|at| (random(&mut seed) % keys, at))
                    .collect();
                let mut expected = items.clone();
                expected.sort_by_key(|item| item.0);
                assert_eq!(sorted(items, |left, right| left.0 < right.0), expected);
            }
        }
    }

    #[test]
    fn gallops_through_runs() {
        let mut items: Vec<u64> = (0..3000).chain(1000..5000).chain((0..2000).rev()).collect();
        items.extend(2500..2600);
        let mut expected = items.clone();
        expected.sort_unstable();
        assert_eq!(sorted(items, |left, right| left < right), expected);
    }

    #[test]
    fn survives_inconsistent_answers() {
        let mut seed = 7;
        for length in [3, 50, 100, 1000, 5000] {
            let items: Vec<usize> = (0..length).collect();
            let mut result = sorted(items.clone(), |_, _| random(&mut seed).is_multiple_of(3));
            result.sort_unstable();
            assert_eq!(result, items);
        }
    }

    #[test]
    fn an_error_leaves_a_permutation() {
        let mut seed = 3;
        for limit in 0..2000 {
            let mut items: Vec<u64> = (0..300).map(|_| random(&mut seed)).collect();
            let mut expected = items.clone();
            let mut count = 0;
            let _ = merge_sort(&mut items, &mut |left, right| {
                count += 1;
                if count > limit {
                    Err(())
                } else {
                    Ok(left < right)
                }
            });
            items.sort_unstable();
            expected.sort_unstable();
            assert_eq!(items, expected);
        }
    }
}
