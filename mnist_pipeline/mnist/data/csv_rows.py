"""The rows of a label-first CSV, decoded block by block.

Lines of decimal numbers of at most three digits with commas between them, which is what `prep` writes, are decoded with
a few NumPy operations on all the bytes of a block. The same goes for text with a byte-order mark, `\\r\\n`, or no
newline at the end. A block with any of the following in it is read by pandas, which takes six to eleven times as long,
and thirty times with the 25 bytes per value of `numpy.savetxt` (benchmarks/csv_reading.py):

- quoted values: `"7"`
- spaces or tabs around a value: `7, 8`
- whole numbers written as floats: `7.0`, and `7.0e+00` as `numpy.savetxt` writes it
- signs and leading zeros: `+7`, `0007`
- blank lines

Every value must be a whole number 0..255. Anything else is refused with its line and column: `7.5`, `256`, `-1`, `nan`,
`True`, an empty value, a line break inside quotes.
"""

import io
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import CsvError
from mnist_pipeline.mnist.data.memory import keep_freed_memory
from mnist_pipeline.mnist.data.threads import map_in_threads

_BLOCK_BYTES = 1 << 19  # with an eighth of it the threads wait for Python's lock
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMA, _NEWLINE, _ZERO = b",\n0"
_NUMBER_CHARACTERS = b'0123456789+-.eE, \t\n"'
_EXPECTED = "give a CSV, not compressed, with one line per image: label, then pixels."


def read_rows(file: Path, block_bytes: int = _BLOCK_BYTES) -> npt.NDArray[np.uint8]:
    """Read a CSV of values 0..255 into a uint8 array of shape (lines, columns).

    Args:
        file: The CSV.
        block_bytes: How many bytes to decode at a time.

    Raises:
        CsvError: the file cannot be read, a line is malformed or differs in length, or there are no lines.
    """
    blocks = _decoded_blocks(file, block_bytes)
    first = next(blocks)  # there is one, or this raises
    n_blocks = file.stat().st_size // block_bytes + 1
    rows = np.empty((n_blocks * len(first), first.shape[1]), np.uint8)  # unused rows take no memory
    count = 0
    for block in chain([first], blocks):
        while count + len(block) > len(rows):
            rows = np.concatenate([rows, np.empty_like(rows)])
        rows[count : count + len(block)] = block
        count += len(block)
    return rows[:count]


def row_batches(file: Path, rows: int, block_bytes: int = _BLOCK_BYTES) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the rows of a CSV in order, in uint8 arrays of shape (`rows`, columns); the last one may be shorter.

    It takes the memory of one batch and a few blocks, however long the file is.

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

    Every byte gets the value of the number that would end there. Then the bytes before separators are picked out.

    Returns:
        uint8 of shape (lines, columns), or None if the text holds anything else or lines differ in length.
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


def decode_with_pandas(text: bytes, columns: int) -> npt.NDArray[np.uint8]:
    """Decode lines of any form that the module's docstring lists, each ended by `\\n`.

    Returns:
        uint8 of shape (lines that are not blank, columns).

    Raises:
        ValueError: a value is not a whole number 0..255, or a line does not hold `columns` values.
    """
    import pandas  # here, because it takes half a second and plain text does not need it

    lines = [line for line in text.split(b"\n") if line.strip(b" \t")]
    if not lines:
        return np.empty((0, columns), np.uint8)
    # Two checks of what pandas would read anyway: True as 1, and "2"5 as 25.
    if text.translate(None, _NUMBER_CHARACTERS) or not _quotes_are_around_values(text):
        raise ValueError
    if any(line.count(b",") != columns - 1 for line in lines):
        raise ValueError
    table = pandas.read_csv(
        io.BytesIO(text.translate(bytes.maketrans(b",\t", b"\n "))),  # one column: hundreds take pandas much longer
        header=None,
        dtype=np.float64,
        na_filter=False,
        skipinitialspace=True,  # before quotes; a tab there would not be skipped
        lineterminator="\n",
    )
    values = table.to_numpy()
    with np.errstate(invalid="ignore"):  # NaN and numbers beyond 255 differ from whatever the cast makes of them
        rows = values.astype(np.uint8)
    if len(rows) != len(lines) * columns or not np.array_equal(rows, values):  # a blank value is not in the table
        raise ValueError
    return rows.reshape(len(lines), columns)


def _quotes_are_around_values(text: bytes) -> bool:
    if b'"' not in text:
        return True
    text = b"\n" + text.translate(None, b" \t")
    before, after = text.count(b',"') + text.count(b'\n"'), text.count(b'",') + text.count(b'"\n')
    return before == after == text.count(b'"') / 2


class _Block(NamedTuple):
    """Whole lines, and how many values each must hold: as many as the first line of the file that is not blank."""

    text: bytes
    columns: int


class _MalformedLineError(Exception):
    """A line that cannot be read: its place in its block, from 0, and what is wrong with it."""

    def __init__(self, index: int, finding: str) -> None:
        super().__init__(finding)
        self.index = index


def _decoded_blocks(file: Path, block_bytes: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the rows of block after block, at least one row each and all of the same length."""
    lines, is_empty = 0, True
    keep_freed_memory()
    try:
        with file.open("rb") as stream:
            for rows, n_lines in map_in_threads(_decode, _blocks(stream, block_bytes)):
                lines += n_lines
                if len(rows):
                    is_empty = False
                    yield rows
    except _MalformedLineError as error:
        raise CsvError(f"{file}: line {lines + error.index + 1}{error}") from error
    except UnicodeDecodeError as error:
        raise CsvError(f"{file}: not a text file of numbers; {_EXPECTED}") from error
    except OSError as error:
        raise CsvError(f"{file}: cannot be read ({error.strerror or error}).") from error
    if is_empty:
        raise CsvError(f"{file}: there are no lines in it; {_EXPECTED}")


def _blocks(stream: IO[bytes], block_bytes: int) -> Iterator[_Block]:
    """Yield the text in blocks of whole lines, each ended by `\n` alone."""
    if stream.read(len(_BYTE_ORDER_MARK)) != _BYTE_ORDER_MARK:
        stream.seek(0)
    columns = 0
    while text := stream.read(block_bytes) + stream.readline():
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        if not text.endswith(b"\n"):
            text += b"\n"
        if columns == 0 and (start := text.strip(b" \t\n")):
            columns = start.partition(b"\n")[0].count(b",") + 1
        yield _Block(text, columns)


def _decode(block: _Block) -> tuple[npt.NDArray[np.uint8], int]:
    """Return the rows of a block and the number of its lines, blank ones included.

    Raises:
        _MalformedLineError: a value is not a whole number 0..255, or a line has too many or too few.
        UnicodeDecodeError: the malformed line is not ASCII.
    """
    rows = decode_plain(block.text)
    if rows is not None and rows.shape[1] == block.columns:
        return rows, len(rows)
    try:
        return decode_with_pandas(block.text, block.columns), block.text.count(b"\n")
    except ValueError as error:
        raise _first_malformed_line(block) from error


def _first_malformed_line(block: _Block) -> _MalformedLineError:
    """Find it by bisection, and say what is wrong in the terms of a person who opens the file in an editor."""
    lines = block.text.split(b"\n")
    index = bisect_left(range(len(lines)), True, key=lambda last: not _is_readable(lines[: last + 1], block.columns))
    values = lines[index].decode("ascii").split(",")
    if len(values) != block.columns:
        return _MalformedLineError(index, f" has {len(values)} values where the lines before have {block.columns}.")
    column, value = next(
        (column, value.strip()) for column, value in enumerate(values, start=1) if not _is_whole_number(value)
    )
    found = f"'{value[:20]}'" if value else "empty"
    return _MalformedLineError(index, f", column {column} is {found}; every value must be a whole number 0..255.")


def _is_whole_number(value: str) -> bool:
    return bool(value.strip()) and _is_readable([value.encode()], columns=1)


def _is_readable(lines: list[bytes], columns: int) -> bool:
    try:
        decode_with_pandas(b"".join(line + b"\n" for line in lines), columns)
    except ValueError:
        return False
    return True
