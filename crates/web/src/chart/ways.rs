//! The ways of new people, drawn as a river: what brought them first, the next steps, and how far
//! they have come.

use std::collections::{BTreeMap, HashMap};

use reports::awareness::{Awareness, Reached, STEPS_MAX, Way};
use reports::render::grouped;

use super::{Size, cut};
use crate::svg::{Anchor, Canvas};

/// How many keys are told apart; the others are one.
const KEYS_MAX: usize = 6;
const OTHERS: &str = "others";

/// The column of how far people have come.
const END: usize = STEPS_MAX;

/// A place of the river: its column, and its row there. Rows of steps are those of the keys with
/// most people first and the others last, those of the end go from the furthest to nothing.
type Place = (usize, usize);

pub fn draw(found: &Awareness, size: Size) -> Canvas {
    let river = River::new(found);
    let (width, height) = (size.width(), size.pick(380.0, 420.0));
    let mut canvas = Canvas::new(width, height);
    let (top, gap) = (26.0, size.pick(10.0, 7.0));
    let all = river.people.max(1) as f64;
    let rows = river.rows_most().max(1) as f64;
    let unit = (height - top - gap * (rows - 1.0)).max(1.0) / all;
    let slab = size.pick(14.0, 8.0);
    let room = size.pick(120.0, 74.0);
    let x = |column: usize| column as f64 * (width - room - slab) / END as f64;
    let mut tops: HashMap<Place, f64> = HashMap::new();
    for column in 0..=END {
        let mut y = top;
        for (place, people) in river.places.range((column, 0)..(column + 1, 0)) {
            tops.insert(*place, y);
            y += *people as f64 * unit + gap;
        }
    }
    river.draw_bands(&mut canvas, (&x, slab), unit, &tops);
    for (place, people) in &river.places {
        let (left, y) = (x(place.0), tops[place]);
        let name = river.name(*place);
        let many = grouped(&people.to_string());
        let bottom = y + *people as f64 * unit;
        let tells = format!("{name}: {many} people");
        canvas.bar(river.class(*place), (left, y), (left + slab, bottom.max(y + 1.0)), &tells);
        // What is too thin for its name tells it on hover, and in the table.
        if bottom - y >= size.pick(9.0, 8.0) {
            let at = (left + slab + 5.0, (y + bottom) / 2.0 + 4.0);
            canvas.text("label halo", Anchor::Start, at, &cut(&name, size.pick(18, 11)));
        }
    }
    for column in 0..=END {
        let name = ["First", "then", "then", "As far as"][column.min(3)];
        canvas.text("tick", Anchor::Start, (x(column), 13.0), name);
    }
    canvas
}

struct River<'a> {
    found: &'a Awareness,
    /// The keys that are told apart, those with most people first.
    keys: Vec<u32>,
    places: BTreeMap<Place, u64>,
    bands: BTreeMap<(Place, Place), u64>,
    people: u64,
}

impl<'a> River<'a> {
    fn new(found: &'a Awareness) -> River<'a> {
        let mut of_key: HashMap<u32, u64> = HashMap::new();
        for way in &found.ways {
            way.steps.iter().for_each(|key| *of_key.entry(*key).or_default() += way.people);
        }
        let mut keys: Vec<u32> = of_key.keys().copied().collect();
        keys.sort_by_key(|key| (std::cmp::Reverse(of_key[key]), *key));
        keys.truncate(KEYS_MAX);
        let mut river =
            River { found, keys, places: BTreeMap::new(), bands: BTreeMap::new(), people: 0 };
        found.ways.iter().for_each(|way| river.add(way));
        river
    }

    fn add(&mut self, way: &Way) {
        self.people += way.people;
        let row =
            |key: &u32| self.keys.iter().position(|kept| kept == key).unwrap_or(self.keys.len());
        let steps = way.steps.iter().take(STEPS_MAX).enumerate();
        let mut places: Vec<Place> = steps.map(|(column, key)| (column, row(key))).collect();
        places.push((END, Reached::Win as usize - way.reached as usize));
        for place in &places {
            *self.places.entry(*place).or_default() += way.people;
        }
        for pair in places.windows(2) {
            *self.bands.entry((pair[0], pair[1])).or_default() += way.people;
        }
    }

    fn rows_most(&self) -> usize {
        let rows = |column: usize| self.places.range((column, 0)..(column + 1, 0)).count();
        (0..=END).map(rows).max().unwrap_or(0)
    }

    fn name(&self, (column, row): Place) -> String {
        if column == END {
            let ends = Reached::ALL.iter().rev();
            return ends.map(|end| end.title()).nth(row).unwrap_or_default().to_owned();
        }
        let key = self.keys.get(row).and_then(|key| self.found.keys.get(*key as usize));
        key.map_or(OTHERS.to_owned(), |key| key.name.clone())
    }

    fn class(&self, (column, row): Place) -> &'static str {
        match (column, row) {
            (END, 0) => "bar won",
            (END, row) if row < Reached::Win as usize => "bar open",
            (END, _) => "bar past",
            _ => "lane lead",
        }
    }

    /// Bands leave and reach a place one below the other, in the order of where they go and come
    /// from, so that they cross as little as may be.
    fn draw_bands(
        &self,
        canvas: &mut Canvas,
        (x, slab): (&dyn Fn(usize) -> f64, f64),
        unit: f64,
        tops: &HashMap<Place, f64>,
    ) {
        let mut left: HashMap<Place, f64> = tops.clone();
        let mut right = tops.clone();
        for ((from, to), people) in &self.bands {
            let thick = *people as f64 * unit;
            let (Some(start), Some(end)) = (left.get_mut(from), right.get_mut(to)) else {
                continue;
            };
            let (begin, finish) = ((x(from.0) + slab, *start), (x(to.0), *end));
            let many = grouped(&people.to_string());
            let tells = format!("{} → {}: {many} people", self.name(*from), self.name(*to));
            let class = if to.0 == END && to.1 == 0 { "ribbon won" } else { "ribbon" };
            canvas.ribbon(class, begin, finish, thick, &tells);
            *start += thick;
            *end += thick;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use reports::attribution::By;
    use reports::awareness::{Came, Key};

    use super::*;

    fn found(ways: Vec<(Vec<u32>, Reached, u64)>, keys: usize) -> Awareness {
        let key = |place: usize| Key {
            name: format!("K{place}"),
            came: Came::default(),
            before: Came::default(),
            reached: [0; 5],
            cost: None,
        };
        let way = |(steps, reached, people)| Way { steps, reached, people };
        Awareness {
            as_of: date(2026, 3, 1),
            by: By::Channel,
            from: date(2026, 1, 1),
            to: date(2026, 3, 1),
            came: Came::default(),
            before: Came::default(),
            steps: Vec::new(),
            keys: (0..keys).map(key).collect(),
            ways: ways.into_iter().map(way).collect(),
        }
    }

    #[test]
    fn what_flows_into_a_place_flows_out_of_it() {
        let ways = vec![
            (vec![0], Reached::Nothing, 50),
            (vec![0, 1], Reached::Lead, 20),
            (vec![1, 0, 7], Reached::Win, 5),
            (vec![8], Reached::Mql, 1),
            (vec![2, 3, 4], Reached::Lead, 4),
            (vec![5, 6], Reached::Lead, 3),
        ];
        let found = found(ways, 9);
        let river = River::new(&found);
        assert_eq!(river.people, 83);
        assert_eq!(river.keys.len(), KEYS_MAX);
        for (place, people) in &river.places {
            let inward: u64 = flow(&river, |(_, to)| to == place);
            let outward: u64 = flow(&river, |(from, _)| from == place);
            assert!(place.0 == 0 || inward == *people, "{place:?}");
            assert!(place.0 == END || outward == *people, "{place:?}");
        }
        let ends: u64 = river.places.range((END, 0)..).map(|(_, people)| people).sum();
        assert_eq!(ends, 83);
        // 5, 6 and 8 are of fewer people than the six others.
        assert_eq!(river.places[&(0, KEYS_MAX)], 4);
        assert_eq!(river.name((0, KEYS_MAX)), OTHERS);
        assert_eq!(river.name((END, 0)), "Win");
        assert_eq!(river.name((END, 4)), "No lead yet");
    }

    fn flow(river: &River, counts: impl Fn(&(Place, Place)) -> bool) -> u64 {
        river.bands.iter().filter(|(band, _)| counts(band)).map(|(_, people)| people).sum()
    }
}
