"""SHA-256 in plain Python: shifts and masks on ints of 32 bits, list indexing."""

from _bench import Benchmark

MASK = 0xFFFFFFFF


def fraction_bits(root):
    """The first 32 bits of the fractional parts of roots of the first primes, exactly."""
    primes = []
    candidate = 2
    while len(primes) < 64:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    words = []
    for prime in primes:
        target = prime << (32 * root)
        low, high = 0, 1 << 41
        while low < high:
            middle = (low + high + 1) // 2
            if middle**root <= target:
                low = middle
            else:
                high = middle - 1
        words.append(low & MASK)
    return words


START = fraction_bits(2)[:8]
ROUNDS = fraction_bits(3)


def compress(state, block):
    words = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for i in range(16, 64):
        early = words[i - 15]
        late = words[i - 2]
        s0 = (early >> 7 | early << 25) ^ (early >> 18 | early << 14) ^ (early >> 3)
        s1 = (late >> 17 | late << 15) ^ (late >> 19 | late << 13) ^ (late >> 10)
        words.append((words[i - 16] + (s0 & MASK) + words[i - 7] + (s1 & MASK)) & MASK)
    a, b, c, d, e, f, g, h = state
    for i in range(64):
        s1 = ((e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)) & MASK
        choice = (e & f) ^ (~e & g)
        t1 = h + s1 + choice + ROUNDS[i] + words[i]
        s0 = ((a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)) & MASK
        majority = (a & b) ^ (a & c) ^ (b & c)
        h, g, f = g, f, e
        e = (d + t1) & MASK
        d, c, b = c, b, a
        a = (t1 + s0 + majority) & MASK
    return [(x + y) & MASK for x, y in zip(state, (a, b, c, d, e, f, g, h))]


def sha256(message):
    bits = len(message) * 8
    message += b"\x80"
    message += bytes(-(len(message) + 8) % 64) + bits.to_bytes(8, "big")
    state = START
    for i in range(0, len(message), 64):
        state = compress(state, message[i : i + 64])
    return b"".join(word.to_bytes(4, "big") for word in state).hex()


def chain(seed):
    """Hash the hash, and so on."""
    text = f"seed {seed}"
    for _ in range(30):
        text = sha256(text.encode() * 3)
    return text


def main():
    bench = Benchmark()
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    if sha256(b"") != empty:
        raise ValueError("wrong hash of nothing")
    chains = bench.scaled(128)
    with bench:
        digests = bench.each(chain, range(chains))
    bench.report(f"sha256 {chains}: {sha256(''.join(digests).encode())}")


if __name__ == "__main__":
    main()
