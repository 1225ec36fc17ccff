select
    account_id,
    user_name,
    has_password,
    mfa_devices > 0 as has_mfa,
    password_last_used_on,
    tags ->> '$.email' as contact
from {{ source('warehouse', 'users') }}
