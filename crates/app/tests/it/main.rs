//! The verbs on a company in a temporary folder, and on the real data sets.

mod attribution;
mod awareness;
mod call;
mod check;
mod close;
mod goal_tree;
mod handoff;
mod history;
mod huddle;
mod leaks;
mod pay;
mod pay_runs;
mod person;
mod plan;
mod plan_version;
mod real;
mod record;
mod relay;
mod retention;
mod score_leads;
mod sealing;
mod team;
mod tracking;
mod upkeep;
