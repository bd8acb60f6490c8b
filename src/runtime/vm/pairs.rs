//! `for first, second in …` over iterators that make a tuple for each step only to have it taken apart:
//! enumerations, two iterables in step, the items of a dict.

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::dict::views::DictItemIterator;
use crate::objects::enumerate::Enumerate;
use crate::objects::zip::Zip;
use crate::value::Value;

/// The next two values of an iterator that has such steps; `None` when it is another one.
#[inline(never)]
pub fn next_pair(cx: &Context, iterator: &Value) -> Option<PyResult<Option<(Value, Value)>>> {
    if let Some(enumerate) = iterator.downcast_exact::<Enumerate>() {
        return Some(enumerate.next_pair(cx));
    }
    if let Some(items) = iterator.downcast_exact::<DictItemIterator>() {
        return Some(items.next_pair(cx));
    }
    iterator
        .downcast_exact::<Zip>()
        .filter(|zip| zip.yields_pairs())
        .map(|zip| zip.next_pair(cx))
}
