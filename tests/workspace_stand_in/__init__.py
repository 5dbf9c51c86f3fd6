"""A stand-in for an Azure ML workspace: real client, real HTTPS, real blobs, no Azure. README.md explains its use."""

from .azurite import Azurite, running_azurite
from .message import Request
from .stand_in import StandIn, running_stand_in
from .submitted_job import SubmittedJob, SubmittedNode

__all__ = [
    "Azurite",
    "Request",
    "StandIn",
    "SubmittedJob",
    "SubmittedNode",
    "running_azurite",
    "running_stand_in",
]
