"""Plots of the measurements: bars for programs that do the same work, lines for growth."""

from itertools import cycle
from pathlib import Path

from benchmarks.measurement import OURS, Comparison

# Dark and light, so that they differ without color too.
OUR_COLOR, PEER_COLOR, MEMORY_COLOR = "#1f3b73", "#b4c0d0", "#e08b00"
# One marker and one shade for each recipe, the reference first.
MARKERS = (("s", "#9aa5b5"), ("o", "#e08b00"), ("^", "#3f8fc5"), ("D", "#1f3b73"), ("v", "#000000"), ("P", "#7a4b00"))


def draw(stage: str, comparisons: list[Comparison], folder: Path) -> list[Path]:
    """Write the plots of a stage as PNG files; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    if stage == "growth":
        return [growth(comparisons, folder / "growth.png")]
    if stage == "training":
        return [accuracy(comparisons[0], folder / "training.png")]
    paths = [folder / f"{stage}{f'_{number}' if number else ''}.png" for number in range(len(comparisons))]
    return [bars(comparison, path) for comparison, path in zip(comparisons, paths, strict=True)]


def bars(comparison: Comparison, path: Path) -> Path:
    """Plot the seconds of each program, the fastest on top, and next to it the memory if it was measured."""
    from matplotlib.figure import Figure

    names = sorted(comparison.runs, key=comparison.median)
    has_memory = any(comparison.median(name, "peak_bytes") for name in names)
    figure = Figure(figsize=(10 if has_memory else 7, 1.2 + 0.42 * len(names)), dpi=120, layout="constrained")
    figure.suptitle(comparison.title)
    axes = figure.subplots(1, 2 if has_memory else 1, sharey=True, squeeze=False)[0]
    colors = [OUR_COLOR if name == OURS else PEER_COLOR for name in names]

    seconds = [comparison.median(name) for name in names]
    drawn = axes[0].barh(names, seconds, color=colors)
    labels = [
        f" {value:.2f} s" + (f" ({comparison.speed(name):.1f}x)" if comparison.counted else "")
        for name, value in zip(names, seconds, strict=True)
    ]
    axes[0].bar_label(drawn, labels, fontsize=8)
    reference = f" ({comparison.reference}: 1x)" if comparison.counted else ""
    axes[0].set(xlabel=f"seconds, medians{reference}", xlim=(0, 1.35 * max(seconds)))
    if has_memory:
        megabytes = [comparison.median(name, "peak_bytes") / 1e6 for name in names]
        axes[1].bar_label(axes[1].barh(names, megabytes, color=colors), fmt=" %.0f MB", fontsize=8)
        axes[1].set(xlabel="peak memory of the process, MB", xlim=(0, 1.25 * max(megabytes)))
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.invert_yaxis() if each is axes[0] else None
    figure.savefig(path)
    return path


def accuracy(comparison: Comparison, path: Path) -> Path:
    """Plot the accuracy on the test images against processor time: one dot per fit, one marker and shade per recipe."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for (name, runs), (marker, color) in zip(comparison.runs.items(), cycle(MARKERS), strict=False):
        seconds, reached = [run.cpu_seconds for run in runs], comparison.accuracies(name)
        axes.plot(seconds, reached, marker, color=color, label=name)
        mean = sum(reached) / len(reached)
        axes.plot([min(seconds), max(seconds)], [mean, mean], color=color, alpha=0.6)
    axes.set(
        xscale="log",
        xlabel="processor time of the training, on all cores together (log scale)",
        ylabel="accuracy on the test images",
        title=f"{comparison.title}: one dot per training run",
    )
    axes.set_xticks(ticks := [10, 20, 50, 100, 200, 500], [f"{tick} s" for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, loc="upper left")
    figure.savefig(path)
    return path


def growth(comparisons: list[Comparison], path: Path) -> Path:
    """Plot time and peak memory against the number of images, with a line for proportional time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(comparisons), 3.8), dpi=120, layout="constrained")
    for axes, comparison in zip(figure.subplots(1, len(comparisons), squeeze=False)[0], comparisons, strict=True):
        images = [int(name.replace(",", "")) for name in comparison.runs]
        seconds = [comparison.median(name) for name in comparison.runs]
        axes.loglog(images, seconds, color=OUR_COLOR, marker="o", label="time (left)")
        per_image = seconds[-1] / images[-1]
        axes.loglog(
            images, [per_image * n for n in images], color="gray", linestyle=":", label="proportional time (left)"
        )
        axes.set(title=comparison.title, xlabel="images (log scale)", ylabel="time (log scale)")
        axes.set_xticks(images, comparison.runs.keys(), minor=False)
        axes.set_yticks(seconds, [f"{value:.2g} s" for value in seconds])
        axes.minorticks_off()
        memory = axes.twinx()
        megabytes = [comparison.median(name, "peak_bytes") / 1e6 for name in comparison.runs]
        memory.plot(images, megabytes, color=MEMORY_COLOR, marker="s", linestyle="--", label="peak memory (right)")
        memory.set(ylim=(0, 2 * max(megabytes)), ylabel="peak memory, MB")
        handles = [line for each in (axes, memory) for line in each.get_legend_handles_labels()[0]]
        axes.legend(handles=handles, fontsize=8, loc="upper left")
    figure.savefig(path)
    return path
