-- begun: what sales owed in the period and is decided, each on the day on which its clock began
with begun as (
    select *, began_on as day
    from handoff_clocks
    where
        began_on between $first_day and $last_day
        and in_time is not null
)
select
    $by as segment,
    cast(count(*) filter (where in_time) as double) / count(*) as value,
    count(*) filter (where in_time) as in_time,
    count(*) filter (where not in_time) as late
from begun
group by 1
order by 1
