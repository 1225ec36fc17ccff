select
    lines.item,
    count(distinct lines.order_id) as orders,
    cast(sum(lines.quantity) as bigint) as sold,
    cast(sum(lines.price * lines.quantity) as decimal(18, 2)) as amount
from {{ source('warehouse', 'order_lines') }} as lines
join {{ source('warehouse', 'orders') }} as orders on orders.id = lines.order_id
where orders.status = 'paid'
group by lines.item
