-- followed: subscriptions that another one of the same account and product follows
with followed as (
    select distinct ended.id
    from subscriptions as ended
    inner join subscriptions as next
        on
            next.account = ended.account
            and coalesce(next.product, '') = coalesce(ended.product, '')
            and next.id <> ended.id
    where
        next.started_on >= ended.ended_on
        and next.started_on <= ended.ended_on + interval '31 days'
),
-- churned: subscriptions that ended in the period for good, each on its last day
churned as (
    select subscriptions.*, ended_on as day
    from subscriptions
    left join followed on followed.id = subscriptions.id
    where
        ended_on between $first_day and $last_day
        and followed.id is null
        and (started_on is null or ended_on >= started_on)
)
select $by as segment, coalesce(sum(monthly_amount_minor), 0) as value, count(*) as subscriptions
from churned
group by 1
order by 1
