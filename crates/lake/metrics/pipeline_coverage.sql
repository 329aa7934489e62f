-- open_deals: what may close in the period, each on the day on which that is expected
with open_deals as (
    select *, expected_close_on as day
    from deals
    where
        outcome = 'open'
        and (expected_close_on is null or expected_close_on between $first_day and $last_day)
),
-- booked: what the period brought so far
booked as (
    select coalesce(sum(amount_minor), 0) as minor
    from deals
    where
        outcome = 'won'
        and closed_on between $first_day and $last_day
        and not impossible_order
)
select
    $by as segment,
    case
        when $target_minor > max(booked.minor)
            then
                cast(coalesce(sum(estimated_amount_minor), 0) as double)
                / ($target_minor - max(booked.minor))
    end as value,
    coalesce(sum(estimated_amount_minor), 0) as pipeline_minor,
    $target_minor - max(booked.minor) as gap_minor
from open_deals
cross join booked
group by 1
order by 1
