# make check: everything a change must pass, in about six minutes; needs `pip install -e '.[dev]'`.
.PHONY: check test test-long mutants

check:
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	pytest -n 2 -m "not slow"

test:
	pytest -n 2

# Whole pipelines in the steps' own environments, and kills.
test-long:
	pytest -n 2 -m long

# Whether the promotion policy's tests notice a change of its code: none may survive but those that the README explains.
mutants:
	rm -rf mutants
	mutmut run --max-children 2
	mutmut results
