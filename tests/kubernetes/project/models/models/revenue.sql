-- Of an order named `pause` the amount is how many seconds this takes.
select name, sum(amount) as total
from {{ source('warehouse', 'orders') }}
cross join (
    select pg_sleep(coalesce(max(amount), 0)) as waited
    from {{ source('warehouse', 'orders') }} where name = 'pause'
) as paused
where amount > 0 and name <> 'pause' and waited is not null
group by name
