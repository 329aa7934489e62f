//! Which share of the outcomes that come at all has come by an age.
//!
//! Only outcomes that came before the rows were last seen are known, and quick ones are so more
//! often: their ages are truncated on the right. The estimate is the product-limit one in reverse
//! time of Lynden-Bell (1971), "A method of allowing for known observational selection in small
//! samples applied to 3CR quasars", in the form of Lagakos, Barraj & De Gruttola (1988),
//! "Nonparametric analysis of truncated survival data", Biometrika 75: at each age, of those with
//! an outcome by then that would have been seen by then, the share whose outcome came just then.
//! What comes after the greatest age at which any row is seen is not known and not counted.

/// A row whose outcome came: at which age, and how old the row is, or would be, when last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    pub at_age_days: u32,
    pub seen_at_age_days: u32,
}

/// Shares by age.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ripening {
    /// Ages at which outcomes came, ascending, each with the share that came up to and with it.
    steps: Vec<(u32, f64)>,
}

impl Ripening {
    /// Learns from the rows whose outcome came; those seen before it came are left out.
    #[must_use]
    pub fn fit(came: &[Came]) -> Self {
        let mut came: Vec<Came> = came.to_vec();
        came.retain(|row| row.at_age_days <= row.seen_at_age_days);
        came.sort_by_key(|row| row.at_age_days);
        let mut seen: Vec<u32> = came.iter().map(|row| row.seen_at_age_days).collect();
        seen.sort_unstable();
        let (mut steps, mut share) = (Vec::new(), 1.0);
        for now in came.chunk_by(|one, other| one.at_age_days == other.at_age_days).rev() {
            let age = now[0].at_age_days;
            steps.push((age, share));
            let by_then = came.partition_point(|row| row.at_age_days <= age);
            // Rows seen before this age had their outcome before it, too.
            let at_risk = by_then - seen.partition_point(|seen| *seen < age);
            let earlier = by_then - now.len();
            // Where nobody else was seen this old, the earlier ones are not thereby ruled out.
            let at_risk = if at_risk == now.len() && earlier > 0 { at_risk + 1 } else { at_risk };
            share *= 1.0 - now.len() as f64 / at_risk as f64;
        }
        steps.reverse();
        Self { steps }
    }

    /// The share of outcomes that have come at this age; 1 when none were learned from.
    #[must_use]
    pub fn share_by(&self, age_days: u32) -> f64 {
        if self.steps.is_empty() {
            return 1.0;
        }
        let behind = self.steps.partition_point(|(age, _)| *age <= age_days);
        behind.checked_sub(1).map_or(0.0, |last| self.steps[last].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use rand::RngExt;

    fn came(ages: &[(u32, u32)]) -> Vec<Came> {
        let row = |&(at_age_days, seen_at_age_days)| Came { at_age_days, seen_at_age_days };
        ages.iter().map(row).collect()
    }

    #[test]
    fn without_truncation_shares_are_counted() {
        let ripening = Ripening::fit(&came(&[(1, 99), (2, 99), (2, 99), (7, 99)]));
        let shares = [0, 1, 2, 6, 7, 50].map(|age| ripening.share_by(age));
        for (found, wanted) in shares.iter().zip([0.0, 0.25, 0.75, 0.75, 1.0, 1.0]) {
            assert!((found - wanted).abs() < 1e-12, "{shares:?}");
        }
        assert_eq!(Ripening::default().share_by(3), 1.0);
    }

    #[test]
    fn truncation_is_undone() {
        // By hand: at 5 of two seen that old one; at 2 of three one, and then the rest.
        let ripening = Ripening::fit(&came(&[(1, 3), (2, 9), (5, 9)]));
        let shares = [1, 2, 5].map(|age| ripening.share_by(age));
        assert_eq!(shares, [0.25, 0.5, 1.0]);
    }

    #[test]
    fn quick_outcomes_are_not_taken_for_all() {
        // Ages of outcomes even over 100 days; rows are 1 to 200 days old.
        let mut random = stream(3, 0);
        let rows: Vec<(u32, u32)> = (0..40_000)
            .map(|_| (random.random_range(1..=100), random.random_range(1..=200)))
            .filter(|(at, seen)| at <= seen)
            .collect();
        let ripening = Ripening::fit(&came(&rows));
        for age in [10, 30, 50, 80] {
            let found = ripening.share_by(age);
            assert!((found - f64::from(age) / 100.0).abs() < 0.01, "{age}: {found}");
        }
    }
}
