"""Strings taken apart and put together: join, format, replace, slices, concatenation in loops."""

from _bench import Benchmark, Numbers, fingerprint

SYLLABLES = "ka zu mi tor en dal ü ра lo pi".split()


def page(seed):
    numbers = Numbers(seed)
    lines = []
    for number in range(120):
        words = []
        for _ in range(8):
            word = ""
            for _ in range(1 + numbers.below(4)):
                word += SYLLABLES[numbers.below(10)]
            words.append(word)
        line = " ".join(words)
        if number % 3 == 0:
            line = line.replace("ka", "<b>ka</b>").upper()
        elif number % 3 == 1:
            line = f"{number:>4}. {line[:30]:.<32}|{numbers.below(1000) / 7:8.3f}"
        else:
            line = "%-5d%s" % (number, line.title()[::-1])
        lines.append(line.rstrip())
    text = "\n".join(lines)
    words = [word for word in text.split() if word.isalpha()]
    caesar = "".join(chr((ord(letter) - 97 + 3) % 26 + 97) for letter in text if "a" <= letter <= "z")
    return len(text), len(words), caesar.count("nd"), text.find("TOR"), text[-40:]


def main():
    bench = Benchmark()
    pages = bench.scaled(1_250)
    with bench:
        answers = bench.each(page, range(1, pages + 1))
    bench.report(f"string_building {pages}: {answers[0][:3]} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
