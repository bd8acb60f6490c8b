def generator(a):
    x = yield a
    y = yield from x
    return y

async def coroutine(a):
    async with a as b:
        await b
    async for c in a:
        yield c

async def asynchronous(a):
    return [x async for x in a if await x]
