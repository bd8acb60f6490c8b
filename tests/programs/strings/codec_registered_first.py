# A search function that is registered before any codec was looked up is asked after the library's.
import codecs


def search(name):
    if name in ("cp437", "mine"):
        return codecs.lookup("utf-8")


codecs.register(search)
print(codecs.lookup("cp437").name, codecs.lookup("mine").name)
