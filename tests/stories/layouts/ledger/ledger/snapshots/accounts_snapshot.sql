{% snapshot accounts_snapshot %}
{{ config(unique_key='account_id', strategy='check', check_cols=['status']) }}
select * from {{ ref('stg_bank__accounts') }}
{% endsnapshot %}
