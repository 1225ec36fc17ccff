select
    account_id,
    region,
    bucket,
    encryption is not null as is_encrypted,
    policy_is_public and not restrict_public_buckets as is_public_by_policy,
    acl_is_public and not ignore_public_acls as is_public_by_acl,
    versioning = 'Enabled' as is_versioned,
    logging_bucket is not null as is_logged,
    tags ->> '$.owner' as contact
from {{ source('warehouse', 'buckets') }}
