"""One pattern, one scanner, one iterator of matches for all threads: each match once, none wrong."""

import re

import _scenario

WORDS = 300


def scenario(round):
    text = " ".join(f"w{number}=v{number * 2}" for number in range(WORDS))
    pattern = re.compile(r"(?P<name>w(\d+))=v(\d+)")
    expected = list(range(WORDS))

    matches = pattern.finditer(text)
    scanner = pattern.scanner(text)
    lexer = re.Scanner([(r"\d+", lambda scanner, word: int(word)), (r"\s+", None)])

    def iterate(index, numbers):
        taken = []
        for match in matches:
            assert int(match[3]) == 2 * int(match[2]) and match["name"] == "w" + match[2]
            taken.append(int(match[2]))
        return taken

    def scan(index, numbers):
        taken = []
        while match := scanner.search():
            assert match.span(2)[0] == match.start() + 1
            taken.append(int(match[2]))
        return taken

    for work in (iterate, scan):
        taken = sorted(number for part in round.together(work) for number in part)
        assert taken == expected, "a match was lost or came twice"

    shared_match = pattern.search(text, 40)
    groups = shared_match.groupdict()

    def use(index, numbers):
        for step in range(40):
            match numbers.below(8):
                case 0:
                    number = numbers.below(WORDS)
                    found = pattern.search(text, text.index(f"w{number}="))
                    assert found and int(found[2]) == number
                case 1:
                    assert pattern.sub(lambda match: match[2], text[:50]).startswith("0 1 2")
                case 2:
                    assert len(pattern.findall(text)) == WORDS
                case 3:
                    assert shared_match.groupdict() == groups
                    assert shared_match.expand(r"\g<name>") == groups["name"]
                case 4:
                    # The cache of compiled patterns, over its bound.
                    own = re.compile(rf"{index}x{numbers.below(600)}y+")
                    assert own.search("nothing") is None
                case 5:
                    if numbers.below(10) == 0:
                        re.purge()
                    assert re.split(r"\s", "a b c") == ["a", "b", "c"]
                case 6:
                    assert lexer.scan("1 22 333") == ([1, 22, 333], "")
                case 7:
                    assert re.fullmatch(r"(a|b)*?c", "ab" * 50 + "c")

    round.together(use)
    re.purge()


_scenario.run(scenario)
