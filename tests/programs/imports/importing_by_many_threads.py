# Many threads import one module at once: it runs once, and nobody sees it half done.
import os
import sys
import tempfile
import threading

root = tempfile.mkdtemp()
sys.path.insert(0, root)
with open(os.path.join(root, "slow_module.py"), "w") as file:
    file.write("import time, counter\ncounter.runs.append(1)\ntime.sleep(0.05)\nlast = 'complete'\n")
with open(os.path.join(root, "counter.py"), "w") as file:
    file.write("runs = []\n")
import counter

seen = []
barrier = threading.Barrier(8)


def load():
    barrier.wait()
    import slow_module

    seen.append(slow_module.last)


threads = [threading.Thread(target=load) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert seen == ["complete"] * 8 and counter.runs == [1]
import shutil

shutil.rmtree(root)
