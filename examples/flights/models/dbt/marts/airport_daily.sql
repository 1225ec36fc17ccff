select
    origin,
    flight_date,
    count(*) as departures,
    count(*) filter (where is_cancelled) as cancelled,
    {{ mean('departure_delay_min') }} as mean_departure_delay_min,
    max(departure_delay_min) as worst_departure_delay_min
from {{ ref('stg_flights') }}
group by origin, flight_date
order by origin, flight_date
