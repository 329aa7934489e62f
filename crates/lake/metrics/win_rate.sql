-- closed: deals won or lost in the period, each on its closing day
with closed as (
    select *, closed_on as day
    from deals
    where
        outcome in ('won', 'lost')
        and closed_on between $first_day and $last_day
        and not impossible_order
)
select
    $by as segment,
    cast(count(*) filter (where outcome = 'won') as double) / count(*) as value,
    count(*) filter (where outcome = 'won') as won,
    count(*) filter (where outcome = 'lost') as lost
from closed
group by 1
order by 1
