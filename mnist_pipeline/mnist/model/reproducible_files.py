"""Model files that depend on the network alone: no dates, no numbers that count how often something was made."""

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold
DATE = "1980-01-01 00:00:00"  # the same, for MLmodel


def remove_dates(keras_file: Path) -> None:
    """Write a Keras file, which is a zip file, again: the same members with a fixed date."""
    with zipfile.ZipFile(keras_file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    members["metadata.json"] = json.dumps({**metadata, "date_saved": "1980-01-01@00:00:00"}).encode()
    with zipfile.ZipFile(keras_file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)


def rename_values(onnx_file: Path) -> None:
    """Write an ONNX file again, with its nodes, constants and values numbered in the order in which they are needed.

    tf2onnx counts all its conversions in a process, and takes names from sets, whose order differs between processes.
    The inputs and outputs of the network keep their names.
    """
    import onnx

    model = onnx.load(onnx_file)
    graph = model.graph
    nodes = _in_order_of_need(graph)
    names = {value.name: value.name for value in (*graph.input, *graph.output)} | {"": ""}  # empty: an unused option
    for node in nodes:
        for name in (*node.input, *node.output):
            names.setdefault(name, f"value_{len(names)}")
    constants = sorted((names[constant.name], constant) for constant in graph.initializer if constant.name in names)
    for number, node in enumerate(nodes):
        node.name = f"{node.op_type}_{number}"
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for name, constant in constants:
        constant.name = name
    for value in (*graph.input, *graph.output):
        for number, size in enumerate(value.type.tensor_type.shape.dim):
            if size.dim_param:  # the name of a size that is not fixed
                size.dim_param = f"{value.name}_size_{number}"
    graph.doc_string = ""  # tf2onnx puts a counted name into it
    renamed = onnx.GraphProto()
    renamed.CopyFrom(graph)
    for field, values in (
        ("node", nodes),
        ("initializer", [constant for _, constant in constants]),
        ("value_info", []),
    ):
        renamed.ClearField(field)
        getattr(renamed, field).extend(values)
    graph.CopyFrom(renamed)
    onnx_file.write_bytes(model.SerializeToString(deterministic=True))


def _in_order_of_need(graph: "onnx.GraphProto") -> "list[onnx.NodeProto]":
    """Return the nodes that the outputs need, each after those that it needs itself."""
    makers = {name: node for node in graph.node for name in node.output}
    ordered: dict[str, onnx.NodeProto] = {}
    waiting = [(output.name, False) for output in reversed(graph.output)]
    while waiting:
        name, ready = waiting.pop()
        node = makers.get(name)
        if node is None or node.output[0] in ordered:
            continue
        if ready:
            ordered[node.output[0]] = node
        else:
            waiting.append((name, True))
            waiting += [(needed, False) for needed in reversed(node.input)]
    return list(ordered.values())
