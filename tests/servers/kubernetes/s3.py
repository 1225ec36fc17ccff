"""S3 that pods reach: it takes connections at every address of this machine."""

from __future__ import annotations

from tests.servers.s3 import S3Server


class S3ForPods(S3Server):
    """S3 at all addresses; its users are the same."""

    name = "S3 for pods"

    def command(self) -> list[str]:
        """That of any, bound to all addresses."""
        return [each.replace("-ip.bind=127.0.0.1", "-ip.bind=0.0.0.0") for each in super().command()]
