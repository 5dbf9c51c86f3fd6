# The one definition of the checks: .ci/run, the GitHub workflow and the pre-commit hooks call these targets.
# They need `pip install -e '.[dev]'` and its environment activated.
.PHONY: check lint format-check ruff types layers test-fast test test-long mutants

# What every change must pass.
check: lint test-fast

# Everything but the tests. The build of the documentation belongs here too.
lint: format-check ruff types layers

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
