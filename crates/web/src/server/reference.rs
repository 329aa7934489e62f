//! The API's description as a page: the same document that programs read, in tables.

use axum::http::StatusCode;
use axum::response::Response;
use reports::document::{Cell, Table};
use serde_json::Value;

use super::api;
use super::asked::Asked;
use super::fault::Fault;
use super::frame::{Frame, Link, html};
use super::pages::PageView;
use super::visitor::Visitor;
use crate::table::TableView;

const NOTES: [&str; 4] = [
    "Send the token of a member as `Authorization: Bearer …`; make one under My account.",
    "A write is held to the version that was read: send the ETag of a record back as If-Match; of \
     another version the answer is 412 and nothing is changed.",
    "A list that goes on says in `next` where.",
    "What goes wrong is told as problem details (RFC 9457): type, title, status, detail.",
];

pub(super) async fn page(visitor: Visitor) -> Result<Response, Fault> {
    let description = api::description();
    let frame = Frame::new(&visitor, "API", "/api", None, &Asked::default());
    let mut view = PageView::new(frame, "API");
    view.answer = "All that pages show and people enter is open to programs.".to_owned();
    view.tables = tables(&description).iter().filter_map(TableView::new).collect();
    view.notes = NOTES.map(str::to_owned).to_vec();
    view.downloads = vec![Link::new("OpenAPI 3.1", "/api/v1/openapi.json")];
    html(StatusCode::OK, &view)
}

/// What may be asked, and what it may be asked with.
fn tables(description: &Value) -> [Table; 2] {
    let mut operations =
        Table::new("What may be asked", &["Verb", "Address", "What it does", "With"]);
    let mut parameters = Table::new("With what", &["Name", "Where", "What it says"]);
    let mut told: Vec<Vec<Cell>> = Vec::new();
    for (address, path) in entries(&description["paths"]) {
        let shared = parameters_of(path);
        for (verb, operation) in entries(path).filter(|(verb, _)| *verb != "parameters") {
            let taken: Vec<&Value> =
                shared.iter().copied().chain(parameters_of(operation)).collect();
            let names: Vec<&str> = taken.iter().map(|one| text(&one["name"])).collect();
            let summary = text(&operation["summary"]);
            let cells =
                [verb.to_uppercase(), address.to_owned(), summary.to_owned(), names.join(", ")];
            operations.row(cells.map(Cell::from));
            let said = |one: &&Value| {
                ["name", "in", "description"].map(|field| Cell::from(text(&one[field]))).to_vec()
            };
            told.extend(taken.iter().map(said));
        }
    }
    for row in told {
        if !parameters.rows.contains(&row) {
            parameters.row(row);
        }
    }
    [operations, parameters]
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn parameters_of(value: &Value) -> Vec<&Value> {
    value["parameters"].as_array().into_iter().flatten().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
