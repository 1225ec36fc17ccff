select
    rules.account_id,
    rules.region,
    rules.rule_id,
    rules.group_id,
    security_groups.group_name,
    case
        when rules.protocol = '-1' then 'all'
        when rules.from_port is null or rules.from_port = -1 then rules.protocol
        when rules.from_port = rules.to_port then rules.protocol || ' ' || rules.from_port
        else rules.protocol || ' ' || rules.from_port || '-' || rules.to_port
    end as ports,
    coalesce(rules.cidr_ipv4, rules.cidr_ipv6) as source,
    coalesce(rules.cidr_ipv4 = '0.0.0.0/0' or rules.cidr_ipv6 = '::/0', false) as is_from_anywhere,
    coalesce(
        rules.protocol = 'tcp'
        and rules.from_port = rules.to_port
        and rules.from_port in ({{ var('public_ports') | join(', ') }}),
        false
    ) as is_allowed
from {{ source('warehouse', 'ingress_rules') }} as rules
join {{ source('warehouse', 'security_groups') }} as security_groups using (account_id, region, group_id)
