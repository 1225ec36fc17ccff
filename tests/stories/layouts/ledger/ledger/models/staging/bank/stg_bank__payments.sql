select id as payment_id, account_id, amount, paid_on
from {{ source('bank', 'payment') }}
where amount > {{ var('least_amount') }}
