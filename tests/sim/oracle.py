"""Slow and plain oracles: queues and drives written with Python's own heap, for the compiled kernels to agree with."""

import heapq

import numpy as np

from picojoule.sim.ssd import Device, Requests
from picojoule.sim.ssd.operations import ANSWERS, CHAINED, KIND, LEVEL, REQUEST, SENDS_FIRST, UNIT


def stages(table, clients: int, rounds: int) -> list[tuple[int, str, int, int]]:
    """(end, stage, client, round) of plain stages, each resource first come first served: no barriers, all wait."""
    free: dict[tuple[str, int], int] = {}
    pending = [(0, i, i, -1, 0) for i in range(clients)]
    heapq.heapify(pending)
    order, rows = clients, []
    while pending:
        time, _, client, stage, turn = heapq.heappop(pending)
        if stage >= 0:
            rows.append((time, table[stage].name, client, turn))
        stage, turn = (stage + 1, turn) if stage + 1 < len(table) else (0, turn + 1)
        if turn == rounds:
            continue
        server = (table[stage].resource, 0 if table[stage].shared else client)
        end = max(time, free.get(server, 0)) + table[stage].duration_ps
        free[server] = end
        heapq.heappush(pending, (end, order, client, stage, turn))
        order += 1
    return rows


def in_order(device: Device, requests: Requests, operations: np.ndarray, depth: int) -> list[int]:
    """When each request ends by the max-plus recursion, without host link, mapping or cache register."""
    array, channel = [0] * device.units, [0] * device.channels
    timing, slots, ends = device.timing, [0] * depth, []
    for r in range(len(requests)):
        begin = heapq.heappop(slots)
        done = end = begin
        for row in operations[operations[:, REQUEST] == r]:
            start = end if row[CHAINED] else begin
            u, kind = int(row[UNIT]), int(row[KIND])
            work, send = int(timing.array[kind, row[LEVEL]]), int(timing.bus[kind])
            c = u % device.channels
            if SENDS_FIRST[kind]:
                channel[c] = max(start, channel[c], array[u]) + send
                end = array[u] = channel[c] + work
            elif send:
                end = array[u] = channel[c] = max(max(start, array[u]) + work, channel[c]) + send
            else:
                end = array[u] = max(start, array[u]) + work
            done = max(done, end) if ANSWERS[kind] else done
        ends.append(done)
        heapq.heappush(slots, done)
    return ends
