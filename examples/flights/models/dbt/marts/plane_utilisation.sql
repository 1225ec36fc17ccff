select
    planes.tailnum,
    planes.manufacturer,
    planes.model,
    planes.seats,
    count(*) as flights,
    count(distinct flights.flight_date) as days_in_service,
    sum(flights.distance_mi)::bigint as distance_mi,
    coalesce(sum(flights.air_time_min), 0)::bigint as air_time_min,
    {{ rounded('count(*)::double precision / count(distinct flights.flight_date)', 2) }} as flights_per_day
from {{ ref('stg_flights') }} as flights
join {{ ref('stg_planes') }} as planes using (tailnum)
where not flights.is_cancelled
group by planes.tailnum, planes.manufacturer, planes.model, planes.seats
order by planes.tailnum
