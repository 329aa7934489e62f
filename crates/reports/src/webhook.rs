//! Webhooks: where events are sent, and what came of it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

#[derive(Clone, Debug)]
pub struct Webhooks {
    pub endpoints: Vec<Endpoint>,
    /// The newest first.
    pub deliveries: Vec<Delivery>,
    /// In which times are told.
    pub zone: TimeZone,
}

#[derive(Clone, Debug)]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    /// All where none is named.
    pub events: Vec<String>,
    pub made_at: Timestamp,
    /// Why it is disabled, where it is.
    pub disabled: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Delivery {
    pub message: String,
    pub webhook: String,
    pub url: String,
    pub event: String,
    pub recorded_at: Timestamp,
    pub attempts: u32,
    pub is_delivered: bool,
    /// When it is sent next, where it still is.
    pub due_at: Option<Timestamp>,
    pub status: Option<u16>,
    pub problem: Option<String>,
}

impl Delivery {
    /// How far it has come, in a word or two.
    pub fn standing(&self) -> &'static str {
        match (self.is_delivered, self.due_at, self.attempts) {
            (true, ..) => "delivered",
            (_, Some(_), 0) => "waits",
            (_, Some(_), _) => "is tried again",
            _ => "given up",
        }
    }
}

impl Webhooks {
    fn told(&self, at: Timestamp) -> String {
        self.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn endpoints_table(&self) -> Table {
        let mut table = Table::new("Where to", &["Address", "Events", "State", "Webhook"]);
        for endpoint in &self.endpoints {
            let events = match endpoint.events.is_empty() {
                true => "all".to_owned(),
                false => endpoint.events.join(", "),
            };
            let state = endpoint.disabled.as_ref();
            let state = state.map_or("enabled".to_owned(), |why| format!("disabled: {why}"));
            let told: [Cell; 4] = [
                endpoint.url.as_str().into(),
                events.as_str().into(),
                state.as_str().into(),
                endpoint.id.as_str().into(),
            ];
            table.row(told);
        }
        table
    }

    fn deliveries_table(&self) -> Table {
        let columns = ["When", "Event", "To", "Standing", ">Tries", "Answer", "Message"];
        let mut table = Table::new("The latest messages", &columns);
        for delivery in &self.deliveries {
            let answer = match (&delivery.problem, delivery.status) {
                (Some(problem), _) => Cell::Text(problem.clone()),
                (None, Some(status)) => Cell::Text(status.to_string()),
                (None, None) => Cell::Missing,
            };
            table.row([
                Cell::Text(self.told(delivery.recorded_at)),
                delivery.event.as_str().into(),
                delivery.url.as_str().into(),
                delivery.standing().into(),
                Cell::Count(i64::from(delivery.attempts)),
                answer,
                delivery.message.as_str().into(),
            ]);
        }
        table
    }
}

impl Report for Webhooks {
    fn document(&self) -> Document {
        let on = self.endpoints.iter().filter(|endpoint| endpoint.disabled.is_none()).count();
        let open = self.deliveries.iter().filter(|delivery| delivery.due_at.is_some()).count();
        let answer = match self.endpoints.is_empty() {
            true => "No other system is told of hand-offs.".to_owned(),
            false => format!(
                "{} of {} enabled; of the latest {} {open} still to be delivered.",
                on,
                counted(self.endpoints.len(), "webhook"),
                counted(self.deliveries.len(), "message"),
            ),
        };
        let mut tables = Vec::new();
        if !self.endpoints.is_empty() {
            tables.push(self.endpoints_table());
        }
        if !self.deliveries.is_empty() {
            tables.push(self.deliveries_table());
        }
        Document { answer, tables, notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let endpoint = |endpoint: &Endpoint| {
            json!({
                "id": endpoint.id, "url": endpoint.url, "events": endpoint.events,
                "made_at": endpoint.made_at.to_string(), "disabled": endpoint.disabled,
            })
        };
        let delivery = |delivery: &Delivery| {
            json!({
                "message": delivery.message, "webhook": delivery.webhook,
                "event": delivery.event, "recorded_at": delivery.recorded_at.to_string(),
                "attempts": delivery.attempts, "standing": delivery.standing(),
                "due_at": delivery.due_at.map(|at| at.to_string()),
                "status": delivery.status, "problem": delivery.problem,
            })
        };
        json!({
            "webhooks": self.endpoints.iter().map(endpoint).collect::<Vec<_>>(),
            "deliveries": self.deliveries.iter().map(delivery).collect::<Vec<_>>(),
        })
    }
}
