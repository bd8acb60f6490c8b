# exit: 1
# An uncaught exception: frames, carets under the failing part, the message.
def outer(table):
    return inner(table)["missing"] + 1


def inner(table):
    return {"value": table}


class Runner:
    def run(self):
        return [outer(n) for n in (1, 2)]


Runner().run()
