{{
    config(
        materialized='incremental',
        unique_key='payment_id',
        incremental_strategy='delete+insert',
        on_schema_change='append_new_columns'
    )
}}

select payment_id, account_id, amount, paid_on
from {{ ref('stg_bank__payments') }}
{% if is_incremental() %}
where paid_on > (select max(paid_on) from {{ this }})
{% endif %}
