//! The rules of fit and engagement, and how they would have told past leads apart.

use domain::score::rules::{Rules, Score};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

/// Bands of equal width that a score is parted into.
pub const BANDS: usize = 5;

/// All versions, and what one of them says.
#[derive(Clone, Debug)]
pub struct RuleSets {
    pub versions: Vec<Saved>,
    /// The version that is shown: the newest, unless another is asked for.
    pub shown: Option<(u64, Rules)>,
    /// As it was written.
    pub terms: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Saved {
    pub version: u64,
    pub by: String,
    pub on: Date,
}

/// Rules tried on leads of the past.
#[derive(Clone, Debug)]
pub struct Tried {
    /// `None` for a text that is no version yet.
    pub version: Option<u64>,
    pub from: Date,
    pub to: Date,
    pub age_days: u32,
    /// Leads that were scored, and how many of them have gone on.
    pub leads: usize,
    pub came: usize,
    /// Leads that had gone on or were closed before the day on which they would be scored.
    pub settled_before: usize,
    /// Leads that are not that old yet.
    pub too_young: usize,
    /// By fit, by engagement and by both together, the lowest band first.
    pub bands: [[Held; BANDS]; 3],
    /// What the bands reach up to, in points.
    pub caps: [i64; 3],
    /// By rule: the leads to which it gave points.
    pub held: Vec<Held>,
    pub rules: Vec<(String, Score, i64)>,
    /// Channels that rules name and no touch has.
    pub unknown_channels: Vec<String>,
}

/// Leads, and how many of them have gone on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub leads: usize,
    pub came: usize,
}

impl Held {
    pub fn count(&mut self, came: bool) {
        self.leads += 1;
        self.came += usize::from(came);
    }

    fn share(self) -> Option<f64> {
        (self.leads > 0).then(|| self.came as f64 / self.leads as f64)
    }
}

/// Bands by name.
#[derive(Clone, Copy, Debug)]
pub struct Band;

impl Band {
    /// The band of a score: each has its lower bound, the last the cap too.
    pub fn of(milli: i64, cap: i64) -> usize {
        let bands = BANDS as i64;
        let place = (milli.max(0) * bands) / (cap.max(1) * 1_000);
        usize::try_from(place.min(bands - 1)).unwrap_or(0)
    }

    fn told(band: usize, cap: i64) -> String {
        let edge = |band: usize| cap as f64 * band as f64 / BANDS as f64;
        format!("{} to {}", edge(band), edge(band + 1))
    }
}

impl Tried {
    pub fn new(
        version: Option<u64>,
        (from, to): (Date, Date),
        age_days: u32,
        rules: &Rules,
    ) -> Tried {
        let told = rules.rules.iter().map(|rule| (rule.name.clone(), rule.score, rule.points));
        Tried {
            version,
            from,
            to,
            age_days,
            leads: 0,
            came: 0,
            settled_before: 0,
            too_young: 0,
            bands: [[Held::default(); BANDS]; 3],
            caps: [rules.fit_cap, rules.engagement_cap, rules.fit_cap + rules.engagement_cap],
            held: vec![Held::default(); rules.rules.len()],
            rules: told.collect(),
            unknown_channels: Vec::new(),
        }
    }

    /// How many times as many go on as of all.
    fn lift(&self, held: Held) -> Option<f64> {
        let all = Held { leads: self.leads, came: self.came }.share().filter(|all| *all > 0.0)?;
        Some(held.share()? / all)
    }

    fn lift_cell(&self, held: Held) -> Cell {
        self.lift(held).map_or(Cell::Missing, |lift| Cell::Text(format!("{lift:.2}")))
    }

    fn named(&self) -> [(&'static str, &[Held; BANDS], i64); 3] {
        let names = ["fit", "engagement", "both"];
        [0, 1, 2].map(|place| (names[place], &self.bands[place], self.caps[place]))
    }

    fn bands_table(&self) -> Table {
        let columns = ["Score", "Points", ">Leads", ">Went on", ">Share", ">Lift"];
        let mut table = Table::new("What became of them, by score", &columns);
        for (name, bands, cap) in self.named() {
            for (place, band) in bands.iter().enumerate().rev().filter(|(_, it)| it.leads > 0) {
                table.row([
                    name.into(),
                    Cell::Text(Band::told(place, cap)),
                    band.leads.into(),
                    band.came.into(),
                    band.share().map_or(Cell::Missing, Cell::Share),
                    self.lift_cell(*band),
                ]);
            }
        }
        table
    }

    fn rules_table(&self) -> Table {
        let columns = ["Rule", "Score", ">Points", ">Leads", ">Went on", ">Lift"];
        let mut table = Table::new("Rule by rule", &columns);
        for ((name, score, points), held) in self.rules.iter().zip(&self.held) {
            table.row([
                name.as_str().into(),
                score.name().into(),
                Cell::Count(*points),
                held.leads.into(),
                held.came.into(),
                self.lift_cell(*held),
            ]);
        }
        table
    }
}

impl Report for Tried {
    fn document(&self) -> Document {
        let of = format!("created from {} to {}", self.from, self.to);
        let top = self.bands[2].iter().rev().find(|band| band.leads > 0);
        let answer = match top.and_then(|top| Some((top, self.lift(*top)?))) {
            Some((top, lift)) => format!(
                "Of {} {of}, {} went on; of the {} with the most points {:.0} %, {lift:.1} times \
                 as many as of all.",
                counted(self.leads, "lead"),
                self.came,
                top.leads,
                100.0 * top.share().unwrap_or_default(),
            ),
            None => format!("Of {} {of} none has gone on.", counted(self.leads, "lead")),
        };
        let mut notes = vec![format!(
            "Each is scored as it was known {} after its creation. Left out: {} that had gone on \
             or were closed by then, {} not that old yet. Who may still go on counts as not.",
            counted(self.age_days as usize, "day"),
            self.settled_before,
            self.too_young,
        )];
        if !self.unknown_channels.is_empty() {
            let channels = self.unknown_channels.join(", ");
            notes.push(format!("No touch has ever come by {channels}: check the spelling."));
        }
        let tables = match self.leads {
            0 => Vec::new(),
            _ => vec![self.bands_table(), self.rules_table()],
        };
        Document { answer, tables, notes }
    }

    fn json(&self) -> Value {
        let held = |held: Held| {
            json!({
                "leads": held.leads, "came": held.came, "share": held.share(),
                "lift": self.lift(held),
            })
        };
        let bands = self.named().into_iter().map(|(name, bands, cap)| {
            let band = |(place, band): (usize, &Held)| {
                let mut told = held(*band);
                told["from_points"] = (cap as f64 * place as f64 / BANDS as f64).into();
                told
            };
            let bands: Vec<Value> = bands.iter().enumerate().map(band).collect();
            json!({ "score": name, "bands": bands })
        });
        let bands: Vec<Value> = bands.collect();
        let rule = |((name, score, points), own): (&(String, Score, i64), &Held)| {
            let mut told = held(*own);
            told["rule"] = name.as_str().into();
            told["score"] = score.name().into();
            told["points"] = (*points).into();
            told
        };
        json!({
            "version": self.version,
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "age_days": self.age_days,
            "leads": self.leads,
            "came": self.came,
            "settled_before": self.settled_before,
            "too_young": self.too_young,
            "scores": bands,
            "rules": self.rules.iter().zip(&self.held).map(rule).collect::<Vec<_>>(),
            "unknown_channels": self.unknown_channels,
        })
    }
}

impl RuleSets {
    fn rules_table(version: u64, rules: &Rules) -> Table {
        let columns = ["Rule", "Score", ">Points", ">At most", ">Half-life", "When"];
        let mut table = Table::new(&format!("Version {version}"), &columns);
        for rule in &rules.rules {
            let half_life = rule.half_life_days;
            table.row([
                rule.name.as_str().into(),
                rule.score.name().into(),
                Cell::Count(rule.points),
                Cell::Count(rule.cap),
                half_life.map_or(Cell::Missing, |days| Cell::Days(f64::from(days))),
                rule.when.source().into(),
            ]);
        }
        table
    }
}

impl Report for RuleSets {
    fn document(&self) -> Document {
        let Some((version, rules)) = &self.shown else {
            return Document {
                answer: "There are no rules of fit and engagement yet.".to_owned(),
                tables: Vec::new(),
                notes: vec!["docs/score.md has some to begin with.".to_owned()],
            };
        };
        let of = |score| rules.rules.iter().filter(|rule| rule.score == score).count();
        let answer = format!(
            "Version {version} has {} of fit, up to {} points, and {} of engagement, up to {}.",
            counted(of(Score::Fit), "rule"),
            rules.fit_cap,
            counted(of(Score::Engagement), "rule"),
            rules.engagement_cap,
        );
        let mut versions = Table::new("Versions", &["Version", "Saved by", ">On"]);
        for saved in self.versions.iter().rev() {
            versions.row([
                Cell::Text(saved.version.to_string()),
                saved.by.as_str().into(),
                Cell::Date(saved.on),
            ]);
        }
        let tables = vec![RuleSets::rules_table(*version, rules), versions];
        let newest = "Leads are scored by the newest version.".to_owned();
        Document { answer, tables, notes: vec![newest] }
    }

    fn json(&self) -> Value {
        let rules = self.shown.as_ref().map(|(version, rules)| {
            let rule = |rule: &domain::score::rules::Rule| {
                json!({
                    "name": rule.name, "score": rule.score.name(), "when": rule.when.source(),
                    "points": rule.points, "cap": rule.cap,
                    "half_life_days": rule.half_life_days,
                })
            };
            json!({
                "version": version,
                "fit_cap": rules.fit_cap,
                "engagement_cap": rules.engagement_cap,
                "rules": rules.rules.iter().map(rule).collect::<Vec<_>>(),
                "terms": self.terms,
            })
        });
        let version = |saved: &Saved| {
            let on = saved.on.to_string();
            json!({ "version": saved.version, "by": saved.by, "on": on })
        };
        json!({
            "shown": rules,
            "versions": self.versions.iter().map(version).collect::<Vec<_>>(),
        })
    }
}
