//! `list.sort` while there are other threads, which may read, change and sort the list meanwhile.
//!
//! Nothing is taken out of the list: a copy is sorted, and its order is put into the list, with the
//! lock held, if the list still has the items of the copy. So others find all items at any time, and
//! nothing that they put in or take out is lost.
//!
//! ```text
//!   at the end the list has             then
//!     the same items in the same order    the new order is put in
//!     the same items in another order     somebody else has sorted or reversed it: their order is
//!                                         sorted, with the keys that are known; the items of two
//!                                         threads that sort one list are the same at any time
//!     other items                         it was modified: ValueError, and it stays as it is; plain
//!                                         items, which run no Python code, are copied again, and
//!                                         at last sorted with the lock held
//! ```
//!
//! No sort waits for another one: a key function may wait for the thread that runs it.

use std::collections::HashMap;

use super::List;
use super::sort::{plain_kind, sort_words};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::protocols::call;
use crate::value::Value;

/// How often a sort begins again because the list has changed, before it takes stronger means.
const ATTEMPTS: usize = 8;

/// What became of an order that was to be put into the list.
enum Put {
    Done,
    /// The words that the list has instead, which nobody counts.
    Changed(Vec<u64>),
}

impl Ref<List> {
    /// See the module's header.
    pub(super) fn sort_shared(
        &self,
        cx: &Context,
        key: Option<&Value>,
        reverse: bool,
    ) -> PyResult<()> {
        if key.is_none() && self.sort_plain(reverse) {
            return Ok(());
        }
        let items = self.to_vec();
        let mut order: Vec<usize> = (0..items.len()).collect();
        let mut computed = Vec::new();
        let keys = match key {
            None => &items,
            Some(key) => {
                computed.reserve_exact(items.len());
                for item in &items {
                    computed.push(call::call(cx, key, std::slice::from_ref(item))?);
                }
                &computed
            }
        };
        let kind = plain_kind(keys);
        let words = |order: &[usize]| -> Vec<u64> {
            order.iter().map(|&index| items[index].bits()).collect()
        };
        for attempt in 1.. {
            let mut pairs: Vec<(u64, usize)> = order
                .iter()
                .map(|&index| (keys[index].bits(), index))
                .collect();
            sort_words(cx, kind, &mut pairs, reverse, |pair| pair.0)?;
            let sorted: Vec<usize> = pairs.into_iter().map(|(_, index)| index).collect();
            let in_any_order = attempt >= ATTEMPTS;
            match self.put_order(&words(&order), &words(&sorted), in_any_order) {
                Put::Done => break,
                Put::Changed(now) => match rearranged(&items, &now) {
                    Some(now) if !in_any_order => order = now,
                    _ => return Err(cx.value_error("list modified during sort")),
                },
            }
        }
        Ok(())
    }

    /// Sorts a list of plain items. False when they are not plain.
    fn sort_plain(&self, reverse: bool) -> bool {
        for _ in 0..ATTEMPTS {
            let before = self.to_vec();
            let Some(kind) = plain_kind(&before) else {
                return false;
            };
            let old: Vec<u64> = before.iter().map(Value::bits).collect();
            let mut sorted = old.clone();
            kind.sort(&mut sorted, reverse, |&word| word);
            if matches!(self.put_order(&old, &sorted, false), Put::Done) {
                return true;
            }
        }
        // Others change it all the time. Comparing plain items takes nothing that a holder of the lock
        // must not do.
        let (kind, items) = self.write(|writer| {
            let items = writer.slice(0, writer.len());
            let kind = plain_kind(&items);
            if let Some(kind) = kind {
                let mut sorted: Vec<u64> = items.iter().map(Value::bits).collect();
                kind.sort(&mut sorted, reverse, |&word| word);
                for (index, word) in sorted.into_iter().enumerate() {
                    writer.word(index).put(word);
                }
            }
            (kind, items)
        });
        drop(items);
        kind.is_some()
    }

    /// Puts the words `sorted` in place of `old`, if those are what the list has, or if it has them in
    /// some order and `in_any_order`. Both are the same words, of values that the caller has.
    fn put_order(&self, old: &[u64], sorted: &[u64], in_any_order: bool) -> Put {
        self.write(|writer| {
            let now: Vec<u64> = (0..writer.len())
                .map(|index| writer.word(index).bits())
                .collect();
            if now != old && !(in_any_order && have_same_words(&now, old)) {
                return Put::Changed(now);
            }
            for (index, &word) in sorted.iter().enumerate() {
                writer.word(index).put(word);
            }
            Put::Done
        })
    }
}

fn have_same_words(left: &[u64], right: &[u64]) -> bool {
    let in_order = |words: &[u64]| {
        let mut words = words.to_vec();
        words.sort_unstable();
        words
    };
    left.len() == right.len() && in_order(left) == in_order(right)
}

/// Which of `items` stands where, if the words `now` are just theirs in another order.
fn rearranged(items: &[Value], now: &[u64]) -> Option<Vec<usize>> {
    if items.len() != now.len() {
        return None;
    }
    let mut places: HashMap<u64, Vec<usize>> = HashMap::with_capacity(items.len());
    // The first of several places of one item is taken first.
    for (index, item) in items.iter().enumerate().rev() {
        places.entry(item.bits()).or_default().push(index);
    }
    now.iter().map(|word| places.get_mut(word)?.pop()).collect()
}
