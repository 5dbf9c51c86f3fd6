"""Decoding in blocks gives what numpy.loadtxt makes of the whole file, whatever is in it."""

import gzip
import io
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mnist_pipeline.errors import CsvError
from mnist_pipeline.mnist.data.csv_rows import decode_plain, read_rows, row_batches

PLAIN = ["0", "7", "10", "99", "100", "199", "200", "249", "250", "255", "007", "00"]
UNUSUAL = ["", "256", "259", "260", "299", "300", "999", "0007", "1000", " 5", "5 ", "\t5", "+5", "-1", "-0", "1e2"]
UNUSUAL += ["1.0", "1.", ".5", "0x1", "1_0", '"1"', "#1", "x", "\0", ":", "/", "\x0b", "1 2", "9" * 30, "nan", "2;3"]
LINE_ENDS = ["\r\n", "\n\n", "\r", " \n", "\n \n", ",\n"]

plain_cells = st.sampled_from(PLAIN) | st.integers(0, 255).map(str)
plain_tables = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(plain_cells, min_size=columns, max_size=columns), min_size=1, max_size=8)
)


@st.composite
def texts(draw):
    """CSV text as a program writes it, with nothing or a little that is unusual."""
    lines = [",".join(cells) for cells in draw(plain_tables)]
    ends = ["\n"] * len(lines)
    at = st.integers(0, len(lines) - 1)
    for kind in draw(st.lists(st.sampled_from(["cell", "longer", "shorter", "end", "cut", "blank"]), max_size=2)):
        where = draw(at)
        cells = lines[where].split(",")
        match kind:
            case "cell":
                cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(UNUSUAL))
            case "longer":
                cells.append(draw(plain_cells))
            case "shorter":
                cells.pop()
            case "end":
                ends[where] = draw(st.sampled_from(LINE_ENDS))
            case "cut":
                ends[-1] = ""
            case "blank":
                cells = [""]
        lines[where] = ",".join(cells)
    return "".join(line + end for line, end in zip(lines, ends, strict=True))


def loaded(source):
    """What numpy.loadtxt makes of all of it: rows, or None where it refuses or finds nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            rows = np.loadtxt(source, np.uint8, delimiter=",", comments=None, ndmin=2, encoding="ascii")
        except ValueError:
            return None
    return rows.tolist() or None


def read(path, block_bytes):
    """What `read_rows` makes of a file: rows, or None where it refuses."""
    try:
        rows = read_rows(path, block_bytes)
    except CsvError:
        return None
    assert rows.dtype == np.uint8
    return rows.tolist()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts(), st.integers(1, 40))
@example("1,2\n3,4\n\n5,6\n", 1)
@example("1\n2,3\n", 1)
@example("1,2\n3\n", 1)
@example("12\n,3\n", 30)
@example("\n", 5)
@example("1,2\r3,4\r", 3)
def test_a_csv_is_accepted_and_refused_as_numpy_loadtxt_does(tmp_path, text, block_bytes):
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode())

    assert read(path, block_bytes) == loaded(path)


@settings(max_examples=200, deadline=None)
@given(texts())
def test_the_fast_way_gives_the_same_or_leaves_it_to_the_other(text):
    rows = decode_plain(text.encode())

    assert rows is None or rows.tolist() == loaded(io.StringIO(text))


@settings(max_examples=100, deadline=None)
@given(plain_tables)
def test_the_fast_way_takes_all_plain_text(table):
    rows = decode_plain("".join(",".join(cells) + "\n" for cells in table).encode())

    assert rows is not None
    assert rows.tolist() == [[int(cell) for cell in cells] for cells in table]


def test_the_fast_way_takes_the_numbers_0_to_255_and_none_above():
    for number in range(1200):
        rows = decode_plain(b"8,%d,9\n" % number)
        assert (rows is None) == (number > 255)
        assert rows is None or rows.tolist() == [[8, number, 9]]


def test_the_fast_way_leaves_every_other_character_to_the_other():
    for character in set(range(256)) - set(b"0123456789,\n"):
        assert decode_plain(b"1,2\n3%c,4\n" % character) is None
        assert decode_plain(b"1,2\n3%c4\n" % character) is None


@pytest.mark.parametrize("rows", [1, 3, 7, 8, 100])
@pytest.mark.parametrize("block_bytes", [1, 20, 1000])
def test_batches_hold_so_many_rows_and_the_last_one_the_rest(tmp_path, rows, block_bytes):
    table = np.arange(8 * 3, dtype=np.uint8).reshape(8, 3)
    np.savetxt(tmp_path / "data.csv", table, "%d", ",")

    batches = list(row_batches(tmp_path / "data.csv", rows, block_bytes))

    assert [len(batch) for batch in batches[:-1]] == [rows] * (len(batches) - 1)
    assert len(batches[-1]) == 8 % rows or len(batches[-1]) == rows
    assert np.concatenate(batches).tolist() == table.tolist()


def test_a_line_of_another_length_in_a_later_block_is_named(tmp_path):
    (tmp_path / "data.csv").write_text("1,2,3\n" * 50 + "4,5\n" * 50)

    with pytest.raises(CsvError, match=r"data\.csv: line 51 has 2 values where the lines before have 3"):
        read_rows(tmp_path / "data.csv", block_bytes=60)


def test_a_csv_may_be_compressed(tmp_path):
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(b"1,2,3\n4,5,6\n"))

    assert read_rows(tmp_path / "data.csv.gz").tolist() == [[1, 2, 3], [4, 5, 6]]


def test_batches_take_no_more_memory_for_a_longer_file(tmp_path):
    peaks = []
    for lines in (2000, 20000):
        (tmp_path / "data.csv").write_bytes((b"1," + b"128," * 98 + b"9\n") * lines)
        tracemalloc.start()
        for batch in row_batches(tmp_path / "data.csv", rows=500):
            assert batch.shape == (500, 100)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.1 * peaks[0]
