"""A bank whose accounts have locks: every thread moves money between the same accounts."""

import threading

from _bench import Benchmark, Numbers, fingerprint

ACCOUNTS = 200
TELLERS = 24


class Account:
    def __init__(self, number, balance):
        self.number = number
        self.balance = balance
        self.transfers = 0
        self.lock = threading.Lock()


class Bank:
    def __init__(self):
        self.accounts = [Account(number, 1_000_000) for number in range(ACCOUNTS)]

    def transfer(self, source, target, amount):
        """Move money; locks are taken in the order of the numbers, so nobody deadlocks."""
        if source == target:
            return
        first, second = sorted((source, target))
        giver = self.accounts[source]
        taker = self.accounts[target]
        with self.accounts[first].lock:
            with self.accounts[second].lock:
                giver.balance -= amount
                taker.balance += amount
                giver.transfers += 1
                taker.transfers += 1


def main():
    bench = Benchmark()
    transfers = bench.scaled(80_000)
    bank = Bank()

    def teller(seed):
        numbers = Numbers(seed)
        for _ in range(transfers):
            bank.transfer(
                numbers.below(ACCOUNTS), numbers.below(ACCOUNTS), numbers.below(50) + 1
            )

    with bench:
        bench.each(teller, range(TELLERS))
    balances = [account.balance for account in bank.accounts]
    counts = [account.transfers for account in bank.accounts]
    if sum(balances) != ACCOUNTS * 1_000_000:
        raise ValueError("money was lost or made")
    bench.report(
        f"bank {TELLERS}x{transfers}: {sum(counts)} {fingerprint(balances)} {fingerprint(counts)}"
    )


if __name__ == "__main__":
    main()
