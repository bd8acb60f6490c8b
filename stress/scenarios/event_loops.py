"""An event loop in each thread, that send each other calls and results: all arrive, once."""

import asyncio
import threading

import _scenario

CALLS = 30


def scenario(round):
    loops = {}
    ready = threading.Barrier(round.threads)
    over = threading.Barrier(round.threads)
    received = [[] for _ in range(round.threads)]

    async def compute(number):
        await asyncio.sleep(0)
        if number % 10 == 9:
            raise KeyError(number)
        return number * 2

    async def main(index, numbers):
        loop = loops[index] = asyncio.get_running_loop()
        assert asyncio.current_task() in asyncio.all_tasks()
        await asyncio.to_thread(ready.wait)
        own = received[index]
        waiting = []
        for number in range(CALLS):
            other = loops[numbers.below(round.threads)]
            match numbers.below(4):
                case 0 | 1:
                    target = numbers.below(round.threads)
                    loops[target].call_soon_threadsafe(received[target].append, (index, number))
                case 2:
                    future = asyncio.run_coroutine_threadsafe(compute(number), other)
                    waiting.append((number, asyncio.wrap_future(future)))
                case 3:
                    tasks = [asyncio.create_task(compute(n)) for n in range(5)]
                    assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]
            assert asyncio.get_running_loop() is loop
        for number, future in waiting:
            try:
                assert await future == number * 2
            except KeyError as error:
                assert error.args == (number,)
        async with asyncio.timeout(None), asyncio.TaskGroup() as group:
            queue = asyncio.Queue(2)

            async def produce():
                for number in range(10):
                    await queue.put(number)

            group.create_task(produce())
            assert [await queue.get() for _ in range(10)] == list(range(10))
        # Nobody's loop ends before everybody's calls have been sent to it; then they are served.
        await asyncio.to_thread(over.wait)
        await asyncio.sleep(0)
        return len(own)

    def work(index, numbers):
        asyncio.run(main(index, numbers))

    round.together(work, threads=round.threads)
    everything = [call for own in received for call in own]
    assert len(everything) == len(set(everything)), "a call came twice"


_scenario.run(scenario)
