def defaults(a, /, b=1, *args, c, d=2, **kwargs):
    return a, b, args, c, d, kwargs

def unbound(flag):
    if flag:
        x = 1
    del flag
    return x

@decorate(1)
def decorated(): "doc"

def calls(f, g, a, k):
    f(a, k=1)
    g.method(a, *a, **k)
    f(*a)
    g.method(x=1)
    return any(i for i in a)

class A(Base):
    def method(self):
        super().method()
        self.attribute = super(A, self).other

mapped = lambda x, y=1: x + y
