"""Reaching S3: one client for each way to a service, and what its refusals mean in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as UnreachableError

from datakit_iac.technologies.technology import StoreError, StoreMissingError

POOL: Final = 16
"""Connections of one client, and so how many objects are moved at a time."""

_REGION: Final = "us-east-1"
_ATTEMPTS: Final = 4
_CLIENTS: Final[dict[tuple[Any, ...], Any]] = {}
_MAKING: Final = threading.Lock()  # making one is not safe in threads, using one is
_CREDENTIALS: Final = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound)


class ConflictError(StoreError):
    """Somebody else has written an object since it was read."""


class NotImplementedByServiceError(StoreError):
    """The service does not know the operation."""


class ObjectMissingError(StoreError):
    """An object is not there, or not any more."""


def client(options: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    """The client for a connection, made once in a process.

    Credentials are the Store's secrets; without them those that the SDK finds: variables, profile, role, web identity.
    Source: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html

    Args:
        options: the fields of `S3Connection` that are not secret.
        secrets: those that are.

    Raises:
        StoreError: there is no such profile.
    """
    known = tuple(options.get(name) for name in _CLIENT) + tuple(secrets.get(name) for name in _KEYS)
    with _MAKING:
        if known not in _CLIENTS:
            _CLIENTS[known] = made(options, secrets)
    return _CLIENTS[known]


def made(options: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    """A client of its own for a connection; see `client`.

    Raises:
        StoreError: there is no such profile.
    """
    endpoint = options.get("endpoint")
    path_style = options.get("pathStyle", endpoint is not None)
    with refusals("", ""):
        keys = (secrets.get(name) for name in _KEYS)
        session = boto3.Session(*keys, region_name=options.get("region"), profile_name=options.get("profile"))
        # Other services than AWS's need not know its checksums.
        checksums = {} if endpoint is None else dict.fromkeys(_CHECKSUMS, "when_required")
        config = Config(
            s3={"addressing_style": "path" if path_style else "auto"},
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            connect_timeout=10,
            max_pool_connections=POOL,
            **checksums,
        )
        region = session.region_name or _REGION
        return session.client("s3", region_name=region, endpoint_url=endpoint, config=config)


_CLIENT: Final = ("endpoint", "pathStyle", "region", "profile")
_KEYS: Final = ("accessKeyId", "secretAccessKey", "sessionToken")
_CHECKSUMS: Final = ("request_checksum_calculation", "response_checksum_validation")

_WRONG_KEY: Final = {
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret of the access key is wrong",
    "ExpiredToken": "the session of the access key has expired",
    "InvalidToken": "the session token is wrong",
}


@contextmanager
def refusals(action: str, subject: str) -> Iterator[None]:
    """Turn what the SDK raises into one sentence.

    Args:
        action: what is done, by the name of its permission (``s3:GetObject``).
        subject: the object or bucket, as ``s3://bucket/key``.

    Raises:
        ConflictError: a condition of a request does not hold.
        NotImplementedByServiceError: the service does not know the operation.
        ObjectMissingError: the object is not there.
        StoreMissingError: the bucket is not there.
        StoreError: anything else.
    """
    try:
        yield
    except ClientError as fault:
        raise _refusal(fault, action, subject) from None
    except _CREDENTIALS as fault:
        raise StoreError(
            f"there are no credentials for S3: {str(fault).rstrip('.')}; set the secrets accessKeyId and"
            " secretAccessKey of the Store, or give the SDK a profile, role or variables"
        ) from None
    except (UnreachableError, HTTPClientError) as fault:
        raise StoreError(
            f"{subject} cannot be reached: {_first_line(fault)}; check the endpoint and try again"
        ) from None
    except BotoCoreError as fault:
        raise StoreError(f"{subject}: {_first_line(fault)}") from None


def _refusal(fault: ClientError, action: str, subject: str) -> StoreError:
    error = fault.response.get("Error", {})
    code, status = str(error.get("Code", "")), fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    bucket = "/".join(subject.split("/")[:3])
    if fault.operation_name.startswith("AssumeRole"):
        said = f"{code} {error.get('Message', '')}".strip().partition("\n")[0].rstrip(".")
        fix = "correct the role of the SDK's profile or variables, or whom it trusts"
        return StoreError(f"{bucket}: the SDK could not assume a role: {said}; {fix}")
    if code in _WRONG_KEY:
        return StoreError(f"{bucket}: {_WRONG_KEY[code]}; correct the secrets of the Store or what the SDK finds")
    if code == "RequestTimeTooSkewed":
        return StoreError(f"{bucket}: the clock of this machine is wrong, and S3 refuses its requests; set the clock")
    if code == "NoSuchBucket":
        return StoreMissingError(
            f"there is no bucket {bucket}; let its Store make it (`create: true`), or fix the bucket's name"
        )
    if status == 412 or code == "ConditionalRequestConflict":
        return ConflictError(f"{subject} was written by somebody else meanwhile; try again")
    if status == 501 or code == "NotImplemented":
        return NotImplementedByServiceError(f"{bucket}: the service does not implement {action}")
    if status == 404:
        return ObjectMissingError(f"{subject} is not there")
    if status == 403:
        return StoreError(f"{subject}: access denied; grant {action} to the credentials of the Store")
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return StoreError(f"{bucket} is in another region; set the `region` of the Store ({error.get('Message', '')})")
    return StoreError(f"{subject}: {action} failed: {code} {error.get('Message', '')}".rstrip())


def _first_line(fault: Exception) -> str:
    return str(fault).partition("\n")[0].rstrip(".")
