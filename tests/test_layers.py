import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def test_imports_flow_one_way():
    """The contracts stand in pyproject.toml; a broken one is printed with the imports that break it."""
    lint_imports = Path(sys.executable).with_name("lint-imports")

    finished = subprocess.run([lint_imports, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Layers: imports flow one way KEPT" in finished.stdout
    assert "The machine learning knows nothing of Azure KEPT" in finished.stdout
