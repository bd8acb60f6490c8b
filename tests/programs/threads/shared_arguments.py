# A list, a tuple and a dict that all threads unpack into calls: they are found as globals, and stay what they are.
import threading

items = ["a", "b", "c"]
pair = ("a", "b")
names = {"x": 1, "y": 2}


def join(*parts, **named):
    return "".join(parts) + "".join(named)


class Joiner:
    def join(self, *parts):
        return "".join(parts)


def work(failures):
    joiner = Joiner()
    for _ in range(3000):
        found = join(*items), join(*pair), join(**names), join(*items, **names), joiner.join(*items), max(*items)
        if found != ("abc", "ab", "xy", "abcxy", "abc", "c"):
            failures.append(found)


failures = []
threads = [threading.Thread(target=work, args=(failures,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures[:3]
assert items == ["a", "b", "c"] and pair == ("a", "b") and names == {"x": 1, "y": 2}
