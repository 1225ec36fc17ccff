select
    flights.origin,
    weather.conditions,
    count(*) as flights,
    {{ percent('flights.is_cancelled') }} as cancelled_percent,
    {{ mean('flights.departure_delay_min') }} as mean_departure_delay_min,
    {{ percent(is_delayed('flights.departure_delay_min')) }} as delayed_percent
from {{ ref('stg_flights') }} as flights
join {{ ref('stg_weather') }} as weather
    on flights.origin = weather.origin
    and flights.scheduled_hour = weather.observed_at
group by flights.origin, weather.conditions
order by flights.origin, weather.conditions
