"""Which numbers to compute with: float32, or bfloat16 if the processor multiplies it faster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

DTYPE_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # what Keras calls them
_CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}  # what Linux calls the processor's instructions for bfloat16


def choose_precision(precision: str, gpu: bool, cpu_info: Path = _CPU_INFO) -> str:
    """Return `float32` or `bfloat16`; `auto` is bfloat16 on a CPU with instructions for it, otherwise float32.

    In bfloat16 only layers compute; weights, sums over a batch, loss and probabilities stay float32 (Micikevicius et
    al. 2018 for the scheme, Kalamkar et al. 2019 for the format).

    Args:
        precision: One of `hyperparameters.PRECISION_NAMES`.
        gpu: Whether a GPU does the work.
        cpu_info: The file in which Linux describes the processor; without it, `auto` is float32.
    """
    if precision != "auto":
        return precision
    if gpu or not cpu_info.is_file():
        return "float32"
    flags = (line for line in cpu_info.read_text(encoding="utf-8").splitlines() if line.startswith("flags"))
    return "bfloat16" if _BFLOAT16_FLAGS & set(next(flags, "").split()) else "float32"


@contextmanager
def layers_compute_in(precision: str) -> Iterator[None]:
    """Make Keras build layers for `float32` or `bfloat16` as long as the body lasts."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(DTYPE_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
