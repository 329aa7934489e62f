//! Which touches came before which conversion.

use stats::attribution::{Conversion, Journey, Settings, Tally, Touch};

use super::ending::Ending;

/// How far back touches count, and of which days conversions do. Instants are microseconds since
/// 1970.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub lookback: Option<i64>,
    pub from: Option<i64>,
    pub to: Option<i64>,
}

impl Window {
    /// The earliest instant whose touches count towards something at `at`.
    fn begin(&self, at: i64) -> i64 {
        self.lookback.map_or(i64::MIN, |lookback| at.saturating_sub(lookback))
    }

    fn counts(&self, at: i64) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }
}

/// What one thread gathers.
pub struct Gathered {
    pub tally: Tally,
    touches: Vec<Touch>,
}

impl Gathered {
    pub fn new(settings: Settings) -> Gathered {
        Gathered { tally: Tally::new(settings), touches: Vec::new() }
    }

    /// Takes in all touches of somebody, and the conversions by their places, in order of time.
    ///
    /// A conversion has the touches up to its own instant, as far as they count. What no
    /// conversion has are journeys without one: a run of touches each, before, between and after.
    pub fn add(
        &mut self,
        window: &Window,
        endings: &[Ending],
        places: &[u32],
        (touches, keys): (&[lake::journeys::Touch], &[u32]),
    ) {
        let Gathered { tally, touches: own } = self;
        let touch = |touch: &lake::journeys::Touch| Touch {
            at: touch.at,
            channel: keys[touch.key as usize],
        };
        own.clear();
        own.extend(touches.iter().map(touch));
        let up_to = |at: i64| own.partition_point(|touch| touch.at < at);
        let lapsed = |tally: &mut Tally, first: usize, end: usize| {
            let begin = window.from.map_or(0, |from| up_to(window.begin(from)));
            let over = window.to.map_or(own.len(), |to| up_to(to.saturating_add(1)));
            let (first, end) = (first.max(begin), end.min(over));
            if first < end {
                tally.add(Journey { touches: &own[first..end], conversion: None });
            }
        };
        let mut taken = 0;
        for place in places {
            let ending = &endings[*place as usize];
            let (first, end) = (up_to(window.begin(ending.at)), up_to(ending.at.saturating_add(1)));
            lapsed(tally, taken, first);
            taken = taken.max(end);
            if window.counts(ending.at) {
                let Ending { value, lead_at, opportunity_at, .. } = *ending;
                let conversion = Some(Conversion { value, lead_at, opportunity_at });
                tally.add(Journey { touches: &own[first..end], conversion });
            }
        }
        lapsed(tally, taken, own.len());
    }
}

#[cfg(test)]
mod tests {
    use lake::journeys::Converter;
    use stats::attribution::{Model, Verdict};

    use super::*;

    const SETTINGS: Settings = Settings { channels: 2, direct: None, half_life: 1 };

    fn add(window: Window, ends: &[i64], touches: &[(i64, u32)]) -> (u64, u64, u64, Vec<i64>) {
        let ending = |at: &i64| Ending {
            record: uuid::Uuid::nil(),
            converter: Converter::Nobody,
            at: *at,
            value: 100,
            lead_at: None,
            opportunity_at: None,
        };
        let endings: Vec<Ending> = ends.iter().map(ending).collect();
        let places: Vec<u32> = (0..).take(endings.len()).collect();
        let touch = |(at, key): &(i64, u32)| lake::journeys::Touch { at: *at, key: *key };
        let touches: Vec<_> = touches.iter().map(touch).collect();
        let mut gathered = Gathered::new(SETTINGS);
        gathered.add(&window, &endings, &places, (&touches, &[0, 1]));
        let found = gathered.tally.finish(1);
        let linear = found.models.iter().find(|(model, _)| *model == Model::Linear);
        let values = match linear.map(|(_, verdict)| verdict) {
            Some(Verdict::Credits(credits)) => credits.iter().map(|it| it.value).collect(),
            other => panic!("{other:?}"),
        };
        (found.journeys, found.conversions, found.untouched, values)
    }

    #[test]
    fn a_conversion_has_the_touches_before_it_as_far_as_they_count() {
        let all = Window { lookback: None, from: None, to: None };
        let ten = Window { lookback: Some(10), ..all };
        let touches = [(0, 0), (5, 1), (20, 0), (21, 1)];
        // At the instant of the conversion still counts; what comes after is a journey of its own.
        assert_eq!(add(all, &[20], &touches), (2, 1, 0, vec![67, 33]));
        // The two that lie too far back are one more that did not convert.
        assert_eq!(add(ten, &[20], &touches), (3, 1, 0, vec![100, 0]));
        assert_eq!(add(ten, &[5, 20], &touches), (3, 2, 0, vec![150, 50]));
        // Two conversions have the same touches where both may.
        assert_eq!(add(ten, &[5, 6], &touches[..2]), (2, 2, 0, vec![100, 100]));
        assert_eq!(add(all, &[-1], &touches), (1, 0, 1, vec![0, 0]));
        assert_eq!(add(all, &[], &touches), (1, 0, 0, vec![0, 0]));
        assert_eq!(add(all, &[3], &[]), (0, 0, 1, vec![0, 0]));
    }

    #[test]
    fn conversions_of_other_days_take_their_touches_with_them() {
        let days = Window { lookback: Some(10), from: Some(18), to: Some(30) };
        let touches = [(0, 0), (5, 1), (20, 0), (29, 1), (31, 0)];
        // 29 lies before the look-back of 40, and so did not convert; the others go with theirs.
        assert_eq!(add(days, &[5, 20, 40], &touches), (2, 1, 0, vec![100, 0]));
        // 20 and 29 did not convert; 0 and 5 lie before what counts, 31 after.
        assert_eq!(add(days, &[], &touches), (1, 0, 0, vec![0, 0]));
        assert_eq!(add(days, &[], &touches[..2]), (0, 0, 0, vec![0, 0]));
    }
}
