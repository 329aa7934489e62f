-- pushed: pushes in the period, each on the day on which it was done
with pushed as (
    select *, pushed_on as day
    from deal_pushes
    where pushed_on between $first_day and $last_day
)
select
    $by as segment,
    count(*) as value,
    count(distinct id) as deals,
    sum(pushed_days) as pushed_days
from pushed
group by 1
order by 1
