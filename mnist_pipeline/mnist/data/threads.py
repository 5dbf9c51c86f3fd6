"""Work on one block after another by two threads, in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")
Result = TypeVar("Result")

_THREADS = 2
_AHEAD = 4  # blocks: enough that no thread waits for the one who takes the results


def map_in_threads(function: Callable[[Block], Result], blocks: Iterable[Block]) -> Iterator[Result]:
    """Yield what `function` makes of each block, in order; for functions whose time goes into NumPy.

    NumPy computes without the lock of Python's interpreter, so two blocks are worked on at once. Unlike
    `Executor.map`, which takes all blocks at its start, this is only some blocks ahead of the one that is yielded.

    Raises:
        Exception: what `function` raised, at its block's place in the order.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        ahead: deque[Future[Result]] = deque()
        for block in blocks:
            ahead.append(threads.submit(function, block))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
