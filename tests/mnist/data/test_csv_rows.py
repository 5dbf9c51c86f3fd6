"""Every form of CSV that is read, and where the first fault is; block by block, like value by value."""

import gzip
import re
import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mnist_pipeline.errors import CsvError
from mnist_pipeline.mnist.data.csv_rows import decode_plain, decode_with_pandas, read_rows, row_batches

PLAIN = ["0", "7", "10", "99", "100", "199", "200", "249", "250", "255", "007", "00"]
OTHER_FORMS = [" 5", "5 ", "\t5", " 5\t", "+5", "-0", "0007", "5.0", "5.", "0.0", "1e2", "2.5E+02", "50e-1", "0.05e3"]
OTHER_FORMS += ["7.000000000000000000e+00", '"5"', '" 5 "', '"5" ', ' "255"', '\t"6"\t', '"7.0"', '"1e2"']
WRONG = ["", " ", '""', "256", "259", "260", "299", "300", "999", "1000", "-1", "5.5", ".5", "1e-1", "1e3", "9" * 30]
WRONG += ["nan", "NA", "inf", "True", "x", "0x1", "1_0", "#1", "\0", "5\0", ":", "/", "\x0b5", "1 2", "2;3", "5-", "1e"]
WRONG += ['"5', '5"', '"2"5', '""5""', '"5""', '2"5"', '"1 2"', '"x"', ".", "+", "--5"]
LINE_ENDS = ["\r\n", "\n\n", "\r\n\r\n", "\r", " \n", "\n \n", "\n\t\n", ",\n"]
NUMBER = re.compile(r"""[ \t]*("?)[ \t]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t]*\1[ \t]*""")

plain_values = st.sampled_from(PLAIN) | st.integers(0, 255).map(str)
plain_tables = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(plain_values, min_size=columns, max_size=columns), min_size=1, max_size=8)
)


@st.composite
def texts(draw):
    """CSV text as a program writes it, with nothing or a little that is unusual or wrong."""
    lines = [",".join(values) for values in draw(plain_tables)]
    ends = ["\n"] * len(lines)
    at = st.integers(0, len(lines) - 1)
    kinds = ["other form", "other form", "wrong", "longer", "shorter", "end", "cut", "blank"]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=3)):
        where = draw(at)
        values = lines[where].split(",")
        match kind:
            case "other form" | "wrong":
                choices = OTHER_FORMS if kind == "other form" else WRONG
                values[draw(st.integers(0, len(values) - 1))] = draw(st.sampled_from(choices))
            case "longer":
                values.append(draw(plain_values))
            case "shorter":
                values.pop()
            case "end":
                ends[where] = draw(st.sampled_from(LINE_ENDS))
            case "cut":
                ends[-1] = ""
            case "blank":
                values = [""]
        lines[where] = ",".join(values)
    return "".join(line + end for line, end in zip(lines, ends, strict=True))


def read_slowly(text):
    """The rows of a text, value by value, or where its first fault is and which."""
    rows = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip(" \t"):
            continue
        values = line.split(",")
        if rows and len(values) != len(rows[0]):
            return f"line {number} has {len(values)} values where the lines before have {len(rows[0])}."
        for column, value in enumerate(values, start=1):
            found = NUMBER.fullmatch(value)
            if not found or Fraction(found[2]) not in range(256):
                shown = f"'{value.strip()[:20]}'" if value.strip() else "empty"
                return f"line {number}, column {column} is {shown}; every value must be a whole number 0..255."
        rows.append([int(Fraction(NUMBER.fullmatch(value)[2])) for value in values])
    return rows or "there are no lines in it"


def read(path, block_bytes):
    """What `read_rows` makes of a file: rows, or what it says of it."""
    try:
        rows = read_rows(path, block_bytes)
    except CsvError as error:
        return str(error).removeprefix(f"{path}: ").partition("; give")[0]
    assert rows.dtype == np.uint8
    return rows.tolist()


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts(), st.integers(1, 40))
@example("1,2\n3,4\n\n5,6\n", 1)
@example("1\n2,3\n", 1)
@example("1,2\n3\n", 1)
@example("12\n,3\n", 30)
@example("\n", 5)
@example("\n\n1,2\n3,x\n", 1)
@example("1,2\r3,4\r", 3)
@example("True\nTrue\n", 30)
@example('1,"2\n",3\n', 30)
@example('1,2\n\n3,"4\n\n5",6\n', 30)
def test_a_csv_is_read_or_refused_as_value_by_value(tmp_path, text, block_bytes):
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode())

    assert read(path, block_bytes) == read_slowly(text)


@settings(max_examples=200, deadline=None)
@given(texts())
def test_the_fast_way_gives_the_same_as_pandas_or_leaves_it_to_pandas(text):
    rows = decode_plain(text.encode())

    assert rows is None or np.array_equal(rows, decode_with_pandas(text.encode(), rows.shape[1]))


@settings(max_examples=100, deadline=None)
@given(plain_tables)
def test_the_fast_way_takes_all_plain_text(table):
    rows = decode_plain("".join(",".join(values) + "\n" for values in table).encode())

    assert rows is not None
    assert rows.tolist() == [[int(value) for value in values] for values in table]


def test_the_fast_way_takes_the_numbers_0_to_255_and_none_above():
    for number in range(1200):
        rows = decode_plain(b"8,%d,9\n" % number)
        assert (rows is None) == (number > 255)
        assert rows is None or rows.tolist() == [[8, number, 9]]


def test_the_fast_way_leaves_every_other_character_to_pandas():
    for character in set(range(256)) - set(b"0123456789,\n"):
        assert decode_plain(b"1,2\n3%c,4\n" % character) is None
        assert decode_plain(b"1,2\n3%c4\n" % character) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"7,0,255\n8,10,100\n", id="plain"),
        pytest.param(b"\xef\xbb\xbf7,0,255\n8,10,100\n", id="byte-order mark"),
        pytest.param(b"7,0,255\r\n8,10,100\r\n", id="Windows line ends"),
        pytest.param(b"7,0,255\n8,10,100", id="no newline at the end"),
        pytest.param(b"\xef\xbb\xbf7,0,255\r\n8,10,100", id="all three"),
    ],
)
def test_what_is_nearly_plain_is_read_without_pandas(tmp_path, content):
    (tmp_path / "data.csv").write_bytes(content)
    program = (
        "import sys; from pathlib import Path; from mnist_pipeline.mnist.data.csv_rows import read_rows; "
        "print(read_rows(Path('data.csv')).tolist(), 'pandas' in sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert finished.stdout == "[[7, 0, 255], [8, 10, 100]] False\n"


@pytest.mark.parametrize("block_bytes", [1, 12, 1000])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param('"7","0","255"\n"8","10","100"\n', id="quoted values"),
        pytest.param("7, 0 ,255\n8,\t10,100 \n", id="spaces and tabs around values"),
        pytest.param("7.0,0.0,255.0\n8.0,10.0,100.0\n", id="whole numbers written as floats"),
        pytest.param("7.0e+00,0.0e+00,2.55e+02\n8e0,1E1,1e2\n", id="exponents"),
        pytest.param("+7,-0,0255\n8,+10,0100\n", id="signs and leading zeros"),
        pytest.param("\n7,0,255\n\n \n8,10,100\n\n", id="blank lines"),
        pytest.param('\r\n"7",0,255.0\r\n 8,"10.0" ,100', id="all at once"),
    ],
)
def test_what_is_not_plain_is_read_all_the_same(tmp_path, content, block_bytes):
    (tmp_path / "data.csv").write_bytes(content.encode())

    assert read_rows(tmp_path / "data.csv", block_bytes).tolist() == [[7, 0, 255], [8, 10, 100]]


def test_floats_as_numpy_writes_them_by_default_are_read(tmp_path):
    table = np.arange(256).reshape(64, 4)
    np.savetxt(tmp_path / "data.csv", table, delimiter=",")

    assert read_rows(tmp_path / "data.csv").tolist() == table.tolist()


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("before", ["1,2,3\n" * 50, '\n"1",2 , 3.0\r\n\n' * 20], ids=["plain before", "other before"])
def test_a_wrong_value_is_named_with_its_line_and_column(tmp_path, value, before):
    (tmp_path / "data.csv").write_text(f"{before}4,{value},6\n7,8,9\n", newline="")
    shown = f"'{value.strip()[:20]}'" if value.strip() else "empty"

    with pytest.raises(CsvError) as raised:
        read_rows(tmp_path / "data.csv", block_bytes=60)

    line = before.count("\n") + 1
    found = f"line {line}, column 2 is {shown}; every value must be a whole number 0..255."
    assert str(raised.value) == f"{tmp_path}/data.csv: {found}"


def test_a_line_break_inside_quotes_is_refused_at_its_line(tmp_path):
    (tmp_path / "data.csv").write_text('1,2\n\n3,"4\n"\n')

    with pytest.raises(CsvError, match=r"data\.csv: line 3, column 2 is '\"4'"):
        read_rows(tmp_path / "data.csv")


def test_a_line_of_another_length_in_a_later_block_is_named(tmp_path):
    (tmp_path / "data.csv").write_text("1,2,3\n" * 50 + "4,5\n" * 50)

    with pytest.raises(CsvError, match=r"data\.csv: line 51 has 2 values where the lines before have 3"):
        read_rows(tmp_path / "data.csv", block_bytes=60)


def test_a_compressed_csv_is_refused_as_such(tmp_path):
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(b"1,2,3\n4,5,6\n"))

    with pytest.raises(CsvError, match=r"data\.csv\.gz: not a text file of numbers; give a CSV, not compressed"):
        read_rows(tmp_path / "data.csv.gz")


@pytest.mark.parametrize("rows", [1, 3, 7, 8, 100])
@pytest.mark.parametrize("block_bytes", [1, 20, 1000])
def test_batches_hold_so_many_rows_and_the_last_one_the_rest(tmp_path, rows, block_bytes):
    table = np.arange(8 * 3, dtype=np.uint8).reshape(8, 3)
    np.savetxt(tmp_path / "data.csv", table, "%d", ",")

    batches = list(row_batches(tmp_path / "data.csv", rows, block_bytes))

    assert [len(batch) for batch in batches[:-1]] == [rows] * (len(batches) - 1)
    assert len(batches[-1]) == 8 % rows or len(batches[-1]) == rows
    assert np.concatenate(batches).tolist() == table.tolist()


@pytest.mark.parametrize("value", [b"128", b'"128.0" '], ids=["plain", "not plain"])
def test_batches_of_a_long_file_take_little_memory(tmp_path, value):
    (tmp_path / "data.csv").write_bytes((b"1," + (value + b",") * 18 + b"9\n") * 50_000)
    batches = row_batches(tmp_path / "data.csv", rows=500, block_bytes=1 << 15)
    next(batches)  # imports are done, and the C library has been told to keep what is freed
    tracemalloc.start()
    try:
        count = sum(len(batch) for batch in batches)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == 49_500
    assert peak < 1_300_000  # bytes; about 800,000 for what is in work, 1,000,000 for all rows
