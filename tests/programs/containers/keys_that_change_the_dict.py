"""Keys whose comparison changes the dict or set that they are looked up in: each is asked once."""

import weakref


class Key:
    def __init__(self, number, change=lambda: None):
        self.number = number
        self.change = change
        self.asked = 0

    def __hash__(self):
        return 7

    def __eq__(self, other):
        self.asked += 1
        self.change()
        return isinstance(other, Key) and self.number == other.number


class Named(Key):
    doomed = []

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        if Named.doomed:
            del Named.doomed[-1]
        return self.number == other.number


def removed_while_asked():
    doomed = [10, 11, 12]
    key = Key(1, lambda: doomed and table.pop(doomed.pop()))
    table = {key: "one", 10: 0, 11: 0, 12: 0}
    print(table[Key(1)], key.asked, len(table))
    del table[Key(1)]
    print(key.asked, list(table))


def inserted_while_asked():
    key = Key(1, lambda: table.update({f"new {key.asked}": 0}))
    table = dict.fromkeys(range(100, 105))
    table = {key: "one"} | table
    for number in range(100, 105):
        del table[number]
    print(table.get(Key(2)), key.asked)
    print(table.get(Key(1)), key.asked, len(table))


def removed_from_a_set():
    key = Key(1, lambda: members.discard(100 + key.asked))
    members = {key, *range(101, 120)}
    print(Key(1) in members, Key(2) in members, key.asked, len(members))
    members.remove(Key(1))
    print(key.asked, key in members)


def weak_keys_die():
    objects = [Named(number) for number in range(4)]
    table = weakref.WeakKeyDictionary()
    for key in objects:
        table[key] = key.number
    Named.doomed = objects
    rounds = 0
    for key in objects:
        rounds += 1
        del table[key]
    print(rounds, len(table))


removed_while_asked()
inserted_while_asked()
removed_from_a_set()
weak_keys_die()
