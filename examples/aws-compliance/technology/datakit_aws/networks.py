"""Security groups of EC2 and the rules by which they let traffic in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datakit_aws.accounts import Caller


def ec2_security_groups(caller: Caller) -> Iterator[Mapping[str, Any]]:
    """All security groups of a region."""
    for group in caller.pages("ec2", "describe_security_groups", "SecurityGroups"):
        yield {
            "account_id": caller.account,
            "region": caller.region,
            "group_id": group["GroupId"],
            "group_name": group["GroupName"],
            "vpc_id": group.get("VpcId"),
            "description": group.get("Description"),
            "tags": {tag["Key"]: tag["Value"] for tag in group.get("Tags", ())},
        }


def ec2_ingress_rules(caller: Caller) -> Iterator[Mapping[str, Any]]:
    """All rules of a region that let traffic in; those of every group."""
    for rule in caller.pages("ec2", "describe_security_group_rules", "SecurityGroupRules"):
        if not rule["IsEgress"]:
            yield {
                "account_id": caller.account,
                "region": caller.region,
                "rule_id": rule["SecurityGroupRuleId"],
                "group_id": rule["GroupId"],
                "protocol": rule["IpProtocol"],
                "from_port": rule.get("FromPort"),
                "to_port": rule.get("ToPort"),
                "cidr_ipv4": rule.get("CidrIpv4"),
                "cidr_ipv6": rule.get("CidrIpv6"),
                "prefix_list_id": rule.get("PrefixListId"),
                "referenced_group_id": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
                "description": rule.get("Description"),
            }
