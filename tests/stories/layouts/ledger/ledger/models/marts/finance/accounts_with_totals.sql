select
    accounts.account_id,
    accounts.owner,
    statuses.label as status_label,
    coalesce(totals.total, 0) as total,
    (
        select count(*) from {{ ref('accounts_snapshot') }} as history
        where history.account_id = accounts.account_id
    ) as changes
from {{ ref('stg_bank__accounts') }} as accounts
left join {{ ref('int_totals') }} as totals using (account_id)
left join {{ ref('statuses') }} as statuses on statuses.status = accounts.status
