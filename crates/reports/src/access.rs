//! Who may sign in.

use domain::access::Member;
use serde_json::{Value, json};

use crate::document::{Document, Report, Table};
use crate::render::counted;

#[derive(Clone, Debug)]
pub struct Members {
    pub members: Vec<Member>,
}

impl Report for Members {
    fn document(&self) -> Document {
        let mut table = Table::new("Members", &["E-mail", "Name", "Role", "Sees"]);
        for member in &self.members {
            table.row([
                member.email.as_str().into(),
                member.name.as_str().into(),
                member.role.name().into(),
                member.sees().into(),
            ]);
        }
        let answer = format!("{} may sign in.", counted(self.members.len(), "member"));
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let member = |member: &Member| {
            json!({
                "id": member.id.to_string(),
                "email": member.email,
                "name": member.name,
                "role": member.role.name(),
                "user_id": member.user.map(|user| user.to_string()),
            })
        };
        json!({ "members": self.members.iter().map(member).collect::<Vec<Value>>() })
    }
}
