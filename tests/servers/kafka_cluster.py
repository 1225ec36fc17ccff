"""Three brokers of one cluster, each a controller too, so that one of them may go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.servers.kafka import Kafka


class Node(Kafka):
    """One broker of a cluster."""

    name = "Kafka with three brokers"

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(folder)
        self.number = number
        self.peers: list[Node] = []

    def settings(self) -> Mapping[str, str]:
        """The same, with all of the cluster as its voters, and what Kafka itself keeps copied to all."""
        return {
            **super().settings(),
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(f"{each.number}@127.0.0.1:{each.controller}" for each in self.peers),
            "offsets.topic.replication.factor": "3",
            "transaction.state.log.replication.factor": "3",
            "transaction.state.log.min.isr": "2",
        }


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[list[Node]]:
    """Brokers that run until the end of the block.

    Raises:
        UnavailableError: this machine lacks what they need.
    """
    nodes = [Node(folder / str(number), number) for number in (1, 2, 3)]
    for each in nodes:
        each.peers, each.cluster = nodes, nodes[0].cluster
    try:
        with ThreadPoolExecutor(len(nodes)) as pool:  # none is ready before a second one is
            list(pool.map(Node.start, nodes))
        yield nodes
    finally:
        for each in nodes:
            each.kill()
            each.remove()
