# Futures and tasks: states, cancellation, names, eager starts, who waits for whom, tasks of other threads.
import asyncio
import gc
import threading
import weakref


async def give(value):
    await asyncio.sleep(0)
    return value


async def states():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    print(future.done(), future._state, future._callbacks, future._result)
    calls = []
    future.add_done_callback(calls.append)
    future.add_done_callback(print)
    print(future.remove_done_callback(print), len(future._callbacks))
    future.set_result(7)
    try:
        future.set_result(8)
    except asyncio.InvalidStateError as error:
        print(error)
    await asyncio.sleep(0)
    print(future.result(), calls == [future], await future)
    failed = loop.create_future()
    failed.set_exception(StopIteration(3))
    try:
        await failed
    except RuntimeError as error:
        print(error, repr(error.__cause__))
    try:
        loop.create_future().exception()
    except asyncio.InvalidStateError as error:
        print(error)
    try:
        asyncio.Future.__new__(asyncio.Future).set_result(1)
    except RuntimeError as error:
        print(error)


async def cancellation():
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            print('cancelled', error.args, asyncio.current_task().cancelling())
            asyncio.current_task().uncancel()
            return 'stayed'

    task = asyncio.create_task(stubborn(), name='stubborn')
    await asyncio.sleep(0)
    print(task.cancel('now'), task.cancelling(), task.get_name(), await task)
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel('at once')
    try:
        await task
    except asyncio.CancelledError as error:
        print(error.args, task.cancelled())


async def waiting():
    inner = asyncio.create_task(give(1), name='inner')
    outer = asyncio.create_task(asyncio.wait_for(inner, 5), name='outer')
    await asyncio.sleep(0)
    print([task.get_name() for task in inner._asyncio_awaited_by])
    await outer
    print(inner._asyncio_awaited_by)
    loop = asyncio.get_running_loop()
    own = asyncio.current_task()
    print({task.get_name() for task in asyncio.all_tasks()} == {own.get_name()})

    def elsewhere():
        print(asyncio.current_task(loop) is own, asyncio.all_tasks(loop) == {own})
        try:
            asyncio.current_task()
        except RuntimeError as error:
            print(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()


async def eager():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)

    async def at_once():
        return asyncio.current_task() is not outer

    outer = asyncio.current_task()
    task = asyncio.create_task(at_once())
    print(task.done(), await task, asyncio.current_task() is outer)


async def wrong():
    class Odd:
        def __await__(self):
            yield 5

    async def odd():
        await Odd()

    try:
        await asyncio.create_task(odd())
    except RuntimeError as error:
        print(error)
    try:
        asyncio.Task(5)
    except TypeError as error:
        print(error)


def forgotten():
    reports = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: reports.append(context['message']))

    async def fail():
        1 / 0

    async def main():
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gone = weakref.ref(task)
        del task
        gc.collect()
        print(gone() is None, reports)

    loop.run_until_complete(main())
    loop.close()


def many_loops():
    async def work(number):
        return sum(await asyncio.gather(*(give(i + number) for i in range(50))))

    results = {}
    threads = [
        threading.Thread(target=lambda n=n: results.update({n: asyncio.run(work(n))}))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(results.items()))


for part in states, cancellation, waiting, eager, wrong:
    asyncio.run(part())
forgotten()
many_loops()
