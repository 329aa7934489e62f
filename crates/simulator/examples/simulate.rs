//! Writes the simulated firm into a folder and says how fast:
//! `cargo run --release -p simulator --example simulate -- FOLDER [LEADS DEALS TOUCHES [SEED]]`.

use std::path::Path;
use std::time::Instant;

use jiff::civil::date;
use simulator::{Settings, write_exports};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("say into which folder to write")?;
    let mut settings = Settings::demo(date(2026, 11, 21));
    let sizes = [&mut settings.leads, &mut settings.deals, &mut settings.touches];
    for (size, argument) in sizes.into_iter().chain([&mut settings.seed]).zip(&arguments[1..]) {
        *size = argument.parse()?;
    }
    let begun = Instant::now();
    let exports = write_exports(&settings, Path::new(folder))?;
    let seconds = begun.elapsed().as_secs_f64();
    for file in &exports.files {
        println!("{:>12} {}", file.rows, file.kind);
    }
    let rows: u64 = exports.files.iter().map(|file| file.rows).sum();
    println!("{rows} rows in {seconds:.2} s: {:.0} rows a second", rows as f64 / seconds);
    Ok(())
}
