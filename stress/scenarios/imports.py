"""All threads import the same fresh modules at once: each runs once, nobody sees half of one."""

import importlib
import os
import shutil
import sys
import tempfile

import _scenario

MODULES = 6


def scenario(round):
    folder = tempfile.mkdtemp()
    prefix = f"fresh_{os.getpid()}_{round.number}_"
    names = [f"{prefix}{number}" for number in range(MODULES)]
    runs = []
    sys.stress_runs = runs
    sys.path.insert(0, folder)
    try:
        for number, name in enumerate(names):
            following = names[number + 1 :]
            with open(os.path.join(folder, name + ".py"), "w") as file:
                file.write("import sys\n")
                file.write(f"sys.stress_runs.append({name!r})\n")
                file.write("first = 1\n")
                for later in following[:2]:
                    file.write(f"import {later}\nassert {later}.last == 2\n")
                file.write("last = 2\n")
        importlib.invalidate_caches()

        def load(index, numbers):
            for _ in range(MODULES * 2):
                name = numbers.choice(names)
                module = importlib.import_module(name)
                assert (module.first, module.last) == (1, 2), "half a module"
                assert sys.modules[name] is module
            for name in names:
                exec(f"from {name} import last\nassert last == 2")

        round.together(load)
        assert sorted(runs) == sorted(names), "a module ran twice or never"
    finally:
        sys.path.remove(folder)
        del sys.stress_runs
        for name in names:
            sys.modules.pop(name, None)
        sys.path_importer_cache.pop(folder, None)
        shutil.rmtree(folder)


_scenario.run(scenario)
