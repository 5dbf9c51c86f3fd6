"""Two threads that work on one block after another, in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")
Result = TypeVar("Result")

_THREADS = 2
_AHEAD = 4  # blocks, so that the threads need not wait until the results are taken


def map_in_threads(function: Callable[[Block], Result], blocks: Iterable[Block]) -> Iterator[Result]:
    """Yield the result of `function` for each block, in order; for functions that spend their time in NumPy.

    NumPy computes without the lock of Python's interpreter, so two blocks are in work at once. `Executor.map` takes all
    blocks at its start; this takes only a few more than it has yielded.

    Raises:
        Exception: whatever `function` raises, when the result of that block is due.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        ahead: deque[Future[Result]] = deque()
        for block in blocks:
            ahead.append(threads.submit(function, block))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
