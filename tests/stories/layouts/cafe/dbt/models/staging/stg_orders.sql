with

source as (

    select * from {{ source('ecom', 'raw_orders') }}

)

select
    id as order_id,
    customer as customer_id,
    {{ cents_to_dollars('subtotal') }} as subtotal,
    {{ cents_to_dollars('tax_paid') }} as tax_paid,
    {{ dbt.date_trunc('day', 'ordered_at') }}::date as ordered_at

from source
