import m
x: int = 1
if m:
    y: str

def f(a: int, *args: T, k: str = "") -> None: ...

class A[T: (int, str), *Ts, **P](B[T]):
    z: T
    if m:
        w: int
    def method[U = int](self, a: U) -> T: ...

type Alias[K] = dict[K, list[Alias]]
