# The callable of a call with several mappings is named in messages, wherever it comes from.
class Thing:
    def method(self, **keywords):
        return keywords

    @classmethod
    def made(cls, **keywords):
        return keywords

    @staticmethod
    def plain(**keywords):
        return keywords


def function(**keywords):
    return keywords


def local_function():
    def inner(**keywords):
        return keywords

    def nested():
        return inner(**{"a": 1}, **{"a": 2})

    for call in (nested, lambda: inner(**{"a": 1}, **3)):
        try:
            call()
        except TypeError as error:
            print(error)


thing = Thing()
calls = [
    lambda: function(**{"a": 1}, **{"a": 2}),
    lambda: function(a=1, **{"a": 2}),
    lambda: function(**{"a": 1}, **None),
    lambda: thing.method(**{"a": 1}, **{"a": 2}),
    lambda: Thing.made(**{"a": 1}, **{"a": 2}),
    lambda: thing.plain(*(), **{"a": 1}, **{"a": 2}),
    lambda: dict(**{"a": 1}, **{"a": 2}),
    lambda: print(**{"sep": ""}, **{"sep": ""}),
    lambda: print(**{"sep": ""}, **5),
    lambda: function(*5),
    lambda: thing.method(*5, **{}),
]
for call in calls:
    try:
        print(call())
    except TypeError as error:
        print(error)
local_function()
