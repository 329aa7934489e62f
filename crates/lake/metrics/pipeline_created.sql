-- created: deals that came to be in the period, each on that day
with created as (
    select *, entered_on as day
    from deals
    where entered_on between $first_day and $last_day and not impossible_order
)
select
    $by as segment,
    coalesce(sum(amount_minor), 0) as value,
    count(*) as deals,
    count(*) - count(amount_minor) as without_amount
from created
group by 1
order by 1
