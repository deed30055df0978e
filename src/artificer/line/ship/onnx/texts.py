"""Texts as counts of their words, or of runs of letters, in operators: what `artificer_runtime.texts` does with strings.

A text is cut into its characters; each becomes a number, in lower case; a word is then a run of numbers with a boundary on
either side. What is a letter, a space and a small letter is read from Python's own tables when the file is written, so no
locale has a say. The one operator that is not of the standard is onnxruntime's `Tokenizer`, which cuts.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import numpy as np

from artificer.line.ship.onnx.graph import ONNXRUNTIME, Graph
from artificer_runtime.steps import text_shape
from artificer_runtime.texts import LONGEST

BOUNDARY, OTHER, FIRST = 0, 1, 2  # not of a word; of a word, and in no word that is known; the first known letter
DOTTED, DOT = "İ", "\u0307"  # the one character whose small letter is two: i, and a dot above it
TWO = -1
SIGMAS = "σς"


def readable(tokens: Sequence[str]) -> bool:
    """Whether tokens can be found as the runtime finds them.

    The small letter of the Greek sigma hangs on the letters about it, and single letters are not told from word edges.
    """
    return not any(sigma in token for token in tokens for sigma in SIGMAS) and "" not in tokens and " " not in tokens


def counted(graph: Graph, text: str, tokens: Sequence[str], letters: Sequence[int]) -> str:
    """How often each token stands in each text.

    Parameters
    ----------
    text : string [n, 1]
    tokens : words, or where `letters` is given runs of letters, a word's begin and end being a space

    Returns
    -------
    str
        Float [n, n_tokens].
    """
    place = {letter: FIRST + at for at, letter in enumerate(sorted(set("".join(tokens)) - {" "}))}
    place[" "] = BOUNDARY
    runs = [[place[letter] for letter in (token if letters else f" {token} ")] for token in tokens]
    order = sorted(range(len(runs)), key=lambda one: len(runs[one]))
    lengths = [len(runs[one]) for one in order]
    starts = np.cumsum([0, *(n * lengths.count(n) for n in range(1, max(lengths)))])
    counts = graph.add(
        "TfIdfVectorizer",
        _numbers(graph, _characters(graph, text), place, words=not letters),
        mode="TF",
        min_gram_length=min(lengths),
        max_gram_length=max(lengths),
        max_skip_count=0,
        ngram_counts=starts.tolist(),
        ngram_indexes=order,
        pool_int64s=[number for one in order for number in runs[one]],
    )
    return _of_rows(graph, counts)


def length(graph: Graph, text: str) -> str:
    """Characters of a text without the blanks around it: int64 [n, 1]."""
    solid, begun = _solid(graph, _characters(graph, text))
    all_of_it = graph.add("ReduceSum", solid, graph.constant([1], np.int64), keepdims=1)
    after_begin = graph.add("Greater", begun, graph.constant(0, np.int64))
    before_end = graph.add("Less", graph.add("Sub", begun, solid), all_of_it)
    return _of_rows(graph, _how_many(graph, graph.both(after_begin, before_end)))


def shape(graph: Graph, text: str) -> dict[str, str]:
    """What `artificer_runtime.steps.text_shape` counts in each text, by its name: int64 [n, 1]."""
    letters = _characters(graph, text)
    read, (solid, _) = _within(graph, letters), _solid(graph, letters)
    padded = graph.add("Pad", solid, graph.constant([0, 1, 0, 0], np.int64))
    before = graph.add("Slice", padded, *(graph.constant([one], np.int64) for one in (0, -1, 1)))
    begins = graph.add("Greater", solid, before)

    def number(held: str) -> str:
        return _of_rows(graph, _how_many(graph, graph.both(held, read)))

    def of(*kinds: str) -> str:
        return number(graph.add("RegexFullMatch", letters, pattern=_of_kinds("".join(kinds))))

    return {
        "characters": graph.add("Min", length(graph, text), _number(graph, LONGEST)),
        "words": number(begins),
        "digits": of(text_shape.DIGIT),
        "capitals": of(text_shape.CAPITAL),
        "marks": of(*text_shape.MARKS),
        "exclamation marks": of(text_shape.EXCLAMATION),
        "question marks": of(text_shape.QUESTION),
        "currency signs": of(text_shape.CURRENCY),
    }


def _characters(graph: Graph, text: str) -> str:
    """One character a place, "" behind the last: string [n + 1, most].

    The last row is an empty text: of no row at all the operators make shapes that others refuse.
    """
    flat = graph.add("Squeeze", text, graph.constant([1], np.int64))
    flat = graph.add("Concat", flat, graph.constant([""], np.object_), axis=0)
    return graph.add("Tokenizer", flat, domain=ONNXRUNTIME, mark=0, mincharnum=1, pad_value="", separators=[""])


@cache
def _capitals() -> dict[str, list[str]]:
    """Small letter → the characters that become it, itself among them."""
    found = defaultdict(list)
    for letter in map(chr, range(sys.maxunicode + 1)):
        found[letter.lower()].append(letter)
    assert [one for one in found if len(one) > 1] == ["i" + DOT]
    return found


@cache
def _all_characters() -> str:
    return "".join(map(chr, range(sys.maxunicode + 1)))


@cache
def _word_letter() -> str:
    """A pattern of what Python's re calls \\w: other engines have other tables."""
    return _in_ranges(r"\w+", _all_characters())


@cache
def _of_kinds(kinds: str) -> str:
    """A pattern of characters of these kinds."""
    return _in_ranges(f"[{re.escape(kinds)}]+", _all_kinds())


@cache
def _all_kinds() -> str:
    return "".join(map(text_shape.kind, _all_characters()))


def _in_ranges(pattern: str, characters: str) -> str:
    spans = [one.span() for one in re.finditer(pattern, characters)]
    return "[" + "".join(rf"\x{{{low:x}}}-\x{{{past - 1:x}}}" for low, past in spans) + "]"


@cache
def _spaces() -> list[str]:
    return re.findall(r"\s", _all_characters())


def _numbers(graph: Graph, letters: str, place: dict[str, int], *, words: bool) -> str:
    """What a character is as a number; a boundary before the first and behind the last."""
    known = {DOTTED: TWO, "": BOUNDARY} | (dict.fromkeys(_spaces(), BOUNDARY) if not words else {})
    for small, number in place.items():
        if small != " ":
            known |= dict.fromkeys(_capitals()[small], number)
    numbers = graph.encoded(letters, list(known), list(known.values()), OTHER)
    boundary = graph.constant(BOUNDARY, np.int64)
    if words:
        of_word = graph.add("RegexFullMatch", letters, pattern=_word_letter())
        numbers = graph.where(of_word, numbers, boundary)
    numbers = graph.where(_within(graph, letters), numbers, boundary)
    padded = graph.add("Pad", numbers, graph.constant([0, 1, 0, 1], np.int64), boundary)
    return _told_apart(graph, padded, place.get("i", OTHER), BOUNDARY if words else place.get(DOT, OTHER))


def _of_rows(graph: Graph, matrix: str) -> str:
    """Without the last row."""
    return graph.add("Slice", matrix, *(graph.constant([one], np.int64) for one in (0, -1, 0)))


def _within(graph: Graph, letters: str) -> str:
    """Whether a character is among the first that are read; blanks before a text do not count."""
    _, begun = _solid(graph, letters)
    blanks = _how_many(graph, graph.add("Equal", begun, graph.constant(0, np.int64)))
    return graph.add("Less", _places(graph, _width(graph, letters)), graph.add("Add", blanks, _number(graph, LONGEST)))


def _solid(graph: Graph, letters: str) -> tuple[str, str]:
    """1 where a character is no space, and how many such there are up to it."""
    blanks = [*_spaces(), ""]
    solid = graph.encoded(letters, blanks, [0] * len(blanks), 1)
    return solid, graph.add("CumSum", solid, graph.constant(1, np.int64))


def _told_apart(graph: Graph, numbers: str, letter: int, dot: int) -> str:
    """Put two numbers where one character has become two letters; what follows moves on."""
    two = graph.add("Equal", numbers, graph.constant(TWO, np.int64))
    marks = graph.cast(two, "int64")
    moved = graph.add("CumSum", marks, graph.constant(1, np.int64), exclusive=1)
    more = _how_many(graph, two)
    width = _width(graph, numbers)
    most = graph.add("ReduceMax", graph.add("Concat", more, graph.constant([[0]], np.int64), axis=0), keepdims=0)
    wider = graph.add("Add", width, most)
    n_rows = graph.add("Shape", numbers, start=0, end=1)
    shape = graph.add("Concat", n_rows, graph.add("Reshape", wider, graph.constant([1], np.int64)), axis=0)
    spread = graph.add(
        "ScatterElements",
        graph.add("Expand", graph.constant(dot, np.int64), shape),
        graph.add("Add", moved, _places(graph, width)),
        graph.where(two, graph.constant(letter, np.int64), numbers),
        axis=1,
    )
    held = graph.add("Less", _places(graph, wider), graph.add("Add", more, width))
    return graph.where(held, spread, graph.constant(BOUNDARY, np.int64))


def _how_many(graph: Graph, marks: str) -> str:
    """How often a condition holds in a row: int64 [n, 1]."""
    return graph.add("ReduceSum", graph.cast(marks, "int64"), graph.constant([1], np.int64), keepdims=1)


def _width(graph: Graph, matrix: str) -> str:
    return graph.add("Squeeze", graph.add("Shape", matrix, start=1, end=2))


def _places(graph: Graph, width: str) -> str:
    return graph.add("Range", _number(graph, 0), width, _number(graph, 1))


def _number(graph: Graph, number: int) -> str:
    return graph.constant(number, np.int64)
