with

customer_orders_summary as (

    select
        orders.customer_id,
        count(distinct orders.order_id) as count_lifetime_orders,
        sum(orders.order_total) as lifetime_spend

    from {{ ref('orders') }} as orders

    group by 1

)

select
    customers.customer_id,
    customers.customer_name,
    coalesce(summary.count_lifetime_orders, 0) as count_lifetime_orders,
    coalesce(summary.lifetime_spend, 0) as lifetime_spend,
    case when summary.count_lifetime_orders > 1 then 'returning' else 'new' end as customer_type

from {{ ref('stg_customers') }} as customers
left join customer_orders_summary as summary using (customer_id)
