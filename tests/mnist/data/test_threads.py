import threading
from itertools import count

import pytest

from mnist_pipeline.mnist.data.threads import map_in_threads


def test_results_come_in_the_order_of_the_blocks():
    first_may_end = threading.Event()

    def second_before_first(block):
        if block == 0:
            assert first_may_end.wait(60)
        else:
            first_may_end.set()
        return block * 10

    assert list(map_in_threads(second_before_first, range(20))) == list(range(0, 200, 10))


def test_only_some_blocks_are_taken_before_their_turn():
    blocks = count()
    results = map_in_threads(str, blocks)

    assert [next(results) for _ in range(100)] == [str(block) for block in range(100)]
    results.close()
    assert next(blocks) < 110


def test_an_error_comes_at_its_place():
    results = map_in_threads(lambda divisor: 12 / divisor, [1, 2, 0, 3])

    assert [next(results), next(results)] == [12, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


def test_no_blocks_no_results():
    assert list(map_in_threads(str, [])) == []
