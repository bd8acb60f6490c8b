# Threads give and take attributes of classes that another thread made, and classes derived from them.

import threading


class Base:
    pass


def change(classes, start, number):
    start.wait()
    for cls in classes:
        for _ in range(3):
            if number % 2:
                cls.__len__ = lambda self: number
                cls.value = number
                try:
                    del cls.__len__
                except AttributeError:
                    pass
            else:
                cls.__eq__ = lambda self, other: True
                cls.other = number
                cls.__bases__ = (Base,)


def run():
    start = threading.Barrier(4)
    lists = []

    def work(number):
        made = [type(f"Made{number}", (Base,), {}) for _ in range(100)]
        lists.append(made)
        start.wait()
        for classes in lists:
            change(classes, start, number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    classes = [cls for made in lists for cls in made]
    print(len(classes), {cls.__bases__ for cls in classes} == {(Base,)})
    print(all(isinstance(cls.value, int) and isinstance(cls.other, int) for cls in classes))
    print(any("__len__" in vars(cls) for cls in classes))


for _ in range(5):
    run()
