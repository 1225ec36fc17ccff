with year as (
    select
        carrier,
        airline,
        sum(flights)::bigint as flights,
        ({{ rounded('sum(flights * delayed_percent) / sum(flights)', 1) }})::decimal(5, 1) as delayed_percent
    from {{ ref('carrier_delays_monthly') }}
    group by carrier, airline
)

select
    row_number() over (order by delayed_percent, carrier)::integer as place,
    carrier,
    airline,
    flights,
    delayed_percent
from year
order by place
