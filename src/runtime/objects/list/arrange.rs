//! The items of a list at work under its lock: for algorithms that compare items without running Python
//! code and exchange them (heaps). To other threads such a piece of work happens at one moment.

use super::{List, Writer};
use crate::object::Ref;
use crate::value::Value;

/// A list's items while its lock is held, or nobody else runs. Values that come out are for the caller to
/// drop when the work is over.
pub struct Items<'a>(Writer<'a>);

impl Ref<List> {
    /// Does `work` on the items. It is short, and has no context: the lock is held.
    pub fn arranged<R>(&self, work: impl FnOnce(&mut Items<'_>) -> R) -> R {
        self.write(|writer| work(&mut Items(writer)))
    }
}

impl Items<'_> {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn check(&self, index: usize) {
        assert!(index < self.len(), "invariant: the items asked for exist");
    }

    /// Looks at one item.
    #[inline]
    pub fn look<R>(&self, index: usize, look: impl FnOnce(&Value) -> R) -> R {
        self.check(index);
        let looked = self.0.word(index).look(look);
        looked.expect("invariant: items are values")
    }

    /// Exchanges two items.
    #[inline]
    pub fn exchange(&mut self, first: usize, second: usize) {
        self.check(first);
        self.check(second);
        let (left, right) = (self.0.word(first).bits(), self.0.word(second).bits());
        self.0.word(first).put(right);
        self.0.word(second).put(left);
    }

    /// Puts a value in the place of an item, which is returned.
    #[inline]
    pub fn replace(&mut self, index: usize, value: Value) -> Value {
        self.check(index);
        let word = self.0.word(index);
        let old = word.bits();
        word.put(value.into_bits());
        // SAFETY: the word's count of the old value passes to the caller.
        unsafe { Value::from_bits(old) }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// The value is given back when memory is out.
    #[inline]
    pub fn push(&mut self, value: Value) -> Result<(), Value> {
        self.0.push(value)
    }

    /// Takes out the last item.
    #[inline]
    pub fn pop(&mut self) -> Option<Value> {
        let last = self.len().checked_sub(1)?;
        Some(self.0.remove(last))
    }
}
