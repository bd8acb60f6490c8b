# Threads that use one heap, or search a deque that others change, find both whole.
import heapq
import threading
from collections import deque


def run(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def is_heap(heap):
    return all(not heap[at] < heap[(at - 1) // 2] for at in range(1, len(heap)))


heap = []


def push(of):
    for number in range(2000):
        heapq.heappush(heap, (number % 97, of, number * 0.5))


run(*(lambda of=of: push(of) for of in range(4)))
print(len(heap), is_heap(heap))


def push_pop():
    for number in range(1000):
        item = (number % 89, 9, 0.0)
        assert heapq.heappushpop(heap, item) <= item
        heapq.heapreplace(heap, item)


run(push_pop, push_pop, push_pop)
print(len(heap), is_heap(heap))
popped = []


def pop():
    mine = [heapq.heappop(heap) for _ in range(2000)]
    assert mine == sorted(mine)
    popped.extend(mine)


run(pop, pop, pop, pop)
print(len(heap), len(popped))

items = deque(range(100))


def change():
    for _ in range(3000):
        items.append(0)
        items.clear()
        items.extend(range(100))


def search():
    for _ in range(3000):
        try:
            items.index(50)
        except ValueError:
            pass


run(change, search, change, search)
print(len(items) % 100 in range(100), 'searched')
