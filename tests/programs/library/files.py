# The library's files can be read where its modules say that they are.
import ast
import inspect
import json.decoder
import os

folder = os.path.dirname(os.__file__)
assert "json" in os.listdir(folder) and "ast.py" in os.listdir(folder)
assert os.path.isfile(json.decoder.__file__)
assert "encoder.py" in os.listdir(json.__path__[0])

with open(ast.__file__, encoding="utf-8") as file:
    source = file.read()
assert inspect.getsource(ast) == source
assert ast.parse(source).body
assert ast.__loader__.get_source("ast") == source
