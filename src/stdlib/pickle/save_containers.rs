//! Lists, dicts, tuples and sets, whose parts are written one after the other.
//!
//! Parts go in batches of [`BATCH`], each between MARK and the instruction that adds them. The containers
//! are read as they are at each step: saving a part may run code that changes them.

use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::{Dict, Position};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::set::{FrozenSet, Set};
use typhon_runtime::objects::str_::names;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{PyResult, Ref, Value};

use super::opcode::*;
use super::save::Session;

/// How many parts are added by one instruction.
pub(super) const BATCH: usize = 1000;

impl Session<'_> {
    pub(super) fn save_list(&mut self, list: &Ref<List>) -> PyResult<()> {
        let object = list.as_value();
        self.enter_fast(object)?;
        if self.binary {
            self.out.op(EMPTY_LIST);
        } else {
            self.out.put(&[MARK, LIST]);
        }
        let empty = list.is_empty();
        self.memoize(object)?;
        if !empty {
            if self.protocol > 0 {
                self.save_list_items(list)?;
            } else {
                let items = iterate::iter(self.cx, object)?;
                self.save_appends(&items, object)?;
            }
        }
        self.leave_fast(object);
        Ok(())
    }

    fn save_list_items(&mut self, list: &Ref<List>) -> PyResult<()> {
        if list.len() == 1 {
            if let Some(item) = list.get(0) {
                self.save_item(&item, list.as_value(), 0)?;
            }
            self.out.op(APPEND);
            return Ok(());
        }
        let mut at = 0;
        loop {
            self.out.op(MARK);
            let end = at + BATCH;
            while at < end
                && let Some(item) = list.get(at)
            {
                self.save_item(&item, list.as_value(), at)?;
                at += 1;
            }
            self.out.op(APPENDS);
            if at >= list.len() {
                return Ok(());
            }
        }
    }

    fn save_item(&mut self, item: &Value, owner: &Value, at: usize) -> PyResult<()> {
        self.save(item)
            .map_err(|raised| self.noted_item(raised, owner, at))
    }

    /// Writes what an iterator yields, to be appended to `owner`.
    pub(super) fn save_appends(&mut self, items: &Value, owner: &Value) -> PyResult<()> {
        let cx = self.cx;
        let mut at = 0;
        if self.protocol == 0 {
            while let Some(item) = iterate::next(cx, items)? {
                self.save_item(&item, owner, at)?;
                self.out.op(APPEND);
                at += 1;
            }
            return Ok(());
        }
        loop {
            let Some(first) = iterate::next(cx, items)? else {
                return Ok(());
            };
            let Some(second) = iterate::next(cx, items)? else {
                self.save_item(&first, owner, at)?;
                self.out.op(APPEND);
                return Ok(());
            };
            self.out.op(MARK);
            self.save_item(&first, owner, at)?;
            let end = at + BATCH;
            at += 1;
            let mut next = Some(second);
            while let Some(item) = next {
                self.save_item(&item, owner, at)?;
                at += 1;
                if at == end {
                    break;
                }
                next = iterate::next(cx, items)?;
            }
            self.out.op(APPENDS);
            if at < end {
                return Ok(());
            }
        }
    }

    pub(super) fn save_dict(&mut self, dict: &Ref<Dict>) -> PyResult<()> {
        let object = dict.as_value();
        self.enter_fast(object)?;
        if self.binary {
            self.out.op(EMPTY_DICT);
        } else {
            self.out.put(&[MARK, DICT]);
        }
        self.memoize(object)?;
        if !dict.is_empty() {
            if self.protocol > 0 {
                self.save_dict_items(dict)?;
            } else {
                let items = call::call_method(self.cx, object, names::items(), &[])?;
                let items = iterate::iter(self.cx, &items)?;
                self.save_set_items(&items, object)?;
            }
        }
        self.leave_fast(object);
        Ok(())
    }

    fn save_dict_items(&mut self, dict: &Ref<Dict>) -> PyResult<()> {
        let size = dict.len();
        let mut position = Position::default();
        if size == 1 {
            if let Some((key, value, _)) = dict.next_entry(&mut position) {
                self.save_member(&key, &value, dict.as_value())?;
            }
            self.out.op(SETITEM);
            return Ok(());
        }
        loop {
            let mut count = 0;
            self.out.op(MARK);
            while count < BATCH
                && let Some((key, value, _)) = dict.next_entry(&mut position)
            {
                self.save_member(&key, &value, dict.as_value())?;
                count += 1;
            }
            self.out.op(SETITEMS);
            if dict.len() != size {
                return Err(self
                    .cx
                    .runtime_error("dictionary changed size during iteration"));
            }
            if count < BATCH {
                return Ok(());
            }
        }
    }

    pub(super) fn save_member(
        &mut self,
        key: &Value,
        value: &Value,
        owner: &Value,
    ) -> PyResult<()> {
        self.save(key)?;
        self.save(value)
            .map_err(|raised| self.noted_key(raised, owner, key))
    }

    fn save_pair(&mut self, pair: &Value, owner: &Value) -> PyResult<()> {
        let parts = pair.downcast::<Tuple>().map(|pair| pair.as_slice());
        let Some([key, value]) = parts else {
            return Err(self
                .cx
                .type_error("dict items iterator must return 2-tuples"));
        };
        self.save_member(key, value, owner)
    }

    /// Writes the pairs that an iterator yields, to be set in `owner`.
    pub(super) fn save_set_items(&mut self, pairs: &Value, owner: &Value) -> PyResult<()> {
        let cx = self.cx;
        if self.protocol == 0 {
            while let Some(pair) = iterate::next(cx, pairs)? {
                self.save_pair(&pair, owner)?;
                self.out.op(SETITEM);
            }
            return Ok(());
        }
        loop {
            let Some(first) = iterate::next(cx, pairs)? else {
                return Ok(());
            };
            let is_pair = first
                .downcast::<Tuple>()
                .is_some_and(|pair| pair.len() == 2);
            if !is_pair {
                return self.save_pair(&first, owner);
            }
            let Some(second) = iterate::next(cx, pairs)? else {
                self.save_pair(&first, owner)?;
                self.out.op(SETITEM);
                return Ok(());
            };
            self.out.op(MARK);
            self.save_pair(&first, owner)?;
            let mut count = 1;
            let mut next = Some(second);
            while let Some(pair) = next {
                self.save_pair(&pair, owner)?;
                count += 1;
                if count == BATCH {
                    break;
                }
                next = iterate::next(cx, pairs)?;
            }
            self.out.op(SETITEMS);
            if count < BATCH {
                return Ok(());
            }
        }
    }

    /// Writes a tuple. One that contains itself, by way of something mutable, is finished by the time that
    /// its parts are written: what they left on the reader's stack goes, and the tuple comes from the memo.
    pub(super) fn save_tuple(&mut self, tuple: &Ref<Tuple>) -> PyResult<()> {
        let object = tuple.as_value();
        let items = tuple.as_slice();
        if items.is_empty() {
            if self.protocol > 0 {
                self.out.op(EMPTY_TUPLE);
            } else {
                self.out.put(&[MARK, TUPLE]);
            }
            return Ok(());
        }
        let short = match items.len() {
            _ if self.protocol < 2 => None,
            1 => Some(TUPLE1),
            2 => Some(TUPLE2),
            3 => Some(TUPLE3),
            _ => None,
        };
        if short.is_none() {
            self.out.op(MARK);
        }
        for (at, item) in items.iter().enumerate() {
            self.save_item(item, object, at)?;
        }
        if let Some(number) = self.memoized(object) {
            if short.is_some() {
                self.out.put(&[POP; 3][..items.len()]);
            } else if self.binary {
                self.out.op(POP_MARK);
            } else {
                self.out.put(&vec![POP; items.len() + 1]);
            }
            return self.save_get(number);
        }
        self.out.op(short.unwrap_or(TUPLE));
        self.memoize(object)
    }

    fn save_as_call(&mut self, class: &Value, object: &Value) -> PyResult<()> {
        let cx = self.cx;
        let items = List::from_values(cx, iterate::collect(cx, object)?)?;
        let arguments = Tuple::from_values(cx, &[items.into_value()])?;
        let reduction = Tuple::from_values(cx, &[class.clone(), arguments.into_value()])?;
        self.save_reduce(&reduction, Some(object))
    }

    fn save_element(&mut self, element: &Value, owner: &Value) -> PyResult<()> {
        self.save(element)
            .map_err(|raised| self.noted(raised, owner, "element"))
    }

    pub(super) fn save_set(&mut self, set: &Ref<Set>) -> PyResult<()> {
        let object = set.as_value();
        if self.protocol < 4 {
            return self.save_as_call(Set::class().as_value(), object);
        }
        self.out.op(EMPTY_SET);
        self.memoize(object)?;
        let size = set.len();
        if size == 0 {
            return Ok(());
        }
        let mut position = 0;
        loop {
            let mut count = 0;
            self.out.op(MARK);
            while count < BATCH
                && let Some((element, _)) = set.any().next_key(&mut position)
            {
                self.save_element(&element, object)?;
                count += 1;
            }
            self.out.op(ADDITEMS);
            if set.len() != size {
                return Err(self.cx.runtime_error("set changed size during iteration"));
            }
            if count < BATCH {
                return Ok(());
            }
        }
    }

    /// Writes a frozenset, which may contain itself as a tuple may.
    pub(super) fn save_frozenset(&mut self, set: &Ref<FrozenSet>) -> PyResult<()> {
        let object = set.as_value();
        self.enter_fast(object)?;
        if self.protocol < 4 {
            self.save_as_call(FrozenSet::class().as_value(), object)?;
            self.leave_fast(object);
            return Ok(());
        }
        self.out.op(MARK);
        let mut position = 0;
        while let Some((element, _)) = set.any().next_key(&mut position) {
            self.save_element(&element, object)?;
        }
        self.leave_fast(object);
        if let Some(number) = self.memoized(object) {
            self.out.op(POP_MARK);
            return self.save_get(number);
        }
        self.out.op(FROZENSET);
        self.memoize(object)
    }
}
