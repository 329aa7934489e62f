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
    percentile_cont(0.9) within group (order by cast(cycle_days as double)) as value,
    count(*) as wins
from won
group by 1
order by 1
