select account_id, region, bucket, contact
from {{ ref('stg_buckets') }}
where not is_encrypted
