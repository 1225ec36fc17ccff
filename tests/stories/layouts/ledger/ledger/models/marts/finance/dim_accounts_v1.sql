select account_id, owner
from {{ ref('stg_bank__accounts') }}
