"""What is put into attributes, lists, dictionaries and sets, and taken out again."""

import copy
import pickle

import pytest

from amalthea.errors import StateError
from amalthea.state.tracking import Tracker


class Part:
    """Something that can be tracked."""


@pytest.fixture
def found():
    return []


@pytest.fixture
def tracker(found):
    return Tracker({"parts": (lambda x: isinstance(x, Part), found)})


def test_lists(tracker, found):
    parts = [Part() for _ in range(8)]
    kept = tracker.track(parts[:1])
    kept.append(parts[1])
    kept.extend(parts[2:4])
    kept += [parts[4]]
    kept.insert(0, parts[5])
    kept[0] = parts[6]
    kept.append([parts[7]])
    assert {id(part) for part in parts} - {id(part) for part in found} <= {id(parts[5])}
    assert kept.pop()[0] is parts[7]
    kept.remove(parts[1])
    del kept[1]
    assert not any(part in found for part in (parts[0], parts[1], parts[7]))
    kept.clear()
    assert not any(part in found for part in (parts[2], parts[3], parts[4], parts[6]))


def test_dictionaries(tracker, found):
    a, b, c, d = (Part() for _ in range(4))
    kept = tracker.track({"a": a})
    kept["b"] = b
    kept.update(c=c)
    assert kept.setdefault("d", d) is d
    assert found == [a, b, c, d]
    assert kept.pop("b") is b
    assert kept.pop("b", None) is None
    del kept["a"]
    assert found == [c, d]
    assert kept.popitem() == ("d", d)
    assert found == [c]
    kept.clear()
    assert found == []


def test_sets(tracker, found):
    a, b, c = Part(), Part(), Part()
    kept = tracker.track({a})
    kept.add(b)
    kept.update([c], [a])
    assert set(found) == {a, b, c}
    assert len(found) == 3
    kept.remove(a)
    kept.discard(b)
    kept.discard(b)
    assert found == [c]
    assert kept.pop() is c
    assert found == []
    kept.update([a, b])
    kept.clear()
    assert found == []


def test_the_same_part_counts_once_and_tuples_are_looked_into(tracker, found):
    part = Part()
    tracker.track((part, [part], {"x": (part,)}))
    assert found == [part]


def test_a_locked_tracker_refuses_new_parts_only(tracker, found):
    part = Part()
    kept = tracker.track([part])
    tracker.lock("too late")
    kept.append(part)
    with pytest.raises(StateError, match="too late"):
        kept.append(Part())
    tracker.unlock()
    kept.append(Part())
    assert len(found) == 2


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, {1, 2}])
def test_what_is_tracked_equals_what_it_was_and_copies_are_plain(tracker, value):
    kept = tracker.track(value)
    assert kept == value
    for made in (copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert made == value
        assert type(made) is type(value)
