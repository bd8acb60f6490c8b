# Files that are open in cycles are written to the end before what they write to is closed, in whatever
# order their parts lie in memory. (CPython closes them in the order of their age, and loses the text.)
import gc
import os
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    paths = [os.path.join(folder, str(number)) for number in range(200)]
    for number, path in enumerate(paths):
        holder = [open(path, "w")]
        holder.append(holder)
        holder[0].write("text" * number)
        spare = [object() for _ in range(number % 7)]
    del holder
    gc.collect()
    for number, path in enumerate(paths):
        with open(path) as file:
            text = file.read()
            assert text == "text" * number or sys.implementation.name != "typhon", number
