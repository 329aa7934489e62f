//! Stages: where a lead or a deal stands, by the company's own names, and how each stage ends.

/// What being in a stage means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Open,
    Won,
    Lost,
}

/// A stage of a lead's lifecycle or a deal's pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub name: String,
    pub outcome: Outcome,
}

/// The stages of one kind in their order, and the stage in which a record begins when its
/// source does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    pub stages: Vec<Stage>,
    pub entry: Option<String>,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Open => "open",
            Outcome::Won => "won",
            Outcome::Lost => "lost",
        }
    }

    pub fn parse(text: &str) -> Option<Outcome> {
        [Outcome::Open, Outcome::Won, Outcome::Lost]
            .into_iter()
            .find(|outcome| outcome.name().eq_ignore_ascii_case(text.trim()))
    }
}

impl Stages {
    pub fn outcome(&self, name: &str) -> Option<Outcome> {
        self.position(name).map(|position| self.stages[position].outcome)
    }

    /// Adds stages that are not there yet: open ones by their usual place among the open ones,
    /// closed ones at the end. The result does not depend on the order in which they are added,
    /// as far as their names tell their place.
    pub fn add(&mut self, stages: impl IntoIterator<Item = Stage>) {
        for stage in stages {
            if self.position(&stage.name).is_none() {
                self.stages.push(stage);
            }
        }
        self.stages.sort_by_key(|stage| match stage.outcome {
            Outcome::Open => (0, usual_place(&stage.name)),
            Outcome::Won => (1, 0),
            Outcome::Lost => (2, 0),
        });
    }

    /// Takes a stage as the entry stage where it usually comes before the one that is known.
    pub fn begin_with(&mut self, entry: &str) {
        let place = |name: &str| (usual_place(name), name.to_lowercase());
        if self.entry.as_deref().is_none_or(|known| place(entry) < place(known)) {
            self.entry = Some(entry.to_owned());
        }
    }

    /// The place of a stage in the order; names are compared without regard to case.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.name.eq_ignore_ascii_case(name))
    }

    pub fn is_closed(&self, name: &str) -> bool {
        matches!(self.outcome(name), Some(Outcome::Won | Outcome::Lost))
    }
}

/// Where an open stage usually stands among others, by its name; unknown names come last.
pub fn usual_place(name: &str) -> usize {
    let plain = crate::name::plain(name);
    OPEN.iter().position(|open| *open == plain).unwrap_or(OPEN.len())
}

/// The outcome that a stage's name tells by itself, in the words that CRM systems use, or `None`
/// where a person has to say.
pub fn outcome_by_name(name: &str) -> Option<Outcome> {
    let plain = crate::name::plain(name);
    let among = |words: &[&str]| words.contains(&plain.as_str());
    if among(WON) {
        Some(Outcome::Won)
    } else if among(LOST) || plain.starts_with("closedlost") {
        Some(Outcome::Lost)
    } else if plain.starts_with("closedwon") {
        Some(Outcome::Won)
    } else if among(OPEN) {
        Some(Outcome::Open)
    } else {
        None
    }
}

/// Names of stages in which a lead or deal is won, without case, blanks and marks.
const WON: &[&str] = &["won", "closedwon", "customer", "converted", "gewonnen"];

/// Names of stages in which it is lost.
const LOST: &[&str] = &[
    "lost",
    "closedlost",
    "disqualified",
    "unqualified",
    "rejected",
    "churned",
    "dropped",
    "nodecision",
    "dead",
    "abandoned",
    "verloren",
    "closedunqualified",
];

/// Names of stages in which it is still under way, in the order in which they usually follow.
const OPEN: &[&str] = &[
    "subscriber",
    "lead",
    "new",
    "inquiry",
    "open",
    "opennotcontacted",
    "attemptedtocontact",
    "contacted",
    "workingcontacted",
    "working",
    "connected",
    "inprogress",
    "nurture",
    "recycled",
    "marketingqualifiedlead",
    "mql",
    "sal",
    "salesqualifiedlead",
    "sql",
    "prospecting",
    "appointmentscheduled",
    "qualification",
    "qualified",
    "qualifiedtobuy",
    "discovery",
    "needsanalysis",
    "valueproposition",
    "scoping",
    "solutiondesign",
    "businesscase",
    "iddecisionmakers",
    "perceptionanalysis",
    "demo",
    "presentationscheduled",
    "engaging",
    "evaluation",
    "technicalvalidation",
    "technicalreview",
    "proofofconcept",
    "poc",
    "proofofvalue",
    "trial",
    "pilot",
    "decisionmakerboughtin",
    "shortlisted",
    "opportunity",
    "proposal",
    "proposalpricequote",
    "quote",
    "quotesent",
    "securityreview",
    "legal",
    "legalreview",
    "procurement",
    "contract",
    "contracting",
    "contractsent",
    "negotiation",
    "negotiationreview",
    "contractnegotiation",
    "finalnegotiation",
    "decision",
    "verbal",
    "verbalagreement",
    "verbalcommit",
    "awaitingsignature",
    "commit",
    "pending",
    "onhold",
    "evangelist",
    "other",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_several_files_stand_in_one_order() {
        let stage = |name: &str, outcome| Stage { name: name.into(), outcome };
        let files = [
            vec![stage("Negotiation", Outcome::Open), stage("Closed Won", Outcome::Won)],
            vec![stage("Prospecting", Outcome::Open), stage("Closed Lost", Outcome::Lost)],
        ];
        let load = |order: [usize; 2]| {
            let mut stages = Stages::default();
            for index in order {
                stages.add(files[index].clone());
                stages.begin_with(&files[index][0].name);
            }
            stages
        };
        assert_eq!(load([0, 1]), load([1, 0]));
        assert_eq!(load([0, 1]).entry.as_deref(), Some("Prospecting"));
    }

    #[test]
    fn names_that_crm_systems_use_tell_their_outcome() {
        for (name, outcome) in [
            ("Won", Some(Outcome::Won)),
            ("Closed Won", Some(Outcome::Won)),
            ("closedlost", Some(Outcome::Lost)),
            ("Closed Lost - Price", Some(Outcome::Lost)),
            ("Engaging", Some(Outcome::Open)),
            ("Proposal/Price Quote", Some(Outcome::Open)),
            ("Parked", None),
            ("Closed", None),
        ] {
            assert_eq!(outcome_by_name(name), outcome, "{name}");
        }
    }
}
