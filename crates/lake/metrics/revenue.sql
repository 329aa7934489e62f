-- won: deals won in the period, each on its closing day
with won as (
    select *, closed_on as day
    from deals
    where
        outcome = 'won'
        and closed_on between $first_day and $last_day
        and not impossible_order
)
select
    $by as segment,
    coalesce(sum(amount_minor), 0) as value,
    count(*) as wins,
    count(*) - count(amount_minor) as without_amount
from won
group by 1
order by 1
