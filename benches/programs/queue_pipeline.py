"""A pipeline over queue.Queue: a producer, N workers, a collector."""

import queue
import threading

from _bench import Benchmark, fingerprint

DONE = None


def collatz(number):
    """How many steps lead to one."""
    steps = 0
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        steps += 1
    return steps


def main():
    bench = Benchmark()
    jobs = bench.scaled(26_000)
    todo = queue.Queue(maxsize=64)
    done = queue.Queue()

    def produce():
        for job in range(jobs):
            todo.put(job)
        for _ in range(bench.threads):
            todo.put(DONE)

    def work():
        while (job := todo.get()) is not DONE:
            steps = [collatz(job * 10 + offset + 1) for offset in range(10)]
            done.put((job, sum(steps), max(steps)))
        done.put(DONE)

    answers = [None] * jobs

    def collect():
        ends = 0
        while ends < bench.threads:
            item = done.get()
            if item is DONE:
                ends += 1
            else:
                answers[item[0]] = item[1:]

    threads = [threading.Thread(target=produce), threading.Thread(target=collect)]
    threads += [threading.Thread(target=work) for _ in range(bench.threads)]
    with bench:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    total = sum(answer[0] for answer in answers)
    bench.report(f"queue_pipeline {jobs}: {total} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
