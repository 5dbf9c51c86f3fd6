"""What the probe's jobs run, as `python -m in_job.<module>`.

A job's snapshot holds this folder beside the package's own snapshot; nothing here imports the package.
"""
