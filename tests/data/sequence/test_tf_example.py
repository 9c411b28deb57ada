import numpy as np
import pytest

from attendome.data.sequence.tf_example import make_example, read_example


def varint(number):
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def part(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def example(**features):
    entries = b"".join(
        part(1, part(1, name.encode()) + part(2, feature)) for name, feature in features.items()
    )
    return part(1, entries)


def test_bytes():
    content = {"sequence": bytes(range(200)), "target": b""}
    written = make_example(content)
    assert written == example(
        sequence=part(1, part(1, bytes(range(200)))), target=part(1, part(1, b""))
    )
    assert read_example(written) == content


def test_the_order_of_features_does_not_matter():
    given = {"a": b"1", "b": b"2"}
    assert make_example(given) == make_example(dict(reversed(given.items())))


@pytest.mark.parametrize("packed", [True, False])
def test_a_list_of_floats(packed):
    values = np.array([1.5, -2, 3e38], "<f4")
    numbers = [v.tobytes() for v in values]
    listed = part(1, b"".join(numbers)) if packed else b"".join(b"\x0d" + n for n in numbers)
    found = read_example(example(target=part(2, listed)))["target"]
    assert found.dtype == np.float32
    assert found.tolist() == values.tolist()


def test_other_features_are_left_out():
    integers = part(3, part(1, b"\1\2"))
    several = part(1, part(1, b"one") + part(1, b"two"))
    assert read_example(example(a=integers, b=several, c=part(1, part(1, b"x")))) == {"c": b"x"}


def test_no_features():
    assert read_example(b"") == {}


@pytest.mark.parametrize("content", [b"\x0a\xff", b"garbage", b"\x0a\x05abc"])
def test_damage(content):
    with pytest.raises(ValueError, match=r"no tf\.train\.Example"):
        read_example(content)
