//! What picklers and unpicklers remember.
//!
//! A pickler's memo gives each object it has written a number, and keeps the object alive, so that its
//! address stays its own. An unpickler's memo gives the object with a number. Numbers are most often dense;
//! those far off (a pickle may name any) are kept apart, so that they cost no memory for what lies between.

use rustc_hash::FxHashMap;
use typhon_runtime::Value;

/// The memo of a pickler.
#[derive(Default)]
pub struct Numbers(FxHashMap<u64, (usize, Value)>);

impl Numbers {
    /// The number of `object`.
    #[inline]
    pub fn get(&self, object: &Value) -> Option<usize> {
        self.0.get(&object.bits()).map(|(number, _)| *number)
    }

    /// Numbers `object`: its number, and what had its place.
    #[inline]
    pub fn add(&mut self, object: &Value) -> (usize, Option<Value>) {
        let number = self.0.len();
        (number, self.insert(object.bits(), number, object.clone()))
    }

    /// Enters `object` with its address and its number. Returns what had its place.
    pub fn insert(&mut self, address: u64, number: usize, object: Value) -> Option<Value> {
        self.0
            .insert(address, (number, object))
            .map(|(_, object)| object)
    }

    /// Addresses, numbers and objects.
    pub fn entries(&self) -> impl Iterator<Item = (u64, usize, &Value)> {
        self.0
            .iter()
            .map(|(address, (number, object))| (*address, *number, object))
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.0.capacity() * size_of::<(u64, (usize, Value))>()
    }
}

/// The memo of an unpickler.
#[derive(Default)]
pub struct Objects {
    dense: Vec<Option<Value>>,
    sparse: FxHashMap<usize, Value>,
    count: usize,
}

/// How far a number may lie behind the dense ones to become one of them.
const GAP: usize = 1024;

impl Objects {
    /// The object with this number.
    #[inline]
    pub fn get(&self, number: usize) -> Option<&Value> {
        match self.dense.get(number) {
            Some(Some(object)) => Some(object),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&number),
        }
    }

    /// Gives `object` this number. Returns what had it.
    #[inline]
    pub fn put(&mut self, number: usize, object: Value) -> Option<Value> {
        let old = if number == self.dense.len() {
            self.dense.push(Some(object));
            self.forget_sparse(number)
        } else if number <= self.dense.len() + GAP {
            if number >= self.dense.len() {
                self.dense.resize_with(number + 1, || None);
            }
            let old = self.dense[number].replace(object);
            old.or_else(|| self.forget_sparse(number))
        } else {
            self.sparse.insert(number, object)
        };
        self.count += usize::from(old.is_none());
        old
    }

    fn forget_sparse(&mut self, number: usize) -> Option<Value> {
        if self.sparse.is_empty() {
            None
        } else {
            self.sparse.remove(&number)
        }
    }

    /// How many there are: the number that the next one gets by itself.
    #[inline]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Numbers and objects.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Value)> {
        let dense = self.dense.iter().enumerate();
        let dense = dense.filter_map(|(number, object)| Some((number, object.as_ref()?)));
        dense.chain(self.sparse.iter().map(|(number, object)| (*number, object)))
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.dense.capacity() * size_of::<Option<Value>>()
            + self.sparse.capacity() * size_of::<(usize, Value)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_numbers_take_no_room() {
        let mut objects = Objects::default();
        assert!(objects.put(0, Value::NONE).is_none());
        assert!(objects.put(1 << 40, Value::TRUE).is_none());
        assert!(objects.put(3, Value::FALSE).is_none());
        assert_eq!(objects.len(), 3);
        assert!(objects.get(1).is_none() && objects.get(1 << 41).is_none());
        assert!(objects.get(1 << 40).is_some_and(Value::is_true));
        assert!(
            objects
                .put(3, Value::TRUE)
                .is_some_and(|old| old.is_false())
        );
        assert!(objects.size() < 1 << 20);
        assert_eq!(objects.entries().count(), 3);
    }
}
