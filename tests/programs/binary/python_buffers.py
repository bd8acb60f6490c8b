# Buffers of Python classes: __buffer__ and __release_buffer__ (PEP 688).


class Exporter:
    def __init__(self):
        self.data = bytearray(b"hello")
        self.held = 0

    def __buffer__(self, flags):
        self.held += 1
        return memoryview(self.data)

    def __release_buffer__(self, view):
        self.held -= 1
        print("released", view.tobytes())


exporter = Exporter()
with memoryview(exporter) as view:
    print(exporter.held, view.tobytes())
    view[0] = ord("J")
print(exporter.held, bytes(exporter))


class Noisy(bytearray):
    def __buffer__(self, flags):
        print("asked")
        return super().__buffer__(flags)

    def __release_buffer__(self, view):
        print("given back")
        super().__release_buffer__(view)


noisy = Noisy(b"abc")
with memoryview(noisy) as view:
    print(view[0])
noisy.clear()
print(noisy)


class Other(bytearray):
    def __buffer__(self, flags):
        return memoryview(b"other")

    def __release_buffer__(self, view):
        try:
            super().__release_buffer__(view)
        except ValueError as error:
            print(error)


print(memoryview(Other(b"own")).tobytes())


class Lender(bytearray):
    def __release_buffer__(self, view):
        for use in (memoryview, lambda view: view[:1], lambda view: view.cast("b")):
            try:
                use(view)
            except ValueError as error:
                print(error)
        print(view.tobytes())


with memoryview(Lender(b"lent")):
    pass


class Wrong:
    def __buffer__(self, flags):
        return b"no view"


try:
    memoryview(Wrong())
except TypeError as error:
    print(error)
