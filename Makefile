# The one definition of the checks: .ci/run, the GitHub workflow and the pre-commit hooks call these targets.
# They need `pip install -e '.[dev]'` and its environment activated.
.PHONY: check lint format-check ruff types layers docs test-fast test test-long mutants

# What every change must pass.
check: lint test-fast

# Everything but the tests.
lint: format-check ruff types layers docs

format-check:
	ruff format --check .

ruff:
	ruff check .

types:
	mypy

layers:
	lint-imports

test-fast:
	pytest -n 2 -m "not slow"

# The documentation as a site in build/docs. Made anew each time, because a page is warned about only when it is read.
docs:
	sphinx-build -q -E -a -n -W --keep-going docs build/docs

# Adds the tests that train networks and run whole pipelines.
test:
	pytest -n 2

# Whole pipelines in the steps' own environments, kills, dependency resolution and the source distribution.
test-long:
	pytest -n 2 -m long

# Tries many changes to the promotion policy's code; the tests must notice all but those that the README explains.
mutants:
	rm -rf mutants
	mutmut run --max-children 2
	mutmut results
