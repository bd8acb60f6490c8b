# deque, heapq, bisect, queue types without threads.
from collections import deque
import bisect
import heapq
import queue

d = deque([1, 2, 3])
d.append(4)
d.appendleft(0)
assert list(d) == [0, 1, 2, 3, 4]
assert d.pop() == 4
assert d.popleft() == 0
assert d[1] == 2
assert d[-1] == 3
assert len(d) == 3
assert 2 in d
d.rotate(1)
assert list(d) == [3, 1, 2]
d.rotate(-2)
assert list(d) == [2, 3, 1]
d.extend("ab")
d.extendleft("xy")
assert list(d) == ["y", "x", 2, 3, 1, "a", "b"]
assert d.index(3) == 3
assert d.count("a") == 1
d.remove("x")
d.insert(1, "new")
d.reverse()
del d[0]
d[0] = "A"
assert list(d) == ["A", 1, 3, 2, "new", "y"]
assert repr(deque([1])) == "deque([1])"
assert repr(deque([1], 3)) == "deque([1], maxlen=3)"
short = deque(range(5), maxlen=3)
short.append(9)
assert list(short) == [3, 4, 9]
assert short.maxlen == 3
assert list(short * 2) == [3, 4, 9]
short.appendleft(0)
assert list(short) == [0, 3, 4]
assert deque([1, 2]) == deque([1, 2])
assert deque([1]) < deque([2])
assert deque([1]) + deque([2]) == deque([1, 2])
assert list(reversed(d))[0] == "y"
assert d.copy() == d
try:
    deque().pop()
except IndexError as error:
    assert str(error) == "pop from an empty deque"
try:
    for x in d:
        d.append(1)
except RuntimeError as error:
    assert str(error) == "deque mutated during iteration"
big = deque()
for i in range(5000):
    big.append(i)
    if i % 2:
        big.popleft()
assert list(big) == list(range(2500, 5000))
assert big[1000] == 3500
assert big[-1000] == 4000
heap = []
for n in [5, 1, 8, 3, 9, 2]:
    heapq.heappush(heap, n)
assert [heapq.heappop(heap) for _ in range(6)] == [1, 2, 3, 5, 8, 9]
heap = [9, 4, 7]
heapq.heapify(heap)
assert heapq.heappushpop(heap, 1) == 1
assert heapq.heapreplace(heap, 5) == 4
assert heapq.nlargest(2, [1, 5, 3]) == [5, 3]
assert heapq.nsmallest(2, "hello") == ["e", "h"]
assert list(heapq.merge([1, 4], [2, 3])) == [1, 2, 3, 4]
a = [1, 3, 3, 5]
assert bisect.bisect(a, 3) == 3
assert bisect.bisect_left(a, 3) == 1
assert bisect.bisect(a, 4) == 3
assert bisect.bisect(["a", "bb"], 1, key=len) == 1
bisect.insort(a, 4)
assert a == [1, 3, 3, 4, 5]
p = queue.PriorityQueue()
for item in (3, "c"), (1, "a"), (2, "b"):
    p.put(item)
assert [p.get()[1] for _ in range(3)] == ["a", "b", "c"] and p.empty()
l = queue.LifoQueue(maxsize=1)
l.put(1)
try:
    l.put_nowait(2)
except queue.Full:
    pass
assert l.get_nowait() == 1
try:
    l.get(timeout=0.01)
except queue.Empty:
    pass
