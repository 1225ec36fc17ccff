-- The counts by control and account add up to the violations.
select counted.rows as counted, listed.rows as listed
from (select coalesce(sum(broken), 0) as rows from {{ ref('compliance') }}) as counted,
    (select count(*) as rows from {{ ref('violations') }}) as listed
where counted.rows is distinct from listed.rows
