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
-- kept: subscriptions that ran on the first day and were not lost, each on the last day
kept as (
    select subscriptions.*, $last_day as day
    from subscriptions
    left join followed on followed.id = subscriptions.id
    where
        started_on <= $first_day
        and (ended_on is null or ended_on >= $first_day)
        and (ended_on is null or ended_on > $last_day or followed.id is not null)
)
select $by as segment, coalesce(sum(monthly_amount_minor), 0) as value, count(*) as subscriptions
from kept
group by 1
order by 1
