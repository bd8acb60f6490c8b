# while and for with break, continue and else, nested, over changing lists, with returns inside.
found = []
for number in range(2, 20):
    for factor in range(2, number):
        if number % factor == 0:
            break
    else:
        found.append(number)
assert found == [2, 3, 5, 7, 11, 13, 17, 19]

count = 0
while count < 5:
    count += 1
    if count == 3:
        continue
    if count == 10:
        break
else:
    count = -count
assert count == -5

while True:
    break
else:
    raise AssertionError("else after break")

for nothing in ():
    raise AssertionError("no items")
else:
    reached = True
assert reached

items = [1, 2, 3]
for item in items:
    if item < 6:
        items.append(item + 3)
assert items == [1, 2, 3, 4, 5, 6, 7, 8]


def search(rows):
    for row in rows:
        for cell in row:
            while cell:
                if cell == 3:
                    return row, cell
                cell -= 2
                if cell < 0:
                    break
    return None


assert search([[2, 4], [0, 5]]) == ([0, 5], 3)
assert search([[2]]) is None

total = 0
for i in range(10):
    if i % 2:
        continue
    for j in range(i):
        if j > 3:
            break
        total += j
    else:
        continue
    total += 100
assert total == 0 + 1 + (0 + 1 + 2 + 3) + 2 * 106, total

for i in range(3):
    pass
assert i == 2, "the loop variable stays"
for i in range(0):
    pass
assert i == 2
