"""`PyDataset`, with and without workers."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from amalthea.errors import DataError
from amalthea.training import data


class Counting(data.PyDataset):
    def __init__(self, count=6, **options):
        super().__init__(**options)
        self.count, self.events, self.threads = count, [], set()

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.threads.add(threading.get_ident())
        time.sleep(0.002 * (index % 3 == 0))  # later batches overtake
        return np.full((2, 1), index), np.full(2, index)

    def on_epoch_begin(self):
        self.events.append("begin")

    def on_epoch_end(self):
        self.events.append("end")


class Endless(data.PyDataset):
    def __getitem__(self, index):
        return (np.full(2, index),)


def order(source, epoch=0):
    return [int(batch[0].flat[0]) for batch in source.batches(epoch)]


@pytest.mark.parametrize("options", [{}, {"workers": 3}, {"workers": 2, "max_queue_size": 1}])
def test_batches_come_in_order(options):
    dataset = Counting(**options)
    source = data.make_source(dataset)
    assert source.num_batches == 6
    assert [order(source, epoch) for epoch in range(2)] == [list(range(6))] * 2
    assert dataset.events == ["begin", "end"] * 2
    in_this_thread = dataset.threads == {threading.get_ident()}
    assert in_this_thread == (not options)


@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_batches_come_in_order_from_processes():
    source = data.make_source(Counting(4, workers=2, use_multiprocessing=True))
    assert order(source) == [0, 1, 2, 3]


def test_shuffled_batches():
    orders = [order(data.make_source(Counting(20), shuffle=True, seed=3), epoch) for epoch in (0, 0, 1)]
    assert sorted(orders[0]) == list(range(20))
    assert orders[0] == orders[1] != orders[2]


def test_peek_begins_the_epoch_once():
    dataset = Counting()
    source = data.make_source(dataset)
    source.peek()
    assert dataset.events == ["begin"]
    assert order(source) == list(range(6))
    assert dataset.events == ["begin", "end"]


def test_leaving_an_epoch_early_ends_it():
    dataset = Counting(workers=2)
    for _ in data.make_source(dataset).batches():
        break
    assert dataset.events == ["begin", "end"]


def test_data_sets_without_end_need_a_number_of_steps():
    source = data.make_source(Endless(), steps_per_epoch=2)
    assert [order(source, epoch) for epoch in range(2)] == [[0, 1], [2, 3]]
    source.close()
    with pytest.raises(DataError, match=r"Endless.*no end.*`steps_per_epoch` of `fit`"):
        data.make_source(Endless())


def test_a_length_may_change_between_epochs():
    dataset = Counting(2)
    source = data.make_source(dataset)
    assert order(source) == [0, 1]
    dataset.count = 3
    assert order(source, 1) == [0, 1, 2]


def test_errors_of_workers_reach_the_training():
    class Broken(Counting):
        def __getitem__(self, index):
            if index == 2:
                raise RuntimeError("file 2 is missing")
            return super().__getitem__(index)

    with pytest.raises(RuntimeError, match="file 2 is missing"):
        order(data.make_source(Broken(workers=2)))


def test_workers_use_the_engine_of_the_training():
    from amalthea import config
    from amalthea.engines import registry

    class Named(Counting):
        def __getitem__(self, index):
            self.events.append(registry.current_name())
            return super().__getitem__(index)

    dataset = Named(3, workers=2)
    with config.engine("numpy"):
        order(data.make_source(dataset))
    assert set(dataset.events) == {"begin", "end", "numpy"}


def test_iteration_and_missing_methods():
    assert [int(y[0]) for _, y in Counting(3)] == [0, 1, 2]
    with pytest.raises(TypeError, match="__getitem__"):
        data.PyDataset()[0]
    with pytest.raises(DataError, match="length is 0"):
        data.make_source(Counting(0)).peek()


def test_a_subclass_that_skips_the_constructor_works():
    class Bare(data.PyDataset):
        def __init__(self):
            pass

        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.full(1, index)

    assert order(data.make_source(Bare())) == [0, 1]
