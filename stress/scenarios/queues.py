"""Producers and consumers on queues of every kind: each item arrives once, in its producer's order."""

import queue

import _scenario

ITEMS = 200


def scenario(round):
    for make in (
        queue.Queue,
        lambda: queue.Queue(maxsize=3),
        queue.SimpleQueue,
        queue.LifoQueue,
        queue.PriorityQueue,
    ):
        shared = make()
        if isinstance(shared, (queue.LifoQueue, queue.PriorityQueue)):
            # These have no order in which an end could come last: fill, then drain.
            round.together(lambda i, _: [shared.put((i, step)) for step in range(ITEMS)])
            taken = round.together(lambda i, _: drain(shared))
            arrived = sorted(item for part in taken for item in part)
            assert arrived == [(i, step) for i in range(round.threads) for step in range(ITEMS)]
            continue

        pairs = max(1, round.threads // 2)

        def produce(index, numbers):
            for step in range(ITEMS):
                shared.put((index, step))
            shared.put(None)

        def consume(index, numbers):
            got = []
            while (item := shared.get()) is not None:
                got.append(item)
            return got

        # Even threads produce, odd ones consume. There are as many ends as consumers,
        # and a producer's end comes after its items, so the last end is the last of all.
        parts = round.together(produce, consume, threads=2 * pairs)[1::2]
        arrived = sorted(item for part in parts for item in part)
        assert arrived == [(2 * p, step) for p in range(pairs) for step in range(ITEMS)]
        for got in parts:
            for producer in range(0, 2 * pairs, 2):
                steps = [step for index, step in got if index == producer]
                assert steps == sorted(steps), "items of one producer overtook each other"


def drain(shared):
    got = []
    while True:
        try:
            got.append(shared.get_nowait())
        except queue.Empty:
            return got


_scenario.run(scenario)
