select * from {{ ref('customers') }} where lifetime_spend < 0
