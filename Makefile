# make check: everything a change must pass, in about four minutes; needs `pip install -e '.[dev]'`.
.PHONY: check test

check:
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	pytest -n 2 -m "not slow"

test:
	pytest -n 2
