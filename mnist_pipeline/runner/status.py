"""The states of a run and of its nodes."""

import enum


class Status(enum.StrEnum):
    """State of a run or of a node, named as in Azure ML."""

    NOT_STARTED = "NotStarted"
    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
