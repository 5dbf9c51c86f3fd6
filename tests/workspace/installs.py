"""Four ways to install the package: a checkout on the path, an editable install, a wheel, and a read-only one."""

import shutil
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Install:
    """A way to run Python with the package.

    Attributes:
        python: The interpreter.
        environment: The environment variables that it needs.
    """

    python: Path
    environment: dict[str, str]


def copy_checkout(folder: Path) -> Path:
    """Copy the package's files from this checkout, without caches."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "mnist_pipeline", folder / "mnist_pipeline", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(REPOSITORY / name, folder / name)
    return folder


def from_checkout(folder: Path) -> Install:
    """Install nothing, and put the checkout `checkout` in the folder on the path; copy it there if it is missing."""
    checkout = folder / "checkout"
    if not checkout.exists():
        copy_checkout(checkout)
    return Install(_python_with_dependencies(folder), {"PYTHONPATH": str(checkout)})


def editable(folder: Path) -> Install:
    """Install with `pip install --editable`, without the dependencies."""
    checkout = copy_checkout(folder / "elsewhere")
    python = _python_with_dependencies(folder)
    _pip(python, "install", "--no-deps", "--editable", checkout)
    return Install(python, {})


def from_wheel(folder: Path) -> Install:
    """Build a wheel from the checkout and install it, without the dependencies."""
    checkout = copy_checkout(folder / "built")
    python = _python_with_dependencies(folder)
    _pip(python, "wheel", "--no-deps", "--wheel-dir", folder / "dist", checkout)
    _pip(python, "install", "--no-deps", *(folder / "dist").glob("*.whl"))
    return Install(python, {})


def read_only(folder: Path) -> Install:
    """An installed wheel that nobody may write to, as in a container image."""
    install = from_wheel(folder)
    (package,) = (folder / "venv/lib").glob("python*/site-packages/mnist_pipeline")
    for path in (package, *package.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    return Install(install.python, {"PYTHONDONTWRITEBYTECODE": "1"})


def _python_with_dependencies(folder: Path) -> Path:
    """Make a virtual environment that finds all packages of this one except mnist_pipeline."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (own,) = (folder / "venv/lib").glob("python*/site-packages")
    (own / "dependencies.pth").write_text(
        "\n".join(site.getsitepackages()) + "\n"
    )  # Python does not read the .pth files there
    return folder / "venv/bin/python"


def _pip(python: Path, *arguments: object) -> None:
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *map(str, arguments)], check=True)
