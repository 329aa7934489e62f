-- dated: touches in the period, each on its day
with dated as (
    select *, occurred_on as day
    from touches
    where occurred_on between $first_day and $last_day
)
select $by as segment, count(*) as value, count(distinct person_id) as people
from dated
group by 1
order by 1
