//! Draws: what a period lacks is advanced, and made up for later where the plan says so.

use super::exact::Overflow;
use super::plan::Payee;
use super::statement::{Line, Source, Working};
use crate::period::Period;

/// The line that a draw adds to a period's lines, and what is owed afterwards. The relay's share
/// comes on top, so it neither fills a draw nor makes up for one.
pub(super) fn draw_line(
    payee: &Payee,
    period: Period,
    lines: &[Line],
    owed: i64,
) -> Result<(Option<Line>, i64), Overflow> {
    let Some(draw) = payee.draw else { return Ok((None, owed)) };
    let counted = lines.iter().filter(|line| !is_relay(line));
    let earned = super::exact::sum(counted.map(|line| line.amount))?;
    let in_force = draw.from <= period && period <= draw.to;
    let guaranteed = if in_force { draw.amount } else { 0 };
    let above = earned.max(0) - guaranteed;
    let line = |amount, working| Line { about: period, deal: None, amount, working };
    if above < 0 {
        let recoverable = draw.is_recoverable;
        let working = Working::Draw { earned, guaranteed, recoverable };
        let owed = if recoverable { owed.checked_sub(above).ok_or(Overflow)? } else { owed };
        return Ok((Some(line(-above, working)), owed));
    }
    let back = above.min(owed);
    let working = Working::Recovery { earned, guaranteed, owed };
    Ok(((back > 0).then(|| line(-back, working)), owed - back))
}

fn is_relay(line: &Line) -> bool {
    matches!(line.working, Working::Relay { .. } | Working::Adjustment { of: Source::Relay, .. })
}
