-- The monthly figures add up to the flights they are made of.
select monthly.flights as counted, staged.flights as expected
from (select sum(flights) as flights from {{ ref('carrier_delays_monthly') }}) as monthly,
    (select count(*) as flights from {{ ref('stg_flights') }}) as staged
where monthly.flights is distinct from staged.flights
