-- decided: hand-offs that sales took, or that went back untaken, each on the day of that
with decided as (
    select *, decided_on as day
    from handoffs
    where decided_on between $first_day and $last_day
)
select
    $by as segment,
    cast(count(*) filter (where is_accepted) as double) / count(*) as value,
    count(*) filter (where is_accepted) as accepted,
    count(*) filter (where not is_accepted) as not_accepted
from decided
group by 1
order by 1
