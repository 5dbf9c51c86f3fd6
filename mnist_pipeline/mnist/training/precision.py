"""In which numbers to compute: float32, or bfloat16 where the processor multiplies it faster."""

from pathlib import Path

PRECISIONS = ("auto", "float32", "bfloat16")
_CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}  # as Linux names what a processor offers


def choose_precision(precision: str, gpu: bool, cpu_info: Path = _CPU_INFO) -> str:
    """Return `float32` or `bfloat16`; `auto` is bfloat16 on a CPU with instructions for it, otherwise float32.

    In bfloat16 only layers compute; weights, sums over a batch, loss and probabilities stay float32 (Micikevicius et
    al. 2018 for the scheme, Kalamkar et al. 2019 for the format).

    Args:
        precision: One of `PRECISIONS`.
        gpu: Whether a GPU does the work.
        cpu_info: What Linux tells about the processor; without it, `auto` is float32.
    """
    if precision != "auto":
        return precision
    if gpu or not cpu_info.is_file():
        return "float32"
    flags = (line for line in cpu_info.read_text(encoding="utf-8").splitlines() if line.startswith("flags"))
    return "bfloat16" if _BFLOAT16_FLAGS & set(next(flags, "").split()) else "float32"
