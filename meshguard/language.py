"""Expressions for paths in, the paths that they have in common or leave to each other out.

Decided exactly, by walking through all expressions at once; where that takes too many steps, nobody knows.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple, TypeAlias

from meshguard.regex import Char, Choice, Edge, Part, Repeat, Sequence, literal, parse

_MOST_STATES = 3_000
_MOST_WORK = 50_000  # ways looked at; some tenths of a second
_IN_PATHS = sum(1 << code for code in range(33, 127) if chr(code) not in "?#\\")
# What a proxy compares: from the first slash, dot segments resolved, without query and fragment.
_SEGMENTS = ("", "[^./][^/]*", r"\.[^./][^/]*", r"\.\.[^/]+")
_READABLE = "xabcdefghijklmnopqrstuvwyz1023456789/-_ABCDEFGHIJKLMNOPQRSTUVWXYZ.~"


class Unknown(Exception):  # noqa: N818 - nothing is wrong, it is only not known
    """It takes too many steps to tell."""


class Automaton(NamedTuple):
    """A machine for an expression: for each state the characters that lead on, and the ways that need none.

    A free way is open always (None), at the beginning (False) or at the end of the path (True). State 0 begins,
    the last one accepts.
    """

    steps: tuple[tuple[int, int] | None, ...]
    free: tuple[tuple[tuple[bool | None, int], ...], ...]


class _Node(NamedTuple):
    """A place in the walk: one state of each machine within, and all states of each machine outside."""

    states: tuple[int, ...]
    sets: tuple[frozenset[int], ...]


_Builder: TypeAlias = "tuple[list[tuple[int, int] | None], list[list[tuple[bool | None, int]]]]"


def automaton(part: Part) -> Automaton:
    """Make the machine of an expression; Unknown where it is too large."""
    builder: _Builder = ([], [])
    start = _state(builder)
    end = _build(part, start, builder)
    last = _state(builder)
    builder[1][end].append((None, last))
    return Automaton(tuple(builder[0]), tuple(map(tuple, builder[1])))


def paths() -> Automaton:
    """Make the machine of everything that can be a path."""
    segment = Choice(tuple(filter(None, map(parse, _SEGMENTS))))
    return automaton(Repeat(Sequence((*literal("/").parts, segment)), 1, None))


def shortest(within: tuple[Automaton, ...], outside: tuple[Automaton, ...] = ()) -> str | None:
    """Give a shortest path that all of `within` take and none of `outside`, or None if there is none.

    Unknown is raised where it takes too many steps to tell.
    """
    within = (paths(), *within)
    letters = _letters((*within, *outside))
    start = _Node((0,) * len(within), tuple(_closure(each, {0}, beginning=True) for each in outside))
    seen = {start}
    queue = [(start, "")]
    work = 0
    for node, text in queue:
        if _is_found(within, outside, node, beginning=not text):
            return text
        ways = tuple(_ways(*pair, beginning=not text) for pair in zip(within, node.states, strict=True))
        work += len(letters) * (sum(map(len, ways)) + sum(map(len, node.sets)))
        if work > _MOST_WORK:
            raise Unknown
        for letter in letters:
            following = set(_following(ways, outside, node, letter)) - seen
            seen |= following
            queue += [(each, text + letter) for each in following]
            work += len(following)
    return None


def accepts(machine: Automaton, path: str) -> bool:
    """Tell whether the machine takes the whole path."""
    states = _closure(machine, {0}, beginning=True)
    for letter in path:
        states = _closure(machine, _after(machine, states, letter))
    return _ends(machine, states)


def _state(builder: _Builder) -> int:
    steps, free = builder
    if len(steps) == _MOST_STATES:
        raise Unknown
    steps.append(None)
    free.append([])
    return len(steps) - 1


def _build(part: Part, start: int, builder: _Builder) -> int:
    """Add the states of a part behind a state, and give the one where it ends."""
    if isinstance(part, Sequence):
        for each in part.parts:
            start = _build(each, start, builder)
        return start
    if isinstance(part, Repeat):
        return _build_repeat(part, start, builder)
    end = _state(builder)
    if isinstance(part, Choice):
        for option in part.options:
            builder[1][_build(option, _branch(start, builder), builder)].append((None, end))
    elif isinstance(part, Edge):
        builder[1][start].append((part.end, end))
    else:
        _build_char(part, start, end, builder)
    return end


def _build_char(part: Char, start: int, end: int, builder: _Builder) -> None:
    inner = _branch(start, builder)
    builder[0][inner] = (part.chars & _IN_PATHS, end)


def _branch(start: int, builder: _Builder) -> int:
    """Begin a way of its own behind a state: nothing that is added there later leads back into it."""
    inner = _state(builder)
    builder[1][start].append((None, inner))
    return inner


def _build_repeat(part: Repeat, start: int, builder: _Builder) -> int:
    for _ in range(part.low):
        start = _build(part.part, start, builder)
    if part.high is None:
        loop = _branch(start, builder)
        builder[1][_build(part.part, _branch(loop, builder), builder)].append((None, loop))
        return loop
    end = _state(builder)
    for _ in range(part.high - part.low):
        builder[1][start].append((None, end))
        start = _build(part.part, _branch(start, builder), builder)
    builder[1][start].append((None, end))
    return end


def _closure(
    machine: Automaton, states: Iterable[int], *, beginning: bool = False, end: bool = False
) -> frozenset[int]:
    open_ways = {None, *([False] if beginning else []), *([True] if end else [])}
    found = set(states)
    todo = list(states)
    while todo:
        for way, target in machine.free[todo.pop()]:
            if way in open_ways and target not in found:
                found.add(target)
                todo.append(target)
    return frozenset(found)


def _after(machine: Automaton, states: Iterable[int], letter: str) -> set[int]:
    bit = 1 << ord(letter)
    steps = (machine.steps[state] for state in states)
    return {target for chars, target in filter(None, steps) if chars & bit}


def _ends(machine: Automaton, states: Iterable[int], *, beginning: bool = False) -> bool:
    return len(machine.steps) - 1 in _closure(machine, states, beginning=beginning, end=True)


def _is_found(
    within: tuple[Automaton, ...], outside: tuple[Automaton, ...], node: _Node, *, beginning: bool
) -> bool:
    inside = (_ends(each, {state}, beginning=beginning) for each, state in zip(within, node.states, strict=True))
    return all(inside) and not any(map(_ends, outside, node.sets))


def _ways(machine: Automaton, state: int, *, beginning: bool) -> tuple[tuple[int, int], ...]:
    """Give the characters that lead on from a state, and where to."""
    reached = _closure(machine, {state}, beginning=beginning)
    return tuple(filter(None, (machine.steps[each] for each in reached)))


def _following(
    ways: tuple[tuple[tuple[int, int], ...], ...], outside: tuple[Automaton, ...], node: _Node, letter: str
) -> Iterator[_Node]:
    bit = 1 << ord(letter)
    targets = [{target for chars, target in way if chars & bit} for way in ways]
    if all(targets):
        sets = tuple(
            _closure(each, _after(each, states, letter)) for each, states in zip(outside, node.sets, strict=True)
        )
        yield from (_Node(states, sets) for states in product(*targets))


def _letters(machines: tuple[Automaton, ...]) -> tuple[str, ...]:
    """Give one character for each kind of them that the machines tell apart."""
    kinds = {_IN_PATHS}
    for chars in {step[0] for machine in machines for step in filter(None, machine.steps)}:
        kinds = set(_parted(kinds, chars))
    best = {_readable(kind) for kind in kinds}
    return (*filter(best.__contains__, _READABLE), *sorted(best - set(_READABLE)))


def _parted(kinds: set[int], chars: int) -> Iterator[int]:
    for kind in kinds:
        yield from filter(None, (kind & chars, kind & ~chars))


def _readable(kind: int) -> str:
    best = (letter for letter in _READABLE if kind & 1 << ord(letter))
    return next(best, chr((kind & -kind).bit_length() - 1))
