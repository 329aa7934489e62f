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
    cast(floor(avg(cast(amount_minor as double)) + 0.5) as bigint) as value,
    count(amount_minor) as wins
from won
group by 1
order by 1
