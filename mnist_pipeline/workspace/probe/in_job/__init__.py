"""The programs of the probe's steps, run as `python -m in_job.<module>`.

A job's snapshot holds this folder next to the package's own snapshot. Nothing here imports the package.
"""
