select
    account_id,
    region,
    bucket,
    case
        when is_public_by_policy and is_public_by_acl then 'policy and acl'
        when is_public_by_policy then 'policy'
        else 'acl'
    end as public_by,
    contact
from {{ ref('stg_buckets') }}
where is_public_by_policy or is_public_by_acl
