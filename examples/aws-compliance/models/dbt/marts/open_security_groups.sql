select
    account_id,
    region,
    group_id,
    group_name,
    string_agg(distinct ports, ', ' order by ports) as ports
from {{ ref('stg_ingress_rules') }}
where is_from_anywhere and not is_allowed
group by account_id, region, group_id, group_name
