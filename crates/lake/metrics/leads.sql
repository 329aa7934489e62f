-- created: leads that came to be in the period, each on that day
with created as (
    select *, created_on as day
    from leads
    where created_on between $first_day and $last_day
)
select $by as segment, count(*) as value
from created
group by 1
order by 1
