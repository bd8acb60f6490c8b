# asyncio end to end: tasks, gather, queues, timeouts, cancellation, task groups, threads, streams of callbacks.
import asyncio
import contextvars


async def work(n, log):
    log.append(f"start {n}")
    await asyncio.sleep(0.01 * n)
    log.append(f"end {n}")
    return n * n


async def main():
    log = []
    assert await asyncio.gather(work(2, log), work(1, log)) == [4, 1]
    assert log == ["start 2", "start 1", "end 1", "end 2"]

    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    task.cancel("why")
    try:
        await task
    except asyncio.CancelledError as error:
        assert error.args == ("why",)
    assert task.cancelled()

    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
    except TimeoutError:
        pass
    else:
        raise AssertionError
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except TimeoutError:
        pass

    async with asyncio.TaskGroup() as group:
        one = group.create_task(work(0, log))
        two = group.create_task(work(1, log))
    assert one.result() + two.result() == 1

    async def fail(kind):
        await asyncio.sleep(0)
        raise kind("from a task")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(ValueError))
            group.create_task(fail(TypeError))
            group.create_task(asyncio.sleep(60))
    except* ValueError as errors:
        assert len(errors.exceptions) == 1
    except* TypeError as errors:
        assert str(errors.exceptions[0]) == "from a task"

    queue = asyncio.Queue(maxsize=2)
    received = []

    async def produce():
        for i in range(6):
            await queue.put(i)
        await queue.put(None)

    async def consume():
        while (item := await queue.get()) is not None:
            received.append(item)

    await asyncio.gather(produce(), consume())
    assert received == list(range(6))

    lock, inside = asyncio.Lock(), []

    async def critical(n):
        async with lock:
            inside.append(n)
            await asyncio.sleep(0)
            inside.append(n)

    await asyncio.gather(*(critical(n) for n in range(4)))
    assert inside == [0, 0, 1, 1, 2, 2, 3, 3]

    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, "soon")
    assert await future == "soon"
    future = loop.create_future()
    loop.call_later(0.01, future.set_result, "later")
    assert await future == "later"
    assert await asyncio.to_thread(sum, [1, 2, 3]) == 6
    future = loop.create_future()
    await loop.run_in_executor(None, lambda: loop.call_soon_threadsafe(future.set_result, "thread"))
    assert await future == "thread"

    variable = contextvars.ContextVar("variable", default=0)

    async def isolated(n):
        variable.set(n)
        await asyncio.sleep(0)
        return variable.get()

    assert await asyncio.gather(*(isolated(n) for n in range(3))) == [0, 1, 2]
    assert variable.get() == 0
    semaphore = asyncio.Semaphore(2)
    async with semaphore:
        assert not semaphore.locked()
    done, pending = await asyncio.wait(
        [asyncio.create_task(work(0, log)), asyncio.create_task(asyncio.sleep(60))],
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert len(done) == len(pending) == 1
    for p in pending:
        p.cancel()
    return "done"


assert asyncio.run(main()) == "done"
try:
    asyncio.run(asyncio.sleep(0, "x")) and asyncio.get_running_loop()
except RuntimeError as error:
    assert str(error) == "no running event loop"
