select
    access_keys.account_id,
    access_keys.user_name,
    access_keys.access_key_id,
    access_keys.age_days,
    access_keys.unused_days,
    users.contact
from {{ ref('stg_access_keys') }} as access_keys
left join {{ ref('stg_users') }} as users using (account_id, user_name)
where access_keys.is_active and access_keys.age_days > {{ var('max_key_age_days') }}
