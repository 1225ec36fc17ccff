select
    carrier,
    name as airline
from {{ source('warehouse', 'airlines') }}
