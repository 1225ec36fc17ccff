select
    tailnum,
    year as built_in,
    type as plane_type,
    manufacturer,
    model,
    engines,
    seats
from {{ source('warehouse', 'planes') }}
