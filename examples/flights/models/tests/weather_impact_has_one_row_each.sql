-- One row for each airport and kind of weather.
select origin, conditions, count(*) as rows
from {{ ref('weather_impact') }}
group by origin, conditions
having count(*) > 1
