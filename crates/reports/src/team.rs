//! Teams: who works in which, and who keeps that: the CRM or Baton.

use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teams {
    /// By name.
    pub teams: Vec<Team>,
    /// Users who are in no team, by name.
    pub alone: Vec<Teammate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id in its source.
    pub id: String,
    pub name: String,
    /// Whether its name is edited here.
    pub is_ours: bool,
    pub members: Vec<Teammate>,
}

/// A user of the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teammate {
    pub id: String,
    pub name: String,
    /// Whether it is settled here in which team the user is.
    pub is_ours: bool,
}

impl Teams {
    /// Whether the CRM says who is in which team, of anybody.
    pub fn is_of_crm(&self) -> bool {
        let members = self.teams.iter().flat_map(|team| &team.members).chain(&self.alone);
        let mut kept = members.map(|one| one.is_ours);
        kept.any(|is_ours| !is_ours) || self.teams.iter().any(|team| !team.is_ours)
    }
}

impl Report for Teams {
    fn document(&self) -> Document {
        let mut table = Table::new("Teams", &["Team", "Member", "Kept by"]);
        for team in &self.teams {
            if team.members.is_empty() {
                table.row([
                    team.name.as_str().into(),
                    "nobody".into(),
                    keeper(team.is_ours).into(),
                ]);
            }
            for member in &team.members {
                let cells = [team.name.as_str(), member.name.as_str(), keeper(member.is_ours)];
                table.row(cells.map(Cell::from));
            }
        }
        for member in &self.alone {
            let cells = ["in no team", member.name.as_str(), keeper(member.is_ours)];
            table.row(cells.map(Cell::from));
        }
        let people: usize = self.teams.iter().map(|team| team.members.len()).sum();
        let answer = format!(
            "{} of {} in {}.",
            people,
            counted(people + self.alone.len(), "user"),
            counted(self.teams.len(), "team")
        );
        let notes = match self.is_of_crm() {
            true => vec![
                "The CRM says who is in which team; `baton team keep` lets Baton say it."
                    .to_owned(),
            ],
            false => Vec::new(),
        };
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let member = |member: &Teammate| {
            json!({
                "user": member.id, "name": member.name, "kept_by": keeper(member.is_ours),
            })
        };
        let members = |members: &[Teammate]| members.iter().map(member).collect::<Vec<Value>>();
        let team = |team: &Team| {
            json!({
                "team": team.id, "name": team.name, "kept_by": keeper(team.is_ours),
                "members": members(&team.members),
            })
        };
        json!({
            "teams": self.teams.iter().map(team).collect::<Vec<Value>>(),
            "in_no_team": members(&self.alone),
        })
    }
}

fn keeper(is_ours: bool) -> &'static str {
    if is_ours { "Baton" } else { "the CRM" }
}
