with year as (
    select
        carrier,
        airline,
        sum(flights)::bigint as flights,
        round(sum(flights * delayed_percent) / sum(flights), 1)::decimal(5, 1) as delayed_percent
    from {{ ref('carrier_delays_monthly') }}
    group by all
)

select
    row_number() over (order by delayed_percent, carrier)::integer as place,
    carrier,
    airline,
    flights,
    delayed_percent
from year
order by place
