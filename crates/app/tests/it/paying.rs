//! What the tests of pay ask, and what they read in the answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use app::pay::{PlanOf, Question};
use domain::period::Period;
use serde_json::Value;
use testkit::TestCompany;

pub fn of(period: &str) -> Period {
    period.parse().expect("is a period")
}

/// A plan that only a file tells, with all that is known.
pub fn question(company: &TestCompany, plan: &str, period: &str) -> Question {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let name = format!("plan-{}.toml", ASKED.fetch_add(1, Ordering::Relaxed));
    Question {
        plan: PlanOf::File(company.file(&name, plan)),
        period: of(period),
        as_of: None,
        known_at: None,
    }
}

/// The totals of a payroll, payee by payee.
pub fn totals(json: &Value) -> Vec<&str> {
    let all = json["statements"].as_array().expect("has statements").iter();
    all.map(|one| one["total"].as_str().expect("has a total")).collect()
}
