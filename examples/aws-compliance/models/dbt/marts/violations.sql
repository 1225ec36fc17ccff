select 'unencrypted-bucket' as control, account_id, region, bucket as resource, 'not encrypted by default' as detail, contact
from {{ ref('unencrypted_buckets') }}
union all
select 'public-bucket', account_id, region, bucket, 'public by its ' || public_by, contact
from {{ ref('public_buckets') }}
union all
select 'old-access-key', account_id, 'global', access_key_id, user_name || ', ' || age_days || ' days old', contact
from {{ ref('old_access_keys') }}
union all
select 'user-without-mfa', account_id, 'global', user_name, 'a password alone', contact
from {{ ref('users_without_mfa') }}
union all
select 'open-security-group', account_id, region, group_id, group_name || ' is open to all: ' || ports, null
from {{ ref('open_security_groups') }}
