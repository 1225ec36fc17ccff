with checked as (
    select 'unencrypted-bucket' as control, account_id, count(*) as checked from {{ ref('stg_buckets') }} group by account_id
    union all
    select 'public-bucket', account_id, count(*) from {{ ref('stg_buckets') }} group by account_id
    union all
    select 'old-access-key', account_id, count(*) from {{ ref('stg_access_keys') }} where is_active group by account_id
    union all
    select 'user-without-mfa', account_id, count(*) from {{ ref('stg_users') }} where has_password group by account_id
    union all
    select 'open-security-group', account_id, count(*) from {{ source('warehouse', 'security_groups') }} group by account_id
),

broken as (
    select control, account_id, count(*) as broken
    from {{ ref('violations') }}
    group by control, account_id
)

select control, account_id, checked, coalesce(broken, 0) as broken
from checked
left join broken using (control, account_id)
