select user_id, amount
from {{ source('warehouse', 'orders') }} where amount > 0
