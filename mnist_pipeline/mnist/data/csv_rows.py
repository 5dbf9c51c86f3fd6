"""The rows of a label-first CSV, decoded block by block.

Lines of nothing but decimal numbers of at most three digits, commas and `\\n`, which is what `prep` writes, are
decoded with a few NumPy operations on all the bytes of a block; a block with anything else in it (spaces, `\\r\\n`,
blank lines, `+7`, ...) by `numpy.loadtxt`, which takes longer and decides what is a number and what is not.
"""

import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import CsvError
from mnist_pipeline.mnist.data.memory import keep_freed_memory
from mnist_pipeline.mnist.data.threads import map_in_threads

_BLOCK_BYTES = 1 << 19  # of text decoded at a time; with an eighth of it the threads wait for Python's lock
_COMMA, _NEWLINE, _ZERO = b",\n0"
_NOT_TEXT = "not a text file of numbers; give a CSV with a line an image: label, then pixels."


def read_rows(file: Path, block_bytes: int = _BLOCK_BYTES) -> npt.NDArray[np.uint8]:
    """Read a CSV of values 0..255 into a uint8 array of shape (lines, columns).

    Args:
        file: The CSV; plain, or compressed if it ends in `.gz`, `.bz2` or `.xz`.
        block_bytes: How much text to decode at a time.

    Raises:
        CsvError: the file cannot be read, a line is malformed or differs in length, or there are no lines.
    """
    blocks = _decoded_blocks(file, block_bytes)
    first = next(blocks)  # there is one, or an error
    n_blocks = file.stat().st_size // block_bytes + 1  # or more, if it is compressed
    rows = np.empty((n_blocks * len(first), first.shape[1]), np.uint8)  # what is never filled takes no memory
    count = 0
    for block in chain([first], blocks):
        while count + len(block) > len(rows):
            rows = np.concatenate([rows, np.empty_like(rows)])
        rows[count : count + len(block)] = block
        count += len(block)
    return rows[:count]


def row_batches(file: Path, rows: int, block_bytes: int = _BLOCK_BYTES) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the rows of a CSV in order, in uint8 arrays of shape (`rows`, columns); the last one may be shorter.

    Takes the memory of one batch and some blocks, however long the file.

    Raises:
        CsvError: as `read_rows`, but only when the malformed line is reached.
    """
    batch: npt.NDArray[np.uint8] | None = None
    count = 0
    for block in _decoded_blocks(file, block_bytes):
        start = 0
        while start < len(block):
            if batch is None:
                batch, count = np.empty((rows, block.shape[1]), np.uint8), 0
            part = block[start : start + rows - count]
            batch[count : count + len(part)] = part
            start, count = start + len(part), count + len(part)
            if count == rows:
                yield batch
                batch = None
    if batch is not None:
        yield batch[:count]


def decode_plain(text: bytes) -> npt.NDArray[np.uint8] | None:
    """Decode lines of numbers 0..255, each of one to three digits, each line ended by `\\n`.

    Every byte is given the value of the number that ends there, as if one did; then the bytes before separators are
    picked out.

    Returns:
        uint8 of shape (lines, columns), or None where there is anything else in the text, or lines differ in length.
    """
    if not text.endswith(b"\n"):
        return None
    characters = np.frombuffer(text, np.uint8)
    values = np.zeros(len(text) + 3, np.uint8)  # three bytes in front, so that every byte has three before it
    np.subtract(characters, _ZERO, out=values[3:])  # a separator wraps around to more than 9
    digits = values < 10
    digits[:3] = False
    values *= digits

    ends_three = digits[3:] & digits[2:-1]
    ends_three &= digits[1:-2]
    low = values[2:-1] * np.uint8(10)
    low += values[3:]
    hundreds = values[1:-2] * ends_three
    numbers = hundreds * np.uint8(100)
    numbers += low
    wrong = numbers < low  # 256..299 wrap around
    wrong |= ends_three & digits[:-3]  # four digits
    separators = ~digits[3:]
    wrong[1:] |= separators[1:] & separators[:-1]  # an empty value
    if separators[0] or hundreds.max() > 2 or np.count_nonzero(wrong):  # counting is faster than any()
        return None

    ends = np.flatnonzero(separators)
    newlines = np.count_nonzero(characters == _NEWLINE)
    if np.count_nonzero(characters == _COMMA) + newlines != len(ends) or len(ends) % newlines:
        return None
    columns = len(ends) // newlines
    if np.count_nonzero(characters[ends[columns - 1 :: columns]] != _NEWLINE):
        return None
    ends -= 1
    return numbers[ends].reshape(newlines, columns)


def _decoded_blocks(file: Path, block_bytes: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the rows of block after block, at least one row each and all of the same length."""
    columns = 0
    keep_freed_memory()
    try:
        # What numpy.loadtxt opens files with: it looks at the name for a compression.
        with np.lib.npyio.DataSource(None).open(str(file), "rb") as stream:
            for rows in map_in_threads(_decode, _blocks_of_lines(stream, block_bytes)):
                if not rows.size:
                    continue  # blank lines only
                columns = columns or rows.shape[1]
                if rows.shape[1] != columns:
                    raise ValueError(f"{rows.shape[1]} values in a line after lines of {columns}")
                yield rows
    except ValueError as error:
        raise CsvError(f"{file}: {_explain(error, file)}") from error
    except OSError as error:
        raise CsvError(f"{file}: cannot be read ({error.strerror or error}).") from error
    if not columns:
        raise CsvError(f"{file}: there are no lines in it; give a CSV with a line an image: label, then pixels.")


def _blocks_of_lines(stream: IO[bytes], block_bytes: int) -> Iterator[bytes]:
    """Yield the text in blocks of whole lines."""
    while text := stream.read(block_bytes) + stream.readline():
        yield text


def _decode(text: bytes) -> npt.NDArray[np.uint8]:
    """Decode lines of any form that numpy.loadtxt takes: uint8, shape (lines, columns), empty for blank lines only.

    Raises:
        ValueError: a value is not a whole number 0..255, or lines differ in length.
    """
    rows = decode_plain(text)
    if rows is not None:
        return rows
    if not text.strip(b"\r\n"):
        return np.empty((0, 0), np.uint8)
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="ascii")
    return np.loadtxt(lines, np.uint8, delimiter=",", comments=None, ndmin=2)


def _explain(error: ValueError, file: Path) -> str:
    """Say where and what the first bad value is, in the terms of a person who opens the file in an editor."""
    if isinstance(error, UnicodeDecodeError):
        return _NOT_TEXT
    columns: int | None = None
    try:
        with file.open(encoding="ascii") as stream:
            for number, line in enumerate(stream, start=1):
                values = line.rstrip("\r\n").split(",")
                if values == [""]:
                    continue
                columns = columns or len(values)
                if len(values) != columns:
                    return f"line {number} has {len(values)} values where the lines before have {columns}."
                for column, value in enumerate(values, start=1):
                    text = value.strip()
                    if not text:
                        return f"line {number}, column {column} is empty; every value must be a whole number 0..255."
                    if not (text.isdecimal() and float(text) <= 255):
                        return (
                            f"line {number}, column {column} is '{text[:20]}'; "
                            "every value must be a whole number 0..255."
                        )
    except UnicodeDecodeError:
        return _NOT_TEXT
    return str(error)
