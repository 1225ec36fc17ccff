select
    faa as airport,
    name as airport_name,
    lat as latitude,
    lon as longitude,
    alt as altitude_ft,
    tz as utc_offset_hours,
    tzone as time_zone
from {{ source('warehouse', 'airports') }}
