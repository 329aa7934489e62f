-- begun: stays in open stages that began in the period, each on that day
with begun as (
    select *, entered_on as day
    from deal_stages
    where outcome = 'open' and entered_on between $first_day and $last_day
)
select
    $by as segment,
    cast(count(*) filter (where moved_on) as double) / count(*) as value,
    count(*) as entered,
    count(*) filter (where moved_on) as moved_on,
    count(*) filter (where left_on is null) as still_there
from begun
group by 1
order by 1
