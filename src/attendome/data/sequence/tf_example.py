"""The content of a record: TensorFlow's ``tf.train.Example``, which names lists of values."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from jaxtyping import Float32

_PACKAGE = "attendome.tensorflow"
_Field = descriptor_pb2.FieldDescriptorProto


def _field(name: str, number: int, kind: int, of: str = "", *, repeated: bool = False) -> Any:  # noqa: ANN401 - protobuf has no types
    label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    type_name = f".{_PACKAGE}.{of}" if of else None
    return _Field(name=name, number=number, type=kind, label=label, type_name=type_name)


@cache
def _message_class() -> Any:  # noqa: ANN401
    """Give the class of the messages, as TensorFlow's feature.proto and example.proto say."""
    file = descriptor_pb2.FileDescriptorProto(
        name="example.proto", package=_PACKAGE, syntax="proto3"
    )
    message = _Field.TYPE_MESSAGE

    def declare(name: str, *fields: Any) -> Any:  # noqa: ANN401
        return file.message_type.add(name=name, field=fields)

    declare("BytesList", _field("value", 1, _Field.TYPE_BYTES, repeated=True))
    declare("FloatList", _field("value", 1, _Field.TYPE_FLOAT, repeated=True))
    feature = declare(
        "Feature",
        _field("bytes_list", 1, message, "BytesList"),
        _field("float_list", 2, message, "FloatList"),
    )
    feature.oneof_decl.add(name="kind")
    for part in feature.field:
        part.oneof_index = 0
    features = declare(
        "Features", _field("feature", 1, message, "Features.FeatureEntry", repeated=True)
    )
    entry = features.nested_type.add(
        name="FeatureEntry",
        field=[_field("key", 1, _Field.TYPE_STRING), _field("value", 2, message, "Feature")],
    )
    entry.options.map_entry = True
    declare("Example", _field("features", 1, message, "Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Example"))


def read_example(content: bytes) -> dict[str, bytes | Float32[np.ndarray, " value"]]:
    """Give the features by name: bytes, or a list of floats; others are left out.

    Raises:
        ValueError: the content is no such message.
    """
    try:
        example = _message_class().FromString(content)
    except DecodeError as error:
        raise ValueError(f"it is no tf.train.Example ({error})") from error
    found: dict[str, bytes | Float32[np.ndarray, " value"]] = {}
    for name, feature in example.features.feature.items():
        match feature.WhichOneof("kind"):
            case "bytes_list" if len(feature.bytes_list.value) == 1:
                found[name] = feature.bytes_list.value[0]
            case "float_list":
                found[name] = np.array(feature.float_list.value, dtype=np.float32)
    return found


def make_example(features: Mapping[str, bytes]) -> bytes:
    """Give the message of some features; the same bytes for the same features."""
    example = _message_class()()
    for name, value in features.items():
        example.features.feature[name].bytes_list.value.append(value)
    content: bytes = example.SerializeToString(deterministic=True)
    return content
