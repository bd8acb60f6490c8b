//! Programs of a few instructions, by hand.

use super::super::codes::op;
use super::*;

fn search(codes: &[u32], groups: usize, text: &str) -> Option<(usize, usize)> {
    let program = Program::translate(codes, groups).expect("the codes are valid");
    Machine::new(&program, text.as_bytes(), false, None).search(0, false)
}

#[test]
fn greedy_gives_back() {
    // a*ab
    let codes = [
        op::REPEAT_ONE,
        6,
        0,
        MAX_REPEAT,
        op::LITERAL,
        97,
        op::SUCCESS,
        op::LITERAL,
        97,
        op::LITERAL,
        98,
        op::SUCCESS,
    ];
    assert_eq!(search(&codes, 0, "xaaab"), Some((1, 5)));
    assert_eq!(search(&codes, 0, "xaaa"), None);
}

#[test]
fn lazy_takes_more() {
    // .*?b
    let codes = [
        op::MIN_REPEAT_ONE,
        5,
        0,
        MAX_REPEAT,
        op::ANY,
        op::SUCCESS,
        op::LITERAL,
        98,
        op::SUCCESS,
    ];
    assert_eq!(search(&codes, 0, "aabab"), Some((0, 3)));
}

#[test]
fn loops_end_though_an_iteration_is_empty() {
    // (a?)*b
    let body = [
        op::MARK,
        0,
        op::REPEAT_ONE,
        6,
        0,
        1,
        op::LITERAL,
        97,
        op::SUCCESS,
        op::MARK,
        1,
    ];
    let mut codes = vec![op::REPEAT, body.len() as u32 + 3, 0, MAX_REPEAT];
    codes.extend(body);
    codes.extend([op::MAX_UNTIL, op::LITERAL, 98, op::SUCCESS]);
    assert_eq!(search(&codes, 1, "aab"), Some((0, 3)));
    assert_eq!(search(&codes, 1, "aac"), None);
}

#[test]
fn marks_are_taken_back() {
    // (?:(a)|b)*c on "abx", then "abc"
    let codes = [
        op::REPEAT,
        19,
        0,
        MAX_REPEAT,
        op::BRANCH,
        9,
        op::MARK,
        0,
        op::LITERAL,
        97,
        op::MARK,
        1,
        op::JUMP,
        7,
        5,
        op::LITERAL,
        98,
        op::JUMP,
        2,
        0,
        op::MAX_UNTIL,
        op::LITERAL,
        99,
        op::SUCCESS,
    ];
    let program = Program::translate(&codes, 1).expect("the codes are valid");
    let mut machine = Machine::new(&program, b"abx", false, None);
    assert_eq!(machine.search(0, false), None);
    assert_eq!(machine.group(0), None);
    let mut machine = Machine::new(&program, b"abc", false, None);
    assert_eq!(machine.search(0, false), Some((0, 3)));
    assert_eq!(machine.group(0), Some((0, 1)));
    assert_eq!(machine.last_group(), Some(1));
}
