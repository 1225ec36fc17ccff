{{ config(access='private', group='finance') }}

select account_id, sum(amount) as total
from {{ ref('stg_bank__payments') }}
group by account_id
