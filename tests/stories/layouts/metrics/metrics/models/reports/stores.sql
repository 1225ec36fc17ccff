select store, count(*) as orders, sum(amount)::decimal(38, 0) as takings
from {{ ref('orders') }}
group by store
