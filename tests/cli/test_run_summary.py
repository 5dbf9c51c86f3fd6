import json
import subprocess
import sys

import pytest

PROGRAM = """
import os
from mnist_pipeline.cli.run_summary import json_on_stdout
print("before")
with json_on_stdout() as summary:
    summary["name"] = "mine"
    print("from Python")
    os.write(1, b"from native code\\n")
    {ending}
"""


@pytest.mark.parametrize(
    ("ending", "status", "error"),
    [
        ("summary['status'] = 'Completed'", "Completed", None),
        ("raise KeyboardInterrupt", "Canceled", None),
        ("raise ValueError('no')", "Failed", "ValueError: no"),
    ],
)
def test_the_summary_is_printed_however_the_run_ends_and_nothing_else_is_on_stdout(ending, status, error):
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(ending=ending)], capture_output=True, text=True)

    first, _, document = done.stdout.partition("\n")
    summary = json.loads(document)
    assert first == "before"
    assert (summary["status"], summary["error"], summary["name"]) == (status, error, "mine")
    assert summary["folder"] is None
    assert "from Python\n" in done.stderr
    assert "from native code\n" in done.stderr
    assert (done.returncode == 0) == (status == "Completed")
