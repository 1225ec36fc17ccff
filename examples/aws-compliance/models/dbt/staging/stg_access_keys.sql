-- Ages count to the day of the reading, not to today: what is here follows from the rows alone.
select
    account_id,
    user_name,
    access_key_id,
    status = 'Active' as is_active,
    (observed_on - created_on)::integer as age_days,
    (observed_on - last_used_on)::integer as unused_days
from {{ source('warehouse', 'access_keys') }}
