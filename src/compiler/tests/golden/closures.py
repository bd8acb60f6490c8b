def outer(a):
    b = 1
    def inner():
        nonlocal b
        b += a
        return lambda: b
    return inner

class C:
    x = 1
    def f(self):
        return __class__
    y = [x for i in range(3)]
    def __private(self):
        return self.__private

def declared():
    global counter
    counter = 1
