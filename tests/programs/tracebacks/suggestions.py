# exit: 1
# Suggestions for misspelt names, attributes, keywords, modules.
import traceback


class Box:
    def __init__(self):
        self.content = 1

    def open_lid(self):
        return contents

    def use_self(self):
        return open_lid


def show(function):
    try:
        function()
    except Exception as error:
        print(traceback.format_exception(error)[-1], end="", file=__import__("sys").stderr)


def local_name():
    length = 1
    return lenght


contents_of = 1
show(lambda: Box().contnt)
show(local_name)
show(lambda: Box().use_self())
show(lambda: prnt)
show(lambda: __import__("math").sqr)
show(lambda: sorted([1], revers=True))
show(lambda: time.sleep(1))
show(lambda: exec("import maht"))
show(lambda: exec("from math import sqroot"))
raise SystemExit(1)
