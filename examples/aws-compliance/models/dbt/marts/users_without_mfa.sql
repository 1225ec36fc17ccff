select account_id, user_name, password_last_used_on, contact
from {{ ref('stg_users') }}
where has_password and not has_mfa
