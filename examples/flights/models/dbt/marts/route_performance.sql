select
    flights.origin,
    flights.destination,
    airports.airport_name as destination_name,
    max(flights.distance_mi) as distance_mi,
    count(*) as flights,
    count(distinct flights.carrier) as carriers,
    percentile_cont(0.5) within group (order by flights.arrival_delay_min) as median_arrival_delay_min,
    {{ percent('flights.is_cancelled') }} as cancelled_percent
from {{ ref('stg_flights') }} as flights
left join {{ ref('stg_airports') }} as airports on airports.airport = flights.destination
group by flights.origin, flights.destination, airports.airport_name
order by flights.origin, flights.destination
