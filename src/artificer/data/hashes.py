"""Hashes of values that stay the same over machines, processes and versions, so that what was stored goes on adding up.

Numbers and moments are hashed by their bits, texts by their UTF-8 bytes in words of eight, both mixed by splitmix64
(Steele, Lea and Flood 2014, OOPSLA). All rows are hashed at once: a text of 10 bytes takes some 20 ns.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.data.row_key import LONG, WORD

MIXED_AT_ONCE = 16_384
MISSING = np.uint64(0x5851F42D4C957F2D)
ODD = FIRST = np.uint64(0x9E3779B97F4A7C15)
_MIX = (FIRST, np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(WORD + 1)], np.uint64)
# What stands for a byte in a pattern: 9 a digit, A and a letters; beyond ASCII all count as small letters.
_SHAPE = np.array(
    [
        ord("9" if c.isdigit() else "A" if "A" <= c <= "Z" else "a" if "a" <= c <= "z" or c > "\x7f" else c)
        for c in map(chr, range(256))
    ],
    np.uint8,
)
_SHAPE[0x80:] = ord("a")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as bytes, one after the other.

    Attributes
    ----------
    data : array of uint8, (n_bytes + 8,)
        UTF-8, and eight zeros so that the last word can be read.
    starts : array of int64, (n + 1,)
    """

    data: np.ndarray
    starts: np.ndarray

    def text(self, place: int) -> str:
        """One of them."""
        return bytes(self.data[self.starts[place] : self.starts[place + 1]]).decode("utf-8", "replace")

    def take(self, places: np.ndarray) -> Texts:
        """Those at some places, in that order."""
        lengths = np.diff(self.starts)[places]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return _padded(self.data[np.repeat(self.starts[places] - starts[:-1], lengths) + np.arange(starts[-1])], starts)


def texts_of(column: pl.Series) -> Texts:
    """The bytes of a column of texts without gaps."""
    array = (
        column.alias("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    )  # a name may hold what Arrow refuses
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * WORD) if len(array) else np.zeros(1, int)
    held = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]] if data is not None else np.empty(0, np.uint8)
    return _padded(held, starts - starts[0])


def number_hashes(values: np.ndarray) -> np.ndarray:
    """Hash of each number: uint64 (n,); 0 and -0 have the same."""
    return mixed((values + 0.0).view(np.uint64))


def text_hashes(texts: Texts) -> np.ndarray:
    """Hash of each text: uint64 (n,)."""
    starts, lengths = texts.starts[:-1], np.diff(texts.starts)
    if len(lengths) and lengths[0] <= LONG and (lengths == lengths[0]).all():
        return _hashes_of_even(texts.data, len(lengths), int(lengths[0]))
    words = np.ndarray(len(texts.data) - WORD + 1, "<u8", texts.data, strides=(1,))
    total = mixed(lengths.astype(np.uint64))
    long = lengths > LONG
    live = np.flatnonzero((lengths > 0) & ~long)
    done = 0
    while len(live):
        word = words[starts[live] + done].astype(np.uint64) & _MASKS[np.minimum(lengths[live] - done, WORD)]
        total[live] = mixed(total[live] ^ word)
        done += WORD
        live = live[lengths[live] > done]
    for place in np.flatnonzero(long).tolist():
        held = texts.data[texts.starts[place] : texts.starts[place + 1]]
        total[place] = int.from_bytes(hashlib.blake2b(held.tobytes(), digest_size=8).digest(), "little")
    return total


def _hashes_of_even(data: np.ndarray, n: int, length: int) -> np.ndarray:
    """The same for texts that are all of one length, as most identifiers are: no word is looked up by its place."""
    total = mixed(np.full(n, length, np.uint64))
    for done in range(0, length, WORD):
        word = np.ndarray(n, "<u8", data, done, (length,)) & _MASKS[min(length - done, WORD)]
        total = mixed(np.bitwise_xor(total, word, out=word))
    return total


def sorts_of_bytes(texts: Texts) -> Texts:
    """The texts with 9 for every digit, A and a for letters, other characters as they are."""
    # As an index each byte would be widened to eight.
    sorts = texts.data[: texts.starts[-1]].tobytes().translate(_SHAPE.tobytes())
    return _padded(np.frombuffer(sorts, np.uint8), texts.starts)


def shortened(texts: Texts) -> Texts:
    """Texts with one character for each run of the same: of sorts of bytes, "AB-1234" and "X-9" are both "A-9"."""
    held = texts.data[: texts.starts[-1]]
    kept = np.ones(len(held), bool)
    kept[1:] = held[1:] != held[:-1]
    begins = texts.starts[:-1]
    kept[begins[begins < texts.starts[1:]]] = True
    return _padded(held[kept], np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])[texts.starts])


def mixed(values: np.ndarray) -> np.ndarray:
    """Spread the bits of uint64 (n,) evenly, by splitmix64: the same values on every machine."""
    with np.errstate(over="ignore"):
        bits = values + _MIX[0]
        # Block by block, in the processor's cache: three times as fast as whole arrays after each other.
        for start in range(0, len(bits), MIXED_AT_ONCE):
            block = bits[start : start + MIXED_AT_ONCE]
            high = block >> np.uint64(30)
            block ^= high
            block *= _MIX[1]
            block ^= np.right_shift(block, np.uint64(27), out=high)
            block *= _MIX[2]
            block ^= np.right_shift(block, np.uint64(31), out=high)
        return bits


def weighted(hashes: np.ndarray, place: int) -> np.ndarray:
    """What a column at a place adds to the hashes of rows, uint64 (n,), modulo 2^64: the order of the columns counts.

    Values are mixed and weights odd, so that rows which differ in any column have one sum by chance alone.
    """
    return hashes * np.uint64(pow(int(ODD), place, 1 << 64))


def _padded(data: np.ndarray, starts: np.ndarray) -> Texts:
    return Texts(np.concatenate([data, np.zeros(WORD, np.uint8)]), starts)
