//! Findings: what looks wrong across rows or files. The row is kept; metrics that it would
//! falsify leave it out.

use std::collections::BTreeMap;

use reports::imports::Finding;

use crate::limits::EXAMPLES_PER_FINDING_MAX;

/// The named rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    MissingAccount,
    ClosedBeforeCreated,
    ClosedWithoutDate,
    CreatedLaterThanSeen,
    NoCreationDate,
    WonWithoutAmount,
    UnknownStage,
    NameSpelledDifferently,
    NotImportedYet,
    OtherCurrency,
    ExpectedCloseInThePast,
    EndsBeforeItStarts,
    EditedInBaton,
}

impl Rule {
    pub const ALL: [Rule; 13] = [
        Rule::MissingAccount,
        Rule::ClosedBeforeCreated,
        Rule::ClosedWithoutDate,
        Rule::CreatedLaterThanSeen,
        Rule::NoCreationDate,
        Rule::WonWithoutAmount,
        Rule::UnknownStage,
        Rule::NameSpelledDifferently,
        Rule::NotImportedYet,
        Rule::OtherCurrency,
        Rule::ExpectedCloseInThePast,
        Rule::EndsBeforeItStarts,
        Rule::EditedInBaton,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Rule::MissingAccount => "missing_account",
            Rule::ClosedBeforeCreated => "closed_before_created",
            Rule::ClosedWithoutDate => "closed_without_date",
            Rule::CreatedLaterThanSeen => "created_later_than_seen",
            Rule::NoCreationDate => "no_creation_date",
            Rule::WonWithoutAmount => "won_without_amount",
            Rule::UnknownStage => "unknown_stage",
            Rule::NameSpelledDifferently => "name_spelled_differently",
            Rule::NotImportedYet => "not_imported_yet",
            Rule::OtherCurrency => "other_currency",
            Rule::ExpectedCloseInThePast => "expected_close_in_the_past",
            Rule::EndsBeforeItStarts => "ends_before_it_starts",
            Rule::EditedInBaton => "edited_in_baton",
        }
    }

    /// What it means for the numbers, and what to do.
    pub fn message(self) -> &'static str {
        match self {
            Rule::MissingAccount => "deals without an account: they count, but under no account",
            Rule::ClosedBeforeCreated => {
                "closed or won before created: left out of every rate and curve; mend the dates"
            }
            Rule::ClosedWithoutDate => {
                "closed without a closing date: the day on which it was first seen closed is taken"
            }
            Rule::CreatedLaterThanSeen => {
                "created after the export was taken: check --observed-at or the dates"
            }
            Rule::NoCreationDate => "without a creation date: they begin when first seen",
            Rule::WonWithoutAmount => "won without an amount: they count as wins of nothing",
            Rule::UnknownStage => {
                "in a stage that the company has not named: taken as open until the mapping says"
            }
            Rule::NameSpelledDifferently => {
                "name a record by another spelling: taken as the same; mend one of the two"
            }
            Rule::NotImportedYet => {
                "name a record that is not imported yet: import it, or mend the name"
            }
            Rule::OtherCurrency => {
                "in another currency than the company's: left out of sums until there is a rate"
            }
            Rule::ExpectedCloseInThePast => "open, yet expected to close before today",
            Rule::EndsBeforeItStarts => {
                "subscriptions or campaigns that end before they start: mend the dates"
            }
            Rule::EditedInBaton => {
                "say otherwise than what was edited in Baton, the master of the field: that stays"
            }
        }
    }
}

/// Findings by rule, counted, with a few examples.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    by_rule: BTreeMap<Rule, (u64, Vec<String>)>,
}

impl Findings {
    pub fn add(&mut self, rule: Rule, example: impl FnOnce() -> String) {
        let (count, examples) = self.by_rule.entry(rule).or_default();
        *count += 1;
        if examples.len() < EXAMPLES_PER_FINDING_MAX {
            let example = example();
            if !examples.contains(&example) {
                examples.push(example);
            }
        }
    }

    pub fn list(&self) -> Vec<Finding> {
        let finding = |(rule, (rows, examples)): (&Rule, &(u64, Vec<String>))| Finding {
            rule: rule.name().to_owned(),
            rows: *rows,
            message: rule.message().to_owned(),
            examples: examples.clone(),
        };
        self.by_rule.iter().map(finding).collect()
    }
}
