select
    order_id,
    customer_id,
    ordered_at,
    subtotal + tax_paid as order_total,
    row_number() over (partition by customer_id order by ordered_at) as customer_order_number

from {{ ref('stg_orders') }}
