{{ config(tags=['nightly']) }}
select * from {{ ref('dim_accounts') }} where total < 0
