"""Processes that start again meet each other, whatever earlier rounds left in the store."""

import threading

import pytest
from torch import distributed

from picojoule.base.errors import InputError
from picojoule.train.meeting import meet


def meeting(store, ranks, size) -> dict[int, str]:
    found = {}

    def come(rank):
        found[rank] = meet(store, rank, size, patience_s=20)

    threads = [threading.Thread(target=come, args=(rank,)) for rank in ranks]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def test_a_round_has_a_name_of_its_own():
    store = distributed.HashStore()
    rounds = [meeting(store, order, size) for order, size in ((range(3), 3), ([2, 1, 0], 3), ([1, 0], 2), ([0], 1))]
    names = [set(each.values()) for each in rounds]
    assert all(len(each) == 1 for each in names) and len(set.union(*names)) == 4


def test_those_of_an_unfinished_round_are_not_taken_for_the_living():
    """Two of three came and died: their words and answers are still there."""
    store = distributed.HashStore()
    for rank in (0, 2):
        with pytest.raises(InputError, match=rf"process {rank} of 3 waited 0.1 s for the others.*Remedy"):
            meet(store, rank, 3, patience_s=0.1)
    found = meeting(store, [0, 2, 1], 3)
    assert len(found) == 3 and len(set(found.values())) == 1
