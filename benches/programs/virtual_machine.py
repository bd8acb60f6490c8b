"""A stack machine that runs a small program: match statements, lists as stacks, dict look-ups."""

from _bench import Benchmark

# Greatest common divisors of all pairs below `limit`, added up.
PROGRAM = """
        push 1
        store a
outer:  push 1
        store b
inner:  load a
        store x
        load b
        store y
euclid: load y
        jump_if_zero found
        load x
        load y
        mod
        load y
        store x
        store y
        jump euclid
found:  load total
        load x
        add
        store total
        load b
        push 1
        add
        store b
        load b
        load limit
        less
        jump_if_true inner
        load a
        push 1
        add
        store a
        load a
        load limit
        less
        jump_if_true outer
        halt
"""


def assemble(text):
    labels = {}
    lines = []
    for line in text.strip().splitlines():
        label, colon, rest = line.partition(":")
        if colon:
            labels[label.strip()] = len(lines)
            line = rest
        lines.append(line.split())
    code = []
    for words in lines:
        match words:
            case [operation, target] if target in labels:
                code.append((operation, labels[target]))
            case [operation, operand] if operand.isdigit():
                code.append((operation, int(operand)))
            case [operation, operand]:
                code.append((operation, operand))
            case [operation]:
                code.append((operation, None))
    return code


def run(code, variables):
    stack = []
    counter = steps = 0
    while True:
        operation, operand = code[counter]
        counter += 1
        steps += 1
        match operation:
            case "load":
                stack.append(variables[operand])
            case "store":
                variables[operand] = stack.pop()
            case "push":
                stack.append(operand)
            case "add":
                right = stack.pop()
                stack.append(stack.pop() + right)
            case "mod":
                right = stack.pop()
                stack.append(stack.pop() % right)
            case "less":
                right = stack.pop()
                stack.append(stack.pop() < right)
            case "jump":
                counter = operand
            case "jump_if_true":
                if stack.pop():
                    counter = operand
            case "jump_if_zero":
                if stack.pop() == 0:
                    counter = operand
            case "halt":
                return variables["total"], steps
            case _:
                raise ValueError(operation)


def main():
    bench = Benchmark()
    code = assemble(PROGRAM)
    machines = bench.scaled(96)
    with bench:
        answers = bench.each(
            lambda limit: run(code, {"limit": limit, "total": 0}),
            [60 + machine % 4 for machine in range(machines)],
        )
    total = sum(answer[0] for answer in answers)
    steps = sum(answer[1] for answer in answers)
    bench.report(f"virtual_machine {machines}: {total} in {steps} steps")


if __name__ == "__main__":
    main()
