"""Check that a job can import the package: run in the package's snapshot and the environment of its smallest step."""

import subprocess
import sys

from .report import Report, arguments


def main() -> None:
    """Try the import trick."""
    report = Report(arguments().report)
    report.check("import-trick", _import_as_a_step_does)


def _import_as_a_step_does() -> str:
    """Import the package with only the folder of the component files on the path, as mldesigner does."""
    program = "import sys; sys.path[0] = 'components'; import mnist_pipeline.components as c; print(*c.__path__)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise ImportError(finished.stderr.strip().splitlines()[-1])
    return f"mnist_pipeline.components is {finished.stdout.strip()}"


if __name__ == "__main__":
    main()
