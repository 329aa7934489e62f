-- reached: the day on which each lead first was in such a stage
with reached as (
    select id, min(entered_on) as day
    from lead_stages
    where lifecycle = 'sql'
    group by id
),
-- dated: those leads that got there in the period
dated as (
    select leads.*, reached.day
    from leads
    inner join reached on reached.id = leads.id
    where reached.day between $first_day and $last_day
)
select $by as segment, count(*) as value
from dated
group by 1
order by 1
