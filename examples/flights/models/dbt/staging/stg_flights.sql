select
    make_date(year, month, day) as flight_date,
    carrier,
    flight as flight_number,
    origin,
    dest as destination,
    tailnum,
    time_hour as scheduled_hour,
    dep_delay as departure_delay_min,
    arr_delay as arrival_delay_min,
    air_time as air_time_min,
    distance as distance_mi,
    dep_time is null as is_cancelled
from {{ source('warehouse', 'flights') }}
