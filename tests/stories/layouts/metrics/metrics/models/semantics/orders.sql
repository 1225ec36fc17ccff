select
    id as order_id,
    store,
    {{ money.whole('amount') }} as amount,
    ordered_on,
    case when amount <= {{ env_var('SMALL_UP_TO') }} then 'small' else 'large' end as size
from {{ source('warehouse', 'raw_orders') }}
where ordered_on >= '{{ var("first_day") }}'
