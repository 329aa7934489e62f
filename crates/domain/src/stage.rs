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

    /// The place of a stage in the order; names are compared without regard to case.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.name.eq_ignore_ascii_case(name))
    }

    pub fn is_closed(&self, name: &str) -> bool {
        matches!(self.outcome(name), Some(Outcome::Won | Outcome::Lost))
    }
}

/// The outcome that a stage's name tells by itself, in the words that CRM systems use, or `None`
/// where a person has to say.
pub fn outcome_by_name(name: &str) -> Option<Outcome> {
    let plain: String =
        name.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
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

/// Names of stages in which it is still under way.
const OPEN: &[&str] = &[
    "prospecting",
    "qualification",
    "needsanalysis",
    "valueproposition",
    "iddecisionmakers",
    "perceptionanalysis",
    "proposalpricequote",
    "negotiationreview",
    "proposal",
    "negotiation",
    "engaging",
    "discovery",
    "evaluation",
    "demo",
    "contractsent",
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "inquiry",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "new",
    "open",
    "working",
    "contacted",
    "nurture",
    "recycled",
    "lead",
    "subscriber",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "qualified",
    "opennotcontacted",
    "workingcontacted",
    "inprogress",
    "attemptedtocontact",
    "connected",
    "evangelist",
    "other",
    "pending",
    "onhold",
    "commit",
    "verbal",
    "trial",
    "pilot",
];

#[cfg(test)]
mod tests {
    use super::*;

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
