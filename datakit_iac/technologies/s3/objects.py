"""The objects of a bucket below a Store's prefix, each operation with one clear error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from boto3.s3.transfer import TransferConfig

from datakit_iac.technologies.s3.opening import POOL, client, refusals
from datakit_iac.technologies.technology import StoreError

_AT_ONCE: Final = 1000
"""Keys of one request to delete."""
_UNUSED: Final = re.compile(rb"<(LastModified|StorageClass|ChecksumAlgorithm|ChecksumType)>[^<]*</\1>")
_TRANSFER: Final = TransferConfig(multipart_threshold=64 << 20, multipart_chunksize=16 << 20, use_threads=False)


@dataclass(frozen=True, slots=True)
class Found:
    """An object as it is listed.

    Attributes:
        key: below the Store's prefix.
        size: its bytes.
        etag: another one for other content.
    """

    key: str
    size: int
    etag: str


class Objects:
    """What is in a bucket below a prefix; keys count from there.

    Args:
        options: the fields of `S3Connection` that are not secret.
        secrets: those that are.
    """

    def __init__(self, options: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        self.bucket: str = options["bucket"]
        self._base = f"{options['prefix'].strip('/')}/" if options.get("prefix", "").strip("/") else ""
        self.client = client(options, secrets)

    def shown(self, key: str = "") -> str:
        """A key for people."""
        return f"s3://{self.bucket}/{self._base}{key}"

    def full(self, key: str) -> str:
        """A key as the bucket has it."""
        return self._base + key

    def list(self, prefix: str, at_most: int | None = None) -> Iterator[Found]:
        """All objects whose keys begin with a text, in the order of their keys."""
        asked: dict[str, Any] = {"Bucket": self.bucket, "Prefix": self._base + prefix}
        if at_most:
            asked["MaxKeys"] = at_most
        left = at_most
        while True:
            with refusals("s3:ListBucket", self.shown(prefix)):
                page = _listing(self.client).list_objects_v2(**asked)
            for each in page.get("Contents", ()):
                yield Found(each["Key"].removeprefix(self._base), each["Size"], each["ETag"])
                left = left and left - 1
                if left == 0:
                    return
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def read(self, key: str) -> tuple[bytes, str]:
        """An object's content, and its ETag.

        Raises:
            ObjectMissingError: it is not there.
        """
        with refusals("s3:GetObject", self.shown(key)):
            found = self.client.get_object(Bucket=self.bucket, Key=self._base + key)
            return found["Body"].read(), found["ETag"]

    def head(self, key: str) -> Found:
        """An object without its content.

        Raises:
            ObjectMissingError: it is not there.
        """
        with refusals("s3:GetObject", self.shown(key)):
            found = self.client.head_object(Bucket=self.bucket, Key=self._base + key)
        return Found(key, found["ContentLength"], found["ETag"])

    def has(self, key: str) -> bool:
        """Whether an object is there."""
        return any(each.key == key for each in self.list(key, at_most=1))

    def fetch(self, found: Found, target: Path) -> None:
        """Put the content of an object, as it was listed, into a file.

        Raises:
            ConflictError: it is another one by now.
            ObjectMissingError: it is gone.
        """
        with refusals("s3:GetObject", self.shown(found.key)), target.open("xb") as file:
            got = self.client.get_object(Bucket=self.bucket, Key=self._base + found.key, IfMatch=found.etag)
            for block in got["Body"].iter_chunks(1 << 20):
                file.write(block)
        if target.stat().st_size != found.size:
            raise StoreError(f"{self.shown(found.key)} ended after {target.stat().st_size} of {found.size} bytes")

    def write(self, key: str, content: bytes, *, expected: str | None = None) -> str:
        """Write an object whole, where it still has the ETag `expected`; None where it must not be there. Its ETag.

        Raises:
            ConflictError: it was written by somebody else.
        """
        condition = {"IfMatch": expected} if expected else {"IfNoneMatch": "*"}
        with refusals("s3:PutObject", self.shown(key)):
            written = self.client.put_object(Bucket=self.bucket, Key=self._base + key, Body=content, **condition)
        return str(written["ETag"])

    def send(self, key: str, content: IO[bytes], tags: str = "") -> None:
        """Write a file's content as an object, in parts where it is large."""
        more = {"Tagging": tags} if tags else {}
        with refusals("s3:PutObject", self.shown(key)):
            self.client.upload_fileobj(content, self.bucket, self._base + key, ExtraArgs=more, Config=_TRANSFER)

    def copy(self, key: str, target: str) -> None:
        """Copy an object within the bucket; its content does not come here."""
        source = {"Bucket": self.bucket, "Key": self._base + key}
        with refusals("s3:CopyObject", self.shown(key)):
            self.client.copy(source, self.bucket, self._base + target, Config=_TRANSFER)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are none to remove."""
        wanted = list(keys)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            asked = {"Objects": [{"Key": self._base + key} for key in some], "Quiet": True}
            with refusals("s3:DeleteObject", self.shown()):
                done = self.client.delete_objects(Bucket=self.bucket, Delete=asked)
            if errors := done.get("Errors"):
                first = errors[0]
                raise StoreError(
                    f"{len(errors)} objects were not removed; s3://{self.bucket}/{first['Key']}: {first.get('Code')}"
                )


def in_parallel(act: Any, several: Sequence[Any]) -> list[Any]:
    """The results of `act` on each, of which as many are at work as a client has connections; the first fault is it."""
    if len(several) < 2:
        return [act(each) for each in several]
    with ThreadPoolExecutor(min(POOL, len(several))) as pool:
        return list(pool.map(act, several))


def _listing(made: Any) -> Any:
    """The client, whose listings are read without the fields that are not used here: parsing takes a quarter."""
    made.meta.events.register("before-parse.s3.ListObjectsV2", _without_unused, unique_id="datakit-listing")
    return made


def _without_unused(response_dict: dict[str, Any], **_: Any) -> None:
    response_dict["body"] = _UNUSED.sub(b"", response_dict["body"])
