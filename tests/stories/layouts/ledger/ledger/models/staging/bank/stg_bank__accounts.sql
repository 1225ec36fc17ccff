select id as account_id, owner, status
from {{ source('bank', 'account') }}
