# make check: everything a change must pass, in about six minutes; needs `pip install -e '.[dev]'`.
.PHONY: check docs test test-long mutants

check:
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	pytest -n 2 -m "not slow"

# The documentation as a site in build/docs. Made anew each time, because a page is warned about only when it is read.
docs:
	sphinx-build -q -E -a -n -W --keep-going docs build/docs

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
