//! Leads and deals as values are those of the files.

use simulator::Settings;
use simulator::lives::{DealLife, live};

use crate::world::{Row, settings, simulate};

#[test]
fn values_tell_what_the_files_tell() {
    let settings = settings(900, 300, 0);
    let lives = live(&settings).expect("lives");
    let leads = lives.leads.len() as u64;
    assert_ne!(leads, settings.leads, "as many arrive as chance brings");
    let files = simulate(Settings { leads, ..settings });
    assert_eq!(lives.deals.len(), files.rows("deals").len());
    let day = |text: &str| {
        let date: jiff::civil::Date = text[..10].parse().expect("a date");
        settings.start.until(date).expect("a span").get_days()
    };
    let told = |row: &Row, life: &DealLife| {
        let is_closed = row["stage"].starts_with("Closed");
        assert_eq!((row["type"].as_str(), day(&row["created_at"])), (life.kind, life.created_day));
        assert_eq!(is_closed, life.closing.is_some());
        assert_eq!(!row["lead_id"].is_empty(), life.from_lead);
        if let Some(closing) = life.closing {
            assert_eq!(day(&row["close_date"]), closing.day);
            assert_eq!(row["stage"] == "Closed Won", closing.is_won);
            assert_eq!(row["amount"].parse::<f64>().expect("an amount"), closing.dollars);
        }
    };
    files.rows("deals").iter().zip(&lives.deals).for_each(|(row, life)| told(row, life));
    let changes = files.rows("lead_changes").iter();
    let files_tell = changes.map(|row| (day(&row["changed_at"]), row["stage"].clone()));
    let stays = lives.leads.iter().flat_map(|lead| &lead.stays);
    let values_tell = stays.map(|stay| (stay.day, stay.stage.to_owned()));
    assert!(files_tell.eq(values_tell));
    assert_eq!(lives.truth["in_the_long_run"], files.truth["in_the_long_run"]);
}

#[test]
fn the_number_of_leads_is_right_on_average() {
    let count = |seed| {
        let settings = Settings { seed, ..settings(100, 0, 0) };
        live(&settings).expect("lives").leads.len()
    };
    let mean = (1..=100).map(count).sum::<usize>() as f64 / 100.0;
    assert!((mean - 100.0).abs() < 4.0, "{mean}");
}
