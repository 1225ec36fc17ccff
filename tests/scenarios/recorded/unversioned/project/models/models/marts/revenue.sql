select name, sum(amount) as total
from {{ ref('paid') }} join {{ source('warehouse', 'users') }} on id = user_id group by name
