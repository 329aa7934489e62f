-- open_deals: what may close in the period, each on the day on which that is expected
with open_deals as (
    select *, expected_close_on as day
    from deals
    where
        outcome = 'open'
        and (expected_close_on is null or expected_close_on between $first_day and $last_day)
)
select
    $by as segment,
    coalesce(sum(estimated_amount_minor), 0) as value,
    count(*) as deals,
    count(*) - count(amount_minor) as estimated
from open_deals
group by 1
order by 1
