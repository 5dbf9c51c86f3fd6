"""The measurements as tables for people and as JSON for programs."""

import json
import os
import platform
import statistics
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.measurement import OURS, Comparison

PACKAGES = ["numpy", "isal", "pandas", "polars", "pyarrow", "tensorflow", "keras", "torch", "onnxruntime", "mlflow"]


def table(comparison: Comparison) -> str:
    """Return a comparison as a text table: medians, and each program's speed relative to the reference."""
    rate = f"{comparison.unit}/s" if comparison.counted else ""
    headings = [
        "work, s",
        "x first",
        "cpu, s",
        "x first",
        "process, s",
        "x first",
        "cpu, s",
        "x first",
        "peak, MB",
        rate,
        "accuracy: mean (range)" if comparison.accuracies(comparison.reference) else "",
    ]
    lines = [
        f"{comparison.title} (medians of {len(comparison.runs[comparison.reference])})",
        f"{'program':<36}" + "".join(f"{heading:>11}" for heading in headings[:-1]) + f"  {headings[-1]}",
    ]
    for name in comparison.runs:
        cells = []
        for what in ("seconds", "cpu_seconds", "process_seconds", "process_cpu_seconds"):
            cells += [f"{comparison.median(name, what):.3f}", f"{comparison.speed(name, what):.2f}"]
        peak = comparison.median(name, "peak_bytes")
        cells.append(f"{peak / 1e6:.0f}" if peak else "-")
        cells.append(f"{comparison.counted / comparison.median(name):,.0f}" if rate else "")
        lines.append(f"{name:<36}" + "".join(f"{cell:>11}" for cell in cells) + accuracy(comparison, name))
    if comparison.best_peer:
        ratio = comparison.median(comparison.best_peer) / comparison.median(OURS)
        lines.append(f"best peer: {comparison.best_peer}; {OURS} is {ratio:.2f} times as fast")
    lines += [f"{name:<36}missing: {', '.join(packages)} not installed" for name, packages in comparison.absent.items()]
    lines += [
        f"WARNING: the result of {name} differs from that of the first program" for name in comparison.disagreeing
    ]
    return "\n".join(lines)


def accuracy(comparison: Comparison, name: str) -> str:
    """Return the mean and range of the accuracy of a program's models; empty if it trains none."""
    reached = comparison.accuracies(name)
    return f"  {statistics.mean(reached):.4f} ({min(reached):.4f} to {max(reached):.4f})" if reached else ""


def as_json(comparisons: dict[str, list[Comparison]]) -> str:
    """Return all runs by stage, and the machine and packages that they used."""
    content = {
        "machine": {
            "cpu": cpu(),
            "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "load_average": os.getloadavg(),
        },
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := installed(name))},
        "stages": {stage: [asdict(one) for one in several] for stage, several in comparisons.items()},
    }
    return json.dumps(content, indent=2) + "\n"


def cpu() -> str:
    """Return the processor's name from Linux, or else the machine type."""
    description = Path("/proc/cpuinfo")
    lines = description.read_text().splitlines() if description.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def installed(package: str) -> str | None:
    """Return the version of a package; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
