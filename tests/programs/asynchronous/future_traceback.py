# Awaiting a failed task again and again does not lengthen the traceback: `await` and `async for` pass an
# error on as it is.
import asyncio
import traceback


async def fail():
    raise TypeError(42)


class Failing:
    def __aiter__(self):
        return self

    async def __anext__(self):
        raise ValueError(7)


async def main():
    task = asyncio.ensure_future(fail())
    for _ in range(3):
        try:
            await task
        except TypeError as error:
            print([entry.line for entry in traceback.extract_tb(error.__traceback__)])
    try:
        async for _ in Failing():
            pass
    except ValueError as error:
        print([entry.line for entry in traceback.extract_tb(error.__traceback__)])


asyncio.run(main())
