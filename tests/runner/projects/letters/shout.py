"""A component for the tests: says a text several times, and what it was told."""

from mldesigner import Input, Output, command_component


@command_component(name="shout", version="1", display_name="Shout")
def shout_component(
    input_data: Input(type="uri_folder"),
    output_data: Output(type="uri_folder"),
    times: int = 2,
    pace: float = 0.5,
    loud: bool = False,
    ending: str = "!",
    title: Input(type="string", optional=True) = None,
    extra: Input(type="uri_file", optional=True) = None,
):
    """Write the text of a folder several times.

    Args:
        input_data: Folder with text.txt.
        output_data: Folder for text.txt and told.json.
        times: How often.
        pace: A number.
        loud: In capitals.
        ending: After each time.
        title: A line before.
        extra: A file with a line after.
    """
    import json
    import os
    from pathlib import Path

    text = (Path(input_data) / "text.txt").read_text().strip()
    lines = [(text.upper() if loud else text) + ending] * times
    if title is not None:
        lines.insert(0, title)
    if extra is not None:
        lines.append(Path(extra).read_text().strip())
    Path(output_data, "text.txt").write_text("\n".join(lines) + "\n")
    told = {"pid": os.getpid(), "pace": pace, "loud": loud, "times": times, "mood": os.environ.get("MOOD")}
    Path(output_data, "told.json").write_text(json.dumps(told))
    print(f"shouted {times} times")
