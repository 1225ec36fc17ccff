"""Pages, which moto does not make of these answers: as small as AWS may make them, so that readers must turn them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.ec2.responses.security_groups import SecurityGroups
from moto.iam.responses import IamResponse

USERS: Final = 10
KEYS: Final = 1
GROUPS: Final = 5


def turn_pages() -> None:
    """Make moto answer in pages from now on."""
    IamResponse.list_users = _list_users
    IamResponse.list_access_keys = _list_access_keys
    SecurityGroups.describe_security_groups = _describe_security_groups
    SecurityGroups.describe_security_group_rules = _describe_security_group_rules


def _list_users(self: Any) -> ActionResult:
    users = sorted(self.backend.list_users(None, None, None), key=lambda user: str(user.name))
    return ActionResult(_iam_page(self, "Users", users, USERS))


def _list_access_keys(self: Any) -> ActionResult:
    user = self._get_param("UserName")
    keys = self.backend.list_access_keys(user)
    return ActionResult({"UserName": user, **_iam_page(self, "AccessKeyMetadata", keys, KEYS)})


def _describe_security_groups(self: Any) -> ActionResult:
    names, ids = self._get_param("GroupNames", []), self._get_param("GroupIds", [])
    found = self.ec2_backend.describe_security_groups(ids, names, self._filters_from_querystring())
    return ActionResult(_ec2_page(self, "SecurityGroups", found))


def _describe_security_group_rules(self: Any) -> ActionResult:
    ids = self._get_param("SecurityGroupRuleIds", [])
    found = self.ec2_backend.describe_security_group_rules(ids, self._filters_from_querystring())
    return ActionResult(_ec2_page(self, "SecurityGroupRules", found))


def _iam_page(response: Any, key: str, items: Sequence[Any], size: int) -> Mapping[str, Any]:
    page, following = _page(items, response._get_param("Marker"), size)
    return {key: page, "IsTruncated": bool(following), **({"Marker": following} if following else {})}


def _ec2_page(response: Any, key: str, items: Sequence[Any]) -> Mapping[str, Any]:
    page, following = _page(items, response._get_param("NextToken"), GROUPS)
    return {key: page, **({"NextToken": following} if following else {})}


def _page(items: Sequence[Any], marker: str | None, size: int) -> tuple[Sequence[Any], str]:
    first = int(marker or 0)
    return items[first : first + size], str(first + size) if first + size < len(items) else ""
