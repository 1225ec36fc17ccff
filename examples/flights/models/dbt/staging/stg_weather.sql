select
    origin,
    time_hour as observed_at,
    temp as temperature_f,
    wind_speed as wind_mph,
    precip as precipitation_in,
    visib as visibility_mi,
    case
        when temp <= 32 and precip > 0 then 'snow or ice'
        when precip > 0 then 'rain'
        when visib < 3 then 'fog'
        when wind_speed >= 25 then 'wind'
        else 'fair'
    end as conditions
from {{ source('warehouse', 'weather') }}
