select
    flights.carrier,
    airlines.airline,
    date_trunc('month', flights.flight_date)::date as month,
    count(*) as flights,
    count(*) filter (where flights.is_cancelled) as cancelled,
    {{ mean('flights.departure_delay_min') }} as mean_departure_delay_min,
    {{ mean('flights.arrival_delay_min') }} as mean_arrival_delay_min,
    {{ percent(is_delayed('flights.arrival_delay_min')) }} as delayed_percent
from {{ ref('stg_flights') }} as flights
join {{ ref('stg_airlines') }} as airlines using (carrier)
group by 1, 2, 3
order by 1, 2, 3
