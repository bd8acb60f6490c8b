//! The order in which the entries of a cache were used: a doubly linked list in a vector.
//!
//! ```text
//!   oldest ─▶ node ─newer─▶ node ─newer─▶ … ─▶ newest        free ─newer─▶ node ─newer─▶ …
//! ```
//! A node's place is its index; it stays the same until the node is removed. Nodes that are in use have
//! an item, free ones have none.

/// No node.
pub(super) const NOWHERE: u32 = u32::MAX;

struct Node<T> {
    item: Option<T>,
    older: u32,
    newer: u32,
}

/// See the module's header.
pub struct Order<T> {
    nodes: Vec<Node<T>>,
    oldest: u32,
    newest: u32,
    free: u32,
    length: usize,
}

impl<T> Order<T> {
    pub(super) const fn new() -> Order<T> {
        Order {
            nodes: Vec::new(),
            oldest: NOWHERE,
            newest: NOWHERE,
            free: NOWHERE,
            length: 0,
        }
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The place of the newest item.
    pub(super) fn newest(&self) -> u32 {
        self.newest
    }

    /// All items, in no order.
    pub(super) fn items(&self) -> impl Iterator<Item = &T> {
        self.nodes.iter().filter_map(|node| node.item.as_ref())
    }

    /// Adds an item that is newer than all others. Returns its place.
    pub(super) fn push(&mut self, item: T) -> u32 {
        let place = match self.free {
            NOWHERE => {
                self.nodes.push(Node {
                    item: None,
                    older: NOWHERE,
                    newer: NOWHERE,
                });
                self.nodes.len() as u32 - 1
            }
            free => {
                self.free = self.nodes[free as usize].newer;
                free
            }
        };
        self.nodes[place as usize].item = Some(item);
        self.length += 1;
        self.link_newest(place);
        place
    }

    /// Makes the item at `place` the newest.
    pub(super) fn touch(&mut self, place: u32) {
        if self.newest != place {
            self.unlink(place);
            self.link_newest(place);
        }
    }

    /// Takes out the item at `place`.
    pub(super) fn remove(&mut self, place: u32) -> Option<T> {
        self.unlink(place);
        let node = &mut self.nodes[place as usize];
        node.newer = self.free;
        self.free = place;
        self.length -= 1;
        node.item.take()
    }

    /// Takes out the oldest item.
    pub(super) fn pop_oldest(&mut self) -> Option<T> {
        if self.oldest == NOWHERE {
            None
        } else {
            self.remove(self.oldest)
        }
    }

    fn link_newest(&mut self, place: u32) {
        let node = &mut self.nodes[place as usize];
        node.older = self.newest;
        node.newer = NOWHERE;
        match self.newest {
            NOWHERE => self.oldest = place,
            newest => self.nodes[newest as usize].newer = place,
        }
        self.newest = place;
    }

    fn unlink(&mut self, place: u32) {
        let Node { older, newer, .. } = self.nodes[place as usize];
        match older {
            NOWHERE => self.oldest = newer,
            older => self.nodes[older as usize].newer = newer,
        }
        match newer {
            NOWHERE => self.newest = older,
            newer => self.nodes[newer as usize].older = older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pops_in_order_of_use() {
        let mut order = Order::new();
        let places: Vec<u32> = (0..5).map(|item| order.push(item)).collect();
        order.touch(places[1]);
        order.touch(places[4]);
        assert_eq!(order.remove(places[2]), Some(2));
        order.push(5);
        assert_eq!(order.len(), 5);
        let popped: Vec<i32> = std::iter::from_fn(|| order.pop_oldest()).collect();
        assert_eq!(popped, [0, 3, 1, 4, 5]);
        assert_eq!(order.len(), 0);
    }

    #[test]
    fn reuses_places() {
        let mut order = Order::new();
        for item in 0..100 {
            order.push(item);
            if order.len() > 3 {
                assert_eq!(order.pop_oldest(), Some(item - 3));
            }
        }
        assert_eq!(order.nodes.len(), 4);
    }
}
